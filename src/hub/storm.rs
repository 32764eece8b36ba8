//! A fault on many devices while it goes on: who dies now, who is brought back now, and what came of it. Pure: events
//! and time go in, deeds come out.

use super::dice::Dice;
use super::jobs::{Job, Toll, Work};
use super::mass::{Kind, Mass};
use crate::clock::Moment;
use crate::figures::grouped;
use crate::fleet::{Closed, Device, Fleet, LinkState, Opened, Session};
use crate::ledger::{Ledger, Terms};
use crate::mqtt::{ClientId, Fault};
use std::collections::{HashMap, HashSet};
use std::time::Duration;

/// How long a will may take before it counts as lost. One that comes later counts as received after all.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a fault that was ordered may take to be carried out: a device may be busy with a broker that does not answer.
const OBEYED: Duration = Duration::from_secs(15);

/// When a device that did not come back is asked again: AWS IoT allows one CONNECT a second for each client id.
const AGAIN: Duration = Duration::from_secs(2);

/// How long devices may take to come back when all is over.
const RETURN: Duration = Duration::from_secs(30);

/// What the hub is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// These devices die.
    Fault(Vec<ClientId>, Fault),
    /// These are brought back.
    Reconnect(Vec<ClientId>),
}

/// A fault on many devices that goes on.
#[derive(Debug)]
pub struct Tempest {
    mass: Mass,
    /// Whom it is for, fixed when it began.
    targets: Vec<ClientId>,
    members: HashSet<ClientId>,
    dice: Dice,
    begun: Moment,
    round: u32,
    /// When the next round is.
    next_round: Option<Moment>,
    /// Whose fault was ordered and has not been reported, and until when that is waited for.
    ordered: HashMap<ClientId, Moment>,
    struck: u64,
    /// Whose takeover was begun, and has neither come about nor come to nothing.
    taking: HashSet<ClientId>,
    /// Until when the last of these and of [`Self::ordered`] is waited for; `None` when that is over.
    obeyed: Option<Moment>,
    /// Whom lwtop can bring back, and when it is to; `None` until somebody says so.
    down: HashMap<ClientId, Option<Moment>>,
    /// When the first of them is to be brought back.
    next_return: Option<Moment>,
    /// Since when there is nothing left but to wait.
    over: Option<Moment>,
    ledger: Ledger,
}

impl Tempest {
    /// Begins at `now`, with the next [`Self::advance`]. `counted` says of whose connection a will can be expected: one
    /// that lwtop would see, and know whose it is.
    #[must_use]
    pub fn begin(
        mass: Mass,
        targets: Vec<ClientId>,
        dice: Dice,
        fleet: &Fleet,
        counted: impl Fn(&ClientId, &Session) -> bool,
        now: Moment,
    ) -> Self {
        let sessions = || targets.iter().filter_map(|id| device(fleet, id)).filter_map(Device::open_session);
        let delays = sessions().filter_map(|session| session.will.as_ref()).map(|will| will.delay);
        let (delay, clean) = (delays.max().unwrap_or_default(), sessions().all(|session| session.clean));
        let mut ledger = Ledger::new(Terms { will: true, delay, clean, patience: PATIENCE });
        for id in &targets {
            let session = device(fleet, id).and_then(Device::open_session);
            if let Some(session) = session.filter(|session| counted(id, session)) {
                ledger.launched(id.clone(), now);
                ledger.opened(id, session.conn, session.keep_alive, session.opened);
            }
        }
        if !matches!(fleet.link(), LinkState::Up { .. }) {
            ledger.link_down();
        }
        Self {
            mass,
            members: targets.iter().cloned().collect(),
            targets,
            dice,
            begun: now,
            round: 0,
            next_round: Some(now),
            ordered: HashMap::new(),
            struck: 0,
            taking: HashSet::new(),
            obeyed: None,
            down: HashMap::new(),
            next_return: None,
            over: None,
            ledger,
        }
    }

    /// What it is.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.mass.kind
    }

    /// A device is there. `counted` says whether its will can be expected, as in [`Self::begin`].
    pub fn opened(&mut self, opened: &Opened, counted: bool) {
        let id = &opened.client;
        self.down.remove(id);
        self.taking.remove(id);
        if counted && self.members.contains(id) {
            self.ledger.launched(id.clone(), opened.at);
        }
        self.ledger.opened(id, opened.conn, opened.keep_alive, opened.at);
    }

    /// A connection ended. `fleet` does not know of it yet.
    pub fn closed(&mut self, closed: &Closed, fleet: &Fleet) {
        let open = device(fleet, &closed.client).and_then(Device::open_session);
        if open.is_some_and(|session| session.conn == closed.conn) {
            // It came before the fault that was ordered, which can be done no more.
            self.ordered.remove(&closed.client);
        }
        self.ledger.closed(&closed.client, closed.conn, closed.cause, closed.at);
    }

    /// A device could not connect: it is asked again.
    pub fn failed(&mut self, id: &ClientId, why: &str, at: Moment) {
        self.ledger.failed(id, why, at);
        if let Some(Some(back)) = self.down.get_mut(id) {
            *back = at + AGAIN;
            self.next_return = earlier(self.next_return, Some(*back));
        }
    }

    /// A fault was carried out. `ours` says whether lwtop can bring the device back.
    pub fn faulted(&mut self, id: &ClientId, fault: Fault, at: Moment, ours: bool) {
        self.ledger.faulted(id, fault, at);
        if self.ordered.remove(id).is_none() {
            return;
        }
        self.struck += 1;
        if fault == Fault::Takeover {
            self.taking.insert(id.clone());
            self.obeyed = self.obeyed.max(Some(at + OBEYED));
        }
        // A takeover leaves the second client in its place.
        if ours && fault != Fault::Takeover {
            let back = self.mass.away().map(|away| at + away);
            self.next_return = earlier(self.next_return, back);
            self.down.insert(id.clone(), back);
        }
    }

    /// A takeover came to nothing: it has not died after all.
    pub fn spared(&mut self, id: &ClientId) {
        self.ledger.spared(id);
        self.struck -= u64::from(self.taking.remove(id));
    }

    /// A fault that was ordered was refused.
    pub fn refused(&mut self, id: &ClientId) {
        self.ordered.remove(id);
    }

    /// A device was forgotten.
    pub fn removed(&mut self, id: &ClientId) {
        self.ordered.remove(id);
        self.taking.remove(id);
        self.down.remove(id);
    }

    /// A will came that names this device, or none.
    pub fn will(&mut self, id: Option<&ClientId>, at: Moment) {
        self.ledger.will(id, at);
    }

    /// lwtop's own link came up or went down.
    pub fn link(&mut self, up: bool) {
        if up { self.ledger.link_up() } else { self.ledger.link_down() }
    }

    /// What is to be done now. To be asked until there is nothing.
    pub fn advance(&mut self, fleet: &Fleet, now: Moment) -> Option<Deed> {
        self.ledger.pass(now);
        // Whoever has not obeyed by now may do so yet, but is not waited for.
        self.obeyed.take_if(|by| *by <= now);
        if self.next_round.is_some_and(|at| at <= now) {
            return self.strike(fleet, now);
        }
        if self.next_return.is_some_and(|at| at <= now) {
            return self.bring_back(fleet, now);
        }
        if self.next_round.is_none() && self.over.is_none() {
            self.over = Some(now);
        }
        None
    }

    fn strike(&mut self, fleet: &Fleet, now: Moment) -> Option<Deed> {
        self.round += 1;
        // From the time it was due, so that the rhythm is kept; but no two at once after a pause.
        let next = self.next_round.map_or(now, |at| at + self.mass.storm.every);
        let next = if next <= now { now + self.mass.storm.every } else { next };
        self.next_round = (self.round < self.mass.rounds()).then_some(next);
        self.ordered.retain(|_, by| *by > now);
        let up = |id: &&ClientId| !self.ordered.contains_key(*id) && device(fleet, id).is_some_and(is_up);
        let up: Vec<ClientId> = self.targets.iter().filter(up).cloned().collect();
        let chosen = self.dice.choose(up, self.mass.size(self.targets.len()));
        if chosen.is_empty() {
            return self.advance(fleet, now);
        }
        self.ordered.extend(chosen.iter().map(|id| (id.clone(), now + OBEYED)));
        self.obeyed = Some(now + OBEYED);
        Some(Deed::Fault(chosen, self.mass.fault()))
    }

    fn bring_back(&mut self, fleet: &Fleet, now: Moment) -> Option<Deed> {
        let mut due = Vec::new();
        self.next_return = None;
        // In a storm, a frozen device comes back when its connection has ended: at once, it would not have been frozen.
        let wait = self.mass.kind == Kind::Storm && self.mass.fault() == Fault::Freeze;
        for (id, back) in &mut self.down {
            let Some(at) = back else { continue };
            if *at <= now {
                *at = now + AGAIN;
                let silent = device(fleet, id).is_some_and(|device| device.open_session().is_some());
                if !(wait && silent) {
                    due.push(id.clone());
                }
            }
            self.next_return = earlier(self.next_return, Some(*at));
        }
        // The order in a table is another one each time.
        due.sort_unstable();
        if due.is_empty() { self.advance(fleet, now) } else { Some(Deed::Reconnect(due)) }
    }

    /// When [`Self::advance`] has something to do.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Moment> {
        // While there are rounds to come, each looks at what was obeyed.
        let obeyed = self.obeyed.filter(|_| self.next_round.is_none() && !self.is_obeyed());
        [self.next_round, self.next_return, self.ledger.next_deadline(), obeyed].into_iter().flatten().min()
    }

    /// Whether all is said and done by `now`: nobody dies any more, whoever can come back is back, and every will came or
    /// is lost.
    #[must_use]
    pub fn is_over(&self, now: Moment) -> bool {
        let Some(over) = self.over else { return false };
        let obeyed = self.is_obeyed() || self.obeyed.is_none_or(|by| by <= now);
        let back = match (self.mass.kind, self.mass.away()) {
            (Kind::Cut, _) => true,
            // Until somebody heals it.
            (_, None) => self.down.is_empty(),
            (_, Some(away)) => self.down.is_empty() || now >= over + away + RETURN,
        };
        obeyed && back && self.ledger.totals().awaited() == 0
    }

    /// Whether all that was ordered is done, and is known to have come about or not.
    fn is_obeyed(&self) -> bool {
        self.ordered.is_empty() && self.taking.is_empty()
    }

    /// Whom lwtop is to bring back when it ends now.
    #[must_use]
    pub fn left_down(&self) -> Vec<ClientId> {
        let mut down: Vec<ClientId> = self.down.keys().cloned().collect();
        // Those whose fault is still on its way are brought back after it.
        down.extend(self.ordered.keys().cloned());
        down.sort_unstable();
        down.dedup();
        down
    }

    /// What it has done so far.
    #[must_use]
    pub fn toll(&self) -> Toll {
        let totals = self.ledger.totals();
        Toll {
            round: self.round,
            rounds: self.mass.rounds(),
            struck: self.struck,
            down: self.down.len(),
            expected: totals.expected(),
            received: totals.received,
            lost: totals.lost(),
            unseen: totals.unseen(),
        }
    }

    /// How it goes on.
    #[must_use]
    pub fn job(&self, now: Moment) -> Job {
        let toll = self.toll();
        let length = self.mass.length();
        let passed = now.since(self.begun).min(length);
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let (done, all, left) = if length.is_zero() {
            (toll.received + toll.lost + toll.unseen, toll.expected, None)
        } else {
            (millis(passed), millis(length), length.checked_sub(passed).filter(|left| !left.is_zero()))
        };
        let failed = self.ledger.totals().failed;
        let fault = Some(self.mass.fault());
        Job { done, all, failed, left, toll: Some(toll), fault, ..Job::new(Work::Mass(self.mass.kind), self.begun) }
    }

    /// What came of it, as a sentence.
    #[must_use]
    pub fn epitaph(&self) -> String {
        let begin = match self.mass.kind {
            Kind::Cut => format!("{} at random", self.mass.fault().deed()),
            Kind::Storm => "the storm is over".to_owned(),
            Kind::Partition => "the partition is over".to_owned(),
        };
        let end = match (self.mass.kind, self.down.len()) {
            (Kind::Cut, _) | (_, 0) => String::new(),
            (_, 1) => "; 1 is not back".to_owned(),
            (_, some) => format!("; {} are not back", grouped(some as u64)),
        };
        format!("{begin}: {}{end}", self.outcome(""))
    }

    /// The same when a person ends it, and `back` are brought back, of whom `frozen` have a will that comes because they
    /// take over the session that the broker still holds for connected.
    #[must_use]
    pub fn ended_early(&self, back: usize, frozen: usize) -> String {
        let begin = match self.mass.kind {
            Kind::Cut => format!("{} at random", self.mass.fault().deed()),
            Kind::Storm => "the storm is cancelled".to_owned(),
            Kind::Partition => "the partition is healed".to_owned(),
        };
        let end = match back {
            0 => String::new(),
            1 => "; 1 is brought back".to_owned(),
            some => format!("; {} are brought back", grouped(some as u64)),
        };
        // Said first: whoever thinks that healing prevents the wills sees them come now.
        let taken = match frozen {
            0 => String::new(),
            some => {
                format!("each of {} takes over its own frozen session, so its will comes now; ", grouped(some as u64))
            }
        };
        // Those that come now are not among those that came.
        let so_far = if frozen > 0 { " so far" } else { "" };
        format!("{begin}: {taken}{}{end}", self.outcome(so_far))
    }

    fn outcome(&self, so_far: &str) -> String {
        let toll = self.toll();
        let struck = grouped(toll.struck);
        let deaths = match (self.mass.kind, toll.round) {
            (Kind::Cut, _) => format!("{struck} died"),
            (Kind::Storm, 1) => format!("{struck} died in 1 round"),
            (Kind::Storm, rounds) => format!("{struck} died in {rounds} rounds"),
            (Kind::Partition, _) => format!("{struck} were silent"),
        };
        let (received, expected) = (grouped(toll.received), grouped(toll.expected));
        let wills = match toll.expected {
            0 => String::new(),
            _ => format!(", wills {received} of {expected}{so_far}, {} lost", grouped(toll.lost)),
        };
        let unseen = match toll.unseen {
            0 => String::new(),
            some => format!(", {} not seen because the link was down", grouped(some)),
        };
        format!("{deaths}{wills}{unseen}")
    }
}

fn device<'f>(fleet: &'f Fleet, id: &ClientId) -> Option<&'f Device> {
    fleet.device(fleet.find(id.as_str())?)
}

/// Whether it can die: connected, and nothing was done to it that is not over.
fn is_up(device: &Device) -> bool {
    device.open_session().is_some() && device.fault.is_none()
}

fn earlier(one: Option<Moment>, other: Option<Moment>) -> Option<Moment> {
    one.into_iter().chain(other).min()
}
