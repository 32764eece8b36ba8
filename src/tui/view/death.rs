//! The death menu.
//!
//! ```text
//! ╭ How shall lwtThing-2 die? ──────────────────────────────────────────────────╮
//! │ l  leave            DISCONNECT first, then the socket closes   will discarded │
//! │ f  cut, FIN         the socket closes without DISCONNECT       will at once   │
//! │ w  leave with will  needs MQTT 5                                              │
//! ╰ ⏎ do it · esc back ───────────────────────────────────────────────────────────╯
//! ```
//! What cannot be done is dimmed, with the reason. On narrow screens the outlook is kept and what happens is said of
//! the line under the cursor only.

use super::boxes::{Titles, frame};
use super::canvas::{Canvas, columns};
use crate::fleet::Device;
use crate::fleet::faults::{self, FaultOption};
use crate::mqtt::{ClientId, Fault};
use crate::tui::action::Action;
use crate::tui::hit::Target;
use crate::tui::keymap::Mode;
use crate::tui::layout::{body, middle};
use crate::tui::text::{width, wrap};
use crate::tui::words;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// How many targets are looked at to tell what is possible: more would cost a frame, and they are alike.
const SAMPLE: usize = 200;
const WIDE: u16 = 80;
/// Where it stands what comes of a death.
const OUTLOOK: u16 = 20;

/// Draws the menu.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, targets: &[ClientId], row: usize) {
    let options = joined(canvas, targets);
    let title = match targets {
        [one] => format!("How shall {} die?", words::name(one, 30)),
        many => format!("How shall {} devices die?", many.len()),
    };
    let wide = area.width >= WIDE;
    // Two borders, eight deaths, and on narrow screens two lines for the one under the cursor.
    let extra = if wide || area.height < 12 { 0 } else { 2 };
    // On the lowest screens it covers the footer too, and says itself which keys work.
    let below = if area.height < 12 {
        let key = |action| canvas.key(Mode::Death, action);
        format!("{} do it · {} back", key(Action::Enter), key(Action::Back))
    } else {
        String::new()
    };
    let area = if area.height < 12 { area } else { body(area) };
    let area = middle(area, if wide { WIDE } else { area.width.min(50) }, 10 + extra);
    canvas.clear(area);
    canvas.pop_up(area);
    let titles = Titles { left: &title, left_style: canvas.look.strong(), below: &below, ..Titles::default() };
    let inner = frame(canvas, area, true, &titles);
    // What holds for all of them is said once.
    let first = options.first().and_then(|option| option.refused);
    let common = first.filter(|_| options.iter().all(|option| option.refused == first));
    for (index, option) in options.iter().enumerate() {
        let place = Rect { y: inner.y + columns(index), height: 1, ..inner };
        line(canvas, place, option, (wide, common.is_none() || (wide && index == row)));
        canvas.zone_line(place, Target::Line(index));
    }
    if let Some(why) = common.filter(|_| !wide && extra == 0) {
        let (x, room) = (inner.x + OUTLOOK, inner.width.saturating_sub(OUTLOOK));
        for (y, line) in (inner.y..inner.bottom()).zip(wrap(why, usize::from(room))) {
            canvas.put(x, y, &line, room, canvas.look.dim());
        }
    }
    let place = Rect { y: inner.y + columns(row), height: 1, ..inner };
    canvas.buffer.set_style(place, canvas.look.cursor());
    canvas.put(place.x - 1, place.y, "▸", 1, canvas.look.accent());
    if let Some(option) = options.get(row).filter(|_| extra > 0) {
        let text = option.refused.unwrap_or_else(|| option.fault.what_happens());
        for (y, line) in (inner.bottom() - extra..inner.bottom()).zip(wrap(text, usize::from(inner.width))) {
            canvas.put(inner.x, y, &line, inner.width, Style::new());
        }
    }
}

/// A death; with `reasons`, why it cannot be done stands in it.
fn line(canvas: &mut Canvas<'_>, area: Rect, option: &FaultOption, (wide, reasons): (bool, bool)) {
    let key = canvas.key(Mode::Death, Action::Die(option.fault));
    let (key_style, style) = match option.refused {
        None => (canvas.look.accent(), Style::new()),
        Some(_) => (canvas.look.dim(), canvas.look.dim()),
    };
    canvas.put(area.x, area.y, &key, 2, key_style);
    canvas.put(area.x + 3, area.y, option.fault.title(), 16, style);
    let x = area.x + OUTLOOK;
    let room = area.right().saturating_sub(x);
    match (option.refused, wide) {
        (Some(why), _) if reasons => {
            canvas.put(x, area.y, why, room, style);
        }
        (Some(_), true) => {
            canvas.put(x, area.y, option.fault.what_happens(), room, style);
        }
        (Some(_), false) => {}
        (None, false) => {
            canvas.put(x, area.y, &option.outlook, room, outlook_style(canvas, option.fault));
        }
        (None, true) => {
            let outlook = columns(width(&option.outlook).max(14)).min(room / 2);
            canvas.put(x, area.y, option.fault.what_happens(), room - outlook - 1, style);
            let style = outlook_style(canvas, option.fault);
            canvas.put(area.right() - outlook, area.y, &option.outlook, outlook, style);
        }
    }
}

fn outlook_style(canvas: &Canvas<'_>, fault: Fault) -> Style {
    if fault.sends_will() { canvas.look.warn() } else { canvas.look.good() }
}

/// The options for all targets: a death that one of them can die can be chosen.
fn joined(canvas: &Canvas<'_>, targets: &[ClientId]) -> Vec<FaultOption> {
    let gateway = canvas.view.status.gateway;
    let mut devices: Vec<&Device> =
        targets.iter().take(SAMPLE).filter_map(|client| canvas.view.device(client)).collect();
    // The first reason is the one shown: that of a connected device says more than that another is not.
    devices.sort_by_key(|device| device.open_session().is_none());
    let mut joined: Vec<FaultOption> = Vec::new();
    for device in devices {
        merge(&mut joined, device, gateway);
    }
    joined
}

fn merge(joined: &mut Vec<FaultOption>, device: &Device, gateway: bool) {
    let options = faults::options(device, gateway);
    if joined.is_empty() {
        *joined = options;
        return;
    }
    for (one, other) in joined.iter_mut().zip(options) {
        match (one.refused, other.refused) {
            (Some(_), None) => *one = other,
            (None, None) if one.outlook != other.outlook => "it depends".clone_into(&mut one.outlook),
            _ => {}
        }
    }
}
