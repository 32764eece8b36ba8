//! What keys do: every test presses keys and looks at the effects, the picture, or both.

#[path = "tui_app/mass.rs"]
mod mass;
#[path = "tui_app/mouse.rs"]
mod mouse;
mod tui_world;

use crossterm::event::{Event as Input, KeyCode, KeyEvent, KeyModifiers};
use lwtop::fleet::{DeviceEvent, Event};
use lwtop::hub::{Command, Notice};
use lwtop::mqtt::{Cause, ClientId, ConnId, Fault, Protocol};
use lwtop::rules::{Rule, RuleSet};
use lwtop::tui::keymap::Mode;
use lwtop::tui::{Effect, Herald, Keymap, View};
use ratatui::backend::Backend;
use ratatui::style::Modifier;
use tui_world::World;

fn ids(names: &[&str]) -> Vec<ClientId> {
    names.iter().map(|name| ClientId::from(*name)).collect()
}

fn command(effects: &[Effect]) -> &Command {
    match effects {
        [Effect::Command(command)] => command,
        other => panic!("one command was expected, not {other:?}"),
    }
}

fn mode(world: &World) -> Mode {
    world.ui.app().mode()
}

#[test]
fn n_launches_one_and_capital_n_asks_how_many() {
    let mut world = World::up(80, 24);
    assert_eq!(command(&world.keys("n")), &Command::Launch(1));
    assert!(world.keys("N").is_empty());
    assert!(world.key(KeyCode::Enter).is_empty(), "no number, no launch");
    assert_eq!(mode(&world), Mode::Launch);
    world.keys("012x5");
    world.key(KeyCode::Backspace);
    assert!(world.draw().contains("12▎"));
    assert_eq!(command(&world.key(KeyCode::Enter)), &Command::Launch(12));
    assert_eq!(mode(&world), Mode::Fleet);
}

#[test]
fn the_number_to_launch_is_bounded_and_may_be_pasted() {
    let mut world = World::up(80, 24);
    world.keys("N200000");
    assert!(world.draw().contains("too many: at most 100 000"), "{}", world.screen());
    assert!(world.key(KeyCode::Enter).is_empty(), "what is too many is not cut to what is possible");
    assert!(world.draw().contains("200 000 are too many at once: launch up to 100 000"), "{}", world.screen());
    world.status.room = Some(4_984);
    assert!(world.draw().contains("too many: at most 4 984"), "{}", world.screen());
    assert!(world.key(KeyCode::Enter).is_empty());
    assert!(world.draw().contains("200 000 devices do not fit, 4 984 do"), "{}", world.screen());
    for _ in 0..2 {
        world.key(KeyCode::Backspace);
    }
    assert!(world.draw().contains("1 to 4 984"), "{}", world.screen());
    assert_eq!(command(&world.key(KeyCode::Enter)), &Command::Launch(2_000));
    world.keys("N");
    world.input(&Input::Paste(" 250 xq".into()));
    assert_eq!(command(&world.key(KeyCode::Enter)), &Command::Launch(250));
    assert!(world.input(&Input::Paste("q".into())).is_empty(), "pasted text is no command");
}

#[test]
fn each_letter_of_the_death_menu_is_its_fault() {
    for (letter, fault) in "lfrztpk".chars().zip([
        Fault::Leave,
        Fault::Fin,
        Fault::Rst,
        Fault::Freeze,
        Fault::Takeover,
        Fault::ProtocolError,
        Fault::Kick,
    ]) {
        let mut world = World::three(80, 24);
        let effects = world.keys(&format!("x{letter}"));
        assert_eq!(command(&effects), &Command::Fault(ids(&["lwtThing"]), fault));
        assert_eq!(mode(&world), Mode::Fleet, "the menu closes");
    }
}

#[test]
fn what_cannot_be_done_is_refused_with_the_reason() {
    let mut world = World::three(80, 24);
    assert!(world.keys("xw").is_empty());
    assert_eq!(mode(&world), Mode::Death, "the menu stays open for another choice");
    assert!(world.draw().contains("needs MQTT 5"));
    world.key(KeyCode::Esc);
    world.connect("five", Protocol::V5, 30);
    world.keys("G");
    assert!(world.keys("xw").is_empty(), "it is not lwtop's: that is asked first");
    assert_eq!(command(&world.keys("y")), &Command::Fault(ids(&["five"]), Fault::LeaveWithWill));
}

#[test]
fn kick_needs_the_gateway() {
    let mut world = World::three(80, 24);
    world.status.gateway = false;
    assert!(world.keys("xk").is_empty());
    assert!(world.draw().contains("needs lwtop's gateway"));
}

#[test]
fn capital_x_repeats_the_last_death_on_the_selected_device() {
    let mut world = World::three(80, 24);
    assert!(world.keys("X").is_empty());
    assert!(world.draw().contains("nothing to repeat yet: x chooses a death"));
    world.keys("xr");
    world.key(KeyCode::Right);
    assert_eq!(command(&world.keys("X")), &Command::Fault(ids(&["lwtThing-2"]), Fault::Rst));
    world.close(ConnId(2), "lwtThing-2", Cause::ConnectionLost, "RST");
    assert!(world.keys("X").is_empty());
    assert!(world.draw().contains("lwtThing-2 stays as it is"));
}

#[test]
fn marks_take_the_place_of_the_selection() {
    let mut world = World::three(80, 24);
    world.keys("  ");
    assert_eq!(command(&world.keys("xf")), &Command::Fault(ids(&["lwtThing", "lwtThing-2"]), Fault::Fin));
    world.key(KeyCode::Esc);
    assert_eq!(
        command(&world.keys("xf")),
        &Command::Fault(ids(&["lwtThing-3"]), Fault::Fin),
        "esc took the marks away"
    );
    assert_eq!(
        command(&world.keys("axf")),
        &Command::Fault(ids(&["lwtThing", "lwtThing-2", "lwtThing-3"]), Fault::Fin)
    );
    assert_eq!(command(&world.keys("axf")), &Command::Fault(ids(&["lwtThing-3"]), Fault::Fin), "a again marks none");
}

#[test]
fn of_several_only_those_that_can_die() {
    let mut world = World::three(80, 24);
    world.close(ConnId(2), "lwtThing-2", Cause::ClientInitiatedDisconnect, "DISCONNECT");
    assert_eq!(command(&world.keys("axf")), &Command::Fault(ids(&["lwtThing", "lwtThing-3"]), Fault::Fin));
    assert!(world.draw().contains("2 of 3"));
}

#[test]
fn reconnect_is_for_what_is_gone_or_frozen() {
    let mut world = World::three(80, 24);
    assert!(world.keys("r").is_empty());
    assert!(world.draw().contains("lwtThing is connected: there is nothing to bring back"));
    world.fault("lwtThing", Fault::Freeze);
    assert_eq!(command(&world.keys("r")), &Command::Reconnect(ids(&["lwtThing"])));
    world.die(ConnId(2), "lwtThing-2", Fault::Fin);
    assert_eq!(command(&world.keys("ar")), &Command::Reconnect(ids(&["lwtThing", "lwtThing-2"])));
    assert_eq!(command(&world.keys("R")), &Command::ReconnectAll);
}

#[test]
fn somebody_elses_device_cannot_be_brought_back() {
    let mut world = World::up(80, 24);
    let conn = world.connect("press-7", Protocol::V5, 30);
    world.close(conn, "press-7", Cause::ConnectionLost, "FIN");
    assert!(world.keys("r").is_empty());
    assert!(world.draw().contains("was not launched by lwtop"));
}

#[test]
fn deleting_several_asks_first() {
    let mut world = World::three(80, 24);
    assert_eq!(command(&world.keys("D")), &Command::Remove(ids(&["lwtThing"])));
    assert!(world.keys("  D").is_empty());
    assert_eq!(mode(&world), Mode::Confirm);
    assert!(world.keys("n").is_empty());
    assert_eq!(mode(&world), Mode::Fleet);
    assert_eq!(command(&world.keys("Dy")), &Command::Remove(ids(&["lwtThing", "lwtThing-2"])));
}

#[test]
fn tab_goes_round_and_enter_opens_what_is_selected() {
    let mut world = World::three(80, 24);
    let mut seen = Vec::new();
    for _ in 0..5 {
        seen.push((mode(&world), world.ui.app().feed));
        world.key(KeyCode::Tab);
    }
    assert_eq!(seen, [(Mode::Fleet, 1), (Mode::Feed, 0), (Mode::Feed, 1), (Mode::Feed, 2), (Mode::Fleet, 2)]);
    world.key(KeyCode::Down);
    world.key(KeyCode::Enter);
    assert_eq!(mode(&world), Mode::Message);
    assert!(world.draw().contains("\"message\": \"AWS IoT Thing connected message to IoT Core\""));
    world.keys("q");
    assert_eq!(mode(&world), Mode::Feed, "q closes a pop-up");
    world.key(KeyCode::BackTab);
    world.key(KeyCode::Enter);
    assert_eq!(mode(&world), Mode::Detail);
}

#[test]
fn esc_backs_out_one_layer_and_q_and_ctrl_c_quit() {
    let mut world = World::three(80, 24);
    world.key(KeyCode::Enter);
    world.keys("x?");
    assert_eq!(mode(&world), Mode::Death, "? is no key of the death menu");
    world.key(KeyCode::Esc);
    assert_eq!(mode(&world), Mode::Detail);
    let control = Input::Key(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL));
    world.keys("x");
    assert_eq!(world.input(&control), [Effect::Quit]);
    world.key(KeyCode::Esc);
    world.key(KeyCode::Esc);
    assert_eq!(mode(&world), Mode::Fleet);
    assert_eq!(world.keys("q"), [Effect::Quit]);
}

#[test]
fn the_cursor_follows_its_device_and_stays_when_it_is_deleted() {
    let mut world = World::three(80, 24);
    world.keys("l");
    world.apply(Event::Device(DeviceEvent::Removed { client: "lwtThing".into() }));
    assert_eq!(command(&world.keys("xf")), &Command::Fault(ids(&["lwtThing-2"]), Fault::Fin));
    world.apply(Event::Device(DeviceEvent::Removed { client: "lwtThing-2".into() }));
    assert_eq!(command(&world.keys("xf")), &Command::Fault(ids(&["lwtThing-3"]), Fault::Fin));
}

#[test]
fn a_mark_is_not_inherited_by_the_next_device_in_the_same_place() {
    let mut world = World::three(80, 24);
    world.keys(" ");
    world.apply(Event::Device(DeviceEvent::Removed { client: "lwtThing".into() }));
    world.launch("newcomer");
    assert_eq!(command(&world.keys("xf")), &Command::Fault(ids(&["lwtThing-2"]), Fault::Fin));
    assert!(!world.draw().contains("marked"));
}

#[test]
fn a_menu_goes_with_its_last_device() {
    let mut world = World::three(80, 24);
    world.key(KeyCode::Enter);
    world.keys("x");
    world.apply(Event::Device(DeviceEvent::Removed { client: "lwtThing".into() }));
    world.draw();
    assert_eq!(mode(&world), Mode::Fleet);
}

#[test]
fn a_selected_message_stays_selected_while_others_come() {
    let mut world = World::three(80, 24);
    world.key(KeyCode::Tab);
    world.key(KeyCode::Down);
    let before = world.draw();
    assert!(before.contains("▸12:04:01.118 lwtThing-2"), "{before}");
    for number in 4..40 {
        world.launch(&format!("lwtThing-{number}"));
    }
    let after = world.draw();
    assert!(after.contains("▸12:04:01.118 lwtThing-2"), "{after}");
    world.keys("g");
    world.launch("newest");
    let newest = world.draw();
    assert!(newest.lines().any(|line| line.contains('▸') && line.contains("newest")), "{newest}");
}

#[test]
fn a_pane_follows_its_incident_although_nothing_happens_to_its_device() {
    let mut world = World::three(140, 40);
    world.die_untold(ConnId(1), "lwtThing", Fault::Fin);
    let rule = world.rules.rules()[0].name.clone();
    assert!(world.draw().contains("notified …"), "{}", world.screen());
    let changes = world.fleet.changes();
    world.fleet.nobody_to_tell(&rule);
    assert_eq!(world.fleet.changes(), changes, "no device changed");
    assert!(!world.draw().contains("notified"), "{}", world.screen());
}

#[test]
fn ctrl_l_writes_what_the_terminal_has_lost() {
    let mut world = World::three(80, 24);
    let screen = world.draw();
    // Somebody else clears the terminal; lwtop cannot know.
    world.ui.backend_mut().clear().unwrap();
    assert!(!world.draw().contains("lwtThing"));
    world.input(&Input::Key(KeyEvent::new(KeyCode::Char('l'), KeyModifiers::CONTROL)));
    assert_eq!(world.draw(), screen);
}

#[test]
fn v_goes_from_panes_to_the_table_to_the_wall_and_back() {
    let mut world = World::three(80, 24);
    assert!(!world.draw().contains("3 devices"));
    world.keys("v");
    assert!(world.draw().contains("3 devices") && world.screen().contains("fuse"));
    world.keys("v");
    let wall = world.draw();
    assert!(wall.contains("3 devices") && wall.contains("●●●") && wall.contains("● 3 online"), "{wall}");
    world.keys("v");
    assert!(!world.draw().contains("3 devices"));
    // Back where it began, it follows the number again.
    for number in 4..=60 {
        world.launch(&format!("lwtThing-{number}"));
    }
    assert!(world.draw().contains("60 devices") && world.screen().contains("fuse"));
}

/// Ten devices in a table, of which d-4 died twice and d-7 once.
fn table_of_deaths() -> World {
    let mut world = World::up(80, 24);
    for number in 0..10 {
        world.launch(&format!("d-{number}"));
        world.pass(10);
    }
    for (id, first) in [("d-4", ConnId(5)), ("d-7", ConnId(8))] {
        world.die(first, id, Fault::Fin);
    }
    world.pass(1_000);
    let again = world.launch("d-4");
    world.die(again, "d-4", Fault::Fin);
    world.pass(12_000);
    world.keys("v");
    world.draw();
    world
}

/// The devices of the table, from above.
fn lines(world: &mut World) -> Vec<String> {
    let screen = world.draw();
    let names = screen.lines().filter_map(|line| line.split_whitespace().find(|word| word.starts_with("d-")));
    names.take(10).map(str::to_owned).collect()
}

#[test]
fn s_goes_through_the_columns_and_the_heading_tells() {
    let mut world = table_of_deaths();
    assert_eq!(lines(&mut world)[..3], ["d-0", "d-1", "d-2"]);
    world.keys("s");
    assert!(world.draw().contains("device ↑") && world.screen().contains("10 devices by device ↑"));
    world.keys("S");
    assert!(world.draw().contains("device ↓"));
    assert_eq!(lines(&mut world)[..3], ["d-9", "d-8", "d-7"]);
    world.keys("s");
    assert!(world.draw().contains("state ↑"), "{}", world.screen());
    // The dead first, and of those that are alike the newest.
    assert_eq!(lines(&mut world)[..3], ["d-4", "d-7", "d-9"]);
    world.keys("sss");
    let screen = world.draw();
    assert!(!screen.contains('↑') && !screen.contains(" by "), "{screen}");
    assert_eq!(lines(&mut world)[..3], ["d-0", "d-1", "d-2"]);
}

#[test]
fn a_column_is_shown_moved_and_sorted_by_in_the_chooser() {
    let mut world = table_of_deaths();
    world.keys("c");
    assert!(world.draw().contains("Columns of the table"));
    // The device stays, whatever is pressed.
    world.keys(" ");
    assert!(world.draw().contains("✓ device") && world.screen().contains("always shown"));
    world.keys("jjjjj ");
    world.key(KeyCode::Left);
    world.key(KeyCode::Left);
    world.key(KeyCode::Left);
    world.key(KeyCode::Left);
    world.key(KeyCode::Enter);
    world.key(KeyCode::Esc);
    let screen = world.draw();
    assert!(screen.contains("deaths ↓ state"), "{screen}");
    assert_eq!(lines(&mut world)[..3], ["d-4", "d-7", "d-0"]);
    world.keys("x");
    assert!(world.draw().contains("How shall d-4 die?"), "the first is under the cursor");
    world.key(KeyCode::Esc);
    // Panes have no columns.
    world.keys("vvc");
    assert!(world.draw().contains("columns are those of a table"), "{}", world.screen());
}

#[test]
fn the_cursor_follows_its_device_while_the_order_lives() {
    let mut world = table_of_deaths();
    world.keys("ssj");
    world.keys("j");
    assert_eq!(lines(&mut world)[..4], ["d-4", "d-7", "d-9", "d-8"]);
    let selected = |world: &mut World| {
        let screen = world.draw();
        let line = screen.lines().find(|line| line.starts_with("┃▸")).unwrap_or_else(|| panic!("{screen}")).to_owned();
        line.split_whitespace().nth(1).unwrap().to_owned()
    };
    assert_eq!(selected(&mut world), "d-9");
    world.die(ConnId(6), "d-5", Fault::Fin);
    assert_eq!(selected(&mut world), "d-9");
    assert_eq!(lines(&mut world)[..4], ["d-5", "d-4", "d-7", "d-9"]);
    // With a filter, too; and a device that comes or goes is put in its place.
    world.keys("/presence:off");
    world.key(KeyCode::Enter);
    assert_eq!(lines(&mut world)[..3], ["d-5", "d-4", "d-7"]);
    assert!(world.screen().contains(" 3 devices by state ↑"));
    world.apply(Event::Device(DeviceEvent::Removed { client: "d-4".into() }));
    world.die(ConnId(4), "d-3", Fault::Fin);
    assert_eq!(lines(&mut world)[..3], ["d-3", "d-5", "d-7"]);
    assert!(world.screen().contains(" 3 devices by state ↑"));
}

/// A wall of 1 200 devices on 80×24: 76 in a row.
fn wall() -> World {
    let mut world = World::up(80, 24);
    for number in 0..1_200 {
        world.launch(&format!("d-{number}"));
    }
    world.draw();
    world
}

#[test]
fn a_wall_is_walked_in_all_directions() {
    let mut world = wall();
    let mut selected = |keys: &[KeyCode]| {
        for key in keys {
            world.key(*key);
        }
        let screen = world.draw();
        let line = screen.lines().rev().find(|line| line.contains("● online")).unwrap().to_owned();
        line.split_whitespace().find(|word| word.starts_with("d-")).unwrap().to_owned()
    };
    assert_eq!(selected(&[]), "d-0");
    assert_eq!(selected(&[KeyCode::Right, KeyCode::Down]), "d-77");
    assert_eq!(selected(&[KeyCode::Left, KeyCode::Up]), "d-0");
    assert_eq!(selected(&[KeyCode::Up, KeyCode::Left]), "d-0");
    // From the end of a row to the beginning of the next.
    assert_eq!(selected(&[KeyCode::Down, KeyCode::Left, KeyCode::Right]), "d-76");
    // 12 rows are visible.
    assert_eq!(selected(&[KeyCode::PageDown]), format!("d-{}", 76 + 11 * 76));
    assert_eq!(selected(&[KeyCode::End]), "d-1199");
    assert_eq!(selected(&[KeyCode::Down, KeyCode::Right]), "d-1199");
    assert_eq!(selected(&[KeyCode::PageUp, KeyCode::Home]), "d-0");
}

#[test]
fn a_wall_tells_deaths_apart_and_goes_with_the_filter() {
    let mut world = wall();
    world.die(ConnId(2), "d-1", Fault::Fin);
    world.close(ConnId(3), "d-2", Cause::KeepAliveTimeout, "nothing");
    world.close(ConnId(4), "d-3", Cause::ClientInitiatedDisconnect, "DISCONNECT");
    world.close(ConnId(5), "d-4", Cause::SessionTakenOver, "DISCONNECT 0x8e");
    world.fault("d-5", Fault::Freeze);
    let screen = world.draw();
    assert!(screen.contains("●✖S○T■●●●"), "{screen}");
    for words in ["● 1 195 online", "■ 1 frozen", "✖ 1 cut", "S 1 silent", "T 1 taken over"] {
        assert!(screen.contains(words), "{words} in {screen}");
    }
    world.keys("/presence:offline");
    world.key(KeyCode::Enter);
    assert!(world.draw().contains("╭ d-2 "), "four are panes: {}", world.screen());
    world.keys("vv");
    let screen = world.draw();
    assert!(
        screen.contains("✖S○T ") && screen.contains("┗ ✖ 1 cut  S 1 silent  T 1 taken over  ○ 1 left ━"),
        "{screen}"
    );
}

#[test]
fn a_wall_in_colours_says_the_same() {
    let mut world = wall();
    world.die(ConnId(2), "d-1", Fault::Fin);
    let plain = world.draw();
    world.colour();
    assert_eq!(world.draw(), plain);
    let colour = |x: u16| world.ui.backend().buffer()[(x, 3)].fg;
    // d-0 is under the cursor; d-1 was cut, d-2 and d-3 are online.
    assert!(colour(3) != colour(4) && colour(4) == colour(5), "{:?} {:?}", colour(3), colour(4));
}

#[test]
fn marked_cells_are_reversed_and_x_is_for_them() {
    let mut world = wall();
    world.keys("  ");
    world.draw();
    let buffer = world.ui.backend().buffer();
    let reversed = |x: u16| buffer[(x, 3)].modifier.contains(Modifier::REVERSED);
    // Two are marked, the third is under the cursor.
    assert!((2..5).all(reversed) && !reversed(5), "{}", world.screen());
    assert!(world.screen().contains("◆ 2 marked"));
    let effects = world.keys("xf");
    let both = vec![ClientId::from("d-0"), ClientId::from("d-1")];
    assert_eq!(effects, [Effect::Command(Command::Fault(both, Fault::Fin))]);
}

#[test]
fn movement_in_the_grid_reaches_every_device() {
    let mut world = World::three(80, 24);
    for (keys, wanted) in [
        ("jj", "lwtThing-3"),
        ("k", "lwtThing"),
        ("l", "lwtThing-2"),
        ("j", "lwtThing-3"),
        ("g", "lwtThing"),
        ("G", "lwtThing-3"),
        ("h", "lwtThing-2"),
    ] {
        world.keys(keys);
        assert_eq!(command(&world.keys("xf")), &Command::Fault(ids(&[wanted]), Fault::Fin), "after {keys}");
    }
}

#[test]
fn help_scrolls_to_its_end_and_back() {
    let mut world = World::three(80, 24);
    world.keys("?");
    assert!(world.draw().contains("lines more"));
    world.keys("G");
    let end = world.draw();
    assert!(end.contains("kick: the broker's side closes it") && !end.contains("lines more"));
    world.keys("k");
    assert!(world.draw().contains("1 line more"), "up works at once after the end");
    world.keys("?");
    assert_eq!(mode(&world), Mode::Fleet);
}

#[test]
fn the_footer_names_only_keys_that_work() {
    let mut world = World::up(140, 40);
    let footer = |world: &mut World| world.draw().lines().last().unwrap_or_default().to_owned();
    let nobody = footer(&mut world);
    assert!(nobody.contains("n launch") && !nobody.contains("kill") && !nobody.contains("reconnect"), "{nobody}");
    let mut world = World::three(140, 40);
    let online = footer(&mut world);
    assert!(online.contains("x kill") && !online.contains("reconnect") && !online.contains("again"), "{online}");
    world.keys("xf");
    world.die(ConnId(1), "lwtThing", Fault::Fin);
    let dead = footer(&mut world);
    assert!(dead.contains("r reconnect") && dead.contains("X again"), "{dead}");
}

#[test]
fn notices_go_away_by_themselves() {
    let mut world = World::three(80, 24);
    world.status.notify(world.now, "1000 devices need 4000 open files, 1024 are allowed");
    assert!(world.draw().contains("1024 are allowed"));
    world.pass(8_100);
    assert!(!world.draw().contains("1024 are allowed"));
}

#[test]
fn the_header_tells_of_losses() {
    let mut world = World::three(140, 40);
    world.status.dropped = 17;
    world.status.refused = 2;
    let header = world.draw().lines().next().unwrap_or_default().to_owned();
    for wanted in ["17 not published", "2 refused", "link up", "● 3 online"] {
        assert!(header.contains(wanted), "{wanted} is not in {header}");
    }
}

#[test]
fn idle_is_not_drawn_and_a_fuse_once_a_second() {
    let mut world = World::up(80, 24);
    world.draw();
    assert_eq!(world.ui.next_draw(), None, "nothing moves on an empty screen");
    let conn = world.connect("press-7", Protocol::V5, 0);
    world.close(conn, "press-7", Cause::ClientInitiatedDisconnect, "DISCONNECT");
    world.pass(3_600_000 * 30);
    world.ui.changed();
    world.draw();
    let next = world.ui.next_draw().unwrap();
    assert!(next.since(world.now).as_secs() > 3_600, "an age in days is not drawn every second");

    let mut world = World::three(80, 24);
    world.draw();
    let before = world.ui.draws();
    for _ in 0..100 {
        world.pass(100);
        if world.ui.due(world.now) {
            world.draw();
        }
    }
    assert_eq!(world.ui.draws() - before, 10);
}

#[test]
fn a_key_is_drawn_at_once_and_a_flood_at_sixty_a_second() {
    let mut world = World::up(80, 24);
    world.draw();
    world.pass(500);
    world.keys("?");
    assert!(world.ui.due(world.now));
    world.draw();
    let before = world.ui.draws();
    for _ in 0..1_000 {
        world.pass(1);
        world.ui.changed();
        if world.ui.due(world.now) {
            world.draw();
        }
    }
    let drawn = world.ui.draws() - before;
    assert!((55..=60).contains(&drawn), "{drawn}");
}

#[test]
fn a_large_fleet_is_drawn_by_its_visible_rows() {
    let mut world = World::up(140, 40);
    for number in 0..100_000 {
        world.apply(Event::Device(DeviceEvent::Launched {
            at: world.now,
            client: format!("d{number}").as_str().into(),
        }));
    }
    world.draw();
    world.keys("G");
    let screen = world.draw();
    assert!(screen.contains("d99999") && screen.contains("? 100 000 unknown"), "a wall: {screen}");
    world.keys("vv");
    let screen = world.draw();
    assert!(screen.contains("d99999") && screen.contains("99 979 to 100 000"), "a table: {screen}");
    assert_eq!(command(&world.keys(" D")), &Command::Remove(ids(&["d99999"])));
}

#[test]
fn without_colours_nothing_is_coloured_and_nothing_is_lost() {
    use ratatui::style::Color;
    let mut plain = World::three(140, 40);
    plain.die(ConnId(2), "lwtThing-2", Fault::Fin);
    let screen = plain.draw();
    let reset = |world: &World| world.ui.backend().buffer().content().iter().all(|cell| cell.fg == Color::Reset);
    assert!(reset(&plain));
    let mut coloured = World::three(140, 40);
    coloured.colour();
    coloured.die(ConnId(2), "lwtThing-2", Fault::Fin);
    assert_eq!(coloured.draw(), screen);
    assert!(!reset(&coloured));
}

/// Rules on the article's topics and on others, in this order: will, everything below `/lwt`, will again, nobody's.
fn four_rules(width: u16, height: u16) -> World {
    let mut world = World::three(width, height);
    let sql = [
        "SELECT * FROM '/last/will/topic' WHERE state.reported.last_will = 'no'",
        "SELECT * FROM '/lwt/#'",
        "SELECT * FROM '/last/will/topic' WHERE state.reported.trigger_action = 'on'",
        "SELECT * FROM 'elsewhere'",
    ];
    let rule = |(index, sql): (usize, &&str)| Rule::new(&format!("rule-{index}"), sql.parse().unwrap());
    world.rule_by(RuleSet::new(sql.iter().enumerate().map(rule).collect()));
    world.die(ConnId(1), "lwtThing", Fault::Fin);
    world.pass(1_000);
    world.die(ConnId(2), "lwtThing-2", Fault::Fin);
    world.pass(1_000);
    world
}

/// The line that says which message the reason is for.
fn reason(world: &mut World) -> String {
    let screen = world.draw();
    let line = screen.lines().find(|line| line.contains("Why it"));
    line.unwrap_or_else(|| panic!("no reason in\n{screen}")).trim_matches(['┃', ' ']).to_owned()
}

#[test]
fn numbers_turn_pages_and_esc_goes_back_to_the_fleet() {
    let mut world = World::three(80, 24);
    world.key(KeyCode::Enter);
    assert_eq!(mode(&world), Mode::Detail);
    world.keys("5");
    assert_eq!(mode(&world), Mode::Rules, "from a detail too");
    world.keys("?");
    world.key(KeyCode::Esc);
    assert_eq!(mode(&world), Mode::Rules);
    world.key(KeyCode::Esc);
    assert_eq!(mode(&world), Mode::Fleet);
    world.keys("51");
    assert_eq!(mode(&world), Mode::Fleet);
    assert!(world.keys("5nxrXRD a").is_empty(), "no key acts on devices that are not on the screen");
    assert_eq!(world.keys("q"), [Effect::Quit]);
}

#[test]
fn up_and_down_choose_a_rule() {
    let mut world = four_rules(80, 24);
    world.keys("5");
    for (keys, rule) in [("", 0), ("j", 1), ("jj", 3), ("j", 3), ("g", 0), ("k", 0), ("G", 3)] {
        world.keys(keys);
        let screen = world.draw();
        assert!(screen.contains(&format!("┏ rule-{rule} ")), "after {keys}: {screen}");
    }
    assert!(world.draw().contains("No message on elsewhere yet"));
}

#[test]
fn the_reason_follows_the_newest_message_until_another_is_chosen() {
    let mut world = four_rules(100, 30);
    world.keys("5");
    assert_eq!(reason(&mut world), "Why it did not fire  12:04:21.355 · lwtThing-2 · message 1 of 2 · 2 rules listen");
    world.die(ConnId(3), "lwtThing-3", Fault::Fin);
    assert!(reason(&mut world).contains("lwtThing-3 · message 1 of 3"));
    world.key(KeyCode::Right);
    assert!(reason(&mut world).contains("lwtThing-2 · message 2 of 3"));
    let conn = world.launch("newcomer");
    world.die(conn, "newcomer", Fault::Fin);
    assert!(reason(&mut world).contains("lwtThing-2 · message 3 of 4"), "it stays while others come");
    world.keys("]]]]");
    assert!(reason(&mut world).contains("lwtThing · message 4 of 4"));
    world.keys("[[[");
    assert!(reason(&mut world).contains("newcomer · message 1 of 4"));
    let conn = world.launch("newest");
    world.die(conn, "newest", Fault::Fin);
    assert!(reason(&mut world).contains("newest · message 1 of 5"), "at the newest it follows again");
}

#[test]
fn a_chosen_message_stays_with_the_next_rule_that_listens_to_it() {
    let mut world = four_rules(100, 30);
    world.keys("5]");
    assert!(reason(&mut world).starts_with("Why it did not fire  12:04:20.354 · lwtThing · message 2 of 2"));
    world.keys("j");
    assert!(reason(&mut world).contains("/lwt/executed · message 1 of 5"), "that rule listens elsewhere");
    world.keys("k]jj");
    assert!(!reason(&mut world).contains("message 2 of 2"), "a rule in between let go of it");
    world.keys("]");
    assert!(reason(&mut world).starts_with("Why it fired  12:04:20.354 · lwtThing · message 2 of 2"));
}

#[test]
fn alike_messages_are_still_different_ones() {
    let mut world = four_rules(100, 30);
    for _ in 0..3 {
        world.message("elsewhere", b"the same", None, false);
    }
    world.keys("5G");
    for place in ["1 of 3", "2 of 3", "3 of 3"] {
        assert!(reason(&mut world).contains(place), "{place}");
        world.key(KeyCode::Right);
    }
}

#[test]
fn w_asks_why_of_a_message_in_a_feed_and_of_an_open_one() {
    let mut world = four_rules(100, 30);
    world.key(KeyCode::Tab);
    world.key(KeyCode::Tab);
    world.keys("jw");
    assert_eq!(mode(&world), Mode::Rules);
    assert!(reason(&mut world).contains("lwtThing · message 2 of 2"));
    assert!(world.draw().contains("┏ rule-0 "), "the first of those that listen");
    world.key(KeyCode::Enter);
    assert_eq!(mode(&world), Mode::Message);
    assert!(world.draw().contains("\"client_id\": \"lwtThing\""));
    world.keys("w");
    assert!(reason(&mut world).contains("lwtThing · message 2 of 2"));
    world.keys("1");
    world.key(KeyCode::Tab);
    world.key(KeyCode::Enter);
    world.keys("w");
    assert!(world.draw().contains("┏ rule-1 "), "an executed message: {}", world.draw());
}

#[test]
fn a_message_that_no_rule_listens_to_says_so() {
    let mut world = World::three(100, 24);
    world.key(KeyCode::Tab);
    assert!(world.keys("w").is_empty());
    assert_eq!(mode(&world), Mode::Feed);
    let screen = world.draw();
    assert!(screen.contains("no rule listens to /lwt/connected/topic: lastWillRule to /last/will/topic"), "{screen}");
}

#[test]
fn an_open_message_is_explained_although_the_feed_forgot_it() {
    let mut world = World::three(100, 30);
    world.die(ConnId(1), "lwtThing", Fault::Fin);
    world.key(KeyCode::Tab);
    world.key(KeyCode::Tab);
    world.key(KeyCode::Enter);
    for number in 0..600 {
        world.message("/last/will/topic", format!("{number}").as_bytes(), None, false);
    }
    world.keys("w");
    assert!(reason(&mut world).contains("lwtThing · no longer in the feeds"));
    world.key(KeyCode::Right);
    assert!(reason(&mut world).contains("no longer"), "nothing older is kept");
    world.key(KeyCode::Left);
    assert!(reason(&mut world).contains("unattributed · message 500 of 500"));
}

#[test]
fn a_retained_message_was_not_tried() {
    let mut world = World::up(100, 30);
    world.message("/last/will/topic", tui_world::will_payload("old").as_bytes(), None, true);
    world.keys("5");
    let screen = world.draw();
    assert!(screen.contains("Why it was not tried") && screen.contains("because it was retained"), "{screen}");
}

#[test]
fn a_page_that_does_not_fit_is_read_to_its_end() {
    let mut world = World::three(40, 10);
    world.die(ConnId(1), "lwtThing", Fault::Fin);
    world.keys("5");
    assert!(world.draw().contains("lines more"));
    world.keys("w");
    assert!(world.draw().contains("Why it fired"), "w goes to the reason");
    world.keys("G");
    assert!(!world.draw().contains("more"));
    world.keys("kkk");
    assert!(world.draw().contains("3 lines more"), "up works at once after the end");
    world.keys("g");
    world.key(KeyCode::PageDown);
    world.key(KeyCode::PageUp);
    assert!(world.draw().contains("tells a person"));
}

#[test]
fn a_filter_holds_on_rules_as_far_as_it_concerns_them() {
    let mut world = four_rules(140, 40);
    let names: Vec<String> = world.status.rules.iter().map(|rule| rule.name.to_string()).collect();
    world.keys("5j/");
    assert!(world.draw().contains("id~ topic~ or any text"), "{}", world.screen());
    world.keys("presence:offline");
    assert!(world.draw().contains("it concerns devices and hides nothing here"), "{}", world.screen());
    world.key(KeyCode::Enter);
    let screen = world.draw();
    assert!(names.iter().all(|name| screen.contains(name)) && screen.contains("hides nothing here"), "{screen}");
    world.key(KeyCode::Esc);
    world.keys("15G");
    world.keys("/");
    world.input(&Input::Key(KeyEvent::new(KeyCode::Char('u'), KeyModifiers::CONTROL)));
    world.keys(&format!("id:{}", names[0]));
    let screen = world.draw();
    assert!(screen.contains("1 of 4 shown") && screen.contains("1 of 4 rules"), "{screen}");
    assert_eq!(world.ui.app().rules.selected, 0, "the cursor is on what is shown");
    world.key(KeyCode::Enter);
    let screen = world.draw();
    assert!(screen.contains("3 hidden by id:") && screen.lines().next().unwrap().contains("3 hidden"), "{screen}");
    assert!(!screen.contains(&names[3]), "{screen}");
    world.keys("jG");
    assert_eq!(world.ui.app().rules.selected, 0, "there is no other");
    world.keys("/xx");
    let screen = world.draw();
    assert!(screen.contains("None of 4 rules is let through by") && screen.contains("0 of 4 shown"), "{screen}");
    world.key(KeyCode::Esc);
    let screen = world.draw();
    assert!(names.iter().all(|name| screen.contains(name)) && !screen.contains("hidden"), "{screen}");
}

#[test]
fn why_does_not_lead_to_a_rule_that_the_filter_hides() {
    let mut world = four_rules(140, 40);
    world.die(ConnId(2), "lwtThing-2", Fault::Fin);
    world.keys("3/nobodyatall");
    world.key(KeyCode::Enter);
    world.keys("1");
    world.key(KeyCode::Esc);
    world.keys("3");
    world.draw();
    world.keys("j");
    world.keys("w");
    let rule = world.ui.app().rules.selected;
    assert!(world.draw().contains("Why"), "{}", world.screen());
    let name = world.status.rules[rule].name.to_string();
    world.keys("3/!id:");
    world.input(&Input::Paste(name));
    world.key(KeyCode::Enter);
    world.keys("w");
    let now = world.ui.app().rules.selected;
    assert!(now != rule || world.draw().contains("the filter hides every rule"), "{}", world.draw());
}

#[test]
fn the_first_frame_of_a_page_names_the_keys_that_the_second_does() {
    for (width, height) in [(40, 10), (80, 24), (140, 40)] {
        let mut world = four_rules(width, height);
        world.die(ConnId(2), "lwtThing-2", Fault::Fin);
        world.keys("5");
        let first = world.draw();
        assert_eq!(first, world.draw());
        world.resize(120, 60);
        let first = world.draw();
        assert_eq!(first, world.draw());
    }
}

#[test]
fn failures_of_late_show_on_the_tab() {
    let mut world = World::three(80, 24);
    world.keys("5");
    assert!(!world.draw().contains("Rules ✖"));
    let failure = Notice { at: world.now, text: "nobody\nanswers".into() };
    let action = &mut world.status.rules[0].actions[1];
    (action.failed, action.last_failure) = (1, Some(failure));
    let screen = world.draw();
    assert!(screen.contains("5 Rules ✖1") && screen.contains("✖ 0 s ago: nobody\\nanswers"), "{screen}");
    world.pass(600_000);
    assert!(!world.draw().contains("Rules ✖"));
}

#[test]
fn every_notice_can_be_read_again() {
    let mut world = World::three(80, 24);
    world.keys("!");
    assert!(world.draw().contains("nothing to tell"));
    world.keys("!r");
    world.pass(9_000);
    let long = "a sentence about a mail server that cannot be reached ".repeat(12) + "and its end";
    world.status.notify(world.now, long);
    world.ui.changed();
    let screen = world.draw();
    assert!(screen.contains("a sentence about") && screen.contains("… ! all") && !screen.contains("its end"));
    world.keys("!");
    let screen = world.draw();
    assert!(screen.contains("its end") && screen.contains("lwtThing is connected"), "{screen}");
}

#[test]
fn an_incident_is_opened_turned_and_leads_to_its_device() {
    let mut world = World::three(140, 40);
    world.die(ConnId(1), "lwtThing", Fault::Fin);
    world.pass(1_000);
    world.die(ConnId(2), "lwtThing-2", Fault::Rst);
    world.keys("2j");
    assert_eq!(mode(&world), Mode::Incidents);
    world.die(ConnId(3), "lwtThing-3", Fault::Fin);
    world.key(KeyCode::Enter);
    assert_eq!(mode(&world), Mode::Sequence);
    assert!(world.draw().contains("┏ lwtThing  ✖ connection lost"), "the cursor stayed on its incident");
    world.key(KeyCode::Left);
    assert!(world.draw().contains("┏ lwtThing-2  ✖ connection lost"), "{}", world.screen());
    assert_eq!(command(&world.keys("r")), &Command::Reconnect(ids(&["lwtThing-2"])));
    world.keys("d");
    assert_eq!(mode(&world), Mode::Detail);
    world.key(KeyCode::Enter);
    assert_eq!(mode(&world), Mode::Sequence, "the newest incident of the device");
    for _ in 0..3 {
        world.key(KeyCode::Esc);
    }
    assert_eq!(mode(&world), Mode::Incidents);
    world.key(KeyCode::Esc);
    assert_eq!(mode(&world), Mode::Fleet);
}

#[test]
fn on_the_page_of_incidents_keys_act_on_the_device_of_the_line_whatever_is_marked() {
    let mut world = World::three(80, 24);
    world.keys("a");
    world.die(ConnId(2), "lwtThing-2", Fault::Fin);
    world.keys("2");
    assert_eq!(command(&world.keys("r")), &Command::Reconnect(ids(&["lwtThing-2"])));
    world.apply(Event::Device(DeviceEvent::Removed { client: "lwtThing-2".into() }));
    assert!(world.keys("x").is_empty());
    assert!(world.draw().contains("there is no device to act on"), "{}", world.screen());
}

#[test]
fn read_only_changes_nothing_and_says_so() {
    let mut world = World::three(140, 40);
    world.ui.app_mut().read_only = true;
    for key in ["n", "N", "x", "X", "r", "R", "D"] {
        assert!(world.keys(key).is_empty(), "{key}");
        assert_eq!(mode(&world), Mode::Fleet, "{key}");
        assert!(world.draw().contains("read only: lwtop was started so that it changes nothing"), "{key}");
    }
    world.pass(9_000);
    let screen = world.draw();
    assert!(screen.lines().next().unwrap().contains("read only"), "{screen}");
    let footer = screen.lines().last().unwrap();
    assert!(!footer.contains("launch") && !footer.contains("kill") && footer.contains("? help"), "{footer}");
    world.key(KeyCode::Enter);
    assert_eq!(mode(&world), Mode::Detail, "looking is allowed");
}

#[test]
fn keys_of_ones_own_work_and_are_named_everywhere() {
    let mut world = World::up(80, 24);
    let keys = [("launch-one", vec!["L".to_owned()]), ("ask-death", vec!["f2".to_owned()])];
    world.ui.app_mut().keys = Keymap::with(keys.iter().map(|(name, keys)| (*name, keys.as_slice()))).unwrap();
    assert!(world.draw().contains("No device yet. L launches one"), "{}", world.screen());
    assert!(world.keys("n").is_empty());
    assert_eq!(command(&world.keys("L")), &Command::Launch(1));
    world.launch("lwtThing");
    assert!(world.draw().lines().last().unwrap().contains("f2 kill"), "{}", world.screen());
    world.keys("?");
    assert!(world.draw().contains("  L  launch one simulated device"), "{}", world.screen());
}

#[test]
fn the_bell_rings_once_for_a_storm_and_the_title_counts() {
    let mut world = World::three(80, 24);
    let mut herald = Herald::new(true, true);
    let mut news = |world: &World| {
        let view = View { fleet: &world.fleet, status: &world.status, rules: &world.rules, now: world.now };
        String::from_utf8(herald.news(&view)).unwrap()
    };
    assert_eq!(news(&world), "\x1b]0;lwtop: 3 online\x07");
    assert_eq!(news(&world), "");
    world.close(ConnId(1), "lwtThing", Cause::ConnectionLost, "FIN");
    assert_eq!(news(&world), "\x07\x1b]0;lwtop: 2 online, 1 offline\x07");
    world.close(ConnId(2), "lwtThing-2", Cause::ConnectionLost, "FIN");
    assert!(!news(&world).starts_with('\x07'), "once is enough");
    world.pass(2_000);
    world.close(ConnId(3), "lwtThing-3", Cause::ConnectionLost, "FIN");
    assert!(news(&world).starts_with('\x07'));
    for number in 0..1_000 {
        world.launch(&format!("d{number}"));
    }
    assert_eq!(news(&world), "\x1b]0;lwtop: 1 000 online, 3 offline\x07");
}

#[test]
fn a_filter_is_live_counts_what_it_hides_and_goes_with_esc() {
    let mut world = World::three(140, 40);
    world.launch("press-7");
    world.die(ConnId(2), "lwtThing-2", Fault::Fin);
    world.keys("/presence:off");
    assert_eq!(mode(&world), Mode::Filter);
    let screen = world.draw();
    assert!(screen.contains("/presence:off▎") && screen.contains("1 of 4 shown"), "{screen}");
    assert!(!screen.contains("╭ lwtThing ") && screen.contains(" lwtThing-2 "), "{screen}");
    assert!(screen.lines().next().unwrap().contains("/presence:off  3 hidden"), "{screen}");
    world.status.notify(world.now, "a notice that does not fit into one line ".repeat(6));
    assert!(world.draw().contains("/presence:off▎"), "no notice lies on what is being written: {}", world.screen());
    world.key(KeyCode::Enter);
    assert_eq!(mode(&world), Mode::Fleet, "enter keeps it");
    assert_eq!(command(&world.keys("r")), &Command::Reconnect(ids(&["lwtThing-2"])), "keys act on what is shown");
    world.die(ConnId(3), "lwtThing-3", Fault::Fin);
    assert!(world.draw().contains("2 hidden"), "a device that dies comes in by itself");
    world.key(KeyCode::Esc);
    assert!(!world.draw().contains("hidden"));
    world.keys("/x");
    world.key(KeyCode::Backspace);
    world.keys("press");
    world.key(KeyCode::Esc);
    assert!(!world.draw().contains("hidden"), "esc while writing clears as well");
}

#[test]
fn a_paste_is_looked_for_once_and_not_letter_by_letter() {
    let mut world = World::three(80, 24);
    world.keys("/");
    world.input(&Input::Paste(format!("  lwtThing-3{}\n", " x".repeat(4_000))));
    assert_eq!(world.ui.app().sieve.asked(), 3, "each device once");
    assert_eq!(world.ui.app().sieve.filter().text().len(), 400, "longer than any screen");
    world.key(KeyCode::Esc);
    world.keys(":");
    world.input(&Input::Paste(" show-\u{1b}rules \n".into()));
    assert!(world.draw().contains(":show-rules▎"), "{}", world.screen());
}

#[test]
fn a_filter_holds_on_incidents_messages_and_feeds() {
    let mut world = World::three(140, 40);
    world.die(ConnId(1), "lwtThing", Fault::Fin);
    world.die(ConnId(2), "lwtThing-2", Fault::Fin);
    world.die(ConnId(3), "lwtThing-3", Fault::Fin);
    world.keys("2");
    world.draw();
    world.keys("j");
    let line = |world: &mut World| {
        let shown = world.draw();
        shown.lines().find(|line| line.contains('▸')).unwrap_or_else(|| panic!("{shown}")).to_owned()
    };
    assert!(line(&mut world).contains("lwtThing-2"));
    world.keys("/!id:lwtThing-3");
    assert_eq!(mode(&world), Mode::Filter);
    assert!(line(&mut world).contains("lwtThing-2"), "the cursor stays on its line");
    assert!(world.draw().contains("2 of 3 shown"), "{}", world.screen());
    world.key(KeyCode::Enter);
    let screen = world.draw();
    assert!(screen.contains("2 of 3 incidents") && screen.contains("1 hidden by !id:lwtThing-3"), "{screen}");
    assert!(screen.lines().next().unwrap().contains("/!id:lwtThing-3  1 hidden"), "{screen}");
    world.connect("lwtThing-2", Protocol::V311, 30);
    world.close(ConnId(4), "lwtThing-2", Cause::ConnectionLost, "RST");
    assert!(world.draw().contains("3 of 4 incidents"), "a new one comes in: {}", world.screen());
    assert!(line(&mut world).contains("lwtThing-2"), "and the cursor stays on its line");
    world.keys("j");
    assert!(line(&mut world).contains("lwtThing  "), "{}", world.screen());
    world.key(KeyCode::Enter);
    world.key(KeyCode::Left);
    assert!(world.draw().contains("┏ lwtThing-2"), "a sequence turns to what is shown: {}", world.screen());
    world.key(KeyCode::Esc);
    // From a device's page it turns to all.
    world.keys("1");
    world.key(KeyCode::Enter);
    world.key(KeyCode::Enter);
    assert!(world.draw().contains("┏ lwtThing-2"), "{}", world.screen());
    world.key(KeyCode::Right);
    assert!(world.draw().contains("┏ lwtThing-3"), "{}", world.screen());
    for _ in 0..2 {
        world.key(KeyCode::Esc);
    }

    world.keys("3");
    let screen = world.draw();
    assert!(!screen.lines().any(|line| line.contains("12:04") && line.contains("lwtThing-3")), "{screen}");
    assert!(screen.contains("hidden by !id:lwtThing-3"), "{screen}");
    world.keys("/");
    world.key(KeyCode::Esc);
    world.keys("/\"gone for good\"");
    world.key(KeyCode::Enter);
    let screen = world.draw();
    assert!(screen.contains("let through by \"gone for good\". / and then esc clears it."), "{screen}");
    assert!(world.key(KeyCode::Enter).is_empty() && world.keys("x").is_empty());
    world.message("/last/will/topic", b"gone for good", None, false);
    assert!(line(&mut world).contains("gone for good"), "{}", world.screen());

    world.keys("1");
    let screen = world.draw();
    assert!(screen.contains("gone for good") && screen.contains("None of 4 is let through"), "{screen}");
    world.keys("5");
    assert!(world.draw().contains("The one rule is not let through by \"gone for good\"."), "{}", world.screen());
    world.keys("1/");
    world.key(KeyCode::Esc);
    let screen = world.draw();
    assert!(!screen.contains("hidden") && screen.contains("lwtThing-3"), "{screen}");
}

#[test]
fn a_wrong_term_is_explained_where_it_is_written() {
    let mut world = World::three(140, 40);
    world.keys("/presense:offline");
    let screen = world.draw();
    assert!(screen.contains("there is no presense: here; did you mean presence:?"), "{screen}");
    assert!(!screen.contains("hidden"), "it hides nothing");
    world.key(KeyCode::Esc);
    world.keys("/nobody");
    let screen = world.draw();
    assert!(screen.contains("None of 3 devices is let through by nobody. esc clears it."), "{screen}");
    assert!(world.key(KeyCode::Enter).is_empty() && world.keys("x").is_empty());
    assert!(world.draw().contains("the filter lets no device through"), "{}", world.screen());
}

#[test]
fn everything_that_is_shown_can_be_marked_and_killed() {
    let mut world = World::three(140, 40);
    world.launch("press-7");
    world.keys("/id~lwt");
    world.key(KeyCode::Enter);
    assert_eq!(
        command(&world.keys("axf")),
        &Command::Fault(ids(&["lwtThing", "lwtThing-2", "lwtThing-3"]), Fault::Fin)
    );
    world.keys("/ id~-2");
    assert!(world.draw().contains("3 marked"), "what is hidden keeps its mark: {}", world.screen());
    world.key(KeyCode::Enter);
    assert_eq!(command(&world.keys("X")), &Command::Fault(ids(&["lwtThing-2"]), Fault::Fin), "and is left alone");
    world.keys("/");
    world.key(KeyCode::Esc);
    world.keys("/press");
    world.key(KeyCode::Enter);
    assert!(world.keys("X").is_empty());
    assert!(world.draw().contains("the filter hides all that are marked: esc takes the marks away"));
}

#[test]
fn many_and_somebody_elses_die_only_after_a_yes() {
    let mut world = World::up(140, 40);
    for number in 0..11 {
        world.launch(&format!("d{number}"));
    }
    assert!(world.keys("axf").is_empty());
    assert_eq!(mode(&world), Mode::Confirm);
    assert!(world.draw().contains("11 devices: cut, FIN?"), "{}", world.screen());
    assert!(world.keys("n").is_empty());
    assert_eq!(mode(&world), Mode::Fleet);
    let effects = world.keys("xfy");
    assert!(matches!(command(&effects), Command::Fault(targets, Fault::Fin) if targets.len() == 11));
    assert!(world.keys("X").is_empty(), "again asks again");
    assert_eq!(mode(&world), Mode::Confirm);

    let mut world = World::up(140, 40);
    world.connect("press-7", Protocol::V5, 30);
    assert!(world.keys("xf").is_empty());
    assert!(world.draw().contains("it is somebody's device"), "{}", world.screen());
    assert_eq!(command(&world.keys("y")), &Command::Fault(ids(&["press-7"]), Fault::Fin));
    assert_eq!(mode(&world), Mode::Fleet);
}

#[test]
fn a_takeover_is_told_from_its_cause_to_its_effect_whatever_was_seen_first() {
    let mut world = World::up(140, 40);
    world.launch("d-1");
    let old = world.connect("d-1", Protocol::V311, 30);
    world.pass(2_000);
    world.fault("d-1", Fault::Takeover);
    world.message("/last/will/topic", tui_world::will_payload("d-1").as_bytes(), Some("d-1"), false);
    world.pass(1);
    world.connect("d-1", Protocol::V311, 30);
    world.pass(1);
    world.close(old, "d-1", Cause::SessionTakenOver, "close");
    world.keys("2");
    world.key(KeyCode::Enter);
    let screen = world.draw();
    let places = ["A second client with the same id", "The broker ends the older", "The broker publishes the will"]
        .map(|says| screen.find(says).unwrap_or_else(|| panic!("{says} is not in {screen}")));
    assert!(places.is_sorted(), "{screen}");
    assert!(!screen.contains("It is back"), "{screen}");
    // The device was back before its old connection was closed: so it is told there, too.
    world.keys("d");
    let screen = world.draw();
    let hops = ["takeover  ", "recovered  ", "detected  "].map(|hop| screen.find(hop));
    assert!(hops.is_sorted() && hops[0].is_some(), "{hops:?} {screen}");
    assert!(screen.contains("the client that is there from now on"), "{screen}");
}

#[test]
fn what_was_seen_much_later_stands_later() {
    let mut world = World::up(140, 40);
    let old = world.connect("d-1", Protocol::V311, 30);
    world.pass(2_000);
    world.message("/last/will/topic", tui_world::will_payload("d-1").as_bytes(), Some("d-1"), false);
    world.pass(61);
    world.close(old, "d-1", Cause::KeepAliveTimeout, "");
    world.keys("2");
    world.key(KeyCode::Enter);
    let screen = world.draw();
    let places = ["The broker publishes the will", "+61"].map(|says| screen.find(says));
    assert!(places.is_sorted() && places[0].is_some(), "{screen}");
}

#[test]
fn the_first_hop_is_called_after_what_happened() {
    for (fault, cause, begins) in [
        (Some(Fault::Rst), Cause::ConnectionLost, "cut  "),
        (Some(Fault::Freeze), Cause::KeepAliveTimeout, "freeze  "),
        (Some(Fault::Kick), Cause::ServerInitiated, "kick  "),
        (None, Cause::ProtocolError, "error  "),
        (None, Cause::ConnectionLost, "cut  "),
    ] {
        let mut world = World::three(140, 40);
        if let Some(fault) = fault {
            world.fault("lwtThing", fault);
        }
        world.pass(2_000);
        world.close(ConnId(1), "lwtThing", cause, "");
        world.key(KeyCode::Enter);
        let screen = world.draw();
        let line = screen.lines().find(|line| line.contains(begins)).unwrap_or_else(|| panic!("{begins}: {screen}"));
        assert!(line.contains("12:04:"), "{line}");
    }
}

#[test]
fn what_a_filter_leaves_out_stays_marked_and_the_smallest_screen_tells_of_filter_and_marks() {
    let mut world = World::three(140, 40);
    let first = |world: &mut World| world.draw().lines().next().unwrap().to_owned();
    world.keys("/presence:onl fooo:bar");
    assert!(!first(&mut world).contains("without"), "while it is written, the line below says it: {}", world.screen());
    world.key(KeyCode::Enter);
    assert!(first(&mut world).contains("/presence:onl fooo:bar ✖ without fooo:bar  0 hidden"), "{}", world.screen());
    world.keys("/");
    world.input(&Input::Key(KeyEvent::new(KeyCode::Char('u'), KeyModifiers::CONTROL)));
    world.keys("fooo:bar");
    world.key(KeyCode::Enter);
    assert!(first(&mut world).contains("/fooo:bar ✖ makes no sense"), "{}", world.screen());
    world.keys(":zzz");
    world.input(&Input::Key(KeyEvent::new(KeyCode::Char('u'), KeyModifiers::CONTROL)));
    assert!(!world.draw().contains("zzz"), "{}", world.screen());

    let mut world = World::three(40, 10);
    world.keys("a/presence:onl");
    world.key(KeyCode::Enter);
    assert!(first(&mut world).contains("/3  ◆3"), "{}", world.screen());
}

#[test]
fn a_mistake_in_a_filter_is_told_in_full_on_a_small_screen() {
    let mut world = World::three(80, 24);
    world.keys("/foo:x");
    let screen = world.draw();
    assert!(screen.contains("there is no foo: here") && screen.contains("write it in quotes"), "{screen}");
    let lines: Vec<&str> = screen.lines().collect();
    assert!(lines[23].starts_with(" /foo:x") && lines[20].starts_with('╰'), "{screen}");
}

#[test]
fn a_launch_can_be_undone() {
    let mut world = World::three(80, 24);
    assert_eq!(command(&world.keys("u")), &Command::UndoLaunch);
}

#[test]
fn the_palette_finds_every_action_and_says_why_one_does_nothing() {
    let mut world = World::three(140, 40);
    world.keys(":reco");
    assert_eq!(mode(&world), Mode::Palette);
    let screen = world.draw();
    let line = |screen: &str, name: &str| {
        let found = screen.lines().find(|line| line.contains(name)).map(str::to_owned);
        found.unwrap_or_else(|| panic!("{name} is not in {screen}"))
    };
    assert!(line(&screen, "reconnect  ").contains("there is nothing to do it to now"), "{screen}");
    assert!(world.key(KeyCode::Enter).is_empty());
    assert!(world.draw().contains("reconnect: there is nothing to do it to now"), "{}", world.screen());
    world.key(KeyCode::Esc);
    world.keys(":dierst");
    assert_eq!(command(&world.key(KeyCode::Enter)), &Command::Fault(ids(&["lwtThing"]), Fault::Rst));
    assert_eq!(mode(&world), Mode::Fleet);
    world.keys(":die-leave-with");
    assert!(line(&world.draw(), "die-leave-with-will").contains("needs MQTT 5"), "{}", world.screen());
    world.key(KeyCode::Esc);
    world.keys(":launch one");
    let screen = world.draw();
    assert!(line(&screen, "launch-one").contains(" n "), "its key stands there: {screen}");
    assert_eq!(command(&world.key(KeyCode::Enter)), &Command::Launch(1));
    world.keys(":zzzz");
    assert!(world.draw().contains("No action is called like that."));
    world.key(KeyCode::Esc);
    world.keys(":pause");
    world.key(KeyCode::Enter);
    assert!(world.draw().contains("paused"), "{}", world.screen());
    world.key(KeyCode::Esc);
    world.keys(":quit");
    assert_eq!(world.key(KeyCode::Enter), [Effect::Quit]);
}

#[test]
fn the_palette_begins_with_what_belongs_here() {
    let mut world = World::three(140, 60);
    world.keys(":");
    let screen = world.draw();
    assert!(screen.contains("here, type to find any") && screen.contains("launch-one "), "{screen}");
    assert!(!screen.contains("go-on") && !screen.contains("only in a lesson"), "{screen}");
    world.keys("play-again");
    assert!(world.draw().contains("only in a lesson"), "what is typed is found everywhere: {}", world.screen());
}

#[test]
fn a_read_only_lwtop_offers_nothing_that_it_refuses() {
    let mut world = World::up(140, 40);
    world.ui.app_mut().read_only = true;
    for keys in ["1", "2", "3", "4", "5"] {
        world.keys(keys);
        let screen = world.draw();
        assert!(!screen.contains("launches"), "{screen}");
    }
    world.keys("6");
    assert!(!world.draw().contains("begin"), "{}", world.screen());
    world.keys("1:");
    assert!(!world.draw().contains("launch-one"), "{}", world.screen());
    world.key(KeyCode::Esc);
    world.connect("press-7", Protocol::V311, 30);
    world.key(KeyCode::Enter);
    let screen = world.draw();
    assert!(screen.contains("No incident so far.") && !screen.contains("chooses how"), "{screen}");
    world.key(KeyCode::Esc);
    for keys in ["2", "3", "4", "5", "1"] {
        world.keys(keys);
        let screen = world.draw();
        assert!(!screen.contains("lets a device die") && !screen.contains("launches"), "{screen}");
    }
    world.launch("lwtThing");
    world.die(ConnId(2), "lwtThing", Fault::Fin);
    world.keys("2");
    world.key(KeyCode::Enter);
    let screen = world.draw();
    assert!(screen.contains("Not back yet.") && !screen.contains("brings it back"), "{screen}");
}

#[test]
fn a_key_of_the_fleet_says_so_on_another_page() {
    let mut world = World::three(80, 24);
    for keys in ["2", "3", "4", "5", "6"] {
        world.keys(keys);
        for (key, name) in [("n", "launch-one"), ("u", "undo"), ("v", "switch-shape")] {
            assert!(world.keys(key).is_empty());
            let told = format!("{key} ({name}) works among the devices only: 1 shows them");
            assert!(world.draw().contains(&told), "{}", world.screen());
        }
        world.pass(9_000);
        world.keys("z");
        assert!(!world.draw().contains("works among"), "a key without any meaning: {}", world.screen());
    }
    world.keys("1?n");
    assert!(!world.draw().contains("works among"), "{}", world.screen());
    world.key(KeyCode::Esc);
    world.ui.app_mut().read_only = true;
    world.keys("6n");
    assert!(world.draw().contains("read only: "), "{}", world.screen());
}

#[test]
fn what_nobody_can_do_is_said_once_and_what_the_palette_cannot_is_told_apart() {
    for (width, height) in [(80, 24), (140, 40), (40, 10), (60, 20)] {
        let mut world = World::three(width, height);
        world.die(ConnId(1), "lwtThing", Fault::Fin);
        world.keys("x");
        for row in 0..8 {
            let screen = world.draw();
            assert_eq!(screen.matches("reconnect it").count(), 1, "{row} {screen}");
            world.key(KeyCode::Down);
        }
        world.key(KeyCode::Esc);
        world.keys("Gx");
        assert_eq!(world.draw().matches("needs MQTT 5").count(), 1, "{}", world.screen());
    }
    let mut world = World::three(140, 40);
    world.keys("vv:columns");
    assert!(world.draw().contains("only of a table: v changes the view"), "{}", world.screen());
}

#[test]
fn a_long_notice_leaves_the_borders_behind_it_closed() {
    let mut world = World::three(80, 24);
    world.status.notify(world.now, "a notice that is longer than its line ".repeat(3));
    let screen = world.draw();
    let lines: Vec<&str> = screen.lines().collect();
    assert!(lines[21].starts_with('╰') && lines[21].ends_with('╯'), "{screen}");
    assert!(lines[22].starts_with(" a notice") && lines[23].starts_with(' '), "{screen}");
    world.pass(9_000);
    let screen = world.draw();
    assert!(screen.lines().nth(22).unwrap().starts_with('╰'), "{screen}");
}

#[test]
fn a_paused_screen_stands_still_and_counts() {
    let mut world = World::three(140, 40);
    let before = world.draw();
    world.keys("f");
    world.draw();
    world.die(ConnId(2), "lwtThing-2", Fault::Fin);
    world.pass(5_000);
    world.ui.changed();
    let paused = world.draw();
    assert_eq!(paused.lines().skip(1).collect::<Vec<_>>(), before.lines().skip(1).collect::<Vec<_>>());
    let first = paused.lines().next().unwrap();
    assert!(first.contains("paused") && first.contains("events wait") && !first.contains(" 0 events"), "{first}");
    assert!(first.trim_end().ends_with("any key goes on"), "nothing of the line below is left beside it: {first}");
    world.keys("f");
    let after = world.draw();
    assert!(after.contains("1 offline") && !after.contains("paused"), "{after}");
    world.keys("f");
    world.draw();
    world.resize(80, 24);
    assert!(!world.draw().contains("paused"), "another size is drawn anew");
    world.keys("af");
    world.draw();
    world.key(KeyCode::Esc);
    let screen = world.draw();
    assert!(!screen.contains("paused") && screen.contains("3 marked"), "esc takes the pause away alone: {screen}");
}

#[test]
fn messages_come_in_order_and_the_cursor_stays_on_its_own() {
    let mut world = World::three(140, 40);
    world.die(ConnId(1), "lwtThing", Fault::Fin);
    world.keys("3");
    let shown = world.draw();
    let line = |word: &str| shown.lines().position(|line| line.contains(word)).unwrap_or_else(|| panic!("{shown}"));
    assert!(line("executed   lwtThing") < line("will       lwtThing"));
    assert!(line("will       lwtThing") < line("presence   lwtThing   "), "{shown}");
    world.keys("j");
    let selected = |world: &mut World| {
        let shown = world.draw();
        shown.lines().find(|line| line.contains('▸') && line.contains("12:04")).unwrap().to_owned()
    };
    assert!(selected(&mut world).contains("will       lwtThing"));
    world.die(ConnId(2), "lwtThing-2", Fault::Fin);
    assert!(selected(&mut world).contains("will       lwtThing "), "more came, and the cursor stayed");
    world.keys("g");
    world.die(ConnId(3), "lwtThing-3", Fault::Fin);
    assert!(selected(&mut world).contains("executed   lwtThing-3"), "on the newest it follows");
    world.keys("l");
    assert!(selected(&mut world).contains("connected"));
}

#[test]
fn a_will_is_made_readable_when_it_is_selected_and_not_every_frame() {
    let mut world = World::three(140, 40);
    world.keys("4");
    world.draw();
    let read = |world: &World| world.ui.app().wills.document().map(|document| document.lines.as_ptr());
    let before = read(&world);
    assert!(before.is_some());
    world.active(ConnId(1), 1, 1);
    world.pass(1_000);
    world.draw();
    assert_eq!(read(&world), before, "nothing about the will has changed");
    world.keys("j");
    assert!(world.draw().contains(r#""client_id": "lwtThing-2""#), "{}", world.screen());
}

#[test]
fn y_copies_the_payload_byte_for_byte_and_bytes_as_hexadecimal() {
    let mut world = World::three(80, 24);
    world.message("/last/will/topic", b"say \x1b[2J", None, false);
    world.keys("3");
    assert_eq!(world.keys("y"), [Effect::Copy("say \x1b[2J".into())]);
    assert!(world.draw().contains("8 bytes given to the terminal's clipboard"), "{}", world.screen());
    world.message("/last/will/topic", b"\xff\x00", None, false);
    world.key(KeyCode::Enter);
    assert_eq!(world.keys("y"), [Effect::Copy("ff00".into())]);
    world.message("/last/will/topic", &vec![b'x'; 80 * 1024], None, false);
    world.key(KeyCode::Esc);
    assert!(world.keys("y").is_empty());
    assert!(world.draw().contains("not copied: it has 80 KB"), "{}", world.screen());
}

#[test]
fn the_smallest_screen_tells_of_a_freeze_and_begins_the_lessons_with_a_lesson() {
    let mut world = World::three(40, 10);
    world.fault("lwtThing-2", Fault::Freeze);
    let screen = world.draw();
    assert!(screen.lines().any(|line| line.contains("lwtThing-2") && line.contains("■ frozen")), "{screen}");
    assert!(screen.contains("●3"), "it is online for the broker: {screen}");
    world.keys("6");
    let screen = world.draw();
    assert!(screen.lines().nth(2).unwrap().contains("▸ The article"), "{screen}");
    world.keys("1:");
    assert!(!world.draw().contains("…"), "half a word is none: {}", world.screen());
}
