//! The first line.
//!
//! ```text
//!  lwtop  embedded 127.0.0.1:1883  link up  42 msg/s         ● 5 online  ◐ 1 overdue  ✖ 2 offline  ? 0 unknown
//!  embedded 127.0.0.1:1883  link up  42 msg/s              ● 5 online  ◐0  ✖ 2 offline  ?0
//!  embedded 127.0.0.1:1883  starting the broker…             ●0 ◐0 ✖0 ?0
//! ```
//! What does not fit is left out, the least important first.

use super::canvas::{Canvas, columns};
use crate::fleet::LinkState;
use crate::tui::arrange;
use crate::tui::keymap::Mode;
use crate::tui::layout::Form;
use crate::tui::page::Page;
use crate::tui::text::{clean, clean_fit, width};
use crate::tui::words::{self, number};
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

struct Piece {
    /// Lower is kept longer.
    rank: u8,
    text: String,
    /// What is left of it where it does not fit.
    short: Option<String>,
    style: Style,
}

/// Pieces of this rank and above give way to the words beside the counts.
const LEFT_OUT: u8 = 5;

/// Draws the header.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect) {
    let mut pieces = facts(canvas);
    let room = usize::from(area.width).saturating_sub(2);
    let needed = |pieces: &[Piece]| pieces.iter().map(|piece| width(&piece.text) + 2).sum::<usize>();
    let counts = canvas.view.fleet.counts();
    let numbers = [
        ("●", counts.online, "online", canvas.look.good()),
        ("◐", counts.overdue, "overdue", canvas.look.warn()),
        ("✖", counts.offline, "offline", canvas.look.bad()),
        ("?", counts.unknown, "unknown", canvas.look.warn()),
    ];
    let widths = |words: &[String]| words.iter().map(|word| width(word) + 2).sum::<usize>();
    let sign = |glyph: &str, count: usize| format!("{glyph}{}", number(count));
    let word = |glyph: &str, count: usize, word: &str| format!("{glyph} {} {word}", number(count));
    let all = numbers.iter().map(|(glyph, count, name, _)| word(glyph, *count, name)).collect::<Vec<_>>();
    // Nobody needs a word for a zero.
    let some = numbers.iter().map(|(glyph, count, name, _)| match count {
        0 => sign(glyph, 0),
        count => word(glyph, *count, name),
    });
    let some = some.collect::<Vec<_>>();
    let kept: usize = pieces.iter().filter(|piece| piece.rank < LEFT_OUT).map(|piece| width(&piece.text) + 2).sum();
    let words = if needed(&pieces) + widths(&all) <= room {
        all
    } else if kept + widths(&some) <= room {
        some
    } else {
        numbers.iter().map(|(glyph, count, ..)| sign(glyph, *count)).collect()
    };
    let total = widths(&words);
    while needed(&pieces) + total > room && pieces.len() > 1 {
        let rank = |piece: &Piece| (piece.rank, piece.short.is_some());
        let last = pieces.iter().enumerate().max_by_key(|(_, piece)| rank(piece)).map_or(0, |(at, _)| at);
        match pieces[last].short.take() {
            Some(short) => pieces[last].text = short,
            None => drop(pieces.remove(last)),
        }
    }
    let mut x = area.x + 1;
    let end = area.right().saturating_sub(columns(total));
    for piece in &pieces {
        x += canvas.put(x, area.y, &piece.text, end.saturating_sub(x + 1), piece.style) + 2;
    }
    let mut x = end;
    for (word, (_, count, _, style)) in words.iter().zip(numbers) {
        let style = if count == 0 { canvas.look.dim() } else { style };
        x += canvas.put(x, area.y, word, area.right().saturating_sub(x), style) + 2;
    }
}

/// In place of the line: that the screen stands still, and how much has happened since.
pub fn paused(canvas: &mut Canvas<'_>, events: u64) {
    let waiting = match events {
        1 => "1 event waits".to_owned(),
        many => format!("{} events wait", number(many)),
    };
    let text = format!(" paused  {waiting}  any key goes on ");
    let area = canvas.area();
    canvas.clear(Rect { height: 1, ..area });
    canvas.put(area.x, area.y, &text, area.width, canvas.look.cursor());
}

fn facts(canvas: &mut Canvas<'_>) -> Vec<Piece> {
    let status = canvas.view.status;
    let look = canvas.look;
    let mut pieces = Vec::new();
    let mut add = |rank, text: String, style| pieces.push(Piece { rank, text, short: None, style });
    add(6, "lwtop".to_owned(), look.strong().add_modifier(Modifier::REVERSED));
    if !status.broker.is_empty() {
        add(4, clean(&status.broker), Style::new());
    }
    let link = match (canvas.view.fleet.link(), &status.stage) {
        (LinkState::Down { since, .. }, None) => (format!("✖ link down {}", canvas.age(*since)), look.bad()),
        (_, Some(stage)) => (format!("{}…", clean(stage)), look.warn()),
        (LinkState::Connecting, None) => ("connecting…".to_owned(), look.warn()),
        (LinkState::Up { .. }, None) => ("link up".to_owned(), look.good()),
    };
    add(0, link.0, link.1);
    if status.insecure {
        add(1, "insecure".to_owned(), look.bad());
    }
    if status.dropped > 0 {
        add(3, format!("{} not published", number(status.dropped)), look.bad());
    }
    if status.refused > 0 {
        add(3, format!("{} refused", number(status.refused)), look.warn());
    }
    if canvas.app.read_only {
        add(1, "read only".to_owned(), look.accent());
    }
    pieces.extend(filter(canvas));
    let mut add = |rank, text, short, style| pieces.push(Piece { rank, text, short, style });
    // Panes have no title of their own that could tell it.
    let panes = canvas.app.page == Page::Fleet && canvas.app.regions(canvas.view).grid.form == Form::Panes;
    if let Some(sort) = canvas.app.sieve.sort().filter(|_| panes) {
        add(2, format!("by {}", arrange::described(sort)), None, look.accent());
    }
    let marks = canvas.app.marks.len();
    if marks > 0 {
        add(2, format!("◆ {} marked", number(marks)), Some(format!("◆{}", number(marks))), look.accent());
    }
    add(5, format!("{} msg/s", words::rate(f64::from(status.rate))), None, look.dim());
    pieces
}

/// What is filtered, and what of the filter is left out because it makes no sense.
fn filter(canvas: &Canvas<'_>) -> Option<Piece> {
    let filter = canvas.app.sieve.filter();
    // While it is written, the line below says more of it, and most terms make no sense yet.
    let mistake = filter.mistake().filter(|_| canvas.app.mode() != Mode::Filter);
    let text = clean_fit(filter.text(), 24);
    let without = mistake.map(|term| format!(" ✖ without {}", clean_fit(term, 16))).unwrap_or_default();
    let cross = if mistake.is_some() { "✖" } else { "" };
    let (text, short) = match (filter.is_empty(), canvas.app.sifted(canvas.view)) {
        (true, _) if mistake.is_none() => return None,
        (true, _) => (format!("/{text} ✖ makes no sense"), "/✖".to_owned()),
        (false, Some((shown, all))) => (
            format!("/{text}{without}  {} hidden", number(all.saturating_sub(shown))),
            format!("/{}{cross}", number(shown)),
        ),
        (false, None) => (format!("/{text}{without}  hides nothing here"), format!("/{cross}")),
    };
    let style = if mistake.is_some() { canvas.look.warn() } else { canvas.look.accent() };
    Some(Piece { rank: 2, text, short: Some(short), style })
}
