//! The gateway's addresses: taking them, and saying clearly when somebody else has one.

use super::{Door, Gateway, GatewayConfig, Shared};
use crate::clock::Clock;
use crate::fleet::Report;
use crate::mqtt::Scheme;
use crate::wiring::{ActivityBoard, Guests};
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;

/// How many connections may wait to be accepted. A fleet that comes back after a power cut connects all at once, and
/// every connection that does not fit costs its device a second until the SYN is sent again.
const BACKLOG: i32 = 4096;

/// How long whoever has the port may take to answer a CONNECT.
const PROBE: Duration = Duration::from_millis(300);

/// Why the gateway cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Another MQTT broker has the port.
    #[error(
        "cannot listen on {listen}: an MQTT broker is there already; watch that one with `lwtop --broker {url}`, or \
         take a free port with `{flag} {}`", free(.listen)
    )]
    Broker {
        /// The address asked for.
        listen: SocketAddr,
        /// The flag that it is given with.
        flag: &'static str,
        /// The address of the broker that answered.
        url: String,
    },
    /// Another program has the port.
    #[error("cannot listen on {listen}: another program has this port; take another with `{flag} {}`", free(.listen))]
    Busy {
        /// The address asked for.
        listen: SocketAddr,
        /// The flag that it is given with.
        flag: &'static str,
    },
    /// Anything else.
    #[error("cannot listen on {listen}: {error}; take another address with `{flag}`, such as `{flag} 127.0.0.1:0`")]
    Io {
        /// The address asked for.
        listen: SocketAddr,
        /// The flag that it is given with.
        flag: &'static str,
        /// What the operating system says.
        error: io::Error,
    },
}

/// The same address with a free port.
fn free(listen: &SocketAddr) -> SocketAddr {
    SocketAddr::new(listen.ip(), 0)
}

/// Doors that are open and have nobody behind them yet: one for MQTT over TCP, and those that were added.
#[derive(Debug)]
pub struct Listener {
    addr: SocketAddr,
    doors: Vec<(Door, TcpListener)>,
}

impl Gateway {
    /// Takes the address for devices that speak MQTT over TCP. Port 0 takes any free port.
    ///
    /// # Errors
    ///
    /// When the address cannot be had. If the port is busy, whoever has it is asked whether it speaks MQTT, which takes
    /// at most 300 ms.
    pub async fn bind(listen: SocketAddr) -> Result<Listener, BindError> {
        let (socket, addr) = take(listen, &Door::TCP).await?;
        Ok(Listener { addr, doors: vec![(Door::TCP, socket)] })
    }
}

/// Takes the address of a door.
async fn take(listen: SocketAddr, door: &Door) -> Result<(TcpListener, SocketAddr), BindError> {
    let flag = door.flag();
    let error = match open(listen) {
        Ok(opened) => return Ok(opened),
        Err(error) => error,
    };
    if error.kind() != io::ErrorKind::AddrInUse {
        return Err(BindError::Io { listen, flag, error });
    }
    let there = reachable(listen);
    if door.scheme() == Scheme::Mqtt && speaks_mqtt(there).await {
        return Err(BindError::Broker { listen, flag, url: format!("mqtt://{there}") });
    }
    Err(BindError::Busy { listen, flag })
}

impl Listener {
    /// The address for devices that speak MQTT over TCP.
    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.addr
    }

    /// Opens one more door, at this address, and says which address it has: port 0 takes any free port.
    ///
    /// # Errors
    /// When the address cannot be had.
    pub async fn add(&mut self, listen: SocketAddr, door: Door) -> Result<SocketAddr, BindError> {
        let (socket, addr) = take(listen, &door).await?;
        self.doors.push((door, socket));
        Ok(addr)
    }

    /// Serves devices from now on, each in a task of its own.
    ///
    /// `reports` is told of every session; a full channel makes the connection wait, so that no presence is ever
    /// dropped. `board` gets the packet counts, `guests` the addresses of the connections to the broker.
    #[must_use]
    pub fn serve(
        self,
        config: GatewayConfig,
        reports: mpsc::Sender<Report>,
        board: Arc<ActivityBoard>,
        guests: Arc<Guests>,
        clock: Clock,
    ) -> Gateway {
        let shared = Arc::new(Shared::new(config, reports, board, guests, clock));
        let accept = |(door, socket)| tokio::spawn(super::accept(socket, door, Arc::clone(&shared))).abort_handle();
        let accepting = self.doors.into_iter().map(accept).collect();
        Gateway { shared, addr: self.addr, accepting }
    }
}

fn open(listen: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let socket = Socket::new(Domain::for_address(listen), Type::STREAM, Some(Protocol::TCP))?;
    // On Windows this would let two programs have the same port.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&listen.into())?;
    socket.listen(BACKLOG)?;
    let socket = TcpListener::from_std(socket.into())?;
    let addr = socket.local_addr()?;
    Ok((socket, addr))
}

/// Where a connection to whoever listens on `listen` goes.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

/// Whether whoever listens at `addr` answers a CONNECT with a CONNACK, of whatever code.
async fn speaks_mqtt(addr: SocketAddr) -> bool {
    // MQTT 3.1.1, clean session, keep alive 5 s, client id `lwtop-probe`.
    const CONNECT: &[u8] = b"\x10\x17\x00\x04MQTT\x04\x02\x00\x05\x00\x0blwtop-probe";
    let probe = async {
        let mut stream = TcpStream::connect(addr).await?;
        stream.write_all(CONNECT).await?;
        let kind = stream.read_u8().await?;
        // A clean goodbye, so that no broker's log tells of a client that vanished.
        let _ = stream.write_all(&[0xe0, 0]).await;
        io::Result::Ok(kind == 0x20)
    };
    matches!(timeout(PROBE, probe).await, Ok(Ok(true)))
}
