//! The three feeds, newest first: side by side, or one in front with a tab each where the screen is narrow.
//!
//! ```text
//! ╭ connected  /lwt/connected/topic ─── 2 ╮╭ will  /last/will/topic ──────────── 1 ╮╭ executed  /lwt/executed ──── 1 ╮
//! │ 12:04:31.120 lwtThing-3 {"message": … ││ 12:04:33.402 lwtThing-2 {"state": {"… ││ 12:04:33.403 lwtThing-2 {"sta… │
//! ╰───────────────────────────────────────╯╰───────────────────────────────────────╯╰────────────────────────────────╯
//!
//! ╭ connected 2 │ ▸will 1 │ executed 1 ──────────────────────── /last/will/topic ╮
//! │ 12:04:33.402 lwtThing-2       {"state": {"reported": {"last_will": "yes", "… │
//! ╰──────────────────────────────────────────────────────────────────────────────╯
//! ```

use super::boxes::{Titles, frame};
use super::canvas::{Canvas, columns};
use crate::fleet::{FeedEntry, Role};
use crate::tui::app::{FEEDS, Focus};
use crate::tui::hit::Target;
use crate::tui::layout::{Regions, SIDE_BY_SIDE};
use crate::tui::page::Page;
use crate::tui::text::{clean, preview, wrap};
use crate::tui::words;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// Draws the feeds.
pub fn draw(canvas: &mut Canvas<'_>, regions: &Regions) {
    let area = regions.feeds;
    if area.height < 3 {
        return;
    }
    let focus = canvas.app.focus == Focus::Feed;
    if area.width < SIDE_BY_SIDE {
        tabbed(canvas, area, focus);
        return;
    }
    for (index, role) in FEEDS.into_iter().enumerate() {
        let edge = |at: usize| area.x + columns(usize::from(area.width) * at / FEEDS.len());
        let part = Rect { x: edge(index), width: edge(index + 1) - edge(index), ..area };
        let feed = canvas.view.fleet.feed(role);
        let left = format!("{}  {}", role.name(), clean(canvas.view.status.topic(role)));
        let right = words::number(feed.total());
        let titles = Titles {
            left: &left,
            left_style: canvas.look.strong(),
            right: &right,
            right_style: canvas.look.dim(),
            below: "",
        };
        let inner = frame(canvas, part, focus && canvas.app.feed == index, &titles);
        canvas.zone(part, Target::Feed(index));
        entries(canvas, inner, index, focus && canvas.app.feed == index);
    }
}

fn tabbed(canvas: &mut Canvas<'_>, area: Rect, focus: bool) {
    let front = canvas.app.feed;
    let topic = clean(canvas.view.status.topic(FEEDS[front]));
    // On the narrowest screens the tabs need the whole border.
    let right = if area.width < 70 { "" } else { topic.as_str() };
    let titles = Titles { right, right_style: canvas.look.dim(), ..Titles::default() };
    let inner = frame(canvas, area, focus, &titles);
    canvas.zone(area, Target::Feed(front));
    let mut x = area.x + 1;
    for (index, role) in FEEDS.into_iter().enumerate() {
        let total = canvas.view.fleet.feed(role).total();
        let (point, style) = if index == front { ("▸", canvas.look.strong()) } else { (" ", canvas.look.dim()) };
        let tab = format!("{point}{} {} ", role.name(), words::number(total));
        let used = canvas.put(x, area.y, &tab, area.right().saturating_sub(x + 1), style);
        canvas.zone(Rect { x, width: used, height: 1, ..area }, Target::Feed(index));
        x += used;
    }
    entries(canvas, inner, front, focus);
}

fn entries(canvas: &mut Canvas<'_>, inner: Rect, index: usize, focus: bool) {
    let role = FEEDS[index];
    let feed = canvas.view.fleet.feed(role);
    if feed.entries().is_empty() {
        let lines = wrap(&invitation(canvas, role), usize::from(inner.width));
        for (y, line) in (inner.y..inner.bottom()).zip(lines) {
            canvas.put(inner.x, y, &line, inner.width, canvas.look.dim());
        }
        return;
    }
    let app = canvas.app;
    let list = app.listed(canvas.view, index);
    if list.shown() == 0 {
        let text = format!("None of {} is let through by the filter.", words::number(list.kept));
        for (y, line) in (inner.y..inner.bottom()).zip(wrap(&text, usize::from(inner.width))) {
            canvas.put(inner.x, y, &line, inner.width, canvas.look.dim());
        }
        return;
    }
    let cursor = app.feed_cursors[index];
    let selected = cursor.row(list);
    for (y, row) in (inner.y..inner.bottom()).zip(cursor.top..) {
        let Some(entry) = list.place(row).and_then(|place| feed.entries().get(place)) else { break };
        let area = Rect { y, height: 1, ..inner };
        line(canvas, area, entry);
        canvas.zone_line(area, Target::Entry(index, entry.number));
        if focus && row == selected {
            canvas.buffer.set_style(area, canvas.look.cursor());
            // Visible without colours and in a captured screen too.
            canvas.put(area.x.saturating_sub(1), y, "▸", 1, canvas.look.accent());
        }
    }
}

fn line(canvas: &mut Canvas<'_>, area: Rect, entry: &FeedEntry) {
    let room = usize::from(area.width);
    let time = canvas.clock(entry.message.at);
    // Seconds are enough where every column counts.
    let time = if room < 36 { &time[..8] } else { &time };
    let name_width = (room / 4).clamp(12, 20);
    let (name, style) = match &entry.device {
        Some(device) => (words::name(device, name_width), canvas.look.strong()),
        None => ("unattributed".to_owned(), canvas.look.dim()),
    };
    let mut x = area.x;
    x += canvas.put(x, area.y, time, area.width, canvas.look.dim()) + 1;
    canvas.put(x, area.y, &name, columns(name_width), style);
    x += columns(name_width) + 1;
    let left = area.right().saturating_sub(x);
    let retained = if entry.message.retain { "retained " } else { "" };
    let payload = preview(&entry.message.payload, usize::from(left));
    canvas.put_all(x, area.y, &[(retained, canvas.look.warn()), (&payload, Style::new())], left);
}

/// What would fill an empty feed, and which key does that.
fn invitation(canvas: &Canvas<'_>, role: Role) -> String {
    // Beside a lesson no key acts on a device.
    let watches = canvas.app.page == Page::Lesson || canvas.app.read_only;
    let text = match (role, canvas.view.fleet.is_empty()) {
        (Role::Connected, _) if watches => "No device has announced itself yet.",
        (Role::Will, _) if watches => "No will yet.",
        (Role::Connected, true) => "No device has announced itself yet. {launch-one} launches one that does.",
        (Role::Connected, false) => "No announcement yet. {launch-one} launches a device that announces itself.",
        (Role::Executed, _) if canvas.view.status.rules.is_empty() => "lwtop runs no rule here.",
        (Role::Executed, _) => "No rule has executed yet. It does when a will arrives that it matches.",
        (_, true) => "No will yet. {launch-one} launches a device with one, then {ask-death} lets it die.",
        (_, false) => "No will yet. {ask-death} lets the selected device die: without DISCONNECT its will comes here.",
    };
    canvas.app.keys.tell(text)
}
