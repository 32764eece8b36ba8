//! From a byte in the file to a line and a key.

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

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
    key_in(DeTable::parse(text).ok()?.get_ref(), offset)
}

/// The key in `table` that stands at `offset`, or whose value does.
pub(super) fn key_in(table: &DeTable<'_>, offset: usize) -> Option<String> {
    find(table, "", &|_, span| span.contains(&offset)).map(|(key, _)| key)
}

/// Takes the entry that stands at `offset` out of `table`; `false` if there is none.
pub(super) fn take_out(table: &mut DeTable<'_>, offset: usize) -> bool {
    let inside = table.iter_mut().any(|(_, value)| match value.get_mut() {
        DeValue::Table(inner) => take_out(inner, offset),
        _ => false,
    });
    let here = |(key, value): &(&Spanned<DeString<'_>>, &Spanned<DeValue<'_>>)| {
        key.span().contains(&offset) || value.span().contains(&offset)
    };
    let found = if inside { None } else { table.iter().find(here).map(|(key, _)| key.get_ref().to_string()) };
    found.is_some_and(|key| table.remove(key.as_str()).is_some()) || inside
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

    fn table() -> DeTable<'static> {
        DeTable::parse(TEXT).unwrap().into_inner()
    }

    #[test]
    fn keys_are_found_by_place() {
        for (needle, key) in [("'a'", "topics.will"), ("1", "devices.will.qos"), ("'x'", "rules[0].sql")] {
            let offset = TEXT.find(needle).unwrap();
            assert_eq!(key_at(TEXT, offset).as_deref(), Some(key));
        }
        assert_eq!(key_at(TEXT, TEXT.find("qos").unwrap()).as_deref(), Some("devices.will.qos"));
    }

    #[test]
    fn an_entry_is_taken_out_by_its_place() {
        let mut table = table();
        assert!(take_out(&mut table, TEXT.find("qos").unwrap()));
        let value = |path: &str| find(&table, "", &|key, _| key == path);
        assert_eq!(value("devices.will.qos"), None);
        assert!(value("topics.will").is_some());
        assert!(!take_out(&mut table, TEXT.len() + 1));
    }

    #[test]
    fn columns_count_characters() {
        let after = TEXT.find("ä").unwrap() + "ä".len();
        assert_eq!(position(TEXT, after), (7, 10));
        assert_eq!(position("", 9), (1, 1));
    }
}
