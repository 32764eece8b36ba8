//! Which wills are refused at CONNECT where the broker behind would take them and then not keep to what it promised. Pure.

use crate::mqtt::{Protocol, topic};

/// Why a will is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Objection {
    /// A topic name has at least one character (MQTT-4.7.3-1).
    Empty,
    /// A topic name has no wildcard (3.1.1 MQTT-4.7.1-1, 5 MQTT-4.7.0-1).
    Wildcard,
    /// Topics that begin with `$` are the server's (3.1.1 section 4.7.2): the embedded broker lets no device publish there,
    /// and finds that out when the will is due. A device that is told at CONNECT does not rely on it.
    Reserved,
}

/// What is wrong with a will to `topic`.
pub(super) fn objection(topic: &str) -> Option<Objection> {
    if topic.is_empty() {
        Some(Objection::Empty)
    } else if topic.contains(['+', '#']) {
        Some(Objection::Wildcard)
    } else {
        topic.starts_with('$').then_some(Objection::Reserved)
    }
}

impl Objection {
    /// The CONNACK that says so; 3.1.1 has no return code for a topic, so the connection is closed without one, as for
    /// any other CONNECT that does not conform (3.1.1 MQTT-3.1.4-1).
    pub(super) const fn connack(self, protocol: Protocol) -> &'static [u8] {
        match (protocol, self) {
            (Protocol::V311, Self::Empty | Self::Wildcard) => &[],
            // Not authorized.
            (Protocol::V311, Self::Reserved) => &[0x20, 2, 0, 5],
            (Protocol::V5, Self::Reserved) => &[0x20, 3, 0, 0x87, 0],
            // Topic name invalid (5 section 3.2.2.2).
            (Protocol::V5, Self::Empty | Self::Wildcard) => &[0x20, 3, 0, 0x90, 0],
        }
    }

    /// For a person to read.
    pub(super) fn words(self, topic: &str) -> String {
        match self {
            Self::Empty => "the topic of its will is empty".to_owned(),
            Self::Wildcard => format!("the topic of its will, {}, has a wildcard", topic::shown(topic)),
            Self::Reserved => format!(
                "the topic of its will, {}, begins with $: there only the broker itself publishes, and lwtop's own broker \
                 has no shadows; give it another topic",
                topic::shown(topic)
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_topics_that_nobody_could_publish_to_are_refused() {
        for (topic, expected) in [
            ("", Some(Objection::Empty)),
            ("/a/#", Some(Objection::Wildcard)),
            ("a/+/b", Some(Objection::Wildcard)),
            ("$aws/events/presence/disconnected/b", Some(Objection::Reserved)),
            ("/last/will/topic", None),
            ("a/$b", None),
            ("/", None),
        ] {
            assert_eq!(objection(topic), expected, "{topic:?}");
        }
    }
}
