//! The palette.
//!
//! ```text
//! ┏ :rec▎ ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┓
//! ┃▸reconnect        r  bring the device back                                  ┃
//! ┃ reconnect-all    R  there is nothing to do it to now                       ┃
//! ┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛
//! ```
//! What does nothing now is dimmed, and its line says why. Before anything is typed, what belongs to other places is left out.

use super::boxes::{Titles, frame};
use super::canvas::{Canvas, columns};
use crate::tui::action::Action;
use crate::tui::hit::Target;
use crate::tui::layout::middle;
use crate::tui::palette::row;
use crate::tui::text::clean;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// Where keys and words begin.
const NAME: u16 = 24;
const KEY: u16 = 11;
/// In fewer columns no words are begun.
const WORDS: u16 = 10;

/// Draws the palette.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, typed: &str, chosen: Option<Action>) {
    let entries = canvas.app.palette(typed, canvas.view);
    let most = area.height.saturating_sub(2).min(18);
    let area = middle(area, area.width.min(84), most.min(columns(entries.len()).max(1)).saturating_add(2));
    canvas.clear(area);
    canvas.pop_up(area);
    let title = format!(":{}▎", clean(typed));
    let right = match entries.len() {
        count if typed.trim().is_empty() => format!("{count} here, type to find any"),
        1 => "1 action".to_owned(),
        count => format!("{count} actions"),
    };
    let titles = Titles {
        left: &title,
        left_style: canvas.look.strong(),
        right: &right,
        right_style: canvas.look.dim(),
        below: "",
    };
    let inner = frame(canvas, area, true, &titles);
    if entries.is_empty() {
        canvas.put(inner.x, inner.y, "No action is called like that.", inner.width, canvas.look.dim());
        return;
    }
    let row = row(&entries, chosen);
    let top = (row + 1).saturating_sub(usize::from(inner.height));
    for (y, (index, entry)) in (inner.y..inner.bottom()).zip(entries.iter().enumerate().skip(top)) {
        let line = Rect { y, height: 1, ..inner };
        canvas.zone_line(line, Target::Choice(entry.action));
        let (style, key) = match entry.refused {
            None => (Style::new(), canvas.look.accent()),
            Some(_) => (canvas.look.dim(), canvas.look.dim()),
        };
        // On narrow screens the words give way: the names say it.
        let name = NAME.min(inner.width.saturating_sub(KEY));
        canvas.put(inner.x, y, &entry.name, name - 1, style);
        canvas.put(inner.x + name, y, &entry.key, KEY - 1, key);
        let words = entry.refused.as_deref().unwrap_or(&entry.help);
        let x = inner.x + name + KEY;
        let room = inner.right().saturating_sub(x);
        if room >= WORDS {
            canvas.put(x, y, words, room, style);
        }
        if index == row {
            canvas.buffer.set_style(line, canvas.look.cursor());
            canvas.put(line.x.saturating_sub(1), y, "▸", 1, canvas.look.accent());
        }
    }
}
