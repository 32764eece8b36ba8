//! The functions: name, number of arguments, result.

use super::message::Message;
use super::number::Number;
use super::value::Value;
use std::borrow::Cow;
use std::fmt;

/// A function that a statement may call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// `topic()`: the message's topic; `topic(n)`: its n-th level, counted from 1. A leading slash makes level 1 empty.
    Topic,
    /// `clientid()`: who published the message, `n/a` where that is not known.
    ClientId,
    /// `timestamp()`: when lwtop read the message, in milliseconds since the Unix epoch.
    Timestamp,
}

impl Function {
    /// Every function.
    pub const ALL: [Self; 3] = [Self::Topic, Self::ClientId, Self::Timestamp];

    /// The name in AWS's reference; statements may write it in any case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Topic => "topic",
            Self::ClientId => "clientid",
            Self::Timestamp => "timestamp",
        }
    }

    /// The function of that name, in any case.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|function| function.name().eq_ignore_ascii_case(name))
    }

    /// The fewest and the most arguments.
    pub(super) const fn arity(self) -> (usize, usize) {
        match self {
            Self::Topic => (0, 1),
            Self::ClientId | Self::Timestamp => (0, 0),
        }
    }

    pub(super) fn call<'a>(self, args: &[Value<'a>], message: &Message<'a>) -> Value<'a> {
        match (self, args) {
            (Self::Topic, []) => Value::String(Cow::Borrowed(message.topic())),
            (Self::Topic, [level, ..]) => topic_level(level, message.topic()),
            (Self::ClientId, _) => Value::String(Cow::Borrowed(message.client().unwrap_or("n/a"))),
            (Self::Timestamp, _) => Value::Number(Number::Int(i128::from(message.at().as_millis()))),
        }
    }
}

fn topic_level<'a>(level: &Value<'a>, topic: &'a str) -> Value<'a> {
    let index = match level {
        Value::Number(Number::Int(index)) => index.checked_sub(1).and_then(|index| usize::try_from(index).ok()),
        _ => None,
    };
    let text = index.and_then(|index| topic.split('/').nth(index));
    text.map_or(Value::Undefined, |text| Value::String(Cow::Borrowed(text)))
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
