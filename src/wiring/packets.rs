//! The packets of the one client that a person looks at, from its connection's task to the screen.
//!
//! Nothing is written for anybody else: a connection asks a flag of its own before it looks at a packet twice. What is
//! written never holds a payload, only how long it is, and never a password.

use crate::clock::Moment;
use crate::mqtt::ClientId;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Who sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// The device.
    Device,
    /// The broker.
    Broker,
}

/// One packet, decoded, or the end of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// When all of it had come.
    pub at: Moment,
    /// Who sent it.
    pub sender: Sender,
    /// What it is called: `PUBLISH`; of an end how it came: `FIN`.
    pub name: &'static str,
    /// How many bytes it has with its fixed header; 0 for an end.
    pub size: u32,
    /// What it says, in words; text from the wire is as it came.
    pub facts: String,
}

/// What is seen of the one who is looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sight {
    /// Who is looked at.
    pub client: Option<ClientId>,
    /// Since when.
    pub since: Moment,
    /// The last packets, oldest first; bounded by [`PacketLog::KEPT`].
    pub packets: VecDeque<Packet>,
    /// How many there were since then.
    pub total: u64,
}

/// Where the packets are written.
#[derive(Debug, Default)]
pub struct PacketLog {
    sight: Mutex<Sight>,
    /// Rises with each change.
    changes: AtomicU64,
}

impl PacketLog {
    /// How many packets are kept.
    pub const KEPT: usize = 64;

    /// Looks at `client` from now on, or at nobody; what was seen before is forgotten. Gives who was looked at until now.
    pub fn look_at(&self, client: Option<ClientId>, now: Moment) -> Option<ClientId> {
        let before = std::mem::replace(&mut *self.lock(), Sight { client, since: now, ..Sight::default() });
        self.changes.fetch_add(1, Ordering::AcqRel);
        before.client
    }

    /// Whether `client` is looked at.
    #[must_use]
    pub fn looks_at(&self, client: &ClientId) -> bool {
        self.lock().client.as_ref() == Some(client)
    }

    /// Writes what `client` sent or got, unless it is no longer the one who is looked at.
    pub fn write(&self, client: &ClientId, packets: impl IntoIterator<Item = Packet>) {
        let mut sight = self.lock();
        if sight.client.as_ref() != Some(client) {
            return;
        }
        for packet in packets {
            if sight.packets.len() == Self::KEPT {
                sight.packets.pop_front();
            }
            sight.packets.push_back(packet);
            sight.total += 1;
        }
        drop(sight);
        self.changes.fetch_add(1, Ordering::AcqRel);
    }

    /// Counts packets of `client` that were not written because too many came at once.
    pub fn miss(&self, client: &ClientId, packets: u64) {
        let mut sight = self.lock();
        if packets > 0 && sight.client.as_ref() == Some(client) {
            sight.total += packets;
        }
    }

    /// Rises with each change, so that what did not change is not copied.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    /// What is seen.
    #[must_use]
    pub fn sight(&self) -> Sight {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Sight> {
        // A list that is changed by single pushes is valid after any panic elsewhere.
        self.sight.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(size: u32) -> Packet {
        Packet { at: Moment::default(), sender: Sender::Device, name: "PINGREQ", size, facts: String::new() }
    }

    #[test]
    fn only_the_one_who_is_looked_at_is_written_down_and_the_last_are_kept() {
        let log = PacketLog::default();
        let (a, b) = (ClientId::from("a"), ClientId::from("b"));
        log.write(&a, [packet(0)]);
        assert_eq!((log.sight(), log.changes()), (Sight::default(), 0));
        assert_eq!(log.look_at(Some(a.clone()), Moment::from_millis(7)), None);
        assert!(log.looks_at(&a) && !log.looks_at(&b));
        log.write(&b, [packet(0)]);
        log.write(&a, (0..100).map(packet));
        let sight = log.sight();
        assert_eq!((sight.packets.len(), sight.total, sight.since), (PacketLog::KEPT, 100, Moment::from_millis(7)));
        assert_eq!((sight.packets[0].size, log.changes()), (36, 2));
        log.miss(&a, 1_000);
        log.miss(&b, 1);
        log.write(&a, [packet(7)]);
        let sight = log.sight();
        assert_eq!((sight.packets.len(), sight.total), (PacketLog::KEPT, 1_101));
        assert_eq!(log.look_at(Some(b), Moment::default()), Some(a));
        assert!(log.sight().packets.is_empty());
    }
}
