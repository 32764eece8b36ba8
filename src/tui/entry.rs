//! What is typed: digits of a number, letters of a filter or of a name, and taking them back.

use super::View;
use super::app::App;
use super::layer::{Layer, MOST_TO_LAUNCH};
use crate::hub::Command;

impl App {
    pub(super) fn digit(&mut self, digit: u8) -> Option<Command> {
        if let Some(Layer::Mass(form)) = self.layers.last_mut() {
            form.digit(digit);
        }
        if let Some(Layer::Launch { number }) = self.layers.last_mut() {
            let next = *number * 10 + usize::from(digit);
            // A digit too many is not taken: the number on the screen is the number that is launched.
            if next <= MOST_TO_LAUNCH {
                *number = next;
            }
        }
        None
    }

    pub(super) fn erase(&mut self) -> Option<Command> {
        match self.layers.last_mut() {
            Some(Layer::Mass(form)) => form.erase(),
            Some(Layer::Launch { number }) => *number /= 10,
            Some(Layer::Palette { typed, row }) => {
                typed.pop();
                *row = 0;
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
            Some(Layer::Palette { typed, row }) => {
                typed.clear();
                *row = 0;
            }
            Some(Layer::Filter) => self.sieve.set(""),
            _ => {}
        }
        None
    }

    /// A character where a text is written.
    pub fn write(&mut self, letter: char, view: &View<'_>) {
        // Longer than any screen: nobody means it.
        const LONGEST: usize = 400;
        match self.layers.last_mut() {
            Some(Layer::Palette { typed, row }) if typed.len() < LONGEST => {
                typed.push(letter);
                *row = 0;
            }
            Some(Layer::Filter) if self.sieve.filter().text().len() < LONGEST => {
                let text = format!("{}{letter}", self.sieve.filter().text());
                self.sieve.set(&text);
            }
            _ => {}
        }
        self.sync(view);
    }
}
