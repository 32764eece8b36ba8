//! The devices that the filter lets through, and in which order. Only devices that changed are asked again, so that a frame of a large fleet
//! costs no more with a filter than without.

use super::filter::Filter;
use crate::fleet::{DeviceKey, Fleet, Order, Sort};

/// A filter, and what it lets through of the fleet.
#[derive(Debug, Default)]
pub struct Sieve {
    filter: Filter,
    /// Whether the device at each place is let through.
    through: Vec<bool>,
    rows: Vec<DeviceKey>,
    order: Order,
    /// The fleet's changes and its comings and goings that were taken in; `None` after a new filter.
    seen: Option<(u64, u64)>,
    /// How often another filter was set.
    generation: u64,
    /// How many devices were asked so far.
    asked: u64,
}

impl Sieve {
    /// What is looked for.
    #[must_use]
    pub const fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Looks for something else.
    pub fn set(&mut self, text: &str) {
        if text != self.filter.text() {
            self.filter = Filter::parse(text);
            self.generation += 1;
            self.seen = None;
        }
    }

    /// The devices that are let through, in the order of the fleet.
    #[must_use]
    pub fn rows<'a>(&'a self, fleet: &'a Fleet) -> &'a [DeviceKey] {
        if self.filter.is_empty() { fleet.order() } else { &self.rows }
    }

    /// Whether the device at `key` is let through, if there is one.
    #[must_use]
    pub fn shows(&self, key: DeviceKey) -> bool {
        self.filter.is_empty() || self.through.get(key.0).is_some_and(|yes| *yes)
    }

    /// Another number for another filter.
    #[must_use]
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// The same in the order that the person chose.
    #[must_use]
    pub fn sorted<'a>(&'a self, fleet: &'a Fleet) -> &'a [DeviceKey] {
        self.order.rows().unwrap_or_else(|| self.rows(fleet))
    }

    /// By what they are sorted; `None` is the order of the fleet.
    #[must_use]
    pub const fn sort(&self) -> Option<Sort> {
        self.order.sort()
    }

    /// Sorts by something else.
    pub fn sort_by(&mut self, sort: Option<Sort>) {
        self.order.set(sort);
    }

    /// How many devices are not shown.
    #[must_use]
    pub fn hidden(&self, fleet: &Fleet) -> usize {
        fleet.len().saturating_sub(self.rows(fleet).len())
    }

    /// How many devices were asked in all, for tests.
    #[must_use]
    pub const fn asked(&self) -> u64 {
        self.asked
    }

    /// Takes in what happened to the fleet.
    pub fn sync(&mut self, fleet: &Fleet) {
        self.let_through(fleet);
        let (all, through) = (self.filter.is_empty(), &self.through);
        self.order.sync(fleet, self.generation, |key| all || through.get(key.0).is_some_and(|yes| *yes));
    }

    fn let_through(&mut self, fleet: &Fleet) {
        if self.filter.is_empty() {
            self.seen = None;
            return;
        }
        let now = (fleet.changes(), fleet.turnover());
        if self.seen == Some(now) {
            return;
        }
        let since = self.seen.and_then(|(changes, _)| fleet.touched_since(changes));
        let mut moved = self.seen.is_none_or(|(_, turnover)| turnover != now.1);
        if let Some(touched) = since {
            for key in touched {
                moved |= self.ask(fleet, key);
            }
        } else {
            self.through.clear();
            moved = true;
            for key in fleet.order() {
                self.ask(fleet, *key);
            }
        }
        if moved {
            self.rows.clear();
            self.rows.extend(fleet.order().iter().filter(|key| self.through.get(key.0).is_some_and(|yes| *yes)));
        }
        self.seen = Some(now);
    }

    /// Asks one device; true if the answer is another than before.
    fn ask(&mut self, fleet: &Fleet, key: DeviceKey) -> bool {
        self.asked += 1;
        if self.through.len() <= key.0 {
            self.through.resize(key.0 + 1, false);
        }
        let now = fleet.device(key).is_some_and(|device| self.filter.matches_device(device));
        std::mem::replace(&mut self.through[key.0], now) != now
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::clock::Moment;
    use crate::fleet::{DeviceEvent, Event, Settings};
    use crate::mqtt::ClientId;
    use proptest::prelude::*;

    pub(in crate::tui) fn apply(fleet: &mut Fleet, event: DeviceEvent) {
        fleet.apply(Event::Device(event), Moment::from_millis(1_000), &mut Vec::new());
    }

    pub(in crate::tui) fn launch(fleet: &mut Fleet, id: &str) {
        apply(fleet, DeviceEvent::Launched { at: Moment::from_millis(1_000), client: id.into() });
    }

    pub(in crate::tui) fn fail(fleet: &mut Fleet, id: &str) {
        let at = Moment::from_millis(1_000);
        apply(fleet, DeviceEvent::Failed { at, client: id.into(), why: "refused".to_owned() });
    }

    pub(in crate::tui) fn fleet() -> Fleet {
        Fleet::new(Settings { will: "w".parse().unwrap(), rules: false })
    }

    fn ids(sieve: &Sieve, fleet: &Fleet) -> Vec<String> {
        let rows = sieve.rows(fleet).iter().filter_map(|key| fleet.device(*key));
        rows.map(|device| device.id.as_str().to_owned()).collect()
    }

    #[test]
    fn only_what_changed_is_asked_again() {
        let mut fleet = fleet();
        for number in 0..1_000 {
            launch(&mut fleet, &format!("d{number}"));
        }
        let mut sieve = Sieve::default();
        sieve.set("refused");
        sieve.sync(&fleet);
        assert_eq!((sieve.asked(), sieve.rows(&fleet).len(), sieve.hidden(&fleet)), (1_000, 0, 1_000));
        for _ in 0..50 {
            sieve.sync(&fleet);
        }
        assert_eq!(sieve.asked(), 1_000, "nothing happened");
        fail(&mut fleet, "d7");
        sieve.sync(&fleet);
        assert_eq!(ids(&sieve, &fleet), ["d7"]);
        assert!(sieve.asked() <= 1_010, "{}", sieve.asked());
    }

    proptest! {
        #[test]
        fn it_always_shows_what_asking_all_would(steps in proptest::collection::vec((0u8..4, 0u8..8), 0..60)) {
            let mut fleet = fleet();
            let mut sieve = Sieve::default();
            sieve.set("refused");
            for (what, who) in steps {
                let id = format!("d{who}");
                match what {
                    0 => launch(&mut fleet, &id),
                    1 => fail(&mut fleet, &id),
                    2 => apply(&mut fleet, DeviceEvent::Removed { client: ClientId::from(id.as_str()) }),
                    _ => sieve.sync(&fleet),
                }
                if what == 3 {
                    let all: Vec<String> = fleet
                        .devices()
                        .filter(|device| sieve.filter().matches_device(device))
                        .map(|device| device.id.as_str().to_owned())
                        .collect();
                    prop_assert_eq!(ids(&sieve, &fleet), all);
                }
            }
        }
    }
}
