//! Floor 1: rules in AWS IoT SQL, parsed and evaluated. Pure: a message goes in, outcomes come out.
//!
//! A statement's way: [`dialect`] tells `sqlparser` how AWS's words and quotes read, [`parse`] reads the clauses and
//! lowers sqlparser's tree into our own [`expression`], [`eval`] works it out over [`value`]s in a [`scope`], and [`rule`]
//! holds statements against messages. The language is version 2016-03-23 of AWS IoT SQL (AWS IoT developer guide, "AWS
//! IoT SQL reference"); what AWS does not have is refused when the rule is loaded.

mod action;
mod cast;
mod decimal;
mod dialect;
mod error;
mod eval;
mod explain;
mod expression;
mod facts;
mod function;
mod message;
mod number;
mod operate;
mod output;
mod parse;
mod print;
mod rule;
mod scope;
mod statement;
mod template;
mod value;

pub use action::{
    Action, Command, Desktop, Email, File, Kind, MailSecurity, Pace, Republish, Secret, Sns, SnsFormat, Webhook,
};
pub use decimal::Decimal;
pub use error::SqlError;
pub use explain::{Explanation, Line, Node};
pub use expression::{Case, Expression, Literal, Operator, Type};
pub use facts::Facts;
pub use function::Function;
pub use message::Message;
pub use number::Number;
pub use rule::{Outcome, Rule, RuleSet};
pub use statement::{Item, Query, Select, Statement, Variable};
pub use template::{Template, TemplateError};
pub use value::Value;
