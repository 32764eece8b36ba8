//! Return codes (3.1.1) and reason codes (5) in words.

use super::client::Protocol;

/// What a CONNACK that refuses says, in words (3.1.1 table 3.1, 5 section 3.2.2.2).
#[must_use]
pub const fn connack(protocol: Protocol, code: u8) -> &'static str {
    match protocol {
        Protocol::V311 => match code {
            0 => "accepted",
            1 => "unacceptable protocol version",
            2 => "client id rejected",
            3 => "server unavailable",
            4 => "bad user name or password",
            5 => "not authorized",
            _ => "reserved return code",
        },
        Protocol::V5 => reason(code),
    }
}

/// What to do about a CONNACK that refuses a client for its login, or for its lack of one; `None` for any other reason.
#[must_use]
pub const fn login_advice(protocol: Protocol, code: u8, has_login: bool) -> Option<&'static str> {
    match (protocol, code) {
        (Protocol::V311, 4 | 5) | (Protocol::V5, 0x86 | 0x87) if !has_login => {
            Some("Give it a login: the user name with --user, the password in LWTOP_PASSWORD.")
        }
        (Protocol::V311, 4 | 5) | (Protocol::V5, 0x86 | 0x87 | 0x8A) => {
            Some("Check the user name and the password, and what the broker allows this user.")
        }
        _ => None,
    }
}

/// What to do about a CONNACK that may refuse a client for the topic of its will; `None` for any other reason.
#[must_use]
pub fn topic_advice(protocol: Protocol, code: u8, will: Option<&str>) -> Option<&'static str> {
    let refused = matches!((protocol, code), (Protocol::V311, 5) | (Protocol::V5, 0x87 | 0x90));
    (refused && will.is_some_and(|topic| topic.starts_with('$')))
        .then_some("Topics that begin with $ are the broker's own: give the will another topic.")
}

/// A reason code of MQTT 5 in words (5 section 2.4).
#[must_use]
pub const fn reason(code: u8) -> &'static str {
    match code {
        0x00 => "success",
        0x04 => "disconnect with will message",
        0x80 => "unspecified error",
        0x81 => "malformed packet",
        0x82 => "protocol error",
        0x83 => "implementation specific error",
        0x84 => "unsupported protocol version",
        0x85 => "client id not valid",
        0x86 => "bad user name or password",
        0x87 => "not authorized",
        0x88 => "server unavailable",
        0x89 => "server busy",
        0x8A => "banned",
        0x8B => "server shutting down",
        0x8C => "bad authentication method",
        0x8D => "keep alive timeout",
        0x8E => "session taken over",
        0x8F => "topic filter invalid",
        0x90 => "topic name invalid",
        0x93 => "receive maximum exceeded",
        0x94 => "topic alias invalid",
        0x95 => "packet too large",
        0x96 => "message rate too high",
        0x97 => "quota exceeded",
        0x98 => "administrative action",
        0x99 => "payload format invalid",
        0x9A => "retain not supported",
        0x9B => "QoS not supported",
        0x9C => "use another server",
        0x9D => "server moved",
        0x9E => "shared subscriptions not supported",
        0x9F => "connection rate exceeded",
        0xA0 => "maximum connect time",
        0xA1 => "subscription identifiers not supported",
        0xA2 => "wildcard subscriptions not supported",
        _ => "reserved reason code",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_does_not_help_where_the_topic_of_the_will_is_the_brokers_own() {
        assert!(topic_advice(Protocol::V311, 5, Some("$SYS/x")).is_some());
        assert!(topic_advice(Protocol::V5, 0x87, Some("$SYS/x")).is_some());
        for (code, topic) in [(4, Some("$SYS/x")), (5, Some("a/$SYS")), (5, None)] {
            assert_eq!(topic_advice(Protocol::V311, code, topic), None, "{code} {topic:?}");
        }
    }

    #[test]
    fn the_same_number_means_different_things() {
        assert_eq!(connack(Protocol::V311, 5), "not authorized");
        assert_eq!(connack(Protocol::V5, 0x87), "not authorized");
        assert_eq!(connack(Protocol::V311, 9), "reserved return code");
    }
}
