//! Why there is no connection, in words.

use super::Route;
use crate::tls::explain;
use std::fmt;
use std::io;

/// How far a connection came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It is being opened.
    Tcp,
    /// The TLS handshake.
    Tls,
    /// The upgrade to WebSocket.
    WebSocket,
}

/// What is wrong with the answer to the request for a WebSocket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Upgrade {
    /// An HTTP status other than 101.
    Status(u16),
    /// A WebSocket on which no MQTT is spoken: the subprotocol `mqtt` was not taken up (3.1.1 section 6).
    NoSubprotocol,
    /// No answer of HTTP, or one that does not fit.
    Wrong(String),
}

/// Why there is no connection. No variant holds a password, a header's value or a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DialError {
    /// There is nothing to connect with: one sentence with what to do.
    Setup(String),
    /// There is no TCP connection.
    Unreachable(String),
    /// The proxy on the way is none, or lets nobody through.
    Proxy(String),
    /// Nothing came in time.
    Silent(Stage),
    /// The other side closed.
    Closed(Stage),
    /// TLS failed: one sentence with what to do.
    Tls(String),
    /// There is no WebSocket.
    Upgrade(Upgrade),
}

impl DialError {
    pub(super) fn unreachable(error: &io::Error) -> Self {
        Self::Unreachable(match error.kind() {
            io::ErrorKind::ConnectionRefused => "connection refused".to_owned(),
            io::ErrorKind::TimedOut => "timed out".to_owned(),
            io::ErrorKind::HostUnreachable => "no route to the host".to_owned(),
            io::ErrorKind::NetworkUnreachable => "the network is unreachable".to_owned(),
            _ => error.to_string(),
        })
    }

    pub(super) fn unresolved(host: &str, error: &io::Error) -> Self {
        Self::Unreachable(match error.kind() {
            io::ErrorKind::NotFound => format!("the name {host} has no address"),
            _ => format!("the name {host} cannot be resolved ({error})"),
        })
    }

    /// What it means where it was the proxy that was asked for.
    pub(super) fn of_proxy(&self) -> String {
        match self {
            Self::Unreachable(why) => format!("it cannot be reached: {why}"),
            _ => "it did not answer in time".to_owned(),
        }
    }

    /// What an error of reading or writing means; TLS may fail long after its handshake.
    #[must_use]
    pub fn of_io(error: &io::Error, stage: Stage) -> Self {
        explain(error).map_or(Self::Closed(stage), Self::Tls)
    }

    /// One sentence or two for a start that failed: what, where, what to do. `patience` is how long was waited.
    #[must_use]
    pub fn sentence(&self, route: &Route, patience: u64) -> String {
        let address = &route.address;
        let at = address.authority();
        // Of the same broker, without TLS or with it.
        let plain = if address.scheme.is_websocket() { "ws" } else { "mqtt" };
        match self {
            Self::Setup(why) => format!("cannot connect to {address}: {why}."),
            Self::Unreachable(why) => format!(
                "cannot reach a broker at {at}: {why}. Start the broker, or name another one with \
                 {} {}://HOST:PORT.",
                route.flag,
                address.scheme.name()
            ),
            Self::Proxy(why) => {
                let proxy = route.proxy.as_ref();
                let (proxy, way_out) = proxy.map(|proxy| (proxy.to_string(), proxy.way_out())).unwrap_or_default();
                format!("cannot reach a broker at {at} through the proxy {proxy}: {why}. {way_out}")
            }
            Self::Silent(Stage::Tcp) => format!(
                "cannot reach a broker at {at}: nothing answered within {patience} s. Check the address, and whether a \
                 firewall is in between."
            ),
            Self::Silent(Stage::Tls) => format!(
                "What listens at {at} accepted the connection and did not answer the TLS handshake within {patience} s. Is \
                 this its port for TLS? Without TLS the address begins with {plain}://."
            ),
            Self::Silent(Stage::WebSocket) => format!(
                "What listens at {at} accepted the connection and did not answer the request for a WebSocket within \
                 {patience} s. Is this its port for WebSocket?"
            ),
            Self::Closed(Stage::Tls) => format!(
                "What listens at {at} closed the connection in the TLS handshake. Is this its port for TLS? Without TLS the \
                 address begins with {plain}://."
            ),
            Self::Closed(_) => format!(
                "What listens at {at} closed the connection instead of opening a WebSocket. Is this its port for WebSocket?"
            ),
            Self::Tls(why) => format!("There is no secure connection to {at}: {why}."),
            Self::Upgrade(upgrade) => {
                let path = address.path.split('?').next().unwrap_or_default();
                let (what, advice) = match upgrade {
                    Upgrade::Status(404) => (
                        format!("has no WebSocket at the path {path} (HTTP status 404)"),
                        "Name the right path: many brokers have it at /mqtt, some at / or /ws.",
                    ),
                    Upgrade::Status(status @ (401 | 403)) => (
                        format!("does not allow a WebSocket at the path {path} (HTTP status {status})"),
                        "Check login, headers and token; on AWS, the policy of whoever signed, and this machine's clock.",
                    ),
                    Upgrade::Status(status @ 300..=399) => (
                        format!("sends {path} elsewhere (HTTP status {status})"),
                        "Name the address that it sends to; a redirect from ws:// is mostly to wss://.",
                    ),
                    Upgrade::Status(status) => (
                        format!("opens no WebSocket at the path {path} (HTTP status {status})"),
                        "Its log may say why.",
                    ),
                    Upgrade::NoSubprotocol => (
                        format!(
                            "has a WebSocket at the path {path} on which it does not speak MQTT (no subprotocol mqtt)"
                        ),
                        "Name the path of its MQTT: mostly /mqtt.",
                    ),
                    Upgrade::Wrong(why) => (
                        format!("does not speak WebSocket: {why}"),
                        "Is this its port for WebSocket? MQTT without it begins with mqtt:// or mqtts://.",
                    ),
                };
                format!("What listens at {at} {what}. {advice}")
            }
        }
    }
}

impl fmt::Display for DialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Setup(why) | Self::Tls(why) => f.write_str(why),
            Self::Unreachable(why) => write!(f, "the broker cannot be reached: {why}"),
            Self::Proxy(why) => write!(f, "the proxy leads nowhere: {why}"),
            Self::Silent(Stage::Tcp) => f.write_str("the broker cannot be reached: timed out"),
            Self::Silent(Stage::Tls) => f.write_str("the broker did not answer the TLS handshake in time"),
            Self::Silent(Stage::WebSocket) => f.write_str("the broker did not open the WebSocket in time"),
            Self::Closed(Stage::Tls) => f.write_str("the broker closed the connection in the TLS handshake"),
            Self::Closed(_) => f.write_str("the broker closed the connection"),
            Self::Upgrade(Upgrade::Status(status)) => {
                write!(f, "the broker opened no WebSocket (HTTP status {status})")
            }
            Self::Upgrade(Upgrade::NoSubprotocol) => f.write_str("the broker speaks no MQTT on that WebSocket"),
            Self::Upgrade(Upgrade::Wrong(why)) => write!(f, "the broker does not speak WebSocket: {why}"),
        }
    }
}
