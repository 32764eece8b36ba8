//! One device's page: its connection, and the deaths that a will may still come of.

use super::Terms;
use crate::clock::Moment;
use crate::mqtt::{Cause, ClientId, ConnId, Fault, KeepAlive};
use std::time::Duration;

/// How long a will may precede the end of its connection: a broker that closes may publish first, and the will comes another
/// way than the end.
pub(super) const EARLY: Duration = Duration::from_secs(2);

/// So many wills that did not come are remembered of one device, in case they come yet.
const MISSING: usize = 8;

/// How far a device is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// Launched, and never connected.
    #[default]
    New,
    /// Connected.
    Up,
    /// Its socket is open, and it is silent.
    Frozen,
    /// Not connected any more.
    Down,
}

/// What is to be thought of a will that has not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// It has to come, and there is time.
    Due,
    /// It has to come if the second client of a takeover connects.
    Tentative,
    /// It may come or not: the broker ended the connection, or the will was not to be sent for certain.
    Possible,
    /// It should have come, and did not in time.
    Lost,
    /// It cannot be known: lwtop's own link to the broker was down.
    Unseen,
}

/// A connection's end that a will may come of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Death {
    /// When it began.
    pub at: Moment,
    /// When its will is overdue.
    pub due: Moment,
    /// What is to be thought of its will.
    pub weight: Weight,
    /// Whether it was a freeze, whose will waits for the keep alive.
    pub frozen: bool,
    /// Of a takeover that has not come about: when the freeze before it began, and when the will of that one is overdue.
    before: Option<(Moment, Moment)>,
}

/// What a will came of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Came {
    /// Of this death.
    Of(Death),
    /// Of nothing yet, until this moment.
    Early(Moment),
    /// Of nothing.
    Extra,
}

/// A connection that ended without this side's doing, or never came to be as far as this side knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dropped {
    /// Its will may come until this moment.
    Until(Moment),
    /// Its will had come before.
    Answered,
}

/// What is known of one device.
#[derive(Clone, Debug)]
pub struct Account {
    /// Its client id.
    pub id: ClientId,
    /// How far it is.
    pub standing: Standing,
    /// How often it connected.
    pub connects: u32,
    /// How often it was made to die.
    pub deaths: u32,
    /// How many of its wills came.
    pub wills: u32,
    conn: Option<ConnId>,
    /// Its connection before this one, if that was open, and nothing was done to it, when this one came.
    displaced: Option<ConnId>,
    keep_alive: KeepAlive,
    /// What this connection dies of.
    dying: Option<Fault>,
    /// When a takeover has come to nothing.
    spared: Option<Moment>,
    /// It left since its last will: another one is not a double, it should not be at all.
    left: bool,
    /// A will that came before any end that it could be of: when it is too late for one.
    early: Option<Moment>,
    pending: Vec<Death>,
}

impl Account {
    /// A device that was launched.
    pub(super) const fn new(id: ClientId) -> Self {
        Self {
            id,
            standing: Standing::New,
            connects: 0,
            deaths: 0,
            wills: 0,
            conn: None,
            displaced: None,
            keep_alive: KeepAlive(0),
            dying: None,
            spared: None,
            left: true,
            early: None,
            pending: Vec::new(),
        }
    }

    /// Whether it can be made to die.
    #[must_use]
    pub const fn is_up(&self) -> bool {
        matches!(self.standing, Standing::Up) && self.dying.is_none()
    }

    /// Whether a will has to come of it yet.
    #[must_use]
    pub fn awaits(&self) -> bool {
        self.pending.iter().any(|death| matches!(death.weight, Weight::Due | Weight::Tentative))
    }

    /// CONNACK accepted it.
    pub(super) fn opened(
        &mut self,
        conn: ConnId,
        keep_alive: KeepAlive,
        at: Moment,
        terms: &Terms,
        change: impl FnMut(Change),
    ) {
        let frozen = self.standing == Standing::Frozen;
        // A new connection inside the will delay cancels the will (5 section 3.1.3.2.2), though with clean start the
        // session ends and it might come. One that takes over a session which is kept cancels it too.
        let cancels = |death: &Death| at < death.at + terms.delay || (death.frozen && frozen && !terms.clean);
        self.reweigh(|death| (death.weight == Weight::Due && cancels(death)).then_some(Weight::Possible), change);
        for death in &mut self.pending {
            death.before = None;
        }
        self.displaced = self.conn.filter(|_| self.is_up());
        (self.standing, self.conn, self.keep_alive) = (Standing::Up, Some(conn), keep_alive);
        (self.dying, self.spared) = (None, None);
        self.connects += 1;
    }

    /// It is made to die. Gives the moment at which a new will is overdue, or at which it turns out to live.
    pub(super) fn faulted(
        &mut self,
        fault: Fault,
        at: Moment,
        terms: &Terms,
        change: impl FnMut(Change),
    ) -> Option<Moment> {
        self.deaths += 1;
        let before = self.dying.replace(fault);
        if fault == Fault::Freeze {
            self.standing = Standing::Frozen;
        }
        self.spared = (fault == Fault::Takeover).then(|| at + terms.delay + terms.patience);
        self.owe(fault, before, at, terms, change).or(self.spared)
    }

    /// A will may have to come of `fault`. Gives the moment at which it is overdue.
    fn owe(
        &mut self,
        fault: Fault,
        before: Option<Fault>,
        at: Moment,
        terms: &Terms,
        mut change: impl FnMut(Change),
    ) -> Option<Moment> {
        let weight = terms.weight(fault)?;
        // One connection has one will: what comes after the first fault can only change when, and whether.
        if before.is_some() {
            let open = |death: &&mut Death| match death.weight {
                Weight::Due => death.frozen && fault != Fault::Freeze,
                weight => weight == Weight::Tentative || death.before.is_some(),
            };
            let death = self.pending.iter_mut().rev().find(open)?;
            let due = at + terms.delay + terms.patience;
            let freeze = if death.frozen { Some((death.at, death.due)) } else { death.before };
            let before = freeze.filter(|_| fault == Fault::Takeover);
            change(Change { from: Some(death.weight), to: Some(weight) });
            *death = Death { at, due, weight, frozen: fault == Fault::Freeze, before };
            return Some(due);
        }
        if fault == Fault::Leave {
            return None;
        }
        let frozen = fault == Fault::Freeze;
        // Brokers look every few seconds: Mosquitto took up to 2.7 times a keep alive of 2 s.
        let silence = if frozen { self.keep_alive.interval()? * 2 } else { Duration::ZERO };
        let due = at + silence + terms.delay + terms.patience;
        Some(self.await_will(Death { at, due, weight, frozen, before: None }, change))
    }

    /// The second client of a takeover could not connect: the first one lives, or is as frozen as it was. Gives the moment
    /// at which the will of a freeze is overdue.
    pub(super) fn spare(&mut self, change: impl FnMut(Change)) -> Option<Moment> {
        self.spared.take()?;
        self.live_on(change)
    }

    /// A takeover has come to nothing. A broker that took its CONNECT and did not say so may still publish the will.
    fn live_on(&mut self, mut change: impl FnMut(Change)) -> Option<Moment> {
        self.dying = (self.standing == Standing::Frozen).then_some(Fault::Freeze);
        let mut overdue = None;
        for death in &mut self.pending {
            let from = death.weight;
            // One that became due in the meantime is the takeover's.
            let before = death.before.take().filter(|_| from != Weight::Due);
            if let Some((at, due)) = before {
                (death.at, death.due, death.frozen) = (at, due, true);
            }
            death.weight = match from {
                Weight::Tentative | Weight::Possible if before.is_some() => Weight::Due,
                Weight::Tentative => Weight::Possible,
                other => other,
            };
            if death.weight == from {
                continue;
            }
            if death.weight == Weight::Due {
                overdue = Some(death.due);
            }
            change(Change { from: Some(from), to: Some(death.weight) });
        }
        overdue
    }

    /// Whether a connection that ends so is taken over by somebody else: nobody here did it.
    pub(super) fn is_robbed(&self, conn: ConnId, cause: Cause) -> bool {
        let own = self.conn == Some(conn) && self.is_up();
        cause == Cause::SessionTakenOver && (own || self.displaced == Some(conn))
    }

    /// Its connection ended. Says what is to be thought of its will, if that was not this side's doing.
    pub(super) fn closed(
        &mut self,
        (conn, cause): (ConnId, Cause),
        at: Moment,
        terms: &Terms,
        mut change: impl FnMut(Change),
    ) -> Option<Dropped> {
        if cause == Cause::SessionTakenOver {
            self.reweigh(|death| (death.weight == Weight::Tentative).then_some(Weight::Due), &mut change);
        }
        if self.conn != Some(conn) {
            return None;
        }
        (self.standing, self.conn) = (Standing::Down, None);
        let left = cause == Cause::ClientInitiatedDisconnect;
        self.left |= left;
        // A clean end, or one that was ordered; of a leave that failed, the broker may make a death.
        if left || !matches!(self.dying.take(), None | Some(Fault::Leave)) || !terms.will {
            return None;
        }
        Some(self.dropped(at, terms, change))
    }

    /// It could not connect. A broker that took its CONNECT and was not heard may have ended that connection, with a will.
    pub(super) fn failed(&mut self, at: Moment, terms: &Terms, change: impl FnMut(Change)) -> Option<Dropped> {
        // One for all attempts: hardly any has a will.
        if !terms.will || self.pending.iter().any(|death| death.weight == Weight::Possible) {
            return None;
        }
        Some(self.dropped(at, terms, change))
    }

    fn dropped(&mut self, at: Moment, terms: &Terms, change: impl FnMut(Change)) -> Dropped {
        if self.early.take().is_some() {
            self.left = false;
            return Dropped::Answered;
        }
        let due = at + terms.delay + terms.patience;
        Dropped::Until(
            self.await_will(Death { at, due, weight: Weight::Possible, frozen: false, before: None }, change),
        )
    }

    /// Its will came. Says what it came of.
    pub(super) fn will(&mut self, at: Moment, mut change: impl FnMut(Change)) -> Came {
        // What has to come comes first: a will that may come or not is only thought of when there is no other.
        const ORDER: [Weight; 5] = [Weight::Due, Weight::Tentative, Weight::Possible, Weight::Unseen, Weight::Lost];
        self.wills += 1;
        let of = |weight: &Weight| self.pending.iter().position(|death| death.weight == *weight);
        let Some(index) = ORDER.iter().find_map(of) else {
            // Of a device that is not up, too: it may be known later that it was.
            if self.early.is_none() {
                let until = at + EARLY;
                self.early = Some(until);
                return Came::Early(until);
            }
            return Came::Extra;
        };
        let death = self.pending.remove(index);
        change(Change { from: Some(death.weight), to: None });
        self.left = false;
        Came::Of(death)
    }

    /// Whether a will that was early is one too many, because no end comes that it could be of.
    pub(super) fn gives_up(&mut self) -> bool {
        self.early.take().is_some()
    }

    /// Whether a will that came of no death is the double of one that did.
    pub(super) const fn doubles(&self) -> bool {
        !self.left
    }

    /// Time has passed: what is overdue is lost, what may come or not is forgotten. Whether a will that was early is one too
    /// many.
    pub(super) fn pass(&mut self, now: Moment, mut change: impl FnMut(Change)) -> bool {
        if self.spared.take_if(|at| *at <= now).is_some() {
            // The second client never came. A freeze's own deadline is still to come, or has passed and counts below.
            self.live_on(&mut change);
        }
        self.pending.retain(|death| {
            let over = death.due <= now && matches!(death.weight, Weight::Tentative | Weight::Possible);
            if over {
                change(Change { from: Some(death.weight), to: None });
            }
            !over
        });
        self.reweigh(|death| (death.weight == Weight::Due && death.due <= now).then_some(Weight::Lost), change);
        let missing = |death: &Death| matches!(death.weight, Weight::Lost | Weight::Unseen);
        while self.pending.iter().filter(|death| missing(death)).count() > MISSING {
            let oldest = self.pending.iter().position(missing).unwrap_or_default();
            // It stays counted: it is only not looked for any more.
            self.pending.remove(oldest);
        }
        self.early.take_if(|until| *until <= now).is_some()
    }

    /// lwtop's own link is down: what was to come may have come and not be seen.
    pub(super) fn blind(&mut self, change: impl FnMut(Change)) {
        let unsure = |death: &Death| matches!(death.weight, Weight::Due | Weight::Tentative);
        self.reweigh(|death| unsure(death).then_some(Weight::Unseen), change);
    }

    fn await_will(&mut self, death: Death, mut change: impl FnMut(Change)) -> Moment {
        change(Change { from: None, to: Some(death.weight) });
        self.pending.push(death);
        death.due
    }

    fn reweigh(&mut self, judge: impl Fn(&Death) -> Option<Weight>, mut change: impl FnMut(Change)) {
        for death in &mut self.pending {
            if let Some(to) = judge(death) {
                change(Change { from: Some(death.weight), to: Some(to) });
                death.weight = to;
            }
        }
    }
}

/// A will that is thought of differently from now on; `None` is no will.
#[derive(Clone, Copy, Debug)]
pub struct Change {
    /// Before.
    pub from: Option<Weight>,
    /// After.
    pub to: Option<Weight>,
}
