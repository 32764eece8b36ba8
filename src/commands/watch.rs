//! `lwtop watch`.

use super::setup::{Launch, Serve, fleet};
use super::{Failure, executor, log, signals};
use crate::cli::{FleetArgs, WatchArgs};
use crate::clock::Clock;
use crate::hub::Runtime;
use crate::watch::{Limits, What, run as stream};
use std::io::stdout;

pub(super) fn run(args: &WatchArgs) -> Result<(), Failure> {
    let limits = Limits { time: args.time, lines: args.count };
    print(&args.fleet, Serve::Unless, if args.summary { What::Summary } else { What::Events }, limits)
}

/// Prints the stream of this fleet until a limit or a signal.
pub(super) fn print(args: &FleetArgs, serve: Serve, what: What, limits: Limits) -> Result<(), Failure> {
    let setup = fleet(args, Launch::None, serve)?;
    executor()?.block_on(async {
        let stop =
            signals::asked_to_end().map_err(|error| Failure::Runtime(format!("signals cannot be handled: {error}")))?;
        let runtime = Runtime::start(setup, Clock::start()).map_err(|fatal| Failure::Runtime(fatal.to_string()))?;
        stream(runtime, what, limits, stdout(), log::start()?, stop)
            .await
            .map_err(|end| Failure::Runtime(end.to_string()))
    })
}
