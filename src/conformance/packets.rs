//! What the steps send, as bytes, and what the broker sends, in words. Written by hand where a step may have to be wrong:
//! no library encodes a malformed CONNECT. Pure.

use super::step::{Connect, Hex, Properties, Publish, Will};
use crate::mqtt::{Login, Protocol};
use mqtt5_protocol::packet::publish::PublishPacket;
use mqtt5_protocol::packet::{FixedHeader, PacketType};
use mqtt5_protocol::protocol::v5::properties::{Properties as Read, PropertyId, PropertyValue};
use std::fmt;

/// CONNECT, as it is or as a step wants it.
pub(super) fn connect(
    step: &Connect,
    protocol: Protocol,
    id: &str,
    topic: impl Fn(&str) -> String,
    login: Option<&Login>,
) -> Vec<u8> {
    let v5 = protocol == Protocol::V5;
    let mut flags = if step.clean { 0x02 } else { 0 };
    if let Some(will) = &step.will {
        flags |= 0x04 | will.qos << 3 | u8::from(will.retain) << 5;
    }
    if let Some(login) = login {
        flags |= 0x80 | if login.password.is_some() { 0x40 } else { 0 };
    }
    let mut body = string(b"MQTT");
    body.extend([protocol.level(), step.flags.unwrap_or(flags)]);
    body.extend(step.keep_alive.to_be_bytes());
    if v5 {
        let expiry = step.session_expiry.map_or_else(Vec::new, |seconds| property(0x11, &seconds.to_be_bytes()));
        body.extend(counted(&expiry));
    }
    body.extend(string(id.as_bytes()));
    if !step.cut_short {
        if let Some(will) = &step.will {
            body.extend(will_fields(will, v5, topic));
        }
        if let Some(login) = login {
            body.extend(string(login.user.as_bytes()));
            body.extend(login.password.iter().flat_map(|password| string(password.as_bytes())));
        }
    }
    packet(0x10, &body)
}

fn will_fields(will: &Will, v5: bool, topic: impl Fn(&str) -> String) -> Vec<u8> {
    let mut fields = Vec::new();
    if v5 && !will.without_properties {
        let mut properties = will.delay.map_or_else(Vec::new, |seconds| property(0x18, &seconds.to_be_bytes()));
        properties.extend(handed_on(&will.properties));
        properties.extend(will.raw_properties.iter().flat_map(|raw| raw.0.iter().copied()));
        fields.extend(counted(&properties));
    }
    match &will.raw_topic {
        Some(raw) => fields.extend(string(&raw.0)),
        None => fields.extend(string(topic(&will.topic).as_bytes())),
    }
    fields.extend(string(&payload(&will.payload, will.size)));
    fields
}

/// What a will or an expected message says.
pub(super) fn payload(text: &str, size: Option<usize>) -> Vec<u8> {
    size.map_or_else(|| text.as_bytes().to_vec(), |size| vec![b'x'; size])
}

fn handed_on(properties: &Properties) -> Vec<u8> {
    let Properties { format, expiry, content_type, response_topic, correlation, user } = properties;
    let mut bytes = Vec::new();
    bytes.extend(format.iter().flat_map(|format| property(0x01, &[*format])));
    bytes.extend(expiry.iter().flat_map(|seconds| property(0x02, &seconds.to_be_bytes())));
    bytes.extend(content_type.iter().flat_map(|text| property(0x03, &string(text.as_bytes()))));
    bytes.extend(response_topic.iter().flat_map(|text| property(0x08, &string(text.as_bytes()))));
    bytes.extend(correlation.iter().flat_map(|data| property(0x09, &string(&data.0))));
    for (key, value) in user {
        bytes.extend(property(0x26, &[string(key.as_bytes()), string(value.as_bytes())].concat()));
    }
    bytes
}

/// SUBSCRIBE with packet identifier 1.
pub(super) fn subscribe(protocol: Protocol, filter: &str, qos: u8, retain_as_published: bool) -> Vec<u8> {
    let mut body = vec![0, 1];
    if protocol == Protocol::V5 {
        body.push(0);
    }
    body.extend(string(filter.as_bytes()));
    body.push(qos | u8::from(retain_as_published) << 3);
    packet(0x82, &body)
}

/// PUBLISH at QoS 0.
pub(super) fn publish(step: &Publish, protocol: Protocol, topic: &str) -> Vec<u8> {
    let mut body = string(topic.as_bytes());
    if protocol == Protocol::V5 {
        body.push(0);
    }
    body.extend_from_slice(step.payload.as_bytes());
    packet(0x30 | u8::from(step.retain), &body)
}

/// DISCONNECT; `None` without anything in it.
pub(super) fn disconnect(reason: Option<u8>, session_expiry: Option<u32>) -> Vec<u8> {
    let mut body: Vec<u8> = reason.into_iter().collect();
    if let Some(seconds) = session_expiry {
        body.resize(1, 0);
        body.extend(counted(&property(0x11, &seconds.to_be_bytes())));
    }
    packet(0xe0, &body)
}

/// PUBACK (0x40), PUBREC (0x50), PUBREL (0x62) or PUBCOMP (0x70) without a reason code, which then is 0.
pub(super) fn acknowledge(first: u8, id: u16) -> Vec<u8> {
    packet(first, &id.to_be_bytes())
}

fn packet(first: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    bytes.extend(length(body.len()));
    bytes.extend_from_slice(body);
    bytes
}

fn property(id: u8, value: &[u8]) -> Vec<u8> {
    [&[id], value].concat()
}

/// Properties behind their length.
fn counted(properties: &[u8]) -> Vec<u8> {
    let mut bytes = length(properties.len());
    bytes.extend_from_slice(properties);
    bytes
}

/// A string or binary data behind its length. What is longer than 65 535 bytes is cut there; no case has it.
fn string(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    let mut all = length.to_be_bytes().to_vec();
    all.extend_from_slice(&bytes[..usize::from(length)]);
    all
}

/// A variable byte integer (5 section 1.5.5).
fn length(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(value % 128).unwrap_or(0);
        value /= 128;
        bytes.push(if value > 0 { low | 0x80 } else { low });
        if value == 0 {
            return bytes;
        }
    }
}

/// What a broker said.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Heard {
    /// CONNACK.
    Connack {
        /// Return code or reason code.
        code: u8,
        /// Whether there is a session.
        session: bool,
        /// Maximum QoS (5).
        maximum_qos: Option<u8>,
        /// Retain Available (5).
        retain: bool,
    },
    /// SUBACK with the code of its one filter.
    Suback(u8),
    /// A message.
    Message(Box<Message>),
    /// PUBREL of this packet identifier.
    Pubrel(u16),
    /// DISCONNECT (5).
    Disconnect {
        /// Its reason code.
        reason: u8,
        /// It has a session expiry interval, which a server does not send (5 section 3.14.2.2.2).
        expiry: bool,
    },
    /// Something else, by its first byte.
    Other(u8),
    /// Something that cannot be read, by its first byte.
    Unreadable(u8),
}

/// A message as it came.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Message {
    /// Where from.
    pub topic: String,
    /// What it says.
    pub payload: Vec<u8>,
    /// Its QoS.
    pub qos: u8,
    /// Its RETAIN flag.
    pub retain: bool,
    /// Its packet identifier, if it has one.
    pub id: Option<u16>,
    /// Its properties, as far as a will hands them on.
    pub properties: Properties,
}

impl fmt::Display for Message {
    /// Short: it stands in a sentence.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let payload = String::from_utf8_lossy(&self.payload);
        match payload.chars().count() {
            0 => f.write_str("an empty message")?,
            1..=40 => write!(f, "{:?}", &*payload)?,
            _ => write!(f, "a message of {} bytes", self.payload.len())?,
        }
        write!(f, " (QoS {}{})", self.qos, if self.retain { ", RETAIN" } else { "" })
    }
}

/// Reads one packet from a broker.
pub(super) fn read(first: u8, body: &[u8], protocol: Protocol) -> Heard {
    let understood = match first >> 4 {
        2 => connack(body, protocol),
        3 => message(first, body, protocol),
        6 => body.get(..2).map(|id| Heard::Pubrel(u16::from_be_bytes([id[0], id[1]]))),
        9 => body.last().map(|code| Heard::Suback(*code)),
        14 => disconnect_of_broker(body),
        _ => Some(Heard::Other(first)),
    };
    understood.unwrap_or(Heard::Unreadable(first))
}

fn connack(body: &[u8], protocol: Protocol) -> Option<Heard> {
    let (session, code) = (body.first()? & 1 == 1, *body.get(1)?);
    let (mut maximum_qos, mut retain) = (None, true);
    // A broker that does not know the version answers in the words of an older one.
    if protocol == Protocol::V5 && body.len() > 2 {
        let properties = Read::decode(&mut &body[2..]).ok()?;
        maximum_qos = properties.get_maximum_qos();
        retain = !matches!(properties.get(PropertyId::RetainAvailable), Some(PropertyValue::Byte(0)));
    }
    Some(Heard::Connack { code, session, maximum_qos, retain })
}

fn disconnect_of_broker(body: &[u8]) -> Option<Heard> {
    let reason = body.first().copied().unwrap_or(0);
    let properties = match body.get(1..) {
        Some(rest) if !rest.is_empty() => Read::decode(&mut &*rest).ok()?,
        _ => Read::default(),
    };
    Some(Heard::Disconnect { reason, expiry: properties.get_session_expiry_interval().is_some() })
}

fn message(first: u8, body: &[u8], protocol: Protocol) -> Option<Heard> {
    let header = FixedHeader::new(PacketType::Publish, first & 0x0f, u32::try_from(body.len()).ok()?);
    let packet = PublishPacket::decode_body_with_version(&mut &*body, &header, protocol.level()).ok()?;
    let read = &packet.properties;
    let text = |id| match read.get(id) {
        Some(PropertyValue::Utf8String(text)) => Some(text.clone()),
        _ => None,
    };
    let properties = Properties {
        format: match read.get(PropertyId::PayloadFormatIndicator) {
            Some(PropertyValue::Byte(format)) => Some(*format),
            _ => None,
        },
        expiry: read.get_message_expiry_interval(),
        content_type: text(PropertyId::ContentType),
        response_topic: text(PropertyId::ResponseTopic),
        correlation: match read.get(PropertyId::CorrelationData) {
            Some(PropertyValue::BinaryData(data)) => Some(Hex(data.to_vec())),
            _ => None,
        },
        user: read
            .get_all(PropertyId::UserProperty)
            .into_iter()
            .flatten()
            .filter_map(|value| match value {
                PropertyValue::Utf8StringPair(key, value) => Some((key.clone(), value.clone())),
                _ => None,
            })
            .collect(),
    };
    Some(Heard::Message(Box::new(Message {
        topic: packet.topic_name,
        payload: packet.payload.to_vec(),
        qos: packet.qos as u8,
        retain: packet.retain,
        id: packet.packet_id,
        properties,
    })))
}
