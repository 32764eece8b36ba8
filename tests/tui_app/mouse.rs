//! What the mouse does: every test clicks where a word stands on the screen, so that a target in the wrong place fails.

use crate::tui_world::World;
use crossterm::event::{Event as Input, KeyCode, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use lwtop::fleet::{DeviceEvent, Event};
use lwtop::hub::Command;
use lwtop::mqtt::{ConnId, Fault};
use lwtop::tui::app::Focus;
use lwtop::tui::keymap::Mode;
use lwtop::tui::{Effect, Page, View};
use std::time::Duration;

/// Where the first `text` stands on the screen.
fn place(world: &World, text: &str) -> (u16, u16) {
    let screen = world.screen();
    let found = screen.lines().enumerate().find_map(|(row, line)| {
        let before = &line[..line.find(text)?];
        Some((unicode_width::UnicodeWidthStr::width(before), row))
    });
    let (column, row) = found.unwrap_or_else(|| panic!("there is no {text:?} on\n{screen}"));
    (u16::try_from(column).unwrap(), u16::try_from(row).unwrap())
}

fn mouse(world: &mut World, kind: MouseEventKind, (column, row): (u16, u16)) -> Vec<Effect> {
    let modifiers = KeyModifiers::NONE;
    world.input(&Input::Mouse(MouseEvent { kind, column, row, modifiers }))
}

/// Draws, and clicks on the first place where `text` stands.
fn click(world: &mut World, text: &str) -> Vec<Effect> {
    // No double click.
    world.pass(1_000);
    world.draw();
    let at = place(world, text);
    mouse(world, MouseEventKind::Down(MouseButton::Left), at)
}

/// Draws, and turns the wheel so many notches down, or up.
fn wheel(world: &mut World, text: &str, notches: i8) {
    for _ in 0..notches.abs() {
        world.draw();
        let at = place(world, text);
        mouse(world, if notches > 0 { MouseEventKind::ScrollDown } else { MouseEventKind::ScrollUp }, at);
    }
    world.draw();
}

fn selected(world: &World) -> String {
    let view = View { fleet: &world.fleet, status: &world.status, rules: &world.rules, now: world.now };
    world.ui.app().current(&view).map_or_else(String::new, |device| device.id.as_str().to_owned())
}

#[test]
fn a_click_selects_a_device_and_a_click_on_the_selected_one_opens_it() {
    for size in [(80, 24), (140, 40)] {
        for table in [false, true] {
            let mut world = World::three(size.0, size.1);
            world.keys(if table { "v" } else { "" });
            assert_eq!(click(&mut world, "lwtThing-3"), []);
            assert_eq!((selected(&world).as_str(), world.ui.app().layers.len()), ("lwtThing-3", 0));
            assert_eq!(click(&mut world, "lwtThing-3"), []);
            assert_eq!(world.ui.app().mode(), Mode::Detail);
            // A page: a click beside what it says does not close it, its hint does.
            click(&mut world, "connection");
            assert_eq!(world.ui.app().mode(), Mode::Detail);
            click(&mut world, "esc back");
            assert_eq!(world.ui.app().mode(), Mode::Fleet);
        }
    }
}

#[test]
fn a_click_in_a_feed_gives_it_the_focus_and_a_click_on_a_device_takes_it_back() {
    for size in [(80, 24), (140, 40)] {
        let mut world = World::three(size.0, size.1);
        world.die(ConnId(2), "lwtThing-2", Fault::Fin);
        click(&mut world, if size.0 < 105 { "executed 1" } else { "executed  /lwt" });
        assert_eq!((world.ui.app().mode(), world.ui.app().feed), (Mode::Feed, 2));
        click(&mut world, if size.0 < 105 { "connected 3" } else { "connected  /lwt" });
        assert_eq!((world.ui.app().mode(), world.ui.app().feed), (Mode::Feed, 0));
        click(&mut world, "12:04:01");
        assert_eq!((world.ui.app().mode(), selected(&world).as_str()), (Mode::Feed, "lwtThing-2"));
        click(&mut world, "12:04:01");
        assert_eq!(world.ui.app().mode(), Mode::Message);
        click(&mut world, "embedded");
        assert_eq!(world.ui.app().mode(), Mode::Feed, "a click beside a pop-up closes it");
        click(&mut world, "keep alive");
        assert_eq!(world.ui.app().mode(), Mode::Fleet);
    }
}

#[test]
fn tabs_and_hints_are_buttons() {
    let mut world = World::three(140, 40);
    for page in Page::ALL {
        click(&mut world, page.title());
        assert_eq!(world.ui.app().page, page);
    }
    click(&mut world, "Fleet");
    assert_eq!(click(&mut world, "launch"), [Effect::Command(Command::Launch(1))]);
    assert_eq!(click(&mut world, "launch"), [Effect::Command(Command::Launch(1))], "and once more");
    click(&mut world, "help");
    assert_eq!(world.ui.app().mode(), Mode::Help);
    click(&mut world, "esc back");
    assert_eq!(world.ui.app().mode(), Mode::Fleet);
    assert_eq!(click(&mut world, "quit"), [Effect::Quit]);
}

#[test]
fn a_death_is_chosen_by_one_click_and_done_by_a_second() {
    let mut world = World::three(80, 24);
    click(&mut world, "kill…");
    assert_eq!(click(&mut world, "freeze"), []);
    assert_eq!(world.ui.app().mode(), Mode::Death);
    let effects = click(&mut world, "freeze");
    assert_eq!(effects, [Effect::Command(Command::Fault(vec!["lwtThing".into()], Fault::Freeze))]);
    assert_eq!(world.ui.app().mode(), Mode::Fleet);
}

#[test]
fn a_click_beside_a_pop_up_closes_it_and_does_nothing_else() {
    for keys in ["x", "N", "?", "!", ":", "  D"] {
        let mut world = World::three(140, 40);
        world.keys(keys);
        world.draw();
        assert_eq!(world.ui.app().layers.len(), 1, "{keys}");
        world.pass(1_000);
        assert_eq!(mouse(&mut world, MouseEventKind::Down(MouseButton::Left), (0, 20)), []);
        assert!(world.ui.app().layers.is_empty(), "{keys}");
    }
    let mut world = World::three(140, 40);
    world.keys(":all");
    click(&mut world, "reconnect-all");
    assert_eq!(world.ui.app().mode(), Mode::Palette);
    assert_eq!(click(&mut world, "reconnect-all"), [], "nobody is gone");
}

#[test]
fn a_double_click_opens_once_and_does_not_reach_what_is_below() {
    let mut world = World::three(80, 24);
    world.keys("x");
    world.pass(1_000);
    world.draw();
    let fin = place(&world, "cut, FIN");
    let press = MouseEventKind::Down(MouseButton::Left);
    assert_eq!(mouse(&mut world, press, fin).len(), 1, "it was selected: it is done");
    world.draw();
    let before = (world.ui.app().focus, selected(&world));
    assert_eq!(mouse(&mut world, press, fin), []);
    assert_eq!((world.ui.app().focus, selected(&world), world.ui.app().layers.len()), (before.0, before.1, 0));
}

#[test]
fn a_click_means_what_was_drawn_and_nothing_if_that_is_gone() {
    let mut world = World::three(80, 24);
    world.keys("v");
    world.draw();
    let at = place(&world, "lwtThing-3");
    world.apply(Event::Device(DeviceEvent::Removed { client: "lwtThing-2".into() }));
    // Not yet drawn: the third device has moved up, and the line is empty.
    mouse(&mut world, MouseEventKind::Down(MouseButton::Left), at);
    assert_eq!(selected(&world), "lwtThing-3");
    world.draw();
    // The menu is not drawn yet: where it will be is still a device.
    let at = place(&world, "lwtThing ");
    world.keys("x");
    assert_eq!(mouse(&mut world, MouseEventKind::Down(MouseButton::Left), at), []);
    assert_eq!(world.ui.app().mode(), Mode::Death);
}

#[test]
fn read_only_forbids_a_click_what_it_forbids_a_key() {
    let mut world = World::three(80, 24);
    world.keys("x");
    world.draw();
    let fin = place(&world, "cut, FIN");
    world.ui.app_mut().read_only = true;
    assert_eq!(mouse(&mut world, MouseEventKind::Down(MouseButton::Left), fin), []);
    assert!(world.draw().contains("read only"), "{}", world.screen());
}

#[test]
fn the_wheel_scrolls_what_is_under_it_and_leaves_the_focus_alone() {
    let mut world = World::up(80, 24);
    for number in 1..=100 {
        world.launch(&format!("lwtThing-{number}"));
    }
    wheel(&mut world, "● online", 3);
    assert_eq!(world.ui.app().cursor.top, 9);
    assert_eq!(selected(&world), "lwtThing-10", "the cursor comes along at the edge");
    wheel(&mut world, "▸will", 2);
    let app = world.ui.app();
    assert_eq!((app.feed_cursors[1].top, app.cursor.top, app.focus), (0, 9, Focus::Devices));
    world.key(KeyCode::BackTab);
    world.keys("hh");
    wheel(&mut world, "12:04:00", 2);
    assert_eq!(world.ui.app().feed_cursors[0].top, 6);
    wheel(&mut world, "12:04:00", -9);
    assert_eq!(world.ui.app().feed_cursors[0].top, 0);
    world.keys("?");
    wheel(&mut world, "Keys", 2);
    assert!(!world.screen().contains("launch one simulated device"), "{}", world.screen());
    for notch in [500, -500_i32] {
        for _ in 0..notch.abs() {
            mouse(&mut world, if notch > 0 { MouseEventKind::ScrollDown } else { MouseEventKind::ScrollUp }, (40, 12));
        }
        world.draw();
    }
    assert!(world.screen().contains("launch one simulated device"), "{}", world.screen());
}

#[test]
fn a_mouse_that_moves_or_is_let_go_draws_nothing() {
    let mut world = World::three(80, 24);
    world.draw();
    for kind in [MouseEventKind::Moved, MouseEventKind::Up(MouseButton::Left), MouseEventKind::Drag(MouseButton::Left)]
    {
        mouse(&mut world, kind, (10, 5));
    }
    assert!(!world.ui.due(world.now + Duration::from_millis(20)), "idle stays idle");
    mouse(&mut world, MouseEventKind::Down(MouseButton::Left), (10, 5));
    assert!(world.ui.due(world.now + Duration::from_millis(20)));
}

#[test]
fn every_list_is_chosen_from_by_clicks() {
    let mut world = World::three(140, 40);
    world.die(ConnId(2), "lwtThing-2", Fault::Fin);
    world.pass(1_000);
    world.die(ConnId(3), "lwtThing-3", Fault::Rst);
    click(&mut world, "Incidents");
    click(&mut world, " lwtThing-2");
    assert_eq!((world.ui.app().mode(), selected(&world).as_str()), (Mode::Incidents, "lwtThing-2"));
    click(&mut world, "PUBLISH will");
    assert_eq!(world.ui.app().mode(), Mode::Sequence, "the story below opens in full");
    click(&mut world, "Wills");
    click(&mut world, " lwtThing-3");
    assert_eq!((world.ui.app().mode(), selected(&world).as_str()), (Mode::Wills, "lwtThing-3"));
    click(&mut world, "Messages");
    click(&mut world, "presence ");
    assert_eq!(world.ui.app().messages.tab, 5);
    click(&mut world, " lwtThing-2");
    assert_eq!(selected(&world), "lwtThing-2");
    click(&mut world, "Lesson");
    click(&mut world, "Takeover");
    let lesson = world.ui.app().lessons.selected;
    assert!(lesson > 0);
    let effects = click(&mut world, "▸ ");
    assert!(matches!(&effects[..], [Effect::Command(Command::Play { .. })]), "{effects:?}");
}

#[test]
fn a_cell_of_a_wall_is_chosen_by_a_click() {
    let mut world = World::up(80, 24);
    for number in 0..300 {
        world.launch(&format!("d{number}"));
    }
    world.keys("v");
    world.draw();
    // The border, a space, and then the cells, 76 in a line.
    let (x, y) = (2 + 10, 3 + 2);
    assert_eq!(mouse(&mut world, MouseEventKind::Down(MouseButton::Left), (x, y)), []);
    assert_eq!(selected(&world), format!("d{}", 2 * 76 + 10), "{}", world.draw());
    world.pass(1_000);
    mouse(&mut world, MouseEventKind::Down(MouseButton::Left), (x, y));
    assert_eq!(world.ui.app().mode(), Mode::Detail);
}

#[test]
fn a_cell_of_a_wall_is_the_device_that_was_drawn_there() {
    for paused in ["", "f"] {
        let mut world = World::up(80, 24);
        for number in 0..300 {
            world.launch(&format!("d{number}"));
        }
        world.keys("v");
        // By state: a device that dies does not stay where it was.
        for _ in 0..20 {
            world.keys("s");
            if world.draw().contains("by state") {
                break;
            }
        }
        assert!(world.screen().contains("by state"), "{}", world.screen());
        world.keys(paused);
        world.draw();
        let (x, y) = (2 + 10, 3 + 2);
        world.die(ConnId(290), "d289", Fault::Fin);
        world.apply(Event::Device(DeviceEvent::Removed { client: "d3".into() }));
        if !paused.is_empty() {
            world.draw();
        }
        mouse(&mut world, MouseEventKind::Down(MouseButton::Left), (x, y));
        assert_eq!(selected(&world), format!("d{}", 2 * 76 + 10), "{}", world.draw());
    }
    // One that is gone is not another's.
    let mut world = World::up(80, 24);
    for number in 0..300 {
        world.launch(&format!("d{number}"));
    }
    world.keys("v");
    world.draw();
    world.apply(Event::Device(DeviceEvent::Removed { client: "d5".into() }));
    world.launch("late");
    mouse(&mut world, MouseEventKind::Down(MouseButton::Left), (2 + 5, 3));
    assert_eq!(selected(&world), "d0");
}

#[test]
fn what_stands_below_a_list_opens_what_it_told_of() {
    let mut world = World::three(140, 40);
    world.keys("3");
    world.message("/lwt/connected/topic", br#"{"message": "the first"}"#, Some("lwtThing"), false);
    world.draw();
    let (x, y) = place(&world, "\"the first\"");
    let below = (x, y.max(30));
    let text = world.screen().lines().nth(usize::from(below.1)).unwrap().to_owned();
    // Not drawn yet, and the cursor follows the newest.
    world.message("/lwt/connected/topic", br#"{"message": "the second"}"#, Some("lwtThing"), false);
    mouse(&mut world, MouseEventKind::Down(MouseButton::Left), below);
    assert_eq!(world.ui.app().mode(), Mode::Message, "{text}");
    let screen = world.draw();
    let open = screen.split("esc back").next().unwrap();
    assert!(open.contains("the first"), "{screen}");
    let view = View { fleet: &world.fleet, status: &world.status, rules: &world.rules, now: world.now };
    assert_eq!(world.ui.app().copied(&view).as_deref(), Some(r#"{"message": "the first"}"#));
}

#[test]
fn a_line_of_the_palette_stays_an_action_while_others_cease_to_work() {
    let mut world = World::three(80, 24);
    world.keys(":");
    world.draw();
    let at = place(&world, "show-rules");
    let kill = place(&world, "ask-death");
    assert!(kill.1 < at.1);
    // Nobody is left to be killed: those lines go to the end.
    for id in ["lwtThing", "lwtThing-2", "lwtThing-3"] {
        world.apply(Event::Device(DeviceEvent::Removed { client: id.into() }));
    }
    let press = MouseEventKind::Down(MouseButton::Left);
    mouse(&mut world, press, at);
    let screen = world.draw();
    assert!(screen.contains("▸show-rules"), "{screen}");
    assert_ne!(place(&world, "show-rules"), at);
    // The cursor goes with it, too: a device is there again.
    world.launch("lwtThing");
    world.key(KeyCode::Enter);
    assert_eq!(world.ui.app().page, Page::Rules);
}

#[test]
fn the_head_of_a_column_sorts() {
    let mut world = World::three(140, 40);
    world.keys("v");
    click(&mut world, "device  ");
    assert!(world.draw().contains("by device ↑"), "{}", world.screen());
    click(&mut world, "device ↑   ");
    assert!(world.draw().contains("3 devices by device ↓"), "{}", world.screen());
    assert_eq!(selected(&world), "lwtThing-3");
    click(&mut world, "lwtThing  ");
    assert_eq!(selected(&world), "lwtThing", "a line is that of its device, whatever the order");
}

#[test]
fn what_takes_a_while_is_ended_by_a_click_on_its_key() {
    let mut world = World::three(80, 24);
    let job = lwtop::hub::Job::new(lwtop::hub::Work::Launch, world.now);
    world.status.jobs = vec![job];
    let effects = click(&mut world, "C cancel");
    assert_eq!(effects, [Effect::Command(Command::Cancel(lwtop::hub::Work::Launch))]);
}
