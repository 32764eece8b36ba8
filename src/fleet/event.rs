//! What adapters report and what the fleet is told.

use super::incident::IncidentId;
use super::lifecycle::Lifecycle;
use crate::clock::Moment;
use crate::mqtt::{Cause, ClientId, ConnId, Fault, KeepAlive, Properties, Protocol, Qos, Scheme, TopicName, Will};
use crate::wiring::Activity;
use bytes::Bytes;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// What an adapter sends to the hub.
#[derive(Debug)]
pub enum Report {
    /// A connection opened, was refused or closed.
    Session(SessionEvent),
    /// A simulated device was launched, faulted or removed.
    Device(DeviceEvent),
    /// lwtop's own link changed.
    Link(LinkEvent),
    /// Messages read in one go from lwtop's own subscription, in order.
    Incoming(Vec<Incoming>),
    /// A step of the start-up, in words, for the header.
    Starting(String),
    /// The embedded broker serves devices at these addresses; the one of MQTT over TCP is the first.
    Listening(Vec<Entrance>),
    /// An action of a rule was done, or failed for good.
    Action(Box<ActionReport>),
    /// What a subscription beside the main one brings, for a scenario.
    Aside(Aside),
    /// Something that a person should read once; nothing stops.
    Notice(String),
    /// Nothing can go on: one clear sentence.
    Fatal(String),
}

/// What a subscription beside the main one brings.
#[derive(Debug)]
pub enum Aside {
    /// It stands.
    Hears,
    /// It cannot stand; why, in words.
    Deaf(String),
    /// What a new subscriber was given of this topic.
    Kept {
        /// The topic.
        topic: TopicName,
        /// The retained messages.
        messages: Vec<Incoming>,
    },
}

/// What the fleet is told; the hub makes these from reports.
#[derive(Debug)]
pub enum Event {
    /// A connection opened, was refused or closed.
    Session(SessionEvent),
    /// What a connection did since the last time: read from the activity board.
    Activity(ConnId, Activity),
    /// A simulated device was launched, faulted or removed.
    Device(DeviceEvent),
    /// lwtop's own link changed.
    Link(LinkEvent),
    /// The broker's own word on a device.
    Lifecycle(Lifecycle),
    /// An action of a rule was done, or failed for good.
    Action(Box<ActionReport>),
    /// A message on one of the topics, what it means, and what the rules made of it.
    Message(Incoming, Meaning, Vec<RuleOutcome>),
}

/// A connection's life, seen on the wire: by the gateway, or by a simulated device on its own socket.
#[derive(Debug)]
pub enum SessionEvent {
    /// CONNACK accepted it.
    Opened(Box<Opened>),
    /// CONNACK refused it, or it never got that far.
    Refused {
        /// When.
        at: Moment,
        /// Who tried.
        client: ClientId,
        /// Whose word it is.
        by: Refuser,
        /// Why, in words.
        why: String,
    },
    /// It ended.
    Closed(Box<Closed>),
}

/// Who does not let a device in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refuser {
    /// The broker, in CONNACK.
    Broker,
    /// The gateway; the broker may have heard nothing of it.
    Gateway,
}

/// A connection that the broker accepted.
#[derive(Debug)]
pub struct Opened {
    /// When CONNACK passed.
    pub at: Moment,
    /// Which connection.
    pub conn: ConnId,
    /// Who.
    pub client: ClientId,
    /// From where; `None` where only the broker knows.
    pub peer: Option<SocketAddr>,
    /// With which protocol version.
    pub protocol: Protocol,
    /// The keep alive in force (a server keep alive of MQTT 5 overrides the client's).
    pub keep_alive: KeepAlive,
    /// Clean session (3.1.1) or clean start (5).
    pub clean: bool,
    /// What is published if it dies.
    pub will: Option<Will>,
    /// Whether the client gave no id: the name is the broker's or lwtop's, and means nothing once it has left.
    pub nameless: bool,
    /// How it came in.
    pub via: Via,
}

/// Where devices come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entrance {
    /// How.
    pub scheme: Scheme,
    /// Where.
    pub address: SocketAddr,
}

impl fmt::Display for Entrance {
    /// As a URL; a WebSocket has its path.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.scheme.is_websocket() { "/mqtt" } else { "" };
        write!(f, "{}://{}{path}", self.scheme.name(), self.address)
    }
}

/// How a connection came in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Via {
    /// Over TCP, TLS or WebSocket.
    pub scheme: Scheme,
    /// The common name in the client's certificate, which was verified; `None` where it showed none.
    pub identity: Option<Arc<str>>,
}

/// A connection that ended.
#[derive(Debug)]
pub struct Closed {
    /// When the end was carried to the broker, or came from it: the `detected` hop.
    pub at: Moment,
    /// When the wire itself was cut (FIN, RST or the bad packet arrived); `None` where silence or the broker ended it.
    pub cut: Option<Moment>,
    /// Which connection.
    pub conn: ConnId,
    /// Who.
    pub client: ClientId,
    /// How.
    pub cause: Cause,
    /// How, on the wire: `FIN`, `RST`, `DISCONNECT 0x00`, …
    pub how: &'static str,
    /// What it did since the last time the activity board was read.
    pub rest: Activity,
}

/// What happens to simulated devices on this side of the wire.
#[derive(Debug)]
pub enum DeviceEvent {
    /// lwtop launched it.
    Launched {
        /// When.
        at: Moment,
        /// Its id.
        client: ClientId,
    },
    /// It could not connect, or lost its connection without anybody's doing.
    Failed {
        /// When.
        at: Moment,
        /// Its id.
        client: ClientId,
        /// Why, in words.
        why: String,
    },
    /// lwtop made it die: the `cut` hop.
    Faulted {
        /// When.
        at: Moment,
        /// Its id.
        client: ClientId,
        /// How.
        fault: Fault,
    },
    /// A takeover came to nothing: its second client could not connect, and it lives.
    Spared {
        /// When that was known.
        at: Moment,
        /// Its id.
        client: ClientId,
        /// Why, in a sentence for a person.
        why: String,
    },
    /// lwtop forgot it.
    Removed {
        /// Its id.
        client: ClientId,
    },
}

/// The state of lwtop's own link to the broker.
#[derive(Clone, Debug)]
pub enum LinkEvent {
    /// Connected and subscribed.
    Up {
        /// Since when.
        at: Moment,
    },
    /// Not connected.
    Down {
        /// Since when.
        at: Moment,
        /// Why, in words.
        why: String,
    },
}

/// A message that reached lwtop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incoming {
    /// When it was read.
    pub at: Moment,
    /// Its topic.
    pub topic: Arc<str>,
    /// Its payload, byte for byte.
    pub payload: Bytes,
    /// The QoS it was delivered with.
    pub qos: Qos,
    /// Whether it was delivered because it was retained.
    pub retain: bool,
    /// Who published it, where the broker says so.
    pub publisher: Option<ClientId>,
    /// From which address it was published, where the wire is seen; the hub knows.
    pub source: Option<IpAddr>,
    /// What it carries beside its payload (MQTT 5); most messages carry nothing.
    pub properties: Option<Arc<Properties>>,
}

/// The part a message plays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Role {
    /// A device announces itself.
    Connected,
    /// A device's will.
    Will,
    /// A rule's republish.
    Executed,
    /// None of these.
    #[default]
    Other,
}

impl Role {
    /// Every part.
    pub const ALL: [Self; 4] = [Self::Connected, Self::Will, Self::Executed, Self::Other];

    /// The name in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connected => "connected",
            Self::Will => "will",
            Self::Executed => "executed",
            Self::Other => "other",
        }
    }
}

/// What a message says, as a convention reads it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meaning {
    /// Its part.
    pub role: Role,
    /// Which device it speaks of, if it says so.
    pub device: Option<ClientId>,
}

/// What a rule made of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleOutcome {
    /// When it was evaluated.
    pub at: Moment,
    /// The rule's name.
    pub name: Arc<str>,
    /// Whether WHERE was true.
    pub matched: bool,
    /// Whether nothing came of it, because the message came of a republish of this very rule, or of too many rules.
    pub skipped: bool,
    /// Whether the rule republishes, so that an `executed` hop is to be expected.
    pub republishes: bool,
    /// How many of its actions tell a person, so that a `notified` hop is to be expected.
    pub notifies: u32,
}

/// What came of an action, for one group of events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionReport {
    /// When it was done, or given up.
    pub at: Moment,
    /// The rule's name.
    pub rule: Arc<str>,
    /// The rule: an index into `RuleSet::rules`.
    pub rule_index: usize,
    /// The action: an index into `Rule::actions`; `None` for the rule's error action.
    pub action: Option<usize>,
    /// What kind of action: `email`, …
    pub kind: &'static str,
    /// Whom or what it was for, without secrets.
    pub target: String,
    /// Whether it tells a person.
    pub notifies: bool,
    /// How many events were in the group.
    pub events: u64,
    /// The incidents that they belong to.
    pub incidents: Vec<IncidentId>,
    /// How many attempts it took.
    pub attempts: u32,
    /// Why it failed; `None` if it was done.
    pub failure: Option<String>,
    /// The first event's message, for the rule's error action.
    pub first: Incoming,
}
