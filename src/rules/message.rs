//! The message that rules are held against.

use super::facts::Facts;
use crate::clock::Moment;
use crate::fleet::Incoming;
use crate::mqtt::{ClientId, Properties};
use std::net::IpAddr;

/// A message and what is known about it.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    topic: &'a str,
    payload: &'a [u8],
    client: Option<&'a str>,
    source: Option<IpAddr>,
    properties: Option<&'a Properties>,
    facts: Option<&'a Facts>,
    at: Moment,
}

impl<'a> Message<'a> {
    /// A message of which only topic and payload are known.
    #[must_use]
    pub fn new(topic: &'a str, payload: &'a [u8]) -> Self {
        let (client, source, properties, facts, at) = (None, None, None, None, Moment::default());
        Self { topic, payload, client, source, properties, facts, at }
    }

    /// With the client that published it, for `clientid()`.
    #[must_use]
    pub fn published_by(self, client: Option<&'a str>) -> Self {
        Self { client, ..self }
    }

    /// With the address that it was published from, for `sourceip()`.
    #[must_use]
    pub fn published_from(self, source: Option<IpAddr>) -> Self {
        Self { source, ..self }
    }

    /// With its MQTT 5 properties, for `get_mqtt_property()` and `get_user_properties()`.
    #[must_use]
    pub fn with_properties(self, properties: Option<&'a Properties>) -> Self {
        Self { properties, ..self }
    }

    /// With what lwtop knows of the death that it tells of, for `lwtop()`.
    #[must_use]
    pub fn with_facts(self, facts: Option<&'a Facts>) -> Self {
        Self { facts, ..self }
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

    /// From where it was published.
    #[must_use]
    pub const fn source(&self) -> Option<IpAddr> {
        self.source
    }

    /// Its MQTT 5 properties.
    #[must_use]
    pub const fn properties(&self) -> Option<&'a Properties> {
        self.properties
    }

    /// What lwtop knows of the death that it tells of.
    #[must_use]
    pub const fn facts(&self) -> Option<&'a Facts> {
        self.facts
    }

    /// When it was read.
    #[must_use]
    pub const fn at(&self) -> Moment {
        self.at
    }
}

impl<'a> Message<'a> {
    /// A message that lwtop heard, and the device that it speaks of: where the broker does not say who published it, that is
    /// taken for the publisher. Statements, templates and explanations all see it like this.
    #[must_use]
    pub fn heard(incoming: &'a Incoming, device: Option<&'a ClientId>) -> Self {
        Self::new(&incoming.topic, &incoming.payload)
            .published_by(incoming.publisher.as_ref().or(device).map(ClientId::as_str))
            .published_from(incoming.source)
            .with_properties(incoming.properties.as_deref())
            .read_at(incoming.at)
    }
}
