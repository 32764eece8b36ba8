//! Text from the network, made fit for a screen: nothing in an id or a payload moves the cursor, turns the writing
//! direction or breaks a column.

use std::fmt::Write as _;
use unicode_width::UnicodeWidthChar;

/// How many marks without a width of their own may stand on one letter; more would pile up in one cell without end.
const MARKS_ON_A_LETTER: usize = 2;

/// `text` on one line, with everything escaped that is not a plain printable character.
#[must_use]
pub fn clean(text: &str) -> String {
    clean_within(text, usize::MAX)
}

/// Like [`clean`], but looks no further than what fills `columns`.
#[must_use]
pub fn clean_within(text: &str, columns: usize) -> String {
    let mut cleaner = Cleaner::default();
    for letter in text.chars() {
        if cleaner.columns > columns {
            break;
        }
        cleaner.push(letter);
    }
    cleaner.out
}

/// The beginning of a payload on one line: bytes that are no UTF-8 as `\xff`. It looks no further than what fills
/// `columns`, so that a payload of many MiB costs no more than a short one.
#[must_use]
pub fn preview(payload: &[u8], columns: usize) -> String {
    let mut cleaner = Cleaner::default();
    // No character is longer than four bytes, and marks without width are escaped beyond two on a letter.
    let start = &payload[..payload.len().min(columns.saturating_add(1).saturating_mul(4 * (1 + MARKS_ON_A_LETTER)))];
    for chunk in start.utf8_chunks() {
        for letter in chunk.valid().chars() {
            if cleaner.columns > columns {
                return cleaner.out;
            }
            cleaner.push(letter);
        }
        for byte in chunk.invalid() {
            cleaner.escape(format_args!("\\x{byte:02x}"));
        }
    }
    cleaner.out
}

/// The width of cleaned text in columns.
#[must_use]
pub fn width(text: &str) -> usize {
    text.chars().map(|letter| letter.width().unwrap_or(0)).sum()
}

/// `text` cut to `columns`, with `…` as the last column where something was cut off.
#[must_use]
pub fn fit(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 0;
    for letter in text.chars() {
        let wide = letter.width().unwrap_or(0);
        if used + wide + 1 > columns {
            break;
        }
        used += wide;
        out.push(letter);
    }
    if columns > 0 {
        out.push('…');
    }
    out
}

/// `text` cleaned and cut to `columns`, without looking further than that.
#[must_use]
pub fn clean_fit(text: &str, columns: usize) -> String {
    fit(&clean_within(text, columns), columns)
}

/// A space at which [`wrap`] does not break, as between a number and its unit.
pub const GLUE: char = '\u{a0}';

/// `text` in lines of at most `columns`, broken between words and before arrows where that is possible.
#[must_use]
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(2);
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    for word in words(text) {
        let wide = width(word.trim_end_matches(' '));
        if used + wide > columns && used > 0 {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        if wide <= columns {
            line.push_str(word);
            used += width(word);
            continue;
        }
        for letter in word.chars() {
            let wide = letter.width().unwrap_or(0);
            if used + wide > columns {
                let rest = line.split_off(joint(&line).unwrap_or(line.len()));
                used = width(&rest);
                lines.push(std::mem::replace(&mut line, rest));
            }
            line.push(letter);
            used += wide;
        }
    }
    if !line.trim_end().is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines.iter().map(|line| line.trim_end_matches(' ').replace(GLUE, " ")).collect()
}

/// Where a word that is longer than its line is best broken: after the last dot or slash, if that is not too far back.
fn joint(line: &str) -> Option<usize> {
    let at = line.rfind(['.', '/'])? + 1;
    (at < line.len() && at * 2 > line.len()).then_some(at)
}

/// The pieces between which a line may break: each ends with its spaces or before an arrow.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(' ').flat_map(|word| {
        let arrow = word.char_indices().skip(1).filter(|(_, letter)| *letter == '→').map(|(at, _)| at);
        let ends = arrow.chain(std::iter::once(word.len()));
        ends.scan(0, move |from, to| Some(&word[std::mem::replace(from, to)..to]))
    })
}

/// Whether a terminal may be trusted with this character.
fn is_plain(letter: char) -> bool {
    !letter.is_control()
        && !matches!(letter,
            // Soft hyphen, marks and orders that turn the writing direction, line and paragraph separators.
            '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            // Joiners, selectors, fillers and flags: terminals disagree on their width.
            | '\u{115f}'..='\u{11ff}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}' | '\u{1f1e6}'..='\u{1f1ff}' | '\u{1f3fb}'..='\u{1f3ff}'
            | '\u{e0000}'..='\u{e0fff}')
}

#[derive(Default)]
struct Cleaner {
    out: String,
    columns: usize,
    marks: usize,
}

impl Cleaner {
    fn push(&mut self, letter: char) {
        let wide = letter.width();
        let marks = if wide == Some(0) { self.marks + 1 } else { 0 };
        let bare_mark = marks > 0 && (self.out.is_empty() || marks > MARKS_ON_A_LETTER);
        match letter {
            '\n' => self.escape(format_args!("\\n")),
            '\r' => self.escape(format_args!("\\r")),
            '\t' => self.escape(format_args!("\\t")),
            _ if !is_plain(letter) || bare_mark => self.escape(format_args!("\\u{{{:x}}}", u32::from(letter))),
            _ => {
                self.out.push(letter);
                self.columns += wide.unwrap_or(0);
                self.marks = marks;
            }
        }
    }

    fn escape(&mut self, escaped: std::fmt::Arguments<'_>) {
        let before = self.out.len();
        // Writing to a String cannot fail.
        let _ = self.out.write_fmt(escaped);
        self.columns += self.out.len() - before;
        self.marks = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_moves_the_cursor_or_turns_the_text_is_escaped() {
        assert_eq!(clean("a\x1b[2Jb\nc\u{202e}d\u{9b}"), "a\\u{1b}[2Jb\\nc\\u{202e}d\\u{9b}");
        assert_eq!(clean("Prüfstand-7 温度"), "Prüfstand-7 温度");
        assert_eq!(clean("e\u{301}\u{301}\u{301}"), "e\u{301}\u{301}\\u{301}");
        assert_eq!(clean("👩\u{200d}🚀"), "👩\\u{200d}🚀");
    }

    #[test]
    fn bytes_that_are_no_text_are_shown_as_bytes() {
        assert_eq!(preview(b"\xff\x00ok\xc3", 40), "\\xff\\u{0}ok\\xc3");
        assert!(preview(&vec![b'a'; 100_000], 10).len() <= 12);
    }

    #[test]
    fn cut_text_says_so() {
        assert_eq!(fit("lwtThing", 8), "lwtThing");
        assert_eq!(fit("lwtThing-2", 8), "lwtThin…");
        assert_eq!(fit("温度温度", 4), "温…");
        assert_eq!(fit("abc", 0), "");
    }

    #[test]
    fn sentences_break_between_words_and_hops_at_arrows() {
        assert_eq!(wrap("cut 12 s ago: connection lost", 16), ["cut 12 s ago:", "connection lost"]);
        assert_eq!(wrap("cut→will\u{a0}0.1\u{a0}ms→rule\u{a0}0.2", 20), ["cut→will 0.1 ms", "→rule 0.2"]);
        assert_eq!(wrap("cut→will 0.1\u{a0}ms", 9), ["cut→will", "0.1 ms"]);
        assert_eq!(wrap("abcdef", 4), ["abcd", "ef"]);
        assert_eq!(wrap("no state.reported.action", 16), ["no", "state.reported.", "action"]);
        assert_eq!(wrap("", 4), [""]);
    }

    proptest! {
        #[test]
        fn nothing_is_wider_than_asked(text in ".{0,60}", columns in 2usize..40) {
            let safe = clean(&text);
            prop_assert!(safe.chars().all(|letter| !letter.is_control()));
            prop_assert!(width(&fit(&safe, columns)) <= columns);
            for line in wrap(&safe, columns) {
                prop_assert!(width(&line) <= columns, "{line:?}");
            }
        }

        #[test]
        fn any_bytes_can_be_previewed(bytes in proptest::collection::vec(any::<u8>(), 0..200), columns in 0usize..60) {
            let shown = preview(&bytes, columns);
            prop_assert!(shown.chars().all(|letter| !letter.is_control()));
        }
    }
}
