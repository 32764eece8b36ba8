//! `lwtop swarm`.

use super::log::{self, Log};
use super::setup::{Launch, Serve, fleet};
use super::{Failure, executor, print, signals};
use crate::cli::{DoorArgs, FleetArgs, SwarmArgs};
use crate::clock::{Clock, Moment};
use crate::ledger::Ledger;
use crate::mqtt::KeepAlive;
use crate::swarm::summary::{Summary, line};
use crate::swarm::{Phase, Plan, PlanError, Progress, run as drive};
use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write, stderr};
use std::num::NonZeroU32;
use std::path::Path;
use std::time::Duration;
use tokio::sync::mpsc;

/// The answer when not every will came exactly once.
const NOT_ALL: u8 = 3;

pub(super) fn run(args: &SwarmArgs) -> Result<(), Failure> {
    let plan = plan(args)?;
    plan.check().map_err(|error| match error {
        PlanError::Wrong(why) => Failure::Usage(why),
        PlanError::TooMuch(why) => Failure::Runtime(why),
    })?;
    // Opened first: nobody wants to hear after an hour that it cannot be written.
    let file = args.per_device.as_deref().map(|path| create(path).map(|file| (path, file))).transpose()?;
    let clock = Clock::start();
    let mut screen = Screen::new(log::start()?, clock.now());
    let (summary, ledger) = executor()?.block_on(async {
        let stop = stops().map_err(|error| Failure::Runtime(format!("signals cannot be handled: {error}")))?;
        let result = drive(plan, clock, stop, |progress| screen.show(progress)).await;
        screen.clear();
        result.map_err(|fatal| Failure::Runtime(fatal.to_string()))
    })?;
    // What it has to say comes before the summary.
    drop(screen);
    if let Some((path, file)) = file {
        write(file, &ledger).map_err(|error| unwritable(path, &error))?;
    }
    print(&answer(&summary, args.json))?;
    let all = summary.exactly_once && summary.presence.never_connected == 0;
    if all { Ok(()) } else { Err(Failure::Answer(NOT_ALL)) }
}

/// What the flags and the configuration ask for.
fn plan(args: &SwarmArgs) -> Result<Plan, Failure> {
    let flags = FleetArgs {
        config: args.config.clone(),
        profile: args.profile.clone(),
        broker: args.broker.clone(),
        doors: DoorArgs { listen: args.listen, ..DoorArgs::default() },
        devices: Some(args.count),
        link: args.link.clone(),
        topics: args.topics.clone(),
        ..FleetArgs::default()
    };
    let mut setup = fleet(&flags, Launch::None, Serve::Unless)?;
    let template = &mut setup.template;
    if let Some(seconds) = args.keep_alive {
        template.keep_alive = KeepAlive(seconds);
    }
    if let Some(protocol) = args.device_protocol {
        template.protocol = protocol;
    }
    if let Some(id) = &args.id {
        setup.prefix.clone_from(id);
    }
    Ok(Plan {
        setup,
        rate: args.rate.map(NonZeroU32::get),
        death: args.fault,
        storm: args.storm,
        time: args.time,
        patience: args.will_within,
    })
}

/// Each signal that asks the program to end, one after the other.
fn stops() -> io::Result<mpsc::Receiver<()>> {
    let mut asked = signals::asked_to_end()?;
    let (tell, told) = mpsc::channel(2);
    tokio::spawn(async move {
        loop {
            asked.await;
            // Nobody hears it any more, or there are no more signals.
            if tell.send(()).await.is_err() {
                return;
            }
            match signals::asked_to_end() {
                Ok(next) => asked = next,
                Err(_) => return,
            }
        }
    });
    Ok(told)
}

fn answer(summary: &Summary, json: bool) -> String {
    if json {
        // Numbers and texts alone: it cannot fail.
        serde_json::to_string(summary).unwrap_or_default() + "\n"
    } else {
        summary.to_string()
    }
}

fn create(path: &Path) -> Result<File, Failure> {
    File::create(path).map_err(|error| unwritable(path, &error))
}

fn write(file: File, ledger: &Ledger) -> io::Result<()> {
    let mut to = BufWriter::new(file);
    for account in ledger.accounts() {
        writeln!(to, "{}", line(account))?;
    }
    to.flush()
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    Failure::Runtime(format!("--per-device: {} cannot be written: {error}", path.display()))
}

/// How it goes on, on standard error: one line that changes on a terminal, a line now and then elsewhere.
struct Screen {
    log: Log,
    live: bool,
    shown: Option<Phase>,
    next: Moment,
}

impl Screen {
    fn new(log: Log, now: Moment) -> Self {
        Self { log, live: stderr().is_terminal(), shown: None, next: now }
    }

    fn show(&mut self, progress: &Progress<'_>) {
        // Writing to a log waits for nothing and cannot fail.
        for notice in progress.notices {
            self.clear();
            let _ = writeln!(self.log, "lwtop: {notice}");
        }
        let turned = self.shown.replace(progress.phase) != Some(progress.phase);
        // A notice takes the place of the line that changes; one in a log stands where it stood.
        let wiped = self.live && !progress.notices.is_empty();
        if progress.phase == Phase::Done || progress.now < self.next && !turned && !wiped {
            return;
        }
        let every = if self.live { Duration::from_millis(200) } else { Duration::from_secs(5) };
        self.next = progress.now + every;
        if self.live {
            // Back to the first column, and what was longer before is cleared.
            let _ = write!(self.log, "\r{progress}\x1b[K");
            let _ = self.log.flush();
        } else {
            let _ = writeln!(self.log, "lwtop: {progress}");
        }
    }

    fn clear(&mut self) {
        if self.live {
            let _ = write!(self.log, "\r\x1b[K");
        }
    }
}
