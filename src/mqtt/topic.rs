//! Topic names and topic filters (3.1.1 section 4.7).

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Why a text is no topic name or no topic filter. `at` counts bytes from 0.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no topic {kind}: {why} (at byte {at}, 3.1.1 section 4.7)")]
pub struct TopicError {
    text: String,
    kind: &'static str,
    why: &'static str,
    at: usize,
}

impl TopicError {
    fn new(text: &str, kind: &'static str, why: &'static str, at: usize) -> Self {
        Self { text: text.to_owned(), kind, why, at }
    }
}

fn check_common(text: &str, kind: &'static str) -> Result<(), TopicError> {
    if text.is_empty() {
        return Err(TopicError::new(text, kind, "it is empty", 0));
    }
    if text.len() > usize::from(u16::MAX) {
        let short: String = text.chars().take(40).collect();
        return Err(TopicError::new(&short, kind, "it is longer than 65 535 bytes", usize::from(u16::MAX)));
    }
    if let Some(at) = text.find('\0') {
        return Err(TopicError::new(text, kind, "U+0000 is not allowed", at));
    }
    Ok(())
}

/// A topic to publish to: no wildcards.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TopicName(Arc<str>);

impl TopicName {
    /// The topic as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The shared text.
    #[must_use]
    pub fn shared(&self) -> Arc<str> {
        Arc::clone(&self.0)
    }
}

impl FromStr for TopicName {
    type Err = TopicError;

    fn from_str(text: &str) -> Result<Self, TopicError> {
        check_common(text, "name")?;
        if let Some(at) = text.find(['+', '#']) {
            return Err(TopicError::new(text, "name", "a topic name has no wildcard", at));
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for TopicName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A topic filter to subscribe with: `+` stands for one level, `#` for the rest.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TopicFilter(Arc<str>);

impl TopicFilter {
    /// The filter as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it holds a wildcard.
    #[must_use]
    pub fn has_wildcard(&self) -> bool {
        self.0.contains(['+', '#'])
    }

    /// Whether a message on `topic` is delivered to a subscription with this filter. `#` matches its parent level too
    /// (4.7.1.2), and a wildcard in the first level does not match topics that begin with `$` (4.7.2-1).
    #[must_use]
    pub fn matches(&self, topic: &str) -> bool {
        if topic.starts_with('$') && self.0.starts_with(['+', '#']) {
            return false;
        }
        let mut levels = topic.split('/');
        for wanted in self.0.split('/') {
            if wanted == "#" {
                return true;
            }
            match levels.next() {
                Some(level) if wanted == "+" || wanted == level => {}
                _ => return false,
            }
        }
        levels.next().is_none()
    }

    /// The text that stands where the filter's first `+` stands, for a topic that it matches.
    #[must_use]
    pub fn first_wildcard<'t>(&self, topic: &'t str) -> Option<&'t str> {
        let index = self.0.split('/').position(|level| level == "+")?;
        topic.split('/').nth(index).filter(|level| !level.is_empty())
    }
}

impl FromStr for TopicFilter {
    type Err = TopicError;

    fn from_str(text: &str) -> Result<Self, TopicError> {
        check_common(text, "filter")?;
        let mut at = 0;
        let mut levels = text.split('/').peekable();
        while let Some(level) = levels.next() {
            if level.len() > 1
                && let Some(inside) = level.find(['+', '#'])
            {
                return Err(TopicError::new(text, "filter", "a wildcard must fill its whole level", at + inside));
            }
            if level == "#" && levels.peek().is_some() {
                return Err(TopicError::new(text, "filter", "'#' may only be the last level", at));
            }
            at += level.len() + 1;
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for TopicFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A topic that a device named, for a sentence: at most eighty characters, none of which moves a terminal's cursor.
#[must_use]
pub fn shown(name: &str) -> String {
    let mut text: String =
        name.chars().take(80).map(|char| if char.is_control() { '\u{fffd}' } else { char }).collect();
    if name.chars().nth(80).is_some() {
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(text: &str) -> TopicFilter {
        text.parse().unwrap()
    }

    #[test]
    fn any_topic_fits_into_a_sentence() {
        assert_eq!(shown("$aws/things/ä"), "$aws/things/ä");
        assert_eq!(shown("a\u{1b}[2J\nb"), "a\u{fffd}[2J\u{fffd}b");
        assert_eq!(shown(&"ä".repeat(81)), "ä".repeat(80) + "…");
    }

    #[test]
    fn matches_as_the_specification_says() {
        for (text, topic, matched) in [
            ("sport/tennis/player1/#", "sport/tennis/player1", true),
            ("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true),
            ("sport/#", "sport", true),
            ("#", "a/b", true),
            ("+", "finance", true),
            ("+", "/finance", false),
            ("/+", "/finance", true),
            ("+/+", "/finance", true),
            ("sport/+", "sport", false),
            ("sport/+", "sport/", true),
            ("#", "$SYS/x", false),
            ("+/monitor", "$SYS/monitor", false),
            ("$SYS/#", "$SYS/monitor", true),
            ("/last/will/topic", "/last/will/topic", true),
            ("/last/will/topic", "last/will/topic", false),
        ] {
            assert_eq!(filter(text).matches(topic), matched, "{text} on {topic}");
        }
    }

    #[test]
    fn malformed_filters_say_where() {
        for (text, at) in [("", 0), ("a/#/b", 2), ("a/b+", 3), ("a#", 1), ("a\0", 1)] {
            let error = text.parse::<TopicFilter>().unwrap_err();
            assert_eq!(error.at, at, "{error}");
        }
        assert!("a/+".parse::<TopicName>().unwrap_err().to_string().contains("no wildcard"));
    }

    #[test]
    fn the_first_wildcard_names_the_device() {
        assert_eq!(filter("devices/+/connected").first_wildcard("devices/press-7/connected"), Some("press-7"));
        assert_eq!(filter("/lwt/connected/topic").first_wildcard("/lwt/connected/topic"), None);
        assert_eq!(filter("devices/#").first_wildcard("devices/a"), None);
    }
}
