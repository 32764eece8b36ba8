//! The message that rules are held against.

use crate::clock::Moment;
use crate::fleet::Incoming;
use crate::mqtt::ClientId;

/// A message and what is known about it.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    topic: &'a str,
    payload: &'a [u8],
    client: Option<&'a str>,
    at: Moment,
}

impl<'a> Message<'a> {
    /// A message of which only topic and payload are known.
    #[must_use]
    pub fn new(topic: &'a str, payload: &'a [u8]) -> Self {
        Self { topic, payload, client: None, at: Moment::default() }
    }

    /// With the client that published it, for `clientid()`.
    #[must_use]
    pub fn published_by(self, client: Option<&'a str>) -> Self {
        Self { client, ..self }
    }

    /// With the moment it was read, for `timestamp()`.
    #[must_use]
    pub fn read_at(self, at: Moment) -> Self {
        Self { at, ..self }
    }

    /// Its topic.
    #[must_use]
    pub const fn topic(&self) -> &'a str {
        self.topic
    }

    /// Its payload, byte for byte.
    #[must_use]
    pub const fn payload(&self) -> &'a [u8] {
        self.payload
    }

    /// Who published it.
    #[must_use]
    pub const fn client(&self) -> Option<&'a str> {
        self.client
    }

    /// When it was read.
    #[must_use]
    pub const fn at(&self) -> Moment {
        self.at
    }
}

impl<'a> From<&'a Incoming> for Message<'a> {
    fn from(incoming: &'a Incoming) -> Self {
        Self::new(&incoming.topic, &incoming.payload)
            .published_by(incoming.publisher.as_ref().map(ClientId::as_str))
            .read_at(incoming.at)
    }
}
