//! A program at work: fed, listened to, and ended with all that it started if nobody waits for it any longer.

use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// How many bytes of each output are kept: the last ones.
const KEPT: usize = 16 * 1024;

/// How long the outputs are read on once the program has ended: it may have left somebody behind who holds them open.
const GRACE: Duration = Duration::from_millis(200);

/// What a program leaves.
#[derive(Debug)]
pub(super) struct Ended {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

/// Runs `command` with `input` on its standard input. Dropped, it ends the program.
///
/// # Errors
/// When it cannot be started.
pub(super) async fn run(mut command: Command, input: &[u8]) -> io::Result<Ended> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    // A group of its own, which can be ended as one; and Ctrl-C in lwtop's terminal is not meant for it.
    #[cfg(unix)]
    command.process_group(0);
    let mut child = command.spawn()?;
    let family = Family::of(&child);
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let feed = async {
        if let Some(mut stdin) = stdin {
            // A program need not read what it is given: a broken pipe is no fault.
            let _ = stdin.write_all(input).await;
        }
    };
    let (mut out, mut err) = (Tail::default(), Tail::default());
    let status = {
        let pumps = async {
            tokio::join!(feed, out.read(stdout), err.read(stderr));
        };
        tokio::pin!(pumps);
        tokio::select! {
            status = child.wait() => {
                let status = status?;
                // Whatever comes of it: what was read is kept.
                let _ = timeout(GRACE, pumps).await;
                status
            }
            () = &mut pumps => child.wait().await?,
        }
    };
    family.leave();
    Ok(Ended { status, stdout: out.text(), stderr: err.text() })
}

/// The last bytes of an output.
#[derive(Debug, Default)]
struct Tail {
    bytes: Vec<u8>,
    cut: bool,
}

impl Tail {
    /// Reads to the end, so that the program is never held up by a full pipe.
    async fn read(&mut self, from: Option<impl AsyncRead + Unpin>) {
        let Some(mut from) = from else { return };
        let mut chunk = [0; 4096];
        while let Ok(length @ 1..) = from.read(&mut chunk).await {
            self.bytes.extend_from_slice(&chunk[..length]);
            // Now and then, not with each chunk: a program may print a great deal.
            if self.bytes.len() > 4 * KEPT {
                self.shorten();
            }
        }
    }

    fn shorten(&mut self) {
        let surplus = self.bytes.len().saturating_sub(KEPT);
        self.cut |= surplus > 0;
        self.bytes.drain(..surplus);
    }

    fn text(mut self) -> String {
        self.shorten();
        let text = String::from_utf8_lossy(&self.bytes);
        if self.cut { format!("…{text}") } else { text.into_owned() }
    }
}

/// The program and all that it started, ended on drop unless it is done.
#[derive(Debug)]
struct Family {
    #[cfg(unix)]
    group: Option<rustix::process::Pid>,
}

#[cfg(unix)]
impl Family {
    fn of(child: &Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Self { group: id.and_then(rustix::process::Pid::from_raw) }
    }

    /// The number is the system's again, and what the program left behind it left on purpose.
    fn leave(mut self) {
        self.group = None;
    }
}

#[cfg(unix)]
impl Drop for Family {
    fn drop(&mut self) {
        if let Some(group) = self.group {
            // It may have ended by itself just now.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
}

#[cfg(not(unix))]
impl Family {
    fn of(_: &Child) -> Self {
        Self {}
    }

    fn leave(self) {}
}
