//! Which keys would do something now.

use super::View;
use super::action::Action;
use super::app::{App, Focus};
use super::keymap::Mode;
use super::layer::Layer;
use super::layout::Form;
use super::messages::Told;
use super::orders::can_reconnect;
use super::page::Page;
use crate::scenario::{Player, State};

impl App {
    /// Whether `action` would do something now: the footer shows only such keys.
    #[must_use]
    pub fn works(&self, action: Action, view: &View<'_>) -> bool {
        if self.read_only && action.acts() {
            return false;
        }
        let current = self.current(view);
        match action {
            Action::AskDeath | Action::Remove | Action::Mark | Action::OpenDevice => current.is_some(),
            Action::DieAgain => current.is_some() && self.last_fault.is_some(),
            Action::Reconnect => !self.marks.is_empty() || current.is_some_and(can_reconnect),
            Action::ReconnectAll => {
                // Looks at the first few hundred only: it is asked for every frame.
                view.fleet.counts().offline > 1 && view.fleet.devices().take(300).any(can_reconnect)
            }
            Action::Cancel => view.status.jobs.iter().any(|job| job.work.can_be_cancelled()),
            Action::SwitchShape | Action::SortNext => view.fleet.len() > 1,
            Action::SortReverse => self.sieve.sort().is_some(),
            Action::Columns => self.mode() == Mode::Columns || self.regions(view).grid.form == Form::Table,
            Action::Left | Action::Right if self.mode() == Mode::Columns => true,
            Action::Filter if self.page == Page::Rules => !view.status.rules.is_empty(),
            Action::Filter => self.sifted(view).is_some_and(|(_, all)| all > 0),
            Action::MarkAll | Action::AskMass | Action::Mass(_) => !view.fleet.is_empty(),
            Action::Enter => match self.mode() {
                Mode::Fleet | Mode::Wills => current.is_some(),
                Mode::Feed => self.listed(view, self.feed).shown() > 0,
                Mode::Rules => self.rules.shown().is_some(),
                Mode::Lessons => !self.read_only,
                Mode::Incidents => self.incidents.selected(view).is_some(),
                Mode::Messages => match self.messages.selected(view) {
                    Some(Told::News(_)) => current.is_some(),
                    told => told.is_some(),
                },
                Mode::Detail => current.is_some_and(|device| device.incident.is_some()),
                Mode::Launch => match self.layers.last() {
                    Some(Layer::Launch { number }) => (1..=Self::most_to_launch(view)).contains(number),
                    _ => false,
                },
                _ => true,
            },
            Action::Left | Action::Right if self.mode() == Mode::Sequence => self.can_turn_incident(action, view),
            Action::Left | Action::Right if self.mode() == Mode::Lesson => self.lessons.can_turn(action),
            Action::Left | Action::Right if matches!(self.mode(), Mode::Messages | Mode::Mass) => true,
            Action::Copy => self.source(view).is_some(),
            Action::Left | Action::Right => self.rules.can_turn(action == Action::Right),
            Action::GoOn => {
                let state = view.status.lesson.as_ref().map(Player::state);
                self.lessons.back > 0 || matches!(state, Some(State::Paused | State::Ended))
            }
            Action::Show(page) => self.page != page || !self.layers.is_empty(),
            Action::Why => match self.mode() {
                Mode::Messages => matches!(self.messages.selected(view), Some(Told::Message(_))),
                Mode::Feed => self.listed(view, self.feed).shown() > 0,
                // Where the whole page is visible, the reason is, too.
                Mode::Rules => self.rules.shown().is_some() && self.rules.drawn.get().1 > 0,
                _ => true,
            },
            Action::Back => {
                let away = self.page != Page::Fleet || self.focus == Focus::Feed;
                !self.layers.is_empty() || !self.marks.is_empty() || away || !self.sieve.filter().text().is_empty()
            }
            _ => true,
        }
    }
}
