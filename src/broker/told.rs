//! What devices may not publish, told to a person: MQTT 3.1.1 has no way to tell the device.

use crate::clock::Clock;
use crate::fleet::Report;
use crate::mqtt::topic;
use crate::wiring::Quiet;
use crate::wiring::quiet::USUAL;
use std::sync::{Mutex, PoisonError};
use tokio::sync::mpsc;

/// Tells once in a while, and counts what comes in between.
pub(super) struct Told {
    reports: mpsc::Sender<Report>,
    clock: Clock,
    /// By client id.
    quiet: Mutex<Quiet<String>>,
}

impl Told {
    pub(super) const fn new(reports: mpsc::Sender<Report>, clock: Clock) -> Self {
        Self { reports, clock, quiet: Mutex::new(Quiet::new(USUAL)) }
    }

    /// `client` published to a topic that begins with `$`, and nobody gets the message. Waits for nothing.
    pub(super) fn refused(&self, client: &str, name: &str) {
        let now = self.clock.now();
        let mut quiet = self.quiet.lock().unwrap_or_else(PoisonError::into_inner);
        // The first since it was said is told at once, the others with the next that comes late enough.
        let first = quiet.admits(client.to_owned(), now).then(|| {
            format!(
                "{client} may not publish to {}: topics that begin with $ are the broker's own, and lwtop's has no shadows; \
                 nobody gets the message",
                topic::shown(name)
            )
        });
        let rest = quiet.rest(now).map(|(client, more)| {
            let whose = client.map_or("different devices", String::as_str);
            format!("{more} more messages of {whose} to topics that begin with $ were refused")
        });
        for text in first.into_iter().chain(rest) {
            // A full channel has more important things in it.
            let _ = self.reports.try_send(Report::Notice(text));
        }
    }
}
