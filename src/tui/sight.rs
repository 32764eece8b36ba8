//! What the person looks at: what the keys mean there, where everything is, and which device or message is meant.

use super::View;
use super::app::{App, FEEDS, Focus};
use super::keymap::Mode;
use super::layer::Layer;
use super::layout::{self, Regions};
use super::page::Page;
use super::selection::Listed;
use crate::fleet::{Device, DeviceKey, FeedEntry};
use ratatui::layout::Rect;

impl App {
    /// What the keys mean now.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.mode_of(self.layers.last())
    }

    /// What the keys mean with `layer` on top.
    pub(super) fn mode_of(&self, layer: Option<&Layer>) -> Mode {
        match (layer, self.page, self.focus) {
            (Some(layer), ..) => layer.mode(),
            (None, Page::Incidents, _) => Mode::Incidents,
            (None, Page::Messages, _) => Mode::Messages,
            (None, Page::Wills, _) => Mode::Wills,
            (None, Page::Rules, _) => Mode::Rules,
            (None, Page::Lesson, _) if self.lessons.plays => Mode::Lesson,
            (None, Page::Lesson, _) => Mode::Lessons,
            (None, Page::Fleet, Focus::Devices) => Mode::Fleet,
            (None, Page::Fleet, Focus::Feed) => Mode::Feed,
        }
    }

    /// The devices on the page of the fleet, in their order.
    #[must_use]
    pub fn rows<'a>(&'a self, view: &View<'a>) -> &'a [DeviceKey] {
        self.sieve.sorted(view.fleet)
    }

    /// The screen without the line of what takes a while.
    #[must_use]
    pub const fn room(&self) -> Rect {
        layout::room(self.area, self.progress)
    }

    /// Where everything is for the fleet of `view`.
    #[must_use]
    pub fn regions(&self, view: &View<'_>) -> Regions {
        let shown = self.rows(view).len();
        let divide = |area| Regions::new(area, shown, self.shape, self.focus == Focus::Feed);
        let whole = divide(self.room()).above(self.area.bottom().saturating_sub(1));
        // Beside a lesson the fleet has less room; header and footer stay as they are.
        let stage = layout::lesson(self.room()).stage.filter(|_| self.page == Page::Lesson && self.lessons.plays);
        stage.map_or(whole, |stage| {
            let Regions { devices, feeds, grid, .. } = divide(stage);
            Regions { devices, feeds, grid, ..whole }
        })
    }

    /// The device that keys act on: the selected one; inside a detail, the one it shows; in a feed, the one that the message
    /// under the cursor speaks of, for a key must not act on what the person is not looking at.
    #[must_use]
    pub fn current<'a>(&self, view: &View<'a>) -> Option<&'a Device> {
        let open = self.layers.iter().rev().find_map(|layer| match layer {
            Layer::Detail { client, .. } => Some(Some(client)),
            Layer::Sequence { incident, .. } => Some(view.fleet.incident(*incident).map(|incident| &incident.client)),
            _ => None,
        });
        match (open, self.page, self.focus) {
            (Some(client), ..) => view.device(client?),
            (None, Page::Incidents, _) => view.device(&self.incidents.selected(view)?.client),
            (None, Page::Messages, _) => view.device(self.messages.selected(view)?.device()?),
            (None, Page::Wills, _) => self.wills.cursor.device(view.fleet, self.sieve.rows(view.fleet)),
            (None, _, Focus::Feed) => view.device(self.current_message(view)?.device.as_ref()?),
            (None, _, Focus::Devices) => self.cursor.device(view.fleet, self.rows(view)),
        }
    }

    /// The message under the cursor of the feed in front.
    pub(super) fn current_message<'a>(&self, view: &View<'a>) -> Option<&'a FeedEntry> {
        let list = self.listed(view, self.feed);
        view.fleet.feed(FEEDS[self.feed]).entries().get(list.place(self.feed_cursors[self.feed].row(list))?)
    }

    /// The messages of a feed that are shown: an index into [`FEEDS`].
    #[must_use]
    pub fn listed<'a>(&'a self, view: &View<'a>, feed: usize) -> Listed<'a> {
        self.messages.sift.listed(view.fleet, feed)
    }

    /// How many lines of the page in front the filter lets through, and of how many; `None` where it hides nothing.
    #[must_use]
    pub fn sifted(&self, view: &View<'_>) -> Option<(usize, usize)> {
        match self.page {
            Page::Incidents => Some((self.incidents.listed(view.fleet).shown(), view.fleet.incidents().len())),
            Page::Messages => Some((self.messages.len(), self.messages.kept(view.fleet))),
            Page::Fleet | Page::Wills | Page::Lesson => Some((self.sieve.rows(view.fleet).len(), view.fleet.len())),
            // Nothing of it concerns a rule: then it hides none.
            Page::Rules if !self.sieve.filter().is_empty() && !self.rules.filtered() => None,
            Page::Rules => Some((self.rules.rows().len(), view.status.rules.len())),
        }
    }
}
