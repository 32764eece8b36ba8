//! The doors: what stands between a socket and its bytes of MQTT, and who may be told about those that do not get in.

use super::stream::Stream;
use super::upgrade::{self, NoUpgrade};
use crate::fleet::Via;
use crate::mqtt::Scheme;
use crate::tls::{ServerOptions, TlsError, common_name, explain_client, server_config};
use rustls::ServerConfig;
use std::fmt;
use std::io;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// One way in for devices.
#[derive(Clone)]
pub struct Door {
    scheme: Scheme,
    tls: Option<Arc<ServerConfig>>,
    /// Nobody gets in without one.
    asks_for_certificates: bool,
}

impl Door {
    /// MQTT over TCP.
    pub const TCP: Self = Self { scheme: Scheme::Mqtt, tls: None, asks_for_certificates: false };
    /// MQTT over WebSocket.
    pub const WEBSOCKET: Self = Self { scheme: Scheme::Ws, tls: None, asks_for_certificates: false };

    /// MQTT over TLS. A client that offers application protocols is to offer `mqtt`, or AWS's `x-amzn-mqtt-ca`.
    ///
    /// # Errors
    /// When a file cannot be used.
    pub fn tls(options: &ServerOptions) -> Result<Self, TlsError> {
        let tls = server_config(options, &["mqtt", "x-amzn-mqtt-ca"])?;
        Ok(Self { scheme: Scheme::Mqtts, tls: Some(tls), asks_for_certificates: options.require })
    }

    /// MQTT over WebSocket over TLS.
    ///
    /// # Errors
    /// When a file cannot be used.
    pub fn secure_websocket(options: &ServerOptions) -> Result<Self, TlsError> {
        let tls = server_config(options, &["http/1.1"])?;
        Ok(Self { scheme: Scheme::Wss, tls: Some(tls), asks_for_certificates: options.require })
    }

    /// How it is reached.
    #[must_use]
    pub const fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// What it is, for a sentence.
    pub(super) const fn words(&self) -> &'static str {
        match self.scheme {
            Scheme::Mqtt => "TCP",
            Scheme::Mqtts => "TLS",
            Scheme::Ws => "WebSocket",
            Scheme::Wss => "WebSocket over TLS",
        }
    }

    /// The flag that gives its address.
    pub(super) const fn flag(&self) -> &'static str {
        match self.scheme {
            Scheme::Mqtt => "--listen",
            Scheme::Mqtts => "--tls-listen",
            Scheme::Ws => "--ws-listen",
            Scheme::Wss => "--wss-listen",
        }
    }

    /// What was not done by a device that came no further than the door.
    pub(super) const fn unfinished(&self) -> &'static str {
        match self.scheme {
            Scheme::Mqtt | Scheme::Mqtts => "TLS was not agreed on",
            Scheme::Ws => "its request for a WebSocket was not whole",
            Scheme::Wss => "TLS and a WebSocket were not agreed on",
        }
    }

    /// What begins like this and is no MQTT, and which door it looks for.
    pub(super) fn stranger(&self, first: [u8; 4]) -> Option<&'static str> {
        match &first {
            // A handshake (RFC 8446 section 5.1).
            [0x16, 3, ..] if self.tls.is_none() => Some("this begins like TLS: the door for that is --tls-listen"),
            b"GET " if self.tls.is_none() => Some("this begins like HTTP: the door for a WebSocket is --ws-listen"),
            b"GET " => Some("this begins like HTTP: the door for a WebSocket over TLS is --wss-listen"),
            b"POST" | b"HEAD" | b"PUT " | b"OPTI" => {
                Some("this begins like HTTP, and it is an MQTT broker that listens here")
            }
            _ => None,
        }
    }

    /// Lets a device in: TLS and WebSocket are agreed on. For as long as it takes; the caller has a deadline. `logins`: a
    /// device has to say who it is in CONNECT.
    pub(super) async fn open(&self, tcp: TcpStream, logins: bool) -> Result<(Stream, Via), Outside> {
        let mut via = Via { scheme: self.scheme, identity: None };
        let local = tcp.local_addr().is_ok_and(|addr| addr.ip().to_canonical().is_loopback());
        let open = local && !logins && !self.asks_for_certificates;
        let Some(tls) = &self.tls else {
            let stream =
                if self.scheme.is_websocket() { upgrade::upgrade(tcp, open).await?.into() } else { tcp.into() };
            return Ok((stream, via));
        };
        let tls = Box::new(TlsAcceptor::from(Arc::clone(tls)).accept(tcp).await?);
        via.identity = identity(&tls);
        let stream = if self.scheme.is_websocket() { upgrade::upgrade(tls, open).await?.into() } else { tls.into() };
        Ok((stream, via))
    }
}

impl fmt::Debug for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Door").field(&self.scheme).finish()
    }
}

/// Who a client is by its certificate, which was verified.
fn identity(tls: &TlsStream<TcpStream>) -> Option<Arc<str>> {
    let certificate = tls.get_ref().1.peer_certificates()?.first()?;
    common_name(certificate).map(Arc::from)
}

/// Why a device did not get in.
#[derive(Debug)]
pub(super) enum Outside {
    /// Something that its owner can mend, in words.
    Mistake(String),
    /// It went, or its connection broke.
    Gone(io::Error),
}

impl fmt::Display for Outside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mistake(why) => f.write_str(why),
            Self::Gone(error) => error.fmt(f),
        }
    }
}

impl From<io::Error> for Outside {
    fn from(error: io::Error) -> Self {
        explain_client(&error).map_or(Self::Gone(error), Self::Mistake)
    }
}

impl From<NoUpgrade> for Outside {
    fn from(trouble: NoUpgrade) -> Self {
        match trouble {
            NoUpgrade::Refused(status, why) => Self::Mistake(format!("it got the answer {status}: {why}")),
            NoUpgrade::Io(error) => error.into(),
        }
    }
}
