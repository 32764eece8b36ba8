//! The page of incidents: newest first, each with its hops on one scale of time.
//!
//! ```text
//! ╭ 3 incidents ───────────────────────────────────────────────────────────────────────────────────────── 1 to 3 ╮
//! │ when          device      how                 known by   0.1 ms  1 ms    10 ms   state                       │
//! │▸12:04:33.401  lwtThing-2  ✖ connection lost   wire       w━r━━━━━e━━━━━━━━n      open 12 s                   │
//! │ 12:03:02.007  press-7     ✖ keep alive ran …  wire       d                       back after 3.2 s · ✖ no will│
//! ╰ detected, will, rule, executed, notified: d w r e n, several: * ─────────────────────────────────────────────╯
//! ```
//! Where there are lines for it, the selected one is told as a sequence below.

use super::boxes::{Titles, frame};
use super::canvas::{Canvas, columns};
use super::filtered::{hidden, none_through};
use super::sequence;
use crate::fleet::{Hop, Incident};
use crate::tui::hit::Target;
use crate::tui::incidents::{Scale, bar, longest};
use crate::tui::keymap::Mode;
use crate::tui::layout;
use crate::tui::text::{width, wrap};
use crate::tui::words;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// Draws the page.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect) {
    let regions = layout::incidents(area);
    let log = canvas.view.fleet.incidents();
    if log.is_empty() {
        nothing(canvas, Rect { height: regions.list.height + regions.sequence.height, ..regions.list });
        return;
    }
    let app = canvas.app;
    let list = app.incidents.listed(canvas.view.fleet);
    let (top, rows, shown) = (app.incidents.cursor.top, regions.rows, list.shown());
    if shown == 0 {
        let area = Rect { height: regions.list.height + regions.sequence.height, ..regions.list };
        nothing_found(canvas, area, log.len());
        return;
    }
    let selected = app.incidents.cursor.row(list);
    let total = log.total();
    let forgotten = total - log.len() as u64;
    let left = match (list.through, total) {
        (Some(_), _) => format!("{} of {} incidents", words::number(shown), words::number(log.len())),
        (None, 1) => "1 incident".to_owned(),
        (None, total) => format!("{} incidents", words::number(total)),
    };
    let mut said = Vec::new();
    if shown > rows || forgotten > 0 {
        said.push(words::range(top, rows, shown));
    }
    if list.through.is_some() {
        said.push(hidden(canvas, log.len() - shown, regions.list.width));
    }
    if forgotten > 0 {
        said.push(format!("{} no longer kept", words::number(forgotten)));
    }
    let right = said.join(" · ");
    let legend = match regions.list.width {
        0..60 => "",
        60..100 => "detected, will, rule, executed, notified: d w r e n, several: *",
        100..120 => "d detected · w will · r rule · e executed · n notified · * several: time since the first",
        _ => {
            "d detected · w will · r rule · e executed · n notified · * several: time since the first, by powers of ten"
        }
    };
    let titles = Titles {
        left: &left,
        left_style: canvas.look.strong(),
        right: &right,
        right_style: canvas.look.dim(),
        below: legend,
    };
    let inner = frame(canvas, regions.list, true, &titles);
    canvas.zone(regions.list, Target::Incidents);
    let widths = Columns::new(inner.width);
    let visible: Vec<&Incident> = (top..top + rows).map_while(|row| app.incidents.at(canvas.view.fleet, row)).collect();
    let scale = Scale::new(usize::from(widths.chart), longest(visible.iter().copied()));
    heading(canvas, inner, &widths, &scale);
    for (y, (row, incident)) in (inner.y + 1..inner.bottom()).zip((top..).zip(visible)) {
        let place = Rect { y, height: 1, ..inner };
        line(canvas, place, &widths, &scale, incident);
        canvas.zone_line(place, Target::Incident(incident.id));
        if row == selected {
            // In the border: visible without colours and in a captured screen too.
            canvas.put(place.x - 1, y, "▸", 1, canvas.look.accent());
            canvas.buffer.set_style(place, canvas.look.cursor());
        }
    }
    if regions.sequence.height > 0
        && let Some(incident) = canvas.app.incidents.selected(canvas.view)
    {
        sequence::preview(canvas, regions.sequence, incident);
        canvas.zone(regions.sequence, Target::Below(Box::new(Target::Incident(incident.id))));
    }
}

fn nothing_found(canvas: &mut Canvas<'_>, area: Rect, kept: usize) {
    let left = format!("0 of {} incidents", words::number(kept));
    let titles = Titles { left: &left, left_style: canvas.look.strong(), ..Titles::default() };
    let inner = frame(canvas, area, true, &titles);
    let of = if kept == 1 {
        "The one incident is not".to_owned()
    } else {
        format!("None of {} incidents is", words::number(kept))
    };
    let text = none_through(canvas, &of, Mode::Incidents);
    for (y, line) in (inner.y..inner.bottom()).zip(wrap(&text, usize::from(inner.width))) {
        canvas.put(inner.x, y, &line, inner.width, Style::new());
    }
}

fn nothing(canvas: &mut Canvas<'_>, area: Rect) {
    let titles = Titles { left: "Incidents", left_style: canvas.look.strong(), ..Titles::default() };
    let inner = frame(canvas, area, true, &titles);
    let how = if canvas.view.fleet.is_empty() {
        "{show-fleet} is the fleet: there {launch-one} launches a device, and {ask-death} lets it die."
    } else {
        "{show-fleet} is the fleet: there {ask-death} lets a device die."
    };
    let text = format!(
        "No incident yet. A device that goes without DISCONNECT makes one, and its story stands here.{}",
        canvas.offer(how)
    );
    for (y, line) in (inner.y..inner.bottom()).zip(wrap(&text, usize::from(inner.width))) {
        canvas.put(inner.x, y, &line, inner.width, canvas.look.dim());
    }
}

/// How wide the columns are; 0 leaves one out.
struct Columns {
    when: u16,
    device: u16,
    how: u16,
    known: u16,
    chart: u16,
    state: u16,
}

impl Columns {
    fn new(room: u16) -> Self {
        let (when, device, how, known, state) = match room {
            0..56 => (0, 10, 12, 0, 0),
            56..96 => (8, 14, 12, 0, 16),
            96..160 => (12, 18, 20, 9, 26),
            _ => (12, 28, 22, 9, 34),
        };
        let used: u16 =
            [when, device, how, known, state].iter().filter(|width| **width > 0).map(|width| width + 2).sum();
        let rest = room.saturating_sub(used);
        if state == 0 {
            return Self { when, device, how, known, chart: 0, state: rest };
        }
        Self { when, device, how, known, chart: rest, state }
    }

    /// The columns' beginnings and widths, in their order.
    fn places(&self, x: u16) -> [(u16, u16); 6] {
        let mut x = x;
        [self.when, self.device, self.how, self.known, self.chart, self.state].map(|width| {
            let place = (x, width);
            x += if width > 0 { width + 2 } else { 0 };
            place
        })
    }
}

fn heading(canvas: &mut Canvas<'_>, inner: Rect, widths: &Columns, scale: &Scale) {
    let dim = canvas.look.dim();
    let places = widths.places(inner.x);
    for ((x, width), title) in places.into_iter().zip(["when", "device", "how", "known by", "", "state"]) {
        canvas.put(x, inner.y, title, width, dim);
    }
    let (x, width) = places[4];
    for (column, mark) in scale.marks() {
        canvas.put(x + columns(column), inner.y, mark, width.saturating_sub(columns(column)), dim);
    }
}

fn line(canvas: &mut Canvas<'_>, area: Rect, widths: &Columns, scale: &Scale, incident: &Incident) {
    let at = incident.hops.first().unwrap_or_default();
    let when = canvas.clock(at);
    // Seconds are enough where every column counts; the clock is ASCII.
    let when = when.get(..usize::from(widths.when)).unwrap_or(&when);
    let name = words::name(&incident.client, usize::from(widths.device));
    let cause = if widths.how < 16 { incident.cause.word() } else { incident.cause.words() };
    let (state, state_style) = state(canvas, incident, widths.state);
    let back = incident.recovered();
    let bar_style = if incident.missing.is_empty() { canvas.look.accent() } else { canvas.look.bad() };
    let (dim, strong) = (canvas.look.dim(), canvas.look.strong());
    let cause_style = if back { dim } else { canvas.look.bad() };
    let cells = [
        (when, Style::new()),
        (&name, strong),
        (&format!("✖ {cause}"), cause_style),
        (incident.evidence.name(), dim),
        (&if widths.chart > 0 { bar(incident, scale) } else { String::new() }, bar_style),
        (&state, state_style),
    ];
    for ((x, width), (text, style)) in widths.places(area.x).into_iter().zip(cells) {
        canvas.put(x, area.y, text, width, style);
    }
}

/// What did not come or is awaited, and whether the device is back.
fn state(canvas: &mut Canvas<'_>, incident: &Incident, room: u16) -> (String, Style) {
    let missing: Vec<&str> = incident.missing.iter().map(|hop| hop.name()).collect();
    let back = match incident.after(Hop::Recovered) {
        Some(after) if after.is_zero() => "back at once".to_owned(),
        Some(after) => format!("back after {}", words::span(after)),
        None => {
            let age = canvas.age(incident.hops.first().unwrap_or_default());
            format!("open {age}")
        }
    };
    let awaited: Vec<&str> = incident.awaited.iter().map(|hop| hop.name()).collect();
    let style = match (missing.is_empty(), awaited.is_empty(), incident.recovered()) {
        (false, ..) => canvas.look.bad(),
        (true, false, _) | (true, true, false) => canvas.look.warn(),
        (true, true, true) => canvas.look.good(),
    };
    let news = match (missing.as_slice(), awaited.as_slice()) {
        ([], []) => return (back, style),
        ([], awaited) => format!("{} …", awaited.join(", ")),
        (missing, _) if room < 16 => format!("✖ {}", missing.join(", ")),
        (missing, _) => format!("✖ no {}", missing.join(", ")),
    };
    let both = format!("{news} · {back}");
    // What is missing is news; that it is not back can be seen elsewhere.
    (if width(&both) <= usize::from(room) { both } else { news }, style)
}
