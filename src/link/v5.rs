//! A session of MQTT 5, in rumqttc's packets and with its state.

use super::identifiers;
use super::session::{Heard, IN_FLIGHT, Request, Session, Terms, shared};
use super::trouble::Trouble;
use super::{LinkConfig, Outgoing};
use crate::clock::Moment;
use crate::fleet::Incoming;
use crate::mqtt::{ClientId, KeepAlive, Properties, Protocol, Qos};
use bytes::{Bytes, BytesMut};
use rumqttc::v5::mqttbytes::v5::{
    ConnAck, Connect, ConnectProperties, ConnectReturnCode, Filter, Login, Packet, Publish, PublishProperties,
    Subscribe, SubscribeProperties, SubscribeReasonCode,
};
use rumqttc::v5::mqttbytes::{Error, QoS};
use rumqttc::v5::{MqttState, Request as R, StateError};
use std::sync::Arc;

/// The largest packet that brokers are asked to send; memory is only taken for messages that come.
const LARGEST: u32 = 16 * 1024 * 1024;

/// For how many seconds a broker is asked to keep a session that is not clean.
const SESSION: u32 = 3600;

/// The key under which the embedded broker names the publisher.
const PUBLISHER_KEY: &str = "x-mqtt-client-id";

/// The session.
pub struct V5 {
    state: MqttState,
    connected: bool,
    attribute: bool,
    /// Some SUBSCRIBE had a subscription identifier.
    identified: bool,
    /// How many messages the broker acknowledges at once, at most.
    in_flight: u16,
    last_topic: Arc<str>,
}

impl V5 {
    /// A session that has not begun. `attribute`: whether the broker is trusted to say who published a message.
    pub fn new(attribute: bool) -> Self {
        let state = MqttState::new(IN_FLIGHT, false);
        Self { state, connected: false, attribute, identified: false, in_flight: IN_FLIGHT, last_topic: "".into() }
    }

    fn connected(&mut self, connack: ConnAck, heard: &mut Vec<Heard>) -> Result<(), Trouble> {
        if connack.code != ConnectReturnCode::Success {
            return Err(Trouble::Refused(Protocol::V5, refusal(connack.code)));
        }
        self.connected = true;
        let mut terms = Terms { identifiers: true, ..Terms::default() };
        if let Some(properties) = &connack.properties {
            self.in_flight = properties.receive_max.map_or(IN_FLIGHT, |most| most.clamp(1, IN_FLIGHT));
            terms.largest = properties.max_packet_size.map(|size| usize::try_from(size).unwrap_or(usize::MAX));
            terms.highest = properties.max_qos.and_then(Qos::from_u8);
            terms.no_retain = properties.retain_available == Some(0);
            terms.identifiers = properties.subscription_identifiers_available != Some(0);
            terms.keep_alive = properties.server_keep_alive.map(KeepAlive);
        }
        self.state.handle_incoming_packet(Packet::ConnAck(connack)).map_err(|error| of_state(&error))?;
        self.state.events.clear();
        heard.push(Heard::Connected(terms));
        Ok(())
    }

    fn heard(&mut self, packet: &Packet, ids: Vec<u32>, at: Moment, heard: &mut Vec<Heard>) {
        heard.push(match packet {
            Packet::Publish(message) => {
                let properties = message.properties.clone();
                let (publisher, properties) = properties.map_or((None, None), |found| carried(found, self.attribute));
                let message = Incoming {
                    at,
                    topic: shared(&message.topic, &mut self.last_topic),
                    // Copied: the payload would keep the whole read buffer alive that it stands in.
                    payload: Bytes::copy_from_slice(&message.payload),
                    qos: Qos::from_u8(message.qos as u8).unwrap_or_default(),
                    retain: message.retain,
                    publisher,
                    source: None,
                    properties,
                };
                Heard::Message(message, ids)
            }
            Packet::SubAck(ack) => {
                Heard::Subscribed(ack.pkid, ack.return_codes.iter().copied().map(suback_code).collect())
            }
            _ => return,
        });
    }
}

impl Session for V5 {
    fn connect(&self, config: &LinkConfig, client_id: &str, output: &mut BytesMut) -> Result<(), Trouble> {
        let mut properties = ConnectProperties::new();
        properties.max_packet_size = Some(LARGEST);
        properties.session_expiry_interval = (!config.clean).then_some(SESSION);
        let connect = Connect {
            keep_alive: config.keep_alive.0,
            client_id: client_id.to_owned(),
            clean_start: config.clean,
            properties: Some(properties),
        };
        let login = config.route.address.login.as_ref();
        let login = login.map(|login| Login::new(&login.user, login.password.as_deref().unwrap_or_default()));
        write(&Packet::Connect(connect, None, login), output)
    }

    fn take(
        &mut self,
        input: &mut BytesMut,
        at: Moment,
        output: &mut BytesMut,
        heard: &mut Vec<Heard>,
    ) -> Result<bool, Trouble> {
        // rumqttc does not read DISCONNECT without property length, which is legal (5 section 3.14.2.2.1).
        match input[..] {
            [0xE0, 0, ..] => return Err(Trouble::Disconnected(0)),
            [0xE0, 1, code, ..] => return Err(Trouble::Disconnected(code)),
            // Nor the CONNACK with which a broker of 3.1.1 refuses (3.1.1 section 3.2.2.3).
            [0x20, 2, _, code, ..] if !self.connected && code > 0 => {
                return Err(Trouble::Refused(Protocol::V311, code));
            }
            _ => {}
        }
        let ids = if self.identified { identifiers::cut(input) } else { Vec::new() };
        let packet = match Packet::read(input, Some(LARGEST)) {
            Ok(packet) => packet,
            Err(Error::InsufficientBytes(_)) => return Ok(false),
            Err(error) => return Err(of_packet(&error)),
        };
        match packet {
            Packet::ConnAck(connack) if !self.connected => self.connected(connack, heard)?,
            packet if self.connected => {
                self.heard(&packet, ids, at, heard);
                // Nothing answers these, and most are. Topic aliases, which the state knows, are not asked for.
                if matches!(&packet, Packet::Publish(message) if message.qos == QoS::AtMostOnce) {
                    return Ok(true);
                }
                let answer = self.state.handle_incoming_packet(packet).map_err(|error| of_state(&error))?;
                self.state.events.clear();
                if let Some(answer) = answer {
                    write(&answer, output)?;
                }
            }
            _ => return Err(Trouble::Protocol("the broker's first packet is no CONNACK".to_owned())),
        }
        Ok(true)
    }

    fn send(&mut self, request: Request<'_>, output: &mut BytesMut) -> Result<Option<u16>, Trouble> {
        let packet = self.state.handle_outgoing_packet(match request {
            Request::Publish(Outgoing { topic, payload, qos, retain, user_properties, origin: _ }) => {
                let carried = PublishProperties { user_properties, ..PublishProperties::default() };
                let properties = (!carried.user_properties.is_empty()).then_some(carried);
                let mut publish = Publish::new(topic.as_str(), level(qos), payload, properties);
                publish.retain = retain;
                R::Publish(publish)
            }
            Request::Subscribe(filters, qos, id) => {
                self.identified |= id.is_some();
                let filters = filters.iter().map(|filter| Filter::new(filter.as_str(), level(qos)));
                let id = id.and_then(|id| usize::try_from(id).ok());
                let properties = id.map(|id| SubscribeProperties { id: Some(id), user_properties: Vec::new() });
                R::Subscribe(Subscribe::new_many(filters, properties))
            }
            Request::Ping => R::PingReq,
            Request::Disconnect => R::Disconnect,
        });
        self.state.events.clear();
        let Some(packet) = packet.map_err(|error| of_state(&error))? else { return Ok(None) };
        write(&packet, output)?;
        Ok(if let Packet::Subscribe(subscribe) = packet { Some(subscribe.pkid) } else { None })
    }

    fn is_free(&self) -> bool {
        self.state.inflight() < self.in_flight && self.state.collision.is_none()
    }

    fn unacknowledged(&mut self) -> usize {
        let held = usize::from(self.state.collision.take().is_some());
        held + self.state.clean().iter().filter(|request| matches!(request, R::Publish(_))).count()
    }
}

/// Who published a message, where the broker is trusted to say so, and what the publisher itself gave it to carry.
fn carried(found: PublishProperties, attribute: bool) -> (Option<ClientId>, Option<Arc<Properties>>) {
    let mut user = found.user_properties;
    // The broker's word comes last; a publisher may have written one of its own.
    let named = attribute.then(|| user.iter().rposition(|(key, _)| key == PUBLISHER_KEY)).flatten();
    let publisher = named.map(|place| ClientId::new(user.remove(place).1));
    let properties = Properties {
        utf8: found.payload_format_indicator.map(|indicator| indicator == 1),
        content_type: found.content_type,
        response_topic: found.response_topic,
        correlation_data: found.correlation_data.map(|data| Bytes::copy_from_slice(&data)),
        user,
    };
    (publisher, (!properties.is_empty()).then(|| properties.into()))
}

fn write(packet: &Packet, output: &mut BytesMut) -> Result<(), Trouble> {
    // Whether the broker takes a packet of this size is known before it is made.
    packet.write(output, None).map(drop).map_err(|error| of_packet(&error))
}

fn of_packet(error: &Error) -> Trouble {
    match error {
        Error::InvalidConnectReturnCode(code) => {
            let protocol = if *code < 0x80 { Protocol::V311 } else { Protocol::V5 };
            Trouble::Refused(protocol, *code)
        }
        other => Trouble::Protocol(other.to_string()),
    }
}

fn of_state(error: &StateError) -> Trouble {
    match error {
        StateError::ServerDisconnect { reason_code, .. } => Trouble::Disconnected(*reason_code as u8),
        StateError::Deserialization(error) => of_packet(error),
        StateError::AwaitPingResp | StateError::CollisionTimeout => Trouble::NoPingresp,
        other => Trouble::Protocol(other.to_string()),
    }
}

/// The reason code of a refusing CONNACK (5 section 3.2.2.2): rumqttc keeps its own to itself.
const fn refusal(code: ConnectReturnCode) -> u8 {
    use ConnectReturnCode as C;
    match code {
        C::Success => 0x00,
        C::RefusedProtocolVersion | C::UnsupportedProtocolVersion => 0x84,
        C::BadClientId | C::ClientIdentifierNotValid => 0x85,
        C::ServiceUnavailable | C::ServerUnavailable => 0x88,
        C::UnspecifiedError => 0x80,
        C::MalformedPacket => 0x81,
        C::ProtocolError => 0x82,
        C::ImplementationSpecificError => 0x83,
        C::BadUserNamePassword => 0x86,
        C::NotAuthorized => 0x87,
        C::ServerBusy => 0x89,
        C::Banned => 0x8A,
        C::BadAuthenticationMethod => 0x8C,
        C::TopicNameInvalid => 0x90,
        C::PacketTooLarge => 0x95,
        C::QuotaExceeded => 0x97,
        C::PayloadFormatInvalid => 0x99,
        C::RetainNotSupported => 0x9A,
        C::QoSNotSupported => 0x9B,
        C::UseAnotherServer => 0x9C,
        C::ServerMoved => 0x9D,
        C::ConnectionRateExceeded => 0x9F,
    }
}

const fn suback_code(code: SubscribeReasonCode) -> u8 {
    use SubscribeReasonCode as C;
    match code {
        C::Success(qos) => qos as u8,
        C::Failure | C::Unspecified => 0x80,
        C::ImplementationSpecific => 0x83,
        C::NotAuthorized => 0x87,
        C::TopicFilterInvalid => 0x8F,
        C::PkidInUse => 0x91,
        C::QuotaExceeded => 0x97,
        C::SharedSubscriptionsNotSupported => 0x9E,
        C::SubscriptionIdNotSupported => 0xA1,
        C::WildcardSubscriptionsNotSupported => 0xA2,
    }
}

const fn level(qos: Qos) -> QoS {
    match qos {
        Qos::AtMostOnce => QoS::AtMostOnce,
        Qos::AtLeastOnce => QoS::AtLeastOnce,
        Qos::ExactlyOnce => QoS::ExactlyOnce,
    }
}
