//! How AWS IoT SQL reads, told to `sqlparser`: what is a name, what is a string, which operators exist.
//!
//! sqlparser brings the tokenizer, the precedence climbing and the tree. What its tree has no room for, or much room for
//! things that AWS does not have, is written as a function call whose name nobody can type: see [`select`].

mod construct;
mod select;

use sqlparser::ast::{
    AccessExpr, BinaryOperator, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments,
    Ident, ObjectName, UnaryOperator,
};
use sqlparser::dialect::{Dialect, Precedence};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Location, Token, TokenWithSpan, Word};

pub(super) use select::{EXISTS, SELECT, SELECT_VALUE, list as select_list};

/// What stands between the reason and the advice in the text of a `ParserError`, which has room for one text only.
pub(super) const ADVICE: char = '\u{1f}';

/// The operator `IN` in sqlparser's tree, whose own `IN` wants a list in parentheses.
pub(super) const IN: &str = "IN";

/// The longest name of a variable (AWS IoT developer guide, "SET clause limits").
const MAX_VARIABLE: usize = 64;

/// Words that are never the name of a payload's field. Everything else is: sqlparser reserves hundreds of words
/// (`user`, `date`, `position`, …) that devices use as keys.
const RESERVED: [&str; 13] =
    ["and", "as", "case", "else", "end", "from", "in", "not", "or", "select", "then", "when", "where"];

/// AWS IoT SQL (version 2016-03-23).
///
/// Prefix and infix positions are ours entirely, so that only what AWS knows is read.
#[derive(Debug)]
pub(super) struct AwsIotDialect;

impl Dialect for AwsIotDialect {
    /// Both kinds of quotes make strings; nothing quotes a name.
    fn is_delimited_identifier_start(&self, _: char) -> bool {
        false
    }

    fn is_identifier_start(&self, ch: char) -> bool {
        // A variable is one word with its sign.
        ch.is_alphabetic() || matches!(ch, '_' | '$' | '@')
    }

    fn is_identifier_part(&self, ch: char) -> bool {
        ch.is_alphanumeric() || matches!(ch, '_' | '$')
    }

    fn parse_prefix(&self, parser: &mut Parser) -> Option<Result<Expr, ParserError>> {
        let next = parser.peek_token();
        let root = match &next.token {
            Token::Word(word) => return self.word(parser, word, next.span.start),
            Token::LParen => parenthesis(parser),
            Token::LBrace => construct::object(parser),
            Token::LBracket => construct::array(parser),
            Token::AtSign => return Some(Err(expected(parser, "a variable: @name"))),
            Token::Mul => {
                let hint = "* stands for the payload: in the list of SELECT, or as an argument of encode()";
                return Some(advise("expected an expression, found *", hint, next.span.start));
            }
            _ => return None,
        };
        Some(root.and_then(|root| fields(parser, root)))
    }

    /// Only `IN` is read differently from what sqlparser knows.
    fn parse_infix(&self, parser: &mut Parser, left: &Expr, precedence: u8) -> Option<Result<Expr, ParserError>> {
        if !parser.parse_keyword(Keyword::IN) {
            return None;
        }
        let op = BinaryOperator::Custom(IN.to_owned());
        let right = parser.parse_subexpr(precedence);
        Some(right.map(|right| Expr::BinaryOp { left: Box::new(left.clone()), op, right: Box::new(right) }))
    }

    fn get_next_precedence(&self, parser: &Parser) -> Option<Result<u8, ParserError>> {
        let precedence = match &parser.peek_token_ref().token {
            Token::Word(word) if word.keyword == Keyword::OR => Precedence::Or,
            Token::Word(word) if word.keyword == Keyword::AND => Precedence::And,
            Token::Word(word) if word.keyword == Keyword::IN => Precedence::Eq,
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
        let called = matches!(parser.peek_tokens(), [_, Token::LParen]);
        let root = match word.keyword {
            Keyword::TRUE | Keyword::FALSE | Keyword::NULL => return None,
            Keyword::NOT => {
                parser.next_token();
                let inner = parser.parse_subexpr(self.prec_value(Precedence::UnaryNot));
                return Some(inner.map(|expr| Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(expr) }));
            }
            Keyword::CASE => construct::case(parser),
            Keyword::CAST if called => construct::cast(parser),
            Keyword::EXISTS if called => select::exists(parser),
            _ if word.value.starts_with('@') => variable(parser).map(Expr::Identifier),
            _ if is_reserved(&word.value) => error(&format!("expected an expression, found {}", word.value), at),
            _ => path_or_call(parser),
        };
        Some(root.and_then(|root| fields(parser, root)))
    }
}

/// Whether `word` can never be a name.
pub(super) fn is_reserved(word: &str) -> bool {
    RESERVED.iter().any(|reserved| word.eq_ignore_ascii_case(reserved))
}

/// `@name`, with its sign.
pub(super) fn variable(parser: &mut Parser) -> Result<Ident, ParserError> {
    let token = parser.peek_token();
    let name = match &token.token {
        Token::Word(word) => word.value.strip_prefix('@'),
        _ => None,
    };
    let Some(name) = name else {
        return Err(expected(parser, "a variable: @name"));
    };
    if name.is_empty() || name.len() > MAX_VARIABLE || !name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_') {
        let why = "the name of a variable has 1 to 64 letters, digits and underscores";
        return error(why, token.span.start);
    }
    parser.next_token();
    Ok(Ident::with_span(token.span, format!("@{name}")))
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

/// What may stand behind a value: `.a.b`.
fn fields(parser: &mut Parser, root: Expr) -> Result<Expr, ParserError> {
    let mut access_chain = Vec::new();
    while parser.consume_token(&Token::Period) {
        access_chain.push(AccessExpr::Dot(Expr::Identifier(name(parser)?)));
    }
    if parser.peek_token_ref().token == Token::LBracket {
        let hint = "write get(array, 0) for an element, get(object, 'key') for a key";
        return advise("AWS IoT SQL has no [ ] behind a value", hint, parser.peek_token_ref().span.start);
    }
    if access_chain.is_empty() {
        return Ok(root);
    }
    Ok(Expr::CompoundFieldAccess { root: Box::new(root), access_chain })
}

/// One name; after a dot every word is one, `state.end` included.
fn name(parser: &mut Parser) -> Result<Ident, ParserError> {
    let token = parser.peek_token();
    match token.token {
        Token::Word(word) if !word.value.starts_with('@') => {
            parser.next_token();
            Ok(word.into_ident(token.span))
        }
        _ => Err(expected(parser, "a field's name after the dot")),
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
        close(parser, &Token::RParen, "an operator, a comma or )")?;
    }
    Ok(function(name, args))
}

fn function(name: ObjectName, args: Vec<FunctionArg>) -> Function {
    let list = FunctionArgumentList { duplicate_treatment: None, args, clauses: Vec::new() };
    Function {
        name,
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(list),
        within_group: Vec::new(),
        filter: None,
        null_treatment: None,
        over: None,
    }
}

fn parenthesis(parser: &mut Parser) -> Result<Expr, ParserError> {
    parser.expect_token(&Token::LParen)?;
    if parser.peek_keyword(Keyword::SELECT) {
        let query = select::query(parser)?;
        close(parser, &Token::RParen, "an operator or )")?;
        return Ok(Expr::Function(query));
    }
    let inner = parser.parse_expr()?;
    if parser.peek_token_ref().token == Token::Comma {
        return advise("expected ), found ,", "an array is written [1, 2, 3]", parser.peek_token_ref().span.start);
    }
    close(parser, &Token::RParen, "an operator or )")?;
    Ok(Expr::Nested(Box::new(inner)))
}

/// The sign that ends a construct.
fn close(parser: &mut Parser, token: &Token, expecting: &str) -> Result<(), ParserError> {
    if parser.consume_token(token) { Ok(()) } else { Err(expected(parser, expecting)) }
}

/// One word of a construct: WHEN, THEN, END, ….
fn keyword(parser: &mut Parser, keyword: Keyword) -> Result<(), ParserError> {
    if parser.parse_keyword(keyword) {
        return Ok(());
    }
    Err(expected(parser, &format!("an operator or {keyword:?}")))
}

/// Something else than what comes next.
fn expected(parser: &Parser, what: &str) -> ParserError {
    let next = parser.peek_token_ref();
    parser_error(&format!("expected {what}, found {}", found(next)), next.span.start)
}

/// A token in an error: the end has a name, and a string may be as long as the statement.
pub(super) fn found(token: &TokenWithSpan) -> String {
    if token.token == Token::EOF {
        return "the end".to_owned();
    }
    shortened(&token.token.to_string())
}

/// At most forty characters of a text.
pub(super) fn shortened(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// An error that carries its position in the way sqlparser's own do: `ParserError` has no field for it.
fn parser_error(why: &str, at: Location) -> ParserError {
    ParserError::ParserError(format!("{why}{at}"))
}

fn error<T>(why: &str, at: Location) -> Result<T, ParserError> {
    Err(parser_error(why, at))
}

/// An error with what to write instead.
fn advise<T>(why: &str, advice: &str, at: Location) -> Result<T, ParserError> {
    error(&format!("{why}{ADVICE}{advice}"), at)
}
