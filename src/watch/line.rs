//! How a change is told in JSON.
//!
//! Every line has `time` (RFC 3339, UTC, milliseconds) and `event`; `device` where the event is about one, `null` where
//! that cannot be known.

use super::buffer::{Buffer, Line};
use crate::clock::Moment;
use crate::fleet::{
    ActionReport, Change, Entrance, Fleet, Hop, Incident, IncidentPhase, Incoming, LinkState, Role, Session,
};
use crate::hub::Status;
use crate::mqtt::ClientId;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// Writes the line for `change`; false if the incident it speaks of is no longer kept.
pub fn line(change: &Change, fleet: &Fleet, to: &mut Buffer) -> bool {
    let line = match change {
        Change::Link { at, up, why } => {
            let mut line = to.line(*at, "link");
            line.put("state", if *up { "up" } else { "down" });
            if let Some(why) = why {
                line.put("why", why);
            }
            line
        }
        Change::Online { at, client, evidence } => {
            let mut line = about(to, *at, "online", Some(client));
            line.put("evidence", evidence.name());
            if let Some(session) = session(fleet, client) {
                line.put("scheme", session.via.scheme.name());
                if let Some(identity) = &session.via.identity {
                    line.put("identity", identity.as_ref());
                }
            }
            line
        }
        Change::Overdue { at, client } => about(to, *at, "overdue", Some(client)),
        Change::Offline { at, client, cause, evidence, will_sent } => {
            let mut line = about(to, *at, "offline", Some(client));
            line.put("cause", cause.name());
            line.put("evidence", evidence.name());
            line.put("will_sent", &will_sent.known());
            line
        }
        Change::Message { message, role, device } => {
            let mut line = about(to, message.at, "message", device.as_ref());
            line.put("role", role.name());
            describe(message, &mut line);
            line
        }
        Change::Rule { at, name, matched, skipped, device } => {
            let mut line = about(to, *at, "rule", device.as_ref());
            line.put("name", name.as_ref());
            line.put("matched", matched);
            if *skipped {
                line.put("skipped", &true);
            }
            line
        }
        Change::Executed { at, device, topic } => {
            let mut line = about(to, *at, "executed", device.as_ref());
            line.put("topic", topic.as_ref());
            line
        }
        Change::Action(report) => action(report, fleet, to),
        Change::Incident { at, incident, phase } => {
            let Some(incident) = fleet.incident(*incident) else { return false };
            incident_line(*at, *phase, incident, to)
        }
    };
    line.end();
    true
}

/// The connection of `client`, where it is seen on the wire.
fn session<'f>(fleet: &'f Fleet, client: &ClientId) -> Option<&'f Session> {
    fleet.device(fleet.find(client.as_str())?)?.open_session()
}

/// The first lines with the embedded broker, one for each door: devices can connect.
pub fn listening(at: Moment, entrance: Entrance, to: &mut Buffer) {
    let mut line = to.line(at, "listening");
    line.put("address", &entrance.address.to_string());
    line.put("url", &entrance.to_string());
    line.end();
}

/// The whole fleet in one line.
pub fn summary(at: Moment, fleet: &Fleet, status: &Status, to: &mut Buffer) {
    let mut line = to.line(at, "summary");
    let counts = fleet.counts();
    for (key, number) in [
        ("devices", fleet.len()),
        ("online", counts.online),
        ("overdue", counts.overdue),
        ("offline", counts.offline),
        ("unknown", counts.unknown),
    ] {
        line.put(key, &number);
    }
    line.put("incidents", &fleet.incidents().total());
    line.put("messages", &Role::ALL.into_iter().map(|role| fleet.feed(role).total()).sum::<u64>());
    line.put("turned_away", &fleet.turned_away());
    line.put("dropped", &status.dropped);
    line.put("rate", &((f64::from(status.rate) * 10.0).round() / 10.0));
    line.put("link", &matches!(fleet.link(), LinkState::Up { .. }));
    line.end();
}

/// What came of an action, once a group. `device` is there if all of it is about one.
fn action<'b>(report: &ActionReport, fleet: &Fleet, to: &'b mut Buffer) -> Line<'b> {
    let mut clients = report.incidents.iter().filter_map(|id| Some(&fleet.incident(*id)?.client));
    let first = clients.next();
    let device = first.filter(|first| clients.all(|other| other == *first));
    let mut line = about(to, report.at, "action", device);
    line.put("rule", report.rule.as_ref());
    line.put("action", report.kind);
    line.put("target", report.target.as_str());
    line.put("error_action", &report.action.is_none());
    line.put("done", &report.failure.is_none());
    if let Some(why) = &report.failure {
        line.put("why", why);
    }
    line.put("events", &report.events);
    line.put("incidents", &report.incidents.iter().map(|id| id.0).collect::<Vec<_>>());
    line.put("attempts", &report.attempts);
    line
}

fn incident_line<'b>(at: Moment, phase: IncidentPhase, incident: &Incident, to: &'b mut Buffer) -> Line<'b> {
    let mut line = about(to, at, "incident", Some(&incident.client));
    line.put("incident", &incident.id.0);
    let phase = match phase {
        IncidentPhase::Complete => "complete",
        IncidentPhase::Notified => "notified",
        IncidentPhase::Overdue => "overdue",
        IncidentPhase::Recovered => "recovered",
    };
    line.put("phase", phase);
    line.put("cause", incident.cause.name());
    line.put("evidence", incident.evidence.name());
    if let Some(fault) = incident.fault {
        line.put("fault", fault.name());
    }
    // Milliseconds since the first hop that was seen, with microseconds behind the point.
    let hops: Map<String, Value> =
        incident.hops.seen().map(|(hop, after)| (hop.name().to_owned(), json!(milliseconds(after)))).collect();
    line.put("hops", &hops);
    if !incident.missing.is_empty() {
        let missing: Vec<&str> = incident.missing.iter().map(|hop: &Hop| hop.name()).collect();
        line.put("missing", &missing);
    }
    if incident.wills > 1 {
        line.put("wills", &incident.wills);
    }
    line
}

/// To the microsecond, without the digits that binary fractions would add.
#[expect(clippy::cast_precision_loss, reason = "2^53 microseconds are 285 years")]
fn milliseconds(time: Duration) -> f64 {
    time.as_micros() as f64 / 1_000.0
}

fn about<'b>(to: &'b mut Buffer, at: Moment, event: &str, device: Option<&ClientId>) -> Line<'b> {
    let mut line = to.line(at, event);
    line.put("device", &device.map(ClientId::as_str));
    line
}

/// The message's fields. A payload that is no UTF-8 is escaped, and says so with its true length.
fn describe(message: &Incoming, line: &mut Line<'_>) {
    line.put("topic", message.topic.as_ref());
    line.put("qos", &message.qos.as_u8());
    line.put("retain", &message.retain);
    if let Ok(text) = std::str::from_utf8(&message.payload) {
        line.put("payload", text);
    } else {
        line.put("payload", &message.payload.escape_ascii().to_string());
        line.put("payload_escaped", &true);
        line.put("payload_bytes", &message.payload.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::{Role, Settings};
    use crate::mqtt::Qos;
    use bytes::Bytes;

    #[test]
    fn a_payload_that_is_no_text_is_escaped_and_keeps_its_length() {
        let message = Incoming {
            at: Moment::from_millis(1_573_002_230_757),
            topic: "/last/will/topic".into(),
            payload: Bytes::from_static(b"\xff\x00ok\n"),
            qos: Qos::AtMostOnce,
            retain: true,
            publisher: None,
            source: None,
            properties: None,
        };
        let fleet = Fleet::new(Settings { will: "w".parse().unwrap(), rules: false });
        let mut to = Buffer::default();
        assert!(line(&Change::Message { message, role: Role::Will, device: None }, &fleet, &mut to));
        assert_eq!(
            String::from_utf8(to.take().text).unwrap().trim_end(),
            r#"{"time":"2019-11-06T01:03:50.757Z","event":"message","device":null,"role":"will","topic":"/last/will/topic","qos":0,"retain":true,"payload":"\\xff\\x00ok\\n","payload_escaped":true,"payload_bytes":5}"#
        );
    }
}
