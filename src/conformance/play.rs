//! One case against one broker.

use super::case::Case;
use super::client::{Came, Client};
use super::packets::{self, Heard};
use super::run::Options;
use super::step::{Answer, Connect, Cut, Expect, Observe, Properties, Publish, Step};
use crate::mqtt::Protocol;
use std::collections::HashMap;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Plays the steps of one case.
pub(super) struct Play<'a> {
    options: &'a Options,
    protocol: Protocol,
    /// Begins the client ids; with what follows it at most 23 letters and digits, which every broker takes
    /// (3.1.1 section 3.1.3.1).
    ids: String,
    /// Begins the topics.
    topics: String,
    clients: HashMap<String, Client>,
    /// The last time that a step did something.
    acted: Instant,
    /// Topics that may have a retained message.
    retained: Vec<String>,
    fences: usize,
}

/// Plays `case`, the one of this number in this run.
///
/// # Errors
/// What was expected, and what came.
pub(super) async fn play(case: &Case, run: &str, number: usize, options: &Options) -> Result<(), String> {
    let mut play = Play {
        options,
        protocol: case.version.protocol(),
        ids: format!("lw{run}{number:03}"),
        topics: format!("lwtop-conformance/{run}/{number}"),
        clients: HashMap::new(),
        acted: Instant::now(),
        retained: Vec::new(),
        fences: 0,
    };
    let mut result = Ok(());
    for (index, step) in case.steps.iter().enumerate() {
        if let Err(why) = play.step(step).await {
            result = Err(format!("step {}: {why}", index + 1));
            break;
        }
    }
    play.clean_up().await;
    result
}

impl Play<'_> {
    async fn step(&mut self, step: &Step) -> Result<(), String> {
        match step {
            Step::Observe(step) => self.observe(step).await?,
            Step::Connect(step) => self.connect(step).await?,
            Step::Publish(step) => self.publish(step).await?,
            Step::Send { who, bytes } => self.client(who)?.send(&bytes.0).await,
            Step::Disconnect { who, reason, session_expiry, stays } => {
                let client = self.client(who)?;
                client.send(&packets::disconnect(*reason, *session_expiry)).await;
                if !stays {
                    client.fin().await;
                }
            }
            Step::Cut { who, how: Cut::Fin } => self.client(who)?.fin().await,
            Step::Cut { who, how: Cut::Rst } => {
                if let Some(client) = self.clients.remove(who) {
                    client.rst();
                }
            }
            Step::Wait { seconds } => {
                sleep(Duration::from_secs_f64(*seconds)).await;
                return Ok(());
            }
            Step::Expect(step) => return self.expect(step).await,
            Step::Nothing { who, seconds } => return self.nothing(who, *seconds).await,
            Step::Closed { who, reason, reasons_if_any } => return self.closed(who, *reason, reasons_if_any).await,
        }
        self.acted = Instant::now();
        Ok(())
    }

    fn client(&mut self, who: &str) -> Result<&mut Client, String> {
        self.clients.get_mut(who).ok_or_else(|| format!("{who} is not there any more"))
    }

    fn deadline(&self) -> Instant {
        Instant::now() + self.options.patience
    }

    fn topic(&self, name: &str) -> String {
        format!("{}/{name}", self.topics)
    }

    /// A client that has connected, and does nothing wrong.
    async fn plain(&self, name: &str) -> Result<Client, String> {
        let step = Connect::plain(name);
        let mut client = Client::connect(self.options.addr, self.protocol, self.deadline()).await?;
        client.send(&self.connect_bytes(&step)).await;
        match client.answer(self.deadline()).await {
            Came::Packet(Heard::Connack { code: 0, .. }) => Ok(client),
            other => Err(format!("{name} connects: {}", words(&other))),
        }
    }

    fn connect_bytes(&self, step: &Connect) -> Vec<u8> {
        let id = format!("{}{}", self.ids, step.id.as_ref().unwrap_or(&step.name));
        packets::connect(step, self.protocol, &id, |name| self.topic(name), self.options.login.as_ref())
    }

    async fn observe(&mut self, step: &Observe) -> Result<(), String> {
        let mut client = self.plain(&step.name).await?;
        let topic = self.topic(&step.topic);
        client.send(&packets::subscribe(self.protocol, &topic, step.qos, step.retain_as_published)).await;
        match client.answer(self.deadline()).await {
            Came::Packet(Heard::Suback(granted)) if granted == step.qos => {}
            Came::Packet(Heard::Suback(granted @ 0..=2)) => {
                return Err(format!("{} subscribes at QoS {} and is granted {granted}", step.name, step.qos));
            }
            other => return Err(format!("{} subscribes: {}", step.name, words(&other))),
        }
        client.topic = Some(topic);
        self.clients.insert(step.name.clone(), client);
        Ok(())
    }

    async fn connect(&mut self, step: &Connect) -> Result<(), String> {
        if let Some(will) = step.will.as_ref().filter(|will| will.retain && will.raw_topic.is_none()) {
            self.retained.push(self.topic(&will.topic));
        }
        let mut client = Client::connect(self.options.addr, self.protocol, self.deadline()).await?;
        client.send(&self.connect_bytes(step)).await;
        let came = client.answer(self.deadline()).await;
        match (step.answer, &came) {
            (Answer::Accepted, Came::Packet(Heard::Connack { code: 0, session, .. })) => {
                if let Some(expected) = step.session_present.filter(|expected| expected != session) {
                    let say = |present| if present { "a session present" } else { "no session present" };
                    return Err(format!("{} expects {}, CONNACK says {}", step.name, say(expected), say(*session)));
                }
                self.clients.insert(step.name.clone(), client);
                Ok(())
            }
            (Answer::Accepted, other) => Err(format!("{} expects CONNACK 0: {}", step.name, words(other))),
            (Answer::Refused | Answer::Closed, Came::End) => Ok(()),
            (Answer::Refused, Came::Packet(Heard::Connack { code: code @ 1.., .. })) => {
                if !step.codes.is_empty() && !step.codes.contains(code) {
                    return Err(format!("{} expects {}, CONNACK says {code:#04x}", step.name, listed(&step.codes)));
                }
                match client.answer(self.deadline()).await {
                    Came::End => Ok(()),
                    other => Err(format!("{} expects the end after CONNACK {code:#04x}: {}", step.name, words(&other))),
                }
            }
            (Answer::Refused, other) => Err(format!("{} expects to be refused: {}", step.name, words(other))),
            (Answer::Closed, other) => Err(format!("{} expects the end without CONNACK: {}", step.name, words(other))),
        }
    }

    async fn publish(&mut self, step: &Publish) -> Result<(), String> {
        let topic = self.topic(&step.topic);
        let bytes = packets::publish(step, self.protocol, &topic);
        if step.retain {
            self.retained.push(topic);
        }
        self.client(&step.who)?.send(&bytes).await;
        Ok(())
    }

    async fn expect(&mut self, step: &Expect) -> Result<(), String> {
        let (acted, deadline) = (self.acted, self.deadline() + Duration::from_secs_f64(step.not_before));
        let payload = packets::payload(&step.payload, step.size);
        let wanted = match payload.len() {
            0 => "an empty message".to_owned(),
            _ if step.size.is_some() => format!("a message of {} bytes", payload.len()),
            _ => format!("{:?}", step.payload),
        };
        let message = self.client(&step.who)?.message(deadline).await;
        let message = message.map_err(|came| format!("{} expects {wanted}: {}", step.who, words(&came)))?;
        let after = acted.elapsed();
        let fault = |what: String| Err(format!("{} expects {wanted}{what}", step.who));
        if message.payload != payload {
            return fault(format!(" and gets {message}"));
        }
        if let Some(qos) = step.qos.filter(|qos| *qos != message.qos) {
            return fault(format!(" at QoS {qos} and gets it at QoS {}", message.qos));
        }
        if let Some(retain) = step.retain.filter(|retain| *retain != message.retain) {
            return fault(format!(" with RETAIN {} and gets it with {}", u8::from(retain), u8::from(message.retain)));
        }
        if let Some(what) = differs(&step.properties, &message.properties) {
            return fault(format!(" with its properties, but the {what} differs"));
        }
        if after.as_secs_f64() < step.not_before {
            return fault(format!(" after {} s and gets it after {:.1} s", step.not_before, after.as_secs_f64()));
        }
        Ok(())
    }

    async fn nothing(&mut self, who: &str, seconds: f64) -> Result<(), String> {
        let until = Instant::now() + Duration::from_secs_f64(seconds);
        match self.client(who)?.message(until).await {
            Err(Came::Nothing) => {}
            Ok(message) => return Err(format!("{who} expects nothing and gets {message}")),
            Err(other) => return Err(format!("{who} expects nothing: {}", words(&other))),
        }
        let Some(topic) = self.client(who)?.topic.clone() else {
            return Err(format!("{who} observes nothing"));
        };
        self.fences += 1;
        let payload = format!("fence {}", self.fences);
        let mut fence = self.plain(&format!("F{}", self.fences)).await?;
        let step = Publish { who: String::new(), topic: String::new(), payload: payload.clone(), retain: false };
        fence.send(&packets::publish(&step, self.protocol, &topic)).await;
        fence.send(&packets::disconnect(None, None)).await;
        let deadline = self.deadline();
        match self.client(who)?.message(deadline).await {
            Ok(message) if message.payload == payload.as_bytes() => Ok(()),
            Ok(message) => Err(format!("{who} expects nothing and gets {message}")),
            Err(other) => Err(format!("{who} expects what was sent to it as a fence: {}", words(&other))),
        }
    }

    async fn closed(&mut self, who: &str, reason: Option<u8>, if_any: &[u8]) -> Result<(), String> {
        let (protocol, deadline) = (self.protocol, self.deadline());
        let client = self.client(who)?;
        let mut said = None;
        loop {
            match client.answer(deadline).await {
                Came::End => break,
                Came::Packet(Heard::Disconnect { .. }) if protocol == Protocol::V311 => {
                    // Table 2.1: only a client sends it.
                    return Err(format!("{who} expects the end and gets DISCONNECT, which a server does not send"));
                }
                Came::Packet(Heard::Disconnect { expiry: true, .. }) => {
                    return Err(format!(
                        "{who} gets DISCONNECT with a session expiry interval, which a server does not send"
                    ));
                }
                Came::Packet(Heard::Disconnect { reason, .. }) => said = Some(reason),
                Came::Packet(Heard::Other(_)) => {}
                other => return Err(format!("{who} expects the end: {}", words(&other))),
            }
        }
        match (said, reason) {
            (None, Some(reason)) => {
                Err(format!("{who} expects DISCONNECT {reason:#04x}: the connection ends without it"))
            }
            (Some(said), Some(reason)) if said != reason => {
                Err(format!("{who} expects DISCONNECT {reason:#04x} and gets {said:#04x}"))
            }
            (Some(said), None) if !if_any.is_empty() && !if_any.contains(&said) => {
                Err(format!("{who} expects DISCONNECT {} if any, and gets {said:#04x}", listed(if_any)))
            }
            _ => Ok(()),
        }
    }

    /// Leaves nothing behind: sessions end with their connections or soon after, retained messages are removed.
    async fn clean_up(&mut self) {
        for client in self.clients.values_mut() {
            client.send(&packets::disconnect(None, None)).await;
        }
        if self.retained.is_empty() {
            return;
        }
        let Ok(mut cleaner) = self.plain("Z").await else { return };
        for topic in &self.retained {
            let step = Publish { who: String::new(), topic: String::new(), payload: String::new(), retain: true };
            cleaner.send(&packets::publish(&step, self.protocol, topic)).await;
        }
        cleaner.send(&packets::disconnect(None, None)).await;
        // The broker has read it all when it closes.
        cleaner.answer(self.deadline()).await;
    }
}

/// The property in which a message differs from what is expected.
fn differs(expected: &Properties, came: &Properties) -> Option<&'static str> {
    let Properties { format, expiry, content_type, response_topic, correlation, user } = expected;
    let mut others = came.user.iter();
    let in_order = user.iter().all(|property| others.any(|other| other == property));
    let checks = [
        ("payload format indicator", format.is_none() || *format == came.format),
        // The time that it waited in the broker is taken off (5 section 3.3.2.3.3).
        ("message expiry interval", expiry.is_none_or(|most| came.expiry.is_some_and(|seconds| seconds <= most))),
        ("content type", content_type.is_none() || *content_type == came.content_type),
        ("response topic", response_topic.is_none() || *response_topic == came.response_topic),
        ("correlation data", correlation.is_none() || *correlation == came.correlation),
        ("order of the user properties", in_order),
    ];
    checks.into_iter().find(|(_, same)| !same).map(|(name, _)| name)
}

/// What came instead, as the end of a sentence.
fn words(came: &Came) -> String {
    match came {
        Came::Nothing => "nothing came in time".to_owned(),
        Came::End => "the connection ended".to_owned(),
        Came::Packet(Heard::Connack { code, .. }) => format!("CONNACK {code:#04x} came"),
        Came::Packet(Heard::Suback(code)) => format!("SUBACK {code:#04x} came"),
        Came::Packet(Heard::Message(message)) => format!("{message} came"),
        Came::Packet(Heard::Disconnect { reason, .. }) => format!("DISCONNECT {reason:#04x} came"),
        Came::Packet(Heard::Pubrel(_)) => "PUBREL came".to_owned(),
        Came::Packet(Heard::Other(first)) => format!("a packet that begins with {first:#04x} came"),
        Came::Packet(Heard::Unreadable(first)) => format!("an unreadable packet that begins with {first:#04x} came"),
    }
}

fn listed(codes: &[u8]) -> String {
    let codes: Vec<_> = codes.iter().map(|code| format!("{code:#04x}")).collect();
    codes.join(" or ")
}
