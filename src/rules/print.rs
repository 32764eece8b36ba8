//! Statements and expressions as SQL that parses back to the same tree.

use super::expression::{Case, Expression, Literal, Operator};
use super::statement::{Item, Query, Select, Statement, Variable};
use std::fmt;

const NOT: u8 = 3;
const SIGN: u8 = 7;
const ATOM: u8 = 8;

impl Operator {
    /// How tightly it binds; all of them group to the left.
    const fn binding(self) -> u8 {
        match self {
            Self::Or => 1,
            Self::And => 2,
            // NOT stands between: 3.
            Self::Equal
            | Self::NotEqual
            | Self::Less
            | Self::LessEqual
            | Self::Greater
            | Self::GreaterEqual
            | Self::In => 4,
            Self::Add | Self::Subtract => 5,
            Self::Multiply | Self::Divide | Self::Remainder => 6,
        }
    }
}

impl Expression {
    const fn binding(&self) -> u8 {
        match self {
            Self::Binary { operator, .. } => operator.binding(),
            Self::Not(_) => NOT,
            Self::Negate(_) => SIGN,
            _ => ATOM,
        }
    }

    /// Whether it prints with a quote in front.
    fn begins_with_string(&self) -> bool {
        let mut first = self;
        while let Self::Binary { left, operator, .. } = first {
            if left.binding() < operator.binding() {
                return false;
            }
            first = left;
        }
        matches!(first, Self::Literal(Literal::String(_)))
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
            Self::Variable(name) => write!(f, "@{name}"),
            Self::Payload => f.write_str("*"),
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
            Self::Call { function, arguments } => write!(f, "{function}({})", Separated(arguments)),
            Self::Cast { value, to } => write!(f, "CAST({value} AS {})", to.name()),
            Self::Case(case) => write!(f, "{case}"),
            Self::Array(items) => write!(f, "[{}]", Separated(items)),
            Self::Object(entries) => {
                f.write_str("{")?;
                for (index, (key, value)) in entries.iter().enumerate() {
                    f.write_str(if index > 0 { ", " } else { "" })?;
                    write!(f, "{}: {value}", Quoted(key))?;
                }
                f.write_str("}")
            }
            Self::Field { of, path } => {
                match **of {
                    Self::Call { .. } | Self::Cast { .. } | Self::Variable(_) | Self::Query(_) => write!(f, "{of}")?,
                    _ => write!(f, "({of})")?,
                }
                path.iter().try_for_each(|name| write!(f, ".{name}"))
            }
            Self::Query(query) => write!(f, "({query})"),
            Self::Exists(query) => write!(f, "EXISTS ({query})"),
        }
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CASE {}", self.value)?;
        for (other, result) in &self.branches {
            write!(f, " WHEN {other} THEN {result}")?;
        }
        if let Some(otherwise) = &self.otherwise {
            write!(f, " ELSE {otherwise}")?;
        }
        f.write_str(" END")
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("NULL"),
            Self::Bool(true) => f.write_str("TRUE"),
            Self::Bool(false) => f.write_str("FALSE"),
            Self::Number(number) => write!(f, "{number}"),
            Self::String(text) => write!(f, "{}", Quoted(text)),
        }
    }
}

impl fmt::Display for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.variables.is_empty() {
            write!(f, "SET {} ", Separated(&self.variables))?;
        }
        write!(f, "SELECT {} FROM {}", self.select, Quoted(self.from.as_str()))?;
        match &self.condition {
            Some(condition) => write!(f, " WHERE {condition}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SELECT {} FROM ", self.select)?;
        // A string there is taken for a topic.
        if self.from.begins_with_string() {
            write!(f, "({})", self.from)?;
        } else {
            write!(f, "{}", self.from)?;
        }
        if let Some(alias) = &self.alias {
            write!(f, " AS {alias}")?;
        }
        match &self.condition {
            Some(condition) => write!(f, " WHERE {condition}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Variable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "@{} = {}", self.name, self.value)
    }
}

impl fmt::Display for Select {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Payload => f.write_str("VALUE *"),
            Self::Value(expression) => write!(f, "VALUE {expression}"),
            Self::List(items) => {
                let text = Separated(items).to_string();
                // `value - 1` alone would read as VALUE and a number.
                let alone = matches!(items.as_slice(), [Item::Field { alias: None, .. }]);
                if alone && begins_with_value_and_sign(&text) { write!(f, "({text})") } else { f.write_str(&text) }
            }
        }
    }
}

/// Whether a printed item begins with a field called `value`, and a sign behind it.
fn begins_with_value_and_sign(item: &str) -> bool {
    let (first, rest) = item.split_once(' ').unwrap_or((item, ""));
    first.eq_ignore_ascii_case("value") && rest.starts_with(['-', '+'])
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("*"),
            Self::Field { expression, alias: None } => write!(f, "{expression}"),
            Self::Field { expression, alias: Some(alias) } => write!(f, "{expression} AS {}", alias.join(".")),
        }
    }
}

/// A text as a string of SQL.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}'", self.0.replace('\'', "''"))
    }
}

/// Things with commas between them.
struct Separated<'a, T>(&'a [T]);

impl<T: fmt::Display> fmt::Display for Separated<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, thing) in self.0.iter().enumerate() {
            f.write_str(if index > 0 { ", " } else { "" })?;
            write!(f, "{thing}")?;
        }
        Ok(())
    }
}
