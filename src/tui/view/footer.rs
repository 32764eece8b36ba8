//! The last line: the keys that work now, or for a while lwtop's answer and the newest notice.
//!
//! ```text
//!  n launch  N many  x kill…  X again  r reconnect  ⏎ open  space mark  D delete  tab next  v view  ? help  q quit
//!  cut, FIN: lwtThing stays as it is: it is not connected: r reconnects it                         ? help  q quit
//! ```

use super::canvas::{Canvas, columns};
use crate::clock::Moment;
use crate::hub::Notice;
use crate::tui::action::Action;
use crate::tui::hit::Target;
use crate::tui::keymap::{Line, Mode};
use crate::tui::text::{clean, clean_within, fit, width, wrap};
use ratatui::layout::Rect;
use ratatui::style::Style;
use std::time::Duration;

/// How long a notice stands.
const NOTICE: Duration = Duration::from_secs(8);
/// The most lines it takes.
const LINES: u16 = 3;

/// Draws the footer.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect) {
    let mode = canvas.app.mode();
    let last = [Action::Back, Action::Help, Action::Quit];
    // The tabs name their keys themselves.
    let tabs = canvas.app.regions(canvas.view).tabs.height > 0;
    let works = |line: &&Line| {
        let elsewhere = tabs && matches!(line.binding.action, Action::Show(_));
        let shown = !elsewhere && !line.binding.hint.is_empty() && !line.keys.is_empty();
        shown && canvas.app.works(line.binding.action, canvas.view)
    };
    let app = canvas.app;
    let (ends, keys): (Vec<&Line>, Vec<&Line>) =
        app.keys.in_mode(mode).filter(works).partition(|line| last.contains(&line.binding.action));
    let room = area.width.saturating_sub(1);
    let ends_width: usize = ends.iter().map(|line| hint_width(canvas, line)).sum();
    let keys_room = usize::from(room).saturating_sub(ends_width);

    let mut x = area.x + 1;
    if let Some(text) = current_notice(canvas) {
        let text = clean(&text);
        canvas.put(x, area.y, &text, room, canvas.look.warn());
        // The end of a sentence often says what to do: it is worth more than the keys beside it.
        if width(&text) + 2 > keys_room {
            return;
        }
        x = area.x + 1 + u16::try_from(keys_room).unwrap_or(0);
    } else {
        let mut left = keys_room;
        for line in keys {
            // The keys stand in the order of their use: what does not fit is in the help.
            let Some(rest) = left.checked_sub(hint_width(canvas, line)) else { break };
            left = rest;
            x += hint(canvas, x, area.y, line);
        }
    }
    for line in ends {
        x += hint(canvas, x, area.y, line);
    }
}

/// Draws a notice that is longer than the line, over what is above it. What does not fit there either can be read in the
/// list of notices.
pub fn long_notice(canvas: &mut Canvas<'_>, area: Rect) {
    let Some(text) = current_notice(canvas) else { return };
    let room = usize::from(area.width.saturating_sub(2));
    // A screen of it would be no notice any more.
    let text = clean_within(&text, room * (usize::from(LINES) + 1));
    if width(&text) < usize::from(area.width) {
        return;
    }
    let mut lines = wrap(&text, room);
    let most = usize::from(LINES);
    if lines.len() > most {
        lines.truncate(most);
        let all = format!("… {} all", canvas.key(Mode::Fleet, Action::Notices));
        if let Some(last) = lines.last_mut() {
            let kept = fit(last, room.saturating_sub(width(&all)));
            *last = format!("{}{all}", kept.trim_end_matches('…').trim_end());
        }
    }
    let height = columns(lines.len());
    over(canvas, Rect { y: (area.y + 1).saturating_sub(height), height, ..area }, area.y, &lines);
}

/// Writes something that is to be heeded into the lines above `area`, over what is there.
pub(super) fn above(canvas: &mut Canvas<'_>, area: Rect, lines: &[String]) {
    let height = columns(lines.len()).min(area.y);
    over(canvas, Rect { y: area.y - height, height, ..area }, area.y, lines);
}

/// Writes into `area`, which lies on what is above `footer` and may lie on that line as well.
fn over(canvas: &mut Canvas<'_>, area: Rect, footer: u16, lines: &[String]) {
    lift_border(canvas, area, footer);
    canvas.clear(area);
    canvas.zone(area, Target::Nothing);
    for (y, line) in (area.top()..area.bottom()).zip(lines) {
        canvas.put(area.x + 1, y, line, area.width - 1, canvas.look.warn());
    }
}

fn hint_width(canvas: &Canvas<'_>, line: &Line) -> usize {
    width(&label(canvas, line)) + 1 + width(line.binding.hint) + 2
}

fn label(canvas: &Canvas<'_>, line: &Line) -> String {
    line.keys.first().map(|key| canvas.app.keys.written(*key)).unwrap_or_default()
}

fn hint(canvas: &mut Canvas<'_>, x: u16, y: u16, line: &Line) -> u16 {
    let label = label(canvas, line);
    let pieces = [(label.as_str(), canvas.look.accent()), (" ", Style::new()), (line.binding.hint, Style::new())];
    let used = canvas.put_all(x, y, &pieces, canvas.area().right().saturating_sub(x));
    canvas.zone(Rect { x, y, width: used, height: 1 }, Target::Key(line.binding.action));
    used + 2
}

/// Moves the border that ends above the line `footer` to above `area`, which is to lie on it: what is behind stays closed.
fn lift_border(canvas: &mut Canvas<'_>, area: Rect, footer: u16) {
    let (from, to) = (footer.saturating_sub(1), area.y.saturating_sub(1));
    let is_corner = |y: u16, corners: [&str; 2]| corners.contains(&canvas.buffer[(area.x, y)].symbol());
    // Not over the upper border: of a frame of one line nothing would be left.
    if from <= to || to == 0 || !is_corner(from, ["╰", "┗"]) || is_corner(to, ["╭", "┏"]) {
        return;
    }
    canvas.clear(Rect { y: to, height: 1, ..area });
    for x in area.left()..area.right() {
        canvas.buffer[(x, to)] = canvas.buffer[(x, from)].clone();
    }
}

/// The answer to the last key, or else the newest notice, while they are young.
fn current_notice(canvas: &mut Canvas<'_>) -> Option<String> {
    // The list of notices says it already.
    if canvas.app.mode() == Mode::Notices {
        return None;
    }
    let now = canvas.view.now;
    let young = |notice: &&Notice| now.since(notice.at) < NOTICE;
    let note = canvas.app.note.as_ref().filter(young);
    let notice = note.or_else(|| canvas.view.status.notice.as_ref().filter(young))?;
    let (end, text): (Moment, String) = (notice.at + NOTICE, notice.text.clone());
    canvas.wake_at(end);
    Some(text)
}
