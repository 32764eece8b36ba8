//! What an expression comes to for a message.
//!
//! A field that is not there is Undefined, and so is every operation on it (AWS IoT developer guide, "Operators").

use super::expression::{Case, Expression, Literal};
use super::operate::{binary, truth};
use super::output::select;
use super::statement::Query;
use super::value::Value;
use serde_json::{Map, Value as Json};
use std::borrow::Cow;
use std::rc::Rc;

use super::scope::Element;
pub(super) use super::scope::Scope;

/// The largest payload that is read as JSON, eight times what AWS IoT accepts (128 KiB). A tree of values takes up to
/// fifty times the bytes it was read from, so a larger payload is handled like one that is no JSON.
pub(super) const MAX_JSON: usize = 1024 * 1024;

/// How many arrays and objects of a payload may stand inside each other: serde_json refuses the 128th.
pub(super) const MAX_NESTED: usize = 127;

/// The payload as JSON. `None` if it is none, if it is too large, or if it nests more than [`MAX_NESTED`] levels.
pub(super) fn document(payload: &[u8]) -> Option<Json> {
    (payload.len() <= MAX_JSON).then(|| serde_json::from_slice(payload).ok()).flatten()
}

/// Works an expression out. A chain of operators leans to the left and is walked in a loop, see [`super::parse`].
pub(super) fn evaluate<'a>(expression: &'a Expression, scope: &Scope<'a>) -> Value<'a> {
    let Expression::Binary { left, operator, right } = expression else {
        return operand(expression, scope);
    };
    if !matches!(**left, Expression::Binary { .. }) {
        // Most comparisons: no chain, and nothing to allocate.
        return binary(*operator, &operand(left, scope), &evaluate(right, scope), scope);
    }
    let mut spine = vec![(*operator, &**right)];
    let mut innermost = &**left;
    while let Expression::Binary { left, operator, right } = innermost {
        spine.push((*operator, &**right));
        innermost = left;
    }
    let mut value = operand(innermost, scope);
    while let Some((operator, right)) = spine.pop() {
        value = binary(operator, &value, &evaluate(right, scope), scope);
    }
    value
}

fn operand<'a>(expression: &'a Expression, scope: &Scope<'a>) -> Value<'a> {
    if !scope.charge(1) {
        return Value::Undefined;
    }
    match expression {
        Expression::Literal(literal) => match literal {
            Literal::Null => Value::Null,
            Literal::Bool(bool) => Value::Bool(*bool),
            Literal::Number(number) => Value::Number(*number),
            Literal::String(text) => Value::String(Cow::Borrowed(text)),
        },
        Expression::Path(path) => scope.path(path),
        Expression::Variable(name) => scope.variable(name, &[]),
        Expression::Payload => Value::Binary(scope.message().payload()),
        Expression::Not(inner) => truth(evaluate(inner, scope).truth().map(|bool| !bool)),
        Expression::Negate(inner) => {
            evaluate(inner, scope).number().map_or(Value::Undefined, |number| Value::Number(number.negate()))
        }
        Expression::Call { function, arguments } => {
            let arguments: Vec<_> = arguments.iter().map(|argument| evaluate(argument, scope)).collect();
            if scope.charge(arguments.iter().map(Value::weight).sum()) {
                function.call(&arguments, scope.message())
            } else {
                Value::Undefined
            }
        }
        Expression::Cast { value, to } => {
            let value = evaluate(value, scope);
            if scope.charge(value.weight()) { value.cast(*to) } else { Value::Undefined }
        }
        Expression::Case(case) => choose(case, scope),
        Expression::Array(items) => {
            // Undefined cannot stand in JSON "except by omitting the value" (developer guide, "Data types"): it is left
            // out, of an array as of an object.
            let items = items.iter().filter_map(|item| scope.json(evaluate(item, scope)));
            Value::Array(Cow::Owned(items.collect()))
        }
        Expression::Object(entries) => {
            let entry = |(key, value): &'a (String, Expression)| {
                scope.json(evaluate(value, scope)).map(|value| (key.clone(), value))
            };
            Value::Object(Cow::Owned(entries.iter().filter_map(entry).collect::<Map<_, _>>()))
        }
        Expression::Field { of, path } => match &**of {
            Expression::Variable(name) => scope.variable(name, path),
            of => evaluate(of, scope).field(path),
        },
        Expression::Query(query) => {
            let mut found = Vec::new();
            let read = each(query, scope, |json| {
                found.push(json);
                true
            });
            if read { Value::Array(Cow::Owned(found)) } else { Value::Undefined }
        }
        Expression::Exists(query) => {
            let mut found = false;
            each(query, scope, |_| {
                found = true;
                false
            });
            if scope.exhausted() { Value::Undefined } else { Value::Bool(found) }
        }
        // The caller has walked down to the first operand that is none.
        Expression::Binary { .. } => evaluate(expression, scope),
    }
}

/// An Undefined value makes CASE Undefined, ELSE or not; so does a value that fits nowhere without ELSE (developer guide,
/// "Case statements"). An Undefined WHEN fits nothing.
fn choose<'a>(case: &'a Case, scope: &Scope<'a>) -> Value<'a> {
    let value = evaluate(&case.value, scope);
    if value == Value::Undefined {
        return value;
    }
    for (other, result) in &case.branches {
        let other = evaluate(other, scope);
        if scope.charge(other.weight()) && value.equals(&other) == Some(true) {
            return evaluate(result, scope);
        }
    }
    case.otherwise.as_ref().map_or(Value::Undefined, |otherwise| evaluate(otherwise, scope))
}

/// Hands what a nested query makes of each element to `take`, until that says false. Whether there was an array to read,
/// and steps to read it. Its WHERE is `true` as that of a statement is: the text `'true'` is not.
fn each<'a>(query: &'a Query, scope: &Scope<'a>, mut take: impl FnMut(Json) -> bool) -> bool {
    let made = |json| Element::Made(Rc::new(json));
    let elements: Box<dyn Iterator<Item = Element<'a>> + 'a> = match evaluate(&query.from, scope) {
        Value::Array(Cow::Borrowed(items)) => Box::new(items.iter().map(Element::Borrowed)),
        Value::Array(Cow::Owned(items)) => Box::new(items.into_iter().map(made)),
        object @ Value::Object(_) => Box::new(scope.json(object).map(made).into_iter()),
        _ => return false,
    };
    for element in elements {
        let inner = scope.enter(element, query.alias.as_deref());
        let counts = query.condition.as_ref().is_none_or(|condition| evaluate(condition, &inner) == Value::Bool(true));
        let made = if counts { select(&query.select, &inner) } else { None };
        scope.leave(&inner);
        if !scope.charge(1) {
            return false;
        }
        if made.is_some_and(|json| !take(json)) {
            break;
        }
    }
    !scope.exhausted()
}
