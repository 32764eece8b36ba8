//! An incident as a ladder: time runs down, a packet goes from one to the other, and a sentence says why.
//!
//! ```text
//! ┏ lwtThing-2  connection lost  12:04:33.401 ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ not recovered ━┓
//! ┃ device          broker          lwtop           rule            person                                     ┃
//! ┃ │──CONNECT─────▶│               │               │               │  12:04:01.000  It connects with keep …   ┃
//! ┃ ┆               ┆               ┆               ┆               ┆     29.9 s pass                          ┃
//! ┃ ╳ FIN           │               │               │               │  12:04:33.401  Gone without DISCONNECT … ┃
//! ┃ │               │──PUBLISH will▶│               │               │       +0.1 ms  The broker publishes …    ┃
//! ```
//! Where columns are few, the lanes stand closer and what is sent stands before the sentence.

use super::boxes::{Titles, frame, more};
use super::canvas::Canvas;
use super::sheet::{Pieces, Sheet};
use crate::clock::Moment;
use crate::fleet::{Hop, Incident, IncidentId};
use crate::tui::action::Action;
use crate::tui::hit::Target;
use crate::tui::keymap::Mode;
use crate::tui::look::Look;
use crate::tui::sequence::{Lane, Standing, Step, offset, steps};
use crate::tui::text::{GLUE, fit, width, wrap};
use crate::tui::words;
use ratatui::layout::Rect;
use ratatui::style::Style;
use std::time::Duration;

/// A time without a packet that is longer gets a line of its own.
const PAUSE: Duration = Duration::from_secs(1);

/// Draws the sequence of `incident`.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, incident: IncidentId, scroll: usize) {
    let Some(incident) = canvas.view.fleet.incident(incident) else {
        let titles = Titles { left: "Incident", left_style: canvas.look.strong(), ..Titles::default() };
        let inner = frame(canvas, area, true, &titles);
        canvas.put(inner.x, inner.y, "This incident is no longer kept.", inner.width, canvas.look.dim());
        return;
    };
    canvas.zone(area, Target::Layer);
    ladder(canvas, area, incident, scroll, true);
}

/// Draws it below the list, as far as it fits.
pub fn preview(canvas: &mut Canvas<'_>, area: Rect, incident: &Incident) {
    ladder(canvas, area, incident, 0, false);
}

fn ladder(canvas: &mut Canvas<'_>, area: Rect, incident: &Incident, scroll: usize, front: bool) {
    let mut sheet = Sheet::new(usize::from(area.width.saturating_sub(4)));
    let widths = Widths::new(sheet.room);
    let mut heads: Pieces = Vec::new();
    for lane in Lane::ALL {
        let name = if widths.gap < 8 { &lane.name()[..1] } else { lane.name() };
        heads.push((format!("{name:<width$}", width = widths.gap), canvas.look.strong()));
    }
    if widths.gap < 8 {
        heads.push(("device broker lwtop rule person".to_owned(), canvas.look.dim()));
    }
    let mut before: Option<Moment> = None;
    for step in steps(canvas.view, canvas.app, incident) {
        if let (Some(before), Some(at)) = (before, step.at)
            && at.since(before) >= PAUSE
        {
            pause(canvas.look, &mut sheet, &widths, at.since(before));
        }
        before = step.at.or(before);
        let time = match (step.at, step.at.and_then(|at| offset(incident, at))) {
            (_, Some(after)) => format!("+{}", words::span(after)),
            (Some(at), None) => canvas.clock(at),
            (None, None) => match step.standing {
                Standing::Missing => "missing".to_owned(),
                Standing::Awaited => "not yet".to_owned(),
                _ => String::new(),
            },
        };
        write(canvas.look, &mut sheet, &widths, &step, &time);
    }
    let name = words::name(&incident.client, sheet.room);
    let began = canvas.clock(incident.hops.first().unwrap_or_default());
    let left = if area.width < 70 {
        format!("{name}  ✖ {}", incident.cause.word())
    } else {
        format!("{name}  ✖ {}  {began}  {}", incident.cause.words(), incident.evidence.words())
    };
    let back = match incident.after(Hop::Recovered) {
        Some(_) => "recovered",
        None => "not recovered",
    };
    let height = area.height.saturating_sub(3);
    let below = if front {
        more(sheet.lines.len(), height, scroll)
    } else {
        format!("{} the whole sequence", canvas.key(Mode::Incidents, Action::Enter))
    };
    let titles = Titles {
        left: &left,
        left_style: canvas.look.strong(),
        right: back,
        right_style: if incident.recovered() { canvas.look.good() } else { canvas.look.warn() },
        below: &below,
    };
    let inner = frame(canvas, area, front, &titles);
    if inner.height == 0 {
        return;
    }
    // The names stay above whatever is scrolled.
    let heads: Vec<(&str, Style)> = heads.iter().map(|(text, style)| (text.as_str(), *style)).collect();
    canvas.put_all(inner.x, inner.y, &heads, inner.width);
    let rest = Rect { y: inner.y + 1, height: inner.height - 1, ..inner };
    let extent = sheet.lines.len().saturating_sub(usize::from(rest.height));
    if front {
        canvas.app.extent.set(extent);
    }
    sheet.draw(canvas, rest, scroll.min(extent));
}

/// How wide everything is.
struct Widths {
    /// From one lane to the next.
    gap: usize,
    /// The time; 0 puts it before the sentence.
    time: usize,
    /// The sentence.
    text: usize,
}

impl Widths {
    fn new(room: usize) -> Self {
        let (gap, time) = match room {
            0..60 => (2, 0),
            60..100 => (8, 0),
            100..160 => (16, 12),
            _ => (18, 12),
        };
        let ladder = gap * (Lane::ALL.len() - 1) + 1;
        let time_room = if time > 0 { time + 2 } else { 0 };
        Self { gap, time, text: room.saturating_sub(ladder + 2 + time_room).max(10) }
    }

    /// Whether what is sent stands on its arrow.
    const fn labels(&self) -> bool {
        self.time > 0
    }
}

/// The lanes where nothing is sent.
fn lanes(widths: &Widths, sign: char) -> String {
    let mut out = String::new();
    for lane in Lane::ALL {
        out.push(sign);
        if lane != Lane::Person {
            out.extend(std::iter::repeat_n(' ', widths.gap - 1));
        }
    }
    out
}

fn pause(look: &Look, sheet: &mut Sheet, widths: &Widths, length: Duration) {
    let dim = look.dim();
    let mut pieces = vec![(lanes(widths, '┆'), dim), ("  ".to_owned(), dim)];
    let text = format!("{} pass", words::span(length).replace(GLUE, " "));
    if widths.time > 0 {
        let time = fit(&text, widths.time + 2 + widths.text);
        pieces.push((format!("{time:>width$}", width = widths.time), dim));
    } else {
        pieces.push((fit(&text, widths.text), dim));
    }
    sheet.line(pieces);
}

/// One step: the arrow beside the first line of its sentence, the lanes beside the others.
fn write(look: &Look, sheet: &mut Sheet, widths: &Widths, step: &Step, time: &str) {
    let style = match step.standing {
        Standing::Seen => look.accent(),
        Standing::Fatal | Standing::Missing => look.bad(),
        Standing::Awaited => look.warn(),
        Standing::Absent => look.dim(),
    };
    let (before, arrow, after) = arrow(widths, step);
    let mut text: Vec<(String, Style)> = Vec::new();
    if !widths.labels() {
        let time = if time.is_empty() { String::new() } else { format!("  {}", time.replace(GLUE, " ")) };
        let lead = format!("{}{time}", step.label);
        text.extend(wrap(&lead, widths.text).into_iter().map(|line| (line, style)));
    }
    let plain = if step.standing == Standing::Absent { look.dim() } else { Style::new() };
    text.extend(wrap(&step.says, widths.text).into_iter().map(|line| (line, plain)));
    for (index, (line, style_of_line)) in text.into_iter().enumerate() {
        let mut pieces: Pieces = Vec::new();
        if index == 0 {
            pieces.extend([(before.clone(), look.dim()), (arrow.clone(), style), (after.clone(), look.dim())]);
        } else {
            pieces.push((lanes(widths, '│'), look.dim()));
        }
        pieces.push(("  ".to_owned(), Style::new()));
        if widths.time > 0 {
            let time = if index == 0 { time.replace(GLUE, " ") } else { String::new() };
            let pad = " ".repeat(widths.time.saturating_sub(width(&time)));
            pieces.push((
                format!("{pad}{time}  "),
                if step.standing == Standing::Missing { look.bad() } else { look.dim() },
            ));
        }
        pieces.push((line, style_of_line));
        sheet.line(pieces);
    }
}

/// The lanes with the arrow of `step`, in three parts: what is left of it, the arrow, what is right of it.
fn arrow(widths: &Widths, step: &Step) -> (String, String, String) {
    let mut cells: Vec<char> = lanes(widths, '│').chars().collect();
    let place = |lane: Lane| lane as usize * widths.gap;
    let (from, to) = (place(step.from), place(step.to));
    let solid = matches!(step.standing, Standing::Seen | Standing::Fatal);
    let line = if solid { '─' } else { '┄' };
    if from == to {
        cells[from] = if step.standing == Standing::Fatal { '╳' } else { '┆' };
        // Its name goes over the space to the next lane.
        let name = if widths.labels() { fit(&step.label, widths.gap - 2) } else { String::new() };
        for (cell, letter) in cells.iter_mut().skip(from + 2).zip(name.chars()) {
            *cell = letter;
        }
        return cut(&cells, from, from + 2 + name.chars().count());
    }
    let (left, right) = (from.min(to), from.max(to));
    for cell in &mut cells[left + 1..right] {
        *cell = line;
    }
    let lost = step.standing == Standing::Missing;
    let head = if to > from { right - 1 } else { left + 1 };
    cells[head] = match (lost, to > from) {
        (true, _) => '✖',
        (false, true) => '▶',
        (false, false) => '◀',
    };
    if widths.labels() {
        // A letter a column. A rule may be named in wide ones: then the sentence alone names it.
        let name = fit(&step.label, right - left - 2);
        let name: Vec<char> = if width(&name) == name.chars().count() { name.chars().collect() } else { Vec::new() };
        let spare = (right - left - 2).saturating_sub(name.len());
        let start = if to > from { left + 1 } else { left + 2 } + spare / 2;
        for (cell, letter) in cells[start..].iter_mut().zip(name) {
            *cell = letter;
        }
    }
    cut(&cells, left + 1, right)
}

fn cut(cells: &[char], from: usize, to: usize) -> (String, String, String) {
    let to = to.min(cells.len());
    let part = |part: &[char]| part.iter().collect::<String>();
    (part(&cells[..from]), part(&cells[from..to]), part(&cells[to..]))
}
