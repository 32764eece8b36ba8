//! The language over anything: what is printed parses back, and nothing panics.

use lwtop::rules::{Message, Rule, RuleSet, Statement};
use proptest::prelude::*;

fn rules(sql: &str) -> RuleSet {
    RuleSet::new(vec![Rule::new("rule", sql.parse().unwrap())])
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<u64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        "-?[1-9][0-9]{0,40}(\\.[0-9]{1,40})?([eE][+-]?[0-9]{1,5})?"
            .prop_map(|text| serde_json::from_str(&text).expect("a number of JSON")),
        prop_oneof!["true|False|-?[0-9]{1,40}|1e[0-9]{1,4}", ".{0,6}"].prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::btree_map("[abc]", inner, 0..4)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

/// A name: a word that is reserved elsewhere, or one of the payload's keys.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![4 => "[abc]", 1 => prop::sample::select(vec!["value", "set", "_x", "$y", "cast", "user"]).prop_map(str::to_owned)]
}

/// Text of an expression, nested and with every construct; not all of it is well typed.
fn expression() -> impl Strategy<Value = String> {
    let word = |words: Vec<&'static str>| prop::sample::select(words).prop_map(str::to_owned);
    let leaf = prop_oneof![
        (name(), "(\\.(a|b|c|end|null)){0,2}").prop_map(|(name, rest)| name + &rest),
        "[0-9]{1,3}(\\.[0-9]{1,2})?([eE]-?[0-9]{1,2})?",
        "[1-9][0-9]{30,38}(\\.[0-9]{1,5})?",
        "'([a-z0-9\"}]|''){0,4}'",
        word(vec![
            "NULL",
            "true",
            "FALSE",
            "topic()",
            "clientid()",
            "timestamp()",
            "value",
            "1e300",
            "\"it's\"",
            "[]",
            "{}"
        ]),
        word(vec!["@v", "@v.a", "@w.a.b"]),
    ];
    leaf.prop_recursive(5, 32, 3, |inner| {
        let operator = prop::sample::select(vec![
            "AND", "OR", "=", "<>", "!=", "<", "<=", ">", ">=", "IN", "+", "-", "*", "/", "%",
        ]);
        let some = || prop::collection::vec(inner.clone(), 1..3);
        let kind = prop::sample::select(vec!["Int", "decimal", "DOUBLE", "Bool", "String", "nvarchar"]);
        let query = query(inner.clone()).boxed();
        prop_oneof![
            5 => (inner.clone(), operator, inner.clone()).prop_map(|(left, sign, right)| format!("{left} {sign} {right}")),
            1 => inner.clone().prop_map(|inner| format!("({inner})")),
            1 => inner.clone().prop_map(|inner| format!("(NOT {inner})")),
            1 => inner.clone().prop_map(|inner| format!("- {inner}")),
            1 => inner.clone().prop_map(|inner| format!("topic({inner})")),
            1 => (inner.clone(), name()).prop_map(|(inner, name)| format!("({inner}).{name}.b")),
            1 => (inner.clone(), kind).prop_map(|(inner, kind)| format!("CAST({inner} AS {kind}).a")),
            1 => some().prop_map(|items| format!("[{}]", items.join(", "))),
            1 => some().prop_map(|items| format!("{{{}}}", items.iter().map(|item| format!("'it''s': {item}")).collect::<Vec<_>>().join(","))),
            1 => (inner.clone(), inner.clone(), inner.clone(), prop::option::of(inner)).prop_map(|(value, when, then, other)| {
                let other = other.map_or_else(String::new, |other| format!("ELSE {other}"));
                format!("CASE {value} WHEN {when} THEN {then} WHEN 1 THEN 2 {other} END")
            }),
            2 => query.clone().prop_map(|query| format!("({query})")),
            1 => query.prop_map(|query| format!("EXISTS ({query})")),
        ]
    })
}

/// What stands between SELECT and FROM.
fn select(expression: BoxedStrategy<String>) -> impl Strategy<Value = String> {
    let item = prop_oneof![
        Just("*".to_owned()),
        expression.clone(),
        (expression.clone(), "[a-z]{2,4}_(\\.[ab]){0,2}")
            .prop_map(|(expression, alias)| format!("{expression} AS {alias}")),
    ];
    prop_oneof![
        // `value + 1` alone reads as VALUE and a sign that no number has.
        3 => prop::collection::vec(item, 1..4).prop_map(|items| items.join(", ")).prop_map(|items| {
            if items.starts_with("value +") { format!("1, {items}") } else { items }
        }),
        1 => expression.prop_map(|expression| format!("VALUE {expression}")),
        1 => Just("VALUE *".to_owned()),
    ]
}

/// A nested query, without its parentheses.
fn query(expression: impl Strategy<Value = String> + Clone + 'static) -> impl Strategy<Value = String> {
    let expression = expression.boxed();
    let select = select(expression.clone());
    let alias = prop::option::of(name());
    (select, expression.clone(), alias, prop::option::of(expression)).prop_map(|(select, from, alias, condition)| {
        let from = if from.starts_with(['\'', '"']) { format!("({from})") } else { from };
        let alias = alias.map_or_else(String::new, |alias| format!(" AS {alias}"));
        let condition = condition.map_or_else(String::new, |condition| format!(" WHERE {condition}"));
        format!("SELECT {select} FROM {from}{alias}{condition}")
    })
}

fn statement() -> impl Strategy<Value = String> {
    // Variables cannot use themselves: these have expressions without any.
    let first = prop_oneof![Just("a"), Just("{'a': [1, b]}"), Just("(SELECT * FROM a)")];
    (first, select(expression().boxed()), prop::option::of(expression())).prop_map(|(first, select, condition)| {
        let condition = condition.map_or_else(String::new, |condition| format!(" WHERE {condition}"));
        format!("SET @v = {first}, @w = @v SELECT {select} FROM 't'{condition}")
    })
}

proptest! {
    // Failures are printed with their minimal input: those worth keeping become an example in the other tests.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_printed_statement_parses_back(sql in statement()) {
        let statement: Statement = sql.parse().map_err(|error| TestCaseError::fail(format!("{error}")))?;
        let printed = statement.to_string();
        let again: Statement = printed.parse().map_err(|error| TestCaseError::fail(format!("{sql}\n{error}")))?;
        prop_assert_eq!(again, statement, "{}", printed);
    }

    #[test]
    fn evaluation_never_panics_and_sends_json(sql in statement(), payload in json()) {
        let payload = serde_json::to_vec(&payload).unwrap();
        for outcome in rules(&sql).evaluate(&Message::new("t", &payload)) {
            if let Some(output) = outcome.output {
                prop_assert!(serde_json::from_slice::<serde_json::Value>(&output).is_ok());
            }
        }
    }

    #[test]
    fn no_text_panics_the_parser(sql in "(SET @a = |SELECT |FROM |WHERE |VALUE |AS |NOT |CASE |WHEN |THEN |END|CAST\\(|EXISTS \\(|IN |@a |\\(|\\)|\\[|\\]|\\{|\\}|:|'t' |\"|'|\\.|,|\\*|-|[a-z]{1,3} |[0-9]|\\PC){0,24}") {
        if let Ok(statement) = sql.parse::<Statement>() {
            prop_assert_eq!(statement.to_string().parse::<Statement>().unwrap(), statement);
        }
    }

    #[test]
    fn no_payload_panics(payload in prop::collection::vec(any::<u8>(), 0..64)) {
        let rules = rules("SELECT *, a.b + 1 AS c.d, (SELECT * FROM e) FROM 't' WHERE a = 1 OR NOT b > c");
        prop_assert_eq!(rules.evaluate(&Message::new("t", &payload)).len(), 1);
    }
}
