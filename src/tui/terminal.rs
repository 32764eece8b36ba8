//! The person's terminal: taken over on entry, and given back as it was on quit, error, panic and signal.

use super::clipboard;
use crossterm::cursor::{Hide, Show};
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::execute;
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use std::io::{self, IsTerminal, Stdout, Write};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::Notify;

/// Whether the terminal is taken over. It is the process's, like standard output itself: a panic hook has no other
/// way to know.
static TAKEN: AtomicBool = AtomicBool::new(false);
/// Whether something panicked while it was.
static PANICKED: AtomicBool = AtomicBool::new(false);
/// Whether the title was put aside for one of lwtop's.
static TITLED: AtomicBool = AtomicBool::new(false);
static PANIC: Notify = Notify::const_new();
static HOOK: Once = Once::new();

/// Why there can be no interface.
#[derive(Debug, thiserror::Error)]
pub enum TerminalError {
    /// Standard output goes elsewhere; there is another command for that.
    #[error("standard output is not a terminal: use `{0}`, which prints line by line")]
    NotATerminal(&'static str),
    /// Standard input comes from elsewhere.
    #[error("standard input is not a terminal, so no key can be read: use `{0}`, which needs none")]
    NoKeys(&'static str),
    /// The terminal refuses.
    #[error("the terminal could not be prepared for the interface: {0}")]
    Io(#[from] io::Error),
}

/// Collects a frame and writes it in one go between the marks of a synchronized update, so that a terminal that knows
/// them never shows half a frame. Measured: writing unbuffered costs 2.5 times as much.
#[derive(Debug)]
pub struct FrameWriter<W: Write> {
    out: W,
    frame: Vec<u8>,
}

const BEGIN: &[u8] = b"\x1b[?2026h";
const END: &[u8] = b"\x1b[?2026l";

impl<W: Write> FrameWriter<W> {
    /// Writes frames to `out`.
    pub fn new(out: W) -> Self {
        Self { out, frame: BEGIN.to_vec() }
    }
}

impl<W: Write> Write for FrameWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.frame.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    /// Writes what was collected; nothing if there is nothing.
    fn flush(&mut self) -> io::Result<()> {
        if self.frame.len() > BEGIN.len() {
            self.frame.extend_from_slice(END);
            let result = self.out.write_all(&self.frame);
            self.frame.truncate(BEGIN.len());
            result?;
        }
        self.out.flush()
    }
}

/// The terminal's side of the interface.
pub type Screen = Terminal<CrosstermBackend<FrameWriter<Stdout>>>;

/// Asks the terminal to put `text` into the person's clipboard; a text that is too long for it is not sent.
///
/// # Errors
/// What the terminal says when it cannot be written to.
pub fn copy(text: &str) -> io::Result<()> {
    let Some(sequence) = clipboard::sequence(text) else { return Ok(()) };
    // Between two frames: each is written in one go.
    let mut out = io::stdout();
    out.write_all(sequence.as_bytes())?;
    out.flush()
}

/// Gives the terminal back when it is dropped.
#[derive(Debug)]
pub struct Guard(());

impl Drop for Guard {
    fn drop(&mut self) {
        restore();
    }
}

/// Takes the terminal over: alternate screen, raw mode, no cursor, and with `mouse` the buttons and the wheel. From then on a
/// panic gives it back before it prints its message. Keep the guard as long as the interface lives. `instead` is the command for
/// where there is no terminal.
///
/// # Errors
/// If standard input or output is no terminal, or it refuses.
pub fn enter(mouse: bool, instead: &'static str) -> Result<(Screen, Guard), TerminalError> {
    if !io::stdout().is_terminal() {
        return Err(TerminalError::NotATerminal(instead));
    }
    if !io::stdin().is_terminal() {
        return Err(TerminalError::NoKeys(instead));
    }
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if restore() {
                PANICKED.store(true, Ordering::Release);
                PANIC.notify_one();
            }
            before(panic);
        }));
    });
    TAKEN.store(true, Ordering::Release);
    let guard = Guard(());
    enable_raw_mode()?;
    // What is pasted comes as one event: a text with an `x` and an `f` in it shall not kill anybody.
    execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste, Hide)?;
    if mouse {
        listen_to_mouse()?;
    }
    let terminal = Terminal::new(CrosstermBackend::new(FrameWriter::new(io::stdout())))?;
    Ok((terminal, guard))
}

/// Writes what belongs beside the frame: a bell, or a title. The title that was there is put aside the first time.
///
/// # Errors
/// What the terminal says.
pub fn tell(bytes: &[u8]) -> io::Result<()> {
    if bytes.is_empty() {
        return Ok(());
    }
    let mut out = io::stdout().lock();
    if bytes.contains(&TITLE) && !TITLED.swap(true, Ordering::AcqRel) {
        out.write_all(PUSH_TITLE)?;
    }
    out.write_all(bytes)?;
    out.flush()
}

/// The byte that begins the control sequence of a title, and nothing else that is told.
const TITLE: u8 = b'\x1b';
/// xterm's control sequences, `CSI 22 ; 0 t` and `CSI 23 ; 0 t`: title and icon name on a stack, and back.
const PUSH_TITLE: &[u8] = b"\x1b[22;0t";
const POP_TITLE: &[u8] = b"\x1b[23;0t";

/// Gives the terminal back as it was, if it is taken over; true if it was. May be called from anywhere, at any time.
pub fn restore() -> bool {
    let taken = TAKEN.swap(false, Ordering::AcqRel);
    if taken {
        // Each on its own: what fails must not keep the others from being tried, and nobody is left to tell.
        let _ = leave_mouse();
        let _ = execute!(io::stdout(), END_FRAME, Show, DisableBracketedPaste, LeaveAlternateScreen);
        let _ = disable_raw_mode();
        if TITLED.swap(false, Ordering::AcqRel) {
            let _ = io::stdout().write_all(POP_TITLE);
            let _ = io::stdout().flush();
        }
    }
    taken
}

/// xterm's modes 1000, presses and the wheel, and 1006, places as decimal numbers. Without 1003, which crossterm's own command
/// asks for as well: a mouse that only moves shall not wake lwtop.
#[cfg(not(windows))]
const MOUSE_ON: &[u8] = b"\x1b[?1000h\x1b[?1006h";
#[cfg(not(windows))]
const MOUSE_OFF: &[u8] = b"\x1b[?1006l\x1b[?1000l";

#[cfg(not(windows))]
fn listen_to_mouse() -> io::Result<()> {
    let mut out = io::stdout();
    out.write_all(MOUSE_ON)?;
    out.flush()
}

/// Whether it was listened to or not: a terminal that is told twice is none the worse.
#[cfg(not(windows))]
fn leave_mouse() -> io::Result<()> {
    let mut out = io::stdout();
    out.write_all(MOUSE_OFF)?;
    out.flush()
}

/// There it is a mode of the console, not a sequence.
#[cfg(windows)]
fn listen_to_mouse() -> io::Result<()> {
    execute!(io::stdout(), crossterm::event::EnableMouseCapture)
}

#[cfg(windows)]
fn leave_mouse() -> io::Result<()> {
    execute!(io::stdout(), crossterm::event::DisableMouseCapture)
}

/// Ends a synchronized update that a panic may have left open.
const END_FRAME: crossterm::terminal::EndSynchronizedUpdate = crossterm::terminal::EndSynchronizedUpdate;

/// Why the interface has to end although nobody pressed a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// A signal, by name, and its number: the exit status is 128 + the number.
    Signal(&'static str, u8),
    /// Some task panicked. The message is on standard error, and the terminal is already given back.
    Panic,
}

/// Waits for what ends a program from outside.
#[derive(Debug)]
pub struct Stops {
    #[cfg(unix)]
    signals: [(tokio::signal::unix::Signal, Stop); 3],
}

impl Stops {
    /// Starts to listen; from now on the signals no longer end the process by themselves. Needs a tokio runtime.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn listen() -> io::Result<Self> {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            Ok(Self {
                signals: [
                    (signal(SignalKind::terminate())?, Stop::Signal("SIGTERM", 15)),
                    (signal(SignalKind::interrupt())?, Stop::Signal("SIGINT", 2)),
                    (signal(SignalKind::hangup())?, Stop::Signal("SIGHUP", 1)),
                ],
            })
        }
        #[cfg(not(unix))]
        Ok(Self {})
    }

    /// Waits for the first one. Cancel safe.
    pub async fn wait(&mut self) -> Stop {
        if PANICKED.load(Ordering::Acquire) {
            return Stop::Panic;
        }
        #[cfg(unix)]
        {
            let [(term, a), (int, b), (hup, c)] = &mut self.signals;
            tokio::select! {
                _ = term.recv() => *a,
                _ = int.recv() => *b,
                _ = hup.recv() => *c,
                () = PANIC.notified() => Stop::Panic,
            }
        }
        #[cfg(not(unix))]
        tokio::select! {
            _ = tokio::signal::ctrl_c() => Stop::Signal("SIGINT", 2),
            () = PANIC.notified() => Stop::Panic,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Writes(Vec<Vec<u8>>);

    impl Write for Writes {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.push(bytes.to_vec());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_frame_is_one_write_and_no_frame_is_none() {
        let mut writer = FrameWriter::new(Writes::default());
        writer.flush().unwrap();
        for part in [&b"a"[..], b"b"] {
            writer.write_all(part).unwrap();
        }
        writer.flush().unwrap();
        writer.flush().unwrap();
        assert_eq!(writer.out.0, [b"\x1b[?2026hab\x1b[?2026l".to_vec()]);
    }

    #[test]
    fn nothing_is_restored_that_was_not_taken() {
        assert!(!restore());
    }
}
