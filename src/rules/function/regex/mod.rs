//! Regular expressions, in Java's dialect as AWS's are.
//!
//! [`java`] writes them in the dialect of `fancy-regex`, which has lookaround and back references like Java. What Java
//! has beyond that (`$` in front of a last line break, Unicode blocks) differs. Everything is bounded, because an
//! expression may come from a payload: what goes beyond a bound is Undefined.

mod java;

use super::{MAX_TEXT, text};
use crate::rules::value::Value;
use fancy_regex::{Captures, Regex, RegexBuilder};
use std::cell::RefCell;
use std::rc::Rc;

/// The longest expression in bytes.
const MAX_PATTERN: usize = 4_096;
/// The longest text that is searched: what AWS IoT accepts as a payload.
const MAX_SEARCHED: usize = 128 * 1024;
/// How often a search may go back and try another way.
const MAX_BACKTRACKS: usize = 100_000;
/// How large an expression may become when it is compiled: `\w{1000}{1000}` is refused.
const MAX_COMPILED: usize = 1024 * 1024;
/// How many steps an expression may have when it is compiled.
const MAX_STEPS: usize = 100_000;
/// How many places `regexp_replace()` replaces: each is one search.
const MAX_MATCHES: usize = 10_000;
/// How many compiled expressions each thread keeps: a rule uses the same one for every message.
const KEPT: usize = 32;

thread_local! {
    /// The one that was used last stands at the end. What is no expression is kept too, as `None`.
    static COMPILED: RefCell<Vec<(String, Option<Rc<Regex>>)>> = const { RefCell::new(Vec::new()) };
}

/// `regexp_matches(text, expression)`: whether it is found anywhere in the text.
pub(super) fn matches(searched: &str, pattern: &str) -> Option<Value<'static>> {
    let found = compiled(searched, pattern)?.is_match(searched).ok()?;
    Some(Value::Bool(found))
}

/// `regexp_substr(text, expression)`: the first place that matches; Undefined if there is none.
pub(super) fn substr(searched: &str, pattern: &str) -> Option<Value<'static>> {
    let found = compiled(searched, pattern)?.find(searched).ok()??;
    text(found.as_str().to_owned())
}

/// `regexp_replace(text, expression, replacement)`: all places that match.
pub(super) fn replace<'a>(args: &[Value<'a>]) -> Option<Value<'a>> {
    let [searched, pattern, replacement] = args else { return None };
    let (searched, pattern, replacement) = (searched.text()?, pattern.text()?, replacement.text()?);
    let regex = compiled(&searched, &pattern)?;
    let names: Vec<_> = regex.capture_names().collect();
    let pieces = java::replacement(&replacement, &names)?;
    let (mut result, mut copied) = (String::new(), 0);
    for (count, captures) in regex.captures_iter(&*searched).enumerate() {
        let captures = captures.ok()?;
        let whole = captures.get(0)?;
        result.push_str(searched.get(copied..whole.start())?);
        put(&mut result, &pieces, &captures);
        if result.len() > MAX_TEXT || count == MAX_MATCHES {
            return None;
        }
        copied = whole.end();
    }
    result.push_str(&searched[copied..]);
    text(result)
}

fn put(result: &mut String, pieces: &[java::Piece], captures: &Captures<'_, str>) {
    for piece in pieces {
        match piece {
            java::Piece::Text(text) => result.push_str(text),
            // A group that took no part in the match is empty.
            java::Piece::Group(group) => result.push_str(captures.get(*group).map_or("", |found| found.as_str())),
        }
        if result.len() > MAX_TEXT {
            return;
        }
    }
}

/// The expression, compiled now or earlier; `None` if it is none, or if one of the two is too long.
fn compiled(searched: &str, pattern: &str) -> Option<Rc<Regex>> {
    if searched.len() > MAX_SEARCHED || pattern.len() > MAX_PATTERN {
        return None;
    }
    COMPILED.with_borrow_mut(|kept| {
        let (pattern, regex) = match kept.iter().rposition(|(known, _)| known == pattern) {
            Some(at) => kept.remove(at),
            None => (pattern.to_owned(), compile(pattern).map(Rc::new)),
        };
        if kept.len() == KEPT {
            kept.remove(0);
        }
        kept.push((pattern, regex.clone()));
        regex
    })
}

fn compile(pattern: &str) -> Option<Regex> {
    RegexBuilder::new(&java::pattern(pattern)?)
        .backtrack_limit(MAX_BACKTRACKS)
        .delegate_size_limit(MAX_COMPILED)
        .delegate_dfa_size_limit(MAX_COMPILED)
        .max_prog_size(MAX_STEPS)
        .build()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_that_would_take_for_ever_is_undefined() {
        let text = "a".repeat(5_000);
        assert_eq!(matches(&text, r"^(?:a|(?=a)a)+b$"), None);
        assert_eq!(matches("a", &"(".repeat(4_000)), None);
        assert_eq!(matches("a", r"(?:\w{1000}){1000}"), None);
        assert_eq!(matches(&"a".repeat(MAX_SEARCHED + 1), "a"), None);
    }

    #[test]
    fn expressions_are_kept_up_to_a_bound() {
        for number in 0..3 * KEPT {
            assert_eq!(matches("7", &format!("{number}|7")), Some(Value::Bool(true)));
        }
        assert_eq!(COMPILED.with_borrow(Vec::len), KEPT);
    }
}
