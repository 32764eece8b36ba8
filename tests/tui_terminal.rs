//! The terminal is given back, whatever ends the interface. Each test runs this program once more, inside a
//! pseudo-terminal, and looks at the screen and the terminal's settings that it leaves behind.
#![cfg(unix)]

mod tui_world;

use lwtop::tui::terminal::{self, Stop, Stops};
use lwtop::tui::{Look, Ui, View};
use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use std::io::Read;
use std::sync::mpsc;
use std::time::Duration;
use tui_world::World;

const ROLE: &str = "LWTOP_TEST_ENDING";

/// Not a test by itself: what runs inside the pseudo-terminal.
#[test]
fn inside() {
    let Ok(ending) = std::env::var(ROLE) else { return };
    let world = World::three(80, 24);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let stop = runtime.block_on(async {
        let mut stops = Stops::listen().unwrap();
        let (screen, _guard) = terminal::enter(true, "lwtop watch").unwrap();
        let mut ui = Ui::new(screen, Look::plain());
        ui.draw(&View { fleet: &world.fleet, status: &world.status, rules: &world.rules, now: world.now }).unwrap();
        match ending.as_str() {
            "panic" => panic!("the interface broke"),
            "task" => {
                tokio::spawn(async { panic!("a task broke") });
                Some(stops.wait().await)
            }
            "signal" => {
                let own = std::process::id().to_string();
                std::process::Command::new("kill").args(["-TERM", &own]).status().unwrap();
                Some(stops.wait().await)
            }
            _ => None,
        }
    });
    println!("ended by {stop:?}");
    let wanted = match ending.as_str() {
        "task" => Some(Stop::Panic),
        "signal" => Some(Stop::Signal("SIGTERM", 15)),
        _ => None,
    };
    assert_eq!(stop, wanted);
}

struct Left {
    screen: String,
    settings: String,
    drawn: bool,
}

/// Runs `inside` with this ending; `stty` then prints what it left.
fn leave(ending: &str) -> Left {
    let pty = native_pty_system().openpty(PtySize { rows: 24, cols: 80, ..PtySize::default() }).unwrap();
    let program = std::env::current_exe().unwrap();
    let mut command = CommandBuilder::new("sh");
    command.arg("-c");
    command.arg(r#""$0" --exact inside --nocapture; echo SETTINGS; stty -a"#);
    command.arg(program);
    command.env(ROLE, ending);
    command.env("RUST_BACKTRACE", "0");
    let mut child = pty.slave.spawn_command(command).unwrap();
    drop(pty.slave);
    let mut reader = pty.master.try_clone_reader().unwrap();
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        // On Linux the end of a pseudo-terminal is an error.
        let _ = reader.read_to_end(&mut bytes);
        let _ = send.send(bytes);
    });
    let bytes = match receive.recv_timeout(Duration::from_secs(30)) {
        Ok(bytes) => bytes,
        Err(error) => {
            let _ = child.kill();
            panic!("the program inside the pseudo-terminal did not end: {error}");
        }
    };
    child.wait().unwrap();
    let mut parser = vt100::Parser::new(24.try_into().unwrap(), 80.try_into().unwrap(), 0);
    let (mut drawn, mut mouse) = (false, false);
    // Looks while it goes by: a frame is a piece, and only the alternate screen may show it.
    for piece in bytes.split_inclusive(|byte| *byte == b'l') {
        parser.process(piece);
        let screen = parser.screen();
        mouse |= screen.mouse_protocol_mode() == vt100::MouseProtocolMode::PressRelease;
        drawn |= screen.alternate_screen() && screen.hide_cursor() && screen.contents().contains("● online");
    }
    assert!(!parser.screen().alternate_screen(), "the alternate screen was left on");
    assert!(!parser.screen().hide_cursor(), "the cursor was left hidden");
    assert!(!parser.screen().bracketed_paste(), "bracketed paste was left on");
    assert!(mouse, "the mouse was never listened to");
    assert_eq!(parser.screen().mouse_protocol_mode(), vt100::MouseProtocolMode::None, "the mouse was left on");
    assert_eq!(parser.screen().mouse_protocol_encoding(), vt100::MouseProtocolEncoding::Default);
    let moves = bytes.windows(8).any(|window| window == b"\x1b[?1003h" || window == b"\x1b[?1002h");
    assert!(!moves, "it asks to be told of a mouse that only moves");
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let settings = text.rsplit("SETTINGS").next().unwrap_or_default().to_owned();
    Left { screen: parser.screen().contents(), settings, drawn }
}

fn given_back(left: &Left) {
    assert!(left.drawn, "no frame was seen");
    assert!(!left.screen.contains("● online"), "a frame is left on the screen:\n{}", left.screen);
    for setting in ["icanon", "echo", "isig", "icrnl"] {
        let words: Vec<&str> = left.settings.split([' ', ';', '\r', '\n']).collect();
        assert!(words.contains(&setting), "{setting} is off: {}", left.settings);
    }
}

#[test]
fn on_quit() {
    let left = leave("quit");
    given_back(&left);
    assert!(left.screen.contains("ended by None"), "{}", left.screen);
}

#[test]
fn on_panic() {
    let left = leave("panic");
    given_back(&left);
    assert!(left.screen.contains("the interface broke"), "the message is lost:\n{}", left.screen);
}

#[test]
fn on_a_panic_elsewhere() {
    let left = leave("task");
    given_back(&left);
    assert!(left.screen.contains("a task broke"), "the message is lost:\n{}", left.screen);
    assert!(left.screen.contains("ended by Some(Panic)"), "{}", left.screen);
}

#[test]
fn on_a_signal() {
    let left = leave("signal");
    given_back(&left);
    assert!(left.screen.contains("ended by Some(Signal(\"SIGTERM\", 15))"), "{}", left.screen);
}
