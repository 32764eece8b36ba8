//! Goes through a scenario.

use super::account::{Ending, Entry};
use super::ledger::Ledger;
use super::look::{self, Look};
use super::script::{Check, Launch, Publication, Scenario, Step, Subject};
use super::words;
use crate::clock::Moment;
use crate::fleet::{Change, Fleet, Incoming, LinkState};
use crate::mqtt::{ClientId, Fault, TopicName};
use std::sync::Arc;
use std::time::Duration;

/// How long the stage may take to be ready: the link up, no device there that the scenario launches.
const READY: Duration = Duration::from_secs(15);

/// Something for the hub to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Launch devices.
    Launch(Launch),
    /// Make devices die.
    Fault(Vec<ClientId>, Fault),
    /// Bring devices back.
    Reconnect(Vec<ClientId>),
    /// Let devices leave, and forget them.
    Remove(Vec<ClientId>),
    /// Publish a message.
    Publish(Publication),
    /// Subscribe anew, and say with [`Player::given`] what the broker has kept.
    Look(TopicName),
}

/// Where a player is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The stage is being made ready.
    Waiting,
    /// It goes on by itself.
    Running,
    /// It waits for a person to go on.
    Paused,
    /// It is over.
    Ended,
}

/// What takes time.
#[derive(Clone, Debug)]
enum Doing {
    Sleeping(Moment),
    Checking {
        since: Moment,
        /// Since when it is so.
        holds: Option<(Moment, String)>,
        /// The device to look at first.
        from: usize,
        devices: Vec<ClientId>,
        given: Option<Vec<Incoming>>,
    },
}

/// Goes through a scenario: told what changed, it hands back what to do.
#[derive(Clone, Debug)]
pub struct Player {
    name: Arc<str>,
    scenario: Arc<Scenario>,
    pauses: bool,
    place: usize,
    state: State,
    /// When making ready began.
    began: Option<Moment>,
    /// Whether lwtop hears what the scenario listens to.
    hears: bool,
    doing: Option<Doing>,
    ledger: Ledger,
    log: Vec<Entry>,
    ending: Ending,
}

impl Player {
    /// At the beginning of `scenario`, which is called `name`. `pauses`: whether a person is to say when to go on.
    #[must_use]
    pub fn new(name: &str, scenario: Arc<Scenario>, pauses: bool) -> Self {
        Self {
            name: name.into(),
            hears: scenario.listen.is_empty(),
            ledger: Ledger::new(&scenario),
            scenario,
            pauses,
            place: 0,
            state: State::Waiting,
            began: None,
            doing: None,
            log: Vec::new(),
            ending: Ending::default(),
        }
    }

    /// What the scenario is called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The scenario.
    #[must_use]
    pub const fn scenario(&self) -> &Arc<Scenario> {
        &self.scenario
    }

    /// Whether a person says when to go on.
    #[must_use]
    pub const fn pauses(&self) -> bool {
        self.pauses
    }

    /// Where it is.
    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }

    /// The step that is under way or next, counted from 0.
    #[must_use]
    pub const fn place(&self) -> usize {
        self.place
    }

    /// What was told, done and judged so far.
    #[must_use]
    pub fn log(&self) -> &[Entry] {
        &self.log
    }

    /// How many expectations were met and not; for good once it has ended.
    #[must_use]
    pub const fn ending(&self) -> &Ending {
        &self.ending
    }

    /// What it waits for, in words, and since when.
    #[must_use]
    pub fn awaits(&self) -> Option<(String, Moment)> {
        let step = self.scenario.steps.get(self.place)?;
        match self.doing.as_ref()? {
            Doing::Sleeping(until) => {
                let Step::Sleep(time) = step else { return None };
                let since = Moment::from_micros(until.as_micros().saturating_sub(micros(*time)));
                Some((format!("{} pass", words::seconds(*time)), since))
            }
            Doing::Checking { since, .. } => Some((words::step(step, &self.scenario)?, *since)),
        }
    }

    /// A person says to go on.
    pub fn go_on(&mut self) {
        if self.state == State::Paused {
            self.state = State::Running;
        }
    }

    /// lwtop hears what the scenario listens to.
    pub const fn hears(&mut self) {
        self.hears = true;
    }

    /// What a new subscriber to `topic` was given.
    pub fn given(&mut self, topic: &TopicName, messages: Vec<Incoming>) {
        let Some(Step::Check(check)) = self.scenario.steps.get(self.place) else { return };
        let wanted = matches!(&check.subject, Subject::Kept { topic: wanted, .. } if wanted == topic);
        if let Some(Doing::Checking { given, .. }) = self.doing.as_mut().filter(|_| wanted) {
            *given = Some(messages);
        }
    }

    /// A deed could not be done: without it nothing makes sense.
    pub fn refused(&mut self, why: String) {
        if self.state != State::Ended {
            self.ending.stopped = Some(why);
            self.state = State::Ended;
            self.doing = None;
        }
    }

    /// Takes in what changed.
    pub fn hear(&mut self, changes: &[Change]) {
        self.ledger.hear(changes);
    }

    /// When to look again although nothing happened.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Moment> {
        match (self.state, &self.doing) {
            (State::Waiting, _) => self.began.map(|began| began + READY),
            (State::Running, Some(Doing::Sleeping(until))) => Some(*until),
            (State::Running, Some(Doing::Checking { since, holds, .. })) => {
                let Some(Step::Check(check)) = self.scenario.steps.get(self.place) else { return None };
                Some(match holds {
                    Some((held, _)) => *held + check.stays,
                    None => *since + check.within,
                })
            }
            _ => None,
        }
    }

    /// Goes as far as it can without a deed; what it hands back is to be done before it is asked again.
    pub fn advance(&mut self, fleet: &Fleet, now: Moment) -> Option<Deed> {
        if self.state == State::Waiting {
            self.make_ready(fleet, now);
        }
        while self.state == State::Running {
            let Some(step) = self.scenario.steps.get(self.place) else {
                self.state = State::Ended;
                break;
            };
            if self.doing.is_some() {
                if !self.look(fleet, now) {
                    return None;
                }
                continue;
            }
            let step = step.clone();
            let deed = self.begin(&step, fleet, now);
            if deed.is_some() {
                return deed;
            }
        }
        None
    }

    fn make_ready(&mut self, fleet: &Fleet, now: Moment) {
        let began = *self.began.get_or_insert(now);
        let taken = self.scenario.ids().find(|id| fleet.find(id.as_str()).is_some());
        let up = matches!(fleet.link(), LinkState::Up { .. });
        if taken.is_none() && up && self.hears {
            self.state = State::Running;
        } else if now >= began + READY {
            let why = match taken {
                _ if !up => "lwtop's link to the broker is not up".to_owned(),
                Some(id) => format!("{id} is there, and does not leave"),
                None => "the broker does not let lwtop listen to what the scenario asks for".to_owned(),
            };
            self.refused(why);
        }
    }

    /// Begins a step; what is to be done, if it is a deed.
    fn begin(&mut self, step: &Step, fleet: &Fleet, now: Moment) -> Option<Deed> {
        let deed = match step {
            Step::Say { pause, .. } => {
                self.log.push(Entry::Said(self.place));
                self.place += 1;
                if self.pauses && *pause {
                    self.state = State::Paused;
                }
                return None;
            }
            Step::Sleep(time) => {
                self.did(step);
                self.doing = Some(Doing::Sleeping(now + *time));
                return None;
            }
            Step::Check(Check { subject, .. }) => {
                let devices = match subject {
                    Subject::Devices { name, .. } => self.scenario.devices(name),
                    _ => Vec::new(),
                };
                self.doing = Some(Doing::Checking { since: now, holds: None, from: 0, devices, given: None });
                return match subject {
                    Subject::Kept { topic, .. } => Some(Deed::Look(topic.clone())),
                    _ => None,
                };
            }
            Step::Launch(launch) => Deed::Launch(launch.clone()),
            Step::Fault { devices, fault } => {
                let devices = self.scenario.devices(devices);
                self.ledger.fault(&devices, fleet);
                Deed::Fault(devices, *fault)
            }
            Step::Reconnect(devices) => Deed::Reconnect(self.scenario.devices(devices)),
            Step::Remove(devices) => Deed::Remove(self.scenario.devices(devices)),
            Step::Publish(publication) => Deed::Publish(publication.clone()),
        };
        self.ledger.deed();
        self.did(step);
        self.place += 1;
        Some(deed)
    }

    fn did(&mut self, step: &Step) {
        if let Some(text) = words::step(step, &self.scenario) {
            self.log.push(Entry::Did { step: self.place, text });
        }
    }

    /// Looks at what is under way; true if it is over.
    fn look(&mut self, fleet: &Fleet, now: Moment) -> bool {
        let Some(doing) = &mut self.doing else { return true };
        let (check, since, holds, from, devices, given) = match (doing, self.scenario.steps.get(self.place)) {
            (Doing::Checking { since, holds, from, devices, given }, Some(Step::Check(check))) => {
                (check, *since, holds, from, &*devices, &*given)
            }
            (Doing::Sleeping(until), _) if now < *until => return false,
            _ => {
                self.doing = None;
                self.place += 1;
                return true;
            }
        };
        let look = match &check.subject {
            Subject::Devices { facts, .. } => look::at_devices(devices, from, facts, &self.ledger, fleet),
            Subject::Messages { topic, text, retained, count } => {
                look::at_messages(self.ledger.messages(), topic, text.as_ref(), *retained, *count)
            }
            Subject::Kept { topic, text } => match given {
                Some(given) => look::at_kept(topic, given, text.as_ref()),
                None => Look::IsNot("the broker did not answer".to_owned()),
            },
        };
        let (met, mut found, after) = match look {
            Look::Is(found) => {
                let held = holds.get_or_insert_with(|| (now, String::new()));
                held.1 = found;
                if now.since(held.0) < check.stays {
                    return false;
                }
                (true, held.1.clone(), held.0.since(since))
            }
            Look::IsNot(found) => {
                *holds = None;
                if now.since(since) < check.within {
                    return false;
                }
                (false, found, now.since(since))
            }
            Look::Never(found) => (false, found, now.since(since)),
        };
        if let Subject::Devices { facts, .. } = &check.subject
            && !met
            && devices.len() > 1
        {
            let others = look::others(devices, facts, &self.ledger, fleet);
            found = format!("{others} of {} are not so: {found}", devices.len());
        }
        let text = words::expectation(check, &self.scenario);
        let needed = check.needed;
        self.log.push(Entry::Judged { step: self.place, text, met, found, after });
        *(if met { &mut self.ending.met } else { &mut self.ending.not_met }) += 1;
        self.doing = None;
        self.place += 1;
        if needed && !met {
            self.refused("without that, what follows makes no sense".to_owned());
        }
        true
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
