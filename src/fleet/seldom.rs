//! What only a few devices have at a time: it takes memory only where it is there.

use super::device::{EarlyWill, Held, Session};
use super::presence::{Evidence, Presence};
use crate::clock::Moment;
use crate::mqtt::Fault;
use std::ops::{Deref, DerefMut};

/// What a device waits for, and what is held back of it. Read it like a [`Waiting`]; changing it makes room for it.
#[derive(Clone, Debug, Default)]
pub(super) struct Seldom(Option<Box<Waiting>>);

/// Nothing of it is there, most of the time.
#[derive(Clone, Debug, Default)]
pub(super) struct Waiting {
    /// The connections before this one, until their ends are reported: at a takeover two are open for a moment.
    pub previous: Vec<Session>,
    /// What was known when lwtop's own link went down.
    pub before_blackout: Option<(Presence, Option<Evidence>, Moment)>,
    /// Until when the `offline` change waits for the will, so that it can say whether the will was sent.
    pub offline_due: Option<Moment>,
    /// What is held back, in order: a later change waits behind an end whose will may still come, so that the stream tells
    /// the ends of a device as they happened.
    pub held: Vec<Held>,
    /// Until when the newest incident waits for its hops.
    pub incident_due: Option<Moment>,
    /// A will that came while the wire was still open: a broker that closes publishes first and closes then.
    pub early_will: Option<EarlyWill>,
    /// The fault that was in force before a takeover which goes on: it still is if that comes to nothing.
    pub before_takeover: Option<(Fault, Moment)>,
}

impl Waiting {
    const NONE: &Self = &Self {
        previous: Vec::new(),
        before_blackout: None,
        offline_due: None,
        held: Vec::new(),
        incident_due: None,
        early_will: None,
        before_takeover: None,
    };

    fn is_empty(&self) -> bool {
        let Self { previous, before_blackout, offline_due, held, incident_due, early_will, before_takeover } = self;
        let none = before_blackout.is_none() && offline_due.is_none() && incident_due.is_none() && early_will.is_none();
        none && previous.is_empty() && held.is_empty() && before_takeover.is_none()
    }
}

impl Seldom {
    /// Takes the early will, if there is one.
    pub fn take_early_will(&mut self) -> Option<EarlyWill> {
        self.0.as_mut()?.early_will.take()
    }

    /// Takes the fault that was in force before a takeover, if there was one.
    pub fn take_before_takeover(&mut self) -> Option<(Fault, Moment)> {
        self.0.as_mut()?.before_takeover.take()
    }

    /// What was known before the blackout counts no more.
    pub fn forget_blackout(&mut self) {
        if let Some(waiting) = &mut self.0 {
            waiting.before_blackout = None;
        }
    }

    /// Gives the room back where nothing is left in it.
    pub fn tidy(&mut self) {
        self.0.take_if(|waiting| waiting.is_empty());
    }
}

impl Deref for Seldom {
    type Target = Waiting;

    fn deref(&self) -> &Waiting {
        self.0.as_deref().unwrap_or(Waiting::NONE)
    }
}

impl DerefMut for Seldom {
    fn deref_mut(&mut self) -> &mut Waiting {
        self.0.get_or_insert_default()
    }
}
