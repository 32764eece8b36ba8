//! A scenario as a file that reads back as the same.

use crate::fleet::{Evidence, Hop};
use crate::mqtt::{Cause, Qos};
use crate::scenario::{Change, Check, Facts, Launch, Part, Publication, Scenario, Step, Subject, Text, words};
use std::time::Duration;
use toml::{Table, Value};

/// The file's text.
#[must_use]
pub fn print(scenario: &Scenario) -> String {
    let mut file = Table::new();
    put(&mut file, "title", scenario.title.as_str());
    put(&mut file, "summary", scenario.summary.as_str());
    if !scenario.listen.is_empty() {
        put(&mut file, "listen", scenario.listen.iter().map(ToString::to_string).collect::<Vec<_>>());
    }
    let steps: Vec<Value> = scenario.steps.iter().map(|step| Value::Table(self::step(step))).collect();
    put(&mut file, "steps", steps);
    // It holds only text, numbers, lists and tables: nothing that TOML cannot say.
    toml::to_string_pretty(&file).unwrap_or_default()
}

fn put(table: &mut Table, key: &str, value: impl Into<Value>) {
    table.insert(key.to_owned(), value.into());
}

fn step(step: &Step) -> Table {
    let mut table = Table::new();
    match step {
        Step::Say { text, pause } => {
            put(&mut table, "say", text.as_str());
            if !pause {
                put(&mut table, "pause", false);
            }
        }
        Step::Launch(launch) => self::launch(launch, &mut table),
        Step::Fault { devices, fault } => {
            put(&mut table, "fault", fault.name());
            put(&mut table, "device", devices.as_str());
        }
        Step::Reconnect(devices) => put(&mut table, "reconnect", devices.as_str()),
        Step::Remove(devices) => put(&mut table, "remove", devices.as_str()),
        Step::Publish(Publication { topic, payload, qos, retain }) => {
            put(&mut table, "publish", topic.as_str());
            put(&mut table, "payload", payload.as_str());
            if *qos != Qos::default() {
                put(&mut table, "qos", i64::from(qos.as_u8()));
            }
            if *retain {
                put(&mut table, "retain", true);
            }
        }
        Step::Sleep(time) => put(&mut table, "sleep", duration(*time)),
        Step::Check(check) => self::check(check, &mut table),
    }
    table
}

fn launch(launch: &Launch, table: &mut Table) {
    let Launch { id, count, protocol, keep_alive, clean, will, connected } = launch;
    put(table, "launch", id.as_str());
    if *count != 1 {
        put(table, "count", i64::try_from(*count).unwrap_or(i64::MAX));
    }
    if let Some(protocol) = protocol {
        put(table, "protocol", protocol.to_string());
    }
    if let Some(keep_alive) = keep_alive {
        put(table, "keep_alive", i64::from(keep_alive.0));
    }
    if let Some(clean) = clean {
        put(table, "clean", *clean);
    }
    for (key, part) in [("will", will), ("connected", connected)] {
        match part {
            Part::Usual => {}
            Part::Without => put(table, key, false),
            Part::Other(change) => put(table, key, self::change(change)),
        }
    }
}

fn change(change: &Change) -> Table {
    let Change { topic, payload, qos, retain, delay } = change;
    let mut table = Table::new();
    if let Some(topic) = topic {
        put(&mut table, "topic", topic.as_str());
    }
    if let Some(payload) = payload {
        put(&mut table, "payload", payload.as_str());
    }
    if let Some(qos) = qos {
        put(&mut table, "qos", i64::from(qos.as_u8()));
    }
    if let Some(retain) = retain {
        put(&mut table, "retain", *retain);
    }
    if let Some(delay) = delay {
        put(&mut table, "delay", duration(*delay));
    }
    table
}

fn check(check: &Check, table: &mut Table) {
    let Check { subject, within, stays, needed } = check;
    let verb = |wait: &'static str, expect: &'static str| if *needed { wait } else { expect };
    match subject {
        Subject::Devices { name, facts } => {
            put(table, verb("wait", "expect"), name.as_str());
            self::facts(facts, table);
        }
        Subject::Messages { topic, text, retained, count } => {
            put(table, verb("wait_message", "expect_message"), topic.as_str());
            self::text(text.as_ref(), table);
            if let Some(retained) = retained {
                put(table, "retained", *retained);
            }
            if let Some(count) = count {
                put(table, "count", i64::try_from(*count).unwrap_or(i64::MAX));
            }
        }
        Subject::Kept { topic, text } => {
            put(table, "expect_retained", topic.as_str());
            self::text(text.as_ref(), table);
            if text.is_none() {
                put(table, "nothing", true);
            }
        }
    }
    if *within != Check::WITHIN {
        put(table, "within", duration(*within));
    }
    if *stays != Check::usual_stay(subject) {
        put(table, "stays", duration(*stays));
    }
}

fn facts(facts: &Facts, table: &mut Table) {
    let Facts { presence, cause, evidence, will, wills, hops, in_order, without, phase } = facts;
    let names = |hops: &[Hop]| hops.iter().map(|hop| hop.name()).collect::<Vec<_>>();
    let texts = [
        ("presence", *presence),
        ("cause", cause.map(Cause::name)),
        ("evidence", evidence.map(Evidence::name)),
        ("phase", phase.map(words::phase)),
    ];
    for (key, text) in texts {
        if let Some(text) = text {
            put(table, key, text);
        }
    }
    if let Some(will) = will {
        put(table, "will", *will);
    }
    if let Some(wills) = wills {
        put(table, "wills", i64::from(*wills));
    }
    for (key, hops) in [("hops", hops), ("without", without)] {
        if !hops.is_empty() {
            put(table, key, names(hops));
        }
    }
    if *in_order {
        put(table, "in_order", true);
    }
}

fn text(text: Option<&Text>, table: &mut Table) {
    match text {
        Some(Text::Is(text)) => put(table, "payload", text.as_str()),
        Some(Text::Contains(text)) => put(table, "contains", text.as_str()),
        None => {}
    }
}

fn duration(time: Duration) -> String {
    // A duration that was read is no longer than an hour, and fits.
    let signed = jiff::SignedDuration::try_from(time).unwrap_or(jiff::SignedDuration::MAX);
    format!("{signed:#}")
}
