//! Which functions there are.

use super::{bits, context, encoding, hash, json, numbers, random, regex, strings, time};
use crate::rules::message::Message;
use crate::rules::number::Number;
use crate::rules::value::Value;

/// One function.
pub(super) struct Entry {
    /// Its name, as the guide spells it.
    pub name: &'static str,
    /// What works it out.
    pub body: Body,
}

/// How a function is worked out. The variant says what its arguments convert to; `None` is Undefined.
pub(super) enum Body {
    /// One number at double precision.
    Double(fn(f64) -> f64),
    /// Two numbers at double precision.
    Doubles(fn(f64, f64) -> f64),
    /// One number.
    Number(fn(Number) -> Option<Number>),
    /// Two numbers.
    Numbers(fn(Number, Number) -> Option<Number>),
    /// One string.
    Text(fn(&str) -> Option<Value<'static>>),
    /// Two strings.
    Texts(fn(&str, &str) -> Option<Value<'static>>),
    /// One value of any type.
    One(for<'a> fn(&Value<'a>) -> Option<Value<'a>>),
    /// Two values of any type.
    Two(for<'a> fn(&Value<'a>, &Value<'a>) -> Option<Value<'a>>),
    /// From so many to so many values.
    Many(usize, usize, for<'a> fn(&[Value<'a>]) -> Option<Value<'a>>),
    /// From so many to so many values, and the message.
    Context(usize, usize, for<'a> fn(&[Value<'a>], &Message<'a>) -> Option<Value<'a>>),
}

const fn entry(name: &'static str, body: Body) -> Entry {
    Entry { name, body }
}

/// Every function, in the order of their names.
pub(super) static TABLE: &[Entry] = {
    use Body::{Context, Double, Doubles, Many, Number, Numbers, One, Text, Texts, Two};
    &[
        entry("abs", Number(numbers::abs)),
        entry("accountid", Context(0, 0, context::account)),
        entry("acos", Double(f64::acos)),
        entry("asin", Double(f64::asin)),
        entry("atan", Double(f64::atan)),
        entry("atan2", Doubles(f64::atan2)),
        entry("bitand", Numbers(bits::and)),
        entry("bitnot", Number(bits::not)),
        entry("bitor", Numbers(bits::or)),
        entry("bitxor", Numbers(bits::xor)),
        entry("ceil", Number(numbers::ceil)),
        entry("chr", One(strings::chr)),
        entry("clientid", Context(0, 0, context::client)),
        entry("concat", Many(0, usize::MAX, strings::concat)),
        entry("cos", Double(f64::cos)),
        entry("cosh", Double(f64::cosh)),
        entry("decode", Two(encoding::decode)),
        entry("encode", Two(encoding::encode)),
        entry("endswith", Texts(strings::ends_with)),
        entry("exp", Double(f64::exp)),
        entry("floor", Number(numbers::floor)),
        entry("get", Two(json::get)),
        entry("get_mqtt_property", Context(1, 1, context::property)),
        entry("get_or_default", Many(1, 2, json::get_or_default)),
        entry("get_user_properties", Context(0, 1, context::user_properties)),
        entry("indexof", Texts(strings::index_of)),
        entry("isNull", One(json::is_null)),
        entry("isUndefined", One(json::is_undefined)),
        entry("length", Text(strings::length)),
        entry("ln", Double(f64::ln)),
        entry("log", Double(f64::log10)),
        entry("lower", Text(strings::lower)),
        entry("lpad", Two(strings::lpad)),
        entry("ltrim", One(strings::ltrim)),
        // lwtop's own: what it knows of the death that a message tells of, see `Facts::NAMES`.
        entry("lwtop", Context(1, 1, context::fact)),
        entry("md2", Text(hash::digest::<md2::Md2>)),
        entry("md5", Text(hash::digest::<md5::Md5>)),
        entry("mod", Numbers(numbers::remainder)),
        entry("nanvl", Two(json::nanvl)),
        entry("newuuid", Context(0, 0, random::new_uuid)),
        entry("numbytes", Text(strings::bytes)),
        entry("parse_time", Many(2, 3, time::parse_time)),
        entry("power", Doubles(f64::powf)),
        entry("principal", Context(0, 0, context::unknown)),
        entry("rand", Context(0, 0, random::rand)),
        entry("regexp_matches", Texts(regex::matches)),
        entry("regexp_replace", Many(3, 3, regex::replace)),
        entry("regexp_substr", Texts(regex::substr)),
        entry("remainder", Numbers(numbers::remainder)),
        entry("replace", Many(3, 3, strings::replace)),
        entry("round", Number(numbers::round)),
        entry("rpad", Two(strings::rpad)),
        entry("rtrim", One(strings::rtrim)),
        entry("sha1", Text(hash::digest::<sha1::Sha1>)),
        entry("sha224", Text(hash::digest::<sha2::Sha224>)),
        entry("sha256", Text(hash::digest::<sha2::Sha256>)),
        entry("sha384", Text(hash::digest::<sha2::Sha384>)),
        entry("sha512", Text(hash::digest::<sha2::Sha512>)),
        entry("sign", Number(numbers::sign)),
        entry("sin", Double(f64::sin)),
        entry("sinh", Double(f64::sinh)),
        entry("sourceip", Context(0, 0, context::source_ip)),
        entry("sql_version", Context(0, 0, context::sql_version)),
        entry("sqrt", Double(f64::sqrt)),
        entry("startswith", Texts(strings::starts_with)),
        entry("substring", Many(2, 3, strings::substring)),
        entry("tan", Double(f64::tan)),
        entry("tanh", Double(f64::tanh)),
        entry("time_to_epoch", Texts(time::time_to_epoch)),
        entry("timestamp", Context(0, 0, context::timestamp)),
        entry("topic", Context(0, 1, context::topic)),
        entry("traceid", Context(0, 0, context::trace_id)),
        entry("transform", Many(3, 3, json::transform)),
        entry("trim", One(strings::trim)),
        entry("trunc", Two(numbers::trunc)),
        entry("upper", Text(strings::upper)),
    ]
};
