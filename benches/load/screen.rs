//! The interface on a terminal of its own.

use super::feed::{FILTER, Feed};
use super::process::Figures;
use super::{ROUNDS, broker, told};
use anyhow::{Context, Result, bail};
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::io::{Read, Write};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A program on a terminal; of what it writes, what came since the last key is kept.
pub struct OnTerminal {
    child: Box<dyn Child + Send + Sync>,
    _master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    screen: Arc<(Mutex<Vec<u8>>, Condvar)>,
}

impl OnTerminal {
    pub fn start(args: &[&str]) -> Result<Self> {
        let size = PtySize { rows: 36, cols: 120, ..PtySize::default() };
        let pair = native_pty_system().openpty(size)?;
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_lwtop"));
        command.args(args);
        command.env("TERM", "xterm-256color");
        command.env("LWTOP_CONFIG", "/dev/null");
        let child = pair.slave.spawn_command(command)?;
        let mut output = pair.master.try_clone_reader()?;
        let screen = Arc::new((Mutex::new(Vec::new()), Condvar::new()));
        let written = Arc::clone(&screen);
        std::thread::spawn(move || {
            let mut bytes = vec![0; 65_536];
            while let Ok(read @ 1..) = output.read(&mut bytes) {
                let (kept, news) = &*written;
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                // No frame is as long: what nobody waits for is forgotten.
                if kept.len() > 1 << 20 {
                    kept.clear();
                }
                kept.extend_from_slice(&bytes[..read]);
                news.notify_all();
            }
        });
        Ok(Self { child, keys: pair.master.take_writer()?, _master: pair.master, screen })
    }

    /// Presses a key, and says how long it took until `word` was written.
    fn press(&mut self, key: &str, word: &str) -> Result<Duration> {
        let (kept, news) = &*self.screen;
        kept.lock().unwrap_or_else(PoisonError::into_inner).clear();
        let start = Instant::now();
        self.keys.write_all(key.as_bytes())?;
        self.keys.flush()?;
        let kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        let missing = |kept: &mut Vec<u8>| !String::from_utf8_lossy(kept).contains(word);
        let (_kept, waited) =
            news.wait_timeout_while(kept, Duration::from_secs(5), missing).unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() {
            bail!("{word} was not written");
        }
        Ok(start.elapsed())
    }

    pub fn figures(&self) -> Result<Figures> {
        Ok(Figures(self.child.process_id().context("it has ended")?))
    }
}

impl Drop for OnTerminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// 100 000 topics at 10 000 messages a second.
pub fn screen() -> Result<()> {
    const TOPICS: usize = 100_000;
    const MESSAGES: usize = 100_000;
    /// mqttui at the same, on two cores: 124 µs a message.
    const PEER: f64 = 124.0;
    let mut best = Duration::MAX;
    for _ in 0..ROUNDS {
        let mosquitto = broker()?;
        let program = watch(mosquitto.port)?;
        let figures = program.figures()?;
        std::thread::sleep(Duration::from_secs(1));
        let mut feed = Feed::connect(mosquitto.port, TOPICS, false)?;
        feed.publish(TOPICS, 40_000)?;
        std::thread::sleep(Duration::from_secs(2));
        let before = figures.cpu()?;
        feed.publish(MESSAGES, 10_000)?;
        best = best.min(figures.cpu_since(before)? / u32::try_from(MESSAGES)?);
    }
    let micros = best.as_secs_f64() * 1e6;
    let figure = format!("{micros:.2} µs = 1/{:.0} of mqttui", PEER / micros);
    told("interface at 120x36, 100 000 topics, 10 000 messages a second", &figure, micros / PEER, 1.0 / 25.0);
    Ok(())
}

fn watch(port: u16) -> Result<OnTerminal> {
    let url = format!("mqtt://127.0.0.1:{port}");
    OnTerminal::start(&["--broker", &url, "--connected-topic", FILTER, "--will-topic", "will/+"])
}

/// From a key to the frame that shows what it did, with 10 000 devices and 5 000 messages a second.
pub fn keys() -> Result<()> {
    const TOPICS: usize = 10_000;
    const PRESSES: usize = 50;
    let mosquitto = broker()?;
    let mut program = watch(mosquitto.port)?;
    std::thread::sleep(Duration::from_secs(1));
    let mut feed = Feed::connect(mosquitto.port, TOPICS, false)?;
    feed.publish(TOPICS, 20_000)?;
    let feeding = std::thread::spawn(move || feed.publish(60_000, 5_000));
    std::thread::sleep(Duration::from_secs(1));
    let mut times = Vec::new();
    for press in 0..PRESSES {
        // Not in step with the frames of the messages.
        std::thread::sleep(Duration::from_millis(90 + press as u64 % 17));
        times.push(program.press("?", "simulated")?);
        std::thread::sleep(Duration::from_millis(90));
        program.press("\x1b", "")?;
    }
    feeding.join().ok().context("the feed failed")??;
    times.sort();
    let (median, late) = (times[PRESSES / 2], times[PRESSES * 95 / 100]);
    let millis = late.as_secs_f64() * 1e3;
    let figure = format!("median {median:.1?}, 95 % {late:.1?}");
    told("key to frame, 10 000 devices, 5 000 messages a second, ms", &figure, millis, 16.0);
    Ok(())
}

/// A thousand devices that are there and say nothing.
pub fn idle() -> Result<()> {
    const TIME: Duration = Duration::from_secs(20);
    let mosquitto = broker()?;
    let program = watch(mosquitto.port)?;
    let figures = program.figures()?;
    std::thread::sleep(Duration::from_secs(1));
    Feed::connect(mosquitto.port, 1_000, false)?.publish(1_000, 10_000)?;
    // Ages up to a minute are told by the second.
    std::thread::sleep(Duration::from_secs(65));
    let (cpu, wakeups) = (figures.cpu()?, figures.wakeups()?);
    std::thread::sleep(TIME);
    let percent = figures.cpu_since(cpu)?.as_secs_f64() / TIME.as_secs_f64() * 100.0;
    #[expect(clippy::cast_precision_loss, reason = "some hundred")]
    let wakeups = (figures.wakeups()? - wakeups) as f64 / TIME.as_secs_f64();
    told("idle interface, 1 000 devices: processor", &format!("{percent:.3} %"), percent, 0.1);
    told("idle interface, 1 000 devices: wake-ups a second", &format!("{wakeups:.1}"), wakeups, 3.0);
    Ok(())
}
