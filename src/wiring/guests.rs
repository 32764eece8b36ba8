//! Who may pass the embedded broker's own door.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

/// The local addresses of connections that the gateway has opened to the broker and that have not yet sent CONNECT.
/// Each admits one CONNECT: the broker takes the ticket when it authenticates, so that nobody else on the machine can
/// talk to the broker past the gateway.
#[derive(Debug, Default)]
pub struct Guests(Mutex<HashSet<SocketAddr>>);

impl Guests {
    /// Announces a connection that is about to send its CONNECT.
    pub fn announce(&self, local: SocketAddr) {
        self.lock().insert(local);
    }

    /// Takes the ticket of `peer`; false if it has none.
    #[must_use]
    pub fn admit(&self, peer: SocketAddr) -> bool {
        self.lock().remove(&peer)
    }

    /// Withdraws a ticket that was never used.
    pub fn withdraw(&self, local: SocketAddr) {
        self.lock().remove(&local);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashSet<SocketAddr>> {
        // A set of addresses is valid after any panic elsewhere.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
