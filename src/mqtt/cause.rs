//! How a connection ended, in MQTT's and AWS IoT's words.

use std::fmt;

/// Why a device is offline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// DISCONNECT with reason 0x00: the will is discarded.
    ClientInitiatedDisconnect,
    /// MQTT 5 DISCONNECT with reason 0x04: the client asked for its will.
    DisconnectWithWill,
    /// FIN or RST without DISCONNECT.
    ConnectionLost,
    /// Nothing was heard for 1.5 times the keep alive.
    KeepAliveTimeout,
    /// Another client connected with the same client id (3.1.4-2).
    SessionTakenOver,
    /// A malformed packet or a breach of the protocol.
    ProtocolError,
    /// The server closed.
    ServerInitiated,
    /// It is gone, and nothing said how.
    Unknown,
}

impl Cause {
    /// Every cause.
    pub const ALL: [Self; 8] = [
        Self::ClientInitiatedDisconnect,
        Self::DisconnectWithWill,
        Self::ConnectionLost,
        Self::KeepAliveTimeout,
        Self::SessionTakenOver,
        Self::ProtocolError,
        Self::ServerInitiated,
        Self::Unknown,
    ];

    /// The name in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ClientInitiatedDisconnect => "client_initiated_disconnect",
            Self::DisconnectWithWill => "disconnect_with_will",
            Self::ConnectionLost => "connection_lost",
            Self::KeepAliveTimeout => "keep_alive_timeout",
            Self::SessionTakenOver => "session_taken_over",
            Self::ProtocolError => "protocol_error",
            Self::ServerInitiated => "server_initiated",
            Self::Unknown => "unknown",
        }
    }

    /// The cause in words, for a person.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::ClientInitiatedDisconnect => "left cleanly",
            Self::DisconnectWithWill => "left with will (0x04)",
            Self::ConnectionLost => "connection lost",
            Self::KeepAliveTimeout => "keep alive ran out",
            Self::SessionTakenOver => "session taken over",
            Self::ProtocolError => "protocol error",
            Self::ServerInitiated => "closed by the broker",
            Self::Unknown => "gone, cause unknown",
        }
    }

    /// One word for a title: `cut`, `left`, `silent`, …
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::ClientInitiatedDisconnect => "left",
            Self::DisconnectWithWill => "left with will",
            Self::ConnectionLost => "cut",
            Self::KeepAliveTimeout => "silent",
            Self::SessionTakenOver => "taken over",
            Self::ProtocolError => "protocol error",
            Self::ServerInitiated => "kicked",
            Self::Unknown => "gone",
        }
    }

    /// The `disconnectReason` of an AWS IoT lifecycle event
    /// (AWS IoT developer guide, "Lifecycle events", "Connect/Disconnect events").
    #[must_use]
    pub const fn aws_reason(self) -> &'static str {
        match self {
            Self::ClientInitiatedDisconnect | Self::DisconnectWithWill => "CLIENT_INITIATED_DISCONNECT",
            Self::ConnectionLost | Self::Unknown => "CONNECTION_LOST",
            Self::KeepAliveTimeout => "MQTT_KEEP_ALIVE_TIMEOUT",
            Self::SessionTakenOver => "DUPLICATE_CLIENTID",
            Self::ProtocolError => "CLIENT_ERROR",
            Self::ServerInitiated => "SERVER_INITIATED_DISCONNECT",
        }
    }

    /// What an AWS IoT lifecycle event's `disconnectReason` stands for. Those of throttling, authorization and expiry are the
    /// server's doing.
    #[must_use]
    pub fn from_aws_reason(reason: &str) -> Self {
        match reason {
            "CLIENT_INITIATED_DISCONNECT" => Self::ClientInitiatedDisconnect,
            "CLIENT_ERROR" => Self::ProtocolError,
            "CONNECTION_LOST" => Self::ConnectionLost,
            "DUPLICATE_CLIENTID" => Self::SessionTakenOver,
            "MQTT_KEEP_ALIVE_TIMEOUT" => Self::KeepAliveTimeout,
            "SERVER_ERROR"
            | "SERVER_INITIATED_DISCONNECT"
            | "API_INITIATED_DISCONNECT"
            | "AUTH_ERROR"
            | "FORBIDDEN_ACCESS"
            | "THROTTLED"
            | "WEBSOCKET_TTL_EXPIRATION"
            | "CUSTOMAUTH_TTL_EXPIRATION" => Self::ServerInitiated,
            _ => Self::Unknown,
        }
    }

    /// Whether the server discards the will of a client that goes like this.
    #[must_use]
    pub const fn discards_will(self) -> bool {
        matches!(self, Self::ClientInitiatedDisconnect)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.words())
    }
}
