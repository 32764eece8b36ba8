//! One MQTT session without its connection: bytes and requests go in, bytes and what was heard come out.

use super::trouble::Trouble;
use super::v5::V5;
use super::v311::V311;
use super::{LinkConfig, Outgoing};
use crate::clock::Moment;
use crate::fleet::Incoming;
use crate::mqtt::{KeepAlive, Protocol, Qos, TopicFilter};
use bytes::BytesMut;
use std::sync::Arc;

/// QoS 1 messages on their way at once. rumqttc reserves room for as many: its default takes 11 MB, this 17 KB.
pub const IN_FLIGHT: u16 = 100;

/// The largest packet that MQTT has: a 3.1.1 broker cannot be asked for less.
pub const LARGEST: usize = 268_435_460;

/// What a connection heard.
#[derive(Debug)]
pub enum Heard {
    /// CONNACK accepted.
    Connected(Terms),
    /// SUBACK of the SUBSCRIBE with this packet identifier: a return or reason code for each filter.
    Subscribed(u16, Vec<u8>),
    /// A message, and the subscriptions that the broker says it is for.
    Message(Incoming, Vec<u32>),
}

/// What the broker asked for in CONNACK; only that of MQTT 5 asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// The largest packet that it takes.
    pub largest: Option<usize>,
    /// The highest quality of service that it takes.
    pub highest: Option<Qos>,
    /// Whether it refuses retained messages.
    pub no_retain: bool,
    /// The keep alive to hold instead of the one in CONNECT.
    pub keep_alive: Option<KeepAlive>,
    /// Whether it names the subscription that a message is for.
    pub identifiers: bool,
}

/// What is to be sent.
#[derive(Debug)]
pub enum Request<'a> {
    /// PUBLISH.
    Publish(Outgoing),
    /// SUBSCRIBE, with a subscription identifier where the version has them.
    Subscribe(&'a [TopicFilter], Qos, Option<u32>),
    /// PINGREQ; it fails if the last one was not answered.
    Ping,
    /// DISCONNECT.
    Disconnect,
}

/// A session in one of the versions. What it wants to send it appends to `output`.
pub trait Session: Send {
    /// Writes CONNECT.
    fn connect(&self, config: &LinkConfig, client_id: &str, output: &mut BytesMut) -> Result<(), Trouble>;

    /// Takes one packet off `input`; false if there is none in full yet.
    fn take(
        &mut self,
        input: &mut BytesMut,
        at: Moment,
        output: &mut BytesMut,
        heard: &mut Vec<Heard>,
    ) -> Result<bool, Trouble>;

    /// Writes a request. The packet identifier, if it is a SUBSCRIBE.
    fn send(&mut self, request: Request<'_>, output: &mut BytesMut) -> Result<Option<u16>, Trouble>;

    /// Whether a message may be sent now: the broker acknowledges only so many at once.
    fn is_free(&self) -> bool;

    /// How many messages the broker has not acknowledged; the session ends with this.
    fn unacknowledged(&mut self) -> usize;
}

/// A session that has not begun.
pub fn new(protocol: Protocol, attribute: bool) -> Box<dyn Session> {
    match protocol {
        Protocol::V311 => Box::new(V311::new()),
        Protocol::V5 => Box::new(V5::new(attribute)),
    }
}

/// The text of a topic; that of the last one where it is the same: wills share one.
pub fn shared(topic: &[u8], last: &mut Arc<str>) -> Arc<str> {
    if last.as_bytes() != topic {
        *last = String::from_utf8_lossy(topic).into();
    }
    Arc::clone(last)
}
