//! Which connections are open, and which client id is on which.

use super::line::{Line, Order, Rival};
use crate::mqtt::{ClientId, ConnId, Protocol};
use std::collections::HashMap;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

#[derive(Debug, Default)]
struct Open {
    lines: HashMap<ConnId, Arc<Line>>,
    clients: HashMap<ClientId, (ConnId, Protocol)>,
    /// Connections whose device has said DISCONNECT, of which the broker has not closed its side, and when the broker was
    /// told.
    leaving: HashMap<ClientId, (ConnId, Option<Instant>)>,
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
        let line = Arc::new(Line::new(conn));
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
            Rival::of(line).stay();
            self.older.notify_waiters();
        }
    }

    /// A client with the id of `client` wants to connect. Waits until a connection that has it already has read what its
    /// device said until now, and if that was DISCONNECT, until the broker has closed it: a broker that read the new CONNECT
    /// first would take the session over, and publish the will of a device that left (3.1.1 section 3.1.4).
    ///
    /// A broker that takes nothing of the older connection is waited for only as long as `patience`; one that does not close
    /// it, so long after DISCONNECT was written to it.
    ///
    /// Mostly nobody has it, and that is all there is to it.
    pub(super) async fn turn(&self, client: &ClientId, patience: Duration) {
        let mut knocked: Option<(ConnId, u32, Instant)> = None;
        loop {
            let mut older = pin!(self.older.notified());
            // Before the look, so that what happens in between is not missed.
            older.as_mut().enable();
            let until = {
                let open = self.lock();
                let unheeded = open.line(client).and_then(|line| {
                    let conn = line.meter.conn();
                    // Another may have come in between; what its device said counts as well.
                    let knock = knocked.filter(|(before, ..)| *before == conn);
                    let (_, knock, until) =
                        *knocked.insert(knock.unwrap_or_else(|| (conn, line.knock(), Instant::now() + patience)));
                    (!line.has_heeded(knock)).then_some(until)
                });
                match (open.leaving.get(client), unheeded) {
                    (None, None) => return,
                    (None, Some(until)) => Some(until),
                    // Its end is being reported; then it is told.
                    (Some((_, None)), _) => None,
                    (Some((_, Some(told))), unheeded) => Some((*told + patience).max(unheeded.unwrap_or(*told))),
                }
            };
            match until {
                None => older.await,
                Some(until) => {
                    if timeout_at(until, older).await.is_err() {
                        return;
                    }
                }
            }
        }
    }

    /// The task of `line` has read all that had come from its device before `knock`.
    pub(super) fn heed(&self, line: &Line, knock: u32) {
        line.heed(knock);
        self.older.notify_waiters();
    }

    /// CONNECT of a client with the id of `client` goes to the broker: until the guard is dropped, the connection that has it
    /// has a rival. `None` if nobody has it.
    pub(super) fn rival(&self, client: &ClientId) -> Option<Rival> {
        self.lock().line(client).map(Rival::of)
    }

    /// `conn` is no longer the connection of `client`.
    pub(super) fn ended(&self, client: &ClientId, conn: ConnId) {
        self.lock().end(client, conn);
        self.older.notify_waiters();
    }

    /// The same, and the broker is about to hear DISCONNECT: while the guard lives, it is leaving. `None` if another connection
    /// has the id by now.
    pub(super) fn leaves(self: &Arc<Self>, client: &ClientId, conn: ConnId) -> Option<Leaving> {
        let mut open = self.lock();
        if !open.end(client, conn) {
            return None;
        }
        open.leaving.insert(client.clone(), (conn, None));
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
        // Three maps that are changed by single operations are valid after any panic elsewhere.
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

impl Leaving {
    /// DISCONNECT was written to the broker.
    pub(super) fn told(&self) {
        if let Some((conn, told)) = self.registry.lock().leaving.get_mut(&self.client)
            && *conn == self.conn
        {
            *told = Some(Instant::now());
        }
        self.registry.older.notify_waiters();
    }
}

impl Drop for Leaving {
    fn drop(&mut self) {
        let mut open = self.registry.lock();
        // Another may have come and left since.
        if open.leaving.get(&self.client).is_some_and(|(conn, _)| *conn == self.conn) {
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

    /// Nothing waits so long in a test.
    const LONG: Duration = Duration::from_secs(3_600);

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
        let turn = || registry.turn(&id, LONG);
        assert!(poll!(pin!(turn())).is_ready(), "nobody has it");
        registry.accepted(&id, ConnId(1), Protocol::V311);
        let mut newer = pin!(turn());
        assert!(poll!(&mut newer).is_pending());
        let knock = older.line.knocked().unwrap();
        registry.heed(&other.line, knock);
        assert!(poll!(&mut newer).is_pending());
        // What its device said meanwhile may not have been seen in that look.
        let mut third = pin!(turn());
        assert!(poll!(&mut third).is_pending());
        registry.heed(&older.line, knock);
        assert!(poll!(&mut newer).is_ready() && poll!(&mut third).is_pending());
        registry.heed(&older.line, older.line.knocked().unwrap());
        assert!(poll!(&mut third).is_ready() && older.line.knocked().is_none());
        let mut newer = pin!(turn());
        assert!(poll!(&mut newer).is_pending());
        let leaving = registry.leaves(&id, ConnId(1));
        assert!(poll!(&mut newer).is_pending(), "the broker has not closed it");
        assert!(poll!(pin!(turn())).is_pending());
        drop(leaving);
        assert!(poll!(newer).is_ready() && poll!(pin!(turn())).is_ready());
    }

    #[tokio::test]
    async fn a_broker_has_the_whole_deadline_from_the_moment_it_was_told() {
        let registry = Arc::new(Registry::default());
        let id = ClientId::from("a");
        registry.accepted(&id, ConnId(1), Protocol::V311);
        let leaving = registry.leaves(&id, ConnId(1)).unwrap();
        let (mut newer, mut patient) = (pin!(registry.turn(&id, Duration::ZERO)), pin!(registry.turn(&id, LONG)));
        assert!(poll!(&mut newer).is_pending() && poll!(&mut patient).is_pending());
        leaving.told();
        newer.await;
        assert!(poll!(&mut patient).is_pending());
        drop(leaving);
        patient.await;
    }

    #[tokio::test]
    async fn who_comes_third_waits_for_the_second() {
        let registry = Arc::new(Registry::default());
        let id = ClientId::from("a");
        let (_first, second) = (registry.enter(ConnId(1)), registry.enter(ConnId(2)));
        registry.accepted(&id, ConnId(1), Protocol::V311);
        let mut third = pin!(registry.turn(&id, LONG));
        assert!(poll!(&mut third).is_pending());
        registry.accepted(&id, ConnId(2), Protocol::V311);
        assert!(poll!(&mut third).is_pending());
        registry.heed(&second.line, second.line.knocked().unwrap());
        third.await;
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
