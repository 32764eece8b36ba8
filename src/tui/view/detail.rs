//! One device: what is known of it, how its presence went, its will, and the timeline of its incidents.
//!
//! ```text
//! ┏ lwtThing-2 ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ ✖ cut ┓
//! ┃ cut 12 s ago: connection lost, will sent after 0.1 ms                      ┃
//! ┃ cut→will 0.1 ms→rule 0.2→executed 0.9→notified 14 · not recovered          ┃
//! ┃ ██████████████████████████✖░░░░███████████████████████████████████✖░░░░░░░ ┃
//! ┃ 6 m ago                 4 m ago                  2 m ago               now ┃
//! ┃ uptime       91.0 % of the 5 m in which it is known                        ┃
//! ┃ deaths       2: connection lost 2                                          ┃
//! ┃ recovered    after 21.0 s                                                  ┃
//! ┃ will         /last/will/topic · QoS 0                                      ┃
//! ┃              {"state": {"reported": {"last_will": "yes", …                 ┃
//! ┃ known how    seen on the wire                                              ┃
//! ┃ connection   keep alive 30 s · MQTT 3.1.1 · clean session · from 127.0.0.1 ┃
//! ┃                                                                            ┃
//! ┃ Incident 3: connection lost, cut (FIN) by you · seen on the wire           ┃
//! ┃ 12:04:33.401           cut        the socket closes without DISCONNECT     ┃
//! ┗ 12 lines more ↓ ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛
//! ```
//! What a person asks first stands first: is it there, how did it die, how often does that happen, what is its will. Below
//! the incidents stand the packets since the page was opened, and what happened in order.

mod facts;
mod packets;
mod story;

use super::boxes::{Titles, frame, more};
use super::canvas::Canvas;
use super::pane::{fuse_bar, next_second, title};
use super::sheet::Sheet;
use crate::fleet::{Device, LinkState, Presence};
use crate::mqtt::ClientId;
use crate::tui::hit::Target;
use crate::tui::text::{GLUE, clean_within, wrap};
use crate::tui::words;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// Where the facts begin.
const INDENT: usize = 13;

/// Draws the detail of `client`.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, client: &ClientId, scroll: usize) {
    let Some(device) = canvas.view.device(client) else { return };
    let left = words::name(client, usize::from(area.width));
    let right = title(device);
    let mut page = Sheet::new(usize::from(area.width.saturating_sub(4)));
    state(canvas, &mut page, device);
    facts::first(canvas, &mut page, device);
    facts::more(canvas, &mut page, device);
    story::draw(canvas, &mut page, device);
    packets::draw(canvas, &mut page, device);
    notes(canvas, &mut page, device);
    let below = more(page.lines.len(), area.height.saturating_sub(2), scroll);
    let titles = Titles {
        left: &left,
        left_style: canvas.look.strong(),
        right: &right,
        right_style: canvas.look.presence(device),
        below: &below,
    };
    let inner = frame(canvas, area, true, &titles);
    canvas.zone(area, Target::Layer);
    let extent = page.lines.len().saturating_sub(usize::from(inner.height));
    canvas.app.extent.set(extent);
    page.draw(canvas, inner, scroll.min(extent));
}

/// A name and what it is, broken below where it began.
fn fact(page: &mut Sheet, name: &str, text: &str, style: Style) {
    for (index, line) in wrap(text, page.room.saturating_sub(INDENT)).into_iter().enumerate() {
        let name = if index == 0 { name } else { "" };
        page.line(vec![(format!("{name:<INDENT$}"), Style::new()), (line, style)]);
    }
}

fn state(canvas: &mut Canvas<'_>, page: &mut Sheet, device: &Device) {
    let style = canvas.look.presence(device);
    match device.presence {
        Presence::Online | Presence::Overdue => {
            let age = canvas.age(device.since);
            let word = words::badge(device).word;
            page.text(&format!("{word} for {age}"), 0, style);
            if let (Some((silence, deadline)), Some(session)) = (device.fuse(canvas.view.now), device.open_session()) {
                canvas.wake_at(next_second(session.last_packet, silence));
                let silent = silence.as_secs().min(deadline.as_secs());
                let text = format!(
                    "{} {silent} of {}{GLUE}s of silence: then the broker closes",
                    fuse_bar(silence, deadline, 15),
                    words::seconds(deadline)
                );
                page.text(&text, 0, style);
            }
        }
        Presence::Offline { cause } => {
            let ago = canvas.ago(device.since);
            let incident = device.incident.and_then(|id| canvas.view.fleet.incident(id));
            let incident = incident.filter(|incident| !incident.recovered());
            page.text(&words::farewell(device, cause, incident, &ago), 0, style);
            if let Some(incident) = incident {
                page.text(&words::hops(incident), 0, Style::new());
            }
        }
        Presence::Unknown => {
            let since = match canvas.view.fleet.link() {
                LinkState::Down { since, .. } => *since,
                _ => device.since,
            };
            let ago = canvas.age(since);
            page.text(&words::ignorance(device, canvas.view.fleet, &ago), 0, style);
        }
    }
    if let Some(doubt) = words::doubt(device) {
        page.text(doubt, 0, canvas.look.warn());
    }
    if let Some(trouble) = &device.trouble {
        page.text(&format!("could not connect: {}", clean_within(trouble, 500)), 0, canvas.look.bad());
    }
    if let Some((fault, at)) = device.fault {
        let ago = canvas.ago(at);
        page.text(&format!("{} {ago}: {}", words::done_by_you(fault), fault.what_happens()), 0, canvas.look.warn());
    }
}

fn notes(canvas: &mut Canvas<'_>, page: &mut Sheet, device: &Device) {
    if device.notes.is_empty() {
        return;
    }
    if page.lines.last().is_some_and(|line| !line.is_empty()) {
        page.gap();
    }
    page.text("What happened, newest first", 0, canvas.look.strong());
    for note in device.notes.iter().rev() {
        let time = canvas.clock(note.at);
        fact(page, &time, &clean_within(&note.text, 500), Style::new());
    }
}
