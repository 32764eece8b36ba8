//! The last notices, each in full.
//!
//! ```text
//! ┏ Notices ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┓
//! ┃ 12:04:33  email of lastWillRule failed: 127.0.0.1:2525 does not   ┃
//! ┃           answer                                                  ┃
//! ┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛
//! ```

use super::boxes::{Titles, frame, lines, more};
use super::canvas::{Canvas, columns};
use crate::tui::layout::middle;
use crate::tui::text::{clean_fit, wrap};
use ratatui::layout::Rect;
use ratatui::style::Style;

/// Where the sentences begin: a time to the second, and two spaces.
const INDENT: usize = 10;
/// The longest sentence that is shown, in columns.
const LONGEST: usize = 4_000;

/// Draws the notices.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, scroll: usize) {
    let width = area.width.min(100);
    let room = usize::from(width.saturating_sub(4));
    let mut all: Vec<(String, Style)> = Vec::new();
    for notice in canvas.app.notices.newest() {
        let time = canvas.clock(notice.at);
        let text = clean_fit(&notice.text, LONGEST);
        for (index, line) in wrap(&text, room.saturating_sub(INDENT)).into_iter().enumerate() {
            let time = if index == 0 { &time[..8] } else { "" };
            all.push((format!("{time:<INDENT$}{line}"), Style::new()));
        }
    }
    if all.is_empty() {
        let text = "lwtop has had nothing to tell you yet.";
        all.extend(wrap(text, room).into_iter().map(|line| (line, canvas.look.dim())));
    }
    let area = middle(area, width, columns(all.len()).saturating_add(2));
    canvas.clear(area);
    canvas.pop_up(area);
    let below = more(all.len(), area.height.saturating_sub(2), scroll);
    let titles = Titles { left: "Notices", left_style: canvas.look.strong(), below: &below, ..Titles::default() };
    let inner = frame(canvas, area, true, &titles);
    lines(canvas, inner, &all, scroll);
}
