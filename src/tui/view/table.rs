//! Many devices, one line each.
//!
//! ```text
//! ╭ 200 devices ──────────────────────────────────────────────────────────── 13 to 24 ╮
//! │   device               state            fuse               what                    │
//! │ ◆ lwtThing-13          ● online         ███░░░░░ 12 of 45 s said 12 s ago: {"mess… │
//! │   lwtThing-14          ✖ cut                               cut 12 s ago: connecti… │
//! ╰────────────────────────────────────────────────────────────────────────────────────╯
//! ```
//! Columns that do not fit are left out, from the right.

use super::boxes::{Titles, frame};
use super::canvas::{Canvas, columns};
use super::pane::{fuse_bar, fuse_style, just_back, next_second};
use crate::fleet::{Device, Hop, Presence};
use crate::tui::app::Focus;
use crate::tui::layout::Regions;
use crate::tui::sign::short_badge;
use crate::tui::text::{GLUE, clean_within, preview, width};
use crate::tui::words;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// Where the columns begin, and how wide they are. `fuse` and `what` may be 0 wide.
struct Columns {
    device: u16,
    state: u16,
    fuse: u16,
    what: u16,
}

impl Columns {
    /// The mark takes two columns, and one stands between neighbours.
    fn new(width: u16) -> Self {
        let state = if width < 60 { 11 } else { 16 };
        let fuse = match width {
            0..60 => 10,
            60..100 => 18,
            _ => 26,
        };
        let rest = width.saturating_sub(2 + state + fuse + 2);
        let device = if rest < 30 { rest } else { (rest * 2 / 5).clamp(12, 32) };
        let what = rest.saturating_sub(device + 1);
        Self { device, state, fuse, what: if what < 12 { 0 } else { what } }
    }
}

/// Draws the table.
pub fn draw(canvas: &mut Canvas<'_>, regions: &Regions) {
    let focus = canvas.app.focus == Focus::Devices;
    let fleet = canvas.view.fleet;
    let (top, rows) = (canvas.app.cursor.top, regions.grid.rows);
    let app = canvas.app;
    let shown = app.rows(canvas.view);
    let count = shown.len();
    let left = title(canvas);
    let right = format!("{} to {}", top + 1, (top + rows).min(count));
    let titles = Titles {
        left: &left,
        left_style: canvas.look.strong(),
        right: if count > rows { &right } else { "" },
        ..Titles::default()
    };
    let inner = frame(canvas, regions.devices, focus, &titles);
    let widths = Columns::new(inner.width);
    heading(canvas, inner, &widths);
    let selected = canvas.app.cursor.index();
    for (row, key) in shown.iter().enumerate().skip(top).take(rows) {
        let y = inner.y + 1 + columns(row - top);
        if y >= inner.bottom() {
            break;
        }
        if let Some(device) = fleet.device(*key) {
            line(canvas, Rect { y, height: 1, ..inner }, &widths, device, row == selected, focus);
        }
    }
}

/// How many devices are shown.
pub(super) fn title(canvas: &Canvas<'_>) -> String {
    match canvas.app.rows(canvas.view).len() {
        1 => "1 device".to_owned(),
        count => format!("{count} devices"),
    }
}

fn heading(canvas: &mut Canvas<'_>, inner: Rect, widths: &Columns) {
    let style = canvas.look.dim();
    let mut x = inner.x + 2;
    for (title, width) in
        [("device", widths.device), ("state", widths.state), ("fuse", widths.fuse), ("what", widths.what)]
    {
        canvas.put(x, inner.y, title, width, style);
        x += width + 1;
    }
}

fn line(canvas: &mut Canvas<'_>, area: Rect, widths: &Columns, device: &Device, selected: bool, focus: bool) {
    let mut x = area.x;
    if canvas.app.marks.contains(&device.id) {
        canvas.put(x, area.y, "◆", 1, canvas.look.accent());
    }
    x += 2;
    let id = words::name(&device.id, usize::from(widths.device));
    canvas.put(x, area.y, &id, widths.device, canvas.look.strong());
    x += widths.device + 1;

    // There is no room for the words of doubt: the detail has them.
    canvas.put(x, area.y, &short_badge(device), widths.state, canvas.look.presence(device));
    x += widths.state + 1;

    fuse(canvas, x, area.y, widths.fuse, device);
    x += widths.fuse + 1;
    if widths.what > 0 {
        let (text, style) = what(canvas, device, usize::from(widths.what));
        canvas.put(x, area.y, &text, widths.what, style);
    }
    if selected {
        // In the border: visible without colours and in a captured screen too.
        canvas.put(area.x - 1, area.y, "▸", 1, canvas.look.accent());
        if focus {
            canvas.buffer.set_style(area, canvas.look.cursor());
        }
    }
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
            (None, Some(message)) => (preview(&message.payload, room), canvas.look.dim()),
            (None, None) => (String::new(), Style::new()),
        },
    }
}
