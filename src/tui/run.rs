//! The interface as a whole, without a terminal of its own, and the decision when to draw.

use super::View;
use super::action::Action;
use super::app::{App, Effect, Wish};
use super::hit::{Target, Zones};
use super::keymap::{Key, Mode};
use super::layer::Layer;
use super::look::Look;
use super::page::Page;
use super::view::{self, Album, Canvas};
use crate::clock::Moment;
use crate::mqtt::ClientId;
use crossterm::event::{Event, KeyEventKind, MouseButton, MouseEvent, MouseEventKind};
use ratatui::Terminal;
use ratatui::backend::Backend;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use std::time::Duration;

/// The least time between two frames: 60 a second.
const FRAME: Duration = Duration::from_micros(16_667);
/// Between frames that a person asked for: a held key must not take more of the processor than a flood does.
const URGENT: Duration = Duration::from_millis(4);

/// The least time between two frames that are drawn only because time passes.
const TICK: Duration = Duration::from_secs(1);
/// Within this time a second click belongs to the first.
const DOUBLE: Duration = Duration::from_millis(400);

/// When to draw: at once after a change, at most 60 times a second, once a second while an age or a fuse is on the
/// screen, and not at all otherwise.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    changed: bool,
    /// A person did something, and waits.
    urgent: bool,
    last: Option<Moment>,
    last_tick: Option<Moment>,
    wake: Option<Moment>,
    draws: u64,
}

impl Default for Schedule {
    /// The first frame is due.
    fn default() -> Self {
        Self { changed: true, urgent: false, last: None, last_tick: None, wake: None, draws: 0 }
    }
}

impl Schedule {
    /// Something that is on the screen may have changed.
    pub const fn changed(&mut self) {
        self.changed = true;
    }

    /// A person did something: its frame does not wait for its turn among those of a flood.
    pub const fn urgent(&mut self) {
        self.changed = true;
        self.urgent = true;
    }

    /// When the next frame is due: a moment in the past means now, `None` means never, unless something changes.
    #[must_use]
    pub fn next(&self) -> Option<Moment> {
        let Some(last) = self.last else { return Some(Moment::default()) };
        if self.urgent {
            return Some(last + URGENT);
        }
        if self.changed {
            return Some(last + FRAME);
        }
        let wake = self.wake?;
        // Many ages turn over at many moments of a second: all are drawn together.
        let tick = self.last_tick.map_or(wake, |tick| wake.max(tick + TICK));
        Some(tick.max(last + FRAME))
    }

    /// A frame was drawn at `now`; what it shows reads differently from `wake` on.
    pub fn drawn(&mut self, now: Moment, wake: Option<Moment>) {
        if !self.changed {
            self.last_tick = Some(now);
        }
        self.changed = false;
        self.urgent = false;
        self.last = Some(now);
        self.wake = wake;
        self.draws += 1;
    }

    /// How many frames were drawn.
    #[must_use]
    pub const fn draws(&self) -> u64 {
        self.draws
    }
}

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
                self.schedule.changed();
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

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Moment {
        Moment::from_millis(1_000_000 + millis)
    }

    /// Plays `events` (times at which something changes) for `millis`, with a picture that wakes each second after
    /// `phase` if it is given; returns when it drew.
    fn play(events: &[u64], phase: Option<u64>, millis: u64) -> Vec<u64> {
        let mut schedule = Schedule::default();
        let mut drawn = Vec::new();
        for now in 0..=millis {
            if events.contains(&now) {
                schedule.changed();
            }
            if schedule.next().is_some_and(|due| due <= at(now)) {
                let wake =
                    phase.map(|phase| if now < phase { phase } else { phase + ((now - phase) / 1_000 + 1) * 1_000 });
                schedule.drawn(at(now), wake.map(at));
                drawn.push(now);
            }
        }
        drawn
    }

    #[test]
    fn idle_draws_the_first_frame_and_no_other() {
        assert_eq!(play(&[], None, 5_000), [0]);
    }

    #[test]
    fn a_change_is_drawn_at_once() {
        assert_eq!(play(&[700], None, 2_000), [0, 700]);
    }

    #[test]
    fn a_key_does_not_wait_for_the_next_frame_of_a_flood() {
        let mut schedule = Schedule::default();
        schedule.drawn(at(0), None);
        schedule.changed();
        assert_eq!(schedule.next(), Some(at(0) + FRAME));
        schedule.urgent();
        assert_eq!(schedule.next(), Some(at(0) + URGENT), "a held key is no flood of frames either");
        schedule.drawn(at(5), None);
        schedule.changed();
        assert_eq!(schedule.next(), Some(at(5) + FRAME));
    }

    #[test]
    fn a_flood_is_drawn_sixty_times_a_second() {
        let flood: Vec<u64> = (0..=1_000).collect();
        let drawn = play(&flood, None, 1_000);
        assert!((58..=61).contains(&drawn.len()), "{}", drawn.len());
        assert!(drawn.windows(2).all(|pair| pair[1] - pair[0] >= 16));
    }

    #[test]
    fn a_fuse_is_drawn_once_a_second() {
        assert_eq!(play(&[], Some(300), 5_000), [0, 300, 1_300, 2_300, 3_300, 4_300]);
        // Events in between are drawn, and the fuse goes on at its own pace.
        assert_eq!(play(&[1_500, 1_600], Some(300), 3_000), [0, 300, 1_300, 1_500, 1_600, 2_300]);
    }
}
