//! How AWS IoT SQL reads, told to `sqlparser`: what is a name, what is a string, which operators exist.

use sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments, Ident, ObjectName,
    UnaryOperator,
};
use sqlparser::dialect::{Dialect, Precedence};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Location, Token, Word};

/// Words that are never the name of a payload's field. Everything else is: sqlparser reserves hundreds of words
/// (`user`, `date`, `position`, …) that devices use as keys.
const RESERVED: [&str; 16] = [
    "and", "as", "case", "cast", "else", "end", "exists", "from", "in", "not", "or", "select", "then", "when", "where",
    "set",
];

/// AWS IoT SQL (version 2016-03-23).
///
/// Prefix and infix positions are ours entirely, so that only what AWS knows is read: sqlparser brings the tokenizer,
/// the precedence climbing and the tree.
#[derive(Debug)]
pub(super) struct AwsIotDialect;

impl Dialect for AwsIotDialect {
    /// Both kinds of quotes make strings; nothing quotes a name.
    fn is_delimited_identifier_start(&self, _: char) -> bool {
        false
    }

    fn is_identifier_start(&self, ch: char) -> bool {
        ch.is_alphabetic() || matches!(ch, '_' | '$')
    }

    fn is_identifier_part(&self, ch: char) -> bool {
        ch.is_alphanumeric() || matches!(ch, '_' | '$')
    }

    fn parse_prefix(&self, parser: &mut Parser) -> Option<Result<Expr, ParserError>> {
        let next = parser.peek_token();
        let at = next.span.start;
        match &next.token {
            Token::Word(word) => self.word(parser, word, at),
            Token::LParen => Some(parenthesis(parser)),
            Token::LBrace => Some(not_yet("an object literal", at)),
            Token::LBracket => Some(not_yet("an array literal", at)),
            Token::AtSign => Some(not_yet("a variable (SET @name = …)", at)),
            _ => None,
        }
    }

    fn get_next_precedence(&self, parser: &Parser) -> Option<Result<u8, ParserError>> {
        let next = parser.peek_token_ref();
        let precedence = match &next.token {
            Token::Word(word) if word.keyword == Keyword::OR => Precedence::Or,
            Token::Word(word) if word.keyword == Keyword::AND => Precedence::And,
            Token::Word(word) if word.keyword == Keyword::IN => return Some(not_yet("IN", next.span.start)),
            Token::Eq | Token::Neq | Token::Lt | Token::LtEq | Token::Gt | Token::GtEq => Precedence::Eq,
            Token::Plus | Token::Minus => Precedence::PlusMinus,
            Token::Mul | Token::Div | Token::Mod => Precedence::MulDivModOp,
            // Not an operator in AWS's language: the expression ends here.
            _ => return Some(Ok(self.prec_unknown())),
        };
        Some(Ok(self.prec_value(precedence)))
    }
}

impl AwsIotDialect {
    fn word(&self, parser: &mut Parser, word: &Word, at: Location) -> Option<Result<Expr, ParserError>> {
        match word.keyword {
            Keyword::TRUE | Keyword::FALSE | Keyword::NULL => None,
            Keyword::NOT => {
                parser.next_token();
                let inner = parser.parse_subexpr(self.prec_value(Precedence::UnaryNot));
                Some(inner.map(|expr| Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(expr) }))
            }
            Keyword::CASE => Some(not_yet("CASE", at)),
            Keyword::CAST => Some(not_yet("CAST", at)),
            Keyword::EXISTS => Some(not_yet("EXISTS", at)),
            _ if is_reserved(&word.value) => Some(error(&format!("expected an expression, found {}", word.value), at)),
            _ => Some(path_or_call(parser)),
        }
    }
}

/// Whether `word` can never be a name.
pub(super) fn is_reserved(word: &str) -> bool {
    RESERVED.iter().any(|reserved| word.eq_ignore_ascii_case(reserved))
}

/// `a.b.c`, or `name(…)`.
fn path_or_call(parser: &mut Parser) -> Result<Expr, ParserError> {
    let mut path = vec![name(parser)?];
    while parser.consume_token(&Token::Period) {
        path.push(name(parser)?);
    }
    if path.len() == 1 && parser.consume_token(&Token::LParen) {
        return call(parser, ObjectName::from(path)).map(Expr::Function);
    }
    Ok(Expr::CompoundIdentifier(path))
}

/// One name; after a dot every word is one, `state.end` included.
fn name(parser: &mut Parser) -> Result<Ident, ParserError> {
    let token = parser.next_token();
    match token.token {
        Token::Word(word) => Ok(word.into_ident(token.span)),
        other => error(&format!("expected a field's name after the dot, found {other}"), token.span.start),
    }
}

/// The arguments, when the opening parenthesis has been read.
fn call(parser: &mut Parser, name: ObjectName) -> Result<Function, ParserError> {
    let mut args = Vec::new();
    if !parser.consume_token(&Token::RParen) {
        loop {
            let arg = if parser.consume_token(&Token::Mul) {
                FunctionArgExpr::Wildcard
            } else {
                FunctionArgExpr::Expr(parser.parse_expr()?)
            };
            args.push(FunctionArg::Unnamed(arg));
            if !parser.consume_token(&Token::Comma) {
                break;
            }
        }
        parser.expect_token(&Token::RParen)?;
    }
    let list = FunctionArgumentList { duplicate_treatment: None, args, clauses: Vec::new() };
    Ok(Function {
        name,
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(list),
        within_group: Vec::new(),
        filter: None,
        null_treatment: None,
        over: None,
    })
}

fn parenthesis(parser: &mut Parser) -> Result<Expr, ParserError> {
    parser.expect_token(&Token::LParen)?;
    if parser.peek_keyword(Keyword::SELECT) {
        return not_yet("a nested SELECT", parser.peek_token_ref().span.start);
    }
    let inner = parser.parse_expr()?;
    parser.expect_token(&Token::RParen)?;
    Ok(Expr::Nested(Box::new(inner)))
}

/// Part of the language, but not of this version of lwtop.
fn not_yet<T>(what: &str, at: Location) -> Result<T, ParserError> {
    error(&unsupported(what), at)
}

/// The words for what lwtop does not know yet.
pub(super) fn unsupported(what: &str) -> String {
    format!("{what} is not supported by this version of lwtop")
}

/// An error that carries its position in the way sqlparser's own do: `ParserError` has no field for it.
fn error<T>(why: &str, at: Location) -> Result<T, ParserError> {
    Err(ParserError::ParserError(format!("{why}{at}")))
}
