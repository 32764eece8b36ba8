//! The real binary without a screen: what it prints, and how it ends.

use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Instant;

#[path = "program/device.rs"]
mod device;
#[path = "support/mosquitto.rs"]
mod mosquitto;
#[path = "support/program.rs"]
mod program;
#[path = "support/sdk.rs"]
mod sdk;
use mosquitto::Mosquitto;
use program::{PATIENCE, Stream, lwtop, output, stderr};

#[test]
fn three_devices_are_json_lines_to_the_end() {
    let output = output(&["watch", "--listen", "127.0.0.1:0", "--devices", "3", "--for", "2s"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    assert_eq!(lines[0]["event"], "listening");
    assert_eq!(lines.iter().filter(|line| line["event"] == "online").count(), 3, "{text}");
    let hello = lines.iter().find(|line| line["event"] == "message").expect("a connected message");
    assert_eq!(hello["payload"], r#"{"message": "AWS IoT Thing connected message to IoT Core"}"#);
    assert_eq!((&hello["role"], &hello["qos"]), (&"connected".into(), &1.into()));
    for line in &lines {
        assert_eq!(line["time"].as_str().map(str::len), Some("2026-11-22T12:04:33.401Z".len()), "{line}");
    }
}

#[test]
fn a_summary_is_one_line_a_second_and_a_last_one() {
    let output = output(&["watch", "--listen", "127.0.0.1:0", "--devices", "3", "--for", "1500ms", "--summary"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    assert_eq!(lines.len(), 2, "{text}");
    for line in &lines {
        assert_eq!((&line["event"], &line["link"]), (&"summary".into(), &true.into()), "{line}");
        let numbers = ["devices", "online", "overdue", "offline", "unknown", "incidents", "turned_away", "dropped"];
        let numbers = numbers.map(|key| line[key].as_u64());
        assert_eq!(numbers, [3, 3, 0, 0, 0, 0, 0, 0].map(Some), "{line}");
        // Each has announced itself; presence events are nobody's here.
        assert_eq!(line["messages"], 3, "{line}");
        assert!(line["rate"].is_number(), "{line}");
    }
}

#[test]
fn a_cut_device_is_told_hop_by_hop() {
    let mut stream = Stream::start(&["watch", "--listen", "127.0.0.1:0"]);
    let url = stream.address();
    let device = output(&["device", "--broker", &url, "--id", "press-7", "--sleep", "200ms", "--fault", "rst"]);
    assert!(device.status.success(), "{}", stderr(&device));
    let offline = stream.event("offline", "press-7");
    assert_eq!(offline["cause"], "connection_lost");
    assert_eq!(offline["evidence"], "wire");
    assert_eq!(offline["will_sent"], true);
    assert_eq!(stream.event("rule", "press-7")["matched"], true);
    stream.event("executed", "press-7");
    let incident = stream.event("incident", "press-7");
    assert_eq!(incident["phase"], "complete");
    let hops: Vec<&str> = incident["hops"].as_object().expect("hops").keys().map(String::as_str).collect();
    assert_eq!(hops, ["cut", "detected", "will", "rule", "executed"]);
    let again = output(&["device", "--broker", &url, "--id", "press-7", "--sleep", "100ms", "--fault", "leave"]);
    assert!(again.status.success(), "{}", stderr(&again));
    let recovered = stream.wait("the recovery", |line| line["event"] == "incident" && line["phase"] == "recovered");
    assert!(recovered["hops"]["recovered"].as_f64() > recovered["hops"]["executed"].as_f64());
    let left = stream.wait("the clean leave", |line| line["cause"] == "client_initiated_disconnect");
    assert_eq!(left["will_sent"], false);
}

#[test]
fn a_second_client_with_the_same_id_takes_over() {
    let mut stream = Stream::start(&["watch", "--listen", "127.0.0.1:0"]);
    let url = stream.address();
    let device = output(&["device", "--broker", &url, "--id", "twin", "--sleep", "100ms", "--fault", "takeover"]);
    assert!(device.status.success(), "{}", stderr(&device));
    let offline = stream.event("offline", "twin");
    assert_eq!((&offline["cause"], &offline["will_sent"]), (&"session_taken_over".into(), &true.into()));
    let incident = stream.event("incident", "twin");
    assert!(incident["hops"]["recovered"].is_number(), "{incident}");
}

#[test]
fn a_device_that_is_told_to_end_says_how_it_goes() {
    let mut stream = Stream::start(&["watch", "--listen", "127.0.0.1:0"]);
    let url = stream.address();
    let mut device = lwtop(&["device", "--broker", &url, "--id", "brief", "--count", "2", "--sleep", "1h"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    stream.event("online", "brief");
    stream.event("online", "brief-2");
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(device.stdout.take().expect("its output")));
    let mut line = || lines.next().map(|line| line.expect("a text"));
    for _ in 0..2 {
        while !line().expect("it sleeps").contains("sleeping") {}
    }
    let pid = device.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().expect("kill").success());
    let said: Vec<_> = std::iter::from_fn(line).collect();
    for (said, id) in said.iter().zip(["brief", "brief-2"]) {
        assert!(said.starts_with(&format!("{id}: dying: ")), "{said}");
        assert!(said.ends_with("; the broker is to publish its will"), "{said}");
        assert_eq!(stream.event("offline", id)["will_sent"], true);
    }
    assert_eq!((said.len(), device.wait().expect("an exit status").code()), (2, Some(0)));
}

#[test]
fn silence_is_a_keep_alive_timeout() {
    let mut stream = Stream::start(&["watch", "--listen", "127.0.0.1:0"]);
    let url = stream.address();
    let mut device = lwtop(&["device", "--broker", &url, "--id", "mute", "--keep-alive", "2", "--sleep", "100ms"])
        .args(["--fault", "freeze"])
        .stdout(Stdio::null())
        .spawn()
        .expect("the program starts");
    let overdue = stream.event("overdue", "mute");
    let offline = stream.event("offline", "mute");
    assert_eq!(offline["cause"], "keep_alive_timeout");
    assert_eq!((&offline["evidence"], &offline["will_sent"]), (&"wire".into(), &true.into()));
    assert!(overdue["time"].as_str() < offline["time"].as_str());
    let _ = device.kill();
    let _ = device.wait();
}

#[test]
fn a_killed_mosquitto_sub_is_told_on_a_real_broker() {
    let Some(broker) = Mosquitto::start() else { return };
    let url = format!("mqtt://127.0.0.1:{}", broker.port);
    let mut stream = Stream::start(&["watch", "--broker", &url, "--rules"]);
    stream.wait("the link", |line| line["event"] == "link" && line["state"] == "up");
    let will = r#"{"state": {"reported": {"last_will": "yes", "trigger_action": "on", "client_id": "real-1"}}}"#;
    // It prints the retained message as soon as it is connected and subscribed.
    let port = broker.port.to_string();
    let ready = Command::new("mosquitto_pub").args(["-p", &port, "-t", "x", "-m", "ready", "-r"]).status();
    let Ok(ready) = ready else { return mosquitto::missing("mosquitto_sub (Debian: mosquitto-clients)") };
    assert!(ready.success());
    let mut device = Command::new("mosquitto_sub")
        .args(["-p", &port, "-i", "real-1", "-t", "x", "-k", "10"])
        .args(["--will-topic", "/last/will/topic", "--will-payload", will])
        .stdout(Stdio::piped())
        .spawn()
        .expect("mosquitto_sub");
    let mut line = String::new();
    BufReader::new(device.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
    assert_eq!(line, "ready\n");
    // Child::kill is SIGKILL.
    device.kill().expect("kill");
    device.wait().expect("an exit status");
    let message = stream.wait("the will", |line| line["role"] == "will");
    assert_eq!((&message["device"], &message["payload"]), (&"real-1".into(), &will.into()));
    let offline = stream.event("offline", "real-1");
    assert_eq!((&offline["evidence"], &offline["will_sent"]), (&"will".into(), &true.into()));
    assert_eq!(stream.event("rule", "real-1")["matched"], true);
    stream.event("executed", "real-1");
    let executed = stream.wait("the executed message", |line| line["role"] == "executed");
    assert_eq!(executed["payload"], will);
    assert_eq!(stream.event("incident", "real-1")["phase"], "complete");
}

#[test]
fn simulated_devices_live_on_a_real_broker() {
    let Some(broker) = Mosquitto::start() else { return };
    let url = format!("mqtt://127.0.0.1:{}", broker.port);
    let mut stream = Stream::start(&["watch", "--broker", &url, "--devices", "2"]);
    stream.event("online", "lwtThing");
    stream.event("online", "lwtThing-2");
    let hello = stream.wait("a connected message", |line| line["role"] == "connected");
    assert_eq!(hello["device"], Value::Null, "the article's message names nobody, and nobody is guessed");
    assert!(stream.terminate().success());
}

#[test]
fn a_broker_serves_until_a_signal() {
    let mut stream = Stream::start(&["broker", "--listen", "127.0.0.1:0"]);
    stream.address();
    assert!(stream.terminate().success());
}

#[test]
fn the_stream_ends_after_its_count() {
    let output = output(&["watch", "--listen", "127.0.0.1:0", "--devices", "3", "--count", "4"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(output.stdout.split(|byte| *byte == b'\n').count() - 1, 4);
}

#[test]
fn bad_input_is_one_clear_sentence() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let busy = taken.local_addr().expect("an address").to_string();
    let free = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.local_addr().expect("an address")
    };
    let unreachable = format!("mqtt://{free}");
    for (args, code, wanted) in [
        (vec!["watch", "--listen", &busy], 1, vec![busy.as_str(), "--listen"]),
        (vec!["watch", "--broker", "http://example"], 2, vec!["http://", "mqtt://"]),
        (
            vec!["watch", "--broker", &unreachable],
            1,
            vec![unreachable.trim_start_matches("mqtt://"), "refused", "--broker"],
        ),
        (vec!["device", "--broker", &unreachable, "--sleep", "1s"], 1, vec!["refused"]),
        (vec!["watch", "--will-topic", "a/#/b"], 2, vec!["--will-topic", "a/#/b", "last level"]),
        (vec!["watch", "--executed-topic", "a/+"], 2, vec!["a/+", "wildcard"]),
        (vec!["watch", "--config", "no/such/file.toml"], 2, vec!["no/such/file.toml"]),
        (vec!["broker", "--listen", "127.0.0.1:0", "--users", "no/such/file"], 2, vec!["--users", "no/such/file"]),
        (
            vec!["broker", "--listen", "127.0.0.1:0", "--tls-listen", "127.0.0.1:0", "--certs", "no/such/folder"],
            2,
            vec!["--certs", "no/such/folder"],
        ),
        (vec!["watch", "--for", "soon"], 2, vec!["soon", "30s"]),
        (vec!["device", "--fault", "explode"], 2, vec!["explode", "leave-with-will"]),
        (vec!["device", "--fault", "leave-with-will"], 2, vec!["MQTT 5"]),
        (vec!["watch", "--listen", "127.0.0.1:0", "--devices", "1000000"], 1, vec!["1 000 000", "do not fit"]),
        (
            vec!["watch", "--listen", "127.0.0.1:0", "--devices", "999999999"],
            2,
            vec!["--devices", "999999999", "1000000"],
        ),
        (vec!["device", "--fault", "kick"], 2, vec!["kicked", "rst"]),
        (vec!["watch", "--listen", "host:1"], 2, vec!["an IP address and a port are expected"]),
        (vec![], 2, vec!["terminal", "lwtop watch"]),
        (vec!["lesson"], 2, vec!["terminal", "lwtop play"]),
    ] {
        let output = output(&args);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {said}");
        for part in wanted {
            assert!(said.contains(part), "{args:?} should say {part:?}, and says: {said}");
        }
        assert!(output.stdout.is_empty(), "{args:?}");
        assert!(!said.contains("panicked"), "{said}");
    }
}

#[test]
fn a_reader_that_does_not_read_does_not_keep_it_from_ending() {
    let mut child = lwtop(&["watch", "--listen", "127.0.0.1:0", "--devices", "400"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    // More than a pipe holds: one line is read, the others pile up.
    let mut first = String::new();
    let mut reader = BufReader::with_capacity(64, child.stdout.take().expect("its output"));
    reader.read_line(&mut first).expect("a line");
    let pid = child.id().to_string();
    let until = Instant::now() + PATIENCE;
    assert!(Command::new("kill").args(["-TERM", &pid]).status().expect("kill").success());
    while child.try_wait().expect("its state").is_none() {
        assert!(Instant::now() < until, "SIGTERM was not heard");
        std::thread::yield_now();
    }
}

#[test]
fn a_scenario_is_played_and_its_expectations_are_the_exit_code() {
    let played = output(&["play", "leave-or-cut", "--format", "json"]);
    assert_eq!(played.status.code(), Some(0), "{}", stderr(&played));
    let text = String::from_utf8(played.stdout).expect("UTF-8");
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    assert_eq!((&lines[0]["event"], &lines[0]["name"]), (&"scenario".into(), &"leave-or-cut".into()));
    assert_eq!(lines[1]["event"], "say");
    assert!(lines.iter().any(|line| line["event"] == "did" && line["step"] == 2));
    let end = lines.last().expect("an end");
    assert_eq!((&end["event"], &end["met"], &end["not_met"]), (&"end".into(), &4.into(), &0.into()));

    let file = std::env::temp_dir().join(format!("lwtop-scenario-{}.toml", std::process::id()));
    let steps = "title = 'wrong'\nsummary = 'a clean leave sends a will'\n[[steps]]\nlaunch = 'a'\n\
                 [[steps]]\nwait = 'a'\npresence = 'online'\n[[steps]]\nfault = 'leave'\ndevice = 'a'\n\
                 [[steps]]\nexpect = 'a'\nwill = true\nwithin = '300ms'\n";
    std::fs::write(&file, steps).expect("a file");
    let path = file.to_str().expect("a path");
    let played = output(&["play", path]);
    let text = String::from_utf8(played.stdout).expect("UTF-8");
    assert_eq!(played.status.code(), Some(1), "{text}");
    for part in ["✔ a: online", "→ a: leave", "✖ step 4: a: its will is published", "1 expectation met, 1 not."] {
        assert!(text.contains(part), "{part:?} in {text}");
    }
    std::fs::write(&file, format!("{steps}withn = '1s'\n")).expect("a file");
    let refused = output(&["play", path]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("did you mean within?") && refused.stdout.is_empty(), "{}", stderr(&refused));
    std::fs::remove_file(&file).expect("it is there");

    // Said before anything is tried: nobody listens there.
    let refused = output(&["play", "article", "--broker", "mqtt://127.0.0.1:9"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("lwtop runs none on this broker: add --rules"), "{}", stderr(&refused));

    for (args, wanted) in [(["play", "--list"], "takeover"), (["play", "nothing"], "leave-or-cut")] {
        let output = output(&args);
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &stderr(&output);
        assert!(said.contains(wanted), "{args:?}: {said}");
    }
    assert!(String::from_utf8_lossy(&output(&["play", "takeover", "--print"]).stdout).contains("fault = \"takeover\""));
}

#[test]
fn a_swarm_counts_its_wills_and_says_so() {
    let args = ["swarm", "--listen", "127.0.0.1:0", "--count", "30", "--for", "0s", "--fault", "rst"];
    let file = std::env::temp_dir().join(format!("lwtop-swarm-{}.jsonl", std::process::id()));
    let result = lwtop(&args).args(["--json", "--per-device"]).arg(&file).output().expect("the program starts");
    assert_eq!(result.status.code(), Some(0), "{}", stderr(&result));
    let summary: Value = serde_json::from_slice(&result.stdout).expect("one object");
    assert_eq!((&summary["wills"]["expected"], &summary["wills"]["received"]), (&30.into(), &30.into()));
    assert_eq!((&summary["presence"]["offline"], &summary["exactly_once"]), (&30.into(), &true.into()));
    let lines = std::fs::read_to_string(&file).expect("a line for each device");
    std::fs::remove_file(&file).expect("its own file");
    assert_eq!(lines.lines().count(), 30);
    let last: Value = serde_json::from_str(lines.lines().last().unwrap()).expect("an object a line");
    assert_eq!((&last["device"], &last["wills"]), (&"lwtThing-30".into(), &1.into()));
    for phase in ["starting", "launching", "ending"] {
        let told = stderr(&result).lines().filter(|line| line.starts_with(&format!("lwtop: {phase}"))).count();
        assert_eq!(told, 1, "{phase}: {}", stderr(&result));
    }

    let large = output(&["swarm", "--listen", "127.0.0.1:0", "--count", "1000000"]);
    assert_eq!(large.status.code(), Some(1));
    assert!(stderr(&large).contains("1 000 000") && stderr(&large).contains("launch fewer"), "{}", stderr(&large));
    for args in [["--storm", "often"], ["--fault", "kick"], ["--fault", "leave-with-will"], ["--count", "0"]] {
        let wrong = output(&[&["swarm"], &args[..]].concat());
        assert_eq!(wrong.status.code(), Some(2), "{args:?}: {}", stderr(&wrong));
    }
}

/// The pipe is full before it begins, and nobody reads it.
#[cfg(target_os = "linux")]
#[test]
fn a_pipe_for_errors_that_nobody_reads_stops_nothing() {
    let (_reader, mut pipe) = std::io::pipe().expect("a pipe");
    // As much as a pipe holds.
    std::io::Write::write_all(&mut pipe, &vec![b'x'; 64 * 1024]).expect("it takes that much");
    let args = ["swarm", "--listen", "127.0.0.1:0", "--count", "5", "--for", "0s", "--json"];
    let mut child = lwtop(&args).stderr(pipe).stdout(Stdio::piped()).spawn().expect("the program starts");
    let until = Instant::now() + PATIENCE;
    while child.try_wait().expect("its state").is_none() {
        if Instant::now() > until {
            let _ = child.kill();
            panic!("it waits for a reader");
        }
        std::thread::yield_now();
    }
    let summary: Value = serde_json::from_reader(child.stdout.take().expect("its output")).expect("one object");
    assert_eq!(summary["exactly_once"], true, "{summary}");
}

#[test]
fn every_mistake_of_the_interface_is_told_at_once() {
    let file = std::env::temp_dir().join(format!("lwtop-mistakes-{}.toml", std::process::id()));
    std::fs::write(&file, "[interface]\ntheme = 'pink'\n[keys]\nbogus = 'y'\nquit = 'x'\n[topics]\nwill = 'a/#/b'\n")
        .expect("a file");
    let path = file.display().to_string();
    for args in [&["config", "show", "--config", &*path][..], &["--config", &path]] {
        let output = output(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        let said = stderr(&output);
        let lines: Vec<&str> = said.lines().collect();
        let wanted =
            ["line 2, column 9: interface.theme: ", "line 4, column 9: keys.bogus: ", "keys.quit: ", "topics.will: "];
        assert_eq!(lines.len(), wanted.len(), "{said}");
        for (line, wanted) in lines.iter().zip(wanted) {
            assert!(line.starts_with("error: ") && line.contains(wanted), "{wanted} is not in {line}");
        }
    }
    std::fs::remove_file(&file).expect("to be removed");
}

#[test]
fn wrong_keys_and_themes_are_told_at_the_start() {
    let file = std::env::temp_dir().join(format!("lwtop-keys-{}.toml", std::process::id()));
    std::fs::write(&file, "[keys]\nmark = ['entr', 'x']\nlunch-one = 'L'\n").expect("a file");
    let output = output(&["--config", &file.display().to_string()]);
    assert_eq!(output.status.code(), Some(2));
    let said = stderr(&output);
    for wanted in [
        "line 2, column 8: keys.mark: there is no key \"entr\"; did you mean enter?",
        "keys.mark: the key \"x\" does ask-death already among the devices: give ask-death another key",
        "line 3, column 13: keys.lunch-one: there is no action lunch-one; did you mean launch-one?",
    ] {
        assert!(said.contains(wanted), "{wanted} is not in {said}");
    }
    std::fs::write(&file, "bold = 'red'\n").expect("a file");
    let output = self::output(&["--theme", &file.display().to_string()]);
    let said = stderr(&output);
    assert!(output.status.code() == Some(2) && said.contains("--theme: "), "{said}");
    assert!(said.contains("line 1: there is no key bold in a theme"), "{said}");
    std::fs::remove_file(&file).expect("to be removed");
}
