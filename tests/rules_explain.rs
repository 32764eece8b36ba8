//! An explanation says what the rule does, whatever the statement and the message are, and is never longer than a screen or
//! two.

use lwtop::rules::{Explanation, Message, Node, Rule, RuleSet};
use proptest::prelude::*;

/// WHERE of a statement: names that the payloads below have or nearly have, all operators, and chains.
fn condition() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        "(a|b|a\\.b|a\\.b\\.c|state\\.x|missing)",
        "('on'|'true'|'7'|'it''s'|''|TRUE|FALSE|NULL|0|-3|2\\.5)",
        Just("topic(2)".to_owned()),
        Just("topic(9)".to_owned()),
        Just("clientid()".to_owned()),
    ];
    leaf.prop_recursive(5, 80, 6, |inner| {
        let operator = "(AND|OR|=|<>|<|>=|\\+|-|\\*|/|%)";
        prop_oneof![
            (inner.clone(), operator, inner.clone()).prop_map(|(left, op, right)| format!("({left}) {op} ({right})")),
            (proptest::collection::vec(inner.clone(), 2..60), "(AND|OR|\\+)")
                .prop_map(|(operands, op)| operands.join(&format!(" {op} "))),
            inner.clone().prop_map(|inner| format!("NOT ({inner})")),
            inner.prop_map(|inner| format!("-({inner})")),
        ]
    })
}

fn payload() -> impl Strategy<Value = Vec<u8>> {
    let value = "(1|7|0|null|true|\"on\"|\"7\"|\"TRUE\"|\\[1\\]|\\{\"b\": \\{\"c\": true\\}\\}|\\{\"x\": \"on\"\\})";
    prop_oneof![
        4 => (value, value, value)
            .prop_map(|(a, b, state)| format!("{{\"a\": {a}, \"b\": {b}, \"state\": {state}}}").into_bytes()),
        1 => proptest::collection::vec(any::<u8>(), 0..40),
        1 => any::<String>().prop_map(|text| serde_json::to_vec(&text).unwrap()),
    ]
}

fn nodes<'n>(node: &'n Node, depth: usize, into: &mut Vec<(usize, &'n Node)>) {
    into.push((depth, node));
    node.children.iter().for_each(|child| nodes(child, depth + 1, into));
}

fn explain(condition: &str, payload: &[u8]) -> Option<(bool, Explanation)> {
    // What is longer than a statement may be has no explanation either.
    let statement = format!("SELECT * FROM 't/+' WHERE {condition}").parse().ok()?;
    let rules = RuleSet::new(vec![Rule::new("rule", statement)]);
    let message = Message::new("t/x", payload);
    let explanation = rules.explain(0, &message).expect("there is a rule");
    Some((rules.evaluate(&message)[0].matched, explanation))
}

proptest! {
    #[test]
    fn it_says_what_the_rule_does(condition in condition(), payload in payload()) {
        let Some((matched, explanation)) = explain(&condition, &payload) else { return Ok(()) };
        prop_assert!(explanation.listens);
        prop_assert_eq!(explanation.matched, matched);
        let root = explanation.condition.as_ref().unwrap();
        prop_assert_eq!(root.result == "true", matched);
        prop_assert_eq!(explanation.verdict.starts_with("It fires"), matched);
        prop_assert!(explanation.verdict.ends_with('.') && explanation.verdict.len() < 2_000);
        let mut all = Vec::new();
        nodes(root, 0, &mut all);
        let lines = explanation.lines();
        prop_assert_eq!(lines.len(), all.len());
        for (depth, node) in all {
            prop_assert!(depth <= 12 && node.children.len() <= 51);
            prop_assert!(node.why.is_none() || node.result == "Undefined", "{:?}", node);
            for text in [&node.text, &node.values, &node.result] {
                prop_assert!(text.chars().count() <= 2_000 && !text.contains(char::is_control), "{:?}", text);
            }
        }
        let json = explanation.to_json();
        prop_assert_eq!(&json["condition"]["result"], &root.result);
    }
}

#[test]
fn a_rule_that_is_not_there_has_no_explanation() {
    assert_eq!(RuleSet::default().explain(0, &Message::new("t", b"")), None);
}

#[test]
fn a_large_payload_and_a_long_statement_stay_short() {
    let payload = format!(r#"{{"a": "{}"}}"#, "é\\u001b".repeat(100_000));
    let condition = vec!["a = 'x'"; 300].join(" AND ");
    let (_, explanation) = explain(&condition, payload.as_bytes()).unwrap();
    let text: usize =
        explanation.lines().iter().map(|line| line.text.len() + line.result.len() + line.detail.len()).sum();
    assert!(text < 50_000, "{text}");
    let (_, explanation) = explain("a = 'x'", &vec![b'7'; 20_000_000]).unwrap();
    assert!(explanation.verdict.contains("the payload has 20000000 bytes"), "{}", explanation.verdict);
}
