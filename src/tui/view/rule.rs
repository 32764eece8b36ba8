//! One rule: what it is for, its statement, its actions, and why it fired on a message or did not.
//!
//! ```text
//! ┏ lastWillRule ━━━━━━━━━━━━━━━━━━━━━━━━━━━━ matched 12 · not matched 3 · last 4 s ago ┓
//! ┃ tells a person that a device died                                                   ┃
//! ┃                                                                                     ┃
//! ┃ SELECT * FROM '/last/will/topic' WHERE state.reported.last_will = 'yes'             ┃
//! ┃                                                                                     ┃
//! ┃ republish  /lwt/executed  12 done                                                   ┃
//! ┃ email      kim@plant.de   11 done · 1 failed                                        ┃
//! ┃            ✖ 12 s ago: 127.0.0.1:2525 does not answer                               ┃
//! ┃                                                                                     ┃
//! ┃ Why it did not fire  12:04:20.354 · lwtThing-2 · 1 of 12                            ┃
//! ┗ 3 lines more ↓ ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛
//! ```

use super::boxes::{Titles, frame, more};
use super::canvas::Canvas;
use super::rules::count;
use super::sheet::Sheet;
use super::why;
use crate::hub::{ActionStanding, RuleStanding};
use crate::tui::hit::Target;
use crate::tui::layout::RulesRegions;
use crate::tui::rules::Scroll;
use crate::tui::sql;
use crate::tui::text::{clean_fit, width};
use crate::tui::words;
use ratatui::style::Style;

/// From this many lines on there is room for empty ones.
const ROOMY: u16 = 9;
/// The most columns of a sentence from outside.
const LONGEST: usize = 2_000;
/// In fewer columns than this a sentence does not read well.
const NARROW: usize = 24;

/// Draws the selected rule.
pub fn draw(canvas: &mut Canvas<'_>, regions: &RulesRegions, standing: &RuleStanding) {
    let area = regions.rule;
    let mut sheet = Sheet::new(usize::from(area.width.saturating_sub(4)));
    let roomy = area.height >= ROOMY + 2;
    let gap = |sheet: &mut Sheet| {
        if roomy && !sheet.lines.is_empty() {
            sheet.gap();
        }
    };
    if let Some(description) = &standing.description {
        sheet.text(&clean_fit(description, LONGEST), 0, canvas.look.dim());
        gap(&mut sheet);
    }
    for line in sql::lines(&standing.sql, sheet.room) {
        let style = |keyword| if keyword { canvas.look.keyword() } else { Style::new() };
        sheet.line(line.into_iter().map(|(word, keyword)| (word, style(keyword))).collect());
    }
    gap(&mut sheet);
    actions(canvas, &mut sheet, standing);
    gap(&mut sheet);
    let reason = sheet.lines.len();
    why::write(canvas, &mut sheet);

    let shown = usize::from(area.height.saturating_sub(2));
    let extent = sheet.lines.len().saturating_sub(shown);
    let top = match canvas.app.rules.scroll {
        Scroll::Top => 0,
        Scroll::Why => reason,
        Scroll::Line(line) => line,
    };
    let top = top.min(extent);
    canvas.app.rules.drawn.set((top, extent));
    canvas.zone(area, Target::Text);

    let (row, rules) = (canvas.app.rules.row(), canvas.app.rules.rows().len());
    let name = clean_fit(&standing.name, sheet.room);
    // Without a list, the title says that there are others.
    let left = if regions.list.height == 0 && rules > 1 { format!("{}/{rules} {name}", row + 1) } else { name };
    let right = counts(canvas, standing, sheet.room.saturating_sub(width(&left) + 4));
    let below = more(sheet.lines.len(), area.height.saturating_sub(2), top);
    let titles = Titles {
        left: &left,
        left_style: canvas.look.strong(),
        right: &right,
        right_style: Style::new(),
        below: &below,
    };
    let inner = frame(canvas, area, true, &titles);
    sheet.draw(canvas, inner, top);
}

/// How often it matched, in as many words as there is room for.
fn counts(canvas: &mut Canvas<'_>, standing: &RuleStanding, room: usize) -> String {
    let RuleStanding { matched, not_matched, .. } = standing;
    let all = matched.saturating_add(*not_matched);
    let (matched, not) = (words::number(*matched), words::number(*not_matched));
    let last = standing.last_match.map(|at| format!(" · last {}", canvas.ago(at))).unwrap_or_default();
    let forms = [
        format!("matched {matched} · not matched {not}{last}"),
        format!("matched {matched} · not matched {not}"),
        format!("{} of {} matched", count(standing.matched), count(all)),
    ];
    let fitting = forms.into_iter().find(|form| width(form) <= room);
    fitting.unwrap_or_else(|| format!("{}/{}", count(standing.matched), count(all)))
}

fn actions(canvas: &mut Canvas<'_>, sheet: &mut Sheet, standing: &RuleStanding) {
    if standing.actions.is_empty() {
        sheet.text("It does nothing when it fires: it has no action.", 0, canvas.look.dim());
        return;
    }
    let last = standing.actions.len() - 1;
    let names: Vec<String> = standing
        .actions
        .iter()
        .enumerate()
        .map(|(index, action)| {
            if standing.has_error_action && index == last {
                format!("on error: {}", action.kind)
            } else {
                action.kind.to_owned()
            }
        })
        .collect();
    let name_width = names.iter().map(|name| width(name)).max().unwrap_or(0);
    let most = (sheet.room.saturating_sub(name_width + 4) / 2).min(48);
    let targets: Vec<String> = standing.actions.iter().map(|action| clean_fit(&action.target, most)).collect();
    let target_width = targets.iter().map(|target| width(target)).max().unwrap_or(0);
    for ((action, name), target) in standing.actions.iter().zip(&names).zip(&targets) {
        let style = if action.idle { canvas.look.dim() } else { Style::new() };
        let pad = |text: &str, wide: usize| " ".repeat(wide.saturating_sub(width(text)) + 2);
        let head = vec![
            (format!("{name}{}", pad(name, name_width)), style),
            (format!("{target}{}", pad(target, target_width)), canvas.look.dim()),
        ];
        let failure = action.last_failure.as_ref().map(|failure| clean_fit(&failure.text, LONGEST));
        if action.idle {
            let why = failure.unwrap_or_else(|| "it cannot work on this machine".to_owned());
            let indent = name_width + target_width + 4;
            let indent = if indent + NARROW > sheet.room { name_width + 2 } else { indent };
            let above = sheet.lines.len();
            sheet.text(&format!("idle: {why}"), indent, canvas.look.dim());
            if indent > name_width + 2 {
                let reason = sheet.lines[above].pop();
                sheet.lines[above] = head.into_iter().chain(reason).collect();
            } else {
                sheet.lines.insert(above, head);
            }
            continue;
        }
        sheet.line(head.into_iter().chain(outcome(canvas, action)).collect());
        if let (Some(text), Some(failure)) = (failure, &action.last_failure) {
            let ago = canvas.ago(failure.at);
            sheet.text(&format!("✖ {ago}: {text}"), name_width + 2, canvas.look.bad());
        }
    }
}

/// `12 done · 1 failed · 3 waiting`, each only if there are any.
fn outcome(canvas: &Canvas<'_>, action: &ActionStanding) -> Vec<(String, Style)> {
    let look = canvas.look;
    let mut pieces: Vec<(String, Style)> = Vec::new();
    let numbers = [
        (action.done, "done", Style::new()),
        (action.failed, "failed", look.bad()),
        (action.waiting, "waiting", look.warn()),
    ];
    for (number, word, style) in numbers {
        if number > 0 {
            if !pieces.is_empty() {
                pieces.push((" · ".to_owned(), look.dim()));
            }
            pieces.push((format!("{} {word}", words::number(number)), style));
        }
    }
    if pieces.is_empty() {
        pieces.push(("nothing to do so far".to_owned(), look.dim()));
    }
    pieces
}
