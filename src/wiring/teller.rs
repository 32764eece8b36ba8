//! Tells people the same thing once in a while, without waiting for anything, and later how often it was not told.

use super::Quiet;
use crate::clock::{Clock, Moment};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use tokio::time::sleep_until;

/// Tells things, of which `K` says whether they are the same, in messages `M` on a bounded lane. A full lane loses nothing:
/// what finds no room waits for it, and that is little, because the same is not told again for a while.
#[derive(Debug)]
pub struct Teller<K, M>(Arc<Shared<K, M>>);

#[derive(Debug)]
struct Shared<K, M> {
    lane: mpsc::Sender<M>,
    clock: Clock,
    more: fn(Option<&K>, u64) -> M,
    state: Mutex<State<K>>,
}

#[derive(Debug)]
struct State<K> {
    quiet: Quiet<K>,
    /// A task will tell what was held back.
    awaited: bool,
}

impl<K: PartialEq + Send + 'static, M: Send + 'static> Teller<K, M> {
    /// Tells on `lane`. The same is not told again for `pause` at first; `more` says how often it was held back, and gets
    /// `None` for different things.
    #[must_use]
    pub fn new(pause: Duration, lane: mpsc::Sender<M>, clock: Clock, more: fn(Option<&K>, u64) -> M) -> Self {
        let state = Mutex::new(State { quiet: Quiet::new(pause), awaited: false });
        Self(Arc::new(Shared { lane, clock, more, state }))
    }

    /// Tells `what` in the words of `say`, or counts it if it was told a moment ago. Has to be called within a runtime.
    pub fn tell(&self, what: K, say: impl FnOnce() -> M) {
        let mut state = self.0.lock();
        if state.quiet.admits(what, self.0.clock.now()) {
            drop(state);
            if let Err(TrySendError::Full(message)) = self.0.lane.try_send(say()) {
                let lane = self.0.lane.clone();
                tokio::spawn(async move { lane.send(message).await });
            }
        } else if !std::mem::replace(&mut state.awaited, true) {
            drop(state);
            tokio::spawn(tell_rest(Arc::downgrade(&self.0)));
        }
    }
}

impl<K: PartialEq, M> Shared<K, M> {
    fn lock(&self) -> MutexGuard<'_, State<K>> {
        // A counter too few after a panic elsewhere does no harm.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// When the next that was held back is to be told; without one, nobody waits any more.
    fn due(&self) -> Option<Moment> {
        let mut state = self.lock();
        let due = state.quiet.due();
        state.awaited = due.is_some();
        due
    }

    /// What was held back for long enough at `now`.
    fn rest(&self, now: Moment) -> Vec<M> {
        self.lock().quiet.rest(now).map(|(what, count)| (self.more)(what, count)).collect()
    }
}

/// Tells what is held back, until there is nothing more, nobody hears it, or its teller is gone: while it sleeps it keeps
/// neither that nor the lane.
async fn tell_rest<K: PartialEq, M>(teller: Weak<Shared<K, M>>) {
    loop {
        let Some(due) = teller.upgrade().and_then(|shared| Some(shared.clock.instant(shared.due()?))) else { return };
        sleep_until(due.into()).await;
        let Some((lane, rest)) = teller.upgrade().map(|shared| (shared.lane.clone(), shared.rest(shared.clock.now())))
        else {
            return;
        };
        for message in rest {
            if lane.send(message).await.is_err() {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nobody waits so long in a test: what is held back is held back to its end.
    const LONG: Duration = Duration::from_secs(3_600);

    fn more(what: Option<&&str>, count: u64) -> String {
        format!("{count} more of {}", what.unwrap_or(&"others"))
    }

    #[tokio::test]
    async fn a_full_lane_loses_nothing_and_the_same_is_counted() {
        let (lane, mut told) = mpsc::channel(1);
        lane.try_send("before".to_owned()).unwrap();
        let clock = Clock::start();
        let teller = Teller::new(LONG, lane, clock, more);
        for what in ["a", "a", "b", "a"] {
            teller.tell(what, || what.to_owned());
        }
        let mut said = Vec::new();
        while said.len() < 3 {
            said.push(told.recv().await.unwrap());
        }
        assert_eq!(said, ["before", "a", "b"]);
        assert!(teller.0.rest(clock.now()).is_empty());
        assert_eq!(teller.0.rest(clock.now() + LONG), ["2 more of a"]);
    }

    #[tokio::test]
    async fn what_goes_on_is_told_or_counted_and_somebody_is_there_to_tell_the_count_each_time() {
        let (lane, mut told) = mpsc::channel(1);
        let teller = Teller::new(Duration::from_millis(1), lane, Clock::start(), more);
        let (mut happened, mut heard, mut counts) = (0, 0, 0);
        while counts < 3 {
            // On a slow machine some of these are a while after the last: they are told. All others are in a count.
            for _ in 0..10 {
                happened += 1;
                teller.tell("a", || "a".to_owned());
            }
            while heard < happened {
                let message = told.recv().await.unwrap();
                let count = message.strip_suffix(" more of a");
                counts += u32::from(count.is_some());
                heard += count.map_or(1, |count| count.parse::<u64>().unwrap());
            }
        }
        assert_eq!(heard, happened);
    }

    #[tokio::test]
    async fn a_lane_ends_with_its_teller_whatever_was_held_back() {
        let (lane, mut told) = mpsc::channel(1);
        let teller = Teller::new(LONG, lane, Clock::start(), more);
        (0..2).for_each(|_| teller.tell("a", || "a".to_owned()));
        assert_eq!(told.recv().await.unwrap(), "a");
        tokio::task::yield_now().await;
        drop(teller);
        assert_eq!(told.recv().await, None);
    }
}
