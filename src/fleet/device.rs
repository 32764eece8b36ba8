//! One device, and what is known of its connection.

use super::event::{RuleOutcome, Via};
use super::history::History;
use super::incident::IncidentId;
use super::lifecycle::Standing;
use super::presence::{Evidence, Presence, WillSent};
use crate::clock::Moment;
use crate::mqtt::{Cause, ClientId, ConnId, Fault, KeepAlive, Protocol, Will};
use bytes::Bytes;
use std::net::SocketAddr;
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
    pub text: String,
}

/// The last message that speaks of a device.
#[derive(Clone, Debug)]
pub struct LastMessage {
    /// When it was read.
    pub at: Moment,
    /// Its topic.
    pub topic: Arc<str>,
    /// Its payload, or the beginning of a long one: every device keeps one.
    pub payload: Bytes,
}

impl LastMessage {
    /// How many bytes of a payload are kept.
    pub const KEPT: usize = 4_096;
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
    pub trouble: Option<String>,
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
    /// The connections before this one, until their ends are reported: at a takeover two are open for a moment.
    pub(super) previous: Vec<Session>,
    /// What was known when lwtop's own link went down.
    pub(super) before_blackout: Option<(Presence, Option<Evidence>, Moment)>,
    /// When this device is looked at next.
    pub(super) next_look: Option<Moment>,
    /// Until when the `offline` change waits for the will, so that it can say whether the will was sent.
    pub(super) offline_due: Option<Moment>,
    /// What is held back, in order: a later change waits behind an end whose will may still come, so that the stream tells
    /// the ends of a device as they happened.
    pub(super) held: Vec<Held>,
    /// Until when the newest incident waits for its hops.
    pub(super) incident_due: Option<Moment>,
    /// A will that came while the wire was still open: a broker that closes publishes first and closes then.
    pub(super) early_will: Option<EarlyWill>,
    /// The last of the broker's presence events about it.
    pub(super) lifecycle: Option<Box<Standing>>,
}

impl Device {
    /// How many lines of its timeline are kept.
    pub const NOTES: usize = 64;

    /// Whether lwtop launched it.
    #[must_use]
    pub fn launched(&self) -> bool {
        self.origin == Origin::Launched
    }

    /// The fault in force, if it can be what led to `cause`.
    pub(super) fn fault_behind(&self, cause: Cause) -> Option<(Fault, Moment)> {
        self.fault.filter(|(fault, _)| fault.explains(cause))
    }

    /// Its open connection, if the wire is seen.
    #[must_use]
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
            previous: Vec::new(),
            before_blackout: None,
            next_look: None,
            offline_due: None,
            held: Vec::new(),
            incident_due: None,
            early_will: None,
            lifecycle: None,
        }
    }

    pub(super) fn note(&mut self, at: Moment, text: impl Into<String>) {
        if self.notes.len() == Self::NOTES {
            self.notes.pop_front();
        }
        self.notes.push_back(Note { at, text: text.into() });
    }
}
