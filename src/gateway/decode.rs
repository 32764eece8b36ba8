//! What CONNECT, CONNACK and DISCONNECT say.

use crate::mqtt::{ClientId, KeepAlive, Protocol, Qos, Will};
use mqtt5_protocol::packet::connack::ConnAckPacket;
use mqtt5_protocol::packet::connect::ConnectPacket;
use mqtt5_protocol::packet::disconnect::DisconnectPacket;
use mqtt5_protocol::packet::{FixedHeader, MqttPacket, PacketType};
use mqtt5_protocol::protocol::v5::properties::{PropertyId, PropertyValue};
use std::time::Duration;

/// What a device says of itself in CONNECT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hello {
    /// `None` if it leaves the choice to the broker.
    pub client: Option<ClientId>,
    pub protocol: Protocol,
    pub keep_alive: KeepAlive,
    pub clean: bool,
    pub will: Option<Will>,
    /// The session ends with the connection, and a DISCONNECT may not change that (5 section 3.14.2.2.2).
    pub no_expiry: bool,
}

/// Why a CONNECT cannot be relayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BadConnect {
    /// A protocol level that lwtop does not speak.
    Level(u8),
    /// It does not follow the specification.
    Malformed,
}

/// Where the keep alive stands in the body of every CONNECT: after the protocol name, the level and the flags.
const KEEP_ALIVE: std::ops::Range<usize> = 8..10;

/// Reads the body of CONNECT (3.1.1 section 3.1, 5 section 3.1).
pub(super) fn connect(body: &[u8]) -> Result<Hello, BadConnect> {
    if body.starts_with(b"\x00\x06MQIsdp") {
        return Err(BadConnect::Level(3));
    }
    match body.get(..7) {
        Some([0, 4, b'M', b'Q', b'T', b'T', 4 | 5]) => {}
        Some([0, 4, b'M', b'Q', b'T', b'T', level]) => return Err(BadConnect::Level(*level)),
        _ => return Err(BadConnect::Malformed),
    }
    let mut rest = body;
    let packet =
        ConnectPacket::decode_body(&mut rest, &header(PacketType::Connect, body)).map_err(|_| BadConnect::Malformed)?;
    let will = packet.will.map(|will| Will {
        topic: will.topic.into(),
        payload: will.payload.into(),
        qos: Qos::from_u8(will.qos as u8).unwrap_or_default(),
        retain: will.retain,
        delay: Duration::from_secs(u64::from(will.properties.will_delay_interval.unwrap_or(0))),
    });
    Ok(Hello {
        client: (!packet.client_id.is_empty()).then(|| ClientId::new(packet.client_id)),
        protocol: if packet.protocol_version == 5 { Protocol::V5 } else { Protocol::V311 },
        keep_alive: KeepAlive(packet.keep_alive),
        clean: packet.clean_start,
        will,
        no_expiry: packet.properties.get_session_expiry_interval().unwrap_or(0) == 0,
    })
}

/// The user name and the password in the body of a well formed CONNECT. Not part of [`Hello`], which lives longer.
pub(super) fn login(body: &[u8]) -> Option<(String, Vec<u8>)> {
    let packet = ConnectPacket::decode_body(&mut &*body, &header(PacketType::Connect, body)).ok()?;
    Some((packet.username?, packet.password.unwrap_or_default()))
}

/// Replaces a keep alive of 0 in the body of a well formed CONNECT.
pub(super) fn stretch_keep_alive(body: &mut [u8], seconds: u16) {
    if let Some(field) = body.get_mut(KEEP_ALIVE)
        && field == [0, 0]
    {
        field.copy_from_slice(&seconds.to_be_bytes());
    }
}

/// What the broker answers in CONNACK.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    /// Return code or reason code; 0 accepts.
    pub code: u8,
    /// Overrides the client's keep alive (5 section 3.2.2.3.14).
    pub keep_alive: Option<u16>,
    /// The client id that the broker chose (5 section 3.2.2.3.7).
    pub client: Option<ClientId>,
}

/// Reads the body of CONNACK; what cannot be read is left out.
pub(super) fn connack(body: &[u8], protocol: Protocol) -> Answer {
    // A CONNACK without a code accepts nobody.
    let mut answer = Answer { code: body.get(1).copied().unwrap_or(0x80), ..Answer::default() };
    if protocol == Protocol::V5
        && let Ok(packet) = ConnAckPacket::decode_body(&mut &*body, &header(PacketType::ConnAck, body))
    {
        answer.keep_alive = packet.properties.get_server_keep_alive();
        if let Some(PropertyValue::Utf8String(id)) = packet.properties.get(PropertyId::AssignedClientIdentifier) {
            answer.client = Some(ClientId::from(id.as_str()));
        }
    }
    answer
}

/// What a device's DISCONNECT says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Goodbye {
    /// The reason code; 0 in 3.1.1.
    pub code: u8,
    /// It asks for a session expiry other than 0.
    pub asks_expiry: bool,
}

/// Reads the body of a device's DISCONNECT; `None` if it does not follow the specification of its protocol version.
pub(super) fn disconnect(body: &[u8], protocol: Protocol) -> Option<Goodbye> {
    if body.is_empty() {
        return Some(Goodbye { code: 0, asks_expiry: false });
    }
    if protocol == Protocol::V311 {
        return None;
    }
    let packet = DisconnectPacket::decode_body(&mut &*body, &header(PacketType::Disconnect, body)).ok()?;
    let asks_expiry = packet.properties.get_session_expiry_interval().is_some_and(|seconds| seconds != 0);
    Some(Goodbye { code: body[0], asks_expiry })
}

fn header(kind: PacketType, body: &[u8]) -> FixedHeader {
    FixedHeader::new(kind, 0, u32::try_from(body.len()).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const WITH_WILL: &[u8] = b"\x00\x04MQTT\x04\x26\x00\x1e\x00\x08lwtThing\x00\x01w\x00\x04gone";

    #[test]
    fn a_connect_tells_who_and_what_will() {
        let hello = connect(WITH_WILL).unwrap();
        assert_eq!(hello.client, Some("lwtThing".into()));
        assert_eq!((hello.protocol, hello.keep_alive, hello.clean), (Protocol::V311, KeepAlive(30), true));
        let will = hello.will.unwrap();
        assert_eq!(
            (&*will.topic, &will.payload[..], will.qos, will.retain),
            ("w", &b"gone"[..], Qos::AtMostOnce, true)
        );

        let delayed =
            b"\x00\x04MQTT\x05\x0e\x00\x0a\x05\x11\x00\x00\x00\x3c\x00\x00\x05\x18\x00\x00\x00\x02\x00\x01w\x00\x00";
        let hello = connect(delayed).unwrap();
        assert_eq!((hello.client, hello.protocol, hello.no_expiry), (None, Protocol::V5, false));
        let will = hello.will.unwrap();
        assert_eq!((will.delay, will.qos), (Duration::from_secs(2), Qos::AtLeastOnce));
    }

    #[test]
    fn other_protocols_are_told_apart() {
        assert_eq!(connect(b"\x00\x06MQIsdp\x03\x02\x00\x1e\x00\x01a"), Err(BadConnect::Level(3)));
        assert_eq!(connect(b"\x00\x04MQTT\x06\x02\x00\x1e\x00\x00\x01a"), Err(BadConnect::Level(6)));
        assert_eq!(connect(b"\x00\x04MQTX\x04\x02\x00\x1e\x00\x01a"), Err(BadConnect::Malformed));
        assert_eq!(connect(&WITH_WILL[..20]), Err(BadConnect::Malformed));
    }

    #[test]
    fn only_a_keep_alive_of_zero_is_stretched() {
        let mut body = WITH_WILL.to_vec();
        stretch_keep_alive(&mut body, 65_535);
        assert_eq!(body, WITH_WILL);
        body[9] = 0;
        stretch_keep_alive(&mut body, 65_535);
        assert_eq!(connect(&body).unwrap().keep_alive, KeepAlive(65_535));
    }

    #[test]
    fn answers_and_goodbyes() {
        assert_eq!(connack(&[0, 5], Protocol::V311).code, 5);
        assert_eq!(connack(&[], Protocol::V5).code, 0x80);
        let answer = connack(b"\x00\x00\x08\x13\x00\x07\x12\x00\x02ab", Protocol::V5);
        assert_eq!(answer, Answer { code: 0, keep_alive: Some(7), client: Some("ab".into()) });
        assert_eq!(disconnect(&[], Protocol::V311), Some(Goodbye { code: 0, asks_expiry: false }));
        assert_eq!(disconnect(&[4], Protocol::V5), Some(Goodbye { code: 4, asks_expiry: false }));
        assert_eq!(disconnect(&[4, 0], Protocol::V311), None);
        assert_eq!(disconnect(&[0x42], Protocol::V5), None);
        let expiry = b"\x00\x05\x11\x00\x00\x00\x3c";
        assert_eq!(disconnect(expiry, Protocol::V5), Some(Goodbye { code: 0, asks_expiry: true }));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), level in 4_u8..6, flags: u8) {
            let _ = connect(&bytes);
            let mut body = b"\x00\x04MQTT".to_vec();
            body.extend([level, flags]);
            body.extend_from_slice(&bytes);
            let _ = connect(&body);
            for protocol in [Protocol::V311, Protocol::V5] {
                let _ = connack(&bytes, protocol);
                let _ = disconnect(&bytes, protocol);
            }
        }
    }
}
