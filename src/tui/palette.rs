//! The palette: every action by its name, those that fit what was typed first.

use super::View;
use super::action::Action;
use super::app::App;
use super::keymap::{BINDINGS, Mode};
use super::layer::Layer;
use super::selection::stepped;
use nucleo_matcher::pattern::{AtomKind, CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

/// One line of the palette.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it does.
    pub action: Action,
    /// Its name.
    pub name: String,
    /// What it does, in words.
    pub help: String,
    /// Its first key, as it is written, for a death after that of the menu; empty if it has none.
    pub key: String,
    /// Why it does nothing now.
    pub refused: Option<String>,
}

/// The actions that can be chosen by name, each once. Moving the cursor needs no name.
fn actions() -> Vec<(Action, String)> {
    let mut all: Vec<(Action, String)> = Vec::new();
    for binding in BINDINGS.iter().filter(|binding| binding.movable) {
        let moves = matches!(
            binding.action,
            Action::Up
                | Action::Down
                | Action::Left
                | Action::Right
                | Action::PageUp
                | Action::PageDown
                | Action::First
                | Action::Last
                | Action::Enter
                | Action::Back
                | Action::Yes
                | Action::Palette
        );
        let help = match binding.action {
            Action::Mass(kind) => kind.told().to_owned(),
            Action::Die(fault) => format!("{}: {}", fault.title(), fault.what_happens()),
            _ => binding.help.to_owned(),
        };
        if !moves && !help.is_empty() && !all.iter().any(|(action, _)| *action == binding.action) {
            all.push((binding.action, help));
        }
    }
    all
}

/// What was typed, and how well an action fits it.
struct Ranking {
    matcher: Matcher,
    by_name: Pattern,
    by_words: Pattern,
}

impl Ranking {
    fn new(typed: &str) -> Self {
        let pattern = |kind| Pattern::new(typed, CaseMatching::Ignore, Normalization::Smart, kind);
        // A sentence has nearly any few letters in it somewhere: of the words only a piece counts.
        Self {
            matcher: Matcher::new(Config::DEFAULT),
            by_name: pattern(AtomKind::Fuzzy),
            by_words: pattern(AtomKind::Substring),
        }
    }

    /// Higher is better; `None` if it does not fit. A name that fits stands before words that do.
    fn score(&mut self, name: &str, words: &str) -> Option<(bool, u32)> {
        let mut buffer = Vec::new();
        let by_name = self.by_name.score(Utf32Str::new(name, &mut buffer), &mut self.matcher);
        by_name.map(|score| (true, score)).or_else(|| {
            self.by_words.score(Utf32Str::new(words, &mut buffer), &mut self.matcher).map(|score| (false, score))
        })
    }
}

impl App {
    /// The action under the cursor, and closes the palette; says why not, if that one does nothing now.
    pub(super) fn choose(&mut self, view: &View<'_>) -> Option<Action> {
        let Some(Layer::Palette { typed, chosen }) = self.layers.last() else { return None };
        let mut entries = self.palette(typed, view);
        let row = row(&entries, *chosen);
        let entry = (row < entries.len()).then(|| entries.swap_remove(row))?;
        if let Some(why) = entry.refused {
            self.say(view, format!("{}: {why}", entry.name));
            return None;
        }
        self.close();
        Some(entry.action)
    }

    /// Puts the cursor of a palette in which nothing was chosen on its first line, where it stays.
    pub(super) fn sync_palette(&mut self, view: &View<'_>) {
        let Some(Layer::Palette { typed, chosen: None }) = self.layers.last() else { return };
        let first = self.palette(typed, view).first().map(|entry| entry.action);
        if let Some(Layer::Palette { chosen, .. }) = self.layers.last_mut() {
            *chosen = first;
        }
    }

    /// One line up or down in the palette.
    pub(super) fn step_palette(&mut self, action: Action, view: &View<'_>) {
        let Some(Layer::Palette { typed, chosen }) = self.layers.last() else { return };
        let entries = self.palette(typed, view);
        let row = stepped(row(&entries, *chosen), action, entries.len().saturating_sub(1), 1);
        let next = entries.get(row).map(|entry| entry.action);
        if let Some(Layer::Palette { chosen, .. }) = self.layers.last_mut() {
            *chosen = next;
        }
    }

    /// Selects the line of `action`, if there is one; true if it was selected already.
    pub(super) fn choose_entry(&mut self, action: Action, view: &View<'_>) -> bool {
        let Some(Layer::Palette { typed, chosen }) = self.layers.last() else { return false };
        let entries = self.palette(typed, view);
        let Some(place) = entries.iter().position(|entry| entry.action == action) else { return false };
        let was = row(&entries, *chosen) == place;
        if let Some(Layer::Palette { chosen, .. }) = self.layers.last_mut() {
            *chosen = Some(action);
        }
        was
    }

    /// The lines for what was typed, the best first.
    #[must_use]
    pub fn palette(&self, typed: &str, view: &View<'_>) -> Vec<Entry> {
        let below = self.mode_below();
        let mut ranking = Ranking::new(typed);
        let mut found: Vec<((bool, u32), Entry)> = Vec::new();
        for (action, help) in actions() {
            // Before anything is typed, what belongs to other places would only be in the way.
            if typed.trim().is_empty() && !self.belongs(action, below) {
                continue;
            }
            let name = action.name();
            let Some(score) = ranking.score(&name, &help) else { continue };
            let key = match self.keys.label(below, action) {
                key if key.is_empty() => self.keys.lines().iter().find(|line| line.binding.action == action),
                _ => self.keys.in_mode(below).find(|line| line.binding.action == action),
            };
            let key = key.and_then(|line| line.keys.first()).map(|key| self.keys.written(*key)).unwrap_or_default();
            // A death's letter is one of the menu.
            let key = match action {
                Action::Die(_) => format!("{} {key}", self.keys.press(Action::AskDeath)),
                Action::Mass(_) => format!("{} {key}", self.keys.press(Action::AskMass)),
                _ => key,
            };
            let refused = self.why_not(action, below, view);
            found.push((score, Entry { action, name, help, key, refused }));
        }
        // Stable: without a text, in the order of the table; what can be done now before what cannot.
        found.sort_by_key(|(score, entry)| (std::cmp::Reverse(*score), entry.refused.is_some()));
        found.into_iter().map(|(_, entry)| entry).collect()
    }

    /// Whether `action` has a meaning in `mode`, though it may do nothing now.
    fn belongs(&self, action: Action, mode: Mode) -> bool {
        // A death by its name is as good as by the menu.
        let wanted = if matches!(action, Action::Die(_)) { Action::AskDeath } else { action };
        let refused = self.read_only && action.acts();
        !refused && BINDINGS.iter().any(|binding| binding.action == wanted && binding.modes.contains(&mode))
    }

    /// What the keys mean below the palette, or now if it is not open.
    pub(super) fn mode_below(&self) -> Mode {
        match &self.layers[..] {
            [below @ .., Layer::Palette { .. }] => self.mode_of(below.last()),
            layers => self.mode_of(layers.last()),
        }
    }

    /// Why an action that has a meaning here would do nothing, with the keys that would change that.
    fn idle(&self, action: Action, view: &View<'_>) -> &'static str {
        match action {
            Action::Columns => "only of a table: {switch-shape} changes the view",
            Action::SortReverse => "nothing is sorted yet: {sort-next} sorts",
            Action::DieAgain if self.last_fault.is_none() => "nothing to repeat yet: {ask-death} chooses a death",
            Action::SwitchShape | Action::SortNext if !view.fleet.is_empty() => "there is only one device",
            Action::Cancel => "nothing takes a while now",
            Action::ReconnectAll => "no device that lwtop launched is gone",
            Action::Show(_) => "it is in front",
            _ if view.fleet.is_empty() => "there is no device",
            _ => "there is nothing to do it to now",
        }
    }

    /// Why `action` would do nothing in `mode` now.
    fn why_not(&self, action: Action, mode: Mode, view: &View<'_>) -> Option<String> {
        if self.read_only && action.acts() {
            return Some("lwtop is read only".to_owned());
        }
        if let Action::Die(fault) = action {
            let targets = self.targets(view);
            let Some(first) = targets.first().and_then(|client| view.device(client)) else {
                return Some(self.nobody());
            };
            let why = crate::fleet::faults::refusal(first, view.status.gateway, fault);
            return why.filter(|_| targets.len() == 1).map(str::to_owned);
        }
        // The menu's letters hold only in it; where it opens, each of its kinds can be chosen by name.
        let opens = if matches!(action, Action::Mass(_)) { Action::AskMass } else { action };
        let mut lines = BINDINGS.iter().filter(|binding| binding.action == opens);
        if !lines.clone().any(|binding| binding.modes.contains(&mode)) {
            let place = lines.next().and_then(|binding| binding.modes.first()).map_or("elsewhere", |mode| mode.place());
            return Some(format!("only {place}"));
        }
        (!self.works(action, view)).then(|| self.keys.tell(self.idle(action, view)))
    }
}

/// The line of the action that was chosen; the first, if none was or if what was typed since leaves it out.
pub(super) fn row(entries: &[Entry], chosen: Option<Action>) -> usize {
    chosen.and_then(|action| entries.iter().position(|entry| entry.action == action)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_name_stands_before_words_and_words_fit_only_in_one_piece() {
        let mut ranking = Ranking::new("reco");
        assert!(ranking.score("reconnect", "") > ranking.score("other", "it can reconnect"));
        assert!(ranking.score("other", "it can reconnect").is_some());
        assert_eq!(ranking.score("other", "redo each colour"), None);
        assert!(Ranking::new("RCN").score("reconnect", "").is_some());
        assert!(Ranking::new("").score("anything", "").is_some());
    }

    proptest! {
        #[test]
        fn nothing_that_is_typed_makes_it_panic(typed in "\\PC{0,12}") {
            let mut ranking = Ranking::new(&typed);
            for (action, help) in actions() {
                ranking.score(&action.name(), &help);
            }
            let _ = ranking.score(&typed, &typed);
        }
    }
}
