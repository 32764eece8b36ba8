//! Half an hour of storms: memory stays flat, and what lwtop holds in the end is what the swarm knows to be true.

use super::process::Running;
use super::{broker, told};
use anyhow::{Context, Result};
use serde_json::Value;
use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const DEVICES: &str = "2000";
/// From here on memory has to stay as it is.
const SETTLED: Duration = Duration::from_secs(5 * 60);

/// How long; a shorter soak can be asked for while one works on it: `SOAK_MINUTES=8`.
fn minutes() -> Result<u64> {
    std::env::var("SOAK_MINUTES").map_or(Ok(30), |text| text.parse().context("SOAK_MINUTES is a number"))
}

/// What is known of a device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Known {
    there: bool,
    deaths: u64,
    wills: u64,
}

type Fleet = HashMap<String, Known>;

pub fn soak() -> Result<()> {
    let minutes = minutes()?;
    let mosquitto = broker()?;
    let behind = format!("mqtt://127.0.0.1:{}", mosquitto.port);
    // In front of the broker it sees how each one went, a clean leave too, which no subscriber can.
    let gateway =
        program(&["watch", "--upstream", &behind, "--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).spawn()?;
    let (mut gateway, door, state) = stream(gateway)?;
    let summary = program(&["watch", "--broker", &behind, "--summary"]).stdout(Stdio::null()).spawn()?;
    let summary = Running::new(summary);
    let folder = std::env::temp_dir().join(format!("lwtop-soak-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let list = folder.join("devices.jsonl");
    let swarm = program(&["swarm", "--broker", &format!("mqtt://{door}"), "--count", DEVICES])
        .args(["--storm", "200/5s", "--publish-every", "10s", "--json"])
        .args(["--for", &format!("{minutes}m"), "--per-device"])
        .arg(&list)
        .stdout(Stdio::piped())
        .spawn()?;
    let [mut settled, mut most] = [[0_u64; 3]; 2];
    let processes = [gateway.figures(), summary.figures(), super::process::Figures(swarm.id())];
    let mut swarm = Running::new(swarm);
    let (start, end) = (Instant::now(), Duration::from_secs(minutes * 60));
    while start.elapsed() < end {
        std::thread::sleep(Duration::from_secs(10));
        let time = start.elapsed();
        for (index, process) in processes.iter().enumerate() {
            let Ok(rss) = process.rss() else { continue };
            let slot = if time < SETTLED { &mut settled } else { &mut most };
            slot[index] = slot[index].max(rss);
        }
        eprint!("\r{:>5} s  RSS {settled:?} then {most:?} KiB", time.as_secs());
    }
    eprintln!();
    let mut output = String::new();
    let stdout = swarm.child().stdout.take().context("no output")?;
    std::io::Read::read_to_string(&mut BufReader::new(stdout), &mut output)?;
    swarm.child().wait()?;
    let account: Value = serde_json::from_str(&output).context("the swarm printed no summary")?;
    println!("the swarm: {}", account["wills"]);
    let missing = account["wills"]["lost"].as_f64().context("no number of lost wills")?;
    told("soak: wills lost", &format!("{missing}"), missing, 0.0);
    for (index, name) in ["watch --upstream", "watch --summary", "swarm"].iter().enumerate() {
        #[expect(clippy::cast_precision_loss, reason = "kilobytes")]
        let growth = most[index] as f64 / settled[index].max(1) as f64;
        let figure = format!("{} then {} KiB", settled[index], most[index]);
        told(&format!("soak: RSS of {name} after 5 minutes, against before"), &figure, growth, 1.05);
    }
    // What is on its way arrives.
    std::thread::sleep(Duration::from_secs(5));
    gateway.child().kill()?;
    let state = state.join().ok().context("the reader of the stream failed")?;
    let truth = truth(&std::fs::read_to_string(&list)?)?;
    std::fs::remove_dir_all(&folder)?;
    // The swarm's own link comes in through the gateway as well: two clients that are no devices of it.
    let strange = state.keys().filter(|id| !truth.contains_key(*id) && !id.starts_with("lwtop-")).count();
    let wrong = truth.iter().filter(|(id, there)| state.get(*id) != Some(there)).count() + strange;
    for (id, there) in truth.iter().filter(|(id, there)| state.get(*id) != Some(there)).take(10) {
        println!("{id}: {there:?}, and lwtop holds {:?}", state.get(id));
    }
    #[expect(clippy::cast_precision_loss, reason = "two thousand")]
    told(
        "soak: devices of which lwtop and the swarm disagree",
        &format!("{wrong} of {}", truth.len()),
        wrong as f64,
        0.0,
    );
    Ok(())
}

fn program(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lwtop"));
    command.env("LWTOP_CONFIG", "/dev/null").args(args).stdin(Stdio::null()).stderr(Stdio::null());
    command
}

/// Reads `lwtop watch`: where devices come in, and, when it has ended, what it said of each.
fn stream(mut child: Child) -> Result<(Running, String, JoinHandle<Fleet>)> {
    let mut lines = BufReader::new(child.stdout.take().context("no output")?).lines();
    let first: Value = serde_json::from_str(&lines.next().context("it ended at once")??)?;
    let door = first["address"].as_str().context("the first line names no address")?.to_owned();
    let reader = std::thread::spawn(move || {
        let mut fleet = Fleet::new();
        for line in lines.map_while(Result::ok) {
            let Ok(line) = serde_json::from_str::<Value>(&line) else { continue };
            let Some(device) = line["device"].as_str() else { continue };
            let known = fleet.entry(device.to_owned()).or_default();
            match line["event"].as_str() {
                Some("online") => known.there = true,
                Some("offline") => {
                    known.there = false;
                    known.deaths += 1;
                    known.wills += u64::from(line["will_sent"] == true);
                }
                _ => {}
            }
        }
        fleet
    });
    Ok((Running::new(child), door, reader))
}

/// What `--per-device` wrote.
fn truth(text: &str) -> Result<Fleet> {
    let mut fleet = Fleet::new();
    for line in text.lines() {
        let line: Value = serde_json::from_str(line)?;
        let number = |key: &str| line[key].as_u64().with_context(|| format!("no {key}: {line}"));
        let id = line["device"].as_str().with_context(|| format!("no device: {line}"))?;
        let known = Known { there: line["presence"] == "online", deaths: number("deaths")?, wills: number("wills")? };
        fleet.insert(id.to_owned(), known);
    }
    Ok(fleet)
}
