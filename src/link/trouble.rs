//! What can go wrong with a connection, in words, whichever version it speaks.

use super::LinkConfig;
use super::wire::PATIENCE;
use crate::dial::{DialError, Stranger};
use crate::mqtt::{Protocol, Scheme, TopicFilter, reason};
use crate::tls::explain;
use std::fmt;
use std::io;

/// DISCONNECT: session taken over (5 section 3.14.2.1).
const TAKEN_OVER: u8 = 0x8E;

/// Why a connection ended or never came to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// There is no connection to speak MQTT on.
    Dial(DialError),
    /// CONNACK refused, with this return or reason code.
    Refused(Protocol, u8),
    /// SUBACK refused this filter, with this code.
    NotSubscribed(TopicFilter, Protocol, u8),
    /// What answers speaks this protocol instead of MQTT.
    Stranger(Stranger),
    /// No CONNACK or SUBACK in time.
    Silent,
    /// The broker closed, or the connection was cut.
    Closed,
    /// TLS ended with an error, in words. A server may refuse a client's certificate as late as this.
    Tls(String),
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

    /// What an error of reading or writing means.
    pub fn of_io(error: &io::Error) -> Self {
        match explain(error) {
            Some(why) => Self::Tls(why),
            // A WebSocket says so of what the broker sent: that is no end that the broker wanted.
            None if error.kind() == io::ErrorKind::InvalidData => Self::Protocol(error.to_string()),
            None => Self::Closed,
        }
    }

    /// Whether the broker says that another client came with the same client id.
    pub const fn is_takeover(&self) -> bool {
        matches!(self, Self::Disconnected(TAKEN_OVER))
    }

    /// One sentence or two for a start that failed: what, where, what to do.
    pub fn sentence(&self, config: &LinkConfig) -> String {
        let route = &config.route;
        let (at, scheme) = (route.address.authority(), route.address.scheme);
        match self {
            Self::Dial(error) => error.sentence(route, PATIENCE.as_secs()),
            Self::Tls(why) => DialError::Tls(why.clone()).sentence(route, PATIENCE.as_secs()),
            Self::Refused(protocol, code) => {
                let login = reason::login_advice(*protocol, *code, route.address.login.is_some());
                let advice = login.unwrap_or(match (protocol, code) {
                    (Protocol::V311, 2) | (Protocol::V5, 0x85) => {
                        "Check which client ids the broker allows: lwtop's begin with its prefix."
                    }
                    (Protocol::V311, 3) | (Protocol::V5, 0x88 | 0x89 | 0x97 | 0x9F) => {
                        "Try again when it has recovered."
                    }
                    _ => "The broker's log may say more.",
                });
                format!("The broker at {at} refused lwtop's connection: {self}. {advice}")
            }
            Self::NotSubscribed(..) => {
                format!("The broker at {at} refused a subscription: {self}. Allow it there, or watch another topic.")
            }
            Self::Stranger(stranger) => stranger.sentence(route),
            Self::Silent => {
                let did = match scheme {
                    Scheme::Mqtt => "accepted the connection",
                    Scheme::Mqtts => "opened TLS",
                    Scheme::Ws | Scheme::Wss => "opened a WebSocket",
                };
                let wait = PATIENCE.as_secs();
                format!("What listens at {at} {did} and did not answer within {wait} s. {}", route.doubt())
            }
            Self::Closed => {
                format!("What listens at {at} closed the connection without CONNACK. {}", route.doubt())
            }
            Self::Disconnected(_) | Self::NoPingresp | Self::Protocol(_) => {
                format!("The connection to the broker at {at} failed: {self}. The broker's log may say more.")
            }
        }
    }
}

impl From<DialError> for Trouble {
    fn from(error: DialError) -> Self {
        Self::Dial(error)
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dial(error) => error.fmt(f),
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
            Self::Stranger(stranger) => write!(f, "what answers speaks {}, and no MQTT", stranger.name()),
            Self::Silent => f.write_str("the broker did not answer in time"),
            Self::Closed => f.write_str("the broker closed the connection"),
            Self::Disconnected(code) => {
                write!(f, "the broker sent DISCONNECT: {} (0x{code:02X})", reason::reason(*code))
            }
            Self::NoPingresp => f.write_str("the broker did not answer PINGREQ"),
            Self::Tls(why) | Self::Protocol(why) => f.write_str(why),
        }
    }
}
