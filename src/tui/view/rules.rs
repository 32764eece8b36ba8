//! The page of rules: the list, and below it the selected one.
//!
//! ```text
//! ╭ 2 rules ───────────────────────────────────────────────────────────────────────────╮
//! │  rule             topic               matched  not  last    actions                │
//! │▸ lastWillRule     /last/will/topic         12    3  4 s     republish · email ✖    │
//! │  lowBattery       devices/+/battery         0  118  never   webhook                │
//! ╰────────────────────────────────────────────────────────────────────────────────────╯
//! ┏ lastWillRule ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ matched 12 · not matched 3 · last 4 s ━┓
//! ┃ …                                                                                   ┃
//! ```
//! Where lines are few, there is no list: the title says which of how many rules it is.

use super::boxes::{Titles, frame};
use super::canvas::{Canvas, columns};
use super::filtered::{hidden, none_through};
use super::rule;
use crate::hub::{ActionStanding, RuleStanding};
use crate::tui::hit::Target;
use crate::tui::keymap::Mode;
use crate::tui::layout::{RulesRegions, body};
use crate::tui::text::{clean_within, fit, width, wrap};
use crate::tui::words::{self, number, range};
use ratatui::layout::Rect;
use ratatui::style::Style;

/// Draws the page.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect) {
    let status = canvas.view.status;
    let page = &canvas.app.rules;
    let regions = page.regions(area);
    let Some(standing) = status.rules.get(page.selected).filter(|_| !page.rows().is_empty()) else {
        nothing(canvas, body(area));
        return;
    };
    if regions.list.height > 0 {
        list(canvas, &regions);
    }
    rule::draw(canvas, &regions, standing);
}

fn nothing(canvas: &mut Canvas<'_>, area: Rect) {
    let titles = Titles { left: "Rules", left_style: canvas.look.strong(), ..Titles::default() };
    let inner = frame(canvas, area, true, &titles);
    let text = match canvas.view.status.rules.len() {
        0 => "No rule is in force. On another broker lwtop runs its rules only when it is started with --rules; a \
              [[rules]] table in the configuration makes one, and without any the AWS article's lastWillRule runs."
            .to_owned(),
        1 => none_through(canvas, "The one rule is not", Mode::Rules),
        many => none_through(canvas, &format!("None of {} rules is", number(many)), Mode::Rules),
    };
    for (y, line) in (inner.y..inner.bottom()).zip(wrap(&text, usize::from(inner.width))) {
        canvas.put(inner.x, y, &line, inner.width, canvas.look.dim());
    }
}

/// How wide the columns are; 0 leaves one out.
struct Columns {
    name: u16,
    topic: u16,
    matched: u16,
    not: u16,
    last: u16,
    actions: u16,
    /// What stands between a number and what follows it.
    gap: u16,
}

impl Columns {
    /// `names` and `topics` are the widths that would show all of them.
    fn new(room: u16, names: u16, topics: u16) -> Self {
        let (matched, not, last, gap) = if room < 90 { (7, 5, 6, 1) } else { (8, 11, 10, 2) };
        let numbers = matched + not + last + 2 * gap + 2;
        let mut rest = room.saturating_sub(numbers);
        let name = names.clamp(8, 28).min(rest);
        rest = rest.saturating_sub(name + 2);
        // What is done says more than where a rule listens: the statement says that, too.
        let topic = match rest {
            0..20 => 0,
            20..50 => topics.clamp(5, 16).min(rest.saturating_sub(16)),
            _ => topics.clamp(5, 40).min(rest / 2),
        };
        // A few letters of a topic say nothing.
        let topic = if topic < topics.min(10) { 0 } else { topic };
        let actions = rest.saturating_sub(if topic == 0 { 0 } else { topic + 2 });
        Self { name, topic, matched, not, last, actions: if actions < 9 { 0 } else { actions }, gap }
    }
}

fn list(canvas: &mut Canvas<'_>, regions: &RulesRegions) {
    let rules = &canvas.view.status.rules;
    let (top, rows) = (canvas.app.rules.top, regions.rows);
    let page = &canvas.app.rules;
    let (count, all) = (page.rows().len(), rules.len());
    let left = match all {
        1 => "1 rule".to_owned(),
        all if page.filtered() => format!("{} of {} rules", number(count), number(all)),
        all => format!("{} rules", number(all)),
    };
    let visible = (count > rows).then(|| range(top, rows, count));
    let out = page.filtered().then(|| hidden(canvas, all - count, regions.list.width));
    let right = visible.into_iter().chain(out).collect::<Vec<_>>().join(" · ");
    let titles = Titles { left: &left, left_style: canvas.look.strong(), right: &right, ..Titles::default() };
    let inner = frame(canvas, regions.list, false, &titles);
    canvas.zone(regions.list, Target::Rules);
    // As wide as the visible ones need: a wide column is a long way for the eye.
    let visible = || page.rows().iter().skip(top).take(rows).copied();
    let names = visible()
        .filter_map(|rule| rules.get(rule))
        .map(|rule| width(&clean_within(&rule.name, 40)))
        .max()
        .unwrap_or(0);
    let topics = visible()
        .filter_map(|rule| canvas.view.rules.rules().get(rule))
        .map(|rule| width(&clean_within(rule.statement.from.as_str(), 60)))
        .max()
        .unwrap_or(0);
    let widths = Columns::new(inner.width, columns(names), columns(topics));
    let dim = canvas.look.dim();
    let not = if widths.not > 9 { "not matched" } else { "not" };
    let last = if widths.last > 6 { "last match" } else { "last" };
    let titles = Row { name: "rule", topic: "topic", matched: "matched", not, last };
    line(canvas, inner, &widths, &titles, [dim; 5]);
    let x = inner.right().saturating_sub(widths.actions);
    canvas.put(x, inner.y, "actions", widths.actions, dim);
    for (y, index) in (inner.y + 1..inner.bottom()).zip(visible()) {
        let Some(standing) = rules.get(index) else { break };
        let place = Rect { y, height: 1, ..inner };
        entry(canvas, place, &widths, index, standing);
        canvas.zone_line(place, Target::Rule(index));
    }
}

struct Row<'a> {
    name: &'a str,
    topic: &'a str,
    matched: &'a str,
    not: &'a str,
    last: &'a str,
}

/// Names from the left, numbers from the right.
fn line(canvas: &mut Canvas<'_>, area: Rect, widths: &Columns, row: &Row<'_>, styles: [Style; 5]) {
    let mut x = area.x;
    for (text, wide, number, style) in [
        (row.name, widths.name, false, styles[0]),
        (row.topic, widths.topic, false, styles[1]),
        (row.matched, widths.matched, true, styles[2]),
        (row.not, widths.not, true, styles[3]),
        (row.last, widths.last, false, styles[4]),
    ] {
        if wide == 0 {
            continue;
        }
        let text = fit(text, usize::from(wide));
        let pad = if number { wide.saturating_sub(columns(width(&text))) } else { 0 };
        canvas.put(x + pad, area.y, &text, wide, style);
        x += wide + if number { widths.gap } else { 2 };
    }
}

fn entry(canvas: &mut Canvas<'_>, area: Rect, widths: &Columns, index: usize, standing: &RuleStanding) {
    let selected = index == canvas.app.rules.selected;
    let rule = canvas.view.rules.rules().get(index);
    let name = clean_within(&standing.name, usize::from(widths.name));
    let topic = rule.map(|rule| clean_within(rule.statement.from.as_str(), usize::from(widths.topic)));
    let last = standing.last_match.map_or_else(|| "never".to_owned(), |at| canvas.age(at));
    let row = Row {
        name: &name,
        topic: topic.as_deref().unwrap_or_default(),
        matched: &count(standing.matched),
        not: &count(standing.not_matched),
        last: &last,
    };
    let (plain, dim, strong) = (Style::new(), canvas.look.dim(), canvas.look.strong());
    // With a message in view, the rules that do not listen to it step back.
    let listens = canvas
        .app
        .rules
        .shown()
        .is_none_or(|shown| rule.is_some_and(|rule| rule.statement.listens_to(&shown.entry.message.topic)));
    let quiet = |number: u64| if number == 0 { dim } else { plain };
    let styles = [
        if listens { strong } else { plain },
        dim,
        quiet(standing.matched),
        quiet(standing.not_matched),
        if standing.last_match.is_some() { plain } else { dim },
    ];
    line(canvas, area, widths, &row, styles);
    if widths.actions > 0 {
        let x = area.right().saturating_sub(widths.actions);
        let full = words(canvas, standing, true);
        let room = usize::from(widths.actions);
        let wide: usize = full.iter().map(|(text, _)| width(text)).sum();
        let pieces = if wide <= room { full } else { words(canvas, standing, false) };
        let pieces: Vec<(&str, Style)> = pieces.iter().map(|(text, style)| (text.as_str(), *style)).collect();
        canvas.put_all(x, area.y, &pieces, widths.actions);
    }
    if selected {
        // In the border: visible without colours and in a captured screen too.
        canvas.put(area.x - 1, area.y, "▸", 1, canvas.look.accent());
        canvas.buffer.set_style(area, canvas.look.cursor());
    }
}

/// The actions, a word each: `republish · email 12 ✓ 1 ✖ 3 waiting`.
fn words(canvas: &Canvas<'_>, standing: &RuleStanding, full: bool) -> Vec<(String, Style)> {
    let look = canvas.look;
    let mut pieces = Vec::new();
    let mut actions: Vec<&ActionStanding> = standing.actions.iter().collect();
    if !full {
        // What does not fit is cut off: not what is in trouble.
        actions.sort_by_key(|action| (action.idle || action.failed == 0, action.waiting == 0));
    }
    for action in actions {
        if !pieces.is_empty() {
            pieces.push((" · ".to_owned(), look.dim()));
        }
        let ActionStanding { kind, done, failed, waiting, idle, .. } = action;
        if *idle {
            pieces.push((if full { format!("{kind} idle") } else { (*kind).to_owned() }, look.dim()));
            continue;
        }
        pieces.push(((*kind).to_owned(), Style::new()));
        if full && *done > 0 {
            pieces.push((format!(" {} ✓", number(*done)), look.good()));
        }
        if *failed > 0 {
            pieces.push((if full { format!(" {} ✖", number(*failed)) } else { " ✖".to_owned() }, look.bad()));
        }
        if *waiting > 0 {
            pieces.push((if full { format!(" {} waiting", number(*waiting)) } else { " …".to_owned() }, look.warn()));
        }
    }
    if pieces.is_empty() {
        pieces.push(("none".to_owned(), look.dim()));
    }
    pieces
}

/// A number in at most five columns: `12`, `9 999`, `99.9k`, `123k`, `45M`.
#[must_use]
pub fn count(number: u64) -> String {
    match number {
        0..10_000 => words::number(number),
        10_000..100_000 => format!("{}.{}k", number / 1_000, number % 1_000 / 100),
        100_000..10_000_000 => format!("{}k", number / 1_000),
        10_000_000..10_000_000_000 => format!("{}M", number / 1_000_000),
        _ => format!("{}G", number / 1_000_000_000),
    }
}
