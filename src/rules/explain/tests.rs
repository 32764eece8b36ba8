//! Explanations as a person reads them.

use super::*;

/// Holds `SELECT * FROM '/last/will/topic' WHERE condition` against a payload.
fn explain(condition: &str, payload: &str) -> Explanation {
    let statement: Statement = format!("SELECT * FROM '/last/will/topic' WHERE {condition}").parse().unwrap();
    statement.explain(&Message::new("/last/will/topic", payload.as_bytes()))
}

fn drawn(explanation: &Explanation) -> String {
    let line = |line: Line| format!("{} -> {} | {}\n", line.text, line.result, line.detail);
    explanation.lines().into_iter().map(line).collect()
}

#[test]
fn the_tree_shows_values_and_the_reason() {
    let explanation = explain(
        "state.reported.last_will = 'yes' AND (state.reported.trigger_action = 'on' OR NOT topic(2) = state.x)",
        r#"{"state": {"reported": {"last_will": "yes"}, "x": "last"}}"#,
    );
    let expected = "\
        AND -> Undefined | did not fire\n\
        ├─ state.reported.last_will = 'yes' -> true | 'yes' = 'yes'\n\
        └─ OR -> Undefined | \n\
        \u{20}  ├─ state.reported.trigger_action = 'on' -> Undefined | the payload has no state.reported.trigger_action\n\
        \u{20}  └─ NOT -> false | \n\
        \u{20}     └─ topic(2) = state.x -> true | 'last' = 'last'\n";
    assert_eq!(drawn(&explanation), expected);
}

#[test]
fn operands_that_are_worked_out_stand_below() {
    let explanation = explain("a * 2 + b - 1 > -c AND topic(2) <> d", r#"{"a": 10, "b": 4, "c": "3", "d": "x"}"#);
    let expected = "\
        AND -> true | fired\n\
        ├─ a * 2 + b - 1 > -c -> true | 23 > -3\n\
        │  ├─ a * 2 + b - 1 -> 23 | 20 + 4 - 1\n\
        │  │  └─ a * 2 -> 20 | 10 * 2\n\
        │  └─ -c -> -3 | -'3'\n\
        └─ topic(2) <> d -> true | 'last' <> 'x'\n";
    assert_eq!(drawn(&explanation), expected);
}

#[test]
fn the_verdict_names_what_is_to_blame() {
    for (condition, payload, verdict) in [
        ("a = 1", r#"{"a": 1}"#, "It fires: WHERE is true."),
        ("a = 1", r#"{"a": "1"}"#, "It does not fire: a = 1 is false ('1' = 1)."),
        (
            "a = 1 AND b = 2 AND c = 3",
            r#"{"a": 1, "b": 1, "c": 1}"#,
            "It does not fire: b = 2 is false (1 = 2); c = 3 is false (1 = 3).",
        ),
        ("NOT (a = 1 OR b = 2)", r#"{"a": 0, "b": 2}"#, "It does not fire: b = 2 is true (2 = 2)."),
        (
            "a AND b",
            r#"{"a": true, "b": 1}"#,
            "It does not fire: b is 1, neither true nor false, so WHERE is Undefined.",
        ),
        (
            "a > 1 AND a + 1 < 0",
            r#"{"a": "abc"}"#,
            "It does not fire: 'abc' is no number; 'abc1' is no number, so WHERE is Undefined.",
        ),
        ("10 / a > 1", r#"{"a": 0}"#, "It does not fire: 10 / a has no result, so WHERE is Undefined."),
        ("topic(9) = 'x'", "{}", "It does not fire: topic(9) has no result, so WHERE is Undefined."),
        ("a + 'x' = 'x'", r#"{"a": null}"#, "It does not fire: null has no text, so WHERE is Undefined."),
        (
            "a = 1 OR b = 2",
            "oops",
            "It does not fire: the payload is no JSON (line 1, column 1: expected value), so WHERE is Undefined.",
        ),
        ("a.b.c = 1", r#"{"a": {"b": 7}}"#, "It does not fire: a.b is a number, not an object, so WHERE is Undefined."),
        ("a", r#"{"a": "true"}"#, "It does not fire: WHERE comes to the text 'true', and only the boolean true fires."),
        ("a", r#"{"a": 1}"#, "It does not fire: WHERE comes to 1, and only the boolean true fires."),
        ("a AND TRUE", r#"{"a": "true"}"#, "It fires: WHERE is true."),
        (
            "a = 1 AND a = 2 AND a = 3 AND a = 4 AND a = 5 AND a = 5",
            r#"{"a": 0}"#,
            "It does not fire: a = 1 is false (0 = 1); a = 2 is false (0 = 2); a = 3 is false (0 = 3); and 2 more.",
        ),
    ] {
        assert_eq!(explain(condition, payload).verdict, verdict, "{condition} on {payload}");
    }
}

#[test]
fn an_operand_that_is_no_boolean_is_named() {
    let root = explain("a = 1 AND b", r#"{"a": 1, "b": 1}"#).condition.unwrap();
    assert_eq!(root.why.as_deref(), Some("AND needs true or false on both sides; b is 1, which is neither"));
    let root = explain("NOT 'x'", "{}").condition.unwrap();
    assert_eq!(root.why.as_deref(), Some("NOT needs true or false; 'x' is neither"));
}

#[test]
fn a_topic_that_is_not_listened_to_says_why() {
    for (filter, topic, hint) in [
        ("/last/will/topic", "last/will/topic", "; the leading slash of the filter asks for an empty first level."),
        ("last/+/topic", "/last/will/topic", "; the leading slash of the topic begins with an empty level."),
        ("sensor/#", "sensor", "; in AWS IoT a final /# does not match the level above it."),
        ("#", "$aws/x", "; a filter that begins with a wildcard does not match topics that begin with $."),
        ("a/b", "A/b", "; topics tell upper case from lower case."),
        ("a", "b", "."),
    ] {
        let statement: Statement = format!("SELECT * FROM '{filter}' WHERE a = 1").parse().unwrap();
        let explanation = statement.explain(&Message::new(topic, b"{}"));
        let expected = format!("It does not fire: it listens to '{filter}', and the message came on '{topic}'{hint}");
        assert_eq!(explanation, Explanation { listens: false, matched: false, condition: None, verdict: expected });
    }
}

#[test]
fn a_long_chain_is_cut_and_its_last_operand_can_still_be_blamed() {
    let condition = (0..400).map(|_| "a = 1").collect::<Vec<_>>().join(" AND ") + " AND b = 2";
    let explanation = explain(&condition, r#"{"a": 1, "b": 3}"#);
    assert_eq!(explanation.verdict, "It does not fire: b = 2 is false (3 = 2).");
    let lines = explanation.lines();
    assert_eq!((lines.len(), lines[51].text.as_str()), (52, "└─ … 351 more"));
}

#[test]
fn a_deep_tree_is_cut() {
    let condition = "NOT (".repeat(20) + "a" + &")".repeat(20);
    let explanation = explain(&condition, r#"{"a": true}"#);
    let lines = explanation.lines();
    assert_eq!((explanation.matched, lines.len()), (true, 13));
    assert!(lines[12].text.ends_with('a'), "{lines:?}");
}

#[test]
fn json_has_every_key() {
    let json = explain("a = 1 AND b = 2", r#"{"a": 1}"#).to_json();
    let leaf = |text: &str, values: &str, result: &str, why: Option<&str>| json!({"text": text, "values": values, "result": result, "why": why, "operands": []});
    let operands = [
        leaf("a = 1", "1 = 1", "true", None),
        leaf("b = 2", "Undefined = 2", "Undefined", Some("the payload has no b")),
    ];
    let condition = json!({"text": "AND", "values": "", "result": "Undefined", "why": null, "operands": operands});
    let verdict = "It does not fire: the payload has no b, so WHERE is Undefined.";
    assert_eq!(json, json!({"matched": false, "listens": true, "verdict": verdict, "condition": condition}));
}
