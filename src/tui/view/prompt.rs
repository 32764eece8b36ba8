//! The line in which a filter is written, in place of the footer.
//!
//! ```text
//! /presence:off▎                                                     12 of 200 shown  ⏎ keep  esc clear
//! /presense:▎   there is no presense: here; did you mean presence:? …
//! ```
//! What is wrong, and has no room there, stands in the lines above.

use super::canvas::{Canvas, columns};
use super::footer;
use crate::tui::action::Action;
use crate::tui::hit::Target;
use crate::tui::keymap::Mode;
use crate::tui::page::Page;
use crate::tui::text::{clean, width, wrap};
use crate::tui::words::number;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// The end of `text`, where one writes, if it is wider than `columns`.
fn tail(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut start = text.char_indices().map(|(start, _)| start).skip(1);
    let rest = start.find(|start| width(&text[*start..]) < columns).unwrap_or(text.len());
    format!("…{}", &text[rest..])
}

/// Draws the line.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect) {
    canvas.clear(area);
    canvas.zone(area, Target::Nothing);
    let filter = canvas.app.sieve.filter();
    let room = area.width.saturating_sub(1);
    let typed = format!("/{}▎", tail(&clean(filter.text()), usize::from(room).saturating_sub(2)));
    let used = canvas.put(area.x + 1, area.y, &typed, room, canvas.look.strong()) + 2;
    let rest = room.saturating_sub(used);
    let x = area.x + 1 + used;
    if let Some(why) = filter.complaint() {
        let why = clean(why);
        // The end of it says what makes sense.
        if width(&why) <= usize::from(rest) {
            canvas.put(x, area.y, &why, rest, canvas.look.warn());
        } else {
            footer::above(canvas, area, &wrap(&why, usize::from(room.saturating_sub(1))));
        }
        return;
    }
    let shown = if filter.text().is_empty() && canvas.app.page == Page::Rules {
        "id~ topic~ or any text, ! for the inverse".to_owned()
    } else if filter.text().is_empty() {
        "presence: cause: id~ topic~ fault: evidence: or any text, ! for the inverse".to_owned()
    } else {
        let fitting = match canvas.app.sifted(canvas.view) {
            Some((shown, all)) => {
                let (shown, all) = (number(shown), number(all));
                [format!("{shown} of {all} shown"), format!("{shown}/{all}")]
            }
            None => ["it concerns devices and hides nothing here".to_owned(), "hides nothing".to_owned()],
        };
        // Half a number is worse than none.
        fitting.into_iter().find(|text| width(text) <= usize::from(rest)).unwrap_or_default()
    };
    let key = |action| canvas.key(Mode::Filter, action);
    let keys_of = [
        (format!("  {} keep", key(Action::Enter)), Action::Enter),
        (format!("  {} clear", key(Action::Back)), Action::Back),
    ];
    let keys: String = keys_of.iter().map(|(key, _)| key.as_str()).collect();
    let used = canvas.put(x, area.y, &shown, rest, canvas.look.dim());
    if usize::from(rest.saturating_sub(used)) >= width(&keys) {
        let mut x = area.right() - columns(width(&keys));
        for (key, action) in keys_of {
            let used = canvas.put(x, area.y, &key, area.right() - x, Style::new());
            canvas.zone(Rect { x, width: used, ..area }, Target::Key(action));
            x += used;
        }
    }
}
