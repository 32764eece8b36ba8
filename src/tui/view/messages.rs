//! The page of messages: all that was said, in the order in which it came, and what the selected one says.
//!
//! ```text
//! ┏▸all 417  connected 101  will 57  executed 56  other 0  presence 203 ━━━━━━━━━━━━━━━━━ following the newest ━┓
//! ┃ 12:04:33.403  executed   lwtThing-2    Q1  {"state": {"reported": {"last_will": "yes", "trigger_action": …   ┃
//! ┃▸12:04:33.402  will       lwtThing-2    Q0  {"state": {"reported": {"last_will": "yes", "trigger_action": …   ┃
//! ┃ 12:04:33.401  presence   lwtThing-2        ✖ cut: connection lost, seen on the wire                          ┃
//! ┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛
//! ╭ will  /last/will/topic · QoS 1 ──────────────────────────────────────────────────────────── JSON, 91 bytes ──╮
//! │ {                                                                                                             │
//! ```

use super::boxes::{Titles, frame};
use super::canvas::{Canvas, columns};
use super::filtered::{hidden, none_through};
use super::payload;
use super::sheet::{Pieces, Sheet};
use crate::fleet::{FeedEntry, News, NewsKind, Presence};
use crate::mqtt::Cause;
use crate::tui::action::Action;
use crate::tui::hit::Target;
use crate::tui::keymap::Mode;
use crate::tui::layout;
use crate::tui::messages::{KINDS, Kind, Told};
use crate::tui::text::{clean_within, preview, width, wrap};
use crate::tui::words;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// Whose presence it is when it is nobody's.
const LINK: &str = "lwtop's link";

/// Draws the page.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect) {
    let regions = layout::messages(area);
    let page = &canvas.app.messages;
    let first = canvas.key(Mode::Messages, Action::First);
    let kept = page.kept(canvas.view.fleet);
    let filtered = (!canvas.app.sieve.filter().is_empty()).then(|| kept - page.len().min(kept));
    let right = match filtered {
        Some(out) => {
            format!("{} of {} · {}", words::number(page.len()), words::number(kept), hidden(canvas, out, area.width))
        }
        None if page.follows() => "following the newest".to_owned(),
        None => format!("staying here: {first} follows the newest"),
    };
    let more = if page.is_empty() { regions.message.height } else { 0 };
    let area = Rect { height: regions.list.height + more, ..regions.list };
    let tabs = tabs(canvas, area.width);
    let used: usize = tabs.iter().map(|(text, _)| width(text)).sum();
    // The tabs say more; what is hidden is said all the same, below the list.
    let fits = used + width(&right) + 5 <= usize::from(area.width);
    let titles = Titles {
        right: if fits { &right } else { "" },
        right_style: canvas.look.dim(),
        below: if fits || filtered.is_none() { "" } else { &right },
        ..Titles::default()
    };
    let inner = frame(canvas, area, true, &titles);
    canvas.zone(area, Target::Messages);
    let (mut x, end) = (area.x + 1, area.right().saturating_sub(1));
    for (tab, (text, style)) in tabs.iter().enumerate() {
        let used = canvas.put(x, area.y, text, end.saturating_sub(x), *style);
        canvas.zone(Rect { x, width: used, height: 1, ..area }, Target::Kind(tab));
        x += used;
    }
    if page.is_empty() {
        nothing(canvas, inner);
        return;
    }
    let selected = page.row();
    for (y, row) in (inner.y..inner.bottom()).zip(page.top..page.len()) {
        let Some(told) = page.line(canvas.view, row) else { continue };
        let place = Rect { y, height: 1, ..inner };
        line(canvas, place, &told);
        canvas.zone_line(place, Target::Told(told.number()));
        if row == selected {
            // In the border: visible without colours and in a captured screen too.
            canvas.put(place.x - 1, y, "▸", 1, canvas.look.accent());
            canvas.buffer.set_style(place, canvas.look.cursor());
        }
    }
    if regions.message.height > 0 {
        message(canvas, regions.message);
        if let Some(told) = page.selected(canvas.view) {
            canvas.zone(regions.message, Target::Below(Box::new(Target::Told(told.number()))));
        }
    }
}

/// The tabs with their styles, for a border of `width` columns.
fn tabs(canvas: &Canvas<'_>, width: u16) -> Pieces {
    let all: u64 = KINDS.iter().map(|kind| kind.total(canvas.view.fleet)).sum();
    let kinds = KINDS.iter().map(|kind| (kind.name(), kind.total(canvas.view.fleet)));
    let front = canvas.app.messages.tab;
    let tab = |(index, (name, total)): (usize, (&str, u64))| {
        // Where all names do not fit, only the one in front is named in full.
        let short = width < 76 && index != front;
        let point = if index == front { "▸" } else { " " };
        let name = if short { &name[..1] } else { name };
        let style = if index == front { canvas.look.strong() } else { canvas.look.dim() };
        (
            if width < 60 && short {
                format!("{point}{name} ")
            } else {
                format!("{point}{name} {} ", words::number(total))
            },
            style,
        )
    };
    std::iter::once(("all", all)).chain(kinds).enumerate().map(tab).collect()
}

fn nothing(canvas: &mut Canvas<'_>, area: Rect) {
    let kept = canvas.app.messages.kept(canvas.view.fleet);
    if kept > 0 {
        let text = none_through(canvas, &format!("None of {} lines is", words::number(kept)), Mode::Messages);
        for (y, line) in (area.y..area.bottom()).zip(wrap(&text, usize::from(area.width))) {
            canvas.put(area.x, y, &line, area.width, Style::new());
        }
        return;
    }
    let kind = canvas.app.messages.tab.checked_sub(1).and_then(|tab| KINDS.get(tab));
    let what = match kind {
        None => "Nothing was said yet.",
        Some(Kind::Presence) => "No device has come or gone yet.",
        Some(Kind::Message(crate::fleet::Role::Will)) => "No will has come yet.",
        Some(Kind::Message(crate::fleet::Role::Executed)) => "No rule has republished a will yet.",
        Some(Kind::Message(crate::fleet::Role::Other)) => {
            "No message outside the three topics. They come here where a rule listens to another topic."
        }
        Some(Kind::Message(crate::fleet::Role::Connected)) => "No device has announced itself yet.",
    };
    let how = if canvas.view.fleet.is_empty() {
        "{show-fleet} is the fleet: there {launch-one} launches a device, and {ask-death} lets it die."
    } else {
        "{show-fleet} is the fleet: there {ask-death} lets a device die."
    };
    let text = format!("{what}{}", canvas.offer(how));
    for (y, line) in (area.y..area.bottom()).zip(wrap(&text, usize::from(area.width))) {
        canvas.put(area.x, y, &line, area.width, canvas.look.dim());
    }
}

fn line(canvas: &mut Canvas<'_>, area: Rect, told: &Told<'_>) {
    let (when, kind, name_width) = match area.width {
        0..56 => (8, 2, 12),
        56..100 => (8, 11, 14),
        100..160 => (12, 11, 20),
        _ => (12, 11, 32),
    };
    let at = match told {
        Told::Message(entry) => entry.message.at,
        Told::News(news) => news.at,
    };
    let clock = canvas.clock(at);
    let mut x = area.x;
    canvas.put(x, area.y, clock.get(..when).unwrap_or(&clock), columns(when), canvas.look.dim());
    x += columns(when) + 1;
    let name = match told {
        Told::Message(entry) => entry.role.name(),
        Told::News(_) => Kind::Presence.name(),
    };
    canvas.put(x, area.y, if kind < 3 { &name[..1] } else { name }, kind, Style::new());
    x += kind;
    let (device, style) = match told.device() {
        Some(device) => (words::name(device, name_width), canvas.look.strong()),
        None if matches!(told, Told::News(_)) => (LINK.to_owned(), canvas.look.dim()),
        None => ("unattributed".to_owned(), canvas.look.dim()),
    };
    canvas.put(x, area.y, &device, columns(name_width), style);
    x += columns(name_width) + 1;
    let room = area.right().saturating_sub(x);
    match told {
        Told::Message(entry) => said(canvas, x, area.y, entry, room),
        Told::News(news) => presence(canvas, x, area.y, news, room),
    }
}

fn said(canvas: &mut Canvas<'_>, x: u16, y: u16, entry: &FeedEntry, room: u16) {
    let message = &entry.message;
    let qos = if room < 24 { String::new() } else { format!("Q{} ", message.qos.as_u8()) };
    let retained = if message.retain { "retained " } else { "" };
    let topic = if entry.role == crate::fleet::Role::Other || room > 100 {
        format!("{}  ", clean_within(&message.topic, 60))
    } else {
        String::new()
    };
    let payload = preview(&message.payload, usize::from(room));
    let pieces = [
        (qos.as_str(), canvas.look.dim()),
        (retained, canvas.look.warn()),
        (&topic, canvas.look.keyword()),
        (&payload, Style::new()),
    ];
    canvas.put_all(x, y, &pieces, room);
}

fn presence(canvas: &mut Canvas<'_>, x: u16, y: u16, news: &News, room: u16) {
    let (glyph, text, style) = became(canvas, news);
    canvas.put_all(x, y, &[(glyph, style), (" ", style), (&text, style)], room);
}

/// What became of a presence: glyph, words and style.
fn became(canvas: &Canvas<'_>, news: &News) -> (&'static str, String, Style) {
    match &news.what {
        NewsKind::Link { up: true, .. } => ("●", "link up".to_owned(), canvas.look.good()),
        NewsKind::Link { up: false, why } => {
            let why = why.as_deref().map(|why| format!(": {}", clean_within(why, 300))).unwrap_or_default();
            ("✖", format!("link down, every device is unknown{why}"), canvas.look.bad())
        }
        NewsKind::Device { presence, evidence, .. } => {
            let (glyph, text, style) = match presence {
                Presence::Online => ("●", "online".to_owned(), canvas.look.good()),
                Presence::Overdue => ("◐", "overdue".to_owned(), canvas.look.warn()),
                Presence::Offline { cause: Cause::ClientInitiatedDisconnect } => {
                    ("○", "left cleanly".to_owned(), canvas.look.dim())
                }
                Presence::Offline { cause } => ("✖", format!("offline: {}", cause.words()), canvas.look.bad()),
                Presence::Unknown => ("?", "unknown".to_owned(), canvas.look.warn()),
            };
            let known = evidence.map(|evidence| format!(", {}", evidence.words())).unwrap_or_default();
            (glyph, text + &known, style)
        }
    }
}

/// What the selected message says, below the list.
fn message(canvas: &mut Canvas<'_>, area: Rect) {
    let page = &canvas.app.messages;
    let rows = usize::from(area.height.saturating_sub(2));
    let mut sheet = Sheet::new(usize::from(area.width.saturating_sub(4))).showing(0, rows);
    let (entry, document) = match (page.selected(canvas.view), page.document()) {
        (Some(Told::Message(entry)), Some(document)) => (entry, document),
        (Some(Told::News(news)), _) => return news_in_full(canvas, area, sheet, news),
        _ => return,
    };
    payload::write(canvas.look, &mut sheet, document);
    let retained = if entry.message.retain { " · retained" } else { "" };
    let topic = clean_within(&entry.message.topic, sheet.room);
    let left = format!("{}  {topic} · QoS {}{retained}", entry.role.name(), entry.message.qos.as_u8());
    let hidden = sheet.lines.len().saturating_sub(rows);
    let open = canvas.key(Mode::Messages, Action::Enter);
    let below = match hidden {
        0 => String::new(),
        1 => format!("{open} opens it: 1 line more"),
        many => format!("{open} opens it: {} lines more", words::number(many)),
    };
    let titles = Titles {
        left: &left,
        left_style: canvas.look.strong(),
        right: &document.kind,
        right_style: canvas.look.dim(),
        below: &below,
    };
    let inner = frame(canvas, area, false, &titles);
    sheet.draw(canvas, inner, 0);
}

/// A change of a presence without the cut that the list makes.
fn news_in_full(canvas: &mut Canvas<'_>, area: Rect, mut sheet: Sheet, news: &News) {
    let (glyph, text, style) = became(canvas, news);
    sheet.text(&format!("{glyph} {text}"), 0, style);
    let (who, below) = match &news.what {
        NewsKind::Device { client, .. } => {
            let kept = canvas.view.device(client).is_some();
            let open = canvas.key(Mode::Messages, Action::Enter);
            let below = if kept { format!("{open} opens the device") } else { "the device was deleted".to_owned() };
            (words::name(client, sheet.room), below)
        }
        NewsKind::Link { .. } => (LINK.to_owned(), String::new()),
    };
    let left = format!("presence  {who}");
    let titles = Titles { left: &left, left_style: canvas.look.strong(), below: &below, ..Titles::default() };
    let inner = frame(canvas, area, false, &titles);
    sheet.draw(canvas, inner, 0);
}
