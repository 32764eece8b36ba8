//! What a statement makes of a message.
//!
//! WHERE is worked out first, cannot see aliases, and fires only on `true`. A field that is not there is Undefined, and
//! so is every operation on it (AWS IoT developer guide, "WHERE clause", "Operators").

use super::expression::{Expression, Literal, Operator};
use super::message::Message;
use super::statement::{Item, Select, Statement};
use super::value::Value;
use serde_json::{Map, Value as Json};
use std::borrow::Cow;

/// The largest payload that is read as JSON, eight times what AWS IoT accepts (128 KiB). A tree of values takes up to
/// fifty times the bytes it was read from, so a larger payload is handled like one that is no JSON.
const MAX_JSON: usize = 1024 * 1024;

/// A message, and its payload as JSON if it is JSON: what names in an expression stand for.
pub(super) struct Scope<'a> {
    message: Message<'a>,
    document: Option<&'a Json>,
}

/// The payload as JSON. `None` if it is none, if it is too large, or if it nests more than serde_json's 128 levels.
pub(super) fn document(payload: &[u8]) -> Option<Json> {
    (payload.len() <= MAX_JSON).then(|| serde_json::from_slice(payload).ok()).flatten()
}

impl Statement {
    /// Whether it looks into the payload: otherwise the JSON need not be read.
    pub(super) fn reads_payload(&self) -> bool {
        self.condition.is_some() || !self.passes_through()
    }

    /// Whether WHERE is `true`.
    pub(super) fn fires(&self, scope: &Scope<'_>) -> bool {
        self.condition.as_ref().is_none_or(|condition| evaluate(condition, scope) == Value::Bool(true))
    }

    /// What is sent; `None` if it is Undefined.
    ///
    /// `SELECT *` alone sends the payload byte for byte, whether it is JSON or not, as AWS does with binary payloads
    /// (developer guide, "Working with binary payloads"). In a list, `*` stands for the fields of a JSON object, and for
    /// nothing in every other payload.
    pub(super) fn output<'m>(&self, message: &Message<'m>, scope: &Scope<'_>) -> Option<Cow<'m, [u8]>> {
        if self.passes_through() {
            return Some(Cow::Borrowed(message.payload()));
        }
        let json = match &self.select {
            Select::Value(expression) => evaluate(expression, scope).into_json()?,
            Select::List(items) => Json::Object(list(items, scope)),
        };
        serde_json::to_vec(&json).ok().map(Cow::Owned)
    }
}

fn list(items: &[Item], scope: &Scope<'_>) -> Map<String, Json> {
    let mut object = Map::new();
    for item in items {
        match item {
            Item::All => {
                if let Some(Json::Object(fields)) = scope.document {
                    object.extend(fields.iter().map(|(key, value)| (key.clone(), value.clone())));
                }
            }
            Item::Field { expression, .. } => {
                let value = evaluate(expression, scope).into_json();
                if let (Some(key), Some(value)) = (item.key(), value) {
                    object.insert(key, value);
                }
            }
        }
    }
    object
}

impl<'a> Scope<'a> {
    pub(super) const fn new(message: Message<'a>, document: Option<&'a Json>) -> Self {
        Self { message, document }
    }

    fn field(&self, path: &[String]) -> Value<'a> {
        let found = path.iter().try_fold(self.document, |at, name| match at {
            Some(Json::Object(fields)) => fields.get(name).map(Some),
            _ => None,
        });
        found.flatten().map_or(Value::Undefined, Value::from)
    }
}

/// Works an expression out. A chain of operators leans to the left and is walked in a loop, see [`super::parse`].
pub(super) fn evaluate<'a>(expression: &'a Expression, scope: &Scope<'a>) -> Value<'a> {
    let Expression::Binary { left, operator, right } = expression else {
        return operand(expression, scope);
    };
    if !matches!(**left, Expression::Binary { .. }) {
        // Most comparisons: no chain, and nothing to allocate.
        return binary(*operator, &operand(left, scope), &evaluate(right, scope));
    }
    let mut spine = vec![(*operator, &**right)];
    let mut innermost = &**left;
    while let Expression::Binary { left, operator, right } = innermost {
        spine.push((*operator, &**right));
        innermost = left;
    }
    let mut value = operand(innermost, scope);
    while let Some((operator, right)) = spine.pop() {
        value = binary(operator, &value, &evaluate(right, scope));
    }
    value
}

fn operand<'a>(expression: &'a Expression, scope: &Scope<'a>) -> Value<'a> {
    match expression {
        Expression::Literal(literal) => match literal {
            Literal::Null => Value::Null,
            Literal::Bool(bool) => Value::Bool(*bool),
            Literal::Number(number) => Value::Number(*number),
            Literal::String(text) => Value::String(Cow::Borrowed(text)),
        },
        Expression::Path(path) => scope.field(path),
        Expression::Not(inner) => truth(evaluate(inner, scope).truth().map(|bool| !bool)),
        Expression::Negate(inner) => {
            evaluate(inner, scope).number().map_or(Value::Undefined, |number| Value::Number(number.negate()))
        }
        Expression::Call { function, arguments } => {
            let arguments: Vec<_> = arguments.iter().map(|argument| evaluate(argument, scope)).collect();
            function.call(&arguments, &scope.message)
        }
        // The caller has walked down to the first operand that is none.
        Expression::Binary { .. } => evaluate(expression, scope),
    }
}

fn truth<'a>(bool: Option<bool>) -> Value<'a> {
    bool.map_or(Value::Undefined, Value::Bool)
}

fn binary<'a>(operator: Operator, left: &Value<'a>, right: &Value<'a>) -> Value<'a> {
    match operator {
        // Both sides count: `true OR 1` is Undefined.
        Operator::And | Operator::Or => truth(
            left.truth()
                .zip(right.truth())
                .map(|(left, right)| if operator == Operator::And { left && right } else { left || right }),
        ),
        Operator::Equal => truth(left.equals(right)),
        Operator::NotEqual => truth(left.equals(right).map(|equal| !equal)),
        Operator::Less | Operator::LessEqual | Operator::Greater | Operator::GreaterEqual => {
            let order = left.number().zip(right.number()).map(|(left, right)| left.compare(right));
            truth(order.map(|order| match operator {
                Operator::Less => order.is_lt(),
                Operator::LessEqual => order.is_le(),
                Operator::Greater => order.is_gt(),
                _ => order.is_ge(),
            }))
        }
        Operator::Add if matches!(left, Value::String(_)) || matches!(right, Value::String(_)) => {
            match (left.text(), right.text()) {
                (Some(left), Some(right)) => Value::String(left + right),
                _ => Value::Undefined,
            }
        }
        Operator::Add | Operator::Subtract | Operator::Multiply | Operator::Divide | Operator::Remainder => {
            arithmetic(operator, left, right)
        }
    }
}

fn arithmetic<'a>(operator: Operator, left: &Value<'a>, right: &Value<'a>) -> Value<'a> {
    let Some((left, right)) = left.number().zip(right.number()) else {
        return Value::Undefined;
    };
    let result = match operator {
        Operator::Subtract => left.combine(right, i128::checked_sub, |a, b| a - b),
        Operator::Multiply => left.combine(right, i128::checked_mul, |a, b| a * b),
        Operator::Divide => left.combine(right, i128::checked_div, |a, b| a / b),
        Operator::Remainder => left.combine(right, i128::checked_rem, |a, b| a % b),
        _ => left.combine(right, i128::checked_add, |a, b| a + b),
    };
    result.map_or(Value::Undefined, Value::Number)
}
