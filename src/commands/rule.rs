//! `lwtop rule`: what a rule makes of a message, and whether the rules of a configuration are right.

mod text;

use super::{Failure, flags, print};
use crate::cli::{Format, RuleCheckArgs, RuleCommand, RuleTestArgs};
use crate::clock::{Clock, Moment};
use crate::mqtt::TopicName;
use crate::rules::{Explanation, Message, Rule, RuleSet, Statement};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value as Json};
use std::borrow::Cow;
use std::io::{Read, stdin};

/// The longest payload that is read from standard input: sixteen times what a rule reads as JSON.
const MOST_BYTES: u64 = 16 * 1024 * 1024;

/// The exit code for "it does not match".
const NO_MATCH: u8 = 1;

pub(super) fn run(command: &RuleCommand) -> Result<(), Failure> {
    match command {
        RuleCommand::Test(args) => test(args),
        RuleCommand::Check(args) => check(args),
    }
}

/// What a rule makes of one message.
#[derive(Debug)]
struct Trial {
    /// The rule, and whether it has a name of its own.
    rule: Rule,
    named: bool,
    explanation: Explanation,
    /// What it sends; `None` if it does not match, or if what it selects is Undefined.
    output: Option<Vec<u8>>,
}

fn test(args: &RuleTestArgs) -> Result<(), Failure> {
    let (rule, named) = rule(args)?;
    let topic: TopicName = args.topic.parse().map_err(|error| Failure::Usage(format!("--topic: {error}")))?;
    let payload = payload(&args.payload)?;
    let at = args.now.map_or_else(|| Clock::start().now(), Moment::from_millis);
    let message = Message::new(topic.as_str(), &payload).published_by(args.client_id.as_deref()).read_at(at);
    let explanation = rule.statement.explain(&message);
    let rules = RuleSet::new(vec![rule.clone()]);
    let matched = explanation.matched;
    let outcome = rules.evaluate(&message).into_iter().find(|_| matched);
    let output = outcome.and_then(|outcome| outcome.output).map(Cow::into_owned);
    let trial = Trial { rule, named, explanation, output };
    print(&match args.format {
        Format::Text => text::trial(&trial),
        Format::Json => format!("{}\n", json(&trial)),
    })?;
    if matched { Ok(()) } else { Err(Failure::Answer(NO_MATCH)) }
}

/// The rule to try, and whether it has a name of its own.
fn rule(args: &RuleTestArgs) -> Result<(Rule, bool), Failure> {
    if let Some(sql) = &args.sql {
        let statement: Statement = sql.parse().map_err(|error| Failure::Usage(format!("--sql: {error}")))?;
        return Ok((Rule::new("", statement), false));
    }
    let name = args.rule.as_deref().unwrap_or_default();
    let config = flags::load(&flags::of_file(args.config.as_deref()))?.config;
    let rules = config.every_rule().map_err(|error| Failure::Usage(error.to_string()))?;
    let names: Vec<String> = rules.iter().map(|(rule, _)| rule.name.to_string()).collect();
    match rules.into_iter().find(|(rule, _)| &*rule.name == name) {
        Some((rule, _)) => Ok((rule, true)),
        None => Err(Failure::Usage(format!("--rule: there is no rule {name:?}; there are: {}", names.join(", ")))),
    }
}

fn payload(text: &str) -> Result<Vec<u8>, Failure> {
    if text != "-" {
        return Ok(text.as_bytes().to_vec());
    }
    let mut payload = Vec::new();
    stdin()
        .lock()
        .take(MOST_BYTES + 1)
        .read_to_end(&mut payload)
        .map_err(|error| Failure::Usage(format!("the payload cannot be read from standard input: {error}")))?;
    if payload.len() as u64 > MOST_BYTES {
        return Err(Failure::Usage(format!(
            "the payload on standard input has more than {MOST_BYTES} bytes (16 MiB), and no more are read"
        )));
    }
    Ok(payload)
}

fn json(trial: &Trial) -> Json {
    let mut object = Map::new();
    object.insert("matched".to_owned(), trial.explanation.matched.into());
    if let Some(output) = &trial.output {
        let (result, encoding) = result(output);
        object.insert("result".to_owned(), result);
        if let Some(encoding) = encoding {
            object.insert("result_encoding".to_owned(), encoding.into());
        }
    }
    object.insert("explanation".to_owned(), trial.explanation.to_json());
    Json::Object(object)
}

/// What a rule sends as JSON, and how to read it if it is none: `SELECT *` sends every payload as it is.
fn result(output: &[u8]) -> (Json, Option<&'static str>) {
    match (serde_json::from_slice(output), std::str::from_utf8(output)) {
        (Ok(json), _) => (json, None),
        (_, Ok(text)) => (text.into(), Some("text")),
        (_, Err(_)) => (STANDARD.encode(output).into(), Some("base64")),
    }
}

fn check(args: &RuleCheckArgs) -> Result<(), Failure> {
    let config = flags::load(&flags::of_file(args.config.as_deref()))?.config;
    let rules = config.every_rule().map_err(|error| Failure::Usage(error.to_string()))?;
    print(&text::list(&rules))
}
