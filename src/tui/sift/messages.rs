//! The messages and news that the filter lets through. What one says never changes, so its text is read once; what its
//! device is now is looked up again when a device changed and a term asks for it.

use crate::fleet::{FeedEntry, Fleet};
use crate::tui::messages::{KINDS, Kind};
use crate::tui::selection::Listed;
use crate::tui::sieve::Sieve;
use std::collections::VecDeque;

/// The answers to a filter, for every message and every change of a presence that is kept.
#[derive(Debug, Default)]
pub struct MessageSift {
    kinds: [Passed; KINDS.len()],
    /// The generation of the filter and the changes of devices that were taken in; `None` without a filter.
    seen: Option<(u64, u64)>,
    /// Rises when an answer is another than before.
    turns: u64,
    /// How many were read so far.
    read: u64,
}

/// Those of one kind.
#[derive(Debug, Default)]
struct Passed {
    /// How many ever came.
    total: u64,
    /// What each says by itself, oldest first.
    own: VecDeque<bool>,
    /// Those that are let through, oldest first, counted from the first that ever came.
    rows: VecDeque<u64>,
}

impl MessageSift {
    /// Those of the kind at `index` of [`KINDS`] that are let through, oldest first, counted from the first that ever
    /// came; `None` if there is no filter.
    #[must_use]
    pub const fn rows(&self, index: usize) -> Option<&VecDeque<u64>> {
        if self.seen.is_some() { Some(&self.kinds[index].rows) } else { None }
    }

    /// The list of the kind at `index` of [`KINDS`].
    #[must_use]
    pub fn listed<'a>(&'a self, fleet: &'a Fleet, index: usize) -> Listed<'a> {
        KINDS[index].listed(fleet).sifted(self.rows(index))
    }

    /// Rises when an answer is another than before.
    #[must_use]
    pub const fn turns(&self) -> u64 {
        self.turns
    }

    /// How many texts were read in all, for tests.
    #[must_use]
    pub const fn read(&self) -> u64 {
        self.read
    }

    /// Takes in what happened since the last time.
    pub fn sync(&mut self, fleet: &Fleet, sieve: &Sieve) {
        if sieve.filter().is_empty() {
            let turns = self.turns + u64::from(self.seen.is_some());
            *self = Self { turns, read: self.read, ..Self::default() };
            return;
        }
        let now = (sieve.generation(), fleet.changes());
        let anew = self.seen.is_none_or(|(generation, _)| generation != now.0);
        let moved = sieve.filter().asks_device() && self.seen != Some(now);
        self.seen = Some(now);
        for (index, kind) in KINDS.into_iter().enumerate() {
            let list = kind.listed(fleet);
            let passed = &mut self.kinds[index];
            if anew {
                *passed = Passed { total: list.total - list.kept as u64, ..Passed::default() };
            }
            let new = list.total - passed.total;
            if new == 0 && !anew && !moved {
                continue;
            }
            for row in (0..usize::try_from(new).unwrap_or(usize::MAX).min(list.kept)).rev() {
                self.read += 1;
                passed.own.push_back(match kind {
                    Kind::Message(role) => sieve.filter().matches_said(&fleet.feed(role).entries()[row]),
                    Kind::Presence => sieve.filter().matches_news(&fleet.news().entries()[row]),
                });
            }
            passed.total = list.total;
            let gone = passed.own.len() - list.kept;
            passed.own.drain(..gone);
            let speaker = |entry: &FeedEntry| {
                let device = entry.device.as_ref().and_then(|id| fleet.device(fleet.find(id.as_str())?));
                sieve.filter().matches_speaker(device)
            };
            let first = list.total - list.kept as u64;
            let answers = passed.own.iter().enumerate().filter(|(at, own)| {
                **own
                    && match kind {
                        Kind::Message(role) => speaker(&fleet.feed(role).entries()[list.kept - 1 - at]),
                        Kind::Presence => true,
                    }
            });
            let rows: VecDeque<u64> = answers.map(|(at, _)| first + at as u64).collect();
            if anew || rows != passed.rows {
                self.turns += 1;
            }
            passed.rows = rows;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Moment;
    use crate::fleet::{DeviceEvent, Event, Incoming, LinkEvent, Meaning, Role, Settings};
    use crate::mqtt::Qos;
    use proptest::prelude::*;

    const NOW: Moment = Moment::from_millis(1_000);

    fn fleet() -> Fleet {
        let mut fleet = Fleet::new(Settings { will: "w".parse().unwrap(), rules: false });
        fleet.apply(Event::Link(LinkEvent::Up { at: NOW }), NOW, &mut Vec::new());
        fleet
    }

    fn act(fleet: &mut Fleet, what: u8, who: u8) {
        let id = format!("d{who}");
        let event = match what {
            0..3 => {
                let role = [Role::Connected, Role::Will, Role::Other][usize::from(what)];
                let message = Incoming {
                    at: NOW,
                    topic: "t".into(),
                    payload: format!("said by {who}").into(),
                    qos: Qos::AtMostOnce,
                    retain: false,
                    publisher: None,
                    source: None,
                    properties: None,
                };
                let device = (who > 0).then(|| id.as_str().into());
                Event::Message(message, Meaning { role, device }, Vec::new())
            }
            3 => Event::Device(DeviceEvent::Removed { client: id.as_str().into() }),
            _ => Event::Device(DeviceEvent::Failed { at: NOW, client: id.as_str().into(), why: "no".to_owned() }),
        };
        fleet.apply(event, NOW, &mut Vec::new());
    }

    fn all(fleet: &Fleet, sieve: &Sieve, index: usize) -> Vec<u64> {
        let filter = sieve.filter();
        let answers: Vec<bool> = match KINDS[index] {
            Kind::Presence => fleet.news().entries().iter().map(|news| filter.matches_news(news)).collect(),
            Kind::Message(role) => {
                let device = |entry: &FeedEntry| {
                    let id = entry.device.as_ref()?;
                    fleet.device(fleet.find(id.as_str())?)
                };
                let entries = fleet.feed(role).entries().iter();
                entries.map(|entry| filter.matches_message(entry, device(entry))).collect()
            }
        };
        let total = KINDS[index].listed(fleet).total;
        let shown = answers.iter().enumerate().filter(|(_, answer)| **answer);
        let mut all: Vec<u64> = shown.map(|(row, _)| total - 1 - row as u64).collect();
        all.reverse();
        all
    }

    #[test]
    fn a_text_is_read_once() {
        let mut fleet = fleet();
        for round in 0..1_000_u32 {
            act(&mut fleet, 0, u8::try_from(round % 9).unwrap());
        }
        let mut sieve = Sieve::default();
        sieve.set("\"said by 7\" presence:online");
        let mut sift = MessageSift::default();
        sift.sync(&fleet, &sieve);
        let kept = fleet.feed(Role::Connected).entries().len() + fleet.news().entries().len();
        assert_eq!(sift.read(), kept as u64);
        for who in 0..9 {
            act(&mut fleet, 0, who);
            sift.sync(&fleet, &sieve);
        }
        assert_eq!(sift.read(), kept as u64 + 9, "no text is read again");
        assert_eq!(sift.listed(&fleet, 0).shown(), all(&fleet, &sieve, 0).len());
        assert!(sift.listed(&fleet, 0).shown() > 50);
    }

    proptest! {
        #[test]
        fn it_always_shows_what_asking_all_would(
            steps in proptest::collection::vec((0u8..6, 0u8..5), 0..80),
            text in proptest::sample::select(vec![
                "presence:offline", "!presence:online", "id~3", "\"by 2\"", "!d1", "evidence:inferred", "link",
                "presence:unknown said",
            ]),
        ) {
            let mut fleet = fleet();
            let mut sieve = Sieve::default();
            sieve.set(text);
            let mut sift = MessageSift::default();
            for (what, who) in steps.into_iter().chain([(5, 0)]) {
                if what < 5 {
                    act(&mut fleet, what, who);
                    continue;
                }
                let turns = sift.turns();
                let before: Vec<_> = (0..KINDS.len()).map(|index| sift.rows(index).cloned()).collect();
                sift.sync(&fleet, &sieve);
                for (index, before) in before.into_iter().enumerate() {
                    let rows = sift.rows(index).cloned();
                    prop_assert_eq!(rows.iter().flatten().copied().collect::<Vec<_>>(), all(&fleet, &sieve, index));
                    prop_assert!(rows == before || sift.turns() > turns);
                }
            }
        }
    }
}
