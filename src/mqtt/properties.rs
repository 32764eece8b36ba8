//! What an MQTT 5 PUBLISH may carry beside its payload (5 section 3.3.2.3).

use bytes::Bytes;

/// The properties that mean something to whoever reads a message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Properties {
    /// Whether the payload is UTF-8 text (payload format indicator); `None` where the publisher does not say.
    pub utf8: Option<bool>,
    /// The content type.
    pub content_type: Option<String>,
    /// Where an answer is expected.
    pub response_topic: Option<String>,
    /// What the answer is to carry.
    pub correlation_data: Option<Bytes>,
    /// The user properties, in order; a key may come more than once.
    pub user: Vec<(String, String)>,
}

impl Properties {
    /// Whether there is nothing in them.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The first user property of that name.
    #[must_use]
    pub fn user(&self, name: &str) -> Option<&str> {
        self.user.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}
