//! The packets of one device, decoded, since its detail was opened.

use crate::fleet::Device;
use crate::tui::text::{GLUE, clean_within, width, wrap};
use crate::tui::view::canvas::Canvas;
use crate::tui::view::sheet::Sheet;
use crate::tui::words;
use crate::wiring::{Packet, Sender};
use ratatui::style::Style;

/// The most columns of what a packet says.
const LONGEST: usize = 600;

/// Writes them, the newest first.
pub fn draw(canvas: &mut Canvas<'_>, page: &mut Sheet, device: &Device) {
    if page.lines.last().is_some_and(|line| !line.is_empty()) {
        page.gap();
    }
    let status = canvas.view.status;
    let wire = device.session.is_some();
    if !status.gateway || !wire {
        page.text("Packets", 0, canvas.look.strong());
        let text = if status.gateway {
            "Not seen: this device does not come through lwtop's gateway."
        } else {
            "Not seen: the devices connect to the broker directly. With --upstream lwtop's gateway stands before it."
        };
        page.text(text, 0, canvas.look.dim());
        return;
    }
    let sight = Some(&status.sight).filter(|sight| sight.client.as_ref() == Some(&device.id));
    let since = sight.map_or(canvas.view.now, |sight| sight.since);
    let head = format!("Packets since this page opened at {}, newest first", canvas.clock(since));
    page.text(&head, 0, canvas.look.strong());
    let packets = sight.map(|sight| &sight.packets);
    for packet in packets.into_iter().flatten().rev() {
        line(canvas, page, packet);
    }
    let kept = packets.map_or(0, std::collections::VecDeque::len) as u64;
    let before = match sight.map_or(0, |sight| sight.total) - kept {
        0 => String::new(),
        1 => "1 more before, which is no longer kept. ".to_owned(),
        more => format!("{more} more before, which are no longer kept. "),
    };
    let none = if kept == 0 { "None yet. " } else { "" };
    let text = format!(
        "{none}{before}Of the time before the page opened only what stands above is known: CONNECT, the last packet, how \
         many there were, and each end. Of a payload no more than its length is kept here."
    );
    page.text(&text, 0, canvas.look.dim());
}

fn line(canvas: &Canvas<'_>, page: &mut Sheet, packet: &Packet) {
    let dim = canvas.look.dim();
    let clock = canvas.clock(packet.at);
    let narrow = page.room < 60;
    let clock = if narrow { clock.get(..8).unwrap_or(&clock) } else { &clock };
    let (arrow, style) = match packet.sender {
        Sender::Device => ("→", canvas.look.accent()),
        Sender::Broker => ("←", Style::new()),
    };
    let size = match (packet.size, narrow) {
        (0, _) | (_, true) => String::new(),
        (size, false) => format!("{}{GLUE}B", words::number(size)),
    };
    let size = if narrow { size } else { format!("{:>9}  ", size.replace(GLUE, " ")) };
    let name = format!("{:<11} ", packet.name);
    let indent = width(clock) + 3 + width(&name) + width(&size);
    let lines = wrap(&clean_within(&packet.facts, LONGEST), page.room.saturating_sub(indent));
    for (index, text) in lines.into_iter().enumerate() {
        if index == 0 {
            page.line(vec![
                (format!("{clock} "), dim),
                (format!("{arrow} "), style),
                (name.clone(), style),
                (size.clone(), dim),
                (text, Style::new()),
            ]);
        } else {
            page.line(vec![(" ".repeat(indent), Style::new()), (text, Style::new())]);
        }
    }
}
