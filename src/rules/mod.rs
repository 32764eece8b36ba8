//! Floor 1: rules in AWS IoT SQL, parsed and evaluated. Pure: a message goes in, outcomes come out.
//!
//! A statement's way: [`dialect`] tells `sqlparser` how AWS's words and quotes read, [`parse`] reads the clauses and
//! lowers sqlparser's tree into our own [`expression`], [`eval`] works it out over [`value`]s, and [`rule`] holds
//! statements against messages. The language is version 2016-03-23 of AWS IoT SQL (AWS IoT developer guide, "AWS IoT
//! SQL reference"); what this version of lwtop does not know of it is refused when the rule is loaded.

mod dialect;
mod error;
mod eval;
mod expression;
mod function;
mod message;
mod number;
mod parse;
mod rule;
mod statement;
mod value;

pub use error::SqlError;
pub use expression::{Expression, Literal, Operator};
pub use function::Function;
pub use message::Message;
pub use number::Number;
pub use rule::{Outcome, Rule, RuleSet};
pub use statement::{Item, Select, Statement};
pub use value::Value;
