//! Runs the plan: takes in what is reported, and keeps the ledger.

mod deeds;

use super::pace::Pace;
use super::plan::Plan;
use super::progress::{Phase, Progress};
use super::summary::Summary;
use crate::clock::{Clock, Moment};
use crate::fleet::{DeviceEvent, Incoming, LinkEvent, Report, Role, SessionEvent};
use crate::hub::Fatal;
use crate::hub::dice::Dice;
use crate::hub::setup::{Lanes, Parts, start_for_wills};
use crate::ledger::{Key, Ledger, Terms};
use crate::mqtt::Fault;
use crate::wiring::ActivityBoard;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, sleep};

/// Reports that may wait for the ledger; as large as the hub's lane, for the same reason.
const LANE: usize = 8_192;

/// Reports taken in one go.
const BATCH: usize = 2_048;

/// How long a report may wait for others: each wake-up costs more than what a report tells, and each has its time with it.
const REST: Duration = Duration::from_millis(2);

/// How often the plan is looked at.
const TICK: Duration = Duration::from_millis(50);

/// How long devices may take to say goodbye when all is said.
const GOODBYE: Duration = Duration::from_secs(5);

/// What is remembered of a device beside its account.
#[derive(Clone, Copy, Debug, Default)]
struct Mark {
    /// It connected, or could not, at least once.
    answered: bool,
    /// It is to connect again, and waits for the pace.
    queued: bool,
    /// Its end was ordered and has not come yet.
    ending: bool,
}

/// Runs the plan until it is done, or `stop` says so: the first time, all devices die as at the end of the plan; the second
/// time nothing is waited for. `show` is told how it goes on.
///
/// # Errors
/// When nothing can go on: a port in use, a broker that is not there.
pub async fn run(
    plan: Plan,
    clock: Clock,
    mut stop: mpsc::Receiver<()>,
    mut show: impl FnMut(&Progress<'_>),
) -> Result<(Summary, Ledger), Fatal> {
    let (reports, mut inbox) = mpsc::channel(LANE);
    let lanes = Lanes { reports, board: Arc::new(ActivityBoard::default()), clock };
    let parts = start_for_wills(plan.setup.clone(), lanes.clone());
    tokio::pin!(parts);
    let mut driver = Driver::new(plan, lanes);
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut batch = Vec::with_capacity(BATCH);
    let result = loop {
        tokio::select! {
            biased;
            Some(()) = stop.recv() => driver.stop(),
            started = &mut parts, if driver.parts.is_none() => match started {
                Ok(parts) => driver.parts = Some(parts),
                Err(why) => break Err(Fatal(why)),
            },
            _ = ticks.tick() => driver.tick(),
            _ = inbox.recv_many(&mut batch, BATCH) => {}
        }
        let rests = (1..BATCH).contains(&batch.len());
        if let Err(fatal) = batch.drain(..).try_for_each(|report| driver.take(report)) {
            break Err(fatal);
        }
        show(&driver.progress());
        driver.notices.clear();
        if driver.phase == Phase::Done {
            break Ok(());
        }
        if rests {
            sleep(REST).await;
        }
    };
    driver.ledger.settle();
    let summary = driver.summary();
    // Reports are still sent while parts end; nobody may wait on a full lane.
    let drain = tokio::spawn(async move { while inbox.recv().await.is_some() {} });
    if let Some(parts) = driver.parts.take() {
        parts.stop(GOODBYE).await;
    }
    drain.abort();
    result.map(|()| (summary, driver.ledger))
}

struct Driver {
    plan: Plan,
    lanes: Lanes,
    parts: Option<Parts>,
    listening: Option<SocketAddr>,
    linked: bool,
    ledger: Ledger,
    marks: Vec<Mark>,
    answered: usize,
    ending: usize,
    /// Who is to connect again.
    back: VecDeque<Key>,
    pace: Pace,
    dice: Dice,
    phase: Phase,
    started: Moment,
    /// When the phase began.
    since: Moment,
    /// When somebody was accepted last.
    accepted: Moment,
    next_storm: Moment,
    next_sweep: Moment,
    /// Since when all is quiet in the end.
    quiet: Option<Moment>,
    storms: u64,
    published: u64,
    notices: Vec<String>,
}

impl Driver {
    fn new(plan: Plan, lanes: Lanes) -> Self {
        let now = lanes.clock.now();
        let template = &plan.setup.template;
        let will = template.will.as_ref();
        let delay = match template.protocol {
            crate::mqtt::Protocol::V5 => will.map_or(Duration::ZERO, |will| Duration::from_secs(will.delay.as_secs())),
            crate::mqtt::Protocol::V311 => Duration::ZERO,
        };
        let terms = Terms { will: will.is_some(), delay, clean: template.clean, patience: plan.patience };
        Self {
            ledger: Ledger::new(terms),
            marks: Vec::with_capacity(plan.setup.devices),
            pace: Pace::new(plan.rate, now),
            plan,
            lanes,
            parts: None,
            listening: None,
            linked: false,
            answered: 0,
            ending: 0,
            back: VecDeque::new(),
            dice: Dice::new(),
            phase: Phase::Starting,
            started: now,
            since: now,
            accepted: now,
            next_storm: now,
            next_sweep: now,
            quiet: None,
            storms: 0,
            published: 0,
            notices: Vec::new(),
        }
    }

    fn now(&self) -> Moment {
        self.lanes.clock.now()
    }

    fn enter(&mut self, phase: Phase) {
        (self.phase, self.since) = (phase, self.now());
    }

    /// Takes in what was reported.
    fn take(&mut self, report: Report) -> Result<(), Fatal> {
        match report {
            Report::Session(SessionEvent::Opened(opened)) => {
                self.accepted = opened.at;
                let key = self.ledger.opened(&opened.client, opened.conn, opened.keep_alive, opened.at);
                self.answer(key);
            }
            Report::Session(SessionEvent::Closed(closed)) => {
                self.published += u64::from(closed.rest.publishes);
                let key = self.ledger.closed(&closed.client, closed.conn, closed.cause, closed.at);
                self.ended(key);
            }
            Report::Device(DeviceEvent::Failed { at, client, why }) => {
                let key = self.ledger.failed(&client, &why, at);
                self.answer(key);
                self.ended(key);
            }
            Report::Device(DeviceEvent::Faulted { at, client, fault }) => {
                let key = self.ledger.faulted(&client, fault, at);
                if fault == Fault::Freeze {
                    self.ended(key);
                }
            }
            Report::Device(DeviceEvent::Spared { client, why, .. }) => {
                let key = self.ledger.spared(&client);
                self.ended(key);
                self.notices.push(why);
            }
            Report::Device(DeviceEvent::Removed { client }) => {
                let key = self.ledger.find(&client);
                self.ended(key);
            }
            Report::Link(LinkEvent::Up { .. }) => {
                self.linked = true;
                self.ledger.link_up();
            }
            Report::Link(LinkEvent::Down { why, .. }) => {
                self.linked = false;
                self.ledger.link_down();
                self.notices.push(format!("the link to the broker is down, wills are not seen: {why}"));
            }
            Report::Incoming(messages) => messages.iter().for_each(|message| self.message(message)),
            Report::Listening(entrances) => {
                self.listening = entrances.first().map(|entrance| entrance.address);
                self.notices.extend(entrances.iter().map(|entrance| format!("listening on {}", entrance.address)));
            }
            Report::Notice(text) => self.notices.push(text),
            Report::Fatal(why) => return Err(Fatal(why)),
            // The gateway's word on what the device itself reports as failed; a launch that was ordered here; steps
            // of the start that nobody waits for long enough to read; there are no rules, and nothing is asked beside.
            Report::Session(SessionEvent::Refused { .. })
            | Report::Device(DeviceEvent::Launched { .. })
            | Report::Starting(_)
            | Report::Aside(_)
            | Report::Action(_) => {}
        }
        Ok(())
    }

    fn message(&mut self, message: &Incoming) {
        // One that was kept from before is nobody's death now.
        if message.retain {
            return;
        }
        let meaning = self.plan.setup.topics.interpret(message);
        if meaning.role == Role::Will {
            self.ledger.will(meaning.device.as_ref(), message.at);
        }
    }

    fn answer(&mut self, key: Option<Key>) {
        if let Some(mark) = key.map(|key| &mut self.marks[key])
            && !std::mem::replace(&mut mark.answered, true)
        {
            self.answered += 1;
        }
    }

    fn ended(&mut self, key: Option<Key>) {
        if let Some(mark) = key.map(|key| &mut self.marks[key])
            && std::mem::take(&mut mark.ending)
        {
            self.ending -= 1;
        }
    }

    fn progress(&self) -> Progress<'_> {
        Progress {
            phase: self.phase,
            now: self.now(),
            count: self.plan.setup.devices,
            linked: self.linked,
            storms: self.storms,
            totals: self.ledger.totals(),
            notices: &self.notices,
        }
    }

    fn summary(&self) -> Summary {
        let broker = match (&self.plan.setup.source, self.listening) {
            (crate::hub::Source::External(address) | crate::hub::Source::Upstream { address, .. }, _) => {
                address.to_string()
            }
            (crate::hub::Source::Embedded { listen, .. }, address) => {
                format!("embedded {}", address.unwrap_or(*listen))
            }
        };
        let time = self.now().since(self.started);
        Summary::new(broker, self.plan.setup.devices, time, (self.storms, self.published), self.ledger.totals())
    }
}
