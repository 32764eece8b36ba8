//! The real binary, as a person or a script runs it.

#![allow(dead_code, reason = "not every test file needs every part")]

use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// How long anything may take before a test fails.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A command line that takes its flags from the test alone.
pub fn lwtop(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lwtop"));
    command.args(args).stdin(Stdio::null());
    // No configuration of whoever runs the tests.
    command.env("XDG_CONFIG_HOME", std::env::temp_dir().join("lwtop-tests-have-no-configuration"));
    command
}

/// Runs it to its end.
pub fn output(args: &[&str]) -> Output {
    lwtop(args).output().expect("the program starts")
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A running stream, line by line.
pub struct Stream {
    child: Child,
    lines: Receiver<Value>,
    seen: Vec<Value>,
}

impl Stream {
    pub fn start(args: &[&str]) -> Self {
        Self::of(lwtop(args))
    }

    pub fn of(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the program starts");
        let stdout = child.stdout.take().expect("its output");
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
                if sender.send(value).is_err() {
                    return;
                }
            }
        });
        Self { child, lines, seen: Vec::new() }
    }

    /// Waits for a line for which `wanted` holds, among those already seen too.
    pub fn wait(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        if let Some(line) = self.seen.iter().find(|line| wanted(line)) {
            return line.clone();
        }
        let until = Instant::now() + PATIENCE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let line = self
                .lines
                .recv_timeout(left)
                .unwrap_or_else(|_| panic!("waited in vain for {what}; there was {:#?}", self.seen));
            self.seen.push(line.clone());
            if wanted(&line) {
                return line;
            }
        }
    }

    /// What was seen so far is not looked at again.
    pub fn forget(&mut self) {
        self.seen.clear();
    }

    pub fn event(&mut self, event: &str, device: &str) -> Value {
        self.wait(&format!("{event} of {device}"), |line| line["event"] == event && line["device"] == device)
    }

    pub fn address(&mut self) -> String {
        let first = self.wait("the first line", |_| true);
        assert_eq!(first["event"], "listening", "the first line tells where to connect");
        first["url"].as_str().expect("a URL").to_owned()
    }

    pub fn terminate(&mut self) -> std::process::ExitStatus {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().expect("kill").success());
        self.child.wait().expect("an exit status")
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
