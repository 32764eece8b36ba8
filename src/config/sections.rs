//! The sections of the file, their keys and their defaults.

use super::broker::BrokerSection;
use super::fields;
use super::interface::{InterfaceSection, KeysSection};
use super::rules::RuleSection;
use crate::mqtt::{KeepAlive, Protocol, Qos, TopicFilter, TopicName};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The whole file.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Config {
    /// `[broker]`
    pub broker: BrokerSection,
    /// `[topics]`
    pub topics: TopicsSection,
    /// `[devices]`
    pub devices: DevicesSection,
    /// `[interface]`
    pub interface: InterfaceSection,
    /// `[keys]`
    pub keys: KeysSection,
    /// `[[rules]]`, in order; none stands for the article's.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<RuleSection>,
}

/// The sections whose keys serde reads; it stops at the first fault, so it is asked again without that key.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Sections {
    pub(super) broker: BrokerSection,
    pub(super) topics: TopicsSection,
    pub(super) devices: DevicesSection,
    pub(super) interface: InterfaceSection,
    pub(super) keys: KeysSection,
    /// Read by [`super::rules`]; it stands here to be known.
    #[serde(rename = "rules")]
    _rules: IgnoredAny,
    /// Read by [`super::layers`].
    #[serde(rename = "profiles")]
    _profiles: IgnoredAny,
}

/// What a profile may say.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ProfileSections {
    #[serde(rename = "broker")]
    _broker: BrokerSection,
    #[serde(rename = "topics")]
    _topics: TopicsSection,
    #[serde(rename = "devices")]
    _devices: DevicesSection,
}

/// `[topics]`: where the story is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TopicsSection {
    /// Where wills arrive.
    #[serde(with = "fields::topic_filter")]
    pub will: TopicFilter,
    /// Where devices announce themselves.
    #[serde(with = "fields::topic_filter")]
    pub connected: TopicFilter,
    /// Where the rule republishes.
    #[serde(with = "fields::topic_filter")]
    pub executed: TopicFilter,
}

impl Default for TopicsSection {
    fn default() -> Self {
        #[expect(clippy::expect_used, reason = "the three topics below are valid, and every test reads them")]
        let filter = |text: &str| text.parse().expect("a valid topic filter");
        Self {
            will: filter("/last/will/topic"),
            connected: filter("/lwt/connected/topic"),
            executed: filter("/lwt/executed"),
        }
    }
}

/// `[devices]`: the simulated devices. The defaults are the article's `lwtThing`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DevicesSection {
    /// How many are launched at start.
    #[serde(deserialize_with = "fields::count")]
    pub count: usize,
    /// The client id of the first; the others are numbered from 2: `lwtThing-2`.
    #[serde(deserialize_with = "fields::client_id")]
    pub id: String,
    /// The protocol version they connect with.
    #[serde(with = "fields::protocol")]
    pub protocol: Protocol,
    /// Their keep alive, in seconds.
    #[serde(with = "fields::keep_alive")]
    pub keep_alive: KeepAlive,
    /// Clean session (3.1.1) or clean start (5).
    pub clean: bool,
    /// `[devices.will]`
    pub will: WillSection,
    /// `[devices.connected]`
    pub connected: ConnectedSection,
    /// `[devices.telemetry]`
    pub telemetry: TelemetrySection,
}

impl Default for DevicesSection {
    fn default() -> Self {
        Self {
            count: 3,
            id: "lwtThing".to_owned(),
            protocol: Protocol::V311,
            keep_alive: KeepAlive(30),
            clean: true,
            will: WillSection::default(),
            connected: ConnectedSection::default(),
            telemetry: TelemetrySection::default(),
        }
    }
}

/// `[devices.will]`: what the broker publishes when a device dies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WillSection {
    /// Where it goes; without it, where `[topics] will` listens.
    #[serde(skip_serializing_if = "Option::is_none", with = "fields::optional_topic")]
    pub topic: Option<TopicName>,
    /// What it says.
    pub payload: String,
    /// With which quality of service.
    #[serde(with = "fields::qos")]
    pub qos: Qos,
    /// Whether the broker keeps it.
    pub retain: bool,
    /// How long the broker waits before it publishes it (MQTT 5 only).
    #[serde(with = "fields::duration")]
    pub delay: Duration,
}

impl Default for WillSection {
    fn default() -> Self {
        let payload =
            r#"{"state": {"reported": {"last_will": "yes", "trigger_action": "on", "client_id": "${client_id}"}}}"#;
        Self { topic: None, payload: payload.to_owned(), qos: Qos::AtMostOnce, retain: false, delay: Duration::ZERO }
    }
}

/// `[devices.connected]`: what a device publishes when it has connected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConnectedSection {
    /// Where it goes; without it, where `[topics] connected` listens.
    #[serde(skip_serializing_if = "Option::is_none", with = "fields::optional_topic")]
    pub topic: Option<TopicName>,
    /// What it says.
    pub payload: String,
    /// With which quality of service.
    #[serde(with = "fields::qos")]
    pub qos: Qos,
    /// Whether the broker keeps it.
    pub retain: bool,
}

impl Default for ConnectedSection {
    fn default() -> Self {
        let payload = r#"{"message": "AWS IoT Thing connected message to IoT Core"}"#;
        Self { topic: None, payload: payload.to_owned(), qos: Qos::AtLeastOnce, retain: false }
    }
}

/// `[devices.telemetry]`: what a device goes on publishing, at QoS 0.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TelemetrySection {
    /// Where it goes.
    #[serde(with = "fields::topic_name")]
    pub topic: TopicName,
    /// What it says.
    pub payload: String,
    /// How long it waits between two of them; zero for no telemetry.
    #[serde(with = "fields::duration")]
    pub every: Duration,
}

impl Default for TelemetrySection {
    fn default() -> Self {
        #[expect(clippy::expect_used, reason = "the topic is valid, and every test reads it")]
        let topic = "lwt/telemetry/${client_id}".parse().expect("a valid topic");
        Self { topic, payload: r#"{"client_id": "${client_id}"}"#.to_owned(), every: Duration::ZERO }
    }
}
