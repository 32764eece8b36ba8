//! A payload in lines: JSON with its names, texts and numbers told apart, bytes in hexadecimal, text as it is.

use super::sheet::{Pieces, Sheet};
use crate::tui::document::Document;
use crate::tui::look::Look;
use ratatui::style::Style;

/// Writes `document` into as many lines as it needs; those that are not visible stay empty.
pub fn write(look: &Look, sheet: &mut Sheet, document: &Document) {
    let parts = document.parts(sheet.room);
    if !document.json {
        for part in parts.iter() {
            let seen = sheet.shows(1);
            let text = || format!("{}{}", " ".repeat(part.indent), part.text);
            sheet.line(if seen { vec![(text(), Style::new())] } else { Pieces::new() });
        }
        return;
    }
    for line in parts.chunk_by(|one, next| one.line == next.line) {
        if !sheet.shows(line.len()) {
            for _ in line {
                sheet.gap();
            }
            continue;
        }
        let text = &document.lines[line[0].line][line[0].indent..];
        let mut letters = text.chars().zip(json(look, text));
        for part in line {
            let mut pieces: Pieces = vec![(" ".repeat(part.indent), Style::new())];
            for letter in part.text.chars() {
                // Breaking a line drops nothing but the spaces at its end.
                let style = letters.find(|(other, _)| *other == letter).map(|(_, style)| style).unwrap_or_default();
                match pieces.last_mut() {
                    Some((text, last)) if *last == style => text.push(letter),
                    _ => pieces.push((letter.to_string(), style)),
                }
            }
            sheet.line(pieces);
        }
    }
}

/// A style for each letter of a line of JSON.
fn json(look: &Look, line: &str) -> Vec<Style> {
    let letters: Vec<char> = line.chars().collect();
    let mut styles = Vec::with_capacity(letters.len());
    let mut at = 0;
    while at < letters.len() {
        let start = at;
        let style = match letters[at] {
            '"' => {
                at += 1;
                let mut escaped = false;
                while at < letters.len() && (escaped || letters[at] != '"') {
                    escaped = letters[at] == '\\' && !escaped;
                    at += 1;
                }
                at = (at + 1).min(letters.len());
                if letters.get(at) == Some(&':') { look.keyword() } else { look.good() }
            }
            '{' | '}' | '[' | ']' | ',' | ':' | ' ' => {
                at += 1;
                look.dim()
            }
            _ => {
                while at < letters.len() && !matches!(letters[at], ',' | ']' | '}' | ' ') {
                    at += 1;
                }
                look.warn()
            }
        };
        styles.extend(std::iter::repeat_n(style, at - start));
    }
    styles
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::text::width;
    use proptest::prelude::*;

    fn shown(payload: &[u8], room: usize) -> Vec<String> {
        let mut sheet = Sheet::new(room);
        write(&Look::plain(), &mut sheet, &Document::read(payload));
        let text = |pieces: &Pieces| pieces.iter().map(|(text, _)| text.as_str()).collect::<String>();
        sheet.lines.iter().map(text).collect()
    }

    #[test]
    fn names_texts_and_numbers_are_told_apart() {
        let look = Look::plain();
        let kinds = |line: &str| -> String {
            let name = |style: Style| match style {
                _ if style == look.dim() => '.',
                _ => 'x',
            };
            json(&look, line).into_iter().map(name).collect()
        };
        assert_eq!(kinds(r#""a\"": [1.5e3, "b:,"]"#), "xxxxx...xxxxx..xxxxx.");
        assert_eq!(kinds("true,"), "xxxx.");
    }

    #[test]
    fn what_is_broken_keeps_its_indent_and_every_letter() {
        assert_eq!(
            shown(br#"{"state": {"message": "a text of some words"}}"#, 30),
            ["{", "  \"state\": {", "    \"message\": \"a text of some", "    words\"", "  }", "}"]
        );
    }

    #[test]
    fn only_what_is_visible_is_written_and_it_is_the_same() {
        let numbers: Vec<u32> = (0..500).collect();
        let document = Document::read(serde_json::json!({ "numbers": numbers, "end": "of it" }).to_string().as_bytes());
        let look = Look { theme: crate::tui::Theme::dark(), ..Look::plain() };
        let mut all = Sheet::new(30);
        write(&look, &mut all, &document);
        let mut some = Sheet::new(30).showing(200, 10);
        write(&look, &mut some, &document);
        assert_eq!((some.lines.len(), &some.lines[200..210]), (all.lines.len(), &all.lines[200..210]));
        assert_eq!(some.lines.iter().filter(|line| !line.is_empty()).count(), 10);
        assert!(std::sync::Arc::ptr_eq(&document.parts(30), &document.parts(30)), "broken once");
    }

    proptest! {
        #[test]
        fn any_payload_fits_any_width(payload in proptest::collection::vec(any::<u8>(), 0..200), text in ".{0,80}", room in 12_usize..120) {
            let json = serde_json::json!({ "a": { "b": [text, 1] } }).to_string();
            for line in shown(&payload, room).into_iter().chain(shown(json.as_bytes(), room)) {
                prop_assert!(width(&line) <= room, "{line:?}");
            }
        }
    }
}
