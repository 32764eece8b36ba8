//! An event as JSON: one line of a file, the body of a webhook.
//!
//! | field | what it is |
//! |---|---|
//! | `time` | when the rule matched: RFC 3339, UTC, milliseconds |
//! | `rule` | the rule's name |
//! | `device` | the client id that the message speaks of; `null` if that is not known |
//! | `cause` | how it went, as in the headless stream: `connection_lost`, …; `null` if that is not known |
//! | `fault` | what lwtop did to it; only if it was lwtop |
//! | `topic` | the message's topic |
//! | `payload` | its payload as text; bytes that are no text are escaped, then `payload_escaped` and `payload_bytes` say so |
//! | `result` | what the rule selected: as JSON if it is, or else as text; `null` if that is Undefined |
//! | `incident` | the incident's number; `null` if there is none |
//! | `hops` | what was seen when: milliseconds since the first of the hops |

use super::{Group, Job};
use crate::mqtt::{Cause, ClientId};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// One event.
pub(super) fn event(job: &Job) -> Value {
    let facts = &job.facts;
    let mut out = Map::new();
    out.insert("time".into(), job.at.to_string().into());
    out.insert("rule".into(), facts.rule.as_ref().into());
    out.insert("device".into(), facts.device.as_ref().map(ClientId::as_str).into());
    out.insert("cause".into(), facts.cause.map(Cause::name).into());
    if let Some(fault) = facts.fault {
        out.insert("fault".into(), fault.name().into());
    }
    out.insert("topic".into(), job.message.topic.as_ref().into());
    let payload = &job.message.payload;
    if let Ok(text) = std::str::from_utf8(payload) {
        out.insert("payload".into(), text.into());
    } else {
        out.insert("payload".into(), payload.escape_ascii().to_string().into());
        out.insert("payload_escaped".into(), true.into());
        out.insert("payload_bytes".into(), payload.len().into());
    }
    out.insert("result".into(), result(&job.output));
    out.insert("incident".into(), job.incident.map(|incident| incident.0).into());
    let hops = facts.hops.seen().map(|(hop, after)| (hop.name().to_owned(), json!(milliseconds(after))));
    out.insert("hops".into(), hops.collect::<Map<_, _>>().into());
    out.into()
}

/// A group: the event, if it is one; or else all of them in `events`, and how many there were beside them in `more`.
pub(super) fn group(group: &Group) -> Value {
    match (&group.jobs[..], group.more) {
        ([job], 0) => event(job),
        (jobs, 0) => json!({ "events": jobs.iter().map(event).collect::<Vec<_>>() }),
        (jobs, more) => json!({ "events": jobs.iter().map(event).collect::<Vec<_>>(), "more": more }),
    }
}

/// To the microsecond, without the digits that binary fractions would add.
#[expect(clippy::cast_precision_loss, reason = "2^53 microseconds are 285 years")]
fn milliseconds(time: Duration) -> f64 {
    time.as_micros() as f64 / 1_000.0
}

fn result(output: &[u8]) -> Value {
    if output.is_empty() {
        return Value::Null;
    }
    let text = || match std::str::from_utf8(output) {
        Ok(text) => text.to_owned(),
        Err(_) => output.escape_ascii().to_string(),
    };
    serde_json::from_slice(output).unwrap_or_else(|_| text().into())
}
