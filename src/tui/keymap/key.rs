//! One key: how it comes from a terminal, how it stands on the screen and how it is written in a file.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use std::str::FromStr;

/// A key as the table names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// A character; capital letters stand for themselves, whatever the terminal says of Shift.
    Char(char),
    /// A character with Control.
    Ctrl(char),
    /// A key without a character.
    Code(KeyCode),
}

/// Keys without a character: how they are written in a file, and on the screen where there are signs.
const NAMED: [(&str, &str, KeyCode); 15] = [
    ("up", "↑", KeyCode::Up),
    ("down", "↓", KeyCode::Down),
    ("left", "←", KeyCode::Left),
    ("right", "→", KeyCode::Right),
    ("enter", "⏎", KeyCode::Enter),
    ("esc", "esc", KeyCode::Esc),
    ("tab", "tab", KeyCode::Tab),
    ("shift-tab", "shift-tab", KeyCode::BackTab),
    ("backspace", "backspace", KeyCode::Backspace),
    ("delete", "delete", KeyCode::Delete),
    ("insert", "insert", KeyCode::Insert),
    ("home", "home", KeyCode::Home),
    ("end", "end", KeyCode::End),
    ("page-up", "PgUp", KeyCode::PageUp),
    ("page-down", "PgDn", KeyCode::PageDown),
];

impl Key {
    /// The key of a terminal event; `None` for combinations that the table does not use.
    #[must_use]
    pub fn of(event: &KeyEvent) -> Option<Self> {
        let control = event.modifiers.contains(KeyModifiers::CONTROL);
        let other = event.modifiers.intersects(KeyModifiers::ALT | KeyModifiers::SUPER | KeyModifiers::META);
        match event.code {
            _ if other => None,
            KeyCode::Char(letter) if control => Some(Self::Ctrl(letter.to_ascii_lowercase())),
            KeyCode::Char(letter) if event.modifiers.contains(KeyModifiers::SHIFT) && letter.is_ascii_lowercase() => {
                Some(Self::Char(letter.to_ascii_uppercase()))
            }
            KeyCode::Char(letter) => Some(Self::Char(letter)),
            code => Some(Self::Code(code)),
        }
    }

    /// How it stands on the screen.
    #[must_use]
    pub fn label(self) -> String {
        match self {
            Self::Code(code) => {
                let named = NAMED.iter().find(|(_, _, named)| *named == code);
                named.map_or_else(|| self.name(), |(_, label, _)| (*label).to_owned())
            }
            _ => self.name(),
        }
    }

    /// How it is written in a file; also on the screen where there is nothing but ASCII.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Char(' ') => "space".to_owned(),
            Self::Char(letter) => letter.to_string(),
            Self::Ctrl(letter) => format!("ctrl-{letter}"),
            Self::Code(KeyCode::F(number)) => format!("f{number}"),
            Self::Code(code) => {
                let named = NAMED.iter().find(|(_, _, named)| *named == code);
                named.map_or_else(|| format!("{code:?}").to_lowercase(), |(name, ..)| (*name).to_owned())
            }
        }
    }

    /// Whether it types a character.
    #[must_use]
    pub const fn types(self) -> bool {
        matches!(self, Self::Char(_))
    }
}

/// A text that names no key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no key {0:?}{1} A key is one character, ctrl- and a letter, f1 to f12, space or one of {2}")]
pub struct NoKey(String, String, String);

impl FromStr for Key {
    type Err = NoKey;

    fn from_str(text: &str) -> Result<Self, NoKey> {
        let lower = text.to_ascii_lowercase();
        let mut letters = text.chars();
        if let (Some(letter), None) = (letters.next(), letters.next())
            && !letter.is_control()
        {
            return Ok(Self::Char(letter));
        }
        if lower == "space" {
            return Ok(Self::Char(' '));
        }
        if let Some((.., code)) = NAMED.iter().find(|(name, ..)| *name == lower) {
            return Ok(Self::Code(*code));
        }
        let control = lower.strip_prefix("ctrl-").filter(|rest| rest.len() == 1);
        if let Some(letter) = control.and_then(|rest| rest.chars().next()).filter(char::is_ascii_graphic) {
            return Ok(Self::Ctrl(letter));
        }
        let number = lower.strip_prefix('f').and_then(|number| number.parse().ok());
        if let Some(number) = number.filter(|number| (1..=12).contains(number)) {
            return Ok(Self::Code(KeyCode::F(number)));
        }
        let names: Vec<&str> = NAMED.iter().map(|(name, ..)| *name).collect();
        let near = names.iter().chain(&["space"]).map(|name| (strsim::damerau_levenshtein(name, &lower), name));
        let near = near.min().filter(|(distance, _)| *distance <= 2);
        let near = near.map_or_else(|| ".".to_owned(), |(_, name)| format!("; did you mean {name}?"));
        Err(NoKey(text.to_owned(), near, names.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_read_back() {
        let keys = ["x", "X", "é", "space", "ctrl-s", "f5", "enter", "shift-tab", "page-up", "-", ":"];
        for text in keys {
            assert_eq!(text.parse::<Key>().unwrap().name(), text);
        }
        assert_eq!("PAGE-UP".parse(), Ok(Key::Code(KeyCode::PageUp)));
        assert_eq!("Ctrl-S".parse(), Ok(Key::Ctrl('s')));
    }

    #[test]
    fn what_is_no_key_is_told_with_the_nearest() {
        for (text, wanted) in
            [("entre", "did you mean enter?"), ("", "one character"), ("f13", "f1 to f12"), ("xx", "ctrl-")]
        {
            let why = text.parse::<Key>().unwrap_err().to_string();
            assert!(why.contains(wanted), "{why}");
        }
    }
}
