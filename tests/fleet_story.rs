//! The fleet is told stories, event by event with made-up times, and has to know how each device went away.

use bytes::Bytes;
use lwtop::clock::Moment;
use lwtop::fleet::wills::{Firing, falls_to_takeover, firing};
use lwtop::fleet::{
    Change, Closed, Connection, DeviceEvent, Event, Evidence, Fleet, Hop, Incident, IncidentPhase, Incoming, LinkEvent,
    Meaning, Opened, Presence, Refuser, Role, RuleOutcome, SessionEvent, Settings, Via, WillSent,
};
use lwtop::mqtt::{Cause, ClientId, ConnId, Fault, KeepAlive, Protocol, Qos, Will};
use lwtop::wiring::Activity;
use std::time::Duration;

const WILL_TOPIC: &str = "/last/will/topic";

/// A fleet and its clock, in milliseconds.
struct Story {
    fleet: Fleet,
    now: u64,
    changes: Vec<Change>,
}

impl Story {
    fn new() -> Self {
        let fleet = Fleet::new(Settings { will: WILL_TOPIC.parse().unwrap(), rules: true });
        let mut story = Self { fleet, now: 1_000_000, changes: Vec::new() };
        story.tell(Event::Link(LinkEvent::Up { at: story.at() }));
        story
    }

    fn at(&self) -> Moment {
        Moment::from_millis(self.now)
    }

    fn tell(&mut self, event: Event) {
        self.fleet.apply(event, self.at(), &mut self.changes);
    }

    fn wait(&mut self, millis: u64) {
        self.now += millis;
        self.fleet.tick(self.at(), &mut self.changes);
    }

    fn open(&mut self, client: &str, conn: u64, will: Option<Will>) {
        self.tell(Event::Session(SessionEvent::Opened(Box::new(Opened {
            at: self.at(),
            conn: ConnId(conn),
            client: client.into(),
            peer: None,
            protocol: Protocol::V311,
            keep_alive: KeepAlive(30),
            clean: true,
            will,
            nameless: false,
            via: Via::default(),
        }))));
    }

    /// What a stream would call the device last: its last `online`, `overdue` or `offline`.
    fn last_word(&self) -> &'static str {
        self.words().last().expect("a presence")
    }

    fn words(&self) -> Vec<&'static str> {
        let word = |change: &Change| match change {
            Change::Online { .. } => Some("online"),
            Change::Overdue { .. } => Some("overdue"),
            Change::Offline { .. } => Some("offline"),
            _ => None,
        };
        self.changes.iter().filter_map(word).collect()
    }

    fn link(&mut self, up: bool) {
        let at = self.at();
        self.tell(Event::Link(if up { LinkEvent::Up { at } } else { LinkEvent::Down { at, why: "gone".into() } }));
    }

    fn fault(&mut self, client: &str, fault: Fault) {
        self.tell(Event::Device(DeviceEvent::Faulted { at: self.at(), client: client.into(), fault }));
    }

    fn spared(&mut self, client: &str) {
        let why = "refused".to_owned();
        self.tell(Event::Device(DeviceEvent::Spared { at: self.at(), client: client.into(), why }));
    }

    fn close(&mut self, client: &str, conn: u64, cause: Cause) {
        let at = self.at();
        self.tell(Event::Session(SessionEvent::Closed(Box::new(Closed {
            at,
            cut: (cause == Cause::ConnectionLost).then_some(at),
            conn: ConnId(conn),
            client: client.into(),
            cause,
            how: "FIN",
            rest: Activity::default(),
        }))));
    }

    fn message(&mut self, role: Role, client: Option<&str>, retain: bool, matched: bool) {
        let at = self.at();
        let topic = match role {
            Role::Will => WILL_TOPIC,
            Role::Executed => "/lwt/executed",
            _ => "/lwt/connected/topic",
        };
        let message = Incoming {
            at,
            topic: topic.into(),
            payload: Bytes::new(),
            qos: Qos::AtMostOnce,
            retain,
            publisher: None,
            source: None,
            properties: None,
        };
        let outcomes = if role == Role::Will && !retain {
            vec![RuleOutcome {
                at,
                name: "lastWillRule".into(),
                matched,
                skipped: false,
                republishes: true,
                notifies: 0,
            }]
        } else {
            Vec::new()
        };
        self.tell(Event::Message(message, Meaning { role, device: client.map(ClientId::from) }, outcomes));
    }

    fn presence(&self, client: &str) -> Presence {
        self.fleet.device(self.fleet.find(client).unwrap()).unwrap().presence
    }

    fn evidence(&self, client: &str) -> Option<Evidence> {
        self.fleet.device(self.fleet.find(client).unwrap()).unwrap().evidence
    }

    fn incident(&self) -> &Incident {
        self.fleet.incidents().newest().next().expect("an incident")
    }

    fn hops(&self) -> Vec<&'static str> {
        self.incident().hops.seen().map(|(hop, _)| hop.name()).collect()
    }

    fn offlines(&self) -> Vec<(Cause, Evidence, WillSent)> {
        let offline = |change: &Change| match change {
            Change::Offline { cause, evidence, will_sent, .. } => Some((*cause, *evidence, *will_sent)),
            _ => None,
        };
        self.changes.iter().filter_map(offline).collect()
    }

    fn phases(&self) -> Vec<IncidentPhase> {
        let phase = |change: &Change| match change {
            Change::Incident { phase, .. } => Some(*phase),
            _ => None,
        };
        self.changes.iter().filter_map(phase).collect()
    }

    fn totals_are_right(&self) {
        let counts = self.fleet.counts();
        let total = counts.online + counts.overdue + counts.offline + counts.unknown;
        assert_eq!(total, self.fleet.len());
    }
}

fn will() -> Will {
    Will { topic: WILL_TOPIC.into(), payload: Bytes::new(), qos: Qos::AtMostOnce, retain: false, delay: Duration::ZERO }
}

#[test]
fn a_cut_runs_through_all_hops_and_recovers() {
    let mut story = Story::new();
    story.open("lwtThing", 1, Some(will()));
    assert_eq!(story.presence("lwtThing"), Presence::Online);
    story.wait(1_000);
    story.tell(Event::Device(DeviceEvent::Faulted { at: story.at(), client: "lwtThing".into(), fault: Fault::Fin }));
    story.wait(1);
    story.close("lwtThing", 1, Cause::ConnectionLost);
    assert_eq!(story.presence("lwtThing"), Presence::Offline { cause: Cause::ConnectionLost });
    assert!(story.offlines().is_empty(), "the stream waits for the will");
    story.wait(2);
    story.message(Role::Will, Some("lwtThing"), false, true);
    assert_eq!(story.offlines(), [(Cause::ConnectionLost, Evidence::Wire, WillSent::Yes)]);
    assert!(story.phases().is_empty(), "executed is still to come");
    story.wait(3);
    story.message(Role::Executed, Some("lwtThing"), false, false);
    assert_eq!(story.phases(), [IncidentPhase::Complete]);
    assert_eq!(story.hops(), ["cut", "detected", "will", "rule", "executed"]);
    assert_eq!(story.incident().after(Hop::Executed), Some(Duration::from_millis(6)));
    story.open("lwtThing", 2, Some(will()));
    assert_eq!(story.phases(), [IncidentPhase::Complete, IncidentPhase::Recovered]);
    assert!(story.incident().recovered());
    assert_eq!(story.incident().wills, 1);
    story.totals_are_right();
}

#[test]
fn an_incident_keeps_the_connection_that_ended() {
    let mut story = Story::new();
    let long = Will { payload: vec![b'x'; 10_000].into(), ..will() };
    story.open("lwtThing", 1, Some(long));
    let active = |story: &mut Story, packets, pings| {
        let activity = Activity { last_packet: story.at(), packets, pings, publishes: 0 };
        story.tell(Event::Activity(ConnId(1), activity));
    };
    story.wait(100);
    active(&mut story, 1, 1);
    let ping = story.at();
    story.wait(100);
    // One of two packets was a PINGREQ: which one was the last is not known.
    active(&mut story, 2, 1);
    let last = story.at();
    story.wait(100);
    story.close("lwtThing", 1, Cause::ConnectionLost);
    story.open("lwtThing", 2, None);
    let kept = story.incident().connection.as_deref().unwrap();
    assert_eq!((kept.protocol, kept.keep_alive, kept.clean), (Protocol::V311, KeepAlive(30), true));
    assert_eq!((kept.last_ping, kept.last_packet), (Some(ping), last));
    assert!(kept.how.is_some());
    let kept = kept.will.as_ref().unwrap();
    assert_eq!((&*kept.topic, kept.payload.len()), (&*will().topic, Connection::KEPT));
}

#[test]
fn leaving_cleanly_is_no_incident() {
    let mut story = Story::new();
    story.open("lwtThing", 1, Some(will()));
    story.close("lwtThing", 1, Cause::ClientInitiatedDisconnect);
    assert_eq!(story.offlines(), [(Cause::ClientInitiatedDisconnect, Evidence::Wire, WillSent::No)]);
    assert_eq!(story.fleet.incidents().total(), 0);
}

#[test]
fn a_device_without_a_will_dies_without_one() {
    let mut story = Story::new();
    story.open("mute", 1, None);
    story.close("mute", 1, Cause::ConnectionLost);
    assert_eq!(story.offlines(), [(Cause::ConnectionLost, Evidence::Wire, WillSent::No)]);
    assert_eq!(story.phases(), [IncidentPhase::Complete]);
}

#[test]
fn a_will_to_another_topic_cannot_be_known() {
    let mut story = Story::new();
    story.open("other", 1, Some(Will { topic: "elsewhere".into(), ..will() }));
    story.close("other", 1, Cause::ConnectionLost);
    assert_eq!(story.offlines(), [(Cause::ConnectionLost, Evidence::Wire, WillSent::Unknown)]);
}

#[test]
fn a_will_that_does_not_come_is_news() {
    let mut story = Story::new();
    story.open("lwtThing", 1, Some(will()));
    story.close("lwtThing", 1, Cause::ConnectionLost);
    story.wait(2_000);
    assert_eq!(story.offlines(), [(Cause::ConnectionLost, Evidence::Wire, WillSent::No)]);
    story.wait(5_000);
    assert_eq!(story.phases(), [IncidentPhase::Overdue]);
    assert_eq!(story.incident().missing, [Hop::Will]);
    // It is late, and still counts.
    story.message(Role::Will, Some("lwtThing"), false, true);
    assert!(story.incident().missing.is_empty());
    assert_eq!(story.incident().wills, 1);
}

#[test]
fn an_executed_that_does_not_come_is_news() {
    let mut story = Story::new();
    story.open("lwtThing", 1, Some(will()));
    story.close("lwtThing", 1, Cause::ConnectionLost);
    story.message(Role::Will, Some("lwtThing"), false, true);
    story.wait(5_000);
    assert_eq!(story.phases(), [IncidentPhase::Overdue]);
    assert_eq!(story.incident().missing, [Hop::Executed]);
}

#[test]
fn whoever_dies_again_ends_the_story_of_the_death_before() {
    let mut story = Story::new();
    story.open("lwtThing", 1, Some(will()));
    story.close("lwtThing", 1, Cause::ConnectionLost);
    story.message(Role::Will, Some("lwtThing"), false, true);
    story.open("lwtThing", 2, Some(will()));
    story.wait(1);
    assert!(story.phases().is_empty(), "executed is awaited, and in time");
    story.close("lwtThing", 2, Cause::ConnectionLost);
    assert!(story.phases().is_empty(), "neither complete nor late");
    let before = story.fleet.incidents().newest().nth(1).unwrap();
    assert!(before.reported && before.missing.is_empty() && before.awaited.is_empty());
    story.wait(6_000);
    assert_eq!(story.phases(), [IncidentPhase::Overdue]);
    assert_eq!(story.incident().missing, [Hop::Will]);
}

#[test]
fn a_will_that_names_nobody_is_that_of_the_first_death_that_had_it() {
    let mut story = Story::new();
    story.open("a", 1, Some(Will { payload: "other".into(), ..will() }));
    story.open("b", 2, Some(will()));
    story.open("c", 3, Some(will()));
    for (id, conn) in [("a", 1), ("b", 2), ("c", 3)] {
        story.close(id, conn, Cause::ConnectionLost);
    }
    story.message(Role::Will, None, true, false);
    assert!(story.offlines().is_empty(), "a retained one is from before");
    story.message(Role::Will, None, false, false);
    let sent = |story: &Story, id: &str| story.fleet.device(story.fleet.find(id).unwrap()).unwrap().will_sent;
    assert_eq!(
        [sent(&story, "a"), sent(&story, "b"), sent(&story, "c")],
        [WillSent::Unknown, WillSent::Yes, WillSent::Unknown]
    );
    story.message(Role::Will, None, false, false);
    assert_eq!([sent(&story, "a"), sent(&story, "c")], [WillSent::Unknown, WillSent::Yes]);
    story.message(Role::Will, None, false, false);
    assert_eq!(story.fleet.len(), 3, "one more is nobody's");
    assert_eq!(story.fleet.incidents().newest().map(|incident| incident.wills).sum::<u32>(), 2);
}

#[test]
fn a_will_that_names_nobody_is_not_that_of_a_death_which_is_over() {
    let mut story = Story::new();
    story.open("a", 1, Some(will()));
    story.close("a", 1, Cause::ConnectionLost);
    story.wait(6_000);
    story.open("a", 2, Some(will()));
    let before = story.changes.len();
    story.message(Role::Will, None, false, false);
    let whose = |change: &Change| match change {
        Change::Message { device, .. } => Some(device.clone()),
        _ => None,
    };
    assert_eq!(story.changes[before..].iter().find_map(whose), Some(None));
}

#[test]
fn a_device_that_is_removed_leaves_no_story_open() {
    let mut story = Story::new();
    story.open("lwtThing", 1, Some(will()));
    story.close("lwtThing", 1, Cause::ConnectionLost);
    story.tell(Event::Device(DeviceEvent::Removed { client: "lwtThing".into() }));
    assert!(story.phases().is_empty() && story.incident().reported);
}

#[test]
fn a_rule_that_does_not_match_completes_the_story() {
    let mut story = Story::new();
    story.open("lwtThing", 1, Some(will()));
    story.close("lwtThing", 1, Cause::ConnectionLost);
    story.message(Role::Will, Some("lwtThing"), false, false);
    assert_eq!(story.phases(), [IncidentPhase::Complete]);
    assert_eq!(story.hops(), ["cut", "detected", "will"]);
}

#[test]
fn the_broker_may_publish_the_will_before_it_closes() {
    let mut story = Story::new();
    story.open("lwtThing", 1, Some(will()));
    story.wait(45_000);
    story.message(Role::Will, Some("lwtThing"), false, true);
    assert!(story.offlines().is_empty());
    story.close("lwtThing", 1, Cause::KeepAliveTimeout);
    assert_eq!(story.offlines(), [(Cause::KeepAliveTimeout, Evidence::Wire, WillSent::Yes)]);
    story.message(Role::Executed, Some("lwtThing"), false, false);
    assert_eq!(story.phases(), [IncidentPhase::Complete]);
    assert_eq!(story.incident().wills, 1);
}

#[test]
fn a_false_will_does_not_kill_a_device_whose_wire_lives() {
    let mut story = Story::new();
    story.open("lwtThing", 1, Some(will()));
    story.message(Role::Will, Some("lwtThing"), false, true);
    story.wait(3_000);
    assert_eq!(story.presence("lwtThing"), Presence::Online);
    assert_eq!(story.fleet.incidents().total(), 0);
}

#[test]
fn a_takeover_is_an_incident_of_a_device_that_stays_online() {
    for new_first in [true, false] {
        let mut story = Story::new();
        story.open("lwtThing", 1, Some(will()));
        if new_first {
            story.open("lwtThing", 2, Some(will()));
            story.close("lwtThing", 1, Cause::SessionTakenOver);
        } else {
            story.close("lwtThing", 1, Cause::SessionTakenOver);
            story.open("lwtThing", 2, Some(will()));
        }
        story.message(Role::Will, Some("lwtThing"), false, true);
        story.message(Role::Executed, Some("lwtThing"), false, false);
        assert_eq!(story.presence("lwtThing"), Presence::Online);
        assert_eq!(story.incident().cause, Cause::SessionTakenOver);
        assert!(story.incident().recovered());
        assert_eq!(story.fleet.incidents().total(), 1);
        assert_eq!(story.offlines().len(), 1);
        assert_eq!(story.last_word(), "online");
        story.totals_are_right();
    }
}

#[test]
fn silence_is_overdue_first_and_inferred_dead_later() {
    let mut story = Story::new();
    story.open("lwtThing", 1, Some(will()));
    story.wait(30_500);
    assert_eq!(story.presence("lwtThing"), Presence::Online);
    story.wait(700);
    assert_eq!(story.presence("lwtThing"), Presence::Overdue);
    story.wait(13_800);
    assert_eq!(story.presence("lwtThing"), Presence::Overdue, "45 s have passed, and brokers notice late");
    story.wait(2_000);
    assert_eq!(story.offlines(), [(Cause::KeepAliveTimeout, Evidence::Inferred, WillSent::Unknown)]);
    // A packet proves the inference wrong.
    let heard = Activity { last_packet: story.at(), packets: 1, pings: 1, publishes: 0 };
    story.tell(Event::Activity(ConnId(1), heard));
    assert_eq!(story.presence("lwtThing"), Presence::Online);
    assert_eq!(story.evidence("lwtThing"), Some(Evidence::Wire));
}

#[test]
fn an_inferred_death_is_confirmed_by_its_will() {
    let mut story = Story::new();
    story.open("lwtThing", 1, Some(will()));
    story.tell(Event::Device(DeviceEvent::Faulted { at: story.at(), client: "lwtThing".into(), fault: Fault::Freeze }));
    story.wait(31_500);
    story.wait(15_500);
    assert_eq!(story.evidence("lwtThing"), Some(Evidence::Inferred));
    story.message(Role::Will, Some("lwtThing"), false, true);
    story.message(Role::Executed, Some("lwtThing"), false, false);
    assert_eq!(story.evidence("lwtThing"), Some(Evidence::Will));
    assert_eq!(story.hops(), ["cut", "will", "rule", "executed"]);
    assert_eq!(story.fleet.incidents().total(), 1);
}

#[test]
fn without_a_wire_the_will_is_the_evidence() {
    let mut story = Story::new();
    story.message(Role::Connected, Some("press-7"), false, false);
    assert_eq!((story.presence("press-7"), story.evidence("press-7")), (Presence::Online, Some(Evidence::Inferred)));
    story.message(Role::Will, Some("press-7"), false, true);
    assert_eq!(story.offlines(), [(Cause::Unknown, Evidence::Will, WillSent::Yes)]);
    // It dies again without having been seen alive: a second incident.
    story.message(Role::Will, Some("press-7"), false, true);
    assert_eq!(story.fleet.incidents().total(), 2);
}

#[test]
fn a_will_that_comes_twice_is_counted() {
    let mut story = Story::new();
    story.open("lwtThing", 1, Some(will()));
    story.close("lwtThing", 1, Cause::ConnectionLost);
    story.message(Role::Will, Some("lwtThing"), false, true);
    story.message(Role::Will, Some("lwtThing"), false, true);
    assert_eq!(story.fleet.incidents().total(), 1);
    assert_eq!(story.incident().wills, 2);
}

#[test]
fn retained_messages_prove_nothing_new() {
    let mut story = Story::new();
    story.message(Role::Will, Some("old"), true, false);
    assert_eq!(story.evidence("old"), Some(Evidence::Retained));
    story.message(Role::Connected, Some("stale"), true, false);
    assert_eq!(story.presence("stale"), Presence::Unknown, "never stale green");
    assert_eq!(story.fleet.incidents().total(), 0);
}

#[test]
fn without_a_link_everything_is_unknown() {
    let mut story = Story::new();
    story.open("here", 1, None);
    story.open("gone", 2, None);
    story.close("gone", 2, Cause::ConnectionLost);
    story.message(Role::Connected, Some("far"), false, false);
    story.tell(Event::Link(LinkEvent::Down { at: story.at(), why: "connection refused".into() }));
    assert_eq!(story.fleet.counts().unknown, 3);
    story.tell(Event::Link(LinkEvent::Up { at: story.at() }));
    assert_eq!(story.presence("here"), Presence::Online, "its wire was watched all the time");
    assert_eq!(story.presence("gone"), Presence::Offline { cause: Cause::ConnectionLost });
    assert_eq!(story.presence("far"), Presence::Unknown, "until it says something");
    story.totals_are_right();
}

#[test]
fn what_came_while_the_link_stood_in_part_is_known_no_longer() {
    let mut story = Story::new();
    for client in ["back", "dead"] {
        story.message(Role::Connected, Some(client), false, false);
    }
    story.link(false);
    // One of the link's connections stands again: its will may be the last that is heard of a device that came back since,
    // its connected message of one that died.
    story.message(Role::Will, Some("back"), false, true);
    story.message(Role::Connected, Some("dead"), false, false);
    assert_eq!(story.fleet.incidents().total(), 1, "a will is a will");
    assert_eq!(story.fleet.counts().unknown, 2);
    story.link(true);
    assert_eq!((story.presence("back"), story.presence("dead")), (Presence::Unknown, Presence::Unknown));
    story.totals_are_right();
    story.message(Role::Connected, Some("back"), false, false);
    story.message(Role::Will, Some("dead"), false, true);
    assert_eq!(story.presence("back"), Presence::Online);
    assert!(story.incident().recovered() || story.fleet.incidents().newest().any(lwtop::fleet::Incident::recovered));
    assert_eq!(story.presence("dead"), Presence::Offline { cause: Cause::Unknown });
    story.totals_are_right();
}

#[test]
fn a_retained_will_that_comes_again_does_not_kill_whoever_was_alive() {
    let mut story = Story::new();
    story.message(Role::Will, Some("a"), true, false);
    story.message(Role::Connected, Some("a"), false, false);
    story.message(Role::Will, Some("b"), true, false);
    for _ in 0..2 {
        story.link(false);
        story.link(true);
        // The broker sends it again for the new subscription.
        story.message(Role::Will, Some("a"), true, false);
        story.message(Role::Will, Some("b"), true, false);
        assert_eq!(story.presence("a"), Presence::Unknown, "it may be older than the last word");
        assert_eq!(story.evidence("b"), Some(Evidence::Retained), "nothing else was ever known");
    }
    story.totals_are_right();
}

#[test]
fn the_articles_connected_message_is_nobodys() {
    let mut story = Story::new();
    story.message(Role::Connected, None, false, false);
    assert!(story.fleet.is_empty());
    assert_eq!(story.fleet.feed(Role::Connected).total(), 1);
}

#[test]
fn names_without_end_do_not_fill_the_memory() {
    let mut story = Story::new();
    story.fleet = Fleet::new(Settings { will: WILL_TOPIC.parse().unwrap(), rules: false }).with_room_for(2);
    for n in 0..5 {
        story.message(Role::Connected, Some(&format!("d{n}")), false, false);
        story.message(Role::Will, Some(&format!("d{n}")), false, false);
    }
    story.open("d9", 1, None);
    story.close("d9", 1, Cause::ConnectionLost);
    assert_eq!((story.fleet.len(), story.fleet.turned_away()), (2, 7));
    assert_eq!(story.fleet.incidents().total(), 2, "those that are kept are kept whole");
    story.tell(Event::Device(DeviceEvent::Launched { at: story.at(), client: "own".into() }));
    story.tell(Event::Device(DeviceEvent::Removed { client: "d0".into() }));
    story.tell(Event::Device(DeviceEvent::Removed { client: "d1".into() }));
    assert_eq!(story.fleet.len(), 1);
    story.message(Role::Connected, Some("d4"), false, false);
    assert_eq!(story.presence("d4"), Presence::Online, "room again");
    story.totals_are_right();
}

#[test]
fn a_removed_device_is_forgotten() {
    let mut story = Story::new();
    story.open("a", 1, Some(will()));
    story.open("b", 2, None);
    story.close("a", 1, Cause::ConnectionLost);
    story.tell(Event::Device(DeviceEvent::Removed { client: "a".into() }));
    assert_eq!(story.fleet.len(), 1);
    story.open("c", 3, None); // takes the free place of a
    story.wait(60_000);
    story.totals_are_right();
    assert_eq!(story.fleet.incidents().total(), 3, "b and c fell silent");
}

#[test]
fn a_message_that_was_on_its_way_does_not_bring_a_removed_device_back() {
    let mut story = Story::new();
    story.open("a", 1, Some(will()));
    story.tell(Event::Device(DeviceEvent::Removed { client: "a".into() }));
    story.message(Role::Connected, Some("a"), false, false);
    story.message(Role::Will, Some("a"), false, true);
    assert!(story.fleet.is_empty());
    story.wait(6_000);
    story.message(Role::Connected, Some("a"), false, false);
    assert_eq!(story.fleet.len(), 1, "it is there after all");
}

#[test]
fn the_end_of_an_overdue_connection_does_not_revive_it() {
    let mut story = Story::new();
    story.open("lwtThing", 1, Some(will()));
    story.wait(31_500);
    story.message(Role::Will, Some("lwtThing"), false, true);
    story.close("lwtThing", 1, Cause::KeepAliveTimeout);
    assert_eq!(story.words(), ["online", "overdue", "offline"]);
}

#[test]
fn an_inferred_death_that_the_wire_confirms_is_one_death() {
    let mut story = Story::new();
    story.open("lwtThing", 1, Some(will()));
    story.wait(31_500);
    story.wait(15_500);
    story.message(Role::Will, Some("lwtThing"), false, true);
    story.close("lwtThing", 1, Cause::KeepAliveTimeout);
    assert_eq!(story.fleet.incidents().total(), 1);
    assert_eq!(story.offlines().last(), Some(&(Cause::KeepAliveTimeout, Evidence::Wire, WillSent::Yes)));
    assert!(!story.incident().recovered());
}

#[test]
fn a_fault_that_came_to_nothing_is_not_blamed_later() {
    let mut story = Story::new();
    story.open("lwtThing", 1, Some(will()));
    story.fault("lwtThing", Fault::Takeover);
    story.wait(20_000);
    story.close("lwtThing", 1, Cause::ConnectionLost);
    assert_eq!(story.incident().fault, None);
    assert_eq!(story.incident().after(Hop::Detected), Some(Duration::ZERO));
}

#[test]
fn a_takeover_that_came_to_nothing_is_not_blamed_for_somebody_elses() {
    let mut story = Story::new();
    story.open("lwtThing", 1, Some(will()));
    story.fault("lwtThing", Fault::Takeover);
    story.wait(1_000);
    story.spared("lwtThing");
    let device = story.fleet.devices().next().unwrap();
    assert_eq!((device.fault, device.presence), (None, Presence::Online));
    let last = device.notes.back().unwrap();
    assert_eq!(
        (last.at, &*last.text),
        (story.at(), "the takeover came to nothing: the second client could not connect")
    );
    story.wait(1_000);
    story.open("lwtThing", 2, Some(will()));
    story.close("lwtThing", 1, Cause::SessionTakenOver);
    assert_eq!((story.incident().fault, story.incident().hops.get(Hop::Cut)), (None, None));
}

#[test]
fn a_freeze_stays_one_when_a_takeover_comes_to_nothing() {
    for takeovers in 1..=2 {
        let mut story = Story::new();
        story.open("lwtThing", 1, Some(will()));
        let frozen = Some((Fault::Freeze, story.at()));
        story.fault("lwtThing", Fault::Freeze);
        for _ in 0..takeovers {
            story.wait(1_000);
            story.fault("lwtThing", Fault::Takeover);
        }
        // Whatever becomes of the takeover, silence is the freeze's.
        story.spared("lwtThing");
        assert_eq!(story.fleet.devices().next().unwrap().fault, frozen);
        story.spared("lwtThing");
        assert_eq!(story.fleet.devices().next().unwrap().fault, frozen, "there is no takeover any more");
        story.wait(45_000);
        story.close("lwtThing", 1, Cause::KeepAliveTimeout);
        assert_eq!(story.incident().fault, Some(Fault::Freeze));
    }
    // What was done after the takeover is not called back by its failure.
    let mut story = Story::new();
    story.open("lwtThing", 1, Some(will()));
    for fault in [Fault::Freeze, Fault::Takeover, Fault::Rst] {
        story.fault("lwtThing", fault);
    }
    story.spared("lwtThing");
    story.close("lwtThing", 1, Cause::ConnectionLost);
    assert_eq!(story.incident().fault, Some(Fault::Rst));
}

#[test]
fn a_freeze_that_ends_while_it_is_taken_over_is_the_freezes() {
    let mut story = Story::new();
    story.open("lwtThing", 1, Some(will()));
    story.fault("lwtThing", Fault::Freeze);
    story.wait(40_000);
    story.fault("lwtThing", Fault::Takeover);
    story.wait(1_000);
    story.close("lwtThing", 1, Cause::KeepAliveTimeout);
    assert_eq!(story.incident().fault, Some(Fault::Freeze));
    assert_eq!(story.incident().after(Hop::Detected), Some(Duration::from_secs(41)));
}

#[test]
fn wills_are_not_missed_while_the_link_is_down() {
    for link_first in [true, false] {
        let mut story = Story::new();
        story.open("lwtThing", 1, Some(will()));
        if link_first {
            story.link(false);
        }
        story.close("lwtThing", 1, Cause::ServerInitiated);
        if !link_first {
            story.link(false);
        }
        story.wait(10_000);
        assert_eq!(story.offlines(), [(Cause::ServerInitiated, Evidence::Wire, WillSent::Unknown)], "{link_first}");
        assert!(story.incident().missing.is_empty(), "{link_first}");
    }
}

#[test]
fn the_dead_stay_dead_over_a_blackout_and_keep_their_age() {
    let mut story = Story::new();
    story.open("left", 1, None);
    story.open("silent", 2, None);
    story.close("left", 1, Cause::ClientInitiatedDisconnect);
    let left = story.at();
    story.wait(31_500);
    story.wait(15_500);
    assert_eq!(story.evidence("silent"), Some(Evidence::Inferred));
    let incidents = story.fleet.incidents().total();
    story.link(false);
    story.wait(1_000);
    story.link(true);
    story.wait(60_000);
    assert_eq!(story.evidence("silent"), Some(Evidence::Inferred));
    assert_eq!(story.fleet.incidents().total(), incidents);
    let device = story.fleet.device(story.fleet.find("left").unwrap()).unwrap();
    assert_eq!(device.since, left);
}

#[test]
fn a_delayed_will_is_not_missed_when_the_device_is_back_in_time() {
    let mut story = Story::new();
    story.open("lwtThing", 1, Some(Will { delay: Duration::from_secs(10), ..will() }));
    story.close("lwtThing", 1, Cause::ConnectionLost);
    story.wait(2_000);
    story.open("lwtThing", 2, Some(will()));
    story.wait(20_000);
    assert_eq!(story.phases(), [IncidentPhase::Complete]);
    assert!(story.incident().missing.is_empty());
}

#[test]
fn the_will_of_a_second_death_is_not_the_first_ones() {
    let mut story = Story::new();
    story.open("lwtThing", 1, Some(will()));
    story.close("lwtThing", 1, Cause::ConnectionLost);
    story.wait(6_000);
    story.open("lwtThing", 2, Some(will()));
    story.wait(1_000);
    story.message(Role::Will, Some("lwtThing"), false, true);
    story.close("lwtThing", 2, Cause::KeepAliveTimeout);
    assert_eq!(story.incident().hops.get(Hop::Will), Some(story.at()));
    assert_eq!(story.offlines().last(), Some(&(Cause::KeepAliveTimeout, Evidence::Wire, WillSent::Yes)));
}

#[test]
fn a_quick_return_waits_behind_the_end_whose_will_may_still_come() {
    let mut story = Story::new();
    story.open("lwtThing", 1, Some(will()));
    story.close("lwtThing", 1, Cause::SessionTakenOver);
    story.open("lwtThing", 2, None);
    story.close("lwtThing", 2, Cause::ClientInitiatedDisconnect);
    story.message(Role::Will, Some("lwtThing"), false, true);
    let (yes, no) = (WillSent::Yes, WillSent::No);
    let wire = Evidence::Wire;
    let ends = [(Cause::SessionTakenOver, wire, yes), (Cause::ClientInitiatedDisconnect, wire, no)];
    assert_eq!(story.offlines(), ends);
    let told = story.changes.iter().filter_map(|change| match change {
        Change::Online { .. } => Some(true),
        Change::Offline { .. } => Some(false),
        _ => None,
    });
    assert_eq!(told.collect::<Vec<_>>(), [true, false, true, false]);
}

#[test]
fn three_clients_with_one_id_keep_their_own_wills() {
    let mut story = Story::new();
    story.open("lwtThing", 1, Some(will()));
    story.open("lwtThing", 2, None);
    story.open("lwtThing", 3, None);
    story.close("lwtThing", 1, Cause::SessionTakenOver);
    assert!(story.incident().awaited.contains(&Hop::Will));
    story.close("lwtThing", 2, Cause::SessionTakenOver);
    assert!(story.incident().awaited.is_empty());
}

#[test]
fn the_end_of_a_stream_claims_nothing_missing() {
    let mut story = Story::new();
    story.open("lwtThing", 1, Some(will()));
    story.close("lwtThing", 1, Cause::ConnectionLost);
    let mut changes = Vec::new();
    story.fleet.flush(story.at(), &mut changes);
    assert!(!changes.iter().any(|change| matches!(change, Change::Incident { .. })));
}

#[test]
fn whoever_is_refused_is_no_device() {
    let mut story = Story::new();
    let why = "not authorized".to_owned();
    story.tell(Event::Session(SessionEvent::Refused {
        at: story.at(),
        client: "anonymous-1".into(),
        by: Refuser::Broker,
        why,
    }));
    assert!(story.fleet.is_empty());
}

#[test]
fn a_refusal_in_a_blackout_tells_nothing_new() {
    let refused = |story: &mut Story, client: &str| {
        let why = "the broker cannot be reached".to_owned();
        let refused = SessionEvent::Refused { at: story.at(), client: client.into(), by: Refuser::Gateway, why };
        story.tell(Event::Session(refused));
    };
    let mut story = Story::new();
    // The broker dies behind the gateway, which is seen on the wire, and then lwtop's own link goes.
    story.open("lwtThing", 1, Some(will()));
    story.close("lwtThing", 1, Cause::ServerInitiated);
    story.link(false);
    story.message(Role::Connected, Some("other"), false, false);
    assert_eq!(story.offlines(), [(Cause::ServerInitiated, Evidence::Wire, WillSent::Unknown)]);
    for client in ["lwtThing", "lwtThing", "other"] {
        story.wait(100);
        refused(&mut story, client);
    }
    assert_eq!(story.offlines().len(), 1);
    assert_eq!(story.presence("lwtThing"), Presence::Unknown);
    let device = story.fleet.device(story.fleet.find("lwtThing").unwrap()).unwrap();
    assert_eq!(device.trouble.as_deref(), Some("the broker cannot be reached"));
    // With the link, what was known is known again, and a refusal does not change it.
    story.link(true);
    refused(&mut story, "lwtThing");
    assert_eq!(story.presence("lwtThing"), Presence::Offline { cause: Cause::ServerInitiated });
    assert_eq!(story.evidence("lwtThing"), Some(Evidence::Wire));
    assert_eq!(story.offlines().len(), 1);

    // One that is known from messages alone: it is not there, and nobody saw whether its will was sent.
    let mut story = Story::new();
    story.message(Role::Connected, Some("lwtThing"), false, false);
    story.link(false);
    story.link(true);
    refused(&mut story, "lwtThing");
    assert_eq!(story.offlines(), [(Cause::Unknown, Evidence::Wire, WillSent::Unknown)]);
    // One that was launched and never got in has no will.
    story.tell(Event::Device(DeviceEvent::Launched { at: story.at(), client: "new".into() }));
    refused(&mut story, "new");
    assert_eq!(story.offlines()[1..], [(Cause::Unknown, Evidence::Wire, WillSent::No)]);
    story.totals_are_right();
}

#[test]
fn a_frozen_device_that_is_reconnected_died_once() {
    let mut story = Story::new();
    story.open("lwtThing", 1, Some(will()));
    story.fault("lwtThing", Fault::Freeze);
    story.wait(31_500);
    story.message(Role::Will, Some("lwtThing"), false, true);
    assert_eq!(story.incident().cause, Cause::KeepAliveTimeout);
    story.open("lwtThing", 2, Some(will()));
    story.close("lwtThing", 1, Cause::SessionTakenOver);
    assert_eq!(story.fleet.incidents().total(), 1);
    assert!(story.incident().recovered());
    assert_eq!(story.last_word(), "online");
    story.wait(10_000);
    story.close("lwtThing", 2, Cause::ConnectionLost);
    assert_eq!(story.incident().fault, None, "the freeze is over");
}

#[test]
fn a_clean_leave_waits_behind_the_takeover_before_it() {
    let mut story = Story::new();
    story.open("lwtThing", 1, Some(will()));
    story.open("lwtThing", 2, Some(will()));
    story.close("lwtThing", 1, Cause::SessionTakenOver);
    story.close("lwtThing", 2, Cause::ClientInitiatedDisconnect);
    assert!(story.offlines().is_empty());
    story.message(Role::Will, Some("lwtThing"), false, true);
    let told = [
        (Cause::SessionTakenOver, Evidence::Wire, WillSent::Yes),
        (Cause::ClientInitiatedDisconnect, Evidence::Wire, WillSent::No),
    ];
    assert_eq!(story.offlines(), told);
    assert_eq!(story.last_word(), "offline");
}

#[test]
fn a_will_fires_as_long_as_the_connection_lives() {
    let mut story = Story::new();
    let fires = |story: &Story| firing(story.fleet.device(story.fleet.find("lwtThing").unwrap()).unwrap());
    story.message(Role::Connected, Some("lwtThing"), false, false);
    assert_eq!(fires(&story), Firing::Unseen);
    story.open("lwtThing", 1, Some(will()));
    assert_eq!(fires(&story), Firing::Now);
    story.fault("lwtThing", Fault::Freeze);
    assert_eq!(fires(&story), Firing::AtSilence(Duration::from_secs(45)));
    story.close("lwtThing", 1, Cause::KeepAliveTimeout);
    assert_eq!(fires(&story), Firing::Gone);
    story.message(Role::Will, Some("lwtThing"), false, true);
    assert_eq!(fires(&story), Firing::Sent);
    story.open("lwtThing", 2, Some(will()));
    story.close("lwtThing", 2, Cause::ClientInitiatedDisconnect);
    assert_eq!(fires(&story), Firing::Discarded);
    story.open("lwtThing", 3, None);
    assert_eq!(fires(&story), Firing::NoWill);
}

#[test]
fn a_takeover_publishes_no_will_that_is_delayed_or_is_none() {
    let mut story = Story::new();
    let falls = |story: &Story| falls_to_takeover(story.fleet.device(story.fleet.find("lwtThing").unwrap()).unwrap());
    story.open("lwtThing", 1, Some(Will { delay: Duration::from_secs(5), ..will() }));
    assert!(!falls(&story));
    story.open("lwtThing", 2, None);
    assert!(!falls(&story));
    story.open("lwtThing", 3, Some(will()));
    assert!(falls(&story));
    story.close("lwtThing", 3, Cause::KeepAliveTimeout);
    assert!(!falls(&story), "there is nothing left to take over");
}
