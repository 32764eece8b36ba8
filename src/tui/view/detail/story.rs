//! The deaths of one device: each with its hops, when they came, and what they mean.

use crate::fleet::{Device, Hop, Incident};
use crate::mqtt::{Cause, Fault, Protocol};
use crate::tui::text::{clean, width, wrap};
use crate::tui::view::canvas::Canvas;
use crate::tui::view::sheet::Sheet;
use crate::tui::{told, words};
use ratatui::style::Style;

/// How many incidents are told in full.
const INCIDENTS: usize = 5;

/// The incidents of `device`, the newest first.
pub fn draw(canvas: &mut Canvas<'_>, page: &mut Sheet, device: &Device) {
    page.gap();
    if device.incidents == 0 {
        let how = canvas.offer("{ask-death} chooses how it dies.");
        page.text(&format!("No incident so far.{how}"), 0, canvas.look.dim());
        return;
    }
    let own = |incident: &&Incident| incident.client == device.id;
    let told: Vec<&Incident> = canvas.view.fleet.incidents().newest().filter(own).take(INCIDENTS).collect();
    for incident in &told {
        story(canvas, page, incident);
    }
    let untold = (device.incidents as usize).saturating_sub(told.len());
    if untold > 0 {
        page.text(&format!("and {} before", words::number(untold)), 0, canvas.look.dim());
        page.gap();
    }
}

/// An incident with its hops: when, how long after the first, what it means.
fn story(canvas: &mut Canvas<'_>, page: &mut Sheet, incident: &Incident) {
    let by = incident.fault.map(|fault| format!(", {}", words::done_by_you(fault))).unwrap_or_default();
    let head = format!("Incident {}: {}{by} · {}", incident.id.0, incident.cause.words(), incident.evidence.words());
    page.text(&head, 0, canvas.look.strong());
    for hop in in_time(incident) {
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
        let name = words::hop_name(incident, hop);
        // Where there is no room for both times, how long it took says more.
        let lead = match (page.room < 60, seen) {
            (false, _) => format!("{time:<12} {after:>9}  {name:<9}  "),
            (true, Some(_)) => format!("{name:<9} {after:>9}  "),
            (true, None) => format!("{name:<9} {time:>9}  "),
        };
        let indent = width(&lead);
        for (index, line) in wrap(&meaning, page.room.saturating_sub(indent)).into_iter().enumerate() {
            let lead = if index == 0 { lead.clone() } else { " ".repeat(indent) };
            page.line(vec![(format!("{lead}{line}"), style)]);
        }
    }
    if incident.wills > 1 {
        let text = format!("its will arrived {} times: the broker published it more than once", incident.wills);
        page.text(&text, 0, canvas.look.bad());
    }
    page.gap();
}

/// The hops as they came, and among them, behind what they were to follow, those that did not: a device may be back before
/// its will is out.
fn in_time(incident: &Incident) -> Vec<Hop> {
    let mut hops: Vec<Hop> = incident.hops.seen().map(|(hop, _)| hop).collect();
    hops.sort_by_key(|hop| (incident.hops.get(*hop), *hop));
    for hop in Hop::ALL {
        if incident.hops.get(hop).is_none() {
            let place = hops.iter().rposition(|before| *before < hop).map_or(0, |at| at + 1);
            hops.insert(place, hop);
        }
    }
    hops
}

/// What a hop means, or what its absence does.
fn meaning(canvas: &Canvas<'_>, incident: &Incident, hop: Hop, seen: bool) -> String {
    // The spec's numbers are those of the version that the device spoke.
    let five = incident.connection.as_deref().is_some_and(|wire| wire.protocol == Protocol::V5);
    let text = match (hop, seen) {
        (Hop::Cut, _) => match (incident.fault, incident.cause) {
            (Some(fault), _) => fault.what_happens(),
            (None, Cause::KeepAliveTimeout) => "no packet came any more",
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
        (Hop::Recovered, true)
            if incident.cause == Cause::SessionTakenOver && incident.fault != Some(Fault::Freeze) =>
        {
            "the client that is there from now on"
        }
        (Hop::Recovered, true) => "it is back",
        (Hop::Recovered, false) if canvas.app.read_only => "it is not back",
        (Hop::Recovered, false) => return canvas.app.keys.tell("{reconnect} brings it back, if lwtop launched it"),
    };
    text.to_owned()
}
