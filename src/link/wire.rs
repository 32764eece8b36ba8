//! One connection of rumqttc, in either version, behind one API.

use super::trouble::Trouble;
use super::{LinkConfig, Outgoing};
use crate::clock::{Clock, Moment};
use crate::fleet::Incoming;
use crate::mqtt::{ClientId, Protocol, Qos, TopicFilter};
use bytes::Bytes;
use futures_util::FutureExt;
use rumqttc::v5;
use std::sync::Arc;
use std::time::Duration;

/// How long a broker may take from the first SYN to CONNACK.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// rumqttc gives a dead broker away after twice this. Shorter would take a broker that is busy with a mass cut for dead.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// Messages that wait to be published while the broker is slow: enough for the rule's answers to a mass cut of thousands,
/// and at some hundred bytes each a few megabytes at most.
const REQUESTS: usize = 8_192;

/// QoS 1 messages on their way at once. rumqttc reserves room for as many: its default takes 11 MB, this 17 KB.
const IN_FLIGHT: u16 = 100;

/// The largest message that MQTT 5 brokers are asked to send; memory is only taken for messages that come.
const LARGEST_V5: u32 = 16 * 1024 * 1024;

/// The largest packet that MQTT has: a 3.1.1 broker cannot be asked for less, and rumqttc closes on a larger one.
const LARGEST: usize = 268_435_460;

/// Reads without waiting after the first one: bounds a batch to about 10 × this many messages, because rumqttc hands out
/// ten at a time, so that the hub sees the first ones early.
const MORE_READS: usize = 100;

/// A mass cut of ten thousand wills of a kilobyte stays in the kernel's buffer while lwtop is busy elsewhere.
const WILL_BUFFER: u32 = 4 * 1024 * 1024;

/// The key under which the embedded broker names the publisher.
const PUBLISHER_KEY: &str = "x-mqtt-client-id";

/// What a connection heard.
#[derive(Debug)]
pub enum Heard {
    /// CONNACK accepted.
    Connected,
    /// A SUBSCRIBE went out with this packet identifier.
    SubscribeSent(u16),
    /// SUBACK: a return or reason code for each filter.
    Subscribed(u16, Vec<u8>),
    /// A message.
    Message(Incoming),
}

/// The sending side of a connection.
#[derive(Clone, Debug)]
pub struct Publisher {
    client: Client,
    /// The largest packet that the broker takes: rumqttc would close the connection over a larger one.
    largest: usize,
}

#[derive(Clone, Debug)]
enum Client {
    V311(rumqttc::AsyncClient),
    V5(v5::AsyncClient),
}

impl Publisher {
    /// Whether the broker takes a packet of this size.
    pub fn takes(&self, message: &Outgoing) -> bool {
        // Fixed header, topic length, packet identifier and property length together never take more than 16 bytes.
        message.topic.as_str().len() + message.payload.len() + 16 <= self.largest
    }

    /// Hands over a message; false if there is no room for it now.
    pub fn publish(&self, message: Outgoing) -> bool {
        let Outgoing { topic, payload, qos, retain } = message;
        match &self.client {
            Client::V311(client) => client.try_publish(topic.as_str(), qos_v311(qos), retain, payload).is_ok(),
            Client::V5(client) => client.try_publish(topic.as_str(), qos_v5(qos), retain, payload).is_ok(),
        }
    }
}

enum Loop {
    V311(Box<rumqttc::EventLoop>),
    V5(Box<v5::EventLoop>),
}

/// One connection, made anew for each attempt: rumqttc's own reconnect would keep what the last one left behind.
pub struct Wire {
    publisher: Publisher,
    events: Loop,
    clock: Clock,
    attribute: bool,
    /// Wills share one topic: its text is allocated once, not per message.
    last_topic: Arc<str>,
}

/// Polls once, then without waiting for as long as something is ready; each poll reads up to ten packets and leaves nine
/// of them in the buffer, from where they are taken at a fraction of the cost of a poll. A macro, because rumqttc's two
/// event loops share no trait.
macro_rules! take_all {
    ($events:ident, $clock:ident, |$event:ident, $now:ident| $hear:block) => {{
        let mut polled = Some($events.poll().await);
        let $now = $clock.now();
        let mut reads = 0;
        while let Some(result) = polled {
            let (first, trouble) = match result {
                Ok(event) => (Some(event), None),
                Err(error) => (None, Some(error)),
            };
            for $event in first.into_iter().chain($events.state.events.drain(..)) $hear
            if let Some(error) = trouble {
                return Err(error.into());
            }
            reads += 1;
            polled = if reads < MORE_READS { $events.poll().now_or_never() } else { None };
        }
        Ok(())
    }};
}

impl Wire {
    /// A connection that is opened by the first [`Self::next`].
    pub fn new(config: &LinkConfig, protocol: Protocol, client_id: &str, large_buffer: bool, clock: Clock) -> Self {
        let mut network = rumqttc::NetworkOptions::new();
        network.set_connection_timeout(PATIENCE.as_secs());
        network.set_tcp_nodelay(true);
        if large_buffer {
            network.set_tcp_recv_buffer_size(WILL_BUFFER);
        }
        // rumqttc puts host and port together itself, without a thought for IPv6.
        let host = if config.host.contains(':') { format!("[{}]", config.host) } else { config.host.clone() };
        let login = config.login.as_ref().map(|login| (&*login.user, login.password.as_deref().unwrap_or_default()));
        let (client, events) = match protocol {
            Protocol::V311 => {
                let mut options = rumqttc::MqttOptions::new(client_id, host, config.port);
                options.set_keep_alive(KEEP_ALIVE).set_inflight(IN_FLIGHT).set_max_packet_size(LARGEST, LARGEST);
                if let Some((user, password)) = login {
                    options.set_credentials(user, password);
                }
                let (client, mut events) = rumqttc::AsyncClient::new(options, REQUESTS);
                events.set_network_options(network);
                (Client::V311(client), Loop::V311(Box::new(events)))
            }
            Protocol::V5 => {
                let mut options = v5::MqttOptions::new(client_id, host, config.port);
                options
                    .set_keep_alive(KEEP_ALIVE)
                    .set_outgoing_inflight_upper_limit(IN_FLIGHT)
                    .set_max_packet_size(Some(LARGEST_V5))
                    .set_connection_timeout(PATIENCE.as_secs())
                    .set_network_options(network);
                if let Some((user, password)) = login {
                    options.set_credentials(user, password);
                }
                let (client, events) = v5::AsyncClient::new(options, REQUESTS);
                (Client::V5(client), Loop::V5(Box::new(events)))
            }
        };
        let publisher = Publisher { client, largest: LARGEST };
        Self { publisher, events, clock, attribute: config.attribute, last_topic: "".into() }
    }

    /// Waits until something is heard, then takes everything that is ready without waiting again. What was heard before
    /// trouble came is in `heard` too. Cancel safe while connected; while connecting, a new call begins anew.
    pub async fn next(&mut self, heard: &mut Vec<Heard>) -> Result<(), Trouble> {
        let Self { publisher, events, clock, attribute, last_topic } = self;
        match events {
            Loop::V311(events) => take_all!(events, clock, |event, now| {
                hear_v311(event, now, last_topic, heard);
            }),
            Loop::V5(events) => take_all!(events, clock, |event, now| {
                hear_v5(event, now, *attribute, last_topic, &mut publisher.largest, heard);
            }),
        }
    }

    /// The sending side, as the broker's limits are known now.
    pub fn publisher(&self) -> Publisher {
        self.publisher.clone()
    }

    /// Asks for these filters; false if rumqttc does not take the request.
    pub fn subscribe(&self, filters: &[TopicFilter], qos: Qos) -> bool {
        match &self.publisher.client {
            Client::V311(client) => {
                let filters = filters
                    .iter()
                    .map(|filter| rumqttc::SubscribeFilter::new(filter.as_str().to_owned(), qos_v311(qos)));
                client.try_subscribe_many(filters).is_ok()
            }
            Client::V5(client) => {
                let filters = filters.iter().map(|filter| v5::mqttbytes::v5::Filter::new(filter.as_str(), qos_v5(qos)));
                client.try_subscribe_many(filters).is_ok()
            }
        }
    }

    /// Sends DISCONNECT, as far as the broker lets it. Only while connected: it would connect first.
    pub async fn disconnect(&mut self) {
        match (&self.publisher.client, &mut self.events) {
            (Client::V311(client), Loop::V311(events)) if client.try_disconnect().is_ok() => {
                use rumqttc::{Event::Outgoing, Outgoing::Disconnect};
                while events.poll().await.is_ok_and(|event| event != Outgoing(Disconnect)) {}
            }
            (Client::V5(client), Loop::V5(events)) if client.try_disconnect().is_ok() => {
                use {rumqttc::Outgoing::Disconnect, v5::Event::Outgoing};
                while events.poll().await.is_ok_and(|event| event != Outgoing(Disconnect)) {}
            }
            // The queue is full, so the broker is not reading: it would not read a DISCONNECT either.
            _ => {}
        }
    }

    /// How many messages were handed over and never acknowledged; asked after trouble, before the wire is dropped.
    pub fn unsent(&mut self) -> usize {
        match &mut self.events {
            Loop::V311(events) => {
                events.clean();
                events.pending.iter().filter(|request| matches!(request, rumqttc::Request::Publish(_))).count()
            }
            Loop::V5(events) => {
                events.clean();
                events.pending.iter().filter(|request| matches!(request, v5::Request::Publish(_))).count()
            }
        }
    }
}

fn hear_v311(event: rumqttc::Event, at: Moment, last_topic: &mut Arc<str>, heard: &mut Vec<Heard>) {
    use rumqttc::{Event, Outgoing, Packet, SubscribeReasonCode as Code};
    heard.push(match event {
        Event::Incoming(Packet::Publish(message)) => Heard::Message(Incoming {
            at,
            topic: shared(message.topic.as_bytes(), last_topic),
            payload: Bytes::copy_from_slice(&message.payload),
            qos: Qos::from_u8(message.qos as u8).unwrap_or_default(),
            retain: message.retain,
            publisher: None,
        }),
        Event::Incoming(Packet::ConnAck(_)) => Heard::Connected,
        Event::Incoming(Packet::SubAck(ack)) => {
            let code = |code: &Code| if let Code::Success(qos) = code { *qos as u8 } else { 0x80 };
            Heard::Subscribed(ack.pkid, ack.return_codes.iter().map(code).collect())
        }
        Event::Outgoing(Outgoing::Subscribe(id)) => Heard::SubscribeSent(id),
        _ => return,
    });
}

fn hear_v5(
    event: v5::Event,
    at: Moment,
    attribute: bool,
    last_topic: &mut Arc<str>,
    largest: &mut usize,
    heard: &mut Vec<Heard>,
) {
    use rumqttc::Outgoing;
    use v5::{Event, mqttbytes::v5::Packet};
    heard.push(match event {
        Event::Incoming(Packet::Publish(message)) => Heard::Message(Incoming {
            at,
            topic: shared(&message.topic, last_topic),
            // Copied: rumqttc's payload would keep the whole read buffer alive that it stands in.
            payload: Bytes::copy_from_slice(&message.payload),
            qos: Qos::from_u8(message.qos as u8).unwrap_or_default(),
            retain: message.retain,
            publisher: message.properties.filter(|_| attribute).and_then(|properties| {
                let named = properties.user_properties.into_iter().find(|(key, _)| key == PUBLISHER_KEY);
                named.map(|(_, id)| ClientId::new(id))
            }),
        }),
        Event::Incoming(Packet::ConnAck(connack)) => {
            if let Some(size) = connack.properties.and_then(|properties| properties.max_packet_size) {
                *largest = usize::try_from(size).unwrap_or(usize::MAX);
            }
            Heard::Connected
        }
        Event::Incoming(Packet::SubAck(ack)) => {
            Heard::Subscribed(ack.pkid, ack.return_codes.into_iter().map(suback_code).collect())
        }
        Event::Outgoing(Outgoing::Subscribe(id)) => Heard::SubscribeSent(id),
        _ => return,
    });
}

fn suback_code(code: v5::mqttbytes::v5::SubscribeReasonCode) -> u8 {
    use v5::mqttbytes::v5::SubscribeReasonCode as C;
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

fn shared(topic: &[u8], last: &mut Arc<str>) -> Arc<str> {
    if last.as_bytes() != topic {
        *last = String::from_utf8_lossy(topic).into();
    }
    Arc::clone(last)
}

const fn qos_v311(qos: Qos) -> rumqttc::QoS {
    match qos {
        Qos::AtMostOnce => rumqttc::QoS::AtMostOnce,
        Qos::AtLeastOnce => rumqttc::QoS::AtLeastOnce,
        Qos::ExactlyOnce => rumqttc::QoS::ExactlyOnce,
    }
}

const fn qos_v5(qos: Qos) -> v5::mqttbytes::QoS {
    match qos {
        Qos::AtMostOnce => v5::mqttbytes::QoS::AtMostOnce,
        Qos::AtLeastOnce => v5::mqttbytes::QoS::AtLeastOnce,
        Qos::ExactlyOnce => v5::mqttbytes::QoS::ExactlyOnce,
    }
}
