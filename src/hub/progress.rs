//! The hub's view of what takes a while: devices on their way, a fault on many of them, and its own link.

use super::core::Hub;
use super::dice::Dice;
use super::jobs::{Job, LINK_AFTER, SHOWN_AFTER, Work};
use super::mass::Mass;
use super::storm::{Deed, Tempest};
use crate::clock::Moment;
use crate::convention::Topics;
use crate::fleet::{Change, DeviceEvent, LinkEvent, LinkState, Opened, Role, Session};
use crate::mqtt::{ClientId, Will};

impl Hub {
    /// Notes that `client` was launched.
    pub fn expect(&mut self, client: ClientId, now: Moment) {
        self.arrivals.launched(client, now);
    }

    /// Notes that `client` was asked to come back.
    pub fn expect_back(&mut self, client: ClientId, now: Moment) {
        self.arrivals.returning(client, now);
    }

    /// Stops waiting for those who have not answered: who they are, and how many were asked.
    pub fn cancel_arrivals(&mut self, work: Work) -> (Vec<ClientId>, u64) {
        self.arrivals.cancel(work)
    }

    /// The fault on many devices that goes on.
    #[must_use]
    pub const fn tempest(&self) -> Option<&Tempest> {
        self.tempest.as_ref()
    }

    /// Begins a fault on many devices, in place of one that goes on.
    pub fn begin_mass(&mut self, mass: Mass, targets: Vec<ClientId>, dice: Dice, now: Moment) {
        let (topics, attributed) = (&self.topics, self.embedded);
        let counted = |id: &ClientId, session: &Session| counted(topics, id, session.will.as_ref(), attributed);
        self.tempest = Some(Tempest::begin(mass, targets, dice, &self.fleet, counted, now));
    }

    /// What the fault on many devices is to do now. To be asked until there is nothing.
    pub fn advance_mass(&mut self, now: Moment) -> Option<Deed> {
        self.tempest.as_mut()?.advance(&self.fleet, now)
    }

    /// One of its faults could not be done.
    pub fn refused_mass(&mut self, client: &ClientId) {
        if let Some(tempest) = &mut self.tempest {
            tempest.refused(client);
        }
    }

    /// The fault on many devices, if there is nothing left to do and to wait for; it is forgotten.
    pub fn finished_mass(&mut self, now: Moment) -> Option<Tempest> {
        self.tempest.take_if(|tempest| tempest.is_over(now))
    }

    /// Ends the fault on many devices early.
    pub fn end_mass(&mut self) -> Option<Tempest> {
        self.tempest.take()
    }

    /// Gives up on those of whom nothing was heard for long.
    pub fn pass_arrivals(&mut self, now: Moment) {
        self.arrivals.pass(now);
    }

    /// What takes a while at `now`, lwtop's own link being on its way `since` then if it is not up.
    #[must_use]
    pub fn jobs(&self, since: Moment, now: Moment) -> Vec<Job> {
        let link = match self.fleet.link() {
            LinkState::Up { .. } => None,
            LinkState::Connecting => Some(Job::new(Work::Link, since)),
            LinkState::Down { since, why } => Some(Job { why: Some(why.clone()), ..Job::new(Work::Link, *since) }),
        };
        let all = self.tempest.iter().map(|tempest| tempest.job(now)).chain(self.arrivals.jobs(now)).chain(link);
        let after = |work| if work == Work::Link { LINK_AFTER } else { SHOWN_AFTER };
        all.filter(|job| now.since(job.since) >= after(job.work)).collect()
    }

    /// Whether anything takes a while, shown or not.
    #[must_use]
    pub fn is_busy(&self, now: Moment) -> bool {
        self.tempest.is_some() || self.arrivals.jobs(now).next().is_some()
    }

    pub(super) fn follow_device(&mut self, event: &DeviceEvent, now: Moment) {
        match event {
            DeviceEvent::Failed { at, client, why } => {
                self.arrivals.answered(client, now, true);
                if let Some(tempest) = &mut self.tempest {
                    tempest.failed(client, why, *at);
                }
            }
            DeviceEvent::Spared { client, .. } => {
                if let Some(tempest) = &mut self.tempest {
                    tempest.spared(client);
                }
            }
            DeviceEvent::Removed { client } => {
                self.arrivals.gone(client);
                if let Some(tempest) = &mut self.tempest {
                    tempest.removed(client);
                }
            }
            DeviceEvent::Faulted { at, client, fault } => {
                let key = self.fleet.find(client.as_str());
                let ours = key.and_then(|key| self.fleet.device(key)).is_some_and(crate::fleet::Device::launched);
                if let Some(tempest) = &mut self.tempest {
                    tempest.faulted(client, *fault, *at, ours);
                }
            }
            DeviceEvent::Launched { .. } => {}
        }
    }

    pub(super) fn follow_opened(&mut self, opened: &Opened, now: Moment) {
        self.arrivals.answered(&opened.client, now, false);
        if let Some(tempest) = &mut self.tempest {
            tempest.opened(opened, counted(&self.topics, &opened.client, opened.will.as_ref(), self.embedded));
        }
    }

    pub(super) fn follow_link(&mut self, event: &LinkEvent) {
        if let Some(tempest) = &mut self.tempest {
            tempest.link(matches!(event, LinkEvent::Up { .. }));
        }
    }

    /// Tells the fault on many devices of a will among `changes`.
    pub(super) fn follow_wills(&mut self, changes: &[Change]) {
        let Some(tempest) = &mut self.tempest else { return };
        for change in changes {
            // One that was kept from before is nobody's death now.
            if let Change::Message { message, role: Role::Will, device } = change
                && !message.retain
            {
                tempest.will(device.as_ref(), message.at);
            }
        }
    }
}

/// Whether the will of a connection can be expected: lwtop would see it, and know whose it is.
fn counted(topics: &Topics, id: &ClientId, will: Option<&Will>, attributed: bool) -> bool {
    will.is_some_and(|will| topics.tell_of(id, will, attributed))
}
