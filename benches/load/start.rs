//! How long the first frame takes, against `true`; and how large the program is that is handed out.

use super::told;
use anyhow::{Context, Result, bail};
use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use std::io::Read;
use std::time::{Duration, Instant};

const RUNS: usize = 40;

pub fn start() -> Result<()> {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        theirs.push(run(CommandBuilder::new("true"), None)?);
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_lwtop"));
        command.args(["--listen", "127.0.0.1:0"]);
        command.env("TERM", "xterm-256color");
        command.env("LWTOP_CONFIG", "/dev/null");
        // The footer is the last line of a frame.
        ours.push(run(command, Some("quit"))?);
    }
    ours.sort();
    theirs.sort();
    let (ours, theirs) = (ours[RUNS / 2], theirs[RUNS / 2]);
    let ratio = ours.as_secs_f64() / theirs.as_secs_f64();
    told("first frame, against running true", &format!("{ours:.2?} / {theirs:.2?} = {ratio:.2}"), ratio, 1.5);
    size()
}

/// From the start until `word` was written, or until it ends.
fn run(command: CommandBuilder, word: Option<&str>) -> Result<Duration> {
    let pair = native_pty_system().openpty(PtySize { rows: 36, cols: 120, ..PtySize::default() })?;
    let mut output = pair.master.try_clone_reader()?;
    let begin = Instant::now();
    let mut child = pair.slave.spawn_command(command)?;
    drop(pair.slave);
    let Some(word) = word else {
        child.wait()?;
        return Ok(begin.elapsed());
    };
    let (mut seen, mut bytes) = (Vec::new(), [0; 4_096]);
    loop {
        let read = output.read(&mut bytes)?;
        if read == 0 {
            bail!("it ended before its first frame");
        }
        seen.extend_from_slice(&bytes[..read]);
        if String::from_utf8_lossy(&seen).contains(word) {
            break;
        }
    }
    let time = begin.elapsed();
    child.kill()?;
    child.wait()?;
    Ok(time)
}

/// The program of `cargo build --profile dist`, where it was built.
fn size() -> Result<()> {
    let target = std::path::Path::new(env!("CARGO_BIN_EXE_lwtop")).ancestors().nth(2).context("no target folder")?;
    let Ok(file) = target.join("dist/lwtop").metadata() else {
        println!("size: cargo build --profile dist was not run");
        return Ok(());
    };
    #[expect(clippy::cast_precision_loss, reason = "some megabytes")]
    let megabytes = file.len() as f64 / f64::from(1 << 20);
    told("stripped dist program", &format!("{megabytes:.1} MB"), megabytes, 14.0);
    Ok(())
}
