//! Arrays and objects, and what there is instead of a value.

#![expect(clippy::unnecessary_wraps, reason = "the table's shape")]

use super::numbers::whole;
use super::strings::character;
use crate::rules::value::Value;
use serde_json::{Map, Value as Json};
use std::borrow::Cow;
use std::io;

/// The longest array that `transform()` gives, written as JSON: 128 KiB; the guide's limit.
const MAX_TRANSFORMED: usize = 128 * 1024;

/// `get(collection, key)`: an array's item and a string's character by number from 0, an object's value by key. The
/// guide's `get("abc", 1)` = "a" contradicts its "0-based": it is "b".
pub(super) fn get<'a>(collection: &Value<'a>, key: &Value<'a>) -> Option<Value<'a>> {
    let index = || usize::try_from(whole(key)?).ok();
    match (collection, key) {
        (Value::Array(Cow::Borrowed(items)), _) => items.get(index()?).map(Value::from),
        (Value::Array(Cow::Owned(items)), _) => items.get(index()?).cloned().map(owned),
        (Value::String(text), _) => character(text, whole(key)?),
        (Value::Object(Cow::Borrowed(fields)), Value::String(key)) => fields.get(&**key).map(Value::from),
        (Value::Object(Cow::Owned(fields)), Value::String(key)) => fields.get(&**key).cloned().map(owned),
        _ => None,
    }
}

/// `get_or_default(value, default)`: the default for null and for Undefined, Undefined if there is none.
pub(super) fn get_or_default<'a>(args: &[Value<'a>]) -> Option<Value<'a>> {
    match args {
        [Value::Undefined | Value::Null, default] => Some(default.clone()),
        [Value::Undefined | Value::Null] | [] => None,
        [value, ..] => Some(value.clone()),
    }
}

/// `nanvl(value, other)`: the other for null and for Undefined. A Decimal here is always a number.
pub(super) fn nanvl<'a>(value: &Value<'a>, other: &Value<'a>) -> Option<Value<'a>> {
    Some(if matches!(value, Value::Undefined | Value::Null) { other.clone() } else { value.clone() })
}

pub(super) fn is_null<'a>(value: &Value<'a>) -> Option<Value<'a>> {
    Some(Value::Bool(*value == Value::Null))
}

pub(super) fn is_undefined<'a>(value: &Value<'a>) -> Option<Value<'a>> {
    Some(Value::Bool(*value == Value::Undefined))
}

/// `transform('enrichArray', object, array)`: each object of the array with the object's attributes added. Where both
/// have one, the object's counts.
pub(super) fn transform<'a>(args: &[Value<'a>]) -> Option<Value<'a>> {
    let [Value::String(mode), Value::Object(attributes), Value::Array(items)] = args else { return None };
    if mode != "enrichArray" {
        return None;
    }
    let (mut enriched, mut room) = (Vec::new(), MAX_TRANSFORMED);
    for item in items.iter() {
        let Json::Object(fields) = item else { return None };
        let mut fields: Map<String, Json> = fields.clone();
        fields.extend(attributes.iter().map(|(key, value)| (key.clone(), value.clone())));
        let item = Json::Object(fields);
        room = take_room(room, &item)?;
        enriched.push(item);
    }
    Some(Value::Array(Cow::Owned(enriched)))
}

/// What remains of `room` when `item` is written as JSON into it, with a comma; `None` if it does not fit.
pub(super) fn take_room(room: usize, item: &Json) -> Option<usize> {
    let mut room = Room(room.checked_sub(1)?);
    serde_json::to_writer(&mut room, item).ok()?;
    Some(room.0)
}

/// Takes as many bytes as there is room for, and keeps none.
struct Room(usize);

impl io::Write for Room {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::StorageFull)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A value that borrows nothing.
pub(super) fn owned<'a>(json: Json) -> Value<'a> {
    match json {
        Json::String(text) => Value::String(Cow::Owned(text)),
        Json::Array(items) => Value::Array(Cow::Owned(items)),
        Json::Object(fields) => Value::Object(Cow::Owned(fields)),
        Json::Null => Value::Null,
        Json::Bool(bool) => Value::Bool(bool),
        Json::Number(number) => {
            crate::rules::number::Number::from_json(&number).map_or(Value::Undefined, Value::Number)
        }
    }
}
