//! From the socket into the state, and to standard output.

use super::feed::{FILTER, Feed};
use super::process::Running;
use super::{ROUNDS, bare, broker, told};
use anyhow::{Context, Result, bail};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

/// Messages a second: a busy broker.
const RATE: usize = 40_000;
/// And as fast as one Mosquitto hands them on.
const FLOOD: usize = 250_000;
const MESSAGES: usize = 400_000;

/// `lwtop watch` on this broker, in the fleet's topics.
pub fn watch(port: u16, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lwtop"));
    let url = format!("mqtt://127.0.0.1:{port}");
    // No configuration of whoever runs the bench.
    command.env("LWTOP_CONFIG", "/dev/null");
    command.args(["watch", "--broker", &url, "--connected-topic", FILTER, "--will-topic", "will/+"]).args(more);
    command.stdin(Stdio::null()).stderr(Stdio::null());
    command
}

/// `lwtop watch --summary`, and the number of messages that it said last.
pub struct Summary {
    pub program: Running,
    messages: Arc<AtomicU64>,
}

impl Summary {
    pub fn start(port: u16) -> Result<Self> {
        let mut child = watch(port, &["--summary"]).stdout(Stdio::piped()).spawn()?;
        let lines = BufReader::new(child.stdout.take().context("no output")?).lines();
        let messages = Arc::new(AtomicU64::new(0));
        let (up, is_up) = mpsc::channel();
        let said = Arc::clone(&messages);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let Ok(line) = serde_json::from_str::<serde_json::Value>(&line) else { continue };
                said.store(line["messages"].as_u64().unwrap_or_default(), Ordering::Relaxed);
                if line["link"] == true {
                    // Only the first one is waited for.
                    let _ = up.send(());
                }
            }
        });
        is_up.recv_timeout(Duration::from_secs(10)).context("lwtop's link did not come up")?;
        Ok(Self { program: Running::new(child), messages })
    }

    /// Waits until it has said that many.
    pub fn heard(&self, count: u64) -> Result<()> {
        let end = Instant::now() + Duration::from_secs(30);
        while self.messages.load(Ordering::Relaxed) < count {
            if Instant::now() > end {
                bail!("{} of {count} messages arrived", self.messages.load(Ordering::Relaxed));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}

/// Processor time a message, after each topic was heard once.
fn cost(port: u16, topics: usize, rate: usize, program: &Running) -> Result<Duration> {
    let mut feed = Feed::connect(port, topics, false)?;
    let figures = program.figures();
    figures.settle()?;
    feed.publish(topics, RATE)?;
    figures.settle()?;
    let before = figures.cpu()?;
    feed.publish(MESSAGES, rate)?;
    figures.settle()?;
    Ok(figures.cpu_since(before)? / u32::try_from(MESSAGES)?)
}

/// Link to state, against the bare loop.
pub fn ingest() -> Result<()> {
    for (topics, rate, bar) in [(1_000, RATE, 1.5), (100_000, RATE, 2.0), (1_000, FLOOD, 1.5), (100_000, FLOOD, 2.0)] {
        let (mut ours, mut theirs, mut rss) = (Duration::MAX, Duration::MAX, 0);
        for _ in 0..ROUNDS {
            let mosquitto = broker()?;
            let summary = Summary::start(mosquitto.port)?;
            ours = ours.min(cost(mosquitto.port, topics, rate, &summary.program)?);
            summary.heard((topics + MESSAGES) as u64)?;
            rss = rss.max(summary.program.figures().rss()?);
            drop(summary);
            let program = bare::spawn(mosquitto.port)?;
            theirs = theirs.min(cost(mosquitto.port, topics, rate, &program)?);
        }
        let ratio = ours.as_secs_f64() / theirs.as_secs_f64();
        let figure = format!("{ours:.2?} / {theirs:.2?} = {ratio:.2}");
        told(&format!("link to state, {topics} topics, {rate}/s, against bare rumqttc"), &figure, ratio, bar);
        if topics == 100_000 {
            #[expect(clippy::cast_precision_loss, reason = "kilobytes")]
            let megabytes = rss as f64 / 1024.0;
            told("RSS that watches 100 000 devices", &format!("{megabytes:.1} MB"), megabytes, 60.0);
        }
    }
    Ok(())
}

/// Every line to /dev/null, against `mosquitto_sub -v`: at a pace, and with both as busy as they can be.
pub fn stream() -> Result<()> {
    const TOPICS: usize = 1_000;
    for rate in [FLOOD, RATE] {
        let (mut ours, mut theirs) = (Duration::MAX, Duration::MAX);
        for _ in 0..ROUNDS {
            let mosquitto = broker()?;
            let port = mosquitto.port.to_string();
            let child = watch(mosquitto.port, &[]).stdout(Stdio::null()).spawn()?;
            ours = ours.min(cost(mosquitto.port, TOPICS, rate, &Running::new(child))?);
            let mut sub = Command::new("mosquitto_sub");
            sub.args(["-h", "127.0.0.1", "-p", &port, "-t", FILTER, "-v"]).stdin(Stdio::null()).stdout(Stdio::null());
            let sub = Running::new(sub.spawn().context("mosquitto_sub")?);
            theirs = theirs.min(cost(mosquitto.port, TOPICS, rate, &sub)?);
        }
        let ratio = ours.as_secs_f64() / theirs.as_secs_f64();
        let figure = format!("{ours:.2?} / {theirs:.2?} = {ratio:.2}");
        told(&format!("every line to /dev/null, {rate}/s, against mosquitto_sub -v"), &figure, ratio, 0.6);
    }
    Ok(())
}

/// What a broker keeps comes all at once.
pub fn retained() -> Result<()> {
    const KEPT: usize = 100_000;
    let mosquitto = broker()?;
    let mut feed = Feed::connect(mosquitto.port, KEPT, true)?;
    feed.publish(KEPT, RATE)?;
    let summary = Summary::start(mosquitto.port)?;
    let got = summary.heard(KEPT as u64).map_or_else(|error| error.to_string(), |()| "all arrived".to_owned());
    let lost = KEPT as u64 - summary.messages.load(Ordering::Relaxed).min(KEPT as u64);
    #[expect(clippy::cast_precision_loss, reason = "a hundred thousand")]
    told("100 000 retained messages at subscribe, lost", &got, lost as f64, 0.0);
    Ok(())
}
