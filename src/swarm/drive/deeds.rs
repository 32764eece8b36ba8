//! What is done to the devices, and when: they are launched, held, made to die, brought back, and ended.

use super::{Driver, Mark};
use crate::clock::Moment;
use crate::ledger::{Key, Standing};
use crate::mqtt::Fault;
use crate::swarm::pace::Pace;
use crate::swarm::progress::Phase;
use std::time::Duration;

/// How often devices that are down are looked for. A broker may allow one CONNECT a second for each client id (AWS IoT Core).
const SWEEP: Duration = Duration::from_secs(1);

/// When nobody was accepted for so long, launching is over, whoever is still missing.
const STALLED: Duration = Duration::from_secs(30);

/// How long all has to be quiet in the end: a will that comes twice comes twice at once.
const SETTLE: Duration = Duration::from_millis(300);

/// How long an end that was ordered may take to be carried out.
const OBEYED: Duration = Duration::from_secs(15);

impl Driver {
    /// Does what is due.
    pub(super) fn tick(&mut self) {
        let now = self.now();
        self.ledger.pass(now);
        let mut news = Vec::new();
        self.lanes.board.drain(&mut news);
        self.published += news.iter().map(|(_, activity)| u64::from(activity.publishes)).sum::<u64>();
        match self.phase {
            Phase::Starting if self.linked && self.parts.is_some() => {
                if let Some(parts) = &mut self.parts {
                    parts.open(&self.lanes);
                }
                self.enter(Phase::Launching);
                (self.accepted, self.pace) = (now, Pace::new(self.plan.rate, now));
            }
            Phase::Launching => {
                self.launch(now);
                let all = self.marks.len() == self.plan.setup.devices && self.answered == self.marks.len();
                if all || now.since(self.accepted) > STALLED {
                    self.enter(Phase::Holding);
                    self.next_storm = now + self.plan.storm.map_or(Duration::ZERO, |storm| storm.every);
                }
            }
            Phase::Holding => {
                // Whoever came back in the very moment of the end would be counted for neither.
                if self.plan.time.is_some_and(|time| now.since(self.since) >= time) {
                    self.end();
                } else {
                    self.bring_back(now);
                    self.storm(now);
                }
            }
            Phase::Ending => self.wait_for_the_end(now),
            Phase::Starting | Phase::Done => {}
        }
    }

    fn launch(&mut self, now: Moment) {
        let Some(parts) = &self.parts else { return };
        let first = self.marks.len();
        let count = self.pace.take(self.plan.setup.devices - first, now);
        let ids: Vec<_> = (first..first + count).map(|number| self.plan.id(number)).collect();
        for id in &ids {
            self.ledger.launched(id.clone(), now);
            self.marks.push(Mark::default());
        }
        if !ids.is_empty() {
            parts.swarm.launch(ids);
        }
    }

    /// Connects again who is down and is not to be, as fast as the rate allows.
    fn bring_back(&mut self, now: Moment) {
        if now >= self.next_sweep {
            self.next_sweep = now + SWEEP;
            for key in 0..self.marks.len() {
                let account = &self.ledger.accounts()[key];
                let down = match account.standing {
                    Standing::Up => false,
                    Standing::Frozen => !account.awaits(),
                    Standing::New | Standing::Down => true,
                };
                if down {
                    self.queue(key);
                }
            }
        }
        let count = self.pace.take(self.back.len(), now);
        for key in self.back.drain(..count) {
            self.marks[key].queued = false;
            if let Some(parts) = &self.parts {
                // It is one of the swarm, so it cannot be refused.
                let _ = parts.swarm.reconnect(&self.ledger.accounts()[key].id);
            }
        }
    }

    fn queue(&mut self, key: Key) {
        if !std::mem::replace(&mut self.marks[key].queued, true) {
            self.back.push_back(key);
        }
    }

    fn storm(&mut self, now: Moment) {
        let Some(storm) = self.plan.storm.filter(|_| now >= self.next_storm) else { return };
        // From the time it was due, so that the rhythm is kept; but no two at once after a pause.
        self.next_storm = self.next_storm + storm.every;
        if self.next_storm <= now {
            self.next_storm = now + storm.every;
        }
        self.storms += 1;
        let up: Vec<Key> = (0..self.marks.len()).filter(|key| self.ledger.accounts()[*key].is_up()).collect();
        for key in self.dice.choose(up, storm.size.of(self.plan.setup.devices)) {
            let fault = self.fault(key);
            // A frozen device comes back when its will has come: at once, it would not have been frozen.
            if fault.is_some_and(|fault| !matches!(fault, Fault::Freeze | Fault::Takeover)) {
                self.queue(key);
            }
        }
        self.bring_back(now);
    }

    /// Makes a device die; gives the fault, unless it is dead.
    fn fault(&mut self, key: Key) -> Option<Fault> {
        let fault = self.plan.death.choose(self.plan.setup.template.protocol, &mut self.dice);
        let parts = self.parts.as_ref()?;
        parts.swarm.fault(&self.ledger.accounts()[key].id, fault).is_ok().then_some(fault)
    }

    /// Everybody dies, or leaves before it has come at all.
    fn end(&mut self) {
        self.enter(Phase::Ending);
        self.back.clear();
        for key in 0..self.marks.len() {
            let ordered = match self.ledger.accounts()[key].standing {
                Standing::Up => self.fault(key).is_some(),
                // Its death is on the way.
                Standing::Frozen => false,
                Standing::New | Standing::Down => {
                    let id = &self.ledger.accounts()[key].id;
                    self.parts.as_ref().is_some_and(|parts| parts.swarm.remove(id).is_ok())
                }
            };
            if ordered && !std::mem::replace(&mut self.marks[key].ending, true) {
                self.ending += 1;
            }
        }
    }

    fn wait_for_the_end(&mut self, now: Moment) {
        let obeyed = self.ending == 0 || now.since(self.since) > OBEYED;
        if !obeyed || self.ledger.totals().awaited() > 0 {
            self.quiet = None;
        } else if now.since(*self.quiet.get_or_insert(now)) >= SETTLE {
            self.enter(Phase::Done);
        }
    }

    /// Told to end: in order the first time, at once the second.
    pub(super) fn stop(&mut self) {
        match self.phase {
            Phase::Launching | Phase::Holding => self.end(),
            Phase::Starting | Phase::Ending | Phase::Done => self.enter(Phase::Done),
        }
    }
}
