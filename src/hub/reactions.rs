//! What the rules make of messages: republishes, jobs for the actions, and the counts that a person sees.

use super::core::Step;
use super::echoes::{Chain, Echo, Echoes, HOPS_KEY, MOST_HOPS};
use super::reports::{action_of, completed, failure_notice, loop_notice, named, report, skipped, standing, token};
use super::status::{Notice, RuleStanding};
use crate::actions::{ActionId, Job};
use crate::clock::Moment;
use crate::fleet::{ActionReport, Fleet, Incoming, RuleOutcome};
use crate::link::Outgoing;
use crate::mqtt::{ClientId, TopicFilter};
use crate::rules::{Facts, Kind, Message, Republish, RuleSet};
use bytes::Bytes;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// How long a job waits for the end of the connection that its will came before: as long as the fleet waits.
const UNDECIDED: Duration = Duration::from_secs(2);

/// How long the same failure of an action is not told again.
const REMIND: Duration = Duration::from_secs(60);

/// The most jobs of one device that wait.
const MOST_UNDECIDED: usize = 100;

/// A rule that matched.
#[derive(Debug)]
pub(super) struct Match {
    rule: usize,
    /// What it selects; `None` if that is Undefined.
    output: Option<Bytes>,
    at: Moment,
}

/// A message as the rules meet it.
pub(super) struct Heard<'a> {
    pub(super) message: &'a Incoming,
    /// The device that it speaks of.
    pub(super) device: Option<&'a ClientId>,
    /// The rules that it has been through.
    pub(super) chain: &'a Chain,
}

/// The rules at work.
#[derive(Debug)]
pub(super) struct Reactions {
    rules: Arc<RuleSet>,
    /// Where executed messages are listened for.
    executed: TopicFilter,
    echoes: Echoes,
    standing: Vec<RuleStanding>,
    /// Actions that cannot work on this machine.
    idle: HashSet<ActionId>,
    /// What is said once, when a person could first not be told on this machine.
    untold: Option<String>,
    /// Whether that was said.
    warned: bool,
    /// Rules whose loop was reported.
    looping: HashSet<usize>,
    /// Jobs whose will came before the end of its connection: the cause is known in a moment.
    undecided: HashMap<ClientId, VecDeque<(ActionId, Job)>>,
}

impl Reactions {
    pub(super) fn new(rules: RuleSet, executed: TopicFilter) -> Self {
        let standing = rules.rules().iter().map(standing).collect();
        Self {
            rules: rules.into(),
            executed,
            echoes: Echoes::default(),
            standing,
            idle: HashSet::new(),
            untold: None,
            warned: false,
            looping: HashSet::new(),
            undecided: HashMap::new(),
        }
    }

    pub(super) fn rules(&self) -> &RuleSet {
        &self.rules
    }

    pub(super) fn standing(&self) -> &[RuleStanding] {
        &self.standing
    }

    pub(super) fn link_down(&mut self) {
        self.echoes.clear();
    }

    /// Notes that an action cannot work here; whether it is one that an incident may wait for.
    pub(super) fn set_idle(&mut self, id: ActionId, why: &str) -> bool {
        if !self.idle.insert(id) {
            return false;
        }
        if let Some(standing) = self.standing.get_mut(id.rule) {
            let rule = Arc::clone(&standing.name);
            if let Some(action) = standing.action_mut(id.action) {
                action.idle = true;
                action.last_failure = Some(Notice { at: Moment::default(), text: why.to_owned() });
                self.untold.get_or_insert_with(|| format!("rule {rule}: no {}, because {why}", action.kind));
            }
        }
        id.action.is_some()
    }

    /// Whether a message is a republish of lwtop's own.
    pub(super) fn recognise(&mut self, message: &Incoming, now: Moment) -> Option<Echo> {
        self.echoes.recognise(message, now)
    }

    /// Holds the rules against a message. AWS IoT's see a message when it is published, not when a retained one reaches a
    /// new subscriber. A rule is not asked again about what came of its own republish, and nobody is after
    /// [`MOST_HOPS`]: it would go round for ever. That is reported once a rule.
    pub(super) fn hear(
        &mut self,
        message: &Incoming,
        seen: &Message<'_>,
        chain: &Chain,
        now: Moment,
        step: &mut Step,
    ) -> (Vec<RuleOutcome>, Vec<Match>) {
        let (mut outcomes, mut matches) = (Vec::new(), Vec::new());
        if message.retain {
            return (outcomes, matches);
        }
        for outcome in self.rules.evaluate(seen) {
            let rule = &self.rules.rules()[outcome.rule];
            if chain.holds(outcome.rule) || chain.hops() >= MOST_HOPS {
                if outcome.matched {
                    if self.looping.insert(outcome.rule) {
                        step.notices.push(loop_notice(rule, message, chain.holds(outcome.rule)));
                    }
                    outcomes.push(skipped(rule, now.max(message.at)));
                }
                continue;
            }
            let standing = &mut self.standing[outcome.rule];
            let at = now.max(message.at);
            if outcome.matched {
                standing.matched += 1;
                standing.last_match = Some(at);
            } else {
                standing.not_matched += 1;
            }
            // A republish to where lwtop does not listen cannot be waited for; neither can one without a message.
            let republishes = outcome.output.is_some()
                && rule.actions.iter().any(|action| match &action.kind {
                    Kind::Republish(republish) => {
                        let topic = republish.topic.render_for(&rule.statement, seen);
                        named(topic).is_ok_and(|topic| self.executed.matches(topic.as_str()))
                    }
                    _ => false,
                });
            let notifies = rule.actions.iter().enumerate().filter(|(index, action)| {
                let id = ActionId { rule: outcome.rule, action: Some(*index) };
                action.kind.notifies() && !self.idle.contains(&id)
            });
            outcomes.push(RuleOutcome {
                at,
                name: Arc::clone(&outcome.name),
                matched: outcome.matched,
                skipped: false,
                republishes,
                notifies: u32::try_from(notifies.count()).unwrap_or(u32::MAX),
            });
            if outcome.matched {
                let output = outcome.output.map(|output| match output {
                    // `SELECT *`: the payload itself goes on.
                    Cow::Borrowed(_) => message.payload.clone(),
                    Cow::Owned(made) => made.into(),
                });
                matches.push(Match { rule: outcome.rule, output, at });
            }
        }
        (outcomes, matches)
    }

    /// Does what the rules that matched are for.
    pub(super) fn react(
        &mut self,
        matches: Vec<Match>,
        heard: &Heard<'_>,
        fleet: &Fleet,
        now: Moment,
        step: &mut Step,
    ) -> Vec<ActionReport> {
        let Heard { message, device, chain } = *heard;
        let mut failures = Vec::new();
        let rules = Arc::clone(&self.rules);
        for Match { rule: index, output, at } in matches {
            let rule = &rules.rules()[index];
            let mut job = Job {
                at,
                incident: None,
                facts: Facts {
                    rule: Arc::clone(&rule.name),
                    description: rule.description.clone(),
                    device: device.cloned(),
                    at,
                    ..Facts::default()
                },
                message: message.clone(),
                output: output.clone().unwrap_or_default(),
                statement: Some(Arc::clone(&rule.statement)),
            };
            let early = device.is_some_and(|client| fleet.has_early_will(client.as_str()));
            if !early {
                job = completed(job, fleet);
            }
            for (place, action) in rule.actions.iter().enumerate() {
                let id = ActionId { rule: index, action: Some(place) };
                match &action.kind {
                    Kind::Republish(republish) => {
                        let Some(output) = &output else { continue };
                        let chain = chain.with(index);
                        match self.republish(id, republish, &job, output.clone(), chain, now) {
                            Ok(outgoing) => {
                                self.count(id, 1, 0, None);
                                step.publish.push(outgoing);
                            }
                            Err(why) => failures.push(report(rule, id, action, &job, why, now)),
                        }
                    }
                    _ if self.idle.contains(&id) => {
                        if !std::mem::replace(&mut self.warned, true) {
                            step.notices.extend(self.untold.clone());
                        }
                    }
                    _ if early => {
                        if let Some(client) = device {
                            self.undecided.entry(client.clone()).or_default().push_back((id, job.clone()));
                        }
                    }
                    _ => step.jobs.push((id, job.clone())),
                }
            }
        }
        failures
    }

    /// Hands over the jobs whose incident is known by now, and those that have waited for it long enough.
    pub(super) fn decide(&mut self, fleet: &Fleet, now: Moment, step: &mut Step) {
        self.undecided.retain(|client, jobs| {
            if !fleet.has_early_will(client.as_str()) {
                step.jobs.extend(jobs.drain(..).map(|(id, job)| (id, completed(job, fleet))));
            }
            while let Some((_, job)) = jobs.front()
                && (now.since(job.at) >= UNDECIDED || jobs.len() > MOST_UNDECIDED)
            {
                step.jobs.extend(jobs.pop_front());
            }
            !jobs.is_empty()
        });
    }

    /// Hands over all that waits, as far as it is known: for the end.
    pub(super) fn release(&mut self, fleet: &Fleet, step: &mut Step) {
        let jobs = self.undecided.drain().flat_map(|(_, jobs)| jobs);
        step.jobs.extend(jobs.map(|(id, job)| (id, completed(job, fleet))));
    }

    /// Takes in what came of an action, and does what the rule says for failures.
    pub(super) fn reported(&mut self, report: &ActionReport, fleet: &Fleet, now: Moment, step: &mut Step) {
        let id = ActionId { rule: report.rule_index, action: report.action };
        // A link that is down fails every republish: a person reads it once a minute.
        if let Some(why) = &report.failure
            && self.last_failure(id).is_none_or(|last| last.text != *why || report.at.since(last.at) > REMIND)
        {
            step.notices.push(failure_notice(report, why));
        }
        match &report.failure {
            None => self.count(id, report.events, 0, None),
            Some(why) => self.count(id, 0, report.events, Some(Notice { at: report.at, text: why.clone() })),
        }
        let Some(why) = report.failure.as_ref().filter(|_| report.action.is_some()) else { return };
        let Some(rule) = self.rules.rules().get(report.rule_index).cloned() else { return };
        let Some(action) = &rule.error_action else { return };
        let id = ActionId { rule: report.rule_index, action: None };
        let output = super::error_message::build(&rule, report, why);
        // A failed group is told of once, as the story of its first incident.
        let incident = report.incidents.first().and_then(|id| fleet.incident(*id));
        let job = Job {
            at: now,
            incident: incident.map(|incident| incident.id),
            facts: Facts {
                rule: Arc::clone(&rule.name),
                description: rule.description.clone(),
                device: incident.map(|incident| incident.client.clone()),
                cause: incident.map(|incident| incident.cause),
                fault: incident.and_then(|incident| incident.fault),
                hops: incident.map(|incident| incident.hops).unwrap_or_default(),
                at: now,
            },
            message: report.first.clone(),
            output,
            statement: Some(Arc::clone(&rule.statement)),
        };
        match &action.kind {
            Kind::Republish(republish) => {
                // The same rule must not be set off by its own error.
                let chain = Chain::default().told_by(&report.first).with(report.rule_index);
                match self.republish(id, republish, &job, job.output.clone(), chain, now) {
                    Ok(outgoing) => {
                        self.count(id, 1, 0, None);
                        step.publish.push(outgoing);
                    }
                    Err(why) => self.count(id, 0, 1, Some(Notice { at: now, text: why })),
                }
            }
            _ => step.jobs.push((id, job)),
        }
    }

    fn republish(
        &mut self,
        id: ActionId,
        republish: &Republish,
        job: &Job,
        payload: Bytes,
        chain: Chain,
        now: Moment,
    ) -> Result<Outgoing, String> {
        let topic = named(job.render(&republish.topic))?;
        let mut user_properties = Vec::with_capacity(republish.user_properties.len() + 1);
        for (name, value) in &republish.user_properties {
            let value = job.render(value).map_err(|error| format!("the user property {name} has no value: {error}"))?;
            user_properties.push((name.clone(), value));
        }
        user_properties.push((HOPS_KEY.to_owned(), chain.hops().to_string()));
        self.echoes.add(now, topic.shared(), payload.clone(), job.facts.device.clone(), chain);
        let (qos, retain, origin) = (republish.qos, republish.retain, Some(token(id)));
        Ok(Outgoing { topic, payload, qos, retain, user_properties, origin })
    }

    /// What came of a republish that the link could not take after all.
    pub(super) fn not_published(&mut self, origin: u64, message: Incoming, why: String) -> Option<ActionReport> {
        let id = action_of(origin)?;
        let rule = self.rules.rules().get(id.rule)?;
        let action = id.action.map_or(rule.error_action.as_ref(), |index| rule.actions.get(index))?;
        let job = Job {
            at: message.at,
            incident: None,
            facts: Facts::default(),
            output: message.payload.clone(),
            message,
            statement: None,
        };
        let report = report(rule, id, action, &job, why, job.at);
        // It will not arrive: the same message from somebody else must not be taken for it.
        self.echoes.recognise(&job.message, job.at);
        if let Some(action) = self.standing.get_mut(id.rule).and_then(|standing| standing.action_mut(id.action)) {
            action.done = action.done.saturating_sub(1);
        }
        Some(report)
    }

    fn last_failure(&self, id: ActionId) -> Option<&Notice> {
        self.standing.get(id.rule)?.action(id.action)?.last_failure.as_ref()
    }

    fn count(&mut self, id: ActionId, done: u64, failed: u64, failure: Option<Notice>) {
        let standing = self.standing.get_mut(id.rule);
        let Some(action) = standing.and_then(|standing| standing.action_mut(id.action)) else { return };
        action.done += done;
        action.failed += failed;
        if failure.is_some() {
            action.last_failure = failure;
        }
    }
}
