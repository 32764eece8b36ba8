//! The page of lessons: which one is chosen, and which text of the one that plays is read.

use super::View;
use super::action::Action;
use crate::config::scenario::shipped;
use crate::hub::Command;
use crate::scenario::{Entry, Player, Scenario, State, Step};
use std::cell::Cell;
use std::collections::HashSet;
use std::sync::{Arc, OnceLock};

/// One line of the list.
#[derive(Clone, Debug)]
pub struct Lesson {
    /// What it is called on the command line.
    pub name: &'static str,
    /// The scenario.
    pub scenario: Arc<Scenario>,
}

/// The lessons that lwtop brings along, read once.
#[must_use]
pub fn lessons() -> &'static [Lesson] {
    static LESSONS: OnceLock<Vec<Lesson>> = OnceLock::new();
    LESSONS.get_or_init(|| {
        let read = shipped().iter().map(|one| one.scenario().map(|scenario| (one.name, scenario)));
        read.flatten().map(|(name, scenario)| Lesson { name, scenario: Arc::new(scenario) }).collect()
    })
}

/// Where the person is.
#[derive(Debug, Default)]
pub struct LessonPage {
    /// The lesson under the cursor, an index into [`lessons`].
    pub selected: usize,
    /// Whether one plays.
    pub plays: bool,
    /// How many texts before the newest is the one that is read.
    pub back: usize,
    /// The first visible line of it.
    pub scroll: usize,
    /// How far that can be scrolled, as last drawn: only the drawing knows how its lines broke.
    pub extent: Cell<usize>,
    /// Those that came to a good end.
    pub learnt: HashSet<String>,
    /// How many texts there were.
    texts: usize,
}

impl LessonPage {
    /// Takes in how the lesson stands.
    pub fn sync(&mut self, view: &View<'_>) {
        let lesson = view.status.lesson.as_ref();
        self.plays = lesson.is_some();
        let texts = lesson.map_or(0, |player| texts(player).len());
        if texts != self.texts {
            // A new text is read from its beginning.
            (self.texts, self.back, self.scroll) = (texts, 0, 0);
        }
        self.back = self.back.min(texts.saturating_sub(1));
        if let Some(player) = lesson.filter(|player| player.state() == State::Ended && player.ending().is_good())
            && !self.learnt.contains(player.name())
        {
            self.learnt.insert(player.name().to_owned());
        }
    }

    /// Moves in the list, or in the text.
    pub fn step(&mut self, action: Action, page: usize) {
        if self.plays {
            let (scroll, extent) = (self.scroll, self.extent.get());
            match action {
                Action::Left => {
                    self.back = (self.back + 1).min(self.texts.saturating_sub(1));
                    self.scroll = 0;
                }
                Action::Right => {
                    self.back = self.back.saturating_sub(1);
                    self.scroll = 0;
                }
                Action::Up => self.scroll = scroll.min(extent).saturating_sub(1),
                Action::Down => self.scroll = (scroll + 1).min(extent),
                Action::PageUp => self.scroll = scroll.min(extent).saturating_sub(page),
                Action::PageDown => self.scroll = (scroll + page).min(extent),
                Action::First => self.scroll = 0,
                Action::Last => self.scroll = extent,
                _ => {}
            }
            return;
        }
        let last = lessons().len().saturating_sub(1);
        self.selected = match action {
            Action::Up => self.selected.saturating_sub(1),
            Action::Down => (self.selected + 1).min(last),
            Action::First | Action::PageUp => 0,
            Action::Last | Action::PageDown => last,
            _ => self.selected,
        };
    }

    /// Whether there is a text before or after the one that is read.
    #[must_use]
    pub const fn can_turn(&self, action: Action) -> bool {
        if matches!(action, Action::Left) { self.back + 1 < self.texts } else { self.back > 0 }
    }

    /// Begins the lesson under the cursor.
    #[must_use]
    pub fn begin(&self) -> Option<Command> {
        lessons().get(self.selected).map(|lesson| play(lesson.name, &lesson.scenario))
    }

    /// Goes on: to the later text, if an earlier one is read; then in the lesson; at its end, to the next one.
    pub fn go_on(&mut self, player: &Player) -> Option<Command> {
        if self.back > 0 {
            self.step(Action::Right, 0);
            return None;
        }
        if player.state() != State::Ended {
            return Some(Command::GoOn);
        }
        match after(player) {
            Some(place) => {
                self.selected = place;
                self.begin()
            }
            None => Some(Command::StopPlaying),
        }
    }
}

/// The order to play.
#[must_use]
pub fn play(name: &str, scenario: &Arc<Scenario>) -> Command {
    Command::Play { name: name.into(), scenario: Arc::clone(scenario), pauses: true }
}

/// The order to play the same once more.
#[must_use]
pub fn again(player: &Player) -> Command {
    play(player.name(), player.scenario())
}

/// The lesson after the one that plays.
#[must_use]
pub fn after(player: &Player) -> Option<usize> {
    let place = lessons().iter().position(|lesson| lesson.name == player.name())?;
    (place + 1 < lessons().len()).then_some(place + 1)
}

/// Where in the log of `player` something was told.
#[must_use]
pub fn texts(player: &Player) -> Vec<usize> {
    let log = player.log().iter().enumerate();
    log.filter(|(_, entry)| matches!(entry, Entry::Said(_))).map(|(place, _)| place).collect()
}

/// How many texts a scenario has.
#[must_use]
pub fn text_count(scenario: &Scenario) -> usize {
    scenario.steps.iter().filter(|step| matches!(step, Step::Say { .. })).count()
}

/// What was told in `step`.
#[must_use]
pub fn text(scenario: &Scenario, step: usize) -> &str {
    match scenario.steps.get(step) {
        Some(Step::Say { text, .. }) => text,
        _ => "",
    }
}
