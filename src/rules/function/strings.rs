//! Strings: case, length, parts, replacing, padding.

#![expect(clippy::unnecessary_wraps, reason = "the table's shape")]

use super::numbers::whole;
use super::{MAX_TEXT, int, json, text};
use crate::rules::value::Value;
use serde_json::Value as Json;
use std::borrow::Cow;

/// The most spaces that `lpad()` and `rpad()` add; the guide's limit.
const MAX_PAD: i128 = 1_000;

pub(super) fn lower(value: &str) -> Option<Value<'static>> {
    text(value.to_lowercase())
}

pub(super) fn upper(value: &str) -> Option<Value<'static>> {
    text(value.to_uppercase())
}

pub(super) fn length(value: &str) -> Option<Value<'static>> {
    int(value.chars().count() as u64)
}

pub(super) fn bytes(value: &str) -> Option<Value<'static>> {
    int(value.len() as u64)
}

pub(super) fn trim<'a>(value: &Value<'a>) -> Option<Value<'a>> {
    Some(part(value.text()?, |text| text.trim_matches(is_space)))
}

pub(super) fn ltrim<'a>(value: &Value<'a>) -> Option<Value<'a>> {
    Some(part(value.text()?, |text| text.trim_start_matches(is_space)))
}

pub(super) fn rtrim<'a>(value: &Value<'a>) -> Option<Value<'a>> {
    Some(part(value.text()?, |text| text.trim_end_matches(is_space)))
}

/// White space as Java's regular expressions have it.
const fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\x0b' | '\x0c' | '\r')
}

pub(super) fn starts_with(value: &str, start: &str) -> Option<Value<'static>> {
    Some(Value::Bool(value.starts_with(start)))
}

pub(super) fn ends_with(value: &str, end: &str) -> Option<Value<'static>> {
    Some(Value::Bool(value.ends_with(end)))
}

/// Counted from 0 in characters; -1 if it is not in there, as in Java (the guide does not say).
pub(super) fn index_of(value: &str, wanted: &str) -> Option<Value<'static>> {
    value.find(wanted).map_or_else(|| int(-1), |at| int(value[..at].chars().count() as u64))
}

/// `substring(text, from)` and `substring(text, from, to)`: counted from 0, `to` is not in it, and what lies outside of
/// the text is moved to its end.
pub(super) fn substring<'a>(args: &[Value<'a>]) -> Option<Value<'a>> {
    let (value, from, to) = match args {
        [value, from] => (value.text()?, index(from)?, usize::MAX),
        [value, from, to] => (value.text()?, index(from)?, index(to)?),
        _ => return None,
    };
    Some(part(value, |text| {
        let (start, end) = (offset(text, from), offset(text, to));
        text.get(start..end).unwrap_or_default()
    }))
}

/// The character with that number, as a string.
pub(super) fn character<'a>(value: &str, number: i128) -> Option<Value<'a>> {
    let number = usize::try_from(number).ok()?;
    text(value.chars().nth(number)?.to_string())
}

/// `chr(65)`: ASCII only.
pub(super) fn chr<'a>(value: &Value<'a>) -> Option<Value<'a>> {
    let code = u8::try_from(whole(value)?).ok().filter(u8::is_ascii)?;
    text(char::from(code).to_string())
}

pub(super) fn lpad<'a>(value: &Value<'a>, spaces: &Value<'a>) -> Option<Value<'a>> {
    let (value, spaces) = (value.text()?, padding(spaces)?);
    text(format!("{:spaces$}{value}", ""))
}

pub(super) fn rpad<'a>(value: &Value<'a>, spaces: &Value<'a>) -> Option<Value<'a>> {
    let (value, spaces) = (value.text()?, padding(spaces)?);
    text(format!("{value}{:spaces$}", ""))
}

/// `replace(text, what, by)`. Nothing is found between all characters, as in Java.
pub(super) fn replace<'a>(args: &[Value<'a>]) -> Option<Value<'a>> {
    let [value, what, by] = args else { return None };
    let (value, what, by) = (value.text()?, what.text()?, by.text()?);
    let found = value.matches(&*what).count();
    if found == 0 {
        return Some(Value::String(value));
    }
    // Counted first, so that nothing too long is ever built.
    let length = found.checked_mul(by.len())?.checked_add(value.len() - found * what.len())?;
    if length <= MAX_TEXT { text(value.replace(&*what, &by)) } else { None }
}

/// `concat(…)`: an array if one argument is an array, and otherwise a string if one is a string.
///
/// One argument alone comes back as a string, unless it is an array: the guide's example is `concat(1)` = "1".
pub(super) fn concat<'a>(args: &[Value<'a>]) -> Option<Value<'a>> {
    match args {
        [] => None,
        [Value::Array(items)] => Some(Value::Array(items.clone())),
        [one] => one.text().map(Value::String),
        _ if args.iter().any(|arg| matches!(arg, Value::Array(_))) => concat_arrays(args),
        _ if args.iter().any(|arg| matches!(arg, Value::String(_))) => {
            let mut joined = String::new();
            for arg in args {
                joined.push_str(&arg.text()?);
                if joined.len() > MAX_TEXT {
                    return None;
                }
            }
            text(joined)
        }
        _ => None,
    }
}

fn concat_arrays<'a>(args: &[Value<'a>]) -> Option<Value<'a>> {
    let (mut joined, mut room) = (Vec::new(), MAX_TEXT);
    for arg in args {
        if let Value::Array(items) = arg {
            for item in items.iter() {
                room = json::take_room(room, item)?;
                joined.push(item.clone());
            }
        } else {
            let item: Json = arg.clone().into_json()?;
            room = json::take_room(room, &item)?;
            joined.push(item);
        }
    }
    Some(Value::Array(Cow::Owned(joined)))
}

/// A part of a text, borrowed where the text is.
fn part(value: Cow<'_, str>, cut: impl for<'s> FnOnce(&'s str) -> &'s str) -> Value<'_> {
    Value::String(match value {
        Cow::Borrowed(text) => Cow::Borrowed(cut(text)),
        Cow::Owned(text) => Cow::Owned(cut(&text).to_owned()),
    })
}

/// Where the character with that number begins; the text's end if it has fewer.
fn offset(text: &str, number: usize) -> usize {
    text.char_indices().nth(number).map_or(text.len(), |(at, _)| at)
}

/// A place in a text: 0 for what is less.
fn index(value: &Value<'_>) -> Option<usize> {
    whole(value).map(|number| usize::try_from(number.max(0)).unwrap_or(usize::MAX))
}

fn padding(spaces: &Value<'_>) -> Option<usize> {
    usize::try_from(whole(spaces)?.clamp(0, MAX_PAD)).ok()
}
