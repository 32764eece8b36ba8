//! What is known of the message beside its payload.

use super::encoding::base64;
use super::numbers::whole;
use super::random::uuid;
use super::{int, text};
use crate::mqtt::Properties;
use crate::rules::message::Message;
use crate::rules::value::Value;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use std::borrow::Cow;

/// The version of the language that lwtop speaks.
const SQL_VERSION: &str = "2016-03-23";

/// `topic()`: the topic; `topic(n)`: its n-th level, counted from 1. A leading slash makes level 1 empty. What Basic
/// Ingest puts in front of a topic, `$aws/rules/<rule>/`, does not count.
pub(super) fn topic<'a>(args: &[Value<'a>], message: &Message<'a>) -> Option<Value<'a>> {
    let topic = message.topic();
    let ingested = topic.strip_prefix("$aws/rules/").and_then(|rest| rest.split_once('/'));
    let topic = ingested.map_or(topic, |(_, topic)| topic);
    let Some(level) = args.first() else { return text(topic) };
    let index = usize::try_from(whole(level)?.checked_sub(1)?).ok()?;
    text(topic.split('/').nth(index)?)
}

/// `clientid()`: who published the message, `n/a` where that is not known.
pub(super) fn client<'a>(_: &[Value<'a>], message: &Message<'a>) -> Option<Value<'a>> {
    text(message.client().unwrap_or("n/a"))
}

/// `timestamp()`: when lwtop read the message, in milliseconds since the Unix epoch.
pub(super) fn timestamp<'a>(_: &[Value<'a>], message: &Message<'a>) -> Option<Value<'a>> {
    int(message.at().as_millis())
}

/// `sourceip()`: the address that the message was published from.
pub(super) fn source_ip<'a>(_: &[Value<'a>], message: &Message<'a>) -> Option<Value<'a>> {
    text(message.source()?.to_string())
}

pub(super) fn sql_version<'a>(_: &[Value<'a>], _: &Message<'a>) -> Option<Value<'a>> {
    text(SQL_VERSION)
}

/// `traceid()`: a UUID that all rules see alike for one message. MQTT carries none, so it is made from the message: its
/// topic, its payload and the moment it was read.
pub(super) fn trace_id<'a>(_: &[Value<'a>], message: &Message<'a>) -> Option<Value<'a>> {
    let mut hash = Sha256::new();
    hash.update(message.at().as_micros().to_be_bytes());
    hash.update(message.topic());
    // A byte that no topic has, so that topic and payload cannot run into each other.
    hash.update([0]);
    hash.update(message.payload());
    let digest = hash.finalize();
    text(uuid(digest.first_chunk().copied()?, 8))
}

/// The account of all of AWS's examples: outside of AWS there is none, and a statement that puts it into a topic or a key is
/// to work here as well.
const ACCOUNT: &str = "123456789012";

/// `accountid()`: always the account of AWS's examples.
#[expect(clippy::unnecessary_wraps, reason = "the table of functions wants one shape")]
pub(super) fn account<'a>(_: &[Value<'a>], _: &Message<'a>) -> Option<Value<'a>> {
    Some(Value::String(ACCOUNT.into()))
}

/// `principal()`: Undefined, because no certificate is seen here.
pub(super) fn unknown<'a>(_: &[Value<'a>], _: &Message<'a>) -> Option<Value<'a>> {
    None
}

/// `get_mqtt_property(name)`: one of MQTT 5's properties of a message.
pub(super) fn property<'a>(args: &[Value<'a>], message: &Message<'a>) -> Option<Value<'a>> {
    let [Value::String(name)] = args else { return None };
    let properties: &'a Properties = message.properties()?;
    match &**name {
        "content_type" => text(properties.content_type.as_deref()?),
        "response_topic" => text(properties.response_topic.as_deref()?),
        "correlation_data" => base64(properties.correlation_data.as_deref()?),
        "format_indicator" | "payload_format_indicator" => {
            text(if properties.utf8? { "UTF8_DATA" } else { "UNSPECIFIED_BYTES" })
        }
        _ => None,
    }
}

/// `get_user_properties()`: an array of objects, one for each MQTT 5 user property; `get_user_properties(key)`: an array
/// of the key's values. Undefined if there is none.
pub(super) fn user_properties<'a>(args: &[Value<'a>], message: &Message<'a>) -> Option<Value<'a>> {
    let user = message.properties()?.user.iter();
    let found: Vec<Json> = match args {
        [] => user.map(|(key, value)| json!({ key: value })).collect(),
        [key, ..] => {
            let wanted = key.text()?;
            user.filter(|(key, _)| *key == wanted).map(|(_, value)| Json::String(value.clone())).collect()
        }
    };
    (!found.is_empty()).then_some(Value::Array(Cow::Owned(found)))
}

/// `lwtop(name)`: lwtop's own function, see [`crate::rules::Facts::NAMES`]. Undefined for what is not known, and for
/// every message that does not tell of a death.
pub(super) fn fact<'a>(args: &[Value<'a>], message: &Message<'a>) -> Option<Value<'a>> {
    let [name] = args else { return None };
    text(message.facts()?.get(&name.text()?)?)
}
