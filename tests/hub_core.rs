//! The hub's state machine: what it publishes, and whom it believes.

#[path = "hub_core/storm.rs"]
mod storm;

use bytes::Bytes;
use lwtop::clock::Moment;
use lwtop::convention::Topics;
use lwtop::fleet::{Change, Closed, Incoming, LinkEvent, Opened, Refuser, Report, SessionEvent, Via};
use lwtop::hub::core::{Hub, Step};
use lwtop::mqtt::{Cause, ClientId, ConnId, KeepAlive, Protocol, Qos};
use lwtop::rules::{Action, Rule, RuleSet};
use lwtop::wiring::Activity;
use serde_json::Value;

const WILL: &str = r#"{"state": {"reported": {"last_will": "yes", "trigger_action": "on", "client_id": "lwtThing"}}}"#;

fn at(millis: u64) -> Moment {
    Moment::from_millis(1_000_000 + millis)
}

fn topics() -> Topics {
    Topics {
        will: "lwt/+/will".parse().unwrap(),
        connected: "lwt/+/connected".parse().unwrap(),
        executed: "lwt/executed".parse().unwrap(),
    }
}

fn article() -> RuleSet {
    RuleSet::article(&topics().will, &"lwt/executed".parse().unwrap())
}

fn hub(rules: RuleSet, embedded: bool) -> Hub {
    let mut hub = Hub::new(topics(), rules, embedded);
    step(&mut hub, Report::Link(LinkEvent::Up { at: at(0) }), 0);
    hub
}

fn step(hub: &mut Hub, report: Report, millis: u64) -> Step {
    let mut step = Step::default();
    hub.step(report, at(millis), &mut step);
    step
}

fn incoming(topic: &str, payload: &str, retain: bool) -> Report {
    Report::Incoming(vec![Incoming {
        at: at(1),
        topic: topic.into(),
        payload: Bytes::copy_from_slice(payload.as_bytes()),
        qos: Qos::AtMostOnce,
        retain,
        publisher: None,
        source: None,
        properties: None,
    }])
}

fn opened(conn: u64) -> Report {
    opened_via(conn, Via::default())
}

fn opened_via(conn: u64, via: Via) -> Report {
    Report::Session(SessionEvent::Opened(Box::new(Opened {
        at: at(1),
        conn: ConnId(conn),
        client: "press-7".into(),
        peer: Some("127.0.0.1:50000".parse().unwrap()),
        protocol: Protocol::V5,
        keep_alive: KeepAlive(30),
        clean: true,
        will: None,
        nameless: false,
        via,
    })))
}

fn closed(conn: u64) -> Report {
    Report::Session(SessionEvent::Closed(Box::new(Closed {
        at: at(2),
        cut: None,
        conn: ConnId(conn),
        client: "press-7".into(),
        cause: Cause::KeepAliveTimeout,
        how: "silence",
        rest: Activity::default(),
    })))
}

fn executed_of(step: &Step) -> Vec<Option<ClientId>> {
    let device = |change: &Change| match change {
        Change::Executed { device, .. } => Some(device.clone()),
        _ => None,
    };
    step.changes.iter().filter_map(device).collect()
}

#[test]
fn the_rule_republishes_the_will_as_it_is() {
    let mut hub = hub(article(), true);
    let step = step(&mut hub, incoming("lwt/a/will", WILL, false), 1);
    assert_eq!(step.publish.len(), 1);
    assert_eq!((step.publish[0].topic.as_str(), &step.publish[0].payload[..]), ("lwt/executed", WILL.as_bytes()));
}

#[test]
fn a_rule_is_not_run_on_a_retained_message() {
    let mut hub = hub(article(), true);
    assert!(step(&mut hub, incoming("lwt/a/will", WILL, true), 1).publish.is_empty());
}

#[test]
fn a_republish_that_names_nobody_is_still_somebodys() {
    let executed = Action::republish(&"lwt/executed".parse().unwrap());
    let rule = Rule::new("any", "SELECT * FROM 'lwt/+/will'".parse().unwrap()).doing(executed);
    let mut hub = hub(RuleSet::new(vec![rule]), true);
    assert_eq!(step(&mut hub, incoming("lwt/a/will", "gone", false), 1).publish.len(), 1);
    assert_eq!(step(&mut hub, incoming("lwt/b/will", "gone", false), 2).publish.len(), 1);
    let first = step(&mut hub, incoming("lwt/executed", "gone", false), 3);
    let second = step(&mut hub, incoming("lwt/executed", "gone", false), 4);
    assert_eq!(executed_of(&first), [Some("a".into())]);
    assert_eq!(executed_of(&second), [Some("b".into())]);
    let third = step(&mut hub, incoming("lwt/executed", "gone", false), 5);
    assert_eq!(executed_of(&third), [None], "nobody's: it is not guessed");
}

#[test]
fn the_embedded_broker_publishes_lifecycle_events_with_rising_versions() {
    let mut hub = hub(article(), true);
    let mut events = Vec::new();
    for conn in 1..=2 {
        events.extend(step(&mut hub, opened(conn), 1).publish);
        events.extend(step(&mut hub, closed(conn), 2).publish);
    }
    let topics: Vec<&str> = events.iter().map(|event| event.topic.as_str()).collect();
    let connected = "$aws/events/presence/connected/press-7";
    let disconnected = "$aws/events/presence/disconnected/press-7";
    assert_eq!(topics, [connected, disconnected, connected, disconnected]);
    let json: Vec<Value> = events.iter().map(|event| serde_json::from_slice(&event.payload).unwrap()).collect();
    let versions: Vec<u64> = json.iter().map(|event| event["versionNumber"].as_u64().unwrap()).collect();
    assert_eq!(versions, [0, 0, 1, 1]);
    assert_eq!(json[1]["disconnectReason"], "MQTT_KEEP_ALIVE_TIMEOUT");
    assert_eq!(json[0]["ipAddress"], "127.0.0.1");
}

#[test]
fn lifecycle_events_name_whose_certificate_was_shown() {
    let mut hub = hub(article(), true);
    let principal = |step: &Step| {
        let event: Value = serde_json::from_slice(&step.publish[0].payload).unwrap();
        event["principalIdentifier"].as_str().unwrap().to_owned()
    };
    let via = Via { identity: Some("press-7.example".into()), ..Via::default() };
    assert_eq!(principal(&step(&mut hub, opened_via(1, via), 1)), "press-7.example");
    // The second takes over without one: each end has its own.
    assert_eq!(principal(&step(&mut hub, opened(2), 2)), "anonymous");
    assert_eq!(principal(&step(&mut hub, closed(1), 3)), "press-7.example");
    assert_eq!(principal(&step(&mut hub, closed(2), 4)), "anonymous");
}

#[test]
fn a_refusal_is_told_by_whom_and_a_flood_of_them_is_counted() {
    let mut hub = hub(article(), true);
    let unavailable = "the broker behind the gateway, 127.0.0.1:1883, cannot be reached";
    let refused = |client: String, by, why: &str| {
        Report::Session(SessionEvent::Refused { at: at(1), client: ClientId::new(client), by, why: why.to_owned() })
    };
    let mut notices = Vec::new();
    for n in 0..100 {
        notices.extend(step(&mut hub, refused(format!("d{n}"), Refuser::Gateway, unavailable), 1).notices);
    }
    notices.extend(step(&mut hub, refused("x".to_owned(), Refuser::Broker, "not authorized"), 2).notices);
    assert_eq!(
        notices,
        [format!("d0 did not get in: {unavailable}"), "the broker refused x: not authorized".to_owned()]
    );
    assert_eq!((hub.refused(), hub.next_deadline()), (101, Some(at(5_001))));
    let mut later = Step::default();
    hub.tick(&mut Vec::new(), at(5_001), &mut later);
    assert_eq!(later.notices, [format!("99 more did not get in: {unavailable}")]);
    assert_eq!(hub.next_deadline(), None, "an idle hub sleeps");
}

#[test]
fn another_broker_has_its_own_lifecycle_events() {
    let mut hub = hub(RuleSet::default(), false);
    assert!(step(&mut hub, opened(1), 1).publish.is_empty());
    assert!(step(&mut hub, closed(1), 2).publish.is_empty());
}

#[test]
fn a_takeover_closes_the_older_version() {
    let mut hub = hub(article(), true);
    step(&mut hub, opened(1), 1);
    step(&mut hub, opened(2), 2);
    let event = step(&mut hub, closed(1), 3).publish.remove(0);
    let json: Value = serde_json::from_slice(&event.payload).unwrap();
    assert_eq!(json["versionNumber"], 0);
}

#[test]
fn a_rule_does_not_hear_itself() {
    let any = || {
        let again = Action::republish(&"lwt/again/will".parse().unwrap());
        RuleSet::new(vec![Rule::new("any", "SELECT * FROM 'lwt/#'".parse().unwrap()).doing(again)])
    };
    let mut hub = hub(any(), true);
    assert_eq!(step(&mut hub, incoming("lwt/a/will", WILL, false), 1).publish.len(), 1);
    assert!(step(&mut hub, incoming("lwt/again/will", WILL, false), 2).publish.is_empty(), "its own republish");
    assert_eq!(step(&mut hub, incoming("lwt/again/will", WILL, false), 3).publish.len(), 1, "somebody else's");
}
