//! Lines of several styles, written one below the other, before it is known which of them are visible.

use super::canvas::Canvas;
use crate::tui::text::wrap;
use ratatui::layout::Rect;
use ratatui::style::Style;
use std::ops::Range;

/// A line in pieces.
pub type Pieces = Vec<(String, Style)>;

/// Lines that are being written.
pub struct Sheet {
    /// The lines so far.
    pub lines: Vec<Pieces>,
    /// How many columns there are.
    pub room: usize,
    /// Which lines are visible: no others need to be written.
    shown: Range<usize>,
}

impl Sheet {
    /// An empty sheet of `room` columns.
    #[must_use]
    pub const fn new(room: usize) -> Self {
        Self { lines: Vec::new(), room, shown: 0..usize::MAX }
    }

    /// The same of which only so many lines are visible, from the line `top` on.
    #[must_use]
    pub fn showing(self, top: usize, rows: usize) -> Self {
        Self { shown: top..top.saturating_add(rows), ..self }
    }

    /// Whether one of the next so many lines is visible.
    #[must_use]
    pub fn shows(&self, lines: usize) -> bool {
        let next = self.lines.len();
        next < self.shown.end && next + lines > self.shown.start
    }

    /// One line.
    pub fn line(&mut self, pieces: Pieces) {
        self.lines.push(pieces);
    }

    /// Text in as many lines as it needs, each `indent` in.
    pub fn text(&mut self, text: &str, indent: usize, style: Style) {
        for line in wrap(text, self.room.saturating_sub(indent)) {
            self.lines.push(vec![(" ".repeat(indent), Style::new()), (line, style)]);
        }
    }

    /// An empty line.
    pub fn gap(&mut self) {
        self.lines.push(Vec::new());
    }

    /// Draws what is visible in `area` from the line `top` on.
    pub fn draw(&self, canvas: &mut Canvas<'_>, area: Rect, top: usize) {
        for (y, pieces) in (area.y..area.bottom()).zip(self.lines.iter().skip(top)) {
            let pieces: Vec<(&str, Style)> = pieces.iter().map(|(text, style)| (text.as_str(), *style)).collect();
            canvas.put_all(area.x, y, &pieces, area.width);
        }
    }
}
