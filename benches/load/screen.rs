//! The interface on a terminal of its own.

use super::feed::{FILTER, Feed};
use super::process::Figures;
use super::{ROUNDS, broker, told};
use anyhow::{Context, Result};
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::io::Read;
use std::time::Duration;

/// A program on a terminal; what it writes is read and thrown away.
pub struct OnTerminal {
    child: Box<dyn Child + Send + Sync>,
    _master: Box<dyn MasterPty + Send>,
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
        std::thread::spawn(move || {
            let mut bytes = vec![0; 65_536];
            while output.read(&mut bytes).is_ok_and(|read| read > 0) {}
        });
        Ok(Self { child, _master: pair.master })
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
