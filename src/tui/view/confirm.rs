//! Yes or no, before several devices are deleted, or many or somebody else's die.
//!
//! ```text
//! ┏ Delete 3 devices? ━━━━━━━━━━━━━━━━━━━━━━━━━━━┓
//! ┃ lwtThing, lwtThing-2, lwtThing-3              ┃
//! ┃ Simulated ones leave cleanly: no will is sent ┃
//! ┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛
//! ```

use super::boxes::{Titles, frame};
use super::canvas::{Canvas, columns};
use crate::mqtt::ClientId;
use crate::tui::layer::Deed;
use crate::tui::layout::middle;
use crate::tui::mass::told;
use crate::tui::text::wrap;
use crate::tui::words;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// The most columns it takes.
const WIDTH: u16 = 60;
/// How many targets are looked at: more would cost a frame.
const SAMPLE: usize = 1_000;

/// Draws the question.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, targets: &[ClientId], deed: Deed) {
    let count = match targets.len() {
        1 => "1 device".to_owned(),
        many => format!("{} devices", words::number(many)),
    };
    let title = match deed {
        Deed::Remove => format!("Delete {count}?"),
        Deed::Die(fault) => format!("{count}: {}?", fault.title()),
        Deed::Mass(mass) => format!("{count}: {}?", mass.kind.title()),
    };
    let titles = Titles { left: &title, left_style: canvas.look.strong(), ..Titles::default() };
    let wide = area.width.min(WIDTH);
    let lines = wrap(&consequence(canvas, targets, deed), usize::from(wide.saturating_sub(4)));
    let area = middle(area, wide, columns(lines.len()) + 3);
    canvas.clear(area);
    canvas.pop_up(area);
    let inner = frame(canvas, area, true, &titles);
    let names: Vec<String> = targets.iter().take(5).map(|client| words::name(client, 30)).collect();
    let rest = if targets.len() > names.len() { ", …" } else { "" };
    canvas.put(inner.x, inner.y, &format!("{}{rest}", names.join(", ")), inner.width, Style::new());
    for (y, line) in (inner.y + 1..inner.bottom()).zip(lines) {
        canvas.put(inner.x, y, &line, inner.width, canvas.look.dim());
    }
}

/// What a yes brings about.
fn consequence(canvas: &Canvas<'_>, targets: &[ClientId], deed: Deed) -> String {
    let all = targets.iter().take(SAMPLE).filter_map(|client| canvas.view.device(client));
    let foreign = all.filter(|device| !device.launched()).count();
    match (deed, foreign, targets.len()) {
        (Deed::Mass(mass), ..) => told(&mass, targets.len(), foreign),
        (Deed::Remove, ..) => "Simulated ones leave cleanly: no will is sent.".to_owned(),
        (Deed::Die(fault), 0, _) => format!("{}.", sentence(fault.what_happens())),
        (Deed::Die(_), _, 1) => "lwtop did not launch it: it is somebody's device.".to_owned(),
        (Deed::Die(_), 1, _) => "lwtop did not launch one of them: it is somebody's device.".to_owned(),
        (Deed::Die(_), some, _) => format!("lwtop did not launch {some} of them: they are somebody's devices."),
    }
}

/// With a capital letter.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
