//! What a frame costs at 200×60, through the backend that a real terminal has, into a sink that counts bytes:
//!
//! ```text
//! cargo bench --bench frame
//! ```
//!
//! - a table and a wall of 100 000 devices, beside ones that fill the screen and no more: what is not visible must not cost
//!   anything;
//! - panes of which one in ten changed, beside the same with all of the screen written anew;
//! - the live order of 100 000 devices with 10 000 events a frame, beside sorting all of them.
//!
//! Both sides of a ratio are alternated in one run, best of five; only the ratio is worth reading.

use lwtop::clock::Moment;
use lwtop::fleet::{
    Closed, Column, DeviceKey, Event, Fleet, LinkEvent, Opened, Order, SessionEvent, Settings, Sort, Via,
};
use lwtop::hub::Status;
use lwtop::mqtt::{Cause, ClientId, ConnId, KeepAlive, Protocol};
use lwtop::rules::RuleSet;
use lwtop::tui::layout::{Form, Shape};
use lwtop::tui::{Look, Theme, Ui, View};
use lwtop::wiring::Activity;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};
use std::cell::Cell;
use std::hint::black_box;
use std::io::{self, Write};
use std::rc::Rc;
use std::time::{Duration, Instant};

const ROUNDS: usize = 5;
const FRAMES: usize = 100;
const MANY: usize = 100_000;
const SCREEN: Rect = Rect::new(0, 0, 200, 60);

fn main() -> io::Result<()> {
    // `cargo test --benches` runs every bench without `--bench`: nothing to test here.
    if !std::env::args().any(|arg| arg == "--bench") {
        return Ok(());
    }
    println!("a frame at 200×60                                   this      other      ratio   bar");
    // 35 lines, and 35 rows of 196 cells.
    large("table: 100 000 devices, against 35", Shape::Table, Form::Table, 35)?;
    large("wall: 100 000 devices, against 6 860", Shape::Wall, Form::Wall, 6_860)?;
    panes()?;
    order();
    Ok(())
}

/// Takes everything, and counts it.
struct Sink(Rc<Cell<usize>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.set(self.0.get() + bytes.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A fleet and the interface that shows it.
struct Scene {
    fleet: Fleet,
    status: Status,
    rules: RuleSet,
    now: Moment,
    ui: Ui<CrosstermBackend<Sink>>,
    bytes: Rc<Cell<usize>>,
    conns: u64,
    dice: u64,
}

impl Scene {
    fn new(devices: usize, shape: Shape) -> io::Result<Self> {
        let bytes = Rc::new(Cell::new(0));
        let backend = CrosstermBackend::new(Sink(Rc::clone(&bytes)));
        let terminal = Terminal::with_options(backend, TerminalOptions { viewport: Viewport::Fixed(SCREEN) })?;
        // In the colours that a person has who never asked for others.
        let mut ui = Ui::new(terminal, Look { theme: Theme::dark(), ..Look::plain() });
        ui.app_mut().shape = shape;
        let fleet = Fleet::new(Settings { will: "/last/will/topic".parse().expect("a filter"), rules: true });
        let now = Moment::from_millis(1_000_000);
        let mut scene =
            Self { fleet, status: Status::default(), rules: RuleSet::default(), now, ui, bytes, conns: 0, dice: 1 };
        scene.apply(Event::Link(LinkEvent::Up { at: now }));
        for number in 0..devices {
            scene.open(number);
        }
        scene.draw()?;
        Ok(scene)
    }

    fn apply(&mut self, event: Event) {
        self.fleet.apply(event, self.now, &mut Vec::new());
    }

    fn id(number: usize) -> ClientId {
        ClientId::new(format!("lwtThing-{number}"))
    }

    fn open(&mut self, number: usize) {
        self.conns += 1;
        let opened = Opened {
            at: self.now,
            conn: ConnId(self.conns),
            client: Self::id(number),
            peer: None,
            protocol: Protocol::V311,
            keep_alive: KeepAlive(30),
            clean: true,
            will: None,
            nameless: false,
            via: Via::default(),
        };
        self.apply(Event::Session(SessionEvent::Opened(Box::new(opened))));
    }

    /// A device that is there is cut; one that is not is back.
    fn turn(&mut self, number: usize) {
        let client = Self::id(number);
        let open = self.fleet.find(client.as_str()).and_then(|key| self.fleet.device(key)?.open_session());
        let Some(conn) = open.map(|session| session.conn) else { return self.open(number) };
        let closed = Closed {
            at: self.now,
            cut: Some(self.now),
            conn,
            client,
            cause: Cause::ConnectionLost,
            how: "FIN",
            rest: Activity::default(),
        };
        self.apply(Event::Session(SessionEvent::Closed(Box::new(closed))));
    }

    /// A device says something.
    fn active(&mut self, number: usize) {
        let client = Self::id(number);
        let open = self.fleet.find(client.as_str()).and_then(|key| self.fleet.device(key)?.open_session());
        let Some(conn) = open.map(|session| session.conn) else { return };
        let activity = Activity { last_packet: self.now, packets: 1, pings: 0, publishes: 1 };
        self.apply(Event::Activity(conn, activity));
    }

    /// A number below `end`, the same in every run.
    fn roll(&mut self, end: usize) -> usize {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        usize::try_from(self.dice % end as u64).unwrap_or(0)
    }

    fn pass(&mut self, millis: u64) {
        self.now = self.now + Duration::from_millis(millis);
    }

    fn draw(&mut self) -> io::Result<()> {
        let Self { fleet, status, rules, now, ui, .. } = self;
        ui.draw(&View { fleet, status, rules, now: *now })
    }

    /// How long frames take, without what happens between them.
    fn time(&mut self, mut between: impl FnMut(&mut Self)) -> io::Result<Duration> {
        let mut sum = Duration::ZERO;
        for _ in 0..FRAMES {
            between(self);
            let start = Instant::now();
            self.draw()?;
            sum += start.elapsed();
        }
        Ok(sum / u32::try_from(FRAMES).unwrap_or(1))
    }
}

/// A second passes between two frames, and twenty devices die or come back.
fn large(what: &str, shape: Shape, form: Form, screenful: usize) -> io::Result<()> {
    let [mut many, mut few] = [Scene::new(MANY, shape)?, Scene::new(screenful, shape)?];
    for scene in [&many, &few] {
        let view = View { fleet: &scene.fleet, status: &scene.status, rules: &scene.rules, now: scene.now };
        let grid = scene.ui.app().regions(&view).grid;
        assert!(grid.form == form && grid.columns * grid.rows == screenful, "{grid:?}");
    }
    let [mut best_many, mut best_few] = [Duration::MAX; 2];
    for _ in 0..ROUNDS {
        for (scene, best, devices) in [(&mut many, &mut best_many, MANY), (&mut few, &mut best_few, screenful)] {
            let took = scene.time(|scene| {
                scene.pass(1_000);
                for _ in 0..20 {
                    let number = scene.roll(devices);
                    scene.turn(number);
                }
            })?;
            *best = took.min(*best);
        }
    }
    ratio(what, best_many, best_few, 1.2);
    Ok(())
}

/// Thirty panes, of which three change from top to bottom.
fn panes() -> io::Result<()> {
    const PANES: usize = 30;
    let [mut some, mut all] = [Scene::new(PANES, Shape::Panes)?, Scene::new(PANES, Shape::Panes)?];
    let change = |scene: &mut Scene| {
        for _ in 0..PANES / 10 {
            let number = scene.roll(PANES);
            scene.turn(number);
        }
    };
    let [mut best_some, mut best_all] = [Duration::MAX; 2];
    let [mut bytes_some, mut bytes_all] = [0, 0];
    for _ in 0..ROUNDS {
        let before = some.bytes.get();
        best_some = best_some.min(some.time(change)?);
        bytes_some = (some.bytes.get() - before) / FRAMES;
        let before = all.bytes.get();
        best_all = best_all.min(all.time(|scene| {
            change(scene);
            scene.ui.redraw();
        })?);
        bytes_all = (all.bytes.get() - before) / FRAMES;
    }
    ratio("panes: 3 of 30 changed, against a full redraw", best_some, best_all, 0.5);
    println!("  bytes to the terminal: {bytes_some} and {bytes_all}");
    Ok(())
}

/// By the fuse, which burns anew with every packet: each event moves a device to the end.
fn order() {
    const EVENTS: usize = 10_000;
    let mut scene = Scene::new(MANY, Shape::Table).expect("a sink");
    let sort = Some(Sort::by(Column::Fuse));
    let [mut live, mut anew] = [Order::default(), Order::default()];
    live.set(sort);
    live.sync(&scene.fleet, 0, |_| true);
    let [mut best_live, mut best_anew, mut best_bare] = [Duration::MAX; 3];
    for _ in 0..ROUNDS * 4 {
        for _ in 0..EVENTS {
            let number = scene.roll(MANY);
            // No two at the same moment.
            scene.now = scene.now + Duration::from_micros(1);
            scene.active(number);
        }
        let start = Instant::now();
        live.sync(&scene.fleet, 0, |_| true);
        best_live = best_live.min(start.elapsed());

        anew.set(None);
        anew.set(sort);
        let start = Instant::now();
        anew.sync(&scene.fleet, 0, |_| true);
        best_anew = best_anew.min(start.elapsed());
        assert_eq!(live.rows(), anew.rows());

        let number = |key: DeviceKey| scene.fleet.device(key)?.open_session().map(|one| one.last_packet.as_micros());
        let mut bare: Vec<_> = scene.fleet.order().iter().map(|key| (number(*key), *key)).collect();
        let start = Instant::now();
        bare.sort_unstable();
        best_bare = best_bare.min(start.elapsed());
        black_box(&bare);
    }
    ratio("order: 10 000 events, against sorting 100 000", best_live, best_anew, 0.1);
    ratio("  against the sort alone, its keys at hand", best_live, best_bare, f64::INFINITY);
}

fn ratio(what: &str, this: Duration, other: Duration, bar: f64) {
    let ratio = this.as_secs_f64() / other.as_secs_f64();
    let [this, other] = [this, other].map(|time| time.as_secs_f64() * 1e6);
    let verdict = match bar {
        bar if bar.is_infinite() => "   –".to_owned(),
        bar => format!("{bar:>5.2}: {}", if ratio <= bar { "met" } else { "MISSED" }),
    };
    println!("{what:<46} {this:>7.0} µs {other:>7.0} µs {ratio:>9.3} {verdict}");
}
