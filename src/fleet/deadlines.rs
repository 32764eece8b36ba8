//! Reasons to look at devices again, in one ordered index.

use super::device::DeviceKey;
use crate::clock::Moment;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// When to look at which device again.
///
/// An entry is only a reason to look: a packet does not touch it, and a device that turns out to be fine gets a new one.
/// An earlier look than the one planned adds an entry; the later one is passed over when its moment comes.
#[derive(Debug, Default)]
pub struct Deadlines {
    heap: BinaryHeap<Reverse<(Moment, DeviceKey)>>,
}

impl Deadlines {
    /// Looks at `device` again at `at`.
    pub fn insert(&mut self, at: Moment, device: DeviceKey) {
        self.heap.push(Reverse((at, device)));
    }

    /// The next moment at which something is to be looked at.
    #[must_use]
    pub fn next(&self) -> Option<Moment> {
        self.heap.peek().map(|Reverse((at, _))| *at)
    }

    /// The next device whose moment has come.
    pub fn pop(&mut self, now: Moment) -> Option<(Moment, DeviceKey)> {
        if self.next()? > now {
            return None;
        }
        self.heap.pop().map(|Reverse(entry)| entry)
    }
}
