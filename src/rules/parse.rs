//! From text to statement: the clauses are read here, expressions by sqlparser with AWS's dialect.

use super::dialect::{AwsIotDialect, is_reserved, unsupported};
use super::error::SqlError;
use super::expression::{Expression, Literal, Operator};
use super::function::Function;
use super::number::Number;
use super::statement::{Item, Select, Statement};
use crate::mqtt::TopicFilter;
use sqlparser::ast::{
    self, BinaryOperator, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Spanned, UnaryOperator,
};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer};

/// The most words and signs in a statement. A chain such as `a AND b AND …` makes a tree as deep as it is long, and what
/// walks a tree uses the stack; sqlparser itself bounds nesting in parentheses.
const MAX_TOKENS: usize = 2_000;

/// The longest statement in bytes: 64 KiB, far above what a person writes.
const MAX_BYTES: usize = 64 * 1024;

const SHAPE: &str = "a statement reads: SELECT … FROM 'topic/filter' WHERE …";

/// Reads one statement.
pub(super) fn statement(sql: &str) -> Result<Statement, SqlError> {
    if sql.len() > MAX_BYTES {
        return Err(SqlError::new("", (1, 1), format!("it is longer than {MAX_BYTES} bytes")));
    }
    let tokens = Tokenizer::new(&AwsIotDialect, sql).tokenize_with_location().map_err(|error| {
        let reason = lower_first(&error.message);
        let found = SqlError::new(sql, place(error.location), reason);
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
    let end = end_of(sql);
    let parser = Parser::new(&AwsIotDialect).with_tokens_with_locations(tokens);
    Reader { sql, parser, end }.statement()
}

/// Line and column after the last character.
fn end_of(sql: &str) -> (usize, usize) {
    let text = sql.trim_end();
    (text.lines().count().max(1), text.lines().last().unwrap_or_default().chars().count() + 1)
}

fn place(location: Location) -> (usize, usize) {
    let number = |value| usize::try_from(value).unwrap_or(usize::MAX);
    (number(location.line), number(location.column))
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

struct Reader<'s> {
    sql: &'s str,
    parser: Parser<'static>,
    end: (usize, usize),
}

impl Reader<'_> {
    fn statement(mut self) -> Result<Statement, SqlError> {
        if self.parser.peek_keyword(Keyword::SET) {
            return Err(self.here(unsupported("SET @name = …")));
        }
        if !self.parser.parse_keyword(Keyword::SELECT) {
            return Err(self.expected("SELECT").hint(SHAPE));
        }
        let select = self.select()?;
        if !self.parser.parse_keyword(Keyword::FROM) {
            return Err(self.expected("a comma, AS, an operator or FROM").hint(SHAPE));
        }
        let from = self.filter()?;
        let condition = if self.parser.parse_keyword(Keyword::WHERE) { Some(self.expression()?) } else { None };
        let _optional = self.parser.consume_token(&Token::SemiColon);
        if self.parser.peek_token_ref().token != Token::EOF {
            let expected = if condition.is_some() { "AND, OR, an operator or the end" } else { "WHERE or the end" };
            let error = self.expected(expected);
            return Err(match foreign_habit(&self.parser.peek_token_ref().token) {
                Some(hint) => error.hint(hint),
                None => error,
            });
        }
        Ok(Statement { select, from, condition })
    }

    fn select(&mut self) -> Result<Select, SqlError> {
        if self.value_is_keyword() {
            self.parser.next_token();
            if self.parser.peek_token_ref().token == Token::Mul {
                return Err(self.here(unsupported("SELECT VALUE *")));
            }
            return Ok(Select::Value(self.expression()?));
        }
        let mut items = Vec::new();
        loop {
            items.push(self.item()?);
            if !self.parser.consume_token(&Token::Comma) {
                return Ok(Select::List(items));
            }
        }
    }

    /// Whether the next word is `VALUE` in front of an expression, and not a field called `value`.
    fn value_is_keyword(&self) -> bool {
        let [word, next, after] = self.parser.peek_tokens();
        if !matches!(&word, Token::Word(word) if word.value.eq_ignore_ascii_case("value")) {
            return false;
        }
        match next {
            Token::Word(word) => !matches!(word.keyword, Keyword::FROM | Keyword::AS | Keyword::AND | Keyword::OR),
            // `VALUE *` sends all, `value * 2` multiplies.
            Token::Mul => {
                matches!(&after, Token::EOF) || matches!(&after, Token::Word(w) if w.keyword == Keyword::FROM)
            }
            Token::Number(..)
            | Token::SingleQuotedString(_)
            | Token::DoubleQuotedString(_)
            | Token::LParen
            | Token::LBracket
            | Token::LBrace
            | Token::AtSign => true,
            _ => false,
        }
    }

    fn item(&mut self) -> Result<Item, SqlError> {
        if self.parser.consume_token(&Token::Mul) {
            return Ok(Item::All);
        }
        let expression = self.expression()?;
        let alias = if self.parser.parse_keyword(Keyword::AS) { Some(self.alias()?) } else { None };
        Ok(Item::Field { expression, alias })
    }

    fn alias(&mut self) -> Result<String, SqlError> {
        let alias = match &self.parser.peek_token_ref().token {
            Token::Word(word) if !is_reserved(&word.value) => word.value.clone(),
            _ => return Err(self.expected("a name after AS")),
        };
        self.parser.next_token();
        if self.parser.peek_token_ref().token == Token::Period {
            return Err(self.here(unsupported("a nested alias (AS a.b)")));
        }
        Ok(alias)
    }

    fn filter(&mut self) -> Result<TopicFilter, SqlError> {
        let token = self.parser.peek_token();
        let (Token::SingleQuotedString(text) | Token::DoubleQuotedString(text)) = &token.token else {
            let at = place(token.span.start);
            let error = self.expected("the topic filter in quotes");
            return Err(match self.bare_topic(at) {
                Some(topic) => error.hint(format!("put quotes around the topic: FROM '{topic}'")),
                None => error.hint(SHAPE),
            });
        };
        let filter =
            text.parse().map_err(|error| SqlError::new(self.sql, place(token.span.start), format!("{error}")))?;
        self.parser.next_token();
        Ok(filter)
    }

    /// What stands unquoted where the topic filter should be, up to the next space.
    fn bare_topic(&self, (line, column): (usize, usize)) -> Option<String> {
        let text = self.sql.lines().nth(line.checked_sub(1)?)?;
        let topic: String = text.chars().skip(column.checked_sub(1)?).take_while(|c| !c.is_whitespace()).collect();
        let topic = topic.trim_matches(['\'', '"', '`', '‘', '’', '“', '”', ';']);
        (!topic.is_empty() && !is_reserved(topic)).then(|| topic.to_owned())
    }

    fn expression(&mut self) -> Result<Expression, SqlError> {
        let tree = self.parser.parse_expr().map_err(|error| self.rephrase(&error))?;
        self.lower(tree)
    }

    fn found(&self) -> String {
        match &self.parser.peek_token_ref().token {
            Token::EOF => "the end".to_owned(),
            other => other.to_string(),
        }
    }

    fn expected(&self, what: &str) -> SqlError {
        self.here(format!("expected {what}, found {}", self.found()))
    }

    /// An error at the next token.
    fn here(&self, why: impl Into<String>) -> SqlError {
        self.at(self.parser.peek_token_ref().span.start, why)
    }

    /// An error at a place; sqlparser gives 0 for the end of the text and for trees without a place.
    fn at(&self, location: Location, why: impl Into<String>) -> SqlError {
        let at = if location.line == 0 { self.end } else { place(location) };
        SqlError::new(self.sql, at, why)
    }

    /// sqlparser's error in our words. It carries its position at the end of its text only.
    fn rephrase(&self, error: &ParserError) -> SqlError {
        let (ParserError::ParserError(text) | ParserError::TokenizerError(text)) = error else {
            return self.here("the expression is nested too deeply");
        };
        let (why, location) = split_position(text);
        let why = why.strip_prefix("Expected: ").map_or_else(|| why.to_owned(), |rest| format!("expected {rest}"));
        let why = why.replacen(", found: ", ", found ", 1);
        let why = why.strip_suffix("EOF").map_or_else(|| why.clone(), |rest| format!("{rest}the end"));
        self.at(location.unwrap_or(self.parser.peek_token_ref().span.start), why)
    }

    /// Makes our tree of sqlparser's. A chain of operators leans to the left and may be as long as the statement, so its
    /// spine is walked in a loop; the operands' nesting is bounded by sqlparser.
    fn lower(&self, tree: Expr) -> Result<Expression, SqlError> {
        let mut spine = Vec::new();
        let mut tree = tree;
        while let Expr::BinaryOp { left, op, right } = tree {
            spine.push((op, right));
            tree = *left;
        }
        let mut expression = self.lower_operand(tree)?;
        while let Some((op, right)) = spine.pop() {
            let operator = operator(&op).ok_or_else(|| self.at(right.span().start, unsupported(&op.to_string())))?;
            let right = Box::new(self.lower(*right)?);
            expression = Expression::Binary { left: Box::new(expression), operator, right };
        }
        Ok(expression)
    }

    fn lower_operand(&self, tree: Expr) -> Result<Expression, SqlError> {
        let location = tree.span().start;
        Ok(match tree {
            Expr::Nested(inner) => self.lower(*inner)?,
            Expr::CompoundIdentifier(path) => Expression::Path(path.into_iter().map(|name| name.value).collect()),
            Expr::Value(value) => Expression::Literal(self.literal(value)?),
            Expr::Function(function) => self.call(function)?,
            Expr::UnaryOp { op: UnaryOperator::Not, expr } => Expression::Not(Box::new(self.lower(*expr)?)),
            Expr::UnaryOp { op: UnaryOperator::Minus, expr } => match self.lower(*expr)? {
                Expression::Literal(Literal::Number(number)) => Expression::Literal(Literal::Number(number.negate())),
                other => Expression::Negate(Box::new(other)),
            },
            other => return Err(self.at(location, unsupported(&other.to_string()))),
        })
    }

    fn literal(&self, value: ast::ValueWithSpan) -> Result<Literal, SqlError> {
        let location = value.span.start;
        Ok(match value.value {
            ast::Value::Null => Literal::Null,
            ast::Value::Boolean(bool) => Literal::Bool(bool),
            ast::Value::SingleQuotedString(text) | ast::Value::DoubleQuotedString(text) => Literal::String(text),
            ast::Value::Number(text, _) => match Number::from_text(&text) {
                Some(number) => Literal::Number(number),
                None => return Err(self.at(location, format!("{text} is no number of AWS IoT SQL"))),
            },
            other => return Err(self.at(location, unsupported(&other.to_string()))),
        })
    }

    fn call(&self, call: ast::Function) -> Result<Expression, SqlError> {
        let location = call.name.span().start;
        let name = call.name.to_string();
        let Some(function) = Function::named(&name) else {
            let known: Vec<_> = Function::ALL.iter().map(|function| function.name()).collect();
            let hint = format!("the functions of this version are {}", known.join(", "));
            return Err(self.at(location, unsupported(&format!("the function {name}()"))).hint(hint));
        };
        let FunctionArguments::List(list) = call.args else {
            return Err(self.at(location, unsupported("this kind of argument")));
        };
        let (least, most) = function.arity();
        if !(least..=most).contains(&list.args.len()) {
            let count = if least == most { least.to_string() } else { format!("{least} to {most}") };
            let why = format!("{function}() takes {count} arguments, not {}", list.args.len());
            return Err(self.at(location, why));
        }
        let mut arguments = Vec::with_capacity(list.args.len());
        for argument in list.args {
            match argument {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(tree)) => arguments.push(self.lower(tree)?),
                other => return Err(self.at(location, unsupported(&format!("the argument {other}")))),
            }
        }
        Ok(Expression::Call { function, arguments })
    }
}

const fn operator(op: &BinaryOperator) -> Option<Operator> {
    Some(match op {
        BinaryOperator::Or => Operator::Or,
        BinaryOperator::And => Operator::And,
        BinaryOperator::Eq => Operator::Equal,
        BinaryOperator::NotEq => Operator::NotEqual,
        BinaryOperator::Lt => Operator::Less,
        BinaryOperator::LtEq => Operator::LessEqual,
        BinaryOperator::Gt => Operator::Greater,
        BinaryOperator::GtEq => Operator::GreaterEqual,
        BinaryOperator::Plus => Operator::Add,
        BinaryOperator::Minus => Operator::Subtract,
        BinaryOperator::Multiply => Operator::Multiply,
        BinaryOperator::Divide => Operator::Divide,
        BinaryOperator::Modulo => Operator::Remainder,
        _ => return None,
    })
}

/// What to write instead, for what other languages have in this place.
fn foreign_habit(token: &Token) -> Option<&'static str> {
    match token {
        Token::DoubleEq => Some("AWS IoT SQL compares with a single ="),
        Token::Overlap => Some("write AND"),
        Token::StringConcat => Some("write OR; strings are joined with +"),
        Token::Word(word) if word.keyword == Keyword::LIKE => Some("AWS IoT SQL has no LIKE"),
        Token::Word(word) if word.keyword == Keyword::BETWEEN => Some("write a >= 1 AND a <= 2"),
        Token::Word(word) if word.keyword == Keyword::IS => Some("write = NULL or <> NULL"),
        Token::Word(word) if matches!(word.keyword, Keyword::LIMIT | Keyword::ORDER | Keyword::GROUP) => {
            Some("a rule sees one message at a time: there is nothing to sort, group or limit")
        }
        _ => None,
    }
}

/// Parts `… at Line: 1, Column: 7` from the words before it.
fn split_position(text: &str) -> (&str, Option<Location>) {
    let parse = || {
        let (why, position) = text.rsplit_once(" at Line: ")?;
        let (line, column) = position.split_once(", Column: ")?;
        Some((why, Location::new(line.parse().ok()?, column.parse().ok()?)))
    };
    parse().map_or((text, None), |(why, location)| (why, Some(location)))
}
