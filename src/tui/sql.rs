//! A statement for reading: broken at its clauses, its words told apart from its strings and names.

use super::text::{clean, width, wrap};

/// A piece of a line, and whether it is one of the language's own words.
pub type Word = (String, bool);

/// The words of AWS IoT SQL that are worth telling apart.
const KEYWORDS: [&str; 22] = [
    "AND", "AS", "CASE", "ELSE", "END", "EXISTS", "FALSE", "FROM", "GET", "IN", "IS", "LIKE", "NOT", "NULL", "OR",
    "SELECT", "SET", "THEN", "TRUE", "VALUE", "WHEN", "WHERE",
];

/// `sql` in lines of at most `columns`. What fits on one line stays on it; else WHERE begins a line of its own, and FROM if
/// it must, and within a long WHERE each AND and OR that stands in no parentheses.
#[must_use]
pub fn lines(sql: &str, columns: usize) -> Vec<Vec<Word>> {
    let sql = clean(sql);
    let sql = sql.trim_matches(' ');
    let parts = if width(sql) <= columns { vec![sql.to_owned()] } else { clauses(sql, columns) };
    let mut out = Vec::new();
    let mut quote = None;
    for part in parts {
        let text = part.trim_start_matches(' ');
        let indent = part.len() - text.len();
        // What is broken goes on one step further in, where that leaves room.
        let hang = if columns > indent + 24 { indent + 2 } else { 0 };
        let fits = width(&part) <= columns;
        let room = if fits { columns - indent } else { columns - hang };
        for (index, line) in wrap(text, room).iter().enumerate() {
            let indent = if index == 0 { indent.min(hang) } else { hang };
            let mut line = words(line, &mut quote);
            if indent > 0 {
                line.insert(0, (" ".repeat(indent), false));
            }
            out.push(line);
        }
    }
    out
}

/// Where each clause begins.
fn clauses(sql: &str, columns: usize) -> Vec<String> {
    let mut parts = vec![String::new()];
    let (mut depth, mut quote) = (0_usize, None);
    for (word, keyword) in words(sql, &mut quote) {
        let clause = keyword && depth == 0 && ["FROM", "WHERE"].contains(&&*word.to_ascii_uppercase());
        if clause && !parts.last().is_some_and(String::is_empty) {
            parts.push(String::new());
        }
        match word.as_str() {
            "(" | "{" | "[" => depth += 1,
            ")" | "}" | "]" => depth = depth.saturating_sub(1),
            _ if keyword && word.eq_ignore_ascii_case("CASE") => depth += 1,
            _ if keyword && word.eq_ignore_ascii_case("END") => depth = depth.saturating_sub(1),
            _ => {}
        }
        if let Some(last) = parts.last_mut() {
            last.push_str(&word);
        }
    }
    // A short SELECT and its FROM read as one.
    if let [select, from, ..] = parts.as_slice()
        && width(select) + width(from.trim_end_matches(' ')) <= columns
    {
        let joined = format!("{select}{from}");
        parts.splice(..2, [joined]);
    }
    parts
        .iter()
        .map(|part| part.trim_end_matches(' '))
        .flat_map(|part| {
            let condition = part.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("WHERE"));
            if condition && width(part) > columns { branches(part) } else { vec![part.to_owned()] }
        })
        .collect()
}

/// A condition with each AND and OR of its top level on a line of its own.
fn branches(condition: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let (mut depth, mut quote) = (0_usize, None);
    for (word, keyword) in words(condition, &mut quote) {
        match word.to_ascii_uppercase().as_str() {
            "(" | "{" | "[" => depth += 1,
            ")" | "}" | "]" => depth = depth.saturating_sub(1),
            "CASE" if keyword => depth += 1,
            "END" if keyword => depth = depth.saturating_sub(1),
            "AND" | "OR" if keyword && depth == 0 => parts.push("  ".to_owned()),
            _ => {}
        }
        if let Some(last) = parts.last_mut() {
            last.push_str(&word);
        }
    }
    parts.into_iter().map(|part| part.trim_end_matches(' ').to_owned()).collect()
}

/// A line in words, with the spaces and signs between them. `quote` is the quote that is open before and after it.
fn words(line: &str, quote: &mut Option<char>) -> Vec<Word> {
    let mut out: Vec<Word> = Vec::new();
    let mut word = String::new();
    // What follows a dot is a field, whatever it is called.
    let mut field = false;
    let end_word = |word: &mut String, out: &mut Vec<Word>, field: bool| {
        if !word.is_empty() {
            let keyword = !field && KEYWORDS.iter().any(|keyword| word.eq_ignore_ascii_case(keyword));
            out.push((std::mem::take(word), keyword));
        }
    };
    for letter in line.chars() {
        if let Some(open) = *quote {
            word.push(letter);
            if letter == open {
                *quote = None;
                out.push((std::mem::take(&mut word), false));
            }
            continue;
        }
        if letter.is_alphanumeric() || letter == '_' {
            word.push(letter);
            continue;
        }
        end_word(&mut word, &mut out, field);
        field = letter == '.';
        if matches!(letter, '\'' | '"') {
            *quote = Some(letter);
            word.push(letter);
        } else {
            out.push((letter.to_string(), false));
        }
    }
    if quote.is_some() {
        out.push((word, false));
    } else {
        end_word(&mut word, &mut out, field);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn plain(sql: &str, columns: usize) -> Vec<String> {
        lines(sql, columns).iter().map(|line| line.iter().map(|(word, _)| word.as_str()).collect()).collect()
    }

    const ARTICLE: &str = "SELECT * FROM '/last/will/topic' WHERE state.reported.last_will = 'yes' AND \
                           state.reported.trigger_action = 'on'";

    #[test]
    fn a_statement_breaks_at_its_clauses() {
        assert_eq!(plain(ARTICLE, 200), [ARTICLE]);
        assert_eq!(
            plain(ARTICLE, 90),
            [
                "SELECT * FROM '/last/will/topic'",
                "WHERE state.reported.last_will = 'yes' AND state.reported.trigger_action = 'on'"
            ]
        );
        assert_eq!(
            plain(ARTICLE, 50),
            [
                "SELECT * FROM '/last/will/topic'",
                "WHERE state.reported.last_will = 'yes'",
                "  AND state.reported.trigger_action = 'on'"
            ]
        );
        assert_eq!(
            plain(
                "SELECT a, b, c, d, e, f, g FROM 'a/topic/t' WHERE (aaaaaaa = 'b AND c' OR bbbbbbbbb = 2) AND case = 'from'",
                36
            ),
            [
                "SELECT a, b, c, d, e, f, g",
                "FROM 'a/topic/t'",
                "WHERE (aaaaaaa = 'b AND c' OR",
                "  bbbbbbbbb = 2)",
                "  AND case = 'from'"
            ]
        );
    }

    #[test]
    fn fields_and_strings_are_no_keywords() {
        let line = &lines("SELECT a.value AS from_ FROM 'or' WHERE x.not = \"AND\"", 100)[0];
        let keywords: Vec<&str> = line.iter().filter(|(_, keyword)| *keyword).map(|(word, _)| word.as_str()).collect();
        assert_eq!(keywords, ["SELECT", "AS", "FROM", "WHERE"]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_nothing_is_too_wide(sql in ".{0,120}", columns in 2_usize..60) {
            let broken = plain(&sql, columns);
            for line in &broken {
                prop_assert!(width(line) <= columns, "{line:?}");
            }
            let letters = |text: &str| text.chars().filter(|letter| *letter != ' ').collect::<String>();
            prop_assert_eq!(letters(&broken.concat()), letters(&clean(&sql)).replace('\u{a0}', ""));
        }
    }
}
