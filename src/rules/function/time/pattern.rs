//! What both kinds of patterns have in common: runs of one letter, and text, quoted or not.

/// The longest pattern in bytes.
const MAX_PATTERN: usize = 1_024;

/// A part of a pattern.
#[derive(Debug, PartialEq)]
pub(super) enum Part {
    /// A letter, and how often it stands there.
    Field(char, usize),
    /// A sign outside of quotes.
    Sign(char),
    /// What stands in quotes.
    Text(String),
}

/// Reads a pattern. A quote inside quotes, and alone, is written twice. `None` if a quote is left open.
pub(super) fn parts(pattern: &str) -> Option<Vec<Part>> {
    if pattern.len() > MAX_PATTERN {
        return None;
    }
    let mut parts = Vec::new();
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        if c.is_ascii_alphabetic() {
            let mut count = 1;
            while chars.next_if_eq(&c).is_some() {
                count += 1;
            }
            parts.push(Part::Field(c, count));
        } else if c != '\'' {
            parts.push(Part::Sign(c));
        } else if chars.next_if_eq(&'\'').is_some() {
            parts.push(Part::Sign('\''));
        } else {
            let mut quoted = String::new();
            loop {
                match chars.next()? {
                    '\'' if chars.next_if_eq(&'\'').is_some() => quoted.push('\''),
                    '\'' => break,
                    c => quoted.push(c),
                }
            }
            parts.push(Part::Text(quoted));
        }
    }
    Some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_run_and_quotes_make_text() {
        let text = |text: &str| Part::Text(text.to_owned());
        let read = parts("yyyy-MM'T'HH 'o''clock' ''").unwrap();
        let expected = [
            Part::Field('y', 4),
            Part::Sign('-'),
            Part::Field('M', 2),
            text("T"),
            Part::Field('H', 2),
            Part::Sign(' '),
            text("o'clock"),
            Part::Sign(' '),
            Part::Sign('\''),
        ];
        assert_eq!(read, expected);
        assert_eq!(parts("yyyy 'open"), None);
    }
}
