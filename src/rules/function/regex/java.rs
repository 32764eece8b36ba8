//! Java's expressions in the words of `fancy-regex`, and Java's replacement strings (`java.util.regex.Pattern`,
//! `Matcher.appendReplacement`).

use std::iter::Peekable;
use std::str::Chars;

const DIGIT: &str = "0-9";
const WORD: &str = "a-zA-Z0-9_";
const SPACE: &str = r" \t\n\x0B\x0C\r";
const HORIZONTAL: &str = r" \t\x{A0}\x{1680}\x{180E}\x{2000}-\x{200A}\x{202F}\x{205F}\x{3000}";
const VERTICAL: &str = r"\n\x0B\x0C\r\x{85}\x{2028}\x{2029}";

/// A part of a replacement.
#[derive(Debug, PartialEq)]
pub(super) enum Piece {
    /// Text as it is.
    Text(String),
    /// What the group with that number has matched.
    Group(usize),
}

/// Rewrites an expression. `None` for what Java refuses and `fancy-regex` would read in its own way.
pub(super) fn pattern(java: &str) -> Option<String> {
    let mut written = String::with_capacity(java.len() + 16);
    let mut chars = java.chars().peekable();
    let mut classes = 0_usize;
    while let Some(c) = chars.next() {
        match c {
            '\\' => escape(&mut chars, classes > 0, &mut written)?,
            '[' => {
                classes += 1;
                written.push('[');
            }
            ']' if classes > 0 => {
                classes -= 1;
                written.push(']');
            }
            '{' if classes == 0 => written.push_str(&repetition(&mut chars)?),
            // Set operators of fancy-regex that Java does not have.
            '~' if classes > 0 => written.push_str(r"\~"),
            _ => written.push(c),
        }
    }
    Some(written)
}

/// What follows a backslash. Java's `\d`, `\s` and `\w` are ASCII.
fn escape(chars: &mut Peekable<Chars<'_>>, in_class: bool, written: &mut String) -> Option<()> {
    let c = chars.next()?;
    let mut set = |members: &str, negated: bool| {
        let (open, close) = match (in_class, negated) {
            (true, false) => ("", ""),
            (false, false) => ("[", "]"),
            (_, true) => ("[^", "]"),
        };
        written.extend([open, members, close]);
    };
    match c {
        'd' | 'D' => set(DIGIT, c == 'D'),
        'w' | 'W' => set(WORD, c == 'W'),
        's' | 'S' => set(SPACE, c == 'S'),
        'h' | 'H' => set(HORIZONTAL, c == 'H'),
        'v' | 'V' => set(VERTICAL, c == 'V'),
        'R' if !in_class => written.extend([r"(?:\r\n|[", VERTICAL, "])"]),
        'p' | 'P' => property(chars, c == 'P', written)?,
        'Q' => {
            let rest: String = chars.clone().collect();
            let quoted = rest.split_once(r"\E").map_or(rest.as_str(), |(quoted, _)| quoted);
            quoted.chars().for_each(|c| literal(c, written));
            // The two characters of the end, if it is there.
            chars.by_ref().take(quoted.chars().count() + 2).for_each(drop);
        }
        'u' => {
            let digits: String = chars.by_ref().take(4).collect();
            literal(char::from_u32(hex(&digits, 4)?)?, written);
        }
        'x' if chars.peek() == Some(&'{') => written.push_str(r"\x"),
        'x' => {
            let digits: String = chars.by_ref().take(2).collect();
            literal(char::from_u32(hex(&digits, 2)?)?, written);
        }
        'e' => written.push_str(r"\x1B"),
        't' | 'n' | 'r' | 'f' | 'a' | 'b' | 'B' | 'A' | 'z' | 'Z' | 'G' | 'k' | '1'..='9' => {
            written.push('\\');
            written.push(c);
        }
        _ if c.is_ascii_alphanumeric() => return None,
        _ => literal(c, written),
    }
    Some(())
}

/// What follows `{`: Java takes nothing but a range there, with the smaller number in front.
fn repetition(chars: &mut Peekable<Chars<'_>>) -> Option<String> {
    let range: String = chars.by_ref().take_while(|c| *c != '}').collect();
    let (least, most) = range.split_once(',').unwrap_or((&range, &range));
    let least: u32 = least.parse().ok()?;
    let right = most.is_empty() || least <= most.parse().ok()?;
    right.then(|| format!("{{{range}}}"))
}

fn hex(digits: &str, count: usize) -> Option<u32> {
    let right = digits.len() == count && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    right.then(|| u32::from_str_radix(digits, 16).ok()).flatten()
}

/// A character that stands for itself.
fn literal(c: char, written: &mut String) {
    if r"\.+*?()|[]{}^$#&-~ ".contains(c) {
        written.push('\\');
    }
    written.push(c);
}

/// `\p{…}` and `\pL`: POSIX's classes are ASCII in Java, `Is` may stand in front of Unicode's names.
fn property(chars: &mut Peekable<Chars<'_>>, negated: bool, written: &mut String) -> Option<()> {
    let name = match chars.next()? {
        '{' => chars.by_ref().take_while(|c| *c != '}').collect(),
        letter => letter.to_string(),
    };
    match name.as_str() {
        "Lower" | "Upper" | "ASCII" | "Alpha" | "Digit" | "Alnum" | "Punct" | "Graph" | "Print" | "Blank" | "Cntrl"
        | "XDigit" | "Space" => {
            let not = if negated { "^" } else { "" };
            written.extend(["[[:", not, &name.to_ascii_lowercase(), ":]]"]);
        }
        _ => {
            let unicode = match name.as_str() {
                "javaLowerCase" => "Lowercase",
                "javaUpperCase" => "Uppercase",
                "javaWhitespace" => "White_Space",
                other => other.strip_prefix("Is").unwrap_or(other),
            };
            written.extend([if negated { r"\P{" } else { r"\p{" }, unicode, "}"]);
        }
    }
    Some(())
}

/// Reads a replacement: `$1` and `${name}` are groups, a backslash makes the next character plain. `None` for what Java
/// refuses: a group that there is none of, or nothing after `$` or the backslash.
pub(super) fn replacement(java: &str, groups: &[Option<&str>]) -> Option<Vec<Piece>> {
    let (mut pieces, mut text) = (Vec::new(), String::new());
    let mut chars = java.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => text.push(chars.next()?),
            '$' => {
                let group = group(&mut chars, groups)?;
                pieces.push(Piece::Text(std::mem::take(&mut text)));
                pieces.push(Piece::Group(group));
            }
            _ => text.push(c),
        }
    }
    pieces.push(Piece::Text(text));
    Some(pieces)
}

/// A number takes as many digits as there are groups for: `$12` is group 1 and a 2 where there are fewer than twelve.
fn group(chars: &mut Peekable<Chars<'_>>, groups: &[Option<&str>]) -> Option<usize> {
    let exists = |number: &usize| *number < groups.len();
    if chars.next_if_eq(&'{').is_some() {
        let rest: String = chars.clone().collect();
        let (name, _) = rest.split_once('}')?;
        chars.by_ref().take(name.chars().count() + 1).for_each(drop);
        return groups.iter().position(|group| *group == Some(name));
    }
    let digit = |c: char| c.to_digit(10).and_then(|digit| usize::try_from(digit).ok());
    let mut number = chars.next().and_then(digit).filter(exists)?;
    while let Some(longer) = chars.peek().copied().and_then(digit).map(|digit| number * 10 + digit).filter(exists) {
        number = longer;
        chars.next();
    }
    Some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_rewritten() {
        for (java, written) in [
            (r"\d+", Some("[0-9]+")),
            (r"[\d.-]", Some("[0-9.-]")),
            (r"\D", Some("[^0-9]")),
            (r"\Qa.b\E+", Some(r"a\.b+")),
            (r"\Qa.b", Some(r"a\.b")),
            (r"\u00e9", Some("é")),
            (r"\p{Alpha}", Some("[[:alpha:]]")),
            (r"\P{IsLatin}", Some(r"\P{Latin}")),
            (r"\<", Some("<")),
            (r"\$", Some(r"\$")),
            (r"\1\b", Some(r"\1\b")),
            (r"\y", None),
            ("\\", None),
        ] {
            assert_eq!(pattern(java).as_deref(), written, "{java}");
        }
    }

    #[test]
    fn replacements_are_read() {
        let groups = [None, None, Some("name")];
        let text = |text: &str| Piece::Text(text.to_owned());
        assert_eq!(replacement("a$1b", &groups), Some(vec![text("a"), Piece::Group(1), text("b")]));
        assert_eq!(replacement("$12", &groups), Some(vec![text(""), Piece::Group(1), text("2")]));
        assert_eq!(replacement("${name}!", &groups), Some(vec![text(""), Piece::Group(2), text("!")]));
        assert_eq!(replacement(r"\$1\\", &groups), Some(vec![text(r"$1\")]));
        for wrong in ["$3", "$", "$x", "${other}", "${name", "\\"] {
            assert_eq!(replacement(wrong, &groups), None, "{wrong}");
        }
    }
}
