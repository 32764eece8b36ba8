//! The screens as a person meets them, at the three sizes that matter.

mod tui_world;

use crossterm::event::KeyCode;
use lwtop::fleet::{Event, LinkEvent};
use lwtop::mqtt::{Cause, ConnId, Fault, Protocol};
use tui_world::World;

const SIZES: [(u16, u16); 3] = [(40, 10), (80, 24), (140, 40)];

/// One snapshot at each size.
fn shows(name: &str, build: impl Fn(u16, u16) -> World) {
    insta::with_settings!({ snapshot_path => "../src/tui/snapshots", prepend_module_to_snapshot => false, omit_expression => true }, {
        for (width, height) in SIZES {
            let mut world = build(width, height);
            insta::assert_snapshot!(format!("{name}_{width}x{height}"), world.draw());
        }
    });
}

#[test]
fn start_up() {
    shows("start_up", World::starting);
}

#[test]
fn nobody_there() {
    shows("nobody_there", World::up);
}

#[test]
fn three_online() {
    shows("three_online", World::three);
}

#[test]
fn one_cut() {
    shows("one_cut", cut);
}

fn cut(width: u16, height: u16) -> World {
    let mut world = World::three(width, height);
    world.die(ConnId(2), "lwtThing-2", Fault::Fin);
    world.pass(12_000);
    world.draw();
    // In the table of the smallest screen the next device is below, in the panes it is on the right.
    world.key(if width < 80 { KeyCode::Down } else { KeyCode::Right });
    world
}

#[test]
fn will_missing() {
    shows("will_missing", |width, height| {
        let mut world = World::three(width, height);
        world.close(ConnId(1), "lwtThing", Cause::ConnectionLost, "RST");
        for _ in 0..6 {
            world.pass(1_000);
        }
        world
    });
}

#[test]
fn frozen_overdue_left_and_taken_over() {
    shows("mixed", |width, height| {
        let mut world = World::three(width, height);
        world.fault("lwtThing", Fault::Freeze);
        world.pass(9_000);
        world.active(ConnId(2), 1, 1);
        world.active(ConnId(3), 1, 1);
        world.pass(7_500);
        world.close(ConnId(2), "lwtThing-2", Cause::ClientInitiatedDisconnect, "DISCONNECT 0x00");
        let old = world.connect("press-7", Protocol::V5, 60);
        world.fault("press-7", Fault::Takeover);
        world.connect("press-7", Protocol::V5, 60);
        world.close(old, "press-7", Cause::SessionTakenOver, "DISCONNECT 0x8e");
        let will = tui_world::will_payload("press-7");
        world.message("/last/will/topic", will.as_bytes(), Some("press-7"), false);
        world.pass(4_000);
        world
    });
}

#[test]
fn the_link_is_down() {
    shows("link_down", |width, height| {
        let mut world = World::three(width, height);
        world.close(ConnId(3), "lwtThing-3", Cause::ClientInitiatedDisconnect, "DISCONNECT");
        world.apply(Event::Link(LinkEvent::Down { at: world.now, why: "the broker closed the connection".into() }));
        world.pass(3_000);
        world
    });
}

#[test]
fn an_external_broker_tells_less() {
    shows("external", |width, height| {
        let mut world = World::up(width, height);
        world.status.broker = "mqtt://broker.example:1883".into();
        world.status.gateway = false;
        let hello = br#"{"message": "AWS IoT Thing connected message to IoT Core"}"#;
        world.message("/lwt/connected/topic", hello, None, false);
        let old = tui_world::will_payload("pump-3");
        world.message("/last/will/topic", old.as_bytes(), None, true);
        world.message("/last/will/topic", tui_world::will_payload("press-7").as_bytes(), None, false);
        world.message("/last/will/topic", b"offline\n\xff", None, false);
        world.message("/lwt/connected/topic", tui_world::will_payload("valve-1").as_bytes(), None, false);
        world.pass(65_000);
        world
    });
}

#[test]
fn death_menu() {
    shows("death_menu", |width, height| {
        let mut world = World::three(width, height);
        world.keys("x");
        world
    });
}

#[test]
fn detail() {
    shows("detail", |width, height| {
        let mut world = cut(width, height);
        world.key(KeyCode::Enter);
        world
    });
}

#[test]
fn message() {
    shows("message", |width, height| {
        let mut world = cut(width, height);
        world.key(KeyCode::Tab);
        world.key(KeyCode::Tab);
        world.key(KeyCode::Enter);
        world
    });
}

#[test]
fn message_that_is_no_text() {
    shows("message_bytes", |width, height| {
        let mut world = World::three(width, height);
        world.message("/last/will/topic", b"gone\nfor \xe2\x80\xaegood\xff\x00 now", None, true);
        world.key(KeyCode::Tab);
        world.key(KeyCode::Tab);
        world.key(KeyCode::Enter);
        world
    });
}

#[test]
fn help() {
    shows("help", |width, height| {
        let mut world = World::three(width, height);
        world.keys("?");
        world
    });
}

#[test]
fn launch_many() {
    shows("launch_many", |width, height| {
        let mut world = World::three(width, height);
        world.keys("N12");
        world
    });
}

#[test]
fn delete_several() {
    shows("delete_several", |width, height| {
        let mut world = World::three(width, height);
        world.keys("  D");
        world
    });
}

#[test]
fn table_of_two_hundred() {
    shows("table_of_200", |width, height| {
        let mut world = World::up(width, height);
        for number in 1..=200 {
            world.launch(&format!("lwtThing-{number}"));
            world.pass(37);
        }
        world.die(ConnId(3), "lwtThing-3", Fault::Rst);
        world.close(ConnId(5), "lwtThing-5", Cause::ClientInitiatedDisconnect, "DISCONNECT");
        world.fault("lwtThing-6", Fault::Freeze);
        world.pass(5_000);
        world.status.busy = Some("launching 200 of 1000".into());
        world.draw();
        world.keys(" j");
        world
    });
}

#[test]
fn odd_names() {
    shows("odd_names", |width, height| {
        let mut world = World::up(width, height);
        for id in ["温度センサー-1", "🚀🚀🚀 rocket", "a\x1b[2J\nb\u{202e}c", "", &"x".repeat(70)] {
            world.connect(id, Protocol::V5, 30);
        }
        world.pass(2_000);
        world
    });
}

#[test]
fn too_small() {
    insta::with_settings!({ snapshot_path => "../src/tui/snapshots", prepend_module_to_snapshot => false, omit_expression => true }, {
        let mut world = World::three(39, 9);
        insta::assert_snapshot!("too_small_39x9", world.draw());
        let mut world = World::three(12, 3);
        insta::assert_snapshot!("too_small_12x3", world.draw());
    });
}
