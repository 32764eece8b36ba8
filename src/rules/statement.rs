//! One statement: SELECT … FROM … WHERE ….

use super::error::SqlError;
use super::expression::Expression;
use super::parse;
use crate::mqtt::TopicFilter;
use std::fmt;
use std::str::FromStr;

/// What a statement sends.
#[derive(Clone, Debug, PartialEq)]
pub enum Select {
    /// `SELECT a, b AS c, *`: an object.
    List(Vec<Item>),
    /// `SELECT VALUE x`: one value on its own.
    Value(Expression),
}

/// One item of the list.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// `*`: every field of the payload.
    All,
    /// An expression, and the name it is sent under.
    Field {
        /// The expression.
        expression: Expression,
        /// `AS name`.
        alias: Option<String>,
    },
}

impl Item {
    /// The key in the object that is sent: the alias, or the last part of a path, or the expression as it prints.
    #[must_use]
    pub fn key(&self) -> Option<String> {
        match self {
            Self::All => None,
            Self::Field { alias: Some(alias), .. } => Some(alias.clone()),
            Self::Field { expression: Expression::Path(path), .. } => path.last().cloned(),
            Self::Field { expression, .. } => Some(expression.to_string()),
        }
    }
}

/// A statement of AWS IoT SQL. It prints as SQL that parses back to the same statement.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// What it sends.
    pub select: Select,
    /// Which topics it listens to.
    pub from: TopicFilter,
    /// When it fires; always, if there is no condition.
    pub condition: Option<Expression>,
}

impl Statement {
    /// Whether the statement listens to `topic`.
    ///
    /// AWS IoT differs from MQTT in one thing: `sensor/#` does not match `sensor` (developer guide, "MQTT topics", topic
    /// filters).
    #[must_use]
    pub fn listens_to(&self, topic: &str) -> bool {
        let levels = |text: &str| text.matches('/').count();
        let filter = self.from.as_str();
        self.from.matches(topic) && (!filter.ends_with('#') || levels(topic) >= levels(filter))
    }

    /// Whether it sends the payload as it is: `SELECT *` alone.
    #[must_use]
    pub fn passes_through(&self) -> bool {
        matches!(&self.select, Select::List(items) if items.as_slice() == [Item::All])
    }
}

impl FromStr for Statement {
    type Err = SqlError;

    /// # Errors
    /// When the text is no statement, or one that this version of lwtop does not know all parts of.
    fn from_str(sql: &str) -> Result<Self, SqlError> {
        parse::statement(sql)
    }
}

impl fmt::Display for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SELECT ")?;
        match &self.select {
            Select::Value(expression) => {
                let text = expression.to_string();
                // `VALUE -a` would read as a field called VALUE, less a.
                if text.starts_with('-') { write!(f, "VALUE ({text})")? } else { write!(f, "VALUE {text}")? }
            }
            Select::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    f.write_str(if index > 0 { ", " } else { "" })?;
                    write!(f, "{item}")?;
                }
            }
        }
        write!(f, " FROM '{}'", self.from.as_str().replace('\'', "''"))?;
        match &self.condition {
            Some(condition) => write!(f, " WHERE {condition}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("*"),
            Self::Field { expression, alias: None } => write!(f, "{expression}"),
            Self::Field { expression, alias: Some(alias) } => write!(f, "{expression} AS {alias}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_does_not_match_its_parent_level() {
        let statement: Statement = "SELECT * FROM 'sensor/#'".parse().unwrap();
        assert!(!statement.listens_to("sensor"));
        assert!(statement.listens_to("sensor/"));
        assert!(statement.listens_to("sensor/a/b"));
        let all: Statement = "SELECT * FROM '#'".parse().unwrap();
        assert!(all.listens_to("sensor"));
        assert!(!all.listens_to("$aws/events/x"));
    }

    #[test]
    fn an_item_without_alias_is_named_by_its_last_part() {
        let statement: Statement = "SELECT a.b, topic( 2 ), *, 1+1 AS two FROM 't'".parse().unwrap();
        let Select::List(items) = &statement.select else { panic!("{statement}") };
        let keys: Vec<_> = items.iter().map(Item::key).collect();
        assert_eq!(keys, [Some("b".to_owned()), Some("topic(2)".to_owned()), None, Some("two".to_owned())]);
    }
}
