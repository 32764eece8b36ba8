use super::*;
use crate::clock::Moment;
use crate::fleet::{Closed, Event, Fleet, Incoming, LinkEvent, Meaning, Opened, Role, SessionEvent, Settings};
use crate::mqtt::{Cause, ClientId, ConnId, KeepAlive, Protocol, Qos};
use crate::wiring::Activity;
use proptest::prelude::*;

const NOW: Moment = Moment::from_millis(1_000_000);

/// `press-7` is online and has spoken, `press-8` was cut, `Prüfstand` left.
fn fleet() -> Fleet {
    let mut fleet = Fleet::new(Settings { will: "/last/will/topic".parse().unwrap(), rules: false });
    let mut apply = |event| fleet.apply(event, NOW, &mut Vec::new());
    apply(Event::Link(LinkEvent::Up { at: NOW }));
    for (number, id) in ["press-7", "press-8", "Prüfstand"].into_iter().enumerate() {
        let conn = ConnId(number as u64);
        apply(Event::Session(SessionEvent::Opened(Box::new(Opened {
            at: NOW,
            conn,
            client: id.into(),
            peer: None,
            protocol: Protocol::V311,
            keep_alive: KeepAlive(30),
            clean: true,
            will: None,
            nameless: false,
            via: crate::fleet::Via::default(),
        }))));
        let cause = [None, Some(Cause::ConnectionLost), Some(Cause::ClientInitiatedDisconnect)][number];
        if let Some(cause) = cause {
            let rest = Activity::default();
            let closed = Closed { at: NOW, cut: Some(NOW), conn, client: id.into(), cause, how: "FIN", rest };
            apply(Event::Session(SessionEvent::Closed(Box::new(closed))));
        }
    }
    apply(Event::Message(hello(), Meaning { role: Role::Connected, device: Some("press-7".into()) }, Vec::new()));
    fleet
}

fn hello() -> Incoming {
    Incoming {
        at: NOW,
        topic: "devices/press-7/hello".into(),
        payload: "{\"message\": \"Guten Tag\"}".into(),
        qos: Qos::AtMostOnce,
        retain: false,
        publisher: None,
        source: None,
        properties: None,
    }
}

fn shown(text: &str) -> Vec<String> {
    let filter = Filter::parse(text);
    assert_eq!(filter.complaint(), None, "{text}");
    let fleet = fleet();
    fleet.devices().filter(|device| filter.matches_device(device)).map(|device| device.id.as_str().to_owned()).collect()
}

#[test]
fn terms_are_all_to_hold() {
    for (text, wanted) in [
        ("", &["press-7", "press-8", "Prüfstand"][..]),
        ("press", &["press-7", "press-8"]),
        ("PRESS 8", &["press-8"]),
        ("prÜf", &["Prüfstand"]),
        ("!press", &["Prüfstand"]),
        ("presence:offline", &["press-8", "Prüfstand"]),
        ("presence:off,online id~press", &["press-7", "press-8"]),
        ("!presence:offline", &["press-7"]),
        ("cause:left", &["Prüfstand"]),
        ("cause:cut", &["press-8"]),
        ("cause:connection-lost", &["press-8"]),
        ("\"left cleanly\"", &["Prüfstand"]),
        ("offline", &["press-8", "Prüfstand"]),
        ("id:press-7", &["press-7"]),
        ("id:press", &[]),
        ("id~7", &["press-7"]),
        ("topic:devices/+/hello", &["press-7"]),
        ("topic~PRESS-7/", &["press-7"]),
        ("\"guten tag\"", &["press-7"]),
        ("!\"guten tag\" presence:online", &[]),
        ("fault:none evidence:wire", &["press-7", "press-8", "Prüfstand"]),
        ("fault:any", &[]),
        ("origin:launched", &[]),
    ] {
        assert_eq!(shown(text), wanted, "{text}");
    }
}

#[test]
fn keep_alive_is_written_in_many_ways() {
    for text in ["cause:keepalive", "cause:keep_alive", "cause:keep-alive-timeout", "cause:\"keep alive ran out\""] {
        assert_eq!(Filter::parse(text).terms, Filter::parse("cause:timeout").terms, "{text}");
    }
    assert_ne!(Filter::parse("cause:left").terms, Filter::parse("cause:leftwithwill").terms);
}

#[test]
fn what_makes_no_sense_hides_nothing_and_is_explained() {
    for (text, wanted) in [
        ("presence:", "online, overdue, offline or unknown"),
        ("presence:x", "there is no x"),
        ("presense:offline", "did you mean presence:?"),
        ("cause:none", "cut, keepalive"),
        ("id~", "wants a text"),
        ("topic:a/#/b", "topic: "),
        ("fault:explode", "leave-with-will"),
    ] {
        let filter = Filter::parse(text);
        assert!(filter.is_empty(), "{text}");
        assert!(filter.complaint().is_some_and(|why| why.contains(wanted)), "{text}: {:?}", filter.complaint());
    }
    // What is right beside it holds.
    assert!(!Filter::parse("presence: press").is_empty());
    // Text with a colon in it is text where it cannot be a term.
    for text in ["12:04", "\"presence:x\"", "/a:b", "!", "\""] {
        assert_eq!(Filter::parse(text).complaint(), None, "{text}");
    }
}

#[test]
fn incidents_and_messages_are_asked_for_their_own_and_for_their_device() {
    let fleet = fleet();
    let incident = fleet.incidents().newest().next().unwrap();
    let device = |id: &str| fleet.find(id).and_then(|key| fleet.device(key));
    let yes = |text: &str| Filter::parse(text).matches_incident(incident, device("press-8"));
    assert!(yes("cause:cut id~press presence:offline") && !yes("missing:will"));
    assert!(!yes("cause:left") && !yes("presence:online") && !yes("fault:any"));
    assert!(!Filter::parse("presence:offline").matches_incident(incident, None), "nothing is known of its presence");

    let entry = &fleet.feed(Role::Connected).entries()[0];
    let yes = |text: &str| Filter::parse(text).matches_message(entry, device("press-7"));
    assert!(yes("topic:devices/# guten presence:online") && yes("connected"));
    assert!(!yes("presence:offline") && !yes("press-8"));
    assert_eq!(entry.device, Some(ClientId::from("press-7")));
}

#[test]
fn a_change_of_a_presence_is_asked_for_what_it_became() {
    let fleet = fleet();
    let shown = |text: &str| {
        let filter = Filter::parse(text);
        fleet.news().entries().iter().filter(|news| filter.matches_news(news)).count()
    };
    // The link, three that came, one that was cut, and one that left.
    assert_eq!((shown(""), shown("presence:online"), shown("cause:cut"), shown("id~press")), (6, 3, 1, 3));
    assert_eq!((shown("\"link up\""), shown("wire"), shown("\"left cleanly\"")), (1, 5, 1));
}

#[test]
fn text_is_found_at_any_place_in_any_bytes() {
    for (text, wanted, found) in [
        (&b"abc"[..], "C", true),
        (b"abc", "abcd", false),
        (b"", "a", false),
        (b"\xff\xfexyz", "Z", true),
        ("Prüfstand".as_bytes(), "ÜF", true),
    ] {
        assert_eq!(Needle::new(wanted).is_in(text), found, "{wanted}");
    }
}

proptest! {
    #[test]
    fn any_text_is_a_filter(text in "[ -~ü]{0,40}") {
        let filter = Filter::parse(&text);
        let fleet = fleet();
        let inverse = Filter::parse(&format!("!{text}"));
        for device in fleet.devices() {
            let shown = filter.matches_device(device);
            // A single word and its inverse are never both true.
            let single = filter.terms.len() == 1 && inverse.terms.len() == 1 && filter.complaint.is_none();
            if single && !text.starts_with(['!', ' ']) {
                prop_assert_ne!(shown, inverse.matches_device(device));
            }
        }
    }
}
