//! From a byte in the file to a line and a key, and from a key to its byte.

use toml::de::{DeTable, DeValue};

/// Line and column of the byte at `offset`, both counted from 1, the column in characters.
pub(super) fn position(text: &str, offset: usize) -> (usize, usize) {
    let mut end = offset.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let before = &text[..end];
    let line = before.rsplit('\n').next().unwrap_or_default();
    (before.matches('\n').count() + 1, line.chars().count() + 1)
}

/// The key that stands at `offset`, or whose value does: `devices.will.qos`, `rules[0].sql`.
pub(super) fn key_at(text: &str, offset: usize) -> Option<String> {
    find(DeTable::parse(text).ok()?.get_ref(), "", &|_, span| span.contains(&offset)).map(|(key, _)| key)
}

/// Where the value of `key` stands.
pub(super) fn value_of(text: &str, key: &str) -> Option<usize> {
    find(DeTable::parse(text).ok()?.get_ref(), "", &|path, _| path == key).map(|(_, offset)| offset)
}

type Test<'t> = dyn Fn(&str, std::ops::Range<usize>) -> bool + 't;

/// The innermost entry whose key or value passes the test. The parser bounds how deep tables nest.
fn find(table: &DeTable<'_>, parent: &str, test: &Test<'_>) -> Option<(String, usize)> {
    table.iter().find_map(|(key, value)| {
        let name = key.get_ref();
        let path = if parent.is_empty() { name.to_string() } else { format!("{parent}.{name}") };
        inside(value.get_ref(), &path, test).or_else(|| {
            let found = test(&path, key.span()) || test(&path, value.span());
            found.then(|| (path, value.span().start))
        })
    })
}

fn inside(value: &DeValue<'_>, path: &str, test: &Test<'_>) -> Option<(String, usize)> {
    match value {
        DeValue::Table(table) => find(table, path, test),
        DeValue::Array(items) => items.iter().enumerate().find_map(|(index, item)| {
            let path = format!("{path}[{index}]");
            inside(item.get_ref(), &path, test).or_else(|| test(&path, item.span()).then(|| (path, item.span().start)))
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "[topics]\nwill = 'a'\n\n[devices.will]\nqos = 1\n[[rules]]\nname = 'ä'\nsql = 'x'\n";

    #[test]
    fn keys_are_found_by_place_and_places_by_key() {
        for (needle, key) in [("'a'", "topics.will"), ("1", "devices.will.qos"), ("'x'", "rules[0].sql")] {
            let offset = TEXT.find(needle).unwrap();
            assert_eq!(key_at(TEXT, offset).as_deref(), Some(key));
            assert_eq!(value_of(TEXT, key), Some(offset));
        }
        assert_eq!(key_at(TEXT, TEXT.find("qos").unwrap()).as_deref(), Some("devices.will.qos"));
        assert_eq!(value_of(TEXT, "devices.will.payload"), None);
    }

    #[test]
    fn columns_count_characters() {
        let after = TEXT.find("ä").unwrap() + "ä".len();
        assert_eq!(position(TEXT, after), (7, 10));
        assert_eq!(position("", 9), (1, 1));
    }
}
