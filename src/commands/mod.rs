//! Floor 5: one file per command. Errors become one sentence and an exit code here, and nowhere else.

mod aws;
mod broker;
mod certs;
mod config;
mod device;
mod flags;
mod interface;
mod log;
mod play;
mod rule;
mod setup;
mod signals;
mod swarm;
mod watch;

use crate::cli::{Cli, Command};
use crate::config::ConfigError;
use std::io::{self, Write, stdout};
use std::process::ExitCode;

/// Why a command failed; the code is the process's.
#[derive(Debug)]
enum Failure {
    /// Wrong flags or configuration: exit code 2.
    Usage(String),
    /// It could not go on: exit code 1.
    Runtime(String),
    /// Everything has been said, and the answer is an exit code.
    Answer(u8),
    /// A signal ended the interface: exit code 128 + its number.
    Signal(String, u8),
}

/// Runs the command line and returns the exit code; what went wrong is told in one sentence on standard error.
#[must_use]
pub fn run(cli: Cli) -> ExitCode {
    let result = match cli.command {
        None => interface::run(&cli.fleet, &cli.interface),
        Some(Command::Watch(args)) => watch::run(&args),
        Some(Command::Broker(args)) => broker::run(&args),
        Some(Command::Device(args)) => device::run(&args),
        Some(Command::Certs(args)) => certs::run(&args),
        Some(Command::Config(args)) => config::run(&args.command),
        Some(Command::Aws(args)) => aws::run(&args.command),
        Some(Command::Lesson(args)) => play::lesson(&args),
        Some(Command::Play(args)) => play::run(&args),
        Some(Command::Swarm(args)) => swarm::run(&args),
        Some(Command::Rule(args)) => rule::run(&args.command),
    };
    let (sentence, code) = match result {
        Ok(()) => return ExitCode::SUCCESS,
        Err(Failure::Answer(code)) => return ExitCode::from(code),
        Err(Failure::Usage(sentence)) => (sentence, 2),
        Err(Failure::Runtime(sentence)) => (sentence, 1),
        Err(Failure::Signal(sentence, code)) => (sentence, code),
    };
    // Nothing is left to tell that standard error is closed.
    let _ = writeln!(std::io::stderr(), "error: {sentence}");
    ExitCode::from(code)
}

impl From<Vec<ConfigError>> for Failure {
    /// Each is an error of its own; the first is introduced by whoever prints it.
    fn from(errors: Vec<ConfigError>) -> Self {
        let sentences: Vec<_> = errors.iter().map(ToString::to_string).collect();
        Self::Usage(sentences.join("\nerror: "))
    }
}

/// Prints an answer. Whoever closes standard output does not want to know.
fn print(text: &str) -> Result<(), Failure> {
    let mut to = stdout().lock();
    match to.write_all(text.as_bytes()).and_then(|()| to.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::Usage(format!("the answer cannot be written to standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// Says something that a person should know, and goes on.
fn warn(sentence: &str) {
    // Nothing is left to tell that standard error is closed.
    let _ = writeln!(std::io::stderr(), "warning: {sentence}");
}

/// The runtime that everything runs on.
fn executor() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Runtime(format!("the program cannot start its worker threads: {error}")))
}
