//! `lwtop` without a command: the terminal interface.

use super::setup::{Launch, Serve, of_loaded};
use super::{Failure, executor, flags};
use crate::cli::{FleetArgs, InterfaceArgs};
use crate::clock::{Clock, Moment};
use crate::config::Config;
use crate::fleet::Sort;
use crate::hub::{Command, Fatal, Runtime, Setup};
use crate::tui::clipboard::{self, Native};
use crate::tui::terminal::{self, Stop, Stops};
use crate::tui::{Columns, Effect, Herald, KeyFault, Keymap, Look, Page, Theme, Ui, View};
use crossterm::event::{Event, EventStream};
use futures_util::StreamExt;
use ratatui::backend::Backend;
use std::io::Write;
use std::time::Duration;
use tokio::sync::mpsc::{Receiver, Sender};

/// How it looks and listens.
struct Manner {
    look: Look,
    keys: Keymap,
    herald: Herald,
    read_only: bool,
    columns: Columns,
    sort: Option<Sort>,
    mouse: bool,
}

impl Manner {
    /// As the configuration says, in which [`faults`] has found nothing.
    fn of(config: &Config) -> Result<Self, Failure> {
        let Config { interface, .. } = config;
        let look = look(config)?;
        let keys = keymap(config).unwrap_or_default().in_ascii(look.ascii);
        let herald = Herald::new(interface.bell, interface.title);
        Ok(Self {
            look,
            keys,
            herald,
            read_only: interface.read_only,
            mouse: interface.mouse,
            columns: Columns::of(&interface.columns),
            sort: interface.sort,
        })
    }

    /// As lwtop is without a configuration.
    fn usual() -> Self {
        let look = Look::of_environment(Theme::dark());
        let keys = Keymap::default().in_ascii(look.ascii);
        Self {
            look,
            keys,
            herald: Herald::default(),
            read_only: false,
            mouse: true,
            columns: Columns::default(),
            sort: None,
        }
    }
}

pub(super) fn run(args: &FleetArgs, interface: &InterfaceArgs) -> Result<(), Failure> {
    let loaded = flags::load(&flags::of_interface(args, interface))?;
    // Launching is an act, too.
    let launch = if loaded.config.interface.read_only { Launch::None } else { Launch::Configured };
    let setup = of_loaded(&loaded, args, launch, Serve::Unless)?;
    open(setup, Manner::of(&loaded.config)?, None)
}

/// The same with a lesson, which begins at once and is the same everywhere.
pub(super) fn lesson(setup: Setup, lesson: Command) -> Result<(), Failure> {
    open(setup, Manner::usual(), Some(lesson))
}

fn open(setup: Setup, manner: Manner, lesson: Option<Command>) -> Result<(), Failure> {
    let Manner { look, keys, mut herald, read_only, mouse, columns, sort } = manner;
    executor()?.block_on(async {
        let instead = if lesson.is_some() { "lwtop play" } else { "lwtop watch" };
        let (screen, guard) = terminal::enter(mouse, instead).map_err(|error| Failure::Usage(error.to_string()))?;
        let clock = Clock::start();
        let mut stops =
            Stops::listen().map_err(|error| Failure::Runtime(format!("signals cannot be handled: {error}")))?;
        let mut runtime = Runtime::start(setup, clock).map_err(|fatal| Failure::Runtime(fatal.to_string()))?;
        let mut ui = Ui::new(screen, look);
        ui.app_mut().keys = keys;
        ui.app_mut().read_only = read_only;
        ui.app_mut().columns = columns;
        ui.app_mut().sieve.sort_by(sort);
        if let Some(lesson) = lesson {
            runtime.command(lesson);
            ui.turn_to(Page::Lesson);
        }
        let end = drive(&mut ui, &mut runtime, &mut stops, &mut herald).await;
        // The terminal is the person's again before the goodbyes, which may take a moment.
        drop(guard);
        last_actions(&mut runtime).await;
        runtime.stop().await;
        match end {
            Ok(()) => Ok(()),
            Err(End::Fatal(fatal)) => Err(Failure::Runtime(fatal.to_string())),
            Err(End::Terminal(error)) => Err(Failure::Runtime(format!("the terminal cannot be used: {error}"))),
            Err(End::Stopped(Stop::Panic)) => Err(Failure::Runtime("ended by the panic above".to_owned())),
            Err(End::Stopped(Stop::Signal(name, number))) => {
                Err(Failure::Signal(format!("ended by {name}"), 128 + number))
            }
        }
    })
}

/// What is wrong with the theme and the keys of a configuration: the keys to blame, and why.
pub(super) fn faults(config: &Config) -> Vec<(String, String)> {
    let theme = Theme::find(&config.interface.theme).err();
    let theme = theme.map(|error| ("interface.theme".to_owned(), error.to_string()));
    let keys = keymap(config).err().unwrap_or_default();
    let keys = keys.into_iter().map(|fault| (format!("keys.{}", fault.action), fault.why));
    theme.into_iter().chain(keys).collect()
}

/// The person's own keys among lwtop's.
fn keymap(config: &Config) -> Result<Keymap, Vec<KeyFault>> {
    Keymap::with(config.keys.0.iter().map(|(action, keys)| (action.as_str(), keys.0.as_slice())))
}

/// The theme, on this terminal.
fn look(config: &Config) -> Result<Look, Failure> {
    let interface = &config.interface;
    // A file may have changed since it was looked at.
    let theme = Theme::find(&interface.theme).map_err(|error| Failure::Usage(error.to_string()))?;
    let look = Look::of_environment(theme);
    Ok(Look { ascii: look.ascii || interface.ascii, ..look })
}

/// Delivers what waits, and says what could not be delivered.
async fn last_actions(runtime: &mut Runtime) {
    let mut log = std::io::stderr();
    runtime.flush();
    let waiting = runtime.undelivered();
    // Nothing is left to tell that standard error is closed.
    if waiting > 0 {
        let _ = writeln!(log, "lwtop: {waiting} events wait for the actions of rules: delivering them, for up to 5 s");
    }
    for notice in runtime.finish_actions().await.notices {
        let _ = writeln!(log, "lwtop: {notice}");
    }
}

/// Why the interface ended, other than by a key.
enum End {
    Fatal(Fatal),
    Terminal(std::io::Error),
    Stopped(Stop),
}

/// How long a change in the hub waits for those that follow it before it is drawn. A death is a burst of hops within a
/// millisecond or two; a frame drawn in its midst would slow down the very thing that is being timed, and be outdated.
const SETTLE: Duration = Duration::from_millis(4);

/// The one loop: keys, the hub, the next frame and signals.
async fn drive<B: Backend<Error = std::io::Error>>(
    ui: &mut Ui<B>,
    runtime: &mut Runtime,
    stops: &mut Stops,
    herald: &mut Herald,
) -> Result<(), End> {
    let clock = runtime.clock();
    let mut keys = EventStream::new();
    // From the first change on, so that a busy hub cannot put the frame off.
    let mut settled: Option<Moment> = None;
    let mut orders: Vec<Command> = Vec::new();
    let mut desktop = Desktop::new();
    ui.app_mut().native = desktop.native.is_some();
    loop {
        if settled.is_some_and(|at| at <= clock.now()) {
            settled = None;
            ui.changed();
        }
        if ui.due(clock.now()) {
            let (fleet, rules, status) = runtime.view();
            let view = View { fleet, status, rules, now: clock.now() };
            ui.draw(&view).map_err(End::Terminal)?;
            terminal::tell(&herald.news(&view)).map_err(End::Terminal)?;
        }
        // After the frame that answers the key: drawing then does not compete with what the order sets off.
        for command in orders.drain(..) {
            runtime.command(command);
            settled.get_or_insert(clock.now() + SETTLE);
        }
        runtime.look_at(ui.looks_at());
        let next = [ui.next_draw(), settled].into_iter().flatten().min();
        tokio::select! {
            // Keys first: a busy hub must not make a person wait.
            biased;
            stop = stops.wait() => return Err(End::Stopped(stop)),
            key = keys.next() => {
                let event = match key {
                    Some(Ok(event)) => event,
                    Some(Err(error)) => return Err(End::Terminal(error)),
                    None => return Ok(()),
                };
                panic_if_asked(&event);
                let (fleet, rules, status) = runtime.view();
                for effect in ui.on_event(&event, &View { fleet, status, rules, now: clock.now() }) {
                    match effect {
                        Effect::Quit => return Ok(()),
                        Effect::Copy(text) => {
                            terminal::copy(&text).map_err(End::Terminal)?;
                            desktop.copy(text);
                        }
                        Effect::Command(command) => orders.push(command),
                    }
                }
            }
            Some(answer) = desktop.answers.recv() => {
                let (fleet, rules, status) = runtime.view();
                ui.answer(answer, &View { fleet, status, rules, now: clock.now() });
            }
            () = sleep_until(clock, next) => {}
            turn = runtime.turn() => {
                if turn.map_err(End::Fatal)?.dirty {
                    settled.get_or_insert(clock.now() + SETTLE);
                }
            }
        }
    }
}

/// The desktop's clipboard, and what it answers: the interface does not wait for it.
struct Desktop {
    native: Option<Native>,
    say: Sender<String>,
    answers: Receiver<String>,
}

impl Desktop {
    fn new() -> Self {
        // A person copies one thing after the other: more answers at a time are worth nothing.
        let (say, answers) = tokio::sync::mpsc::channel(4);
        Self { native: Native::of_environment(), say, answers }
    }

    fn copy(&self, text: String) {
        let Some(native) = self.native.clone() else { return };
        let say = self.say.clone();
        tokio::spawn(async move {
            let took = native.take(&text, clipboard::PATIENCE).await;
            // Nobody listens any more when lwtop ends.
            let _ = say.send(clipboard::told(text.len(), Some(&took))).await;
        });
    }
}

async fn sleep_until(clock: Clock, at: Option<Moment>) {
    match at {
        Some(at) => tokio::time::sleep_until(clock.instant(at).into()).await,
        None => std::future::pending().await,
    }
}

/// Lets a test see that a panic gives the terminal back. Not in release builds.
fn panic_if_asked(event: &Event) {
    if cfg!(debug_assertions)
        && std::env::var_os("LWTOP_TEST_PANIC").is_some()
        && let Event::Key(key) = event
    {
        assert!(key.code != crossterm::event::KeyCode::Char('!'), "asked to panic by LWTOP_TEST_PANIC");
    }
}
