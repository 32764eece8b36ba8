//! `lwtop rule`: the real binary, what it prints and its exit code.

use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const ARTICLE: &str =
    "SELECT * FROM '/last/will/topic' WHERE state.reported.last_will = 'yes' AND state.reported.trigger_action = 'on'";
const WILL: &str = r#"{"state": {"reported": {"last_will": "yes", "trigger_action": "on", "client_id": "lwtThing"}}}"#;

fn lwtop(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lwtop"));
    command.arg("rule").args(args).stdin(Stdio::null());
    // No configuration of whoever runs the tests.
    command.env("XDG_CONFIG_HOME", std::env::temp_dir().join("lwtop-tests-have-no-configuration"));
    command
}

/// Exit code, standard output and standard error.
fn told(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
    (output.status.code().expect("an exit code"), text(&output.stdout), text(&output.stderr))
}

fn run(args: &[&str]) -> (i32, String, String) {
    told(&lwtop(args).output().expect("the program starts"))
}

fn test(sql: &str, topic: &str, payload: &str, more: &[&str]) -> (i32, String, String) {
    run(&[&["test", "--sql", sql, "--topic", topic, "--payload", payload], more].concat())
}

/// The exit code and the one JSON object.
fn answer(sql: &str, topic: &str, payload: &str, more: &[&str]) -> (i32, Value) {
    let (code, out, err) = test(sql, topic, payload, &[&["--format", "json"], more].concat());
    assert_eq!(err, "");
    (code, serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}")))
}

fn config(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/configs").join(name)
}

/// A file of its own that is gone at the end.
struct Scrap(PathBuf);

impl Scrap {
    fn new(name: &str) -> Self {
        Self(std::env::temp_dir().join(format!("lwtop-rule-command-{}-{name}", std::process::id())))
    }

    fn path(&self) -> &str {
        self.0.to_str().expect("UTF-8")
    }
}

impl Drop for Scrap {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn the_articles_will_matches_and_the_tree_says_why() {
    let (code, out, err) = test(ARTICLE, "/last/will/topic", WILL, &[]);
    let expected = format!(
        "{ARTICLE}\n\nmatch: WHERE is true.\n\n  \
           AND                                       → true   fired\n  \
           ├─ state.reported.last_will = 'yes'       → true   'yes' = 'yes'\n  \
           └─ state.reported.trigger_action = 'on'   → true   'on' = 'on'\n\n\
         It sends:\n{}\n",
        serde_json::to_string_pretty(&serde_json::from_str::<Value>(WILL).unwrap()).unwrap()
    );
    assert_eq!((code, out, err), (0, expected, String::new()));
}

#[test]
fn what_does_not_match_says_what_is_to_blame() {
    let off = WILL.replace(r#""on""#, r#""off""#);
    let (code, out, err) = test(ARTICLE, "/last/will/topic", &off, &[]);
    assert_eq!((code, err.as_str()), (1, ""));
    for line in [
        "no match: state.reported.trigger_action = 'on' is false ('off' = 'on').",
        "  AND                                       → false   did not fire",
        "  └─ state.reported.trigger_action = 'on'   → false   'off' = 'on'",
    ] {
        assert!(out.lines().any(|told| told == line), "{out}\ndoes not have: {line}");
    }
    let without = r#"{"state": {"reported": {"last_will": "yes"}}}"#;
    let (code, out, _) = test(ARTICLE, "/last/will/topic", without, &[]);
    let why =
        "  └─ state.reported.trigger_action = 'on'   → Undefined   the payload has no state.reported.trigger_action";
    assert!(code == 1 && out.lines().any(|told| told == why), "{out}");
}

#[test]
fn json_is_one_object_for_a_program() {
    let (code, json) = answer(ARTICLE, "/last/will/topic", WILL, &[]);
    let keys: Vec<_> = json.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!((code, keys), (0, vec!["matched", "result", "explanation"]));
    assert_eq!(json["result"], serde_json::from_str::<Value>(WILL).unwrap());
    assert_eq!(json["explanation"]["condition"]["operands"][1]["values"], "'on' = 'on'");

    let (code, json) = answer("SELECT a FROM 't' WHERE b = 2", "t", r#"{"a": 1}"#, &[]);
    let condition = json!({
        "text": "b = 2", "values": "Undefined = 2", "result": "Undefined", "why": "the payload has no b", "operands": []
    });
    let verdict = "It does not fire: the payload has no b, so WHERE is Undefined.";
    let explanation = json!({"matched": false, "listens": true, "verdict": verdict, "condition": condition});
    assert_eq!((code, json), (1, json!({"matched": false, "explanation": explanation})));
}

#[test]
fn a_result_that_is_undefined_is_absent_and_still_a_match() {
    let (code, json) = answer("SELECT VALUE missing FROM 't'", "t", "{}", &[]);
    assert_eq!((code, &json["matched"], json.get("result")), (0, &json!(true), None));
    let (code, out, _) = test("SELECT VALUE missing FROM 't'", "t", "{}", &[]);
    assert!(code == 0 && out.contains("Undefined for this message"), "{out}");
    let (code, out, _) = test("SELECT * FROM 't'", "t", "", &[]);
    assert!(code == 0 && out.ends_with("It sends an empty payload.\n"), "{out}");
    assert_eq!(answer("SELECT * FROM 't'", "t", "-5", &[]).1["result"], -5);
    // Null is something.
    assert_eq!(answer("SELECT VALUE null FROM 't'", "t", "{}", &[]).1.get("result"), Some(&Value::Null));
}

#[test]
fn functions_see_client_time_and_topic() {
    let sql = "SELECT VALUE topic(2) + ' ' + clientid() + ' ' + timestamp() FROM 'a/+'";
    let known = ["--client-id", "press-7", "--now", "1700000000000"];
    assert_eq!(answer(sql, "a/b", "", &known).1["result"], "b press-7 1700000000000");
    let now = answer("SELECT VALUE timestamp() FROM 't'", "t", "", &[]).1["result"].as_u64().unwrap();
    assert!(now > 1_700_000_000_000, "{now}");
    assert_eq!(answer("SELECT VALUE clientid() FROM 't'", "t", "", &[]).1["result"], "n/a");
}

#[test]
fn another_topic_is_no_match() {
    let (code, json) = answer(ARTICLE, "last/will/topic", WILL, &[]);
    assert_eq!((code, &json["explanation"]["listens"]), (1, &json!(false)));
    let verdict = "It does not fire: it listens to '/last/will/topic', and the message came on 'last/will/topic'; the \
                   leading slash of the filter asks for an empty first level.";
    assert_eq!(json["explanation"]["verdict"], verdict);
}

#[test]
fn the_payload_may_come_on_standard_input() {
    let piped = |bytes: &[u8], format: &str| {
        let args = ["test", "--sql", "SELECT * FROM 't'", "--topic", "t", "--payload", "-", "--format", format];
        let mut child = lwtop(&args).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the program starts");
        child.stdin.take().expect("its input").write_all(bytes).expect("it reads");
        told(&child.wait_with_output().expect("its output"))
    };
    let json = |bytes: &[u8]| serde_json::from_str::<Value>(&piped(bytes, "json").1).unwrap();
    assert_eq!(json(b"{\"a\": 1}\n")["result"], json!({"a": 1}));
    // What is no JSON says how it is written.
    let text = json("größer".as_bytes());
    assert_eq!((&text["result"], &text["result_encoding"]), (&json!("größer"), &json!("text")));
    let bytes = json(b"\xff\x00\xfe");
    assert_eq!((&bytes["result"], &bytes["result_encoding"]), (&json!("/wD+"), &json!("base64")));
    let (code, out, _) = piped(b"\xff\x00\xfe", "text");
    assert!(code == 0 && out.contains("/wD+\n(3 bytes, in base64)"), "{out}");
    // Nothing in a payload commands the terminal.
    let (_, out, _) = piped("\u{1b}[2Jx\u{9b}\u{202e}".as_bytes(), "text");
    assert!(out.ends_with("\\u001b[2Jx\\u009b\\u202e\n"), "{out}");
}

#[test]
fn more_than_it_reads_is_refused() {
    let file = Scrap::new("large");
    std::fs::File::create(file.path()).unwrap().set_len(16 * 1024 * 1024 + 1).unwrap();
    let mut command = lwtop(&["test", "--sql", "SELECT * FROM 't'", "--topic", "t", "--payload", "-"]);
    let (code, out, err) =
        told(&command.stdin(std::fs::File::open(file.path()).unwrap()).output().expect("the program starts"));
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("more than 16777216 bytes (16 MiB)"), "{err}");
}

#[test]
fn what_is_wrong_is_told_in_one_message() {
    for (sql, topic, more, expected) in [
        ("", "t", &[][..], "error: --sql: the SQL statement is wrong at line 1, column 1: expected SELECT"),
        (
            "SELECT * FROM /last/will/topic",
            "t",
            &[],
            "column 15: expected the topic filter in quotes, found /\n  SELECT * FROM /last/will/topic\n                ^",
        ),
        ("SELECT * FROM 't'", "", &[], "error: --topic: "),
        ("SELECT * FROM 't'", "a/+", &[], "error: --topic: "),
        ("SELECT * FROM 't'", "t", &["--now", "soon"], "a moment is a whole number of milliseconds"),
        ("SELECT * FROM 't'", "t", &["--now", "18446744073709551615"], "a moment is a whole number of milliseconds"),
        ("SELECT * FROM 't'", "t", &["--format", "xml"], "invalid value 'xml'"),
        ("SELECT * FROM 't'", "t", &["--rule", "x"], "cannot be used with"),
    ] {
        let (code, out, err) = test(sql, topic, "{}", more);
        assert_eq!((code, out.as_str()), (2, ""), "{sql} {topic} {more:?}");
        assert!(err.contains(expected), "{err}\ndoes not say: {expected}");
    }
    let (code, _, err) = run(&["test", "--topic", "t", "--payload", "{}"]);
    assert!(code == 2 && err.contains("--sql"), "{err}");
}

#[test]
fn a_rule_of_the_configuration_can_be_tried_by_name() {
    let file = config("valid/rules.toml");
    let at = ["--config", file.to_str().unwrap(), "--topic", "device/7/data"];
    let (code, out, _) = run(&[&["test", "--rule", "hot", "--payload", r#"{"temperature": 31}"#], &at[..]].concat());
    assert!(code == 0 && out.starts_with("hot   SELECT ") && out.contains("31 > 30"), "{out}");
    let (code, _, err) = run(&[&["test", "--rule", "cold", "--payload", "{}"], &at[..]].concat());
    assert_eq!(code, 2);
    assert!(err.contains("there is no rule \"cold\"; there are: lastWillRule, hot, "), "{err}");
    // Without a configuration there is the article's.
    let (code, out, _) = run(&["test", "--rule", "lastWillRule", "--topic", "/last/will/topic", "--payload", WILL]);
    assert!(code == 0 && out.starts_with(&format!("lastWillRule   {ARTICLE}\n")), "{out}");
}

#[test]
fn rules_that_are_right_are_listed() {
    let (code, out, err) = run(&["check", "--config", config("valid/rules.toml").to_str().unwrap()]);
    assert_eq!((code, err.as_str()), (0, ""));
    let lines: Vec<Vec<_>> =
        out.lines().map(|line| line.split("   ").map(str::trim).filter(|cell| !cell.is_empty()).collect()).collect();
    assert_eq!(lines[0], ["lastWillRule", "on", ARTICLE, "republish /lwt/executed"]);
    assert_eq!(lines[1][..2], ["hot", "off"]);
    assert_eq!(lines[1][3], "no action");
    let actions = "republish $$aws/things/${state.reported.client_id}/gone, email root@localhost, webhook 127.0.0.1, \
                   on failure: command logger";
    assert_eq!((lines.len(), lines[2][3]), (3, actions));

    let (code, out, _) = run(&["check"]);
    assert_eq!((code, out), (0, format!("lastWillRule   on   {ARTICLE}   republish /lwt/executed, desktop\n")));
}

#[test]
fn every_mistake_is_told_with_its_place() {
    let file = Scrap::new("faults.toml");
    let text = "[[rules]]\nname = \"a\"\nsql = \"SELECT * FROM a\"\nrepublish = \"#\"\n[[rules]]\nname = \"a\"\nsql = \"SELECT\"\n\
                [[rules.actions]]\ntype = \"file\"\n";
    std::fs::write(file.path(), text).unwrap();
    let (code, out, err) = run(&["check", "--config", file.path()]);
    assert_eq!((code, out.as_str()), (2, ""));
    let places: Vec<_> = err.lines().filter_map(|line| line.strip_prefix("error: ")).collect();
    let expected = [
        "line 3, column 7: rules[0].sql: ",
        "line 4, column 13: rules[0].republish: ",
        "line 6, column 8: rules[1].name: ",
        "line 7, column 7: rules[1].sql: ",
        "line 8, column 1: rules[1].actions[0]: the key path is missing",
    ];
    assert_eq!(places.len(), expected.len(), "{err}");
    for (told, expected) in places.iter().zip(expected) {
        assert!(told.starts_with(&format!("{}, {expected}", file.path())), "{told}\n  is not: {expected}");
    }
    let (code, _, err) = run(&["check", "--config", "/there/is/no/such/file.toml"]);
    assert!(code == 2 && err.contains("/there/is/no/such/file.toml cannot be read"), "{err}");
}
