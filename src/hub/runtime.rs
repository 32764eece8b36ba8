//! The one loop that owns the hub: waits for reports and for time, and runs what comes of them.

use super::core::{Hub, Step};
use super::errands::{desktops, update};
use super::jobs::{BEAT, LINK_AFTER};
use super::limits;
use super::setup::{Lanes, Parts, Setup, Source, start};
use super::stage::Stage;
use super::status::Status;
use super::storm::Tempest;
use crate::actions::{ActionId, Desk};
use crate::clock::{Clock, Moment};
use crate::fleet::{Change, Entrance, Fleet, LinkState, Report};
use crate::gateway::Gateway;
use crate::link::{Outgoing, Refusal};
use crate::mqtt::{ClientId, ConnId};
use crate::rules::RuleSet;
use crate::scenario::Player;
use crate::wiring::{Activity, ActivityBoard};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Reports that may wait for the hub. Senders wait when it is full, so that nothing is lost; the bound keeps memory flat
/// and is large enough that a mass cut does not stop the gateway's tasks one by one.
const LANE: usize = 8_192;

/// Reports taken in one turn: the loop must come back to keys and frames.
const BATCH: usize = 2_048;

/// How long packet counts gather on the board before they are read: a fuse need not move faster than the eye.
const ACTIVITY_EVERY: Duration = Duration::from_millis(100);

/// When a message that found no room in the link is tried again.
const RETRY: Duration = Duration::from_millis(2);

/// How long simulated devices may take to say goodbye at the end.
const GOODBYE: Duration = Duration::from_secs(2);

/// Nothing can go on.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Fatal(pub String);

/// What one turn brought.
#[derive(Debug, Default)]
pub struct Turn {
    /// What changed, in order.
    pub changes: Vec<Change>,
    /// Where devices can connect, when that became known.
    pub listening: Vec<Entrance>,
    /// For a person to read, once.
    pub notices: Vec<String>,
    /// Whether something that is shown changed at all.
    pub dirty: bool,
}

/// The hub and the parts it drives.
pub struct Runtime {
    /// In a box: a future that holds a runtime would be large otherwise.
    pub(super) hub: Box<Hub>,
    pub(super) setup: Setup,
    pub(super) lanes: Lanes,
    pub(super) inbox: mpsc::Receiver<Report>,
    starting: Option<JoinHandle<Result<Parts, String>>>,
    pub(super) parts: Option<Parts>,
    pub(super) opened: bool,
    outbox: VecDeque<Outgoing>,
    pub(super) desk: Desk,
    /// The actions that may turn out not to work on this machine.
    desktops: Vec<ActionId>,
    activity: Vec<(ConnId, Activity)>,
    read_board_at: Option<Moment>,
    /// While messages come, and until the rate is back at zero: when it reads differently.
    rate_turns_at: Option<Moment>,
    /// While something takes a while: when its figures are looked at anew.
    jobs_turn_at: Option<Moment>,
    began: Moment,
    pub(super) status: Status,
    pub(super) stage: Stage,
    pub(super) open_files: u64,
    pub(super) next_number: usize,
    /// The devices of each launch, the last one last, to be undone.
    pub(super) launches: Vec<Vec<ClientId>>,
    /// Whose packets are written down, and what of them `status` has.
    looked_at: Option<ClientId>,
    sight_seen: u64,
}

impl Runtime {
    /// Starts bringing up all parts in the background, and returns at once: the first frame does not wait for a broker.
    ///
    /// # Errors
    /// When the devices asked for do not fit.
    pub fn start(setup: Setup, clock: Clock) -> Result<Self, Fatal> {
        let open_files = limits::raise_open_files();
        limits::room(open_files, 0, setup.devices, setup.files_per_device()).map_err(Fatal)?;
        let (reports, inbox) = mpsc::channel(LANE);
        let lanes = Lanes { reports, board: Arc::new(ActivityBoard::default()), clock };
        let desk = Desk::start(&setup.rules, &setup.link.secrets, lanes.reports.clone(), clock);
        let desktops = desktops(&setup.rules);
        let starting = tokio::spawn(start(setup.clone(), lanes.clone()));
        let broker = match &setup.source {
            Source::Embedded { listen, .. } => format!("embedded {listen}"),
            Source::External(address) | Source::Upstream { address, .. } => address.to_string(),
        };
        let status = Status {
            broker,
            gateway: setup.gateway(),
            insecure: matches!(&setup.source, Source::External(address) if address.scheme.is_secure())
                && setup.link.tls.insecure,
            connected_topic: setup.topics.connected.to_string(),
            will_topic: setup.topics.will.to_string(),
            executed_topic: setup.topics.executed.to_string(),
            ..Status::default()
        };
        Ok(Self {
            hub: Box::new(Hub::new(setup.topics.clone(), setup.rules.clone(), setup.embedded())),
            setup,
            lanes,
            inbox,
            starting: Some(starting),
            parts: None,
            opened: false,
            outbox: VecDeque::new(),
            desk,
            desktops,
            activity: Vec::new(),
            read_board_at: None,
            rate_turns_at: None,
            jobs_turn_at: None,
            began: clock.now(),
            status,
            stage: Stage::default(),
            open_files,
            next_number: 1,
            launches: Vec::new(),
            looked_at: None,
            sight_seen: 0,
        })
    }

    /// The fleet.
    #[must_use]
    pub fn fleet(&self) -> &Fleet {
        self.hub.fleet()
    }

    /// The fleet, and what the header says.
    pub fn view(&mut self) -> (&Fleet, &RuleSet, &Status) {
        self.status.stage = self.hub.stage().map(str::to_owned);
        self.status.rate = self.hub.rate(self.lanes.clock.now());
        self.status.room = Some(self.room());
        self.status.jobs = self.hub.jobs(self.began, self.lanes.clock.now());
        self.status.refused = self.hub.refused();
        if let Some(packets) = self.gateway().map(Gateway::packets)
            && packets.changes() != self.sight_seen
        {
            let (changes, sight) = (packets.changes(), packets.sight());
            (self.sight_seen, self.status.sight) = (changes, sight);
        }
        self.status.dropped = self.parts.as_ref().map_or(0, |parts| parts.link.refused());
        update(&mut self.status.rules, self.hub.standing(), &self.desk);
        (self.hub.fleet(), self.hub.rules(), &self.status)
    }

    fn gateway(&self) -> Option<&Gateway> {
        self.parts.as_ref()?.gateway.as_ref()
    }

    /// A person looks at this device now, or at none: its packets are written down from now on, if they come through
    /// lwtop's own gateway.
    pub fn look_at(&mut self, client: Option<&ClientId>) {
        if self.looked_at.as_ref() == client {
            return;
        }
        if let Some(gateway) = self.gateway() {
            gateway.look_at(client);
            self.looked_at = client.cloned();
        }
    }

    /// The rules that run.
    #[must_use]
    pub fn rules(&self) -> &RuleSet {
        self.hub.rules()
    }

    /// Whether it serves devices itself.
    #[must_use]
    pub const fn serves(&self) -> bool {
        self.setup.gateway()
    }

    /// The clock that all moments of this runtime come from.
    #[must_use]
    pub const fn clock(&self) -> Clock {
        self.lanes.clock
    }

    /// Waits until something happens and takes it in. Cancel safe: nothing is taken that is not in the returned turn.
    ///
    /// # Errors
    /// When nothing can go on.
    pub async fn turn(&mut self) -> Result<Turn, Fatal> {
        let mut step = Step::default();
        let board = Arc::clone(&self.lanes.board);
        let clock = self.lanes.clock;
        let lesson = self.status.lesson.as_ref().and_then(Player::next_deadline);
        let storm = self.hub.tempest().and_then(Tempest::next_deadline);
        let looks = [self.read_board_at, self.rate_turns_at, self.jobs_turn_at];
        let due = looks.into_iter().chain([self.hub.next_deadline(), lesson, storm]);
        let next = due.flatten().min();
        let mut first = None;
        tokio::select! {
            report = self.inbox.recv() => first = report,
            () = board.news(), if self.read_board_at.is_none() => {
                self.read_board_at = Some(clock.now() + ACTIVITY_EVERY);
                return Ok(Turn::default());
            }
            () = sleep_until(clock, next) => {}
            () = tokio::time::sleep(RETRY), if !self.outbox.is_empty() => {}
            parts = finished(&mut self.starting), if self.starting.is_some() => {
                self.starting = None;
                self.parts = Some(parts.map_err(Fatal)?);
            }
        }
        let now = clock.now();
        if let Some(report) = first {
            self.hub.step(report, now, &mut step);
            for _ in 1..BATCH {
                let Ok(report) = self.inbox.try_recv() else { break };
                self.hub.step(report, now, &mut step);
            }
        }
        self.pass_time(now, &mut step);
        self.finish(step)
    }

    /// Reads the activity board and looks at deadlines, when either is due.
    fn pass_time(&mut self, now: Moment, step: &mut Step) {
        let due = |at: Option<Moment>| at.is_some_and(|at| at <= now);
        if due(self.read_board_at) || due(self.hub.next_deadline()) {
            self.read_board_at = None;
            self.lanes.board.drain(&mut self.activity);
            self.hub.tick(&mut self.activity, now, step);
        }
        let rate = self.hub.rate_is_moving(now);
        if due(self.rate_turns_at) || (rate && self.rate_turns_at.is_none()) {
            self.rate_turns_at = rate.then(|| now + Duration::from_secs(1));
        }
    }

    pub(super) fn finish(&mut self, mut step: Step) -> Result<Turn, Fatal> {
        if !self.opened && self.parts.is_some() && matches!(self.hub.fleet().link(), LinkState::Up { .. }) {
            self.open();
        }
        self.perform(&mut step);
        self.rage(&mut step);
        let now = self.lanes.clock.now();
        self.hub.pass_arrivals(now);
        self.keep_time(now);
        let Step { changes, publish, jobs, notices, asides: _, listening, fatal } = step;
        if let Some(fatal) = fatal {
            return Err(Fatal(fatal));
        }
        if let Some(Entrance { address, .. }) = listening.first() {
            self.status.broker = match &self.setup.source {
                Source::Upstream { address: behind, .. } => format!("{behind} behind {address}"),
                _ => format!("embedded {address}"),
            };
        }
        for (id, job) in jobs {
            self.desk.submit(id, job);
        }
        let (desk, hub) = (&self.desk, &mut self.hub);
        self.desktops.retain(|id| {
            let idle = desk.idle(*id);
            if let Some(why) = &idle {
                hub.set_idle(*id, why);
            }
            idle.is_none()
        });
        let mut turn = Turn { changes, listening, notices, dirty: true };
        self.send(publish, &mut turn);
        for text in &turn.notices {
            self.status.notify(self.lanes.clock.now(), text.as_str());
        }
        Ok(turn)
    }

    /// Sees to it that the figures of what takes a while go on although nothing happens.
    fn keep_time(&mut self, now: Moment) {
        let next = match (self.hub.is_busy(now), self.hub.fleet().link()) {
            (true, _) => Some(BEAT),
            (false, LinkState::Up { .. }) => None,
            (false, _) => Some(LINK_AFTER),
        };
        self.jobs_turn_at = match (self.jobs_turn_at, next) {
            (Some(at), Some(next)) if at > now => Some(at.min(now + next)),
            (_, next) => next.map(|next| now + next),
        };
    }

    /// Sends in order; what finds no room waits in the outbox. What cannot go at all is counted by the link; of a rule's
    /// republish among it, the hub is told.
    fn send(&mut self, publish: Vec<Outgoing>, turn: &mut Turn) {
        self.outbox.extend(publish);
        while let Some(next) = self.outbox.pop_front() {
            let Some(parts) = &self.parts else {
                self.outbox.push_front(next);
                return;
            };
            let (origin, topic, payload) = (next.origin, next.topic.shared(), next.payload.clone());
            match parts.link.publish(next) {
                Ok(()) => {}
                Err(Refusal::Full(back)) => {
                    self.outbox.push_front(back);
                    return;
                }
                Err(Refusal::Lost(why)) => {
                    let Some(origin) = origin else { continue };
                    let step = self.hub.not_published(origin, topic, payload, why, self.lanes.clock.now());
                    turn.changes.extend(step.changes);
                    turn.notices.extend(step.notices);
                    for (id, job) in step.jobs {
                        self.desk.submit(id, job);
                    }
                    // The error action may republish as well; if that is lost too, nothing more comes of it.
                    self.outbox.extend(step.publish);
                }
            }
        }
    }

    /// The link stands: devices may come.
    fn open(&mut self) {
        let Some(parts) = &mut self.parts else { return };
        self.opened = true;
        parts.open(&self.lanes);
        self.hub.started();
        self.launch(self.setup.devices);
    }

    /// Says all that was held back, as far as it is known.
    pub fn flush(&mut self) -> Turn {
        let mut step = Step::default();
        self.hub.flush(self.lanes.clock.now(), &mut step);
        self.finish(step).unwrap_or_default()
    }

    /// Ends everything in order: devices leave cleanly, then the link, the gateway and the broker.
    pub async fn stop(mut self) {
        if let Some(starting) = self.starting.take() {
            starting.abort();
        }
        // Reports are still sent while parts end; nobody may wait on a full lane.
        let mut inbox = self.inbox;
        let drain = tokio::spawn(async move { while inbox.recv().await.is_some() {} });
        if let Some(parts) = self.parts.take() {
            parts.stop(GOODBYE).await;
        }
        drain.abort();
    }
}

async fn sleep_until(clock: Clock, at: Option<Moment>) {
    match at {
        Some(at) => tokio::time::sleep_until(clock.instant(at).into()).await,
        None => std::future::pending().await,
    }
}

async fn finished(starting: &mut Option<JoinHandle<Result<Parts, String>>>) -> Result<Parts, String> {
    match starting {
        Some(handle) => handle.await.unwrap_or_else(|error| Err(format!("the start-up failed: {error}"))),
        None => std::future::pending().await,
    }
}
