//! Drives the runtime without a screen and prints what happens.

use super::buffer::Buffer;
use super::line;
use super::writer::Writer;
use crate::fleet::Change;
use crate::hub::{Fatal, Runtime, Turn};
use std::future::Future;
use std::io::{self, Write};
use std::time::Duration;
use tokio::time::MissedTickBehavior;

/// What is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A line for each event.
    Events,
    /// One line a second with the state of the whole fleet, and a last one.
    Summary,
}

/// How far summaries are apart.
const SUMMARY_EVERY: Duration = Duration::from_secs(1);

/// When the stream ends by itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// After this time.
    pub time: Option<Duration>,
    /// After this many lines.
    pub lines: Option<u64>,
}

/// Why the stream could not go on.
#[derive(Debug, thiserror::Error)]
pub enum End {
    /// The hub could not.
    #[error(transparent)]
    Fatal(#[from] Fatal),
    /// The output could not be written.
    #[error("standard output cannot be written: {0}")]
    Output(io::Error),
}

/// Prints one JSON object a line until a limit is reached, `stop` resolves or the reader goes away, then ends all parts
/// in order. Notices go to `log`.
///
/// # Errors
/// When the hub cannot go on or the output cannot be written; a reader that goes away (`| head`) is no error.
pub async fn run(
    mut runtime: Runtime,
    what: What,
    limits: Limits,
    out: impl Write + Send + 'static,
    mut log: impl Write,
    stop: impl Future<Output = ()>,
) -> Result<(), End> {
    let waiting = (what == What::Events && runtime.serves()).then(Vec::new);
    let mut printer = Printer { what, lines: Buffer::default(), left: limits.lines, waiting };
    let mut writer = Writer::start(out).map_err(End::Output)?;
    let result = drive(&mut runtime, limits.time, &mut printer, &mut writer, &mut log, stop).await;
    if result.is_ok() {
        let rest = runtime.flush();
        printer.turn(&rest, &runtime);
        let last = runtime.finish_actions().await;
        for notice in rest.notices.iter().chain(&last.notices) {
            let _ = writeln!(log, "lwtop: {notice}");
        }
        printer.turn(&last, &runtime);
        printer.release(&runtime);
        printer.summary(&mut runtime);
    }
    let unread = writer.finish(printer.lines.take()).await.inspect(|unread| tell_unread(*unread, &mut log));
    runtime.stop().await;
    result.and(unread.map(|_| ()).map_err(End::Output))
}

/// Says that the reader of standard output was too slow in the end, if it was.
pub(super) fn tell_unread(unread: u64, log: &mut impl Write) {
    if unread > 0 {
        let _ = writeln!(log, "lwtop: the last lines, up to {unread}, were not written: nobody read standard output");
    }
}

async fn drive(
    runtime: &mut Runtime,
    time: Option<Duration>,
    printer: &mut Printer,
    writer: &mut Writer,
    log: &mut impl Write,
    stop: impl Future<Output = ()>,
) -> Result<(), End> {
    let over = async {
        match time {
            Some(time) => tokio::time::sleep(time).await,
            None => std::future::pending().await,
        }
    };
    tokio::pin!(over, stop);
    let mut every = tokio::time::interval_at(tokio::time::Instant::now() + SUMMARY_EVERY, SUMMARY_EVERY);
    every.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        let turn = tokio::select! {
            turn = runtime.turn() => turn?,
            _ = every.tick(), if printer.what == What::Summary => {
                printer.summary(runtime);
                Turn::default()
            }
            () = &mut over => return Ok(()),
            () = &mut stop => return Ok(()),
        };
        for notice in &turn.notices {
            // A log that cannot be written must not end the stream.
            let _ = writeln!(log, "lwtop: {notice}");
        }
        printer.turn(&turn, runtime);
        if printer.lines.is_empty() {
            continue;
        }
        // A reader that is slow makes lwtop wait, so that nothing is lost; it does not make it deaf.
        let room = tokio::select! {
            room = writer.room() => room,
            () = &mut over => return Ok(()),
            () = &mut stop => return Ok(()),
        };
        let Some(room) = room else { return Ok(()) };
        room.send(printer.lines.take());
        if printer.left == Some(0) {
            return Ok(());
        }
    }
}

/// Turns changes into lines.
struct Printer {
    what: What,
    lines: Buffer,
    /// How many more are wanted.
    left: Option<u64>,
    /// Changes held back until the `listening` line is out, which is to be the first.
    waiting: Option<Vec<Change>>,
}

impl Printer {
    fn turn(&mut self, turn: &Turn, runtime: &Runtime) {
        if !turn.listening.is_empty() {
            if self.what == What::Events {
                for entrance in &turn.listening {
                    if self.wanted() {
                        line::listening(runtime.clock().now(), *entrance, &mut self.lines);
                    }
                }
            }
            self.release(runtime);
        }
        if self.what == What::Summary {
            return;
        }
        for change in &turn.changes {
            match &mut self.waiting {
                Some(waiting) => waiting.push(change.clone()),
                None => self.change(change, runtime),
            }
        }
    }

    /// Prints what was held back.
    fn release(&mut self, runtime: &Runtime) {
        for change in self.waiting.take().unwrap_or_default() {
            self.change(&change, runtime);
        }
    }

    fn summary(&mut self, runtime: &mut Runtime) {
        if self.what == What::Summary && self.wanted() {
            let at = runtime.clock().now();
            let (fleet, _, status) = runtime.view();
            line::summary(at, fleet, status, &mut self.lines);
        }
    }

    fn change(&mut self, change: &Change, runtime: &Runtime) {
        if self.left != Some(0) && line::line(change, runtime.fleet(), &mut self.lines) {
            self.wanted();
        }
    }

    /// Whether one more line is wanted; it counts.
    const fn wanted(&mut self) -> bool {
        match &mut self.left {
            Some(0) => return false,
            Some(left) => *left -= 1,
            None => {}
        }
        true
    }
}
