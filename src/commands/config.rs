//! `lwtop config`.

use super::{Failure, flags, print};
use crate::cli::{ConfigCommand, ConfigPathArgs, FleetArgs, InterfaceArgs};
use std::io::{Write, stderr};

/// The exit code for "there is no file".
const NO_FILE: u8 = 1;

pub(super) fn run(command: &ConfigCommand) -> Result<(), Failure> {
    match command {
        ConfigCommand::Path(args) => path(args),
        ConfigCommand::Show(args) => show(args),
    }
}

fn path(args: &ConfigPathArgs) -> Result<(), Failure> {
    let Some(path) = flags::of_file(args.config.as_deref()).path() else {
        return Err(Failure::Runtime(
            "there is no home folder to look for a configuration file in: name one with --config".to_owned(),
        ));
    };
    print(&format!("{}\n", path.display()))?;
    let is_there = path.exists();
    let what = if is_there { "It is there." } else { "It is not there: the defaults hold." };
    // Standard output has the path alone, for other programs.
    let _ = writeln!(stderr(), "{what}");
    if is_there { Ok(()) } else { Err(Failure::Answer(NO_FILE)) }
}

fn show(args: &FleetArgs) -> Result<(), Failure> {
    // Whoever asks for every mistake asks for those that only the interface would find, too.
    print(&flags::load(&flags::of_interface(args, &InterfaceArgs::default()))?.shown())
}
