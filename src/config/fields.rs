//! How single values are read and written, with errors that say what is allowed.

use super::checks;
use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserializer, Serializer};
use std::fmt;

/// A value that is written as text, and what may stand there.
struct Text<F> {
    allowed: &'static str,
    read: F,
}

impl<T, F: FnOnce(&str) -> Result<T, String>> Visitor<'_> for Text<F> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.allowed)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        (self.read)(text).map_err(E::custom)
    }
}

/// Reads text with `read`, which says what is wrong with it; `allowed` stands in the error of every other type.
pub(super) fn text<'de, T, D: Deserializer<'de>>(
    from: D,
    allowed: &'static str,
    read: impl FnOnce(&str) -> Result<T, String>,
) -> Result<T, D::Error> {
    from.deserialize_str(Text { allowed, read })
}

/// Reads a whole number from 0 to `most`.
pub(super) fn whole<'de, D: Deserializer<'de>>(from: D, allowed: &'static str, most: u64) -> Result<u64, D::Error> {
    from.deserialize_i64(Whole { allowed, most })
}

/// A whole number between two bounds.
struct Whole {
    allowed: &'static str,
    most: u64,
}

impl Visitor<'_> for Whole {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.allowed)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<u64, E> {
        if number > self.most {
            return Err(E::invalid_value(Unexpected::Unsigned(number), &self));
        }
        Ok(number)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<u64, E> {
        match u64::try_from(number) {
            Ok(number) => self.visit_u64(number),
            Err(_) => Err(E::invalid_value(Unexpected::Signed(number), &self)),
        }
    }
}

/// The reader and the writer of a type that prints and parses back.
macro_rules! text_field {
    ($(#[$doc:meta])* $name:ident: $type:ty, $allowed:literal) => {
        $(#[$doc])*
        pub(super) mod $name {
            use super::{Deserializer, Serializer, Text};

            pub(in super::super) fn serialize<S: Serializer>(value: &$type, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(value)
            }

            pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<$type, D::Error> {
                let read = |text: &str| text.parse::<$type>().map_err(|error| error.to_string());
                from.deserialize_str(Text { allowed: $allowed, read })
            }
        }
    };
}

text_field!(
    /// A topic filter.
    topic_filter: crate::mqtt::TopicFilter, "a topic filter in quotes"
);
text_field!(
    /// A topic to publish to.
    topic_name: crate::mqtt::TopicName, "a topic in quotes"
);
/// A topic to publish to, or none.
pub(super) mod optional_topic {
    use super::{Deserializer, Serializer, topic_name};
    use crate::mqtt::TopicName;

    #[expect(clippy::ref_option, reason = "serde hands it over like this")]
    pub(in super::super) fn serialize<S: Serializer>(value: &Option<TopicName>, to: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(topic) => topic_name::serialize(topic, to),
            None => to.serialize_none(),
        }
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<TopicName>, D::Error> {
        topic_name::deserialize(from).map(Some)
    }
}

/// A broker's address, as it was written.
pub(super) fn url<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let read = |text: &str| match text.trim() {
        "" => Err("it is empty; leave the key out to use lwtop's own broker".to_owned()),
        url => match url.parse::<crate::mqtt::BrokerAddress>() {
            Ok(_) => Ok(Some(url.to_owned())),
            Err(error) => Err(error.to_string()),
        },
    };
    from.deserialize_str(Text { allowed: "a broker's URL in quotes, such as \"mqtt://localhost:1883\"", read })
}

/// An HTTP proxy, as it was written.
pub(super) fn proxy<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let read = |text: &str| text.parse::<crate::dial::Proxy>().map(|_| Some(text.to_owned()));
    from.deserialize_str(Text { allowed: "a proxy's URL in quotes, such as \"http://localhost:3128\"", read })
}

/// An IP address and a port.
pub(super) mod address {
    use super::{Deserializer, Serializer, Text};
    use std::net::SocketAddr;

    const ALLOWED: &str = "an IP address and a port, such as \"127.0.0.1:1883\"";

    pub(in super::super) fn serialize<S: Serializer>(value: &SocketAddr, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(value)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<SocketAddr, D::Error> {
        let read = |text: &str| text.parse().map_err(|_| format!("{text:?} is not {ALLOWED}"));
        from.deserialize_str(Text { allowed: ALLOWED, read })
    }
}

/// An IP address and a port, or none.
pub(super) mod optional_address {
    use super::{Deserializer, Serializer, address};
    use std::net::SocketAddr;

    #[expect(clippy::ref_option, reason = "serde hands it over like this")]
    pub(in super::super) fn serialize<S: Serializer>(value: &Option<SocketAddr>, to: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => address::serialize(value, to),
            None => to.serialize_none(),
        }
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<SocketAddr>, D::Error> {
        address::deserialize(from).map(Some)
    }
}

/// A length of time.
pub(super) mod duration {
    use super::{Deserializer, Serializer, Text};
    use jiff::SignedDuration;
    use std::time::Duration;

    const ALLOWED: &str = "a duration such as \"500ms\", \"30s\", \"5m\" or \"1h 30m\"";

    pub(in super::super) fn serialize<S: Serializer>(value: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&format_args!("{:#}", SignedDuration::try_from(*value).unwrap_or(SignedDuration::MAX)))
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        let read = |text: &str| {
            let duration = text.parse::<SignedDuration>().ok().and_then(|signed| Duration::try_from(signed).ok());
            duration.ok_or_else(|| format!("{text:?} is not {ALLOWED}"))
        };
        from.deserialize_str(Text { allowed: ALLOWED, read })
    }
}

/// The path of a file; what is in it is for whoever opens it.
pub(super) fn path<'de, D: Deserializer<'de>>(from: D) -> Result<Option<std::path::PathBuf>, D::Error> {
    text(from, "the path of a file in quotes", |text| checks::not_empty(text).map(|text| Some(text.into())))
}

/// Text that is not empty.
pub(super) fn word<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    text(from, "text in quotes", |text| checks::not_empty(text).map(Some))
}

/// The name of an environment variable.
pub(super) fn variable<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    text(from, "the name of an environment variable in quotes", |text| checks::variable(text).map(Some))
}

/// Names of application protocols (RFC 7301 section 3.1: 1 to 255 bytes).
pub(super) fn alpn<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    let names: Vec<String> = serde::Deserialize::deserialize(from)?;
    match names.iter().find(|name| name.is_empty() || name.len() > 255) {
        Some(name) => Err(D::Error::custom(format!("{name:?} is no application protocol: it has 1 to 255 bytes"))),
        None => Ok(names),
    }
}

/// Names and values of HTTP headers. No error repeats a value: it may be a token.
pub(super) mod headers {
    use super::super::checks;
    use super::{Deserializer, Error, Serializer, Visitor};
    use serde::de::MapAccess;
    use serde::ser::SerializeMap;
    use std::fmt;

    struct Headers;

    impl<'de> Visitor<'de> for Headers {
        type Value = Vec<(String, String)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a table of names with text in quotes")
        }

        fn visit_str<E: Error>(self, _: &str) -> Result<Self::Value, E> {
            Err(E::custom("it is text, expected a table of names with text in quotes"))
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut headers = Vec::new();
            while let Some((name, value)) = map.next_entry::<String, String>()? {
                headers.push(checks::header(&name, &value).map_err(A::Error::custom)?);
            }
            Ok(headers)
        }
    }

    pub(in super::super) fn serialize<S: Serializer>(value: &[(String, String)], to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(value.len()))?;
        for (name, value) in value {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<(String, String)>, D::Error> {
        from.deserialize_map(Headers)
    }
}

/// A protocol version of MQTT, or `auto` for none in particular.
pub(super) mod any_protocol {
    use super::{Deserializer, Serializer, Text};
    use crate::mqtt::Protocol;

    const ALLOWED: &str = "\"auto\", \"3.1.1\" or \"5\", in quotes";

    #[expect(clippy::ref_option, reason = "serde hands it over like this")]
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over like this")]
    pub(in super::super) fn serialize<S: Serializer>(value: &Option<Protocol>, to: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(protocol) => to.collect_str(protocol),
            None => to.serialize_str("auto"),
        }
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Protocol>, D::Error> {
        let read = |text: &str| match text {
            "auto" => Ok(None),
            "3.1.1" => Ok(Some(Protocol::V311)),
            "5" => Ok(Some(Protocol::V5)),
            _ => Err(format!("{text:?} is not {ALLOWED}")),
        };
        from.deserialize_str(Text { allowed: ALLOWED, read })
    }
}

/// A protocol version of MQTT.
pub(super) mod protocol {
    use super::{Deserializer, Serializer, Text};
    use crate::mqtt::Protocol;

    const ALLOWED: &str = "\"3.1.1\" or \"5\", in quotes";

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over like this")]
    pub(in super::super) fn serialize<S: Serializer>(value: &Protocol, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(value)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Protocol, D::Error> {
        let read = |text: &str| match text {
            "3.1.1" => Ok(Protocol::V311),
            "5" => Ok(Protocol::V5),
            _ => Err(format!("{text:?} is not {ALLOWED}")),
        };
        from.deserialize_str(Text { allowed: ALLOWED, read })
    }
}

/// A client id that is the start of others.
pub(super) fn client_id<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    /// Leaves room for a number in the 65 535 bytes of a client id (3.1.1 section 1.5.3).
    const LONGEST: usize = 65_000;
    let read = |text: &str| match text {
        "" => Err("it is empty; a device needs a client id".to_owned()),
        _ if text.len() > LONGEST => Err(format!("it is longer than {LONGEST} bytes")),
        _ if text.contains(['+', '#', '\0']) => {
            Err(format!("{text:?} cannot stand in a topic: '+', '#' and U+0000 are not allowed"))
        }
        _ => Ok(text.to_owned()),
    };
    from.deserialize_str(Text { allowed: "a client id in quotes", read })
}

/// How many devices.
pub(super) fn count<'de, D: Deserializer<'de>>(from: D) -> Result<usize, D::Error> {
    let number = from.deserialize_i64(Whole { allowed: "a whole number from 0 to 1000000", most: 1_000_000 })?;
    Ok(usize::try_from(number).unwrap_or(usize::MAX))
}

/// A keep alive.
pub(super) mod keep_alive {
    use super::{Deserializer, Serializer, Whole};
    use crate::mqtt::KeepAlive;

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over like this")]
    pub(in super::super) fn serialize<S: Serializer>(value: &KeepAlive, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u16(value.0)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<KeepAlive, D::Error> {
        let allowed = "a whole number of seconds from 0 (off) to 65535";
        let number = from.deserialize_i64(Whole { allowed, most: u64::from(u16::MAX) })?;
        Ok(KeepAlive(u16::try_from(number).unwrap_or(u16::MAX)))
    }
}

/// A quality of service.
pub(super) mod qos {
    use super::{Deserializer, Serializer, Whole};
    use crate::mqtt::Qos;

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over like this")]
    pub(in super::super) fn serialize<S: Serializer>(value: &Qos, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u8(value.as_u8())
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Qos, D::Error> {
        let number = from.deserialize_i64(Whole { allowed: "0, 1 or 2", most: 2 })?;
        Ok(u8::try_from(number).ok().and_then(Qos::from_u8).unwrap_or_default())
    }
}
