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
use crate::tui::keymap::{self, Binding, Mode, label};
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
    let works = |binding: &&Binding| {
        let elsewhere = tabs && matches!(binding.action, Action::Show(_));
        !elsewhere && !binding.hint.is_empty() && canvas.app.works(binding.action, canvas.view)
    };
    let (ends, keys): (Vec<&Binding>, Vec<&Binding>) =
        keymap::in_mode(mode).filter(works).partition(|binding| last.contains(&binding.action));
    let room = area.width.saturating_sub(1);
    let ends_width: usize = ends.iter().map(|binding| hint_width(binding)).sum();
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
        for binding in keys {
            // The keys stand in the order of their use: what does not fit is in the help.
            if hint_width(binding) > left {
                break;
            }
            left -= hint_width(binding);
            x += hint(canvas, x, area.y, binding);
        }
    }
    for binding in ends {
        x += hint(canvas, x, area.y, binding);
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
        let all = format!("… {} all", label(Mode::Fleet, Action::Notices));
        if let Some(last) = lines.last_mut() {
            let kept = fit(last, room.saturating_sub(width(&all)));
            *last = format!("{}{all}", kept.trim_end_matches('…').trim_end());
        }
    }
    let height = columns(lines.len());
    let area = Rect { y: (area.y + 1).saturating_sub(height), height, ..area };
    canvas.clear(area);
    for (y, line) in (area.y..).zip(&lines) {
        canvas.put(area.x + 1, y, line, area.width - 1, canvas.look.warn());
    }
}

fn hint_width(binding: &Binding) -> usize {
    width(&binding.keys[0].label()) + 1 + width(binding.hint) + 2
}

fn hint(canvas: &mut Canvas<'_>, x: u16, y: u16, binding: &Binding) -> u16 {
    let label = binding.keys[0].label();
    let pieces = [(label.as_str(), canvas.look.accent()), (" ", Style::new()), (binding.hint, Style::new())];
    canvas.put_all(x, y, &pieces, canvas.area().right().saturating_sub(x)) + 2
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
