//! Each page as it is coloured: the text, then a letter for the style of each cell, then what the letters stand for.

use super::tui_world::World;
use super::{cut, deaths, two_wills, wall};
use crossterm::event::KeyCode;
use ratatui::buffer::Cell;
use ratatui::style::{Color, Modifier};
use std::fmt::Write as _;

const SIZES: [(u16, u16); 4] = [(40, 10), (80, 24), (140, 40), (220, 60)];

/// The style of a cell in words, such as `Red on Black BOLD`; empty if it is the terminal's own.
fn style(cell: &Cell) -> String {
    let mut words = Vec::new();
    if cell.fg != Color::Reset {
        words.push(cell.fg.to_string());
    }
    if cell.bg != Color::Reset {
        words.push(format!("on {}", cell.bg));
    }
    if cell.modifier != Modifier::empty() {
        words.push(format!("{:?}", cell.modifier));
    }
    words.join(" ")
}

/// The screen with its styles; `.` is a cell in the terminal's own.
fn coloured(world: &mut World) -> String {
    let mut out = world.draw();
    let buffer = world.ui.backend().buffer();
    let mut legend: Vec<String> = Vec::new();
    for row in buffer.content().chunks(usize::from(buffer.area.width)) {
        let letters = row.iter().map(|cell| {
            let style = style(cell);
            if style.is_empty() {
                return '.';
            }
            let place = legend.iter().position(|one| *one == style).unwrap_or_else(|| {
                legend.push(style);
                legend.len() - 1
            });
            ('a'..='z').nth(place).expect("a screen has fewer styles than there are letters")
        });
        let line: String = letters.collect();
        writeln!(out, "{}", line.trim_end_matches('.')).unwrap();
    }
    for (letter, style) in ('a'..='z').zip(&legend) {
        writeln!(out, "{letter} {style}").unwrap();
    }
    out
}

#[test]
fn every_page_in_the_colours_of_the_dark_theme() {
    type Build = fn(u16, u16) -> World;
    let pages: [(&str, Build, &str); 11] = [
        ("panes", cut, "l"),
        ("table", deaths, "vj"),
        ("wall", wall, " l"),
        ("incidents", deaths, "2"),
        ("sequence", cut, "2\n"),
        ("messages", deaths, "3"),
        ("wills", deaths, "4"),
        ("rules", two_wills, "5"),
        ("lesson", World::up, "6"),
        ("detail", cut, "l\n"),
        ("death_menu", cut, "x"),
    ];
    insta::with_settings!({ snapshot_path => "../../src/tui/snapshots", prepend_module_to_snapshot => false, omit_expression => true }, {
        for (name, build, keys) in pages {
            for (width, height) in SIZES {
                let mut world = build(width, height);
                world.colour();
                world.draw();
                if name == "lesson" {
                    world.keys(keys);
                    world.begin("article");
                    world.draw();
                    world.go_on(4);
                } else {
                    for key in keys.chars() {
                        world.key(if key == '\n' { KeyCode::Enter } else { KeyCode::Char(key) });
                        world.draw();
                    }
                }
                insta::assert_snapshot!(format!("colour_{name}_{width}x{height}"), coloured(&mut world));
            }
        }
    });
}
