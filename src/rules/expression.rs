//! Our own tree of an expression: what sqlparser's is lowered into, evaluated and printed.

use super::function::Function;
use super::number::Number;
use super::statement::{Item, Query, Select};

/// A literal.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// `NULL`.
    Null,
    /// `TRUE` or `FALSE`.
    Bool(bool),
    /// `-7`, `2.5`.
    Number(Number),
    /// `'text'` or `"text"`.
    String(String),
}

/// An operator between two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `OR`
    Or,
    /// `AND`
    And,
    /// `=`
    Equal,
    /// `<>`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
    /// `IN`
    In,
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `%`
    Remainder,
}

impl Operator {
    /// As it is written.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Or => "OR",
            Self::And => "AND",
            Self::Equal => "=",
            Self::NotEqual => "<>",
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
            Self::In => "IN",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
        }
    }
}

/// What a value is cast to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// `Int`, `Integer`
    Int,
    /// `Decimal`
    Decimal,
    /// `Double`: a Decimal with the precision of a double.
    Double,
    /// `Boolean`, `Bool`
    Boolean,
    /// `String`, `Text`, `Ntext`, `Varchar`, `Nvarchar`
    String,
}

impl Type {
    /// The type of that name, in any case (AWS IoT developer guide, "cast()").
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "int" | "integer" => Self::Int,
            "decimal" => Self::Decimal,
            "double" => Self::Double,
            "bool" | "boolean" => Self::Boolean,
            "string" | "text" | "ntext" | "varchar" | "nvarchar" => Self::String,
            _ => return None,
        })
    }

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Int => "Int",
            Self::Decimal => "Decimal",
            Self::Double => "Double",
            Self::Boolean => "Boolean",
            Self::String => "String",
        }
    }
}

/// `CASE value WHEN other THEN result … ELSE otherwise END`
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// What is compared.
    pub value: Expression,
    /// With what it is compared, and what comes out if both are equal; the first that fits counts.
    pub branches: Vec<(Expression, Expression)>,
    /// What comes out if nothing fits.
    pub otherwise: Option<Expression>,
}

/// An expression. It prints as SQL that parses back to the same tree.
#[derive(Clone, Debug, PartialEq)]
pub enum Expression {
    /// A literal.
    Literal(Literal),
    /// A field of the payload, or of an array's element inside a nested query: `state.reported.last_will`; never empty.
    Path(Vec<String>),
    /// `@name`, without its sign.
    Variable(String),
    /// `*` as an argument: the payload byte for byte.
    Payload,
    /// `NOT x`
    Not(Box<Self>),
    /// `-x`, where x is no literal number.
    Negate(Box<Self>),
    /// `left operator right`
    Binary {
        /// The operand on the left.
        left: Box<Self>,
        /// The operator.
        operator: Operator,
        /// The operand on the right.
        right: Box<Self>,
    },
    /// `function(arguments)`
    Call {
        /// The function.
        function: Function,
        /// The arguments.
        arguments: Vec<Self>,
    },
    /// `CAST(value AS type)`
    Cast {
        /// What is cast.
        value: Box<Self>,
        /// To what.
        to: Type,
    },
    /// `CASE … END`
    Case(Box<Case>),
    /// `[a, b]`
    Array(Vec<Self>),
    /// `{'a': b}`
    Object(Vec<(String, Self)>),
    /// `f(x).a.b`: fields of what another expression, which is no path, comes to.
    Field {
        /// Whose fields.
        of: Box<Self>,
        /// The way into it; never empty.
        path: Vec<String>,
    },
    /// `(SELECT … FROM array)`
    Query(Box<Query>),
    /// `EXISTS (SELECT … FROM array)`
    Exists(Box<Query>),
}

impl Expression {
    /// The operands, in the order in which they are written. A nested query has none: what it is made of counts for each
    /// element of an array and not for the message.
    #[must_use]
    pub fn operands(&self) -> Vec<&Self> {
        match self {
            Self::Literal(_) | Self::Path(_) | Self::Variable(_) | Self::Payload | Self::Query(_) | Self::Exists(_) => {
                Vec::new()
            }
            Self::Not(inner) | Self::Negate(inner) => vec![inner],
            Self::Cast { value, .. } => vec![value],
            Self::Field { of, .. } => vec![of],
            Self::Binary { left, right, .. } => vec![left, right],
            Self::Call { arguments, .. } => arguments.iter().collect(),
            Self::Array(items) => items.iter().collect(),
            Self::Object(entries) => entries.iter().map(|(_, value)| value).collect(),
            Self::Case(case) => {
                let branches = case.branches.iter().flat_map(|(when, then)| [when, then]);
                std::iter::once(&case.value).chain(branches).chain(&case.otherwise).collect()
            }
        }
    }

    /// The variables that it uses, nested queries included.
    pub(super) fn variables(&self) -> Vec<&str> {
        let mut found = Vec::new();
        let mut open = vec![self];
        while let Some(expression) = open.pop() {
            match expression {
                Self::Variable(name) => found.push(name.as_str()),
                Self::Query(query) | Self::Exists(query) => {
                    open.push(&query.from);
                    open.extend(&query.condition);
                    match &query.select {
                        Select::Payload => {}
                        Select::Value(value) => open.push(value),
                        Select::List(items) => open.extend(items.iter().filter_map(Item::expression)),
                    }
                }
                other => open.extend(other.operands()),
            }
        }
        found
    }
}
