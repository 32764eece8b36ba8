//! lwtop's own subscription to a broker.
//!
//! Two connections of rumqttc. Wills come over one of their own at QoS 0 with a large receive buffer: at QoS 1 a default
//! Mosquitto drops all but about a thousand of a mass cut. Everything else comes over the other one at QoS 1, which also
//! publishes. MQTT 5 is tried first, then 3.1.1.
//!
//! - [`wire`] hides the two APIs of rumqttc behind one; [`trouble`] puts its errors into words;
//! - [`connection`] keeps one connection up; [`standing`] knows whether both are.

mod connection;
mod standing;
mod trouble;
mod wire;

use crate::clock::Clock;
use crate::fleet::Report;
use crate::mqtt::{Login, Qos, TopicFilter, TopicName};
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

/// Where the link goes and what it subscribes to.
#[derive(Clone, Debug)]
pub struct LinkConfig {
    /// The broker's name or IP address; an IPv6 address stands without brackets.
    pub host: String,
    /// Its TCP port.
    pub port: u16,
    /// Who lwtop says it is.
    pub login: Option<Login>,
    /// How its client ids begin; a random part follows.
    pub client_id_prefix: String,
    /// Where wills arrive.
    pub will_filters: Vec<TopicFilter>,
    /// Where everything else arrives.
    pub other_filters: Vec<TopicFilter>,
    /// Whether the broker is trusted to say who published a message (user property `x-mqtt-client-id`). Only the embedded
    /// one is: anywhere else a publisher could write whatever it likes there.
    pub attribute: bool,
}

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
            let id = format!("{}-{:08x}-{}", config.client_id_prefix, random >> 32, part.letter());
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

    /// Hands a message to the connection, without waiting. What cannot go (the link is down, the message is larger than
    /// the broker takes) is dropped and counted in [`Self::refused`].
    ///
    /// # Errors
    /// The message itself, when too many are waiting: to be tried again.
    pub fn publish(&self, message: Outgoing) -> Result<(), Outgoing> {
        let publisher = self.outbox.publisher.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(publisher) = publisher.as_ref().filter(|publisher| publisher.takes(&message)) else {
            self.outbox.refuse(1);
            return Ok(());
        };
        // Topic and payload are shared, so the copy is two counters.
        if publisher.publish(message.clone()) { Ok(()) } else { Err(message) }
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
