//! lwtop as it is started by a person, under load, beside the bare programs that do the same work, alternated, best of
//! three:
//!
//! ```text
//! cargo bench --bench load                 every row but the soak: about six minutes
//! cargo bench --bench load -- ingest idle  these rows only
//! cargo bench --bench load -- soak         half an hour
//! ```
//!
//! Every program that is measured runs in a process of its own, on a Mosquitto of its own; what counts is the processor
//! time of that process for each message, or its memory. The messages come from this process, at a steady pace.

#[path = "../../tests/support/mosquitto.rs"]
mod mosquitto;
#[path = "../../tests/support/raw.rs"]
mod raw;

mod bare;
mod feed;
mod ingest;
mod process;
mod screen;
mod soak;
mod start;

use anyhow::{Context, Result, bail};
use mosquitto::Mosquitto;

/// Rounds of which the best counts.
const ROUNDS: usize = 3;

type Row = (&'static str, fn() -> Result<()>);

const ROWS: [Row; 7] = [
    ("ingest", ingest::ingest),
    ("stream", ingest::stream),
    ("screen", screen::screen),
    ("keys", screen::keys),
    ("retained", ingest::retained),
    ("idle", screen::idle),
    ("start", start::start),
];

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let Some("bare") = args.first().map(String::as_str) {
        return bare::run(&args[1..]);
    }
    // `cargo test --benches` runs every bench without `--bench`: nothing to test here.
    if !args.iter().any(|arg| arg == "--bench") {
        return Ok(());
    }
    rlimit::increase_nofile_limit(u64::MAX)?;
    let wanted: Vec<&String> = args.iter().filter(|arg| *arg != "--bench").collect();
    for name in &wanted {
        if *name != "soak" && ROWS.iter().all(|(row, _)| row != name) {
            let rows: Vec<&str> = ROWS.iter().map(|(row, _)| *row).collect();
            bail!("there is no row {name}: there are {} and soak", rows.join(", "));
        }
    }
    for (name, row) in ROWS {
        if wanted.is_empty() || wanted.iter().any(|wanted| *wanted == name) {
            row().with_context(|| format!("the row {name}"))?;
        }
    }
    if wanted.iter().any(|wanted| *wanted == "soak") {
        soak::soak()?;
    }
    Ok(())
}

fn broker() -> Result<Mosquitto> {
    Mosquitto::start().context("this bench needs mosquitto")
}

/// Prints a figure, its bar, and whether it is met.
fn told(what: &str, figure: &str, value: f64, bar: f64) {
    let verdict = if value <= bar { "met" } else { "MISSED" };
    println!("{what:<64} {figure:>34}   bar {bar:>6}: {verdict}");
}
