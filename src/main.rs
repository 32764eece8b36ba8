//! The `lwtop` program: everything is in the library.

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    lwtop::commands::run(lwtop::cli::Cli::parse_from(lwtop::cli::with_long_id(std::env::args_os())))
}
