//! A statement that cannot be used, with the place marked under its text.

use std::fmt;
use unicode_width::UnicodeWidthChar;

/// How many characters of a long line are shown on each side of the position.
const AROUND: usize = 60;

/// Why a statement cannot be used, and where.
///
/// Prints as one message of a few lines: the reason with line and column, the statement's line with a caret under the
/// position, and a hint where there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqlError {
    why: String,
    hint: Option<String>,
    line: usize,
    column: usize,
    /// The statement's line at fault.
    source: String,
}

impl SqlError {
    /// An error in `sql` at a line and a column, both counted from 1, the column in characters.
    pub(super) fn new(sql: &str, at: (usize, usize), why: impl Into<String>) -> Self {
        let (line, column) = (at.0.max(1), at.1.max(1));
        let source = sql.lines().nth(line - 1).unwrap_or_default().to_owned();
        Self { why: why.into(), hint: None, line, column, source }
    }

    /// Adds what to do about it.
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// What is wrong, without position and statement.
    #[must_use]
    pub fn why(&self) -> &str {
        &self.why
    }

    /// What to do about it, for the common mistakes.
    #[must_use]
    pub fn advice(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// Line and column of the fault in the statement, both counted from 1, the column in characters.
    #[must_use]
    pub const fn position(&self) -> (usize, usize) {
        (self.line, self.column)
    }

    /// The line at fault, cut around the position, and how many terminal cells lie before the position.
    fn window(&self) -> (String, usize) {
        let before = self.column - 1;
        let skip = before.saturating_sub(AROUND);
        let mut text = String::from(if skip > 0 { "…" } else { "" });
        let mut cells = usize::from(skip > 0);
        let mut chars = self.source.chars().enumerate().skip(skip);
        for (index, c) in chars.by_ref().take(before - skip + AROUND) {
            // A tab or a control character would move the caret.
            let c = if c.is_control() { ' ' } else { c };
            text.push(c);
            if index < before {
                cells += c.width().unwrap_or(0);
            }
        }
        if chars.next().is_some() {
            text.push('…');
        }
        (text, cells)
    }
}

impl fmt::Display for SqlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (text, cells) = self.window();
        write!(f, "the SQL statement is wrong at line {}, column {}: {}", self.line, self.column, self.why)?;
        write!(f, "\n  {text}\n  {:cells$}^", "")?;
        match &self.hint {
            Some(hint) => write!(f, "\n  {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for SqlError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caret_stands_under_the_position() {
        let error = SqlError::new("SELECT *\n\tFROM x", (2, 7), "no quotes").hint("use quotes");
        let expected = "the SQL statement is wrong at line 2, column 7: no quotes\n   FROM x\n        ^\n  use quotes";
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn a_wide_character_takes_two_cells() {
        let error = SqlError::new("温度 x", (1, 4), "here");
        assert!(error.to_string().ends_with("\n  温度 x\n       ^"), "{error}");
    }

    #[test]
    fn a_long_line_is_cut_around_the_position() {
        let sql = format!("{}!{}", "a".repeat(500), "b".repeat(500));
        let text = SqlError::new(&sql, (1, 501), "here").to_string();
        let mut lines = text.lines().skip(1);
        let (source, caret) = (lines.next().unwrap(), lines.next().unwrap());
        assert!(source.chars().count() < 140, "{source}");
        assert_eq!(source.chars().position(|c| c == '!'), caret.chars().position(|c| c == '^'));
    }

    #[test]
    fn a_position_past_the_end_is_shown_at_the_end() {
        let error = SqlError::new("", (0, 0), "empty");
        assert_eq!(error.position(), (1, 1));
        assert!(error.to_string().contains("line 1, column 1"));
    }
}
