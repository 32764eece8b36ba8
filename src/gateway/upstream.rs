//! Which broker the gateway stands in front of.

use crate::mqtt::address::authority;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use tokio::net::TcpStream;

/// The broker behind the gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Upstream {
    /// The embedded one. Where it is known to depart from the specification, the gateway mends it.
    Embedded(SocketAddr),
    /// Somebody else's, over TCP; its name is looked up for every connection. It gets all that a device says as it is.
    External {
        /// A name or an address.
        host: String,
        /// The port.
        port: u16,
    },
}

impl fmt::Display for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Embedded(addr) => addr.fmt(f),
            Self::External { host, port } => f.write_str(&authority(host, *port)),
        }
    }
}

impl Upstream {
    /// Opens a connection.
    pub(super) async fn connect(&self) -> io::Result<TcpStream> {
        match self {
            Self::Embedded(addr) => TcpStream::connect(addr).await,
            Self::External { host, port } => TcpStream::connect((host.as_str(), *port)).await,
        }
    }
}
