//! What the person is doing: focus, selection, marks and the layers on top. Pure: an action and a view of the facts go
//! in, effects come out as data.

use super::View;
use super::action::Action;
use super::census::Census;
use super::clipboard;
use super::columns::Columns;
use super::incidents::IncidentsPage;
use super::keymap::{Key, Keymap, Mode};
use super::layer::Layer;
use super::layout::{self, Form, Regions, Shape};
use super::lesson::{self, LessonPage};
use super::messages::MessagesPage;
use super::notices::Notices;
use super::page::Page;
use super::rules::RulesPage;
use super::selection::{DeviceCursor, FeedCursor};
use super::sieve::Sieve;
use super::wills::WillsPage;
use crate::fleet::Role;
use crate::hub::mass::Kind;
use crate::hub::{Command, Notice};
use crate::mqtt::{ClientId, Fault};
use ratatui::layout::Rect;
use std::cell::Cell;
use std::collections::HashSet;

/// The feeds, in the order of the screen.
pub const FEEDS: [Role; 3] = [Role::Connected, Role::Will, Role::Executed];

/// What is to be done because of an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The hub is to do this.
    Command(Command),
    /// The person's clipboard is to hold this.
    Copy(String),
    /// lwtop is to end.
    Quit,
}

/// What only the screen can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// To stand still.
    Pause,
    /// To be written anew, all of it.
    Redraw,
}

/// Which region the keys go to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Focus {
    /// The devices.
    #[default]
    Devices,
    /// The feed that is in front.
    Feed,
}

/// The state of the interface.
#[derive(Debug)]
pub struct App {
    /// Which key does what.
    pub keys: Keymap,
    /// Whether nothing may be launched, killed or deleted.
    pub read_only: bool,
    /// Whether the desktop has a clipboard of its own, which takes longer texts than a terminal.
    pub native: bool,
    /// The size of the screen, as last drawn or told.
    pub area: Rect,
    /// What fills the screen between header and footer.
    pub page: Page,
    /// The place on the page of incidents.
    pub incidents: IncidentsPage,
    /// The place on the page of messages.
    pub messages: MessagesPage,
    /// The place on the page of wills.
    pub wills: WillsPage,
    /// The place on the page of rules.
    pub rules: RulesPage,
    /// The place on the page of lessons.
    pub lessons: LessonPage,
    /// Panes, table or wall.
    pub shape: Shape,
    /// Which region has the focus.
    pub focus: Focus,
    /// Which feed is in front: an index into [`FEEDS`].
    pub feed: usize,
    /// The place in each feed.
    pub feed_cursors: [FeedCursor; 3],
    /// The place among the devices.
    pub cursor: DeviceCursor,
    /// What is looked for, and the devices that are shown, in their order.
    pub sieve: Sieve,
    /// The columns of the table.
    pub columns: Columns,
    /// How many of those are how, while a wall is in front.
    pub census: Census,
    /// Marked devices, by name: a place in the fleet may be given to another device.
    pub marks: HashSet<ClientId>,
    /// What is open on top, the topmost last.
    pub layers: Vec<Layer>,
    /// The last death that was chosen.
    pub last_fault: Option<Fault>,
    /// lwtop's answer to the last key, where it needs words.
    pub note: Option<Notice>,
    /// The last notices, lwtop's answers among them.
    pub notices: Notices,
    /// What the screen itself is to do: it takes it.
    pub wish: Option<Wish>,
    /// How far the topmost layer can be scrolled, as last drawn: only the drawing knows how its lines broke.
    pub extent: Cell<usize>,
    fleet_len: usize,
    /// Whether something takes a while, and has a line of the screen.
    pub(super) progress: bool,
}

impl Default for App {
    fn default() -> Self {
        Self {
            keys: Keymap::default(),
            read_only: false,
            native: false,
            area: Rect::new(0, 0, 80, 24),
            page: Page::default(),
            incidents: IncidentsPage::default(),
            messages: MessagesPage::default(),
            wills: WillsPage::default(),
            rules: RulesPage::default(),
            lessons: LessonPage::default(),
            shape: Shape::default(),
            focus: Focus::default(),
            feed: 1,
            feed_cursors: [FeedCursor::default(); 3],
            cursor: DeviceCursor::default(),
            sieve: Sieve::default(),
            columns: Columns::default(),
            census: Census::default(),
            marks: HashSet::new(),
            layers: Vec::new(),
            last_fault: None,
            note: None,
            notices: Notices::default(),
            wish: None,
            extent: Cell::new(usize::MAX),
            fleet_len: 0,
            progress: false,
        }
    }
}

impl App {
    /// Takes in what happened to the fleet since the last time: the cursor stays on its device, what is gone loses its
    /// mark and its layer.
    pub fn sync(&mut self, view: &View<'_>) {
        // One may have gone and one have come, so the number alone is no proof; a mark costs one look-up a frame.
        if view.fleet.len() != self.fleet_len || self.marks.len() <= 1_000 {
            self.fleet_len = view.fleet.len();
            self.marks.retain(|client| view.fleet.find(client.as_str()).is_some());
        }
        let before = self.layers.len();
        self.layers.retain(|layer| layer.subjects().is_none_or(|all| all.iter().any(|one| view.device(one).is_some())));
        if self.layers.len() != before {
            self.extent.set(usize::MAX);
        }
        self.progress = !view.status.jobs.is_empty();
        self.sieve.sync(view.fleet);
        let regions = self.regions(view);
        if regions.grid.form == Form::Wall {
            self.census.sync(view.fleet, &self.sieve);
        } else {
            self.census.rest();
        }
        self.cursor.sync(view.fleet, self.sieve.sorted(view.fleet), &regions.grid);
        let rows = feed_rows(&regions);
        if matches!(self.page, Page::Fleet | Page::Messages | Page::Lesson) {
            self.messages.sift.sync(view.fleet, &self.sieve);
        }
        for (index, cursor) in self.feed_cursors.iter_mut().enumerate() {
            cursor.sync(self.messages.sift.listed(view.fleet, index), rows);
        }
        self.notices.hear(view.status);
        self.sync_palette(view);
        match self.page {
            Page::Incidents => self.incidents.sync(view, self.room(), &self.sieve),
            Page::Messages => self.messages.sync(view, self.room()),
            Page::Wills => {
                let grid = layout::wills(self.room()).grid();
                self.wills.sync(view.fleet, self.sieve.rows(view.fleet), &grid);
            }
            Page::Fleet | Page::Rules | Page::Lesson => {}
        }
        self.lessons.sync(view);
        if self.page == Page::Rules {
            self.rules.sync(view, self.room(), self.sieve.filter());
        }
    }

    /// Does `action`.
    pub fn update(&mut self, action: Action, view: &View<'_>) -> Vec<Effect> {
        if action == Action::Quit {
            return vec![Effect::Quit];
        }
        self.note = None;
        self.sync(view);
        let action = match self.mode() {
            Mode::Palette if action == Action::Enter => match self.choose(view) {
                Some(Action::Quit) => return vec![Effect::Quit],
                Some(chosen) => chosen,
                None => return Vec::new(),
            },
            _ => action,
        };
        if action == Action::Copy {
            return self.copy(view);
        }
        let command = self.act(action, view);
        // Whatever it came of: a lesson launches devices, too.
        let command = if command.is_some() && self.read_only { self.refuse(view) } else { command };
        self.sync(view);
        command.map(Effect::Command).into_iter().collect()
    }

    fn act(&mut self, action: Action, view: &View<'_>) -> Option<Command> {
        match action {
            _ if self.read_only && action.acts() => self.refuse(view),
            Action::Up
            | Action::Down
            | Action::Left
            | Action::Right
            | Action::PageUp
            | Action::PageDown
            | Action::First
            | Action::Last => self.step(action, view),
            Action::NextRegion => self.turn(1),
            Action::PreviousRegion => self.turn(3),
            Action::Enter => self.enter(view),
            Action::Back => self.back(),
            Action::LaunchOne => Some(Command::Launch(1)),
            Action::AskLaunch => self.open(Layer::Launch { number: 0 }),
            Action::Digit(digit) => self.digit(digit),
            Action::Erase => self.erase(),
            Action::EraseAll => self.erase_all(),
            Action::AskDeath => self.ask_death(view),
            Action::Die(fault) => self.die(fault, view),
            Action::DieAgain => self.die_again(view),
            Action::AskMass => self.ask_mass(Kind::default(), view),
            Action::Mass(kind) => self.ask_mass(kind, view),
            Action::Percent => self.change_mass(Action::Percent, view),
            Action::Cancel => self.cancel(view),
            Action::Reconnect => self.reconnect(view),
            Action::ReconnectAll => Some(Command::ReconnectAll),
            Action::Remove => self.remove(view),
            Action::Yes => self.confirm(view),
            Action::Undo => Some(Command::UndoLaunch),
            Action::Filter => self.open(Layer::Filter),
            Action::Palette => self.open(Layer::Palette { typed: String::new(), chosen: None }),
            Action::Pause => {
                self.wish = Some(Wish::Pause);
                None
            }
            Action::Redraw => {
                self.wish = Some(Wish::Redraw);
                None
            }
            Action::Mark => self.mark(view),
            Action::MarkAll => self.mark_all(view),
            Action::SwitchShape => self.switch_shape(view),
            Action::SortNext => self.sort_next(view),
            Action::SortReverse => self.sort_reverse(view),
            Action::Columns => self.choose_columns(view),
            Action::ToggleColumn => self.toggle_column(view),
            Action::Show(page) => self.show(page),
            Action::OpenDevice => self.open_device(view),
            Action::Why => self.why(view),
            Action::GoOn => view.status.lesson.as_ref().and_then(|player| self.lessons.go_on(player)),
            Action::PlayAgain => view.status.lesson.as_ref().map(lesson::again),
            Action::StopPlaying => Some(Command::StopPlaying),
            Action::Notices => match self.mode() {
                Mode::Notices => self.close(),
                _ => self.open(Layer::Notices { scroll: 0 }),
            },
            Action::Help => match self.mode() {
                Mode::Help => self.close(),
                _ => self.open(Layer::Help { scroll: 0 }),
            },
            // Answered before.
            Action::Copy | Action::Quit => None,
        }
    }

    /// A key that means nothing on this page, but does among the devices: says so, for nobody learns by silence.
    pub fn stray(&mut self, key: Key, view: &View<'_>) {
        let mode = self.mode();
        let line = self.keys.in_mode(Mode::Fleet).find(|line| line.keys.contains(&key));
        let Some(action) = line.map(|line| line.binding.action).filter(|_| mode.is_page()) else { return };
        if self.read_only && action.acts() {
            self.refuse(view);
            return;
        }
        let (key, name) = (self.keys.written(key), action.name());
        let text = format!("{key} ({name}) works among the devices only: {{show-fleet}} shows them");
        self.note = None;
        self.say(view, self.keys.tell(&text));
    }

    fn refuse(&mut self, view: &View<'_>) -> Option<Command> {
        self.say(view, "read only: lwtop was started so that it changes nothing")
    }

    pub(super) fn say(&mut self, view: &View<'_>, text: impl Into<String>) -> Option<Command> {
        let note = Notice { at: view.now, text: text.into() };
        self.notices.push(note.clone());
        self.note = Some(note);
        None
    }

    fn copy(&mut self, view: &View<'_>) -> Vec<Effect> {
        let Some(text) = self.copied(view) else {
            self.say(view, "there is nothing here to copy");
            return Vec::new();
        };
        // What came of the desktop's own clipboard is told when it is known.
        if text.len() <= clipboard::LONGEST || !self.native {
            self.say(view, clipboard::told(text.len(), None));
        }
        if text.len() > clipboard::LONGEST && !self.native {
            return Vec::new();
        }
        vec![Effect::Copy(text)]
    }

    pub(super) fn open(&mut self, layer: Layer) -> Option<Command> {
        self.extent.set(usize::MAX);
        self.layers.push(layer);
        None
    }

    pub(super) fn close(&mut self) -> Option<Command> {
        self.extent.set(usize::MAX);
        self.layers.pop();
        None
    }
}

/// How many messages of a feed are visible.
#[must_use]
pub fn feed_rows(regions: &Regions) -> usize {
    usize::from(regions.feeds.height.saturating_sub(2)).max(1)
}
