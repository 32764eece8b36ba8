//! The fleet: every device, its presence and its incidents, changed only by events and by time.

use super::blackout::LinkState;
use super::change::Change;
use super::deadlines::Deadlines;
use super::device::{Device, DeviceKey, Origin, Session};
use super::event::{DeviceEvent, Event, LinkEvent, Role, SessionEvent};
use super::feed::Feed;
use super::incident::{Incident, IncidentId, IncidentLog};
use super::names::Names;
use super::news::{News, NewsKind, NewsLog};
use super::presence::{Counts, Evidence, Presence, WillSent};
use super::roster::Roster;
use crate::clock::Moment;
use crate::mqtt::{Cause, ClientId, ConnId, Fault, TopicFilter};
use std::collections::{HashMap, VecDeque};
use std::time::Duration;

/// What the fleet must know to judge what it sees.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The topic filter under which lwtop sees wills: a will elsewhere cannot be waited for.
    pub will: TopicFilter,
    /// Whether lwtop's own rules run, so that an `executed` hop without one would be somebody else's.
    pub rules: bool,
}

/// All devices and incidents.
#[derive(Debug)]
pub struct Fleet {
    pub(super) devices: Roster,
    names: Names,
    pub(super) by_conn: HashMap<ConnId, DeviceKey>,
    pub(super) order: Vec<DeviceKey>,
    events: u64,
    pub(super) counts: Counts,
    feeds: [Feed; 4],
    news: NewsLog,
    /// How many messages and news there were.
    told: u64,
    pub(super) incidents: IncidentLog,
    /// The deaths whose wills were still to come, as the wire saw them, oldest first.
    pub(super) owed: VecDeque<IncidentId>,
    pub(super) deadlines: Deadlines,
    pub(super) link: LinkState,
    pub(super) settings: Settings,
    /// Devices that were removed a moment ago: what they said before may still be on its way.
    removed: HashMap<ClientId, Moment>,
    /// How many devices are kept at most.
    most: usize,
    turned_away: u64,
}

/// Devices that are kept at most: whoever may publish could fill the memory with names otherwise.
const MOST: usize = 250_000;

/// How long a message that was on its way does not bring a removed device back.
const REMOVED: Duration = Duration::from_secs(5);

impl Fleet {
    /// An empty fleet.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            devices: Roster::default(),
            names: Names::default(),
            by_conn: HashMap::new(),
            order: Vec::new(),
            events: 0,
            counts: Counts::default(),
            feeds: Default::default(),
            news: NewsLog::default(),
            told: 0,
            incidents: IncidentLog::default(),
            owed: VecDeque::new(),
            deadlines: Deadlines::default(),
            link: LinkState::default(),
            settings,
            removed: HashMap::new(),
            most: MOST,
            turned_away: 0,
        }
    }

    /// The same fleet with room for so many devices.
    #[must_use]
    pub fn with_room_for(self, most: usize) -> Self {
        Self { most, ..self }
    }

    /// How many messages and connections were of devices that found no room, and are not kept.
    #[must_use]
    pub const fn turned_away(&self) -> u64 {
        self.turned_away
    }

    /// How many devices are kept at most, beside those that lwtop launched itself.
    #[must_use]
    pub const fn room(&self) -> usize {
        self.most
    }

    /// Takes in one event; what came of it is appended to `out`.
    pub fn apply(&mut self, event: Event, now: Moment, out: &mut Vec<Change>) {
        self.events += 1;
        match event {
            Event::Session(SessionEvent::Opened(opened)) => self.opened(*opened, out),
            Event::Session(SessionEvent::Refused { at, client, why, .. }) => self.failed(at, &client, &why, out),
            Event::Session(SessionEvent::Closed(closed)) => self.closed(&closed, now, out),
            Event::Activity(conn, activity) => self.active(conn, activity, out),
            Event::Device(event) => self.device_event(event, now, out),
            Event::Link(LinkEvent::Up { at }) => self.link_up(at, out),
            Event::Link(LinkEvent::Down { at, why }) => self.link_down(at, why, out),
            Event::Lifecycle(event) => self.lifecycle(event, now, out),
            Event::Action(report) => self.action(report, out),
            Event::Message(message, meaning, outcomes) => self.message(message, meaning, outcomes, now, out),
        }
    }

    /// The next moment at which [`Fleet::tick`] has something to do.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Moment> {
        self.deadlines.next()
    }

    /// One device.
    #[must_use]
    pub fn device(&self, key: DeviceKey) -> Option<&Device> {
        self.devices.get(key.0)
    }

    /// The place of the device called `id`.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<DeviceKey> {
        self.names.find(&self.devices, id)
    }

    /// A connection that is open, or was its device's last.
    #[must_use]
    pub fn session(&self, conn: ConnId) -> Option<&Session> {
        let device = self.device(*self.by_conn.get(&conn)?)?;
        device.session.as_deref().into_iter().chain(&device.waiting.previous).find(|session| session.conn == conn)
    }

    /// AWS IoT's `versionNumber` of a connection that is open, or was its device's last.
    #[must_use]
    pub fn version_of(&self, conn: ConnId) -> Option<u64> {
        self.session(conn).map(|session| session.version)
    }

    /// All devices in the order in which they appeared.
    #[must_use]
    pub fn order(&self) -> &[DeviceKey] {
        &self.order
    }

    /// All devices in the order in which they appeared.
    pub fn devices(&self) -> impl Iterator<Item = &Device> {
        self.order.iter().filter_map(|key| self.device(*key))
    }

    /// How many devices there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// How many events it took in so far.
    #[must_use]
    pub const fn events(&self) -> u64 {
        self.events
    }

    /// How often a device changed so far; see [`Fleet::touched_since`].
    #[must_use]
    pub const fn changes(&self) -> u64 {
        self.devices.changes()
    }

    /// The number of the last change of the device at `key`: while it is the same, so is the device.
    #[must_use]
    pub fn changed(&self, key: DeviceKey) -> Option<u64> {
        self.devices.changed(key.0)
    }

    /// How many devices came or went so far.
    #[must_use]
    pub const fn turnover(&self) -> u64 {
        self.devices.turnover()
    }

    /// The places of the devices that changed since there were `changes`, some more than once, those of devices that are
    /// gone among them; `None` if that is too long ago to be remembered.
    #[must_use]
    pub fn touched_since(&self, changes: u64) -> Option<impl DoubleEndedIterator<Item = DeviceKey> + '_> {
        self.devices.touched_since(changes)
    }

    /// How many devices are in each presence.
    #[must_use]
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// The last messages that play the part `role`.
    #[must_use]
    pub const fn feed(&self, role: Role) -> &Feed {
        &self.feeds[role as usize]
    }

    pub(super) const fn feed_mut(&mut self, role: Role) -> &mut Feed {
        &mut self.feeds[role as usize]
    }

    /// The last changes of presences.
    #[must_use]
    pub const fn news(&self) -> &NewsLog {
        &self.news
    }

    pub(super) const fn next_number(&mut self) -> u64 {
        self.told += 1;
        self.told
    }

    pub(super) fn tell(&mut self, at: Moment, what: NewsKind) {
        let number = self.next_number();
        self.news.push(News { number, at, what });
    }

    /// One incident, while it is kept.
    #[must_use]
    pub fn incident(&self, id: IncidentId) -> Option<&Incident> {
        self.incidents.get(id)
    }

    /// The incidents, newest first.
    #[must_use]
    pub const fn incidents(&self) -> &IncidentLog {
        &self.incidents
    }

    /// The state of lwtop's own link.
    #[must_use]
    pub const fn link(&self) -> &LinkState {
        &self.link
    }

    /// Whether a will of this device came whose connection has not ended yet.
    #[must_use]
    pub fn has_early_will(&self, client: &str) -> bool {
        self.find(client).and_then(|key| self.device(key)).is_some_and(|device| device.waiting.early_will.is_some())
    }

    /// The place of `id`, which is added if it is new and there is room; what lwtop launches has its own bound.
    pub(super) fn admit(&mut self, id: &ClientId, origin: Origin, at: Moment) -> Option<DeviceKey> {
        if let Some(key) = self.find(id.as_str()) {
            return Some(key);
        }
        if self.order.len() >= self.most && origin == Origin::Seen {
            self.turned_away += 1;
            return None;
        }
        let key = DeviceKey(self.devices.insert(Device::new(id.clone(), origin, at)));
        self.names.insert(&self.devices, key);
        self.order.push(key);
        self.counts.unknown += 1;
        Some(key)
    }

    /// Changes a presence, keeps the counts right and tells of it.
    pub(super) fn set_presence(&mut self, key: DeviceKey, presence: Presence, evidence: Option<Evidence>, at: Moment) {
        let Some(device) = self.devices.get_mut(key.0) else { return };
        if device.presence != presence {
            device.leave_presence(at);
            // The other ends are incidents, and counted as such.
            if presence == (Presence::Offline { cause: Cause::ClientInitiatedDisconnect }) {
                device.count_end(Cause::ClientInitiatedDisconnect);
            }
            let client = device.id.clone();
            self.tell(at, NewsKind::Device { client, presence, evidence });
        }
        self.change_presence(key, presence, evidence, at);
    }

    /// The same without a word: when lwtop's own link changes, that is the news.
    pub(super) fn change_presence(
        &mut self,
        key: DeviceKey,
        presence: Presence,
        evidence: Option<Evidence>,
        at: Moment,
    ) {
        let Some(device) = self.devices.get_mut(key.0) else { return };
        if device.presence != presence {
            *self.counts.slot(device.presence) -= 1;
            *self.counts.slot(presence) += 1;
            device.since = at;
        }
        device.presence = presence;
        device.evidence = evidence;
        device.waiting.forget_blackout();
    }

    fn device_event(&mut self, event: DeviceEvent, now: Moment, out: &mut Vec<Change>) {
        match event {
            DeviceEvent::Launched { at, client } => {
                let Some(key) = self.admit(&client, Origin::Launched, at) else { return };
                let device = &mut self.devices[key.0];
                device.origin = Origin::Launched;
                device.trouble = None;
                device.note(at, "launched by lwtop");
            }
            DeviceEvent::Failed { at, client, why } => self.failed(at, &client, &why, out),
            DeviceEvent::Faulted { at, client, fault } => {
                let Some(key) = self.admit(&client, Origin::Seen, at) else { return };
                let device = &mut self.devices[key.0];
                device.fault_begins(fault, at);
                device.note(at, format!("{} by lwtop: {}", fault.title(), fault.what_happens()));
                if fault == Fault::Freeze {
                    self.look_later(key);
                }
            }
            DeviceEvent::Spared { at, client, .. } => {
                let Some(key) = self.find(client.as_str()) else { return };
                self.devices[key.0].spared(at);
            }
            DeviceEvent::Removed { client } => self.remove(client, now, out),
        }
    }

    /// An attempt to connect that led to nothing.
    pub(super) fn failed(&mut self, at: Moment, client: &ClientId, why: &str, out: &mut Vec<Change>) {
        // Whoever was never let in is no device: one client that tries again and again would fill the screen.
        let Some(key) = self.find(client.as_str()) else { return };
        let device = &mut self.devices[key.0];
        device.note(at, format!("could not connect: {why}"));
        // Somebody else's refused attempt under the same id says nothing about the connection that is open.
        if device.open_session().is_some() {
            return;
        }
        device.trouble = Some(why.into());
        // In a blackout it says nothing new: the broker is not there for anybody. How a device went before that is better
        // known, and becomes known again with the link.
        let dark = matches!(self.link, LinkState::Down { .. });
        let known = matches!(device.waiting.before_blackout, Some((Presence::Offline { .. }, ..)));
        if device.presence == Presence::Unknown && !dark && !known {
            let cause = Cause::Unknown;
            // Whoever never had a connection has no will; of any other, nobody saw whether it was sent.
            let new = device.session.is_none() && device.waiting.before_blackout.is_none();
            let will_sent = if new { WillSent::No } else { WillSent::Unknown };
            self.set_presence(key, Presence::Offline { cause }, Some(Evidence::Wire), at);
            self.devices[key.0].will_sent = will_sent;
            out.push(Change::Offline {
                at,
                client: self.devices[key.0].id.clone(),
                cause,
                evidence: Evidence::Wire,
                will_sent,
            });
        }
    }

    /// Whether a message of `at` speaks of a device that is not there because it was just removed.
    pub(super) fn is_echo(&self, id: &ClientId, at: Moment) -> bool {
        // Most of the time none was removed, and nothing has to be looked up.
        !self.removed.is_empty()
            && self.find(id.as_str()).is_none()
            && self.removed.get(id).is_some_and(|removed| at.since(*removed) < REMOVED)
    }

    pub(super) fn remove(&mut self, client: ClientId, now: Moment, out: &mut Vec<Change>) {
        let Some(key) = self.names.remove(&self.devices, client.as_str()) else { return };
        self.removed.retain(|_, removed| now.since(*removed) < REMOVED);
        self.removed.insert(client, now);
        self.release_offline(key, WillSent::Unknown, out);
        self.close_incident(key, now, out);
        let device = self.devices.remove(key.0);
        *self.counts.slot(device.presence) -= 1;
        self.order.retain(|other| *other != key);
        for session in device.session.as_deref().into_iter().chain(&device.waiting.previous) {
            self.by_conn.remove(&session.conn);
        }
    }
}
