use super::*;
use crate::fleet::{Hops, IncidentId, Incoming};
use crate::mqtt::{Cause, Fault, Qos};
use crate::rules::Facts;
use bytes::Bytes;

const START: u64 = 1_573_002_230_757;

fn job(device: Option<&str>, cause: Option<Cause>, after: u64) -> Job {
    let at = Moment::from_millis(START + after);
    let payload = Bytes::from_static(br#"{"state": {"reported": {"last_will": "yes", "n": 1.10}}, "tags": []}"#);
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
    let facts = Facts { rule: "lastWillRule".into(), device: device.map(ClientId::new), cause, at, ..Facts::default() };
    Job { at, incident: None, facts, message, output: payload, statement: None }
}

fn group(devices: usize, more: u64) -> Group {
    let one = |index| job(Some(&format!("d-{index}")), Some(Cause::ConnectionLost), index as u64 * 50);
    Group { jobs: (0..devices).map(one).collect(), more }
}

#[test]
fn headlines_say_who_and_how_many() {
    let twice = |group: Group| Group { jobs: [&group.jobs[..], &group.jobs].concat(), ..group };
    let left = Some(Cause::ClientInitiatedDisconnect);
    let single = |device, cause| Group { jobs: vec![job(device, cause, 0)], more: 0 };
    for (group, wanted) in [
        (single(Some("lwtThing"), Some(Cause::KeepAliveTimeout)), "lwtThing: keep alive ran out"),
        (single(Some(""), None), "(empty client id): lastWillRule matched"),
        (single(None, None), "lastWillRule matched a message on /last/will/topic"),
        (single(Some("a\r\nBcc: b\u{202e}"), None), r"a\r\nBcc: b\u{202e}: lastWillRule matched"),
        (group(2, 0), "2 devices lost in 0.1 s: d-0 and d-1"),
        (group(3, 0), "3 devices lost in 0.1 s: d-0, d-1 and d-2"),
        (group(41, 0), "41 devices lost in 2 s: d-0, d-1 and 39 more"),
        (group(21, 9_979), "10 000 deaths in 1 s: d-0, d-1 and 9 998 more"),
        (group(1, 3), "4 deaths at once: d-0 and 3 more"),
        (twice(group(1, 0)), "d-0: lost 2 times at once"),
        (twice(single(Some("d"), left)), "d: lastWillRule matched 2 times at once"),
    ] {
        assert_eq!(headline(&group).replace('\u{a0}', " "), wanted);
    }
}

#[test]
fn a_story_names_device_cause_and_times() {
    let mut hops = Hops::default();
    let at = |micros: u64| Moment::from_micros(START * 1_000 + micros);
    hops.set(Hop::Cut, at(0));
    hops.set(Hop::Detected, at(140));
    hops.set(Hop::Will, at(45_010_000));
    let mut job = job(Some("lwtThing"), Some(Cause::ConnectionLost), 45_012);
    job.facts = Facts { hops, fault: Some(Fault::Rst), description: Some("tells a person".into()), ..job.facts };
    job.incident = Some(IncidentId(7));
    insta::assert_snapshot!(story(&job).replace('\u{a0}', " "));
}

#[test]
fn payloads_are_readable_and_bounded() {
    let deep = format!("{}1{}", "[".repeat(1_000), "]".repeat(1_000));
    for (payload, wanted) in [
        (&b""[..], "(empty)"),
        (b"[ ]", "[]"),
        (
            b"{\"a\":1e400,\"b\":[1,{}],\"c d\":\"x\\\" ,{}\"}",
            "{\n  \"a\": 1e400,\n  \"b\": [\n    1,\n    {}\n  ],\n  \"c d\": \"x\\\" ,{}\"\n}",
        ),
        (b"12345678901234567890123.10", "12345678901234567890123.10"),
        (b"two\nlines\x1b\xff", "two\nlines\\u{1b}\\xff"),
        ("\"\u{202e}\"".as_bytes(), "\"\\u{202e}\""),
    ] {
        assert_eq!(readable(payload, 1_000), wanted);
    }
    for large in [deep.into_bytes(), vec![b'x'; 10 << 20], vec![0xff; 10 << 20]] {
        let text = readable(&large, 1_000);
        assert!(text.len() < 1_100 && text.ends_with(" bytes in all)"), "{} bytes: …{}", text.len(), &text[900..]);
    }
}
