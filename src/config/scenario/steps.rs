//! `[[steps]]`: what may stand in a step.

use crate::config::error::did_you_mean;
use crate::config::fields;
use crate::config::reader::{Fault, Keys, tables};
use crate::fleet::{Evidence, Hop, IncidentPhase};
use crate::mqtt::{self, Cause, ClientId, Protocol, Qos, TopicFilter, TopicName};
use crate::scenario::{Change, Check, Facts, Launch, Part, Publication, Step, Subject, Text};
use std::time::Duration;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// What a step can do.
const VERBS: [&str; 12] = [
    "say",
    "launch",
    "fault",
    "reconnect",
    "remove",
    "publish",
    "sleep",
    "wait",
    "wait_message",
    "expect",
    "expect_message",
    "expect_retained",
];

/// The longest that a step may take: a scenario ends.
const LONGEST: Duration = Duration::from_secs(3_600);

/// The most devices of a launch.
const MOST_DEVICES: u64 = 100_000;

/// The longest client id: brokers take 128 bytes, and a number may follow.
const LONGEST_ID: usize = 100;

pub(super) fn read(list: &Spanned<DeValue<'_>>, faults: &mut Vec<Fault>) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut launched = Vec::new();
    let found = tables(list, "steps", "[[steps]]", faults);
    if found.is_empty() && faults.is_empty() {
        let why = "there are no steps: write [[steps]]".to_owned();
        faults.push(Fault { offset: list.span().start, key: None, why });
    }
    for (index, (offset, table)) in found.into_iter().enumerate() {
        let mut keys = Keys::new(format!("steps[{index}]"), offset, table, faults);
        steps.extend(step(&mut keys, table, &mut launched));
        keys.finish();
    }
    steps
}

/// A launch that was read: its name and how many it stands for.
struct Launched {
    id: ClientId,
    count: usize,
}

fn step(keys: &mut Keys<'_, '_>, table: &DeTable<'_>, launched: &mut Vec<Launched>) -> Option<Step> {
    let verbs: Vec<&str> = VERBS.into_iter().filter(|verb| keys.has(verb)).collect();
    let verb = match verbs[..] {
        [verb] => verb,
        [] => {
            let near = table.iter().map(|(key, _)| did_you_mean(key.get_ref(), &VERBS)).find(|near| !near.is_empty());
            keys.any();
            keys.fault(format!(
                "a step does one thing, and there is none here{} The verbs are: {}",
                near.unwrap_or_else(|| ".".to_owned()),
                VERBS.join(", ")
            ));
            return None;
        }
        _ => {
            keys.any();
            keys.fault(format!("a step does one thing, and here are several: {}", verbs.join(", ")));
            return None;
        }
    };
    match verb {
        "say" => {
            let text = keys.text("say", "text in quotes", paragraphs);
            let pause = keys.plain("pause").unwrap_or(true);
            Some(Step::Say { text: text?, pause })
        }
        "launch" => launch(keys, launched).map(Step::Launch),
        "fault" => {
            let fault = keys.parsed("fault", "a fault in quotes, such as \"fin\"");
            let devices = named(keys, "device", launched);
            let devices = keys.needed("device", devices);
            Some(Step::Fault { devices: devices?, fault: fault? })
        }
        "reconnect" => named(keys, "reconnect", launched).map(Step::Reconnect),
        "remove" => named(keys, "remove", launched).map(Step::Remove),
        "publish" => {
            let topic = keys.parsed::<TopicName>("publish", "a topic in quotes");
            let payload: Option<String> = keys.plain("payload");
            let payload = keys.needed("payload", payload);
            let (qos, retain) = (qos(keys), keys.plain("retain").unwrap_or(false));
            Some(Step::Publish(Publication { topic: topic?, payload: payload?, qos: qos.unwrap_or_default(), retain }))
        }
        "sleep" => duration(keys, "sleep").map(Step::Sleep),
        "wait" | "expect" => {
            let key = if verb == "wait" { "wait" } else { "expect" };
            let name = named(keys, key, launched);
            let facts = facts(keys);
            let (name, facts) = (name?, facts?);
            check(keys, Subject::Devices { name, facts }, verb == "wait")
        }
        "wait_message" | "expect_message" => {
            let key = if verb == "wait_message" { "wait_message" } else { "expect_message" };
            let topic = keys.parsed::<TopicFilter>(key, "a topic filter in quotes");
            let text = text(keys);
            let retained = keys.plain("retained");
            let count = keys.read("count", |from| fields::whole(from, "a whole number from 0 to 10000", 10_000));
            let count = count.and_then(|count| usize::try_from(count).ok());
            check(keys, Subject::Messages { topic: topic?, text, retained, count }, verb == "wait_message")
        }
        _ => {
            let topic = keys.parsed::<TopicName>("expect_retained", "a topic in quotes");
            let text = text(keys);
            let nothing = keys.plain("nothing").unwrap_or(false);
            if nothing == text.is_some() {
                keys.fault("say one of payload, contains and nothing = true: what the broker is to have kept");
            }
            check(keys, Subject::Kept { topic: topic?, text }, false)
        }
    }
}

fn launch(keys: &mut Keys<'_, '_>, launched: &mut Vec<Launched>) -> Option<Launch> {
    let id = keys.text("launch", "a client id in quotes", client_id);
    let count = keys.read("count", |from| fields::whole(from, "a whole number from 1 to 100000", MOST_DEVICES));
    if count == Some(0) {
        keys.fault_in("count", "it must be at least 1");
    }
    let count = count.and_then(|count| usize::try_from(count).ok()).unwrap_or(1);
    let protocol = keys.read("protocol", fields::protocol::deserialize);
    let keep_alive = keys.read("keep_alive", fields::keep_alive::deserialize);
    let clean = keys.plain("clean");
    let will = part(keys, "will", true);
    let connected = part(keys, "connected", false);
    if let Part::Other(Change { delay: Some(_), .. }) = &will
        && protocol == Some(Protocol::V311)
    {
        keys.fault_in("will", "a will delay is of MQTT 5: write protocol = \"5\"");
    }
    let id = id?;
    let mine = Launched { id: id.clone(), count };
    if let Some(other) = launched.iter().find(|other| other.has(&id) || mine.has(&other.id)) {
        let why = format!("{} is launched before: give it another name, or bring it back with reconnect", other.id);
        keys.fault_in("launch", why);
    }
    launched.push(mine);
    Some(Launch { id, count, protocol, keep_alive, clean, will, connected })
}

impl Launched {
    /// Whether `name` is one of its devices.
    fn has(&self, name: &ClientId) -> bool {
        let number = || name.as_str().strip_prefix(self.id.as_str())?.strip_prefix('-')?.parse::<usize>().ok();
        *name == self.id || number().is_some_and(|number| (2..=self.count).contains(&number))
    }
}

/// The name of a device or of a launch.
fn named(keys: &mut Keys<'_, '_>, key: &'static str, launched: &[Launched]) -> Option<ClientId> {
    let name = keys.text(key, "a name in quotes", client_id)?;
    if !launched.iter().any(|launch| launch.has(&name)) {
        let known: Vec<&str> = launched.iter().map(|launch| launch.id.as_str()).collect();
        let near = did_you_mean(name.as_str(), &known);
        keys.fault_in(key, format!("no step before this one launches {name}{near}"));
    }
    Some(name)
}

/// `will` or `connected`: false, or a table of what is different.
fn part(keys: &mut Keys<'_, '_>, key: &'static str, is_will: bool) -> Part {
    let Some(value) = keys.written(key) else { return Part::Usual };
    match value.get_ref() {
        DeValue::Boolean(false) => Part::Without,
        DeValue::Boolean(true) => Part::Usual,
        DeValue::Table(table) => {
            let path = keys.path_of(key);
            let mut inner = Keys::new(path, value.span().start, table, keys.faults());
            let mut change = Change {
                topic: inner.parsed("topic", "a topic in quotes"),
                payload: inner.plain("payload"),
                qos: qos(&mut inner),
                retain: inner.plain("retain"),
                delay: None,
            };
            if is_will {
                change.delay = duration(&mut inner, "delay");
                if change.delay.is_some_and(|delay| delay.subsec_nanos() > 0) {
                    inner.fault_in("delay", "a will delay has whole seconds (5 section 3.1.3.2.2)");
                }
            }
            inner.finish();
            Part::Other(change)
        }
        _ => {
            keys.fault_in(key, "expected false, or a table of what is different");
            Part::Usual
        }
    }
}

fn facts(keys: &mut Keys<'_, '_>) -> Option<Facts> {
    let presence = one_of(keys, "presence", &Facts::PRESENCES.map(|name| (name, name)));
    let cause = one_of(keys, "cause", &Cause::ALL.map(|cause| (cause.name(), cause)));
    let evidence = [Evidence::Wire, Evidence::Lifecycle, Evidence::Will, Evidence::Retained, Evidence::Inferred];
    let evidence = one_of(keys, "evidence", &evidence.map(|evidence| (evidence.name(), evidence)));
    let phases = [IncidentPhase::Complete, IncidentPhase::Notified, IncidentPhase::Overdue, IncidentPhase::Recovered];
    let phase = one_of(keys, "phase", &phases.map(|phase| (crate::scenario::words::phase(phase), phase)));
    let will = keys.plain("will");
    let wills = keys.read("wills", |from| fields::whole(from, "a whole number from 0 to 1000", 1_000));
    let wills = wills.and_then(|wills| u32::try_from(wills).ok());
    let (hops, without) = (hops(keys, "hops"), hops(keys, "without"));
    let in_order = keys.plain("in_order").unwrap_or(false);
    let facts = Facts { presence, cause, evidence, will, wills, hops, in_order, without, phase };
    if facts.is_empty() {
        keys.fault(
            "nothing is expected: say presence, cause, evidence, will, wills, hops, without or phase; what is there may \
             be wrong",
        );
        return None;
    }
    if let Some(hop) = facts.hops.iter().find(|hop| facts.without.contains(hop)) {
        keys.fault_in("without", format!("{} is in hops too", hop.name()));
    }
    if in_order && facts.hops.len() < 2 {
        keys.fault_in("in_order", "there is no order without two hops");
    }
    Some(facts)
}

fn hops(keys: &mut Keys<'_, '_>, key: &'static str) -> Vec<Hop> {
    let names = Hop::ALL.map(|hop| (hop.name(), hop));
    if !keys.has(key) {
        keys.written(key);
        return Vec::new();
    }
    keys.list(key, |text| pick(text, &names)).unwrap_or_default()
}

fn one_of<T: Clone>(keys: &mut Keys<'_, '_>, key: &'static str, names: &[(&'static str, T)]) -> Option<T> {
    keys.text(key, "a name in quotes", |text| pick(text, names))
}

fn pick<T: Clone>(text: &str, names: &[(&'static str, T)]) -> Result<T, String> {
    names.iter().find(|(name, _)| *name == text).map(|(_, value)| value.clone()).ok_or_else(|| {
        let known: Vec<&str> = names.iter().map(|(name, _)| *name).collect();
        let near = did_you_mean(text, &known);
        let stop = if near.is_empty() { "." } else { "" };
        format!("there is no {text:?}{near}{stop} There are: {}", known.join(", "))
    })
}

fn text(keys: &mut Keys<'_, '_>) -> Option<Text> {
    let (is, contains) = (keys.plain("payload"), keys.plain("contains"));
    if is.is_some() && contains.is_some() {
        keys.fault_in("contains", "payload says it all: leave one of them out");
    }
    is.map(Text::Is).or_else(|| contains.map(Text::Contains))
}

fn check(keys: &mut Keys<'_, '_>, subject: Subject, needed: bool) -> Option<Step> {
    let has = |key: &str| keys.has(key);
    let (has_within, has_stays) = (has("within"), has("stays"));
    let (within, stays) = (duration(keys, "within"), duration(keys, "stays"));
    if (has_within && within.is_none()) || (has_stays && stays.is_none()) {
        return None;
    }
    let stays = stays.unwrap_or_else(|| Check::usual_stay(&subject));
    Some(Step::Check(Check { subject, within: within.unwrap_or(Check::WITHIN), stays, needed }))
}

fn qos(keys: &mut Keys<'_, '_>) -> Option<Qos> {
    keys.read("qos", fields::qos::deserialize)
}

fn duration(keys: &mut Keys<'_, '_>, key: &'static str) -> Option<Duration> {
    let time = keys.read(key, fields::duration::deserialize)?;
    if time > LONGEST {
        keys.fault_in(key, "it is longer than an hour");
        return None;
    }
    Some(time)
}

fn client_id(text: &str) -> Result<ClientId, String> {
    match text {
        "" => Err("it is empty; a device needs a client id".to_owned()),
        _ if text.len() > LONGEST_ID => Err(format!("it is longer than {LONGEST_ID} bytes")),
        _ if text.contains(['+', '#', '/']) || text.chars().any(char::is_control) => {
            Err(format!("{text:?} has '+', '#', '/' or a control character in it, which brokers refuse"))
        }
        _ => Ok(mqtt::ClientId::from(text)),
    }
}

/// What is told: paragraphs, in which line breaks count as spaces.
fn paragraphs(text: &str) -> Result<String, String> {
    if text.chars().any(|letter| letter.is_control() && letter != '\n') {
        return Err("it has a tab or a control character in it".to_owned());
    }
    let paragraphs = text.split("\n\n").map(|paragraph| paragraph.split_whitespace().collect::<Vec<_>>().join(" "));
    let text = paragraphs.filter(|paragraph| !paragraph.is_empty()).collect::<Vec<_>>().join("\n\n");
    if text.is_empty() { Err("it is empty".to_owned()) } else { Ok(text) }
}
