//! Yes or no, before several devices are deleted.
//!
//! ```text
//! ┏ Delete 3 devices? ━━━━━━━━━━━━━━━━━━━━━━━━━━━┓
//! ┃ lwtThing, lwtThing-2, lwtThing-3              ┃
//! ┃ Simulated ones leave cleanly: no will is sent ┃
//! ┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛
//! ```

use super::boxes::{Titles, frame};
use super::canvas::Canvas;
use crate::mqtt::ClientId;
use crate::tui::layout::middle;
use crate::tui::words;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// Draws the question.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, targets: &[ClientId]) {
    let area = middle(area, 52, 4);
    canvas.clear(area);
    let title = format!("Delete {} devices?", targets.len());
    let titles = Titles { left: &title, left_style: canvas.look.strong(), ..Titles::default() };
    let inner = frame(canvas, area, true, &titles);
    let names: Vec<String> = targets.iter().take(5).map(|client| words::name(client, 30)).collect();
    let rest = if targets.len() > names.len() { ", …" } else { "" };
    canvas.put(inner.x, inner.y, &format!("{}{rest}", names.join(", ")), inner.width, Style::new());
    let consequence = "Simulated ones leave cleanly: no will is sent.";
    canvas.put(inner.x, inner.y + 1, consequence, inner.width, canvas.look.dim());
}
