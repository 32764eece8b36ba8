//! A session of MQTT 3.1.1, in rumqttc's packets and with its state.

use super::session::{Heard, IN_FLIGHT, LARGEST, Request, Session, Terms, shared};
use super::trouble::Trouble;
use super::{LinkConfig, Outgoing};
use crate::clock::Moment;
use crate::fleet::Incoming;
use crate::mqtt::{Protocol, Qos};
use bytes::{Bytes, BytesMut};
use rumqttc::mqttbytes::Error;
use rumqttc::{Connect, ConnectReturnCode, Disconnect, Login, MqttState, Packet, PingReq, Publish, QoS, Request as R};
use rumqttc::{StateError, Subscribe, SubscribeFilter, SubscribeReasonCode};
use std::sync::Arc;

/// The session.
pub struct V311 {
    state: MqttState,
    connected: bool,
    last_topic: Arc<str>,
}

impl V311 {
    /// A session that has not begun.
    pub fn new() -> Self {
        Self { state: MqttState::new(IN_FLIGHT, false), connected: false, last_topic: "".into() }
    }

    fn heard(&mut self, packet: &Packet, at: Moment, heard: &mut Vec<Heard>) {
        heard.push(match packet {
            Packet::Publish(message) => {
                let message = Incoming {
                    at,
                    topic: shared(message.topic.as_bytes(), &mut self.last_topic),
                    // Copied: the payload would keep the whole read buffer alive that it stands in.
                    payload: Bytes::copy_from_slice(&message.payload),
                    qos: Qos::from_u8(message.qos as u8).unwrap_or_default(),
                    retain: message.retain,
                    publisher: None,
                    source: None,
                    properties: None,
                };
                Heard::Message(message, Vec::new())
            }
            Packet::SubAck(ack) => {
                let code = |code: &SubscribeReasonCode| {
                    if let SubscribeReasonCode::Success(qos) = code { *qos as u8 } else { 0x80 }
                };
                Heard::Subscribed(ack.pkid, ack.return_codes.iter().map(code).collect())
            }
            _ => return,
        });
    }
}

impl Session for V311 {
    fn connect(&self, config: &LinkConfig, client_id: &str, output: &mut BytesMut) -> Result<(), Trouble> {
        let mut connect = Connect::new(client_id);
        connect.keep_alive = config.keep_alive.0;
        connect.clean_session = config.clean;
        let login = config.route.address.login.as_ref();
        connect.login = login.map(|login| Login::new(&login.user, login.password.as_deref().unwrap_or_default()));
        write(&Packet::Connect(connect), output)
    }

    fn take(
        &mut self,
        input: &mut BytesMut,
        at: Moment,
        output: &mut BytesMut,
        heard: &mut Vec<Heard>,
    ) -> Result<bool, Trouble> {
        let packet = match Packet::read(input, LARGEST) {
            Ok(packet) => packet,
            Err(Error::InsufficientBytes(_)) => return Ok(false),
            Err(error) => return Err(of_packet(&error)),
        };
        match packet {
            Packet::ConnAck(connack) if !self.connected => {
                if connack.code != ConnectReturnCode::Success {
                    return Err(Trouble::Refused(Protocol::V311, connack.code as u8));
                }
                self.connected = true;
                heard.push(Heard::Connected(Terms::default()));
            }
            packet if self.connected => {
                self.heard(&packet, at, heard);
                // Nothing answers these, and most are.
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
            Request::Publish(Outgoing { topic, payload, qos, retain, user_properties: _, origin: _ }) => {
                let mut publish = Publish::from_bytes(topic.as_str(), level(qos), payload);
                publish.retain = retain;
                R::Publish(publish)
            }
            Request::Subscribe(filters, qos, _) => {
                let filters = filters.iter().map(|filter| SubscribeFilter::new(filter.as_str().to_owned(), level(qos)));
                R::Subscribe(Subscribe::new_many(filters))
            }
            Request::Ping => R::PingReq(PingReq),
            Request::Disconnect => R::Disconnect(Disconnect),
        });
        self.state.events.clear();
        let Some(packet) = packet.map_err(|error| of_state(&error))? else { return Ok(None) };
        write(&packet, output)?;
        Ok(if let Packet::Subscribe(subscribe) = packet { Some(subscribe.pkid) } else { None })
    }

    fn is_free(&self) -> bool {
        self.state.inflight() < IN_FLIGHT && self.state.collision.is_none()
    }

    fn unacknowledged(&mut self) -> usize {
        let held = usize::from(self.state.collision.take().is_some());
        held + self.state.clean().iter().filter(|request| matches!(request, R::Publish(_))).count()
    }
}

fn write(packet: &Packet, output: &mut BytesMut) -> Result<(), Trouble> {
    packet.write(output, LARGEST).map(drop).map_err(|error| of_packet(&error))
}

fn of_packet(error: &Error) -> Trouble {
    match error {
        Error::InvalidConnectReturnCode(code) => Trouble::Refused(Protocol::V311, *code),
        other => Trouble::Protocol(other.to_string()),
    }
}

fn of_state(error: &StateError) -> Trouble {
    match error {
        StateError::Deserialization(error) => of_packet(error),
        StateError::AwaitPingResp | StateError::CollisionTimeout => Trouble::NoPingresp,
        other => Trouble::Protocol(other.to_string()),
    }
}

const fn level(qos: Qos) -> QoS {
    match qos {
        Qos::AtMostOnce => QoS::AtMostOnce,
        Qos::AtLeastOnce => QoS::AtLeastOnce,
        Qos::ExactlyOnce => QoS::ExactlyOnce,
    }
}
