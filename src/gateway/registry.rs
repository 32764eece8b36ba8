//! Which connections are open, and which client id is on which.

use crate::mqtt::{ClientId, ConnId, Fault, Protocol};
use crate::wiring::{Meter, Switch};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// What the rest of the gateway holds of one connection.
#[derive(Debug)]
pub(super) struct Line {
    pub meter: Arc<Meter>,
    /// Orders for its task.
    pub switch: Switch,
    /// Another client connects with the same client id.
    rival: AtomicBool,
    /// A person looks at its packets.
    watched: AtomicBool,
}

impl Line {
    /// Whether another client connected, or is about to, with the same client id.
    pub(super) fn has_rival(&self) -> bool {
        self.rival.load(Ordering::Acquire)
    }

    pub(super) fn set_rival(&self, rival: bool) {
        self.rival.store(rival, Ordering::Release);
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
}

/// All connections of one gateway. Locked for a few hash lookups at a time, never over an await.
#[derive(Debug, Default)]
pub(super) struct Registry {
    open: Mutex<Open>,
    empty: Notify,
}

impl Registry {
    /// Takes a connection in. It leaves when the guard is dropped.
    pub(super) fn enter(self: &Arc<Self>, conn: ConnId) -> Entry {
        let line = Arc::new(Line {
            meter: Meter::new(conn),
            switch: Switch::default(),
            rival: AtomicBool::new(false),
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
            line.set_rival(true);
        }
    }

    /// `conn` is no longer the connection of `client`.
    pub(super) fn ended(&self, client: &ClientId, conn: ConnId) {
        let mut open = self.lock();
        if open.clients.get(client).is_some_and(|(now, _)| *now == conn) {
            open.clients.remove(client);
        }
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
