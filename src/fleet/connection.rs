//! What an incident keeps of the connection that ended: enough to tell the story when the device is long on another one.

use super::device::Session;
use crate::clock::Moment;
use crate::mqtt::{KeepAlive, Protocol, Will};
use bytes::Bytes;
use std::net::SocketAddr;

/// A connection that ended, as it was seen on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// When CONNACK passed.
    pub opened: Moment,
    /// With which protocol version.
    pub protocol: Protocol,
    /// The keep alive that was in force.
    pub keep_alive: KeepAlive,
    /// Clean session (3.1.1) or clean start (5).
    pub clean: bool,
    /// From where.
    pub peer: Option<SocketAddr>,
    /// Its will, with the beginning of the payload.
    pub will: Option<Will>,
    /// When the last packet came from the device.
    pub last_packet: Moment,
    /// When a packet came that is known to have been a PINGREQ.
    pub last_ping: Option<Moment>,
    /// How it ended on the wire: `FIN`, `RST`, `DISCONNECT 0x04`, …; `None` where no end was seen.
    pub how: Option<&'static str>,
}

impl Connection {
    /// How many bytes of a will's payload are kept: there may be thousands of incidents.
    pub const KEPT: usize = 256;

    pub(super) fn of(session: &Session, how: Option<&'static str>) -> Box<Self> {
        let will = session.will.as_ref().map(|will| Will {
            // A copy: a part of the packet would keep all of it in memory.
            payload: Bytes::copy_from_slice(&will.payload[..will.payload.len().min(Self::KEPT)]),
            ..will.clone()
        });
        Box::new(Self {
            opened: session.opened,
            protocol: session.protocol,
            keep_alive: session.keep_alive,
            clean: session.clean,
            peer: session.peer,
            will,
            last_packet: session.last_packet,
            last_ping: session.last_ping,
            how,
        })
    }
}
