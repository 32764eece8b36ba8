//! The last line: the keys that work now, or for a while lwtop's answer and the newest notice.
//!
//! ```text
//!  n launch  N many  x kill…  X again  r reconnect  ⏎ open  space mark  D delete  tab next  v view  ? help  q quit
//!  cut, FIN: lwtThing stays as it is: it is not connected: r reconnects it                         ? help  q quit
//! ```

use super::canvas::Canvas;
use crate::clock::Moment;
use crate::hub::Notice;
use crate::tui::action::Action;
use crate::tui::keymap::{self, Binding};
use crate::tui::text::{clean, width};
use ratatui::layout::Rect;
use ratatui::style::Style;
use std::time::Duration;

/// How long a notice stands.
const NOTICE: Duration = Duration::from_secs(8);

/// Draws the footer.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect) {
    let mode = canvas.app.mode();
    let last = [Action::Back, Action::Help, Action::Quit];
    let works = |binding: &&Binding| !binding.hint.is_empty() && canvas.app.works(binding.action, canvas.view);
    let (ends, keys): (Vec<&Binding>, Vec<&Binding>) =
        keymap::in_mode(mode).filter(works).partition(|binding| last.contains(&binding.action));
    let room = area.width.saturating_sub(1);
    let ends_width: usize = ends.iter().map(|binding| hint_width(binding)).sum();
    let keys_room = usize::from(room).saturating_sub(ends_width);

    let mut x = area.x + 1;
    if let Some(text) = current_notice(canvas) {
        let text = clean(&text);
        // The end of a sentence often says what to do: it is worth more than the keys beside it.
        if width(&text) + 2 > keys_room {
            canvas.put(x, area.y, &text, room, canvas.look.warn());
            return;
        }
        canvas.put(x, area.y, &text, room, canvas.look.warn());
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
    let now = canvas.view.now;
    let young = |notice: &&Notice| now.since(notice.at) < NOTICE;
    let note = canvas.app.note.as_ref().filter(young);
    let notice = note.or_else(|| canvas.view.status.notice.as_ref().filter(young))?;
    let (end, text): (Moment, String) = (notice.at + NOTICE, notice.text.clone());
    canvas.wake_at(end);
    Some(text)
}
