//! What of a group has been done already, so that another attempt does not do it again.

use super::{Failed, Group};
use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Remembers the parts of one group that are done: the recipients that have the mail, the messages that are published.
/// An action works on one group at a time, so the latest is enough.
#[derive(Debug, Default)]
pub struct Progress {
    latest: Mutex<(u64, BTreeSet<usize>)>,
}

impl Progress {
    /// Whether a part of the group `key` is done.
    pub fn is_done(&self, key: u64, part: usize) -> bool {
        let latest = self.latest();
        latest.0 == key && latest.1.contains(&part)
    }

    /// A part of the group `key` is done; what is known of any other group is forgotten.
    pub fn done(&self, key: u64, part: usize) {
        let mut latest = self.latest();
        if latest.0 != key {
            *latest = (key, BTreeSet::new());
        }
        latest.1.insert(part);
    }

    /// The group is done as a whole: the next one with the same contents is another one.
    pub fn finished(&self) {
        *self.latest() = (0, BTreeSet::new());
    }

    fn latest(&self) -> MutexGuard<'_, (u64, BTreeSet<usize>)> {
        // No code that could panic runs while it is locked.
        self.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A number that is the same for each attempt at a group, and another for each other group.
pub fn key(group: &Group) -> u64 {
    let mut hasher = DefaultHasher::new();
    group.len().hash(&mut hasher);
    for job in &group.jobs {
        (job.at, job.incident.map(|incident| incident.0), &job.facts.rule, &job.message.topic).hash(&mut hasher);
        job.output.hash(&mut hasher);
    }
    hasher.finish()
}

/// What the parts that were refused amount to: as long as another attempt may help with one of them, it is made.
pub fn outcome(refused: Vec<Failed>) -> Option<Failed> {
    let again = refused.iter().any(|failed| failed.again);
    let mut reasons = refused.into_iter().map(|failed| failed.why);
    let first = reasons.next()?;
    let rest = reasons.len();
    let why = match reasons.next() {
        None => first,
        Some(second) if rest == 1 => format!("{first}; {second}"),
        Some(second) => format!("{first}; {second}; and {} more", rest - 1),
    };
    Some(Failed { why, again, after: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_latest_group_is_remembered() {
        let progress = Progress::default();
        progress.done(7, 1);
        assert!(progress.is_done(7, 1) && !progress.is_done(7, 0) && !progress.is_done(8, 1));
        progress.done(8, 0);
        assert!(!progress.is_done(7, 1) && progress.is_done(8, 0));
        progress.finished();
        assert!(!progress.is_done(8, 0));
    }

    #[test]
    fn several_refusals_are_one_failure() {
        let failed = |number: u32, again| Failed { why: number.to_string(), again, after: None };
        assert_eq!(outcome(vec![]), None);
        assert_eq!(outcome(vec![failed(1, false)]), Some(Failed::for_good("1")));
        assert_eq!(outcome(vec![failed(1, false), failed(2, true)]), Some(Failed::for_now("1; 2")));
        let many = (1..=5).map(|number| failed(number, false)).collect();
        assert_eq!(outcome(many), Some(Failed::for_good("1; 2; and 3 more")));
    }
}
