//! From text to statement: the clauses are read here, expressions by sqlparser with AWS's dialect.

mod hint;
mod lower;
mod token;

use super::dialect::{ADVICE, AwsIotDialect, found, is_reserved, select_list, variable};
use super::error::SqlError;
use super::expression::Expression;
use super::statement::{Statement, Variable};
use crate::mqtt::TopicFilter;
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Location, Token};

/// The longest statement in bytes: 64 KiB, far above what a person writes.
const MAX_BYTES: usize = 64 * 1024;

/// The most variables in a statement (AWS IoT developer guide, "SET clause limits").
const MAX_VARIABLES: usize = 10;

/// What the filter of a shared subscription begins with (MQTT 5, 4.8.2).
const SHARED: &str = "$share/";

const SHAPE: &str = "a statement reads: SELECT … FROM 'topic/filter' WHERE …";

/// Reads one statement.
pub(super) fn statement(sql: &str) -> Result<Statement, SqlError> {
    read(sql)?.statement()
}

/// Reads one expression: what stands in the `${…}` of a template. Which variables there are is not known here.
pub(super) fn expression(sql: &str) -> Result<Expression, SqlError> {
    let mut reader = read(sql)?;
    reader.known = None;
    let expression = reader.expression()?;
    if reader.parser.peek_token_ref().token != Token::EOF {
        return Err(reader.expected("an operator or the end"));
    }
    Ok(expression)
}

fn read(sql: &str) -> Result<Reader<'_>, SqlError> {
    if sql.len() > MAX_BYTES {
        return Err(SqlError::new("", (1, 1), format!("it is longer than {MAX_BYTES} bytes")));
    }
    let tokens = token::tokens(sql)?;
    let end = end_of(sql);
    let parser = Parser::new(&AwsIotDialect).with_tokens_with_locations(tokens);
    Ok(Reader { sql, parser, end, known: Some(Vec::new()) })
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

struct Reader<'s> {
    sql: &'s str,
    parser: Parser<'static>,
    end: (usize, usize),
    /// The variables that may be used from here on; `None` where every name may be one.
    known: Option<Vec<String>>,
}

impl Reader<'_> {
    fn statement(mut self) -> Result<Statement, SqlError> {
        let variables = if self.parser.parse_keyword(Keyword::SET) { self.variables()? } else { Vec::new() };
        if !self.parser.parse_keyword(Keyword::SELECT) {
            let expecting = if variables.is_empty() { "SELECT" } else { "an operator, a comma or SELECT" };
            let error = self.expected(expecting);
            return Err(if self.parser.peek_keyword(Keyword::SET) {
                error.hint("SET stands once: SET @one = 1, @two = 2 SELECT …")
            } else {
                Self::advised(error, SHAPE)
            });
        }
        let list = select_list(&mut self.parser).map_err(|error| self.rephrase(&error))?;
        let select = self.select(list)?;
        if !self.parser.parse_keyword(Keyword::FROM) {
            return Err(Self::advised(self.expected("a comma, AS, an operator or FROM"), SHAPE));
        }
        let from = self.filter()?;
        let condition = if self.parser.parse_keyword(Keyword::WHERE) { Some(self.expression()?) } else { None };
        let _optional = self.parser.consume_token(&Token::SemiColon);
        if self.parser.peek_token_ref().token != Token::EOF {
            let expected = if condition.is_some() { "AND, OR, an operator or the end" } else { "WHERE or the end" };
            return Err(self.expected(expected));
        }
        Ok(Statement { variables, select, from, condition })
    }

    /// `@a = …, @b = …`, each of which may use those before it.
    fn variables(&mut self) -> Result<Vec<Variable>, SqlError> {
        let mut variables: Vec<Variable> = Vec::new();
        loop {
            let at = self.parser.peek_token_ref().span.start;
            let name = variable(&mut self.parser).map_err(|error| self.rephrase(&error))?;
            let name = name.value.trim_start_matches('@').to_owned();
            if variables.iter().any(|other| other.name == name) {
                return Err(self.at(at, format!("@{name} is set twice: a variable does not change")));
            }
            if variables.len() == MAX_VARIABLES {
                return Err(self.at(at, format!("a statement has at most {MAX_VARIABLES} variables")));
            }
            if !self.parser.consume_token(&Token::Eq) {
                return Err(self.expected("= after the variable's name"));
            }
            let value = self.expression()?;
            self.known.get_or_insert_default().push(name.clone());
            variables.push(Variable { name, value });
            if !self.parser.consume_token(&Token::Comma) {
                return Ok(variables);
            }
        }
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
        if let Some(shared) = text.strip_prefix(SHARED) {
            let why =
                "a rule does not listen to a shared subscription: each message would go to one member of its group";
            let plain = shared.split_once('/').map(|(_, filter)| filter).filter(|filter| !filter.is_empty());
            let hint = match plain {
                Some(filter) => {
                    format!("a rule listens on its own; write the filter without $share/group: FROM '{filter}'")
                }
                None => "a rule listens on its own; write the filter without $share/group".to_owned(),
            };
            return Err(self.at(token.span.start, why).hint(hint));
        }
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

    /// An error at the next token, with a hint if that is a habit from another language.
    fn expected(&self, what: &str) -> SqlError {
        let next = self.parser.peek_token_ref();
        let error = self.at(next.span.start, format!("expected {what}, found {}", found(next)));
        match hint::habit(&next.token) {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }

    /// The error with a hint, unless it has a better one.
    fn advised(error: SqlError, advice: &str) -> SqlError {
        if error.advice().is_some() { error } else { error.hint(advice) }
    }

    /// An error at a place; sqlparser gives 0 for the end of the text and for trees without a place.
    fn at(&self, location: Location, why: impl Into<String>) -> SqlError {
        let at = if location.line == 0 { self.end } else { place(location) };
        SqlError::new(self.sql, at, why)
    }

    /// sqlparser's error in our words. It carries its position at the end of its text only.
    fn rephrase(&self, error: &ParserError) -> SqlError {
        let (ParserError::ParserError(text) | ParserError::TokenizerError(text)) = error else {
            return self.at(self.parser.peek_token_ref().span.start, "the expression is nested too deeply");
        };
        let next = self.parser.peek_token_ref();
        let (why, location) = split_position(text);
        let at = location.unwrap_or(next.span.start);
        if let Some((why, advice)) = why.split_once(ADVICE) {
            return self.at(at, why).hint(advice);
        }
        let why = why.strip_prefix("Expected: ").map_or_else(|| why.to_owned(), |rest| format!("expected {rest}"));
        let why = why.replacen(", found: ", ", found ", 1);
        let why = why.strip_suffix("EOF").map_or_else(|| why.clone(), |rest| format!("{rest}the end"));
        let error = self.at(at, why);
        // What sqlparser stumbles over it has sometimes read already.
        let fault = [next, self.parser.get_current_token()].into_iter().find(|token| token.span.start == at);
        match fault.and_then(|token| hint::habit(&token.token)) {
            Some(hint) => error.hint(hint),
            None => error,
        }
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
