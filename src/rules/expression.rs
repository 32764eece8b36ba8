//! Our own tree of an expression: what sqlparser's is lowered into, evaluated and printed.

use super::function::Function;
use super::number::Number;
use std::fmt;

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
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
        }
    }

    /// How tightly it binds; all of them group to the left.
    const fn binding(self) -> u8 {
        match self {
            Self::Or => 1,
            Self::And => 2,
            // NOT stands between: 3.
            Self::Equal | Self::NotEqual | Self::Less | Self::LessEqual | Self::Greater | Self::GreaterEqual => 4,
            Self::Add | Self::Subtract => 5,
            Self::Multiply | Self::Divide | Self::Remainder => 6,
        }
    }
}

const NOT: u8 = 3;
const SIGN: u8 = 7;
const ATOM: u8 = 8;

/// An expression. It prints as SQL that parses back to the same tree.
#[derive(Clone, Debug, PartialEq)]
pub enum Expression {
    /// A literal.
    Literal(Literal),
    /// A field of the payload: `state.reported.last_will`; never empty.
    Path(Vec<String>),
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
}

impl Expression {
    const fn binding(&self) -> u8 {
        match self {
            Self::Binary { operator, .. } => operator.binding(),
            Self::Not(_) => NOT,
            Self::Negate(_) => SIGN,
            Self::Literal(_) | Self::Path(_) | Self::Call { .. } => ATOM,
        }
    }

    /// Prints it, in parentheses if it binds less tightly than its place asks for.
    fn print(&self, f: &mut fmt::Formatter<'_>, place: u8) -> fmt::Result {
        if self.binding() < place {
            return write!(f, "({self})");
        }
        write!(f, "{self}")
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(literal) => write!(f, "{literal}"),
            Self::Path(path) => f.write_str(&path.join(".")),
            Self::Not(inner) => {
                f.write_str("NOT ")?;
                inner.print(f, NOT)
            }
            Self::Negate(inner) => {
                f.write_str("-")?;
                // A second sign would make a comment of both: `--x`.
                inner.print(f, ATOM)
            }
            Self::Binary { left, operator, right } => {
                // A NOT on the left would swallow what follows, in every place that binds less tightly than it.
                left.print(f, operator.binding())?;
                write!(f, " {} ", operator.symbol())?;
                right.print(f, operator.binding() + 1)
            }
            Self::Call { function, arguments } => {
                write!(f, "{function}(")?;
                for (index, argument) in arguments.iter().enumerate() {
                    f.write_str(if index > 0 { ", " } else { "" })?;
                    write!(f, "{argument}")?;
                }
                f.write_str(")")
            }
        }
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("NULL"),
            Self::Bool(true) => f.write_str("TRUE"),
            Self::Bool(false) => f.write_str("FALSE"),
            Self::Number(number) => write!(f, "{number}"),
            Self::String(text) => write!(f, "'{}'", text.replace('\'', "''")),
        }
    }
}
