//! The page of lessons: a list of them; or one that plays, with the fleet on the left and the text at its side, or below
//! where columns are few.
//!
//! ```text
//! ╭ lwtThing ───────────────────── ✖ cut ╮┏ The article, step by step ━━━━━━━━━━━━━━━━━━━ 5 of 8 ┓
//! │ cut 2 s ago: connection lost, will … │┃ → lwtThing: cut, FIN: the socket closes without …   ┃
//! │ cut→will 0.3 ms→rule 0.4→executed 1.0│┃ ✔ lwtThing: connection lost; cut → will 0.3 ms → …  ┃
//! ╰──────────────────────────────────────╯┃                                                     ┃
//! ╭ connected 1 ▸will 1  executed 1 ─────╮┃ The first hops of the story: cut, the connection …  ┃
//! │ 12:04:33.402 lwtThing {"state": {"re… │┃                                                     ┃
//! ╰──────────────────────────────────────╯┗ ⏎ goes on ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛
//! ```

use super::boxes::{Titles, frame, more};
use super::canvas::Canvas;
use super::sheet::Sheet;
use super::{devices, feeds};
use crate::fleet::Device;
use crate::scenario::{Entry, Player, State};
use crate::tui::hit::Target;
use crate::tui::layout::{self, Regions};
use crate::tui::lesson::{after, lessons, text, text_count, texts};
use crate::tui::text::clean;
use crate::tui::words;
use ratatui::layout::Rect;
use ratatui::style::Style;
use std::time::Duration;

/// How long something is waited for before that is said.
const PATIENCE: Duration = Duration::from_millis(500);

/// Draws the page.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, regions: &Regions) {
    match canvas.view.status.lesson.as_ref() {
        Some(player) => {
            let places = layout::lesson(area);
            if places.stage.is_some() {
                devices::draw(canvas, regions);
                feeds::draw(canvas, regions);
            }
            playing(canvas, places.text, player, places.stage.is_none());
        }
        None => list(canvas, layout::body(area)),
    }
}

fn list(canvas: &mut Canvas<'_>, area: Rect) {
    let titles = Titles { left: "Lessons", left_style: canvas.look.strong(), ..Titles::default() };
    let inner = frame(canvas, area, true, &titles);
    let mut sheet = Sheet::new(usize::from(inner.width));
    let (look, page) = (canvas.look, &canvas.app.lessons);
    let intro = if canvas.app.read_only {
        "Each would play on simulated devices. lwtop was started so that it changes nothing, and plays none."
    } else {
        "Each plays on simulated devices that join the fleet, and explains what you see. {enter} begins. Who knows nothing of \
         wills begins with the first: five minutes."
    };
    sheet.text(&canvas.app.keys.tell(intro), 0, Style::new());
    canvas.zone(area, Target::Lessons);
    let (mut selected, mut places) = ((0, 0), Vec::new());
    for (index, lesson) in lessons().iter().enumerate() {
        sheet.gap();
        let start = sheet.lines.len();
        let here = index == page.selected;
        let point = if here { "▸ " } else { "  " };
        let learnt = if page.learnt.contains(lesson.name) { "  ✔" } else { "" };
        let style = if here { look.cursor() } else { look.strong() };
        sheet.line(vec![
            (point.to_owned(), look.accent()),
            (lesson.scenario.title.clone(), style),
            (learnt.to_owned(), look.good()),
        ]);
        sheet.text(&lesson.scenario.summary, 2, look.dim());
        places.push(start..sheet.lines.len());
        if here {
            selected = (start, sheet.lines.len());
        }
    }
    let height = usize::from(inner.height);
    // The first lesson brings the introduction along; any other only itself.
    let top = if page.selected == 0 && selected.1 <= height { 0 } else { selected.1.saturating_sub(height) };
    // The end of the introduction alone says nothing.
    let first = places.first().map_or(0, |lines| lines.start);
    let top = if top > 0 { top.max(first) } else { 0 };
    sheet.draw(canvas, inner, top);
    for (index, lines) in places.into_iter().enumerate() {
        for (y, line) in (inner.y..inner.bottom()).zip(top..) {
            if lines.contains(&line) {
                canvas.zone_line(Rect { y, height: 1, ..inner }, Target::Lesson(index));
            }
        }
    }
}

fn playing(canvas: &mut Canvas<'_>, area: Rect, player: &Player, alone: bool) {
    let places = texts(player);
    let page = &canvas.app.lessons;
    let read = places.len().saturating_sub(page.back + 1);
    let scenario = player.scenario();
    let title = clean(&scenario.title);
    let right = match places.len() {
        0 => String::new(),
        _ => format!("{} of {}", read + 1, text_count(scenario)),
    };
    let room = usize::from(area.width.saturating_sub(4));
    let mut sheet = Sheet::new(room);
    if alone {
        stage_in_a_line(canvas, &mut sheet, player);
    }
    let from = read.checked_sub(1).and_then(|before| places.get(before)).map_or(0, |place| place + 1);
    let here = places.get(read).copied();
    let to = places.get(read + 1).copied().unwrap_or(player.log().len());
    if let Some(here) = here {
        entries(canvas, &mut sheet, &player.log()[from..here]);
        if here > from {
            sheet.gap();
        }
        if let Some(Entry::Said(step)) = player.log().get(here) {
            for (index, paragraph) in text(scenario, *step).split("\n\n").enumerate() {
                if index > 0 {
                    sheet.gap();
                }
                sheet.text(&clean(paragraph), 0, Style::new());
            }
        }
    }
    let latest = page.back == 0;
    let rest = &player.log()[here.map_or(0, |here| here + 1)..to];
    if latest && !rest.is_empty() {
        if here.is_some() {
            sheet.gap();
        }
        entries(canvas, &mut sheet, rest);
    }
    let next = if latest { standing(canvas, &mut sheet, player) } else { "{go-on} back to where you were".to_owned() };
    let next = canvas.app.keys.tell(&next);
    let extent = sheet.lines.len().saturating_sub(usize::from(area.height.saturating_sub(2)));
    canvas.app.lessons.extent.set(extent);
    let scroll = canvas.app.lessons.scroll.min(extent);
    let hidden = more(sheet.lines.len(), area.height.saturating_sub(2), scroll);
    let below = match (hidden.is_empty(), next.is_empty()) {
        (true, _) => next,
        (false, true) => hidden,
        (false, false) => format!("{hidden} · {next}"),
    };
    let titles = Titles {
        left: &title,
        left_style: canvas.look.strong(),
        right: &right,
        right_style: canvas.look.dim(),
        below: &below,
    };
    let inner = frame(canvas, area, true, &titles);
    canvas.zone(area, Target::Text);
    sheet.draw(canvas, inner, scroll);
}

/// What the lesson waits for, and what the border says of it.
fn standing(canvas: &mut Canvas<'_>, sheet: &mut Sheet, player: &Player) -> String {
    let look = canvas.look;
    match player.state() {
        State::Waiting => {
            sheet.text("The stage is being made ready…", 0, look.warn());
            String::new()
        }
        State::Running => {
            if let Some((text, since)) = player.awaits() {
                let shown = since + PATIENCE;
                if canvas.view.now >= shown {
                    let age = canvas.age(since);
                    sheet.gap();
                    sheet.text(&format!("… {} ({age})", clean(&text)), 0, look.warn());
                } else {
                    canvas.wake_at(shown);
                }
            }
            String::new()
        }
        State::Paused => "{go-on} goes on".to_owned(),
        State::Ended => {
            sheet.gap();
            let ending = player.ending();
            let what = match (ending.met, ending.not_met) {
                (0, 0) => "Nothing was expected.".to_owned(),
                (1, 0) => "All came as expected: one thing of one.".to_owned(),
                (met, 0) => format!("All came as expected: {met} of {met}."),
                (met, not) => format!("{met} things came as expected, {not} did not."),
            };
            let good = ending.is_good();
            let (mark, style) = if good { ("✔", look.good()) } else { ("✖", look.bad()) };
            sheet.text(&format!("{mark} {what}"), 0, style);
            if let Some(why) = &ending.stopped {
                sheet.text(&format!("It did not come to its end: {}.", clean(why)), 2, look.bad());
            }
            match after(player) {
                Some(next) => format!("{{go-on}} next: {}", lessons()[next].scenario.title),
                None => "{go-on} the list".to_owned(),
            }
        }
    }
}

fn entries(canvas: &Canvas<'_>, sheet: &mut Sheet, log: &[Entry]) {
    let look = canvas.look;
    for entry in log {
        match entry {
            Entry::Said(_) => {}
            Entry::Did { text, .. } => marked(sheet, "→", &clean(text), look.accent(), Style::new()),
            Entry::Judged { text, met, found, .. } => {
                // What there was says more than what was to be.
                if *met {
                    marked(sheet, "✔", &clean(found), look.good(), Style::new());
                } else {
                    marked(sheet, "✖", &clean(text), look.bad(), Style::new());
                    sheet.text(&clean(found), 2, look.bad());
                }
            }
        }
    }
}

/// A mark, and a text that hangs at its side.
fn marked(sheet: &mut Sheet, mark: &str, text: &str, mark_style: Style, style: Style) {
    let start = sheet.lines.len();
    sheet.text(text, 2, style);
    if let Some(first) = sheet.lines.get_mut(start).and_then(|line| line.first_mut()) {
        *first = (format!("{mark} "), mark_style);
    }
}

/// The devices of the lesson where there is no room for panes.
fn stage_in_a_line(canvas: &Canvas<'_>, sheet: &mut Sheet, player: &Player) {
    let view = canvas.view;
    let there: Vec<&Device> = player.scenario().ids().take(20).filter_map(|id| view.device(&id)).collect();
    let mut pieces = Vec::new();
    for device in there.iter().take(2) {
        let badge = words::badge(device);
        let text = format!("{} {} {}  ", badge.glyph, words::name(&device.id, 14), badge.word);
        pieces.push((text, canvas.look.presence(device)));
    }
    if !pieces.is_empty() {
        sheet.line(pieces);
        sheet.gap();
    }
}
