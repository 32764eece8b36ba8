//! What can be open on top of the fleet.

use super::action::Action;
use super::document::Document;
use super::keymap::Mode;
use super::mass::Form;
use crate::fleet::{FeedEntry, IncidentId};
use crate::hub::Mass;
use crate::mqtt::{ClientId, Fault};

/// The most devices that can be asked for at once; a machine may hold fewer.
pub const MOST_TO_LAUNCH: usize = 100_000;

/// What is done after a yes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// They are deleted.
    Remove,
    /// They die.
    Die(Fault),
    /// Some of them or all, again and again.
    Mass(Mass),
}

/// One layer.
#[derive(Debug)]
pub enum Layer {
    /// One device, its will and its timeline.
    Detail {
        /// Which device.
        client: ClientId,
        /// The first visible line.
        scroll: usize,
    },
    /// One incident as a sequence.
    Sequence {
        /// Which incident.
        incident: IncidentId,
        /// The first visible line.
        scroll: usize,
    },
    /// One message. It stays readable when it has left the feed.
    Message {
        /// The message.
        entry: Box<FeedEntry>,
        /// Its payload in lines.
        document: Document,
        /// The first visible line.
        scroll: usize,
    },
    /// How the targets are to die.
    Death {
        /// Whom it is for: fixed when the menu opens, so that nobody else dies because the fleet moved.
        targets: Vec<ClientId>,
        /// The line under the cursor: an index into `Fault::ALL`.
        row: usize,
    },
    /// What is to happen to many.
    Mass(Box<Form>),
    /// How many devices to launch.
    Launch {
        /// The number so far; 0 while nothing was typed.
        number: usize,
    },
    /// Whether this is to be done to these devices.
    Confirm {
        /// Which.
        targets: Vec<ClientId>,
        /// What.
        deed: Deed,
    },
    /// What to look for is being written, in the line of the footer.
    Filter,
    /// Every action by its name.
    Palette {
        /// What was typed.
        typed: String,
        /// The action under the cursor: its line moves when another begins or ceases to do something. `None` is the first
        /// until that is known.
        chosen: Option<Action>,
    },
    /// The columns of the table.
    Columns {
        /// The line under the cursor.
        row: usize,
    },
    /// All keys.
    Help {
        /// The first visible line.
        scroll: usize,
    },
    /// The last notices, in full.
    Notices {
        /// The first visible line.
        scroll: usize,
    },
}

impl Layer {
    /// A layer that shows `entry`.
    #[must_use]
    pub fn message(entry: FeedEntry) -> Self {
        let document = Document::read(&entry.message.payload);
        Self::Message { entry: Box::new(entry), document, scroll: 0 }
    }

    /// What the keys mean while it is on top.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        match self {
            Self::Detail { .. } => Mode::Detail,
            Self::Sequence { .. } => Mode::Sequence,
            Self::Message { .. } => Mode::Message,
            Self::Death { .. } => Mode::Death,
            Self::Mass(_) => Mode::Mass,
            Self::Launch { .. } => Mode::Launch,
            Self::Confirm { .. } => Mode::Confirm,
            Self::Filter => Mode::Filter,
            Self::Palette { .. } => Mode::Palette,
            Self::Columns { .. } => Mode::Columns,
            Self::Help { .. } => Mode::Help,
            Self::Notices { .. } => Mode::Notices,
        }
    }

    /// The devices without which it makes no sense.
    #[must_use]
    pub fn subjects(&self) -> Option<&[ClientId]> {
        match self {
            Self::Detail { client, .. } => Some(std::slice::from_ref(client)),
            Self::Death { targets, .. } | Self::Confirm { targets, .. } => Some(targets),
            Self::Mass(form) => Some(&form.targets),
            Self::Sequence { .. }
            | Self::Message { .. }
            | Self::Launch { .. }
            | Self::Filter
            | Self::Palette { .. }
            | Self::Columns { .. }
            | Self::Help { .. }
            | Self::Notices { .. } => None,
        }
    }

    /// Its scroll position, if it has one.
    pub const fn scroll_mut(&mut self) -> Option<&mut usize> {
        match self {
            Self::Detail { scroll, .. }
            | Self::Sequence { scroll, .. }
            | Self::Message { scroll, .. }
            | Self::Help { scroll }
            | Self::Notices { scroll } => Some(scroll),
            Self::Death { .. }
            | Self::Mass(_)
            | Self::Launch { .. }
            | Self::Confirm { .. }
            | Self::Filter
            | Self::Palette { .. }
            | Self::Columns { .. } => None,
        }
    }
}
