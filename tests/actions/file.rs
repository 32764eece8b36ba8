//! `file`.

use super::scene::{ARTICLE, Folder, Scene, death};
use lwtop::rules::{File, Kind};
use serde_json::{Value, json};
use std::path::PathBuf;

fn kind(path: PathBuf) -> Kind {
    Kind::File(File { path })
}

fn lines(path: &PathBuf) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.ends_with('\n'));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn one_line_for_each_event() {
    let folder = Folder::new("lines");
    // Taken literally: no shell, no home.
    let path = folder.join("~$HOME.jsonl");
    let mut scene = Scene::with(kind(path.clone()));
    assert_eq!(scene.outcome(death("lwtThing", ARTICLE)).await.failure, None);
    let mut other = death("a\nb\"", b"\xff\x00no text");
    (other.facts.cause, other.facts.fault, other.incident) = (None, None, None);
    assert_eq!(scene.outcome(other).await.failure, None);
    let article: Value = serde_json::from_slice(ARTICLE).unwrap();
    let wanted = [
        json!({
            "time": "2019-11-06T01:03:50.760Z", "rule": "lastWillRule", "device": "lwtThing", "cause": "connection_lost",
            "fault": "rst", "topic": "/last/will/topic", "payload": std::str::from_utf8(ARTICLE).unwrap(),
            "result": article, "incident": 7, "hops": { "cut": 0.0, "will": 3.1 },
        }),
        json!({
            "time": "2019-11-06T01:03:50.760Z", "rule": "lastWillRule", "device": "a\nb\"", "cause": null,
            "topic": "/last/will/topic", "payload": "\\xff\\x00no text", "payload_escaped": true, "payload_bytes": 9,
            "result": "\\xff\\x00no text", "incident": null, "hops": { "cut": 0.0, "will": 3.1 },
        }),
    ];
    assert_eq!(lines(&path), wanted);
    // Deleted meanwhile: it is made anew.
    std::fs::remove_file(&path).unwrap();
    assert_eq!(scene.outcome(death("lwtThing", b"")).await.failure, None);
    assert_eq!(lines(&path)[0]["result"], Value::Null);
}

#[tokio::test]
async fn ten_thousand_events_are_ten_thousand_lines_in_order() {
    let folder = Folder::new("burst");
    let path = folder.join("deaths.jsonl");
    let mut scene = Scene::with(kind(path.clone()));
    for number in 0..10_000 {
        scene.submit(death(&format!("d-{number}"), ARTICLE));
    }
    for _ in 0..10_000 {
        assert_eq!(scene.report().await.failure, None);
    }
    let devices: Vec<_> = lines(&path).into_iter().map(|line| line["device"].as_str().unwrap().to_owned()).collect();
    assert_eq!(devices, (0..10_000).map(|number| format!("d-{number}")).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_is_wrong_with_a_path_is_said() {
    let folder = Folder::new("wrong");
    for (path, wanted) in [("none/deaths.jsonl", "make it, or name another path"), (".", "name a file in it")] {
        let path = folder.join(path);
        let failure = Scene::with(kind(path.clone())).failure(death("lwtThing", ARTICLE)).await;
        let told = failure.contains(&path.display().to_string()) && failure.ends_with(wanted);
        assert!(told, "{failure}");
    }
    assert_eq!(folder.names(), [""; 0]);
}
