//! All keys, from the same table that the program goes by.
//!
//! ```text
//! ┏ Keys ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┓
//! ┃           n  launch one simulated device                   ┃
//! ┃       ↑ / k  up                                            ┃
//! ┗ 12 lines more ↓ ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛
//! ```

use super::boxes::{Titles, frame, lines, more};
use super::canvas::{Canvas, columns};
use crate::mqtt::Fault;
use crate::tui::action::Action;
use crate::tui::keymap::{Keymap, Mode};
use crate::tui::layout::middle;
use crate::tui::text::{width, wrap};
use ratatui::layout::Rect;
use ratatui::style::Style;

/// The column in which the keys end.
const KEYS: usize = 11;

/// The signs of presence; the header counts both kinds of offline under one.
const SIGNS: [(&str, &str); 9] = [
    ("●", "online"),
    ("◐", "overdue: nothing heard for longer than its keep alive"),
    ("✖", "offline, gone without DISCONNECT"),
    ("○", "offline, left cleanly"),
    ("?", "unknown: lwtop cannot see it"),
    ("◎ ✗", "on a wall: online or gone, by its messages only"),
    ("■", "on a wall: online, and frozen by you"),
    ("S T P", "on a wall: silent, taken over, protocol error"),
    ("W K G", "on a wall: left with its will, kicked, gone"),
];

/// Draws the help.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, scroll: usize) {
    let width = area.width.min(78);
    let all = text(&canvas.app.keys, usize::from(width.saturating_sub(4)), canvas.look.strong());
    let area = middle(area, width, columns(all.len()).saturating_add(2));
    canvas.clear(area);
    canvas.pop_up(area);
    let below = more(all.len(), area.height.saturating_sub(2), scroll);
    let titles = Titles { left: "Keys", left_style: canvas.look.strong(), below: &below, ..Titles::default() };
    let inner = frame(canvas, area, true, &titles);
    lines(canvas, inner, &all, scroll);
}

fn text(keymap: &Keymap, room: usize, heading: Style) -> Vec<(String, Style)> {
    let mut all = Vec::new();
    let mut entry = |keys: &str, help: &str| {
        for (index, line) in wrap(help, room.saturating_sub(KEYS + 2)).into_iter().enumerate() {
            let keys = if index == 0 { keys } else { "" };
            let pad = " ".repeat(KEYS.saturating_sub(width(keys)));
            all.push((format!("{pad}{keys}  {line}"), Style::new()));
        }
    };
    for line in keymap.lines().iter().filter(|line| !line.binding.help.is_empty()) {
        let keys: Vec<String> = line.keys.iter().map(|key| keymap.written(*key)).collect();
        entry(&keys.join(" "), line.binding.help);
    }
    let deaths = all.len();
    let mut entry = |keys: &str, help: String| all.push((format!("{keys:>KEYS$}  {help}"), Style::new()));
    for fault in Fault::ALL {
        entry(&keymap.label(Mode::Death, Action::Die(fault)), format!("{}: {}", fault.title(), fault.what_happens()));
    }
    all.insert(deaths, (String::new(), Style::new()));
    all.insert(deaths + 1, (format!("In the death menu ({})", keymap.press(Action::AskDeath)), heading));
    all.push((String::new(), Style::new()));
    all.push(("What the signs mean".to_owned(), heading));
    for (sign, meaning) in SIGNS {
        all.push((format!("{sign:>KEYS$}  {meaning}"), Style::new()));
    }
    all
}
