//! Steps and what came of them in words, for a person.

use super::script::{Check, Facts, Launch, Part, Publication, Scenario, Step, Subject, Text};
use crate::figures::grouped;
use crate::fleet::{Device, Hop, Incident, IncidentPhase, Presence};
use crate::mqtt::{ClientId, Fault};
use std::time::Duration;

/// How much of a payload is shown.
const LONGEST: usize = 120;

/// What a step does or expects; `None` for one that only tells.
#[must_use]
pub fn step(step: &Step, scenario: &Scenario) -> Option<String> {
    Some(match step {
        Step::Say { .. } => return None,
        Step::Launch(step) => launch(step),
        Step::Fault { devices, fault } => {
            let who = group(devices, scenario);
            match fault {
                Fault::Leave => format!("{who}: leave, {}", fault.what_happens()),
                Fault::Fin | Fault::Rst => format!("{who}: {}: {}", fault.title(), fault.what_happens()),
                other => format!("{who}: {}, {}", other.title(), other.what_happens()),
            }
        }
        Step::Reconnect(devices) => format!("{}: reconnect", group(devices, scenario)),
        Step::Remove(devices) => format!("{}: leave, and be forgotten", group(devices, scenario)),
        Step::Publish(Publication { topic, payload, retain, .. }) => {
            let retained = if *retain { "retained, " } else { "" };
            format!("lwtop publishes, {retained}{}", message(topic.as_str(), payload.as_bytes()))
        }
        Step::Sleep(time) => format!("{} pass", seconds(*time)),
        Step::Check(check) => expectation(check, scenario),
    })
}

fn launch(launch: &Launch) -> String {
    let Launch { id, count, protocol, keep_alive, clean, will, connected } = launch;
    let mut text = match count {
        1 => format!("{id}: launch"),
        count => format!("{id}: launch {}", grouped(*count as u64)),
    };
    let mut add = |more: String| {
        text.push_str(", ");
        text.push_str(&more);
    };
    if let Some(protocol) = protocol {
        add(format!("MQTT {protocol}"));
    }
    if let Some(keep_alive) = keep_alive {
        add(format!("keep alive {} s", keep_alive.0));
    }
    if let Some(clean) = clean {
        add(if *clean { "clean session" } else { "a session that lasts" }.to_owned());
    }
    for (name, part) in [("will", will), ("first message", connected)] {
        match part {
            Part::Usual => {}
            Part::Without => add(format!("no {name}")),
            Part::Other(change) => {
                let retained = if change.retain == Some(true) { "retained " } else { "" };
                let topic = change.topic.as_ref().map(|topic| format!(" on {topic}")).unwrap_or_default();
                let delay = change.delay.map(|delay| format!(", delayed by {}", seconds(delay))).unwrap_or_default();
                add(format!("{retained}{name}{topic}{delay}"));
            }
        }
    }
    text
}

fn group(name: &ClientId, scenario: &Scenario) -> String {
    match scenario.devices(name).len() {
        1 => name.to_string(),
        count => format!("all {} {name}", grouped(count as u64)),
    }
}

/// What a check expects.
#[must_use]
pub fn expectation(check: &Check, scenario: &Scenario) -> String {
    match &check.subject {
        Subject::Devices { name, facts } => format!("{}: {}", group(name, scenario), expected(facts)),
        Subject::Messages { topic, text, retained, count } => {
            let kind = match retained {
                Some(true) => "retained message",
                Some(false) => "fresh message",
                None => "message",
            };
            let says = text.as_ref().map(|text| format!(" {}", says(text))).unwrap_or_default();
            match count {
                Some(0) => format!("no {kind} on {topic}{says}"),
                Some(1) => format!("one {kind} on {topic}{says}"),
                Some(count) => format!("{count} {kind}s on {topic}{says}"),
                None => format!("a {kind} on {topic}{says}"),
            }
        }
        Subject::Kept { topic, text: Some(text) } => {
            format!("a new subscriber to {topic} is given what {}", says(text))
        }
        Subject::Kept { topic, text: None } => format!("a new subscriber to {topic} is given nothing"),
    }
}

fn says(text: &Text) -> String {
    match text {
        Text::Is(text) => format!("says {}", payload(text.as_bytes())),
        Text::Contains(text) => format!("has {} in it", payload(text.as_bytes())),
    }
}

fn expected(facts: &Facts) -> String {
    let mut parts: Vec<String> = Vec::new();
    parts.extend(facts.presence.map(str::to_owned));
    parts.extend(facts.cause.map(|cause| cause.words().to_owned()));
    parts.extend(facts.evidence.map(|evidence| evidence.words().to_owned()));
    parts.extend(facts.will.map(|will| if will { "its will is published" } else { "no will" }.to_owned()));
    parts.extend(facts.wills.map(|wills| match wills {
        0 => "no will".to_owned(),
        1 => "exactly one will".to_owned(),
        wills => format!("{wills} wills"),
    }));
    if !facts.hops.is_empty() {
        let names: Vec<&str> = facts.hops.iter().map(|hop| hop.name()).collect();
        parts.push(if facts.in_order { names.join(" → ") } else { names.join(", ") });
    }
    parts.extend(facts.without.iter().map(|hop| format!("no hop {}", hop.name())));
    parts.extend(facts.phase.map(|phase| format!("incident {}", self::phase(phase))));
    parts.join(" · ")
}

/// The word for a phase, as it stands in a file.
#[must_use]
pub const fn phase(phase: IncidentPhase) -> &'static str {
    match phase {
        IncidentPhase::Complete => "complete",
        IncidentPhase::Notified => "notified",
        IncidentPhase::Overdue => "overdue",
        IncidentPhase::Recovered => "recovered",
    }
}

/// What there is of a device that is as expected.
pub(super) fn found(device: &Device, incident: Option<&Incident>, wills: u32) -> String {
    let state = match device.presence {
        Presence::Offline { cause } => cause.words(),
        other => other.name(),
    };
    let hops = incident.map(hops).filter(|hops| !hops.is_empty());
    let story = match (hops, wills, device.presence) {
        (Some(hops), 2.., _) => format!("{state}, {wills} wills; {hops}"),
        (Some(hops), ..) => format!("{state}; {hops}"),
        (None, 0, Presence::Offline { .. }) => format!("{state}, no will"),
        _ => state.to_owned(),
    };
    format!("{}: {story}", device.id)
}

/// `cut → will 0.1 ms → rule 0.2 ms`.
#[must_use]
pub fn hops(incident: &Incident) -> String {
    // That the broker knew says little beside the will, which it sent because it knew.
    let seen: Vec<(Hop, Duration)> = incident.hops.seen().filter(|(hop, _)| *hop != Hop::Detected).collect();
    let told = seen.iter().enumerate().map(|(index, (hop, after))| match index {
        0 => hop.name().to_owned(),
        _ => format!("{} {}", hop.name(), span(*after)),
    });
    told.collect::<Vec<_>>().join(" → ")
}

/// A time with its unit, as exact as it is of use.
#[must_use]
pub fn span(time: Duration) -> String {
    match time.as_micros() {
        0..10_000 => format!("{:.1} ms", time.as_secs_f64() * 1e3),
        10_000..1_000_000 => format!("{:.0} ms", time.as_secs_f64() * 1e3),
        _ => format!("{:.1} s", time.as_secs_f64()),
    }
}

/// `2 s`, `0.5 s`.
#[must_use]
pub fn seconds(time: Duration) -> String {
    format!("{} s", time.as_secs_f64())
}

/// `once`, `3 times`.
pub(super) fn times(count: u32) -> String {
    match count {
        0 => "not at all".to_owned(),
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        count => format!("{count} times"),
    }
}

/// A number of things; more than fit are as many as fit.
pub(super) fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// A topic and what is said on it.
pub(super) fn message(topic: &str, text: &[u8]) -> String {
    format!("on {}: {}", topic.escape_debug(), payload(text))
}

/// A payload on one line.
pub(super) fn payload(payload: &[u8]) -> String {
    let text = String::from_utf8_lossy(payload);
    let short: String = text.chars().take(LONGEST).collect();
    let more = if short.len() < text.len() { "…" } else { "" };
    if text.trim_start().starts_with('{') {
        format!("{}{more}", short.replace(char::is_control, " "))
    } else {
        format!("{short:?}{more}")
    }
}
