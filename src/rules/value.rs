//! What an expression comes to: JSON's values, and Undefined.

use super::number::Number;
use super::scope::weight;
use serde_json::{Map, Value as Json};
use std::borrow::Cow;

/// A value of AWS IoT SQL, borrowed from the payload or the statement where it can be.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// Nothing: a field that is not there, or an operation on the wrong types. It is not null.
    Undefined,
    /// JSON's null.
    Null,
    /// True or false.
    Bool(bool),
    /// Int or Decimal.
    Number(Number),
    /// Text.
    String(Cow<'a, str>),
    /// An array.
    Array(Cow<'a, [Json]>),
    /// An object, its keys in the payload's order.
    Object(Cow<'a, Map<String, Json>>),
    /// The payload byte for byte: what `*` stands for as an argument. Only `encode()` takes it.
    Binary(&'a [u8]),
}

impl<'a> From<&'a Json> for Value<'a> {
    fn from(json: &'a Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(bool) => Self::Bool(*bool),
            Json::Number(number) => Number::from_json(number).map_or(Self::Undefined, Self::Number),
            Json::String(text) => Self::String(Cow::Borrowed(text)),
            Json::Array(items) => Self::Array(Cow::Borrowed(items)),
            Json::Object(fields) => Self::Object(Cow::Borrowed(fields)),
        }
    }
}

impl<'a> Value<'a> {
    /// A value that is not in the payload.
    pub(super) fn made(json: Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(bool) => Self::Bool(bool),
            Json::Number(number) => Number::from_json(&number).map_or(Self::Undefined, Self::Number),
            Json::String(text) => Self::String(Cow::Owned(text)),
            Json::Array(items) => Self::Array(Cow::Owned(items)),
            Json::Object(fields) => Self::Object(Cow::Owned(fields)),
        }
    }

    /// The steps that it costs to look at all of it, see [`Scope`](super::scope::Scope).
    pub(super) fn weight(&self) -> usize {
        match self {
            Self::Undefined | Self::Null | Self::Bool(_) | Self::Number(_) => 0,
            Self::String(text) => text.len() / 16,
            Self::Binary(bytes) => bytes.len() / 16,
            Self::Array(items) => items.iter().map(weight).sum(),
            Self::Object(fields) => fields.values().map(weight).sum(),
        }
    }

    /// The value as JSON; `None` for Undefined, which is left out of what a rule sends.
    #[must_use]
    pub fn into_json(self) -> Option<Json> {
        Some(match self {
            Self::Undefined | Self::Binary(_) => return None,
            Self::Null => Json::Null,
            Self::Bool(bool) => Json::Bool(bool),
            Self::Number(number) => Json::Number(number.to_json()?),
            Self::String(text) => Json::String(text.into_owned()),
            Self::Array(items) => Json::Array(items.into_owned()),
            Self::Object(fields) => Json::Object(fields.into_owned()),
        })
    }

    /// For AND, OR and NOT: a boolean, or `"true"` and `"false"` in any case; everything else is neither.
    pub(super) fn truth(&self) -> Option<bool> {
        match self {
            Self::Bool(bool) => Some(*bool),
            Self::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Self::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        }
    }

    /// For `<`, `>` and arithmetic: a number, or a string that converts to one.
    pub(super) fn number(&self) -> Option<Number> {
        match self {
            Self::Number(number) => Some(*number),
            Self::String(text) => Number::from_text(text),
            _ => None,
        }
    }

    /// For `+` with a string: everything but null and Undefined has a text.
    pub(super) fn text(&self) -> Option<Cow<'a, str>> {
        Some(match self {
            Self::Undefined | Self::Null | Self::Binary(_) => return None,
            Self::Bool(bool) => Cow::Borrowed(if *bool { "true" } else { "false" }),
            Self::Number(number) => Cow::Owned(number.to_text()),
            Self::String(text) => text.clone(),
            Self::Array(items) => Cow::Owned(serde_json::to_string(items).ok()?),
            Self::Object(fields) => Cow::Owned(serde_json::to_string(fields).ok()?),
        })
    }

    /// `=`: Undefined with anything is neither (`None`), different types are not equal (`1 = '1'` is false), an object's
    /// keys have no order.
    pub(super) fn equals(&self, other: &Self) -> Option<bool> {
        Some(match (self, other) {
            (Self::Undefined | Self::Binary(_), _) | (_, Self::Undefined | Self::Binary(_)) => return None,
            (Self::Null, Self::Null) => true,
            (Self::Bool(left), Self::Bool(right)) => left == right,
            (Self::Number(left), Self::Number(right)) => left.compare(*right).is_eq(),
            (Self::String(left), Self::String(right)) => left == right,
            (Self::Array(left), Self::Array(right)) => same_items(left, right),
            (Self::Object(left), Self::Object(right)) => same_fields(left, right),
            _ => false,
        })
    }
}

/// Equality inside arrays and objects, where numbers are equal by value. Payloads nest at most
/// [`MAX_NESTED`](super::eval::MAX_NESTED) levels, which bounds the recursion.
fn same(left: &Json, right: &Json) -> bool {
    match (left, right) {
        (Json::Number(_), Json::Number(_)) => Value::from(left).equals(&Value::from(right)) == Some(true),
        (Json::Array(left), Json::Array(right)) => same_items(left, right),
        (Json::Object(left), Json::Object(right)) => same_fields(left, right),
        _ => left == right,
    }
}

fn same_items(left: &[Json], right: &[Json]) -> bool {
    left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right))
}

fn same_fields(left: &Map<String, Json>, right: &Map<String, Json>) -> bool {
    left.len() == right.len() && left.iter().all(|(key, value)| right.get(key).is_some_and(|other| same(value, other)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn equality_does_not_convert_and_undefined_is_no_answer() {
        let (one, text) = (json!(1), json!("1"));
        assert_eq!(Value::from(&one).equals(&Value::from(&text)), Some(false));
        assert_eq!(Value::from(&one).equals(&Value::Undefined), None);
        assert_eq!(Value::Undefined.equals(&Value::Undefined), None);
        assert_eq!(Value::Null.equals(&Value::Null), Some(true));
    }

    #[test]
    fn keys_have_no_order_and_numbers_are_equal_by_value() {
        let (left, right) = (json!({"k": 1, "j": [2.0, null]}), json!({"j": [2, null], "k": 1.0}));
        assert_eq!(Value::from(&left).equals(&Value::from(&right)), Some(true));
        let other = json!({"j": [null, 2], "k": 1});
        assert_eq!(Value::from(&left).equals(&Value::from(&other)), Some(false));
    }

    #[test]
    fn only_true_and_false_have_truth() {
        assert_eq!(Value::String("TRUE".into()).truth(), Some(true));
        assert_eq!(Value::String("yes".into()).truth(), None);
        assert_eq!(Value::Number(Number::Int(1)).truth(), None);
        assert_eq!(Value::Null.truth(), None);
    }
}
