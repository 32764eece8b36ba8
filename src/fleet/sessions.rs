//! What the wire says: connections that open, close and are active.

use super::change::Change;
use super::device::{DeviceKey, EarlyWill, Origin, Session};
use super::event::{Closed, Opened};
use super::incident::{Hop, Hops, Incident};
use super::presence::{Evidence, Presence, WillSent};
use super::state::Fleet;
use super::vigil::{INCIDENT_GRACE, OFFLINE_HOLD};
use crate::clock::Moment;
use crate::mqtt::{Cause, ConnId, Fault, Will};
use crate::wiring::Activity;

impl Fleet {
    pub(super) fn opened(&mut self, opened: Opened, out: &mut Vec<Change>) {
        let key = self.admit(&opened.client, Origin::Seen, opened.at);
        self.release_offline(key, out);
        self.by_conn.insert(opened.conn, key);
        let device = &mut self.devices[key.0];
        let last = device.session.take();
        let version = last.as_ref().map_or(0, |session| session.version + 1);
        if let Some(last) = last {
            if last.ended.is_none() {
                device.previous = Some(last);
            } else {
                self.by_conn.remove(&last.conn);
            }
        }
        let device = &mut self.devices[key.0];
        let from = opened.peer.map(|peer| format!(" from {peer}")).unwrap_or_default();
        device.note(
            opened.at,
            format!("connected{from}, MQTT {}, keep alive {} s", opened.protocol, opened.keep_alive.0),
        );
        device.session = Some(Box::new(Session {
            conn: opened.conn,
            peer: opened.peer,
            protocol: opened.protocol,
            keep_alive: opened.keep_alive,
            clean: opened.clean,
            will: opened.will,
            opened: opened.at,
            last_packet: opened.at,
            ended: None,
            version,
        }));
        // A takeover keeps its fault until the end of the first connection has told how that one went.
        if device.previous.is_none() {
            device.fault = None;
        }
        device.trouble = None;
        self.set_presence(key, Presence::Online, Some(Evidence::Wire), opened.at);
        out.push(Change::Online { at: opened.at, device: key, evidence: Evidence::Wire });
        self.recover(key, opened.at, out);
        self.look_later(key);
    }

    pub(super) fn active(&mut self, conn: ConnId, activity: Activity, out: &mut Vec<Change>) {
        let Some(&key) = self.by_conn.get(&conn) else { return };
        let device = &mut self.devices[key.0];
        device.packets += u64::from(activity.packets);
        device.pings += u64::from(activity.pings);
        let Some(session) = device.session.as_deref_mut().filter(|session| session.conn == conn) else { return };
        session.last_packet = session.last_packet.max(activity.last_packet);
        let inferred = matches!(device.presence, Presence::Offline { .. }) && session.ended.is_none();
        if inferred || device.presence == Presence::Overdue {
            let at = activity.last_packet;
            device.note(at, "heard again");
            self.set_presence(key, Presence::Online, Some(Evidence::Wire), at);
            out.push(Change::Online { at, device: key, evidence: Evidence::Wire });
            if inferred {
                self.recover(key, at, out);
            }
            self.look_later(key);
        }
    }

    pub(super) fn closed(&mut self, closed: &Closed, now: Moment, out: &mut Vec<Change>) {
        self.active(closed.conn, closed.rest, out);
        let Some(&key) = self.by_conn.get(&closed.conn) else { return };
        let device = &mut self.devices[key.0];
        let current = device.session.as_deref().is_some_and(|session| session.conn == closed.conn);
        let will = if current {
            let Some(session) = device.session.as_deref_mut() else { return };
            session.ended = Some(closed.cause);
            session.will.clone()
        } else {
            self.by_conn.remove(&closed.conn);
            device.previous.take().and_then(|session| session.will)
        };
        let device = &mut self.devices[key.0];
        device.note(closed.at, format!("{} ({})", closed.cause, closed.how));
        let early = device.early_will.take();
        // An inferred death is confirmed by the wire: the same death, better known.
        let inferred = current && matches!(device.presence, Presence::Offline { .. });
        let fate = self.fate(will.as_ref(), closed.cause);
        if current {
            self.set_presence(key, Presence::Offline { cause: closed.cause }, Some(Evidence::Wire), closed.at);
        }
        if closed.cause.discards_will() {
            self.devices[key.0].fault = None;
            self.devices[key.0].will_sent = WillSent::No;
            self.announce_offline(key, closed, out);
            return;
        }
        let known = inferred.then_some(self.devices[key.0].incident).flatten();
        match known.and_then(|id| self.incidents.get_mut(id)) {
            Some(incident) => {
                incident.cause = closed.cause;
                incident.evidence = Evidence::Wire;
                incident.hops.set(Hop::Detected, closed.at);
            }
            None => self.open_incident(key, closed, &fate, !current, now),
        }
        self.devices[key.0].will_sent = match fate {
            Fate::None => WillSent::No,
            _ if early.is_some() => WillSent::Yes,
            _ => WillSent::Unknown,
        };
        if matches!(fate, Fate::AtOnce) && early.is_none() {
            let device = &mut self.devices[key.0];
            device.offline_due = Some(closed.at + OFFLINE_HOLD);
            device.held = Some((closed.at, closed.cause));
            self.look_later(key);
        } else {
            self.announce_offline(key, closed, out);
        }
        if let Some(EarlyWill { at, outcomes }) = early {
            self.will_of(key, at, &outcomes, out);
        }
        self.report_if_complete(key, now, out);
    }

    fn announce_offline(&self, key: DeviceKey, closed: &Closed, out: &mut Vec<Change>) {
        out.push(Change::Offline {
            at: closed.at,
            device: key,
            cause: closed.cause,
            evidence: Evidence::Wire,
            will_sent: self.devices[key.0].will_sent,
        });
    }

    /// What is to become of `will` after such an end.
    fn fate(&self, will: Option<&Will>, cause: Cause) -> Fate {
        match will {
            None => Fate::None,
            Some(_) if cause.discards_will() => Fate::None,
            Some(will) if !self.settings.will.matches(&will.topic) => Fate::Elsewhere,
            Some(will) if will.delay.is_zero() => Fate::AtOnce,
            Some(will) => Fate::Delayed(will.delay),
        }
    }

    fn open_incident(&mut self, key: DeviceKey, closed: &Closed, fate: &Fate, recovered: bool, now: Moment) {
        let device = &mut self.devices[key.0];
        let mut hops = Hops::default();
        // lwtop's own deed is the earliest sign, and names the moment of the cut even where the wire only fell silent.
        let fault = device.fault.filter(|(fault, _)| *fault != Fault::Leave);
        if recovered {
            // The device is back already: another connection took over.
            device.fault = None;
        }
        if let Some(at) = fault.map(|(_, at)| at).or(closed.cut) {
            hops.set(Hop::Cut, at);
        }
        hops.set(Hop::Detected, closed.at);
        if recovered && let Some(session) = device.open_session() {
            hops.set(Hop::Recovered, session.opened);
        }
        let awaited = if matches!(fate, Fate::AtOnce | Fate::Delayed(_)) { vec![Hop::Will] } else { Vec::new() };
        let delay = if let Fate::Delayed(delay) = fate { *delay } else { std::time::Duration::ZERO };
        let due = closed.at.max(now) + delay + INCIDENT_GRACE;
        let cause = closed.cause;
        self.add_incident(key, Some(due), |id, client| Incident {
            id,
            device: key,
            client,
            cause,
            evidence: Evidence::Wire,
            fault: fault.map(|(fault, _)| fault),
            hops,
            awaited,
            lingering: false,
            missing: Vec::new(),
            wills: 0,
            rule: None,
            reported: false,
        });
    }
}

/// What is to become of a will.
enum Fate {
    /// There is none, or it is discarded.
    None,
    /// It is due now.
    AtOnce,
    /// It is due after its delay, unless the device is back before.
    Delayed(std::time::Duration),
    /// It goes to a topic that lwtop does not see.
    Elsewhere,
}
