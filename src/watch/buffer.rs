//! Lines of JSON that are written where they go, field by field: a stream of many thousand lines a second has no use for a
//! tree of each.

use crate::clock::Moment;
use serde::Serialize;

/// Whole lines that are written together.
#[derive(Debug, Default)]
pub struct Batch {
    /// The lines.
    pub text: Vec<u8>,
    /// How many they are.
    pub lines: u64,
}

/// Whole lines, and the one that is being written.
#[derive(Debug, Default)]
pub struct Buffer {
    bytes: Vec<u8>,
    /// How many lines were ended.
    lines: u64,
    /// The last time that was written, and its text: messages that were read together share it.
    stamp: Option<(u64, String)>,
}

impl Buffer {
    /// Begins a line about something that happened at `at`.
    pub fn line(&mut self, at: Moment, event: &str) -> Line<'_> {
        let millis = at.as_millis();
        if self.stamp.as_ref().is_none_or(|(last, _)| *last != millis) {
            self.stamp = Some((millis, at.to_string()));
        }
        self.bytes.extend_from_slice(b"{\"time\":\"");
        // A date has nothing that must be escaped.
        let stamp = self.stamp.as_ref().map_or("", |(_, text)| text);
        self.bytes.extend_from_slice(stamp.as_bytes());
        self.bytes.push(b'"');
        let mut line = Line { bytes: &mut self.bytes, lines: &mut self.lines };
        line.put("event", event);
        line
    }

    /// Whether nothing was written.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Everything that was written; an empty buffer stays.
    #[must_use]
    pub fn take(&mut self) -> Batch {
        // The next batch is likely as long.
        let room = Vec::with_capacity(self.bytes.len());
        Batch { text: std::mem::replace(&mut self.bytes, room), lines: std::mem::take(&mut self.lines) }
    }
}

/// One line. It has to be ended.
#[derive(Debug)]
#[must_use = "a line has to be ended"]
pub struct Line<'a> {
    bytes: &'a mut Vec<u8>,
    lines: &'a mut u64,
}

impl Line<'_> {
    /// Writes a field. `key` is a plain word.
    pub fn put<T: Serialize + ?Sized>(&mut self, key: &str, value: &T) {
        self.bytes.extend_from_slice(b",\"");
        self.bytes.extend_from_slice(key.as_bytes());
        self.bytes.extend_from_slice(b"\":");
        // Texts, numbers and lists of them into memory: it cannot fail.
        let _ = serde_json::to_writer(&mut *self.bytes, value);
    }

    /// Ends the line.
    pub fn end(self) {
        self.bytes.extend_from_slice(b"}\n");
        *self.lines += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_json_whatever_is_in_them() {
        let mut buffer = Buffer::default();
        for (millis, text) in [(1_573_002_230_757, "a \"quoted\" \\ line\n\u{1}"), (1_573_002_230_758, "żółw 🐢")]
        {
            let mut line = buffer.line(Moment::from_millis(millis), "message");
            line.put("payload", text);
            line.put("device", &None::<&str>);
            line.put("qos", &1);
            line.end();
        }
        assert!(!buffer.is_empty());
        let batch = buffer.take();
        let text = String::from_utf8(batch.text).unwrap();
        let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(batch.lines, 2);
        assert_eq!(lines[0]["time"], "2019-11-06T01:03:50.757Z");
        assert_eq!(lines[1]["time"], "2019-11-06T01:03:50.758Z");
        assert_eq!(lines[0]["payload"], "a \"quoted\" \\ line\n\u{1}");
        assert_eq!((&lines[1]["payload"], &lines[1]["device"]), (&"żółw 🐢".into(), &serde_json::Value::Null));
        assert!(buffer.is_empty());
    }
}
