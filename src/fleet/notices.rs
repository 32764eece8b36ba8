//! What came of telling a person.

use super::change::{Change, IncidentPhase};
use super::event::ActionReport;
use super::incident::Hop;
use super::state::Fleet;

impl Fleet {
    /// One of the actions of `rule` that would tell a person turned out not to work here: what it was to tell is not waited
    /// for, and not missed.
    pub fn nobody_to_tell(&mut self, rule: &str) {
        for incident in self.incidents.iter_mut() {
            if incident.telling > 0 && incident.rule.as_deref() == Some(rule) {
                incident.telling -= 1;
                if incident.telling == 0 {
                    incident.settle(Hop::Notified);
                }
            }
        }
    }

    /// Writes what came of an action into the incidents that it was about: the first that reached a person is the
    /// `notified` hop; when none did, the hop is missing.
    pub(super) fn action(&mut self, report: Box<ActionReport>, out: &mut Vec<Change>) {
        let ActionReport { at, kind, target, failure, notifies, incidents, .. } = &*report;
        let (at, done) = (*at, failure.is_none());
        let mut told = Vec::new();
        for id in incidents {
            let Some(incident) = self.incidents.get_mut(*id) else { continue };
            if let Some(device) = self.devices.get_mut(incident.device.0).filter(|device| device.id == incident.client)
            {
                match failure {
                    None => device.note(at, format!("{kind}: {target} was told")),
                    Some(why) => device.note(at, format!("{kind} to {target} failed: {why}")),
                }
            }
            if !notifies {
                continue;
            }
            incident.telling = incident.telling.saturating_sub(1);
            let first = done && incident.hops.set(Hop::Notified, at);
            if first {
                incident.told_by = Some(kind);
                incident.settle(Hop::Notified);
            } else if incident.telling == 0 && incident.hops.get(Hop::Notified).is_none() {
                incident.settle(Hop::Notified);
                incident.missing.push(Hop::Notified);
            }
            // An incident that is not reported yet takes the hop along when it is.
            if first && incident.reported {
                told.push(*id);
            }
        }
        out.push(Change::Action(report));
        out.extend(told.into_iter().map(|incident| Change::Incident { at, incident, phase: IncidentPhase::Notified }));
    }
}
