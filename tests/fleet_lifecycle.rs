//! Devices of which only the broker's presence events and their wills are seen, as on AWS IoT Core.

use bytes::Bytes;
use lwtop::clock::Moment;
use lwtop::convention::Topics;
use lwtop::fleet::{Change, Evidence, Fleet, Hop, Incident, Incoming, LinkEvent, Presence, Report};
use lwtop::hub::core::{Hub, Step};
use lwtop::mqtt::{Cause, Qos};
use lwtop::rules::RuleSet;

/// lwtop in front of AWS IoT Core, and its clock in milliseconds.
struct Watch {
    hub: Hub,
    now: u64,
    changes: Vec<Change>,
}

impl Watch {
    fn new() -> Self {
        let filter = |text: &str| text.parse().unwrap();
        let topics = Topics {
            will: filter("/last/will/topic"),
            connected: filter("/lwt/connected/topic"),
            executed: filter("/lwt/executed"),
        };
        let mut watch = Self { hub: Hub::new(topics, RuleSet::default(), false), now: 5_000_000, changes: Vec::new() };
        let at = watch.at();
        watch.tell(Report::Link(LinkEvent::Up { at }));
        watch
    }

    fn at(&self) -> Moment {
        Moment::from_millis(self.now)
    }

    fn tell(&mut self, report: Report) {
        let mut step = Step::default();
        self.hub.step(report, self.at(), &mut step);
        self.changes.append(&mut step.changes);
    }

    fn hear(&mut self, topic: &str, payload: &str) {
        self.tell(Report::Incoming(vec![Incoming {
            at: self.at(),
            topic: topic.into(),
            payload: Bytes::copy_from_slice(payload.as_bytes()),
            qos: Qos::AtMostOnce,
            retain: false,
            publisher: None,
            source: None,
            properties: None,
        }]));
    }

    fn event(&mut self, kind: &str, version: u64, reason: &str) {
        self.event_made(kind, version, reason, self.now);
    }

    fn event_made(&mut self, kind: &str, version: u64, reason: &str, made: u64) {
        let field = if kind == "connect_failed" { "connectFailureReason" } else { "disconnectReason" };
        let event = serde_json::json!({
            "clientId": "lwtThing", "timestamp": made, "eventType": kind, "sessionIdentifier": "00000000",
            "principalIdentifier": "012345", "versionNumber": version, field: reason,
        });
        self.hear(&format!("$aws/events/presence/{kind}/lwtThing"), &event.to_string());
    }

    fn will(&mut self) {
        self.hear("/last/will/topic", r#"{"state": {"reported": {"client_id": "lwtThing"}}}"#);
    }

    fn wait(&mut self, millis: u64) {
        self.now += millis;
        let mut step = Step::default();
        self.hub.tick(&mut Vec::new(), self.at(), &mut step);
        self.changes.append(&mut step.changes);
    }

    fn fleet(&self) -> &Fleet {
        self.hub.fleet()
    }

    fn presence(&self) -> (Presence, Option<Evidence>) {
        let device = self.fleet().device(self.fleet().find("lwtThing").unwrap()).unwrap();
        (device.presence, device.evidence)
    }

    fn incidents(&self) -> Vec<&Incident> {
        self.fleet().incidents().newest().collect()
    }

    fn offlines(&self) -> usize {
        self.changes.iter().filter(|change| matches!(change, Change::Offline { .. })).count()
    }
}

const LOST: Presence = Presence::Offline { cause: Cause::ConnectionLost };

#[test]
fn a_disconnect_is_believed_when_nothing_newer_came_for_five_seconds() {
    let mut watch = Watch::new();
    watch.event("connected", 3, "");
    assert_eq!(watch.presence(), (Presence::Online, Some(Evidence::Lifecycle)));
    watch.event("disconnected", 3, "CONNECTION_LOST");
    assert_eq!(watch.presence().0, Presence::Overdue);
    watch.wait(4_900);
    assert_eq!((watch.presence().0, watch.offlines()), (Presence::Overdue, 0));
    watch.wait(200);
    assert_eq!((watch.presence(), watch.offlines()), ((LOST, Some(Evidence::Lifecycle)), 1));
    assert_eq!(watch.incidents().len(), 1);
}

#[test]
fn a_device_that_is_back_at_once_was_never_gone() {
    let mut watch = Watch::new();
    watch.event("connected", 3, "");
    watch.event("disconnected", 3, "CONNECTION_LOST");
    watch.wait(1_000);
    watch.event("connected", 4, "");
    watch.wait(10_000);
    assert_eq!((watch.presence().0, watch.offlines(), watch.incidents().len()), (Presence::Online, 0, 0));
}

#[test]
fn the_will_settles_it_in_either_order() {
    for will_first in [false, true] {
        let mut watch = Watch::new();
        watch.event("connected", 3, "");
        watch.wait(1_000);
        if will_first {
            watch.will();
            assert_eq!(watch.offlines(), 0, "how it went is not known yet");
            watch.wait(100);
            watch.event("disconnected", 3, "CONNECTION_LOST");
        } else {
            watch.event("disconnected", 3, "CONNECTION_LOST");
            watch.wait(100);
            watch.will();
        }
        assert_eq!((watch.presence().0, watch.offlines()), (LOST, 1), "will first: {will_first}");
        watch.wait(20_000);
        let incidents = watch.incidents();
        assert_eq!((incidents.len(), watch.offlines()), (1, 1), "will first: {will_first}");
        assert!(incidents[0].hops.get(Hop::Will).is_some() && incidents[0].hops.get(Hop::Detected).is_some());
        assert_eq!((incidents[0].cause, incidents[0].wills), (Cause::ConnectionLost, 1));
    }
}

#[test]
fn a_will_without_a_presence_event_is_a_death_all_the_same() {
    let mut watch = Watch::new();
    watch.event("connected", 3, "");
    watch.will();
    watch.wait(2_100);
    assert_eq!((watch.presence().0, watch.offlines()), (Presence::Offline { cause: Cause::Unknown }, 1));
    watch.event("disconnected", 3, "MQTT_KEEP_ALIVE_TIMEOUT");
    assert_eq!(watch.presence().0, Presence::Offline { cause: Cause::KeepAliveTimeout }, "now it is known how");
    assert_eq!((watch.incidents().len(), watch.offlines()), (1, 1));
}

#[test]
fn a_late_will_belongs_to_the_death_that_was_believed() {
    let mut watch = Watch::new();
    watch.event("connected", 3, "");
    watch.event("disconnected", 3, "CONNECTION_LOST");
    watch.wait(5_100);
    watch.wait(1_000);
    watch.will();
    let incidents = watch.incidents();
    assert_eq!((incidents.len(), incidents[0].wills, watch.offlines()), (1, 1, 1));
}

#[test]
fn duplicates_and_late_events_say_nothing_new() {
    let mut watch = Watch::new();
    watch.event("connected", 4, "");
    watch.event("disconnected", 3, "CONNECTION_LOST");
    watch.event("connected", 4, "");
    watch.wait(10_000);
    assert_eq!((watch.presence().0, watch.changes.len()), (Presence::Online, 2 + 3), "{:?}", watch.changes);
    watch.event("disconnected", 4, "CLIENT_INITIATED_DISCONNECT");
    watch.event("disconnected", 4, "CLIENT_INITIATED_DISCONNECT");
    watch.event("connected", 4, "");
    assert_eq!(watch.presence().0, Presence::Offline { cause: Cause::ClientInitiatedDisconnect });
    assert_eq!((watch.offlines(), watch.incidents().len()), (1, 0));
}

#[test]
fn versions_begin_anew_after_a_long_absence() {
    let mut watch = Watch::new();
    watch.event("connected", 9, "");
    watch.event("disconnected", 9, "CLIENT_INITIATED_DISCONNECT");
    watch.event_made("connected", 0, "", watch.now + 60_000);
    assert_ne!(watch.presence().0, Presence::Online, "a minute later it is a late event");
    watch.event_made("connected", 0, "", watch.now + 3_700_000);
    assert_eq!(watch.presence().0, Presence::Online);
}

#[test]
fn what_is_no_presence_event_is_only_a_message() {
    let mut watch = Watch::new();
    for (topic, payload) in [
        ("$aws/events/presence/connected/x", "no json"),
        ("$aws/events/presence/connected/x", "{}"),
        ("$aws/events/presence/connected/x", r#"{"clientId": "", "eventType": "connected"}"#),
        ("$aws/events/presence/disconnected/x", r#"{"clientId": "x", "eventType": "connected"}"#),
        ("$aws/events/presence/other/x", r#"{"clientId": "x", "eventType": "other"}"#),
        ("$aws/events/presence/connected/x", r#"{"clientId": "x", "eventType": "connected", "timestamp": -1}"#),
    ] {
        watch.hear(topic, payload);
    }
    watch.event("connect_failed", 0, "AUTH_ERROR");
    assert!(watch.fleet().is_empty());
}
