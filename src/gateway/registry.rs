//! Which connections are open, and which client id is on which.

use crate::mqtt::{ClientId, ConnId, Fault, Protocol};
use crate::wiring::{Meter, Switch};
use std::collections::HashMap;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// What the rest of the gateway holds of one connection.
#[derive(Debug)]
pub(super) struct Line {
    pub meter: Arc<Meter>,
    /// Orders for its task.
    pub switch: Switch,
    /// Whether another client connects with the same client id: [`ALONE`], [`KNOCKED`], or [`HEEDED`].
    rival: AtomicU8,
    /// A person looks at its packets.
    watched: AtomicBool,
}

/// Nobody else has its client id.
const ALONE: u8 = 0;
/// Somebody else comes with its client id, and this connection's task has not looked up since.
const KNOCKED: u8 = 1;
/// The same, and it has: it has read all that its device had said before.
const HEEDED: u8 = 2;

impl Line {
    /// Whether another client connected, or is about to, with the same client id.
    pub(super) fn has_rival(&self) -> bool {
        self.rival.load(Ordering::Acquire) != ALONE
    }

    fn knock(&self) {
        self.rival.store(KNOCKED, Ordering::Release);
        self.switch.nudge();
    }

    /// Whether somebody else comes with its client id, and its task has not looked up since.
    pub(super) fn is_knocked_at(&self) -> bool {
        self.rival.load(Ordering::Acquire) == KNOCKED
    }

    /// Whether a person looks at its packets. Asked at every read: it is to cost nothing.
    pub(super) fn is_watched(&self) -> bool {
        self.watched.load(Ordering::Relaxed)
    }

    pub(super) fn set_watched(&self, watched: bool) {
        self.watched.store(watched, Ordering::Relaxed);
    }
}

/// An order for a connection's task, as it fits through a [`Switch`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Stop,
    Fault(Fault),
}

impl Order {
    const STOP: u8 = u8::MAX;

    pub(super) fn code(self) -> u8 {
        match self {
            Self::Stop => Self::STOP,
            // Zero means nothing to a switch.
            Self::Fault(fault) => 1 + fault as u8,
        }
    }

    pub(super) fn from_code(code: u8) -> Self {
        Fault::ALL.into_iter().find(|fault| 1 + *fault as u8 == code).map_or(Self::Stop, Self::Fault)
    }
}

#[derive(Debug, Default)]
struct Open {
    lines: HashMap<ConnId, Arc<Line>>,
    clients: HashMap<ClientId, (ConnId, Protocol)>,
    /// Connections whose device has said DISCONNECT, of which the broker has not closed its side.
    leaving: HashMap<ClientId, ConnId>,
}

impl Open {
    /// The connection that `client` has now.
    fn line(&self, client: &ClientId) -> Option<&Arc<Line>> {
        self.lines.get(&self.clients.get(client)?.0)
    }

    /// `conn` is no longer the connection of `client`; whether it was.
    fn end(&mut self, client: &ClientId, conn: ConnId) -> bool {
        let was = self.clients.get(client).is_some_and(|(now, _)| *now == conn);
        if was {
            self.clients.remove(client);
        }
        was
    }
}

/// All connections of one gateway. Locked for a few hash lookups at a time, never over an await.
#[derive(Debug, Default)]
pub(super) struct Registry {
    open: Mutex<Open>,
    empty: Notify,
    /// For those that wait for an older connection of their client id.
    older: Notify,
}

impl Registry {
    /// Takes a connection in. It leaves when the guard is dropped.
    pub(super) fn enter(self: &Arc<Self>, conn: ConnId) -> Entry {
        let line = Arc::new(Line {
            meter: Meter::new(conn),
            switch: Switch::default(),
            rival: AtomicU8::new(ALONE),
            watched: AtomicBool::new(false),
        });
        self.lock().lines.insert(conn, Arc::clone(&line));
        Entry { registry: Arc::clone(self), line }
    }

    /// The connection that `client` has now.
    pub(super) fn find(&self, client: &ClientId) -> Option<(Arc<Line>, Protocol)> {
        let open = self.lock();
        let (conn, protocol) = open.clients.get(client)?;
        Some((Arc::clone(open.lines.get(conn)?), *protocol))
    }

    /// `client` was accepted on `conn`; a connection that it had before has a rival now.
    pub(super) fn accepted(&self, client: &ClientId, conn: ConnId, protocol: Protocol) {
        let mut open = self.lock();
        if let Some((before, _)) = open.clients.insert(client.clone(), (conn, protocol))
            && let Some(line) = open.lines.get(&before)
        {
            line.rival.store(HEEDED, Ordering::Release);
            self.older.notify_waiters();
        }
    }

    /// A client with the id of `client` is about to connect. Waits until a connection that has it already has read what its
    /// device said until now, and if that was DISCONNECT, until the broker has closed it: a broker that read the new CONNECT
    /// first would take the session over, and publish the will of a device that left (3.1.1 section 3.1.4).
    ///
    /// Mostly nobody has it, and that is all there is to it.
    pub(super) async fn turn(&self, client: &ClientId) {
        {
            let open = self.lock();
            if let Some(line) = open.line(client) {
                line.knock();
            } else if !open.leaving.contains_key(client) {
                return;
            }
        }
        loop {
            let mut older = pin!(self.older.notified());
            // Before the look, so that what happens in between is not missed.
            older.as_mut().enable();
            {
                let open = self.lock();
                if !open.leaving.contains_key(client) && !open.line(client).is_some_and(|line| line.is_knocked_at()) {
                    return;
                }
            }
            older.await;
        }
    }

    /// The task of `line` knew of the knock, and has dealt with all that was there since.
    pub(super) fn heed(&self, line: &Line) {
        // Not if the other has given up meanwhile.
        let _ = line.rival.compare_exchange(KNOCKED, HEEDED, Ordering::AcqRel, Ordering::Acquire);
        self.older.notify_waiters();
    }

    /// Who was about to connect with the id of `client` does not: it stays with the connection that has it.
    pub(super) fn concede(&self, client: &ClientId) {
        if let Some(line) = self.lock().line(client) {
            line.rival.store(ALONE, Ordering::Release);
            self.older.notify_waiters();
        }
    }

    /// `conn` is no longer the connection of `client`.
    pub(super) fn ended(&self, client: &ClientId, conn: ConnId) {
        self.lock().end(client, conn);
        self.older.notify_waiters();
    }

    /// The same, and its DISCONNECT is on its way to the broker: while the guard lives, it is leaving. `None` if another
    /// connection has the id by now.
    pub(super) fn leaves(self: &Arc<Self>, client: &ClientId, conn: ConnId) -> Option<Leaving> {
        let mut open = self.lock();
        if !open.end(client, conn) {
            return None;
        }
        open.leaving.insert(client.clone(), conn);
        drop(open);
        Some(Leaving { registry: Arc::clone(self), client: client.clone(), conn })
    }

    /// How many connections there are.
    pub(super) fn len(&self) -> usize {
        self.lock().lines.len()
    }

    /// Gives every connection the same order.
    pub(super) fn order_all(&self, order: Order) {
        for line in self.lock().lines.values() {
            line.switch.set(order.code());
        }
    }

    /// Waits until no connection is left.
    pub(super) async fn emptied(&self) {
        loop {
            // Asked for before the look, so that the last one to leave in between is not missed.
            let empty = self.empty.notified();
            if self.len() == 0 {
                return;
            }
            empty.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        // Two maps that are changed by single operations are valid after any panic elsewhere.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection's place in the registry.
#[derive(Debug)]
pub(super) struct Entry {
    registry: Arc<Registry>,
    pub line: Arc<Line>,
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut open = self.registry.lock();
        open.lines.remove(&self.line.meter.conn());
        if open.lines.is_empty() {
            self.registry.empty.notify_waiters();
        }
    }
}

/// A connection whose device has said DISCONNECT, until the broker has closed it.
#[derive(Debug)]
pub(super) struct Leaving {
    registry: Arc<Registry>,
    client: ClientId,
    conn: ConnId,
}

impl Drop for Leaving {
    fn drop(&mut self) {
        let mut open = self.registry.lock();
        // Another may have come and left since.
        if open.leaving.get(&self.client) == Some(&self.conn) {
            open.leaving.remove(&self.client);
        }
        drop(open);
        self.registry.older.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::poll;

    #[test]
    fn orders_fit_through_a_switch() {
        for order in Fault::ALL.map(Order::Fault).into_iter().chain([Order::Stop]) {
            assert_ne!(order.code(), 0);
            assert_eq!(Order::from_code(order.code()), order);
        }
    }

    #[test]
    fn a_newer_connection_is_the_rival_of_the_older() {
        let registry = Arc::new(Registry::default());
        let id = ClientId::from("a");
        let (first, second) = (registry.enter(ConnId(1)), registry.enter(ConnId(2)));
        registry.accepted(&id, ConnId(1), Protocol::V311);
        registry.accepted(&id, ConnId(2), Protocol::V5);
        assert!(first.line.has_rival() && !second.line.has_rival());
        registry.ended(&id, ConnId(1));
        assert_eq!(registry.find(&id).unwrap().0.meter.conn(), ConnId(2));
        registry.ended(&id, ConnId(2));
        assert!(registry.find(&id).is_none());
        drop(first);
        assert_eq!(registry.len(), 1);
    }

    #[tokio::test]
    async fn a_newer_waits_until_the_older_has_read_what_there_was_and_has_left() {
        let registry = Arc::new(Registry::default());
        let id = ClientId::from("a");
        let (older, other) = (registry.enter(ConnId(1)), registry.enter(ConnId(2)));
        assert!(poll!(pin!(registry.turn(&id))).is_ready(), "nobody has it");
        registry.accepted(&id, ConnId(1), Protocol::V311);
        let mut newer = pin!(registry.turn(&id));
        assert!(poll!(&mut newer).is_pending() && older.line.has_rival());
        registry.heed(&other.line);
        assert!(poll!(&mut newer).is_pending());
        registry.heed(&older.line);
        assert!(poll!(&mut newer).is_ready() && older.line.has_rival(), "a takeover");
        registry.concede(&id);
        assert!(!older.line.has_rival());
        let mut newer = pin!(registry.turn(&id));
        assert!(poll!(&mut newer).is_pending());
        let leaving = registry.leaves(&id, ConnId(1));
        assert!(poll!(&mut newer).is_pending(), "the broker has not closed it");
        assert!(poll!(pin!(registry.turn(&id))).is_pending());
        drop(leaving);
        assert!(poll!(newer).is_ready() && poll!(pin!(registry.turn(&id))).is_ready());
    }

    #[test]
    fn who_left_twice_is_gone_when_the_later_connection_is() {
        let registry = Arc::new(Registry::default());
        let id = ClientId::from("a");
        let leave = |conn| {
            registry.accepted(&id, conn, Protocol::V311);
            registry.leaves(&id, conn)
        };
        let (first, second) = (leave(ConnId(1)), leave(ConnId(2)));
        assert!(registry.leaves(&id, ConnId(1)).is_none());
        drop(first);
        assert!(registry.lock().leaving.contains_key(&id));
        drop(second);
        assert!(registry.lock().leaving.is_empty());
    }
}
