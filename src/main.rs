//! The `lwtop` program: everything is in the library.

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    lwtop::commands::run(lwtop::cli::Cli::parse())
}
