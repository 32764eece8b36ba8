//! The conditions of a filter, and what they are asked of.

use crate::fleet::device::LastMessage;
use crate::fleet::{Device, Evidence, FeedEntry, Hop, Incident, News, NewsKind, Origin, Presence};
use crate::hub::RuleStanding;
use crate::mqtt::{Cause, Fault, TopicFilter};

/// Text that is looked for, letter case aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needle(String);

impl Needle {
    /// Looks for `text`.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.to_lowercase())
    }

    /// Whether it stands somewhere in `text`, which may be any bytes.
    #[must_use]
    pub fn is_in(&self, text: &[u8]) -> bool {
        let wanted = self.0.as_bytes();
        let Some(first) = wanted.first() else { return true };
        if self.0.is_ascii() {
            let starts = text.len().saturating_sub(wanted.len() - 1).min(text.len());
            return text[..starts].iter().enumerate().any(|(at, byte)| {
                byte.eq_ignore_ascii_case(first) && text[at..at + wanted.len()].eq_ignore_ascii_case(wanted)
            });
        }
        String::from_utf8_lossy(text).to_lowercase().contains(&self.0)
    }

    fn is(&self, text: &str) -> bool {
        text.eq_ignore_ascii_case(&self.0) || (!text.is_ascii() && text.to_lowercase() == self.0)
    }
}

/// A presence without what belongs to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Is {
    Online,
    Overdue,
    Offline,
    Unknown,
}

impl Is {
    pub(super) const ALL: [(&'static str, Self); 4] =
        [("online", Self::Online), ("overdue", Self::Overdue), ("offline", Self::Offline), ("unknown", Self::Unknown)];

    const fn of(presence: Presence) -> Self {
        match presence {
            Presence::Online => Self::Online,
            Presence::Overdue => Self::Overdue,
            Presence::Offline { .. } => Self::Offline,
            Presence::Unknown => Self::Unknown,
        }
    }
}

/// A fault, any, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Done {
    Any,
    Nothing,
    Fault(Fault),
}

/// One condition; where it lists several values, one of them is enough.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Test {
    Text(Needle),
    Id(Needle),
    IdHas(Needle),
    Topic(TopicFilter),
    TopicHas(Needle),
    Presence(Vec<Is>),
    Cause(Vec<Cause>),
    Fault(Vec<Done>),
    Evidence(Vec<Evidence>),
    Missing(Vec<Hop>),
    Origin(Vec<Origin>),
}

/// What can be asked of a device, an incident or a message.
#[derive(Default)]
pub(super) struct Facts<'a> {
    id: Option<&'a str>,
    topics: [Option<&'a str>; 2],
    /// Where free text is looked for, beside id and topics.
    texts: [Option<&'a [u8]>; 5],
    /// And there: what a rule does.
    does: &'a [String],
    presence: Option<Presence>,
    cause: Option<Cause>,
    fault: Option<Fault>,
    evidence: Option<Evidence>,
    missing: &'a [Hop],
    origin: Option<Origin>,
}

impl<'a> Facts<'a> {
    pub(super) fn of_device(device: &'a Device) -> Self {
        let cause = match device.presence {
            Presence::Offline { cause } => Some(cause),
            _ => None,
        };
        let message = device.last_message.as_ref();
        let will = device.session.as_ref().and_then(|session| session.will.as_ref());
        Self {
            id: Some(device.id.as_str()),
            topics: [message.map(LastMessage::topic), will.map(|will| &*will.topic)],
            texts: [
                message.map(LastMessage::payload),
                device.trouble.as_ref().map(|why| why.as_bytes()),
                // The words that the screen has for it.
                Some(device.presence.name().as_bytes()),
                cause.map(|cause| cause.word().as_bytes()),
                cause.map(|cause| cause.words().as_bytes()),
            ],
            presence: Some(device.presence),
            cause,
            fault: device.fault.map(|(fault, _)| fault),
            evidence: device.evidence,
            origin: Some(device.origin),
            ..Self::default()
        }
    }

    pub(super) fn of_incident(incident: &'a Incident, device: Option<&'a Device>) -> Self {
        Self {
            id: Some(incident.client.as_str()),
            topics: [None, None],
            texts: [
                Some(incident.cause.word().as_bytes()),
                Some(incident.cause.words().as_bytes()),
                incident.fault.map(|fault| fault.title().as_bytes()),
                incident.rule.as_ref().map(|rule| rule.as_bytes()),
                None,
            ],
            presence: device.map(|device| device.presence),
            cause: Some(incident.cause),
            fault: incident.fault,
            evidence: Some(incident.evidence),
            missing: &incident.missing,
            origin: device.map(|device| device.origin),
            ..Self::default()
        }
    }

    /// What a message says by itself.
    pub(super) fn of_message(entry: &'a FeedEntry) -> Self {
        Self {
            id: entry.device.as_ref().map(crate::mqtt::ClientId::as_str),
            topics: [Some(&entry.message.topic), None],
            texts: [Some(&entry.message.payload), Some(entry.role.name().as_bytes()), None, None, None],
            ..Self::default()
        }
    }

    /// What is asked of the device that a message speaks of.
    pub(super) fn of_speaker(device: Option<&'a Device>) -> Self {
        let Some(device) = device else { return Self::default() };
        let Self { presence, cause, fault, evidence, origin, .. } = Self::of_device(device);
        Self { presence, cause, fault, evidence, origin, ..Self::default() }
    }

    /// What is asked of a rule that listens to `topic` and `does` these things.
    pub(super) fn of_rule(rule: &'a RuleStanding, topic: Option<&'a str>, does: &'a [String]) -> Self {
        Self {
            id: Some(&rule.name),
            topics: [topic, None],
            texts: [rule.description.as_ref().map(|text| text.as_bytes()), Some(rule.sql.as_bytes()), None, None, None],
            does,
            ..Self::default()
        }
    }

    pub(super) fn of_news(news: &'a News) -> Self {
        match &news.what {
            NewsKind::Link { up, why } => Self {
                texts: [
                    Some(if *up { "link up" } else { "link down" }.as_bytes()),
                    why.as_ref().map(String::as_bytes),
                    Some(b"presence"),
                    None,
                    None,
                ],
                ..Self::default()
            },
            NewsKind::Device { client, presence, evidence } => {
                let cause = if let Presence::Offline { cause } = presence { Some(*cause) } else { None };
                Self {
                    id: Some(client.as_str()),
                    texts: [
                        Some(b"presence"),
                        Some(presence.name().as_bytes()),
                        cause.map(|cause| cause.word().as_bytes()),
                        cause.map(|cause| cause.words().as_bytes()),
                        evidence.map(|evidence| evidence.words().as_bytes()),
                    ],
                    presence: Some(*presence),
                    cause,
                    evidence: *evidence,
                    ..Self::default()
                }
            }
        }
    }
}

impl Test {
    /// Whether a message leaves the answer to the device that it speaks of.
    pub(super) const fn asks_device(&self) -> bool {
        matches!(self, Self::Presence(_) | Self::Cause(_) | Self::Fault(_) | Self::Evidence(_) | Self::Origin(_))
    }

    /// Whether a rule has an answer.
    pub(super) const fn asks_rule(&self) -> bool {
        matches!(self, Self::Text(_) | Self::Id(_) | Self::IdHas(_) | Self::Topic(_) | Self::TopicHas(_))
    }

    pub(super) fn holds(&self, facts: &Facts<'_>) -> bool {
        let topics = || facts.topics.iter().flatten();
        match self {
            Self::Text(needle) => {
                let names = facts.id.into_iter().chain(topics().copied()).map(str::as_bytes);
                let does = facts.does.iter().map(String::as_bytes);
                names.chain(facts.texts.iter().flatten().copied()).chain(does).any(|text| needle.is_in(text))
            }
            Self::Id(id) => facts.id.is_some_and(|own| id.is(own)),
            Self::IdHas(needle) => facts.id.is_some_and(|id| needle.is_in(id.as_bytes())),
            Self::Topic(filter) => topics().any(|topic| filter.matches(topic)),
            Self::TopicHas(needle) => topics().any(|topic| needle.is_in(topic.as_bytes())),
            Self::Presence(wanted) => facts.presence.is_some_and(|presence| wanted.contains(&Is::of(presence))),
            Self::Cause(wanted) => facts.cause.is_some_and(|cause| wanted.contains(&cause)),
            Self::Fault(wanted) => wanted.iter().any(|wanted| match wanted {
                Done::Any => facts.fault.is_some(),
                Done::Nothing => facts.fault.is_none(),
                Done::Fault(fault) => facts.fault == Some(*fault),
            }),
            Self::Evidence(wanted) => facts.evidence.is_some_and(|evidence| wanted.contains(&evidence)),
            Self::Missing(wanted) => facts.missing.iter().any(|hop| wanted.contains(hop)),
            Self::Origin(wanted) => facts.origin.is_some_and(|origin| wanted.contains(&origin)),
        }
    }
}
