//! Floor 2: the embedded broker, for people who have none.
//!
//! It is nobody's back door: it listens on a loopback port of its own, and its door admits only connections that the
//! gateway has announced in [`Guests`] and lwtop's own link, which shows a password made for this process.
//! The broker library is named in this folder and nowhere else.

mod door;
mod login;
mod told;

pub use login::LinkLogin;

use crate::clock::Clock;
use crate::fleet::Report;
use crate::wiring::{Guests, LARGEST_PACKET};
use door::Door;
use mqtt5::broker::config::{AuthConfig, BrokerConfig, RateLimitConfig, StorageBackend, StorageConfig};
use mqtt5::broker::{BrokerShutdownHandle, MqttBroker, ResourceLimits};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use told::Told;

/// Why the embedded broker does not run.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    /// The operating system has no randomness for the link's password.
    #[error("the embedded broker cannot start: the operating system gave no random bytes for its password ({0})")]
    Random(#[from] getrandom::Error),
    /// It could not listen or load its storage.
    #[error("the embedded broker cannot start on a free loopback port: {0}; use --broker to watch another broker")]
    Start(String),
    /// It ended before it was ready.
    #[error("the embedded broker stopped while it was starting; use --broker to watch another broker")]
    Ended,
}

/// A running MQTT 3.1.1 and 5 broker inside this process.
///
/// Dropping it stops it too, without waiting.
pub struct EmbeddedBroker {
    addr: SocketAddr,
    login: LinkLogin,
    shutdown: BrokerShutdownHandle,
    running: JoinHandle<()>,
}

impl EmbeddedBroker {
    /// Starts a broker on a free loopback port. It admits the connections announced in `guests` and the link.
    ///
    /// # Errors
    ///
    /// When no loopback port can be had, or the operating system gives no random bytes.
    pub async fn start(guests: Arc<Guests>) -> Result<Self, BrokerError> {
        Self::open(guests, None).await
    }

    /// The same, and it tells a person which messages it refuses.
    ///
    /// # Errors
    ///
    /// As for [`EmbeddedBroker::start`].
    pub async fn start_telling(
        guests: Arc<Guests>,
        reports: mpsc::Sender<Report>,
        clock: Clock,
    ) -> Result<Self, BrokerError> {
        Self::open(guests, Some(Told::new(reports, clock))).await
    }

    async fn open(guests: Arc<Guests>, told: Option<Told>) -> Result<Self, BrokerError> {
        let login = LinkLogin::random()?;
        let broker = MqttBroker::with_config(config()).await.map_err(|error| BrokerError::Start(error.to_string()))?;
        let mut broker = broker.with_auth_provider(Arc::new(Door::new(guests, login.clone(), told)));
        broker.resource_monitor().update_limits(limits());
        let addr = broker.local_addr().ok_or(BrokerError::Ended)?;
        let shutdown = broker.shutdown_handle();
        let mut ready = broker.ready_receiver();
        let running = tokio::spawn(async move {
            if let Err(error) = broker.run().await {
                tracing::error!(%error, "the embedded broker stopped");
            }
        });
        if ready.wait_for(|ready| *ready).await.is_err() {
            return Err(BrokerError::Ended);
        }
        Ok(Self { addr, login, shutdown, running })
    }

    /// Where it listens, on the loopback interface.
    #[must_use]
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// What lwtop's own link has to show at the door.
    #[must_use]
    pub const fn link_login(&self) -> &LinkLogin {
        &self.login
    }

    /// Stops it and waits until it has.
    pub async fn stop(mut self) {
        self.shutdown.shutdown();
        if let Err(error) = (&mut self.running).await
            && !error.is_cancelled()
        {
            tracing::error!(%error, "the embedded broker ended badly");
        }
    }
}

impl std::fmt::Debug for EmbeddedBroker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EmbeddedBroker").field("addr", &self.addr).field("login", &self.login).finish_non_exhaustive()
    }
}

impl Drop for EmbeddedBroker {
    fn drop(&mut self) {
        self.shutdown.shutdown();
    }
}

fn config() -> BrokerConfig {
    let auth = AuthConfig {
        // The gateway is one address with thousands of clients behind it: a limit per address would lock out all.
        rate_limit: RateLimitConfig { enabled: false, ..RateLimitConfig::default() },
        ..AuthConfig::default()
    };
    BrokerConfig::default()
        .with_bind_address((Ipv4Addr::LOCALHOST, 0))
        // The open-file limit is the true one; whoever launches a fleet checks against it.
        .with_max_clients(usize::MAX)
        // The default writes a folder into the working directory.
        .with_storage(StorageConfig::new().with_backend(StorageBackend::Memory))
        // The default of 10 000 acknowledges QoS 1 messages and then drops them when thousands die at once.
        .with_client_channel_capacity(1_000_000)
        // The default is all that MQTT can announce, 256 MB, and all of it is gathered.
        .with_max_packet_size(LARGEST_PACKET as usize)
        .with_auth(auth)
        // Nobody asked for statistics every ten seconds, and they would wake an idle process.
        .with_sys_topics_enabled(false)
}

fn limits() -> ResourceLimits {
    ResourceLimits {
        max_connections: usize::MAX,
        max_connections_per_ip: usize::MAX,
        // Zero means no limit.
        max_message_rate_per_client: 0,
        max_bandwidth_per_client: 0,
        max_connection_rate: u32::MAX,
        // It keeps a list of the connects in this window and walks it at each: keep it short.
        rate_limit_window: Duration::from_millis(1),
    }
}
