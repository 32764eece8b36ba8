//! The hub's state machine: reports in, changes and effects out. No I/O; time comes in as an argument.

use super::jobs::Arrivals;
use super::rate::Rate;
use super::reactions::{Heard, Reactions};
use super::status::RuleStanding;
use super::storm::Tempest;
use crate::actions::{ActionId, Job};
use crate::clock::Moment;
use crate::convention::{Topics, lifecycle};
use crate::figures::grouped;
use crate::fleet::{
    ActionReport, Aside, Change, Closed, DeviceEvent, Entrance, Event, Fleet, Incoming, LinkEvent, Opened, Refuser,
    Report, SessionEvent, Settings,
};
use crate::link::Outgoing;
use crate::mqtt::{ClientId, ConnId, Qos};
use crate::rules::{Message, RuleSet};
use crate::wiring::quiet::USUAL;
use crate::wiring::{Activity, Quiet};
use bytes::Bytes;
use std::net::IpAddr;
use std::sync::Arc;

/// What one step of the hub led to.
#[derive(Debug, Default)]
pub struct Step {
    /// For the views and the stream.
    pub changes: Vec<Change>,
    /// To be published through lwtop's own link, in order.
    pub publish: Vec<Outgoing>,
    /// For the actions of rules.
    pub jobs: Vec<(ActionId, Job)>,
    /// For a person, once.
    pub notices: Vec<String>,
    /// For the scenario that is played.
    pub asides: Vec<Aside>,
    /// Where devices can connect, as soon as they can.
    pub listening: Vec<Entrance>,
    /// Nothing can go on: one clear sentence.
    pub fatal: Option<String>,
}

/// Owns the fleet and the rules.
#[derive(Debug)]
pub struct Hub {
    pub(super) fleet: Fleet,
    pub(super) topics: Topics,
    reactions: Reactions,
    /// Whether lwtop itself plays the broker, and so owes the world its lifecycle events.
    pub(super) embedded: bool,
    pub(super) arrivals: Arrivals,
    /// The fault on many devices that goes on.
    pub(super) tempest: Option<Tempest>,
    stage: Option<String>,
    rate: Rate,
    refused: u64,
    refusals: Quiet<(Refuser, String)>,
    /// Whether it was said that not every device finds room.
    crowded: bool,
    /// What connections did whose opening is still on its way; looked at once more.
    early: Vec<(ConnId, Activity)>,
}

impl Hub {
    /// A hub that has seen nothing yet.
    #[must_use]
    pub fn new(topics: Topics, rules: RuleSet, embedded: bool) -> Self {
        let settings = Settings { will: topics.will.clone(), rules: !rules.rules().is_empty() };
        Self {
            fleet: Fleet::new(settings),
            reactions: Reactions::new(rules, topics.executed.clone()),
            topics,
            embedded,
            arrivals: Arrivals::default(),
            tempest: None,
            stage: Some("starting".to_owned()),
            rate: Rate::default(),
            refused: 0,
            refusals: Quiet::new(USUAL),
            crowded: false,
            early: Vec::new(),
        }
    }

    /// The fleet.
    #[must_use]
    pub const fn fleet(&self) -> &Fleet {
        &self.fleet
    }

    /// The rules that run.
    #[must_use]
    pub fn rules(&self) -> &RuleSet {
        self.reactions.rules()
    }

    /// How the rules stand, in their order.
    #[must_use]
    pub fn standing(&self) -> &[RuleStanding] {
        self.reactions.standing()
    }

    /// Notes that an action cannot work on this machine, and why: nobody waits for it from now on.
    pub fn set_idle(&mut self, id: ActionId, why: &str) {
        let known = self.reactions.rules().rules().get(id.rule);
        if let Some(rule) = known.map(|rule| Arc::clone(&rule.name))
            && self.reactions.set_idle(id, why)
        {
            self.fleet.nobody_to_tell(&rule);
        }
    }

    /// The start-up step under way, in words.
    #[must_use]
    pub fn stage(&self) -> Option<&str> {
        self.stage.as_deref()
    }

    /// How many connections the broker or the gateway refused.
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

    /// Takes in one report.
    pub fn step(&mut self, report: Report, now: Moment, step: &mut Step) {
        match report {
            Report::Session(event) => self.session(event, now, step),
            Report::Device(event) => {
                self.follow_device(&event, now);
                if let DeviceEvent::Spared { why, .. } = &event {
                    step.notices.push(why.clone());
                }
                self.fleet.apply(Event::Device(event), now, &mut step.changes);
            }
            Report::Link(event) => {
                self.follow_link(&event);
                if matches!(event, LinkEvent::Down { .. }) {
                    self.reactions.link_down();
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
            Report::Listening(entrances) => {
                if let [_, others @ ..] = &entrances[..]
                    && !others.is_empty()
                {
                    let others: Vec<_> = others.iter().map(ToString::to_string).collect();
                    step.notices.push(format!("devices may also come in at {}", others.join(" and ")));
                }
                step.listening = entrances;
            }
            Report::Action(report) => self.action(*report, now, step),
            Report::Aside(aside) => step.asides.push(aside),
            Report::Notice(text) => step.notices.push(text),
            Report::Fatal(text) => step.fatal = Some(text),
        }
        if self.fleet.turned_away() > 0 && !std::mem::replace(&mut self.crowded, true) {
            let room = self.fleet.room();
            step.notices.push(format!(
                "there are more than {} devices: those beyond are not kept, only counted",
                grouped(room as u64)
            ));
        }
        self.reactions.decide(&self.fleet, now, step);
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
        self.reactions.decide(&self.fleet, now, step);
        step.notices.extend(self.refusals.rest(now).map(|(what, more)| match what {
            Some((Refuser::Broker, why)) => format!("the broker refused {more} more: {why}"),
            Some((Refuser::Gateway, why)) => format!("{more} more did not get in: {why}"),
            None => format!("{more} more did not get in, for different reasons"),
        }));
    }

    /// The next moment at which [`Hub::tick`] has something to do.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Moment> {
        self.fleet.next_deadline().into_iter().chain(self.refusals.due()).min()
    }

    /// Says all that was held back.
    pub fn flush(&mut self, now: Moment, step: &mut Step) {
        self.fleet.flush(now, &mut step.changes);
        self.reactions.release(&self.fleet, step);
    }

    fn session(&mut self, event: SessionEvent, now: Moment, step: &mut Step) {
        match event {
            SessionEvent::Opened(opened) => {
                self.follow_opened(&opened, now);
                let key = (opened.conn, opened.client.clone());
                let (client, via) = (key.1.clone(), opened.via.clone());
                let event = self.embedded.then(|| Opened { will: None, client, via, ..*opened });
                self.fleet.apply(Event::Session(SessionEvent::Opened(opened)), now, &mut step.changes);
                let version = self.fleet.version_of(key.0).unwrap_or_default();
                if let Some(event) = event.and_then(|opened| lifecycle::connected(&opened, version)) {
                    step.publish.extend(aws_event(event));
                }
            }
            SessionEvent::Closed(closed) => {
                let closed: Box<Closed> = closed;
                if let Some(tempest) = &mut self.tempest {
                    tempest.closed(&closed, &self.fleet);
                }
                if let Some(session) = self.fleet.session(closed.conn).filter(|_| self.embedded)
                    && let Some(event) =
                        lifecycle::disconnected(&closed, session.version, session.via.identity.as_deref())
                {
                    step.publish.extend(aws_event(event));
                }
                self.fleet.apply(Event::Session(SessionEvent::Closed(closed)), now, &mut step.changes);
            }
            refused @ SessionEvent::Refused { .. } => {
                if let SessionEvent::Refused { client, by, why, .. } = &refused {
                    self.refused += 1;
                    // A fleet that tries to come back all the time is not to push everything else out of sight.
                    if self.refusals.admits((*by, why.clone()), now) {
                        step.notices.push(match by {
                            Refuser::Broker => format!("the broker refused {client}: {why}"),
                            Refuser::Gateway => format!("{client} did not get in: {why}"),
                        });
                    }
                }
                self.fleet.apply(Event::Session(refused), now, &mut step.changes);
            }
        }
    }

    fn message(&mut self, message: Incoming, now: Moment, step: &mut Step) {
        // The embedded broker's are lwtop's own, made of what the wire said.
        if !self.embedded
            && let Some(event) = lifecycle::read(&message)
        {
            self.fleet.apply(Event::Lifecycle(event), now, &mut step.changes);
        }
        let echo = self.reactions.recognise(&message, now);
        let mut message = message;
        // A lwtop speaks for others: what a rule republishes is about the device of the message before.
        let by_lwtop = message.publisher.take_if(|client| is_link(client)).is_some() || echo.is_some();
        let known = message.publisher.is_some();
        message.source = message.publisher.as_ref().and_then(|client| self.address_of(client));
        let mut meaning = self.topics.interpret(&message);
        if meaning.device.is_none() {
            meaning.device = match &echo {
                Some(echo) => echo.device.clone(),
                None => lifecycle::subject(&message.topic),
            };
        }
        let mut chain = echo.map(|echo| echo.chain).unwrap_or_default();
        // Where the broker says who published it, only a lwtop is believed about hops.
        if by_lwtop || !known {
            chain = chain.told_by(&message);
        }
        let seen = Message::heard(&message, meaning.device.as_ref());
        let (outcomes, matches) = self.reactions.hear(&message, &seen, &chain, now, step);
        let first = step.changes.len();
        if matches.is_empty() {
            self.fleet.apply(Event::Message(message, meaning, outcomes), now, &mut step.changes);
            self.follow_wills(&step.changes[first..]);
            return;
        }
        let copy = message.clone();
        self.fleet.apply(Event::Message(message, meaning, outcomes), now, &mut step.changes);
        self.follow_wills(&step.changes[first..]);
        // The fleet may know better whose will it is.
        let device = step.changes[first..].iter().find_map(|change| match change {
            Change::Message { device, .. } => Some(device.clone()),
            _ => None,
        });
        let device = device.flatten();
        let heard = Heard { message: &copy, device: device.as_ref(), chain: &chain };
        for failure in self.reactions.react(matches, &heard, &self.fleet, now, step) {
            self.action(failure, now, step);
        }
    }

    /// From where a client that is connected through the gateway publishes.
    fn address_of(&self, client: &ClientId) -> Option<IpAddr> {
        let device = self.fleet.device(self.fleet.find(client.as_str())?)?;
        Some(device.session.as_ref()?.peer?.ip())
    }

    /// Notes that the link could not take a message, and why.
    pub fn not_published(&mut self, origin: u64, topic: Arc<str>, payload: Bytes, why: String, now: Moment) -> Step {
        let (qos, retain) = (Qos::AtMostOnce, false);
        let (publisher, source, properties) = (None, None, None);
        let message = Incoming { at: now, topic, payload, qos, retain, publisher, source, properties };
        let mut step = Step::default();
        if let Some(report) = self.reactions.not_published(origin, message, why) {
            self.action(report, now, &mut step);
        }
        step
    }

    fn action(&mut self, report: ActionReport, now: Moment, step: &mut Step) {
        self.reactions.reported(&report, &self.fleet, now, step);
        self.fleet.apply(Event::Action(Box::new(report)), now, &mut step.changes);
    }
}

/// Whether this is the client id of a lwtop's own link.
fn is_link(client: &ClientId) -> bool {
    let Some(rest) = client.as_str().strip_prefix("lwtop-") else { return false };
    let Some((random, part)) = rest.split_once('-') else { return false };
    matches!(part, "m" | "w") && random.len() == 8 && random.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn aws_event((topic, payload): (String, String)) -> Option<Outgoing> {
    // A client id may hold what a topic may not; such a client gets no events, as on AWS IoT.
    let topic = topic.parse().ok()?;
    Some(Outgoing {
        topic,
        payload: payload.into(),
        qos: Qos::AtMostOnce,
        retain: false,
        user_properties: Vec::new(),
        origin: None,
    })
}
