//! The menu of faults on many.
//!
//! ```text
//! ┏ c cut at random   s storm   p partition ━━━━━━━━━━━━━━━━━━━━━━━━━┓
//! ┃   whom      all                                     2 000 devices ┃
//! ┃   death     cut, RST                      the connection is reset ┃
//! ┃ ▸ how many  10▎ %                                   200 at a time ┃
//! ┃   every     5 s                                                   ┃
//! ┃   for       60 s                                         12 times ┃
//! ┃                                                                   ┃
//! ┃ Every 5 s, 200 of 2 000 die (cut, RST) and come back after 2.5 s. ┃
//! ┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛
//! ```

use super::boxes::{Titles, frame};
use super::canvas::{Canvas, columns};
use crate::figures::grouped;
use crate::hub::mass::Kind;
use crate::tui::action::Action;
use crate::tui::keymap::Mode;
use crate::tui::layout::{body, middle};
use crate::tui::mass::{Field, Form, Whom, told, warning};
use crate::tui::text::{width, wrap};
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

/// The most columns it takes.
const WIDTH: u16 = 72;
/// From this height on a gap stands above the sentence, and the footer is left free.
const TALL: u16 = 14;

/// Draws the menu.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, form: &Form) {
    let tall = area.height >= TALL;
    let wide = area.width.min(WIDTH);
    // Where lines are few, the lines of the menu say the rest.
    let text = match warning(form.kind, form.foreign) {
        warning if !tall && !warning.is_empty() => warning,
        _ => told(&form.mass(), form.targets.len(), form.foreign),
    };
    let mut notes = wrap(&text, usize::from(wide - 4));
    if form.beyond > 0 {
        let beyond = grouped(form.beyond as u64);
        notes.push(format!("{beyond} more are out of reach: not launched by lwtop, not through its gateway."));
    }
    // As high for each kind, so that nothing jumps when one turns from one to the other.
    let height = if tall { 2 + 5 + 1 + columns(notes.len()).max(3) } else { area.height };
    let place = if tall { body(area) } else { area };
    let place = middle(place, wide, height);
    canvas.clear(place);
    canvas.pop_up(place);
    let below = if tall {
        String::new()
    } else {
        let key = |action| canvas.key(Mode::Mass, action);
        format!("{} begin · {} back", key(Action::Enter), key(Action::Back))
    };
    let inner = frame(canvas, place, true, &Titles { below: &below, ..Titles::default() });
    kinds(canvas, place, form);
    for (y, field) in (inner.y..inner.bottom()).zip(form.fields()) {
        line(canvas, Rect { y, height: 1, ..inner }, form, *field);
    }
    let first = inner.y + columns(form.fields().len()) + u16::from(tall);
    for (y, note) in (first..inner.bottom()).zip(&notes) {
        canvas.put(inner.x, y, note, inner.width, canvas.look.dim());
    }
}

/// The kinds in the upper border, the chosen one underlined.
fn kinds(canvas: &mut Canvas<'_>, place: Rect, form: &Form) {
    let mut x = place.x + 1;
    for kind in Kind::ALL {
        let key = canvas.key(Mode::Mass, Action::Mass(kind));
        let style =
            if kind == form.kind { canvas.look.strong().add_modifier(Modifier::UNDERLINED) } else { canvas.look.dim() };
        let mark = if kind == form.kind { "▸" } else { " " };
        let accent = canvas.look.accent();
        let pieces = [(mark, accent), (key.as_str(), accent), (" ", Style::new()), (kind.title(), style), (" ", style)];
        x += canvas.put_all(x, place.y, &pieces, place.right().saturating_sub(x + 1));
    }
}

fn line(canvas: &mut Canvas<'_>, area: Rect, form: &Form, field: Field) {
    let chosen = field == form.field;
    let cursor = if chosen { "▎" } else { "" };
    let mass = form.mass();
    let count = form.targets.len();
    let turn = |text: &str| if chosen { format!("◂ {text} ▸") } else { text.to_owned() };
    let seconds = |number: usize| format!("{number}{cursor} s");
    let (name, value, more) = match field {
        Field::Whom => {
            let whom = match form.whom {
                Whom::Marked => "all that are marked",
                Whom::Shown => "all that are shown",
                Whom::All => "all",
            };
            ("whom", turn(whom), devices(count))
        }
        Field::Death => ("death", turn(form.death.title()), form.death.what_happens().to_owned()),
        Field::Size => {
            let unit = if form.percent { " %" } else { "" };
            let each = grouped(mass.size(count) as u64);
            let more = if form.kind == Kind::Cut { devices(mass.size(count)) } else { format!("{each} at a time") };
            ("how many", format!("{}{cursor}{unit}", form.size), more)
        }
        Field::Every => ("every", seconds(form.every), String::new()),
        Field::Time if form.kind == Kind::Partition && form.silence == 0 => {
            ("for", seconds(0), "until you heal it".to_owned())
        }
        Field::Time if form.kind == Kind::Partition => ("for", seconds(form.silence), String::new()),
        Field::Time => {
            let times = mass.rounds();
            ("for", seconds(form.time), if times == 1 { "once".to_owned() } else { format!("{times} times") })
        }
    };
    let style = if chosen { canvas.look.strong() } else { Style::new() };
    canvas.put(area.x, area.y, if chosen { "▸" } else { " " }, 1, canvas.look.accent());
    canvas.put(area.x + 2, area.y, name, 9, canvas.look.dim());
    let used = canvas.put(area.x + 12, area.y, &value, area.width.saturating_sub(12), style);
    let room = area.width.saturating_sub(12 + used + 2);
    let wide = columns(width(&more));
    if wide <= room {
        canvas.put(area.right() - wide, area.y, &more, wide, canvas.look.dim());
    }
}

fn devices(count: usize) -> String {
    if count == 1 { "1 device".to_owned() } else { format!("{} devices", grouped(count as u64)) }
}
