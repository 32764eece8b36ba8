//! Statements with a message and the result that AWS documents for it, from a data file that a person can read.
//!
//! One object per example: `sql`, `topic`, `payload`, and `expect`, the JSON that the rule sends: `null` if it does not
//! fire, `{}` if what it selects is Undefined. In `expect` an object with one of these keys stands for many values:
//! - `$match`: a regular expression that the value matches as text;
//! - `$approx`: a number that is at most `tolerance` away;
//! - `$range`: two numbers, the second of which is excluded;
//! - `$anyof`: a list of values of which one is right.
//!
//! Context that an example may need beyond that stands in [`CLIENT`], [`NOW`] and [`USER_PROPERTIES`].

use lwtop::clock::Moment;
use lwtop::mqtt::Properties;
use lwtop::rules::{Message, Outcome, Rule, RuleSet, Statement};
use serde_json::{Value, json};

const EXAMPLES: &str = include_str!("data/aws_sql_examples.json");
const CLIENT: &str = "123456789012";
const NOW: Moment = Moment::from_millis(1_579_637_878_451);
const USER_PROPERTIES: [(&str, &str); 3] =
    [("some key", "some value"), ("other key", "a different value"), ("some key", "value with duplicate key")];

#[derive(serde::Deserialize)]
struct Example {
    sql: String,
    topic: String,
    payload: Value,
    expect: Value,
    note: String,
}

impl Example {
    fn all() -> Vec<Self> {
        serde_json::from_str(EXAMPLES).unwrap()
    }

    /// A string stands for its bytes where the example says so, and for JSON elsewhere.
    fn payload(&self) -> Vec<u8> {
        match &self.payload {
            Value::String(text) if self.note.contains("raw bytes") => text.as_bytes().to_vec(),
            json => serde_json::to_vec(json).unwrap(),
        }
    }
}

/// What the rule sends: `None` if it does not fire.
fn run(example: &Example) -> Result<Option<Value>, String> {
    let statement: Statement = example.sql.parse().map_err(|error| format!("{error}"))?;
    let rules = RuleSet::new(vec![Rule::new("example", statement)]);
    let payload = example.payload();
    let user = USER_PROPERTIES.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec();
    let properties = Properties { user, ..Properties::default() };
    let message = Message::new(&example.topic, &payload)
        .published_by(Some(CLIENT))
        .with_properties(Some(&properties))
        .read_at(NOW);
    let outcomes = rules.evaluate(&message);
    Ok(outcomes.into_iter().find(|outcome| outcome.matched).map(|outcome| sent(&outcome)))
}

fn sent(outcome: &Outcome<'_>) -> Value {
    outcome.output.as_ref().map_or_else(|| json!({}), |bytes| serde_json::from_slice(bytes).unwrap())
}

/// Whether `actual` is what is expected. A number is compared as it is written: `10.0` for `10` is a fault.
fn agrees(actual: &Value, expected: &Value) -> bool {
    match (actual, expected) {
        (_, Value::Object(matcher)) if matcher.keys().any(|key| key.starts_with('$')) => fits(actual, matcher),
        (Value::Object(actual), Value::Object(expected)) => {
            actual.len() == expected.len()
                && expected.iter().all(|(key, value)| actual.get(key).is_some_and(|found| agrees(found, value)))
        }
        (Value::Array(actual), Value::Array(expected)) => {
            actual.len() == expected.len()
                && actual.iter().zip(expected).all(|(found, expected)| agrees(found, expected))
        }
        _ => actual == expected,
    }
}

fn fits(actual: &Value, matcher: &serde_json::Map<String, Value>) -> bool {
    let number = |value: &Value| value.as_f64().expect("a matcher's numbers");
    if let Some(pattern) = matcher.get("$match") {
        let text = actual.as_str().map_or_else(|| actual.to_string(), str::to_owned);
        return regex::Regex::new(pattern.as_str().unwrap()).unwrap().is_match(&text);
    }
    if let Some(expected) = matcher.get("$approx") {
        let tolerance = matcher.get("tolerance").map_or(1e-9, number);
        return actual.as_f64().is_some_and(|actual| (actual - number(expected)).abs() <= tolerance);
    }
    if let Some(range) = matcher.get("$range") {
        return actual.as_f64().is_some_and(|actual| (number(&range[0])..number(&range[1])).contains(&actual));
    }
    let any = matcher.get("$anyof").and_then(Value::as_array).expect("one of the matchers above");
    any.iter().any(|expected| agrees(actual, expected))
}

#[test]
fn every_example_gives_the_documented_result() {
    let examples = Example::all();
    assert_eq!(examples.len(), 169);
    let mut faults = Vec::new();
    for example in &examples {
        let expected = (!example.expect.is_null()).then_some(&example.expect);
        match run(example) {
            Ok(actual) => {
                let right = match (&actual, expected) {
                    (Some(actual), Some(expected)) => agrees(actual, expected),
                    (None, None) => true,
                    _ => false,
                };
                if !right {
                    faults.push(format!("{}\n  gave {actual:?}, not {expected:?} ({})", example.sql, example.note));
                }
            }
            Err(error) => faults.push(format!("{}\n  {error}", example.sql)),
        }
    }
    assert!(faults.is_empty(), "{} of {} are wrong:\n{}", faults.len(), examples.len(), faults.join("\n"));
}

#[test]
fn every_example_prints_and_parses_back() {
    for example in Example::all() {
        let statement: Statement = example.sql.parse().unwrap();
        assert_eq!(statement.to_string().parse::<Statement>().unwrap(), statement, "{statement}");
    }
}

#[test]
fn the_matchers_tell_right_from_wrong() {
    for (actual, expected, fits) in [
        (json!("ab"), json!({"$match": "^[a-z]{2}$"}), true),
        (json!(12), json!({"$match": "^[0-9]{3}$"}), false),
        (json!(1.5), json!({"$approx": 1.4, "tolerance": 0.2}), true),
        (json!(1.5), json!({"$approx": 1.4, "tolerance": 0.01}), false),
        (json!("1.4"), json!({"$approx": 1.4, "tolerance": 0.01}), false),
        (json!(0), json!({"$range": [0, 1]}), true),
        (json!(1), json!({"$range": [0, 1]}), false),
        (json!([1]), json!({"$anyof": [2, [1]]}), true),
        (json!(10.0), json!({"$anyof": [10]}), false),
        (json!([{"a": 1}]), json!([{"a": {"$range": [1, 2]}}]), true),
        (json!([1]), json!([1, 2]), false),
    ] {
        assert_eq!(agrees(&actual, &expected), fits, "{actual} {expected}");
    }
}
