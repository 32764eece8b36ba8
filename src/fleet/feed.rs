//! The last messages of one kind, newest first, bounded.

use super::event::{Incoming, Role};
use crate::mqtt::ClientId;
use std::collections::VecDeque;
use std::sync::Arc;

/// One message in a feed.
#[derive(Clone, Debug)]
pub struct FeedEntry {
    /// Its place among all messages and news: what came later has a higher one.
    pub number: u64,
    /// The message.
    pub message: Incoming,
    /// The device it speaks of; `None` is shown as *unattributed*, never guessed.
    pub device: Option<ClientId>,
    /// Its part.
    pub role: Role,
    /// The rules that would have matched it again, and were not run: it came of their own republish.
    pub skipped: Vec<Arc<str>>,
}

/// A bounded list of messages. What falls off the end is counted.
#[derive(Debug, Default)]
pub struct Feed {
    entries: VecDeque<FeedEntry>,
    /// The payloads' bytes.
    bytes: usize,
    /// All messages that ever came, the forgotten ones too.
    total: u64,
}

impl Feed {
    /// How many messages are kept: a screen of the largest terminal several times over.
    pub const CAPACITY: usize = 500;
    /// How many bytes of payload are kept, except that the newest message always is.
    pub const BYTES: usize = 8 << 20;

    pub(super) fn push(&mut self, entry: FeedEntry) {
        self.bytes += entry.message.payload.len();
        self.entries.push_front(entry);
        while self.entries.len() > 1 && (self.entries.len() > Self::CAPACITY || self.bytes > Self::BYTES) {
            let oldest = self.entries.pop_back();
            self.bytes -= oldest.map_or(0, |entry| entry.message.payload.len());
        }
        self.total += 1;
    }

    /// The messages, newest first.
    #[must_use]
    pub const fn entries(&self) -> &VecDeque<FeedEntry> {
        &self.entries
    }

    /// All messages that ever came.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.total
    }

    /// Those that are no longer kept.
    #[must_use]
    pub fn forgotten(&self) -> u64 {
        self.total - self.entries.len() as u64
    }
}
