//! What waits for one action: bounded, and what does not fit is counted.

use crate::actions::{Group, Job};
use crate::fleet::{IncidentId, IncidentLog, Incoming};
use crate::rules::{Kind, Pace};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// How many events wait with their details where a person reads of many at once: nobody reads more.
const GATHERED: usize = 1_000;

/// How many events wait where each counts: a storm over a large fleet.
const ONE_BY_ONE: usize = 10_000;

/// How many bytes of messages wait at the most.
const BYTES: usize = 64 * 1024 * 1024;

/// The mailbox of one action. The lock is held for moments only, never while something is awaited.
#[derive(Debug)]
pub(super) struct Mailbox {
    inside: Mutex<Inside>,
    changed: Notify,
    most: usize,
    capacity: usize,
    counts: bool,
}

#[derive(Debug, Default)]
struct Inside {
    jobs: VecDeque<Job>,
    bytes: usize,
    spilled: Spilled,
    in_hand: u64,
    /// Why nothing is taken.
    closed: Option<Arc<str>>,
}

/// Events that did not fit.
#[derive(Debug, Default)]
pub(super) struct Spilled {
    /// How many.
    pub events: u64,
    /// Their incidents: as many as the log of incidents keeps, the newest.
    pub incidents: VecDeque<IncidentId>,
    /// The first one's message.
    pub first: Option<Incoming>,
    /// How many events filled the mailbox.
    pub filled: usize,
}

/// A group, with the incidents of all its events.
#[derive(Debug)]
pub(super) struct Batch {
    pub group: Group,
    pub incidents: Vec<IncidentId>,
}

impl Mailbox {
    pub(super) fn new(kind: &Kind, pace: Pace) -> Self {
        // A program runs once for each event, so a repeated attempt must not run it again for those before.
        let most = if matches!(kind, Kind::Command(_)) { 1 } else { pace.most.max(1) };
        // A person is served by a number; a machine that gets an event in part may as well not get it.
        let counts = most > 1 && matches!(kind, Kind::Desktop(_) | Kind::Email(_) | Kind::Sns(_));
        let capacity = if counts { GATHERED } else { ONE_BY_ONE };
        Self { inside: Mutex::default(), changed: Notify::new(), most, capacity, counts }
    }

    /// Puts an event in, or counts it.
    pub(super) fn put(&self, job: Job) {
        let mut inside = self.lock();
        if inside.closed.is_some() {
            return;
        }
        let size = size(&job);
        let full = inside.jobs.len() >= self.capacity || inside.bytes + size > BYTES && !inside.jobs.is_empty();
        if !full {
            inside.bytes += size;
            inside.jobs.push_back(job);
        } else if self.counts && inside.bytes + size <= BYTES {
            // The newest takes the place of the last, so that the group's times are those of its first and last event.
            let last = inside.jobs.pop_back();
            inside.bytes = inside.bytes + size - last.as_ref().map_or(0, self::size);
            inside.jobs.push_back(job);
            if let Some(last) = last {
                inside.spill(&last);
            }
        } else {
            inside.spill(&job);
        }
        drop(inside);
        self.changed.notify_one();
    }

    /// Waits until something is there.
    pub(super) async fn filled(&self) {
        self.reaches(1).await;
    }

    /// Waits until a whole group is there.
    pub(super) async fn whole(&self) {
        self.reaches(self.most).await;
    }

    async fn reaches(&self, number: usize) {
        loop {
            // One permit is kept if it comes between the look and the wait.
            let changed = self.changed.notified();
            if self.lock().jobs.len() >= number {
                return;
            }
            changed.await;
        }
    }

    /// Takes the next group. What did not fit with details goes with it.
    pub(super) fn take(&self) -> Option<Batch> {
        let mut inside = self.lock();
        let number = inside.jobs.len().min(self.most);
        if number == 0 {
            return None;
        }
        let jobs: Vec<Job> = inside.jobs.drain(..number).collect();
        inside.bytes -= jobs.iter().map(size).sum::<usize>();
        let mut incidents: Vec<IncidentId> = jobs.iter().filter_map(|job| job.incident).collect();
        let mut more = 0;
        if self.counts {
            let spilled = std::mem::take(&mut inside.spilled);
            more = spilled.events;
            incidents.extend(spilled.incidents);
        }
        let group = Group { jobs, more };
        inside.in_hand = group.len();
        Some(Batch { group, incidents })
    }

    /// The group that was taken is dealt with.
    pub(super) fn done(&self) {
        self.lock().in_hand = 0;
    }

    /// Takes what was dropped, where each event counts.
    pub(super) fn lost(&self) -> Option<Spilled> {
        let mut inside = self.lock();
        (!self.counts && inside.spilled.events > 0).then(|| std::mem::take(&mut inside.spilled))
    }

    /// Takes nothing from now on, and forgets what is there.
    pub(super) fn close(&self, why: Arc<str>) {
        *self.lock() = Inside { closed: Some(why), ..Inside::default() };
    }

    pub(super) fn closed(&self) -> Option<Arc<str>> {
        self.lock().closed.clone()
    }

    pub(super) fn waiting(&self) -> u64 {
        let inside = self.lock();
        let spilled = if self.counts { inside.spilled.events } else { 0 };
        inside.jobs.len() as u64 + spilled + inside.in_hand
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inside {
    fn spill(&mut self, job: &Job) {
        let filled = self.jobs.len();
        let spilled = &mut self.spilled;
        spilled.events += 1;
        spilled.filled = filled;
        spilled.first.get_or_insert_with(|| job.message.clone());
        if let Some(incident) = job.incident {
            if spilled.incidents.len() == IncidentLog::CAPACITY {
                spilled.incidents.pop_front();
            }
            spilled.incidents.push_back(incident);
        }
    }
}

fn size(job: &Job) -> usize {
    job.message.payload.len() + job.output.len()
}
