//! What each construct of the language comes to, one line each, as AWS documents it; where AWS leaves it open, as the
//! code's comments say.

use lwtop::rules::{Message, Rule, RuleSet, Statement, Template};

/// What `sql` sends for a payload on topic `t`: `None` if it does not fire, the empty text for Undefined.
fn sent(sql: &str, payload: &str) -> Option<String> {
    let rules = RuleSet::new(vec![Rule::new("rule", sql.parse().unwrap_or_else(|error| panic!("{error}")))]);
    let outcome = rules.evaluate(&Message::new("t", payload.as_bytes())).into_iter().next()?;
    outcome.matched.then(|| String::from_utf8(outcome.output.unwrap_or_default().into_owned()).unwrap())
}

/// Each an item of SELECT, and what `SELECT item FROM 't'` sends.
#[track_caller]
fn items(payload: &str, examples: &[(&str, &str)]) {
    for (item, expected) in examples {
        assert_eq!(sent(&format!("SELECT {item} FROM 't'"), payload).as_deref(), Some(*expected), "{item}");
    }
}

/// Each an expression, and what it comes to.
#[track_caller]
fn values(payload: &str, examples: &[(&str, &str)]) {
    for (expression, expected) in examples {
        assert_eq!(
            sent(&format!("SELECT VALUE ({expression}) FROM 't'"), payload).as_deref(),
            Some(*expected),
            "{expression}"
        );
    }
}

#[test]
fn select_makes_objects() {
    items(
        r#"{"a": 1, "b": {"c": 2, "d": null}, "s": "x"}"#,
        &[
            ("a, b.c", r#"{"a":1,"c":2}"#),
            ("a AS x, b.c AS y.z, b.d AS y.w", r#"{"x":1,"y":{"z":2,"w":null}}"#),
            ("a AS b.x, *", r#"{"b":{"c":2,"d":null},"a":1,"s":"x"}"#),
            ("*, a AS b.x", r#"{"a":1,"b":{"c":2,"d":null,"x":1},"s":"x"}"#),
            ("*, a AS s.x", r#"{"a":1,"b":{"c":2,"d":null},"s":{"x":1}}"#),
            ("a AS x.y, b AS x", r#"{"x":{"c":2,"d":null}}"#),
            ("a AS x, nope AS x", r#"{"x":1}"#),
            ("nope AS x.y", "{}"),
            ("a AS set, a AS cast, a AS value, a AS x.end", r#"{"set":1,"cast":1,"value":1,"x":{"end":1}}"#),
            ("VALUE a", "1"),
            ("VALUE b", r#"{"c":2,"d":null}"#),
            ("VALUE nope", ""),
            ("VALUE NULL", "null"),
            ("VALUE *", r#"{"a": 1, "b": {"c": 2, "d": null}, "s": "x"}"#),
            ("value {'k': a}", r#"{"k":1}"#),
            ("{'k': a}.k, (b).c, ({'j': {'l': s}}).j.l AS l", r#"{"k":1,"c":2,"l":"x"}"#),
        ],
    );
    assert_eq!(sent("SELECT VALUE * FROM 't'", "no JSON").unwrap(), "no JSON");
    assert_eq!(
        sent("SELECT value IN v AS x, value FROM 't'", r#"{"value": 1, "v": [1]}"#).unwrap(),
        r#"{"x":true,"value":1}"#
    );
}

#[test]
fn literals_leave_out_what_is_undefined() {
    values(
        r#"{"a": 1, "l": [1, {"b": 2}], "n": null}"#,
        &[
            ("{}", "{}"),
            ("[]", "[]"),
            (
                r#"{'k': a, "j": [a, l, 'x', nope, n], 'u': nope, 'it''s': {}}"#,
                r#"{"k":1,"j":[1,[1,{"b":2}],"x",null],"it's":{}}"#,
            ),
            ("{'k': 1, 'k': 2}", r#"{"k":2}"#),
            ("[1, 2] = [1.0, 2]", "true"),
            ("{'k': 1, 'j': 2} = {'j': 2, 'k': 1}", "true"),
            ("{'k': 1} <> {'k': '1'}", "true"),
            ("'x' + [1, \"a\"] + {'k': NULL} + 1.50", r#""x[1,\"a\"]{\"k\":null}1.5""#),
        ],
    );
}

#[test]
fn case_takes_the_first_that_fits() {
    values(
        r#"{"a": 2, "n": null, "l": [1]}"#,
        &[
            ("CASE a WHEN 1 THEN 'one' WHEN 2 THEN 'two' WHEN 2.0 THEN 'again' ELSE 'many' END", "\"two\""),
            ("CASE a + 1 WHEN 1 THEN 'one' ELSE 'many' END", "\"many\""),
            ("CASE a WHEN '2' THEN 'text' END", ""),
            ("CASE a WHEN nope THEN 1 WHEN a THEN 2 END", "2"),
            ("CASE nope WHEN nope THEN 1 ELSE 2 END", ""),
            ("CASE n WHEN NULL THEN 'null' END", "\"null\""),
            ("CASE l WHEN [1] THEN a END + 1", "3"),
            ("CASE TRUE WHEN a > 5 THEN 'high' WHEN a > 1 THEN 'low' END", "\"low\""),
            ("CASE a WHEN 2 THEN nope ELSE 1 END", ""),
            ("(CASE a WHEN 2 THEN {'k': 5} END).k", "5"),
        ],
    );
}

#[test]
fn cast_follows_the_tables() {
    values(
        r#"{"o": {"k": 1}, "n": null}"#,
        &[
            ("CAST(-1.5 AS Int)", "-2"),
            ("cast('1.9' as INTEGER)", "1"),
            ("CAST(TRUE AS Int) + CAST(FALSE AS Decimal)", "1"),
            ("CAST('5E-12' AS Decimal)", "5e-12"),
            ("CAST(7 AS Decimal) / 2", "3.5"),
            ("CAST('.5' AS Decimal)", ""),
            ("CAST(0.1234567890123456789 AS Double)", "0.12345678901234568"),
            ("CAST(0.0 AS Bool)", "false"),
            ("CAST('TRUE' AS Boolean)", "true"),
            ("CAST('yes' AS Boolean)", ""),
            ("CAST(-2 AS Boolean)", "true"),
            ("CAST(10.0 AS String)", "\"10\""),
            ("CAST('x' AS Nvarchar)", "\"x\""),
            ("CAST(TRUE AS Text)", "\"true\""),
            ("CAST(o AS String)", r#""{\"k\":1}""#),
            ("CAST(o AS Int)", ""),
            ("CAST(n AS String)", ""),
            ("CAST(nope AS Int)", ""),
        ],
    );
}

#[test]
fn numbers_keep_34_digits() {
    values(
        r#"{"big": 123456789012345678901234567890, "tenth": 0.1, "ten": 10.0, "far": 1e1000, "exp": 25E-1}"#,
        &[
            ("tenth + 0.2", "0.3"),
            ("1.1 * 1.1", "1.21"),
            ("ten", "10"),
            ("ten / 4", "2"),
            ("10.0", "10"),
            ("10.50 + 0", "10.5"),
            ("big + 1", "123456789012345678901234567891"),
            ("big = 123456789012345678901234567890.0", "true"),
            ("'' + big", "\"123456789012345678901234567890\""),
            ("9999999999999999999999999999999999 + 1", "1e+34"),
            ("1 / 3.0", "0.3333333333333333333333333333333333"),
            ("far", ""),
            ("far = far", ""),
            ("exp", "2.5"),
            ("-exp", "-2.5"),
            ("'' + 0.0000001", "\"1E-7\""),
            ("7 % 0", ""),
            ("7 / 0.0", ""),
        ],
    );
}

#[test]
fn nested_queries_read_arrays() {
    let payload = r#"{"e": [{"n": "temperature", "u": "Cel", "v": 22.5}, {"n": "light", "u": "lm", "v": 135}, {"u": "c"}],
        "n": "outer", "l": [1, 2, 3], "o": {"i": {"k": [5]}}, "m": [{"p": [1, 2]}, {"p": [3]}], "limit": 2}"#;
    values(
        payload,
        &[
            ("(SELECT VALUE n FROM e)", r#"["temperature","light"]"#),
            ("(SELECT v FROM e WHERE n = 'temperature')", r#"[{"v":22.5}]"#),
            (
                "(SELECT v, u AS unit.name FROM e)",
                r#"[{"v":22.5,"unit":{"name":"Cel"}},{"v":135,"unit":{"name":"lm"}},{"unit":{"name":"c"}}]"#,
            ),
            ("(SELECT * FROM e AS x WHERE x.v > 100)", r#"[{"n":"light","u":"lm","v":135}]"#),
            ("(SELECT *, 1 AS one FROM e AS e WHERE e.u = 'c')", r#"[{"u":"c","one":1}]"#),
            ("(SELECT VALUE x FROM l AS x WHERE x >= 2)", "[2,3]"),
            ("(SELECT VALUE x * 10 FROM [1, limit] AS x)", "[10,20]"),
            ("(SELECT VALUE * FROM l)", "[1,2,3]"),
            ("(SELECT VALUE limit FROM l)", "[]"),
            ("(SELECT VALUE k FROM o.i)", "[[5]]"),
            ("(SELECT VALUE n FROM nope)", ""),
            ("(SELECT VALUE n FROM n)", ""),
            ("(SELECT VALUE (SELECT VALUE y FROM x.p AS y) FROM m AS x)", "[[1,2],[3]]"),
            (
                "(SELECT VALUE (SELECT VALUE y + x.p FROM p AS y WHERE EXISTS (SELECT * FROM x.p AS z WHERE z > y)) FROM m AS x)",
                "[[],[]]",
            ),
            ("(SELECT VALUE z FROM (SELECT VALUE y * 2 FROM l AS y) AS z WHERE z <> 4)", "[2,6]"),
            ("EXISTS (SELECT * FROM l AS x WHERE x = 3)", "true"),
            ("EXISTS (SELECT * FROM l AS x WHERE x = 4)", "false"),
            ("EXISTS (SELECT VALUE nope FROM l)", "false"),
            ("EXISTS (SELECT * FROM nope)", "false"),
            ("3 IN (SELECT VALUE x + 1 FROM l AS x)", "true"),
            ("NOT EXISTS (SELECT * FROM e WHERE n = 'outer')", "true"),
            ("(SELECT VALUE topic() FROM [1])", r#"["t"]"#),
        ],
    );
}

#[test]
fn variables_are_worked_out_once_and_in_order() {
    let payload = r#"{"d": {"s": {"t": 75, "h": 60}}, "e": [{"v": 1}, {"v": 80}]}"#;
    for (sql, expected) in [
        ("SET @s = d.s SELECT @s.t AS t, @s.h FROM 't'", r#"{"t":75,"h":60}"#),
        ("SET @a = 2, @b = @a * 3 SELECT @b, @a AS x.y FROM 't' WHERE @b = 6", r#"{"b":6,"x":{"y":2}}"#),
        ("set @m = d.s.t select value (SELECT VALUE v FROM e WHERE v > @m) from 't'", "[80]"),
        ("SET @o = {'k': {'l': [1]}} SELECT @o.k.l, @o.nope, @o.k.l.x FROM 't'", r#"{"l":[1]}"#),
        ("SET @q = (SELECT * FROM e) SELECT VALUE (SELECT VALUE v FROM @q WHERE v < 5) FROM 't'", "[1]"),
        ("SET @u = nope SELECT @u, 1 AS one FROM 't'", r#"{"one":1}"#),
    ] {
        assert_eq!(sent(sql, payload).as_deref(), Some(expected), "{sql}");
    }
    assert_eq!(sent("SET @u = nope SELECT * FROM 't' WHERE @u = 1", payload), None);
}

#[test]
fn templates_see_the_statements_variables() {
    let statement: Statement = "SET @c = (t - 32) * 5 / 9 SELECT @c AS celsius FROM 't'".parse().unwrap();
    let template: Template = "at/${@c}/${{'k': t}.k}".parse().unwrap();
    let message = Message::new("t", br#"{"t": 77}"#);
    assert_eq!(template.render_for(&statement, &message).unwrap(), "at/25/77");
    assert_eq!(template.render(&message).unwrap_err().to_string(), "${@c} is Undefined for this message");
    assert_eq!(template.unknown_variable(&statement), None);
    let other: Statement = "SELECT * FROM 't'".parse().unwrap();
    assert_eq!(template.unknown_variable(&other), Some("c"));
}

#[test]
fn a_statement_that_is_too_much_work_comes_to_nothing() {
    let numbers = (0..20_000).map(|number| number.to_string()).collect::<Vec<_>>().join(",");
    let payload = format!(r#"{{"l": [{numbers}], "s": "{}"}}"#, "x".repeat(300_000));
    let pairs = "(SELECT VALUE (SELECT VALUE y FROM @l AS y WHERE y = x) FROM @l AS x)";
    for sql in [
        format!("SET @l = l SELECT VALUE {pairs} FROM 't'"),
        format!("SET @l = l SELECT 1 AS one, {pairs} AS two FROM 't'"),
        "SET @s = s SELECT VALUE (SELECT VALUE @s FROM l) FROM 't'".to_owned(),
        "SET @l = l SELECT VALUE (SELECT VALUE @l = @l FROM l) FROM 't'".to_owned(),
        format!("SELECT VALUE s{} FROM 't'", "+s".repeat(900)),
    ] {
        assert_eq!(sent(&sql, &payload).as_deref(), Some(""), "{sql}");
    }
    assert_eq!(
        sent(
            &format!("SET @l = l SELECT * FROM 't' WHERE NOT EXISTS (SELECT * FROM {pairs} AS z WHERE FALSE)"),
            &payload
        ),
        None
    );
    let one = sent("SELECT VALUE (SELECT VALUE x FROM l AS x WHERE x = 19999) FROM 't'", &payload);
    assert_eq!(one.as_deref(), Some("[19999]"), "a query over an array is not too much");
}
