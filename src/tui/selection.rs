//! Cursors that stay on what they point at while the lists move under them.

use super::action::Action;
use super::layout::{Form, Grid};
use crate::fleet::{Device, DeviceKey, Feed, Fleet, IncidentLog, NewsLog};
use crate::mqtt::ClientId;
use std::collections::VecDeque;

/// A place among the devices: it follows its device, and when that is deleted, it stays where it was.
#[derive(Clone, Debug, Default)]
pub struct DeviceCursor {
    selected: Option<ClientId>,
    index: usize,
    /// The first visible row of the panes, the table or the wall.
    pub top: usize,
}

impl DeviceCursor {
    /// The selected device.
    #[must_use]
    pub fn device<'a>(&self, fleet: &'a Fleet, rows: &[DeviceKey]) -> Option<&'a Device> {
        fleet.device(*rows.get(self.index)?)
    }

    /// Its index in the rows that are shown.
    #[must_use]
    pub const fn index(&self) -> usize {
        self.index
    }

    /// Finds the device again and keeps it on the screen.
    pub fn sync(&mut self, fleet: &Fleet, rows: &[DeviceKey], grid: &Grid) {
        // Rows only move when a device is deleted, or when the filter lets through others: a search is rare.
        if self.device(fleet, rows).map(|device| &device.id) != self.selected.as_ref() {
            let key = self.selected.as_ref().and_then(|client| fleet.find(client.as_str()));
            if let Some(index) = key.and_then(|key| rows.iter().position(|other| *other == key)) {
                self.index = index;
            }
            self.select(fleet, rows, self.index);
        }
        let row = self.index / grid.columns;
        let last_top = rows.len().div_ceil(grid.columns).saturating_sub(grid.rows);
        self.top = self.top.clamp((row + 1).saturating_sub(grid.rows), row).min(last_top);
    }

    fn select(&mut self, fleet: &Fleet, rows: &[DeviceKey], index: usize) {
        self.index = index.min(rows.len().saturating_sub(1));
        self.selected = self.device(fleet, rows).map(|device| device.id.clone());
    }

    /// One further, without changing rows in a way that surprises.
    pub fn advance(&mut self, fleet: &Fleet, rows: &[DeviceKey], grid: &Grid) {
        self.select(fleet, rows, self.index + 1);
        self.sync(fleet, rows, grid);
    }

    /// Selects the device called `client`, if it is shown; true if it was selected already.
    pub fn choose(&mut self, client: &ClientId, fleet: &Fleet, rows: &[DeviceKey], grid: &Grid) -> bool {
        let found = fleet.find(client.as_str()).and_then(|key| rows.iter().position(|other| *other == key));
        let Some(index) = found else { return false };
        let was = self.index == index;
        self.select(fleet, rows, index);
        self.sync(fleet, rows, grid);
        was
    }

    /// Scrolls by so many rows. The cursor stays on its device while that is visible, and then comes along at the edge.
    pub fn scroll(&mut self, down: bool, by: usize, fleet: &Fleet, rows: &[DeviceKey], grid: &Grid) {
        let (row, column) = (self.index / grid.columns, self.index % grid.columns);
        let last_top = rows.len().div_ceil(grid.columns).saturating_sub(grid.rows);
        self.top = if down { (self.top + by).min(last_top) } else { self.top.saturating_sub(by) };
        let row = row.clamp(self.top, self.top + grid.rows - 1);
        self.select(fleet, rows, row * grid.columns + column);
        self.sync(fleet, rows, grid);
    }

    /// Moves within the panes, the table or the wall.
    pub fn step(&mut self, action: Action, fleet: &Fleet, rows: &[DeviceKey], grid: &Grid) {
        let last = rows.len().saturating_sub(1);
        let columns = grid.columns;
        let page = grid.rows * columns;
        let index = match action {
            Action::Up if self.index >= columns => self.index - columns,
            // Below the last complete row there may be a shorter one.
            Action::Down if self.index / columns < last / columns => (self.index + columns).min(last),
            Action::Left if grid.form != Form::Table => self.index.saturating_sub(1),
            Action::Right if grid.form != Form::Table => self.index + 1,
            Action::PageUp if self.index >= page => self.index - page,
            Action::PageUp => self.index % columns,
            Action::PageDown => self.index + page,
            Action::First => 0,
            Action::Last => last,
            _ => self.index,
        };
        self.select(fleet, rows, index);
        self.sync(fleet, rows, grid);
    }
}

/// A list that grows at its beginning and forgets at its end, as far as the filter lets it through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed<'a> {
    /// All that ever came.
    pub total: u64,
    /// Those that are kept.
    pub kept: usize,
    /// Which of those are shown, oldest first, each counted from the first that ever came; `None` shows all.
    pub through: Option<&'a VecDeque<u64>>,
}

impl From<&Feed> for Listed<'_> {
    fn from(feed: &Feed) -> Self {
        Self { total: feed.total(), kept: feed.entries().len(), through: None }
    }
}

impl From<&NewsLog> for Listed<'_> {
    fn from(news: &NewsLog) -> Self {
        Self { total: news.total(), kept: news.entries().len(), through: None }
    }
}

impl From<&IncidentLog> for Listed<'_> {
    fn from(log: &IncidentLog) -> Self {
        Self { total: log.total(), kept: log.len(), through: None }
    }
}

impl<'a> Listed<'a> {
    /// The same with a filter's answer.
    #[must_use]
    pub fn sifted<'b>(self, through: Option<&'b VecDeque<u64>>) -> Listed<'b>
    where
        'a: 'b,
    {
        Listed { through, ..self }
    }

    /// How many are shown.
    #[must_use]
    pub fn shown(&self) -> usize {
        self.through.map_or(self.kept, VecDeque::len)
    }

    /// The one in `row`, 0 being the newest that is shown, counted from the first that ever came.
    #[must_use]
    pub fn number(&self, row: usize) -> Option<u64> {
        match self.through {
            Some(through) => through.get(through.len().checked_sub(row + 1)?).copied(),
            None if row < self.kept => self.total.checked_sub(row as u64 + 1),
            None => None,
        }
    }

    /// The place of the one in `row` among those that are kept, 0 being the newest.
    #[must_use]
    pub fn place(&self, row: usize) -> Option<usize> {
        usize::try_from(self.total.checked_sub(self.number(row)? + 1)?).ok()
    }

    /// How many that are shown came after the one with this number.
    #[must_use]
    pub fn above(&self, number: u64) -> usize {
        match self.through {
            Some(through) => through.len() - through.partition_point(|one| *one <= number),
            None => usize::try_from(self.total.saturating_sub(number + 1)).unwrap_or(usize::MAX),
        }
    }
}

/// A place in a list whose newest entry is the first. New messages come in above it, so it is counted from the first message that ever came; on the
/// newest message it follows whatever comes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FeedCursor {
    /// Which message, counted from 0; `None` follows the newest.
    message: Option<u64>,
    /// The first visible row.
    pub top: usize,
}

impl FeedCursor {
    /// The selected row, 0 being the newest. Where the filter hides what was selected, it is the next older one.
    #[must_use]
    pub fn row<'a>(&self, list: impl Into<Listed<'a>>) -> usize {
        let list = list.into();
        let Some(message) = self.message else { return 0 };
        list.above(message).min(list.shown().saturating_sub(1))
    }

    /// Keeps the selected row on the screen.
    pub fn sync<'a>(&mut self, list: impl Into<Listed<'a>>, rows: usize) {
        let row = self.row(list);
        self.top = self.top.clamp((row + 1).saturating_sub(rows), row);
    }

    /// Moves within the list.
    pub fn step<'a>(&mut self, action: Action, list: impl Into<Listed<'a>>, rows: usize) {
        let list = list.into();
        let row = self.row(list);
        let end = list.shown().saturating_sub(1);
        let row = stepped(row, action, end, rows);
        self.choose(row, list, rows);
    }

    /// Selects the row, 0 being the newest.
    pub fn choose<'a>(&mut self, row: usize, list: impl Into<Listed<'a>>, rows: usize) {
        let list = list.into();
        self.message = list.number(row).filter(|_| row > 0);
        self.sync(list, rows);
    }

    /// Scrolls by so many rows. The cursor stays where it is while that is visible, and then comes along at the edge.
    pub fn scroll<'a>(&mut self, down: bool, by: usize, list: impl Into<Listed<'a>>, rows: usize) {
        let list = list.into();
        let last_top = list.shown().saturating_sub(rows);
        self.top = if down { (self.top + by).min(last_top) } else { self.top.saturating_sub(by) };
        let row = self.row(list).clamp(self.top, self.top + rows.saturating_sub(1));
        self.choose(row, list, rows);
    }
}

/// The row after `action` in a list whose last row is `end` and of which `rows` are visible.
pub(super) fn stepped(row: usize, action: Action, end: usize, rows: usize) -> usize {
    match action {
        Action::Up => row.saturating_sub(1),
        Action::Down => (row + 1).min(end),
        Action::PageUp => row.saturating_sub(rows),
        Action::PageDown => (row + rows).min(end),
        Action::First => 0,
        Action::Last => end,
        _ => row,
    }
}
