//! Standard output on a thread of its own: a reader that stops reading must not keep lwtop from ending.

use super::buffer::Batch;
use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};

/// Batches of lines that may wait for the reader. Behind it lwtop itself waits: lines are never dropped.
const WAITING: usize = 64;

/// How long the last lines may take at the end.
const LAST: Duration = Duration::from_secs(2);

/// The sending side.
#[derive(Debug)]
pub struct Writer {
    lines: mpsc::Sender<Vec<u8>>,
    ended: oneshot::Receiver<io::Result<()>>,
    /// How many lines the last batches had, those at least that may wait.
    handed: VecDeque<u64>,
    /// How many batches were handed over, and how many of them were written.
    batches: u64,
    written: Arc<AtomicU64>,
}

/// Room for one batch of lines.
#[derive(Debug)]
pub struct Room<'a> {
    permit: mpsc::Permit<'a, Vec<u8>>,
    handed: &'a mut VecDeque<u64>,
    batches: &'a mut u64,
}

impl Room<'_> {
    /// Hands whole lines over.
    pub fn send(self, Batch { text, lines }: Batch) {
        // One is being written beside those that wait.
        if self.handed.len() > WAITING {
            self.handed.pop_front();
        }
        self.handed.push_back(lines);
        *self.batches += 1;
        self.permit.send(text);
    }
}

impl Writer {
    /// Writes to `out` from now on.
    ///
    /// # Errors
    /// When the system has no thread to spare.
    pub fn start(mut out: impl Write + Send + 'static) -> io::Result<Self> {
        let (lines, mut waiting) = mpsc::channel::<Vec<u8>>(WAITING);
        let (end, ended) = oneshot::channel();
        let written = Arc::<AtomicU64>::default();
        let count = Arc::clone(&written);
        // Not one of tokio's: those are waited for when the program ends, and this one may be stuck for good.
        std::thread::Builder::new().name("stdout".to_owned()).spawn(move || {
            let mut result = Ok(());
            while let Some(text) = waiting.blocking_recv() {
                result = out.write_all(&text).and_then(|()| out.flush());
                if result.is_err() {
                    break;
                }
                count.fetch_add(1, Ordering::AcqRel);
            }
            // Whoever started it may be gone.
            let _ = end.send(result);
        })?;
        Ok(Self { lines, ended, handed: VecDeque::new(), batches: 0, written })
    }

    /// Waits for room; `None` if nothing can be written any more. Cancel safe: lines are taken when there is room, so that
    /// whoever stops waiting still has them.
    pub async fn room(&mut self) -> Option<Room<'_>> {
        let permit = self.lines.reserve().await.ok()?;
        Some(Room { permit, handed: &mut self.handed, batches: &mut self.batches })
    }

    /// Writes the last lines and says how it went: how many lines were not written, at most, because nobody read. A reader
    /// that went away is no error.
    ///
    /// # Errors
    /// When writing failed.
    pub async fn finish(mut self, last: Batch) -> io::Result<u64> {
        let mut last = Some(last).filter(|last| last.lines > 0);
        let deadline = Instant::now() + LAST;
        if last.is_some()
            && let Ok(Some(room)) = timeout_at(deadline, self.room()).await
            && let Some(last) = last.take()
        {
            room.send(last);
        }
        let Self { lines, mut ended, handed, batches, written } = self;
        drop(lines);
        match timeout_at(deadline, &mut ended).await {
            Ok(Ok(Err(error))) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
            Ok(_) => Ok(0),
            Err(_) => {
                let waiting = usize::try_from(batches - written.load(Ordering::Acquire)).unwrap_or(usize::MAX);
                let unread: u64 = handed.iter().rev().take(waiting).sum();
                Ok(unread + last.map_or(0, |last| last.lines))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A reader that reads nothing.
    struct Stuck(std::sync::mpsc::Receiver<()>);

    impl Write for Stuck {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            self.0.recv().map(|()| 0).map_err(|_| io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn lines_that_nobody_reads_are_counted() {
        let (_keep, never) = std::sync::mpsc::channel();
        let mut writer = Writer::start(Stuck(never)).unwrap();
        let batch = |lines| Batch { text: b"{}\n".to_vec(), lines };
        writer.room().await.unwrap().send(batch(1));
        // Taken out of the lane, and stuck: from here on it is known how much fits.
        while writer.lines.capacity() < WAITING {
            std::thread::yield_now();
        }
        for _ in 0..WAITING {
            writer.room().await.unwrap().send(batch(10));
        }
        assert!(tokio::time::timeout(LAST, writer.room()).await.is_err(), "it is full");
        assert_eq!(writer.finish(batch(5)).await.unwrap(), 1 + 10 * WAITING as u64 + 5);
    }
}
