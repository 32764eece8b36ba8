//! Values and expressions as a person reads them: short, on one line, and harmless to a terminal.

use super::super::value::Value;
use serde::Serialize;
use std::borrow::Cow;
use std::fmt::{Display, Write as _};
use std::io;

/// The most characters of one value.
const VALUE: usize = 60;

/// The most characters of one expression, or of an expression with values in place of names.
const EXPRESSION: usize = 200;

/// A value as a literal of SQL, or as JSON where SQL has none.
pub(super) fn value(value: &Value<'_>) -> String {
    match value {
        Value::Undefined => "Undefined".to_owned(),
        Value::Null => "null".to_owned(),
        Value::Bool(bool) => bool.to_string(),
        Value::Number(number) => number.to_text(),
        Value::String(text) => {
            // As much as is shown at the most: the text may have a million characters.
            let start: Cow<'_, str> = text.chars().take(VALUE + 1).collect();
            format!("'{}'", cut(&start.replace('\'', "''"), VALUE))
        }
        Value::Array(items) => json(items),
        Value::Object(fields) => json(fields),
        Value::Binary(bytes) => format!("({} bytes)", bytes.len()),
    }
}

/// An expression on one line.
pub(super) fn expression(expression: impl Display) -> String {
    cut(&expression.to_string(), EXPRESSION)
}

/// A name or a topic from outside, on one line.
pub(super) fn plain(text: &str) -> String {
    cut(text, EXPRESSION)
}

fn json(value: impl Serialize) -> String {
    let mut start = Start(Vec::new());
    // It ends early when there is enough: that is no error.
    let _ = serde_json::to_writer(&mut start, &value);
    cut(&String::from_utf8_lossy(&start.0), VALUE)
}

/// Takes as many bytes as can be shown, and a few more, so that it is seen that there are more.
struct Start(Vec<u8>);

impl io::Write for Start {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() > VALUE * 4 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        self.0.extend_from_slice(&bytes[..bytes.len().min(VALUE * 4 + 4)]);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The first `most` characters, with what would move a cursor or turn the reading direction written out.
fn cut(text: &str, most: usize) -> String {
    let mut shown = String::new();
    for (index, c) in text.chars().enumerate() {
        if index == most {
            shown.push('…');
            break;
        }
        match c {
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' => {
                escape(c, &mut shown);
            }
            c if c.is_control() => escape(c, &mut shown),
            c => shown.push(c),
        }
    }
    shown
}

fn escape(c: char, into: &mut String) {
    // Writing to a String does not fail.
    let _ = write!(into, "\\u{{{:x}}}", u32::from(c));
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_literals_and_short() {
        for (json, shown) in [
            (json!("it's"), "'it''s'".to_owned()),
            (json!(10.0), "10".to_owned()),
            (json!(null), "null".to_owned()),
            (json!({"a": [1, "x"]}), r#"{"a":[1,"x"]}"#.to_owned()),
            (json!("é".repeat(100)), format!("'{}…'", "é".repeat(60))),
            (json!(["é".repeat(1_000_000)]), format!("[\"{}…", "é".repeat(58))),
            (json!("\u{1b}[31m\u{202e}\n"), r"'\u{1b}[31m\u{202e}\n'".to_owned()),
        ] {
            assert_eq!(value(&Value::from(&json)), shown);
        }
    }
}
