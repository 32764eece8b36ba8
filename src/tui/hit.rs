//! What lies where on the screen, for the mouse. The drawing notes it while it draws, so that there is no second copy of
//! where anything is: what a person clicks on is what was drawn there, even if the fleet has moved since.

use super::action::Action;
use super::keymap::Mode;
use super::layout::Grid;
use crate::fleet::{Column, IncidentId};
use crate::mqtt::ClientId;
use ratatui::layout::{Position, Rect};

/// What can be clicked on, or scrolled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// What a key does: a tab, or a hint in the footer.
    Key(Action),
    /// A device in its pane, line or cell.
    Device(ClientId),
    /// The head of a column of the table.
    Heading(Column),
    /// The region of the devices.
    Devices,
    /// A message in a feed: the feed's place on the screen, and the message's number.
    Entry(usize, u64),
    /// A feed.
    Feed(usize),
    /// A line of the page of incidents.
    Incident(IncidentId),
    /// The list of incidents.
    Incidents,
    /// A line of the page of messages, by its number.
    Told(u64),
    /// A tab of that page.
    Kind(usize),
    /// The list of messages.
    Messages,
    /// A line of the page of wills.
    Will(ClientId),
    /// The list of wills.
    Wills,
    /// A line of the list of rules.
    Rule(usize),
    /// The list of rules.
    Rules,
    /// A lesson of the list.
    Lesson(usize),
    /// The list of lessons.
    Lessons,
    /// What stands below a list and tells of this line, which was the selected one.
    Below(Box<Self>),
    /// The text of a page.
    Text,
    /// A line of the menu on top, where none ever changes its place.
    Line(usize),
    /// A line of the palette.
    Choice(Action),
    /// The layer on top.
    Layer,
    /// What lies beside a pop-up.
    Outside,
    /// Nothing that a click could mean.
    Nothing,
}

/// The parts of a picture, in the order in which they were drawn.
#[derive(Clone, Debug, Default)]
pub struct Zones {
    mode: Option<Mode>,
    parts: Vec<(Rect, Target)>,
    /// Where a wall is, how its cells stand, and whose they are: a place would be another device's as soon as one comes,
    /// goes or is sorted elsewhere.
    wall: Option<(Rect, Grid, Vec<ClientId>)>,
}

impl Zones {
    /// Nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { mode: None, parts: Vec::new(), wall: None }
    }

    /// Says what the keys meant when the picture was drawn.
    pub const fn drawn_in(&mut self, mode: Mode) {
        self.mode = Some(mode);
    }

    /// `target` was drawn in `area`, over what was there.
    pub fn add(&mut self, area: Rect, target: Target) {
        self.parts.push((area, target));
    }

    /// What is at `place`; `None` if nothing is. Nothing is either, if `mode` is not the one that was drawn: a click on what
    /// is no longer there must not do anything.
    #[must_use]
    pub fn at(&self, place: Position, mode: Mode) -> Option<Target> {
        let mut over = self.parts.iter().rev().filter(|(area, _)| area.contains(place));
        let (_, target) = over.next().filter(|_| self.mode == Some(mode))?;
        let wall = self.wall.as_ref().filter(|_| *target == Target::Devices);
        let cell = wall.and_then(|(area, grid, cells)| cells.get(grid.place(*area, place)?));
        Some(cell.map_or_else(|| target.clone(), |client| Target::Device(client.clone())))
    }

    /// A wall was drawn inside the border `area`, with these devices from its first cell on. So many parts would be a long
    /// way for each click.
    pub fn wall(&mut self, area: Rect, grid: Grid, cells: Vec<ClientId>) {
        self.wall = Some((area, grid, cells));
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &(Rect, Target)> {
        self.parts.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_drawn_last_is_on_top_and_only_in_its_mode() {
        let mut zones = Zones::new();
        zones.drawn_in(Mode::Fleet);
        zones.add(Rect::new(0, 0, 10, 10), Target::Devices);
        zones.add(Rect::new(2, 2, 3, 1), Target::Feed(1));
        let at = |x, y, mode| zones.at(Position::new(x, y), mode);
        assert_eq!(at(2, 2, Mode::Fleet), Some(Target::Feed(1)));
        assert_eq!(at(5, 2, Mode::Fleet), Some(Target::Devices));
        assert_eq!(at(10, 2, Mode::Fleet), None);
        assert_eq!(at(2, 2, Mode::Death), None);
    }
}
