//! The devices: a grid of panes, a table, a wall, or what to do when there is none. Only what is visible is built.

use super::boxes::{Titles, frame};
use super::canvas::Canvas;
use super::{album, table, wall};
use crate::fleet::LinkState;
use crate::tui::app::Focus;
use crate::tui::hit::Target;
use crate::tui::layout::{Form, Regions};
use crate::tui::page::Page;
use crate::tui::text::wrap;
use crate::tui::words::number;
use ratatui::style::Style;

/// Draws the devices.
pub fn draw(canvas: &mut Canvas<'_>, regions: &Regions) {
    if regions.devices.height == 0 {
        return;
    }
    canvas.zone(regions.devices, Target::Devices);
    if canvas.view.fleet.is_empty() {
        empty(canvas, regions);
        return;
    }
    if canvas.app.rows(canvas.view).is_empty() {
        nothing_found(canvas, regions);
        return;
    }
    match regions.grid.form {
        Form::Panes => panes(canvas, regions),
        Form::Table => table::draw(canvas, regions),
        Form::Wall => wall::draw(canvas, regions),
    }
}

fn panes(canvas: &mut Canvas<'_>, regions: &Regions) {
    let grid = regions.grid;
    let cursor = &canvas.app.cursor;
    let (first, selected) = (cursor.top * grid.columns, cursor.index());
    // Beside a lesson no key acts on a device.
    let here = canvas.app.page == Page::Fleet;
    let focus = canvas.app.focus == Focus::Devices && here;
    let app = canvas.app;
    let keys = app.rows(canvas.view).iter().enumerate().skip(first).take(grid.rows * grid.columns);
    for (index, key) in keys {
        let place = index - first;
        let area = regions.pane(place / grid.columns, place % grid.columns);
        if let Some(device) = canvas.view.fleet.device(*key) {
            album::pane(canvas, area, place, *key, device, (here && index == selected, focus));
            canvas.zone(area, Target::Device(device.id.clone()));
        }
    }
    rest(canvas, regions, first);
}

/// Says how many devices are above and below what is visible.
fn rest(canvas: &mut Canvas<'_>, regions: &Regions, first: usize) {
    let shown = regions.grid.rows * regions.grid.columns;
    let below = canvas.app.rows(canvas.view).len().saturating_sub(first + shown);
    let text = match (first, below) {
        (0, 0) => return,
        (0, below) => format!(" {} more ↓ ", number(below)),
        (above, 0) => format!(" {} more ↑ ", number(above)),
        (above, below) => format!(" {} more ↑ · {} more ↓ ", number(above), number(below)),
    };
    // In the lower border of the last visible row of panes, whose height is whole.
    let y = regions.devices.y + regions.grid.pane_height * u16::try_from(regions.grid.rows).unwrap_or(1) - 1;
    let columns = u16::try_from(crate::tui::text::width(&text)).unwrap_or(0);
    let x = regions.devices.right().saturating_sub(columns + 2);
    canvas.put(x, y, &text, columns, canvas.look.accent());
}

fn empty(canvas: &mut Canvas<'_>, regions: &Regions) {
    let focus = canvas.app.focus == Focus::Devices && canvas.app.page == Page::Fleet;
    let titles = Titles { left: "devices", left_style: canvas.look.strong(), ..Titles::default() };
    let inner = frame(canvas, regions.devices, focus, &titles);
    let status = canvas.view.status;
    let mut text = match canvas.view.fleet.link() {
        LinkState::Up { .. } if canvas.app.page == Page::Lesson => "The devices of the lesson appear here.".to_owned(),
        LinkState::Up { .. } => {
            format!("No device yet.{}", canvas.offer("{launch-one} launches one, {ask-launch} launches many."))
        }
        LinkState::Connecting => match &status.stage {
            Some(stage) => format!("{stage}…"),
            None => "Connecting to the broker…".to_owned(),
        },
        LinkState::Down { why, .. } => format!("lwtop's link is down: {why}. It tries again by itself."),
    };
    let up = matches!(canvas.view.fleet.link(), LinkState::Up { .. });
    if up && canvas.app.page == Page::Fleet && !status.broker.is_empty() {
        text.push_str(if status.gateway {
            " Any MQTT client that connects to the address above appears here too."
        } else {
            " Any device whose messages name it appears here too."
        });
    }
    let lines = wrap(&crate::tui::text::clean(&text), usize::from(inner.width));
    for (y, line) in (inner.y..inner.bottom()).zip(lines) {
        canvas.put(inner.x, y, &line, inner.width, Style::new());
    }
}

fn nothing_found(canvas: &mut Canvas<'_>, regions: &Regions) {
    let focus = canvas.app.focus == Focus::Devices;
    let titles = Titles { left: "devices", left_style: canvas.look.strong(), ..Titles::default() };
    let inner = frame(canvas, regions.devices, focus, &titles);
    let filter = crate::tui::text::clean_fit(canvas.app.sieve.filter().text(), 200);
    let clears = canvas.app.keys.tell("{back} clears it.");
    let text = format!("None of {} devices is let through by {filter}. {clears}", number(canvas.view.fleet.len()));
    for (y, line) in (inner.y..inner.bottom()).zip(wrap(&text, usize::from(inner.width))) {
        canvas.put(inner.x, y, &line, inner.width, Style::new());
    }
}
