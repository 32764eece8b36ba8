//! The screen, one file per region. Drawing takes facts by reference and changes nothing but the buffer.

mod album;
mod boxes;
mod canvas;
mod columns;
mod confirm;
mod death;
mod detail;
mod devices;
mod feeds;
mod filtered;
mod footer;
mod header;
mod help;
mod incidents;
mod launch;
mod lesson;
mod mass;
mod message;
mod messages;
mod notices;
mod palette;
mod pane;
mod payload;
mod progress;
mod prompt;
mod rule;
mod rules;
mod sequence;
mod sheet;
mod small;
mod table;
mod tabs;
mod wall;
mod why;
mod wills;

pub use album::Album;
pub use canvas::Canvas;

use super::glyph;
use super::keymap::Mode;
use super::layer::Layer;
use super::layout::{body, too_small};
use super::page::Page;
use ratatui::style::Style;

/// Says in the first line of a screen that stands still what waits behind it.
pub fn paused(canvas: &mut Canvas<'_>, events: u64) {
    header::paused(canvas, events);
    if canvas.look.ascii {
        glyph::to_ascii(canvas.buffer);
    }
}

/// Draws everything, in the signs that the terminal has.
pub fn draw(canvas: &mut Canvas<'_>) {
    let area = canvas.area();
    // Mostly it is the terminal's own, which the cells of an empty frame have.
    if canvas.look.theme.text != Style::new() {
        canvas.buffer.set_style(area, canvas.look.theme.text);
    }
    draw_signs(canvas);
    if canvas.look.ascii {
        glyph::to_ascii(canvas.buffer);
    }
}

fn draw_signs(canvas: &mut Canvas<'_>) {
    let area = canvas.area();
    if too_small(area) {
        small::draw(canvas);
        return;
    }
    let whole = area;
    let area = canvas.app.room();
    let regions = canvas.app.regions(canvas.view);
    header::draw(canvas, regions.header);
    tabs::draw(canvas, regions.tabs);
    progress::draw(canvas, regions.progress);
    let body = body(area);
    let app = canvas.app;
    // A detail and a sequence are pages: they stand in place of all below. The other layers lie on it.
    let page = app.layers.iter().rposition(|layer| matches!(layer, Layer::Detail { .. } | Layer::Sequence { .. }));
    match (page, app.page) {
        (Some(_), _) => {}
        (None, Page::Incidents) => incidents::draw(canvas, area),
        (None, Page::Messages) => messages::draw(canvas, area),
        (None, Page::Wills) => wills::draw(canvas, area),
        (None, Page::Rules) => rules::draw(canvas, area),
        (None, Page::Lesson) => lesson::draw(canvas, area, &regions),
        (None, Page::Fleet) => {
            devices::draw(canvas, &regions);
            feeds::draw(canvas, &regions);
        }
    }
    // After the page: whether a key would move it is known when it was drawn, and not from the frame before.
    footer::draw(canvas, regions.footer);
    for layer in &app.layers[page.unwrap_or(0)..] {
        match layer {
            Layer::Detail { client, scroll } => detail::draw(canvas, body, client, *scroll),
            Layer::Sequence { incident, scroll } => sequence::draw(canvas, body, *incident, *scroll),
            Layer::Message { entry, document, scroll } => message::draw(canvas, body, entry, document, *scroll),
            Layer::Death { targets, row } => death::draw(canvas, whole, targets, *row),
            Layer::Mass(form) => mass::draw(canvas, whole, form),
            Layer::Launch { number } => launch::draw(canvas, body, *number),
            Layer::Confirm { targets, deed } => confirm::draw(canvas, body, targets, *deed),
            Layer::Filter => prompt::draw(canvas, regions.footer),
            Layer::Palette { typed, chosen } => palette::draw(canvas, body, typed, *chosen),
            Layer::Columns { row } => columns::draw(canvas, body, *row),
            Layer::Help { scroll } => help::draw(canvas, body, *scroll),
            Layer::Notices { scroll } => notices::draw(canvas, body, *scroll),
        }
    }
    // Last: a long notice lies on what is above the footer for a while, but not on the line in which one writes.
    if app.mode() != Mode::Filter {
        footer::long_notice(canvas, regions.footer);
    }
}
