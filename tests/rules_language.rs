//! The language as a person meets it: errors with their place, Undefined, odd payloads.

use lwtop::mqtt::{TopicFilter, TopicName};
use lwtop::rules::{Message, Outcome, Rule, RuleSet, SqlError, Statement};

const ARTICLE: &str =
    "SELECT * FROM '/last/will/topic' WHERE state.reported.last_will = 'yes' AND state.reported.trigger_action = 'on'";
const WILL: &[u8] =
    br#"{"state": {"reported": {"last_will": "yes", "trigger_action": "on", "client_id": "lwtThing"}}}"#;

fn rules(sql: &str) -> RuleSet {
    RuleSet::new(vec![Rule::new("rule", sql.parse().unwrap())])
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
    assert_eq!(*rules.rules()[0].statement, ARTICLE.parse().unwrap());
    let expected = Outcome { rule: 0, name: "lastWillRule".into(), matched: true, output: Some(WILL.into()) };
    assert_eq!(rules.evaluate(&Message::new("/last/will/topic", WILL)), [expected]);
    assert_eq!(rules.evaluate(&Message::new("last/will/topic", WILL)), []);
    let off = String::from_utf8_lossy(WILL).replace("\"on\"", "\"off\"");
    let outcomes = rules.evaluate(&Message::new("/last/will/topic", off.as_bytes()));
    assert!(!outcomes[0].matched && outcomes[0].output.is_none(), "{outcomes:?}");
}

#[test]
fn errors_name_their_place() {
    let mut faults = Vec::new();
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
        ("SELECT * FROM '$share/g/a/#' WHERE a = 1", (1, 15), "does not listen to a shared subscription"),
        ("SELECT * FROM '$share/g'", (1, 15), "does not listen to a shared subscription"),
        ("SELECT * FROM 'a' WHERE", (1, 24), "expected an expression, found the end"),
        ("SELECT * FROM 'a' WHERE a =", (1, 28), "expected an expression, found the end"),
        ("SELECT * FROM 'a'\nWHERE a = = 1", (2, 11), "expected an expression, found ="),
        ("SELECT * FROM 'a' WHERE (a = 1", (1, 31), "expected an operator or ), found the end"),
        ("SELECT * FROM 'a' WHERE a = 1)", (1, 30), "expected AND, OR, an operator or the end, found )"),
        ("SELECT * FROM 'a' WHERE a. = 1", (1, 28), "expected a field's name after the dot, found ="),
        ("SELECT * FROM 'a' WHERE a = 'x", (1, 29), "nterminated string"),
        ("SELECT * FROM 'a' WHERE a LIKE 'x'", (1, 27), "expected AND, OR, an operator or the end, found LIKE"),
        ("SELECT * FROM 'a' WHERE a IS NULL", (1, 27), "expected AND, OR, an operator or the end, found IS"),
        ("SELECT * FROM 'a' LIMIT 1", (1, 19), "expected WHERE or the end, found LIMIT"),
        ("SELECT * FROM 'a'; SELECT 1", (1, 20), "expected WHERE or the end, found SELECT"),
        ("SELECT topic(1, 2) FROM 'a'", (1, 8), "topic() takes 0 to 1 arguments, not 2"),
        ("SELECT 1e1000 FROM 'a'", (1, 8), "1e1000 is no number"),
        ("SELECT `a` FROM 'a'", (1, 8), "expected an expression, found `"),
        ("SELECT a[0] FROM 'a'", (1, 9), "has no [ ] behind a value"),
        ("SELECT [1][0] FROM 'a'", (1, 11), "has no [ ] behind a value"),
        ("SELECT [1, ] FROM 'a'", (1, 12), "expected an expression, found ]"),
        ("SELECT [1 FROM 'a'", (1, 11), "expected an operator, a comma or ], found FROM"),
        ("SELECT {a: 1} FROM 'a'", (1, 9), "expected a key in quotes, found a"),
        ("SELECT {'a' 1} FROM 'a'", (1, 13), "expected : after the key, found 1"),
        ("SELECT {'a': 1 FROM 'a'", (1, 16), "expected an operator, a comma or }, found FROM"),
        ("SELECT CASE a END FROM 'a'", (1, 15), "expected an operator or WHEN, found END"),
        ("SELECT CASE a WHEN 1 END FROM 'a'", (1, 22), "expected an operator or THEN, found END"),
        ("SELECT CASE a WHEN 1 THEN 2 FROM 'a'", (1, 29), "expected an operator, WHEN, ELSE or END, found FROM"),
        ("SELECT CASE a WHEN 1 THEN 2 ELSE 3", (1, 35), "expected an operator or END, found the end"),
        ("SELECT CASE WHEN a THEN 2 END FROM 'a'", (1, 13), "expected a value after CASE, found WHEN"),
        ("SELECT CAST(a) FROM 'a'", (1, 14), "expected an operator or AS, found )"),
        ("SELECT CAST(a AS Date) FROM 'a'", (1, 18), "has no type Date"),
        ("SELECT CAST(a AS 'Int') FROM 'a'", (1, 18), "expected a type: Int, Decimal, Boolean or String"),
        ("SELECT CAST(a AS Decimal(10)) FROM 'a'", (1, 25), "expected ) after the type, found ("),
        ("SELECT (SELECT a) FROM 'a'", (1, 17), "expected a comma, AS, an operator or FROM, found )"),
        ("SELECT (SELECT a FROM 'b') FROM 'a'", (1, 23), "expected an array, found a string"),
        ("SELECT (SELECT a FROM b FROM 'a'", (1, 25), "expected an operator or ), found FROM"),
        ("SELECT EXISTS (a) FROM 'a'", (1, 16), "expected SELECT after EXISTS (, found a"),
        ("SELECT VALUE a, b FROM 'a'", (1, 15), "VALUE sends one value"),
        ("SELECT VALUE a AS b FROM 'a'", (1, 16), "VALUE sends a value without a name"),
        ("SELECT a AS b. FROM 'a'", (1, 21), "expected a comma, AS, an operator or FROM, found 'a'"),
        ("SELECT a AS 'b' FROM 'a'", (1, 13), "expected a name after AS, found 'b'"),
        ("SELECT a AS @b FROM 'a'", (1, 13), "expected a name after AS, found @b"),
        ("SELECT a.@b FROM 'a'", (1, 10), "expected a field's name after the dot, found @b"),
        ("SELECT a.0 FROM 'a'", (1, 9), "expected a comma, AS, an operator or FROM, found .0"),
        ("SELECT topic(a b) FROM 'a'", (1, 16), "expected an operator, a comma or ), found b"),
        ("SELECT topic(*) FROM 'a'", (1, 8), "topic() does not take the payload"),
        ("SELECT a * * FROM 'a'", (1, 12), "expected an expression, found *"),
        ("SELECT VALUE +1 FROM 'a'", (1, 14), "AWS IoT SQL has no + in front of a value"),
        ("SELECT VALUE -1, FROM 'a'", (1, 18), "expected an expression, found FROM"),
        ("SELECT COUNT(*) FROM 'a'", (1, 8), "there is no function COUNT()"),
        ("SELECT decode(*, 'proto', 'b', 'k', 'f') FROM 'a'", (1, 8), "descriptor from Amazon S3"),
        ("SELECT decode(a, 'proto') FROM 'a'", (1, 8), "descriptor from Amazon S3"),
        ("SELECT decode(a, 'base64', 'x') FROM 'a'", (1, 8), "decode() takes 2 arguments, not 3"),
        ("SELECT +a FROM 'a'", (1, 9), "AWS IoT SQL has no +a"),
        ("SELECT X'41' FROM 'a'", (1, 8), "AWS IoT SQL has no X'41'"),
        ("SELECT a IN (1, 2) FROM 'a'", (1, 15), "expected ), found ,"),
        ("SELECT a NOT IN b FROM 'a'", (1, 10), "expected a comma, AS, an operator or FROM, found NOT"),
        ("SET SELECT a FROM 'a'", (1, 5), "expected a variable: @name, found SELECT"),
        ("SET @a SELECT a FROM 'a'", (1, 8), "expected = after the variable's name, found SELECT"),
        ("SET @a = SELECT a FROM 'a'", (1, 10), "expected an expression, found SELECT"),
        ("SET @a = 1, SELECT a FROM 'a'", (1, 13), "expected a variable: @name, found SELECT"),
        ("SET @a = 1 FROM 'a'", (1, 12), "expected an operator, a comma or SELECT, found FROM"),
        ("SET @a = 1, @a = 2 SELECT a FROM 'a'", (1, 13), "@a is set twice"),
        ("SET @a = @b, @b = 2 SELECT a FROM 'a'", (1, 10), "@b is not set here"),
        ("SET @a = @a SELECT a FROM 'a'", (1, 10), "@a is not set here"),
        ("SELECT a.b + @x.y FROM 'a'", (1, 14), "@x is not set here"),
        ("SELECT (SELECT VALUE @x FROM e) FROM 'a'", (1, 22), "@x is not set here"),
        ("SET @ä = 1 SELECT a FROM 'a'", (1, 5), "1 to 64 letters, digits and underscores"),
        ("SELECT @ FROM 'a'", (1, 8), "expected a variable: @name, found @"),
    ] {
        let error = error(sql);
        if error.position() != at || !error.why().contains(why) || !error.to_string().contains('^') {
            faults.push(format!("{at:?} {why}: {error}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn common_mistakes_get_a_hint() {
    let mut faults = Vec::new();
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
        ("!a", "NOT"),
        ("a = ‘x’", "straight quotes"),
        ("`a` = 1", "without quotes"),
        ("a NOT IN b", "NOT (a IN b)"),
        ("a IN (1, 2)", "[1, 2, 3]"),
        ("a.0 = 1", "get(object, '0')"),
        ("a = .5", "digits on both sides"),
        ("a[0] = 1", "get(array, 0)"),
        ("(a == 1)", "single ="),
        ("topic(a == 1)", "single ="),
        ("CASE a WHEN 1 THEN 2 LIKE 3 END", "no LIKE"),
        ("CASE WHEN a THEN 1 END", "CASE TRUE WHEN condition"),
        ("CAST(a AS Date) = 1", "Int, Decimal, Double, Boolean and String"),
        ("{a: 1} = 1", "{'key': value}"),
        ("topci() = 'a'", "did you mean topic()?"),
        ("regex_matches(a, 'x')", "did you mean regexp_matches()?"),
        ("COUNT(*) > 1", "one message at a time"),
        ("Sum(a) > 1", "one message at a time"),
        ("avg(a) > 1 AND min(a) = max(a)", "one message at a time"),
        ("max(a) > 1", "one message at a time"),
        ("topic(*) = 1", "encode(*, 'base64')"),
        ("a = *", "encode()"),
        ("@x = 1", "SET @x = …"),
        ("EXISTS (SELECT * FROM 'e')", "without quotes"),
    ] {
        let error = error(&format!("SELECT * FROM 'a' WHERE {condition}"));
        if !error.advice().is_some_and(|advice| advice.contains(hint)) {
            faults.push(format!("{hint}: {error}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    for (sql, hint) in [
        ("SELECT a, FROM 'a'", "remove the comma"),
        ("SELECT a AS 'b' FROM 'a'", "without quotes"),
        ("SELECT a == 1 FROM 'a'", "single ="),
        ("SELECT VALUE a, b FROM 'a'", "leave VALUE out"),
        ("SELECT VALUE +1 FROM 'a'", "(value) + 1"),
        ("SELECT * FROM '$share/g/a/#'", "write the filter without $share/group: FROM 'a/#'"),
        ("SELECT * FROM '$share/g'", "write the filter without $share/group"),
        ("SET @a = 1 SET @b = 2 SELECT @a FROM 'a'", "SET stands once"),
        ("SET @limit = 1 SELECT @limt FROM 'a'", "@limit"),
    ] {
        let error = error(sql);
        assert!(error.advice().is_some_and(|advice| advice.contains(hint)), "{error}");
    }
    assert_eq!(error("SELECT mount(a) FROM 'a'").advice(), None, "nothing is near");
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
fn value_in_front_of_a_sign_is_the_keyword_unless_more_follows() {
    let payload = br#"{"value":4,"i":3,"b":{"from":1,"as":2},"e":[{"k":1,"value":5},{"k":2,"value":6}]}"#;
    for (select, sent) in [
        ("VALUE -1", "-1"),
        ("VALUE - 1", "-1"),
        ("VALUE -i", "-3"),
        ("value - - i * 2", "6"),
        ("VALUE -value", "-4"),
        ("VALUE -b.from - b.as", "-3"),
        ("VALUE (SELECT VALUE -k FROM e)", "[-1,-2]"),
        ("VALUE -get((SELECT VALUE -k AS x, k FROM e), 0).k", "-1"),
        ("(SELECT VALUE - k FROM e AS a) AS x", r#"{"x":[-1,-2]}"#),
        ("value - 1 AS x", r#"{"x":3}"#),
        ("value -1 AS x", r#"{"x":3}"#),
        ("value + 1 AS x", r#"{"x":5}"#),
        ("value - b.from, i", r#"{"value - b.from":3,"i":3}"#),
        ("(value) - 1", r#"{"value - 1":3}"#),
        ("(value + i)", r#"{"value + i":7}"#),
        ("i, value - 1", r#"{"i":3,"value - 1":3}"#),
        ("(SELECT value - k AS x FROM e) AS a", r#"{"a":[{"x":4},{"x":4}]}"#),
    ] {
        let sql = format!("SELECT {select} FROM 't'");
        assert_eq!(output(&sql, payload).as_deref(), Some(sent), "{sql}");
        let statement: Statement = sql.parse().unwrap();
        let printed = statement.to_string();
        assert_eq!(printed.parse::<Statement>().as_ref(), Ok(&statement), "{printed}");
    }
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
        "a IN a",
        "nope IN [1]",
        "a IN nope",
        "a IN o",
        "'a' < 'b'",
        "TRUE > FALSE",
        "TRUE + 1 = 2",
        "1e999 * 10 > 1",
        "CASE nope WHEN 1 THEN FALSE ELSE TRUE END",
        "CASE a WHEN 2 THEN TRUE END",
        "EXISTS (SELECT * FROM nope)",
        "EXISTS (SELECT * FROM a)",
        "(SELECT * FROM nope) = []",
        "[a].x = 1",
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
        "7 / 2 = 3 AND 7.0 / 2 = 3.5 AND -7 / 2 = -3 AND '7' / 2 = 3.5 AND 7 % -2 = 1 AND 7.5 % 2 = 1.5",
        "0.1 + 0.2 = 0.3 AND 1.1 * 1.1 = 1.21 AND 1 / 3.0 * 3 = 0.9999999999999999999999999999999999",
        "'1' + 2 = '12' AND '3' * '4' = 12 AND 1.0 + 's' = '1s'",
        "1 = 1 OR 1 = 2 AND 1 = 3",
        "n = NULL AND n <> a AND o = o AND l <> o",
        "'TRUE' AND NOT 'False'",
        "9223372036854775807 + 1 = 9223372036854775808",
        "'10' > 9 AND 1e2 = 100 AND '5E-1' < 1 AND 1 <> '1' AND n <> 0",
        "a IN l AND NOT 's' IN l AND [1] IN [[1.0], 2] AND NOT a IN [] AND NULL IN [n]",
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
    for (open, close) in [
        ("(", ")"),
        ("NOT ", ""),
        ("- ", ""),
        ("topic(", ")"),
        ("1+(", ")"),
        ("[", "]"),
        ("{'a': ", "}"),
        ("(SELECT VALUE ", " FROM e)"),
        ("(SELECT a FROM ", " AS x)"),
        ("CASE 1 WHEN 1 THEN ", " END"),
        ("CASE ", " WHEN 1 THEN 2 END"),
        ("CAST(", " AS Int)"),
        ("EXISTS (SELECT a FROM e WHERE ", ")"),
        ("1 IN (", ")"),
    ] {
        let ten = format!("SELECT VALUE {}1{} FROM 't'", open.repeat(10), close.repeat(10));
        let statement: Statement = ten.parse().unwrap();
        assert_eq!(statement.to_string().parse::<Statement>().unwrap(), statement);
        let hundreds = format!("SELECT VALUE {}1{} FROM 't'", open.repeat(200), close.repeat(200));
        assert!(error(&hundreds).why().contains("nested too deeply"), "{}", error(&hundreds));
    }
}
