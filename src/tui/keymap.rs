//! Which key does what in which mode. One table: the program, the footer and the help all read it.

mod key;
mod mode;
mod remap;

pub use key::{Key, NoKey};
pub use mode::Mode;
pub use remap::{KeyFault, Keymap, Line};

use super::action::Action;
use super::page::Page;
use crate::hub::mass::Kind;
use crate::mqtt::Fault;
use crossterm::event::KeyCode;

/// One line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Binding {
    /// Where it works.
    pub modes: &'static [Mode],
    /// The keys; the first one stands in the footer.
    pub keys: &'static [Key],
    /// What they do.
    pub action: Action,
    /// A word for the footer; empty if it is not to stand there.
    pub hint: &'static str,
    /// A line for the help; empty if it is not to stand there.
    pub help: &'static str,
    /// Whether a person may give it other keys.
    pub movable: bool,
}

const fn bind(
    modes: &'static [Mode],
    keys: &'static [Key],
    action: Action,
    hint: &'static str,
    help: &'static str,
) -> Binding {
    Binding { modes, keys, action, hint, help, movable: true }
}

/// A line whose keys stay: what is typed, and the ways out that nobody may lose.
const fn fixed(modes: &'static [Mode], keys: &'static [Key], action: Action, help: &'static str) -> Binding {
    Binding { modes, keys, action, hint: "", help, movable: false }
}

use Key::{Char, Code, Ctrl};
use Mode::{
    Columns, Confirm, Death, Detail, Feed, Filter, Fleet, Help, Incidents, Launch, Lesson, Lessons, Mass, Message,
    Messages, Notices, Palette, Rules, Sequence, Wills,
};

/// Where a device is selected.
const PAGES: &[Mode] = &[Fleet, Feed, Detail, Incidents, Sequence, Messages, Wills];
const MAIN: &[Mode] = &[Fleet, Feed];
/// Where a page fills the screen: from there one turns to any other.
const TABBED: &[Mode] = &[Fleet, Feed, Detail, Incidents, Sequence, Messages, Wills, Rules, Lessons, Lesson];
const LISTS: &[Mode] = &[
    Fleet, Feed, Detail, Message, Help, Notices, Incidents, Sequence, Messages, Wills, Rules, Lessons, Lesson, Columns,
];
const SIDEWAYS: &[Mode] = &[Fleet, Feed, Detail, Message, Help, Notices];
const POPUPS: &[Mode] = &[Message, Death, Mass, Launch, Confirm, Columns, Help, Notices];

/// Every key, in the order of the footer and of the help.
pub const BINDINGS: &[Binding] = &[
    bind(MAIN, &[Char('n')], Action::LaunchOne, "launch", "launch one simulated device"),
    bind(PAGES, &[Char('x')], Action::AskDeath, "kill…", "choose how the device dies"),
    bind(PAGES, &[Char('X')], Action::DieAgain, "again", "the last death once more"),
    bind(PAGES, &[Char('r')], Action::Reconnect, "reconnect", "bring the device back"),
    bind(MAIN, &[Code(KeyCode::Enter)], Action::Enter, "open", "open the device, or the message"),
    bind(
        &[Incidents, Detail],
        &[Code(KeyCode::Enter)],
        Action::Enter,
        "sequence",
        "of an incident or a device: its death as a sequence of packets",
    ),
    bind(&[Wills], &[Code(KeyCode::Enter)], Action::Enter, "device", "of a will: its device"),
    bind(&[Messages], &[Code(KeyCode::Enter)], Action::Enter, "open", "of a message: all of it"),
    bind(
        &[Messages],
        &[Code(KeyCode::Right), Char(']'), Char('l')],
        Action::Right,
        "next kind",
        "of messages: the next kind",
    ),
    bind(&[Messages], &[Code(KeyCode::Left), Char('['), Char('h')], Action::Left, "", "of messages: the kind before"),
    bind(
        &[Incidents, Sequence, Messages],
        &[Char('d')],
        Action::OpenDevice,
        "device",
        "of an incident or a message: its device",
    ),
    bind(
        &[Feed, Message, Messages, Rules],
        &[Char('w')],
        Action::Why,
        "why",
        "why rules fired on the message, or did not",
    ),
    bind(
        &[Message, Messages, Wills],
        &[Char('y')],
        Action::Copy,
        "copy",
        "copy the message, the will, or the id of the device",
    ),
    bind(&[Fleet, Feed, Detail, Incidents, Sequence], &[Char('y')], Action::Copy, "", ""),
    bind(MAIN, &[Char(' ')], Action::Mark, "mark", "mark the device; x, X, r and D act on all that are marked"),
    bind(MAIN, &[Char('a')], Action::MarkAll, "", "mark all devices that are shown, or none"),
    bind(
        &[Fleet, Feed, Incidents, Messages, Wills],
        &[Char('/')],
        Action::Filter,
        "filter",
        "show only what fits: presence:offline cause:keepalive id~press, text",
    ),
    bind(MAIN, &[Char('N')], Action::AskLaunch, "many", "launch many: asks how many"),
    bind(PAGES, &[Char('R')], Action::ReconnectAll, "all back", "bring every simulated device back"),
    bind(MAIN, &[Code(KeyCode::Tab)], Action::NextRegion, "next", "next: devices, connected, will, executed"),
    bind(MAIN, &[Code(KeyCode::BackTab)], Action::PreviousRegion, "", "the one before"),
    bind(PAGES, &[Char('D')], Action::Remove, "delete", "delete the device; asks when there are several"),
    bind(&[Lessons], &[Code(KeyCode::Enter)], Action::Enter, "begin", "of the lessons: begin the one under the cursor"),
    bind(&[Lesson], &[Code(KeyCode::Enter), Char(' ')], Action::GoOn, "go on", "in a lesson: go on"),
    bind(
        &[Lesson],
        &[Code(KeyCode::Left), Char('['), Char('h')],
        Action::Left,
        "before",
        "in a lesson: the text before",
    ),
    bind(
        &[Lesson],
        &[Code(KeyCode::Right), Char(']'), Char('l')],
        Action::Right,
        "after",
        "in a lesson: the text after",
    ),
    bind(&[Lesson], &[Char('a')], Action::PlayAgain, "again", "in a lesson: once more from the beginning"),
    bind(&[Lesson], &[Char('s')], Action::StopPlaying, "stop", "in a lesson: stop; its devices leave"),
    bind(TABBED, &[Char('1')], Action::Show(Page::Fleet), "", "the fleet: devices and messages"),
    bind(TABBED, &[Char('2')], Action::Show(Page::Incidents), "incidents", "the incidents: every death with its hops"),
    bind(TABBED, &[Char('3')], Action::Show(Page::Messages), "messages", "the messages: all that was said, in order"),
    bind(TABBED, &[Char('4')], Action::Show(Page::Wills), "wills", "the wills: what the broker would publish"),
    bind(TABBED, &[Char('5')], Action::Show(Page::Rules), "rules", "the rules, and why they fired or did not"),
    bind(TABBED, &[Char('6')], Action::Show(Page::Lesson), "lesson", "the lessons: what a will is, step by step"),
    bind(
        &[Sequence],
        &[Code(KeyCode::Left), Char('['), Char('h')],
        Action::Left,
        "newer",
        "of a sequence: the newer incident",
    ),
    bind(
        &[Sequence],
        &[Code(KeyCode::Right), Char(']'), Char('l')],
        Action::Right,
        "older",
        "of a sequence: the older incident",
    ),
    bind(&[Rules], &[Code(KeyCode::Left), Char('['), Char('h')], Action::Left, "newer", "there: the newer message"),
    bind(&[Rules], &[Code(KeyCode::Right), Char(']'), Char('l')], Action::Right, "older", "there: the older message"),
    bind(&[Rules], &[Code(KeyCode::Enter)], Action::Enter, "message", "there: the whole message"),
    bind(&[Rules], &[Char('/')], Action::Filter, "filter", "there: show only the rules that fit"),
    bind(MAIN, &[Char('u')], Action::Undo, "", "undo the last launch: its devices leave"),
    bind(TABBED, &[Char('f')], Action::Pause, "", "let the screen stand still; any key goes on"),
    bind(TABBED, &[Char(':')], Action::Palette, "actions", "every action by its name"),
    bind(MAIN, &[Char('K')], Action::AskMass, "storm…", "faults on many: cut some, a storm, a partition"),
    bind(TABBED, &[Char('C')], Action::Cancel, "", "end what takes a while: a launch, a storm, a partition"),
    bind(MAIN, &[Char('v')], Action::SwitchShape, "view", "panes, table or wall"),
    bind(MAIN, &[Char('s')], Action::SortNext, "sort", "sort by the next column, at last by none"),
    bind(MAIN, &[Char('S')], Action::SortReverse, "reverse", "sort the other way round"),
    bind(MAIN, &[Char('c')], Action::Columns, "columns", "of a table: choose its columns, and sort by one"),
    bind(
        &[Columns],
        &[Char(' ')],
        Action::ToggleColumn,
        "show or hide",
        "of the columns: show the one under the cursor, or hide it",
    ),
    bind(
        &[Columns],
        &[Code(KeyCode::Left), Char('h')],
        Action::Left,
        "to the left",
        "of the columns: to the left in the table",
    ),
    bind(
        &[Columns],
        &[Code(KeyCode::Right), Char('l')],
        Action::Right,
        "to the right",
        "of the columns: to the right in the table",
    ),
    bind(
        &[Columns],
        &[Code(KeyCode::Enter)],
        Action::Enter,
        "sort",
        "of the columns: sort by it, the other way round, not at all",
    ),
    bind(&[Columns], &[Char('c')], Action::Columns, "", ""),
    bind(LISTS, &[Code(KeyCode::Up), Char('k')], Action::Up, "", "up"),
    bind(LISTS, &[Code(KeyCode::Down), Char('j')], Action::Down, "", "down"),
    bind(SIDEWAYS, &[Code(KeyCode::Left), Char('h')], Action::Left, "", "left"),
    bind(SIDEWAYS, &[Code(KeyCode::Right), Char('l')], Action::Right, "", "right"),
    bind(LISTS, &[Code(KeyCode::PageUp)], Action::PageUp, "", "a screen up"),
    bind(LISTS, &[Code(KeyCode::PageDown)], Action::PageDown, "", "a screen down"),
    bind(LISTS, &[Char('g'), Code(KeyCode::Home)], Action::First, "", "to the beginning"),
    bind(LISTS, &[Char('G'), Code(KeyCode::End)], Action::Last, "", "to the end"),
    // In the death menu hjkl choose deaths: only the arrows move.
    bind(&[Death], &[Code(KeyCode::Up)], Action::Up, "", ""),
    bind(&[Death], &[Code(KeyCode::Down)], Action::Down, "", ""),
    bind(&[Death], &[Code(KeyCode::Enter)], Action::Enter, "do it", ""),
    bind(&[Death], &[Char('l')], Action::Die(Fault::Leave), "", ""),
    bind(&[Death], &[Char('f')], Action::Die(Fault::Fin), "", ""),
    bind(&[Death], &[Char('r')], Action::Die(Fault::Rst), "", ""),
    bind(&[Death], &[Char('z')], Action::Die(Fault::Freeze), "", ""),
    bind(&[Death], &[Char('t')], Action::Die(Fault::Takeover), "", ""),
    bind(&[Death], &[Char('p')], Action::Die(Fault::ProtocolError), "", ""),
    bind(&[Death], &[Char('w')], Action::Die(Fault::LeaveWithWill), "", ""),
    bind(&[Death], &[Char('k')], Action::Die(Fault::Kick), "", ""),
    bind(&[Mass], &[Code(KeyCode::Enter)], Action::Enter, "begin", ""),
    bind(&[Mass], &[Code(KeyCode::Up)], Action::Up, "", ""),
    bind(&[Mass], &[Code(KeyCode::Down)], Action::Down, "next", ""),
    bind(&[Mass], &[Code(KeyCode::Left)], Action::Left, "", ""),
    bind(&[Mass], &[Code(KeyCode::Right)], Action::Right, "change", ""),
    bind(&[Mass], &[Char('c')], Action::Mass(Kind::Cut), "", ""),
    bind(&[Mass], &[Char('s')], Action::Mass(Kind::Storm), "", ""),
    bind(&[Mass], &[Char('p')], Action::Mass(Kind::Partition), "", ""),
    fixed(&[Mass], &[Char('%')], Action::Percent, ""),
    bind(&[Filter], &[Code(KeyCode::Enter)], Action::Enter, "keep", ""),
    bind(&[Palette], &[Code(KeyCode::Enter)], Action::Enter, "do it", ""),
    bind(&[Palette], &[Code(KeyCode::Up)], Action::Up, "", ""),
    bind(&[Palette], &[Code(KeyCode::Down)], Action::Down, "", ""),
    fixed(&[Filter, Palette], &[Code(KeyCode::Backspace)], Action::Erase, ""),
    fixed(&[Filter, Palette], &[Ctrl('u')], Action::EraseAll, ""),
    bind(&[Launch], &[Code(KeyCode::Enter)], Action::Enter, "launch", ""),
    fixed(&[Launch, Mass], &[Code(KeyCode::Backspace)], Action::Erase, ""),
    fixed(&[Launch, Mass], &[Char('0')], Action::Digit(0), ""),
    fixed(&[Launch, Mass], &[Char('1')], Action::Digit(1), ""),
    fixed(&[Launch, Mass], &[Char('2')], Action::Digit(2), ""),
    fixed(&[Launch, Mass], &[Char('3')], Action::Digit(3), ""),
    fixed(&[Launch, Mass], &[Char('4')], Action::Digit(4), ""),
    fixed(&[Launch, Mass], &[Char('5')], Action::Digit(5), ""),
    fixed(&[Launch, Mass], &[Char('6')], Action::Digit(6), ""),
    fixed(&[Launch, Mass], &[Char('7')], Action::Digit(7), ""),
    fixed(&[Launch, Mass], &[Char('8')], Action::Digit(8), ""),
    fixed(&[Launch, Mass], &[Char('9')], Action::Digit(9), ""),
    bind(&[Confirm], &[Char('y')], Action::Yes, "yes", ""),
    bind(&Mode::ALL, &[Code(KeyCode::Esc)], Action::Back, "back", "back out of one layer"),
    fixed(&[Confirm], &[Char('n')], Action::Back, ""),
    // In a pop-up `q` closes it, as in every pager; ctrl-c always ends lwtop.
    fixed(POPUPS, &[Char('q')], Action::Back, ""),
    // What opens them closes them.
    bind(&[Help], &[Char('?')], Action::Help, "", ""),
    bind(&[Notices], &[Char('!')], Action::Notices, "", ""),
    bind(TABBED, &[Char('!')], Action::Notices, "", "the last notices, in full"),
    bind(
        &[Fleet, Feed, Detail, Incidents, Sequence, Messages, Wills, Rules, Message, Lessons, Lesson],
        &[Char('?')],
        Action::Help,
        "help",
        "this help",
    ),
    bind(TABBED, &[Char('q')], Action::Quit, "quit", "quit: the simulated devices leave cleanly"),
    bind(&Mode::ALL, &[Ctrl('l')], Action::Redraw, "", "write the screen anew, if something else wrote on it"),
    fixed(&Mode::ALL, &[Ctrl('c')], Action::Quit, "quit, wherever you are"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crossterm::event::{KeyEvent, KeyModifiers};
    use std::collections::HashMap;

    fn in_mode(mode: Mode) -> impl Iterator<Item = &'static Binding> {
        BINDINGS.iter().filter(move |binding| binding.modes.contains(&mode))
    }

    #[test]
    fn no_key_does_two_things_in_one_mode() {
        for mode in Mode::ALL {
            let mut seen: HashMap<Key, Action> = HashMap::new();
            for binding in in_mode(mode) {
                for key in binding.keys {
                    if let Some(other) = seen.insert(*key, binding.action) {
                        panic!("{} does {other:?} and {:?} in {mode:?}", key.label(), binding.action);
                    }
                }
            }
        }
    }

    #[test]
    fn every_mode_has_a_way_out_and_every_death_a_key() {
        for mode in Mode::ALL {
            assert!(in_mode(mode).any(|binding| binding.action == Action::Back), "{mode:?} has no way back");
            assert!(in_mode(mode).any(|binding| binding.action == Action::Quit), "{mode:?} cannot be quit");
        }
        let map = Keymap::default();
        let letters: String = Fault::ALL.map(|fault| map.label(Mode::Death, Action::Die(fault))).concat();
        assert_eq!(letters, "lfrztpwk");
    }

    #[test]
    fn every_line_has_a_key_and_a_mode_and_hints_are_explained() {
        for binding in BINDINGS {
            assert!(!binding.keys.is_empty() && !binding.modes.is_empty(), "{binding:?}");
            let popup_only = binding.modes.iter().all(|mode| POPUPS.contains(mode) || mode.is_text());
            assert!(
                binding.hint.is_empty() || popup_only || !binding.help.is_empty(),
                "{binding:?} is not in the help"
            );
        }
    }

    #[test]
    fn shift_may_be_told_in_two_ways() {
        let map = Keymap::default();
        let action = |mode, event: &KeyEvent| map.action(mode, event);
        for (code, modifiers) in [
            (KeyCode::Char('X'), KeyModifiers::SHIFT),
            (KeyCode::Char('X'), KeyModifiers::NONE),
            (KeyCode::Char('x'), KeyModifiers::SHIFT),
        ] {
            assert_eq!(action(Mode::Fleet, &KeyEvent::new(code, modifiers)), Some(Action::DieAgain));
        }
        let control = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        assert!(Mode::ALL.into_iter().all(|mode| action(mode, &control) == Some(Action::Quit)));
        assert_eq!(action(Mode::Fleet, &KeyEvent::new(KeyCode::Char('x'), KeyModifiers::ALT)), None);
    }

    #[test]
    fn an_action_can_stand_in_a_file() {
        let text = serde_json::to_string(&Action::Die(Fault::Rst)).unwrap();
        assert_eq!(text, r#"{"die":"rst"}"#);
        assert_eq!(serde_json::from_str::<Action>("\"launch-one\"").unwrap(), Action::LaunchOne);
    }
}
