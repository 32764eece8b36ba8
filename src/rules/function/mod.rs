//! The functions of AWS IoT SQL, version 2016-03-23 (AWS IoT developer guide, "Functions"), and one of lwtop's own.
//!
//! One table says for each its name and what works it out; how many arguments it takes follows from that. Arguments
//! convert as the guide says ("Conversions"): what wants a number reads strings, what wants a string writes everything
//! but null and Undefined, and where a conversion fails the result is Undefined.
//!
//! Where the guide contradicts itself, an example goes before a table. Characters are Unicode's, not UTF-16 units. No
//! text is longer than [`MAX_TEXT`]: what would be is Undefined.

mod bits;
mod context;
mod encoding;
mod hash;
mod json;
mod numbers;
mod random;
mod regex;
mod strings;
mod table;
mod time;

use super::message::Message;
use super::number::Number;
use super::value::Value;
use std::borrow::Cow;
use std::fmt;
use table::{Body, Entry, TABLE};

/// The longest text, and the longest array written as JSON, that a function gives: 1 MiB, eight times what AWS IoT
/// accepts as a payload. Calls can be nested, and each could multiply.
const MAX_TEXT: usize = 1024 * 1024;

/// A function that a statement may call.
#[derive(Clone, Copy)]
pub struct Function(&'static Entry);

impl Function {
    /// Every function, in the order of their names.
    pub const ALL: [Self; TABLE.len()] = {
        let mut all = [Self(&TABLE[0]); TABLE.len()];
        let mut index = 1;
        while index < all.len() {
            all[index] = Self(&TABLE[index]);
            index += 1;
        }
        all
    };

    /// The name in AWS's reference; statements may write it in any case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.0.name
    }

    /// The function of that name, in any case.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|function| function.name().eq_ignore_ascii_case(name))
    }

    /// The function that is probably meant by a name that there is none of: one typing mistake away, two in a long name.
    pub(super) fn nearest(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        let most = if name.chars().count() < 6 { 1 } else { 2 };
        let distance = |function: &Self| strsim::osa_distance(&name, &function.name().to_ascii_lowercase());
        Self::ALL.into_iter().min_by_key(distance).filter(|function| distance(function) <= most)
    }

    /// Whether other languages of SQL have a function of that name that works over many rows.
    pub(super) fn is_aggregate(name: &str) -> bool {
        ["count", "sum", "avg", "min", "max"].iter().any(|aggregate| name.eq_ignore_ascii_case(aggregate))
    }

    /// Why a function of AWS IoT SQL cannot be called here: it asks an AWS service. `None` for every other name.
    pub(super) fn needs_aws(name: &str) -> Option<&'static str> {
        Some(match name.to_ascii_lowercase().as_str() {
            "aws_lambda" => "aws_lambda() calls AWS Lambda, and lwtop evaluates rules without AWS: remove the call",
            "get_dynamodb" => {
                "get_dynamodb() reads Amazon DynamoDB, and lwtop evaluates rules without AWS: remove the call"
            }
            "get_registry_data" => {
                "get_registry_data() reads the AWS IoT registry, and lwtop evaluates rules without AWS: remove the call"
            }
            "get_secret" => {
                "get_secret() reads AWS Secrets Manager, and lwtop evaluates rules without AWS: remove the call"
            }
            "get_thing_shadow" => {
                "get_thing_shadow() reads the AWS IoT device shadow, and lwtop evaluates rules without AWS: remove the call"
            }
            "machinelearning_predict" => {
                "machinelearning_predict() calls Amazon Machine Learning, and lwtop evaluates rules without AWS: remove \
                 the call"
            }
            _ => return None,
        })
    }

    /// Why this function cannot be called here with so many arguments, or with this text as the second of them:
    /// `decode()` of Protobuf reads its descriptor from Amazon S3.
    pub(super) fn needs_aws_with(self, arguments: usize, second: Option<&str>) -> Option<&'static str> {
        let proto = arguments == 6 || second.is_some_and(|second| second.eq_ignore_ascii_case("proto"));
        (self.name() == "decode" && proto).then_some(
            "decode() of Protobuf reads its descriptor from Amazon S3, and lwtop evaluates rules without AWS: only \
             decode(value, 'base64') works here",
        )
    }

    /// The fewest and the most arguments.
    pub(super) const fn arity(self) -> (usize, usize) {
        match self.0.body {
            Body::Double(_) | Body::Number(_) | Body::Text(_) | Body::One(_) => (1, 1),
            Body::Doubles(_) | Body::Numbers(_) | Body::Texts(_) | Body::Two(_) => (2, 2),
            Body::Many(least, most, _) | Body::Context(least, most, _) => (least, most),
        }
    }

    pub(super) fn call<'a>(self, args: &[Value<'a>], message: &Message<'a>) -> Value<'a> {
        self.0.body.call(args, message).unwrap_or(Value::Undefined)
    }
}

impl Body {
    /// `None` is Undefined, and so is a call with a number of arguments that no statement has.
    fn call<'a>(&self, args: &[Value<'a>], message: &Message<'a>) -> Option<Value<'a>> {
        match (self, args) {
            (Self::Double(body), [x]) => double(body(x.number()?.as_f64())),
            (Self::Doubles(body), [x, y]) => double(body(x.number()?.as_f64(), y.number()?.as_f64())),
            (Self::Number(body), [x]) => body(x.number()?).map(Value::Number),
            (Self::Numbers(body), [x, y]) => body(x.number()?, y.number()?).map(Value::Number),
            (Self::Text(body), [x]) => body(&x.text()?),
            (Self::Texts(body), [x, y]) => body(&x.text()?, &y.text()?),
            (Self::One(body), [x]) => body(x),
            (Self::Two(body), [x, y]) => body(x, y),
            (Self::Many(least, most, body), _) if (*least..=*most).contains(&args.len()) => body(args),
            (Self::Context(least, most, body), _) if (*least..=*most).contains(&args.len()) => body(args, message),
            _ => None,
        }
    }
}

/// A Decimal, or Undefined for what is no number: the guide's "imaginary results", and infinity.
fn double<'a>(value: f64) -> Option<Value<'a>> {
    Number::decimal(value).map(Value::Number)
}

/// A text, or Undefined if it has become too long.
fn text<'a>(text: impl Into<Cow<'a, str>>) -> Option<Value<'a>> {
    let text = text.into();
    (text.len() <= MAX_TEXT).then_some(Value::String(text))
}

/// A whole number, for lengths and times.
fn int<'a>(value: impl TryInto<i128>) -> Option<Value<'a>> {
    value.try_into().ok().map(|int| Value::Number(Number::Int(int)))
}

impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Function {}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}()", self.name())
    }
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests;
