//! What became of presences, as a list to read: newest first, bounded.

use super::presence::{Evidence, Presence};
use crate::clock::Moment;
use crate::mqtt::ClientId;
use std::collections::VecDeque;

/// One change of a presence, or of lwtop's own link.
#[derive(Clone, Debug)]
pub struct News {
    /// Its place among all messages and news: what came later has a higher one.
    pub number: u64,
    /// When.
    pub at: Moment,
    /// What.
    pub what: NewsKind,
}

/// What changed.
#[derive(Clone, Debug)]
pub enum NewsKind {
    /// A device came, went, fell silent or became unknown.
    Device {
        /// Which.
        client: ClientId,
        /// What it is now.
        presence: Presence,
        /// How that is known.
        evidence: Option<Evidence>,
    },
    /// lwtop's own link came up or went down, and with it what is known of every device.
    Link {
        /// Whether it is up.
        up: bool,
        /// Why not, in words.
        why: Option<String>,
    },
}

/// A bounded list of news.
#[derive(Debug, Default)]
pub struct NewsLog {
    kept: VecDeque<News>,
    total: u64,
}

impl NewsLog {
    /// How many are kept: as many as of each kind of message.
    pub const CAPACITY: usize = 500;

    pub(super) fn push(&mut self, news: News) {
        self.kept.truncate(Self::CAPACITY - 1);
        self.kept.push_front(news);
        self.total += 1;
    }

    /// The news, newest first.
    #[must_use]
    pub const fn entries(&self) -> &VecDeque<News> {
        &self.kept
    }

    /// All that ever came.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.total
    }
}
