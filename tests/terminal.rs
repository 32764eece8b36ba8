//! The real binary in a real pseudo-terminal: keys go in, the screen is read, and the terminal is as it was afterwards.

#[path = "support/svg.rs"]
mod svg;

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(30);

/// What the program has written so far.
struct Output {
    parser: vt100::Parser,
    raw: Vec<u8>,
    ended: bool,
}

/// The program that is started in place of the one built for the tests: a release build, for the pictures.
const OF: &str = "LWTOP_PICTURES_OF";

/// The program in its terminal.
struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    writer: Box<dyn Write + Send>,
    output: Arc<(Mutex<Output>, Condvar)>,
    // Dropping it would hang up on the program.
    _master: Box<dyn MasterPty + Send>,
}

impl Terminal {
    fn start(rows: u16, cols: u16, args: &[&str], env: &[(&str, &str)]) -> Self {
        let size = PtySize { rows, cols, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a pseudo-terminal");
        let program = std::env::var_os(OF).unwrap_or_else(|| env!("CARGO_BIN_EXE_lwtop").into());
        // A terminal begins in the person's home.
        let mut command = CommandBuilder::new(std::path::absolute(program).expect("a path"));
        command.env_remove(OF);
        command.args(args);
        command.env("TERM", "xterm-256color");
        // A backtrace would scroll the message away.
        command.env("RUST_BACKTRACE", "0");
        // No configuration of whoever runs the tests.
        command.env("XDG_CONFIG_HOME", std::env::temp_dir().join("lwtop-tests-have-no-configuration"));
        for (name, value) in env {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).expect("the program starts");
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().expect("a reader");
        let writer = pair.master.take_writer().expect("a writer");
        let cells = |length| NonZeroU16::new(length).expect("a terminal has rows and columns");
        let parser = vt100::Parser::new(cells(rows), cells(cols), 0);
        let output = Arc::new((Mutex::new(Output { parser, raw: Vec::new(), ended: false }), Condvar::new()));
        let shared = Arc::clone(&output);
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            loop {
                let read = reader.read(&mut buffer).unwrap_or(0);
                let Ok(mut output) = shared.0.lock() else { return };
                output.parser.process(&buffer[..read]);
                output.raw.extend_from_slice(&buffer[..read]);
                output.ended = read == 0;
                shared.1.notify_all();
                if output.ended {
                    return;
                }
            }
        });
        Self { child, writer, output, _master: pair.master }
    }

    fn press(&mut self, keys: &str) {
        self.writer.write_all(keys.as_bytes()).expect("keys");
        self.writer.flush().expect("keys");
    }

    /// Waits until `wanted` holds of the output.
    fn wait(&self, what: &str, wanted: impl Fn(&Output) -> bool) {
        let until = Instant::now() + PATIENCE;
        let mut output = self.output.0.lock().expect("output");
        while !wanted(&output) {
            let left = until.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "waited in vain for {what}; the screen:\n{}", output.parser.screen().contents());
            output = self.output.1.wait_timeout(output, left).expect("output").0;
        }
    }

    fn see(&self, text: &str) {
        self.wait(text, |output| output.parser.screen().contents().contains(text));
    }

    /// Clicks on the first place where `text` stands.
    fn click(&mut self, text: &str) {
        self.see(text);
        let contents = self.output.0.lock().expect("output").parser.screen().contents();
        let found = contents.lines().enumerate().find_map(|(row, line)| {
            // All before it is one column wide.
            line.find(text).map(|byte| (row + 1, line[..byte].chars().count() + 1))
        });
        let (row, column) = found.expect("the text was seen");
        self.press(&format!("\x1b[<0;{column};{row}M\x1b[<0;{column};{row}m"));
    }

    fn end(&mut self) -> portable_pty::ExitStatus {
        self.wait("the end of the program", |output| output.ended);
        self.child.wait().expect("an exit status")
    }

    /// The alternate screen is left, the cursor is shown, the mouse is free, and raw mode is off.
    fn assert_restored(&self) {
        let output = self.output.0.lock().expect("output");
        let screen = output.parser.screen();
        assert!(!screen.alternate_screen(), "still on the alternate screen");
        assert!(!screen.hide_cursor(), "the cursor is hidden");
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
        assert_eq!(screen.mouse_protocol_encoding(), vt100::MouseProtocolEncoding::Default);
        let entered = output.raw.windows(8).any(|window| window == b"\x1b[?1049h");
        assert!(entered, "it never was on the alternate screen");
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}

#[test]
fn a_person_sees_a_will_travel() {
    let mut terminal = Terminal::start(40, 140, &["--listen", "127.0.0.1:0"], &[]);
    terminal.see("3 online");
    terminal.press("n");
    terminal.see("4 online");
    terminal.see("lwtThing-4");
    terminal.press("x");
    terminal.see("How shall");
    terminal.press("f");
    terminal.see("1 offline");
    terminal.see("executed");
    terminal.see(r#"{"state""#);
    terminal.press("r");
    terminal.see("4 online");
    terminal.press("q");
    let status = terminal.end();
    assert!(status.success(), "{status:?}");
    terminal.assert_restored();
}

#[test]
fn a_mouse_is_enough() {
    let mut terminal = Terminal::start(24, 80, &["--listen", "127.0.0.1:0", "--devices", "2"], &[]);
    terminal.see("2 online");
    terminal.click("lwtThing-2");
    terminal.click("kill…");
    terminal.see("How shall lwtThing-2 die?");
    // The plainest cut is selected when the menu opens.
    terminal.click("cut, FIN");
    terminal.see("1 offline");
    terminal.click("Incidents");
    terminal.see("1 incident");
    terminal.click("help");
    terminal.see("launch one simulated device");
    // Beside it.
    terminal.click("Wills");
    terminal.wait("the help to close", |output| !output.parser.screen().contents().contains("launch one"));
    terminal.click("quit");
    assert!(terminal.end().success());
    terminal.assert_restored();
}

#[test]
fn a_mouse_that_is_left_to_the_terminal_is_never_asked_for() {
    let mut terminal = Terminal::start(24, 80, &["--listen", "127.0.0.1:0", "--no-mouse"], &[]);
    terminal.see("3 online");
    terminal.press("q");
    assert!(terminal.end().success());
    terminal.assert_restored();
    let output = terminal.output.0.lock().expect("output");
    let asked = output.raw.windows(8).any(|window| window.starts_with(b"\x1b[?100") && window.ends_with(b"h"));
    assert!(!asked, "it asks for the mouse");
}

#[test]
fn a_lesson_is_told_step_by_step() {
    let mut terminal = Terminal::start(24, 80, &["lesson"], &[]);
    for text in ["1 of 8", "2 of 8", "3 of 8", "4 of 8", "5 of 8"] {
        terminal.see(text);
        terminal.press("\r");
    }
    terminal.see("6 of 8");
    terminal.see("✖ cut");
    // Back to what was told before, and what happened then.
    terminal.press("h");
    terminal.see("✔ lwtThing: connection lost; cut → will");
    terminal.press("s");
    terminal.see("Clean exit against cut");
    terminal.press("1");
    terminal.see("No device yet");
    terminal.press("q");
    assert!(terminal.end().success());
    terminal.assert_restored();
}

#[test]
fn the_essentials_fit_eighty_by_twenty_four() {
    let mut terminal = Terminal::start(24, 80, &["--listen", "127.0.0.1:0", "--devices", "2"], &[]);
    terminal.see("2 online");
    terminal.press("x");
    terminal.see("How shall");
    terminal.press("r");
    terminal.see("connection lost");
    terminal.press("?");
    terminal.see("bring the device back");
    terminal.press("\x1b");
    // Pressed together they would be one key: alt-ctrl-c.
    terminal.wait("the help to close", |output| !output.parser.screen().contents().contains("bring the device back"));
    terminal.press("\x03");
    assert!(terminal.end().success());
    terminal.assert_restored();
}

#[test]
fn sigterm_restores_the_terminal() {
    let mut terminal = Terminal::start(24, 80, &["--listen", "127.0.0.1:0"], &[]);
    terminal.see("3 online");
    let pid = terminal.child.process_id().expect("a process id").to_string();
    let killed = std::process::Command::new("kill").args(["-TERM", &pid]).status().expect("kill");
    assert!(killed.success());
    terminal.end();
    terminal.assert_restored();
}

#[test]
fn a_panic_restores_the_terminal_and_says_what_happened() {
    let mut terminal = Terminal::start(24, 80, &["--listen", "127.0.0.1:0"], &[("LWTOP_TEST_PANIC", "1")]);
    terminal.see("3 online");
    terminal.press("!");
    let status = terminal.end();
    assert!(!status.success(), "{status:?}");
    terminal.assert_restored();
    let output = terminal.output.0.lock().expect("output");
    assert!(output.parser.screen().contents().contains("panicked"), "{}", output.parser.screen().contents());
}

#[test]
fn a_busy_port_is_one_clear_sentence() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let mut terminal = Terminal::start(24, 80, &["--listen", &address], &[]);
    let status = terminal.end();
    assert_eq!(status.exit_code(), 1);
    terminal.assert_restored();
    let output = terminal.output.0.lock().expect("output");
    let said = output.parser.screen().contents();
    assert!(said.contains("--listen"), "{said}");
}

/// Where the pictures of the README are.
const PICTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/pictures");
/// More than this, and a page of them is slow to come.
const LARGEST: usize = 40_000;

/// The article's rule, with an action that needs nothing of the machine to tell somebody.
const RULE: &str = r#"
[[rules]]
name = "lastWillRule"
sql = """
SELECT * FROM '/last/will/topic'
WHERE state.reported.last_will = 'yes' AND state.reported.trigger_action = 'on'
"""
[[rules.actions]]
type = "republish"
topic = "/lwt/executed"
[[rules.actions]]
type = "command"
argv = ["true"]
"#;

/// Begins a picture: the program on its own broker, with `more` in its configuration.
fn pose(rows: u16, args: &[&str], more: &str) -> Terminal {
    let config = std::env::temp_dir().join(format!("lwtop-pictures-{}.toml", std::process::id()));
    std::fs::write(&config, format!("{more}{RULE}")).expect("a configuration");
    let path = config.to_str().expect("a path in UTF-8");
    let mut all = args.to_vec();
    all.extend(["--config", path]);
    if args.first() != Some(&"lesson") {
        all.extend(["--listen", "127.0.0.1:0"]);
    }
    Terminal::start(rows, 100, &all, &[("COLORTERM", "truecolor"), ("LC_ALL", "C.UTF-8")])
}

/// Draws the screen as it is now.
fn picture(terminal: &Terminal, name: &str, title: &str) {
    let mut output = terminal.output.0.lock().expect("output");
    // Until nothing was written for a moment: half a story is no picture.
    loop {
        let (later, quiet) = terminal.output.1.wait_timeout(output, Duration::from_millis(400)).expect("output");
        output = later;
        if quiet.timed_out() {
            break;
        }
    }
    let svg = svg::picture(output.parser.screen(), title);
    std::fs::create_dir_all(PICTURES).expect("a folder");
    std::fs::write(format!("{PICTURES}/{name}.svg"), &svg).expect("a file");
    assert!(svg.len() < LARGEST, "{name} has {} bytes", svg.len());
}

/// Makes the pictures of the README from the program as it is:
/// `cargo test --test terminal -- --ignored take_the_pictures`; of a release build with `LWTOP_PICTURES_OF` set to its path.
#[test]
#[ignore = "it writes the pictures of the README"]
fn take_the_pictures() {
    let mut terminal = pose(24, &["--devices", "4"], "");
    // A while, for the bars to have begun.
    terminal.see(" 9 of 45 s");
    terminal.press("lllxl");
    terminal.see("1 offline");
    terminal.press("hhhxf");
    terminal.see("2 offline");
    terminal.see("notified");
    picture(
        &terminal,
        "fleet",
        "Four devices. lwtThing was cut: its will was published, a rule matched, somebody was told.",
    );
    terminal.press("q");
    terminal.end();

    let mut terminal = pose(29, &[], "");
    terminal.see(" 5 of 45 s");
    terminal.press("xf");
    terminal.see("notified");
    terminal.press("2\r");
    terminal.see("PUBLISH will");
    picture(&terminal, "sequence", "The death as a sequence of packets: device, broker, lwtop, rule, person.");
    terminal.press("q");
    terminal.end();

    // A will without `trigger_action`, for which the rule asks.
    let will = r#"{"state": {"reported": {"last_will": "yes", "client_id": "${client_id}"}}}"#;
    let mut terminal = pose(18, &[], &format!("[devices.will]\npayload = '{will}'\n"));
    terminal.see("3 online");
    terminal.press("xr");
    terminal.see("1 offline");
    terminal.press("5w");
    terminal.see("did not fire");
    picture(&terminal, "why", "Why the rule did not fire: the payload has no trigger_action.");
    terminal.press("q");
    terminal.end();

    let mut terminal = pose(24, &["--devices", "1500"], "");
    terminal.see("1 500 online");
    for death in ["xf", "xp", "xz", "xl", "xf", "xr"] {
        terminal.press("jj");
        terminal.press(&"l".repeat(17));
        terminal.press(death);
    }
    terminal.see("5 offline");
    terminal.press("K");
    terminal.see("how many");
    terminal.press("\r");
    terminal.see("150 of 1 500 die once");
    terminal.press("y");
    terminal.see("✖ 15");
    picture(
        &terminal,
        "wall",
        "1 500 devices, a sign each. A tenth was cut at random; one is frozen, one left, one broke the protocol.",
    );
    terminal.press("q");
    terminal.end();

    let mut terminal = pose(24, &["lesson"], "");
    for text in ["1 of 8", "2 of 8", "3 of 8", "4 of 8", "5 of 8"] {
        terminal.see(text);
        terminal.press("\r");
    }
    terminal.see("6 of 8");
    terminal.see("✖ cut");
    picture(&terminal, "lesson", "A lesson beside the fleet: a text tells what has just happened.");
    terminal.press("q");
    terminal.end();
}

#[test]
fn the_pictures_of_the_readme_are_there_and_small() {
    let readme = include_str!("../README.md");
    let named: Vec<&str> =
        readme.split("(assets/pictures/").skip(1).filter_map(|rest| rest.split(')').next()).collect();
    assert!(!named.is_empty(), "the README shows no picture");
    for name in named {
        let picture = std::fs::read(format!("{PICTURES}/{name}")).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(picture.len() < LARGEST, "{name} has {} bytes", picture.len());
    }
}
