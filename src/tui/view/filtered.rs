//! What is said of a list that a filter makes shorter.

use super::canvas::Canvas;
use crate::tui::action::Action;
use crate::tui::keymap::Mode;
use crate::tui::text::clean_fit;
use crate::tui::words::number;

/// `328 hidden by cause:keepalive`, or as much of it as a border of `width` columns has room for.
pub fn hidden(canvas: &Canvas<'_>, hidden: usize, width: u16) -> String {
    let room = usize::from(width / 3);
    if room < 20 {
        return format!("{} hidden", number(hidden));
    }
    format!("{} hidden by {}", number(hidden), clean_fit(canvas.app.sieve.filter().text(), room))
}

/// That nothing is left: which filter it was, and how to take it away.
pub fn none_through(canvas: &Canvas<'_>, of: &str, mode: Mode) -> String {
    let filter = clean_fit(canvas.app.sieve.filter().text(), 200);
    let (look, clear) = (canvas.key(mode, Action::Filter), canvas.key(Mode::Filter, Action::Back));
    // While it is being written, the second alone is enough.
    let keys = if canvas.app.mode() == Mode::Filter { clear } else { format!("{look} and then {clear}") };
    format!("{of} let through by {filter}. {keys} clears it.")
}
