//! The story of one death: its hops, each with its time.

use super::connection::Connection;
use super::device::DeviceKey;
use super::presence::Evidence;
use crate::clock::Moment;
use crate::mqtt::{Cause, ClientId, Fault};
use std::collections::VecDeque;
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

/// What the first hop, [`Hop::Cut`], is to a person: not every death begins with a cut. By what lwtop did, or else by
/// what became of it.
#[must_use]
pub const fn beginning(fault: Option<Fault>, cause: Cause) -> &'static str {
    match (fault, cause) {
        (Some(Fault::Fin | Fault::Rst), _) | (None, Cause::ConnectionLost) => "cut",
        (Some(Fault::Freeze), _) => "freeze",
        (None, Cause::KeepAliveTimeout) => "silence",
        (Some(Fault::Takeover), _) | (None, Cause::SessionTakenOver) => "takeover",
        (Some(Fault::ProtocolError), _) => "malformed",
        (None, Cause::ProtocolError) => "error",
        (Some(Fault::Leave | Fault::LeaveWithWill), _)
        | (None, Cause::ClientInitiatedDisconnect | Cause::DisconnectWithWill) => "leave",
        (Some(Fault::Kick), _) => "kick",
        (None, Cause::ServerInitiated) => "closed",
        (None, Cause::Unknown) => "gone",
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
    /// Whether the will has a delay, and is not sent if the device is back before it is over (5 section 3.1.3.2.2).
    pub delayed: bool,
    /// Whether somebody else's rule may still execute: worth waiting for, but not missed if it does not.
    pub lingering: bool,
    /// The hops that should have come in time and did not: news in itself.
    pub missing: Vec<Hop>,
    /// How often the will arrived; more than once is a fault of the broker.
    pub wills: u32,
    /// The rule that matched.
    pub rule: Option<Arc<str>>,
    /// How many actions that tell a person have not been reported yet.
    pub telling: u32,
    /// The kind of action that told a person first: `desktop`, `email`, …
    pub told_by: Option<&'static str>,
    /// The connection that ended, where the wire was seen.
    pub connection: Option<Box<Connection>>,
    /// Whether it was reported (complete or overdue).
    pub reported: bool,
}

impl Incident {
    /// An incident of which nothing was seen yet.
    pub(super) fn new(id: IncidentId, device: DeviceKey, client: ClientId, cause: Cause, evidence: Evidence) -> Self {
        Self {
            id,
            device,
            client,
            cause,
            evidence,
            fault: None,
            hops: Hops::default(),
            awaited: Vec::new(),
            delayed: false,
            lingering: false,
            missing: Vec::new(),
            wills: 0,
            rule: None,
            telling: 0,
            told_by: None,
            connection: None,
            reported: false,
        }
    }

    /// Whether a hop is still to come that the report waits for. Telling a person is not: a mail takes as long as it takes.
    pub(super) fn waits(&self) -> bool {
        self.awaited.iter().any(|hop| *hop != Hop::Notified)
    }

    /// Whether the device is back.
    #[must_use]
    pub const fn recovered(&self) -> bool {
        self.hops.get(Hop::Recovered).is_some()
    }

    pub(super) fn settle(&mut self, hop: Hop) {
        self.awaited.retain(|awaited| *awaited != hop);
        self.missing.retain(|missing| *missing != hop);
    }

    /// The time from the first hop to `hop`.
    #[must_use]
    pub fn after(&self, hop: Hop) -> Option<Duration> {
        Some(self.hops.get(hop)?.since(self.hops.first()?))
    }
}

/// The newest incidents, oldest first; bounded, and what falls off is counted.
#[derive(Debug, Default)]
pub struct IncidentLog {
    kept: VecDeque<Incident>,
    /// The number of the last change of each.
    changed: VecDeque<u64>,
    next: u64,
    /// The last that were changed after they were opened, oldest first: a view looks at those, and not at all.
    touched: VecDeque<IncidentId>,
    /// How many such changes there were.
    changes: u64,
}

impl IncidentLog {
    /// How many incidents are kept at most: a mass cut of a large fleet, at about 600 bytes each.
    pub const CAPACITY: usize = 20_000;
    /// How many are kept however old they are: memory does not go on growing under storms that last.
    pub const SETTLED: usize = 5_000;
    /// How long an incident is kept beyond those, and in any case until its last hop was seen or missed: a mass cut is there
    /// as a whole.
    pub const FRESH: Duration = Duration::from_secs(120);

    pub(super) fn open(&mut self, build: impl FnOnce(IncidentId) -> Incident) -> IncidentId {
        self.next += 1;
        let id = IncidentId(self.next);
        self.kept.push_back(build(id));
        // The first hop of the very newest may still have to be written.
        let now = self.kept.iter().rev().find_map(|incident| incident.hops.first());
        self.changed.push_back(0);
        // Two at once where there are too many: after a mass cut they become fewer again without one long pause.
        for _ in 0..2 {
            if self.is_over(now) {
                self.kept.pop_front();
                self.changed.pop_front();
            }
        }
        id
    }

    fn is_over(&self, now: Option<Moment>) -> bool {
        let after = |at: Moment| now.is_some_and(|now| now.since(at) > Self::FRESH);
        let old = |oldest: &Incident| oldest.reported && oldest.hops.first().is_none_or(after);
        self.kept.len() > Self::CAPACITY || (self.kept.len() > Self::SETTLED && self.kept.front().is_some_and(old))
    }

    fn place(&self, id: IncidentId) -> Option<usize> {
        let oldest = self.next + 1 - self.kept.len() as u64;
        usize::try_from(id.0.checked_sub(oldest)?).ok()
    }

    /// One incident, while it is kept.
    #[must_use]
    pub fn get(&self, id: IncidentId) -> Option<&Incident> {
        self.kept.get(self.place(id)?)
    }

    pub(super) fn get_mut(&mut self, id: IncidentId) -> Option<&mut Incident> {
        let place = self.place(id)?;
        if self.touched.len() == Self::CAPACITY {
            self.touched.pop_front();
        }
        self.touched.push_back(id);
        self.changes += 1;
        if let Some(changed) = self.changed.get_mut(place) {
            *changed = self.changes;
        }
        self.kept.get_mut(place)
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Incident> {
        // Any of them may change: nobody is told which.
        self.touched.clear();
        self.changes += 1;
        self.changed.iter_mut().for_each(|changed| *changed = self.changes);
        self.kept.iter_mut()
    }

    /// How often an incident changed so far; see [`IncidentLog::touched_since`].
    #[must_use]
    pub const fn changes(&self) -> u64 {
        self.changes
    }

    /// The incidents that changed since there were `changes`, some more than once; `None` if that is too long ago to be
    /// remembered.
    #[must_use]
    pub fn touched_since(&self, changes: u64) -> Option<impl Iterator<Item = IncidentId> + '_> {
        let missed = usize::try_from(self.changes.checked_sub(changes)?).ok()?;
        let skipped = self.touched.len().checked_sub(missed)?;
        Some(self.touched.iter().skip(skipped).copied())
    }

    /// The number of the last change of an incident while it is kept: while it is the same, so is the incident.
    #[must_use]
    pub fn changed(&self, id: IncidentId) -> Option<u64> {
        self.changed.get(self.place(id)?).copied()
    }

    /// The incidents, newest first.
    #[must_use]
    pub fn newest(&self) -> impl ExactSizeIterator<Item = &Incident> {
        self.kept.iter().rev()
    }

    /// How many are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.kept.len()
    }

    /// Whether none is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// How many there were, the forgotten ones too.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(log: &mut IncidentLog, at: Moment) {
        log.open(|id| {
            let mut incident = Incident::new(id, DeviceKey(0), "d".into(), Cause::ConnectionLost, Evidence::Wire);
            incident.hops.set(Hop::Cut, at);
            incident.reported = true;
            incident
        });
    }

    #[test]
    fn incidents_of_which_the_first_hop_comes_later_grow_old_as_well() {
        let mut log = IncidentLog::default();
        for number in 0..3 * u64::try_from(IncidentLog::SETTLED).unwrap() {
            let id = log.open(|id| Incident::new(id, DeviceKey(0), "d".into(), Cause::Unknown, Evidence::Will));
            let incident = log.get_mut(id).unwrap();
            incident.hops.set(Hop::Will, Moment::from_millis(1_000 + number * 25));
            incident.reported = true;
        }
        assert_eq!(log.len(), IncidentLog::SETTLED);
    }

    #[test]
    fn an_incident_whose_will_is_awaited_stays_however_old_it_is() {
        let mut log = IncidentLog::default();
        let first = log.open(|id| Incident::new(id, DeviceKey(0), "d".into(), Cause::ConnectionLost, Evidence::Wire));
        log.get_mut(first).unwrap().hops.set(Hop::Cut, Moment::from_millis(1));
        for number in 0..2 * u64::try_from(IncidentLog::SETTLED).unwrap() {
            open(&mut log, Moment::from_millis(1_000 + number * 25));
        }
        assert!(log.get(first).is_some());
        log.get_mut(first).unwrap().reported = true;
        open(&mut log, Moment::from_millis(1_000_000));
        assert!(log.get(first).is_none());
    }

    #[test]
    fn a_mass_cut_is_kept_as_a_whole_and_shrinks_when_it_is_old() {
        let mut log = IncidentLog::default();
        let start = Moment::from_millis(1_000);
        for _ in 0..IncidentLog::CAPACITY + 10 {
            open(&mut log, start);
        }
        assert_eq!((log.len(), log.total()), (IncidentLog::CAPACITY, IncidentLog::CAPACITY as u64 + 10));
        let later = start + IncidentLog::FRESH + Duration::from_millis(1);
        open(&mut log, later);
        assert_eq!(log.len(), IncidentLog::CAPACITY - 1);
        for _ in 0..IncidentLog::CAPACITY {
            open(&mut log, later);
        }
        // What is fresh stays, beyond what is kept for ever too.
        assert_eq!(log.len(), IncidentLog::CAPACITY);
        for _ in 0..IncidentLog::CAPACITY {
            open(&mut log, later + IncidentLog::FRESH);
        }
        let storm = later + IncidentLog::FRESH * 3;
        for number in 0..u64::try_from(IncidentLog::CAPACITY).unwrap() {
            open(&mut log, storm + Duration::from_millis(number * 25));
        }
        assert_eq!(log.len(), IncidentLog::SETTLED);
        let newest = log.newest().next().unwrap().id;
        assert_eq!(log.get(newest).map(|incident| incident.id), Some(newest));
        assert!(log.get(IncidentId(1)).is_none());
    }
}
