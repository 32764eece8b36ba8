//! Presence: what is known about a device being there, and how it is known.

use crate::mqtt::Cause;

/// How lwtop knows a presence. Ordered from the strongest to the weakest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Evidence {
    /// Seen on the connection itself: in the gateway, or on a simulated device's own socket.
    Wire,
    /// The broker's own presence event.
    Lifecycle,
    /// The will arrived.
    Will,
    /// A retained message from an unknown time.
    Retained,
    /// Concluded from something else; never shown as certain.
    Inferred,
}

impl Evidence {
    /// The name in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Wire => "wire",
            Self::Lifecycle => "lifecycle",
            Self::Will => "will",
            Self::Retained => "retained",
            Self::Inferred => "inferred",
        }
    }

    /// How it is known, in words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Wire => "seen on the wire",
            Self::Lifecycle => "the broker's presence event",
            Self::Will => "its will arrived",
            Self::Retained => "from a retained message, age unknown",
            Self::Inferred => "inferred",
        }
    }
}

/// Whether a device is there. Three states, and `Overdue` between online and offline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Presence {
    /// It is connected.
    Online,
    /// Nothing was heard for longer than its keep alive, and 1.5 times the keep alive has not passed.
    Overdue,
    /// It is gone.
    Offline {
        /// How it went.
        cause: Cause,
    },
    /// lwtop cannot know: its own link is down, or nothing was ever heard.
    Unknown,
}

impl Presence {
    /// The name in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::Overdue => "overdue",
            Self::Offline { .. } => "offline",
            Self::Unknown => "unknown",
        }
    }
}

/// Whether the will of a device that went away was published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WillSent {
    /// It was seen.
    Yes,
    /// There was none, it was discarded, or it should have come and did not.
    No,
    /// It cannot be known: it goes where lwtop does not look, it is delayed, or nothing is known of it.
    Unknown,
}

impl WillSent {
    /// `true`, `false`, or nothing where it cannot be known.
    #[must_use]
    pub const fn known(self) -> Option<bool> {
        match self {
            Self::Yes => Some(true),
            Self::No => Some(false),
            Self::Unknown => None,
        }
    }
}

/// How many devices are in each presence. Kept up to date on transitions, never by counting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Online.
    pub online: usize,
    /// Overdue.
    pub overdue: usize,
    /// Offline.
    pub offline: usize,
    /// Unknown.
    pub unknown: usize,
}

impl Counts {
    pub(super) const fn slot(&mut self, presence: Presence) -> &mut usize {
        match presence {
            Presence::Online => &mut self.online,
            Presence::Overdue => &mut self.overdue,
            Presence::Offline { .. } => &mut self.offline,
            Presence::Unknown => &mut self.unknown,
        }
    }
}
