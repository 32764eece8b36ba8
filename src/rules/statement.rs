//! One statement: SET … SELECT … FROM … WHERE …, and what it is made of.

use super::error::SqlError;
use super::expression::Expression;
use super::parse;
use crate::mqtt::TopicFilter;
use std::borrow::Cow;
use std::str::FromStr;

/// What a statement sends, or a nested query makes of an element.
#[derive(Clone, Debug, PartialEq)]
pub enum Select {
    /// `SELECT a, b AS c, *`: an object.
    List(Vec<Item>),
    /// `SELECT VALUE x`: one value on its own.
    Value(Expression),
    /// `SELECT VALUE *`: the payload as it is.
    Payload,
}

impl Select {
    /// Whether it is the payload, or the element, as it is: `*` alone, or `VALUE *`.
    #[must_use]
    pub fn passes_through(&self) -> bool {
        match self {
            Self::Payload => true,
            Self::List(items) => items.as_slice() == [Item::All],
            Self::Value(_) => false,
        }
    }
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
        /// `AS name`, or the way into nested objects: `AS a.b`. Never empty.
        alias: Option<Vec<String>>,
    },
}

impl Item {
    /// The expression; `*` has none.
    pub(super) const fn expression(&self) -> Option<&Expression> {
        match self {
            Self::All => None,
            Self::Field { expression, .. } => Some(expression),
        }
    }

    /// The key in the object that is sent, or the way to it: the alias, or the last part of a path, or the name of a
    /// variable, or the expression as it prints. AWS does not say how it names the last.
    #[must_use]
    pub fn key(&self) -> Option<Cow<'_, [String]>> {
        let Self::Field { expression, alias } = self else {
            return None;
        };
        Some(match (alias, expression) {
            (Some(alias), _) => Cow::Borrowed(alias),
            (None, Expression::Path(path) | Expression::Field { path, .. }) => {
                Cow::Borrowed(path.last().map_or(&[], std::slice::from_ref))
            }
            (None, Expression::Variable(name)) => Cow::Borrowed(std::slice::from_ref(name)),
            (None, expression) => Cow::Owned(vec![expression.to_string()]),
        })
    }
}

/// `@name = value` of a SET clause.
#[derive(Clone, Debug, PartialEq)]
pub struct Variable {
    /// Its name, without the sign.
    pub name: String,
    /// What it stands for.
    pub value: Expression,
}

/// A SELECT inside an expression, over the elements of an array (AWS IoT developer guide, "Nested object queries").
///
/// It comes to an array: what SELECT makes of each element for which WHERE is true, and nothing for elements of which it
/// makes Undefined. Over an object it is as over an array of that object alone; over anything else it is Undefined.
///
/// Names in it are the element's fields, and the alias is the element itself, which need not be an object: `SELECT * FROM
/// arr AS a WHERE a = 3`. A name that the element does not have is Undefined, whatever the payload has under that name:
/// AWS's example for EXISTS has `foo` in both and means the element's. Aliases of queries around it can be used, and a
/// variable (`SET @limit = limit`) brings in what the payload has.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// What it makes of each element.
    pub select: Select,
    /// The array.
    pub from: Expression,
    /// `AS name`: the element's name.
    pub alias: Option<String>,
    /// Which elements count; all, if there is no condition.
    pub condition: Option<Expression>,
}

/// A statement of AWS IoT SQL. It prints as SQL that parses back to the same statement.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// `SET @a = …, @b = …`: each may use those before it.
    pub variables: Vec<Variable>,
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

    /// Whether it sends the payload as it is: `SELECT *` alone, or `SELECT VALUE *`.
    #[must_use]
    pub fn passes_through(&self) -> bool {
        self.select.passes_through()
    }
}

impl FromStr for Statement {
    type Err = SqlError;

    /// # Errors
    /// When the text is no statement, or asks for what AWS IoT SQL does not have or lwtop cannot ask an AWS service for.
    fn from_str(sql: &str) -> Result<Self, SqlError> {
        parse::statement(sql)
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
        let statement: Statement = "SELECT a.b, topic( 2 ), *, 1+1 AS x.two FROM 't'".parse().unwrap();
        let Select::List(items) = &statement.select else { panic!("{statement}") };
        let keys: Vec<_> = items.iter().map(|item| item.key().map(|key| key.join("."))).collect();
        assert_eq!(keys, [Some("b".to_owned()), Some("topic(2)".to_owned()), None, Some("x.two".to_owned())]);
    }
}
