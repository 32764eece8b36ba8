//! A scenario as data.

use crate::fleet::{Evidence, Hop, IncidentPhase};
use crate::mqtt::{Cause, ClientId, Fault, KeepAlive, Protocol, Qos, TopicFilter, TopicName};
use std::time::Duration;

/// What is told, done and expected, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// Its name for a person.
    pub title: String,
    /// What it shows, in a sentence.
    pub summary: String,
    /// What lwtop is to listen to besides its own topics while it plays.
    pub listen: Vec<TopicFilter>,
    /// What happens.
    pub steps: Vec<Step>,
}

impl Scenario {
    /// The client ids of all devices that it launches.
    pub fn ids(&self) -> impl Iterator<Item = ClientId> + '_ {
        let launches = self.steps.iter().filter_map(|step| match step {
            Step::Launch(launch) => Some(launch),
            _ => None,
        });
        launches.flat_map(Launch::ids)
    }

    /// Whether it waits for a rule to match, which only one of lwtop's own can: of somebody else's nothing but the republish
    /// is seen.
    #[must_use]
    pub fn needs_rules(&self) -> bool {
        self.steps.iter().any(|step| match step {
            Step::Check(Check { subject: Subject::Devices { facts, .. }, .. }) => facts.hops.contains(&Hop::Rule),
            _ => false,
        })
    }

    /// The client ids that `name` stands for: those of a launch, or the one itself.
    #[must_use]
    pub fn devices(&self, name: &ClientId) -> Vec<ClientId> {
        let launch = self.steps.iter().find_map(|step| match step {
            Step::Launch(launch) if launch.id == *name => Some(launch),
            _ => None,
        });
        launch.map_or_else(|| vec![name.clone()], |launch| launch.ids().collect())
    }
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Tells a person something.
    Say {
        /// Paragraphs, with an empty line between two.
        text: String,
        /// Whether the interface waits for a key then.
        pause: bool,
    },
    /// Launches devices.
    Launch(Launch),
    /// Makes devices die.
    Fault {
        /// Whom.
        devices: ClientId,
        /// How.
        fault: Fault,
    },
    /// Brings devices back.
    Reconnect(ClientId),
    /// Lets devices leave, and forgets them.
    Remove(ClientId),
    /// Publishes a message through lwtop's own link.
    Publish(Publication),
    /// Lets time pass.
    Sleep(Duration),
    /// Something that is to become true.
    Check(Check),
}

/// Devices to launch, and how they differ from lwtop's usual ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launch {
    /// The client id of the first; the second is `…-2`. It stands for all of them.
    pub id: ClientId,
    /// How many.
    pub count: usize,
    /// The protocol version.
    pub protocol: Option<Protocol>,
    /// The keep alive.
    pub keep_alive: Option<KeepAlive>,
    /// Clean session (3.1.1) or clean start (5).
    pub clean: Option<bool>,
    /// The will.
    pub will: Part,
    /// What they publish when they have connected.
    pub connected: Part,
}

impl Launch {
    /// One usual device.
    #[must_use]
    pub const fn new(id: ClientId) -> Self {
        let (protocol, keep_alive, clean) = (None, None, None);
        Self { id, count: 1, protocol, keep_alive, clean, will: Part::Usual, connected: Part::Usual }
    }

    /// The client ids.
    pub fn ids(&self) -> impl Iterator<Item = ClientId> + use<> {
        let first = self.id.clone();
        (1..=self.count).map(move |number| match number {
            1 => first.clone(),
            number => ClientId::new(format!("{first}-{number}")),
        })
    }
}

/// A message that a device has by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Part {
    /// As usual.
    #[default]
    Usual,
    /// There is none.
    Without,
    /// It differs from the usual one.
    Other(Change),
}

/// How a message differs from the usual one. `${client_id}` stands for the client id in topic and payload.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Where it goes.
    pub topic: Option<TopicName>,
    /// What it says.
    pub payload: Option<String>,
    /// With which quality of service.
    pub qos: Option<Qos>,
    /// Whether the broker keeps it.
    pub retain: Option<bool>,
    /// The will delay interval; only for wills, only of MQTT 5.
    pub delay: Option<Duration>,
}

/// A message that lwtop publishes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publication {
    /// Where it goes.
    pub topic: TopicName,
    /// What it says; nothing, retained, clears what the broker keeps.
    pub payload: String,
    /// With which quality of service.
    pub qos: Qos,
    /// Whether the broker keeps it.
    pub retain: bool,
}

/// Something that is to become true, and to stay so for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What.
    pub subject: Subject,
    /// How long it may take.
    pub within: Duration,
    /// How long it is to stay so.
    pub stays: Duration,
    /// Whether nothing goes on without it.
    pub needed: bool,
}

impl Check {
    /// How long something may take if nothing is said.
    pub const WITHIN: Duration = Duration::from_secs(5);
    /// How long something that is *not* to come is waited for if nothing is said.
    pub const QUIET: Duration = Duration::from_millis(500);

    /// How long `subject` is to stay as it is if nothing is said: what is not to come needs time to come.
    #[must_use]
    pub fn usual_stay(subject: &Subject) -> Duration {
        if subject.is_absence() { Self::QUIET } else { Duration::ZERO }
    }
}

/// What a check is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Devices; all of them are to be so.
    Devices {
        /// Which.
        name: ClientId,
        /// How.
        facts: Facts,
    },
    /// Messages that came since the last thing that was done.
    Messages {
        /// On which topics.
        topic: TopicFilter,
        /// What they say.
        text: Option<Text>,
        /// Whether they were delivered because they were retained.
        retained: Option<bool>,
        /// How many; without it, at least one.
        count: Option<usize>,
    },
    /// What a new subscriber is given at once: the message that the broker has kept.
    Kept {
        /// Of which topic.
        topic: TopicName,
        /// What it says; `None` if nothing is to be kept.
        text: Option<Text>,
    },
}

impl Subject {
    /// Whether it says that something is not to come.
    #[must_use]
    pub fn is_absence(&self) -> bool {
        match self {
            Self::Devices { facts, .. } => {
                facts.will == Some(false) || facts.wills.is_some() || !facts.without.is_empty()
            }
            Self::Messages { count, .. } => count.is_some(),
            Self::Kept { .. } => false,
        }
    }
}

/// What a payload is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Text {
    /// Exactly this.
    Is(String),
    /// Something with this in it.
    Contains(String),
}

impl Text {
    /// Whether `payload` is so.
    #[must_use]
    pub fn fits(&self, payload: &[u8]) -> bool {
        match self {
            Self::Is(text) => text.as_bytes() == payload,
            Self::Contains(text) => String::from_utf8_lossy(payload).contains(text),
        }
    }
}

/// What is to be true of a device. Hops and causes are those of a death that came after the scenario's last fault on it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The name of its presence.
    pub presence: Option<&'static str>,
    /// How it went away, or how its last connection ended.
    pub cause: Option<Cause>,
    /// How its presence is known.
    pub evidence: Option<Evidence>,
    /// Whether its will came.
    pub will: Option<bool>,
    /// How often its will came.
    pub wills: Option<u32>,
    /// The hops that were seen.
    pub hops: Vec<Hop>,
    /// Whether they were seen in this order.
    pub in_order: bool,
    /// The hops that were not seen.
    pub without: Vec<Hop>,
    /// How far its incident is.
    pub phase: Option<IncidentPhase>,
}

impl Facts {
    /// The names of presences.
    pub const PRESENCES: [&'static str; 4] = ["online", "overdue", "offline", "unknown"];

    /// Whether nothing is asked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self { in_order: self.in_order, ..Self::default() }
    }
}
