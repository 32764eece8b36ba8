//! How a device's presence went before now: the last spans, how long it was there in all, how often it died and of what,
//! and how long it took to come back.
//!
//! A device that was never anything but what it is now has none: a fleet of a hundred thousand has no memory to spare for
//! what did not happen. What lwtop's own link does is no change of a device, and nothing is written for it.

use super::device::Device;
use super::presence::Presence;
use crate::clock::Moment;
use crate::mqtt::Cause;
use std::collections::VecDeque;
use std::time::Duration;

/// A time in which a presence did not change. It lasts until the next one begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Since when.
    pub from: Moment,
    /// What it was.
    pub presence: Presence,
}

/// How long it was known whether a device was there, and how long it was. Overdue and unknown are left out: nobody knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Uptime {
    /// How long it was online.
    pub online: Duration,
    /// How long it was offline.
    pub offline: Duration,
}

impl Uptime {
    /// How long it was known.
    #[must_use]
    pub fn known(&self) -> Duration {
        self.online + self.offline
    }

    fn add(&mut self, presence: Presence, lasted: Duration) {
        match presence {
            Presence::Online => self.online += lasted,
            Presence::Offline { .. } => self.offline += lasted,
            Presence::Overdue | Presence::Unknown => {}
        }
    }
}

/// How long it took a device to be back after its deaths. Those are left out from which it was back before they were seen,
/// as at a takeover.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recoveries {
    /// How many there were.
    pub count: u32,
    /// How long the last one took.
    pub last: Duration,
    /// How long the longest took.
    pub longest: Duration,
    total: Duration,
}

impl Recoveries {
    /// How long they took on average.
    #[must_use]
    pub fn mean(&self) -> Duration {
        self.total.checked_div(self.count).unwrap_or_default()
    }

    fn add(&mut self, took: Duration) {
        self.count += 1;
        self.last = took;
        self.longest = self.longest.max(took);
        self.total += took;
    }
}

/// What is kept of a device that changed.
#[derive(Clone, Debug, Default)]
pub struct History {
    past: VecDeque<Span>,
    /// Over all that is past, the spans too that are no longer kept.
    before: Uptime,
    /// By the place of the cause in [`Cause::ALL`].
    ends: [u32; Cause::ALL.len()],
    recoveries: Recoveries,
}

impl History {
    /// How many spans are kept before the one that lasts.
    pub const SPANS: usize = 32;
    /// A device that died once has no more spans than these.
    const FEW_SPANS: usize = 4;

    /// A span is over: the presence changed at `until`.
    fn record(&mut self, span: Span, until: Moment) {
        let lasted = until.since(span.from);
        // A death whose cause became known afterwards is the same death.
        if lasted.is_zero() {
            return;
        }
        self.before.add(span.presence, lasted);
        match self.past.len() {
            Self::SPANS => drop(self.past.pop_front()),
            // One that dies again will need all of it, as with its timeline.
            Self::FEW_SPANS => self.past.reserve_exact(Self::SPANS - Self::FEW_SPANS),
            _ => {}
        }
        self.past.push_back(span);
    }
}

impl Device {
    /// The presence is about to change at `at`: what it is now is past. The first that becomes known is no change.
    pub(super) fn leave_presence(&mut self, at: Moment) {
        let own = Span { from: self.since, presence: self.presence };
        let blackout = self.waiting.before_blackout.filter(|_| self.presence == Presence::Unknown);
        let before = blackout.map(|(presence, _, from)| Span { from, presence });
        let nothing = |span: Span| span.presence == Presence::Unknown && self.history.is_none();
        match before {
            None if nothing(own) => {}
            Some(before) if nothing(before) => {}
            None => self.history_mut().record(own, at),
            // The wire was watched all the time, whatever lwtop's own link did.
            Some(before) if self.session.is_some() => self.history_mut().record(before, at),
            Some(before) => {
                self.history_mut().record(before, own.from);
                self.history_mut().record(own, at);
            }
        }
    }

    fn history_mut(&mut self) -> &mut History {
        self.history.get_or_insert_with(Box::default)
    }

    /// A connection ended like this.
    pub(super) fn count_end(&mut self, cause: Cause) {
        self.history_mut().ends[cause as usize] += 1;
    }

    /// What was counted as one cause was another.
    pub(super) fn count_end_anew(&mut self, was: Cause, is: Cause) {
        let ends = &mut self.history_mut().ends;
        if was != is && ends[was as usize] > 0 {
            ends[was as usize] -= 1;
            ends[is as usize] += 1;
        }
    }

    /// It is back after a death.
    pub(super) fn count_recovery(&mut self, took: Duration) {
        self.history_mut().recoveries.add(took);
    }

    /// The spans that are kept, oldest first; the last one lasts. Empty while nothing was ever known.
    pub fn spans(&self) -> impl Iterator<Item = Span> + '_ {
        let past = self.history.iter().flat_map(|history| history.past.iter().copied());
        let before = self.waiting.before_blackout.filter(|_| self.presence == Presence::Unknown);
        let before = before.map(|(presence, _, from)| Span { from, presence });
        let own = Span { from: self.since, presence: self.presence };
        past.chain(before).chain([own]).skip_while(|span| span.presence == Presence::Unknown)
    }

    /// How long it was online and offline until `now`, in all that is known of it.
    #[must_use]
    pub fn uptime(&self, now: Moment) -> Uptime {
        let mut uptime = self.history.as_ref().map(|history| history.before).unwrap_or_default();
        let own = Span { from: self.since, presence: self.presence };
        match self.waiting.before_blackout.filter(|_| self.presence == Presence::Unknown) {
            Some((presence, _, from)) => uptime.add(presence, self.since.since(from)),
            None => uptime.add(own.presence, now.since(own.from)),
        }
        uptime
    }

    /// How often its connections ended, by cause, those only that occurred. Clean leaves are among them.
    pub fn ends(&self) -> impl Iterator<Item = (Cause, u32)> + '_ {
        let ends = self.history.iter().flat_map(|history| Cause::ALL.into_iter().zip(history.ends));
        ends.filter(|(_, count)| *count > 0)
    }

    /// How long it took to be back; `None` while it never was.
    #[must_use]
    pub fn recoveries(&self) -> Option<Recoveries> {
        self.history.as_ref().map(|history| history.recoveries).filter(|recoveries| recoveries.count > 0)
    }
}

#[cfg(test)]
mod tests;
