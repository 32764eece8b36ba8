//! What devices may not publish, told to a person: MQTT 3.1.1 has no way to tell the device.

use crate::clock::{Clock, Moment};
use crate::fleet::Report;
use crate::mqtt::topic;
use crate::wiring::Quiet;
use crate::wiring::quiet::USUAL;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use tokio::time::sleep_until;

/// Tells once in a while, and counts what comes in between.
pub(super) struct Told(Arc<Shared>);

struct Shared {
    reports: mpsc::Sender<Report>,
    clock: Clock,
    state: Mutex<State>,
}

struct State {
    /// By client id.
    quiet: Quiet<String>,
    /// A task will tell what was held back.
    awaited: bool,
}

impl Told {
    pub(super) fn new(reports: mpsc::Sender<Report>, clock: Clock) -> Self {
        Self::after(USUAL, reports, clock)
    }

    /// What is held back is told after `pause` at first.
    fn after(pause: Duration, reports: mpsc::Sender<Report>, clock: Clock) -> Self {
        let state = Mutex::new(State { quiet: Quiet::new(pause), awaited: false });
        Self(Arc::new(Shared { reports, clock, state }))
    }

    /// `client` published to a topic that begins with `$`, and nobody gets the message. Waits for nothing.
    pub(super) fn refused(&self, client: &str, name: &str) {
        let mut state = self.0.lock();
        if state.quiet.admits(client.to_owned(), self.0.clock.now()) {
            drop(state);
            let text = format!(
                "{client} may not publish to {}: topics that begin with $ are the broker's own, and lwtop's has no shadows; \
                 nobody gets the message",
                topic::shown(name)
            );
            if let Err(TrySendError::Full(notice)) = self.0.reports.try_send(Report::Notice(text)) {
                // A task of its own waits for room. There are few: the same is not told again for a while.
                let reports = self.0.reports.clone();
                tokio::spawn(async move { reports.send(notice).await });
            }
        } else if !std::mem::replace(&mut state.awaited, true) {
            drop(state);
            tokio::spawn(tell_rest(Arc::clone(&self.0)));
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
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

    fn rest(&self) -> Vec<String> {
        let say = |(client, more): (Option<&String>, u64)| {
            let whose = client.map_or("different devices", String::as_str);
            format!("{more} more messages of {whose} to topics that begin with $ were refused")
        };
        self.lock().quiet.rest(self.clock.now()).map(say).collect()
    }
}

/// Tells what is held back, until there is nothing more or nobody hears it.
async fn tell_rest(shared: Arc<Shared>) {
    while let Some(due) = shared.due() {
        sleep_until(shared.clock.instant(due).into()).await;
        for text in shared.rest() {
            if shared.reports.send(Report::Notice(text)).await.is_err() {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_held_back_is_told_after_a_time_and_a_full_lane_loses_nothing() {
        let (reports, mut lane) = mpsc::channel(1);
        reports.try_send(Report::Notice("before".to_owned())).unwrap();
        let told = Told::after(Duration::from_millis(20), reports, Clock::start());
        (0..3).for_each(|_| told.refused("press-7", "$aws/things/x"));
        let mut said = Vec::new();
        while said.len() < 3 {
            let Some(Report::Notice(text)) = lane.recv().await else { panic!("a notice") };
            said.push(text);
        }
        assert!(said[1].starts_with("press-7 may not publish to $aws/things/x"), "{said:?}");
        assert_eq!(said[2], "2 more messages of press-7 to topics that begin with $ were refused");
    }
}
