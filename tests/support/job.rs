//! Events for actions.

#![allow(dead_code, reason = "not every test file needs every part")]

use bytes::Bytes;
use lwtop::actions::{Group, Job};
use lwtop::clock::Moment;
use lwtop::fleet::{Hop, Hops, IncidentId, Incoming};
use lwtop::mqtt::{Cause, ClientId, Qos};
use lwtop::rules::Facts;
use std::time::Duration;

/// The will of the article's device.
pub const WILL: &str =
    r#"{"state": {"reported": {"last_will": "yes", "trigger_action": "on", "client_id": "lwtThing"}}}"#;

pub const START: Moment = Moment::from_millis(1_573_002_230_757);

/// A device lost its connection; the statement selected the message as it was.
pub fn job(device: &str, after: Duration, payload: impl AsRef<[u8]>) -> Job {
    let at = START + after;
    let mut hops = Hops::default();
    hops.set(Hop::Cut, at);
    hops.set(Hop::Will, at + Duration::from_millis(3));
    let payload = Bytes::copy_from_slice(payload.as_ref());
    let facts = Facts {
        rule: "lastWillRule".into(),
        device: Some(ClientId::new(device)),
        cause: Some(Cause::ConnectionLost),
        hops,
        at,
        ..Facts::default()
    };
    let message = Incoming {
        at,
        topic: "/last/will/topic".into(),
        payload: payload.clone(),
        qos: Qos::AtMostOnce,
        retain: false,
        publisher: None,
        source: None,
        properties: None,
    };
    Job { at, incident: Some(IncidentId(1)), facts, message, output: payload, statement: None }
}

/// One event.
pub fn single(payload: &str) -> Group {
    Group { jobs: vec![job("lwtThing", Duration::ZERO, payload)], more: 0 }
}

/// Many devices, 50 ms apart, with the number of each as its payload.
pub fn many(devices: u32, more: u64) -> Group {
    let one =
        |index| job(&format!("lwtThing-{index}"), Duration::from_millis(50) * index, format!("{{\"n\": {index}}}"));
    Group { jobs: (0..devices).map(one).collect(), more }
}
