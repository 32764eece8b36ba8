//! `lwtop play` and `lwtop lesson`.

use super::setup::{Launch, Serve, fleet};
use super::{Failure, executor, interface, log, print, signals};
use crate::cli::{FleetArgs, Format, LessonArgs, PlayArgs};
use crate::clock::Clock;
use crate::config::scenario::{self, shipped};
use crate::hub::{Command, Runtime, Setup, Source};
use crate::scenario::{Ending, Scenario};
use crate::watch::play;
use std::fmt::Write as _;
use std::io::stdout;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

/// The exit code for "not everything came as expected".
const NOT_MET: u8 = 1;

/// The lesson to begin with.
const FIRST: &str = "article";

pub(super) fn run(args: &PlayArgs) -> Result<(), Failure> {
    if args.list {
        return list();
    }
    let name = args.scenario.as_deref().unwrap_or(FIRST);
    let scenario = find(name)?;
    if args.print {
        return print(&scenario::print(&scenario));
    }
    let setup = setup(&args.fleet, &scenario)?;
    let format = match args.format {
        Format::Text => play::Format::Text,
        Format::Json => play::Format::Json,
    };
    let ending = executor()?.block_on(async {
        let stop =
            signals::asked_to_end().map_err(|error| Failure::Runtime(format!("signals cannot be handled: {error}")))?;
        let mut runtime = Runtime::start(setup, Clock::start()).map_err(|fatal| Failure::Runtime(fatal.to_string()))?;
        let refused = runtime.command(order(name, scenario, false)).notices;
        if let Some(why) = refused.into_iter().next() {
            runtime.stop().await;
            return Err(Failure::Runtime(why));
        }
        play::run(runtime, format, stdout(), log::start()?, stop).await.map_err(|end| Failure::Runtime(end.to_string()))
    })?;
    if Ending::is_good(&ending) { Ok(()) } else { Err(Failure::Answer(NOT_MET)) }
}

pub(super) fn lesson(args: &LessonArgs) -> Result<(), Failure> {
    let name = args.scenario.as_deref().unwrap_or(FIRST);
    let scenario = find(name)?;
    let setup = setup(&args.fleet, &scenario)?;
    interface::lesson(setup, order(name, scenario, true))
}

fn order(name: &str, scenario: Scenario, pauses: bool) -> Command {
    Command::Play { name: name.into(), scenario: Arc::new(scenario), pauses }
}

fn list() -> Result<(), Failure> {
    let width = shipped().iter().map(|one| one.name.len()).max().unwrap_or_default();
    let mut text = String::new();
    for one in shipped() {
        let scenario = one.scenario()?;
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{:width$}  {}", one.name, scenario.summary);
    }
    print(&text)
}

/// The scenario called `name`: one that lwtop brings along, or a file.
fn find(name: &str) -> Result<Scenario, Failure> {
    if let Some(one) = shipped().iter().find(|one| one.name == name) {
        return Ok(one.scenario()?);
    }
    let text = std::fs::read_to_string(name).map_err(|error| {
        let names: Vec<&str> = shipped().iter().map(|one| one.name).collect();
        let names = names.join(", ");
        Failure::Usage(format!(
            "there is no scenario {name}: as a file it cannot be read ({error}), and lwtop brings along {names}"
        ))
    })?;
    Ok(scenario::read(&text, name)?)
}

/// What to start with: a broker of its own on a free port, unless something else is said.
fn setup(args: &FleetArgs, scenario: &Scenario) -> Result<Setup, Failure> {
    let args = FleetArgs { named_only: true, ..args.clone() };
    let mut setup = fleet(&args, Launch::None, Serve::Unless)?;
    if setup.rules.rules().is_empty() && scenario.needs_rules() {
        return Err(Failure::Usage(format!(
            "{:?} expects that a rule matches, and lwtop runs none on this broker: add --rules",
            scenario.title
        )));
    }
    let usual = SocketAddr::from((Ipv4Addr::LOCALHOST, 1883));
    if let Source::Embedded { listen, .. } | Source::Upstream { listen, .. } = &mut setup.source
        && args.doors.listen.is_none()
        && *listen == usual
    {
        listen.set_port(0);
    }
    Ok(setup)
}
