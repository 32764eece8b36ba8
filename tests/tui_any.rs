//! Whatever is pressed, whatever happens and whatever the size: no panic, and the columns hold.

mod tui_world;

use crossterm::event::{Event as Input, KeyCode, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use lwtop::fleet::{DeviceEvent, Event, LinkEvent};
use lwtop::hub::mass::Kind;
use lwtop::hub::{Job, Notice, Toll, Work};
use lwtop::mqtt::{Cause, ConnId, Fault, Protocol};
use lwtop::rules::{Action, Rule, RuleSet};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use ratatui::buffer::Buffer;
use ratatui::style::Style;
use std::cell::Cell;
use std::time::Duration;
use tui_world::World;
use unicode_width::UnicodeWidthStr;

#[derive(Clone, Debug)]
enum Step {
    Key(KeyCode),
    Mouse(MouseEventKind, u16, u16),
    Paste(String),
    Resize(u16, u16),
    Connect(String, bool, u16),
    Launch(u8),
    Fault(u8, Fault),
    Close(u8, Cause),
    Message(u8, Vec<u8>, bool),
    Remove(u8),
    Link(bool),
    Pass(u32),
    Trouble(u8, String),
    Rules(u8),
    Acted(u8, u8, u32, Option<String>),
    Notice(String),
    Jobs(Vec<(u8, u32, u32)>),
}

fn step() -> impl Strategy<Value = Step> {
    let keys = prop_oneof![
        proptest::sample::select(
            "nNxXrRD avjkhlgG?qy0123456789lfrztpwk ![]123451223355wdy/:fu4sScvvKKCCpK%".chars().collect::<Vec<_>>()
        )
        .prop_map(KeyCode::Char),
        proptest::sample::select(vec![
            KeyCode::Up,
            KeyCode::Down,
            KeyCode::Left,
            KeyCode::Right,
            KeyCode::PageUp,
            KeyCode::PageDown,
            KeyCode::Home,
            KeyCode::End,
            KeyCode::Tab,
            KeyCode::BackTab,
            KeyCode::Enter,
            KeyCode::Esc,
            KeyCode::Backspace,
        ]),
    ];
    let mouse = proptest::sample::select(vec![
        MouseEventKind::Down(MouseButton::Left),
        MouseEventKind::Down(MouseButton::Left),
        MouseEventKind::Down(MouseButton::Right),
        MouseEventKind::Up(MouseButton::Left),
        MouseEventKind::ScrollDown,
        MouseEventKind::ScrollUp,
    ]);
    prop_oneof![
        16 => keys.prop_map(Step::Key),
        2 => (mouse, any::<u16>(), any::<u16>()).prop_map(|(kind, x, y)| Step::Mouse(kind, x, y)),
        1 => ".{0,40}".prop_map(Step::Paste),
        1 => (0u16..310, 0u16..110).prop_map(|(width, height)| Step::Resize(width, height)),
        3 => (40u16..100, 10u16..30).prop_map(|(width, height)| Step::Resize(width, height)),
        2 => (".{0,12}", any::<bool>(), prop_oneof![Just(0), 1u16..60, any::<u16>()])
            .prop_map(|(id, five, keep_alive)| Step::Connect(id, five, keep_alive)),
        3 => (0u8..30).prop_map(Step::Launch),
        2 => (any::<u8>(), proptest::sample::select(Fault::ALL.to_vec())).prop_map(|(who, fault)| Step::Fault(who, fault)),
        2 => (any::<u8>(), proptest::sample::select(Cause::ALL.to_vec())).prop_map(|(who, cause)| Step::Close(who, cause)),
        2 => (0u8..3, proptest::collection::vec(any::<u8>(), 0..80), any::<bool>())
            .prop_map(|(topic, payload, retain)| Step::Message(topic, payload, retain)),
        1 => any::<u8>().prop_map(Step::Remove),
        1 => any::<bool>().prop_map(Step::Link),
        2 => (0u32..100_000).prop_map(Step::Pass),
        1 => (0u8..30, ".{0,200}").prop_map(|(who, why)| Step::Trouble(who, why)),
        1 => any::<u8>().prop_map(Step::Rules),
        1 => (any::<u8>(), any::<u8>(), any::<u32>(), proptest::option::of(".{0,200}"))
            .prop_map(|(rule, action, events, why)| Step::Acted(rule, action, events, why)),
        1 => ".{0,400}".prop_map(Step::Notice),
        1 => proptest::collection::vec(any::<(u8, u32, u32)>(), 0..4).prop_map(Step::Jobs),
    ]
}

/// None to many rules, simple and long, on topics that there are and on others.
fn rules(number: u8) -> RuleSet {
    let condition = " AND clientid() <> 'Prüfstand-温度' OR NOT (a.b <> 1 AND c)".repeat(7);
    let rule = |index: u8| {
        let sql = match index % 4 {
            0 => "SELECT * FROM '/last/will/topic' WHERE state.reported.last_will = 'yes'".to_owned(),
            1 => "SELECT a.b AS c, topic(2) FROM '#'".to_owned(),
            2 => format!("SELECT * FROM '+/lwt/#' WHERE x.y = 1{condition}"),
            _ => "SELECT * FROM 'nobody/publishes/here'".to_owned(),
        };
        let rule = Rule::new(&format!("规则-{index}"), sql.parse().unwrap());
        let rule = (0..index % 3).fold(rule, |rule, _| rule.doing(Action::desktop()));
        Rule { error_action: index.is_multiple_of(5).then(Action::desktop), ..rule }
    };
    RuleSet::new((0..number % 40).map(rule).collect())
}

/// Something that takes a while, with any figures.
fn some_job(world: &World, (what, one, other): (u8, u32, u32)) -> Job {
    let kind = Kind::ALL[usize::from(what) % 3];
    let work = [Work::Launch, Work::Reconnect, Work::Link, Work::Mass(kind)][usize::from(what) % 4];
    let (done, all) = (u64::from(one), u64::from(other));
    let toll =
        Toll { round: one, rounds: other, struck: done, expected: all, lost: done, unseen: all, ..Toll::default() };
    let left = what.is_multiple_of(5).then(|| Duration::from_millis(all * 1_000));
    let why = what.is_multiple_of(2).then(|| "no route\nto host".to_owned());
    let toll = what.is_multiple_of(3).then_some(toll);
    Job { done, all, failed: done, rate: f64::from(one), left, toll, why, ..Job::new(work, world.now) }
}

/// What a person sees: not what is left in the cells under a wide letter.
fn seen(buffer: &Buffer) -> Vec<(String, Style)> {
    let mut cells = Vec::new();
    let mut hidden = 0;
    for cell in buffer.content() {
        if hidden > 0 {
            hidden -= 1;
            continue;
        }
        hidden = cell.symbol().width().saturating_sub(1);
        cells.push((cell.symbol().to_owned(), cell.style()));
    }
    cells
}

/// Panes that are put down as they were, and cells that are not written again, are what would be drawn; and a second frame
/// of the same moment is no other than the first.
fn is_what_is_drawn_from_nothing(world: &mut World) -> Result<(), TestCaseError> {
    let (kept, screen) = (seen(world.ui.backend().buffer()), world.screen());
    world.ui.redraw();
    world.draw();
    prop_assert!(kept == seen(world.ui.backend().buffer()), "{screen}\nis not\n{}", world.screen());
    Ok(())
}

fn play(world: &mut World, step: Step) {
    let one_of = |world: &World, who: u8| {
        let devices: Vec<_> = world.fleet.devices().collect();
        let device = devices.get(usize::from(who) % devices.len().max(1))?;
        let conn = device.session.as_ref().map_or(ConnId(0), |session| session.conn);
        Some((device.id.as_str().to_owned(), conn))
    };
    match step {
        Step::Key(code) => drop(world.key(code)),
        Step::Mouse(kind, x, y) => {
            // Inside, and a little beside: a terminal that was made smaller may still tell of the larger one.
            let area = world.ui.backend().buffer().area;
            let (column, row) = (x % (area.width + 3), y % (area.height + 3));
            world.input(&Input::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }));
        }
        Step::Paste(text) => drop(world.input(&Input::Paste(text))),
        Step::Resize(width, height) => world.resize(width, height),
        Step::Connect(id, five, keep_alive) => {
            world.connect(&id, if five { Protocol::V5 } else { Protocol::V311 }, keep_alive);
        }
        Step::Launch(number) => drop(world.launch(&format!("lwtThing-{number}"))),
        Step::Fault(who, fault) => {
            if let Some((id, _)) = one_of(world, who) {
                world.fault(&id, fault);
            }
        }
        Step::Close(who, cause) => {
            if let Some((id, conn)) = one_of(world, who) {
                world.close(conn, &id, cause, "FIN");
                if !cause.discards_will() {
                    world.message("/last/will/topic", tui_world::will_payload(&id).as_bytes(), Some(&id), false);
                }
            }
        }
        Step::Message(topic, payload, retain) => {
            let topic = ["/last/will/topic", "/lwt/connected/topic", "/lwt/executed"][usize::from(topic)];
            world.message(topic, &payload, None, retain);
        }
        Step::Remove(who) => {
            if let Some((id, _)) = one_of(world, who) {
                world.apply(Event::Device(DeviceEvent::Removed { client: id.as_str().into() }));
            }
        }
        Step::Link(true) => world.apply(Event::Link(LinkEvent::Up { at: world.now })),
        Step::Link(false) => {
            world.apply(Event::Link(LinkEvent::Down { at: world.now, why: "no route\nto host".into() }));
        }
        Step::Pass(millis) => world.pass(u64::from(millis)),
        Step::Rules(number) => world.rule_by(rules(number)),
        Step::Acted(rule, action, events, why) => {
            let count = world.status.rules.len().max(1);
            let now = world.now;
            let Some(standing) = world.status.rules.get_mut(usize::from(rule) % count) else { return };
            let count = standing.actions.len().max(1);
            let Some(standing) = standing.actions.get_mut(usize::from(action) % count) else { return };
            standing.done += u64::from(events / 3);
            standing.waiting = u64::from(events % 7);
            standing.idle = events.is_multiple_of(5);
            if let Some(text) = why {
                standing.failed = standing.failed.saturating_mul(1_000).saturating_add(u64::from(events));
                standing.last_failure = Some(Notice { at: now, text });
            }
        }
        Step::Jobs(jobs) => world.status.jobs = jobs.into_iter().map(|job| some_job(world, job)).collect(),
        Step::Notice(text) => world.status.notify(world.now, text),
        Step::Trouble(who, why) => {
            let client = format!("lwtThing-{who}").as_str().into();
            world.apply(Event::Device(DeviceEvent::Failed { at: world.now, client, why }));
        }
    }
}

/// How many steps are played in all, and in one world.
const STEPS: usize = 100_000;
const IN_ONE_WORLD: usize = 500;
/// Every so many steps a frame is drawn, and before each click.
const A_FRAME: usize = 125;

#[test]
fn a_hundred_thousand_steps_break_nothing() {
    let cases = u32::try_from(STEPS / IN_ONE_WORLD).unwrap();
    // Each run tries others; a failure is shrunk for as long as it helps and is affordable.
    let config =
        ProptestConfig { cases, max_shrink_iters: 2_000, failure_persistence: None, ..ProptestConfig::default() };
    let played = Cell::new(0_usize);
    let worlds = proptest::collection::vec(step(), IN_ONE_WORLD);
    let outcome = TestRunner::new(config).run(&worlds, |steps| {
        let mut world = World::starting(80, 24);
        for (index, step) in steps.into_iter().enumerate() {
            if index % A_FRAME == 0 || matches!(step, Step::Mouse(..)) {
                world.draw();
                if index % A_FRAME == 0 {
                    is_what_is_drawn_from_nothing(&mut world)?;
                }
                let buffer = world.ui.backend().buffer();
                for cell in buffer.content() {
                    prop_assert!(!cell.symbol().chars().any(char::is_control), "{:?}", cell.symbol());
                }
            }
            play(&mut world, step);
            played.set(played.get() + 1);
        }
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(played.get(), STEPS);
}

#[test]
fn a_terminal_that_was_smaller_between_two_frames_is_written_anew() {
    let mut world = World::starting(80, 24);
    world.draw();
    world.resize(42, 19);
    world.resize(80, 24);
    world.draw();
    is_what_is_drawn_from_nothing(&mut world).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn nothing_that_can_happen_breaks_the_screen(steps in proptest::collection::vec(step(), 1..40)) {
        let mut world = World::starting(80, 24);
        for step in steps {
            play(&mut world, step);
            world.draw();
            is_what_is_drawn_from_nothing(&mut world)?;
            let buffer = world.ui.backend().buffer();
            for cell in buffer.content() {
                prop_assert!(!cell.symbol().chars().any(char::is_control), "{:?}", cell.symbol());
            }
        }
    }

    #[test]
    fn borders_stand_in_their_columns_whatever_the_names(ids in proptest::collection::vec(".{0,40}", 1..6)) {
        let mut world = World::up(80, 24);
        for id in &ids {
            world.connect(id, Protocol::V5, 30);
        }
        world.draw();
        let buffer = world.ui.backend().buffer();
        let devices = world.fleet.len();
        let right = |y: u16| buffer[(79, y)].symbol().to_owned();
        if devices > 1 {
            prop_assert!((3..7).all(|y| right(y) == "│"), "{}", world.screen());
        }
        prop_assert!((3..7).all(|y| buffer[(39, y)].symbol() == "┃"), "{}", world.screen());
    }
}
