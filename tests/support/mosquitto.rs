//! A real Mosquitto of a test's own, on a free loopback port, ended when it is dropped.

#![allow(dead_code, reason = "not every test file needs every part")]

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long Mosquitto may take to listen.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running Mosquitto, anonymous, both versions, nothing kept on disk.
pub struct Mosquitto {
    program: PathBuf,
    child: Option<Child>,
    dir: PathBuf,
    pub port: u16,
}

impl Mosquitto {
    /// Starts one; `None`, with a line that says so, where it is not installed.
    pub fn start() -> Option<Self> {
        Self::start_with("")
    }

    /// Starts one with more lines in its configuration.
    pub fn start_with(config: &str) -> Option<Self> {
        let Some(program) = find() else {
            missing("mosquitto");
            return None;
        };
        // Taken and given back: Mosquitto cannot bind port 0. Should another process get it in between, it does not start,
        // and another port is tried.
        for _ in 0..5 {
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let dir = std::env::temp_dir().join(format!("lwtop-mosquitto-{}-{port}", std::process::id()));
            std::fs::create_dir_all(&dir).unwrap();
            let text = format!(
                "listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\nmax_queued_messages 0\n\
                 log_dest stderr\nlog_type error\n{config}\n"
            );
            std::fs::write(dir.join("mosquitto.conf"), text).unwrap();
            let mut broker = Self { program: program.clone(), child: None, dir, port };
            if broker.run() {
                return Some(broker);
            }
        }
        panic!("mosquitto did not start on any of five ports");
    }

    /// Ends it as a crash does.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Starts it again on the same port.
    pub fn restart(&mut self) {
        self.kill();
        assert!(self.run(), "mosquitto did not start again on port {}", self.port);
    }

    fn run(&mut self) -> bool {
        let config = self.dir.join("mosquitto.conf");
        let mut child = Command::new(&self.program)
            .arg("-c")
            .arg(config)
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let deadline = Instant::now() + PATIENCE;
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            if child.try_wait().unwrap().is_some() || Instant::now() > deadline {
                let _ = child.kill();
                let mut log = String::new();
                if let Some(mut stderr) = child.stderr.take() {
                    let _ = stderr.read_to_string(&mut log);
                }
                let _ = child.wait();
                eprintln!("mosquitto ended: {log}");
                return false;
            }
            std::thread::yield_now();
        }
        self.child = Some(child);
        true
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        self.kill();
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

/// Says that a test is passed over because `what` is not installed. Written past the test runner, which keeps the prints of
/// passing tests to itself.
///
/// # Panics
/// Where it has to be there: in CI.
pub fn missing(what: &str) {
    let _ = writeln!(std::io::stderr(), "SKIPPED: a test needs {what}, which is not installed");
    assert!(std::env::var_os("LWTOP_REQUIRE_MOSQUITTO").is_none(), "{what} is required here");
}

fn find() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    places.map(|place| place.join("mosquitto")).find(|program| program.is_file())
}
