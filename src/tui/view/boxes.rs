//! Borders with a title on the left and one on the right. What has the focus has a thick border, so that no colour is
//! needed to find it.
//!
//! ```text
//! ╭ left ────────────────── right ╮      ┏ left ━━━━━━━━━━━━━━━━━━ right ┓
//! │                               │      ┃                               ┃
//! ╰ below ────────────────────────╯      ┗ below ━━━━━━━━━━━━━━━━━━━━━━━━┛
//! ```

use super::canvas::{Canvas, columns};
use crate::tui::text::{fit, width};
use crate::tui::words::number;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::symbols::border::{ROUNDED, THICK};

/// What stands in a border.
#[derive(Default)]
pub struct Titles<'a> {
    /// At the top left.
    pub left: &'a str,
    /// How it is written.
    pub left_style: Style,
    /// At the top right; it is kept whole when both do not fit.
    pub right: &'a str,
    /// How it is written.
    pub right_style: Style,
    /// At the bottom left.
    pub below: &'a str,
}

/// Draws a border and returns what is inside, one column in from the sides.
pub fn frame(canvas: &mut Canvas<'_>, area: Rect, focus: bool, titles: &Titles<'_>) -> Rect {
    if area.width < 4 || area.height < 2 {
        return Rect { width: 0, height: 0, ..area };
    }
    let set = if focus { THICK } else { ROUNDED };
    let style = if focus { canvas.look.accent() } else { canvas.look.dim() };
    let inner = usize::from(area.width - 2);
    let (right, bottom) = (area.right() - 1, area.bottom() - 1);
    canvas.put(area.x, area.y, set.top_left, 1, style);
    canvas.put(area.x + 1, area.y, &set.horizontal_top.repeat(inner), area.width - 2, style);
    canvas.put(right, area.y, set.top_right, 1, style);
    for y in area.y + 1..bottom {
        canvas.put(area.x, y, set.vertical_left, 1, style);
        canvas.put(right, y, set.vertical_right, 1, style);
    }
    canvas.put(area.x, bottom, set.bottom_left, 1, style);
    canvas.put(area.x + 1, bottom, &set.horizontal_bottom.repeat(inner), area.width - 2, style);
    canvas.put(right, bottom, set.bottom_right, 1, style);

    let room = inner.saturating_sub(2);
    let right_text = fit(titles.right, room);
    let right_room = if right_text.is_empty() { 0 } else { width(&right_text) + 2 };
    if right_room > 0 {
        canvas.put(
            right - columns(right_room),
            area.y,
            &format!(" {right_text} "),
            columns(right_room),
            titles.right_style,
        );
    }
    let left_text = fit(titles.left, inner.saturating_sub(right_room + 3));
    if !left_text.is_empty() {
        canvas.put(area.x + 1, area.y, &format!(" {left_text} "), area.width - 2, titles.left_style);
    }
    if !titles.below.is_empty() {
        let below = fit(titles.below, room);
        canvas.put(area.x + 1, bottom, &format!(" {below} "), area.width - 2, canvas.look.dim());
    }
    Rect { x: area.x + 2, y: area.y + 1, width: area.width - 4, height: area.height - 2 }
}

/// Draws `lines` from `scroll` on and tells the app how far it can be scrolled. What is below the end is said in the
/// border by the caller; see [`more`].
pub fn lines(canvas: &mut Canvas<'_>, inner: Rect, all: &[(String, Style)], scroll: usize) {
    let extent = all.len().saturating_sub(usize::from(inner.height));
    canvas.app.extent.set(extent);
    let visible = all.iter().skip(scroll.min(extent)).take(usize::from(inner.height));
    for (y, (line, style)) in (inner.y..).zip(visible) {
        canvas.put(inner.x, y, line, inner.width, *style);
    }
}

/// What the border says of lines that are not visible: `12 lines more`.
#[must_use]
pub fn more(total: usize, height: u16, scroll: usize) -> String {
    let extent = total.saturating_sub(usize::from(height));
    match extent - scroll.min(extent) {
        0 => String::new(),
        1 => "1 line more ↓".to_owned(),
        left => format!("{} lines more ↓", number(left)),
    }
}
