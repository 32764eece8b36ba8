//! What the wire says: connections that open, close and are active.

use super::blackout::LinkState;
use super::change::Change;
use super::connection::Connection;
use super::device::{DeviceKey, EarlyWill, Held, Origin, Session};
use super::event::{Closed, Opened};
use super::incident::{Hop, Hops, Incident};
use super::presence::{Evidence, Presence, WillSent};
use super::state::Fleet;
use super::vigil::{INCIDENT_GRACE, OFFLINE_HOLD};
use crate::clock::Moment;
use crate::mqtt::{Cause, ConnId, Will};
use crate::wiring::Activity;

impl Fleet {
    pub(super) fn opened(&mut self, opened: Opened, out: &mut Vec<Change>) {
        let Some(key) = self.admit(&opened.client, Origin::Seen, opened.at) else { return };
        self.by_conn.insert(opened.conn, key);
        let device = &mut self.devices[key.0];
        let last = device.session.take();
        let version = last.as_ref().map_or(0, |session| session.version + 1);
        if let Some(last) = last {
            // One that is known to be dead, though its socket is not, has had its incident.
            let dead = matches!(device.presence, Presence::Offline { .. });
            if last.ended.is_none() && !dead {
                device.waiting.previous.push(*last);
            } else {
                self.by_conn.remove(&last.conn);
            }
        }
        let device = &mut self.devices[key.0];
        let from = opened.peer.map(|peer| format!(" from {peer}")).unwrap_or_default();
        let identity = opened.via.identity.as_ref().map(|name| format!(" with the certificate of {name}"));
        let identity = identity.unwrap_or_default();
        device.note(
            opened.at,
            format!("connected{from}{identity}, MQTT {}, keep alive {} s", opened.protocol, opened.keep_alive.0),
        );
        device.session = Some(Box::new(Session {
            conn: opened.conn,
            peer: opened.peer,
            via: opened.via,
            protocol: opened.protocol,
            keep_alive: opened.keep_alive,
            clean: opened.clean,
            will: opened.will,
            opened: opened.at,
            last_packet: opened.at,
            last_ping: None,
            nameless: opened.nameless,
            ended: None,
            version,
        }));
        // A takeover keeps its fault until the end of the first connection has told how that one went.
        if device.waiting.previous.is_empty() {
            device.fault_is_over();
        }
        device.trouble = None;
        self.set_presence(key, Presence::Online, Some(Evidence::Wire), opened.at);
        let device = &mut self.devices[key.0];
        if device.waiting.held.is_empty() {
            out.push(Change::Online { at: opened.at, client: device.id.clone(), evidence: Evidence::Wire });
        } else {
            // Its last end still waits for the will, which a quick return does not call back.
            device.waiting.held.push(Held::Online(opened.at));
        }
        self.recover(key, opened.at, out);
        self.look_later(key);
    }

    pub(super) fn active(&mut self, conn: ConnId, activity: Activity, out: &mut Vec<Change>) {
        let Some(&key) = self.by_conn.get(&conn) else { return };
        let device = &mut self.devices[key.0];
        device.packets += u64::from(activity.packets);
        device.pings += u64::from(activity.pings);
        if activity.packets == 0 {
            return;
        }
        let Some(session) = device.session.as_deref_mut().filter(|session| session.conn == conn) else { return };
        session.last_packet = session.last_packet.max(activity.last_packet);
        // The board counts packets and knows the time of the last one: among others it may be any of them.
        if activity.pings == activity.packets {
            session.last_ping = Some(session.last_packet);
        }
        let inferred = matches!(device.presence, Presence::Offline { .. }) && session.ended.is_none();
        if inferred || device.presence == Presence::Overdue {
            let at = activity.last_packet;
            device.note(at, "heard again");
            self.set_presence(key, Presence::Online, Some(Evidence::Wire), at);
            out.push(Change::Online { at, client: self.devices[key.0].id.clone(), evidence: Evidence::Wire });
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
        let how = Some(closed.how);
        let (wire, nameless) = if current {
            let Some(session) = device.session.as_deref_mut() else { return };
            session.ended = Some(closed.cause);
            (Some(Connection::of(session, how)), session.nameless)
        } else {
            self.by_conn.remove(&closed.conn);
            let place = device.waiting.previous.iter().position(|session| session.conn == closed.conn);
            (place.map(|place| Connection::of(&device.waiting.previous.remove(place), how)), false)
        };
        device.note(closed.at, format!("{} ({})", closed.cause, closed.how));
        let early = device.waiting.take_early_will();
        // An inferred death is confirmed by the wire: the same death, better known.
        let inferred = current && matches!(device.presence, Presence::Offline { .. });
        let will = wire.as_ref().and_then(|wire| wire.will.as_ref());
        let fate = self.fate(will, closed.cause);
        if current {
            self.set_presence(key, Presence::Offline { cause: closed.cause }, Some(Evidence::Wire), closed.at);
        }
        if closed.cause.discards_will() {
            self.tell_offline(key, closed.at, closed.cause, WillSent::No, out);
            if current {
                self.devices[key.0].fault_is_over();
                self.devices[key.0].will_sent = WillSent::No;
            }
            if nameless {
                let client = self.devices[key.0].id.clone();
                self.remove(client, now, out);
            }
            return;
        }
        let known = inferred.then_some(self.devices[key.0].incident).flatten();
        let mut seen = early.is_some();
        match known.and_then(|id| self.incidents.get_mut(id)) {
            Some(incident) => {
                self.devices[key.0].count_end_anew(incident.cause, closed.cause);
                incident.cause = closed.cause;
                incident.evidence = Evidence::Wire;
                incident.connection = wire;
                incident.hops.set(Hop::Detected, closed.at);
                seen |= incident.hops.get(Hop::Will).is_some();
            }
            None => self.open_incident(key, closed, wire, &fate, (now, out)),
        }
        let will_sent = match fate {
            Fate::None => WillSent::No,
            _ if seen => WillSent::Yes,
            _ => WillSent::Unknown,
        };
        self.devices[key.0].will_sent = will_sent;
        if matches!(fate, Fate::AtOnce) && !seen {
            let device = &mut self.devices[key.0];
            device.waiting.offline_due = Some(closed.at + OFFLINE_HOLD);
            device.waiting.held.push(Held::Offline(closed.at, closed.cause, None));
            self.look_later(key);
        } else {
            self.tell_offline(key, closed.at, closed.cause, will_sent, out);
        }
        if let Some(EarlyWill { at, outcomes }) = early {
            self.will_of(key, at, &outcomes, out);
        }
        self.report_if_complete(key, now, out);
    }

    /// Tells the end of a connection that was seen on the wire, behind those that are held back.
    fn tell_offline(&mut self, key: DeviceKey, at: Moment, cause: Cause, will_sent: WillSent, out: &mut Vec<Change>) {
        let device = &mut self.devices[key.0];
        if device.waiting.held.is_empty() {
            out.push(Change::Offline { at, client: device.id.clone(), cause, evidence: Evidence::Wire, will_sent });
            self.tell_online_again(key, at, out);
        } else {
            device.waiting.held.push(Held::Offline(at, cause, Some(will_sent)));
        }
    }

    /// If the device is on another connection by now, the last word is that it is online.
    pub(super) fn tell_online_again(&self, key: DeviceKey, at: Moment, out: &mut Vec<Change>) {
        let device = &self.devices[key.0];
        if let Some(session) = device.open_session().filter(|_| device.presence == Presence::Online) {
            let at = session.opened.max(at);
            out.push(Change::Online { at, client: device.id.clone(), evidence: Evidence::Wire });
        }
    }

    /// What is to become of `will` after such an end.
    fn fate(&self, will: Option<&Will>, cause: Cause) -> Fate {
        match will {
            None => Fate::None,
            Some(_) if cause.discards_will() => Fate::None,
            // Neither can it be seen while lwtop's own link is down.
            Some(_) if !matches!(self.link(), LinkState::Up { .. }) => Fate::Elsewhere,
            Some(will) if !self.settings.will.matches(&will.topic) => Fate::Elsewhere,
            Some(will) if will.delay.is_zero() => Fate::AtOnce,
            Some(will) => Fate::Delayed(will.delay),
        }
    }

    fn open_incident(
        &mut self,
        key: DeviceKey,
        closed: &Closed,
        wire: Option<Box<Connection>>,
        fate: &Fate,
        (now, out): (Moment, &mut Vec<Change>),
    ) {
        let device = &mut self.devices[key.0];
        let recovered = device.session.as_deref().is_none_or(|session| session.conn != closed.conn);
        let mut hops = Hops::default();
        // lwtop's own deed is the earliest sign, and names the moment of the cut even where the wire only fell silent.
        let fault = device.fault_behind(closed.cause);
        if recovered {
            // The device is back already: another connection took over.
            device.fault_is_over();
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
        let build = |id, client| Incident {
            fault: fault.map(|(fault, _)| fault),
            hops,
            awaited,
            delayed: matches!(fate, Fate::Delayed(_)),
            connection: wire,
            ..Incident::new(id, key, client, cause, Evidence::Wire)
        };
        self.add_incident(key, (now, due), build, out);
        if !matches!(fate, Fate::None | Fate::Elsewhere)
            && let Some(incident) = self.devices[key.0].incident
        {
            self.owe(incident);
        }
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
