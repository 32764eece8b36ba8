//! Bit by bit, in two's complement. Numbers are rounded down to an Int first.

use super::numbers::exactly_whole;
use crate::rules::number::Number;

pub(super) fn and(left: Number, right: Number) -> Option<Number> {
    Some(Number::Int(exactly_whole(left)? & exactly_whole(right)?))
}

pub(super) fn or(left: Number, right: Number) -> Option<Number> {
    Some(Number::Int(exactly_whole(left)? | exactly_whole(right)?))
}

pub(super) fn xor(left: Number, right: Number) -> Option<Number> {
    Some(Number::Int(exactly_whole(left)? ^ exactly_whole(right)?))
}

/// The guide's example, `bitnot(13)` = 2, would be the answer in four bits; an Int has more, so it is -14.
pub(super) fn not(number: Number) -> Option<Number> {
    Some(Number::Int(!exactly_whole(number)?))
}
