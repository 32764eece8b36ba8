//! The interface as a whole, without a terminal of its own.

use super::View;
use super::action::Action;
use super::app::{App, Effect, Wish};
use super::hit::{Target, Zones};
use super::keymap::{Key, Mode};
use super::layer::Layer;
use super::look::Look;
use super::page::Page;
use super::schedule::Schedule;
use super::view::{self, Album, Canvas};
use crate::clock::Moment;
use crate::mqtt::ClientId;
use crossterm::event::{Event, KeyEventKind, MouseButton, MouseEvent, MouseEventKind};
use ratatui::Terminal;
use ratatui::backend::Backend;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use std::time::Duration;

/// Within this time a second click belongs to the first.
const DOUBLE: Duration = Duration::from_millis(400);

/// The interface on a terminal, which may be a test's.
pub struct Ui<B: Backend> {
    terminal: Terminal<B>,
    app: App,
    look: Look,
    schedule: Schedule,
    paused: Option<Paused>,
    /// The panes of the last frame.
    album: Album,
    /// Whether the next frame is to be written whole.
    anew: bool,
    /// What the last frame shows where.
    zones: Zones,
    /// When and where a click last opened or closed something.
    opened: Option<(Moment, Position)>,
}

/// A screen that stands still.
struct Paused {
    /// The fleet's events when it began.
    since: u64,
    /// What it shows; drawn with the next frame.
    frame: Option<Buffer>,
}

impl<B: Backend> Ui<B> {
    /// An interface that draws on `terminal`.
    pub fn new(terminal: Terminal<B>, look: Look) -> Self {
        let mut app = App::default();
        app.keys.ascii = look.ascii;
        if let Ok(size) = terminal.size() {
            app.area = Rect::new(0, 0, size.width, size.height);
        }
        Self {
            terminal,
            app,
            look,
            schedule: Schedule::default(),
            paused: None,
            album: Album::default(),
            anew: false,
            zones: Zones::new(),
            opened: None,
        }
    }

    /// Turns to a page.
    pub const fn turn_to(&mut self, page: Page) {
        self.app.page = page;
        self.schedule.changed();
    }

    /// Takes in a key or a change of size; hands back what is to be done.
    pub fn on_event(&mut self, event: &Event, view: &View<'_>) -> Vec<Effect> {
        match event {
            Event::Key(key) if key.kind != KeyEventKind::Release => {
                self.schedule.urgent();
                let mode = self.app.mode();
                let was_paused = self.paused.take().is_some();
                if let (true, Some(Key::Char(letter))) = (mode.is_text(), Key::of(key)) {
                    self.app.write(letter.encode_utf8(&mut [0; 4]), view);
                    return Vec::new();
                }
                match self.app.keys.action(mode, key) {
                    // Both only let it go on: nobody means to lose marks by that.
                    Some(Action::Pause | Action::Back) if was_paused => Vec::new(),
                    Some(action) => {
                        let effects = self.app.update(action, view);
                        self.grant_wish(view);
                        effects
                    }
                    None => {
                        if let Some(key) = Key::of(key) {
                            self.app.stray(key, view);
                        }
                        Vec::new()
                    }
                }
            }
            Event::Resize(width, height) => {
                // Also where the size is as it was at the last frame: in between, the terminal may have cut off what no longer
                // fitted.
                self.redraw();
                self.paused = None;
                self.app.area = Rect::new(0, 0, *width, *height);
                self.app.sync(view);
                Vec::new()
            }
            Event::Paste(text) => self.paste(text, view),
            Event::Mouse(mouse) => self.mouse(*mouse, view),
            _ => Vec::new(),
        }
    }

    /// What an action asks of the screen.
    fn grant_wish(&mut self, view: &View<'_>) {
        match self.app.wish.take() {
            Some(Wish::Pause) => self.paused = Some(Paused { since: view.fleet.events(), frame: None }),
            Some(Wish::Redraw) => self.redraw(),
            None => {}
        }
    }

    /// A press of the left button, or the wheel; the rest of what a mouse does changes nothing.
    fn mouse(&mut self, mouse: MouseEvent, view: &View<'_>) -> Vec<Effect> {
        let place = Position::new(mouse.column, mouse.row);
        let wheel = match mouse.kind {
            MouseEventKind::Down(MouseButton::Left) => None,
            MouseEventKind::ScrollDown => Some(true),
            MouseEventKind::ScrollUp => Some(false),
            _ => return Vec::new(),
        };
        let mode = self.app.mode();
        let target = self.zones.at(place, mode);
        self.schedule.changed();
        let was_paused = self.paused.take().is_some();
        if let Some(down) = wheel {
            self.app.wheel(&target.unwrap_or(Target::Nothing), down, view);
            return Vec::new();
        }
        // A double click on what the first one opens must not act on what appears below it.
        let double = |(at, place_then)| place_then == place && view.now.since(at) < DOUBLE;
        if self.opened.take().is_some_and(double) {
            return Vec::new();
        }
        // As with a key: nobody means to lose marks by that.
        if was_paused && matches!(target, Some(Target::Key(Action::Pause | Action::Back))) {
            return Vec::new();
        }
        let effects = self.app.click(target.as_ref(), view);
        self.grant_wish(view);
        self.opened = (self.app.mode() != mode).then_some((view.now, place));
        effects
    }

    /// What is pasted is no command: it is taken only where a text is written, and its digits where a number is asked for.
    fn paste(&mut self, text: &str, view: &View<'_>) -> Vec<Effect> {
        let mode = self.app.mode();
        if mode.is_text() {
            self.schedule.changed();
            self.app.write(text.trim(), view);
        }
        if !matches!(mode, Mode::Launch | Mode::Mass) {
            return Vec::new();
        }
        self.schedule.changed();
        // More digits than the bound has would be ignored one by one.
        for digit in text.trim().bytes().take(8).take_while(u8::is_ascii_digit) {
            self.app.update(Action::Digit(digit - b'0'), view);
        }
        Vec::new()
    }

    /// Writes the whole screen with the next frame, whatever the terminal is thought to show: something else may have
    /// written on it.
    pub const fn redraw(&mut self) {
        self.anew = true;
        self.schedule.changed();
    }

    /// Answers what the person did before, when what came of it is known.
    pub fn answer(&mut self, text: String, view: &View<'_>) {
        self.app.say(view, text);
        self.schedule.changed();
    }

    /// The fleet or the status changed.
    pub const fn changed(&mut self) {
        self.schedule.changed();
    }

    /// When the next frame is due: a moment in the past means now, `None` means never, unless something changes.
    #[must_use]
    pub fn next_draw(&self) -> Option<Moment> {
        self.schedule.next()
    }

    /// Whether a frame is due at `now`.
    #[must_use]
    pub fn due(&self, now: Moment) -> bool {
        self.schedule.next().is_some_and(|at| at <= now)
    }

    /// Draws a frame.
    ///
    /// # Errors
    /// What the terminal says when it cannot be written to.
    pub fn draw(&mut self, view: &View<'_>) -> Result<(), B::Error> {
        if std::mem::take(&mut self.anew) {
            // `Terminal::clear` would ask the terminal where its cursor is, and the answer would come in among the keys.
            self.terminal.backend_mut().clear()?;
            // The buffer of the last frame is emptied: the next one differs from it in all that is not blank.
            self.terminal.swap_buffers();
            self.album.clear();
        }
        let (app, look, paused) = (&mut self.app, &self.look, &mut self.paused);
        let (album, zones) = (&mut self.album, &mut self.zones);
        let mut wake = None;
        self.terminal.draw(|frame| {
            if app.area != frame.area() {
                // What was drawn for another size cannot stand.
                *paused = None;
            }
            app.area = frame.area();
            if let Some(Paused { since, frame: Some(kept) }) = paused {
                frame.buffer_mut().clone_from(kept);
                let mut canvas = Canvas::new(view, app, look, frame.buffer_mut());
                view::paused(&mut canvas, view.fleet.events().saturating_sub(*since));
                return;
            }
            app.sync(view);
            let mut canvas = Canvas::new(view, app, look, frame.buffer_mut()).with_album(album);
            view::draw(&mut canvas);
            wake = canvas.wake();
            *zones = canvas.into_zones();
            if let Some(paused) = paused {
                // What came between the key and this frame is in it, and does not wait.
                paused.since = view.fleet.events();
                paused.frame = Some(frame.buffer_mut().clone());
                let mut canvas = Canvas::new(view, app, look, frame.buffer_mut());
                view::paused(&mut canvas, 0);
                wake = None;
            }
        })?;
        self.schedule.drawn(view.now, wake);
        Ok(())
    }

    /// How many frames were drawn.
    #[must_use]
    pub const fn draws(&self) -> u64 {
        self.schedule.draws()
    }

    /// The device whose detail is open, so that its packets are written down for it.
    #[must_use]
    pub fn looks_at(&self) -> Option<&ClientId> {
        self.app.layers.iter().rev().find_map(|layer| match layer {
            Layer::Detail { client, .. } => Some(client),
            _ => None,
        })
    }

    /// What the person is doing, to be changed before the first frame: keys, and what is allowed.
    pub const fn app_mut(&mut self) -> &mut App {
        &mut self.app
    }

    /// What the person is doing.
    #[must_use]
    pub const fn app(&self) -> &App {
        &self.app
    }

    /// What the last frame shows where.
    #[must_use]
    pub const fn zones(&self) -> &Zones {
        &self.zones
    }

    /// The backend, for tests that look at the screen.
    pub const fn backend(&self) -> &B {
        self.terminal.backend()
    }

    /// The backend, for tests that change its size.
    pub const fn backend_mut(&mut self) -> &mut B {
        self.terminal.backend_mut()
    }
}
