//! Statements with a message and the result that AWS documents for it, from a data file that a person can read.
//!
//! One object per example: `sql`, `topic`, `payload`, and `expect`, the JSON that the rule sends: `null` if it does not
//! fire, `{}` if what it selects is Undefined. `$match` holds a regular expression that the value matches as text.
//! Context that an example may need beyond that stands in [`CLIENT`] and [`NOW`].

use lwtop::clock::Moment;
use lwtop::rules::{Message, Outcome, Rule, RuleSet, Statement};
use serde_json::{Value, json};

const EXAMPLES: &str = include_str!("data/aws_sql_examples.json");
const CLIENT: &str = "123456789012";
const NOW: Moment = Moment::from_millis(1_579_637_878_451);

#[derive(serde::Deserialize)]
struct Example {
    sql: String,
    topic: String,
    payload: Value,
    expect: Value,
    note: String,
}

/// What the rule sends: `None` if it does not fire.
fn run(example: &Example) -> Result<Option<Value>, String> {
    let statement: Statement = example.sql.parse().map_err(|error| format!("{error}"))?;
    let rules = RuleSet::new(vec![Rule { name: "example".into(), statement, republish: None }]);
    let payload = serde_json::to_vec(&example.payload).unwrap();
    let message = Message::new(&example.topic, &payload).published_by(Some(CLIENT)).read_at(NOW);
    let outcomes = rules.evaluate(&message);
    Ok(outcomes.into_iter().find(|outcome| outcome.matched).map(|outcome| sent(&outcome)))
}

fn sent(outcome: &Outcome<'_>) -> Value {
    outcome.output.as_ref().map_or_else(|| json!({}), |bytes| serde_json::from_slice(bytes).unwrap())
}

/// Whether `actual` is what is expected. A number is compared as it is written: `10.0` for `10` is a fault.
fn agrees(actual: &Value, expected: &Value) -> bool {
    match (actual, expected) {
        (_, Value::Object(matcher)) if matcher.contains_key("$match") => {
            // The subset's one pattern: a timestamp in milliseconds.
            assert_eq!(matcher["$match"], "^[0-9]{13}$", "teach this test the new pattern");
            let text = actual.to_string();
            text.len() == 13 && text.bytes().all(|byte| byte.is_ascii_digit())
        }
        (Value::Object(actual), Value::Object(expected)) => {
            actual.len() == expected.len()
                && expected.iter().all(|(key, value)| actual.get(key).is_some_and(|found| agrees(found, value)))
        }
        _ => actual == expected,
    }
}

#[test]
fn every_example_gives_the_documented_result() {
    let examples: Vec<Example> = serde_json::from_str(EXAMPLES).unwrap();
    assert!(examples.len() >= 60, "only {} examples were read", examples.len());
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
    let examples: Vec<Example> = serde_json::from_str(EXAMPLES).unwrap();
    for example in examples {
        let statement: Statement = example.sql.parse().unwrap();
        assert_eq!(statement.to_string().parse::<Statement>().unwrap(), statement, "{statement}");
    }
}
