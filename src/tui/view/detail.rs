//! One device: what is known of it, its will, and the timeline of its incidents.
//!
//! ```text
//! ┏ lwtThing-2 ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ ✖ cut ┓
//! ┃ cut 12 s ago: connection lost, will sent after 0.1 ms                      ┃
//! ┃ known how    seen on the wire                                              ┃
//! ┃ connection   keep alive 30 s · MQTT 3.1.1 · clean · from 127.0.0.1:53211   ┃
//! ┃ will         /last/will/topic · QoS 0                                      ┃
//! ┃              {"state": {"reported": {"last_will": "yes", …                 ┃
//! ┃                                                                            ┃
//! ┃ Incident 3   connection lost, cut (FIN) by you                             ┃
//! ┃ 12:04:33.401           cut        the socket closes without DISCONNECT     ┃
//! ┃ 12:04:33.401  +0.1 ms  will       published by the broker                  ┃
//! ┃          missing       executed   no rule republished it                   ┃
//! ┗ 12 lines more ↓ ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛
//! ```

use super::boxes::{Titles, frame, lines, more};
use super::canvas::Canvas;
use super::pane::{fuse_bar, next_second, title};
use crate::fleet::{Device, Hop, Incident, LinkState, Presence, Session};
use crate::mqtt::{Cause, ClientId, Protocol};
use crate::tui::text::{GLUE, clean, clean_within, preview, width, wrap};
use crate::tui::{told, words};
use ratatui::layout::Rect;
use ratatui::style::Style;

/// How many incidents are told in full.
const INCIDENTS: usize = 5;
/// Where the facts begin.
const INDENT: usize = 13;

/// Draws the detail of `client`.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, client: &ClientId, scroll: usize) {
    let Some(device) = canvas.view.device(client) else { return };
    let left = words::name(client, usize::from(area.width));
    let right = title(device);
    let mut page = Page { lines: Vec::new(), room: usize::from(area.width.saturating_sub(4)) };
    state(canvas, &mut page, device);
    facts(canvas, &mut page, device);
    incidents(canvas, &mut page, device);
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
    lines(canvas, inner, &page.lines, scroll);
}

/// Lines that are being written.
struct Page {
    lines: Vec<(String, Style)>,
    room: usize,
}

impl Page {
    fn sentence(&mut self, text: &str, style: Style) {
        self.lines.extend(wrap(text, self.room).into_iter().map(|line| (line, style)));
    }

    /// A name and what it is, broken below where it began.
    fn fact(&mut self, name: &str, text: &str, style: Style) {
        for (index, line) in wrap(text, self.room.saturating_sub(INDENT)).into_iter().enumerate() {
            let name = if index == 0 { name } else { "" };
            self.lines.push((format!("{name:<INDENT$}{line}"), style));
        }
    }

    fn gap(&mut self) {
        self.lines.push((String::new(), Style::new()));
    }
}

fn state(canvas: &mut Canvas<'_>, page: &mut Page, device: &Device) {
    let style = canvas.look.presence(device);
    match device.presence {
        Presence::Online | Presence::Overdue => {
            let age = canvas.age(device.since);
            let word = words::badge(device).word;
            page.sentence(&format!("{word} for {age}"), style);
            if let (Some((silence, deadline)), Some(session)) = (device.fuse(canvas.view.now), device.open_session()) {
                canvas.wake_at(next_second(session.last_packet, silence));
                let silent = silence.as_secs().min(deadline.as_secs());
                let text = format!(
                    "{} {silent} of {}{GLUE}s of silence: then the broker closes",
                    fuse_bar(silence, deadline, 15),
                    words::seconds(deadline)
                );
                page.sentence(&text, style);
            }
        }
        Presence::Offline { cause } => {
            let ago = canvas.ago(device.since);
            let incident = device.incident.and_then(|id| canvas.view.fleet.incident(id));
            let text = words::farewell(device, cause, incident.filter(|incident| !incident.recovered()), &ago);
            page.sentence(&text, style);
        }
        Presence::Unknown => {
            let since = match canvas.view.fleet.link() {
                LinkState::Down { since, .. } => *since,
                _ => device.since,
            };
            let ago = canvas.age(since);
            page.sentence(&words::ignorance(device, canvas.view.fleet, &ago), style);
        }
    }
    if let Some(doubt) = words::doubt(device) {
        page.sentence(doubt, canvas.look.warn());
    }
    if let Some(trouble) = &device.trouble {
        page.sentence(&format!("could not connect: {}", clean_within(trouble, 500)), canvas.look.bad());
    }
    if let Some((fault, at)) = device.fault {
        let ago = canvas.ago(at);
        page.sentence(&format!("{} {ago}: {}", words::done_by_you(fault), fault.what_happens()), canvas.look.warn());
    }
}

fn facts(canvas: &mut Canvas<'_>, page: &mut Page, device: &Device) {
    let plain = Style::new();
    let known = device.evidence.map_or("not known", crate::fleet::Evidence::words);
    let origin = if device.launched() { "launched by lwtop" } else { "not launched by lwtop" };
    page.fact("known how", &format!("{known} · {origin}"), plain);
    if let Some(session) = device.session.as_deref() {
        page.fact(if session.ended.is_none() { "connection" } else { "it was" }, &connection(session), plain);
        if words::way(session.via.scheme).is_some() {
            page.fact("over", &words::door(&session.via), plain);
        }
        let last = canvas.ago(session.last_packet);
        let packets = format!("{}, {} of them PINGREQ · last {last}", device.packets, device.pings);
        page.fact("packets", &packets, plain);
        match &session.will {
            None => page.fact("will", "none: nobody hears of its death from the broker", plain),
            Some(will) => {
                let retain = if will.retain { " · retained" } else { "" };
                let delay = match will.delay.as_secs() {
                    0 => String::new(),
                    seconds => format!(" · delayed by {seconds}{GLUE}s"),
                };
                let topic = clean_within(&will.topic, 300);
                page.fact("will", &format!("{topic} · QoS {}{retain}{delay}", will.qos.as_u8()), plain);
                page.fact("", &preview(&will.payload, page.room * 3), canvas.look.dim());
            }
        }
    }
    if let Some(message) = &device.last_message {
        let ago = canvas.ago(message.at);
        page.fact("last message", &format!("{ago} on {}", clean_within(&message.topic, 300)), plain);
        page.fact("", &preview(&message.payload, page.room * 3), canvas.look.dim());
    }
}

fn connection(session: &Session) -> String {
    let keep_alive = match session.keep_alive.0 {
        0 => "keep alive off".to_owned(),
        seconds => format!("keep alive {seconds}{GLUE}s"),
    };
    let clean = if session.clean { "clean" } else { "persistent" };
    let peer = session.peer.map(|peer| format!(" · from {peer}")).unwrap_or_default();
    format!("{keep_alive} · MQTT {} · {clean}{peer}", session.protocol)
}

fn incidents(canvas: &mut Canvas<'_>, page: &mut Page, device: &Device) {
    page.gap();
    if device.incidents == 0 {
        page.sentence(&canvas.app.keys.tell("No incident so far. {ask-death} chooses how it dies."), canvas.look.dim());
        return;
    }
    let own = |incident: &&Incident| incident.client == device.id;
    let told: Vec<&Incident> = canvas.view.fleet.incidents().newest().filter(own).take(INCIDENTS).collect();
    for incident in &told {
        story(canvas, page, incident);
    }
    let untold = (device.incidents as usize).saturating_sub(told.len());
    if untold > 0 {
        page.sentence(&format!("and {untold} before"), canvas.look.dim());
        page.gap();
    }
}

/// An incident with its hops: when, how long after the first, what it means.
fn story(canvas: &mut Canvas<'_>, page: &mut Page, incident: &Incident) {
    let by = incident.fault.map(|fault| format!(", {}", words::done_by_you(fault))).unwrap_or_default();
    let head = format!("Incident {}: {}{by} · {}", incident.id.0, incident.cause.words(), incident.evidence.words());
    page.sentence(&head, canvas.look.strong());
    for hop in Hop::ALL {
        let seen = incident.hops.get(hop);
        let (time, after, style) = match (seen, incident.after(hop)) {
            (Some(at), Some(after)) => {
                let first = incident.hops.first() == Some(at) && after.is_zero();
                let after = if first { String::new() } else { format!("+{}", words::span(after)) };
                (canvas.clock(at), after, Style::new())
            }
            _ if incident.missing.contains(&hop) => ("missing".to_owned(), String::new(), canvas.look.bad()),
            _ if incident.awaited.contains(&hop) => ("awaited".to_owned(), String::new(), canvas.look.warn()),
            _ if hop == Hop::Recovered => ("not yet".to_owned(), String::new(), canvas.look.dim()),
            _ => continue,
        };
        let meaning = meaning(canvas, incident, hop, seen.is_some());
        let name = hop.name();
        // Where there is no room for both times, how long it took says more.
        let lead = match (page.room < 60, seen) {
            (false, _) => format!("{time:<12} {after:>9}  {name:<9}  "),
            (true, Some(_)) => format!("{name:<9} {after:>9}  "),
            (true, None) => format!("{name:<9} {time:>9}  "),
        };
        let indent = width(&lead);
        for (index, line) in wrap(&meaning, page.room.saturating_sub(indent)).into_iter().enumerate() {
            let lead = if index == 0 { lead.clone() } else { " ".repeat(indent) };
            page.lines.push((format!("{lead}{line}"), style));
        }
    }
    if incident.wills > 1 {
        let text = format!("its will arrived {} times: the broker published it more than once", incident.wills);
        page.sentence(&text, canvas.look.bad());
    }
    page.gap();
}

/// What a hop means, or what its absence does.
fn meaning(canvas: &Canvas<'_>, incident: &Incident, hop: Hop, seen: bool) -> String {
    // The spec's numbers are those of the version that the device spoke.
    let five = incident.connection.as_deref().is_some_and(|wire| wire.protocol == Protocol::V5);
    let text = match (hop, seen) {
        (Hop::Cut, _) => match (incident.fault, incident.cause) {
            (Some(fault), _) => fault.what_happens(),
            (None, Cause::KeepAliveTimeout) => "silence",
            (None, _) => "the wire ended",
        },
        (Hop::Detected, true) => match incident.cause {
            Cause::KeepAliveTimeout if five => "1.5 × keep alive passed (3.1.2-22)",
            Cause::KeepAliveTimeout => "1.5 × keep alive passed (3.1.2-24)",
            Cause::SessionTakenOver if five => "the broker closed the older one (3.1.4-3)",
            Cause::SessionTakenOver => "the broker closed the older one (3.1.4-2)",
            Cause::DisconnectWithWill => "DISCONNECT 0x04 asks for the will",
            Cause::ProtocolError | Cause::ServerInitiated => "the broker closed: the will is due",
            _ => "no DISCONNECT: the will is due (3.1.2-8)",
        },
        (Hop::Detected, false) => "the broker has not noticed",
        (Hop::Will, true) => "the broker published it",
        (Hop::Will, false) => "the broker sent lwtop none",
        (Hop::Rule, true) => {
            return match &incident.rule {
                Some(rule) => format!("{} matched", clean(rule)),
                None => "a rule matched".to_owned(),
            };
        }
        (Hop::Rule, false) => "no rule matched",
        (Hop::Executed, true) => "the rule republished it",
        (Hop::Executed, false) => "no republished message came",
        (Hop::Notified, true) => "a person knows",
        (Hop::Notified, false) => {
            return match (told::failure(canvas.view, incident), told::waiting(canvas.view, incident)) {
                (Some(why), _) if !why.is_empty() => format!("nobody was told: {why}"),
                (None, Some(what)) => what,
                _ => "nobody was told".to_owned(),
            };
        }
        (Hop::Recovered, true) => "it is back",
        (Hop::Recovered, false) => "r brings it back, if lwtop launched it",
    };
    text.to_owned()
}

fn notes(canvas: &mut Canvas<'_>, page: &mut Page, device: &Device) {
    if device.notes.is_empty() {
        return;
    }
    if page.lines.last().is_some_and(|(line, _)| !line.is_empty()) {
        page.gap();
    }
    page.sentence("What happened, newest first", canvas.look.strong());
    for note in device.notes.iter().rev() {
        let time = canvas.clock(note.at);
        page.fact(&time, &clean_within(&note.text, 500), Style::new());
    }
}
