//! Why something is Undefined, in words.

use super::super::eval::{MAX_JSON, MAX_NESTED};
use serde_json::{Map, Value as Json};

/// The longest key, and the most keys, among which one that was meant is looked for.
const NEAR: (usize, usize) = (64, 200);

/// A payload, and what names find in it.
pub(super) struct Payload<'a> {
    document: Result<&'a Json, String>,
}

impl<'a> Payload<'a> {
    pub(super) fn new(bytes: &[u8], document: Option<&'a Json>) -> Self {
        Self { document: document.ok_or_else(|| unreadable(bytes)) }
    }

    /// Why there is nothing at `path`; `None` if there is something.
    pub(super) fn missing(&self, path: &[String]) -> Option<String> {
        let mut at = match &self.document {
            Ok(document) => *document,
            Err(why) => return Some(why.clone()),
        };
        for (index, name) in path.iter().enumerate() {
            let Json::Object(fields) = at else {
                let whole =
                    if index == 0 { "the payload".to_owned() } else { super::show::plain(&path[..index].join(".")) };
                return Some(format!("{whole} is {}, not an object", kind(at)));
            };
            let Some(next) = fields.get(name) else {
                let missing = super::show::plain(&path[..=index].join("."));
                let near = near(fields, name).map_or_else(String::new, |key| {
                    let key = super::show::plain(key);
                    format!("; did you mean {key}?")
                });
                return Some(format!("the payload has no {missing}{near}"));
            };
            at = next;
        }
        None
    }
}

/// A key that looks like `name`.
fn near<'f>(fields: &'f Map<String, Json>, name: &str) -> Option<&'f str> {
    let (longest, most) = NEAR;
    let candidates = fields.keys().map(String::as_str).take(most).filter(|key| key.len() <= longest);
    candidates
        .filter(|_| name.len() <= longest)
        .map(|key| (strsim::damerau_levenshtein(&key.to_lowercase(), &name.to_lowercase()), key))
        .filter(|(distance, key)| *distance <= key.len().min(name.len()) / 4)
        .min()
        .map(|(_, key)| key)
}

fn kind(json: &Json) -> &'static str {
    match json {
        Json::Null => "null",
        Json::Bool(_) => "a boolean",
        Json::Number(_) => "a number",
        Json::String(_) => "text",
        Json::Array(_) => "a list",
        Json::Object(_) => "an object",
    }
}

/// Why these bytes gave no document.
fn unreadable(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "the payload is empty".to_owned();
    }
    if bytes.len() > MAX_JSON {
        return format!("the payload has {} bytes, and no more than {MAX_JSON} are read as JSON", bytes.len());
    }
    match serde_json::from_slice::<serde::de::IgnoredAny>(bytes)
        .err()
        .or_else(|| serde_json::from_slice::<Json>(bytes).err())
    {
        Some(error) => {
            let text = error.to_string();
            let what = text.split(" at line ").next().unwrap_or_default();
            // serde_json's word for a word that is none of JSON's.
            let what = if what == "expected ident" { "a word that is not true, false or null" } else { what };
            // It has no kind of its own for this error. Such a payload may well be JSON.
            if what == "recursion limit exceeded" {
                return format!("the payload nests deeper than the {MAX_NESTED} levels that are read");
            }
            format!("the payload is no JSON (line {}, column {}: {what})", error.line(), error.column())
        }
        None => "the payload is no JSON".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::eval::document;
    use serde_json::json;

    #[test]
    fn the_shortest_path_that_is_missing_is_named() {
        let document = json!({"state": {"reported": "x", "Desired": {}}, "list": [1]});
        let payload = Payload::new(b"", Some(&document));
        for (path, why) in [
            ("state.reported", None),
            ("shadow.reported.x", Some("the payload has no shadow")),
            ("state.missing.x", Some("the payload has no state.missing")),
            ("state.desired.x", Some("the payload has no state.desired; did you mean Desired?")),
            ("state.reported.x", Some("state.reported is text, not an object")),
            ("list.x", Some("list is a list, not an object")),
        ] {
            let path: Vec<_> = path.split('.').map(str::to_owned).collect();
            assert_eq!(payload.missing(&path).as_deref(), why, "{path:?}");
        }
        let list = json!([]);
        let why = Payload::new(b"", Some(&list)).missing(&["a".to_owned()]);
        assert_eq!(why.as_deref(), Some("the payload is a list, not an object"));
    }

    #[test]
    fn a_payload_that_is_no_json_says_where() {
        let deep = "[".repeat(200) + &"]".repeat(200);
        for (bytes, why) in [
            (&b""[..], "the payload is empty"),
            (b"{\"a\": 1,\n oops}", "the payload is no JSON (line 2, column 2: key must be a string)"),
            (b"nope", "the payload is no JSON (line 1, column 2: a word that is not true, false or null)"),
            (b"\xff\xfe", "the payload is no JSON (line 1, column 1: expected value)"),
            (deep.as_bytes(), "the payload nests deeper than the 127 levels that are read"),
            (&vec![b' '; MAX_JSON + 1], "the payload has 1048577 bytes, and no more than 1048576 are read as JSON"),
        ] {
            assert_eq!(unreadable(bytes), why);
        }
        let nested = |levels| "[".repeat(levels) + "1" + &"]".repeat(levels);
        assert!(document(nested(MAX_NESTED).as_bytes()).is_some());
        assert!(document(nested(MAX_NESTED + 1).as_bytes()).is_none());
    }
}
