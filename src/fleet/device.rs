//! One device, and what is known of its connection.

use super::event::{RuleOutcome, Via};
use super::history::History;
use super::incident::IncidentId;
use super::lifecycle::Standing;
use super::presence::{Evidence, Presence, WillSent};
use super::seldom::Seldom;
use crate::clock::Moment;
use crate::mqtt::{Cause, ClientId, ConnId, Fault, KeepAlive, Protocol, Will};
use std::borrow::Cow;
use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::Arc;

/// The place of a device in the fleet. It stays valid until the device is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceKey(pub usize);

/// How lwtop came to know a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// lwtop launched it, and can bring it back.
    Launched,
    /// It was seen: through the gateway or in a message.
    Seen,
}

/// A connection seen on the wire.
#[derive(Clone, Debug)]
pub struct Session {
    /// Which connection.
    pub conn: ConnId,
    /// From where.
    pub peer: Option<SocketAddr>,
    /// How it came in.
    pub via: Via,
    /// With which protocol version.
    pub protocol: Protocol,
    /// The keep alive in force.
    pub keep_alive: KeepAlive,
    /// Clean session (3.1.1) or clean start (5).
    pub clean: bool,
    /// What is published if it dies.
    pub will: Option<Will>,
    /// When CONNACK passed.
    pub opened: Moment,
    /// When the last packet came from the device: the fuse burns from here.
    pub last_packet: Moment,
    /// When a packet came that is known to have been a PINGREQ.
    pub last_ping: Option<Moment>,
    /// Whether the client gave no id, and so cannot come back as the same device.
    pub nameless: bool,
    /// How it ended; `None` while it is open.
    pub ended: Option<Cause>,
    /// AWS IoT's `versionNumber` of this connection: rises with each one of a client id, counted from 0.
    pub version: u64,
}

/// Something that happened to a device, for its timeline.
#[derive(Clone, Debug)]
pub struct Note {
    /// When.
    pub at: Moment,
    /// What, in words.
    pub text: Words,
}

/// The words of a [`Note`]. The same things happen to a device again and again: what was written once is not written anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Words {
    /// The same for every device.
    Fixed(&'static str),
    /// Shared with the other notes of the device that say the same.
    Shared(Arc<str>),
}

impl Deref for Words {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Fixed(text) => text,
            Self::Shared(text) => text,
        }
    }
}

/// The last message that speaks of a device: topic and payload in one piece, for every device has one.
#[derive(Clone, Debug)]
pub struct LastMessage {
    /// When it was read.
    pub at: Moment,
    topic: u32,
    text: Box<[u8]>,
}

impl LastMessage {
    /// How many bytes of a payload are kept.
    pub const KEPT: usize = 4_096;

    /// A message that was read at `at`.
    #[must_use]
    pub fn new(at: Moment, topic: &str, payload: &[u8]) -> Self {
        let payload = payload.get(..Self::KEPT).unwrap_or(payload);
        let text = [topic.as_bytes(), payload].concat().into_boxed_slice();
        // A topic has 65 535 bytes at most (3.1.1 section 1.5.3).
        Self { at, topic: u32::try_from(topic.len()).unwrap_or_default(), text }
    }

    /// The same with what came after it. Most devices say much the same again and again, and that takes the same room.
    pub(super) fn replace(&mut self, at: Moment, topic: &str, payload: &[u8]) {
        let kept = payload.get(..Self::KEPT).unwrap_or(payload);
        if self.text.len() != topic.len() + kept.len() || self.topic as usize != topic.len() {
            *self = Self::new(at, topic, kept);
            return;
        }
        self.at = at;
        let (to_topic, to_payload) = self.text.split_at_mut(topic.len());
        to_topic.copy_from_slice(topic.as_bytes());
        to_payload.copy_from_slice(kept);
    }

    /// Its topic.
    #[must_use]
    pub fn topic(&self) -> &str {
        // It was a text when it came.
        std::str::from_utf8(&self.text[..self.topic as usize]).unwrap_or_default()
    }

    /// Its payload, or the beginning of a long one.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.text[self.topic as usize..]
    }
}

/// A change that is held back.
#[derive(Clone, Copy, Debug)]
pub(super) enum Held {
    /// An end: when, how it went, and what became of the will, once that is known.
    Offline(Moment, Cause, Option<WillSent>),
    /// It came back.
    Online(Moment),
}

/// A will that arrived before the end of its connection was seen.
#[derive(Clone, Debug)]
pub(super) struct EarlyWill {
    pub at: Moment,
    pub outcomes: Vec<RuleOutcome>,
}

/// One device of the fleet.
#[derive(Clone, Debug)]
pub struct Device {
    /// Its client id, or the name its messages carry.
    pub id: ClientId,
    /// How lwtop came to know it.
    pub origin: Origin,
    /// Whether it is there.
    pub presence: Presence,
    /// How that is known; `None` while nothing is.
    pub evidence: Option<Evidence>,
    /// Since when it is so.
    pub since: Moment,
    /// What became of its will the last time it went away.
    pub will_sent: WillSent,
    /// Its connection, or its last one, where the wire was seen.
    pub session: Option<Box<Session>>,
    /// The fault in force: what lwtop did to it and what has not been undone by a reconnect.
    pub fault: Option<(Fault, Moment)>,
    /// Why the last attempt to connect failed, until one succeeds.
    pub trouble: Option<Box<str>>,
    /// Packets seen from it, over all its connections.
    pub packets: u64,
    /// PINGREQs among them.
    pub pings: u64,
    /// The last message that speaks of it.
    pub last_message: Option<LastMessage>,
    /// How many incidents it had.
    pub incidents: u32,
    /// Its newest incident, open or not.
    pub incident: Option<IncidentId>,
    /// What happened to it, oldest first; bounded by [`Device::NOTES`].
    pub notes: std::collections::VecDeque<Note>,
    /// How its presence went before now; `None` while it was never anything else.
    pub(super) history: Option<Box<History>>,
    /// When this device is looked at next.
    pub(super) next_look: Option<Moment>,
    /// What it waits for, and what is held back of it.
    pub(super) waiting: Seldom,
    /// The last of the broker's presence events about it.
    pub(super) lifecycle: Option<Box<Standing>>,
}

impl Device {
    /// How many lines of its timeline are kept.
    pub const NOTES: usize = 32;
    /// A device that died more often than this gets the room for all its lines at once.
    const SELDOM: u32 = 2;

    /// Whether lwtop launched it.
    #[must_use]
    pub fn launched(&self) -> bool {
        self.origin == Origin::Launched
    }

    /// The fault in force, or the one that a takeover on its way found, if it can be what led to `cause`.
    pub(super) fn fault_behind(&self, cause: Cause) -> Option<(Fault, Moment)> {
        self.fault.into_iter().chain(self.waiting.before_takeover).find(|(fault, _)| fault.explains(cause))
    }

    /// A fault is in force from now on.
    pub(super) fn fault_begins(&mut self, fault: Fault, at: Moment) {
        let earlier = match self.fault {
            // Of two takeovers in a row, what was before the first one.
            Some((Fault::Takeover, _)) => self.waiting.take_before_takeover(),
            earlier => earlier,
        };
        self.fault = Some((fault, at));
        if fault == Fault::Takeover && earlier.is_some() {
            self.waiting.before_takeover = earlier;
        } else {
            self.waiting.take_before_takeover();
        }
    }

    /// No fault is in force any more.
    pub(super) fn fault_is_over(&mut self) {
        self.fault = None;
        self.waiting.take_before_takeover();
    }

    /// A takeover came to nothing: the fault before it, if there was one, is in force as it was.
    pub(super) fn spared(&mut self, at: Moment) {
        // What was done to it since then is another matter.
        if matches!(self.fault, Some((Fault::Takeover, _))) {
            self.fault = self.waiting.take_before_takeover();
            self.note(at, "the takeover came to nothing: the second client could not connect");
        }
    }

    /// Its open connection, if the wire is seen.
    #[must_use]
    #[inline]
    pub fn open_session(&self) -> Option<&Session> {
        self.session.as_deref().filter(|session| session.ended.is_none())
    }

    /// How much of the fuse has burnt at `now`: the silence, and the silence at which it dies. `None` without a wire,
    /// without keep alive, or when it is not connected.
    #[must_use]
    pub fn fuse(&self, now: Moment) -> Option<(std::time::Duration, std::time::Duration)> {
        let session = self.open_session()?;
        Some((now.since(session.last_packet), session.keep_alive.deadline()?))
    }

    pub(super) fn new(id: ClientId, origin: Origin, at: Moment) -> Self {
        Self {
            id,
            origin,
            presence: Presence::Unknown,
            evidence: None,
            since: at,
            will_sent: WillSent::Unknown,
            session: None,
            fault: None,
            trouble: None,
            packets: 0,
            pings: 0,
            last_message: None,
            incidents: 0,
            incident: None,
            notes: std::collections::VecDeque::new(),
            history: None,
            next_look: None,
            waiting: Seldom::default(),
            lifecycle: None,
        }
    }

    pub(super) fn note(&mut self, at: Moment, text: impl Into<Cow<'static, str>>) {
        match self.notes.len() {
            // Many devices of a large fleet have no more than this one to tell.
            0 => self.notes.reserve_exact(1),
            Self::NOTES => drop(self.notes.pop_front()),
            // One that dies often will need all of it: then at once, so that memory soon stays as it is.
            few if self.incidents > Self::SELDOM => self.notes.reserve_exact(Self::NOTES - few),
            _ => {}
        }
        let text = match text.into() {
            Cow::Borrowed(text) => Words::Fixed(text),
            Cow::Owned(text) => {
                let said = self.notes.iter().rev().map(|note| &note.text).find(|said| ***said == *text);
                said.cloned().unwrap_or_else(|| Words::Shared(text.into()))
            }
        };
        self.notes.push_back(Note { at, text });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_stays_small() {
        // A hundred thousand are watched in 60 MB, and this is the larger part of it.
        assert!(size_of::<Device>() <= 216, "{}", size_of::<Device>());
    }

    #[test]
    fn notes_that_say_the_same_share_their_words_and_the_oldest_go() {
        let mut device = Device::new("d".into(), Origin::Seen, Moment::default());
        for number in 0..Device::NOTES {
            device.note(Moment::from_millis(number as u64), format!("connected from port {}", number % 2));
            device.note(Moment::from_millis(number as u64), "its will arrived");
        }
        assert_eq!(device.notes.len(), Device::NOTES);
        let [.., before, _, last, _] = device.notes.iter().map(|note| &note.text).collect::<Vec<_>>()[..] else {
            panic!("too few");
        };
        assert_eq!((&**before, &**last), ("connected from port 0", "connected from port 1"));
        let Words::Shared(last) = last else { panic!("{last:?}") };
        assert_eq!(Arc::strong_count(last), Device::NOTES / 4);
    }

    #[test]
    fn the_last_message_takes_the_place_of_the_one_before() {
        let mut message = LastMessage::new(Moment::from_millis(1), "a/b", b"21.5");
        for (topic, payload) in [("a/b", "21.6"), ("a/c", "7"), ("abc", ""), ("abcd", "x"), ("a", "bcdx")] {
            message.replace(Moment::from_millis(2), topic, payload.as_bytes());
            assert_eq!((message.topic(), message.payload()), (topic, payload.as_bytes()));
        }
        message.replace(Moment::from_millis(3), "t", &[7; LastMessage::KEPT + 1]);
        assert_eq!((message.at, message.payload().len()), (Moment::from_millis(3), LastMessage::KEPT));
    }
}
