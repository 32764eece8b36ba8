//! Why a rule fired on a message or did not: the verdict, and WHERE as a tree in three columns.
//!
//! ```text
//! Why it did not fire  12:04:20.354 · lwtThing-2 · message 1 of 12
//! state.reported.trigger_action is Undefined, so the condition is not true
//! AND                                       → Undefined
//! ├─ state.reported.last_will = 'yes'       → true       'yes' = 'yes'
//! └─ state.reported.trigger_action = 'on'   → Undefined  the payload has no state.reported.trigger_action
//! ```
//! Where columns are few, what an expression comes to stands below it.

use super::canvas::Canvas;
use super::sheet::{Pieces, Sheet};
use crate::fleet::Role;
use crate::rules::Line;
use crate::tui::look::Look;
use crate::tui::rules::Shown;
use crate::tui::text::{GLUE, clean_fit, width, wrap};
use crate::tui::words;
use ratatui::style::Style;

/// Below this many columns the tree is not a table.
const TABLE: usize = 70;
/// No value is shown in more columns than this, however long it is.
const LONGEST: usize = 400;

/// Writes the reason for the message in view, or what would bring one.
pub fn write(canvas: &mut Canvas<'_>, sheet: &mut Sheet) {
    let Some(shown) = canvas.app.rules.shown() else {
        let text = invitation(canvas);
        sheet.text(&text, 0, canvas.look.dim());
        return;
    };
    heading(canvas, sheet, shown);
    let look = canvas.look;
    let explanation = &shown.explanation;
    if shown.entry.message.retain {
        let text = "It was delivered because it was retained: rules see a message when it is published, and only then. \
                    Were it published now:";
        sheet.text(text, 0, Style::new());
    }
    if skipped(canvas, shown) {
        let text = "It matches, and nothing was done: the message came of this rule's own republish, or of too many rules in a \
                    row. Had it come from anywhere else:";
        sheet.text(text, 0, Style::new());
    }
    let style = if explanation.matched { look.good() } else { look.warn() };
    sheet.text(&clean_fit(&explanation.verdict, LONGEST), 0, style);
    tree(look, sheet, &explanation.lines());
}

/// Whether loop protection kept the message from the rule.
fn skipped(canvas: &Canvas<'_>, shown: &Shown) -> bool {
    let rule = canvas.view.rules.rules().get(canvas.app.rules.selected);
    rule.is_some_and(|rule| shown.entry.skipped.contains(&rule.name))
}

fn heading(canvas: &Canvas<'_>, sheet: &mut Sheet, shown: &Shown) {
    let message = &shown.entry.message;
    let title = match (message.retain || skipped(canvas, shown), shown.explanation.matched) {
        (true, _) => "Why it was not tried",
        (false, true) => "Why it fired",
        (false, false) => "Why it did not fire",
    };
    let device = shown.entry.device.as_ref();
    let device = device.map_or_else(|| "unattributed".to_owned(), |device| words::name(device, 60));
    let mut facts = vec![canvas.clock(message.at), device];
    let rule = canvas.view.rules.rules().get(canvas.app.rules.selected);
    if rule.is_some_and(|rule| rule.statement.from.has_wildcard()) {
        facts.push(clean_fit(&message.topic, 200));
    }
    facts.push(match shown.place {
        Some(place) => format!("message{GLUE}{}{GLUE}of{GLUE}{}", place + 1, shown.of),
        None => "no longer in the feeds".to_owned(),
    });
    if shown.listeners > 1 {
        facts.push(format!("{} rules listen", shown.listeners));
    }
    let facts = facts.join(" · ");
    let (strong, dim) = (canvas.look.strong(), canvas.look.dim());
    if width(title) + 2 + width(&facts) <= sheet.room {
        sheet.line(vec![(format!("{title}  "), strong), (facts, dim)]);
    } else {
        sheet.text(title, 0, strong);
        sheet.text(&facts, 0, dim);
    }
}

/// The tree, in three columns or below one another.
fn tree(look: &Look, sheet: &mut Sheet, lines: &[Line]) {
    let cells: Vec<Cells> = lines.iter().map(|line| Cells::new(line, sheet.room / 3)).collect();
    if sheet.room < TABLE {
        for cell in &cells {
            cell.narrow(look, sheet);
        }
        return;
    }
    let widest = |of: fn(&Cells) -> usize| cells.iter().map(of).max().unwrap_or(0);
    // No column takes what the others need: what is too long is broken.
    let result = widest(|cell| width(&cell.result)).min(sheet.room / 5);
    let rest = sheet.room.saturating_sub(result + 6);
    let detail = widest(|cell| width(&cell.detail)).min(rest / 3);
    let text = widest(|cell| width(&cell.branches) + width(&cell.text)).min(rest - detail);
    for cell in &cells {
        cell.wide(look, sheet, text, result);
    }
}

/// One line of the tree, cleaned.
struct Cells {
    branches: String,
    /// What stands below the branches where the text goes on.
    below: String,
    text: String,
    result: String,
    detail: String,
}

impl Cells {
    /// `most` is how many columns the branches may take: a tree may be deeper than the screen is wide.
    fn new(line: &Line, most: usize) -> Self {
        let is_branch = |letter: char| matches!(letter, '│' | '├' | '└' | '─' | ' ');
        let text = line.text.trim_start_matches(is_branch);
        let branches = clean_fit(&line.text[..line.text.len() - text.len()], most);
        let below = branches.chars().map(|branch| if matches!(branch, '│' | '├') { '│' } else { ' ' }).collect();
        Self {
            branches,
            below,
            text: clean_fit(text, LONGEST),
            result: clean_fit(&line.result, LONGEST),
            detail: clean_fit(&line.detail, LONGEST),
        }
    }

    fn wide(&self, look: &Look, sheet: &mut Sheet, text_width: usize, result_width: usize) {
        let indent = width(&self.branches).min(text_width);
        let text = wrap(&self.text, (text_width - indent).max(8));
        let result = wrap(&self.result, result_width.max(2));
        let used = text_width + result_width + 6;
        let detail = wrap(&self.detail, sheet.room.saturating_sub(used).max(8));
        let of = |lines: &[String], index: usize| lines.get(index).cloned().unwrap_or_default();
        for index in 0..text.len().max(result.len()).max(detail.len()) {
            let branches = if index == 0 { &self.branches } else { &self.below };
            let arrow = if index == 0 { "→ " } else { "  " };
            let cell = of(&text, index);
            let pad = " ".repeat((text_width + 2).saturating_sub(width(branches) + width(&cell)));
            let mut pieces: Pieces = vec![(branches.clone(), look.dim()), (cell + &pad, Style::new())];
            let cell = of(&result, index);
            let pad = " ".repeat((result_width + 2).saturating_sub(width(&cell)));
            pieces.push((arrow.to_owned(), look.dim()));
            pieces.push((cell + &pad, result_style(look, &self.result)));
            pieces.push((of(&detail, index), look.dim()));
            sheet.line(pieces);
        }
    }

    fn narrow(&self, look: &Look, sheet: &mut Sheet) {
        let room = sheet.room.saturating_sub(width(&self.branches));
        let style = result_style(look, &self.result);
        let mut branches = &self.branches;
        let mut push = |text: Pieces| {
            let mut pieces = vec![(branches.clone(), look.dim())];
            pieces.extend(text);
            sheet.line(pieces);
            branches = &self.below;
        };
        let whole = width(&self.text) + width(&self.result) + 4;
        let alone = self.detail.is_empty() && whole <= room;
        if alone {
            push(vec![
                (format!("{}  ", self.text), Style::new()),
                ("→ ".to_owned(), look.dim()),
                (self.result.clone(), style),
            ]);
            return;
        }
        for line in wrap(&self.text, room) {
            push(vec![(line, Style::new())]);
        }
        let result = wrap(&self.result, room.saturating_sub(2));
        let both = width(&self.result) + width(&self.detail) + 4 <= room;
        for (index, line) in result.iter().enumerate() {
            let arrow = if index == 0 { "→ " } else { "  " };
            let mut pieces = vec![(arrow.to_owned(), look.dim()), (line.clone(), style)];
            if both && !self.detail.is_empty() {
                pieces.push((format!("  {}", self.detail), look.dim()));
            }
            push(pieces);
        }
        if !both {
            for line in wrap(&self.detail, room.saturating_sub(2)) {
                push(vec![(format!("  {line}"), look.dim())]);
            }
        }
    }
}

fn result_style(look: &Look, result: &str) -> Style {
    match result {
        "true" => look.good(),
        "false" | "Undefined" => look.warn(),
        _ => Style::new(),
    }
}

/// What would bring a message that the rule listens to, and which key does that.
fn invitation(canvas: &Canvas<'_>) -> String {
    let Some(rule) = canvas.view.rules.rules().get(canvas.app.rules.selected) else { return String::new() };
    let filter = &rule.statement.from;
    let status = canvas.view.status;
    let hears = |role: Role| {
        let topic = status.topic(role);
        topic == filter.as_str() || rule.statement.listens_to(topic)
    };
    let devices = !canvas.view.fleet.is_empty();
    let how = match (hears(Role::Will), hears(Role::Connected) || hears(Role::Executed), devices) {
        (true, _, true) => "{show-fleet}, then {ask-death} {die-fin} cuts a device: its will comes there.",
        (true, _, false) => {
            "{show-fleet}, then {launch-one} launches a device, {ask-death} {die-fin} cuts it: its will comes there."
        }
        (false, true, _) if hears(Role::Connected) => {
            "{show-fleet}, then {launch-one} launches a device: it announces itself there."
        }
        _ => "As soon as one is published there, it is explained here.",
    };
    let acts = how.contains("{launch-one}") || how.contains("{ask-death}");
    let how = if acts { canvas.offer(how) } else { format!(" {how}") };
    let topic = clean_fit(filter.as_str(), 200);
    let standing = status.rules.get(canvas.app.rules.selected);
    let tried = standing.is_some_and(|standing| standing.matched + standing.not_matched > 0);
    if tried {
        return format!("The messages on {topic} that it was tried on are no longer kept.{how}");
    }
    format!("No message on {topic} yet.{how}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(lines: &[Line], room: usize) -> Vec<String> {
        let mut sheet = Sheet::new(room);
        tree(&Look::plain(), &mut sheet, lines);
        let text = |pieces: &Pieces| pieces.iter().map(|(text, _)| text.as_str()).collect::<String>();
        sheet.lines.iter().map(|pieces| text(pieces).trim_end().to_owned()).collect()
    }

    fn line(text: &str, result: &str, detail: &str) -> Line {
        Line { text: text.into(), result: result.into(), detail: detail.into() }
    }

    fn article() -> Vec<Line> {
        vec![
            line("AND", "Undefined", ""),
            line("├─ state.reported.last_will = 'yes'", "true", "'yes' = 'yes'"),
            line(
                "└─ state.reported.trigger_action = 'on'",
                "Undefined",
                "the payload has no state.reported.trigger_action",
            ),
        ]
    }

    #[test]
    fn the_tree_stands_in_three_columns() {
        assert_eq!(
            shown(&article(), 110),
            [
                "AND                                      → Undefined",
                "├─ state.reported.last_will = 'yes'      → true       'yes' = 'yes'",
                "└─ state.reported.trigger_action = 'on'  → Undefined  the payload has no state.reported.trigger_action",
            ]
        );
    }

    #[test]
    fn where_columns_are_few_the_result_stands_below() {
        assert_eq!(
            shown(&article(), 36),
            [
                "AND  → Undefined",
                "├─ state.reported.last_will = 'yes'",
                "│  → true  'yes' = 'yes'",
                "└─ state.reported.trigger_action =",
                "   'on'",
                "   → Undefined",
                "     the payload has no",
                "     state.reported.trigger_action",
            ]
        );
    }

    #[test]
    fn what_is_long_is_broken_in_its_column() {
        let lines = [
            line("OR", "false", ""),
            line("├─ NOT", "false", ""),
            line(
                "│  └─ startswith(a.name.that.is.long, 'Prüfstand-温度-')",
                "true",
                "'Prüfstand-温度-7' starts with it",
            ),
            line("└─ one.path.to.a.value = 'somewhere between the lines'", "false", "'a longer value' = 'somewhere'"),
        ];
        assert_eq!(
            shown(&lines, 76),
            [
                "OR                                            → false",
                "├─ NOT                                        → false",
                "│  └─ startswith(a.name.that.is.long,         → true   'Prüfstand-温度-7'",
                "│     'Prüfstand-温度-')                               starts with it",
                "└─ one.path.to.a.value = 'somewhere between   → false  'a longer value' =",
                "   the lines'                                          'somewhere'",
            ]
        );
    }

    proptest! {
        #[test]
        fn any_line_fits_any_width(text in "[│├└─ ]{0,40}.{0,60}", result in ".{0,60}", detail in ".{0,60}", room in 10_usize..200) {
            for line in shown(&[line(&text, &result, &detail)], room) {
                prop_assert!(width(&line) <= room, "{line:?}");
            }
        }
    }
}
