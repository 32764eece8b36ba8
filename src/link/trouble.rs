//! What can go wrong with a connection, in words, whichever version it speaks.

use super::LinkConfig;
use crate::mqtt::{Protocol, TopicFilter, address, reason};
use rumqttc::v5;
use std::fmt;
use std::io;

/// Why a connection ended or never came to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// There is no TCP connection.
    Unreachable(String),
    /// CONNACK refused, with this return or reason code.
    Refused(Protocol, u8),
    /// SUBACK refused this filter, with this code.
    NotSubscribed(TopicFilter, Protocol, u8),
    /// No CONNACK or SUBACK in time.
    Silent,
    /// The broker closed, or the connection was cut.
    Closed,
    /// The broker sent DISCONNECT with this reason code.
    Disconnected(u8),
    /// No PINGRESP.
    NoPingresp,
    /// Something that MQTT does not allow.
    Protocol(String),
}

impl Trouble {
    /// Whether it may come from MQTT 5 being spoken to a broker that knows only 3.1.1. Such a broker answers with return
    /// code 1 and closes (3.1.2-2); many just close.
    pub const fn may_be_the_version(&self) -> bool {
        matches!(self, Self::Refused(_, 0x01 | 0x84) | Self::Closed)
    }

    /// One sentence or two for a start that failed: what, where, what to do.
    pub fn sentence(&self, config: &LinkConfig) -> String {
        let at = address::authority(&config.host, config.port);
        match self {
            Self::Unreachable(why) => format!(
                "cannot reach a broker at {at}: {why}. Start the broker, or name another one with \
                 --broker mqtt://HOST:PORT."
            ),
            Self::Refused(protocol, code) => {
                let advice = match (protocol, code) {
                    (Protocol::V311, 4 | 5) | (Protocol::V5, 0x86 | 0x87) if config.login.is_none() => {
                        "Give it a login: --broker mqtt://USER:PASSWORD@HOST:PORT."
                    }
                    (Protocol::V311, 4 | 5) | (Protocol::V5, 0x86 | 0x87 | 0x8A) => {
                        "Check the user name and the password, and what the broker allows this user."
                    }
                    (Protocol::V311, 2) | (Protocol::V5, 0x85) => {
                        "Check which client ids the broker allows: lwtop's begin with its prefix."
                    }
                    (Protocol::V311, 3) | (Protocol::V5, 0x88 | 0x89 | 0x97 | 0x9F) => {
                        "Try again when it has recovered."
                    }
                    _ => "The broker's log may say more.",
                };
                format!("The broker at {at} refused lwtop's connection: {self}. {advice}")
            }
            Self::NotSubscribed(..) => {
                format!("The broker at {at} refused a subscription: {self}. Allow it there, or watch another topic.")
            }
            Self::Silent => format!(
                "What listens at {at} accepted the connection and did not answer within {} s. Is it an MQTT broker, and is \
                 this its port for MQTT without TLS?",
                super::wire::PATIENCE.as_secs()
            ),
            Self::Closed => format!(
                "What listens at {at} closed the connection without CONNACK. Is it an MQTT broker, and is this its port for \
                 MQTT without TLS?"
            ),
            Self::Disconnected(_) | Self::NoPingresp | Self::Protocol(_) => {
                format!("The connection to the broker at {at} failed: {self}. The broker's log may say more.")
            }
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(why) => write!(f, "the broker cannot be reached: {why}"),
            Self::Refused(protocol @ Protocol::V311, code) => {
                write!(f, "{} (return code {code})", reason::connack(*protocol, *code))
            }
            Self::Refused(protocol, code) => {
                write!(f, "{} (reason code 0x{code:02X})", reason::connack(*protocol, *code))
            }
            Self::NotSubscribed(filter, Protocol::V311, code) => write!(f, "{filter} (return code 0x{code:02X})"),
            Self::NotSubscribed(filter, _, code) => {
                write!(f, "{filter}: {} (reason code 0x{code:02X})", reason::reason(*code))
            }
            Self::Silent => f.write_str("the broker did not answer in time"),
            Self::Closed => f.write_str("the broker closed the connection"),
            Self::Disconnected(code) => {
                write!(f, "the broker sent DISCONNECT: {} (0x{code:02X})", reason::reason(*code))
            }
            Self::NoPingresp => f.write_str("the broker did not answer PINGREQ"),
            Self::Protocol(why) => f.write_str(why),
        }
    }
}

fn unreachable(error: &io::Error) -> Trouble {
    Trouble::Unreachable(match error.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused".to_owned(),
        io::ErrorKind::TimedOut => "timed out".to_owned(),
        io::ErrorKind::HostUnreachable => "no route to the host".to_owned(),
        io::ErrorKind::NetworkUnreachable => "the network is unreachable".to_owned(),
        _ => error.to_string(),
    })
}

impl From<rumqttc::ConnectionError> for Trouble {
    fn from(error: rumqttc::ConnectionError) -> Self {
        use rumqttc::{ConnectionError as E, StateError as S, mqttbytes::Error as D};
        match error {
            E::Io(error) => unreachable(&error),
            E::NetworkTimeout | E::FlushTimeout => Self::Silent,
            E::ConnectionRefused(code) => Self::Refused(Protocol::V311, code as u8),
            E::MqttState(S::Deserialization(D::InvalidConnectReturnCode(code))) => Self::Refused(Protocol::V311, code),
            E::MqttState(S::Io(_) | S::ConnectionAborted | S::Deserialization(D::Io(_))) => Self::Closed,
            E::MqttState(S::AwaitPingResp | S::CollisionTimeout) => Self::NoPingresp,
            other => Self::Protocol(other.to_string()),
        }
    }
}

impl From<v5::ConnectionError> for Trouble {
    fn from(error: v5::ConnectionError) -> Self {
        use v5::{ConnectionError as E, StateError as S, mqttbytes::Error as D};
        match error {
            E::Io(error) => unreachable(&error),
            E::Timeout(_) => Self::Silent,
            E::ConnectionRefused(code) => Self::Refused(Protocol::V5, refusal(code)),
            E::MqttState(S::Deserialization(D::InvalidConnectReturnCode(code))) => {
                let protocol = if code < 0x80 { Protocol::V311 } else { Protocol::V5 };
                Self::Refused(protocol, code)
            }
            E::MqttState(S::ServerDisconnect { reason_code, .. }) => Self::Disconnected(reason_code as u8),
            // rumqttc does not read DISCONNECT without property length, which is legal (5 section 3.14.2.2.1).
            E::MqttState(S::Io(_) | S::ConnectionAborted | S::Deserialization(D::Io(_))) => Self::Closed,
            E::MqttState(S::AwaitPingResp | S::CollisionTimeout) => Self::NoPingresp,
            other => Self::Protocol(other.to_string()),
        }
    }
}

/// The reason code of a refusing CONNACK (5 section 3.2.2.2): rumqttc keeps its own to itself.
const fn refusal(code: v5::mqttbytes::v5::ConnectReturnCode) -> u8 {
    use v5::mqttbytes::v5::ConnectReturnCode as C;
    match code {
        C::Success => 0x00,
        C::RefusedProtocolVersion | C::UnsupportedProtocolVersion => 0x84,
        C::BadClientId | C::ClientIdentifierNotValid => 0x85,
        C::ServiceUnavailable | C::ServerUnavailable => 0x88,
        C::UnspecifiedError => 0x80,
        C::MalformedPacket => 0x81,
        C::ProtocolError => 0x82,
        C::ImplementationSpecificError => 0x83,
        C::BadUserNamePassword => 0x86,
        C::NotAuthorized => 0x87,
        C::ServerBusy => 0x89,
        C::Banned => 0x8A,
        C::BadAuthenticationMethod => 0x8C,
        C::TopicNameInvalid => 0x90,
        C::PacketTooLarge => 0x95,
        C::QuotaExceeded => 0x97,
        C::PayloadFormatInvalid => 0x99,
        C::RetainNotSupported => 0x9A,
        C::QoSNotSupported => 0x9B,
        C::UseAnotherServer => 0x9C,
        C::ServerMoved => 0x9D,
        C::ConnectionRateExceeded => 0x9F,
    }
}
