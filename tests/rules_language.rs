//! The language as a person meets it: errors with their place, Undefined, odd payloads, and no panic on anything.

use lwtop::mqtt::{TopicFilter, TopicName};
use lwtop::rules::{Message, Outcome, Rule, RuleSet, SqlError, Statement};
use proptest::prelude::*;

const ARTICLE: &str =
    "SELECT * FROM '/last/will/topic' WHERE state.reported.last_will = 'yes' AND state.reported.trigger_action = 'on'";
const WILL: &[u8] =
    br#"{"state": {"reported": {"last_will": "yes", "trigger_action": "on", "client_id": "lwtThing"}}}"#;

fn rules(sql: &str) -> RuleSet {
    let republish = Some("/lwt/executed".parse().unwrap());
    RuleSet::new(vec![Rule { name: "rule".into(), statement: sql.parse().unwrap(), republish }])
}

/// What `sql` makes of a payload on topic `t`: `None` if it does not fire.
fn output(sql: &str, payload: &[u8]) -> Option<String> {
    let rules = rules(sql);
    let outcome = rules.evaluate(&Message::new("t", payload)).into_iter().next()?;
    assert!(outcome.matched || outcome.output.is_none(), "an output without a match");
    outcome.matched.then(|| String::from_utf8(outcome.output.unwrap_or_default().into_owned()).unwrap())
}

fn error(sql: &str) -> SqlError {
    sql.parse::<Statement>().expect_err(sql)
}

#[test]
fn the_built_in_rule_is_the_articles() {
    let (will, executed): (TopicFilter, TopicName) =
        ("/last/will/topic".parse().unwrap(), "/lwt/executed".parse().unwrap());
    let rules = RuleSet::article(&will, &executed);
    assert_eq!(rules.rules()[0].statement, ARTICLE.parse().unwrap());
    let expected =
        Outcome { name: "lastWillRule".into(), matched: true, output: Some(WILL.into()), republish: Some(executed) };
    assert_eq!(rules.evaluate(&Message::new("/last/will/topic", WILL)), [expected]);
    assert_eq!(rules.evaluate(&Message::new("last/will/topic", WILL)), []);
    let off = String::from_utf8_lossy(WILL).replace("\"on\"", "\"off\"");
    let outcomes = rules.evaluate(&Message::new("/last/will/topic", off.as_bytes()));
    assert!(!outcomes[0].matched && outcomes[0].output.is_none(), "{outcomes:?}");
}

#[test]
fn errors_name_their_place() {
    for (sql, at, why) in [
        ("", (1, 1), "expected SELECT, found the end"),
        ("DELETE FROM 'a'", (1, 1), "expected SELECT, found DELETE"),
        ("SELECT", (1, 7), "expected an expression, found the end"),
        ("SELECT FROM 'a'", (1, 8), "expected an expression, found FROM"),
        ("SELECT a, FROM 'a'", (1, 11), "expected an expression, found FROM"),
        ("SELECT *", (1, 9), "expected a comma, AS, an operator or FROM, found the end"),
        ("SELECT * WHERE a = 1", (1, 10), "expected a comma, AS, an operator or FROM, found WHERE"),
        ("SELECT a b FROM 'a'", (1, 10), "expected a comma, AS, an operator or FROM, found b"),
        ("SELECT a AS from FROM 'a'", (1, 13), "expected a name after AS, found from"),
        ("SELECT * FROM", (1, 14), "expected the topic filter in quotes, found the end"),
        ("SELECT * FROM a/#/b", (1, 15), "expected the topic filter in quotes, found a"),
        ("SELECT * FROM 'a/#/b'", (1, 15), "'#' may only be the last level"),
        ("SELECT * FROM ''", (1, 15), "it is empty"),
        ("SELECT * FROM 'a' WHERE", (1, 24), "expected an expression, found the end"),
        ("SELECT * FROM 'a' WHERE a =", (1, 28), "expected an expression, found the end"),
        ("SELECT * FROM 'a'\nWHERE a = = 1", (2, 11), "expected an expression, found ="),
        ("SELECT * FROM 'a' WHERE (a = 1", (1, 31), "expected ), found the end"),
        ("SELECT * FROM 'a' WHERE a = 1)", (1, 30), "expected AND, OR, an operator or the end, found )"),
        ("SELECT * FROM 'a' WHERE a. = 1", (1, 28), "expected a field's name after the dot, found ="),
        ("SELECT * FROM 'a' WHERE a = 'x", (1, 29), "nterminated string"),
        ("SELECT * FROM 'a' WHERE a LIKE 'x'", (1, 27), "expected AND, OR, an operator or the end, found LIKE"),
        ("SELECT * FROM 'a' WHERE a IS NULL", (1, 27), "expected AND, OR, an operator or the end, found IS"),
        ("SELECT * FROM 'a' LIMIT 1", (1, 19), "expected WHERE or the end, found LIMIT"),
        ("SELECT * FROM 'a'; SELECT 1", (1, 20), "expected WHERE or the end, found SELECT"),
        ("SELECT topic(1, 2) FROM 'a'", (1, 8), "topic() takes 0 to 1 arguments, not 2"),
        ("SELECT 1e999 FROM 'a'", (1, 8), "1e999 is no number"),
        ("SELECT `a` FROM 'a'", (1, 8), "expected an expression, found `"),
        ("SELECT a[0] FROM 'a'", (1, 8), "a[0] is not supported"),
    ] {
        let error = error(sql);
        assert_eq!(error.position(), at, "{error}");
        assert!(error.why().contains(why), "{error}");
        assert!(error.to_string().contains('^'), "{error}");
    }
}

#[test]
fn what_is_not_built_yet_says_so_at_its_place() {
    for (sql, column, what) in [
        ("SET @x = a SELECT @x FROM 'a'", 1, "SET @name"),
        ("SELECT @x FROM 'a'", 8, "a variable"),
        ("SELECT a AS b.c FROM 'a'", 14, "a nested alias"),
        ("SELECT VALUE * FROM 'a'", 14, "SELECT VALUE *"),
        ("SELECT [a, b] AS x FROM 'a'", 8, "an array literal"),
        ("SELECT {'a': b} AS x FROM 'a'", 8, "an object literal"),
        ("SELECT CASE a WHEN 1 THEN 2 END AS x FROM 'a'", 8, "CASE"),
        ("SELECT CAST(a AS Int) AS x FROM 'a'", 8, "CAST"),
        ("SELECT (SELECT VALUE n FROM e) AS x FROM 'a'", 9, "a nested SELECT"),
        ("SELECT * FROM 'a' WHERE b IN c", 27, "IN"),
        ("SELECT * FROM 'a' WHERE EXISTS (SELECT * FROM e)", 25, "EXISTS"),
        ("SELECT * FROM 'a' WHERE NOT upper(b) = 'X'", 29, "the function upper()"),
        ("SELECT topic(*) FROM 'a'", 8, "the argument *"),
    ] {
        let error = error(sql);
        assert_eq!(error.position(), (1, column), "{error}");
        assert!(error.why().starts_with(what), "{error}");
        assert!(error.why().ends_with("is not supported by this version of lwtop"), "{error}");
    }
}

#[test]
fn common_mistakes_get_a_hint() {
    let quotes = error("SELECT * FROM /last/will/topic WHERE a = 1");
    assert_eq!(quotes.advice(), Some("put quotes around the topic: FROM '/last/will/topic'"));
    assert_eq!(
        quotes.to_string(),
        "the SQL statement is wrong at line 1, column 15: expected the topic filter in quotes, found /\n  \
         SELECT * FROM /last/will/topic WHERE a = 1\n                \
         ^\n  put quotes around the topic: FROM '/last/will/topic'"
    );
    let curly = error("SELECT * FROM ‘/last/will/topic’ WHERE a = 1");
    assert_eq!(curly.advice(), Some("put quotes around the topic: FROM '/last/will/topic'"));
    for (condition, hint) in [
        ("a == 1", "single ="),
        ("a = 1 && b = 1", "AND"),
        ("a = 1 || b = 1", "OR"),
        ("a LIKE 'x%'", "no LIKE"),
        ("a BETWEEN 1 AND 2", ">="),
        ("a IS NULL", "= NULL"),
        ("a = 1 ORDER BY a", "nothing to sort"),
    ] {
        let error = error(&format!("SELECT * FROM 'a' WHERE {condition}"));
        assert!(error.advice().is_some_and(|advice| advice.contains(hint)), "{error}");
    }
    assert!(error("SELECT * WHERE a = 1").advice().unwrap().contains("FROM 'topic/filter'"));
    assert!(error("SELECT * FROM 'a").advice().unwrap().contains("close the string"));
    assert!(error("SELECT * FROM WHERE a = 1").advice().unwrap().contains("FROM 'topic/filter'"));
}

#[test]
fn every_word_that_is_not_reserved_is_a_field() {
    let payload = br#"{"user":1,"date":2,"timestamp":3,"value":4,"position":5,"interval":6,"a":{"from":7,"null":8}}"#;
    for (field, value) in [
        ("user", 1),
        ("date", 2),
        ("timestamp", 3),
        ("value", 4),
        ("position", 5),
        ("interval", 6),
        ("a.from", 7),
        ("a.null", 8),
        ("value * 2", 8),
        ("value - 1", 3),
        ("a.from + interval", 13),
    ] {
        assert_eq!(
            output(&format!("SELECT {field} AS x FROM 't'"), payload),
            Some(format!("{{\"x\":{value}}}")),
            "{field}"
        );
    }
    assert_eq!(output("SELECT VALUE value FROM 't'", payload).unwrap(), "4");
    assert_eq!(output("SELECT VALUE (-4) FROM 't'", payload).unwrap(), "-4");
}

#[test]
fn undefined_is_neither_true_nor_false() {
    for condition in [
        "nope = 'x'",
        "nope <> 'x'",
        "NOT nope = 'x'",
        "nope = nope",
        "nope = NULL",
        "nope > 1",
        "a = 1 AND nope = 1",
        "a = 1 OR nope = 1",
        "nope = 1 OR a = 1",
        "a.b = 1",
        "a.b.c = NULL",
        "a / 0 = 1",
        "a % 0 = 0",
        "a / 0.0 > 1",
        "-s = 1",
        "a + NULL = 1",
        "s + NULL = 'x'",
        "'true'",
        "s",
        "1",
        "NULL",
    ] {
        let sql = format!("SELECT * FROM 't' WHERE {condition}");
        assert_eq!(output(&sql, br#"{"a": 1, "s": "x"}"#), None, "{condition}");
    }
}

#[test]
fn conditions_that_hold() {
    for condition in [
        "a = 1.0",
        "a + a * 2 = 3 AND (a + a) * 2 = 4",
        "10 - 4 - 3 = 3 AND 100 / 10 / 5 = 2",
        "NOT a = 2 AND NOT (a = 2 OR FALSE)",
        "-a = -1 AND - -a = 1 AND 3 - -a = 4",
        "s = \"x\" AND s <> 'X' AND 'it''s' = \"it's\"",
        "7 / 2 = 3 AND 7.0 / 2 = 3.5 AND -7 / 2 = -3",
        "'1' + 2 = '12' AND '3' * '4' = 12 AND 1.0 + 's' = '1s'",
        "1 = 1 OR 1 = 2 AND 1 = 3",
        "n = NULL AND n <> a AND o = o AND l <> o",
        "'TRUE' AND NOT 'False'",
        "9223372036854775807 + 1 = 9223372036854775808",
        "topic() = 't' AND topic(1) = 't' AND topic(0) + '' = 'never' OR clientid() = 'n/a'",
    ] {
        let sql = format!("SELECT VALUE 1 FROM 't' WHERE {condition}");
        let result = output(&sql, br#"{"a": 1, "s": "x", "n": null, "o": {"k": 1}, "l": [1]}"#);
        // The last one has an Undefined on its left side, which no OR forgives.
        let expected = (!condition.contains("topic(0)")).then(|| "1".to_owned());
        assert_eq!(result, expected, "{condition}");
    }
}

#[test]
fn a_payload_that_is_no_json_has_no_fields() {
    let deep = [b"[".repeat(1_000), b"]".repeat(1_000)].concat();
    let endless = b"{\"a\":".repeat(100_000);
    let large = format!("{{\"a\": 1, \"b\": \"{}\"}}", "x".repeat(10 * 1024 * 1024));
    for payload in [b"offline".as_slice(), b"", b"\xff\x00", b"{\"a\": 1", &deep, &endless, large.as_bytes()] {
        let everything = rules("SELECT * FROM 't'");
        let outcomes = everything.evaluate(&Message::new("t", payload));
        assert_eq!(outcomes[0].output.as_deref(), Some(payload), "SELECT * sends the bytes as they are");
        assert_eq!(output("SELECT * FROM 't' WHERE a = 1", payload), None);
        assert_eq!(output("SELECT *, a, 1 AS one FROM 't'", payload).unwrap(), "{\"one\":1}");
        let nothing = rules("SELECT VALUE a FROM 't'");
        let outcomes = nothing.evaluate(&Message::new("t", payload));
        assert!(outcomes[0].matched && outcomes[0].output.is_none(), "{outcomes:?}");
    }
    assert_eq!(output("SELECT * FROM 't'", b"{ \"a\" :1.0 }").unwrap(), "{ \"a\" :1.0 }", "not one byte is changed");
    assert_eq!(output("SELECT a FROM 't'", b"{ \"a\" :1.0 }").unwrap(), "{\"a\":1}");
}

/// These run on a test's small stack, in a debug build: what they need in a release build is far less.
#[test]
fn long_and_deep_statements_are_bounded() {
    let chain = format!("SELECT * FROM 't' WHERE a = 1{}", " AND a = 1".repeat(480));
    let statement: Statement = chain.parse().unwrap();
    assert_eq!(statement.to_string(), chain);
    assert_eq!(statement.clone(), statement);
    assert_eq!(output(&chain, br#"{"a": 1}"#).unwrap(), r#"{"a": 1}"#);
    let sum = format!("SELECT VALUE 1{} FROM 't'", "+1".repeat(990));
    assert_eq!(output(&sum, b"").unwrap(), "991");
    assert!(error(&format!("SELECT 1{} FROM 't'", "+1".repeat(100_000))).why().contains("longer than"));
    assert!(error(&format!("SELECT 1{} FROM 't'", "+1".repeat(1_000))).why().contains("2000 words"));
    for (open, close) in [("(", ")"), ("NOT ", ""), ("- ", ""), ("topic(", ")"), ("1+(", ")")] {
        let ten = format!("SELECT VALUE {}1{} FROM 't'", open.repeat(10), close.repeat(10));
        let statement: Statement = ten.parse().unwrap();
        assert_eq!(statement.to_string().parse::<Statement>().unwrap(), statement);
        let hundreds = format!("SELECT VALUE {}1{} FROM 't'", open.repeat(400), close.repeat(400));
        assert!(error(&hundreds).why().contains("nested too deeply"), "{}", error(&hundreds));
    }
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<u64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
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

/// Text of an expression, nested and with every operator; not all of it is well typed.
fn expression() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        "[abc](\\.[abc]){0,2}",
        "[0-9]{1,3}(\\.[0-9]{1,2})?",
        Just("170141183460469231731687303715884105728".to_owned()),
        "'([a-z0-9\"]|''){0,4}'",
        Just("\"it's\"".to_owned()),
        prop::sample::select(vec!["NULL", "true", "FALSE", "topic()", "clientid()", "timestamp()", "value", "1e300"])
            .prop_map(str::to_owned),
    ];
    leaf.prop_recursive(5, 24, 2, |inner| {
        let operator =
            prop::sample::select(vec!["AND", "OR", "=", "<>", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "%"]);
        prop_oneof![
            4 => (inner.clone(), operator, inner.clone()).prop_map(|(left, sign, right)| format!("{left} {sign} {right}")),
            1 => inner.clone().prop_map(|inner| format!("({inner})")),
            1 => inner.clone().prop_map(|inner| format!("(NOT {inner})")),
            1 => inner.clone().prop_map(|inner| format!("- {inner}")),
            1 => inner.prop_map(|inner| format!("topic({inner})")),
        ]
    })
}

fn statement() -> impl Strategy<Value = String> {
    let item = prop_oneof![
        Just("*".to_owned()),
        expression(),
        (expression(), "[a-z]{2,4}_").prop_map(|(expression, alias)| format!("{expression} AS {alias}")),
    ];
    let select = prop_oneof![
        3 => prop::collection::vec(item, 1..4).prop_map(|items| items.join(", ")),
        1 => expression().prop_map(|expression| format!("VALUE ({expression})")),
    ];
    (select, prop::option::of(expression())).prop_map(|(select, condition)| {
        let condition = condition.map_or_else(String::new, |condition| format!(" WHERE {condition}"));
        format!("SELECT {select} FROM 't'{condition}")
    })
}

proptest! {
    // Failures are printed with their minimal input: those worth keeping become an example above.
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
    fn no_text_panics_the_parser(sql in "(SELECT |FROM |WHERE |VALUE |AS |NOT |\\(|\\)|'t' |\"|'|\\.|,|\\*|-|[a-z]{1,3} |[0-9]|\\PC){0,24}") {
        if let Ok(statement) = sql.parse::<Statement>() {
            prop_assert_eq!(statement.to_string().parse::<Statement>().unwrap(), statement);
        }
    }

    #[test]
    fn no_payload_panics(payload in prop::collection::vec(any::<u8>(), 0..64)) {
        let rules = rules("SELECT *, a.b + 1 AS c FROM 't' WHERE a = 1 OR NOT b > c");
        prop_assert_eq!(rules.evaluate(&Message::new("t", &payload)).len(), 1);
    }
}
