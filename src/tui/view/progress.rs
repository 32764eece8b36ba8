//! The line of what takes a while, above the footer: how far it is, how fast it goes, how long it will still take, and the
//! key that ends it.
//!
//! ```text
//!  launching 3 120 of 5 000  ▕█████████░░░░░▏  1 840/s  1 s left                                       C cancel
//!  storm 3 of 12  ▕███░░░░░░░░░▏  600 died  wills 598 of 600, 0 lost  45 s left                        C cancel
//!  partition  ▕██████░░░░░░▏  40 silent  wills 12 of 40  14 s left                                       C heal
//! ```
//! What does not fit is left out, the least important first.

use super::canvas::{Canvas, columns};
use crate::clock::Moment;
use crate::figures::grouped;
use crate::hub::mass::Kind;
use crate::hub::{Job, Toll, Work};
use crate::mqtt::Fault;
use crate::tui::action::Action;
use crate::tui::hit::Target;
use crate::tui::keymap::Mode;
use crate::tui::text::{clean, width};
use crate::tui::words;
use ratatui::layout::Rect;
use ratatui::style::Style;
use std::time::Duration;

/// The most columns the bar takes, and the fewest that still say something.
const BAR: (usize, usize) = (24, 6);

const HALF: Duration = Duration::from_millis(500);

struct Piece {
    /// Lower is kept longer.
    rank: u8,
    text: String,
    style: Style,
}

/// Draws the line.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect) {
    let jobs = &canvas.view.status.jobs;
    let (Some(job), 1..) = (jobs.first(), area.height) else { return };
    canvas.clear(area);
    let room = usize::from(area.width).saturating_sub(2);
    let way_out = way_out(canvas, job, jobs.len());
    let mut pieces = facts(canvas, job);
    let needed = |pieces: &[Piece]| pieces.iter().map(|piece| width(&piece.text) + 2).sum::<usize>();
    while pieces.len() > 1 && needed(&pieces) + width(&way_out) > room {
        let last = pieces.iter().enumerate().max_by_key(|(_, piece)| piece.rank).map_or(0, |(at, _)| at);
        pieces.remove(last);
    }
    let free = room.saturating_sub(needed(&pieces) + width(&way_out) + 4);
    let part = part(job);
    let bar = (free >= BAR.1).then_some(free.min(BAR.0)).zip(part).map(|(wide, part)| bar(part, wide));
    let way = columns(width(&way_out));
    let end = area.right().saturating_sub(way + 1);
    let mut x = area.x + 1;
    for (index, piece) in pieces.iter().enumerate() {
        x += canvas.put(x, area.y, &piece.text, end.saturating_sub(x), piece.style) + 2;
        if let (0, Some(bar)) = (index, &bar) {
            x += canvas.put(x, area.y, bar, end.saturating_sub(x), canvas.look.accent()) + 2;
        }
    }
    canvas.put(end, area.y, &way_out, way, canvas.look.accent());
    if job.work.can_be_cancelled() && !canvas.app.read_only {
        canvas.zone(Rect { x: end, width: way, height: 1, ..area }, Target::Key(Action::Cancel));
    }
}

/// The key that ends it; how many other jobs there are.
fn way_out(canvas: &Canvas<'_>, job: &Job, jobs: usize) -> String {
    let others = if jobs > 1 { format!("+{}  ", jobs - 1) } else { String::new() };
    let key = canvas.key(Mode::Fleet, Action::Cancel);
    if !job.work.can_be_cancelled() || canvas.app.read_only {
        return others;
    }
    let key = if key.is_empty() { canvas.press(Action::Cancel) } else { key };
    let word = match job.work {
        Work::Mass(Kind::Partition) => "heal",
        Work::Mass(Kind::Cut) => "bring back",
        _ => "cancel",
    };
    format!("{others}{key} {word}")
}

/// How much of it is done; `None` if nobody knows.
fn part(job: &Job) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "a bar has a few columns")]
    let part = |done: u64, all: u64| done as f64 / all as f64;
    (job.all > 0).then(|| part(job.done.min(job.all), job.all))
}

fn bar(part: f64, columns: usize) -> String {
    let inner = columns.saturating_sub(2);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a part of a few columns"
    )]
    let full = ((inner as f64 * part) as usize).min(inner);
    format!("▕{}{}▏", "█".repeat(full), "░".repeat(inner - full))
}

fn facts(canvas: &mut Canvas<'_>, job: &Job) -> Vec<Piece> {
    let look = canvas.look;
    let mut pieces = Vec::new();
    let mut add = |rank, text: String, style| pieces.push(Piece { rank, text, style });
    let plain = Style::new();
    let count = format!("{} of {}", grouped(job.done), grouped(job.all));
    match (job.work, &job.toll) {
        (Work::Launch, _) => add(0, format!("launching {count}"), look.strong()),
        (Work::Reconnect, _) => add(0, format!("reconnecting {count}"), look.strong()),
        (Work::Mass(kind), Some(toll)) => {
            add(0, headline(kind, job.fault, toll), look.strong());
            if kind != Kind::Cut {
                let word = if kind == Kind::Partition { "silent" } else { "died" };
                let many = if kind == Kind::Partition { toll.down as u64 } else { toll.struck };
                add(3, format!("{} {word}", grouped(many)), plain);
            }
            if toll.expected > 0 {
                let style = if toll.lost > 0 { look.bad() } else { plain };
                let (received, expected) = (grouped(toll.received), grouped(toll.expected));
                let lost = if toll.lost > 0 { format!(", {} lost", grouped(toll.lost)) } else { String::new() };
                add(1, format!("wills {received} of {expected}{lost}"), style);
            }
            if toll.unseen > 0 {
                add(5, format!("{} not seen", grouped(toll.unseen)), look.warn());
            }
        }
        (Work::Link, _) | (Work::Mass(_), None) => {
            let what = if job.why.is_some() { "the link is down, trying again" } else { "connecting to the broker" };
            add(0, what.to_owned(), look.strong());
            if let Some(why) = &job.why {
                add(3, clean(why), look.bad());
            }
        }
    }
    if job.failed > 0 {
        add(2, format!("{} failed", grouped(job.failed)), look.bad());
    }
    if job.rate > 0.0 {
        add(4, format!("{}/s", words::rate(job.rate)), look.dim());
    }
    if let Some(left) = job.left {
        // To the nearest second: what is left is a guess, and never reads as nothing.
        let left = words::age(Moment::default(), Moment::default() + left.max(Duration::from_millis(500)) + HALF);
        add(2, format!("{} left", left.text), plain);
    }
    if job.work == Work::Link {
        let since = canvas.age(job.since);
        pieces.push(Piece { rank: 1, text: since, style: look.dim() });
    }
    pieces
}

fn headline(kind: Kind, fault: Option<Fault>, toll: &Toll) -> String {
    match kind {
        Kind::Cut => format!("{} {}", fault.map_or("cut", Fault::deed), grouped(toll.struck)),
        Kind::Storm => format!("storm {} of {}", toll.round, toll.rounds),
        Kind::Partition => "partition".to_owned(),
    }
}
