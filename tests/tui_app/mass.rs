//! Faults on many, and the line of what takes a while.

use super::tui_world::World;
use super::{command, ids, mode};
use crossterm::event::{Event as Input, KeyCode};
use lwtop::clock::Moment;
use lwtop::hub::mass::{Kind, Mass, Size, Storm};
use lwtop::hub::{Command, Job, Toll, Work};
use lwtop::mqtt::{ConnId, Fault, Protocol};
use lwtop::tui::keymap::Mode;
use std::time::Duration;

fn mass(kind: Kind, fault: Fault, size: Size, every: u64, time: u64) -> Mass {
    let storm = Storm { size, every: Duration::from_secs(every) };
    Mass { kind, fault, storm, time: Duration::from_secs(time) }
}

fn many(count: usize) -> World {
    let mut world = World::up(140, 40);
    for number in 0..count {
        world.launch(&format!("d{number}"));
    }
    world
}

/// The line above the footer.
fn line(world: &mut World) -> String {
    let screen = world.draw();
    let lines: Vec<&str> = screen.lines().collect();
    lines[lines.len() - 2].trim().to_owned()
}

#[test]
fn capital_k_cuts_some_at_random_after_a_yes() {
    let mut world = many(40);
    assert!(world.keys("K").is_empty());
    assert_eq!(mode(&world), Mode::Mass);
    let screen = world.draw();
    assert!(screen.contains("10▎ %") && screen.contains("4 devices"), "{screen}");
    // What is typed takes the place of the number; a second digit goes on with it.
    world.keys("50");
    assert!(world.draw().contains("20 of 40 die once, chosen at random: cut, RST."), "{}", world.screen());
    assert!(world.key(KeyCode::Enter).is_empty());
    assert_eq!(mode(&world), Mode::Confirm);
    assert!(world.draw().contains("40 devices: cut at random?"), "{}", world.screen());
    let effects = world.keys("y");
    let Command::Mass(targets, order) = command(&effects) else { panic!("{effects:?}") };
    assert_eq!((targets.len(), *order), (40, mass(Kind::Cut, Fault::Rst, Size::Percent(50), 5, 60)));
    assert_eq!(mode(&world), Mode::Fleet);
    // Few of lwtop's own die without a question.
    world.keys("K");
    assert!(matches!(command(&world.key(KeyCode::Enter)), Command::Mass(..)));
}

#[test]
fn a_storm_takes_numbers_for_how_many_how_often_and_how_long() {
    let mut world = many(3);
    world.keys("Ks%2");
    world.key(KeyCode::Down);
    world.keys("7");
    world.key(KeyCode::Down);
    world.keys("99999");
    // A digit too many was not taken.
    world.key(KeyCode::Backspace);
    let screen = world.draw();
    assert!(screen.contains("Every 7 s, 2 of 3 die (cut, RST) and come back after 3.5 s"), "{screen}");
    assert!(screen.contains("999▎ s") && screen.contains("143 times"), "{screen}");
    // The way up goes round to how they die.
    (0..3).for_each(|_| drop(world.key(KeyCode::Up)));
    world.key(KeyCode::Right);
    let expected = mass(Kind::Storm, Fault::Fin, Size::Count(2), 7, 999);
    assert_eq!(command(&world.key(KeyCode::Enter)), &Command::Mass(ids(&["d0", "d1", "d2"]), expected));
}

#[test]
fn numbers_are_bounded_pasted_and_not_zero() {
    let mut world = many(3);
    world.keys("K");
    world.keys("101");
    assert!(world.draw().contains("10▎ %"), "no more than a hundred of a hundred: {}", world.screen());
    world.key(KeyCode::Backspace);
    world.key(KeyCode::Backspace);
    assert!(world.key(KeyCode::Enter).is_empty());
    assert!(world.draw().contains("type how many are to die"));
    world.input(&Input::Paste("7 q".into()));
    assert!(world.draw().contains("7▎ %"), "{}", world.screen());
    world.key(KeyCode::Esc);
    assert_eq!(mode(&world), Mode::Fleet);
}

#[test]
fn marks_come_first_then_what_the_filter_shows_then_all() {
    let mut world = many(5);
    world.keys("/id~d");
    world.key(KeyCode::Enter);
    world.keys("  ");
    world.keys("Kp0");
    assert!(world.draw().contains("All 2 fall silent until you heal it."), "{}", world.screen());
    let frozen = mass(Kind::Partition, Fault::Rst, Size::Percent(10), 5, 0);
    assert_eq!(command(&world.key(KeyCode::Enter)), &Command::Mass(ids(&["d0", "d1"]), frozen));
    // One line up are those whom it is for.
    world.keys("Kp");
    world.key(KeyCode::Up);
    world.key(KeyCode::Right);
    assert!(world.draw().contains("all that are shown"), "{}", world.screen());
    world.key(KeyCode::Right);
    world.key(KeyCode::Right);
    assert!(world.draw().contains("all that are marked"), "{}", world.screen());
}

#[test]
fn somebody_elses_devices_are_told_of_and_those_out_of_reach_are_left_out() {
    let mut world = World::three(140, 40);
    world.connect("press-7", Protocol::V5, 30);
    world.keys("Ks");
    assert!(world.draw().contains("One of them is somebody's device, which"), "{}", world.screen());
    assert!(world.key(KeyCode::Enter).is_empty());
    assert_eq!(mode(&world), Mode::Confirm, "somebody's device is asked for");
    assert!(world.draw().contains("cannot bring back"), "{}", world.screen());
    assert!(world.keys("n").is_empty());
    // Without a gateway, lwtop has no hold on it.
    world.status.gateway = false;
    world.keys("Ks");
    assert!(world.draw().contains("1 more are out of reach"), "{}", world.screen());
    assert!(matches!(command(&world.key(KeyCode::Enter)), Command::Mass(targets, _) if targets.len() == 3));
    let mut world = World::up(140, 40);
    world.status.gateway = false;
    world.connect("press-7", Protocol::V5, 30);
    assert!(world.keys("K").is_empty());
    assert!(world.draw().contains("it has no hold on them"), "{}", world.screen());
}

#[test]
fn the_last_death_can_be_that_of_many_and_kinds_have_names() {
    let mut world = World::three(140, 40);
    world.keys("xz");
    world.keys("K");
    assert!(world.draw().contains("freeze"), "{}", world.screen());
    world.key(KeyCode::Esc);
    world.keys(":mass-par");
    assert!(world.draw().contains("K p"), "the key of its menu: {}", world.screen());
    world.key(KeyCode::Enter);
    assert_eq!(mode(&world), Mode::Mass);
    assert!(world.draw().contains("fall silent for 60 s"), "{}", world.screen());
    world.close(ConnId(1), "lwtThing", lwtop::mqtt::Cause::ConnectionLost, "RST");
    assert_eq!(mode(&world), Mode::Mass, "whoever is down now may be up in the next round");
}

#[test]
fn what_takes_a_while_has_a_line_and_capital_c_ends_it() {
    let mut world = World::three(80, 24);
    assert!(world.keys("C").is_empty());
    assert!(world.draw().contains("nothing takes a while now"), "{}", world.screen());
    world.pass(10_000);
    let (done, all, left) = (3_120, 5_000, Some(Duration::from_millis(1_020)));
    let launch = Job { done, all, rate: 1_840.0, left, ..Job::new(Work::Launch, Moment::default()) };
    world.status.jobs = vec![launch.clone()];
    let text = line(&mut world);
    for wanted in ["launching 3 120 of 5 000", "▕█", "1 840/s", "1 s left", "C cancel"] {
        assert!(text.contains(wanted), "{wanted} is not in {text}");
    }
    assert_eq!(command(&world.keys("C")), &Command::Cancel(Work::Launch));
    // What a person ends first stands in front; the link cannot be ended.
    world.status.jobs = vec![Job::new(Work::Link, Moment::default()), launch];
    assert_eq!(command(&world.keys("C")), &Command::Cancel(Work::Launch));
    world.status.jobs = vec![Job::new(Work::Link, Moment::default())];
    assert!(world.keys("C").is_empty() && !line(&mut world).contains("C cancel"));
    world.status.jobs.clear();
    assert!(line(&mut world).contains('┘') || line(&mut world).contains('╯'), "no line is left over");
}

#[test]
fn one_fault_on_many_at_a_time() {
    let mut world = World::three(140, 40);
    let toll = Toll { struck: 3, down: 3, expected: 3, received: 1, ..Toll::default() };
    let work = Work::Mass(Kind::Partition);
    world.status.jobs = vec![Job { toll: Some(toll), ..Job::new(work, world.now) }];
    assert!(line(&mut world).starts_with("partition  3 silent  wills 1 of 3"), "{}", world.screen());
    assert!(line(&mut world).ends_with("C heal"), "{}", world.screen());
    assert!(world.keys("K").is_empty());
    assert!(world.draw().contains("partition goes on: C ends it"), "{}", world.screen());
    assert_eq!(command(&world.keys("C")), &Command::Cancel(work));
    for (fault, wanted) in [(Fault::Rst, "cut 3  wills 1 of 3"), (Fault::Takeover, "takeover 3  wills 1 of 3")] {
        let job = Job::new(Work::Mass(Kind::Cut), world.now);
        world.status.jobs = vec![Job { toll: Some(toll), fault: Some(fault), ..job }];
        assert!(line(&mut world).starts_with(wanted), "{}", world.screen());
    }
}

#[test]
fn read_only_forbids_all_of_it() {
    let mut world = many(20);
    world.ui.app_mut().read_only = true;
    for keys in ["K", ":mass-storm\n", ":ask-mass\n", "C", ":cancel\n"] {
        world.status.jobs = vec![Job::new(Work::Launch, world.now)];
        for key in keys.chars() {
            let effects = if key == '\n' { world.key(KeyCode::Enter) } else { world.keys(&key.to_string()) };
            assert!(effects.is_empty(), "{keys:?}: {effects:?}");
        }
        assert!(world.draw().contains("read only") && mode(&world) != Mode::Mass, "{keys:?}: {}", world.screen());
        world.key(KeyCode::Esc);
    }
    assert!(!line(&mut world).contains("cancel"), "{}", world.screen());
}
