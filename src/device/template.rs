//! What a simulated device is: its CONNECT, what it says, and how often.

use crate::mqtt::{ClientId, KeepAlive, Login, Protocol, Qos, TopicName, Will};
use bytes::Bytes;
use std::time::Duration;

/// Stands for the client id: as it is in a topic, escaped as JSON text in a payload.
const PLACEHOLDER: &str = "${client_id}";

/// What devices that are launched together have in common. Shared, never copied per device.
#[derive(Clone, Debug)]
pub struct DeviceTemplate {
    /// With which protocol version it connects.
    pub protocol: Protocol,
    /// Its keep alive.
    pub keep_alive: KeepAlive,
    /// Clean session (3.1.1) or clean start (5).
    pub clean: bool,
    /// What the broker is to publish when it dies.
    pub will: Option<WillTemplate>,
    /// What it publishes when it has connected.
    pub connected: Option<Announcement>,
    /// What it goes on publishing.
    pub telemetry: Option<Telemetry>,
    /// Who it says it is.
    pub login: Option<Login>,
}

/// A will with `${client_id}` still in its topic and payload.
#[derive(Clone, Debug)]
pub struct WillTemplate {
    /// Where it goes.
    pub topic: TopicName,
    /// What it says.
    pub payload: String,
    /// With which quality of service.
    pub qos: Qos,
    /// Whether the broker keeps it.
    pub retain: bool,
    /// The will delay interval; only sent with MQTT 5. Whole seconds count.
    pub delay: Duration,
}

/// The first message of a device, with `${client_id}` still in its topic and payload.
#[derive(Clone, Debug)]
pub struct Announcement {
    /// Where it goes.
    pub topic: TopicName,
    /// What it says.
    pub payload: String,
    /// With which quality of service.
    pub qos: Qos,
    /// Whether the broker keeps it.
    pub retain: bool,
}

/// A message that a device repeats at QoS 0, with `${client_id}` still in its topic and payload.
#[derive(Clone, Debug)]
pub struct Telemetry {
    /// Where it goes.
    pub topic: TopicName,
    /// What it says.
    pub payload: String,
    /// How long it waits between two of them; at least a millisecond.
    pub every: Duration,
}

impl DeviceTemplate {
    /// The `lwtThing` of the AWS article "Monitor AWS IoT connections in near-real time using MQTT LWT".
    #[must_use]
    pub fn article(will_topic: TopicName, connected_topic: TopicName) -> Self {
        Self {
            protocol: Protocol::V311,
            keep_alive: KeepAlive(30),
            clean: true,
            will: Some(WillTemplate {
                topic: will_topic,
                payload:
                    r#"{"state": {"reported": {"last_will": "yes", "trigger_action": "on", "client_id": "${client_id}"}}}"#
                        .to_owned(),
                qos: Qos::AtMostOnce,
                retain: false,
                delay: Duration::ZERO,
            }),
            connected: Some(Announcement {
                topic: connected_topic,
                payload: r#"{"message": "AWS IoT Thing connected message to IoT Core"}"#.to_owned(),
                qos: Qos::AtLeastOnce,
                retain: false,
            }),
            telemetry: None,
            login: None,
        }
    }

    /// What the device `id` says first: topic and payload.
    #[must_use]
    pub fn announcement_of(&self, id: &ClientId) -> Option<(String, String)> {
        let Announcement { topic: to, payload: text, .. } = self.connected.as_ref()?;
        Some((topic(to.as_str(), id), payload(text, id)))
    }

    /// The will of the device `id`, as it stands in CONNECT.
    #[must_use]
    pub fn will_of(&self, id: &ClientId) -> Option<Will> {
        let will = self.will.as_ref()?;
        let delay = if self.protocol == Protocol::V5 { will.delay } else { Duration::ZERO };
        Some(Will {
            topic: topic(will.topic.as_str(), id).into(),
            payload: Bytes::from(payload(&will.payload, id)),
            qos: will.qos,
            retain: will.retain,
            delay: Duration::from_secs(delay.as_secs()),
        })
    }
}

/// `template` with the client id as it is.
pub(super) fn topic(template: &str, id: &ClientId) -> String {
    template.replace(PLACEHOLDER, id.as_str())
}

/// `template` with the client id as the inside of a JSON string.
pub(super) fn payload(template: &str, id: &ClientId) -> String {
    let quoted = serde_json::Value::from(id.as_str()).to_string();
    template.replace(PLACEHOLDER, quoted.get(1..quoted.len() - 1).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_article_device_is_the_articles() {
        let template =
            DeviceTemplate::article("/last/will/topic".parse().unwrap(), "/lwt/connected/topic".parse().unwrap());
        let will = template.will_of(&"lwtThing".into()).unwrap();
        let text = r#"{"state": {"reported": {"last_will": "yes", "trigger_action": "on", "client_id": "lwtThing"}}}"#;
        assert_eq!((will.topic.as_ref(), will.payload.as_ref()), ("/last/will/topic", text.as_bytes()));
        assert_eq!((will.qos, will.retain, template.keep_alive.0), (Qos::AtMostOnce, false, 30));
    }

    #[test]
    fn an_odd_client_id_stays_valid_json() {
        let id = ClientId::from("a\"b\\c\n\u{e9}");
        let text = payload(r#"{"id": "${client_id}"}"#, &id);
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["id"], id.as_str());
        assert_eq!(topic("d/${client_id}/will", &"x".into()), "d/x/will");
    }
}
