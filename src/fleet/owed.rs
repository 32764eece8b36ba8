//! Wills that name nobody. The gateway has read each will in its CONNECT, so that a message which is one of those that are
//! still to come can be given to the device that died first of all that had it.

use super::connection::Connection;
use super::event::Incoming;
use super::incident::IncidentId;
use super::state::Fleet;
use crate::mqtt::ClientId;

/// How many deaths are looked through for one message.
const MOST: usize = 4_096;

impl Fleet {
    /// The will of this death, which the wire has seen, is to come.
    pub(super) fn owe(&mut self, incident: IncidentId) {
        while self.owed.front().is_some_and(|id| !self.is_owed(*id)) {
            self.owed.pop_front();
        }
        self.owed.push_back(incident);
    }

    /// Whether it is its device's newest, and its will may still come.
    fn is_owed(&self, id: IncidentId) -> bool {
        self.incidents.get(id).is_some_and(|incident| {
            let newest = self.devices.get(incident.device.0).is_some_and(|device| device.incident == Some(id));
            newest && self.awaits_will(incident.device)
        })
    }

    /// Whose will `message` is, if it is one that is to come.
    pub(super) fn owed(&self, message: &Incoming) -> Option<ClientId> {
        // No more than the beginning of a will is kept.
        let beginning = &message.payload[..message.payload.len().min(Connection::KEPT)];
        let mut deaths = self.owed.iter().take(MOST).filter(|id| self.is_owed(**id));
        deaths.find_map(|id| {
            let incident = self.incidents.get(*id)?;
            let will = incident.connection.as_ref()?.will.as_ref()?;
            (will.topic == message.topic && will.payload == beginning).then(|| incident.client.clone())
        })
    }
}
