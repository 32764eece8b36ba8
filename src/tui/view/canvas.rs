//! What every region draws with: the facts, the buffer, and a note of when the picture will be out of date.

use super::super::action::Action;
use super::super::app::App;
use super::super::hit::{Target, Zones};
use super::super::keymap::Mode;
use super::super::layout::Grid;
use super::super::look::Look;
use super::super::text::{self, fit};
use super::super::{View, words};
use super::album::Album;
use crate::clock::Moment;
use crate::mqtt::ClientId;
use ratatui::buffer::{Buffer, CellDiffOption, CellWidth};
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};

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
    /// Until when what was drawn looks the same to the last cell, where that is sooner than the wake.
    until: Option<Moment>,
    /// The panes of the frame before; without it, all are drawn.
    pub(super) album: Option<&'a mut Album>,
    zones: Zones,
}

impl<'a> Canvas<'a> {
    /// An empty frame.
    pub const fn new(view: &'a View<'a>, app: &'a App, look: &'a Look, buffer: &'a mut Buffer) -> Self {
        Self { view, app, look, buffer, wake: None, until: None, album: None, zones: Zones::new() }
    }

    /// The same with the panes of the frame before.
    #[must_use]
    pub fn with_album(self, album: &'a mut Album) -> Self {
        Self { album: Some(album), ..self }
    }

    /// When something on the picture will read differently although nothing happened; `None` if never.
    #[must_use]
    pub const fn wake(&self) -> Option<Moment> {
        self.wake
    }

    /// What was drawn where, for the mouse.
    #[must_use]
    pub fn into_zones(self) -> Zones {
        let mut zones = self.zones;
        zones.drawn_in(self.app.mode());
        zones
    }

    /// Notes that `target` is drawn in `area`.
    pub fn zone(&mut self, area: Rect, target: Target) {
        self.zones.add(area, target);
    }

    /// Notes that `target` is the line `area` of a list; the columns beside it, where the cursor's point is, belong to it.
    pub fn zone_line(&mut self, area: Rect, target: Target) {
        self.zones.add(Rect { x: area.x.saturating_sub(1), width: area.width + 2, ..area }, target);
    }

    /// Notes that a wall is drawn inside the border `area`, with these devices from its first cell on.
    pub fn zone_wall(&mut self, area: Rect, grid: Grid, cells: Vec<ClientId>) {
        self.zones.wall(area, grid, cells);
    }

    /// Notes that a pop-up is drawn in `area`, over everything but the keys of the footer.
    pub fn pop_up(&mut self, area: Rect) {
        let screen = self.area();
        self.zone(Rect { height: screen.height.saturating_sub(1), ..screen }, Target::Outside);
        self.zone(area, Target::Layer);
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

    /// Something on the picture moves at `at`, which alone is worth no frame.
    pub fn moves_at(&mut self, at: Moment) {
        self.until = Some(self.until.map_or(at, |other| other.min(at)));
    }

    /// Draws a part; hands back when it reads differently, and until when it looks the same.
    pub(super) fn timed(&mut self, draw: impl FnOnce(&mut Self)) -> (Option<Moment>, Option<Moment>) {
        let (wake, until) = (self.wake.take(), self.until.take());
        draw(self);
        let own = (self.wake, [self.wake, self.until].into_iter().flatten().min());
        self.wake = [wake, self.wake].into_iter().flatten().min();
        self.until = until;
        own
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

    /// A sentence with the keys that do what it says, behind a space; nothing where nothing may be done.
    #[must_use]
    pub fn offer(&self, text: &str) -> String {
        if self.app.read_only { String::new() } else { format!(" {}", self.app.keys.tell(text)) }
    }

    /// Writes cleaned text at a place, cut to `columns` and to the screen, in this style and no other: what stands in a
    /// border is not as dim as that. Returns the columns used.
    pub fn put(&mut self, x: u16, y: u16, text: &str, columns: u16, style: Style) -> u16 {
        let area = self.buffer.area;
        if y < area.top() || y >= area.bottom() || x < area.left() || x >= area.right() {
            return 0;
        }
        let columns = columns.min(area.right() - x);
        uncover(self.buffer, (x, y));
        let style = absolute(self.look.theme.text, style);
        put_simple(self.buffer, (x, y), text, columns, style)
            .unwrap_or_else(|| put_any(self.buffer, (x, y), text, columns, style))
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
            if !area.is_empty() {
                uncover(self.buffer, (area.left(), y));
            }
            for x in area.left()..area.right() {
                self.buffer[(x, y)].reset();
            }
        }
        self.buffer.set_style(area, self.look.theme.text);
    }
}

/// `style` on the ground of `text`, so that nothing of what was there before shows through.
fn absolute(text: Style, style: Style) -> Style {
    let all = text.patch(style);
    let (fg, bg) = (all.fg.unwrap_or(Color::Reset), all.bg.unwrap_or(Color::Reset));
    all.fg(fg).bg(bg).remove_modifier(Modifier::all()).add_modifier(all.add_modifier)
}

/// A number of columns as the screen counts them; what is wider than any screen is cut.
#[must_use]
pub fn columns(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}

/// Whether this is a letter of one column that no other letter joins to: nearly all that is written is made of these.
const fn is_simple(letter: char) -> bool {
    matches!(letter, ' '..='~' | text::GLUE | '·' | '…' | '←'..='↓' | '─'..='◑' | '✓'..='✗')
}

/// Writes text of simple letters, if it is one: most of the time of a frame would be spent on looking for others.
fn put_simple(buffer: &mut Buffer, at: (u16, u16), text: &str, columns: u16, style: Style) -> Option<u16> {
    let mut count = 0_usize;
    for letter in text.chars() {
        if !is_simple(letter) {
            return None;
        }
        count += 1;
    }
    let room = usize::from(columns);
    let kept = if count > room { room.saturating_sub(1) } else { count };
    let cut = (kept < count && room > 0).then_some('…');
    let letters = text.chars().map(|letter| if letter == text::GLUE { ' ' } else { letter });
    let start = buffer.index_of(at.0, at.1);
    let cells = &mut buffer.content[start..start + room];
    for (cell, letter) in cells.iter_mut().zip(letters.take(kept).chain(cut)) {
        cell.set_char(letter).set_style(style);
    }
    u16::try_from(kept + usize::from(cut.is_some())).ok()
}

/// Writes any text. The cells that a wide letter covers are marked: the terminal is never told of them, so what it keeps there
/// is not known, and the frame that uncovers them has to write them even if they were blank and are blank again.
fn put_any(buffer: &mut Buffer, at: (u16, u16), text: &str, columns: u16, style: Style) -> u16 {
    let (start, y) = at;
    let fitted = fit(text, usize::from(columns)).replace(text::GLUE, " ");
    let (end, _) = buffer.set_stringn(start, y, fitted, usize::from(columns), style);
    let mut x = start;
    while x < end {
        let next = x + buffer[(x, y)].cell_width().max(1);
        for covered in x + 1..next.min(end) {
            buffer[(covered, y)].set_diff_option(CellDiffOption::AlwaysUpdate);
        }
        x = next;
    }
    end - start
}

/// Takes away the wide letter that begins before a cell and covers it: what is written there would not be seen.
fn uncover(buffer: &mut Buffer, (x, y): (u16, u16)) {
    let mut first = x;
    while first > buffer.area.left() && buffer[(first, y)].diff_option == CellDiffOption::AlwaysUpdate {
        first -= 1;
    }
    if first + buffer[(first, y)].cell_width() > x && first < x {
        buffer[(first, y)].set_symbol(" ");
        for uncovered in first + 1..=x {
            buffer[(uncovered, y)].set_diff_option(CellDiffOption::None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use ratatui::backend::{Backend, TestBackend};
    use unicode_width::UnicodeWidthChar;

    #[test]
    fn simple_letters_are_one_column_wide() {
        let odd: Vec<char> =
            ('\0'..'\u{3000}').filter(|letter| is_simple(*letter) && letter.width() != Some(1)).collect();
        assert!(odd.is_empty(), "{odd:?}");
    }

    /// A frame of one line with `text` in it, from a column on.
    fn frame(x: u16, text: &str) -> Buffer {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 5, 1));
        put_any(&mut buffer, (x, 0), text, 5 - x, Style::new());
        buffer
    }

    #[test]
    fn nothing_shows_through_what_is_written_over_it() {
        let before = Style::new().fg(Color::Cyan).add_modifier(Modifier::DIM | Modifier::BOLD);
        let ground = Style::new().bg(Color::Black);
        for style in
            [Style::new(), Style::new().fg(Color::Red).add_modifier(Modifier::BOLD), Style::new().bg(Color::Blue)]
        {
            let mut cell = ratatui::buffer::Cell::default();
            cell.set_style(ground).set_style(before).set_style(absolute(ground, style));
            let mut wanted = ratatui::buffer::Cell::default();
            wanted.set_style(ground).set_style(style);
            assert_eq!(cell, wanted, "{style:?}");
        }
    }

    #[test]
    fn what_a_wide_letter_lay_on_does_not_come_back() {
        // In the third frame the second column is blank, as it was under the wide letter: it has to be written none the less.
        let mut backend = TestBackend::new(5, 1);
        let frames = [frame(0, "     "), frame(0, "━━━━━"), frame(0, "温"), frame(2, "lwt")];
        for pair in frames.windows(2) {
            backend.draw(pair[0].diff_iter(&pair[1])).unwrap();
        }
        backend.assert_buffer_lines(["  lwt"]);
    }

    #[test]
    fn what_is_drawn_over_half_a_wide_letter_is_seen() {
        let mut buffer = frame(0, "a温b");
        uncover(&mut buffer, (2, 0));
        put_simple(&mut buffer, (2, 0), "│", 1, Style::new());
        let mut backend = TestBackend::new(5, 1);
        backend.draw(Buffer::empty(buffer.area).diff_iter(&buffer)).unwrap();
        backend.assert_buffer_lines(["a │b "]);
        uncover(&mut buffer, (2, 0));
        uncover(&mut buffer, (3, 0));
        assert_eq!(["a", " ", "│", "b"], [0, 1, 2, 3].map(|x| buffer[(x, 0)].symbol()));
    }

    proptest! {
        #[test]
        fn the_short_way_writes_what_the_long_way_does(
            text in "[ -~─│●✖…·\u{a0}]{0,14}", x in 0u16..20, columns in 0u16..20
        ) {
            let area = Rect::new(0, 0, 20, 2);
            let columns = columns.min(area.right() - x);
            let style = Style::new().add_modifier(ratatui::style::Modifier::BOLD);
            let (mut short, mut long) = (Buffer::empty(area), Buffer::empty(area));
            let used = put_simple(&mut short, (x, 1), &text, columns, style);
            let fitted = fit(&text, usize::from(columns)).replace(text::GLUE, " ");
            let (end, _) = long.set_stringn(x, 1, fitted, usize::from(columns), style);
            prop_assert_eq!(used, Some(end - x));
            prop_assert_eq!(short, long);
        }

        #[test]
        fn a_text_with_other_letters_takes_the_long_way(before in "[a-z]{0,5}", odd in "[é温\u{301}🚀\u{7}]") {
            let mut buffer = Buffer::empty(Rect::new(0, 0, 20, 1));
            let text = format!("{before}{odd}");
            prop_assert_eq!(put_simple(&mut buffer, (0, 0), &text, 20, Style::new()), None);
            prop_assert_eq!(buffer, Buffer::empty(Rect::new(0, 0, 20, 1)));
        }
    }
}
