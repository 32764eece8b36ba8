//! What has words or brackets of its own: CASE, CAST, objects and arrays.

use super::super::expression::Type;
use super::{advise, close, expected, keyword, shortened};
use sqlparser::ast::helpers::attached_token::AttachedToken;
use sqlparser::ast::{Array, CaseWhen, CastKind, DataType, DictionaryField, Expr, Ident, ObjectName};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::Token;

/// `{'key': value, …}`
pub(super) fn object(parser: &mut Parser) -> Result<Expr, ParserError> {
    parser.expect_token(&Token::LBrace)?;
    let mut entries = Vec::new();
    if !parser.consume_token(&Token::RBrace) {
        loop {
            let key = key(parser)?;
            close(parser, &Token::Colon, ": after the key")?;
            entries.push(DictionaryField { key, value: Box::new(parser.parse_expr()?) });
            if !parser.consume_token(&Token::Comma) {
                break;
            }
        }
        close(parser, &Token::RBrace, "an operator, a comma or }")?;
    }
    Ok(Expr::Dictionary(entries))
}

fn key(parser: &mut Parser) -> Result<Ident, ParserError> {
    let token = parser.peek_token();
    let (Token::SingleQuotedString(text) | Token::DoubleQuotedString(text)) = token.token else {
        let why = format!("expected a key in quotes, found {}", super::found(&token));
        return advise(&why, "an object is written {'key': value}", token.span.start);
    };
    parser.next_token();
    Ok(Ident::with_quote_and_span('\'', token.span, text))
}

/// `[value, …]`
pub(super) fn array(parser: &mut Parser) -> Result<Expr, ParserError> {
    parser.expect_token(&Token::LBracket)?;
    let mut elem = Vec::new();
    if !parser.consume_token(&Token::RBracket) {
        loop {
            elem.push(parser.parse_expr()?);
            if !parser.consume_token(&Token::Comma) {
                break;
            }
        }
        close(parser, &Token::RBracket, "an operator, a comma or ]")?;
    }
    Ok(Expr::Array(Array { elem, named: false }))
}

/// `CASE value WHEN other THEN result … ELSE result END`: AWS documents only the form that compares one value.
pub(super) fn case(parser: &mut Parser) -> Result<Expr, ParserError> {
    keyword(parser, Keyword::CASE)?;
    if parser.peek_keyword(Keyword::WHEN) {
        let hint = "AWS IoT SQL compares one value; for conditions write CASE TRUE WHEN condition THEN … END";
        return advise("expected a value after CASE, found WHEN", hint, parser.peek_token_ref().span.start);
    }
    let operand = Some(Box::new(parser.parse_expr()?));
    let mut conditions = Vec::new();
    keyword(parser, Keyword::WHEN)?;
    loop {
        let condition = parser.parse_expr()?;
        keyword(parser, Keyword::THEN)?;
        conditions.push(CaseWhen { condition, result: parser.parse_expr()? });
        if !parser.parse_keyword(Keyword::WHEN) {
            break;
        }
    }
    let else_result = if parser.parse_keyword(Keyword::ELSE) {
        Some(Box::new(parser.parse_expr()?))
    } else if parser.peek_keyword(Keyword::END) {
        None
    } else {
        return Err(expected(parser, "an operator, WHEN, ELSE or END"));
    };
    keyword(parser, Keyword::END)?;
    let (case_token, end_token) = (AttachedToken::empty(), AttachedToken::empty());
    Ok(Expr::Case { case_token, end_token, operand, conditions, else_result })
}

/// `CAST(value AS type)`
pub(super) fn cast(parser: &mut Parser) -> Result<Expr, ParserError> {
    keyword(parser, Keyword::CAST)?;
    close(parser, &Token::LParen, "(")?;
    let expr = Box::new(parser.parse_expr()?);
    keyword(parser, Keyword::AS)?;
    let token = parser.peek_token();
    let Token::Word(word) = token.token else {
        return Err(expected(parser, "a type: Int, Decimal, Boolean or String"));
    };
    if Type::named(&word.value).is_none() {
        let why = format!("AWS IoT SQL has no type {}", shortened(&word.value));
        return advise(&why, "the types are Int, Decimal, Double, Boolean and String", token.span.start);
    }
    parser.next_token();
    let data_type = DataType::Custom(ObjectName::from(vec![word.into_ident(token.span)]), Vec::new());
    close(parser, &Token::RParen, ") after the type")?;
    Ok(Expr::Cast { kind: CastKind::Cast, expr, data_type, format: None })
}
