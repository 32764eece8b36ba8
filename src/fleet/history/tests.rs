use super::*;
use crate::fleet::{
    Closed, DeviceEvent, Event, Fleet, Incoming, LinkEvent, Meaning, NewsKind, Opened, Role, SessionEvent, Settings,
    Via,
};
use crate::mqtt::{ConnId, KeepAlive, Protocol, Qos};
use crate::wiring::Activity;
use proptest::prelude::*;

fn at(seconds: u64) -> Moment {
    Moment::from_millis(1_000_000 + seconds * 1_000)
}

/// A fleet of one device, and what time it is.
struct One {
    fleet: Fleet,
    now: u64,
    conn: u64,
}

impl One {
    fn new() -> Self {
        let fleet = Fleet::new(Settings { will: "w".parse().unwrap(), rules: false });
        let mut one = Self { fleet, now: 0, conn: 0 };
        one.apply(Event::Link(LinkEvent::Up { at: at(0) }));
        one
    }

    fn apply(&mut self, event: Event) {
        self.fleet.apply(event, at(self.now), &mut Vec::new());
    }

    fn pass(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.now += 1;
            self.fleet.tick(at(self.now), &mut Vec::new());
        }
    }

    fn open(&mut self, keep_alive: u16) {
        self.conn += 1;
        self.apply(Event::Session(SessionEvent::Opened(Box::new(Opened {
            at: at(self.now),
            conn: ConnId(self.conn),
            client: "a".into(),
            peer: None,
            protocol: Protocol::V311,
            keep_alive: KeepAlive(keep_alive),
            clean: true,
            will: None,
            nameless: false,
            via: Via::default(),
        }))));
    }

    fn close(&mut self, conn: u64, cause: Cause) {
        self.apply(Event::Session(SessionEvent::Closed(Box::new(Closed {
            at: at(self.now),
            cut: Some(at(self.now)),
            conn: ConnId(conn),
            client: "a".into(),
            cause,
            how: "FIN",
            rest: Activity::default(),
        }))));
    }

    fn say(&mut self, role: Role) {
        let message = Incoming {
            at: at(self.now),
            topic: "w".into(),
            payload: "x".into(),
            qos: Qos::AtMostOnce,
            retain: false,
            publisher: None,
            source: None,
            properties: None,
        };
        self.apply(Event::Message(message, Meaning { role, device: Some("a".into()) }, Vec::new()));
    }

    fn device(&self) -> &Device {
        self.fleet.device(self.fleet.find("a").unwrap()).unwrap()
    }

    fn spans(&self) -> Vec<(u64, &'static str)> {
        let seconds = |moment: Moment| (moment.as_millis() - 1_000_000) / 1_000;
        self.device().spans().map(|span| (seconds(span.from), span.presence.name())).collect()
    }

    fn uptime(&self) -> (u64, u64) {
        let uptime = self.device().uptime(at(self.now));
        (uptime.online.as_secs(), uptime.offline.as_secs())
    }
}

#[test]
fn a_device_that_never_changed_costs_a_pointer() {
    let mut one = One::new();
    one.apply(Event::Device(DeviceEvent::Launched { at: at(0), client: "a".into() }));
    assert_eq!(one.spans(), []);
    one.pass(3);
    one.open(0);
    one.pass(60);
    assert!(one.device().history.is_none());
    assert_eq!((one.spans(), one.uptime()), (vec![(3, "online")], (60, 0)));
    assert_eq!(size_of::<Option<Box<History>>>(), 8);
    assert!(size_of::<Span>() <= 16 && size_of::<History>() <= 160, "{}", size_of::<History>());
}

#[test]
fn deaths_and_recoveries_are_counted() {
    let mut one = One::new();
    one.open(0);
    for (lasts, away, cause) in [
        (100, 4, Cause::ConnectionLost),
        (50, 20, Cause::ConnectionLost),
        (10, 30, Cause::ClientInitiatedDisconnect),
        (40, 6, Cause::ProtocolError),
    ] {
        one.pass(lasts);
        one.close(one.conn, cause);
        one.pass(away);
        one.open(0);
    }
    // A takeover is a death, although the device is back before it is seen.
    one.open(0);
    one.close(one.conn - 1, Cause::SessionTakenOver);
    let ends: Vec<_> = one.device().ends().collect();
    let wanted = [
        (Cause::ClientInitiatedDisconnect, 1),
        (Cause::ConnectionLost, 2),
        (Cause::SessionTakenOver, 1),
        (Cause::ProtocolError, 1),
    ];
    assert_eq!(ends, wanted);
    let back = one.device().recoveries().unwrap();
    let seconds = Duration::from_secs;
    assert_eq!((back.count, back.last, back.mean(), back.longest), (3, seconds(6), seconds(10), seconds(20)));
    assert_eq!(one.uptime(), (200, 60));
}

#[test]
fn a_death_that_is_better_known_later_is_one_death() {
    let mut one = One::new();
    one.open(2);
    one.pass(10);
    assert_eq!(one.device().ends().collect::<Vec<_>>(), [(Cause::KeepAliveTimeout, 1)], "inferred");
    one.close(1, Cause::ConnectionLost);
    assert_eq!(one.device().ends().collect::<Vec<_>>(), [(Cause::ConnectionLost, 1)], "the wire knows better");
}

#[test]
fn a_blackout_of_lwtops_own_link_is_no_change_of_a_device() {
    let mut one = One::new();
    one.open(0);
    one.pass(10);
    let down = LinkEvent::Down { at: at(10), why: "x".to_owned() };
    one.apply(Event::Link(down.clone()));
    one.pass(5);
    assert_eq!(one.spans(), [(0, "online"), (10, "unknown")]);
    one.apply(Event::Link(LinkEvent::Up { at: at(15) }));
    one.pass(5);
    assert!(one.device().history.is_none());
    assert_eq!((one.spans(), one.uptime()), (vec![(0, "online")], (20, 0)), "the wire was watched all the time");

    // What only messages tell is unknown until it says something again.
    let mut one = One::new();
    one.say(Role::Connected);
    one.pass(10);
    one.apply(Event::Link(down));
    one.pass(5);
    one.apply(Event::Link(LinkEvent::Up { at: at(15) }));
    one.pass(5);
    assert!(one.device().history.is_none(), "nothing is kept for what may never be told");
    assert_eq!((one.spans(), one.uptime()), (vec![(0, "online"), (10, "unknown")], (10, 0)));
    one.say(Role::Connected);
    one.pass(7);
    assert_eq!(one.spans(), [(0, "online"), (10, "unknown"), (20, "online")]);
    assert_eq!(one.uptime(), (17, 0));
}

proptest! {
    /// The news tell every change, and adding them up is the naive way.
    #[test]
    fn uptime_is_what_the_news_add_up_to(steps in proptest::collection::vec((0u8..5, 0u64..9), 1..90)) {
        let mut one = One::new();
        one.open(2);
        for (what, seconds) in steps {
            match what {
                0 => one.open(2),
                1 => one.close(one.conn, Cause::ConnectionLost),
                2 => one.close(one.conn, Cause::ClientInitiatedDisconnect),
                3 => {
                    let conn = ConnId(one.conn);
                    let activity = Activity { last_packet: at(one.now), packets: 1, ..Activity::default() };
                    one.apply(Event::Activity(conn, activity));
                }
                _ => one.say(Role::Will),
            }
            one.pass(seconds);
        }
        let mut told: Vec<(Moment, Presence)> = one.fleet.news().entries().iter().filter_map(|news| match news.what {
            NewsKind::Device { presence, .. } => Some((news.at, presence)),
            NewsKind::Link { .. } => None,
        }).collect();
        told.reverse();
        let mut naive = Uptime::default();
        let ends = told.iter().skip(1).map(|(at, _)| *at).chain([at(one.now)]);
        for ((from, presence), until) in told.iter().zip(ends) {
            naive.add(*presence, until.since(*from));
        }
        let device = one.device();
        prop_assert_eq!(device.uptime(at(one.now)), naive);
        let lasting: Vec<Span> = told.windows(2)
            .filter(|pair| pair[1].0 > pair[0].0)
            .map(|pair| Span { from: pair[0].0, presence: pair[0].1 })
            .chain(told.last().map(|(from, presence)| Span { from: *from, presence: *presence }))
            .collect();
        let kept = lasting.len().min(History::SPANS + 1);
        prop_assert_eq!(device.spans().collect::<Vec<_>>(), lasting[lasting.len() - kept..].to_vec());
    }
}
