//! Floor 4: the terminal interface.
//!
//! [`Ui`] is driven from outside: it is handed terminal events and a [`View`] of the facts, hands back [`Effect`]s, and
//! says when it wants to be drawn next. It owns no socket, no clock and no fleet, so tests drive all of it.

pub mod action;
pub mod app;
pub mod arrange;
pub mod census;
pub mod clipboard;
pub mod colour;
pub mod columns;
pub mod document;
mod entry;
pub mod filter;
pub mod glyph;
pub mod herald;
pub mod hit;
pub mod incidents;
pub mod keymap;
pub mod lane;
pub mod layer;
pub mod layout;
pub mod lesson;
pub mod look;
pub mod mass;
pub mod messages;
mod mouse;
pub mod notices;
mod orders;
pub mod page;
mod palette;
pub mod rules;
pub mod run;
pub mod schedule;
pub mod selection;
pub mod sequence;
pub mod sieve;
pub mod sift;
mod sight;
pub mod sign;
pub mod sql;
pub mod terminal;
pub mod text;
pub mod theme;
pub mod told;
pub mod view;
mod walk;
pub mod wills;
pub mod words;
mod works;

pub use action::Action;
pub use app::{App, Effect};
pub use columns::Columns;
pub use filter::Filter;
pub use herald::Herald;
pub use keymap::{KeyFault, Keymap};
pub use look::Look;
pub use page::Page;
pub use run::Ui;
pub use theme::Theme;

use crate::clock::Moment;
use crate::fleet::{Device, Fleet};
use crate::hub::Status;
use crate::mqtt::ClientId;
use crate::rules::RuleSet;

/// The facts that are drawn, borrowed from the hub.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// Devices, feeds and incidents.
    pub fleet: &'a Fleet,
    /// The program around them.
    pub status: &'a Status,
    /// The rules in force, for the reasons why they fire.
    pub rules: &'a RuleSet,
    /// The moment for which ages and fuses are drawn.
    pub now: Moment,
}

impl<'a> View<'a> {
    /// The device called `client`.
    #[must_use]
    pub fn device(&self, client: &ClientId) -> Option<&'a Device> {
        self.fleet.device(self.fleet.find(client.as_str())?)
    }
}
