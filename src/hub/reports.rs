//! What is written down of rules and their actions: the facts of a job, reports, standings and the sentences for a person.

use super::echoes::MOST_HOPS;
use super::status::{ActionStanding, RuleStanding};
use crate::actions::{ActionId, Job};
use crate::clock::Moment;
use crate::fleet::{ActionReport, Fleet, Hop, Incoming, RuleOutcome};
use crate::mqtt::TopicName;
use crate::rules::{Action, Rule, TemplateError};
use std::sync::Arc;

/// With what is known of the death by now.
pub(super) fn completed(mut job: Job, fleet: &Fleet) -> Job {
    let device = job.facts.device.as_ref().and_then(|client| fleet.device(fleet.find(client.as_str())?));
    let Some(incident) = device.and_then(|device| fleet.incident(device.incident?)) else { return job };
    // The newest incident is another one's, unless this very message is in it.
    if incident.hops.get(Hop::Will) == Some(job.message.at) {
        job.incident = Some(incident.id);
        job.facts.cause = Some(incident.cause);
        job.facts.fault = incident.fault;
        job.facts.hops = incident.hops;
    }
    job
}

/// The topic that a template came to.
pub(super) fn named(rendered: Result<String, TemplateError>) -> Result<TopicName, String> {
    let topic = rendered.map_err(|error| format!("the topic has no name: {error}"))?;
    // `$$aws/…` is how AWS IoT writes a reserved topic (developer guide, "Republish").
    let topic = topic.strip_prefix('$').filter(|rest| rest.starts_with('$')).map_or(topic.as_str(), |rest| rest);
    topic.parse().map_err(|error| format!("{error}"))
}

pub(super) fn report(rule: &Rule, id: ActionId, action: &Action, job: &Job, why: String, now: Moment) -> ActionReport {
    ActionReport {
        at: now,
        rule: Arc::clone(&rule.name),
        rule_index: id.rule,
        action: id.action,
        kind: action.kind.name(),
        target: action.kind.target(),
        notifies: action.kind.notifies(),
        events: 1,
        incidents: job.incident.into_iter().collect(),
        attempts: 1,
        failure: Some(why),
        first: job.message.clone(),
    }
}

/// An action as the token that a message carries to the link: 0 in the lower half stands for the error action.
pub(super) fn token(id: ActionId) -> u64 {
    let half = |number: usize| u64::from(u32::try_from(number).unwrap_or(u32::MAX));
    half(id.rule) << 32 | id.action.map_or(0, |index| half(index) + 1)
}

pub(super) fn action_of(token: u64) -> Option<ActionId> {
    let rule = usize::try_from(token >> 32).ok()?;
    let action = usize::try_from(token & u64::from(u32::MAX)).ok()?;
    Some(ActionId { rule, action: action.checked_sub(1) })
}

pub(super) fn failure_notice(report: &ActionReport, why: &str) -> String {
    let events = if report.events == 1 { String::new() } else { format!(" ({} events)", report.events) };
    format!("rule {}: {} to {} failed{events}: {why}", report.rule, report.kind, report.target)
}

pub(super) fn skipped(rule: &Rule, at: Moment) -> RuleOutcome {
    let name = Arc::clone(&rule.name);
    RuleOutcome { at, name, matched: true, skipped: true, republishes: false, notifies: 0 }
}

pub(super) fn loop_notice(rule: &Rule, message: &Incoming, own: bool) -> String {
    let why = if own {
        "the message came of its own republish".to_owned()
    } else {
        format!("{MOST_HOPS} rules in a row led to the message")
    };
    format!(
        "rule {} was not run on {}: {why}, and it would go round for ever. Republish to a topic that no FROM on the way matches",
        rule.name, message.topic
    )
}

pub(super) fn standing(rule: &Rule) -> RuleStanding {
    let action = |action: &Action| ActionStanding {
        kind: action.kind.name(),
        target: action.kind.target(),
        ..ActionStanding::default()
    };
    RuleStanding {
        name: Arc::clone(&rule.name),
        description: rule.description.clone(),
        sql: rule.statement.to_string().into(),
        actions: rule.actions.iter().chain(&rule.error_action).map(action).collect(),
        has_error_action: rule.error_action.is_some(),
        ..RuleStanding::default()
    }
}
