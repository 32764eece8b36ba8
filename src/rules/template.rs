//! Text with `${expression}` in it, as AWS IoT's rule actions have it (developer guide, "Substitution templates").
//!
//! An expression sees the message and the statement's variables, but no aliases. Undefined is an error here, because a topic or a mail
//! with a hole in it helps nobody.

use super::error::SqlError;
use super::eval::{Scope, document, evaluate};
use super::expression::Expression;
use super::message::Message;
use super::parse;
use super::statement::Statement;
use std::fmt;
use std::str::FromStr;

/// A text with placeholders. It prints as it was written, up to the spelling of the expressions.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq)]
enum Part {
    Text(String),
    Expression(Box<Expression>),
}

/// Why a template came to nothing for one message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("${{{placeholder}}} is Undefined for this message")]
pub struct TemplateError {
    placeholder: String,
}

impl Template {
    /// A template without placeholders.
    #[must_use]
    pub fn literal(text: impl Into<String>) -> Self {
        Self { parts: vec![Part::Text(text.into())] }
    }

    /// The whole text, if there is no placeholder in it.
    #[must_use]
    pub fn as_literal(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// The text with `wild` in place of each placeholder.
    #[must_use]
    pub fn pattern(&self, wild: &str) -> String {
        self.parts.iter().fold(String::new(), |text, part| match part {
            Part::Text(part) => text + part,
            Part::Expression(_) => text + wild,
        })
    }

    /// What stands before, between and behind the placeholders.
    pub fn literals(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Text(text) => Some(text.as_str()),
            Part::Expression(_) => None,
        })
    }

    /// The text for `message`.
    ///
    /// # Errors
    /// When a placeholder is Undefined, or null, which has no text. Without its statement a variable is Undefined: see
    /// [`Self::render_for`].
    pub fn render(&self, message: &Message<'_>) -> Result<String, TemplateError> {
        self.render_in(message, None)
    }

    /// The text for `message`, where the variables of a statement's SET can be used: `${@name}` (AWS IoT developer guide,
    /// "SET clause"). They are worked out anew, so one that calls `newuuid()` is not the one that the statement sent.
    ///
    /// # Errors
    /// When a placeholder is Undefined, or null, which has no text.
    pub fn render_for(&self, statement: &Statement, message: &Message<'_>) -> Result<String, TemplateError> {
        self.render_in(message, Some(statement))
    }

    /// A variable that the template uses and `statement` does not set.
    #[must_use]
    pub fn unknown_variable(&self, statement: &Statement) -> Option<&str> {
        let known = |name: &str| statement.variables.iter().any(|variable| variable.name == name);
        self.parts.iter().find_map(|part| match part {
            Part::Text(_) => None,
            Part::Expression(expression) => expression.variables().into_iter().find(|name| !known(name)),
        })
    }

    fn render_in(&self, message: &Message<'_>, statement: Option<&Statement>) -> Result<String, TemplateError> {
        if let Some(text) = self.as_literal() {
            return Ok(text.to_owned());
        }
        let document = document(message.payload());
        let scope = match statement {
            Some(statement) => statement.scope(*message, document.as_ref()),
            None => Scope::new(*message, document.as_ref()),
        };
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(part) => text.push_str(part),
                Part::Expression(expression) => match evaluate(expression, &scope).text() {
                    Some(value) => text.push_str(&value),
                    None => return Err(TemplateError { placeholder: expression.to_string() }),
                },
            }
        }
        Ok(text)
    }
}

impl FromStr for Template {
    type Err = SqlError;

    /// # Errors
    /// When a placeholder is no expression, or has no end.
    fn from_str(text: &str) -> Result<Self, SqlError> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(start) = rest.find("${") {
            if start > 0 {
                parts.push(Part::Text(rest[..start].to_owned()));
            }
            let inside = &rest[start + 2..];
            let Some(end) = end_of(inside) else {
                return Err(SqlError::new(rest, (1, start + 1), "this ${ has no }").hint("close it: ${expression}"));
            };
            parts.push(Part::Expression(Box::new(parse::expression(&inside[..end])?)));
            rest = &inside[end + 1..];
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Self { parts })
    }
}

/// Where the brace that closes a placeholder stands: not one inside quotes, nor one that closes an object literal.
fn end_of(inside: &str) -> Option<usize> {
    let mut quote = None;
    let mut depth = 0_usize;
    for (index, c) in inside.char_indices() {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None, '{') => depth += 1,
            (None, '}') if depth == 0 => return Some(index),
            (None, '}') => depth -= 1,
            _ => {}
        }
    }
    None
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts.iter().try_for_each(|part| match part {
            Part::Text(text) => f.write_str(text),
            Part::Expression(expression) => write!(f, "${{{expression}}}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled_in_from_the_message() {
        let template: Template = "lost/${topic(2)}/${state.id}".parse().unwrap();
        let message = Message::new("a/b", br#"{"state": {"id": 7}}"#);
        assert_eq!(template.render(&message).unwrap(), "lost/b/7");
        let error = template.render(&Message::new("a/b", b"{}")).unwrap_err();
        assert_eq!(error.to_string(), "${state.id} is Undefined for this message");
        assert_eq!(template.to_string().parse::<Template>().unwrap(), template);
    }

    #[test]
    fn braces_in_quotes_belong_to_the_expression() {
        let template: Template = "${'}' + topic()}!".parse().unwrap();
        assert_eq!(template.render(&Message::new("t", b"")).unwrap(), "}t!");
        assert!("${topic(".parse::<Template>().is_err());
        assert!("${}".parse::<Template>().is_err());
        assert_eq!("plain $ {}".parse::<Template>().unwrap().as_literal(), Some("plain $ {}"));
    }
}
