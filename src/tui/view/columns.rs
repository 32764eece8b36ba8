//! The list of columns.
//!
//! ```text
//! ┏ Columns ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┓
//! ┃ ✓ device         its client id                             ┃
//! ┃▸✓ state ↑        how it is                                 ┃
//! ┃   cause          how it went                               ┃
//! ┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛
//! ```

use super::boxes::{Titles, frame};
use super::canvas::{Canvas, columns as count};
use crate::fleet::Column;
use crate::tui::arrange::{described, title};
use crate::tui::hit::Target;
use crate::tui::layout::middle;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// Where the words begin.
const WORDS: u16 = 17;

/// Draws the list.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, row: usize) {
    let app = canvas.app;
    let all = app.columns.all();
    let area = middle(area, area.width.min(64), count(all.len()).saturating_add(2));
    canvas.clear(area);
    canvas.pop_up(area);
    let titles = Titles { left: "Columns of the table", left_style: canvas.look.strong(), ..Titles::default() };
    let inner = frame(canvas, area, true, &titles);
    let row = row.min(all.len() - 1);
    let top = (row + 1).saturating_sub(usize::from(inner.height));
    for (y, (index, (column, shown))) in (inner.y..inner.bottom()).zip(all.iter().enumerate().skip(top)) {
        let name = match app.sieve.sort().filter(|sort| sort.column == *column) {
            Some(sort) => described(sort),
            None => title(*column).to_owned(),
        };
        canvas.zone_line(Rect { y, height: 1, ..inner }, Target::Line(index));
        let style = if *shown { Style::new() } else { canvas.look.dim() };
        canvas.put(inner.x, y, if *shown { "✓" } else { " " }, 1, canvas.look.accent());
        canvas.put(inner.x + 2, y, &name, WORDS - 3, style);
        canvas.put(inner.x + WORDS, y, words(*column), inner.width.saturating_sub(WORDS), style);
        if index == row {
            canvas.buffer.set_style(Rect { y, height: 1, ..inner }, canvas.look.cursor());
            canvas.put(inner.x.saturating_sub(1), y, "▸", 1, canvas.look.accent());
        }
    }
}

const fn words(column: Column) -> &'static str {
    match column {
        Column::Device => "its client id",
        Column::State => "how it is; sorted, the dead come first",
        Column::Fuse => "how long it is silent, or since when it is gone",
        Column::What => "the one thing worth saying",
        Column::Cause => "how it went",
        Column::Deaths => "how many incidents it had",
        Column::Since => "how long it has been as it is",
        Column::KeepAlive => "the keep alive of its connection",
        Column::Protocol => "the version of MQTT it speaks",
        Column::Address => "where its connection comes from",
        Column::Certificate => "the name in its certificate",
        Column::Packets => "packets seen from it",
        Column::Will => "the topic of its will",
    }
}
