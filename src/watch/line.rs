//! How a change is told in JSON.
//!
//! Every line has `time` (RFC 3339, UTC, milliseconds) and `event`; `device` where the event is about one, `null` where
//! that cannot be known.

use crate::clock::Moment;
use crate::fleet::{
    ActionReport, Change, Entrance, Fleet, Hop, Incident, IncidentPhase, Incoming, LinkState, Role, Session,
};
use crate::hub::Status;
use crate::mqtt::ClientId;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// The line for `change`; `None` if the incident it speaks of is no longer kept.
#[must_use]
pub fn line(change: &Change, fleet: &Fleet) -> Option<Value> {
    Some(match change {
        Change::Link { at, up, why } => {
            let mut line = head(*at, "link");
            line.insert("state".into(), if *up { "up" } else { "down" }.into());
            if let Some(why) = why {
                line.insert("why".into(), why.as_str().into());
            }
            line.into()
        }
        Change::Online { at, client, evidence } => {
            let mut line = about(*at, "online", Some(client));
            line.insert("evidence".into(), evidence.name().into());
            if let Some(session) = session(fleet, client) {
                line.insert("scheme".into(), session.via.scheme.name().into());
                if let Some(identity) = &session.via.identity {
                    line.insert("identity".into(), identity.as_ref().into());
                }
            }
            line.into()
        }
        Change::Overdue { at, client } => about(*at, "overdue", Some(client)).into(),
        Change::Offline { at, client, cause, evidence, will_sent } => {
            let mut line = about(*at, "offline", Some(client));
            line.insert("cause".into(), cause.name().into());
            line.insert("evidence".into(), evidence.name().into());
            line.insert("will_sent".into(), will_sent.known().into());
            line.into()
        }
        Change::Message { message, role, device } => {
            let mut line = about(message.at, "message", device.as_ref());
            line.insert("role".into(), role.name().into());
            describe(message, &mut line);
            line.into()
        }
        Change::Rule { at, name, matched, skipped, device } => {
            let mut line = about(*at, "rule", device.as_ref());
            line.insert("name".into(), name.as_ref().into());
            line.insert("matched".into(), (*matched).into());
            if *skipped {
                line.insert("skipped".into(), true.into());
            }
            line.into()
        }
        Change::Executed { at, device, topic } => {
            let mut line = about(*at, "executed", device.as_ref());
            line.insert("topic".into(), topic.as_ref().into());
            line.into()
        }
        Change::Action(report) => action(report, fleet),
        Change::Incident { at, incident, phase } => incident_line(*at, *phase, fleet.incident(*incident)?),
    })
}

/// The connection of `client`, where it is seen on the wire.
fn session<'f>(fleet: &'f Fleet, client: &ClientId) -> Option<&'f Session> {
    fleet.device(fleet.find(client.as_str())?)?.open_session()
}

/// The first lines with the embedded broker, one for each door: devices can connect.
#[must_use]
pub fn listening(at: Moment, entrance: Entrance) -> Value {
    let mut line = head(at, "listening");
    line.insert("address".into(), entrance.address.to_string().into());
    line.insert("url".into(), entrance.to_string().into());
    line.into()
}

/// The whole fleet in one line.
#[must_use]
pub fn summary(at: Moment, fleet: &Fleet, status: &Status) -> Value {
    let mut line = head(at, "summary");
    let counts = fleet.counts();
    let mut count = |key: &str, value: u64| line.insert(key.into(), value.into());
    for (key, number) in [
        ("devices", fleet.len()),
        ("online", counts.online),
        ("overdue", counts.overdue),
        ("offline", counts.offline),
        ("unknown", counts.unknown),
    ] {
        count(key, number as u64);
    }
    count("incidents", fleet.incidents().total());
    count("messages", Role::ALL.into_iter().map(|role| fleet.feed(role).total()).sum());
    count("turned_away", fleet.turned_away());
    count("dropped", status.dropped);
    line.insert("rate".into(), json!((f64::from(status.rate) * 10.0).round() / 10.0));
    line.insert("link".into(), matches!(fleet.link(), LinkState::Up { .. }).into());
    line.into()
}

/// What came of an action, once a group. `device` is there if all of it is about one.
fn action(report: &ActionReport, fleet: &Fleet) -> Value {
    let mut clients = report.incidents.iter().filter_map(|id| Some(&fleet.incident(*id)?.client));
    let first = clients.next();
    let device = first.filter(|first| clients.all(|other| other == *first));
    let mut line = about(report.at, "action", device);
    line.insert("rule".into(), report.rule.as_ref().into());
    line.insert("action".into(), report.kind.into());
    line.insert("target".into(), report.target.as_str().into());
    line.insert("error_action".into(), report.action.is_none().into());
    line.insert("done".into(), report.failure.is_none().into());
    if let Some(why) = &report.failure {
        line.insert("why".into(), why.as_str().into());
    }
    line.insert("events".into(), report.events.into());
    line.insert("incidents".into(), report.incidents.iter().map(|id| id.0).collect::<Vec<_>>().into());
    line.insert("attempts".into(), report.attempts.into());
    line.into()
}

fn incident_line(at: Moment, phase: IncidentPhase, incident: &Incident) -> Value {
    let mut line = about(at, "incident", Some(&incident.client));
    line.insert("incident".into(), incident.id.0.into());
    let phase = match phase {
        IncidentPhase::Complete => "complete",
        IncidentPhase::Notified => "notified",
        IncidentPhase::Overdue => "overdue",
        IncidentPhase::Recovered => "recovered",
    };
    line.insert("phase".into(), phase.into());
    line.insert("cause".into(), incident.cause.name().into());
    line.insert("evidence".into(), incident.evidence.name().into());
    if let Some(fault) = incident.fault {
        line.insert("fault".into(), fault.name().into());
    }
    // Milliseconds since the first hop that was seen, with microseconds behind the point.
    let hops: Map<String, Value> =
        incident.hops.seen().map(|(hop, after)| (hop.name().to_owned(), json!(milliseconds(after)))).collect();
    line.insert("hops".into(), hops.into());
    if !incident.missing.is_empty() {
        let missing: Vec<&str> = incident.missing.iter().map(|hop: &Hop| hop.name()).collect();
        line.insert("missing".into(), missing.into());
    }
    if incident.wills > 1 {
        line.insert("wills".into(), incident.wills.into());
    }
    line.into()
}

/// To the microsecond, without the digits that binary fractions would add.
#[expect(clippy::cast_precision_loss, reason = "2^53 microseconds are 285 years")]
fn milliseconds(time: Duration) -> f64 {
    time.as_micros() as f64 / 1_000.0
}

fn head(at: Moment, event: &str) -> Map<String, Value> {
    let mut line = Map::new();
    line.insert("time".into(), at.to_string().into());
    line.insert("event".into(), event.into());
    line
}

fn about(at: Moment, event: &str, device: Option<&ClientId>) -> Map<String, Value> {
    let mut line = head(at, event);
    line.insert("device".into(), device.map(ClientId::as_str).into());
    line
}

/// The message's fields. A payload that is no UTF-8 is escaped, and says so with its true length.
fn describe(message: &Incoming, line: &mut Map<String, Value>) {
    line.insert("topic".into(), message.topic.as_ref().into());
    line.insert("qos".into(), message.qos.as_u8().into());
    line.insert("retain".into(), message.retain.into());
    if let Ok(text) = std::str::from_utf8(&message.payload) {
        line.insert("payload".into(), text.into());
    } else {
        line.insert("payload".into(), message.payload.escape_ascii().to_string().into());
        line.insert("payload_escaped".into(), true.into());
        line.insert("payload_bytes".into(), message.payload.len().into());
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
        let line = line(&Change::Message { message, role: Role::Will, device: None }, &fleet).unwrap();
        assert_eq!(
            line.to_string(),
            r#"{"time":"2019-11-06T01:03:50.757Z","event":"message","device":null,"role":"will","topic":"/last/will/topic","qos":0,"retain":true,"payload":"\\xff\\x00ok\\n","payload_escaped":true,"payload_bytes":5}"#
        );
    }
}
