//! The functions of AWS IoT SQL, from a data file that a person can read: the tables and examples of the reference, and
//! what lwtop does where the reference is silent.
//!
//! One object per case: `sql`, an expression, and `gives`, the JSON that it comes to; without it the expression is
//! Undefined. `about` is a number that may be off in its last digits. Context: `topic`, `client`, `source` (an address),
//! `mqtt5` (with [`properties`]), `death` (with [`facts`]). All cases see the file's `payload`, read at [`NOW`].

use lwtop::clock::Moment;
use lwtop::mqtt::{Cause, ClientId, Properties};
use lwtop::rules::{Facts, Function, Message, Rule, RuleSet, Statement};
use proptest::prelude::*;
use serde_json::Value;
use std::collections::BTreeSet;
use std::net::IpAddr;

const CASES: &str = include_str!("data/functions.json");
const NOW: Moment = Moment::from_millis(1_579_637_878_451);

#[derive(serde::Deserialize)]
struct File {
    payload: Value,
    cases: Vec<Line>,
}

enum Line {
    Case(Box<Case>),
    Heading(String),
}

/// serde's own way to tell the two apart does not read numbers that keep their digits.
impl<'de> serde::Deserialize<'de> for Line {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let line = Value::deserialize(deserializer)?;
        match line.get("heading").and_then(Value::as_str) {
            Some(heading) => Ok(Self::Heading(heading.to_owned())),
            None => serde_json::from_value(line).map(Self::Case).map_err(serde::de::Error::custom),
        }
    }
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    sql: String,
    // `null` is a result, and its absence is another.
    #[serde(default, deserialize_with = "present")]
    gives: Option<Value>,
    about: Option<f64>,
    topic: Option<String>,
    client: Option<String>,
    source: Option<IpAddr>,
    #[serde(default)]
    mqtt5: bool,
    #[serde(default)]
    death: bool,
}

fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    serde::Deserialize::deserialize(deserializer).map(Some)
}

fn properties() -> Properties {
    let user =
        [("some key", "some value"), ("other key", "a different value"), ("some key", "value with duplicate key")];
    Properties {
        utf8: Some(true),
        content_type: Some("application/json".to_owned()),
        response_topic: Some("answers/7".to_owned()),
        correlation_data: Some(bytes::Bytes::from_static(&[0, 1, 2, 255])),
        user: user.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec(),
    }
}

fn facts() -> Facts {
    Facts {
        rule: "lastWillRule".into(),
        device: Some(ClientId::new("lwtThing")),
        cause: Some(Cause::ConnectionLost),
        ..Facts::default()
    }
}

/// What `sql` comes to; `None` if it is Undefined.
fn value(sql: &str, message: &Message<'_>) -> Result<Option<Value>, String> {
    let filter = message.topic();
    let statement: Statement =
        format!("SELECT {sql} AS r FROM '{filter}'").parse().map_err(|error| format!("{error}"))?;
    let rules = RuleSet::new(vec![Rule::new("case", statement)]);
    let outcome = rules.evaluate(message).into_iter().next().ok_or("it does not listen")?;
    let output: Value = serde_json::from_slice(&outcome.output.ok_or("it does not fire")?).unwrap();
    Ok(output.get("r").cloned())
}

#[test]
fn every_case_gives_what_the_reference_says() {
    let file: File = serde_json::from_str(CASES).unwrap();
    let payload = serde_json::to_vec(&file.payload).unwrap();
    let (properties, facts) = (properties(), facts());
    let (mut count, mut faults, mut headings) = (0, Vec::new(), BTreeSet::new());
    for line in &file.cases {
        let case = match line {
            Line::Case(case) => case,
            Line::Heading(heading) => {
                assert!(headings.insert(heading), "{heading} stands there twice");
                continue;
            }
        };
        let message = Message::new(case.topic.as_deref().unwrap_or("t"), &payload)
            .published_by(case.client.as_deref())
            .published_from(case.source)
            .with_properties(case.mqtt5.then_some(&properties))
            .with_facts(case.death.then_some(&facts))
            .read_at(NOW);
        let actual = value(&case.sql, &message);
        let right = match (&actual, case.about) {
            (Ok(Some(actual)), Some(about)) => actual.as_f64().is_some_and(|found| (found - about).abs() < 1e-12),
            (Ok(actual), None) => *actual == case.gives,
            _ => false,
        };
        if !right {
            faults.push(format!("{}\n  gave {actual:?}, not {:?} {:?}", case.sql, case.gives, case.about));
        }
        count += 1;
    }
    assert!(count >= 400, "only {count} cases were read");
    assert!(faults.is_empty(), "{} of {count} are wrong:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn every_function_has_a_case() {
    for function in Function::ALL {
        let call = format!("\"{}(", function.name().to_ascii_lowercase());
        assert!(CASES.to_ascii_lowercase().contains(&call), "{function}() has no case in tests/data/functions.json");
    }
}

#[test]
fn functions_that_need_aws_are_refused_with_one_sentence() {
    for call in [
        "aws_lambda('arn:aws:lambda:us-east-1:1:function:f', 1)",
        "get_dynamodb('table', 'key', id, 'arn:aws:iam::1:role/r')",
        "get_registry_data('DescribeThing', clientid(), 'arn:aws:iam::1:role/r')",
        "get_secret('id', 'SecretString', 'key', 'arn:aws:iam::1:role/r')",
        "Get_Thing_Shadow('thing', 'arn:aws:iam::1:role/r')",
        "machinelearning_predict('model', 'arn:aws:iam::1:role/r', payload)",
        "decode(data, 'proto', 'bucket', 'key', 'file', 'type')",
    ] {
        let error = format!("SELECT {call} AS r FROM 't'").parse::<Statement>().unwrap_err();
        assert_eq!(error.position(), (1, 8), "{error}");
        assert!(error.why().contains("without AWS"), "{error}");
    }
}

#[test]
fn a_wrong_name_gets_the_right_one_and_a_wrong_count_the_right_one() {
    let error = |sql: &str| sql.parse::<Statement>().unwrap_err();
    let typo = error("SELECT substrin(a, 1) AS r FROM 't'");
    assert_eq!(typo.why(), "there is no function substrin() in AWS IoT SQL");
    assert_eq!(typo.advice(), Some("did you mean substring()?"));
    assert_eq!(error("SELECT frobnicate(a) AS r FROM 't'").advice(), None);
    assert!(error("SELECT abs(1, 2) AS r FROM 't'").why().contains("abs() takes 1 argument, not 2"));
    assert!(error("SELECT replace(a, b) AS r FROM 't'").why().contains("replace() takes 3 arguments, not 2"));
}

#[test]
fn results_have_a_bound() {
    let long =
        serde_json::to_vec(&serde_json::json!({"s": "ab".repeat(150_000), "a": [["x".repeat(300_000)]]})).unwrap();
    let message = Message::new("t", &long);
    for sql in [
        "replace(s, 'a', 'aaaaaaa')",
        "replace(s, '', 'aaa')",
        "concat(s, s, s, s)",
        "concat(a, a, a, a)",
        "encode(encode(encode(encode(encode(s, 'base64'), 'base64'), 'base64'), 'base64'), 'base64')",
        "regexp_replace(s, 'a', 'b')",
        "regexp_matches(s, 'b$')",
    ] {
        assert_eq!(value(sql, &message).unwrap(), None, "{sql}");
    }
    for sql in ["length(concat(s, s))", "length(replace(s, 'a', 'cc'))"] {
        assert!(value(sql, &message).unwrap().is_some(), "{sql}");
    }
}

/// Values of every kind, odd ones among them.
fn argument() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (-3_i64..40).prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        r"[-+]?[0-9]{0,5}(\.[0-9]{0,3})?([eE]-?[0-9]{0,3})?".prop_map(Value::from),
        r"[yYMdDHhKkmsSEazZVXxOGuCwneA'\[\] :.-]{0,12}".prop_map(Value::from),
        r"[a-c.*+?|()\[\]{}^$\\dwQEpLPu0-9&-]{0,10}".prop_map(Value::from),
        "(base64|enrichArray|content_type|Europe/Berlin|[+]01:00|UTC)".prop_map(Value::from),
    ];
    scalar.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::vec(("[a-c]", inner), 0..3)
                .prop_map(|fields| Value::from(fields.into_iter().collect::<serde_json::Map<_, _>>())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, ..ProptestConfig::default() })]

    /// Arguments come from the payload, so that they are of any kind; `zz` is Undefined.
    #[test]
    fn no_function_panics_on_any_arguments(
        function in prop::sample::select(Function::ALL.to_vec()),
        arguments in prop::collection::vec(argument(), 0..4),
        undefined in prop::option::of(0_usize..4),
    ) {
        let names: Vec<_> = (0..arguments.len())
            .map(|index| if undefined == Some(index) { "zz".to_owned() } else { format!("a{index}") })
            .collect();
        let sql = format!("{function}({})", names.join(", "));
        let fields = arguments.into_iter().enumerate().map(|(index, value)| (format!("a{index}"), value));
        let payload = serde_json::to_vec(&Value::Object(fields.collect())).unwrap();
        let (properties, facts) = (properties(), facts());
        let message = Message::new("t", &payload).with_properties(Some(&properties)).with_facts(Some(&facts)).read_at(NOW);
        // A wrong number of arguments is refused, everything else has a result.
        if let Err(error) = value(&sql, &message) {
            prop_assert!(error.contains("() takes "), "{}: {}", sql, error);
        }
    }

    /// What one of the two time functions writes, the other one reads.
    #[test]
    fn times_are_read_as_they_are_written(
        time in -30_000_000_000_000_i64..200_000_000_000_000,
        zone in prop::sample::select(vec!["UTC", "Europe/Berlin", "America/Los_Angeles", "Asia/Kolkata", "-03:30"]),
    ) {
        let sql = format!(
            "time_to_epoch(parse_time('yyyy-MM-dd HH:mm:ss.SSSZZ', {time}, '{zone}'), 'yyyy-MM-dd HH:mm:ss.SSSXXX')"
        );
        let read = value(&sql, &Message::new("t", b"{}"));
        // Local mean time, before zones had whole minutes, is cut off.
        if time > 0 {
            prop_assert_eq!(read, Ok(Some(Value::from(time))));
        }
    }
}
