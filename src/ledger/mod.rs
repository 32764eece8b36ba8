//! Floor 1: the truth about a swarm: what was done to each device and when, and which wills came of it.
//!
//! It is told of connections, faults and wills in the order in which they happened, with their time, and keeps an
//! [`Account`] of each device and the [`Totals`] of all. A will has to come of every connection that dies
//! without DISCONNECT, once, in time; the ledger says of which it did not, and which came twice or without a death.
//! Where nobody can know, it says so instead: while lwtop's own link is down ([`Weight::Unseen`](account::Weight)), and
//! when it was the broker that ended a connection, which may have taken the wills along.

mod account;
#[cfg(test)]
mod model;
#[cfg(test)]
mod story;
#[cfg(test)]
mod tests;
mod totals;

pub use account::{Account, Standing};
pub use totals::{Spread, Totals};

use crate::clock::Moment;
use crate::mqtt::{Cause, ClientId, ConnId, Fault, KeepAlive};
use account::{Came, Weight};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::time::Duration;

/// What holds for every device of the swarm.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// Whether devices have a will.
    pub will: bool,
    /// The will delay interval.
    pub delay: Duration,
    /// Whether sessions end with their connection.
    pub clean: bool,
    /// How long a will may take before it counts as lost.
    pub patience: Duration,
}

impl Terms {
    /// What is to be thought of the will of a fault; `None` if there is none.
    fn weight(&self, fault: Fault) -> Option<Weight> {
        let weight = match fault {
            // Without a session that is kept, a takeover ends the old one, and the will is due (3.1.1 section 3.1.4).
            Fault::Takeover if self.clean && self.delay.is_zero() => Weight::Tentative,
            Fault::Takeover | Fault::Leave => Weight::Possible,
            _ => Weight::Due,
        };
        self.will.then_some(weight)
    }
}

/// A device's number: the order of launching.
pub type Key = usize;

/// The accounts of a swarm.
#[derive(Clone, Debug)]
pub struct Ledger {
    terms: Terms,
    names: HashMap<ClientId, Key>,
    accounts: Vec<Account>,
    totals: Totals,
    /// When to look at whom. One entry for each death, which may have had its will by then.
    deadlines: BinaryHeap<Reverse<(Moment, Key)>>,
    link_up: bool,
}

impl Ledger {
    /// An empty ledger, with the link up.
    #[must_use]
    pub fn new(terms: Terms) -> Self {
        Self {
            terms,
            names: HashMap::new(),
            accounts: Vec::new(),
            totals: Totals::default(),
            deadlines: BinaryHeap::new(),
            link_up: true,
        }
    }

    /// A device is launched. An id that is there already keeps its account.
    pub fn launched(&mut self, id: ClientId, at: Moment) -> Key {
        self.totals.first_launch.get_or_insert(at);
        *self.names.entry(id).or_insert_with_key(|id| {
            self.accounts.push(Account::new(id.clone()));
            self.totals.enter(Standing::New);
            self.accounts.len() - 1
        })
    }

    /// CONNACK accepted a device. Gives who it is, if it is one of the swarm.
    pub fn opened(&mut self, id: &ClientId, conn: ConnId, keep_alive: KeepAlive, at: Moment) -> Option<Key> {
        self.account(id, |account, terms, totals| {
            account.opened(conn, keep_alive, at, terms, |change| totals.reweigh(change));
            totals.opened(account.connects, at);
            None
        })
    }

    /// A device could not connect.
    pub fn failed(&mut self, id: &ClientId, why: &str, at: Moment) -> Option<Key> {
        self.account(id, |account, terms, totals| {
            totals.failed(&account.id, why);
            let dropped = account.failed(at, terms, |change| totals.reweigh(change))?;
            totals.dropped(dropped)
        })
    }

    /// A device is made to die.
    pub fn faulted(&mut self, id: &ClientId, fault: Fault, at: Moment) -> Option<Key> {
        let link_up = self.link_up;
        self.account(id, |account, terms, totals| {
            totals.deaths[fault as usize] += 1;
            // Had the broker been first, the device would have found it dead already.
            if account.gives_up() {
                totals.too_many(account);
            }
            let due = account.faulted(fault, at, terms, |change| totals.reweigh(change));
            if !link_up {
                account.blind(|change| totals.reweigh(change));
            }
            due
        })
    }

    /// A takeover came to nothing, and it is known at once.
    pub fn spared(&mut self, id: &ClientId) -> Option<Key> {
        self.account(id, |account, _, totals| account.spare(|change| totals.reweigh(change)))
    }

    /// A device's connection ended.
    pub fn closed(&mut self, id: &ClientId, conn: ConnId, cause: Cause, at: Moment) -> Option<Key> {
        self.account(id, |account, terms, totals| {
            totals.robbed += u64::from(account.is_robbed(conn, cause));
            let dropped = account.closed((conn, cause), at, terms, |change| totals.reweigh(change))?;
            totals.ended += 1;
            totals.dropped(dropped)
        })
    }

    /// A will came that names this device, or none.
    pub fn will(&mut self, id: Option<&ClientId>, at: Moment) {
        let Some(key) = id.and_then(|id| self.find(id)) else {
            self.totals.foreign += 1;
            return;
        };
        let account = &mut self.accounts[key];
        match account.will(at, |change| self.totals.reweigh(change)) {
            Came::Of(death) => self.totals.answered(&death, at),
            Came::Early(until) => {
                self.totals.early += 1;
                self.deadlines.push(Reverse((until, key)));
            }
            Came::Extra => self.totals.extra(account),
        }
    }

    /// Nothing more comes: whatever was not decided is.
    pub fn settle(&mut self) {
        for account in &mut self.accounts {
            if account.gives_up() {
                self.totals.too_many(account);
            }
        }
    }

    /// lwtop's own link to the broker is up again, or for the first time.
    pub const fn link_up(&mut self) {
        self.link_up = true;
    }

    /// lwtop's own link to the broker is down: wills are not seen.
    pub fn link_down(&mut self) {
        self.link_up = false;
        self.totals.link_losses += 1;
        for account in &mut self.accounts {
            account.blind(|change| self.totals.reweigh(change));
        }
    }

    /// Time has passed.
    pub fn pass(&mut self, now: Moment) {
        while self.deadlines.peek().is_some_and(|Reverse((due, _))| *due <= now) {
            if let Some(Reverse((_, key))) = self.deadlines.pop() {
                let account = &mut self.accounts[key];
                if account.pass(now, |change| self.totals.reweigh(change)) {
                    self.totals.too_many(account);
                }
            }
        }
    }

    /// When [`Self::pass`] has something to do.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Moment> {
        self.deadlines.peek().map(|Reverse((due, _))| *due)
    }

    /// The device with this id, if it is one of the swarm.
    #[must_use]
    pub fn find(&self, id: &ClientId) -> Option<Key> {
        self.names.get(id).copied()
    }

    /// The accounts in the order of launching; a [`Key`] is an index.
    #[must_use]
    pub fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    /// The sums.
    #[must_use]
    pub const fn totals(&self) -> &Totals {
        &self.totals
    }

    /// Runs `act` on the account of `id`, and keeps the sums and deadlines in step with it.
    fn account(
        &mut self,
        id: &ClientId,
        act: impl FnOnce(&mut Account, &Terms, &mut Totals) -> Option<Moment>,
    ) -> Option<Key> {
        let key = self.find(id)?;
        let account = &mut self.accounts[key];
        self.totals.leave(account.standing);
        let due = act(account, &self.terms, &mut self.totals);
        self.totals.enter(account.standing);
        if let Some(due) = due {
            self.deadlines.push(Reverse((due, key)));
        }
        Some(key)
    }
}
