//! One message, readable.
//!
//! ```text
//! ┏ will  /last/will/topic ━━━━━━━━━━━━━━━━━━━━━━━━━━ JSON, 91 bytes ┓
//! ┃ 12:04:33.402 · lwtThing-2 · QoS 0                                ┃
//! ┃                                                                  ┃
//! ┃ {                                                                ┃
//! ┃   "state": {                                                     ┃
//! ┗ 8 lines more ↓ ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛
//! ```

use super::boxes::{Titles, frame, more};
use super::canvas::{Canvas, columns};
use super::payload;
use super::sheet::Sheet;
use crate::fleet::FeedEntry;
use crate::tui::document::Document;
use crate::tui::layout::middle;
use crate::tui::text::clean_within;
use crate::tui::words;
use ratatui::layout::Rect;

/// Draws a message.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, entry: &FeedEntry, document: &Document, scroll: usize) {
    let width = area.width.min(100);
    let message = &entry.message;
    let device = entry
        .device
        .as_ref()
        .map_or_else(|| "unattributed: no device is named".to_owned(), |device| words::name(device, 60));
    let retained = if message.retain { " · retained" } else { "" };
    let facts = format!("{} · {device} · QoS {}{retained}", canvas.clock(message.at), message.qos.as_u8());
    let room = usize::from(width.saturating_sub(4));
    let mut all = Sheet::new(room);
    all.text(&facts, 0, canvas.look.dim());
    all.gap();
    let lines = all.lines.len() + document.parts(room).len();
    let area = middle(area, width, columns(lines).saturating_add(2));
    let rows = usize::from(area.height.saturating_sub(2));
    let mut all = all.showing(scroll.min(lines.saturating_sub(rows)), rows);
    payload::write(canvas.look, &mut all, document);
    canvas.clear(area);
    canvas.pop_up(area);
    let left = format!("{}  {}", entry.role.name(), clean_within(&message.topic, room));
    let below = more(all.lines.len(), area.height.saturating_sub(2), scroll);
    let titles = Titles {
        left: &left,
        left_style: canvas.look.strong(),
        right: &document.kind,
        right_style: canvas.look.dim(),
        below: &below,
    };
    let inner = frame(canvas, area, true, &titles);
    let extent = all.lines.len().saturating_sub(usize::from(inner.height));
    canvas.app.extent.set(extent);
    all.draw(canvas, inner, scroll.min(extent));
}
