//! `CAST(value AS type)` (AWS IoT developer guide, "cast()").

use super::expression::Type;
use super::number::Number;
use super::value::Value;
use std::borrow::Cow;

impl Value<'_> {
    /// The value as another type. What does not convert is Undefined, and so are null, arrays and objects as anything but
    /// a string. A string stays what it is as a string: the guide's table says there what it says of Boolean.
    pub(super) fn cast(self, to: Type) -> Self {
        let number = |number: Option<Number>| number.map_or(Self::Undefined, Self::Number);
        match to {
            Type::String => self.text().map_or(Self::Undefined, Self::String),
            Type::Boolean => match self {
                Self::Number(number) => Self::Bool(!number.is_zero()),
                _ => self.truth().map_or(Self::Undefined, Self::Bool),
            },
            // Down, also below zero: -1.5 is -2.
            Type::Int => number(self.counted().map(Number::floor)),
            Type::Decimal => number(self.counted().map(Number::into_decimal)),
            Type::Double => number(self.counted().and_then(|number| Number::decimal(number.as_f64()))),
        }
    }

    /// As a number, where booleans are one as well.
    fn counted(&self) -> Option<Number> {
        match self {
            Self::Bool(bool) => Some(Number::Int(i128::from(*bool))),
            _ => self.number(),
        }
    }

    /// Fields of an object; Undefined for what is not there.
    pub(super) fn field(self, path: &[String]) -> Self {
        path.iter().fold(self, |at, name| match at {
            Self::Object(Cow::Borrowed(fields)) => fields.get(name).map_or(Self::Undefined, Self::from),
            Self::Object(Cow::Owned(mut fields)) => fields.swap_remove(name).map_or(Self::Undefined, Self::made),
            _ => Self::Undefined,
        })
    }
}
