//! What messages say about devices.

use super::blackout::LinkState;
use super::change::Change;
use super::connection::Connection;
use super::device::{Device, DeviceKey, EarlyWill, LastMessage, Origin};
use super::event::{Incoming, Meaning, Role, RuleOutcome};
use super::feed::FeedEntry;
use super::incident::{Hop, Hops, Incident};
use super::presence::{Evidence, Presence, WillSent};
use super::state::Fleet;
use super::vigil::INCIDENT_GRACE;
use crate::clock::Moment;
use crate::mqtt::{Cause, ClientId, Fault};

impl Fleet {
    pub(super) fn message(
        &mut self,
        message: Incoming,
        meaning: Meaning,
        outcomes: Vec<RuleOutcome>,
        now: Moment,
        out: &mut Vec<Change>,
    ) {
        let Meaning { role, device } = meaning;
        let device = if role == Role::Will { self.whose_will(&message, device) } else { device };
        out.push(Change::Message { message: message.clone(), role, device: device.clone() });
        for outcome in &outcomes {
            let RuleOutcome { at, name, matched, skipped, .. } = outcome;
            let (name, device) = (name.clone(), device.clone());
            out.push(Change::Rule { at: *at, name, matched: *matched, skipped: *skipped, device });
        }
        let skipped = outcomes.iter().filter(|outcome| outcome.skipped).map(|outcome| outcome.name.clone()).collect();
        if role == Role::Executed {
            out.push(Change::Executed { at: message.at, device: device.clone(), topic: message.topic.clone() });
        }
        if let Some(id) = &device {
            match role {
                Role::Will | Role::Connected if self.is_echo(id, message.at) => {}
                Role::Will => self.will_message(id, &message, outcomes, now, out),
                Role::Connected => self.connected_message(id, &message, out),
                Role::Executed => self.executed_message(id, &message, now, out),
                Role::Other => {}
            }
            if let Some(key) = self.find(id.as_str()) {
                if matches!(self.link(), LinkState::Down { .. }) {
                    self.doubt(key, message.at);
                }
                let Incoming { at, topic, payload, .. } = &message;
                match &mut self.devices[key.0].last_message {
                    Some(last) => last.replace(*at, topic, payload),
                    none => *none = Some(LastMessage::new(*at, topic, payload)),
                }
            }
        }
        let number = self.next_number();
        self.feed_mut(role).push(FeedEntry { number, message, device, role, skipped });
    }

    /// A will may carry another device's name in its payload. The broker's word on who published it counts more, if that
    /// client is known to have had a will for this topic. One that names nobody is that of the first death on the wire whose
    /// will it can be: the gateway has read them all, topic and payload.
    fn whose_will(&self, message: &Incoming, named: Option<ClientId>) -> Option<ClientId> {
        // The embedded broker gives a client without an id one of its own, which no device has.
        let stranger = |id: &ClientId| message.publisher.as_ref() == Some(id) && self.find(id.as_str()).is_none();
        if !message.retain
            && named.as_ref().is_none_or(stranger)
            && let Some(owed) = self.owed(message)
        {
            return Some(owed);
        }
        let Some(publisher) = &message.publisher else { return named };
        let had_it = self.find(publisher.as_str()).and_then(|key| self.device(key)).is_some_and(|device| {
            let sessions = device.session.as_deref().into_iter().chain(&device.waiting.previous);
            sessions.into_iter().any(|session| session.will.as_ref().is_some_and(|will| will.topic == message.topic))
        });
        if had_it { Some(publisher.clone()) } else { named }
    }

    fn will_message(
        &mut self,
        id: &ClientId,
        message: &Incoming,
        outcomes: Vec<RuleOutcome>,
        now: Moment,
        out: &mut Vec<Change>,
    ) {
        let Some(key) = self.admit(id, Origin::Seen, message.at) else { return };
        let device = &mut self.devices[key.0];
        if message.retain {
            // From an unknown time: it only counts where nothing else is known.
            if device.presence == Presence::Unknown && device.session.is_none() {
                let alive = |(before, ..): &(Presence, _, _)| matches!(before, Presence::Online | Presence::Overdue);
                if device.waiting.before_blackout.as_ref().is_some_and(alive) {
                    device.note(message.at, "a retained will says that it died once, before it was last seen or since");
                    return;
                }
                device.note(message.at, "a retained will says that it died once");
                device.will_sent = WillSent::Yes;
                let cause = Cause::Unknown;
                let evidence = Evidence::Retained;
                self.set_presence(key, Presence::Offline { cause }, Some(evidence), message.at);
                let will_sent = WillSent::Yes;
                out.push(Change::Offline {
                    at: message.at,
                    client: self.devices[key.0].id.clone(),
                    cause,
                    evidence,
                    will_sent,
                });
            }
            return;
        }
        if self.awaits_will(key) {
            self.will_of(key, message.at, &outcomes, out);
            self.release_offline(key, WillSent::Yes, out);
            self.report_if_complete(key, now, out);
            return;
        }
        let device = &mut self.devices[key.0];
        if device.open_session().is_some() {
            let frozen = device.fault.is_some_and(|(fault, _)| fault == Fault::Freeze);
            if frozen && matches!(device.presence, Presence::Overdue | Presence::Offline { .. }) {
                // Frozen by lwtop, so its socket cannot say that the broker has given it up; the will does.
                self.died_unseen(key, Cause::KeepAliveTimeout, message.at, &outcomes, now, out);
            } else {
                device.waiting.early_will = Some(EarlyWill { at: message.at, outcomes });
                self.look_later(key);
            }
            return;
        }
        // The broker tells of every end: how it went will be known in a moment.
        if device.session.is_none()
            && device.lifecycle.is_some()
            && !matches!(device.presence, Presence::Offline { .. })
        {
            device.waiting.early_will = Some(EarlyWill { at: message.at, outcomes });
            self.believe(key, now, out);
            self.look_later(key);
            return;
        }
        if device.session.is_some() {
            // The wire says how it ended and that it has not been back: this is no new death.
            let again = match device.incident.and_then(|id| self.incidents.get_mut(id)) {
                Some(incident) if incident.hops.get(Hop::Will).is_some() => {
                    incident.wills += 1;
                    true
                }
                _ => false,
            };
            device.note(message.at, if again { "its will arrived once more" } else { "a will that names it arrived" });
            return;
        }
        self.died_unseen(key, Cause::Unknown, message.at, &outcomes, now, out);
    }

    /// A will whose connection was expected to end, and of whose end nothing came.
    pub(super) fn will_without_end(
        &mut self,
        key: DeviceKey,
        at: Moment,
        outcomes: &[RuleOutcome],
        now: Moment,
        out: &mut Vec<Change>,
    ) {
        let device = &mut self.devices[key.0];
        if device.open_session().is_some() {
            device.note(now, "a message on the will topic named it, but its connection lives");
        } else {
            self.died_unseen(key, Cause::Unknown, at, outcomes, now, out);
        }
    }

    pub(super) fn awaits_will(&self, key: DeviceKey) -> bool {
        let incident = self.devices[key.0].incident.and_then(|id| self.incidents.get(id));
        // A device that came back without its will having come is done with that one.
        let late = |incident: &Incident| incident.missing.contains(&Hop::Will) && !incident.recovered();
        // The broker's word does not say whether there was a will.
        let possible = |incident: &Incident| {
            incident.evidence == Evidence::Lifecycle && incident.hops.get(Hop::Will).is_none() && !incident.recovered()
        };
        incident.is_some_and(|incident| incident.awaited.contains(&Hop::Will) || late(incident) || possible(incident))
    }

    /// A death that only the will tells of.
    pub(super) fn died_unseen(
        &mut self,
        key: DeviceKey,
        cause: Cause,
        at: Moment,
        outcomes: &[RuleOutcome],
        now: Moment,
        out: &mut Vec<Change>,
    ) {
        let evidence = Evidence::Will;
        self.set_presence(key, Presence::Offline { cause }, Some(evidence), at);
        let device = &mut self.devices[key.0];
        device.will_sent = WillSent::Yes;
        let fault = device.fault_behind(cause);
        let connection = device.open_session().map(|session| Connection::of(session, None));
        out.push(Change::Offline {
            at,
            client: self.devices[key.0].id.clone(),
            cause,
            evidence,
            will_sent: WillSent::Yes,
        });
        let mut hops = Hops::default();
        if let Some((_, cut)) = fault {
            hops.set(Hop::Cut, cut);
        }
        let build = |id, client| Incident {
            fault: fault.map(|(fault, _)| fault),
            hops,
            awaited: vec![Hop::Will],
            connection,
            ..Incident::new(id, key, client, cause, evidence)
        };
        self.add_incident(key, (at, at + INCIDENT_GRACE), build, out);
        self.will_of(key, at, outcomes, out);
        self.report_if_complete(key, now, out);
    }

    /// Writes an arrived will, and what the rules made of it, into the newest incident.
    pub(super) fn will_of(&mut self, key: DeviceKey, at: Moment, outcomes: &[RuleOutcome], out: &mut Vec<Change>) {
        let rules = self.settings.rules;
        let device = &mut self.devices[key.0];
        device.will_sent = WillSent::Yes;
        device.note(at, "its will arrived");
        let inferred = device.evidence == Some(Evidence::Inferred);
        if inferred {
            device.evidence = Some(Evidence::Will);
        }
        let Some(incident) = device.incident.and_then(|id| self.incidents.get_mut(id)) else { return };
        if inferred {
            incident.evidence = Evidence::Will;
        }
        incident.wills += 1;
        incident.hops.set(Hop::Will, at);
        incident.settle(Hop::Will);
        for outcome in outcomes.iter().filter(|outcome| outcome.matched && !outcome.skipped) {
            incident.hops.set(Hop::Rule, outcome.at);
            incident.rule.get_or_insert_with(|| outcome.name.clone());
            device.note(outcome.at, format!("rule {} matched", outcome.name));
            if outcome.notifies > 0 {
                incident.telling += outcome.notifies;
                if incident.hops.get(Hop::Notified).is_none() && !incident.awaited.contains(&Hop::Notified) {
                    incident.awaited.push(Hop::Notified);
                }
            }
            let expected = outcome.republishes && incident.hops.get(Hop::Executed).is_none() && !incident.reported;
            if expected && !incident.awaited.contains(&Hop::Executed) {
                incident.awaited.push(Hop::Executed);
            }
        }
        incident.lingering = !rules && !incident.reported;
        device.waiting.incident_due = (!incident.reported).then_some(at + INCIDENT_GRACE);
        self.release_offline(key, WillSent::Yes, out);
        self.look_later(key);
    }

    fn connected_message(&mut self, id: &ClientId, message: &Incoming, out: &mut Vec<Change>) {
        let Some(key) = self.admit(id, Origin::Seen, message.at) else { return };
        let device = &mut self.devices[key.0];
        // Where the wire is seen, it knows better than a message that may have been long on its way.
        if device.session.is_some() {
            return;
        }
        if message.retain {
            device.note(message.at, "a retained message says that it connected once");
            return;
        }
        let evidence = Evidence::Inferred;
        let new = device.presence != Presence::Online;
        // Some say it every second; that is nothing new.
        if new {
            device.note(message.at, "announced itself");
        }
        self.set_presence(key, Presence::Online, Some(evidence), message.at);
        if new {
            out.push(Change::Online { at: message.at, client: self.devices[key.0].id.clone(), evidence });
            self.recover(key, message.at, out);
        }
    }

    fn executed_message(&mut self, id: &ClientId, message: &Incoming, now: Moment, out: &mut Vec<Change>) {
        let Some(key) = self.find(id.as_str()).filter(|_| !message.retain) else { return };
        let device: &mut Device = &mut self.devices[key.0];
        let Some(incident) = device.incident.and_then(|id| self.incidents.get_mut(id)) else { return };
        if incident.hops.get(Hop::Will).is_none() || !incident.hops.set(Hop::Executed, message.at) {
            return;
        }
        incident.settle(Hop::Executed);
        incident.lingering = false;
        device.note(message.at, format!("executed: arrived on {}", message.topic));
        self.report_if_complete(key, now, out);
    }
}
