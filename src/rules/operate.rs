//! The operators (AWS IoT developer guide, "Operators").

use super::expression::Operator;
use super::scope::Scope;
use super::value::Value;

/// Works an operator out.
pub(super) fn binary<'a>(operator: Operator, left: &Value<'a>, right: &Value<'a>, scope: &Scope<'a>) -> Value<'a> {
    if !scope.charge(cost(operator, left, right)) {
        return Value::Undefined;
    }
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
        Operator::In => contains(left, right),
        Operator::Add if is_string(left) || is_string(right) => match (left.text(), right.text()) {
            (Some(left), Some(right)) => Value::String(left + right),
            _ => Value::Undefined,
        },
        Operator::Add | Operator::Subtract | Operator::Multiply | Operator::Divide | Operator::Remainder => {
            arithmetic(operator, left, right)
        }
    }
}

/// A boolean, or Undefined.
pub(super) fn truth<'a>(bool: Option<bool>) -> Value<'a> {
    bool.map_or(Value::Undefined, Value::Bool)
}

const fn is_string(value: &Value<'_>) -> bool {
    matches!(value, Value::String(_))
}

/// The steps of an operation: what grows with the operands.
fn cost(operator: Operator, left: &Value<'_>, right: &Value<'_>) -> usize {
    match operator {
        Operator::And | Operator::Or => 0,
        Operator::Equal | Operator::NotEqual => left.weight().min(right.weight()),
        // Each element is compared.
        Operator::In => right.weight(),
        Operator::Add if is_string(left) || is_string(right) => left.weight() + right.weight(),
        _ => [left, right].into_iter().filter(|value| is_string(value)).map(Value::weight).sum(),
    }
}

/// `a IN b`: whether the array has an element that equals the value. In anything but an array it is Undefined.
fn contains<'a>(value: &Value<'a>, array: &Value<'a>) -> Value<'a> {
    match array {
        Value::Array(items) if *value != Value::Undefined => {
            Value::Bool(items.iter().any(|item| value.equals(&Value::from(item)) == Some(true)))
        }
        _ => Value::Undefined,
    }
}

/// A string is converted to a Decimal, so `'7' / 2` is `3.5` where `7 / 2` is `3`.
fn arithmetic<'a>(operator: Operator, left: &Value<'a>, right: &Value<'a>) -> Value<'a> {
    let Some((mut one, mut other)) = left.number().zip(right.number()) else {
        return Value::Undefined;
    };
    if is_string(left) || is_string(right) {
        (one, other) = (one.into_decimal(), other.into_decimal());
    }
    let result = match operator {
        Operator::Subtract => one.subtract(other),
        Operator::Multiply => one.multiply(other),
        Operator::Divide => one.divide(other),
        Operator::Remainder => one.remainder(other),
        _ => one.add(other),
    };
    result.map_or(Value::Undefined, Value::Number)
}
