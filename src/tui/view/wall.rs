//! Thousands of devices, one cell each.
//!
//! ```text
//! ┏ 5000 devices ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━▾━━━━━━━━━━━ 1 to 594 ┓
//! ┃ ●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●● ┃
//! ┃▸●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●✖●●●●●●●●●●●●S●●●●●● ┃
//! ┃ ●●●●●●●●●●●●●●●●●●●●●●●■●●●●●●●●●●●●●●●●●●●●●●●●●●●●○●●●●●●●●●●●● ┃
//! ┃   lwtThing-110  ✖ cut 12 s ago: connection lost, will sent after… ┃
//! ┗ ● 4996 online  ■ 1 frozen  ✖ 1 cut  S 1 silent  ○ 1 left ━━━━━━━━━┛
//! ```
//! The cell under the cursor is pointed at from two sides and told in words; cells of marked devices are reversed. Only
//! visible cells are built.

use super::boxes::{Titles, frame};
use super::canvas::{Canvas, columns};
use super::table;
use crate::fleet::{Device, Hop, Presence};
use crate::tui::app::Focus;
use crate::tui::layout::{Grid, Regions};
use crate::tui::page::Page;
use crate::tui::sign::{Sign, short_badge};
use crate::tui::text::width;
use crate::tui::words;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

/// Draws the wall.
pub fn draw(canvas: &mut Canvas<'_>, regions: &Regions) {
    // Beside a lesson no key acts on a device.
    let here = canvas.app.page == Page::Fleet;
    let focus = canvas.app.focus == Focus::Devices && here;
    let (app, fleet) = (canvas.app, canvas.view.fleet);
    let grid = regions.grid;
    let rows = app.rows(canvas.view);
    let first = app.cursor.top * grid.columns;
    let capacity = grid.rows * grid.columns;
    let left = table::title(canvas);
    let right = words::range(first, capacity, rows.len());
    let titles = Titles {
        left: &left,
        left_style: canvas.look.strong(),
        right: if rows.len() > capacity { &right } else { "" },
        ..Titles::default()
    };
    let inner = frame(canvas, regions.devices, focus, &titles);
    let mut cells = Vec::with_capacity(capacity.min(rows.len()));
    for (place, key) in rows.iter().skip(first).take(capacity).enumerate() {
        let (x, y) = Grid::cell(regions.devices, place / grid.columns, place % grid.columns);
        let Some(device) = fleet.device(*key) else { break };
        cells.push(device.id.clone());
        if y + 1 >= inner.bottom() || x >= inner.right() {
            continue;
        }
        cell(canvas, x, y, device);
    }
    canvas.zone_wall(regions.devices, grid, cells);
    legend(canvas, regions.devices);
    let index = app.cursor.index();
    if here && let Some(device) = rows.get(index).and_then(|key| fleet.device(*key)) {
        let place = index.saturating_sub(first);
        let at = Grid::cell(regions.devices, place / grid.columns, place % grid.columns);
        point(canvas, regions.devices, at, focus);
        told(canvas, Rect { y: inner.bottom().saturating_sub(1), height: 1, ..inner }, device);
    }
}

fn cell(canvas: &mut Canvas<'_>, x: u16, y: u16, device: &Device) {
    let mut style = canvas.look.presence(device);
    if canvas.app.marks.contains(&device.id) {
        style = style.add_modifier(Modifier::REVERSED);
    }
    canvas.buffer[(x, y)].set_symbol(Sign::of(device).glyph()).set_style(style);
}

/// Points at the cell at `at` from the border, and sets it off.
fn point(canvas: &mut Canvas<'_>, area: Rect, at: (u16, u16), focus: bool) {
    let (x, y) = at;
    let (right, bottom) = (area.right() - 1, area.bottom() - 1);
    if !(area.x + 1..right).contains(&x) || !(area.y + 1..bottom).contains(&y) {
        return;
    }
    canvas.put(area.x + 1, y, "▸", 1, canvas.look.accent());
    // Where no words of the border stand.
    for (edge, arrow) in [(area.y, "▾"), (bottom, "▴")] {
        if matches!(canvas.buffer[(x, edge)].symbol(), "━" | "─") {
            canvas.put(x, edge, arrow, 1, canvas.look.accent());
        }
    }
    let style = if focus { canvas.look.cursor() } else { Style::new() };
    canvas.buffer[(x, y)].set_style(style.add_modifier(Modifier::UNDERLINED));
}

/// Who it is that the cursor points at, and how it is: on one line.
fn told(canvas: &mut Canvas<'_>, area: Rect, device: &Device) {
    if canvas.app.marks.contains(&device.id) {
        canvas.put(area.x, area.y, "◆", 1, canvas.look.accent());
    }
    let mut x = area.x + 2;
    let room = (area.width.saturating_sub(2) * 2 / 5).clamp(12, 40);
    let id = words::name(&device.id, usize::from(room));
    x += canvas.put(x, area.y, &id, room, canvas.look.strong()) + 2;
    let left = usize::from(area.right().saturating_sub(x));
    if let Presence::Offline { cause } = device.presence
        && left >= 36
        && device.trouble.is_none()
    {
        let incident = device.incident.and_then(|id| canvas.view.fleet.incident(id));
        let incident = incident.filter(|incident| !incident.recovered());
        let ago = canvas.ago(device.since);
        let farewell = words::farewell(device, cause, incident, &ago);
        let untold = incident.is_some_and(|incident| incident.missing.contains(&Hop::Notified));
        let untold = if untold { "✖ not notified; " } else { "" };
        let text = format!("{} {untold}{farewell}", words::badge(device).glyph);
        canvas.put(x, area.y, &text, columns(left), canvas.look.presence(device));
        return;
    }
    let badge = short_badge(device);
    x += canvas.put(x, area.y, &badge, area.right().saturating_sub(x), canvas.look.presence(device)) + 2;
    let left = area.right().saturating_sub(x);
    if left >= 8 {
        let (text, style) = table::what(canvas, device, usize::from(left));
        canvas.put(x, area.y, &text, left, style);
    }
}

/// In the lower border: what each sign means, and how many have it. Where there is no room for words, the numbers.
fn legend(canvas: &mut Canvas<'_>, area: Rect) {
    let room = usize::from(area.width.saturating_sub(4));
    let census = &canvas.app.census;
    let there: Vec<(Sign, usize)> =
        Sign::ALL.into_iter().map(|sign| (sign, census.count(sign))).filter(|(_, count)| *count > 0).collect();
    let worded: Vec<String> =
        there.iter().map(|(sign, count)| format!(" {} {}", words::number(*count), sign.word())).collect();
    let numbers: Vec<String> = there.iter().map(|(_, count)| words::number(*count)).collect();
    let wide = |texts: &[String]| texts.iter().map(|text| width(text) + 3).sum::<usize>();
    let texts = if wide(&worded) <= room + 2 { worded } else { numbers };
    let y = area.bottom() - 1;
    let (mut x, end) = (area.x + 1, area.right() - 1);
    for ((sign, _), text) in there.iter().zip(&texts) {
        // What has no room at the end is counted in the first line.
        if x + columns(width(text) + 3) > end {
            break;
        }
        let style = canvas.look.sign(*sign);
        x += canvas.put_all(
            x,
            y,
            &[(" ", Style::new()), (sign.glyph(), style), (text, Style::new()), (" ", Style::new())],
            end - x,
        );
    }
}
