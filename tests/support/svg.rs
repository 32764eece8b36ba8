//! A terminal's screen as a picture: small, sharp at any size, and the same columns whatever font there is.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use vt100::{Cell, Color, Screen};

/// A cell, in tenths of a pixel, so that all is whole numbers.
const WIDTH: u32 = 84;
const HEIGHT: u32 = 170;
/// Where letters stand in it.
const BASE: u32 = 130;
/// Around the cells.
const EDGE: u32 = 100;
const TEXT: u32 = 0x00d4_d8de;
const GROUND: u32 = 0x0014_171c;

/// The sixteen colours that terminals may choose themselves; these are calm ones.
const SIXTEEN: [u32; 16] = [
    0x14_171c, 0xe0_6c75, 0x98_c379, 0xe5_c07b, 0x61_afef, 0xc6_78dd, 0x56_b6c2, 0xab_b2bf, 0x6b_7280, 0xf0_8a92,
    0xb2_d896, 0xf0_d399, 0x84_c2f5, 0xd7_9bea, 0x7c_ccd6, 0xff_ffff,
];

#[derive(Clone, Copy, PartialEq, Eq)]
struct Look {
    text: u32,
    ground: u32,
    bold: bool,
    underlined: bool,
}

fn colour(colour: Color, usual: u32) -> u32 {
    match colour {
        Color::Default => usual,
        Color::Rgb(red, green, blue) => u32::from_be_bytes([0, red, green, blue]),
        Color::Idx(index @ 0..16) => SIXTEEN[usize::from(index)],
        // xterm's cube of 6 × 6 × 6 colours, and its greys.
        Color::Idx(index @ 16..232) => {
            let level = |part: u8| if part == 0 { 0 } else { 55 + 40 * part };
            let index = index - 16;
            u32::from_be_bytes([0, level(index / 36), level(index / 6 % 6), level(index % 6)])
        }
        Color::Idx(grey) => (8 + 10 * u32::from(grey - 232)) * 0x01_0101,
    }
}

fn look(cell: &Cell) -> Look {
    let (mut text, mut ground) = (colour(cell.fgcolor(), TEXT), colour(cell.bgcolor(), GROUND));
    if cell.inverse() {
        std::mem::swap(&mut text, &mut ground);
    }
    if cell.dim() {
        // Half way to the ground.
        text = ((text >> 1) & 0x7f_7f7f) + ((ground >> 1) & 0x7f_7f7f);
    }
    Look { text, ground, bold: cell.bold(), underlined: cell.underline() }
}

/// The blocks of bars. They are drawn, and the lines of frames too: no two fonts let them meet alike.
fn block(sign: char) -> bool {
    matches!(sign, '▁'..='▏' | '░'..='▓' | '▕')
}

/// Cells of one row that look alike: letters, or one sign again and again.
struct Run {
    row: u16,
    column: u16,
    cells: u16,
    look: Look,
    text: String,
}

impl Run {
    fn takes(&self, row: u16, column: u16, look: Look, text: &str) -> bool {
        // Two spaces stand between two texts: no reader of pictures agrees with another on what a row of spaces is.
        let letters = self.text.is_ascii() && text.is_ascii() && (text == " ") <= !self.text.ends_with(' ');
        let follows = self.row == row && self.column + self.cells == column;
        follows && self.look == look && (letters || !text.is_ascii() && self.text.ends_with(text))
    }

    fn left(&self) -> u32 {
        EDGE + u32::from(self.column) * WIDTH
    }

    fn top(&self) -> u32 {
        EDGE + u32::from(self.row) * HEIGHT
    }

    fn wide(&self) -> u32 {
        u32::from(self.cells) * WIDTH
    }

    /// `true` for a heavy line, and how a pen draws the run.
    fn line(&self, sign: char) -> Option<(bool, String)> {
        let (left, top, wide) = (self.left(), self.top(), self.wide());
        let (middle, centre) = (top + HEIGHT / 2, left + WIDTH / 2);
        let (right, bottom) = (left + WIDTH, top + HEIGHT);
        let upright = |from: u32| {
            let cells = (0..u32::from(self.cells)).map(|cell| format!("M{} {top}v{HEIGHT}", from + cell * WIDTH));
            cells.collect::<Vec<_>>().concat()
        };
        let path = match sign {
            '─' | '━' => format!("M{left} {middle}h{wide}"),
            '│' | '┃' => upright(centre),
            '├' => format!("M{centre} {top}V{bottom}M{centre} {middle}H{right}"),
            '╭' => format!("M{centre} {bottom}Q{centre} {middle} {right} {middle}"),
            '╮' => format!("M{centre} {bottom}Q{centre} {middle} {left} {middle}"),
            '╰' => format!("M{centre} {top}Q{centre} {middle} {right} {middle}"),
            '╯' => format!("M{centre} {top}Q{centre} {middle} {left} {middle}"),
            '┏' => format!("M{centre} {bottom}V{middle}H{right}"),
            '┓' => format!("M{centre} {bottom}V{middle}H{left}"),
            '└' | '┗' => format!("M{centre} {top}V{middle}H{right}"),
            '┛' => format!("M{centre} {top}V{middle}H{left}"),
            _ => return None,
        };
        Some((matches!(sign, '━' | '┃' | '┏' | '┓' | '┗' | '┛'), path))
    }

    /// How a block fills the run: a rectangle, and how much of it is seen, in quarters.
    fn block(&self, sign: char) -> ([u32; 4], u32) {
        let (left, top, wide) = (self.left(), self.top(), self.wide());
        match sign {
            '▁'..='█' => {
                let high = HEIGHT * (u32::from(sign) - u32::from('▁') + 1) / 8;
                ([left, top + HEIGHT - high, wide, high], 4)
            }
            '▉'..='▏' => ([left, top, WIDTH * (u32::from('▏') - u32::from(sign) + 1) / 8, HEIGHT], 4),
            '▕' => ([left + WIDTH * 7 / 8, top, WIDTH / 8, HEIGHT], 4),
            shade => ([left, top, wide, HEIGHT], u32::from(shade) - u32::from('░') + 1),
        }
    }
}

fn runs(screen: &Screen) -> Vec<Run> {
    let (rows, columns) = screen.size();
    let mut runs: Vec<Run> = Vec::new();
    for row in 0..rows.get() {
        for column in 0..columns.get() {
            let Some(cell) = screen.cell(row, column).filter(|cell| !cell.is_wide_continuation()) else { continue };
            let text = if cell.contents().is_empty() { " " } else { cell.contents() };
            let (look, cells) = (look(cell), 1 + u16::from(cell.is_wide()));
            match runs.last_mut() {
                Some(run) if run.takes(row, column, look, text) => {
                    run.text.push_str(text);
                    run.cells += cells;
                }
                _ => runs.push(Run { row, column, cells, look, text: text.to_owned() }),
            }
        }
    }
    runs
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The picture of `screen`; `title` is what is read out in its place.
pub fn picture(screen: &Screen, title: &str) -> String {
    let (rows, columns) = screen.size();
    let (width, height) = (u32::from(columns.get()) * WIDTH + 2 * EDGE, u32::from(rows.get()) * HEIGHT + 2 * EDGE);
    let (mut grounds, mut texts) = (BTreeMap::<u32, String>::new(), BTreeMap::<(u32, bool, bool), String>::new());
    let (mut lines, mut blocks) = (BTreeMap::<(u32, bool), String>::new(), BTreeMap::<(u32, u32), String>::new());
    for run in runs(screen) {
        let (left, top, wide, look) = (run.left(), run.top(), run.wide(), run.look);
        if look.ground != GROUND {
            let _ = write!(grounds.entry(look.ground).or_default(), "M{left} {top}h{wide}v{HEIGHT}h-{wide}z");
        }
        let text = run.text.trim();
        let sign = text.chars().next().unwrap_or(' ');
        if let Some((heavy, path)) = run.line(sign) {
            lines.entry((look.text, heavy)).or_default().push_str(&path);
        } else if block(sign) {
            let ([left, top, wide, high], seen) = run.block(sign);
            let path = format!("M{left} {top}h{wide}v{high}h-{wide}z");
            blocks.entry((look.text, seen)).or_default().push_str(&path);
        } else if !text.is_empty() {
            let width = |spaces: usize| u32::try_from(spaces).expect("a row is short") * WIDTH;
            let before = run.text.len() - run.text.trim_start().len();
            let (left, y) = (left + width(before), top + BASE);
            let wide = wide - width(run.text.len() - text.len());
            let texts = texts.entry((look.text, look.bold, look.underlined)).or_default();
            let shown = escaped(text);
            // What another font lends may be wider than its cell.
            let _ = if text.chars().count() == 1 {
                writeln!(texts, r#"<text x="{}" y="{y}" text-anchor="middle">{shown}</text>"#, left + wide / 2)
            } else {
                writeln!(texts, r#"<text x="{left}" y="{y}" textLength="{wide}">{shown}</text>"#)
            };
        }
    }
    let mut body = String::new();
    for (colour, path) in grounds {
        let _ = writeln!(body, r##"<path fill="#{colour:06x}" d="{path}"/>"##);
    }
    for ((colour, quarters), path) in blocks {
        let seen = quarters * 25;
        let _ = writeln!(body, r##"<path fill="#{colour:06x}" fill-opacity="{seen}%" d="{path}"/>"##);
    }
    for ((colour, heavy), path) in lines {
        let pen = if heavy { 22 } else { 10 };
        let _ = writeln!(body, r##"<path fill="none" stroke="#{colour:06x}" stroke-width="{pen}" d="{path}"/>"##);
    }
    for ((colour, bold, underlined), texts) in texts {
        let bold = if bold { r#" font-weight="bold""# } else { "" };
        let underlined = if underlined { r#" text-decoration="underline""# } else { "" };
        let _ = writeln!(body, "<g fill=\"#{colour:06x}\"{bold}{underlined}>\n{texts}</g>");
    }
    let title = escaped(title);
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{}" height="{}" role="img">
<title>{title}</title>
<style>text{{font-family:"JetBrains Mono","DejaVu Sans Mono",Menlo,Consolas,monospace;font-size:140px}}</style>
<rect width="{width}" height="{height}" rx="80" fill="#{GROUND:06x}"/>
{body}</svg>
"##,
        width / 10,
        height / 10
    )
}
