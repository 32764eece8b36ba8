//! The packets that a simulated device sends, as bytes.

use super::template::{Announcement, DeviceTemplate, Telemetry, payload, topic};
use crate::mqtt::{ClientId, Protocol, Qos, TopicFilter, TopicName};
use mqtt5_protocol::packet::MqttPacket;
use mqtt5_protocol::packet::connect::ConnectPacket;
use mqtt5_protocol::packet::publish::PublishPacket;
use mqtt5_protocol::packet::subscribe::SubscribePacket;
use mqtt5_protocol::{ConnectOptions, QoS, WillMessage};

/// PINGREQ.
pub const PINGREQ: &[u8] = &[0xC0, 0x00];
/// DISCONNECT with reason 0x00, in both versions.
pub const DISCONNECT: &[u8] = &[0xE0, 0x00];
/// DISCONNECT with reason 0x04. The property length could be left out (5 section 3.14.2.2.1), but some decoders insist.
pub const DISCONNECT_WITH_WILL: &[u8] = &[0xE0, 0x02, 0x04, 0x00];
/// Packet type 0 is reserved and forbidden (3.1.1 section 2.2.1, 5 section 2.1.2): malformed for every broker.
pub const MALFORMED: &[u8] = &[0x00, 0x00];
/// The packet identifier of the announcement: the only packet of a device that is acknowledged.
pub const ANNOUNCEMENT_ID: u16 = 1;

/// PUBREL for the announcement.
pub const fn pubrel() -> [u8; 4] {
    let [high, low] = ANNOUNCEMENT_ID.to_be_bytes();
    [0x62, 0x02, high, low]
}

/// A packet that MQTT cannot carry, with why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unsendable(String);

/// The packet identifier of SUBSCRIBE.
const SUBSCRIBE_ID: u16 = 2;

/// CONNECT of the device `id`; without its will where `with_will` is false.
///
/// # Errors
/// When the client id does not fit into MQTT or makes a topic with a wildcard.
pub fn connect(template: &DeviceTemplate, id: &ClientId, with_will: bool) -> Result<Vec<u8>, Unsendable> {
    let will = if with_will { template.will_of(id) } else { None };
    let mut options = ConnectOptions::new(id.as_str());
    options.clean_start = template.clean;
    options.keep_alive = template.keep_alive.interval().unwrap_or_default();
    if let Some(login) = &template.login {
        options.username = Some(login.user.clone());
        options.password = login.password.as_ref().map(|password| password.clone().into_bytes());
    }
    // The broker publishes a delayed will when the session ends, if that comes first (5 section 3.1.3.2.2): a device
    // with a delay needs a session that outlives it. Without clean start the session is to last, as in 3.1.1.
    let delay = will.as_ref().map_or(0, |will| u32::try_from(will.delay.as_secs()).unwrap_or(u32::MAX));
    let expiry = if template.clean { delay } else { u32::MAX };
    if expiry > 0 {
        options.properties.session_expiry_interval = Some(expiry);
    }
    if let Some(will) = will {
        check_topic(&will.topic)?;
        let mut message = WillMessage::new(&*will.topic, will.payload.to_vec());
        message.qos = qos(will.qos);
        message.retain = will.retain;
        message.properties.will_delay_interval = (delay > 0).then_some(delay);
        options.will = Some(message);
    }
    let packet = match template.protocol {
        Protocol::V311 => ConnectPacket::new_v311(options),
        Protocol::V5 => ConnectPacket::new(options),
    };
    encoded(&packet)
}

/// The announcement of the device `id`, if the template has one.
///
/// # Errors
/// When the client id makes a topic with a wildcard or the packet too long.
pub fn announcement(template: &DeviceTemplate, id: &ClientId) -> Result<Option<(Vec<u8>, Qos)>, Unsendable> {
    let Some(Announcement { topic, payload, qos, retain }) = &template.connected else { return Ok(None) };
    let packet = publish(template.protocol, topic, payload, id, *qos, *retain)?;
    Ok(Some((packet, *qos)))
}

/// One telemetry message of the device `id`, if the template has any.
///
/// # Errors
/// When the client id makes a topic with a wildcard or the packet too long.
pub fn telemetry(template: &DeviceTemplate, id: &ClientId) -> Result<Option<Vec<u8>>, Unsendable> {
    let Some(Telemetry { topic, payload, .. }) = &template.telemetry else { return Ok(None) };
    publish(template.protocol, topic, payload, id, Qos::AtMostOnce, false).map(Some)
}

/// SUBSCRIBE to `filter` at QoS 1.
///
/// # Errors
/// When it is no topic filter.
pub fn subscribe(protocol: Protocol, filter: &str) -> Result<Vec<u8>, Unsendable> {
    filter.parse::<TopicFilter>().map_err(|error| Unsendable(error.to_string()))?;
    let packet = match protocol {
        Protocol::V311 => SubscribePacket::new_v311(SUBSCRIBE_ID),
        Protocol::V5 => SubscribePacket::new(SUBSCRIBE_ID),
    };
    encoded(&packet.add_filter(filter, QoS::AtLeastOnce))
}

fn publish(
    protocol: Protocol,
    to: &TopicName,
    text: &str,
    id: &ClientId,
    with: Qos,
    retain: bool,
) -> Result<Vec<u8>, Unsendable> {
    let name = topic(to.as_str(), id);
    check_topic(&name)?;
    let text = payload(text, id).into_bytes();
    let packet = match protocol {
        Protocol::V311 => PublishPacket::new_v311(name, text, qos(with)),
        Protocol::V5 => PublishPacket::new(name, text, qos(with)),
    };
    encoded(&packet.with_retain(retain).with_packet_id(ANNOUNCEMENT_ID))
}

/// The placeholder is replaced after the template was checked, so the result is checked again.
fn check_topic(name: &str) -> Result<(), Unsendable> {
    name.parse::<TopicName>().map(|_| ()).map_err(|error| Unsendable(error.to_string()))
}

fn encoded(packet: &impl MqttPacket) -> Result<Vec<u8>, Unsendable> {
    let mut bytes = Vec::new();
    packet.encode(&mut bytes).map_err(|error| Unsendable(format!("MQTT cannot carry it: {error}")))?;
    Ok(bytes)
}

const fn qos(qos: Qos) -> QoS {
    match qos {
        Qos::AtMostOnce => QoS::AtMostOnce,
        Qos::AtLeastOnce => QoS::AtLeastOnce,
        Qos::ExactlyOnce => QoS::ExactlyOnce,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mqtt5_protocol::FixedHeader;
    use std::time::Duration;

    fn template() -> DeviceTemplate {
        DeviceTemplate::article("/last/will/topic".parse().unwrap(), "/lwt/connected/topic".parse().unwrap())
    }

    fn decoded(bytes: &[u8]) -> ConnectPacket {
        let mut rest = bytes;
        let header = FixedHeader::decode(&mut rest).unwrap();
        ConnectPacket::decode_body(&mut rest, &header).unwrap()
    }

    #[test]
    fn the_articles_connect_is_version_3_1_1() {
        let packet = decoded(&connect(&template(), &"lwtThing".into(), true).unwrap());
        assert_eq!((packet.protocol_version, packet.keep_alive, packet.clean_start), (4, 30, true));
        assert_eq!(packet.will.unwrap().topic, "/last/will/topic");
        assert!(decoded(&connect(&template(), &"x".into(), false).unwrap()).will.is_none());
    }

    #[test]
    fn a_delayed_will_gets_a_session_that_outlives_it() {
        let mut template = template();
        template.protocol = Protocol::V5;
        template.will.as_mut().unwrap().delay = Duration::from_secs(7);
        let packet = decoded(&connect(&template, &"x".into(), true).unwrap());
        assert_eq!(packet.properties.get_session_expiry_interval(), Some(7));
        assert_eq!(packet.will.unwrap().properties.will_delay_interval, Some(7));
        template.clean = false;
        let packet = decoded(&connect(&template, &"x".into(), true).unwrap());
        assert_eq!(packet.properties.get_session_expiry_interval(), Some(u32::MAX));
    }

    #[test]
    fn an_id_that_mqtt_cannot_carry_is_an_error() {
        let long = ClientId::new("x".repeat(70_000));
        assert!(connect(&template(), &long, true).is_err());
        let mut template = template();
        template.connected.as_mut().unwrap().topic = "d/${client_id}".parse().unwrap();
        let error = announcement(&template, &"a+b".into()).unwrap_err();
        assert!(error.to_string().contains("no wildcard"), "{error}");
    }
}
