//! Rounding, and what else is worked out on numbers as they are. All arithmetic of the functions that is not at double
//! precision by definition stands here.

#![expect(clippy::unnecessary_wraps, reason = "the table's shape")]

use crate::rules::number::Number;
use crate::rules::value::Value;
use std::cmp::Ordering;

/// `trunc()` keeps at most so many places; the guide's limit.
const MAX_PLACES: i128 = 34;

pub(super) fn abs(number: Number) -> Option<Number> {
    Some(if number.compare(Number::Int(0)).is_lt() { number.negate() } else { number })
}

pub(super) fn sign(number: Number) -> Option<Number> {
    Some(Number::Int(match number.compare(Number::Int(0)) {
        Ordering::Less => -1,
        Ordering::Equal => 0,
        Ordering::Greater => 1,
    }))
}

pub(super) fn floor(number: Number) -> Option<Number> {
    Some(number.floor())
}

pub(super) fn ceil(number: Number) -> Option<Number> {
    Some(number.ceil())
}

/// The guide's text says that a half goes up and its table that everything goes down; its examples say that a half goes
/// away from zero.
pub(super) fn round(number: Number) -> Option<Number> {
    Some(number.round())
}

/// The remainder has the sign of the first argument, as with `%`.
pub(super) fn remainder(left: Number, right: Number) -> Option<Number> {
    left.remainder(right)
}

/// `trunc(number, places)`: the second argument is not converted from a string (the guide's table).
pub(super) fn trunc<'a>(number: &Value<'a>, places: &Value<'a>) -> Option<Value<'a>> {
    let number = number.number()?;
    let Value::Number(_) = places else { return None };
    let places = u32::try_from(whole(places)?.clamp(0, MAX_PLACES)).ok()?;
    Some(Value::Number(number.trunc(places)))
}

/// A value as a whole number, rounded down; what is too large for one becomes the largest: for indices and lengths.
pub(super) fn whole(value: &Value<'_>) -> Option<i128> {
    let number = value.number()?;
    Some(match floor(number)? {
        Number::Int(int) => int,
        Number::Decimal(_) if number.compare(Number::Int(0)).is_lt() => i128::MIN,
        Number::Decimal(_) => i128::MAX,
    })
}

/// A number as a whole number, rounded down; `None` if it is too large for one.
pub(super) fn exactly_whole(number: Number) -> Option<i128> {
    match floor(number)? {
        Number::Int(int) => Some(int),
        Number::Decimal(_) => None,
    }
}
