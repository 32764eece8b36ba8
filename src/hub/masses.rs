//! The runtime's side of a fault on many devices, and of ending what takes a while.

use super::core::Step;
use super::dice::Dice;
use super::jobs::Work;
use super::mass::Mass;
use super::runtime::Runtime;
use super::storm::Deed;
use crate::figures::grouped;
use crate::fleet::wills;
use crate::mqtt::ClientId;

impl Runtime {
    pub(super) fn begin_mass(&mut self, targets: Vec<ClientId>, mass: Mass, step: &mut Step) {
        if let Some(other) = self.hub.tempest() {
            let what = other.kind().title();
            step.notices.push(format!("{what} goes on: wait for its end, or cancel it first"));
            return;
        }
        let now = self.lanes.clock.now();
        self.hub.begin_mass(mass, targets, Dice::new(), now);
    }

    /// Does what the fault on many devices says, and tells of its end.
    pub(super) fn rage(&mut self, step: &mut Step) {
        let now = self.lanes.clock.now();
        while let Some(deed) = self.hub.advance_mass(now) {
            match deed {
                Deed::Fault(clients, fault) => {
                    let mut quiet = Step::default();
                    for client in clients {
                        self.fault(&client, fault, &mut quiet);
                        // It died or was deleted in the meantime: of many, nobody wants to read that.
                        if !quiet.notices.is_empty() {
                            quiet.notices.clear();
                            self.hub.refused_mass(&client);
                        }
                    }
                    step.changes.append(&mut quiet.changes);
                }
                Deed::Reconnect(clients) => {
                    let Some(parts) = &self.parts else { continue };
                    for client in clients {
                        // What was deleted in the meantime is not to come back.
                        let _ = parts.swarm.reconnect(&client);
                    }
                }
            }
        }
        step.notices.extend(self.hub.finished_mass(now).map(|tempest| tempest.epitaph()));
    }

    /// Ends what takes a while: whoever has not come is not waited for.
    pub(super) fn cancel(&mut self, work: Work, step: &mut Step) {
        match work {
            Work::Launch => {
                let (waiting, asked) = self.hub.cancel_arrivals(work);
                if !waiting.is_empty() {
                    let there = grouped(asked - waiting.len() as u64);
                    step.notices.push(format!("cancelled: {there} of {} devices were launched", grouped(asked)));
                }
                self.remove(waiting, step);
            }
            Work::Reconnect => {
                let (waiting, asked) = self.hub.cancel_arrivals(work);
                if !waiting.is_empty() {
                    let there = grouped(asked - waiting.len() as u64);
                    step.notices.push(format!("cancelled: {there} of {} devices are back", grouped(asked)));
                }
                let Some(parts) = &self.parts else { return };
                for client in waiting {
                    // One that was deleted in the meantime does not come back anyway.
                    let _ = parts.swarm.stay(&client);
                }
            }
            Work::Mass(_) => {
                let Some(tempest) = self.hub.end_mass() else { return };
                let mut down = tempest.left_down();
                down.retain(|client| self.parts.as_ref().is_some_and(|parts| parts.swarm.contains(client)));
                let fleet = self.hub.fleet();
                let open = |id: &&ClientId| {
                    let device = fleet.find(id.as_str()).and_then(|key| fleet.device(key));
                    device.is_some_and(wills::falls_to_takeover)
                };
                let frozen = down.iter().filter(open).count();
                step.notices.push(tempest.ended_early(down.len(), frozen));
                self.reconnect_all(&down, step);
            }
            Work::Link => {}
        }
    }
}
