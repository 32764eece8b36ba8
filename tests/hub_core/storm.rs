//! Faults on many devices, played against a fleet that obeys at once, with a clock of its own.

use super::{at, hub, incoming, step};
use bytes::Bytes;
use lwtop::clock::Moment;
use lwtop::fleet::{Closed, DeviceEvent, LinkEvent, Opened, Report, SessionEvent, Via};
use lwtop::hub::core::Hub;
use lwtop::hub::dice::Dice;
use lwtop::hub::mass::{Kind, Mass, Size, Storm};
use lwtop::hub::storm::{Deed, Tempest};
use lwtop::hub::{Job, Toll, Work};
use lwtop::mqtt::{Cause, ClientId, ConnId, Fault, KeepAlive, Protocol, Qos, Will};
use lwtop::rules::RuleSet;
use lwtop::wiring::Activity;
use std::collections::{HashMap, HashSet};
use std::time::Duration;

/// Devices that die and come back when they are told to.
struct Sea {
    hub: Hub,
    now: u64,
    conns: HashMap<ClientId, u64>,
    next: u64,
    /// Whose will does not come.
    silent: HashSet<ClientId>,
    /// Who cannot come back.
    stuck: HashSet<ClientId>,
    /// Who does not die of what is ordered.
    deaf: HashSet<ClientId>,
    /// Whose second client is refused.
    spared: HashSet<ClientId>,
    /// What was done: when, to how many, and whether they were brought back.
    log: Vec<(u64, usize, bool)>,
    /// Who died, in order.
    dead: Vec<ClientId>,
}

fn id(number: usize) -> ClientId {
    ClientId::new(format!("d{number}"))
}

impl Sea {
    /// So many devices of lwtop's, and so many of somebody else's.
    fn of(ours: usize, foreign: usize) -> Self {
        let mut sea = Self {
            hub: hub(RuleSet::default(), true),
            now: 0,
            conns: HashMap::new(),
            next: 1,
            silent: HashSet::new(),
            stuck: HashSet::new(),
            deaf: HashSet::new(),
            spared: HashSet::new(),
            log: Vec::new(),
            dead: Vec::new(),
        };
        for number in 0..ours + foreign {
            if number < ours {
                sea.tell(Report::Device(DeviceEvent::Launched { at: at(0), client: id(number) }));
            }
            sea.connect(&id(number));
        }
        sea
    }

    fn time(&self) -> Moment {
        at(self.now)
    }

    fn tell(&mut self, report: Report) {
        step(&mut self.hub, report, self.now);
    }

    fn connect(&mut self, client: &ClientId) {
        let conn = self.next;
        self.next += 1;
        self.conns.insert(client.clone(), conn);
        let will = Will {
            topic: format!("lwt/{client}/will").into(),
            payload: Bytes::from_static(b"gone"),
            qos: Qos::AtMostOnce,
            retain: false,
            delay: Duration::ZERO,
        };
        self.tell(Report::Session(SessionEvent::Opened(Box::new(Opened {
            at: self.time(),
            conn: ConnId(conn),
            client: client.clone(),
            peer: None,
            protocol: Protocol::V311,
            keep_alive: KeepAlive(2),
            clean: true,
            will: Some(will),
            nameless: false,
            via: Via::default(),
        }))));
    }

    fn close(&mut self, client: &ClientId, cause: Cause) {
        let conn = ConnId(self.conns[client]);
        self.tell(Report::Session(SessionEvent::Closed(Box::new(Closed {
            at: self.time(),
            cut: None,
            conn,
            client: client.clone(),
            cause,
            how: "RST",
            rest: Activity::default(),
        }))));
        if !self.silent.contains(client) {
            self.tell(incoming(&format!("lwt/{client}/will"), "gone", false));
        }
    }

    fn take_over(&mut self, client: &ClientId) {
        if self.spared.contains(client) {
            let why = "The second client could not connect: not authorized.".to_owned();
            self.tell(Report::Device(DeviceEvent::Spared { at: self.time(), client: client.clone(), why }));
        } else {
            self.close(client, Cause::SessionTakenOver);
            self.connect(client);
        }
    }

    fn begin(&mut self, mass: Mass, targets: usize) {
        let now = self.time();
        self.hub.begin_mass(mass, (0..targets).map(id).collect(), Dice::seeded(7), now);
    }

    /// Does all that is to be done at this moment.
    fn obey(&mut self) {
        let now = self.time();
        while let Some(deed) = self.hub.advance_mass(now) {
            match deed {
                Deed::Fault(clients, fault) => {
                    self.log.push((self.now, clients.len(), false));
                    for client in clients.into_iter().filter(|client| !self.deaf.contains(client)).collect::<Vec<_>>() {
                        self.tell(Report::Device(DeviceEvent::Faulted { at: now, client: client.clone(), fault }));
                        if fault == Fault::Takeover {
                            self.take_over(&client);
                        } else if fault != Fault::Freeze {
                            self.close(&client, Cause::ConnectionLost);
                        }
                        self.dead.push(client);
                    }
                }
                Deed::Reconnect(clients) => {
                    self.log.push((self.now, clients.len(), true));
                    for client in clients {
                        if self.stuck.contains(&client) {
                            let why = "connection refused".to_owned();
                            self.tell(Report::Device(DeviceEvent::Failed { at: now, client, why }));
                        } else {
                            self.connect(&client);
                        }
                    }
                }
            }
        }
    }

    /// Lets time pass, and looks only when there is something to do; gives the sentence of the end, if it came.
    fn pass(&mut self, millis: u64) -> Option<String> {
        let end = self.now + millis;
        loop {
            self.obey();
            if let Some(tempest) = self.hub.finished_mass(self.time()) {
                return Some(tempest.epitaph());
            }
            let next = self.hub.tempest().and_then(Tempest::next_deadline);
            // Rounded up: a deadline may lie between two milliseconds.
            let next = next.map_or(end, |next| (next.as_micros() - at(0).as_micros()).div_ceil(1_000));
            assert!(next > self.now, "what is due now was done now");
            if next >= end {
                self.now = end;
                self.obey();
                return self.hub.finished_mass(self.time()).map(|tempest| tempest.epitaph());
            }
            self.now = next;
        }
    }

    fn toll(&self) -> Toll {
        self.hub.tempest().unwrap().toll()
    }

    fn job(&self) -> Job {
        self.hub.jobs(at(0), self.time()).remove(0)
    }
}

fn mass(kind: Kind, size: Size, every: u64, time: u64) -> Mass {
    let storm = Storm { size, every: Duration::from_secs(every) };
    Mass { kind, fault: Fault::Rst, storm, time: Duration::from_secs(time) }
}

#[test]
fn a_storm_cuts_brings_back_and_counts_every_will() {
    let mut sea = Sea::of(200, 0);
    sea.begin(mass(Kind::Storm, Size::Percent(10), 5, 20), 200);
    assert_eq!(sea.pass(2_000), None);
    let expected = Toll { round: 1, rounds: 4, struck: 20, down: 20, expected: 20, received: 20, lost: 0, unseen: 0 };
    assert_eq!(sea.toll(), expected);
    let job = sea.job();
    assert_eq!((job.work, job.done, job.all), (Work::Mass(Kind::Storm), 2_000, 17_500));
    assert_eq!(job.left, Some(Duration::from_millis(15_500)));
    let end = sea.pass(60_000).unwrap();
    assert_eq!(end, "the storm is over: 80 died in 4 rounds, wills 80 of 80, 0 lost");
    assert_eq!(sea.now, 17_500, "it ends with the last return");
    let rounds = [0, 5_000, 10_000, 15_000].into_iter().flat_map(|at| [(at, 20, false), (at + 2_500, 20, true)]);
    assert_eq!(sea.log, rounds.collect::<Vec<_>>());
    assert_eq!(sea.hub.fleet().counts().online, 200);
    // The same seed, the same dead; and not the same ones each time.
    let mut again = Sea::of(200, 0);
    again.begin(mass(Kind::Storm, Size::Percent(10), 5, 20), 200);
    again.pass(60_000);
    assert_eq!(sea.dead, again.dead);
    assert!(sea.dead.iter().collect::<HashSet<_>>().len() > 40, "{:?}", sea.dead);
}

#[test]
fn a_will_that_does_not_come_is_lost_and_one_that_cannot_be_seen_is_not() {
    let mut sea = Sea::of(10, 0);
    sea.silent.insert(id(3));
    sea.begin(mass(Kind::Cut, Size::Percent(100), 1, 0), 10);
    assert_eq!(sea.pass(5_000), None, "it is still waited for");
    assert_eq!((sea.toll().received, sea.toll().expected, sea.toll().lost), (9, 10, 0));
    let end = sea.pass(10_000).unwrap();
    assert_eq!((end.as_str(), sea.now), ("cut at random: 10 died, wills 9 of 10, 1 lost", 10_000));
    assert_eq!(sea.hub.fleet().counts().offline, 10, "nobody brings them back");

    let mut sea = Sea::of(2, 0);
    sea.silent.insert(id(0));
    sea.begin(Mass { fault: Fault::ProtocolError, ..mass(Kind::Cut, Size::Count(2), 1, 0) }, 2);
    sea.obey();
    let (at, why) = (sea.time(), "gone".to_owned());
    sea.tell(Report::Link(LinkEvent::Down { at, why }));
    let end = sea.pass(60_000).unwrap();
    assert_eq!(end, "protocol error at random: 2 died, wills 1 of 2, 0 lost, 1 not seen because the link was down");
}

#[test]
fn a_partition_is_silent_until_it_is_healed() {
    let mut sea = Sea::of(3, 0);
    sea.begin(mass(Kind::Partition, Size::Count(1), 1, 0), 3);
    assert_eq!(sea.pass(10_000), None);
    assert_eq!((sea.toll().struck, sea.toll().down, sea.job().left), (3, 3, None));
    // The broker ends one after the other; one is brought back by hand.
    (0..3).for_each(|number| sea.close(&id(number), Cause::KeepAliveTimeout));
    sea.connect(&id(1));
    assert_eq!(sea.pass(100_000), None, "two are silent yet");
    let tempest = sea.hub.end_mass().unwrap();
    assert_eq!(tempest.left_down(), [id(0), id(2)]);
    let end = "the partition is healed: 3 were silent, wills 3 of 3, 0 lost; 2 are brought back";
    assert_eq!(tempest.ended_early(2, 0), end);
    // Before the broker has noticed, to bring them back is what publishes their wills.
    let taken = "each of 2 takes over its own frozen session, so its will comes now";
    let end = end.replace("3 were", &format!("{taken}; 3 were")).replace("3 of 3", "3 of 3 so far");
    assert_eq!(tempest.ended_early(2, 2), end);

    let mut sea = Sea::of(3, 0);
    sea.begin(mass(Kind::Partition, Size::Count(1), 1, 60), 3);
    sea.pass(3_000);
    (0..3).for_each(|number| sea.close(&id(number), Cause::KeepAliveTimeout));
    let end = sea.pass(100_000).unwrap();
    assert_eq!((end.as_str(), sea.now), ("the partition is over: 3 were silent, wills 3 of 3, 0 lost", 60_000));
}

#[test]
fn whoever_does_not_come_back_is_asked_again_and_told_of_in_the_end() {
    let mut sea = Sea::of(4, 0);
    sea.stuck.insert(id(2));
    sea.begin(mass(Kind::Storm, Size::Percent(100), 4, 4), 4);
    let end = sea.pass(60_000).unwrap();
    assert_eq!(end, "the storm is over: 4 died in 1 round, wills 4 of 4, 0 lost; 1 is not back");
    assert_eq!(sea.log[..3], [(0, 4, false), (2_000, 4, true), (4_000, 1, true)]);
    assert!(sea.log.len() > 10 && sea.log[2..].iter().all(|(_, many, back)| (*many, *back) == (1, true)));
}

#[test]
fn whoever_does_not_die_is_asked_again_after_a_while() {
    let mut sea = Sea::of(2, 0);
    sea.deaf.insert(id(0));
    sea.begin(mass(Kind::Storm, Size::Percent(100), 4, 24), 2);
    sea.pass(10_000);
    assert_eq!(sea.toll().struck, 3);
    sea.deaf.clear();
    sea.pass(7_000);
    let struck: Vec<_> = sea.log.iter().filter(|(.., back)| !back).map(|(at, many, _)| (*at, *many)).collect();
    assert_eq!(struck, [(0, 2), (4_000, 1), (8_000, 1), (12_000, 1), (16_000, 2)]);

    // The end does not wait for it for ever.
    let mut sea = Sea::of(2, 0);
    sea.deaf.insert(id(0));
    sea.begin(mass(Kind::Cut, Size::Percent(100), 1, 0), 2);
    let end = sea.pass(60_000).unwrap();
    assert_eq!((end.as_str(), sea.now), ("cut at random: 1 died, wills 1 of 1, 0 lost", 15_000));
}

#[test]
fn whoever_is_not_taken_over_has_not_died() {
    let takeover = |kind, every, time| Mass { fault: Fault::Takeover, ..mass(kind, Size::Percent(100), every, time) };
    let mut sea = Sea::of(3, 1);
    sea.spared.extend((0..4).map(id));
    sea.begin(takeover(Kind::Cut, 1, 0), 4);
    assert_eq!(sea.pass(60_000).unwrap(), "takeover at random: 0 died");

    // What becomes of it is waited for where no will is, and not for ever.
    let mut sea = Sea::of(2, 0);
    sea.deaf.extend([id(0), id(1)]);
    sea.begin(takeover(Kind::Cut, 1, 0), 2);
    let begun = sea.time();
    sea.tell(Report::Link(LinkEvent::Down { at: begun, why: "gone".to_owned() }));
    sea.obey();
    for number in 0..2 {
        sea.tell(Report::Device(DeviceEvent::Faulted { at: begun, client: id(number), fault: Fault::Takeover }));
    }
    assert_eq!(sea.pass(5_000), None);
    sea.spared.insert(id(0));
    sea.take_over(&id(0));
    let end = sea.pass(60_000).unwrap();
    assert!(end.starts_with("takeover at random: 1 died") && sea.now == 15_000, "{end} at {}", sea.now);

    // In the next round they are struck again, and not blamed twice.
    let mut sea = Sea::of(3, 1);
    sea.spared.extend([id(0), id(3)]);
    sea.begin(takeover(Kind::Storm, 4, 8), 4);
    sea.pass(1_000);
    assert_eq!(sea.toll().struck, 2);
    // A takeover that somebody asked for in between is none of the storm's.
    sea.tell(Report::Device(DeviceEvent::Faulted { at: sea.time(), client: id(1), fault: Fault::Takeover }));
    sea.spared.insert(id(1));
    sea.take_over(&id(1));
    assert_eq!(sea.toll().struck, 2);
    sea.spared.clear();
    let end = sea.pass(60_000).unwrap();
    assert_eq!(end, "the storm is over: 6 died in 2 rounds, wills 6 of 6, 0 lost");
}

#[test]
fn whoever_is_gone_before_its_order_is_not_waited_for() {
    let mut sea = Sea::of(2, 0);
    sea.deaf.insert(id(0));
    sea.begin(mass(Kind::Cut, Size::Percent(100), 1, 0), 2);
    assert_eq!(sea.pass(5_000), None);
    sea.silent.insert(id(0));
    sea.close(&id(0), Cause::ServerInitiated);
    let end = sea.pass(60_000).unwrap();
    assert_eq!((end.as_str(), sea.now), ("cut at random: 1 died, wills 1 of 1, 0 lost", 5_000));
}

#[test]
fn an_order_that_was_not_obeyed_is_waited_for_once() {
    // Nobody heals it: it goes on when the time for the order is over.
    let mut sea = Sea::of(2, 0);
    sea.deaf.insert(id(0));
    sea.begin(Mass { fault: Fault::Freeze, ..mass(Kind::Partition, Size::Percent(100), 0, 0) }, 2);
    assert_eq!(sea.pass(600_000), None);
    let late = sea.hub.tempest().and_then(Tempest::next_deadline);
    assert_eq!(late, None, "nothing is left to do");
    // Carried out after all, it counts, and is brought back.
    sea.tell(Report::Device(DeviceEvent::Faulted { at: sea.time(), client: id(0), fault: Fault::Freeze }));
    assert_eq!(sea.toll().struck, 2);
    assert_eq!(sea.hub.end_mass().unwrap().left_down(), [id(0), id(1)]);
}

#[test]
fn somebody_elses_devices_are_cut_and_not_brought_back() {
    let mut sea = Sea::of(2, 3);
    sea.begin(mass(Kind::Storm, Size::Percent(100), 4, 8), 5);
    sea.pass(1_000);
    assert_eq!((sea.toll().struck, sea.toll().down), (5, 2));
    // One of them comes back by itself, another one was deleted.
    sea.connect(&id(4));
    sea.tell(Report::Device(DeviceEvent::Removed { client: id(2) }));
    let end = sea.pass(60_000).unwrap();
    assert_eq!(end, "the storm is over: 8 died in 2 rounds, wills 8 of 8, 0 lost");
    assert_eq!(sea.log, [(0, 5, false), (2_000, 2, true), (4_000, 3, false), (6_000, 2, true)]);
}

#[test]
fn a_frozen_device_comes_back_in_a_storm_when_its_connection_has_ended() {
    let mut sea = Sea::of(2, 0);
    let freeze = Mass { fault: Fault::Freeze, ..mass(Kind::Storm, Size::Percent(100), 2, 2) };
    sea.begin(freeze, 2);
    sea.pass(3_000);
    (0..2).for_each(|number| sea.close(&id(number), Cause::KeepAliveTimeout));
    let end = sea.pass(20_000).unwrap();
    // After a second they are due; every two seconds it is looked whether they can come.
    assert_eq!(sea.log, [(0, 2, false), (5_000, 2, true)], "{end}");
}

#[test]
fn what_takes_a_while_is_told_once_it_does() {
    let mut sea = Sea::of(2, 0);
    sea.hub.expect("new".into(), at(0));
    let works = |sea: &Sea, millis| sea.hub.jobs(at(0), at(millis)).iter().map(|job| job.work).collect::<Vec<_>>();
    assert!(works(&sea, 299).is_empty() && sea.hub.is_busy(at(299)));
    assert_eq!(works(&sea, 300), [Work::Launch]);
    sea.now = 400;
    sea.begin(mass(Kind::Partition, Size::Count(1), 1, 0), 2);
    assert_eq!(works(&sea, 1_000), [Work::Mass(Kind::Partition), Work::Launch]);
    let (at_now, why) = (sea.time(), "connection refused".to_owned());
    sea.tell(Report::Link(LinkEvent::Down { at: at_now, why }));
    assert_eq!(works(&sea, 1_000).len(), 2, "the header tells of the link at once");
    let jobs = sea.hub.jobs(at(0), at(1_400));
    assert_eq!(jobs.last().map(|job| (job.work, job.why.as_deref())), Some((Work::Link, Some("connection refused"))));
    assert_eq!(sea.hub.cancel_arrivals(Work::Launch), (vec!["new".into()], 1));
    assert!(!works(&sea, 1_000).contains(&Work::Launch));
}
