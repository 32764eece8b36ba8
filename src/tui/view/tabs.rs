//! The names of the pages, each with its key.
//!
//! ```text
//!  1 Fleet   5 Rules  1 ✖
//! ```

use super::canvas::Canvas;
use crate::hub::ActionStanding;
use crate::tui::action::Action;
use crate::tui::hit::Target;
use crate::tui::keymap::Mode;
use crate::tui::page::Page;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use std::time::Duration;

/// How long a failure counts as new.
const RECENT: Duration = Duration::from_secs(600);

/// Draws the tabs.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect) {
    if area.height == 0 {
        return;
    }
    let mut x = area.x + 1;
    for page in Page::ALL {
        let key = canvas.key(Mode::Fleet, Action::Show(page));
        let front = canvas.app.page == page;
        // Underlined as well as bold: it is found without colours, too.
        let style = if front { canvas.look.strong().add_modifier(Modifier::UNDERLINED) } else { canvas.look.dim() };
        let pieces = [(key.as_str(), canvas.look.accent()), (" ", Style::new()), (page.title(), style)];
        let start = x;
        x += canvas.put_all(x, area.y, &pieces, area.right().saturating_sub(x));
        if page == Page::Rules {
            x += failures(canvas, x, area);
        }
        canvas.zone(Rect { x: start, width: x - start, ..area }, Target::Key(Action::Show(page)));
        x += 3;
    }
}

/// How many actions failed of late: worth a look at the rules.
fn failures(canvas: &mut Canvas<'_>, x: u16, area: Rect) -> u16 {
    let actions = canvas.view.status.rules.iter().flat_map(|rule| &rule.actions);
    let young = |action: &&ActionStanding| {
        let failure = action.last_failure.as_ref().filter(|_| !action.idle);
        failure.is_some_and(|failure| canvas.view.now.since(failure.at) < RECENT)
    };
    let failing: Vec<_> = actions.filter(young).filter_map(|action| action.last_failure.as_ref()).collect();
    let Some(oldest) = failing.iter().map(|failure| failure.at).min() else { return 0 };
    canvas.wake_at(oldest + RECENT);
    let failing = failing.len();
    canvas.put(x, area.y, &format!(" ✖{failing}"), area.right().saturating_sub(x), canvas.look.bad())
}
