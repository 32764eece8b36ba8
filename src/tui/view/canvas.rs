//! What every region draws with: the facts, the buffer, and a note of when the picture will be out of date.

use super::super::action::Action;
use super::super::app::App;
use super::super::keymap::Mode;
use super::super::look::Look;
use super::super::text::{self, fit};
use super::super::{View, words};
use crate::clock::Moment;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// A frame being drawn.
pub struct Canvas<'a> {
    /// The facts.
    pub view: &'a View<'a>,
    /// What the person is doing.
    pub app: &'a App,
    /// Colours and time zone.
    pub look: &'a Look,
    /// The cells.
    pub buffer: &'a mut Buffer,
    wake: Option<Moment>,
}

impl<'a> Canvas<'a> {
    /// An empty frame.
    pub const fn new(view: &'a View<'a>, app: &'a App, look: &'a Look, buffer: &'a mut Buffer) -> Self {
        Self { view, app, look, buffer, wake: None }
    }

    /// When something on the picture will read differently although nothing happened; `None` if never.
    #[must_use]
    pub const fn wake(&self) -> Option<Moment> {
        self.wake
    }

    /// The whole screen.
    #[must_use]
    pub const fn area(&self) -> Rect {
        self.buffer.area
    }

    /// Something on the picture changes at `at`.
    pub fn wake_at(&mut self, at: Moment) {
        self.wake = Some(self.wake.map_or(at, |other| other.min(at)));
    }

    /// The age of `then`, such as `12 s`.
    pub fn age(&mut self, then: Moment) -> String {
        let age = words::age(then, self.view.now);
        self.wake_at(age.changes);
        age.text
    }

    /// How long ago `then` was: `12 s ago`.
    pub fn ago(&mut self, then: Moment) -> String {
        format!("{} ago", self.age(then))
    }

    /// A point in time for lists.
    #[must_use]
    pub fn clock(&self, moment: Moment) -> String {
        words::clock(moment, &self.look.zone)
    }

    /// The key that does `action` in `mode`, as it is written on the screen; empty if there is none.
    #[must_use]
    pub fn key(&self, mode: Mode, action: Action) -> String {
        self.app.keys.label(mode, action)
    }

    /// The key that does `action` somewhere, for a sentence.
    #[must_use]
    pub fn press(&self, action: Action) -> String {
        self.app.keys.press(action)
    }

    /// Writes cleaned text at a place, cut to `columns` and to the screen. Returns the columns used.
    pub fn put(&mut self, x: u16, y: u16, text: &str, columns: u16, style: Style) -> u16 {
        let area = self.buffer.area;
        if y < area.top() || y >= area.bottom() || x < area.left() || x >= area.right() {
            return 0;
        }
        let columns = columns.min(area.right() - x);
        let fitted = fit(text, usize::from(columns)).replace(text::GLUE, " ");
        let (end, _) = self.buffer.set_stringn(x, y, fitted, usize::from(columns), style);
        end - x
    }

    /// Writes pieces one after the other within `columns`. Returns the columns used.
    pub fn put_all(&mut self, x: u16, y: u16, pieces: &[(&str, Style)], columns: u16) -> u16 {
        let mut used = 0;
        for (piece, style) in pieces {
            if used >= columns {
                break;
            }
            used += self.put(x + used, y, piece, columns - used, *style);
        }
        used
    }

    /// Empties `area`.
    pub fn clear(&mut self, area: Rect) {
        let area = area.intersection(self.buffer.area);
        for y in area.top()..area.bottom() {
            for x in area.left()..area.right() {
                self.buffer[(x, y)].reset();
            }
        }
        self.buffer.set_style(area, self.look.theme.text);
    }
}

/// A number of columns as the screen counts them; what is wider than any screen is cut.
#[must_use]
pub fn columns(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}
