//! The story of one death: its hops, each with its time.

use super::device::DeviceKey;
use super::presence::Evidence;
use crate::clock::Moment;
use crate::mqtt::{Cause, ClientId, Fault};
use std::sync::Arc;
use std::time::Duration;

/// Which incident, counted from 1 in the order in which they began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IncidentId(pub u64);

/// One step of a death, in the order of the story.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hop {
    /// The device was cut.
    Cut,
    /// The broker knew.
    Detected,
    /// The will arrived.
    Will,
    /// A rule matched it.
    Rule,
    /// The rule's republish arrived.
    Executed,
    /// A person was told.
    Notified,
    /// The device is back.
    Recovered,
}

impl Hop {
    /// Every hop, in order.
    pub const ALL: [Self; 7] =
        [Self::Cut, Self::Detected, Self::Will, Self::Rule, Self::Executed, Self::Notified, Self::Recovered];

    /// The name in JSON and on screen.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cut => "cut",
            Self::Detected => "detected",
            Self::Will => "will",
            Self::Rule => "rule",
            Self::Executed => "executed",
            Self::Notified => "notified",
            Self::Recovered => "recovered",
        }
    }
}

/// The times of the hops that were seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hops([Option<Moment>; 7]);

impl Hops {
    /// When `hop` was seen.
    #[must_use]
    pub const fn get(&self, hop: Hop) -> Option<Moment> {
        self.0[hop as usize]
    }

    /// Records `hop`, unless it was seen before; true if it is new.
    pub fn set(&mut self, hop: Hop, at: Moment) -> bool {
        let slot = &mut self.0[hop as usize];
        let new = slot.is_none();
        slot.get_or_insert(at);
        new
    }

    /// The first moment of the story.
    #[must_use]
    pub fn first(&self) -> Option<Moment> {
        self.0.iter().flatten().min().copied()
    }

    /// The hops that were seen, in the story's order, with the time since the first.
    pub fn seen(&self) -> impl Iterator<Item = (Hop, Duration)> + '_ {
        let first = self.first().unwrap_or_default();
        Hop::ALL.into_iter().filter_map(move |hop| self.get(hop).map(|at| (hop, at.since(first))))
    }
}

/// One death of one device.
#[derive(Clone, Debug)]
pub struct Incident {
    /// Which.
    pub id: IncidentId,
    /// Whose.
    pub device: DeviceKey,
    /// Whose, by name: it outlives the device.
    pub client: ClientId,
    /// How it died.
    pub cause: Cause,
    /// How that is known.
    pub evidence: Evidence,
    /// What lwtop did to it, if it was lwtop.
    pub fault: Option<Fault>,
    /// What was seen when.
    pub hops: Hops,
    /// The hops that are still to come if all is well.
    pub awaited: Vec<Hop>,
    /// The hops that should have come in time and did not: news in itself.
    pub missing: Vec<Hop>,
    /// How often the will arrived; more than once is a fault of the broker.
    pub wills: u32,
    /// The rule that matched.
    pub rule: Option<Arc<str>>,
    /// Whether it was reported (complete or overdue).
    pub reported: bool,
}

impl Incident {
    /// The time from the first hop to `hop`.
    #[must_use]
    pub fn after(&self, hop: Hop) -> Option<Duration> {
        Some(self.hops.get(hop)?.since(self.hops.first()?))
    }
}
