//! Says the same thing once in a while, and counts what it does not say. Pure.

use crate::clock::Moment;
use std::time::Duration;

/// How many different things are told apart; beyond that, all others are one.
const MOST: usize = 16;

/// For how long the same thing is usually not said again, at first.
pub const USUAL: Duration = Duration::from_secs(5);

/// So much longer it is at most: it doubles as long as the same thing goes on.
const LONGEST: u32 = 16;

/// What was said lately, and how often it was not said again.
#[derive(Debug)]
pub struct Quiet<K> {
    first: Duration,
    said: Vec<Said<K>>,
}

#[derive(Debug)]
struct Said<K> {
    /// `None` for all that find no room.
    what: Option<K>,
    until: Moment,
    pause: Duration,
    kept: u64,
}

impl<K: PartialEq> Quiet<K> {
    /// Nothing was said yet. The same thing is not said again for so long at first.
    #[must_use]
    pub const fn new(first: Duration) -> Self {
        Self { first, said: Vec::new() }
    }

    /// Whether `what` is to be said now. If not, it is counted for [`Quiet::rest`].
    pub fn admits(&mut self, what: K, now: Moment) -> bool {
        self.said.retain(|said| said.kept > 0 || said.until > now);
        let full = self.said.len() >= MOST;
        let same = |said: &&mut Said<K>| said.what.as_ref() == Some(&what) || (full && said.what.is_none());
        if let Some(said) = self.said.iter_mut().find(same) {
            said.kept += 1;
            return false;
        }
        let what = (!full).then_some(what);
        self.said.push(Said { what, until: now + self.first, pause: self.first, kept: 0 });
        true
    }

    /// When there is something in [`Quiet::rest`] next; `None` while nothing was held back.
    #[must_use]
    pub fn due(&self) -> Option<Moment> {
        self.said.iter().filter(|said| said.kept > 0).map(|said| said.until).min()
    }

    /// What was held back for long enough, and how often; `None` stands for different things. From now on the same is not
    /// said for twice as long.
    pub fn rest(&mut self, now: Moment) -> impl Iterator<Item = (Option<&K>, u64)> {
        let longest = self.first * LONGEST;
        self.said.iter_mut().filter(move |said| said.kept > 0 && said.until <= now).map(move |said| {
            said.pause = (said.pause * 2).min(longest);
            said.until = now + said.pause;
            (said.what.as_ref(), std::mem::take(&mut said.kept))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rest(quiet: &mut Quiet<u32>, millis: u64) -> Vec<(Option<u32>, u64)> {
        quiet.rest(Moment::from_millis(millis)).map(|(what, count)| (what.copied(), count)).collect()
    }

    #[test]
    fn the_same_is_said_once_in_a_while_and_the_rest_is_counted() {
        let mut quiet = Quiet::new(USUAL);
        let at = Moment::from_millis;
        assert!(quiet.admits(1, at(0)) && quiet.admits(2, at(0)));
        assert_eq!(quiet.due(), None, "nothing to wake up for");
        assert!((0..99).all(|n| !quiet.admits(1, at(n))));
        assert_eq!((quiet.due(), rest(&mut quiet, 4_999)), (Some(at(5_000)), vec![]));
        assert_eq!(rest(&mut quiet, 5_000), [(Some(1), 99)]);
        assert!(!quiet.admits(1, at(5_001)), "it goes on");
        assert!(quiet.admits(2, at(5_001)), "that was long ago");
        assert_eq!((quiet.due(), rest(&mut quiet, 15_000)), (Some(at(15_000)), vec![(Some(1), 1)]));
        assert!(quiet.admits(1, at(35_000)), "it was over");
    }

    #[test]
    fn different_things_without_end_become_one() {
        let mut quiet = Quiet::new(USUAL);
        let at = Moment::from_millis;
        let said = (0..1_000).filter(|n| quiet.admits(*n, at(0))).count();
        assert_eq!(said, MOST + 1);
        assert_eq!(rest(&mut quiet, 5_000), [(None, 1_000 - MOST as u64 - 1)]);
        assert_eq!(quiet.said.len(), MOST + 1);
    }
}
