//! One device in a pane.
//!
//! ```text
//! ╭ lwtThing ──────────────────── ● online ╮╭ lwtThing-2 ───────────────────── ✖ cut ╮
//! │ ▕██████████████░░░░░░░░▏ 31 of 45 s    ││ cut 12 s ago: connection lost, will    │
//! │ keep alive 30 s · MQTT 3.1.1 · clean   ││ sent after 0.1 ms                      │
//! │ 14 packets · last 14 s ago             ││ cut→will 0.1 ms→rule 0.2→executed 0.9  │
//! │ said 31 s ago {"message": "AWS IoT Th… ││ · not recovered                        │
//! ╰────────────────────────────────────────╯╰────────────────────────────────────────╯
//! ```
//! The lines are written in the order of their weight; what is below the border is not built.

use super::boxes::{Titles, frame};
use super::canvas::Canvas;
use crate::clock::Moment;
use crate::fleet::{Device, Hop, Presence, Session};
use crate::mqtt::Fault;
use crate::tui::text::{GLUE, clean_within, fit, preview, width, wrap};
use crate::tui::{told, words};
use ratatui::layout::Rect;
use ratatui::style::Style;
use std::time::Duration;

/// How long a pane tells of a death that is over.
const RECENT: Duration = Duration::from_secs(60);

/// Draws `device` into `area`.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, device: &Device, selected: bool, focus: bool) {
    let marked = canvas.app.marks.contains(&device.id);
    // Keys act on the selected device even while a feed has the focus: then a point takes the place of the border.
    let mark = match (selected && !focus, marked) {
        (true, true) => "▸◆ ",
        (true, false) => "▸ ",
        (false, true) => "◆ ",
        (false, false) => "",
    };
    let left = format!("{mark}{}", words::name(&device.id, usize::from(area.width)));
    let right = title(device);
    let titles = Titles {
        left: &left,
        left_style: canvas.look.strong(),
        right: &right,
        right_style: canvas.look.presence(device),
        below: "",
    };
    let inner = frame(canvas, area, selected && focus, &titles);
    let mut pen = Pen { area: inner, y: inner.y };
    if let Some(trouble) = &device.trouble {
        let text = clean_within(trouble, usize::from(inner.width) * 3);
        pen.sentence(canvas, &format!("could not connect: {text}"), canvas.look.bad());
    }
    match device.presence {
        Presence::Online | Presence::Overdue => alive(canvas, &mut pen, device),
        Presence::Offline { cause } => {
            let ago = canvas.ago(device.since);
            let incident = newest_incident(canvas, device);
            let text = words::farewell(device, cause, incident, &ago);
            pen.sentence(canvas, &text, canvas.look.presence(device));
            if let Some(incident) = newest_incident(canvas, device) {
                let missed = incident.missing.iter().any(|hop| *hop != Hop::Notified);
                let style = if missed { canvas.look.bad() } else { Style::new() };
                pen.sentence(canvas, &words::hops(incident), style);
                if let Some(why) = told::failure(canvas.view, incident) {
                    let colon = if why.is_empty() { "" } else { ": " };
                    pen.sentence(canvas, &format!("✖ not notified{colon}{why}"), canvas.look.bad());
                }
            }
        }
        Presence::Unknown => {
            let since = match canvas.view.fleet.link() {
                crate::fleet::LinkState::Down { since, .. } => *since,
                _ => device.since,
            };
            let ago = canvas.age(since);
            let text = words::ignorance(device, canvas.view.fleet, &ago);
            pen.sentence(canvas, &text, canvas.look.presence(device));
        }
    }
    if let Some(doubt) = words::doubt(device) {
        pen.sentence(canvas, doubt, canvas.look.warn());
    }
    facts(canvas, &mut pen, device);
}

/// The presence for a title: `✖ cut`, `● online, inferred`.
#[must_use]
pub fn title(device: &Device) -> String {
    let badge = words::badge(device);
    match badge.doubt {
        Some(doubt) => format!("{} {}, {doubt}", badge.glyph, badge.word),
        None => format!("{} {}", badge.glyph, badge.word),
    }
}

/// The newest incident of `device`, if it is about its present absence.
fn newest_incident<'a>(canvas: &Canvas<'a>, device: &Device) -> Option<&'a crate::fleet::Incident> {
    canvas.view.fleet.incident(device.incident?).filter(|incident| !incident.recovered())
}

fn alive(canvas: &mut Canvas<'_>, pen: &mut Pen, device: &Device) {
    match device.fuse(canvas.view.now) {
        Some((silence, deadline)) => {
            if let Some(session) = device.open_session() {
                let style = fuse_style(canvas, device);
                let text = fuse_words(canvas, device, session, silence, deadline);
                let bar = usize::from(pen.area.width).saturating_sub(width(&text) + 3).min(22);
                canvas.moves_at(next_block(session.last_packet, silence, deadline, bar));
                pen.line(canvas, &format!("{} {text}", fuse_bar(silence, deadline, bar)), style);
            }
        }
        None if device.open_session().is_some() => {
            pen.line(canvas, "no keep alive: silence is no sign", canvas.look.dim());
        }
        None => pen.line(canvas, "seen in its messages only", canvas.look.dim()),
    }
    if let Some((fault, at)) = device.fault {
        let ago = canvas.ago(at);
        let tail = match (fault, device.open_session().map(|session| session.will.is_some())) {
            (Fault::Freeze, Some(true)) => ": its will waits at the broker",
            _ => "",
        };
        pen.sentence(canvas, &format!("{} {ago}{tail}", words::done_by_you(fault)), canvas.look.warn());
    }
    if let Some(text) = just_back(canvas, device) {
        pen.sentence(canvas, &text, canvas.look.warn());
    }
}

/// The story of a death that is over, for a while: a takeover, for one, is over before it can be seen.
pub fn just_back(canvas: &mut Canvas<'_>, device: &Device) -> Option<String> {
    let incident = canvas.view.fleet.incident(device.incident?)?;
    let back = incident.hops.get(Hop::Recovered)?;
    let alive = matches!(device.presence, Presence::Online | Presence::Overdue);
    // It may have left cleanly and come back since: then this is no longer its last story.
    let since = device.open_session().is_some_and(|session| session.opened > back);
    if !alive || since || canvas.view.now.since(back) >= RECENT {
        return None;
    }
    let ago = canvas.ago(back);
    let untold = if incident.missing.contains(&Hop::Notified) { " · ✖ not notified" } else { "" };
    Some(format!("{}, back {ago}: {}{untold}", incident.cause, words::chain(incident)))
}

fn facts(canvas: &mut Canvas<'_>, pen: &mut Pen, device: &Device) {
    if pen.full() {
        return;
    }
    if let Some(session) = device.open_session() {
        let clean = if session.clean { "clean" } else { "persistent" };
        let keep_alive = match session.keep_alive.0 {
            0 => "keep alive off".to_owned(),
            seconds => format!("keep alive {seconds}{GLUE}s"),
        };
        let way = match (words::way(session.via.scheme), &session.via.identity) {
            (Some(way), None) => format!("{way} · "),
            _ => String::new(),
        };
        pen.line(canvas, &format!("{keep_alive} · {way}MQTT {} · {clean}", session.protocol), canvas.look.dim());
        if session.via.identity.is_some() && !pen.full() {
            pen.line(canvas, &words::door(&session.via), canvas.look.dim());
        }
    }
    if pen.full() {
        return;
    }
    let incidents = match device.incidents {
        0 => String::new(),
        1 => " · 1 incident".to_owned(),
        many => format!(" · {} incidents", words::number(many)),
    };
    let packets =
        if device.packets == 1 { "1 packet".to_owned() } else { format!("{} packets", words::number(device.packets)) };
    if device.session.is_some() {
        let last = match device.session.as_deref() {
            Some(session) if session.ended.is_none() => {
                // The number of incidents counts for more than a word.
                let word = if incidents.is_empty() { "last " } else { "" };
                format!(", {word}{}", canvas.ago(session.last_packet))
            }
            _ => String::new(),
        };
        pen.line(canvas, &format!("{packets}{last}{incidents}"), canvas.look.dim());
    } else if !incidents.is_empty() {
        pen.line(canvas, incidents.trim_start_matches(" · "), canvas.look.dim());
    }
    if pen.full() {
        return;
    }
    if let Some(message) = &device.last_message {
        let ago = canvas.ago(message.at);
        let payload = preview(message.payload(), usize::from(pen.area.width));
        pen.line(canvas, &format!("said {ago}: {payload}"), Style::new());
    }
    if let Some(session) = device.session.as_deref().filter(|_| !pen.full()) {
        let will = match &session.will {
            Some(will) => format!("will on {} · QoS {}", clean_within(&will.topic, 80), will.qos.as_u8()),
            None => "it has no will".to_owned(),
        };
        pen.line(canvas, &will, canvas.look.dim());
        if let Some(peer) = session.peer.filter(|_| !pen.full()) {
            pen.line(canvas, &format!("from {peer}"), canvas.look.dim());
        }
    }
}

/// The fuse: how much of the silence that kills has passed.
#[must_use]
pub fn fuse_bar(silence: Duration, deadline: Duration, columns: usize) -> String {
    let part = (silence.as_secs_f64() / deadline.as_secs_f64().max(f64::MIN_POSITIVE)).clamp(0.0, 1.0);
    // Between 0 and `columns`, which is below 100: the cast cannot lose anything.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "0 to 99")]
    let burnt = (part * columns as f64).round() as usize;
    format!("▕{}{}▏", "█".repeat(burnt), "░".repeat(columns - burnt))
}

/// When the bar of a fuse that began to burn at `start` looks different, or a moment before.
fn next_block(start: Moment, silence: Duration, deadline: Duration, columns: usize) -> Moment {
    if columns == 0 || silence >= deadline {
        return Moment::from_micros(u64::MAX);
    }
    let step = deadline.as_secs_f64() / f64::from(u16::try_from(columns).unwrap_or(u16::MAX));
    let next = (silence.as_secs_f64() / step + 0.5).floor() + 0.5;
    // In doubt too early: then it is only drawn once more.
    let after = Duration::try_from_secs_f64(next * step).unwrap_or(deadline).saturating_sub(Duration::from_millis(1));
    start + after.max(silence)
}

/// The colour of a fuse.
#[must_use]
pub fn fuse_style(canvas: &Canvas<'_>, device: &Device) -> Style {
    match device.presence {
        Presence::Overdue => canvas.look.warn(),
        _ => canvas.look.good(),
    }
}

fn fuse_words(
    canvas: &mut Canvas<'_>,
    device: &Device,
    session: &Session,
    silence: Duration,
    deadline: Duration,
) -> String {
    canvas.wake_at(next_second(session.last_packet, silence));
    let dies = words::seconds(deadline);
    let silent = silence.as_secs().min(deadline.as_secs());
    match device.presence {
        Presence::Overdue => format!("silent {silent}{GLUE}s, dies at {dies}{GLUE}s"),
        _ => format!("{silent} of {dies}{GLUE}s"),
    }
}

/// When a silence that began at `start` is one second longer than it reads now.
#[must_use]
pub fn next_second(start: Moment, silence: Duration) -> Moment {
    start + Duration::from_secs(silence.as_secs() + 1)
}

/// Writes lines into a pane until it is full.
struct Pen {
    area: Rect,
    y: u16,
}

impl Pen {
    const fn full(&self) -> bool {
        self.y >= self.area.y + self.area.height
    }

    fn line(&mut self, canvas: &mut Canvas<'_>, text: &str, style: Style) {
        if !self.full() {
            canvas.put(self.area.x, self.y, text, self.area.width, style);
            self.y += 1;
        }
    }

    /// What does not fit ends in `…`: half a sentence may say the opposite of the whole.
    fn sentence(&mut self, canvas: &mut Canvas<'_>, text: &str, style: Style) {
        let lines = wrap(text, usize::from(self.area.width));
        let left = usize::from((self.area.y + self.area.height).saturating_sub(self.y));
        for (index, line) in lines.iter().take(left).enumerate() {
            let cut = index + 1 == left && left < lines.len();
            // What is wider than the line is cut by one word or letter more.
            let line = if cut { &fit(&format!("{line} …"), usize::from(self.area.width)) } else { line };
            self.line(canvas, line, style);
        }
    }
}
