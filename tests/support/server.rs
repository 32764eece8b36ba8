//! A program that serves on a loopback port, for one test: started on a free one, ended when it is dropped.

#![allow(dead_code, reason = "not every test file needs every part")]

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long it may take to listen.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running server with a folder of its own.
pub struct Server {
    program: PathBuf,
    child: Option<Child>,
    dir: PathBuf,
    pub port: u16,
    /// Its other ports.
    more: Vec<u16>,
}

impl Server {
    /// Starts it as `PROGRAM -c FILE`; `config` writes the file for a port, more ports and the folder.
    pub fn start<const N: usize>(program: &Path, config: impl Fn(u16, [u16; N], &Path) -> String) -> (Self, [u16; N]) {
        let name = program.file_name().unwrap().to_str().unwrap();
        // Taken and given back: such servers cannot bind port 0. Should another process get it in between, it does not
        // start, and others are tried.
        for _ in 0..10 {
            let ([port], more) = free_ports();
            let dir = std::env::temp_dir().join(format!("lwtop-{name}-{}-{port}", std::process::id()));
            std::fs::create_dir_all(&dir).unwrap();
            std::fs::write(dir.join("server.conf"), config(port, more, &dir)).unwrap();
            let mut server = Self { program: program.to_owned(), child: None, dir, port, more: more.to_vec() };
            if server.run() {
                return (server, more);
            }
        }
        panic!("{name} did not start on any of ten ports");
    }

    /// Ends it as a crash does.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Ends it as whoever runs the machine does.
    pub fn terminate(&mut self) {
        if let Some(mut child) = self.child.take() {
            assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
            child.wait().unwrap();
        }
    }

    /// Starts it again on the same port.
    pub fn restart(&mut self) {
        self.kill();
        assert!(self.run(), "{} did not start again on port {}", self.program.display(), self.port);
    }

    fn run(&mut self) -> bool {
        let mut child = Command::new(&self.program)
            .arg("-c")
            .arg(self.dir.join("server.conf"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let deadline = Instant::now() + PATIENCE;
        let mut ports = std::iter::once(self.port).chain(self.more.iter().copied()).peekable();
        while let Some(port) = ports.peek() {
            if TcpStream::connect(("127.0.0.1", *port)).is_ok() {
                ports.next();
                continue;
            }
            if child.try_wait().unwrap().is_some() || Instant::now() > deadline {
                let _ = child.kill();
                let mut log = String::new();
                if let Some(mut stderr) = child.stderr.take() {
                    let _ = stderr.read_to_string(&mut log);
                }
                let _ = child.wait();
                eprintln!("{} ended: {log}", self.program.display());
                return false;
            }
            std::thread::yield_now();
        }
        self.child = Some(child);
        true
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

/// Ports that are free, all different, and below those that systems give to outgoing connections: among thousands of devices
/// that come and go there is hardly a port there which nobody has or had a moment ago.
fn free_ports<const N: usize>() -> ([u16; 1], [u16; N]) {
    let any = || RandomState::new().build_hasher().finish();
    let free = |()| loop {
        let port = u16::try_from(10_000 + any() % 20_000).unwrap();
        if let Ok(listener) = TcpListener::bind(("127.0.0.1", port)) {
            return listener;
        }
    };
    // Held until all are chosen.
    let (one, more) = ([(); 1].map(free), [(); N].map(free));
    let port = |listener: &TcpListener| listener.local_addr().unwrap().port();
    (one.each_ref().map(port), more.each_ref().map(port))
}

/// Where a program is, or `None` with a line that says that a test is passed over because it is not installed.
pub fn find(program: &str, required: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    let found = places.map(|place| place.join(program)).find(|program| program.is_file());
    if found.is_none() {
        missing(program, required);
    }
    found
}

/// Says that a test is passed over because `what` is not installed. Written past the test runner, which keeps the prints of
/// passing tests to itself.
///
/// # Panics
/// Where it has to be there: in CI, which sets `required`.
pub fn missing(what: &str, required: &str) {
    let _ = writeln!(std::io::stderr(), "SKIPPED: a test needs {what}, which is not installed");
    assert!(std::env::var_os(required).is_none(), "{what} is required here");
}
