//! The incidents that the filter lets through. Only those that changed, or whose device did, are asked again.

use crate::fleet::{DeviceKey, Fleet, IncidentId};
use crate::mqtt::ClientId;
use crate::tui::sieve::Sieve;
use std::collections::{HashMap, HashSet, VecDeque};

/// The answers to a filter, for every incident that is kept.
#[derive(Debug, Default)]
pub struct IncidentSift {
    /// The answers, oldest first.
    answers: VecDeque<bool>,
    /// How many incidents were asked for or forgotten.
    total: u64,
    /// Those that are let through, oldest first, counted from the first that ever came.
    rows: VecDeque<u64>,
    /// Where a term asks how a device is now: the incidents of each, oldest first.
    of_client: HashMap<ClientId, VecDeque<u64>>,
    /// At which place in the fleet each was when it was asked: one that is deleted is known by its place alone.
    places: HashMap<DeviceKey, ClientId>,
    /// The generation of the filter, and the changes of incidents and of devices that were taken in; `None` without a filter.
    seen: Option<(u64, u64, u64)>,
    /// How many were asked so far.
    asked: u64,
}

impl IncidentSift {
    /// Those that are let through, oldest first, counted from the first that ever came; `None` if there is no filter.
    #[must_use]
    pub const fn rows(&self) -> Option<&VecDeque<u64>> {
        if self.seen.is_some() { Some(&self.rows) } else { None }
    }

    /// How many incidents were asked in all, for tests.
    #[must_use]
    pub const fn asked(&self) -> u64 {
        self.asked
    }

    /// Takes in what happened since the last time.
    pub fn sync(&mut self, fleet: &Fleet, sieve: &Sieve) {
        let log = fleet.incidents();
        if sieve.filter().is_empty() {
            *self = Self { asked: self.asked, ..Self::default() };
            return;
        }
        let now = (sieve.generation(), log.changes(), fleet.changes());
        if self.seen == Some(now) && self.total == log.total() {
            return;
        }
        let asks_device = sieve.filter().asks_device();
        let known = self.seen.filter(|(generation, ..)| *generation == now.0);
        let changed = known.and_then(|(_, changes, _)| log.touched_since(changes));
        let devices = known.filter(|_| asks_device).map(|(_, _, changes)| fleet.touched_since(changes));
        self.seen = Some(now);
        let (Some(changed), Some(devices)) = (changed, devices.map_or_else(|| Some(None), |some| some.map(Some)))
        else {
            self.ask_all(fleet, sieve);
            return;
        };
        let mut again: Vec<u64> = changed.map(|id| id.0 - 1).collect();
        // One that is busy is listed many times.
        let devices: HashSet<DeviceKey> = devices.into_iter().flatten().collect();
        for key in devices {
            let before = self.places.remove(&key);
            let now = fleet.device(key).map(|device| &device.id);
            for client in before.iter().chain(now) {
                again.extend(self.of_client.get(client).into_iter().flatten());
            }
        }
        again.sort_unstable();
        again.dedup();
        self.forget(log.total() - log.len() as u64);
        let mut moved = false;
        for number in again {
            // A new one is asked below.
            let Some(place) = self.place(number).filter(|place| *place < self.answers.len()) else { continue };
            let answer = self.ask(fleet, sieve, number);
            moved |= std::mem::replace(&mut self.answers[place], answer) != answer;
        }
        if moved {
            self.collect();
        }
        self.take_in(fleet, sieve);
    }

    fn ask_all(&mut self, fleet: &Fleet, sieve: &Sieve) {
        let log = fleet.incidents();
        self.answers.clear();
        self.rows.clear();
        self.of_client.clear();
        self.places.clear();
        self.total = log.total() - log.len() as u64;
        self.take_in(fleet, sieve);
    }

    /// Asks those that are new.
    fn take_in(&mut self, fleet: &Fleet, sieve: &Sieve) {
        let log = fleet.incidents();
        let first = log.total() - log.len() as u64;
        for number in self.total.max(first)..log.total() {
            let answer = self.ask(fleet, sieve, number);
            self.answers.push_back(answer);
            if answer {
                self.rows.push_back(number);
            }
            if sieve.filter().asks_device()
                && let Some(incident) = log.get(IncidentId(number + 1))
            {
                let own = self.of_client.entry(incident.client.clone()).or_default();
                while own.front().is_some_and(|other| *other < first) {
                    own.pop_front();
                }
                own.push_back(number);
            }
        }
        self.total = log.total();
    }

    /// Lets go of those before `first`, which are no longer kept.
    fn forget(&mut self, first: u64) {
        let oldest = self.total - self.answers.len() as u64;
        let gone = usize::try_from(first.saturating_sub(oldest)).unwrap_or(usize::MAX).min(self.answers.len());
        self.answers.drain(..gone);
        let hidden = self.rows.partition_point(|number| *number < first);
        self.rows.drain(..hidden);
        if self.of_client.len() > 2 * self.answers.len() + 1_000 {
            self.of_client.retain(|_, own| own.back().is_some_and(|number| *number >= first));
        }
    }

    fn place(&self, number: u64) -> Option<usize> {
        let oldest = self.total - self.answers.len() as u64;
        usize::try_from(number.checked_sub(oldest)?).ok()
    }

    fn collect(&mut self) {
        let oldest = self.total - self.answers.len() as u64;
        self.rows.clear();
        self.rows.extend((oldest..).zip(&self.answers).filter(|(_, answer)| **answer).map(|(number, _)| number));
    }

    fn ask(&mut self, fleet: &Fleet, sieve: &Sieve, number: u64) -> bool {
        self.asked += 1;
        let Some(incident) = fleet.incident(IncidentId(number + 1)) else { return false };
        let key = fleet.find(incident.client.as_str());
        if let Some(key) = key.filter(|_| sieve.filter().asks_device()) {
            self.places.insert(key, incident.client.clone());
        }
        sieve.filter().matches_incident(incident, key.and_then(|key| fleet.device(key)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Moment;
    use crate::fleet::{
        Closed, DeviceEvent, Event, Incoming, LinkEvent, Meaning, Opened, Role, SessionEvent, Settings, Via,
    };
    use crate::mqtt::{Cause, ConnId, KeepAlive, Protocol, Qos};
    use crate::wiring::Activity;
    use proptest::prelude::*;

    struct Play {
        fleet: Fleet,
        millis: u64,
        conns: HashMap<u8, ConnId>,
    }

    impl Play {
        fn new() -> Self {
            let settings = Settings { will: "w".parse().unwrap(), rules: false };
            let mut play = Self { fleet: Fleet::new(settings), millis: 1_000, conns: HashMap::new() };
            play.apply(Event::Link(LinkEvent::Up { at: Moment::from_millis(1_000) }));
            play
        }

        fn apply(&mut self, event: Event) {
            self.fleet.apply(event, Moment::from_millis(self.millis), &mut Vec::new());
        }

        fn act(&mut self, what: u8, who: u8) {
            self.millis += 700;
            let (at, client) = (Moment::from_millis(self.millis), format!("d{who}"));
            if what == 0 {
                self.conns.insert(who, ConnId(self.millis));
            }
            let conn = self.conns.get(&who).copied().unwrap_or(ConnId(0));
            match what {
                0 => self.apply(Event::Session(SessionEvent::Opened(Box::new(Opened {
                    at,
                    conn,
                    client: client.as_str().into(),
                    peer: None,
                    protocol: Protocol::V311,
                    keep_alive: KeepAlive(1),
                    clean: true,
                    will: None,
                    nameless: false,
                    via: Via::default(),
                })))),
                1 => self.apply(Event::Session(SessionEvent::Closed(Box::new(Closed {
                    at,
                    cut: Some(at),
                    conn,
                    client: client.as_str().into(),
                    cause: Cause::ConnectionLost,
                    how: "FIN",
                    rest: Activity::default(),
                })))),
                2 => self.apply(Event::Device(DeviceEvent::Removed { client: client.as_str().into() })),
                3 => {
                    let message = Incoming {
                        at,
                        topic: "w".into(),
                        payload: "gone".into(),
                        qos: Qos::AtMostOnce,
                        retain: false,
                        publisher: None,
                        source: None,
                        properties: None,
                    };
                    let meaning = Meaning { role: Role::Will, device: Some(client.as_str().into()) };
                    self.apply(Event::Message(message, meaning, Vec::new()));
                }
                _ => self.fleet.tick(at, &mut Vec::new()),
            }
        }

        fn all(&self, sieve: &Sieve) -> Vec<u64> {
            let device = |id: &str| self.fleet.find(id).and_then(|key| self.fleet.device(key));
            let shown = self
                .fleet
                .incidents()
                .newest()
                .filter(|incident| sieve.filter().matches_incident(incident, device(incident.client.as_str())));
            let mut all: Vec<u64> = shown.map(|incident| incident.id.0 - 1).collect();
            all.reverse();
            all
        }
    }

    fn rows(sift: &IncidentSift) -> Vec<u64> {
        sift.rows().map(|rows| rows.iter().copied().collect()).unwrap_or_default()
    }

    #[test]
    fn only_what_changed_is_asked_again() {
        let mut play = Play::new();
        for who in 0..200 {
            play.act(3, who);
        }
        let mut sieve = Sieve::default();
        sieve.set("id:d7");
        let mut sift = IncidentSift::default();
        sift.sync(&play.fleet, &sieve);
        assert_eq!((sift.asked(), rows(&sift)), (200, vec![7]));
        for _ in 0..50 {
            sift.sync(&play.fleet, &sieve);
        }
        assert_eq!(sift.asked(), 200, "nothing happened");
        play.act(0, 7);
        play.act(1, 7);
        sift.sync(&play.fleet, &sieve);
        assert_eq!(rows(&sift), [7, 200]);
        assert!(sift.asked() <= 205, "{}", sift.asked());
        sieve.set("");
        sift.sync(&play.fleet, &sieve);
        assert!(sift.rows().is_none());
    }

    #[test]
    fn what_is_no_longer_kept_is_no_longer_shown() {
        let mut play = Play::new();
        let mut sieve = Sieve::default();
        sieve.set("id:d1 presence:offline");
        let mut sift = IncidentSift::default();
        let most = crate::fleet::IncidentLog::CAPACITY;
        for round in 0..most / 2 + 10 {
            for who in 1..3 {
                play.act(0, who);
                play.act(1, who);
            }
            if round % 3_000 == 0 {
                sift.sync(&play.fleet, &sieve);
            }
        }
        sift.sync(&play.fleet, &sieve);
        assert!(play.fleet.incidents().len() <= most && play.fleet.incidents().total() > most as u64);
        assert_eq!(rows(&sift), play.all(&sieve));
    }

    proptest! {
        #[test]
        fn it_always_shows_what_asking_all_would(
            steps in proptest::collection::vec((0u8..7, 0u8..5), 0..80),
            text in proptest::sample::select(vec![
                "presence:offline", "!presence:online", "id~3", "evidence:will", "cause:unknown", "missing:will",
                "origin:seen cause:cut", "d1",
            ]),
        ) {
            let mut play = Play::new();
            let mut sieve = Sieve::default();
            sieve.set(text);
            let mut sift = IncidentSift::default();
            for (what, who) in steps {
                if what == 6 {
                    sift.sync(&play.fleet, &sieve);
                    prop_assert_eq!(rows(&sift), play.all(&sieve));
                } else {
                    play.act(what, who);
                }
            }
            sift.sync(&play.fleet, &sieve);
            prop_assert_eq!(rows(&sift), play.all(&sieve));
        }
    }
}
