//! What the passing of time says: overdue, silent for too long, a will or a hop that did not come.

use super::change::{Change, IncidentPhase};
use super::connection::Connection;
use super::device::{DeviceKey, EarlyWill, Held};
use super::incident::{Hop, Hops, Incident, IncidentId};
use super::presence::{Evidence, Presence, WillSent};
use super::state::Fleet;
use crate::clock::Moment;
use crate::mqtt::{Cause, ClientId};
use std::time::Duration;

/// How long the `offline` change waits for the will, so that it can say whether it was sent. A healthy broker needs
/// well under a second even for thousands at once.
pub(super) const OFFLINE_HOLD: Duration = Duration::from_secs(2);

/// How long an incident waits for its next hop before it is reported as overdue.
pub(super) const INCIDENT_GRACE: Duration = Duration::from_secs(5);

/// How long a will may precede the end of its connection: a broker that closes publishes first.
const EARLY_WILL: Duration = Duration::from_secs(2);

/// A client that pings exactly on time is not overdue: 5 % of the keep alive, between 0.1 and 1 s, is allowed for the way.
fn slack(keep_alive: Duration) -> Duration {
    (keep_alive / 20).clamp(Duration::from_millis(100), Duration::from_secs(1))
}

/// Brokers notice late: without a word from the wire, silence counts as death only this long after 1.5 × keep alive.
fn late(keep_alive: Duration) -> Duration {
    slack(keep_alive) + Duration::from_millis(400)
}

impl Fleet {
    /// Lets time pass: looks at every device whose moment has come. Read the activity board before, or a device may be
    /// called overdue whose packet is still on the board.
    pub fn tick(&mut self, now: Moment, out: &mut Vec<Change>) {
        while let Some((at, key)) = self.deadlines.pop(now) {
            let Some(device) = self.devices.get_mut(key.0) else { continue };
            if device.next_look != Some(at) {
                continue; // replaced by an earlier look, or of a device that is gone
            }
            device.next_look = None;
            self.look(key, now, out);
            self.look_later(key);
        }
    }

    /// Says all that was held back, as far as it is known: for the end of a stream.
    pub fn flush(&mut self, now: Moment, out: &mut Vec<Change>) {
        for key in self.order().to_vec() {
            self.release_offline(key, WillSent::Unknown, out);
            // What still waits for a hop is neither complete nor late: nothing true can be said of it yet.
            let incident = self.devices[key.0].incident.and_then(|id| self.incidents.get(id));
            if incident.is_some_and(|incident| !incident.waits()) {
                self.report(key, now, out);
            }
        }
    }

    /// lwtop's own link is down: what has not been seen by now may come and not be seen.
    pub(super) fn give_up_waiting(&mut self, key: DeviceKey, now: Moment, out: &mut Vec<Change>) {
        let Some(incident) = self.devices[key.0].incident.and_then(|id| self.incidents.get_mut(id)) else { return };
        if incident.reported {
            return;
        }
        incident.lingering = false;
        incident.settle(Hop::Will);
        incident.settle(Hop::Executed);
        self.report_if_complete(key, now, out);
    }

    fn look(&mut self, key: DeviceKey, now: Moment, out: &mut Vec<Change>) {
        let device = &mut self.devices[key.0];
        if device.lifecycle.as_deref().and_then(|standing| standing.pending).is_some_and(|(due, ..)| due <= now) {
            self.believe(key, now, out);
        }
        let device = &mut self.devices[key.0];
        let overdue = device.waiting.early_will.as_ref().is_some_and(|early| now.since(early.at) >= EARLY_WILL);
        if overdue && let Some(EarlyWill { at, outcomes }) = device.waiting.take_early_will() {
            self.will_without_end(key, at, &outcomes, now, out);
        }
        let device = &mut self.devices[key.0];
        if device.waiting.offline_due.is_some_and(|due| due <= now) {
            device.will_sent = WillSent::No;
            self.release_offline(key, WillSent::No, out);
        }
        if self.devices[key.0].waiting.incident_due.is_some_and(|due| due <= now) {
            self.report(key, now, out);
        }
        self.judge_silence(key, now, out);
        if let Some(device) = self.devices.get_mut(key.0) {
            device.waiting.tidy();
        }
    }

    fn judge_silence(&mut self, key: DeviceKey, now: Moment, out: &mut Vec<Change>) {
        let device = &mut self.devices[key.0];
        let Some(session) = device.open_session() else { return };
        let Some(interval) = session.keep_alive.interval() else { return };
        let last = session.last_packet;
        if device.presence == Presence::Online && now >= last + interval + slack(interval) {
            device.note(now, format!("overdue: nothing heard for {} s", interval.as_secs()));
            self.set_presence(key, Presence::Overdue, Some(Evidence::Wire), now);
            out.push(Change::Overdue { at: now, client: self.devices[key.0].id.clone() });
        }
        let device = &mut self.devices[key.0];
        if device.presence == Presence::Overdue && now >= last + interval * 3 / 2 + late(interval) {
            device.note(now, "keep alive ran out 1.5 times: inferred dead");
            let cause = Cause::KeepAliveTimeout;
            let awaited = device.open_session().is_some_and(|session| session.will.is_some());
            let fault = device.fault_behind(cause);
            let connection = device.open_session().map(|session| Connection::of(session, None));
            device.will_sent = WillSent::Unknown;
            self.set_presence(key, Presence::Offline { cause }, Some(Evidence::Inferred), now);
            let will_sent = WillSent::Unknown;
            out.push(Change::Offline {
                at: now,
                client: self.devices[key.0].id.clone(),
                cause,
                evidence: Evidence::Inferred,
                will_sent,
            });
            let mut hops = Hops::default();
            if let Some((_, at)) = fault {
                hops.set(Hop::Cut, at);
            }
            // Mosquitto has been seen to take up to 2.7 times the keep alive.
            let due = now + interval * 3 / 2 + INCIDENT_GRACE;
            let build = |id, client| Incident {
                fault: fault.map(|(fault, _)| fault),
                hops,
                awaited: if awaited { vec![Hop::Will] } else { Vec::new() },
                connection,
                ..Incident::new(id, key, client, cause, Evidence::Inferred)
            };
            self.add_incident(key, (now, due), build, out);
        }
    }

    /// Sets the next look at a device, from all that it waits for.
    pub(super) fn look_later(&mut self, key: DeviceKey) {
        let Some(device) = self.devices.get_mut(key.0) else { return };
        device.waiting.tidy();
        let silence = device.open_session().and_then(|session| {
            let interval = session.keep_alive.interval()?;
            match device.presence {
                Presence::Online => Some(session.last_packet + interval + slack(interval)),
                Presence::Overdue => Some(session.last_packet + interval * 3 / 2 + late(interval)),
                _ => None,
            }
        });
        let early = device.waiting.early_will.as_ref().map(|early| early.at + EARLY_WILL);
        let pending = device.lifecycle.as_deref().and_then(|standing| standing.pending).map(|(due, ..)| due);
        let next = [silence, early, pending, device.waiting.offline_due, device.waiting.incident_due]
            .into_iter()
            .flatten()
            .min();
        if let Some(at) = next
            && device.next_look.is_none_or(|planned| at < planned)
        {
            device.next_look = Some(at);
            self.deadlines.insert(at, key);
        }
    }

    /// Lets go of what was held back for a will, now that its fate is known. A will that came is the first one's that
    /// waits; anything else is true of all of them.
    pub(super) fn release_offline(&mut self, key: DeviceKey, fate: WillSent, out: &mut Vec<Change>) {
        let device = &mut self.devices[key.0];
        if device.waiting.held.is_empty() {
            return;
        }
        for held in &mut device.waiting.held {
            if let Held::Offline(_, _, will_sent @ None) = held {
                *will_sent = Some(fate);
                if fate == WillSent::Yes {
                    break;
                }
            }
        }
        let waits = device.waiting.held.iter().position(|held| matches!(held, Held::Offline(_, _, None)));
        let known = waits.unwrap_or(device.waiting.held.len());
        let told: Vec<_> = device.waiting.held.drain(..known).collect();
        let all = device.waiting.held.is_empty();
        if all {
            device.waiting.offline_due = None;
        }
        let client = device.id.clone();
        let mut ended = None;
        for held in told {
            let (client, evidence) = (client.clone(), Evidence::Wire);
            match held {
                Held::Online(at) => {
                    ended = None;
                    out.push(Change::Online { at, client, evidence });
                }
                Held::Offline(at, cause, will_sent) => {
                    ended = Some(at);
                    out.push(Change::Offline { at, client, cause, evidence, will_sent: will_sent.unwrap_or(fate) });
                }
            }
        }
        if let Some(at) = ended.filter(|_| all) {
            self.tell_online_again(key, at, out);
        }
    }

    /// Opens an incident at `now`, which is to be told by `due`. With it the one before is over.
    pub(super) fn add_incident(
        &mut self,
        key: DeviceKey,
        (now, due): (Moment, Moment),
        build: impl FnOnce(IncidentId, ClientId) -> Incident,
        out: &mut Vec<Change>,
    ) {
        self.close_incident(key, now, out);
        let client = self.devices[key.0].id.clone();
        let id = self.incidents.open(|id| build(id, client));
        let cause = self.incidents.get(id).map(|incident| incident.cause);
        let device = &mut self.devices[key.0];
        if let Some(cause) = cause {
            device.count_end(cause);
        }
        device.incidents += 1;
        device.incident = Some(id);
        device.waiting.incident_due = Some(due);
        self.look_later(key);
    }

    /// The device dies again, or is forgotten: what comes from now on is not counted for its newest incident. One of which
    /// a hop is still awaited is neither complete nor late, and nothing is told of it any more.
    pub(super) fn close_incident(&mut self, key: DeviceKey, now: Moment, out: &mut Vec<Change>) {
        let late = self.devices[key.0].waiting.incident_due.is_some_and(|due| due <= now);
        match self.devices[key.0].incident.and_then(|id| self.incidents.get_mut(id)) {
            Some(incident) if !late && incident.waits() => {
                incident.settle(Hop::Will);
                incident.settle(Hop::Executed);
                incident.reported = true;
            }
            _ => self.report(key, now, out),
        }
    }

    /// Records that a device is back.
    pub(super) fn recover(&mut self, key: DeviceKey, at: Moment, out: &mut Vec<Change>) {
        let Some(id) = self.devices[key.0].incident else { return };
        let Some(incident) = self.incidents.get_mut(id) else { return };
        let news = incident.hops.set(Hop::Recovered, at);
        if let Some(took) = incident.after(Hop::Recovered).filter(|_| news) {
            self.devices[key.0].count_recovery(took);
        }
        if news && incident.reported {
            out.push(Change::Incident { at, incident: id, phase: IncidentPhase::Recovered });
        }
        if news && incident.delayed {
            // Back before the delay was over: MQTT forbids the will now.
            incident.settle(Hop::Will);
            self.report_if_complete(key, at, out);
        }
    }

    pub(super) fn report_if_complete(&mut self, key: DeviceKey, now: Moment, out: &mut Vec<Change>) {
        let incident = self.devices[key.0].incident.and_then(|id| self.incidents.get(id));
        if incident.is_some_and(|incident| !incident.waits() && !incident.lingering) {
            self.report(key, now, out);
        }
    }

    /// Tells of the newest incident, unless it was told before.
    fn report(&mut self, key: DeviceKey, now: Moment, out: &mut Vec<Change>) {
        let device = &mut self.devices[key.0];
        if device.waiting.incident_due.is_some() {
            device.waiting.incident_due = None;
        }
        let Some(id) = device.incident else { return };
        let Some(incident) = self.incidents.get_mut(id) else { return };
        if incident.reported {
            return;
        }
        incident.reported = true;
        incident.lingering = false;
        // Who is being told is not late: what comes of it is reported on its own.
        let (telling, late) = std::mem::take(&mut incident.awaited).into_iter().partition(|hop| *hop == Hop::Notified);
        incident.awaited = telling;
        incident.missing.extend::<Vec<Hop>>(late);
        let complete = incident.missing.iter().all(|hop| *hop == Hop::Notified);
        for hop in incident.missing.iter().filter(|hop| **hop != Hop::Notified) {
            device.note(now, format!("{} should have come by now and did not", hop.name()));
        }
        let phase = if complete { IncidentPhase::Complete } else { IncidentPhase::Overdue };
        out.push(Change::Incident { at: now, incident: id, phase });
    }
}
