//! Many devices, one line each.
//!
//! ```text
//! ╭ 200 devices ──────────────────────────────────────────────────────────── 13 to 24 ╮
//! │   device               state            fuse               what                    │
//! │ ◆ lwtThing-13          ● online         ███░░░░░ 12 of 45 s said 12 s ago: {"mess… │
//! │   lwtThing-14          ✖ cut                               cut 12 s ago: connecti… │
//! ╰────────────────────────────────────────────────────────────────────────────────────╯
//! ```
//! The person chooses the columns. Those that do not fit are left out, from the right.

use super::boxes::{Titles, frame};
use super::canvas::{Canvas, columns};
use super::pane::{fuse_bar, fuse_style, just_back, next_second};
use crate::fleet::{Column, Device, Hop, Presence};
use crate::tui::app::Focus;
use crate::tui::arrange;
use crate::tui::hit::Target;
use crate::tui::layout::{self, Placed, Regions};
use crate::tui::sign::{Sign, short_badge};
use crate::tui::text::{GLUE, clean_within, preview, width};
use crate::tui::words;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// Draws the table.
pub fn draw(canvas: &mut Canvas<'_>, regions: &Regions) {
    let focus = canvas.app.focus == Focus::Devices;
    let fleet = canvas.view.fleet;
    let (top, rows) = (canvas.app.cursor.top, regions.grid.rows);
    let app = canvas.app;
    let shown = app.rows(canvas.view);
    let count = shown.len();
    let left = title(canvas);
    let right = words::range(top, rows, count);
    let titles = Titles {
        left: &left,
        left_style: canvas.look.strong(),
        right: if count > rows { &right } else { "" },
        ..Titles::default()
    };
    let inner = frame(canvas, regions.devices, focus, &titles);
    let placed = layout::place(inner.width, &app.columns.shown());
    heading(canvas, inner, &placed);
    let selected = canvas.app.cursor.index();
    for (row, key) in shown.iter().enumerate().skip(top).take(rows) {
        let y = inner.y + 1 + columns(row - top);
        if y >= inner.bottom() {
            break;
        }
        if let Some(device) = fleet.device(*key) {
            let place = Rect { y, height: 1, ..inner };
            line(canvas, place, &placed, device, row == selected, focus);
            canvas.zone_line(place, Target::Device(device.id.clone()));
        }
    }
}

/// How many devices are shown, and by what they are sorted.
pub(super) fn title(canvas: &Canvas<'_>) -> String {
    let count = match canvas.app.rows(canvas.view).len() {
        1 => "1 device".to_owned(),
        count => format!("{} devices", words::number(count)),
    };
    match canvas.app.sieve.sort() {
        Some(sort) => format!("{count} by {}", arrange::described(sort)),
        None => count,
    }
}

fn heading(canvas: &mut Canvas<'_>, inner: Rect, placed: &[Placed]) {
    for Placed { column, x, width } in placed {
        let (title, style) = match canvas.app.sieve.sort().filter(|sort| sort.column == *column) {
            Some(sort) => (arrange::described(sort), canvas.look.strong()),
            None => (arrange::title(*column).to_owned(), canvas.look.dim()),
        };
        canvas.put(inner.x + x, inner.y, &title, *width, style);
        canvas.zone(Rect { x: inner.x + x, width: *width, height: 1, ..inner }, Target::Heading(*column));
    }
}

fn line(canvas: &mut Canvas<'_>, area: Rect, placed: &[Placed], device: &Device, selected: bool, focus: bool) {
    if canvas.app.marks.contains(&device.id) {
        canvas.put(area.x, area.y, "◆", 1, canvas.look.accent());
    }
    for Placed { column, x, width } in placed {
        cell(canvas, area.x + x, area.y, *width, *column, device);
    }
    if selected {
        // In the border: visible without colours and in a captured screen too.
        canvas.put(area.x - 1, area.y, "▸", 1, canvas.look.accent());
        if focus {
            canvas.buffer.set_style(area, canvas.look.cursor());
        }
    }
}

fn cell(canvas: &mut Canvas<'_>, x: u16, y: u16, room: u16, column: Column, device: &Device) {
    let session = device.session.as_deref();
    let (plain, dim) = (Style::new(), canvas.look.dim());
    let (text, style) = match column {
        Column::Fuse => return fuse(canvas, x, y, room, device),
        Column::Device => (words::name(&device.id, usize::from(room)), canvas.look.strong()),
        // Where nothing beside it tells of it, the state has to.
        Column::State if room < 16 && Sign::of(device) == Sign::Frozen => {
            (format!("{} {}", Sign::Frozen.glyph(), Sign::Frozen.word()), canvas.look.sign(Sign::Frozen))
        }
        // There is no room for the words of doubt: the detail has them.
        Column::State => (short_badge(device), canvas.look.presence(device)),
        Column::What => what(canvas, device, usize::from(room)),
        Column::Cause => match device.presence {
            Presence::Offline { cause } => (cause.words().to_owned(), canvas.look.presence(device)),
            _ => return,
        },
        Column::Deaths => (words::number(device.incidents), if device.incidents == 0 { dim } else { plain }),
        Column::Since => (canvas.age(device.since), plain),
        Column::Packets if session.is_some() => (words::number(device.packets), plain),
        Column::Packets => return,
        Column::KeepAlive | Column::Protocol | Column::Address | Column::Certificate | Column::Will => {
            let Some(session) = session else { return };
            match column {
                Column::KeepAlive if session.keep_alive.0 == 0 => ("off".to_owned(), dim),
                Column::KeepAlive => (format!("{}{GLUE}s", session.keep_alive.0), plain),
                Column::Protocol => (session.protocol.to_string(), plain),
                Column::Address => (session.peer.map_or_else(String::new, |peer| peer.to_string()), plain),
                Column::Certificate => {
                    let name = session.via.identity.as_deref().unwrap_or_default();
                    (clean_within(name, usize::from(room)), plain)
                }
                _ => match &session.will {
                    Some(will) => (clean_within(&will.topic, usize::from(room)), plain),
                    None => ("none".to_owned(), dim),
                },
            }
        }
    };
    canvas.put(x, y, &text, room, style);
}

fn fuse(canvas: &mut Canvas<'_>, x: u16, y: u16, room: u16, device: &Device) {
    // A frozen socket may still be open when its device is taken for dead: its fuse has burnt down.
    if matches!(device.presence, Presence::Offline { .. }) {
        let ago = canvas.ago(device.since);
        canvas.put(x, y, &ago, room, canvas.look.dim());
        return;
    }
    // Nothing is known of a fuse that lwtop cannot see burning.
    let seen = device.fuse(canvas.view.now).filter(|_| device.presence != Presence::Unknown);
    let Some((silence, deadline)) = seen else { return };
    if let Some(session) = device.open_session() {
        canvas.wake_at(next_second(session.last_packet, silence));
    }
    let silent = silence.as_secs().min(deadline.as_secs());
    let text = format!("{silent} of {}{GLUE}s", words::seconds(deadline));
    let style = fuse_style(canvas, device);
    let bar = format!("{} {text}", fuse_bar(silence, deadline, if room < 26 { 4 } else { 12 }));
    let fits = width(&bar) <= usize::from(room);
    canvas.put(x, y, if fits { &bar } else { &text }, room, style);
}

/// The one thing worth saying of a device.
pub(super) fn what(canvas: &mut Canvas<'_>, device: &Device, room: usize) -> (String, Style) {
    if let Some(trouble) = &device.trouble {
        return (format!("could not connect: {}", clean_within(trouble, room)), canvas.look.bad());
    }
    if let Some(text) = just_back(canvas, device) {
        return (text, canvas.look.warn());
    }
    match device.presence {
        Presence::Offline { cause } => {
            let incident = device.incident.and_then(|id| canvas.view.fleet.incident(id));
            let incident = incident.filter(|incident| !incident.recovered());
            let ago = canvas.ago(device.since);
            // The way it went and the age stand in the columns before: where there is little room, only the will is news.
            let text = if room < 48 {
                words::fate_of_will(device, cause, incident)
            } else {
                words::farewell(device, cause, incident, &ago).replacen(&format!(" {ago}"), "", 1)
            };
            let untold = incident.is_some_and(|incident| incident.missing.contains(&Hop::Notified));
            let text = if untold { format!("✖ not notified; {text}") } else { text };
            let missing = incident.is_some_and(|incident| !incident.missing.is_empty());
            (text, if missing { canvas.look.bad() } else { Style::new() })
        }
        Presence::Unknown => {
            let ago = canvas.age(device.since);
            (words::ignorance(device, canvas.view.fleet, &ago), canvas.look.warn())
        }
        Presence::Online | Presence::Overdue => match (device.fault, &device.last_message) {
            (Some((fault, at)), _) => (format!("{} {}", words::done_by_you(fault), canvas.ago(at)), canvas.look.warn()),
            (None, Some(message)) => (preview(message.payload(), room), canvas.look.dim()),
            (None, None) => (String::new(), Style::new()),
        },
    }
}
