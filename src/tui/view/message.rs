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

use super::boxes::{Titles, frame, lines, more};
use super::canvas::{Canvas, columns};
use crate::fleet::FeedEntry;
use crate::tui::document::Document;
use crate::tui::layout::middle;
use crate::tui::text::{clean_within, wrap};
use crate::tui::words;
use ratatui::layout::Rect;
use ratatui::style::Style;

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
    let mut all: Vec<(String, Style)> = wrap(&facts, room).into_iter().map(|line| (line, canvas.look.dim())).collect();
    all.push((String::new(), Style::new()));
    for line in &document.lines {
        // What is broken goes on below where it began, as far as that leaves room.
        let indent = line.len() - line.trim_start_matches(' ').len();
        let indent = if indent + 20 < room { indent } else { 0 };
        let broken = wrap(&line[indent..], room - indent);
        all.extend(broken.into_iter().map(|part| (format!("{}{part}", " ".repeat(indent)), Style::new())));
    }
    let area = middle(area, width, columns(all.len()).saturating_add(2));
    canvas.clear(area);
    let left = format!("{}  {}", entry.role.name(), clean_within(&message.topic, room));
    let below = more(all.len(), area.height.saturating_sub(2), scroll);
    let titles = Titles {
        left: &left,
        left_style: canvas.look.strong(),
        right: &document.kind,
        right_style: canvas.look.dim(),
        below: &below,
    };
    let inner = frame(canvas, area, true, &titles);
    lines(canvas, inner, &all, scroll);
}
