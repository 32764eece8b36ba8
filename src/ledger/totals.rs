//! The sums over all devices of a swarm.

use super::account::{Account, Change, Death, Dropped, Standing, Weight};
use crate::clock::Moment;
use crate::mqtt::{ClientId, Fault};
use hdrhistogram::Histogram;
use std::time::Duration;

/// So many different reasons of failed connects are kept apart; further ones are counted together.
const REASONS: usize = 6;

/// What the reasons beyond [`REASONS`] are called.
const OTHERS: &str = "other reasons";

/// How long something took, over many times: microseconds, to 0.1 %.
#[derive(Clone, Debug)]
pub struct Spread(Histogram<u32>);

impl Default for Spread {
    fn default() -> Self {
        Self(Histogram::new(3).expect("three digits are allowed"))
    }
}

impl Spread {
    fn add(&mut self, time: Duration) {
        // A histogram that resizes itself refuses nothing.
        let _ = self.0.record(u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
    }

    /// How many times.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The time that so many percent did not exceed; the longest for 100.
    #[must_use]
    pub fn percentile(&self, percent: f64) -> Duration {
        Duration::from_micros(self.0.value_at_percentile(percent).min(self.0.max()))
    }
}

/// Sums over all devices, and over the whole time.
#[derive(Clone, Debug, Default)]
pub struct Totals {
    /// When the first device was launched.
    pub first_launch: Option<Moment>,
    /// When the last device connected that had not been connected before.
    pub last_arrival: Option<Moment>,
    /// Accepted connections.
    pub connects: u64,
    /// Those among them of a device that had been connected before.
    pub reconnects: u64,
    /// Attempts that failed.
    pub failed: u64,
    /// Why, without the client id, and how often.
    pub reasons: Vec<(String, u64)>,
    /// Deaths on purpose, by [`Fault`].
    pub deaths: [u64; Fault::ALL.len()],
    /// Connections that ended without this side's doing.
    pub ended: u64,
    /// Connections that somebody else took over with the same client id, where the broker or the gateway says so.
    pub robbed: u64,
    /// Wills that came of a death that a will had to come of.
    pub received: u64,
    /// Those among them that came after their time: they had been counted as lost or unseen.
    pub late: u64,
    /// Wills that came of a connection which the broker ended, or of a death that might have none.
    pub unforced: u64,
    /// Wills that came a second time.
    pub duplicated: u64,
    /// Wills of a device that had not died.
    pub unexpected: u64,
    /// Messages on the topic of wills that name no device of the swarm.
    pub foreign: u64,
    /// How often lwtop's own link to the broker went down.
    pub link_losses: u64,
    /// From a cut to its will.
    pub cut_to_will: Spread,
    /// From a freeze to its will: mostly keep alive.
    pub freeze_to_will: Spread,
    /// Wills that came before anything that they could be of: it is not decided yet what they are.
    pub early: u64,
    standing: [usize; 4],
    weights: [u64; 5],
}

impl Totals {
    /// How many devices are in this state.
    #[must_use]
    pub const fn standing(&self, standing: Standing) -> usize {
        self.standing[standing as usize]
    }

    /// Wills that had to come until now: received, lost, unseen, or still to come.
    #[must_use]
    pub const fn expected(&self) -> u64 {
        self.received + self.lost() + self.unseen() + self.weights[Weight::Due as usize]
    }

    /// Wills that have to come yet, or may have to.
    #[must_use]
    pub const fn awaited(&self) -> u64 {
        self.weights[Weight::Due as usize] + self.weights[Weight::Tentative as usize]
    }

    /// Wills that did not come in time.
    #[must_use]
    pub const fn lost(&self) -> u64 {
        self.weights[Weight::Lost as usize]
    }

    /// Wills of which it cannot be known: lwtop's own link was down.
    #[must_use]
    pub const fn unseen(&self) -> u64 {
        self.weights[Weight::Unseen as usize]
    }

    /// Whether every will that had to come came, exactly once, and no other.
    #[must_use]
    pub const fn exactly_once(&self) -> bool {
        self.received == self.expected() && self.duplicated == 0 && self.unexpected == 0 && self.early == 0
    }

    /// How long it took until the last device had connected for the first time.
    #[must_use]
    pub fn launch_time(&self) -> Option<Duration> {
        Some(self.last_arrival?.since(self.first_launch?))
    }

    pub(super) const fn enter(&mut self, standing: Standing) {
        self.standing[standing as usize] += 1;
    }

    pub(super) const fn leave(&mut self, standing: Standing) {
        self.standing[standing as usize] -= 1;
    }

    pub(super) const fn reweigh(&mut self, change: Change) {
        if let Some(from) = change.from {
            self.weights[from as usize] -= 1;
        }
        if let Some(to) = change.to {
            self.weights[to as usize] += 1;
        }
    }

    pub(super) const fn opened(&mut self, times: u32, at: Moment) {
        self.connects += 1;
        if times > 1 {
            self.reconnects += 1;
        } else {
            self.last_arrival = Some(at);
        }
    }

    pub(super) fn failed(&mut self, id: &ClientId, why: &str) {
        self.failed += 1;
        let why = why.replace(id.as_str(), "a device");
        let known = self.reasons.iter().position(|(reason, _)| *reason == why);
        match known {
            Some(index) => self.reasons[index].1 += 1,
            None if self.reasons.len() < REASONS => self.reasons.push((why, 1)),
            None => match self.reasons.last_mut() {
                Some((reason, count)) if reason == OTHERS => *count += 1,
                _ => self.reasons.push((OTHERS.to_owned(), 1)),
            },
        }
    }

    /// A connection ended without this side's doing. Gives the moment until which its will may come.
    pub(super) const fn dropped(&mut self, dropped: Dropped) -> Option<Moment> {
        match dropped {
            Dropped::Until(due) => Some(due),
            Dropped::Answered => {
                self.early -= 1;
                self.unforced += 1;
                None
            }
        }
    }

    /// A will came of nothing.
    pub(super) const fn extra(&mut self, account: &Account) {
        if account.doubles() {
            self.duplicated += 1;
        } else {
            self.unexpected += 1;
        }
    }

    /// A will that was early came of nothing.
    pub(super) const fn too_many(&mut self, account: &Account) {
        self.early -= 1;
        self.extra(account);
    }

    /// A will came of `death`.
    pub(super) fn answered(&mut self, death: &Death, at: Moment) {
        if death.weight == Weight::Possible {
            self.unforced += 1;
            return;
        }
        self.received += 1;
        self.late += u64::from(matches!(death.weight, Weight::Lost | Weight::Unseen));
        let spread = if death.frozen { &mut self.freeze_to_will } else { &mut self.cut_to_will };
        spread.add(at.since(death.at));
    }
}
