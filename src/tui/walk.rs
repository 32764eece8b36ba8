//! How a person gets about: a step, around the regions, into what is selected and out again.

use super::View;
use super::action::Action;
use super::app::{App, Focus, feed_rows};
use super::keymap::Mode;
use super::layer::Layer;
use super::layout;
use super::page::Page;
use crate::hub::Command;
use crate::mqtt::Fault;

impl App {
    pub(super) fn back(&mut self) -> Option<Command> {
        if matches!(self.layers.last(), Some(Layer::Filter)) {
            self.sieve.set("");
        }
        if !self.layers.is_empty() {
            return self.close();
        }
        if self.page != Page::Fleet {
            self.page = Page::Fleet;
        } else if self.focus == Focus::Feed {
            self.focus = Focus::Devices;
        } else if self.marks.is_empty() {
            self.sieve.set("");
        } else {
            self.marks.clear();
        }
        None
    }

    pub(super) fn step(&mut self, action: Action, view: &View<'_>) -> Option<Command> {
        let regions = self.regions(view);
        let extent = self.extent.get();
        if self.layers.is_empty() && self.page == Page::Rules {
            let page = usize::from(self.area.height / 2);
            self.rules.step(action, view, page);
            return None;
        }
        if self.layers.is_empty() && self.page == Page::Lesson {
            self.lessons.step(action, usize::from(self.area.height / 3).max(1));
            return None;
        }
        if self.layers.is_empty() && self.page == Page::Incidents {
            self.incidents.step(action, view, self.room());
            return None;
        }
        if self.layers.is_empty() && self.page == Page::Wills {
            let grid = layout::wills(self.room()).grid();
            self.wills.cursor.step(action, view.fleet, self.sieve.rows(view.fleet), &grid);
            return None;
        }
        if self.layers.is_empty() && self.page == Page::Messages {
            self.messages.step(action, view, self.room());
            return None;
        }
        if matches!(action, Action::Left | Action::Right) && self.mode() == Mode::Sequence {
            return self.turn_incident(action, view);
        }
        match (self.layers.last_mut(), self.focus) {
            (Some(Layer::Death { row, .. }), _) => match action {
                Action::Up => *row = (*row + Fault::ALL.len() - 1) % Fault::ALL.len(),
                Action::Down => *row = (*row + 1) % Fault::ALL.len(),
                _ => {}
            },
            (Some(Layer::Mass(_)), _) => return self.change_mass(action, view),
            (Some(Layer::Palette { .. }), _) => self.step_palette(action, view),
            (Some(Layer::Columns { .. }), _) => self.step_columns(action),
            (Some(layer), _) => {
                let page = usize::from(self.area.height / 2);
                if let Some(scroll) = layer.scroll_mut() {
                    *scroll = moved(*scroll, action, page, extent);
                }
            }
            (None, Focus::Devices) => {
                self.cursor.step(action, view.fleet, self.sieve.sorted(view.fleet), &regions.grid);
            }
            (None, Focus::Feed) => match action {
                Action::Left => self.feed = (self.feed + 2) % 3,
                Action::Right => self.feed = (self.feed + 1) % 3,
                _ => {
                    let list = self.messages.sift.listed(view.fleet, self.feed);
                    self.feed_cursors[self.feed].step(action, list, feed_rows(&regions));
                }
            },
        }
        None
    }

    /// Around the circle devices, connected, will, executed.
    pub(super) fn turn(&mut self, by: usize) -> Option<Command> {
        let place = if self.focus == Focus::Devices { 0 } else { self.feed + 1 };
        match (place + by) % 4 {
            0 => self.focus = Focus::Devices,
            next => {
                self.focus = Focus::Feed;
                self.feed = next - 1;
            }
        }
        None
    }

    pub(super) fn enter(&mut self, view: &View<'_>) -> Option<Command> {
        match (self.layers.last(), self.focus) {
            (Some(Layer::Death { row, .. }), _) => self.die(Fault::ALL[*row], view),
            (Some(Layer::Mass(_)), _) => self.begin_mass(view),
            (Some(Layer::Filter), _) => self.close(),
            (Some(Layer::Launch { number }), _) => self.launch_many(*number, view),
            (Some(Layer::Detail { .. }), _) => {
                let incident = self.current(view)?.incident?;
                self.open(Layer::Sequence { incident, scroll: 0 })
            }
            (Some(Layer::Columns { row }), _) => {
                let column = self.columns.all().get(*row)?.0;
                self.sort_by(column, view)
            }
            (Some(_), _) => None,
            (None, _) if self.page == Page::Incidents => {
                let incident = self.incidents.selected(view)?.id;
                self.open(Layer::Sequence { incident, scroll: 0 })
            }
            (None, _) if self.page == Page::Lesson => self.lessons.begin(),
            (None, _) if self.page == Page::Wills => self.open_device(view),
            (None, _) if self.page == Page::Messages => self.enter_told(view),
            (None, _) if self.page == Page::Rules => {
                let entry = self.rules.shown()?.entry.clone();
                self.open(Layer::message(entry))
            }
            (None, Focus::Devices) => {
                let client = self.cursor.device(view.fleet, self.rows(view))?.id.clone();
                self.open(Layer::Detail { client, scroll: 0 })
            }
            (None, Focus::Feed) => {
                let entry = self.current_message(view)?;
                self.open(Layer::message(entry.clone()))
            }
        }
    }
}

/// A scroll position after `action`.
pub(super) fn moved(scroll: usize, action: Action, page: usize, extent: usize) -> usize {
    match action {
        Action::Up => scroll.min(extent).saturating_sub(1),
        Action::Down => scroll.saturating_add(1).min(extent),
        Action::PageUp => scroll.min(extent).saturating_sub(page),
        Action::PageDown => scroll.saturating_add(page).min(extent),
        Action::First => 0,
        Action::Last => extent,
        _ => scroll,
    }
}
