//! Trials and rules as a person reads them.

use super::{Trial, result};
use crate::rules::{Action, Line, Rule};
use serde_json::Value as Json;
use std::fmt::Write as _;
use unicode_width::UnicodeWidthStr;

/// The widest column that others are aligned to; what is wider pushes the rest of its own line only.
const WIDEST: usize = 72;

/// The statement, whether it matches, why, and what it sends.
pub(super) fn trial(trial: &Trial) -> String {
    let explanation = &trial.explanation;
    let name = if trial.named { format!("{}   ", trial.rule.name) } else { String::new() };
    let statement = one_line(&trial.rule.statement.to_string());
    let answer = if explanation.matched { "match" } else { "no match" };
    // "It fires: WHERE is true." would say the answer twice.
    let why = explanation.verdict.split_once(": ").map_or(explanation.verdict.as_str(), |(_, why)| why);
    let mut text = format!("{name}{statement}\n\n{answer}: {why}\n");
    let lines = explanation.lines();
    if !lines.is_empty() {
        text += "\n";
        let rows: Vec<_> = lines.iter().map(row).collect();
        text += &table(&rows);
    }
    match &trial.output {
        Some(output) => {
            let sent = match result(output) {
                (json, None) => serde_json::to_string_pretty(&json).unwrap_or_default(),
                (Json::String(text), Some("base64")) => format!("{text}\n({} bytes, in base64)", output.len()),
                (other, _) => other.as_str().unwrap_or_default().to_owned(),
            };
            text += if output.is_empty() { "\nIt sends an empty payload." } else { "\nIt sends:\n" };
            text += &sent;
            text.push('\n');
        }
        None if explanation.matched => text += "\nIt sends nothing: what it selects is Undefined for this message.\n",
        None => {}
    }
    harmless(&text)
}

/// A node: the expression, what it comes to, and why.
fn row(line: &Line) -> [String; 3] {
    let result = if line.result.is_empty() { String::new() } else { format!("→ {}", line.result) };
    [format!("  {}", line.text), result, line.detail.clone()]
}

/// One line a rule: name, whether it is in force, statement, actions.
pub(super) fn list(rules: &[(Rule, bool)]) -> String {
    let rows: Vec<_> = rules
        .iter()
        .map(|(rule, enabled)| {
            let mut actions: Vec<_> = rule.actions.iter().map(action).collect();
            actions.extend(rule.error_action.iter().map(|error| format!("on failure: {}", action(error))));
            let actions = if actions.is_empty() { "no action".to_owned() } else { actions.join(", ") };
            let state = if *enabled { "on" } else { "off" };
            [rule.name.to_string(), state.to_owned(), one_line(&rule.statement.to_string()), actions]
        })
        .collect();
    harmless(&table(&rows))
}

fn action(action: &Action) -> String {
    match action.kind.name() {
        "desktop" => "desktop".to_owned(),
        name => format!("{name} {}", one_line(&action.kind.target())),
    }
}

fn one_line(text: &str) -> String {
    text.replace('\n', "\\n")
}

/// Columns that begin below each other, three spaces apart, without spaces at the end.
fn table<const N: usize>(rows: &[[String; N]]) -> String {
    let width = |column: usize| {
        let widths = rows.iter().map(|row| row[column].width());
        widths.filter(|width| *width <= WIDEST).max().unwrap_or(0)
    };
    let widths: [usize; N] = std::array::from_fn(width);
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            let gap = (width + 3).saturating_sub(cell.width()).max(3);
            // Writing to a String does not fail.
            let _ = write!(line, "{cell}{:gap$}", "");
        }
        text += line.trim_end();
        text.push('\n');
    }
    text
}

/// With what could command a terminal written out, as JSON writes it.
fn harmless(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => shown.push(c),
            c if c.is_control()
                || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') =>
            {
                let _ = write!(shown, "\\u{:04x}", u32::from(c));
            }
            c => shown.push(c),
        }
    }
    shown
}
