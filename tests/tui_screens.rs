//! The screens as a person meets them, at the sizes that matter.

#[path = "tui_screens/colour.rs"]
mod colour;
#[path = "tui_screens/mass.rs"]
mod mass;
mod tui_world;

use crossterm::event::KeyCode;
use lwtop::clock::Moment;
use lwtop::fleet::{Event, LinkEvent};
use lwtop::hub::{ActionStanding, Notice};
use lwtop::mqtt::{Cause, ConnId, Fault, Protocol};
use lwtop::rules::{Action, Email, File, Kind, MailSecurity, Rule, RuleSet};
use lwtop::wiring::{Packet, Sender, Sight};
use tui_world::World;

const SIZES: [(u16, u16); 4] = [(40, 10), (80, 24), (140, 40), (220, 60)];

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
    shows("mixed", mixed);
}

fn mixed(width: u16, height: u16) -> World {
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
        world.status.broker = "mqtts://broker.example:8883".into();
        world.status.insecure = true;
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

/// A device that died twice, left once, and was silent for a while.
fn flapping(width: u16, height: u16) -> World {
    let mut world = World::up(width, height);
    let mut conn = world.launch("press-7");
    for (lasts, cause, away) in
        [(95, Cause::ConnectionLost, 21), (120, Cause::ClientInitiatedDisconnect, 40), (60, Cause::ProtocolError, 4)]
    {
        for _ in 0..lasts / 5 {
            world.pass(5_000);
            world.active(conn, 1, 1);
        }
        if cause == Cause::ClientInitiatedDisconnect {
            world.close(conn, "press-7", cause, "DISCONNECT 0x00");
        } else {
            world.close(conn, "press-7", cause, "RST");
            world.message("/last/will/topic", tui_world::will_payload("press-7").as_bytes(), Some("press-7"), false);
        }
        world.pass(away * 1_000);
        conn = world.connect("press-7", Protocol::V5, 30);
    }
    world.pass(39_000);
    world.key(KeyCode::Enter);
    world
}

#[test]
fn detail_of_a_device_that_flaps() {
    shows("detail_flapping", flapping);
    shows("detail_flapping_below", |width, height| {
        let mut world = flapping(width, height);
        world.draw();
        world.key(KeyCode::PageDown);
        world
    });
}

#[test]
fn detail_with_packets() {
    shows("detail_packets", |width, height| {
        let mut world = World::three(width, height);
        let mut since = world.now;
        let mut packet = |sender, name, size, facts: &str| {
            since = since + std::time::Duration::from_millis(1_003);
            Packet { at: since, sender, name, size, facts: facts.to_owned() }
        };
        let (device, broker) = (Sender::Device, Sender::Broker);
        let packets = vec![
            packet(device, "PINGREQ", 2, ""),
            packet(broker, "PINGRESP", 2, ""),
            packet(device, "SUBSCRIBE", 31, "factory/+/orders QoS 1, \u{1b}[2J/# QoS 0 · id 2"),
            packet(broker, "SUBACK", 6, "QoS 1, refused · id 2"),
            packet(broker, "PUBLISH", 1_204, "factory/press/orders · QoS 1 · retain · 1\u{a0}180 bytes · id 1"),
            packet(device, "PUBACK", 4, "id 1"),
            packet(device, "RST", 0, "the connection ended: connection lost"),
            packet(
                device,
                "CONNECT",
                170,
                "MQTT 3.1.1 · keep alive 30 s · clean session · will on /last/will/topic QoS 0, 101 bytes",
            ),
            packet(broker, "CONNACK", 4, "accepted, no session is present"),
        ];
        let (client, total) = (Some("lwtThing".into()), 70);
        world.status.sight = Sight { client, since: world.now, packets: packets.into(), total };
        world.pass(9_000);
        world.key(KeyCode::Enter);
        while !world.draw().contains("SUBSCRIBE") {
            world.key(KeyCode::PageDown);
        }
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

/// One device of which a person was told, one of which a mail is on its way, and one of which every attempt failed.
fn told(width: u16, height: u16) -> World {
    let mut world = World::three(width, height);
    world.die_untold(ConnId(3), "lwtThing-3", Fault::Fin);
    world.told("lwtThing-3", Some("no notification service answers: org.freedesktop.Notifications has no owner"));
    world.die(ConnId(1), "lwtThing", Fault::Fin);
    world.die_untold(ConnId(2), "lwtThing-2", Fault::Rst);
    world.pass(7_000);
    world
}

#[test]
fn told_awaited_and_failed() {
    shows("told", told);
}

#[test]
fn told_in_a_table() {
    shows("told_table", |width, height| {
        let mut world = told(width, height);
        // On the smallest screen three devices are a table as it is.
        world.keys(if width < 80 { "" } else { "v" });
        world
    });
}

#[test]
fn nobody_was_told_in_detail() {
    shows("told_detail", |width, height| {
        let mut world = told(width, height);
        world.draw();
        world.keys("G");
        world.key(KeyCode::Enter);
        world.draw();
        world.key(KeyCode::PageDown);
        world
    });
}

/// Four deaths: told, without a will, frozen and back, taken over; and one that only its will tells of.
fn deaths(width: u16, height: u16) -> World {
    let mut world = World::three(width, height);
    world.active(ConnId(2), 1, 1);
    world.pass(2_400);
    world.die(ConnId(2), "lwtThing-2", Fault::Fin);
    world.fault("lwtThing", Fault::Freeze);
    world.pass(9_000);
    world.active(ConnId(3), 1, 1);
    world.pass(15_500);
    world.close(ConnId(1), "lwtThing", Cause::KeepAliveTimeout, "silence");
    world.message("/last/will/topic", tui_world::will_payload("lwtThing").as_bytes(), Some("lwtThing"), false);
    world.pass(3_200);
    world.launch("lwtThing");
    let old = world.connect("press-7", Protocol::V5, 60);
    world.pass(1_800);
    world.fault("press-7", Fault::Takeover);
    world.connect("press-7", Protocol::V5, 60);
    world.pass(3);
    world.close(old, "press-7", Cause::SessionTakenOver, "DISCONNECT 0x8e");
    world.message("/last/will/topic", tui_world::will_payload("press-7").as_bytes(), Some("press-7"), false);
    world.pass(2);
    world.message("/lwt/executed", tui_world::will_payload("press-7").as_bytes(), None, false);
    world.close(ConnId(3), "lwtThing-3", Cause::ConnectionLost, "RST");
    world.pass(6_000);
    world.message("/last/will/topic", tui_world::will_payload("valve-1").as_bytes(), None, false);
    world.pass(700);
    world
}

#[test]
fn incidents() {
    shows("incidents", |width, height| {
        let mut world = deaths(width, height);
        world.keys("2");
        world.draw();
        world.keys("jjjj");
        world
    });
}

#[test]
fn no_incidents() {
    shows("incidents_none", |width, height| {
        let mut world = World::three(width, height);
        world.keys("2");
        world
    });
}

#[test]
fn a_death_that_went_all_the_way_as_a_sequence() {
    shows("sequence_told", |width, height| {
        let mut world = cut(width, height);
        world.keys("2");
        world.key(KeyCode::Enter);
        world
    });
}

#[test]
fn a_silence_as_a_sequence() {
    shows("sequence_silence", |width, height| {
        let mut world = deaths(width, height);
        world.keys("2jjj");
        world.key(KeyCode::Enter);
        world
    });
}

#[test]
fn a_takeover_as_a_sequence() {
    shows("sequence_takeover", |width, height| {
        let mut world = deaths(width, height);
        world.keys("2jj");
        world.key(KeyCode::Enter);
        world
    });
}

#[test]
fn a_missing_will_as_a_sequence() {
    shows("sequence_missing", |width, height| {
        let mut world = deaths(width, height);
        world.keys("2j");
        world.key(KeyCode::Enter);
        world
    });
}

#[test]
fn a_will_alone_as_a_sequence() {
    shows("sequence_will_only", |width, height| {
        let mut world = deaths(width, height);
        world.keys("2");
        world.key(KeyCode::Enter);
        world
    });
}

#[test]
fn messages() {
    shows("messages", |width, height| {
        let mut world = deaths(width, height);
        world.apply(Event::Link(LinkEvent::Down { at: world.now, why: "the broker closed".into() }));
        world.pass(1_000);
        world.apply(Event::Link(LinkEvent::Up { at: world.now }));
        world.message("/last/will/topic", tui_world::will_payload("pump-3").as_bytes(), None, true);
        world.message("/lwt/connected/topic", b"\xff\x00\x01hello", None, false);
        world.keys("3");
        world.draw();
        world.keys("j");
        world
    });
}

#[test]
fn messages_of_presence() {
    shows("messages_presence", |width, height| {
        let mut world = deaths(width, height);
        world.keys("3h");
        world
    });
}

#[test]
fn no_messages() {
    shows("messages_none", |width, height| {
        let mut world = World::up(width, height);
        world.keys("3ll");
        world
    });
}

#[test]
fn wills() {
    shows("wills", |width, height| {
        let mut world = deaths(width, height);
        world.keys("4");
        world.draw();
        world.keys("jj");
        world
    });
}

#[test]
fn no_wills() {
    shows("wills_none", |width, height| {
        let mut world = World::up(width, height);
        world.keys("4");
        world
    });
}

/// Two deaths: of a device that says what the article's rule asks for, and of one that leaves `trigger_action` out.
fn two_wills(width: u16, height: u16) -> World {
    let mut world = World::three(width, height);
    world.die(ConnId(2), "lwtThing-2", Fault::Fin);
    world.pass(9_000);
    world.close(ConnId(3), "lwtThing-3", Cause::ConnectionLost, "RST");
    let will = br#"{"state": {"reported": {"last_will": "yes", "client_id": "lwtThing-3"}}}"#;
    world.message("/last/will/topic", will, Some("lwtThing-3"), false);
    world.pass(4_000);
    world
}

#[test]
fn rule_that_did_not_fire() {
    shows("rule_not_fired", |width, height| {
        let mut world = two_wills(width, height);
        world.keys("5");
        world
    });
}

#[test]
fn rule_that_fired_from_a_feed() {
    shows("rule_fired", |width, height| {
        let mut world = two_wills(width, height);
        world.key(KeyCode::Tab);
        world.key(KeyCode::Tab);
        world.key(KeyCode::Down);
        world.keys("w");
        world
    });
}

#[test]
fn rule_without_a_message() {
    shows("rule_without_message", |width, height| {
        let mut world = World::three(width, height);
        world.keys("5");
        world
    });
}

#[test]
fn no_rules() {
    shows("rules_none", |width, height| {
        let mut world = World::up(width, height);
        world.rule_by(RuleSet::default());
        world.keys("5");
        world
    });
}

/// Many rules, one of them with a long statement, wide characters, a mail that fails and a desktop that there is not.
fn many_rules(width: u16, height: u16) -> World {
    let mut world = World::three(width, height);
    let article = world.rules.rules()[0].clone();
    let long = "SELECT state.reported.client_id AS device, topic(2) AS kind, clientid() AS will FROM \
                '/last/#' WHERE (state.reported.last_will = 'yes' OR state.reported.last_will = 'ja') AND \
                clientid() <> 'Prüfstand-温度-7' AND state.reported.trigger_action <> 'off'";
    let mail = Email {
        from: "lwtop <lwtop@plant.example>".into(),
        to: vec!["kim@plant.example".into(), "night-shift@plant.example".into()],
        subject: None,
        body: None,
        host: "127.0.0.1".into(),
        port: Some(2525),
        security: MailSecurity::None,
        user: None,
        password: None,
    };
    let mut rules = vec![article];
    let described = Rule {
        description: Some("tells the night shift of 温度 sensors that died without leaving".into()),
        ..Rule::new("Nachtschicht-温度", long.parse().unwrap())
    };
    let described = described.doing(Action::republish(&"alarm/温度".parse().unwrap())).doing(Action::desktop());
    rules.push(Rule {
        error_action: Some(Kind::File(File { path: "/var/log/lwtop/undelivered.jsonl".into() }).into()),
        ..described.doing(Kind::Email(Box::new(mail)))
    });
    for number in 1..=12 {
        let sql = format!("SELECT * FROM 'plant/{number}/+/battery' WHERE level < {}", number * 5);
        rules.push(Rule::new(&format!("lowBattery-{number}"), sql.parse().unwrap()).doing(Action::desktop()));
    }
    world.rule_by(RuleSet::new(rules));
    let will = br#"{"state": {"reported": {"last_will": "ja", "client_id": "Pr\u00fcfstand-\u6e29\u5ea6-7"}}}"#;
    world.message("/last/will/topic", will, None, false);
    world.pass(1_000);
    let at = world.now;
    let standing = &mut world.status.rules[1];
    standing.matched = 1_204;
    standing.not_matched = 31;
    standing.last_match = Some(at);
    let [_, desktop, email, file] = standing.actions.as_mut_slice() else { panic!("four actions") };
    let idle = "no notification service answers on this machine's session bus";
    *desktop = ActionStanding { idle: true, done: 0, last_failure: Some(notice(at, idle)), ..desktop.clone() };
    let down = "127.0.0.1:2525 refused the connection; is the mail server running, and are host and port right?";
    *email = ActionStanding { done: 12, failed: 1, waiting: 3, last_failure: Some(notice(at, down)), ..email.clone() };
    file.done = 1;
    world.pass(12_000);
    world
}

fn notice(at: Moment, text: &str) -> Notice {
    Notice { at, text: text.to_owned() }
}

#[test]
fn rules_many_with_a_failing_mail() {
    shows("rules_many", |width, height| {
        let mut world = many_rules(width, height);
        world.keys("5j");
        world
    });
}

#[test]
fn rule_at_the_end_of_its_page() {
    shows("rules_scrolled", |width, height| {
        let mut world = many_rules(width, height);
        world.keys("5j");
        world.draw();
        for _ in 0..9 {
            world.key(KeyCode::PageDown);
        }
        world
    });
}

#[test]
fn long_notice() {
    shows("long_notice", |width, height| {
        let mut world = World::three(width, height);
        let text = "email of lastWillRule failed for 40 devices: 127.0.0.1:2525 refused the connection; is the mail \
                    server running, and are host and port in the configuration right? It is tried again with the next \
                    group of deaths, and until then nobody is told by mail";
        world.status.notify(world.now, text);
        world
    });
}

#[test]
fn notices() {
    shows("notices", |width, height| {
        let mut world = World::three(width, height);
        world
            .status
            .notify(world.now, "the desktop has no notification service: lastWillRule cannot show notices there");
        world.keys("r");
        world.pass(61_000);
        world.status.notify(world.now, "email of lastWillRule failed: 127.0.0.1:2525 refused the connection");
        world.keys("!");
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
        world.status.jobs = vec![mass::launching(world.now, 200, 1_000)];
        world.draw();
        world.keys(" j");
        world
    });
}

/// Two hundred devices in a table that has been sorted by how often they died.
fn sorted(width: u16, height: u16) -> World {
    let mut world = World::up(width, height);
    for number in 1..=200 {
        world.launch(&format!("lwtThing-{number}"));
        world.pass(37);
    }
    for (number, deaths) in [(190, 3), (7, 12), (55, 1)] {
        let id = format!("lwtThing-{number}");
        let mut conn = ConnId(number);
        for _ in 0..deaths {
            world.die(conn, &id, Fault::Fin);
            world.pass(100);
            conn = world.launch(&id);
        }
    }
    world.die(ConnId(120), "lwtThing-120", Fault::Fin);
    world.pass(5_000);
    world.draw();
    // The chooser is where columns are found: deaths before the fuse, and sorted by it.
    world.keys("cjjjjj ");
    for _ in 0..3 {
        world.key(KeyCode::Left);
    }
    world.key(KeyCode::Enter);
    world
}

#[test]
fn columns_to_choose_from() {
    shows("columns", sorted);
}

#[test]
fn sorted_by_deaths() {
    shows("sorted_table", |width, height| {
        let mut world = sorted(width, height);
        world.key(KeyCode::Esc);
        world.pass(9_000);
        world
    });
}

#[test]
fn a_table_with_every_column() {
    shows("all_columns", |width, height| {
        let mut world = sorted(width, height);
        // All those that are not shown yet, and the device back to the left.
        world.keys("jj j j j j j j j j j ");
        world.key(KeyCode::Esc);
        world.keys("S");
        world.pass(9_000);
        world
    });
}

/// Every way to go on a wall, some marks, and the cursor on a device that was cut.
fn wall(width: u16, height: u16) -> World {
    let mut world = World::up(width, height);
    for number in 1..=1_500 {
        world.launch(&format!("lwtThing-{number}"));
    }
    world.pass(5_000);
    for (index, cause) in Cause::ALL.into_iter().enumerate() {
        for row in 0..3 {
            let number = 10 + 7 * index + 150 * row;
            let id = format!("lwtThing-{number}");
            if cause == Cause::ConnectionLost {
                world.die(ConnId(number as u64), &id, Fault::Fin);
            } else {
                world.close(ConnId(number as u64), &id, cause, "FIN");
            }
        }
    }
    world.fault("lwtThing-5", Fault::Freeze);
    world.pass(7_000);
    world.draw();
    world.keys(" ");
    for _ in 0..22 {
        world.key(KeyCode::Right);
    }
    world
}

#[test]
fn wall_of_fifteen_hundred() {
    shows("wall", wall);
}

#[test]
fn wall_in_ascii() {
    insta::with_settings!({ snapshot_path => "../src/tui/snapshots", prepend_module_to_snapshot => false, omit_expression => true }, {
        let mut world = wall(80, 24);
        world.ascii();
        insta::assert_snapshot!("wall_ascii_80x24", world.draw());
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

#[test]
fn mixed_in_ascii() {
    shows("mixed_ascii", |width, height| {
        let mut world = mixed(width, height);
        world.ascii();
        world.keys(" x");
        world
    });
}

#[test]
fn the_lessons() {
    shows("lessons", |width, height| {
        let mut world = World::three(width, height);
        world.keys("6");
        world.draw();
        world.key(KeyCode::Down);
        world
    });
}

#[test]
fn a_lesson_tells_what_happens() {
    shows("lesson_cut", |width, height| {
        let mut world = World::up(width, height);
        world.keys("6");
        world.begin("article");
        world.draw();
        world.go_on(4);
        world.pass(2_000);
        world
    });
    shows("lesson_before", |width, height| {
        let mut world = World::up(width, height);
        world.keys("6");
        world.begin("article");
        world.draw();
        world.go_on(4);
        world.key(KeyCode::Left);
        world.key(KeyCode::Left);
        world
    });
    shows("lesson_end", |width, height| {
        let mut world = World::up(width, height);
        world.keys("6");
        world.begin("leave-or-cut");
        world.draw();
        world.go_on(4);
        world.draw();
        world.key(KeyCode::End);
        world
    });
}

#[test]
fn filter_being_written() {
    shows("filter", |width, height| {
        let mut world = mixed(width, height);
        world.keys("/presence:online !id~press");
        world
    });
}

#[test]
fn incidents_of_a_filter() {
    shows("incidents_filter", |width, height| {
        let mut world = deaths(width, height);
        world.keys("2/id~lwt !cause:keepalive");
        world.key(KeyCode::Enter);
        world.draw();
        world.keys("j");
        world
    });
    shows("incidents_filter_none", |width, height| {
        let mut world = deaths(width, height);
        world.keys("2/cause:kicked");
        world.key(KeyCode::Enter);
        world
    });
}

#[test]
fn messages_of_a_filter() {
    shows("messages_filter", |width, height| {
        let mut world = deaths(width, height);
        world.keys("3/press");
        world.key(KeyCode::Enter);
        world.draw();
        world.keys("jj");
        world
    });
}

#[test]
fn feeds_of_a_filter() {
    shows("feeds_filter", |width, height| {
        let mut world = deaths(width, height);
        world.keys("/id~press");
        world.key(KeyCode::Enter);
        if height < 16 {
            world.key(KeyCode::BackTab);
        }
        world
    });
}

#[test]
fn palette_with_a_text() {
    shows("palette", |width, height| {
        let mut world = cut(width, height);
        world.keys(":la");
        world
    });
}

#[test]
fn many_are_to_die() {
    shows("die_many", |width, height| {
        let mut world = World::up(width, height);
        for number in 0..12 {
            world.launch(&format!("lwtThing-{number}"));
        }
        world.keys("axr");
        world
    });
}
