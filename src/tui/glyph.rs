//! Every sign on the screen that is no ASCII, and what stands in its place on a terminal that has nothing else.
//!
//! Signs are written as they are where they are drawn; at the very end, [`to_ascii`] puts the others in their places.
//! Each is one column wide in both forms, so nothing moves. A test reads the sources: a sign that is not in the table
//! fails it.

use ratatui::buffer::Buffer;

/// A sign and its stand-in.
type Pair = (char, char);

/// The table, in the order of the signs' code points.
pub const TABLE: &[Pair] = &[
    ('\u{a0}', ' '),
    ('·', '-'),
    ('×', 'x'),
    ('…', '~'),
    ('←', '<'),
    ('↑', '^'),
    ('→', '>'),
    ('↓', 'v'),
    ('↻', '@'),
    ('⇅', ':'),
    ('∅', '0'),
    ('⏎', '<'),
    ('─', '-'),
    ('━', '='),
    ('│', '|'),
    ('┃', '#'),
    ('┄', '-'),
    ('┆', ':'),
    ('┈', '.'),
    ('┊', ':'),
    ('┌', '+'),
    ('┏', '#'),
    ('┐', '+'),
    ('┓', '#'),
    ('└', '`'),
    ('┗', '#'),
    ('┘', '+'),
    ('┛', '#'),
    ('├', '|'),
    ('┤', '|'),
    ('┬', '+'),
    ('┴', '+'),
    ('┼', '+'),
    ('═', '='),
    ('║', '#'),
    ('╌', '-'),
    ('╎', ':'),
    ('╭', '+'),
    ('╮', '+'),
    ('╯', '+'),
    ('╰', '+'),
    ('╳', 'X'),
    ('╴', '-'),
    ('╵', '|'),
    ('╶', '-'),
    ('╷', '|'),
    ('╺', '='),
    ('╸', '='),
    ('▁', '_'),
    ('▂', '_'),
    ('▃', '-'),
    ('▄', '-'),
    ('▅', '='),
    ('▆', '='),
    ('▇', '#'),
    ('█', '#'),
    ('▉', '#'),
    ('▊', '#'),
    ('▋', '#'),
    ('▌', '|'),
    ('▍', '|'),
    ('▎', '_'),
    ('▏', ']'),
    ('▐', '|'),
    ('░', '.'),
    ('▒', ':'),
    ('▓', '#'),
    ('▔', '-'),
    ('▕', '['),
    ('■', '#'),
    ('□', '.'),
    ('▪', '#'),
    ('▲', '^'),
    ('▴', '^'),
    ('▶', '>'),
    ('▸', '>'),
    ('▼', 'v'),
    ('▾', 'v'),
    ('◀', '<'),
    ('◂', '<'),
    ('◆', '*'),
    ('◇', '.'),
    ('○', '-'),
    ('◎', 'o'),
    ('●', 'O'),
    ('◐', '%'),
    ('◑', '%'),
    ('✓', 'y'),
    ('✔', 'y'),
    ('✖', 'X'),
    ('✗', 'x'),
];

/// What stands for whatever is not in the table: letters of names and payloads.
const OTHER: &str = "?";

/// The stand-in of a sign, if it has one.
#[must_use]
pub fn plain(sign: char) -> Option<char> {
    TABLE.iter().find(|(other, _)| *other == sign).map(|(_, plain)| *plain)
}

/// Leaves nothing but ASCII in `buffer`, and everything in its column.
pub fn to_ascii(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        if cell.symbol().is_ascii() {
            continue;
        }
        let mut signs = cell.symbol().chars();
        match (signs.next().and_then(plain), signs.next()) {
            (Some(plain), None) => {
                cell.set_char(plain);
            }
            // The second column of a wide letter is an empty cell already.
            _ => {
                cell.set_symbol(OTHER);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::layout::Rect;
    use ratatui::style::Style;
    use std::collections::HashSet;
    use std::path::Path;
    use unicode_width::UnicodeWidthChar;

    #[test]
    fn each_sign_stands_once_and_is_one_column_wide() {
        let signs: HashSet<char> = TABLE.iter().map(|(sign, _)| *sign).collect();
        assert_eq!(signs.len(), TABLE.len());
        for (sign, plain) in TABLE {
            assert_eq!(sign.width(), Some(1), "{sign}");
            assert!(plain.is_ascii_graphic() || *plain == ' ', "{sign}");
        }
    }

    #[test]
    fn what_must_be_told_apart_is_told_apart() {
        for group in ["●◎■◐✖✗○?", "│┃", "─━", "█░", "▕▏", "▸◆", "←↑→↓"] {
            let plain: HashSet<char> = group.chars().map(|sign| plain(sign).unwrap_or(sign)).collect();
            assert_eq!(plain.len(), group.chars().count(), "{group}");
        }
    }

    #[test]
    fn nothing_moves() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 10, 1));
        buffer.set_string(0, 0, "● 温度→é e\u{301}x", Style::new());
        to_ascii(&mut buffer);
        let line: String = buffer.content.iter().map(ratatui::buffer::Cell::symbol).collect();
        assert_eq!(line, "O ? ? >? ?");
    }

    /// The text of a source file before its tests, without its comments.
    fn code(source: &str) -> String {
        let lines = source.lines().take_while(|line| *line != "#[cfg(test)]");
        lines.map(|line| if line.trim_start().starts_with("//") { "" } else { line }).collect::<Vec<_>>().join("\n")
    }

    fn look_through(folder: &Path, into: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                look_through(&path, into);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let strange = |letter: &char| !letter.is_ascii() && plain(*letter).is_none() && !letter.is_alphabetic();
                let found: String = code(&std::fs::read_to_string(&path).unwrap()).chars().filter(strange).collect();
                if !found.is_empty() {
                    into.push(format!("{}: {found}", path.display()));
                }
            }
        }
    }

    #[test]
    fn every_sign_in_the_sources_is_in_the_table() {
        let mut missing = Vec::new();
        look_through(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tui"), &mut missing);
        assert!(missing.is_empty(), "give these a stand-in in src/tui/glyph.rs: {missing:#?}");
    }
}
