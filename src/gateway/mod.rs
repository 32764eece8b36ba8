//! Floor 2: the front door for devices.
//!
//! Every device connects here, and the gateway relays its bytes to a broker and reads along. That is how lwtop knows
//! more than any subscriber can: who connects with which keep alive and will, and how each one goes away. It also makes
//! devices die on purpose, whether lwtop launched them or they stand on the table.
//!
//! ```text
//! listen      takes the addresses, one for each door
//! accept      one task per connection ─▶ connection   greet, report, order, wind down
//!                                        greet        the door, CONNECT, who may come in, a connection to the broker
//!                                        arrival      what comes until CONNECT is whole
//!                                        door         TLS (`tls`) and WebSocket (`upgrade`, `websocket`, `frames`)
//!                                        complaints   who did not get in, told to a person
//! registry    which client id is where, whose turn    relay      copies bytes both ways, holds none while idle
//!                                                     end          one of the two sockets, and what it has not taken
//!                                                     observer   reads along, byte by byte, no I/O
//!                                                     decode     CONNECT, CONNACK, DISCONNECT
//!                                                     spy        every packet of the one who is looked at, put into `words`
//!                                                     ending     what was seen ─▶ why it ended
//!                                                     wills      which ones are refused
//! line        one connection, seen from outside       farewell   carries the end to the other side
//! ```
//!
//! A door turns an accepted socket into a [`stream`] of MQTT bytes, and everything behind it works on bytes.

mod arrival;
mod complaints;
mod connection;
mod decode;
mod door;
mod end;
mod ending;
mod farewell;
mod frames;
mod greet;
mod line;
mod listen;
mod logins;
pub mod observer;
mod registry;
mod relay;
mod spy;
mod stream;
mod upgrade;
mod upstream;
mod websocket;
mod wills;
mod words;

pub use door::Door;
pub use listen::{BindError, Listener};
pub use logins::{Logins, LoginsError};
pub use upstream::Upstream;

use crate::clock::Clock;
use crate::fleet::{Report, SessionEvent};
use crate::mqtt::{ClientId, ConnId, Fault, Protocol};
use crate::wiring::quiet::USUAL;
use crate::wiring::{ActivityBoard, Guests, PacketLog};
use complaints::Complaints;
use line::Order;
use registry::Registry;
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::AbortHandle;
use tokio::time::{sleep, timeout};

/// How many connections to the broker may wait for its first packet. The embedded broker's backlog is 128: with more in
/// flight the kernel drops SYNs, and each costs a second.
const WAITING: usize = 50;

/// How many CONNECTs that are no longer small may be read at once. With [`observer::LARGEST`] this bounds what devices that
/// never finish theirs can make lwtop hold.
const LARGE: usize = 64;

/// How long [`Gateway::stop`] waits for connections to end.
const STOP: Duration = Duration::from_secs(2);

/// How the gateway serves.
#[derive(Clone, Debug)]
pub struct GatewayConfig {
    /// The broker behind it.
    pub upstream: Upstream,
    /// How long a device may take until its CONNECT is whole; TLS and WebSocket have to be agreed on within it.
    pub connect_deadline: Duration,
    /// How long a device may wait for others until it is its turn to be connected to the broker.
    pub place_deadline: Duration,
    /// How long the broker may take to accept a TCP connection.
    pub upstream_deadline: Duration,
    /// How long the broker may take to close a connection after DISCONNECT, before it gets another CONNECT of the same client;
    /// and how long that CONNECT waits for the broker to take what the client has sent on its older connection.
    pub leave_deadline: Duration,
    /// How long the broker may take to answer CONNECT.
    pub answer_deadline: Duration,
    /// What a keep alive of 0 becomes on its way to the broker, in seconds. The embedded broker closes a connection
    /// without keep alive after 300 s of silence, which MQTT does not ask for (3.1.1 section 3.1.2.10); the largest
    /// keep alive gives it 27 hours. `None` leaves CONNECT as it is.
    pub stretch_zero_keep_alive: Option<u16>,
    /// For how long it is not said again that devices do not get in for the same reason; they are counted.
    pub quiet: Duration,
    /// Who may come in, by user name and password; `None` lets everybody in who passes the door.
    pub logins: Option<Arc<Logins>>,
}

impl GatewayConfig {
    /// In front of the embedded broker.
    #[must_use]
    pub const fn new(upstream: SocketAddr) -> Self {
        Self {
            upstream: Upstream::Embedded(upstream),
            connect_deadline: Duration::from_secs(10),
            // A fleet that comes back all at once is served within seconds, also by a slow machine.
            place_deadline: Duration::from_secs(30),
            upstream_deadline: Duration::from_secs(5),
            // Brokers take about a millisecond.
            leave_deadline: Duration::from_millis(300),
            // Longer than the 10 s in which the embedded broker itself gives up.
            answer_deadline: Duration::from_secs(15),
            stretch_zero_keep_alive: Some(u16::MAX),
            quiet: USUAL,
            logins: None,
        }
    }

    /// In front of somebody else's broker.
    #[must_use]
    pub fn in_front_of(host: &str, port: u16) -> Self {
        Self {
            upstream: Upstream::External { host: host.to_owned(), port },
            stretch_zero_keep_alive: None,
            ..Self::new(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
        }
    }

    /// Whether the broker is helped where it is known to depart from the specification.
    const fn mends(&self) -> bool {
        matches!(self.upstream, Upstream::Embedded(_))
    }
}

/// Why a fault cannot be done.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum FaultError {
    /// It has no connection through the gateway.
    #[error("{0} is not connected through the gateway, so there is nothing to cut")]
    NotConnected(ClientId),
    /// A takeover needs a second client.
    #[error("the gateway cannot take over {0}: a takeover is a second client that connects with the same client id")]
    NotHere(ClientId),
    /// DISCONNECT 0x04 exists in MQTT 5 only.
    #[error("{0} speaks MQTT 3.1.1, whose DISCONNECT has no reason code: leave-with-will needs MQTT 5")]
    NeedsV5(ClientId),
}

/// A handle on a gateway that serves. Cheap to clone; the gateway serves until [`Gateway::stop`].
#[derive(Clone, Debug)]
pub struct Gateway {
    shared: Arc<Shared>,
    addr: SocketAddr,
    /// One for each door.
    accepting: Arc<[AbortHandle]>,
}

impl Gateway {
    /// Makes the connection of `client` die. It returns at once; what comes of it is reported as for any other death.
    ///
    /// A fault that is said to the broker (leave, leave-with-will, protocol-error) waits for the end of a packet that
    /// the device has half sent.
    ///
    /// # Errors
    ///
    /// When `client` has no connection here, or the fault cannot be done on it from here.
    pub fn fault(&self, client: &ClientId, fault: Fault) -> Result<(), FaultError> {
        if fault == Fault::Takeover {
            return Err(FaultError::NotHere(client.clone()));
        }
        let (line, protocol) =
            self.shared.registry.find(client).ok_or_else(|| FaultError::NotConnected(client.clone()))?;
        if fault == Fault::LeaveWithWill && protocol == Protocol::V311 {
            return Err(FaultError::NeedsV5(client.clone()));
        }
        line.switch.set(Order::Fault(fault).code());
        Ok(())
    }

    /// The address for devices that speak MQTT over TCP.
    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.addr
    }

    /// Writes down the packets of `client` from now on, of this connection and of those that come after it, or of nobody.
    /// Whoever was looked at before is not any more.
    pub fn look_at(&self, client: Option<&ClientId>) {
        let before = self.shared.packets.look_at(client.cloned(), self.shared.clock.now());
        for (client, watched) in before.iter().map(|before| (before, false)).chain(client.map(|now| (now, true))) {
            if let Some((line, _)) = self.shared.registry.find(client) {
                line.set_watched(watched);
            }
        }
    }

    /// The packets of the one who is looked at.
    #[must_use]
    pub fn packets(&self) -> &PacketLog {
        &self.shared.packets
    }

    /// How many connections there are, those that have not finished CONNECT included.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.shared.registry.len()
    }

    /// Stops listening and ends every connection; each open one is reported as closed. Waits for that, but not for
    /// ever.
    pub async fn stop(&self) {
        self.shared.stop.store(true, Ordering::Release);
        self.accepting.iter().for_each(AbortHandle::abort);
        self.shared.registry.order_all(Order::Stop);
        if timeout(STOP, self.shared.registry.emptied()).await.is_err() {
            tracing::warn!(left = self.connections(), "the gateway stopped before all its connections had ended");
        }
    }
}

/// What all connections of one gateway share.
#[derive(Debug)]
struct Shared {
    config: GatewayConfig,
    reports: mpsc::Sender<Report>,
    board: Arc<ActivityBoard>,
    guests: Arc<Guests>,
    clock: Clock,
    registry: Arc<Registry>,
    /// What is seen of the client that a person looks at.
    packets: PacketLog,
    /// Places among the connections that wait for the broker's first packet.
    places: Arc<Semaphore>,
    /// The one place for closing the sockets of a cut connection.
    closing: Semaphore,
    /// Places among the CONNECTs that are no longer small.
    large: Semaphore,
    /// Turns for checking passwords.
    hashing: Arc<Semaphore>,
    complaints: Complaints,
    stop: AtomicBool,
}

impl Shared {
    fn new(
        config: GatewayConfig,
        reports: mpsc::Sender<Report>,
        board: Arc<ActivityBoard>,
        guests: Arc<Guests>,
        clock: Clock,
    ) -> Self {
        Self {
            complaints: Complaints::new(config.quiet, reports.clone(), clock, complaints::more),
            config,
            reports,
            board,
            guests,
            clock,
            registry: Arc::default(),
            packets: PacketLog::default(),
            places: Arc::new(Semaphore::new(WAITING)),
            closing: Semaphore::new(1),
            large: Semaphore::new(LARGE),
            hashing: Arc::new(Semaphore::new(std::thread::available_parallelism().map_or(1, NonZeroUsize::get))),
            stop: AtomicBool::new(false),
        }
    }

    fn stopping(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }

    /// Waits for room in the channel; a hub that is gone does not stop anything.
    async fn report(&self, event: SessionEvent) {
        if let Err(mpsc::error::TrySendError::Full(report)) = self.reports.try_send(Report::Session(event)) {
            let _ = self.reports.send(report).await;
        }
    }
}

/// Accepts until it is aborted.
async fn accept(listener: TcpListener, door: Door, shared: Arc<Shared>) {
    let mut told = false;
    loop {
        match listener.accept().await {
            Ok((device, peer)) => {
                told = false;
                // Small packets are to go out at once; without it a ping waits for the last one's acknowledgement.
                let _ = device.set_nodelay(true);
                let conn = ConnId::next();
                tokio::spawn(connection::serve(Arc::clone(&shared), door.clone(), device, peer, conn));
            }
            Err(error) => {
                // Out of file descriptors, mostly; the waiting connection stays in the backlog. Told once, not at
                // every try, and without waiting: a full channel has more important things in it.
                if !std::mem::replace(&mut told, true) {
                    let text =
                        format!("a device could not be accepted: {error}; raise the open-file limit (ulimit -n)");
                    let _ = shared.reports.try_send(Report::Notice(text));
                }
                sleep(Duration::from_millis(50)).await;
            }
        }
    }
}
