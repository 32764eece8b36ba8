//! What is done and expected in a case, step by step. Pure.

use serde::Deserialize;
use serde::de::Error as _;

/// One thing that is done or expected. Topics are the case's own: `will` stands for a long and unique one.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Step {
    /// A new client connects and subscribes.
    Observe(Observe),
    /// A new client sends CONNECT and hears the answer.
    Connect(Box<Connect>),
    /// A client publishes.
    Publish(Publish),
    /// A client sends these bytes.
    Send {
        /// Which client.
        who: String,
        /// The bytes.
        bytes: Hex,
    },
    /// A client sends DISCONNECT, and closes its side unless it `stays`.
    Disconnect {
        /// Which client.
        who: String,
        /// The reason code; without one, it is not in the packet.
        reason: Option<u8>,
        /// The session expiry interval, in seconds.
        #[serde(rename = "session-expiry")]
        session_expiry: Option<u32>,
        /// The socket stays open.
        #[serde(default)]
        stays: bool,
    },
    /// A client's connection is cut.
    Cut {
        /// Which client.
        who: String,
        /// With FIN or RST.
        #[serde(default)]
        how: Cut,
    },
    /// Nobody does anything.
    Wait {
        /// For how long.
        seconds: f64,
    },
    /// A client gets this message, and nothing before it.
    Expect(Box<Expect>),
    /// A client gets no message. After the wait a message is sent to it on its topic, which has to be the next that it gets:
    /// all that was published before has arrived by then.
    Nothing {
        /// Which client; it observes a topic.
        who: String,
        /// How long is waited.
        #[serde(default = "one")]
        seconds: f64,
    },
    /// The broker closes a client's connection.
    Closed {
        /// Which client.
        who: String,
        /// It has to say so before, in a DISCONNECT with this reason code.
        reason: Option<u8>,
        /// If it sends DISCONNECT, the reason code is one of these.
        #[serde(default, rename = "reasons-if-any")]
        reasons_if_any: Vec<u8>,
    },
}

impl Step {
    /// The client that begins with it.
    pub(super) fn makes(&self) -> Option<&str> {
        match self {
            Self::Observe(step) => Some(&step.name),
            Self::Connect(step) => Some(&step.name),
            _ => None,
        }
    }

    /// The client that has to be there.
    pub(super) fn who(&self) -> Option<&str> {
        match self {
            Self::Observe(_) | Self::Connect(_) | Self::Wait { .. } => None,
            Self::Publish(step) => Some(&step.who),
            Self::Expect(step) => Some(&step.who),
            Self::Send { who, .. }
            | Self::Disconnect { who, .. }
            | Self::Cut { who, .. }
            | Self::Nothing { who, .. }
            | Self::Closed { who, .. } => Some(who),
        }
    }
}

/// How a connection is cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cut {
    /// It is closed.
    #[default]
    Fin,
    /// It is reset.
    Rst,
}

/// A client that subscribes.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Observe {
    /// What the other steps call it.
    #[serde(rename = "as")]
    pub name: String,
    /// What it subscribes to.
    #[serde(default = "will_topic")]
    pub topic: String,
    /// At which QoS.
    #[serde(default = "qos_1")]
    pub qos: u8,
    /// With Retain As Published (5 section 3.8.3.1).
    #[serde(default)]
    pub retain_as_published: bool,
}

/// A CONNECT and the answer that has to come.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Connect {
    /// What the other steps call it.
    #[serde(rename = "as")]
    pub name: String,
    /// What its client id is made of, where two connections are to share one.
    pub id: Option<String>,
    /// Clean session (3.1.1), clean start (5).
    #[serde(default = "yes")]
    pub clean: bool,
    /// In seconds.
    #[serde(default = "keep_alive")]
    pub keep_alive: u16,
    /// The session expiry interval, in seconds.
    pub session_expiry: Option<u32>,
    /// The will.
    pub will: Option<Will>,
    /// The connect flags, where they are not to be those that fit.
    pub flags: Option<u8>,
    /// The payload ends after the client id.
    #[serde(default)]
    pub cut_short: bool,
    /// What has to come of it.
    #[serde(default)]
    pub answer: Answer,
    /// The reason codes that a refusal may have; any, if empty.
    #[serde(default)]
    pub codes: Vec<u8>,
    /// What CONNACK has to say of the session.
    pub session_present: Option<bool>,
}

impl Connect {
    /// A client that connects and does nothing wrong.
    #[must_use]
    pub fn plain(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            id: None,
            clean: true,
            keep_alive: keep_alive(),
            session_expiry: None,
            will: None,
            flags: None,
            cut_short: false,
            answer: Answer::Accepted,
            codes: Vec::new(),
            session_present: None,
        }
    }
}

/// What has to come of a CONNECT.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// CONNACK 0.
    #[default]
    Accepted,
    /// The connection is closed, with a CONNACK that refuses or without any.
    Refused,
    /// The connection is closed without CONNACK.
    Closed,
}

/// The will of a CONNECT.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Will {
    /// Where it goes.
    #[serde(default = "will_topic")]
    pub topic: String,
    /// The bytes of its topic, where they are not to be a topic of the case.
    pub raw_topic: Option<Hex>,
    /// What it says.
    #[serde(default)]
    pub payload: String,
    /// It says this many bytes instead.
    pub size: Option<usize>,
    /// Its QoS.
    #[serde(default)]
    pub qos: u8,
    /// Whether it is retained.
    #[serde(default)]
    pub retain: bool,
    /// The will delay interval, in seconds.
    pub delay: Option<u32>,
    /// Its properties.
    #[serde(default)]
    pub properties: Properties,
    /// More properties, as bytes.
    pub raw_properties: Option<Hex>,
    /// Even the length of the properties is left out.
    #[serde(default)]
    pub without_properties: bool,
}

/// The properties that a will hands on to the message (5 section 3.1.3.2).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Properties {
    /// The payload format indicator.
    pub format: Option<u8>,
    /// The message expiry interval, in seconds.
    pub expiry: Option<u32>,
    /// The content type.
    pub content_type: Option<String>,
    /// The response topic.
    pub response_topic: Option<String>,
    /// The correlation data.
    pub correlation: Option<Hex>,
    /// The user properties, in order.
    #[serde(default)]
    pub user: Vec<(String, String)>,
}

/// A message that a client publishes.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Publish {
    /// Which client.
    pub who: String,
    /// Where to.
    #[serde(default = "will_topic")]
    pub topic: String,
    /// What it says.
    #[serde(default)]
    pub payload: String,
    /// Whether it is retained.
    #[serde(default)]
    pub retain: bool,
}

/// A message that has to come; what is not said about it is not looked at.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Expect {
    /// Which client.
    pub who: String,
    /// What it says.
    #[serde(default)]
    pub payload: String,
    /// It says this many bytes instead.
    pub size: Option<usize>,
    /// Its RETAIN flag.
    pub retain: Option<bool>,
    /// Its QoS.
    pub qos: Option<u8>,
    /// Its properties; the expiry may be less, and there may be more user properties.
    #[serde(default)]
    pub properties: Properties,
    /// At least so many seconds after the last step that did something.
    #[serde(default)]
    pub not_before: f64,
}

/// Bytes, written in hexadecimal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hex(pub Vec<u8>);

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text: String = Deserialize::deserialize(deserializer)?;
        let digits: Vec<_> = text.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_digit(16)).collect();
        let byte = |pair: &[Option<u32>]| match pair {
            [Some(high), Some(low)] => u8::try_from(high << 4 | low).ok(),
            _ => None,
        };
        let bytes: Option<Vec<_>> = digits.chunks(2).map(byte).collect();
        bytes
            .map(Self)
            .ok_or_else(|| D::Error::custom(format!("{text:?} is not bytes in hexadecimal, such as \"E1 00\"")))
    }
}

const fn yes() -> bool {
    true
}

const fn one() -> f64 {
    1.0
}

const fn qos_1() -> u8 {
    1
}

const fn keep_alive() -> u16 {
    60
}

fn will_topic() -> String {
    "will".to_owned()
}
