//! What is wrong with a configuration, in one message.

use super::locate;
use std::path::PathBuf;

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("The configuration file {} cannot be read: {source}.", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The file says something that is not allowed.
    #[error("{file}, line {line}, column {column}: {key}{why}")]
    Invalid {
        /// The file's name.
        file: String,
        /// The line, counted from 1.
        line: usize,
        /// The column in characters, counted from 1.
        column: usize,
        /// The key with a colon, or nothing where the fault is none of a key.
        key: String,
        /// What is wrong, and what is allowed.
        why: String,
    },
    /// A flag or an environment variable says something that is not allowed.
    #[error("{from}: {why}")]
    Value {
        /// The flag or the variable.
        from: String,
        /// What is wrong, and what is allowed.
        why: String,
    },
    /// A profile that was asked for is not there.
    #[error("{from}: there is no profile {name:?}{near} There are: {known}")]
    NoProfile {
        /// The flag or the variable.
        from: &'static str,
        /// The profile.
        name: String,
        /// The one that may be meant, with its sign at the end.
        near: String,
        /// All of them.
        known: String,
    },
    /// It is not known where devices are to publish.
    #[error(
        "It is not known where simulated devices publish: no topic can be made of {filter:?} in {from}. Set {key}, with \
         ${{client_id}} where the client id belongs."
    )]
    NoTopic {
        /// The key to set.
        key: &'static str,
        /// The key whose filter is of no use.
        from: &'static str,
        /// That filter.
        filter: String,
    },
    /// The built-in rule cannot republish.
    #[error(
        "The rule {rule} cannot republish to {executed:?} in topics.executed, because it has a wildcard. Name one topic \
         there, or write the rule as [[rules]] with republish."
    )]
    NoRepublish {
        /// The rule.
        rule: &'static str,
        /// The filter.
        executed: String,
    },
}

impl ConfigError {
    /// Where it belongs among others: faults of the file in its order, then all else as it was found.
    pub(super) const fn place(&self) -> (usize, usize) {
        match self {
            Self::Invalid { line, column, .. } => (*line, *column),
            _ => (usize::MAX, 0),
        }
    }

    /// An error of the TOML reader, with its place and key.
    pub(super) fn from_toml(file: &str, text: &str, error: &toml::de::Error) -> Self {
        let span = error.span().unwrap_or_default();
        let why = match error.message().trim_end() {
            "duplicate key" => format!("the key {} stands here twice", text.get(span.clone()).unwrap_or_default()),
            message => explain(message),
        };
        Self::at(file, text, span.start, locate::key_at(text, span.start), &why)
    }

    /// An error in the value of `key`, which stands at the byte `offset`.
    pub(super) fn at(file: &str, text: &str, offset: usize, key: Option<String>, why: &str) -> Self {
        let (line, column) = locate::position(text, offset);
        let key = key.map_or_else(String::new, |key| format!("{key}: "));
        Self::Invalid { file: file.to_owned(), line, column, key, why: why.to_owned() }
    }
}

/// serde's words in ours. It has no structured errors, so its text is read; what it may say is held by the tests in
/// `tests/configs/invalid`.
pub(super) fn explain(message: &str) -> String {
    if let Some(rest) = message.strip_prefix("unknown field `")
        && let Some((wrong, expected)) = rest.split_once('`')
    {
        return unknown_key(wrong, expected);
    }
    if let Some(rest) = message.strip_prefix("missing field `") {
        return format!("the key {} is missing", rest.trim_end_matches('`'));
    }
    let kinds = [("expected a boolean", "expected true or false"), ("expected a string", "expected text in quotes")];
    let words = |message: String, (serde, ours): &(&str, &str)| {
        message.strip_suffix(serde).map_or_else(|| message.clone(), |start| format!("{start}{ours}"))
    };
    let message = kinds.iter().fold(message.to_owned(), words);
    match message.strip_suffix(", expected a sequence") {
        Some(start) => format!("{start}, expected a list"),
        None if message.contains(", expected struct ") => {
            let (start, _) = message.split_once(", expected struct ").unwrap_or_default();
            format!("{start}, expected a table of keys")
        }
        None => message,
    }
}

fn unknown_key(wrong: &str, expected: &str) -> String {
    // "expected one of `a`, `b`", "expected `a` or `b`", "expected `a`": every second part is a key.
    let allowed: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
    no_such_key(wrong, &allowed)
}

/// What to say of a key that is not known, when these are.
pub(super) fn no_such_key(wrong: &str, allowed: &[&str]) -> String {
    let near = did_you_mean(wrong, allowed);
    let stop = if near.is_empty() { "." } else { "" };
    format!("there is no key {wrong} here{near}{stop} Allowed here: {}", allowed.join(", "))
}

/// `; did you mean x?`, or nothing.
pub(super) fn did_you_mean(wrong: &str, allowed: &[&str]) -> String {
    allowed
        .iter()
        .map(|word| (strsim::damerau_levenshtein(wrong, word), word))
        .min()
        .filter(|(distance, word)| *distance <= 2.max(word.len() / 3))
        .map_or_else(String::new, |(_, word)| format!("; did you mean {word}?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_names_the_nearest_and_all() {
        let text = explain("unknown field `keepalive`, expected one of `count`, `keep_alive`, `clean`");
        assert_eq!(
            text,
            "there is no key keepalive here; did you mean keep_alive? Allowed here: count, keep_alive, clean"
        );
        let text = explain("unknown field `zzzzzzzz`, expected `url` or `listen`");
        assert_eq!(text, "there is no key zzzzzzzz here. Allowed here: url, listen");
    }
}
