//! The embedded broker's door: who is admitted, and what guests may do.

use super::LinkLogin;
use super::told::Told;
use crate::wiring::Guests;
use mqtt5::broker::auth::{AuthProvider, AuthResult};
use mqtt5::error::Result;
use mqtt5::packet::connect::ConnectPacket;
use mqtt5::protocol::v5::reason_codes::ReasonCode;
use std::collections::HashSet;
use std::future::{Future, ready};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Admits guests of the gateway and lwtop's own link, nobody else.
pub(super) struct Door {
    guests: Arc<Guests>,
    link: LinkLogin,
    /// The client ids of lwtop's own connections. Whoever could connect with one would take over lwtop's own subscription, and
    /// with it blind every pane.
    ours: Mutex<HashSet<String>>,
    told: Option<Told>,
}

impl Door {
    pub(super) fn new(guests: Arc<Guests>, link: LinkLogin, told: Option<Told>) -> Self {
        Self { guests, link, ours: Mutex::default(), told }
    }

    fn is_link(&self, connect: &ConnectPacket) -> bool {
        connect.username.as_deref() == Some(&self.link.user)
            && connect.password.as_deref() == Some(self.link.password.as_bytes())
    }

    fn ours(&self) -> MutexGuard<'_, HashSet<String>> {
        // A set that is changed by single insertions cannot be left half done.
        self.ours.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AuthProvider for Door {
    fn authenticate<'a>(&'a self, connect: &'a ConnectPacket, peer: SocketAddr) -> Answer<'a, Result<AuthResult>> {
        // The ticket first: it is to be taken even if the guest should guess the link's password, and a guest is a
        // guest whatever it says.
        let answer = if self.guests.admit(peer) {
            if self.ours().contains(&connect.client_id) {
                AuthResult::fail(ReasonCode::ClientIdentifierNotValid)
            } else {
                AuthResult::success()
            }
        } else if self.is_link(connect) {
            self.ours().insert(connect.client_id.clone());
            AuthResult::success_with_user(self.link.user.as_str())
        } else {
            AuthResult::fail(ReasonCode::NotAuthorized)
        };
        Box::pin(ready(Ok(answer)))
    }

    /// Asked for wills too, at the moment they are due.
    fn authorize_publish<'a>(&'a self, client: &str, user: Option<&'a str>, topic: &'a str) -> Answer<'a, bool> {
        // Topics that begin with `$` are the server's (3.1.1 section 4.7.2): a device that could publish to
        // `$aws/events/presence/…` could forge another's death.
        let allowed = !topic.starts_with('$') || user == Some(self.link.user.as_str());
        if let Some(told) = self.told.as_ref().filter(|_| !allowed) {
            told.refused(client, topic);
        }
        Box::pin(ready(allowed))
    }

    fn authorize_subscribe<'a>(&'a self, _: &str, _: Option<&'a str>, _: &'a str) -> Answer<'a, bool> {
        Box::pin(ready(true))
    }
}
