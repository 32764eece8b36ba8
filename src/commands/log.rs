//! Standard error on a thread of its own: a pipe that nobody reads must not keep lwtop from its work.

use super::Failure;
use std::io::{self, Write, stderr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::time::Duration;

/// Pieces of text that may wait to be written. Beyond, lines are left out and counted.
const WAITING: usize = 256;

/// How long the last lines may take at the end.
const LAST: Duration = Duration::from_secs(1);

/// The log on standard error.
pub(super) fn start() -> Result<Log, Failure> {
    Log::start(stderr()).map_err(|error| Failure::Runtime(format!("standard error has no thread to write it: {error}")))
}

/// Takes text and never waits. It is handed over at the end of a line and when it is flushed.
#[derive(Debug)]
pub(super) struct Log {
    text: Vec<u8>,
    lines: Option<SyncSender<Vec<u8>>>,
    ended: Receiver<()>,
    left_out: Arc<AtomicU64>,
}

impl Log {
    /// Writes to `out` from now on.
    ///
    /// # Errors
    /// When the system has no thread to spare.
    pub fn start(out: impl Write + Send + 'static) -> io::Result<Self> {
        let (lines, waiting) = sync_channel(WAITING);
        let (end, ended) = sync_channel(1);
        let left_out = Arc::<AtomicU64>::default();
        let count = Arc::clone(&left_out);
        // Not one of tokio's: those are waited for when the program ends, and this one may be stuck for good.
        std::thread::Builder::new().name("stderr".to_owned()).spawn(move || {
            // Nothing is left to tell that standard error is closed.
            let _ = write(out, &waiting, &count);
            // Whoever started it may be gone.
            let _ = end.send(());
        })?;
        Ok(Self { text: Vec::new(), lines: Some(lines), ended, left_out })
    }

    fn hand_over(&mut self) {
        let text = std::mem::take(&mut self.text);
        let ends = memchr::memchr_iter(b'\n', &text).count() as u64;
        let taken = self.lines.as_ref().is_some_and(|lines| lines.try_send(text).is_ok());
        if !taken {
            // What has no end is the line that changes on a terminal: a newer one follows.
            self.left_out.fetch_add(ends, Ordering::AcqRel);
        }
    }
}

impl Write for Log {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(text);
        if text.ends_with(b"\n") {
            self.hand_over();
        }
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.text.is_empty() {
            self.hand_over();
        }
        Ok(())
    }
}

impl Drop for Log {
    /// Gives the last lines a moment.
    fn drop(&mut self) {
        let _ = self.flush();
        self.lines = None;
        let _ = self.ended.recv_timeout(LAST);
    }
}

/// Writes what comes, until no more comes.
fn write(mut out: impl Write, waiting: &Receiver<Vec<u8>>, left_out: &AtomicU64) -> io::Result<()> {
    loop {
        let next = waiting.try_recv();
        let text = if let Ok(text) = next {
            text
        } else {
            // Everything that was taken is out: here the others would stand.
            let count = left_out.swap(0, Ordering::AcqRel);
            if count > 0 {
                let lines = if count == 1 { "line is" } else { "lines are" };
                writeln!(out, "lwtop: {count} {lines} left out here: standard error was not read")?;
                out.flush()?;
            }
            if next == Err(TryRecvError::Disconnected) {
                return Ok(());
            }
            // When no more comes, it is looked once more whether something was left out since.
            let Ok(text) = waiting.recv() else { continue };
            text
        };
        out.write_all(&text)?;
        out.flush()?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Sender, channel};

    /// Takes nothing before it is told to.
    struct Stuck {
        go: Receiver<()>,
        going: bool,
        out: Sender<Vec<u8>>,
    }

    impl Write for Stuck {
        fn write(&mut self, text: &[u8]) -> io::Result<usize> {
            self.going = self.going || self.go.recv().is_ok();
            self.out.send(text.to_vec()).map_err(|_| io::ErrorKind::BrokenPipe)?;
            Ok(text.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_is_not_read_is_left_out_and_counted_and_nothing_waits() {
        let ((tell, go), (out, written)) = (channel(), channel());
        let mut log = Log::start(Stuck { go, going: false, out }).unwrap();
        for number in 0..1_000 {
            writeln!(log, "line {number}").unwrap();
            write!(log, "\rprogress {number}").unwrap();
            log.flush().unwrap();
        }
        tell.send(()).unwrap();
        drop(log);
        let text = String::from_utf8(written.iter().flatten().collect()).unwrap();
        let (_, told) = text.rsplit_once("lwtop: ").unwrap();
        let left_out: usize = told.split(' ').next().unwrap().parse().unwrap();
        assert!(text.starts_with("line 0\n"), "{text}");
        assert_eq!(text.matches("line ").count() + left_out, 1_000, "{text}");
    }
}
