//! Who did not get in before it had a name, told to a person: whoever knocks at every port of a network is not to drown what
//! matters, so the same is said once in a while and counted in between.

use super::{Door, Shared};
use crate::clock::Moment;
use crate::fleet::Report;
use crate::wiring::Quiet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc::error::TrySendError;
use tokio::time::sleep_until;

/// What was complained of: over which door, and why.
type Complaint = (&'static str, String);

#[derive(Debug)]
pub(super) struct Complaints(Mutex<State>);

#[derive(Debug)]
struct State {
    quiet: Quiet<Complaint>,
    /// A task will tell what was held back.
    awaited: bool,
}

impl Complaints {
    /// The same is not told again for so long.
    pub(super) const fn new(quiet: Duration) -> Self {
        Self(Mutex::new(State { quiet: Quiet::new(quiet), awaited: false }))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A counter too few after a panic elsewhere does no harm.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// When the next that was held back is to be told; without one, nobody waits any more.
    fn due(&self) -> Option<Moment> {
        let mut state = self.lock();
        let due = state.quiet.due();
        state.awaited = due.is_some();
        due
    }

    fn rest(&self, now: Moment) -> Vec<String> {
        let say = |(what, more): (Option<&Complaint>, u64)| match what {
            Some((door, why)) => format!("{more} more did not get in over {door}: {why}"),
            None => format!("{more} more did not get in, for different reasons"),
        };
        self.lock().quiet.rest(now).map(say).collect()
    }
}

impl Shared {
    /// Tells that a device was turned away. Waits for nothing.
    pub(super) fn complain(self: &Arc<Self>, peer: SocketAddr, door: &Door, why: &str) {
        tracing::debug!(%peer, %why, "closed a connection that did not get in");
        let mut state = self.complaints.lock();
        if state.quiet.admits((door.words(), why.to_owned()), self.clock.now()) {
            drop(state);
            let text = format!("{peer} did not get in over {}: {why}", door.words());
            if let Err(TrySendError::Full(notice)) = self.reports.try_send(Report::Notice(text)) {
                // A task of its own waits for room. There are few: the same is not told again for a while.
                let reports = self.reports.clone();
                tokio::spawn(async move { reports.send(notice).await });
            }
        } else if !std::mem::replace(&mut state.awaited, true) {
            drop(state);
            tokio::spawn(tell_rest(Arc::clone(self)));
        }
    }
}

/// Tells what is held back, until there is nothing more.
async fn tell_rest(shared: Arc<Shared>) {
    while let Some(due) = shared.complaints.due() {
        sleep_until(shared.clock.instant(due).into()).await;
        if shared.stopping() {
            return;
        }
        for text in shared.complaints.rest(shared.clock.now()) {
            let _ = shared.reports.send(Report::Notice(text)).await;
        }
    }
}
