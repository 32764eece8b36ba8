//! What came of an event: for the views, the stream and the hub.

use super::event::{ActionReport, Incoming, Role};
use super::incident::IncidentId;
use super::presence::{Evidence, WillSent};
use crate::clock::Moment;
use crate::mqtt::{Cause, ClientId};
use std::sync::Arc;

/// Why an incident is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IncidentPhase {
    /// Every awaited hop came.
    Complete,
    /// Everybody was told who is to be told.
    Notified,
    /// Some hop did not come in time.
    Overdue,
    /// The device is back.
    Recovered,
}

/// One thing that changed.
#[derive(Clone, Debug)]
pub enum Change {
    /// lwtop's link came up or went down.
    Link {
        /// When.
        at: Moment,
        /// Whether it is up.
        up: bool,
        /// Why not, in words.
        why: Option<String>,
    },
    /// A device is online.
    Online {
        /// When.
        at: Moment,
        /// Which.
        client: ClientId,
        /// How that is known.
        evidence: Evidence,
    },
    /// A device is overdue.
    Overdue {
        /// When.
        at: Moment,
        /// Which.
        client: ClientId,
    },
    /// A device is offline, and what became of its will is known, or known to be unknowable.
    Offline {
        /// When it went offline.
        at: Moment,
        /// Which.
        client: ClientId,
        /// How it went.
        cause: Cause,
        /// How that is known.
        evidence: Evidence,
        /// Whether its will was seen.
        will_sent: WillSent,
    },
    /// A message came.
    Message {
        /// The message.
        message: Incoming,
        /// Its part.
        role: Role,
        /// The device it speaks of.
        device: Option<ClientId>,
    },
    /// A rule was evaluated.
    Rule {
        /// When.
        at: Moment,
        /// The rule's name.
        name: Arc<str>,
        /// Whether it matched.
        matched: bool,
        /// Whether nothing came of it, because the message came of its own republish.
        skipped: bool,
        /// Whose message it was.
        device: Option<ClientId>,
    },
    /// A rule's republish arrived.
    Executed {
        /// When.
        at: Moment,
        /// Whose will it was.
        device: Option<ClientId>,
        /// On which topic.
        topic: Arc<str>,
    },
    /// An action of a rule was done, or failed for good.
    Action(Box<ActionReport>),
    /// An incident is complete, notified, overdue or recovered.
    Incident {
        /// When.
        at: Moment,
        /// Which.
        incident: IncidentId,
        /// Why it is told now.
        phase: IncidentPhase,
    },
}
