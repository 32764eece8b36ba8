//! How many devices to launch.
//!
//! ```text
//! ┏ How many devices? ━━━━━━━━━━━━━━━━━┓
//! ┃ 12▎                                ┃
//! ┃ each with a will, 1 to 100 000     ┃
//! ┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛
//! ```

use super::boxes::{Titles, frame};
use super::canvas::Canvas;
use crate::figures::grouped;
use crate::tui::App;
use crate::tui::layout::middle;
use ratatui::layout::Rect;

/// Draws the question.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, number: usize) {
    let area = middle(area, 38, 4);
    canvas.clear(area);
    canvas.pop_up(area);
    let titles = Titles { left: "How many devices?", left_style: canvas.look.strong(), ..Titles::default() };
    let inner = frame(canvas, area, true, &titles);
    let typed = if number == 0 { "▎".to_owned() } else { format!("{}▎", grouped(number as u64)) };
    canvas.put(inner.x, inner.y, &typed, inner.width, canvas.look.strong());
    let most = App::most_to_launch(canvas.view);
    let (bounds, style) = match (most, grouped(most as u64)) {
        (0, _) => ("no more devices fit".to_owned(), canvas.look.warn()),
        (most, all) if number > most => (format!("too many: at most {all}"), canvas.look.warn()),
        (_, all) => (format!("each with a will, 1 to {all}"), canvas.look.dim()),
    };
    canvas.put(inner.x, inner.y + 1, &bounds, inner.width, style);
}
