//! Floor 5: one file per command. Errors become one sentence and an exit code here, and nowhere else.

mod broker;
mod device;
mod interface;
mod setup;
mod signals;
mod watch;

use crate::cli::{Cli, Command};
use std::io::Write;
use std::process::ExitCode;

/// Why a command failed; the code is the process's.
#[derive(Debug)]
enum Failure {
    /// Wrong flags or configuration: exit code 2.
    Usage(String),
    /// It could not go on: exit code 1.
    Runtime(String),
    /// A signal ended the interface: exit code 128 + its number.
    Signal(String, u8),
}

/// Runs the command line and returns the exit code; what went wrong is told in one sentence on standard error.
#[must_use]
pub fn run(cli: Cli) -> ExitCode {
    let result = match cli.command {
        None => interface::run(&cli.fleet),
        Some(Command::Watch(args)) => watch::run(&args),
        Some(Command::Broker(args)) => broker::run(&args),
        Some(Command::Device(args)) => device::run(&args),
    };
    let (sentence, code) = match result {
        Ok(()) => return ExitCode::SUCCESS,
        Err(Failure::Usage(sentence)) => (sentence, 2),
        Err(Failure::Runtime(sentence)) => (sentence, 1),
        Err(Failure::Signal(sentence, code)) => (sentence, code),
    };
    // Nothing is left to tell that standard error is closed.
    let _ = writeln!(std::io::stderr(), "error: {sentence}");
    ExitCode::from(code)
}

/// The runtime that everything runs on.
fn executor() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Runtime(format!("the program cannot start its worker threads: {error}")))
}
