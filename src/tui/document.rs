//! A payload for reading: JSON indented, anything else escaped.

use super::text::{clean, wrap};
use super::words::number;
use std::cell::RefCell;
use std::fmt::Write as _;
use std::sync::Arc;

/// How much of a payload is made readable. A will is a few hundred bytes; what is longer is cut, and says so.
const MOST_BYTES: usize = 64 * 1024;

/// A line of a payload, or the part of one that a width holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Which line it is of: an index into [`Document::lines`]; of bytes, which of theirs.
    pub line: usize,
    /// How far it stands in.
    pub indent: usize,
    /// What it says.
    pub text: String,
}

/// A payload in lines.
#[derive(Clone, Debug, Default)]
pub struct Document {
    /// What it is: `JSON, 91 bytes`, `not JSON, 12 bytes`, …
    pub kind: String,
    /// Whether it is JSON.
    pub json: bool,
    /// Its lines, cleaned for the screen but not yet broken to its width; empty for bytes.
    pub lines: Vec<String>,
    /// What is no text.
    pub bytes: Vec<u8>,
    /// The parts for the last width that was asked for: a long payload is not broken anew every frame.
    broken: RefCell<(usize, Arc<[Part]>)>,
}

impl Document {
    /// Makes `payload` readable.
    #[must_use]
    pub fn read(payload: &[u8]) -> Self {
        let bytes = payload.len();
        let size = if bytes == 1 { "1 byte".to_owned() } else { format!("{} bytes", number(bytes)) };
        let shown = &payload[..bytes.min(MOST_BYTES)];
        let json = serde_json::from_slice::<serde::de::IgnoredAny>(payload).is_ok();
        let (kind, mut lines) = match std::str::from_utf8(payload) {
            _ if bytes == 0 => ("empty", vec!["(no payload)".to_owned()]),
            Ok(text) if json => ("JSON", indent(beginning(text))),
            Ok(text) => ("not JSON", escaped_text(beginning(text))),
            Err(_) => ("not UTF-8", Vec::new()),
        };
        let shown = if kind == "not UTF-8" { shown.to_vec() } else { Vec::new() };
        if bytes > MOST_BYTES {
            lines.push(format!("… and {} bytes more", number(bytes - MOST_BYTES)));
        }
        Self { kind: format!("{kind}, {size}"), json, lines, bytes: shown, ..Self::default() }
    }

    /// All of it, broken to `room` columns.
    #[must_use]
    pub fn parts(&self, room: usize) -> Arc<[Part]> {
        let mut broken = self.broken.borrow_mut();
        if broken.0 != room || broken.1.is_empty() {
            *broken = (room, self.breaks(room).into());
        }
        Arc::clone(&broken.1)
    }

    fn breaks(&self, room: usize) -> Vec<Part> {
        let bytes = if self.bytes.is_empty() { Vec::new() } else { hex(&self.bytes, room) };
        let mut parts = Vec::new();
        for (line, text) in bytes.iter().enumerate() {
            parts.extend(wrap(text, room).into_iter().map(|text| Part { line, indent: 0, text }));
        }
        for (line, text) in self.lines.iter().enumerate() {
            let indent = self.indent(line, room);
            parts.extend(wrap(&text[indent..], room - indent).into_iter().map(|text| Part { line, indent, text }));
        }
        parts
    }

    /// How far in a line stands: what is broken goes on below where it began, as far as that leaves room.
    fn indent(&self, line: usize, room: usize) -> usize {
        let line = &self.lines[line];
        let indent = line.len() - line.trim_start_matches(' ').len();
        if indent + 20 < room { indent } else { 0 }
    }
}

/// The first `MOST_BYTES` of a text, or a little less: no character is cut in two.
fn beginning(text: &str) -> &str {
    let end = (0..=MOST_BYTES.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    &text[..end.unwrap_or(0)]
}

/// Text with its line ends visible, broken after them.
fn escaped_text(text: &str) -> Vec<String> {
    text.split_inclusive('\n').map(clean).collect()
}

/// Bytes in hexadecimal, as many a line as `room` columns hold, with their letters beside them:
/// `0010  67 6f 6e 65 ff  gone.`
#[must_use]
pub fn hex(bytes: &[u8], room: usize) -> Vec<String> {
    // Offset and two gaps, and four columns a byte.
    let a_line = [16, 8, 4].into_iter().find(|count| 7 + 4 * count <= room).unwrap_or(2);
    let lines = bytes.chunks(a_line).enumerate().map(|(index, chunk)| {
        let mut line = format!("{:04x} ", index * a_line);
        for byte in chunk {
            // Writing to a String cannot fail.
            let _ = write!(line, " {byte:02x}");
        }
        line.push_str(&"   ".repeat(a_line - chunk.len()));
        line.push_str("  ");
        line.extend(chunk.iter().map(|byte| if byte.is_ascii_graphic() { char::from(*byte) } else { '.' }));
        line
    });
    lines.collect()
}

/// Indents JSON without touching what it says: numbers, escapes, doubled keys and their order stay as they came.
fn indent(json: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut depth = 0usize;
    let mut in_string = false;
    let mut escaped = false;
    let mut letters = json.chars().peekable();
    let break_line = |line: &mut String, lines: &mut Vec<String>, depth: usize| {
        lines.push(clean(line));
        line.clear();
        line.extend(std::iter::repeat_n(' ', depth * 2));
    };
    while let Some(letter) = letters.next() {
        if in_string {
            line.push(letter);
            in_string = escaped || letter != '"';
            escaped = letter == '\\' && !escaped;
            continue;
        }
        match letter {
            ' ' | '\t' | '\n' | '\r' => {}
            '{' | '[' => {
                line.push(letter);
                while letters.next_if(|next| matches!(next, ' ' | '\t' | '\n' | '\r')).is_some() {}
                if let Some(end) = letters.next_if(|next| matches!(next, '}' | ']')) {
                    line.push(end);
                } else {
                    depth += 1;
                    break_line(&mut line, &mut lines, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                break_line(&mut line, &mut lines, depth);
                line.push(letter);
            }
            ',' => {
                line.push(letter);
                break_line(&mut line, &mut lines, depth);
            }
            ':' => line.push_str(": "),
            _ => {
                in_string = letter == '"';
                line.push(letter);
            }
        }
    }
    lines.push(clean(&line));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn json_is_indented_and_not_touched() {
        assert_eq!(Document::read(b"[1e400]").lines, ["[", "  1e400", "]"]);
        let document = Document::read(br#"{"a":1.10,"b":{},"c":[12345678901234567890123,"x:,{\"y"],"a":[ ]}"#);
        assert_eq!(document.kind, "JSON, 65 bytes");
        let expected = [
            "{",
            "  \"a\": 1.10,",
            "  \"b\": {},",
            "  \"c\": [",
            "    12345678901234567890123,",
            "    \"x:,{\\\"y\"",
            "  ],",
            "  \"a\": []",
            "}",
        ];
        assert_eq!(document.lines, expected);
    }

    #[test]
    fn what_is_no_json_keeps_its_length() {
        assert_eq!(Document::read(b"").kind, "empty, 0 bytes");
        let document = Document::read(b"offline\nnow");
        assert_eq!((document.kind.as_str(), document.json), ("not JSON, 11 bytes", false));
        assert_eq!(document.lines, ["offline\\n", "now"]);
    }

    #[test]
    fn bytes_are_shown_in_as_many_columns_as_there_are() {
        let document = Document::read(b"\xfe\x01gone");
        assert_eq!((document.kind.as_str(), document.lines.len()), ("not UTF-8, 6 bytes", 0));
        assert_eq!(hex(&document.bytes, 40), ["0000  fe 01 67 6f 6e 65        ..gone"]);
        assert_eq!(hex(&document.bytes, 30), ["0000  fe 01 67 6f  ..go", "0004  6e 65        ne"]);
        let wide = hex(&[b'x'; 20], 76);
        assert_eq!((wide.len(), wide[0].len(), &wide[1][..6]), (2, 71, "0010  "));
    }

    #[test]
    fn a_long_payload_is_cut_and_says_so() {
        let long = vec![b'7'; MOST_BYTES + 10];
        let document = Document::read(&long);
        assert_eq!(document.lines.last().unwrap(), "… and 10 bytes more");
    }

    proptest! {
        #[test]
        fn indented_json_says_the_same(value in json()) {
            let text = value.to_string();
            let back: serde_json::Value = serde_json::from_str(&indent(&text).join("\n")).unwrap();
            prop_assert_eq!(back, value);
        }

        #[test]
        fn any_bytes_make_a_document(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let document = Document::read(&bytes);
            prop_assert!(document.lines.iter().all(|line| line.chars().all(|letter| !letter.is_control())));
        }
    }

    fn json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            "[ -~]{0,12}".prop_map(Into::into),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::Array),
                proptest::collection::vec(("[a-z]{1,4}", inner), 0..4)
                    .prop_map(|pairs| serde_json::Value::Object(pairs.into_iter().collect())),
            ]
        })
    }
}
