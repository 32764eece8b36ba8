//! What is typed: digits of a number, letters of a filter or of a name, and taking them back.

use super::View;
use super::app::App;
use super::layer::{Layer, MOST_TO_LAUNCH};
use crate::figures::grouped;
use crate::hub::Command;

/// Up to here a number is taken in; from far below on it is refused.
const MOST_TO_TYPE: usize = 99_999_999;

impl App {
    /// How many devices can be launched at once, now.
    #[must_use]
    pub fn most_to_launch(view: &View<'_>) -> usize {
        view.status.room.map_or(MOST_TO_LAUNCH, |room| room.min(MOST_TO_LAUNCH))
    }

    /// Launches as many as were asked for, if so many are possible.
    pub(super) fn launch_many(&mut self, number: usize, view: &View<'_>) -> Option<Command> {
        let most = Self::most_to_launch(view);
        if number == 0 {
            return self.say(view, "type how many devices to launch");
        }
        if number > most {
            let (number, some) = (grouped(number as u64), grouped(most as u64));
            return self.say(
                view,
                if most < MOST_TO_LAUNCH {
                    format!(
                        "{number} devices do not fit, {some} do: each needs open files. Launch fewer, or raise the limit \
                         (ulimit -Hn)"
                    )
                } else {
                    format!("{number} are too many at once: launch up to {some}, and then the others")
                },
            );
        }
        self.close();
        Some(Command::Launch(number))
    }

    pub(super) fn digit(&mut self, digit: u8) -> Option<Command> {
        if let Some(Layer::Mass(form)) = self.layers.last_mut() {
            form.digit(digit);
        }
        if let Some(Layer::Launch { number }) = self.layers.last_mut() {
            // What is too many stands there as it was typed, and is refused: the box says what is possible.
            let next = *number * 10 + usize::from(digit);
            if next <= MOST_TO_TYPE {
                *number = next;
            }
        }
        None
    }

    pub(super) fn erase(&mut self) -> Option<Command> {
        match self.layers.last_mut() {
            Some(Layer::Mass(form)) => form.erase(),
            Some(Layer::Launch { number }) => *number /= 10,
            Some(Layer::Palette { typed, chosen }) => {
                typed.pop();
                *chosen = None;
            }
            Some(Layer::Filter) => {
                let mut text = self.sieve.filter().text().to_owned();
                text.pop();
                self.sieve.set(&text);
            }
            _ => {}
        }
        None
    }

    /// Takes back the whole line, as a shell does.
    pub(super) fn erase_all(&mut self) -> Option<Command> {
        match self.layers.last_mut() {
            Some(Layer::Palette { typed, chosen }) => {
                typed.clear();
                *chosen = None;
            }
            Some(Layer::Filter) => self.sieve.set(""),
            _ => {}
        }
        None
    }

    /// What is typed or pasted where a text is written: as much of it as a line holds.
    pub fn write(&mut self, text: &str, view: &View<'_>) {
        match self.layers.last_mut() {
            Some(Layer::Palette { typed, chosen }) => {
                *typed = with(typed, text);
                *chosen = None;
            }
            Some(Layer::Filter) => self.sieve.set(&with(self.sieve.filter().text(), text)),
            _ => {}
        }
        self.sync(view);
    }
}

/// `before` and as many letters of `text` as fit behind it; what only controls a terminal is left out.
fn with(before: &str, text: &str) -> String {
    // Longer than any screen: nobody means it.
    const LONGEST: usize = 400;
    let room = LONGEST.saturating_sub(before.chars().count());
    before.chars().chain(text.chars().filter(|letter| !letter.is_control()).take(room)).collect()
}
