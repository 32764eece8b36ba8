//! What the mouse does: a click selects and focuses, a click on what is selected opens it, and the wheel scrolls what is
//! under it. All of it comes down to what keys do, so that what is forbidden to a key is forbidden here too.

use super::View;
use super::action::Action;
use super::app::{App, Effect, FEEDS, Focus, feed_rows};
use super::hit::Target;
use super::keymap::Mode;
use super::layer::Layer;
use super::layout::{self, Form};
use super::page::Page;
use super::walk::moved;

/// How many lines one notch of the wheel goes.
const NOTCH: usize = 3;

impl App {
    /// A click on `target`; `None` is a place where nothing is.
    pub fn click(&mut self, target: Option<&Target>, view: &View<'_>) -> Vec<Effect> {
        // A filter is kept by a click elsewhere: what it shows is what is clicked on.
        if self.mode() == Mode::Filter && !matches!(target, Some(Target::Key(_) | Target::Nothing)) {
            self.update(Action::Enter, view);
        }
        let Some(target) = target else { return Vec::new() };
        self.note = None;
        self.sync(view);
        match target {
            Target::Key(action) => self.update(*action, view),
            Target::Outside => self.update(Action::Back, view),
            // It may no longer be the one that is selected, or be hidden.
            Target::Below(line) => {
                self.select(line, view);
                if self.select(line, view) { self.update(Action::Enter, view) } else { Vec::new() }
            }
            Target::Heading(column) if self.page == Page::Fleet => {
                self.sort_by(*column, view);
                self.sync(view);
                Vec::new()
            }
            _ if self.select(target, view) => self.update(Action::Enter, view),
            _ => {
                self.sync(view);
                Vec::new()
            }
        }
    }

    /// Selects `target` and gives its region the focus; true if it was selected and had it already.
    fn select(&mut self, target: &Target, view: &View<'_>) -> bool {
        let regions = self.regions(view);
        let focus = (self.focus, self.feed);
        // Beside a lesson nothing is chosen among devices and messages.
        let fleet = self.page == Page::Fleet;
        match target {
            Target::Device(client) if fleet => {
                self.focus = Focus::Devices;
                let rows = self.sieve.sorted(view.fleet);
                self.cursor.choose(client, view.fleet, rows, &regions.grid) && focus.0 == Focus::Devices
            }
            Target::Devices if fleet => {
                self.focus = Focus::Devices;
                false
            }
            Target::Entry(feed, number) if fleet => {
                (self.focus, self.feed) = (Focus::Feed, *feed);
                let list = self.messages.sift.listed(view.fleet, *feed);
                let entries = view.fleet.feed(FEEDS[*feed]).entries();
                let entry = |row: usize| entries.get(list.place(row)?);
                let found = (0..list.shown()).find(|row| entry(*row).is_some_and(|entry| entry.number == *number));
                let Some(row) = found else { return false };
                let cursor = &mut self.feed_cursors[*feed];
                let was = cursor.row(list);
                cursor.choose(row, list, feed_rows(&regions));
                was == row && focus == (Focus::Feed, *feed)
            }
            Target::Feed(feed) if fleet => {
                (self.focus, self.feed) = (Focus::Feed, *feed);
                false
            }
            Target::Incident(id) => {
                let rows = layout::incidents(self.room()).rows;
                self.incidents.choose(*id, view.fleet, rows)
            }
            Target::Told(number) => self.messages.choose(*number, view, self.room()),
            Target::Kind(tab) => {
                self.messages.tab = *tab;
                false
            }
            Target::Will(client) => {
                let grid = layout::wills(self.room()).grid();
                self.wills.cursor.choose(client, view.fleet, self.sieve.rows(view.fleet), &grid)
            }
            Target::Rule(rule) => self.rules.choose(*rule, view),
            Target::Lesson(lesson) => std::mem::replace(&mut self.lessons.selected, *lesson) == *lesson,
            Target::Line(line) => match self.layers.last_mut() {
                Some(Layer::Death { row, .. } | Layer::Columns { row }) => std::mem::replace(row, *line) == *line,
                _ => false,
            },
            Target::Choice(action) => self.choose_entry(*action, view),
            _ => false,
        }
    }

    /// The wheel over `target`.
    pub fn wheel(&mut self, target: &Target, down: bool, view: &View<'_>) {
        self.sync(view);
        let regions = self.regions(view);
        let (one, many) = if down { (Action::Down, Action::PageDown) } else { (Action::Up, Action::PageUp) };
        match target {
            Target::Device(_) | Target::Heading(_) | Target::Devices => {
                // A pane is as high as a few lines.
                let by = if regions.grid.form == Form::Panes { 1 } else { NOTCH };
                self.cursor.scroll(down, by, view.fleet, self.sieve.sorted(view.fleet), &regions.grid);
            }
            Target::Entry(feed, _) | Target::Feed(feed) => {
                let list = self.messages.sift.listed(view.fleet, *feed);
                self.feed_cursors[*feed].scroll(down, NOTCH, list, feed_rows(&regions));
            }
            Target::Incident(_) | Target::Incidents => {
                let rows = layout::incidents(self.room()).rows;
                self.incidents.scroll(down, NOTCH, view.fleet, rows);
            }
            Target::Told(_) | Target::Kind(_) | Target::Messages => {
                self.messages.scroll(down, NOTCH, view, self.room());
            }
            Target::Will(_) | Target::Wills => {
                let grid = layout::wills(self.room()).grid();
                self.wills.cursor.scroll(down, NOTCH, view.fleet, self.sieve.rows(view.fleet), &grid);
            }
            Target::Rule(_) | Target::Rules => self.rules.step(one, view, 1),
            Target::Text if self.page == Page::Rules => self.rules.step(many, view, NOTCH),
            Target::Text if self.page == Page::Lesson => self.lessons.step(many, NOTCH),
            Target::Lesson(_) | Target::Lessons => self.lessons.step(one, 1),
            Target::Line(_) | Target::Choice(_) | Target::Layer => self.wheel_layer(one, many, view),
            Target::Key(_) | Target::Below(_) | Target::Text | Target::Outside | Target::Nothing => {}
        }
        self.sync(view);
    }

    /// The wheel over the layer on top: a menu's cursor goes line by line, a text is scrolled.
    fn wheel_layer(&mut self, one: Action, many: Action, view: &View<'_>) {
        let extent = self.extent.get();
        match self.layers.last_mut() {
            Some(Layer::Death { .. } | Layer::Palette { .. } | Layer::Columns { .. } | Layer::Mass(_)) => {
                self.step(one, view);
            }
            Some(layer) => {
                if let Some(scroll) = layer.scroll_mut() {
                    *scroll = moved(*scroll, many, NOTCH, extent);
                }
            }
            None => {}
        }
    }
}
