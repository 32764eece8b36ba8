//! How an event is told to a person: the same words on the desktop, in a mail and in a webhook.
//!
//! Names and payloads come from the network: nothing in them breaks a line that is ours or turns the writing direction.

mod payload;

pub use payload::readable;

use super::{Group, Job};
use crate::clock::Moment;
use crate::fleet::{Hop, beginning};
use crate::mqtt::{Cause, ClientId};
use std::collections::HashSet;
use std::fmt::Write as _;
use std::time::Duration;

/// How many letters of a name are shown; MQTT allows 65 535 bytes.
const NAME: usize = 80;

/// How many bytes of a message a story shows.
const SHOWN: usize = 8 * 1024;

/// A group in one line: `lwtThing: connection lost`, or `40 devices lost in 2 s: lwtThing, lwtThing-2 and 38 more`.
#[must_use]
pub fn headline(group: &Group) -> String {
    match (&group.jobs[..], group.more) {
        ([], more) => format!("{} events", count(more)),
        ([job], 0) => subject(job),
        _ => match devices(group)[..] {
            [] => title(group),
            [device] if group.more == 0 => format!("{}: {}", name(device), title(group)),
            _ => format!("{}: {}", title(group), names(group)),
        },
    }
}

/// The first part of the headline: `lwtThing: connection lost`, or `40 devices lost in 2 s`.
#[must_use]
pub fn title(group: &Group) -> String {
    let (first, last) = match (&group.jobs[..], group.more) {
        ([], more) => return format!("{} events", count(more)),
        ([job], 0) => return subject(job),
        ([first, .., last], _) => (first, last),
        ([only], _) => (only, only),
    };
    let events = group.len();
    let took = took(last.at.since(first.at));
    let died = |job: &Job| job.facts.cause.is_some_and(|cause| !cause.discards_will());
    if group.jobs.iter().all(died) {
        // Of the events without details it is not known which devices they are about.
        return match devices(group) {
            devices if devices.len() as u64 == events => format!("{} devices lost {took}", count(events)),
            devices if devices.len() == 1 && group.more == 0 => format!("lost {} times {took}", count(events)),
            _ => format!("{} deaths {took}", count(events)),
        };
    }
    format!("{} matched {} times {took}", first.facts.rule, count(events))
}

/// The first few devices of a group: `lwtThing, lwtThing-2 and 38 more`; empty if none is known.
#[must_use]
pub fn names(group: &Group) -> String {
    let devices = devices(group);
    let listed = if devices.len() <= 3 { devices.len() } else { 2 };
    let shown: Vec<String> = devices.iter().take(listed).map(|device| name(device)).collect();
    let others = (devices.len() - listed) as u64 + group.more;
    match (&shown[..], others) {
        ([], _) => String::new(),
        ([first @ .., last], 0) if !first.is_empty() => format!("{} and {last}", first.join(", ")),
        (_, 0) => shown.join(", "),
        (_, others) => format!("{} and {} more", shown.join(", "), count(others)),
    }
}

/// A line for each event, time, device and cause; at most `most` of them, then how many more there are.
#[must_use]
pub fn roll(group: &Group, most: usize) -> String {
    let mut lines: Vec<String> =
        group.jobs.iter().take(most).map(|job| format!("{}  {}", job.at, subject(job))).collect();
    let rest = group.len() - lines.len() as u64;
    if rest > 0 {
        lines.push(format!("and {} more", count(rest)));
    }
    lines.join("\n")
}

/// One event in full, in several lines: device, cause, what lwtop did, rule, topic, the hops with their times, and the
/// message.
#[must_use]
pub fn story(job: &Job) -> String {
    let facts = &job.facts;
    let mut text = String::new();
    let mut fact = |label: &str, value: &str| {
        // A String takes everything.
        let _ = writeln!(text, "{:<10}{value}", format!("{label}:"));
    };
    if let Some(device) = &facts.device {
        fact("Device", &name(device));
    }
    if let Some(cause) = facts.cause {
        fact("Cause", cause.words());
    }
    if let Some(fault) = facts.fault {
        fact("By lwtop", fault.title());
    }
    match &facts.description {
        Some(description) => fact("Rule", &format!("{} ({})", facts.rule, clean(description, SHOWN))),
        None => fact("Rule", &facts.rule),
    }
    fact("Topic", &clean(&job.message.topic, SHOWN));
    if let Some(incident) = job.incident {
        fact("Incident", &incident.0.to_string());
    }
    text.push('\n');
    for line in times(job) {
        text.push_str(&line);
        text.push('\n');
    }
    text.push('\n');
    if job.output.is_empty() || job.output == job.message.payload {
        let _ = writeln!(text, "Message:\n{}", readable(&job.message.payload, SHOWN));
    } else {
        let _ = writeln!(text, "What the rule selected:\n{}", readable(&job.output, SHOWN));
    }
    text
}

/// The hops, oldest first: `2026-11-22T12:04:33.404Z  will arrived         +3.1 ms`.
fn times(job: &Job) -> Vec<String> {
    let mut hops = job.facts.hops;
    hops.set(Hop::Rule, job.facts.at);
    let mut seen: Vec<(Moment, Hop, Duration)> =
        hops.seen().filter_map(|(hop, after)| Some((hops.get(hop)?, hop, after))).collect();
    seen.sort_by_key(|(at, hop, _)| (*at, *hop));
    let line = |(index, (at, hop, after)): (usize, (Moment, Hop, Duration))| {
        let what = happened(hop, job.facts.cause);
        if index == 0 { format!("{at}  {what}") } else { format!("{at}  {what:<20}  +{}", milliseconds(after)) }
    };
    seen.into_iter().enumerate().map(line).collect()
}

/// What a hop is to a person.
const fn happened(hop: Hop, cause: Option<Cause>) -> &'static str {
    match (hop, cause) {
        (Hop::Cut, Some(cause)) => beginning(None, cause),
        (Hop::Cut, None) => "cut",
        (Hop::Detected, _) => "the broker knew",
        (Hop::Will, _) => "will arrived",
        (Hop::Rule, _) => "rule matched",
        (Hop::Executed, _) => "rule's republish",
        (Hop::Notified, _) => "person notified",
        (Hop::Recovered, _) => "back again",
    }
}

/// One event in one line: `lwtThing: connection lost`.
#[must_use]
pub fn subject(job: &Job) -> String {
    let facts = &job.facts;
    match (&facts.device, facts.cause) {
        (Some(device), Some(cause)) => format!("{}: {}", name(device), cause.words()),
        (Some(device), None) => format!("{}: {} matched", name(device), facts.rule),
        (None, Some(cause)) => format!("a device: {}", cause.words()),
        (None, None) => format!("{} matched a message on {}", facts.rule, clean(&job.message.topic, NAME)),
    }
}

/// A client id for a line of text.
#[must_use]
pub fn name(device: &ClientId) -> String {
    if device.as_str().is_empty() { "(empty client id)".to_owned() } else { clean(device.as_str(), NAME) }
}

/// The first `most` letters of `text` in one line: what would end the line or turn its direction is escaped.
#[must_use]
pub fn clean(text: &str, most: usize) -> String {
    let mut letters = text.chars();
    let mut out: String = letters.by_ref().take(most).map(|letter| escaped(letter, &[])).collect();
    if letters.next().is_some() {
        out.push('…');
    }
    out
}

/// A letter as it is, or escaped if it would do something to the text around it; those in `kept` may.
fn escaped(letter: char, kept: &[char]) -> String {
    let unruly = letter.is_control()
        || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    if unruly && !kept.contains(&letter) { letter.escape_default().to_string() } else { letter.to_string() }
}

/// The devices that are known, each once, in their order.
fn devices(group: &Group) -> Vec<&ClientId> {
    let mut seen = HashSet::new();
    group.jobs.iter().filter_map(|job| job.facts.device.as_ref()).filter(|device| seen.insert(*device)).collect()
}

/// `at once`, `in 0.3 s`, `in 2 s`, `in 3 min`.
fn took(time: Duration) -> String {
    if time < Duration::from_millis(50) { "at once".to_owned() } else { format!("in {}", span(time)) }
}

/// A time in the unit that suits it: `0.3 s`, `2 s`, `45 s`, `3 min`.
#[must_use]
pub fn span(time: Duration) -> String {
    let tenths = (time.as_millis() + 50) / 100;
    match tenths {
        0 => milliseconds(time),
        1..100 if !tenths.is_multiple_of(10) => format!("{}.{} s", tenths / 10, tenths % 10),
        1..1_200 => format!("{} s", (tenths + 5) / 10),
        _ => format!("{} min", (tenths + 300) / 600),
    }
}

/// `0.1 ms`, `14 ms`, `45 010 ms`.
fn milliseconds(time: Duration) -> String {
    match time.as_micros() {
        micros @ 0..10_000 => format!("{}.{} ms", micros / 1_000, micros % 1_000 / 100),
        micros => format!("{} ms", count(u64::try_from(micros / 1_000).unwrap_or(u64::MAX))),
    }
}

/// `10 000`: with a space that does not break between the thousands.
#[must_use]
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let first = digits.len() % 3;
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && index % 3 == first {
            out.push('\u{a0}');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests;
