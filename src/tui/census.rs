//! How many of the devices that are shown have which sign: the legend of a wall. Only devices that changed are looked at again.

use super::sieve::Sieve;
use super::sign::Sign;
use crate::fleet::{DeviceKey, Fleet};

/// The numbers behind a legend.
#[derive(Debug, Default)]
pub struct Census {
    /// The sign of the device at each place; `None` where none is, or none that is shown.
    signs: Vec<Option<Sign>>,
    counts: [usize; Sign::ALL.len()],
    /// The fleet's changes and the filter that were taken in.
    seen: Option<(u64, u64)>,
    looked_at: u64,
}

impl Census {
    /// How many devices have the sign.
    #[must_use]
    pub const fn count(&self, sign: Sign) -> usize {
        self.counts[sign as usize]
    }

    /// How many devices were looked at in all, for tests.
    #[must_use]
    pub const fn looked_at(&self) -> u64 {
        self.looked_at
    }

    /// Nobody asks for the numbers any more: they are not kept up to date.
    pub const fn rest(&mut self) {
        self.seen = None;
    }

    /// Takes in what happened to the fleet and to the filter.
    pub fn sync(&mut self, fleet: &Fleet, sieve: &Sieve) {
        let now = (fleet.changes(), sieve.generation());
        if self.seen == Some(now) {
            return;
        }
        let same = self.seen.filter(|(_, generation)| *generation == now.1);
        if let Some(touched) = same.and_then(|(changes, _)| fleet.touched_since(changes)) {
            for key in touched {
                self.look(fleet, sieve, key);
            }
        } else {
            self.signs.clear();
            self.counts = Default::default();
            for key in fleet.order() {
                self.look(fleet, sieve, *key);
            }
        }
        self.seen = Some(now);
    }

    fn look(&mut self, fleet: &Fleet, sieve: &Sieve, key: DeviceKey) {
        self.looked_at += 1;
        if self.signs.len() <= key.0 {
            self.signs.resize(key.0 + 1, None);
        }
        let now = fleet.device(key).filter(|_| sieve.shows(key)).map(Sign::of);
        let before = std::mem::replace(&mut self.signs[key.0], now);
        if let Some(sign) = before {
            self.counts[sign as usize] -= 1;
        }
        if let Some(sign) = now {
            self.counts[sign as usize] += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::DeviceEvent;
    use crate::mqtt::ClientId;
    use crate::tui::sieve::tests::{apply, fail, fleet, launch};
    use proptest::prelude::*;

    #[test]
    fn only_what_changed_is_looked_at_again() {
        let mut fleet = fleet();
        for number in 0..1_000 {
            launch(&mut fleet, &format!("d{number}"));
        }
        let (mut census, sieve) = (Census::default(), Sieve::default());
        for _ in 0..50 {
            census.sync(&fleet, &sieve);
        }
        assert_eq!((census.looked_at(), census.count(Sign::Unknown)), (1_000, 1_000));
        fail(&mut fleet, "d7");
        census.sync(&fleet, &sieve);
        assert_eq!((census.count(Sign::Unknown), census.count(Sign::Gone)), (999, 1));
        assert!(census.looked_at() <= 1_010, "{}", census.looked_at());
    }

    proptest! {
        #[test]
        fn it_counts_what_is_shown(steps in proptest::collection::vec((0u8..6, 0u8..8), 0..60)) {
            let mut fleet = fleet();
            let (mut census, mut sieve) = (Census::default(), Sieve::default());
            for (what, who) in steps {
                let id = format!("d{who}");
                match what {
                    0 => launch(&mut fleet, &id),
                    1 => fail(&mut fleet, &id),
                    2 => apply(&mut fleet, DeviceEvent::Removed { client: ClientId::from(id.as_str()) }),
                    3 => sieve.set(["", "refused", "id~d1", "!refused"][usize::from(who) % 4]),
                    4 => census.rest(),
                    _ => {
                        sieve.sync(&fleet);
                        census.sync(&fleet, &sieve);
                        for sign in Sign::ALL {
                            let rows = sieve.rows(&fleet).iter().filter_map(|key| fleet.device(*key));
                            prop_assert_eq!(census.count(sign), rows.filter(|device| Sign::of(device) == sign).count());
                        }
                    }
                }
            }
        }
    }
}
