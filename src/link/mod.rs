//! lwtop's own subscription to a broker.
//!
//! Two connections. Wills come over one of their own at QoS 0 with a large receive buffer: at QoS 1 a default
//! Mosquitto drops all but about a thousand of a mass cut. Everything else comes over the other one at QoS 1, which also
//! publishes. MQTT 5 is tried first, then 3.1.1.
//!
//! - [`session`] is MQTT without a connection, in the two versions that [`v311`] and [`v5`] make of rumqttc's packets and state;
//!   [`wire`] puts one on a connection; [`trouble`] says in words what went wrong;
//! - [`subscriptions`] asks for the filters one SUBSCRIBE after the other; [`copies`] drops what comes once for each of them,
//!   by the [`identifiers`] of the subscriptions where there are some;
//! - [`pace`] says when to read: a stream of messages is let gather, wills and the first of any messages never;
//! - [`connection`] keeps one connection up, with the pauses of [`backoff`]; [`standing`] knows whether both are.

mod backoff;
mod config;
mod connection;
mod copies;
mod identifiers;
mod pace;
mod session;
mod standing;
mod subscriptions;
mod trouble;
mod v311;
mod v5;
mod wire;

pub use backoff::Backoff;
pub use config::LinkConfig;

use crate::clock::Clock;
use crate::fleet::Report;
use crate::mqtt::{Qos, TopicName};
use bytes::Bytes;
use connection::{Connection, Part};
use standing::Standing;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use wire::Publisher;

/// How long [`Link::stop`] waits for the two DISCONNECTs.
const GOODBYE: Duration = Duration::from_secs(2);

/// A message to be published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// Where it goes.
    pub topic: TopicName,
    /// What it says.
    pub payload: Bytes,
    /// With which quality of service.
    pub qos: Qos,
    /// Whether the broker keeps it.
    pub retain: bool,
    /// User properties of MQTT 5, in order; a 3.1.1 connection leaves them out.
    pub user_properties: Vec<(String, String)>,
    /// Where it comes from, for whoever hands it over: it is not sent.
    pub origin: Option<u64>,
}

/// Why a message was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Too many are waiting: it is to be tried again.
    #[error("too many messages wait to be published")]
    Full(Outgoing),
    /// It cannot go at all; the reason in words.
    #[error("{0}")]
    Lost(String),
}

impl Refusal {
    fn down() -> Self {
        Self::Lost("the link to the broker is down".to_owned())
    }
}

/// The publishing side, as the connection and the link share it.
#[derive(Debug, Default)]
struct Outbox {
    /// `None` while the connection is down.
    publisher: Mutex<Option<Publisher>>,
    refused: AtomicU64,
}

impl Outbox {
    fn set(&self, publisher: Option<Publisher>) {
        *self.publisher.lock().unwrap_or_else(PoisonError::into_inner) = publisher;
    }

    fn refuse(&self, count: usize) {
        self.refused.fetch_add(u64::try_from(count).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

/// lwtop's link to a broker. It lives in tasks of its own; dropping it ends them without DISCONNECT.
#[derive(Debug)]
pub struct Link {
    outbox: Arc<Outbox>,
    stop: watch::Sender<bool>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl Link {
    /// Begins to connect; must be called inside a tokio runtime.
    ///
    /// Reports `Link(Up)` when both connections stand and every filter is subscribed, `Link(Down)` as soon as either is
    /// lost, `Incoming` for messages, and `Fatal` if the very first attempt fails. After that it never gives up.
    #[must_use]
    pub fn start(config: LinkConfig, reports: mpsc::Sender<Report>, clock: Clock) -> Self {
        let (stop, stopped) = watch::channel(false);
        let outbox = Arc::new(Outbox::default());
        let standing = Arc::new(Standing::new(reports, clock, stop.clone()));
        // Unlike a counter it differs between two lwtops on one broker, which would take over each other's session.
        let random = RandomState::new().hash_one(std::process::id());
        let config = Arc::new(config);
        let tasks = [Part::Wills, Part::Rest].map(|part| {
            let id = match &config.client_id {
                Some(id) => format!("{id}-{}", part.letter()),
                None => format!("{}-{:08x}-{}", config.client_id_prefix, random >> 32, part.letter()),
            };
            let connection = Connection::new(
                part,
                id,
                Arc::clone(&config),
                Arc::clone(&standing),
                Arc::clone(&outbox),
                stopped.clone(),
                clock,
            );
            tokio::spawn(connection.run())
        });
        Self { outbox, stop, tasks: Mutex::new(tasks.into()) }
    }

    /// Hands a message to the connection, without waiting. That it was taken does not mean that it arrives: what is lost
    /// with the connection later is counted in [`Self::refused`] too.
    ///
    /// # Errors
    /// [`Refusal::Full`] with the message, to be tried again; [`Refusal::Lost`] with the reason, which is counted.
    pub fn publish(&self, message: Outgoing) -> Result<(), Refusal> {
        let publisher = self.outbox.publisher.lock().unwrap_or_else(PoisonError::into_inner);
        let result = publisher.as_ref().map_or_else(|| Err(Refusal::down()), |publisher| publisher.publish(message));
        if let Err(Refusal::Lost(_)) = result {
            self.outbox.refuse(1);
        }
        result
    }

    /// How many messages were not published, since the start: refused, or lost with a connection before the broker had
    /// acknowledged them.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.outbox.refused.load(Ordering::Relaxed)
    }

    /// Ends both connections with DISCONNECT, and reports nothing more.
    pub async fn stop(&self) {
        self.stop.send_replace(true);
        let tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        let ended = async {
            for task in tasks {
                // A task that panicked has ended too.
                let _ = task.await;
            }
        };
        let _ = tokio::time::timeout(GOODBYE, ended).await;
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        for task in self.tasks.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            task.abort();
        }
    }
}
