//! The list behind SELECT, and a SELECT inside an expression.
//!
//! sqlparser's own tree of a query has dozens of fields for clauses that AWS does not have, and reads `SELECT VALUE n` as
//! a column called VALUE. So a nested query is a call here: the function [`SELECT`] or [`SELECT_VALUE`], whose arguments
//! are the list, whose parameter is what stands behind FROM, and whose filter is the condition. Both names are reserved
//! words: no statement can call them.

use super::{advise, close, error, expected, function, is_reserved, keyword};
use sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgOperator, FunctionArgumentList, FunctionArguments, Ident,
    ObjectName,
};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::Token;

/// A nested query that makes an object of each element.
pub(in crate::rules) const SELECT: &str = "SELECT";
/// A nested query that makes one value of each element.
pub(in crate::rules) const SELECT_VALUE: &str = "SELECT VALUE";
/// Whether a nested query, its argument, has a result.
pub(in crate::rules) const EXISTS: &str = "EXISTS";

/// What stands behind SELECT up to FROM: whether it begins with VALUE, and the items. An item with an alias is a named
/// argument, its name the alias as a path.
pub(in crate::rules) fn list(parser: &mut Parser) -> Result<(bool, Vec<FunctionArg>), ParserError> {
    if value_is_keyword(parser) {
        parser.next_token();
        if parser.peek_token_ref().token == Token::Plus {
            let hint = "leave the + out; a field called value is added to with (value) + 1";
            return advise("AWS IoT SQL has no + in front of a value", hint, parser.peek_token_ref().span.start);
        }
        let item = if parser.consume_token(&Token::Mul) {
            FunctionArgExpr::Wildcard
        } else {
            FunctionArgExpr::Expr(parser.parse_expr()?)
        };
        let next = parser.peek_token_ref();
        return match &next.token {
            Token::Comma => advise("VALUE sends one value", "leave VALUE out to send an object", next.span.start),
            Token::Word(word) if word.keyword == Keyword::AS => {
                advise("VALUE sends a value without a name", "leave out VALUE, or AS and the name", next.span.start)
            }
            _ => Ok((true, vec![FunctionArg::Unnamed(item)])),
        };
    }
    let mut items = Vec::new();
    loop {
        items.push(item(parser)?);
        if !parser.consume_token(&Token::Comma) {
            return Ok((false, items));
        }
        if parser.peek_keyword(Keyword::FROM) {
            let at = parser.peek_token_ref().span.start;
            return advise("expected an expression, found FROM", "remove the comma in front of FROM", at);
        }
    }
}

/// Whether the next word is `VALUE` in front of an expression, and not a field called `value`.
///
/// In front of a sign it may be both. `VALUE` takes neither AS nor a second item, so with one of these it is the field:
/// `value - 1 AS x`, `value - 1, b`. Otherwise it is the keyword: `VALUE -1` sends a number, and so does `VALUE - 1`. The
/// field alone, less one, is written `(value) - 1`.
fn value_is_keyword(parser: &Parser) -> bool {
    let [word, next, after] = parser.peek_tokens();
    if !matches!(&word, Token::Word(word) if word.value.eq_ignore_ascii_case("value")) {
        return false;
    }
    match next {
        Token::Word(word) => {
            !matches!(word.keyword, Keyword::FROM | Keyword::AS | Keyword::AND | Keyword::OR | Keyword::IN)
        }
        // `VALUE *` sends all, `value * 2` multiplies.
        Token::Mul => {
            matches!(&after, Token::EOF) || matches!(&after, Token::Word(word) if word.keyword == Keyword::FROM)
        }
        Token::Number(..)
        | Token::SingleQuotedString(_)
        | Token::DoubleQuotedString(_)
        | Token::LParen
        | Token::LBracket
        | Token::LBrace => true,
        Token::Minus | Token::Plus => !item_goes_on(parser),
        _ => false,
    }
}

/// Whether AS or a comma comes behind the item that is read next, brackets and all.
fn item_goes_on(parser: &Parser) -> bool {
    let mut depth = 0_usize;
    let mut after_dot = false;
    for index in 0.. {
        let token = &parser.peek_nth_token_ref(index).token;
        match token {
            Token::EOF => return false,
            Token::LParen | Token::LBracket | Token::LBrace => depth += 1,
            Token::RParen | Token::RBracket | Token::RBrace => match depth.checked_sub(1) {
                Some(less) => depth = less,
                None => return false,
            },
            Token::Comma if depth == 0 => return true,
            // After a dot every word is a field's name.
            Token::Word(word) if depth == 0 && !after_dot => match word.keyword {
                Keyword::AS => return true,
                Keyword::FROM => return false,
                _ => {}
            },
            _ => {}
        }
        after_dot = *token == Token::Period;
    }
    false
}

fn item(parser: &mut Parser) -> Result<FunctionArg, ParserError> {
    if parser.consume_token(&Token::Mul) {
        return Ok(FunctionArg::Unnamed(FunctionArgExpr::Wildcard));
    }
    let arg = FunctionArgExpr::Expr(parser.parse_expr()?);
    if !parser.parse_keyword(Keyword::AS) {
        return Ok(FunctionArg::Unnamed(arg));
    }
    let mut path = vec![alias(parser)?];
    while parser.consume_token(&Token::Period) {
        path.push(super::name(parser)?);
    }
    Ok(named(Expr::CompoundIdentifier(path), arg))
}

fn named(name: Expr, arg: FunctionArgExpr) -> FunctionArg {
    FunctionArg::ExprNamed { name, arg, operator: FunctionArgOperator::Colon }
}

/// The name after AS.
fn alias(parser: &mut Parser) -> Result<Ident, ParserError> {
    let token = parser.peek_token();
    match token.token {
        Token::Word(word) if !is_reserved(&word.value) && !word.value.starts_with('@') => {
            parser.next_token();
            Ok(word.into_ident(token.span))
        }
        Token::SingleQuotedString(_) | Token::DoubleQuotedString(_) => {
            let why = format!("expected a name after AS, found {}", super::found(&token));
            advise(&why, "write the name without quotes", token.span.start)
        }
        _ => Err(expected(parser, "a name after AS")),
    }
}

/// `SELECT … FROM array AS name WHERE …`, in parentheses that the caller reads.
pub(super) fn query(parser: &mut Parser) -> Result<Function, ParserError> {
    let span = parser.peek_token_ref().span;
    keyword(parser, Keyword::SELECT)?;
    let (value, items) = list(parser)?;
    if !parser.parse_keyword(Keyword::FROM) {
        return Err(expected(parser, "a comma, AS, an operator or FROM"));
    }
    if let Token::SingleQuotedString(_) | Token::DoubleQuotedString(_) = parser.peek_token_ref().token {
        let hint = "a SELECT inside an expression reads an array of the payload: write its name without quotes";
        return advise("expected an array, found a string", hint, parser.peek_token_ref().span.start);
    }
    let array = FunctionArgExpr::Expr(parser.parse_expr()?);
    let from = if parser.parse_keyword(Keyword::AS) {
        named(Expr::Identifier(alias(parser)?), array)
    } else {
        FunctionArg::Unnamed(array)
    };
    let filter = if parser.parse_keyword(Keyword::WHERE) { Some(Box::new(parser.parse_expr()?)) } else { None };
    let name = Ident::with_span(span, if value { SELECT_VALUE } else { SELECT });
    let from = FunctionArgumentList { duplicate_treatment: None, args: vec![from], clauses: Vec::new() };
    Ok(Function { parameters: FunctionArguments::List(from), filter, ..function(ObjectName::from(vec![name]), items) })
}

/// `EXISTS (SELECT …)`
pub(super) fn exists(parser: &mut Parser) -> Result<Expr, ParserError> {
    let span = parser.peek_token_ref().span;
    keyword(parser, Keyword::EXISTS)?;
    close(parser, &Token::LParen, "(")?;
    if !parser.peek_keyword(Keyword::SELECT) {
        let at = parser.peek_token_ref().span.start;
        return error(&format!("expected SELECT after EXISTS (, found {}", super::found(parser.peek_token_ref())), at);
    }
    let query = FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Function(query(parser)?)));
    close(parser, &Token::RParen, "an operator or )")?;
    let name = ObjectName::from(vec![Ident::with_span(span, EXISTS)]);
    Ok(Expr::Function(function(name, vec![query])))
}
