//! The hub's state machine: reports in, changes and effects out. No I/O; time comes in as an argument.

use super::rate::Rate;
use crate::clock::Moment;
use crate::convention::{Topics, lifecycle};
use crate::fleet::{
    Change, Closed, DeviceEvent, Event, Fleet, Incoming, LinkEvent, Opened, Report, Role, SessionEvent, Settings,
};
use crate::link::Outgoing;
use crate::mqtt::{ClientId, ConnId, Qos, TopicName};
use crate::rules::{Message, RuleSet};
use crate::wiring::Activity;
use bytes::Bytes;
use std::borrow::Cow;
use std::collections::{HashSet, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// What one step of the hub led to.
#[derive(Debug, Default)]
pub struct Step {
    /// For the views and the stream.
    pub changes: Vec<Change>,
    /// To be published through lwtop's own link, in order.
    pub publish: Vec<Outgoing>,
    /// For a person, once.
    pub notices: Vec<String>,
    /// Where devices can connect, as soon as they can.
    pub listening: Option<SocketAddr>,
    /// Nothing can go on: one clear sentence.
    pub fatal: Option<String>,
}

/// A republish under way: its arrival is lwtop's own doing, which no rule is held against again, and speaks of the device
/// that the message before it spoke of.
#[derive(Debug)]
struct Sent {
    at: Moment,
    topic: Arc<str>,
    payload: Bytes,
    device: Option<ClientId>,
}

/// Owns the fleet and the rules.
#[derive(Debug)]
pub struct Hub {
    fleet: Fleet,
    topics: Topics,
    rules: RuleSet,
    /// Whether lwtop itself plays the broker, and so owes the world its lifecycle events.
    embedded: bool,
    sent: VecDeque<Sent>,
    republished_to: HashSet<Arc<str>>,
    connecting: HashSet<ClientId>,
    asked: usize,
    stage: Option<String>,
    rate: Rate,
    refused: u64,
    /// What connections did whose opening is still on its way; looked at once more.
    early: Vec<(ConnId, Activity)>,
}

impl Hub {
    /// How many republishes are remembered until they arrive; the oldest are given up, and their arrival then stays
    /// unattributed.
    const SENT: usize = 65_536;
    /// How long: a republish that was lost on the way must not be taken for a later one.
    const UNDER_WAY: Duration = Duration::from_secs(10);

    /// A hub that has seen nothing yet.
    #[must_use]
    pub fn new(topics: Topics, rules: RuleSet, embedded: bool) -> Self {
        let republished_to =
            rules.rules().iter().filter_map(|rule| rule.republish.as_ref()).map(TopicName::shared).collect();
        let settings = Settings { will: topics.will.clone(), rules: !rules.rules().is_empty() };
        Self {
            fleet: Fleet::new(settings),
            topics,
            rules,
            embedded,
            sent: VecDeque::new(),
            republished_to,
            connecting: HashSet::new(),
            asked: 0,
            stage: Some("starting".to_owned()),
            rate: Rate::default(),
            refused: 0,
            early: Vec::new(),
        }
    }

    /// The fleet.
    #[must_use]
    pub const fn fleet(&self) -> &Fleet {
        &self.fleet
    }

    /// The start-up step under way, in words.
    #[must_use]
    pub fn stage(&self) -> Option<&str> {
        self.stage.as_deref()
    }

    /// How many connections the broker refused.
    #[must_use]
    pub const fn refused(&self) -> u64 {
        self.refused
    }

    /// Messages a second over the last seconds.
    #[must_use]
    pub fn rate(&self, now: Moment) -> f32 {
        self.rate.per_second(now)
    }

    /// Whether messages came so recently that the rate will read differently in a second.
    #[must_use]
    pub fn rate_is_moving(&self, now: Moment) -> bool {
        self.rate.moving(now)
    }

    /// How many of the devices that were asked to connect have answered for themselves, and how many were asked;
    /// `None` when none is under way.
    #[must_use]
    pub fn progress(&self) -> Option<(usize, usize)> {
        (!self.connecting.is_empty()).then(|| (self.asked - self.connecting.len(), self.asked))
    }

    /// Notes that `client` was asked to connect.
    pub fn expect(&mut self, client: ClientId) {
        if self.connecting.is_empty() {
            self.asked = 0;
        }
        self.asked += usize::from(self.connecting.insert(client));
    }

    /// Takes in one report.
    pub fn step(&mut self, report: Report, now: Moment, step: &mut Step) {
        match report {
            Report::Session(event) => self.session(event, now, step),
            Report::Device(event) => {
                if let DeviceEvent::Failed { client, .. } | DeviceEvent::Removed { client } = &event {
                    self.connecting.remove(client);
                }
                self.fleet.apply(Event::Device(event), now, &mut step.changes);
            }
            Report::Link(event) => {
                if matches!(event, LinkEvent::Down { .. }) {
                    self.sent.clear();
                }
                self.fleet.apply(Event::Link(event), now, &mut step.changes);
            }
            Report::Incoming(messages) => {
                self.rate.add(now, messages.len());
                for message in messages {
                    self.message(message, now, step);
                }
            }
            Report::Starting(stage) => self.stage = Some(stage),
            Report::Listening(address) => step.listening = Some(address),
            Report::Notice(text) => step.notices.push(text),
            Report::Fatal(text) => step.fatal = Some(text),
        }
    }

    /// The start-up is over.
    pub fn started(&mut self) {
        self.stage = None;
    }

    /// Takes in what connections did, and lets time pass.
    pub fn tick(&mut self, activity: &mut Vec<(ConnId, Activity)>, now: Moment, step: &mut Step) {
        let late = std::mem::take(&mut self.early);
        for (conn, activity) in late {
            self.fleet.apply(Event::Activity(conn, activity), now, &mut step.changes);
        }
        for (conn, activity) in activity.drain(..) {
            if self.fleet.version_of(conn).is_none() {
                self.early.push((conn, activity));
            } else {
                self.fleet.apply(Event::Activity(conn, activity), now, &mut step.changes);
            }
        }
        self.fleet.tick(now, &mut step.changes);
    }

    /// Says all that was held back.
    pub fn flush(&mut self, now: Moment, step: &mut Step) {
        self.fleet.flush(now, &mut step.changes);
    }

    fn session(&mut self, event: SessionEvent, now: Moment, step: &mut Step) {
        match event {
            SessionEvent::Opened(opened) => {
                self.connecting.remove(&opened.client);
                let key = (opened.conn, opened.client.clone());
                let event = self.embedded.then(|| Opened { will: None, client: key.1.clone(), ..*opened });
                self.fleet.apply(Event::Session(SessionEvent::Opened(opened)), now, &mut step.changes);
                let version = self.fleet.version_of(key.0).unwrap_or_default();
                if let Some(event) = event.and_then(|opened| lifecycle::connected(&opened, version)) {
                    step.publish.extend(aws_event(event));
                }
            }
            SessionEvent::Closed(closed) => {
                let closed: Box<Closed> = closed;
                if let Some(version) = self.fleet.version_of(closed.conn).filter(|_| self.embedded)
                    && let Some(event) = lifecycle::disconnected(&closed, version)
                {
                    step.publish.extend(aws_event(event));
                }
                self.fleet.apply(Event::Session(SessionEvent::Closed(closed)), now, &mut step.changes);
            }
            refused @ SessionEvent::Refused { .. } => {
                if let SessionEvent::Refused { client, why, .. } = &refused {
                    self.refused += 1;
                    step.notices.push(format!("the broker refused {client}: {why}"));
                }
                self.fleet.apply(Event::Session(refused), now, &mut step.changes);
            }
        }
    }

    fn message(&mut self, message: Incoming, now: Moment, step: &mut Step) {
        let mut meaning = self.topics.interpret(&message);
        let own = self.recognise(&message, now);
        if let Some(Sent { device, .. }) = &own
            && meaning.role == Role::Executed
            && meaning.device.is_none()
        {
            meaning.device.clone_from(device);
        }
        let mut outcomes = Vec::new();
        // AWS IoT's rules see a message when it is published, not when a retained one reaches a new subscriber. And what
        // a rule said is not said to rules again: with wills on `lwt/#` and executed on `lwt/executed` it would go round
        // for ever.
        if !message.retain && own.is_none() && meaning.role != Role::Executed {
            let client = message.publisher.as_ref().or(meaning.device.as_ref()).map(ClientId::as_str);
            let seen = Message::new(&message.topic, &message.payload).published_by(client).read_at(message.at);
            for outcome in self.rules.evaluate(&seen) {
                let mut summary = outcome.summary(now.max(message.at));
                // A republish to where lwtop does not listen cannot be waited for.
                summary.republishes &=
                    outcome.republish.as_ref().is_some_and(|topic| self.topics.executed.matches(topic.as_str()));
                outcomes.push(summary);
                if let Some((topic, output)) = outcome.republish.zip(outcome.output) {
                    let payload = match output {
                        // `SELECT *`: the payload itself goes on.
                        Cow::Borrowed(_) => message.payload.clone(),
                        Cow::Owned(made) => made.into(),
                    };
                    let device = meaning.device.clone().or_else(|| message.publisher.clone());
                    if self.sent.len() == Self::SENT {
                        self.sent.pop_front();
                    }
                    self.sent.push_back(Sent { at: now, topic: topic.shared(), payload: payload.clone(), device });
                    step.publish.push(Outgoing { topic, payload, qos: Qos::AtMostOnce, retain: false });
                }
            }
        }
        self.fleet.apply(Event::Message(message, meaning, outcomes), now, &mut step.changes);
    }

    /// Whether a message is a republish of lwtop's own, and of whose message: the oldest one under way with this topic and
    /// payload.
    fn recognise(&mut self, message: &Incoming, now: Moment) -> Option<Sent> {
        while self.sent.front().is_some_and(|sent| now.since(sent.at) > Self::UNDER_WAY) {
            self.sent.pop_front();
        }
        // A burst of wills does not search through a burst of republishes.
        if !self.republished_to.contains(&*message.topic) {
            return None;
        }
        let same = |sent: &Sent| sent.topic == message.topic && sent.payload == message.payload;
        let place = self.sent.iter().position(same)?;
        self.sent.remove(place)
    }
}

fn aws_event((topic, payload): (String, String)) -> Option<Outgoing> {
    // A client id may hold what a topic may not; such a client gets no events, as on AWS IoT.
    let topic = topic.parse().ok()?;
    Some(Outgoing { topic, payload: payload.into(), qos: Qos::AtMostOnce, retain: false })
}
