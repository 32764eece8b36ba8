//! The table with a person's own keys in it.

use super::{BINDINGS, Binding, Key, Mode};
use crate::tui::action::Action;
use crossterm::event::KeyEvent;

/// One line of the table, with the keys that are in force.
#[derive(Clone, Debug)]
pub struct Line {
    /// As lwtop has it.
    pub binding: &'static Binding,
    /// The keys; the first one stands in the footer. Empty if a person gave it none.
    pub keys: Vec<Key>,
}

/// Which key does what.
#[derive(Clone, Debug)]
pub struct Keymap {
    lines: Vec<Line>,
    /// Whether keys are written in ASCII.
    pub ascii: bool,
}

/// Something wrong with a person's keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyFault {
    /// The action, as it is written.
    pub action: String,
    /// What is wrong, and what to do.
    pub why: String,
}

impl Default for Keymap {
    fn default() -> Self {
        let lines = BINDINGS.iter().map(|binding| Line { binding, keys: binding.keys.to_vec() }).collect();
        Self { lines, ascii: false }
    }
}

impl Keymap {
    /// lwtop's keys with those of `changes` in place of its own: the names of actions, each with all its keys.
    ///
    /// # Errors
    /// Every action and key that there is not, and every key that would do two things; never an empty list.
    pub fn with<'c>(changes: impl IntoIterator<Item = (&'c str, &'c [String])>) -> Result<Self, Vec<KeyFault>> {
        let mut map = Self::default();
        let (mut faults, mut moved) = (Vec::new(), Vec::new());
        for (name, texts) in changes {
            let mut fault = |why: String| faults.push(KeyFault { action: name.to_owned(), why });
            let lines = map.lines.iter_mut().filter(|line| line.binding.movable && line.binding.action.name() == name);
            let mut lines: Vec<&mut Line> = lines.collect();
            if lines.is_empty() {
                fault(no_such_action(name));
                continue;
            }
            let mut keys = Vec::new();
            for text in texts {
                match text.parse() {
                    Ok(key) => keys.push(key),
                    Err(why) => fault(super::NoKey::to_string(&why)),
                }
            }
            for line in &mut lines {
                line.take(&keys);
            }
            moved.push(name);
        }
        for name in moved {
            faults.extend(map.conflict(name));
        }
        if faults.is_empty() { Ok(map) } else { Err(faults) }
    }

    /// The same, with keys written in ASCII or not.
    #[must_use]
    pub fn in_ascii(self, ascii: bool) -> Self {
        Self { ascii, ..self }
    }

    /// The first key of an action's that does something else as well in one of its modes.
    fn conflict(&self, name: &str) -> Option<KeyFault> {
        let own = self.lines.iter().filter(|line| line.binding.action.name() == name);
        own.flat_map(|line| line.keys.iter().map(move |key| (line, key))).find_map(|(line, key)| {
            let other = self.lines.iter().find_map(|other| {
                let mode = other.binding.modes.iter().find(|mode| line.binding.modes.contains(mode))?;
                let clash = other.binding.action != line.binding.action && other.keys.contains(key);
                clash.then_some((other, *mode))
            });
            let (other, mode) = other?;
            let (key, taken) = (key.name(), other.binding.action.name());
            let out = if other.binding.movable {
                format!("give {taken} another key, or take another one here")
            } else {
                "take another one here".to_owned()
            };
            let why = format!("the key {key:?} does {taken} already {}: {out}", mode.place());
            Some(KeyFault { action: name.to_owned(), why })
        })
    }

    /// What `event` does in `mode`.
    #[must_use]
    pub fn action(&self, mode: Mode, event: &KeyEvent) -> Option<Action> {
        let key = Key::of(event)?;
        self.in_mode(mode).find(|line| line.keys.contains(&key)).map(|line| line.binding.action)
    }

    /// The lines that hold in `mode`.
    pub fn in_mode(&self, mode: Mode) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(move |line| line.binding.modes.contains(&mode))
    }

    /// All lines.
    #[must_use]
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// How a key is written on the screen.
    #[must_use]
    pub fn written(&self, key: Key) -> String {
        if self.ascii { key.name() } else { key.label() }
    }

    /// The first key that does `wanted` in `mode`; empty if there is none.
    #[must_use]
    pub fn label(&self, mode: Mode, wanted: Action) -> String {
        let mut lines = self.in_mode(mode).filter(|line| line.binding.action == wanted);
        lines.find_map(|line| line.keys.first()).map(|key| self.written(*key)).unwrap_or_default()
    }

    /// The same in whatever mode has one, for sentences that tell a person what to press: `:` and the action's name where
    /// it has no key at all.
    #[must_use]
    pub fn press(&self, wanted: Action) -> String {
        let mut lines = self.lines.iter().filter(|line| line.binding.action == wanted);
        let key = lines.find_map(|line| line.keys.first()).map(|key| self.written(*key));
        key.unwrap_or_else(|| format!(":{}", wanted.name()))
    }
}

impl Keymap {
    /// `text` with the key of each action whose name stands in braces in it: `{launch-one} launches one`.
    #[must_use]
    pub fn tell(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, name, after)) = rest
            .split_once('{')
            .and_then(|(before, rest)| rest.split_once('}').map(|(name, after)| (before, name, after)))
        {
            out.push_str(before);
            match BINDINGS.iter().map(|binding| binding.action).find(|action| action.name() == name) {
                Some(action) => out.push_str(&self.press(action)),
                None => out.push_str(name),
            }
            rest = after;
        }
        out.push_str(rest);
        out
    }
}

impl Line {
    /// Takes `keys` in place of lwtop's. Where characters choose or are typed, and lwtop itself moves by other keys alone,
    /// only those without a character are taken.
    fn take(&mut self, keys: &[Key]) {
        let bare = !self.binding.keys.iter().any(|key| key.types());
        let taken = self.binding.modes.iter().any(|mode| mode.takes_characters());
        if bare && taken {
            let others: Vec<Key> = keys.iter().copied().filter(|key| !key.types()).collect();
            if !others.is_empty() {
                self.keys = others;
            }
        } else {
            self.keys = keys.to_vec();
        }
    }
}

fn no_such_action(name: &str) -> String {
    let mut known: Vec<String> =
        BINDINGS.iter().filter(|binding| binding.movable).map(|binding| binding.action.name()).collect();
    known.sort_unstable();
    known.dedup();
    let near = known.iter().map(|known| (strsim::damerau_levenshtein(known, name), known)).min();
    let near = near.filter(|(distance, known)| *distance <= 2.max(known.len() / 3)).map(|(_, known)| known);
    let near = near.or_else(|| known.iter().find(|known| known.starts_with(name)));
    let near = near.map_or_else(|| ".".to_owned(), |known| format!("; did you mean {known}?"));
    format!("there is no action {name}{near} There are: {}", known.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mqtt::Fault;
    use crossterm::event::{KeyCode, KeyModifiers};

    fn with(changes: &[(&str, &[&str])]) -> Result<Keymap, Vec<KeyFault>> {
        let owned: Vec<(&str, Vec<String>)> =
            changes.iter().map(|(name, keys)| (*name, keys.iter().map(|key| (*key).to_owned()).collect())).collect();
        Keymap::with(owned.iter().map(|(name, keys)| (*name, keys.as_slice())))
    }

    fn does(map: &Keymap, mode: Mode, code: KeyCode) -> Option<Action> {
        map.action(mode, &KeyEvent::new(code, KeyModifiers::NONE))
    }

    #[test]
    fn a_key_of_ones_own_takes_the_place_of_lwtops() {
        let map = with(&[("launch-one", &["L", "f2"]), ("die-rst", &["d"])]).unwrap();
        assert_eq!(does(&map, Mode::Fleet, KeyCode::Char('L')), Some(Action::LaunchOne));
        assert_eq!(does(&map, Mode::Fleet, KeyCode::F(2)), Some(Action::LaunchOne));
        assert_eq!(does(&map, Mode::Fleet, KeyCode::Char('n')), None);
        assert_eq!(does(&map, Mode::Death, KeyCode::Char('d')), Some(Action::Die(Fault::Rst)));
        assert_eq!((map.label(Mode::Fleet, Action::LaunchOne), map.press(Action::LaunchOne)), ("L".into(), "L".into()));
        let none = with(&[("launch-one", &[])]).unwrap();
        assert_eq!(none.press(Action::LaunchOne), ":launch-one");
    }

    #[test]
    fn sentences_name_the_keys_that_hold() {
        let map = with(&[("launch-one", &["L"]), ("ask-death", &[])]).unwrap();
        let text = map.tell("{launch-one} launches one, {ask-death} kills, {next-region} is next.");
        assert_eq!(text, "L launches one, :ask-death kills, tab is next.");
        assert_eq!(map.tell("{ and } and {x"), " and  and {x");
    }

    #[test]
    fn two_actions_may_change_places() {
        let map = with(&[("launch-one", &["x"]), ("ask-death", &["n"])]).unwrap();
        assert_eq!(does(&map, Mode::Detail, KeyCode::Char('n')), Some(Action::AskDeath));
    }

    #[test]
    fn letters_that_choose_keep_doing_so() {
        let map = with(&[("up", &["z", "up"])]).unwrap();
        assert_eq!(does(&map, Mode::Death, KeyCode::Char('z')), Some(Action::Die(Fault::Freeze)));
        assert_eq!(does(&map, Mode::Death, KeyCode::Up), Some(Action::Up));
        assert_eq!(does(&map, Mode::Fleet, KeyCode::Char('z')), Some(Action::Up));
    }

    #[test]
    fn every_fault_is_told() {
        let faults = with(&[("launch", &["L"]), ("mark", &["entr", "x"]), ("quit", &["esc"])]).unwrap_err();
        let told: Vec<String> = faults.iter().map(|fault| format!("{}: {}", fault.action, fault.why)).collect();
        assert!(told[0].starts_with("launch: there is no action launch; did you mean"), "{told:#?}");
        assert!(told[1].starts_with("mark: there is no key \"entr\"; did you mean enter?"), "{told:#?}");
        assert!(told[2].starts_with("mark: the key \"x\" does ask-death already"), "{told:#?}");
        assert!(told[3].contains("quit: the key \"esc\" does back already"), "{told:#?}");
        assert_eq!(told.len(), 4);
    }

    #[test]
    fn there_is_always_a_way_out() {
        let map = with(&[("quit", &["Q"]), ("back", &["b"])]).unwrap();
        let control = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        assert!(Mode::ALL.iter().all(|mode| map.action(*mode, &control) == Some(Action::Quit)));
    }

    #[test]
    fn without_signs_keys_have_names() {
        let map = Keymap { ascii: true, ..Keymap::default() };
        assert_eq!(map.label(Mode::Fleet, Action::Enter), "enter");
        assert_eq!(Keymap::default().label(Mode::Fleet, Action::Enter), "⏎");
    }
}
