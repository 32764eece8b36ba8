//! Standard output on a thread of its own: a reader that stops reading must not keep lwtop from ending.

use std::io::{self, Write};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Batches of lines that may wait for the reader. Behind it lwtop itself waits: lines are never dropped.
const WAITING: usize = 64;

/// How long the last lines may take at the end.
const LAST: Duration = Duration::from_secs(2);

/// The sending side.
#[derive(Debug)]
pub struct Writer {
    lines: mpsc::Sender<Vec<u8>>,
    ended: oneshot::Receiver<io::Result<()>>,
}

impl Writer {
    /// Writes to `out` from now on.
    ///
    /// # Errors
    /// When the system has no thread to spare.
    pub fn start(mut out: impl Write + Send + 'static) -> io::Result<Self> {
        let (lines, mut waiting) = mpsc::channel::<Vec<u8>>(WAITING);
        let (end, ended) = oneshot::channel();
        // Not one of tokio's: those are waited for when the program ends, and this one may be stuck for good.
        std::thread::Builder::new().name("stdout".to_owned()).spawn(move || {
            let mut result = Ok(());
            while let Some(text) = waiting.blocking_recv() {
                result = out.write_all(&text).and_then(|()| out.flush());
                if result.is_err() {
                    break;
                }
            }
            // Whoever started it may be gone.
            let _ = end.send(result);
        })?;
        Ok(Self { lines, ended })
    }

    /// Hands over whole lines; false if they cannot be written any more.
    pub async fn write(&self, lines: Vec<u8>) -> bool {
        self.lines.send(lines).await.is_ok()
    }

    /// Writes the last lines and says how it went. A reader that went away is no error; one that does not read is not
    /// waited for.
    ///
    /// # Errors
    /// When writing failed.
    pub async fn finish(self, last: Vec<u8>) -> io::Result<()> {
        let Self { lines, ended } = self;
        let finish = async {
            if !last.is_empty() {
                // If it fails, the result says why.
                let _ = lines.send(last).await;
            }
            drop(lines);
            ended.await
        };
        match tokio::time::timeout(LAST, finish).await {
            Ok(Ok(Err(error))) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
            _ => Ok(()),
        }
    }
}
