//! Where a person is on the page of messages: which kinds are shown, which line is selected, and what it says.

use super::View;
use super::action::Action;
use super::app::App;
use super::document::Document;
use super::keymap::Mode;
use super::layer::Layer;
use super::layout;
use super::selection::{Listed, stepped};
use super::sift::MessageSift;
use crate::fleet::{FeedEntry, Fleet, News, Role, wills};
use crate::hub::Command;
use crate::mqtt::ClientId;
use ratatui::layout::Rect;
use std::fmt::Write as _;

/// The kinds of lines, in the order of their tabs behind *all*.
pub const KINDS: [Kind; 5] = [
    Kind::Message(Role::Connected),
    Kind::Message(Role::Will),
    Kind::Message(Role::Executed),
    Kind::Message(Role::Other),
    Kind::Presence,
];

/// What a line tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A message that plays this part.
    Message(Role),
    /// A presence, or lwtop's own link.
    Presence,
}

impl Kind {
    /// Its name on tab and line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Message(role) => role.name(),
            Self::Presence => "presence",
        }
    }

    /// How many there were.
    #[must_use]
    pub const fn total(self, fleet: &Fleet) -> u64 {
        match self {
            Self::Message(role) => fleet.feed(role).total(),
            Self::Presence => fleet.news().total(),
        }
    }

    /// The one before which so many came.
    fn at(self, fleet: &Fleet, before: u64) -> Option<Told<'_>> {
        let place = usize::try_from(self.total(fleet).checked_sub(before + 1)?).ok()?;
        match self {
            Self::Message(role) => fleet.feed(role).entries().get(place).map(Told::Message),
            Self::Presence => fleet.news().entries().get(place).map(Told::News),
        }
    }

    /// All of it that is kept.
    #[must_use]
    pub fn listed(self, fleet: &Fleet) -> Listed<'static> {
        match self {
            Self::Message(role) => fleet.feed(role).into(),
            Self::Presence => fleet.news().into(),
        }
    }
}

/// One line of the list.
#[derive(Clone, Copy, Debug)]
pub enum Told<'a> {
    /// A message.
    Message(&'a FeedEntry),
    /// A change of a presence.
    News(&'a News),
}

impl<'a> Told<'a> {
    /// Its place among all lines: what came later has a higher one.
    #[must_use]
    pub const fn number(&self) -> u64 {
        match self {
            Self::Message(entry) => entry.number,
            Self::News(news) => news.number,
        }
    }

    /// The device that it speaks of.
    #[must_use]
    pub fn device(&self) -> Option<&'a ClientId> {
        match self {
            Self::Message(entry) => entry.device.as_ref(),
            Self::News(news) => match &news.what {
                crate::fleet::NewsKind::Device { client, .. } => Some(client),
                crate::fleet::NewsKind::Link { .. } => None,
            },
        }
    }
}

/// The state of the page.
#[derive(Debug, Default)]
pub struct MessagesPage {
    /// Which tab is in front: 0 for all, or the place in [`KINDS`] and 1.
    pub tab: usize,
    /// The first visible row.
    pub top: usize,
    /// The selected line by its number; `None` follows the newest.
    chosen: Option<u64>,
    /// Where the lines of the tab in front are, newest first: the kind, and how many of it came before.
    lines: Vec<(u64, Kind, u64)>,
    /// What `lines` was made for.
    seen: Option<(usize, u64, [u64; 5])>,
    /// What the filter lets through.
    pub sift: MessageSift,
    /// What the selected message says.
    document: Option<(u64, Document)>,
}

impl MessagesPage {
    /// How many lines the tab in front has, with those that the filter hides.
    #[must_use]
    pub fn kept(&self, fleet: &Fleet) -> usize {
        let front = KINDS.iter().enumerate().filter(|(index, _)| self.tab == 0 || self.tab == index + 1);
        front.map(|(_, kind)| kind.listed(fleet).kept).sum()
    }

    /// How many lines there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Whether the newest line is selected, whatever comes.
    #[must_use]
    pub const fn follows(&self) -> bool {
        self.chosen.is_none()
    }

    /// The line in `row`, 0 being the newest.
    #[must_use]
    pub fn line<'a>(&self, view: &View<'a>, row: usize) -> Option<Told<'a>> {
        let (_, kind, before) = *self.lines.get(row)?;
        kind.at(view.fleet, before)
    }

    /// The selected row.
    #[must_use]
    pub fn row(&self) -> usize {
        let Some(chosen) = self.chosen else { return 0 };
        // The numbers fall from line to line. What has left the list was the oldest.
        let row = self.lines.partition_point(|(number, ..)| *number > chosen);
        row.min(self.lines.len().saturating_sub(1))
    }

    /// The selected line.
    #[must_use]
    pub fn selected<'a>(&self, view: &View<'a>) -> Option<Told<'a>> {
        self.line(view, self.row())
    }

    /// The selected message, made readable.
    #[must_use]
    pub fn document(&self) -> Option<&Document> {
        self.document.as_ref().map(|(_, document)| document)
    }

    /// Takes in what came since the last time.
    pub fn sync(&mut self, view: &View<'_>, area: Rect) {
        let seen = (self.tab, self.sift.turns(), KINDS.map(|kind| kind.total(view.fleet)));
        if self.seen.replace(seen) != Some(seen) {
            self.collect(view.fleet);
        }
        let row = self.row();
        let rows = layout::messages(area).rows;
        self.top = self.top.clamp((row + 1).saturating_sub(rows), row);
        match self.selected(view) {
            Some(Told::Message(entry)) => {
                if self.document.as_ref().is_none_or(|(number, _)| *number != entry.number) {
                    self.document = Some((entry.number, Document::read(&entry.message.payload)));
                }
            }
            _ => self.document = None,
        }
    }

    /// Every list is bounded, and so is what they come to.
    fn collect(&mut self, fleet: &Fleet) {
        self.lines.clear();
        for (index, kind) in KINDS.into_iter().enumerate() {
            if self.tab != 0 && self.tab != index + 1 {
                continue;
            }
            let list = self.sift.listed(fleet, index);
            let numbers = (0..list.shown()).filter_map(|row| list.number(row));
            self.lines.extend(numbers.filter_map(|before| Some((kind.at(fleet, before)?.number(), kind, before))));
        }
        self.lines.sort_unstable_by_key(|(number, ..)| std::cmp::Reverse(*number));
    }

    /// Selects the line with this number, if it is still there; true if it was selected already.
    pub fn choose(&mut self, number: u64, view: &View<'_>, area: Rect) -> bool {
        let Some(row) = self.lines.iter().position(|(other, ..)| *other == number) else { return false };
        let was = self.row() == row;
        self.chosen = (row > 0).then_some(number);
        self.sync(view, area);
        was
    }

    /// Scrolls by so many rows. The cursor stays where it is while that is visible, and then comes along at the edge.
    pub fn scroll(&mut self, down: bool, by: usize, view: &View<'_>, area: Rect) {
        let rows = layout::messages(area).rows;
        let last_top = self.lines.len().saturating_sub(rows);
        self.top = if down { (self.top + by).min(last_top) } else { self.top.saturating_sub(by) };
        let row = self.row().clamp(self.top, self.top + rows.saturating_sub(1));
        self.chosen = self.lines.get(row).filter(|_| row > 0).map(|(number, ..)| *number);
        self.sync(view, area);
    }

    /// Moves within the list, or to another tab.
    pub fn step(&mut self, action: Action, view: &View<'_>, area: Rect) {
        let tabs = KINDS.len() + 1;
        match action {
            Action::Left => self.tab = (self.tab + tabs - 1) % tabs,
            Action::Right => self.tab = (self.tab + 1) % tabs,
            _ => {}
        }
        let (row, rows) = (self.row(), layout::messages(area).rows);
        let end = self.lines.len().saturating_sub(1);
        let row = stepped(row, action, end, rows);
        if !matches!(action, Action::Left | Action::Right) {
            self.chosen = self.lines.get(row).filter(|_| row > 0).map(|(number, ..)| *number);
        }
        self.sync(view, area);
    }
}

impl App {
    /// Opens the selected message, or the device whose presence changed.
    pub(super) fn enter_told(&mut self, view: &View<'_>) -> Option<Command> {
        match self.messages.selected(view)? {
            Told::Message(entry) => self.open(Layer::message(entry.clone())),
            Told::News(_) => self.open_device(view),
        }
    }

    /// What `y` copies: of a message or a will its payload, of anything else the id of its device. Every frame asks, so
    /// nothing is written down for it.
    pub(super) fn source<'a>(&'a self, view: &View<'a>) -> Option<&'a [u8]> {
        let payload = |entry: &'a FeedEntry| &entry.message.payload[..];
        let id = |client: &'a ClientId| client.as_str().as_bytes();
        match (self.layers.last(), self.mode()) {
            (Some(Layer::Message { entry, .. }), _) => Some(payload(entry)),
            (None, Mode::Messages) => match self.messages.selected(view)? {
                Told::Message(entry) => Some(payload(entry)),
                news @ Told::News(_) => news.device().map(id),
            },
            (None, Mode::Wills) => {
                self.current(view).and_then(|device| wills::payload(view.fleet, device)).map(|all| &all[..])
            }
            (None, Mode::Feed) => self.current_message(view).map(payload),
            _ => self.current(view).map(|device| id(&device.id)),
        }
    }

    /// The text that `y` copies: bytes that are no text in hexadecimal.
    #[must_use]
    pub fn copied(&self, view: &View<'_>) -> Option<String> {
        let source = self.source(view)?;
        Some(match std::str::from_utf8(source) {
            Ok(text) => text.to_owned(),
            Err(_) => source.iter().fold(String::with_capacity(source.len() * 2), |mut hex, byte| {
                // Writing to a String cannot fail.
                let _ = write!(hex, "{byte:02x}");
                hex
            }),
        })
    }
}
