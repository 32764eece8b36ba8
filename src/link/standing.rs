//! Whether the link as a whole is up: both connections, and every filter.

use super::connection::Part;
use super::trouble::Trouble;
use crate::clock::Clock;
use crate::fleet::{Incoming, LinkEvent, Report};
use tokio::sync::{Mutex, mpsc, watch};

/// What the two connections know of each other, and how they report. A lock is held while a report waits for the lane:
/// that keeps the reports in the order of what happened, and it is only taken when a connection comes or goes.
#[derive(Debug)]
pub struct Standing {
    reports: mpsc::Sender<Report>,
    clock: Clock,
    stop: watch::Sender<bool>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Wills, then the rest.
    ready: [bool; 2],
    /// The link was reported as up, and not yet as down.
    up: bool,
    /// It was up at least once: from then on trouble is no reason to end.
    started: bool,
    /// The one notice was given.
    noticed: bool,
}

impl Standing {
    /// Nothing stands yet.
    pub fn new(reports: mpsc::Sender<Report>, clock: Clock, stop: watch::Sender<bool>) -> Self {
        Self { reports, clock, stop, state: Mutex::default() }
    }

    /// A connection stands and everything is subscribed.
    pub async fn ready(&self, part: Part) {
        let mut state = self.state.lock().await;
        state.ready[part as usize] = true;
        if state.ready == [true; 2] && !state.up {
            state.up = true;
            state.started = true;
            self.send(Report::Link(LinkEvent::Up { at: self.clock.now() })).await;
        }
    }

    /// A connection was lost, or an attempt failed. False if the link is to end, because it never began.
    pub async fn lost(&self, part: Part, trouble: &Trouble, sentence: impl FnOnce() -> String) -> bool {
        let at = self.clock.now();
        let mut state = self.state.lock().await;
        state.ready[part as usize] = false;
        if !state.started {
            // Said once: the other connection mostly fails for the same reason.
            if !*self.stop.borrow() {
                self.send(Report::Fatal(sentence())).await;
                self.stop.send_replace(true);
            }
            return false;
        }
        if state.up {
            state.up = false;
            self.send(Report::Link(LinkEvent::Down { at, why: trouble.to_string() })).await;
        }
        true
    }

    /// Tells a person something, once in the life of the link.
    pub async fn notice(&self, text: String) {
        let mut state = self.state.lock().await;
        if !std::mem::replace(&mut state.noticed, true) {
            self.send(Report::Notice(text)).await;
        }
    }

    /// Passes messages on. Waits while the lane is full: what lwtop has read is never dropped.
    pub async fn incoming(&self, messages: Vec<Incoming>) {
        if !messages.is_empty() {
            self.send(Report::Incoming(messages)).await;
        }
    }

    /// Sends a report, unless the link is being stopped: then nobody may be reading any more.
    async fn send(&self, report: Report) {
        let mut stopped = self.stop.subscribe();
        tokio::select! {
            biased;
            _ = stopped.wait_for(|stopped| *stopped) => {}
            // Fails only when the hub is gone.
            _ = self.reports.send(report) => {}
        }
    }
}
