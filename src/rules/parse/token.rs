//! From text to words and signs: sqlparser's tokenizer, with one thing mended.

use super::super::dialect::AwsIotDialect;
use super::super::error::SqlError;
use super::place;
use sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer, TokenizerError};

/// The most words and signs in a statement. A chain such as `a AND b AND …` makes a tree as deep as it is long, and what
/// walks a tree uses the stack; sqlparser itself bounds nesting in parentheses.
const MAX_TOKENS: usize = 2_000;

/// How often `)._` is mended in a statement; each time its text is read again.
const MAX_MENDED: usize = 50;

/// The tokens of a statement, with their places in it.
pub(super) fn tokens(sql: &str) -> Result<Vec<TokenWithSpan>, SqlError> {
    let tokens = mended(sql).map_err(|error| {
        let mut reason = error.message.chars();
        let first = reason.next().into_iter().flat_map(char::to_lowercase);
        let found = SqlError::new(sql, place(error.location), first.chain(reason).collect::<String>());
        if error.message.contains("nterminated string") {
            found.hint("close the string with the same quote")
        } else {
            found
        }
    })?;
    let meaningful = |token: &&TokenWithSpan| !matches!(token.token, Token::Whitespace(_));
    if let Some(token) = tokens.iter().filter(meaningful).nth(MAX_TOKENS) {
        let why = format!("it has more than {MAX_TOKENS} words and signs");
        return Err(SqlError::new(sql, place(token.span.start), why));
    }
    Ok(tokens)
}

/// The tokenizer takes `._` for the beginning of a wrong number, unless a word stands in front of it: it refuses
/// `get(e, 0)._id`. With a space behind the dot it reads it, and the places behind that space are put right again.
fn mended(sql: &str) -> Result<Vec<TokenWithSpan>, TokenizerError> {
    let mut text = sql.to_owned();
    let mut spaces: Vec<Location> = Vec::new();
    loop {
        let error = match Tokenizer::new(&AwsIotDialect, &text).tokenize_with_location() {
            Ok(mut tokens) => {
                for token in &mut tokens {
                    token.span.start = original(token.span.start, &spaces);
                }
                return Ok(tokens);
            }
            Err(error) => error,
        };
        let at = offset(&text, error.location);
        let dot = at.filter(|at| text[*at..].starts_with("._") && spaces.len() < MAX_MENDED);
        let Some(dot) = dot else {
            return Err(TokenizerError { location: original(error.location, &spaces), ..error });
        };
        text.insert(dot + 1, ' ');
        spaces.push(Location::new(error.location.line, error.location.column + 1));
    }
}

/// Where a place lies without the spaces that were put in.
fn original(place: Location, spaces: &[Location]) -> Location {
    let before = spaces.iter().filter(|space| space.line == place.line && space.column < place.column).count();
    let before = u64::try_from(before).unwrap_or(0);
    Location::new(place.line, place.column.saturating_sub(before))
}

/// The byte at a place.
fn offset(text: &str, place: Location) -> Option<usize> {
    let line = usize::try_from(place.line).ok()?.checked_sub(1)?;
    let column = usize::try_from(place.column).ok()?.checked_sub(1)?;
    let start = text.split_inclusive('\n').take(line).map(str::len).sum::<usize>();
    let (index, _) = text.get(start..)?.char_indices().nth(column)?;
    Some(start + index)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_underscore_may_follow_the_dot_behind_a_parenthesis() {
        let sql = "topic(1)._a.b + 'x)._y'\n+ topic(2)._b._c - topic(3)._d";
        let tokens = tokens(sql).unwrap();
        let words = |wanted: &str| {
            let found = tokens.iter().filter(|token| token.token.to_string() == wanted);
            found.map(|token| (token.span.start.line, token.span.start.column)).collect::<Vec<_>>()
        };
        assert_eq!(words("_a"), [(1, 10)]);
        assert_eq!(words("'x)._y'"), [(1, 17)]);
        assert_eq!(words("_b"), [(2, 12)]);
        assert_eq!(words("_d"), [(2, 29)]);
        assert_eq!(words("-"), [(2, 18)]);
    }
}
