//! How many devices to launch.
//!
//! ```text
//! ┏ How many devices? ━━━━━━━━━━━━━━━━━┓
//! ┃ 12▎                                ┃
//! ┃ each with a will, 1 to 100000      ┃
//! ┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛
//! ```

use super::boxes::{Titles, frame};
use super::canvas::Canvas;
use crate::tui::layer::MOST_TO_LAUNCH;
use crate::tui::layout::middle;
use ratatui::layout::Rect;

/// Draws the question.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, number: usize) {
    let area = middle(area, 38, 4);
    canvas.clear(area);
    canvas.pop_up(area);
    let titles = Titles { left: "How many devices?", left_style: canvas.look.strong(), ..Titles::default() };
    let inner = frame(canvas, area, true, &titles);
    let typed = if number == 0 { "▎".to_owned() } else { format!("{number}▎") };
    canvas.put(inner.x, inner.y, &typed, inner.width, canvas.look.strong());
    let bounds = format!("each with a will, 1 to {MOST_TO_LAUNCH}");
    canvas.put(inner.x, inner.y + 1, &bounds, inner.width, canvas.look.dim());
}
