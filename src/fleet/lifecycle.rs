//! What the broker's own presence events say (AWS IoT developer guide, "Lifecycle events").
//!
//! They may come twice and out of order; `versionNumber` puts them in order. AWS advises to wait a few seconds after a
//! disconnect and to look again before a device is called gone: meanwhile it is overdue.

use super::change::Change;
use super::device::{DeviceKey, EarlyWill, Origin};
use super::incident::{Hop, Hops, Incident};
use super::presence::{Evidence, Presence, WillSent};
use super::state::Fleet;
use super::vigil::INCIDENT_GRACE;
use crate::clock::Moment;
use crate::mqtt::{Cause, ClientId, Fault};
use std::time::Duration;

/// How long a device is given to come back after the broker said that it disconnected: what AWS advises.
const WAIT: Duration = Duration::from_secs(5);

/// After about an hour offline a client's versions begin at 0 again. An event with a lower version than the last is taken for
/// such a beginning, not for a late one, if it was made this much later.
const NEW_COUNT: Duration = Duration::from_secs(30 * 60);

/// A presence event of the broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lifecycle {
    /// When it was read.
    pub at: Moment,
    /// When the broker made it, by the broker's clock.
    pub made: Moment,
    /// Whom it is about.
    pub client: ClientId,
    /// Rises with each connection of the client; a connect and its disconnect share one.
    pub version: u64,
    /// What happened.
    pub what: LifecycleKind,
}

/// What a presence event tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LifecycleKind {
    /// It connected.
    Connected {
        /// From where, in words of the broker.
        from: Option<String>,
    },
    /// It disconnected.
    Disconnected {
        /// How.
        cause: Cause,
        /// The broker's word for it.
        reason: String,
    },
    /// It was refused.
    Failed {
        /// The broker's word for it.
        reason: String,
    },
}

/// The last presence event of a device.
#[derive(Clone, Debug)]
pub(super) struct Standing {
    version: u64,
    made: Moment,
    connected: bool,
    /// A disconnect that is not believed yet: until when, how, and when it was read.
    pub(super) pending: Option<(Moment, Cause, Moment)>,
}

impl Standing {
    /// Whether `event` says more than what is known.
    fn is_older_than(&self, event: &Lifecycle) -> bool {
        let connected = matches!(event.what, LifecycleKind::Connected { .. });
        match event.version.cmp(&self.version) {
            std::cmp::Ordering::Greater => true,
            std::cmp::Ordering::Equal => self.connected && !connected,
            std::cmp::Ordering::Less => event.made.since(self.made) >= NEW_COUNT,
        }
    }
}

impl Fleet {
    pub(super) fn lifecycle(&mut self, event: Lifecycle, now: Moment, out: &mut Vec<Change>) {
        let Lifecycle { at, made, version, .. } = event;
        if let LifecycleKind::Failed { reason } = &event.what {
            self.failed(at, &event.client, reason, out);
            return;
        }
        if self.is_echo(&event.client, at) {
            return;
        }
        let Some(key) = self.admit(&event.client, Origin::Seen, at) else { return };
        let device = &mut self.devices[key.0];
        if device.lifecycle.as_ref().is_some_and(|last| !last.is_older_than(&event)) {
            return;
        }
        let connected = matches!(event.what, LifecycleKind::Connected { .. });
        device.lifecycle = Some(Box::new(Standing { version, made, connected, pending: None }));
        let frozen = device.fault.is_some_and(|(fault, _)| fault == Fault::Freeze);
        let wire = device.open_session().is_some();
        match event.what {
            LifecycleKind::Connected { from } => {
                let from = from.map(|from| format!(" from {from}")).unwrap_or_default();
                device.note(at, format!("the broker says that it connected{from}"));
                // A device whose wire is seen needs nobody's word.
                if !wire {
                    self.appeared(key, at, out);
                }
            }
            LifecycleKind::Disconnected { cause, reason } => {
                device.note(at, format!("the broker says that it disconnected: {reason}"));
                if !wire || frozen {
                    self.disappeared(key, cause, at, now, out);
                }
            }
            LifecycleKind::Failed { .. } => {}
        }
        self.look_later(key);
    }

    fn appeared(&mut self, key: DeviceKey, at: Moment, out: &mut Vec<Change>) {
        let evidence = Evidence::Lifecycle;
        let new = self.devices[key.0].presence != Presence::Online;
        self.set_presence(key, Presence::Online, Some(evidence), at);
        if new {
            out.push(Change::Online { at, client: self.devices[key.0].id.clone(), evidence });
            self.recover(key, at, out);
        }
    }

    fn disappeared(&mut self, key: DeviceKey, cause: Cause, at: Moment, now: Moment, out: &mut Vec<Change>) {
        let evidence = Evidence::Lifecycle;
        let device = &mut self.devices[key.0];
        if cause.discards_will() {
            device.waiting.take_early_will();
            device.will_sent = WillSent::No;
            let client = device.id.clone();
            self.set_presence(key, Presence::Offline { cause }, Some(evidence), at);
            out.push(Change::Offline { at, client, cause, evidence, will_sent: WillSent::No });
            return;
        }
        // Dead already, by its will: now it is known how.
        if let Presence::Offline { cause: Cause::Unknown } = device.presence
            && let Some(incident) = device.incident.and_then(|id| self.incidents.get_mut(id))
            && incident.cause == Cause::Unknown
            && !incident.recovered()
        {
            (incident.cause, incident.evidence) = (cause, evidence);
            device.count_end_anew(Cause::Unknown, cause);
            let since = device.since;
            self.set_presence(key, Presence::Offline { cause }, Some(evidence), since);
            return;
        }
        if let Some(standing) = device.lifecycle.as_deref_mut() {
            standing.pending = Some((at + WAIT, cause, at));
        }
        if device.waiting.early_will.is_some() {
            // Its will has come: nothing is left to wait for.
            self.believe(key, now, out);
        } else if !matches!(device.presence, Presence::Offline { .. } | Presence::Overdue) {
            let client = device.id.clone();
            self.set_presence(key, Presence::Overdue, Some(evidence), at);
            out.push(Change::Overdue { at, client });
        }
    }

    /// Believes a disconnect that the device has not taken back: it is gone.
    pub(super) fn believe(&mut self, key: DeviceKey, now: Moment, out: &mut Vec<Change>) {
        let device = &mut self.devices[key.0];
        let Some((_, cause, at)) = device.lifecycle.as_deref_mut().and_then(|standing| standing.pending.take()) else {
            return;
        };
        let evidence = Evidence::Lifecycle;
        let early = device.waiting.take_early_will();
        let fault = device.fault_behind(cause);
        let will_sent = if early.is_some() { WillSent::Yes } else { WillSent::Unknown };
        device.will_sent = will_sent;
        let client = device.id.clone();
        self.set_presence(key, Presence::Offline { cause }, Some(evidence), at);
        out.push(Change::Offline { at, client, cause, evidence, will_sent });
        let mut hops = Hops::default();
        if let Some((_, cut)) = fault {
            hops.set(Hop::Cut, cut);
        }
        hops.set(Hop::Detected, at);
        // Whether it had a will is not known: one that comes is its own, one that does not is not missed.
        let build = |id, client| Incident {
            fault: fault.map(|(fault, _)| fault),
            hops,
            lingering: true,
            ..Incident::new(id, key, client, cause, evidence)
        };
        self.add_incident(key, (now, now + INCIDENT_GRACE), build, out);
        if let Some(EarlyWill { at, outcomes }) = early {
            self.will_of(key, at, &outcomes, out);
            self.report_if_complete(key, now, out);
        }
    }
}
