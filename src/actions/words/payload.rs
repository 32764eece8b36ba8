//! A payload that a person can read.

use super::escaped;
use serde::de::IgnoredAny;
use std::fmt::Write as _;

/// No larger JSON is set out in lines: a mail is not the place for it.
const LARGE: usize = 256 * 1024;

/// The beginning of a payload as text, about `most` bytes of it: JSON set out in lines, its numbers as they were written;
/// bytes that are no UTF-8 as `\xff`. What was left out is said.
#[must_use]
pub fn readable(payload: &[u8], most: usize) -> String {
    if payload.is_empty() {
        return "(empty)".to_owned();
    }
    let json = payload.len() <= LARGE && serde_json::from_slice::<IgnoredAny>(payload).is_ok();
    let text = std::str::from_utf8(payload).ok().filter(|_| json);
    let (mut out, whole) = text.map_or_else(|| plain(payload, most), |text| set_out(text, most));
    if !whole {
        // A String takes everything.
        let _ = write!(out, "… ({} bytes in all)", super::count(payload.len() as u64));
    }
    out
}

/// Text as it is, its line breaks too; whether that is all of it.
fn plain(payload: &[u8], most: usize) -> (String, bool) {
    let mut out = String::new();
    for chunk in payload.utf8_chunks() {
        for letter in chunk.valid().chars() {
            if out.len() >= most {
                return (out, false);
            }
            out.push_str(&escaped(letter, &['\n', '\t']));
        }
        for byte in chunk.invalid() {
            if out.len() >= most {
                return (out, false);
            }
            // A String takes everything.
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    (out, true)
}

/// Correct JSON, token by token: no number is read, so none loses a digit, and no depth is too deep.
fn set_out(json: &str, most: usize) -> (String, bool) {
    let mut out = String::new();
    let mut depth = 0_usize;
    let (mut quoted, mut after_backslash) = (false, false);
    let mut letters = json.chars().filter(|letter| !letter.is_ascii_whitespace() || *letter == ' ').peekable();
    while let Some(letter) = letters.next() {
        if out.len() >= most {
            return (out, false);
        }
        if quoted {
            out.push_str(&escaped(letter, &[]));
            quoted = letter != '"' || after_backslash;
            after_backslash = letter == '\\' && !after_backslash;
            continue;
        }
        match letter {
            ' ' => {}
            '"' => {
                quoted = true;
                out.push('"');
            }
            '{' | '[' => {
                out.push(letter);
                while letters.next_if(|next| *next == ' ').is_some() {}
                if let Some(close) = letters.next_if(|next| matches!(next, '}' | ']')) {
                    out.push(close);
                } else {
                    depth += 1;
                    line(&mut out, depth, most);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut out, depth, most);
                out.push(letter);
            }
            ',' => {
                out.push(',');
                line(&mut out, depth, most);
            }
            ':' => out.push_str(": "),
            _ => out.push(letter),
        }
    }
    (out, true)
}

/// A new line, two blanks deeper for each depth, as far as they fit.
fn line(out: &mut String, depth: usize, most: usize) {
    out.push('\n');
    let blanks = depth.saturating_mul(2).min(most.saturating_sub(out.len()));
    out.extend(std::iter::repeat_n(' ', blanks));
}
