//! The three topics of the AWS article, or the ones configured in their place.

use crate::clock::Moment;
use crate::fleet::{Incoming, Meaning, Role};
use crate::mqtt::{ClientId, TopicFilter, Will};
use std::sync::Arc;

/// Where the story is told: three topic filters, one for each part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topics {
    /// Where wills arrive.
    pub will: TopicFilter,
    /// Where devices announce themselves.
    pub connected: TopicFilter,
    /// Where the rule republishes.
    pub executed: TopicFilter,
}

impl Topics {
    /// The part that a message on `topic` plays. A filter without wildcards beats one with: with wills on
    /// `lwt/#` and executed on `lwt/executed`, the latter is the rule's.
    #[must_use]
    pub fn role(&self, topic: &str) -> Role {
        let parts = [(Role::Executed, &self.executed), (Role::Will, &self.will), (Role::Connected, &self.connected)];
        let exact = parts.iter().find(|(_, filter)| filter.as_str() == topic);
        exact.or_else(|| parts.iter().find(|(_, filter)| filter.matches(topic))).map_or(Role::Other, |(role, _)| *role)
    }

    /// What `message` says. The device is named by the payload (`/state/reported/client_id`, as in the article), by the
    /// topic level at the filter's first `+`, or by the broker, if it says who published; otherwise it stays unnamed.
    #[must_use]
    pub fn interpret(&self, message: &Incoming) -> Meaning {
        let role = self.role(&message.topic);
        let filter = match role {
            Role::Will => Some(&self.will),
            Role::Connected => Some(&self.connected),
            Role::Executed => Some(&self.executed),
            Role::Other => None,
        };
        let device = id_in_payload(&message.payload)
            .or_else(|| filter?.first_wildcard(&message.topic).map(ClientId::from))
            // What a rule republishes is published by lwtop or by the broker, not by the device.
            .or_else(|| message.publisher.clone().filter(|_| role != Role::Executed));
        Meaning { role, device }
    }

    /// Whether a will that arrives can be counted for the device it is of. `attributed` says whether the broker tells who
    /// published.
    #[must_use]
    pub fn tell_of(&self, id: &ClientId, will: &Will, attributed: bool) -> bool {
        let meaning = self.interpret(&Incoming {
            at: Moment::default(),
            topic: Arc::clone(&will.topic),
            payload: will.payload.clone(),
            qos: will.qos,
            retain: false,
            publisher: attributed.then(|| id.clone()),
            source: None,
            properties: None,
        });
        meaning.role == Role::Will && meaning.device.as_ref() == Some(id)
    }
}

/// `/state/reported/client_id`, if the payload is JSON and has it as text.
#[must_use]
pub fn id_in_payload(payload: &[u8]) -> Option<ClientId> {
    #[derive(serde::Deserialize)]
    struct Document<'a> {
        #[serde(borrow)]
        state: State<'a>,
    }
    #[derive(serde::Deserialize)]
    struct State<'a> {
        #[serde(borrow)]
        reported: Reported<'a>,
    }
    #[derive(serde::Deserialize)]
    struct Reported<'a> {
        #[serde(borrow)]
        client_id: std::borrow::Cow<'a, str>,
    }
    // Most payloads of most fleets do not have it, and need not be read. An escaped name would be a strange one.
    memchr::memmem::find(payload, b"client_id")?;
    let document: Document<'_> = serde_json::from_slice(payload).ok()?;
    let id = document.state.reported.client_id;
    (!id.is_empty()).then(|| ClientId::new(&*id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Moment;
    use crate::mqtt::Qos;
    use bytes::Bytes;

    fn topics(will: &str, connected: &str, executed: &str) -> Topics {
        Topics {
            will: will.parse().unwrap(),
            connected: connected.parse().unwrap(),
            executed: executed.parse().unwrap(),
        }
    }

    fn article() -> Topics {
        topics("/last/will/topic", "/lwt/connected/topic", "/lwt/executed")
    }

    fn message(topic: &str, payload: &str, publisher: Option<&str>) -> Incoming {
        Incoming {
            at: Moment::default(),
            topic: topic.into(),
            payload: Bytes::copy_from_slice(payload.as_bytes()),
            qos: Qos::AtMostOnce,
            retain: false,
            publisher: publisher.map(ClientId::from),
            source: None,
            properties: None,
        }
    }

    const WILL: &str =
        r#"{"state": {"reported": {"last_will": "yes", "trigger_action": "on", "client_id": "lwtThing"}}}"#;

    #[test]
    fn the_article_names_the_device_in_the_payload() {
        let meaning = article().interpret(&message("/last/will/topic", WILL, None));
        assert_eq!(meaning, Meaning { role: Role::Will, device: Some("lwtThing".into()) });
    }

    #[test]
    fn the_articles_connected_message_names_nobody() {
        let hello = r#"{"message": "AWS IoT Thing connected message to IoT Core"}"#;
        assert_eq!(article().interpret(&message("/lwt/connected/topic", hello, None)).device, None);
        let named = article().interpret(&message("/lwt/connected/topic", hello, Some("lwtThing-2")));
        assert_eq!(named.device, Some("lwtThing-2".into()));
    }

    #[test]
    fn a_wildcard_names_the_device_by_its_level() {
        let topics = topics("devices/+/will", "devices/+/connected", "devices/+/executed");
        let meaning = topics.interpret(&message("devices/press-7/connected", "\u{fffd}", Some("bridge")));
        assert_eq!(meaning, Meaning { role: Role::Connected, device: Some("press-7".into()) });
    }

    #[test]
    fn an_exact_filter_beats_a_wildcard() {
        let topics = topics("lwt/#", "lwt/connected", "lwt/executed");
        assert_eq!(topics.role("lwt/executed"), Role::Executed);
        assert_eq!(topics.role("lwt/connected"), Role::Connected);
        assert_eq!(topics.role("lwt/anything"), Role::Will);
        assert_eq!(topics.role("else"), Role::Other);
    }

    #[test]
    fn odd_payloads_name_nobody() {
        for payload in ["", "offline", "{}", r#"{"state":7}"#, r#"{"state":{"reported":{"client_id":5}}}"#, "[1,2"] {
            assert_eq!(article().interpret(&message("/last/will/topic", payload, None)).device, None, "{payload}");
        }
    }
}
