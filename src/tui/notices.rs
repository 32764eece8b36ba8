//! The last notices: a sentence that was too long for its line, or gone too soon, can be read again.

use crate::hub::{Notice, Status};
use std::collections::VecDeque;

/// A bounded list of notices, newest first.
#[derive(Debug, Default)]
pub struct Notices {
    kept: VecDeque<Notice>,
    /// How many of the hub's were taken in.
    heard: usize,
}

impl Notices {
    /// How many are kept.
    pub const CAPACITY: usize = 50;

    /// Takes in what the hub said since the last time.
    pub fn hear(&mut self, status: &Status) {
        let new = status.said.saturating_sub(self.heard).min(status.recent.len());
        self.heard = status.said;
        for notice in status.recent.range(status.recent.len() - new..) {
            self.push(notice.clone());
        }
    }

    /// Adds one. What was said last and is said again is not said twice.
    pub fn push(&mut self, notice: Notice) {
        if let Some(last) = self.kept.front_mut().filter(|last| last.text == notice.text) {
            last.at = notice.at;
            return;
        }
        self.kept.truncate(Self::CAPACITY - 1);
        self.kept.push_front(notice);
    }

    /// All that are kept, newest first.
    pub fn newest(&self) -> impl Iterator<Item = &Notice> {
        self.kept.iter()
    }

    /// Whether nothing was ever said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Moment;

    #[test]
    fn the_newest_are_kept_and_each_is_said_once() {
        let (mut notices, mut status) = (Notices::default(), Status::default());
        for number in 0..35 {
            // Two between two frames.
            for number in [2 * number, 2 * number + 1] {
                status.notify(Moment::from_millis(number), format!("notice {number}"));
            }
            notices.hear(&status);
            notices.hear(&status);
        }
        status.notify(Moment::from_millis(99), "notice 69");
        notices.hear(&status);
        let kept: Vec<(u64, &str)> =
            notices.newest().map(|notice| (notice.at.as_millis(), notice.text.as_str())).collect();
        assert_eq!(
            (kept.len(), kept[0], kept[1], kept[49]),
            (50, (99, "notice 69"), (68, "notice 68"), (20, "notice 20"))
        );
    }
}
