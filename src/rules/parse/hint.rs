//! What to write instead, for what other languages have.

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::Token;

/// A hint for a token where it cannot stand.
pub(super) fn habit(token: &Token) -> Option<&'static str> {
    Some(match token {
        Token::DoubleEq => "AWS IoT SQL compares with a single =",
        Token::Overlap => "write AND",
        Token::StringConcat => "write OR; strings are joined with +",
        Token::ExclamationMark => "write NOT",
        Token::Char('‘' | '’' | '“' | '”' | '„') => "write straight quotes: 'text'",
        Token::Char('`') => "names are written without quotes, strings in ' or \"",
        Token::Number(text, _) if text.starts_with('.') => {
            "a key that begins with a digit is read with get(object, '0'); a number has a digit before the point"
        }
        Token::Word(word) => match word.keyword {
            Keyword::LIKE | Keyword::ILIKE | Keyword::RLIKE | Keyword::REGEXP => {
                "AWS IoT SQL has no LIKE: write startswith(a, 'x'), endswith(a, 'x') or regexp_matches(a, 'x')"
            }
            Keyword::BETWEEN => "write a >= 1 AND a <= 2",
            Keyword::IS => "write = NULL, <> NULL, isNull(a) or isUndefined(a)",
            Keyword::NOT => "NOT stands in front of the whole: NOT (a IN b)",
            Keyword::LIMIT | Keyword::ORDER | Keyword::GROUP | Keyword::HAVING => {
                "a rule sees one message at a time: there is nothing to sort, group or limit"
            }
            Keyword::JOIN | Keyword::INNER | Keyword::LEFT | Keyword::UNION => {
                "a rule sees one message at a time: there is nothing to join it with"
            }
            _ => return None,
        },
        _ => return None,
    })
}
