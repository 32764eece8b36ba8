//! What takes a while, and the menu of faults on many.

use super::shows;
use super::tui_world::World;
use lwtop::clock::Moment;
use lwtop::hub::mass::Kind;
use lwtop::hub::{Job, Toll, Work};
use std::time::Duration;

pub fn launching(now: Moment, done: u64, all: u64) -> Job {
    let left = Some(Duration::from_millis(1_020));
    Job { done, all, rate: 1_840.0, left, ..Job::new(Work::Launch, now) }
}

fn storm() -> Job {
    let toll = Toll { round: 3, rounds: 12, struck: 600, down: 200, expected: 600, received: 598, lost: 0, unseen: 0 };
    let left = Some(Duration::from_secs(45));
    Job { done: 12_500, all: 57_500, left, toll: Some(toll), ..Job::new(Work::Mass(Kind::Storm), Moment::default()) }
}

/// Twelve devices of lwtop's, on a screen of this size.
fn twelve(width: u16, height: u16) -> World {
    let mut world = World::up(width, height);
    for number in 1..=12 {
        world.launch(&format!("lwtThing-{number}"));
        world.pass(83);
    }
    world.pass(4_000);
    world
}

#[test]
fn launching_many() {
    shows("launching", |width, height| {
        let mut world = twelve(width, height);
        world.status.jobs = vec![Job { failed: 2, ..launching(world.now, 3_120, 5_000) }];
        world
    });
}

#[test]
fn a_storm_goes_on() {
    shows("storm", |width, height| {
        let mut world = twelve(width, height);
        world.status.jobs = vec![storm(), launching(world.now, 1, 2)];
        world
    });
}

#[test]
fn a_partition_loses_wills() {
    shows("partition", |width, height| {
        let mut world = twelve(width, height);
        let toll = Toll { round: 1, rounds: 1, struck: 12, down: 12, expected: 12, received: 4, lost: 3, unseen: 0 };
        let work = Work::Mass(Kind::Partition);
        world.status.jobs = vec![Job { done: 4, all: 12, toll: Some(toll), ..Job::new(work, world.now) }];
        world.keys("2");
        world
    });
}

#[test]
fn the_link_is_tried_again() {
    shows("link_again", |width, height| {
        let mut world = twelve(width, height);
        let since = world.now;
        world.pass(8_000);
        let why = Some("no connection to mqtt://broker.example: connection refused".to_owned());
        world.status.jobs = vec![Job { why, ..Job::new(Work::Link, since) }];
        world
    });
}

#[test]
fn menu_of_faults_on_many() {
    for (name, key) in [("mass_cut", 'c'), ("mass_storm", 's'), ("mass_partition", 'p')] {
        shows(name, |width, height| {
            let mut world = twelve(width, height);
            world.connect("press-7", lwtop::mqtt::Protocol::V5, 30);
            world.keys("K");
            world.keys(&key.to_string());
            world
        });
    }
}

#[test]
fn a_storm_is_asked_first() {
    shows("mass_confirm", |width, height| {
        let mut world = twelve(width, height);
        world.connect("press-7", lwtop::mqtt::Protocol::V5, 30);
        world.keys("Ks");
        world.key(crossterm::event::KeyCode::Enter);
        world
    });
}
