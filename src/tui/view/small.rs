//! ```text
//! Too small: lwtop needs 40×10,
//! this terminal has 30×8. q quits.
//! ```

use super::canvas::Canvas;
use crate::tui::layout::SMALLEST;
use crate::tui::text::wrap;
use ratatui::style::Style;

/// Says that the terminal is too small, in whatever room there is.
pub fn draw(canvas: &mut Canvas<'_>) {
    let area = canvas.area();
    let text = format!(
        "Too small: lwtop needs {}×{}, this terminal has {}×{}. q quits.",
        SMALLEST.0, SMALLEST.1, area.width, area.height
    );
    for (y, line) in (area.y..area.bottom()).zip(wrap(&text, usize::from(area.width))) {
        canvas.put(area.x, y, &line, area.width, Style::new());
    }
}
