//! `command`. A shell is only ever the program under test.

use super::scene::{ARTICLE, Folder, PATIENCE, Scene, death, in_another_process, inside};
use lwtop::rules::{Command, Email, Kind, MailSecurity, Secret};
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::time::Duration;
use tokio::time::timeout;

fn kind(argv: &[&str]) -> Kind {
    Kind::Command(Command { argv: argv.iter().map(|argument| argument.parse().unwrap()).collect() })
}

fn shell(script: &str, path: &Path) -> Kind {
    kind(&["sh", "-c", script, path.to_str().unwrap()])
}

fn pipe(path: &Path) {
    assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[tokio::test]
async fn hostile_text_arrives_unharmed() {
    let folder = Folder::new("hostile");
    let (argument, input, environment) = (folder.join("argument"), folder.join("input"), folder.join("environment"));
    let hostile = "$(touch x) `touch y`; touch z & 'single' \"double\" \\ * ~ %s\n-n \u{fc}\u{202e}";
    let payload = serde_json::json!({ "name": hostile }).to_string();
    let script =
        "cd \"$0\" && printf '%s' \"$1\" > argument && printf '%s' \"$LWTOP_DEVICE\" > environment && cat > input";
    let mut scene = Scene::with(kind(&["sh", "-c", script, folder.join("").to_str().unwrap(), "${name}"]));
    let report = scene.outcome(death(hostile, payload.as_bytes())).await;
    assert_eq!((report.failure, report.attempts), (None, 1));
    let read = |path| std::fs::read_to_string(path).unwrap();
    assert_eq!((read(argument).as_str(), read(environment).as_str()), (hostile, hostile));
    assert_eq!(read(input), payload);
    assert_eq!(folder.names(), ["argument", "environment", "input"]);
}

#[tokio::test]
async fn the_environment_tells_of_the_death() {
    let folder = Folder::new("environment");
    let path = folder.join("out");
    let script = "exec > \"$0\"; printf '%s|' \"$LWTOP_RULE\" \"$LWTOP_DEVICE\" \"$LWTOP_CAUSE\" \"$LWTOP_TOPIC\" \
                  \"$LWTOP_TIME\"; printenv LWTOP_INCIDENT || echo unset; test -n \"$HOME$PATH\" && echo inherited";
    let mut scene = Scene::with(shell(script, &path));
    for (job, wanted) in [
        (
            death("a\0b", ARTICLE),
            "lastWillRule|ab|connection_lost|/last/will/topic|2019-11-06T01:03:50.760Z|7\ninherited\n",
        ),
        (
            lwtop::actions::Job { incident: None, ..death("lwtThing", ARTICLE) },
            "lastWillRule|lwtThing|connection_lost|/last/will/topic|2019-11-06T01:03:50.760Z|unset\ninherited\n",
        ),
    ] {
        assert_eq!(scene.outcome(job).await.failure, None);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), wanted);
    }
}

#[test]
fn a_program_gets_no_secrets_of_other_actions() {
    if inside() {
        return tokio::runtime::Runtime::new().unwrap().block_on(only_what_is_no_secret());
    }
    let environment = [
        ("LWTOP_TEST_MAIL_PASSWORD", "hunter2"),
        ("AWS_SECRET_ACCESS_KEY", "hunter2"),
        ("AWS_SESSION_TOKEN", "hunter2"),
        ("AWS_REGION", "eu-central-1"),
    ];
    in_another_process("command::a_program_gets_no_secrets_of_other_actions", &environment);
}

async fn only_what_is_no_secret() {
    let folder = Folder::new("secrets");
    let path = folder.join("out");
    let mail = Kind::Email(Box::new(Email {
        from: "lwtop@localhost".to_owned(),
        to: vec!["a@localhost".to_owned()],
        subject: None,
        body: None,
        host: "localhost".to_owned(),
        port: None,
        security: MailSecurity::None,
        user: Some("lwtop".to_owned()),
        password: Some(Secret::Environment("LWTOP_TEST_MAIL_PASSWORD".to_owned())),
    }));
    let mut scene = Scene::beside(shell("env > \"$0\"", &path), mail);
    assert_eq!(scene.outcome(death("lwtThing", ARTICLE)).await.failure, None);
    let environment = std::fs::read_to_string(&path).unwrap();
    assert!(environment.contains("AWS_REGION=eu-central-1\n"), "{environment}");
    assert!(!environment.contains("hunter2"), "{environment}");
}

#[tokio::test]
async fn failures_are_told_in_a_sentence() {
    let folder = Folder::new("failures");
    let plain = folder.join("plain");
    std::fs::write(&plain, "no program").unwrap();
    let plain = plain.to_str().unwrap();
    let not_executable = format!("{plain} may not be run: ");
    for (argv, payload, wanted) in [
        (
            &["lwtop-no-such-program"][..],
            ARTICLE,
            "there is no program lwtop-no-such-program; install it, or name it with",
        ),
        (&[plain], ARTICLE, &not_executable),
        (&["sh", "-c", "exit 3"], ARTICLE, "sh ended with code 3"),
        (
            &["sh", "-c", "echo no >&2; echo such host >&2; echo >&2; exit 1"],
            ARTICLE,
            "sh ended with code 1: such host",
        ),
        (&["sh", "-c", "kill -9 $$"], ARTICLE, "sh was ended by signal 9"),
        (&["true", "${state.name}"], ARTICLE, "${state.name} is Undefined for this message"),
        (&["true", "${name}"], br#"{"name": "a\u0000b"}"#, "${name} gives a NUL byte for this message"),
    ] {
        let failure = Scene::with(kind(argv)).failure(death("lwtThing", payload)).await;
        assert!(failure.starts_with(wanted), "{argv:?}: {failure}");
    }
}

#[tokio::test]
async fn pipes_hold_nobody_up() {
    let folder = Folder::new("pipes");
    let held = folder.join("held");
    pipe(&held);
    let mut large = vec![b' '; 4 << 20];
    large.push(b'1');
    // One reads nothing, one prints more than a pipe holds before it reads.
    for script in ["exit 0", "head -c 4000000 /dev/zero; head -c 4000000 /dev/zero >&2; cat > /dev/null"] {
        let report = Scene::with(kind(&["sh", "-c", script])).outcome(death("lwtThing", &large)).await;
        assert_eq!(report.failure, None, "{script}");
    }
    // One leaves somebody behind who holds the outputs open until it is let go, after the report.
    let report = Scene::with(shell("cat \"$0\" & exit 0", &held)).outcome(death("lwtThing", ARTICLE)).await;
    assert_eq!(report.failure, None);
    let let_go = tokio::task::spawn_blocking(move || {
        std::fs::OpenOptions::new().write(true).open(held).unwrap().write_all(b"go").unwrap();
    });
    timeout(PATIENCE, let_go).await.expect("nobody was left").unwrap();
}

#[tokio::test]
async fn a_program_that_takes_too_long_is_ended_with_all_that_it_started() {
    let folder = Folder::new("long");
    let path = folder.join("held");
    pipe(&path);
    // The pipe ends for its reader when the last one who can write to it has gone.
    let ended = tokio::task::spawn_blocking({
        let path = path.clone();
        move || std::fs::File::open(path).unwrap().read_to_end(&mut Vec::new()).unwrap()
    });
    let kind = shell("exec > \"$0\"; sleep 600 & sleep 600", &path);
    let mut scene = Scene::paced(kind, |pace| pace.timeout = Duration::from_secs(3));
    assert_eq!(scene.failure(death("lwtThing", ARTICLE)).await, "it had not ended after 3 s and was killed");
    timeout(PATIENCE, ended).await.expect("somebody is left").unwrap();
}
