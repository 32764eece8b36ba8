//! From an expression to its tree with values.

use super::super::eval::{Scope, evaluate};
use super::super::expression::{Case, Expression, Operator};
use super::super::value::Value;
use super::reason::Payload;
use super::{Node, show};

/// The most levels below the root: what lies deeper is shown as part of its parent.
const DEPTH: usize = 12;

/// The most operands of one node that are shown.
const WIDTH: usize = 50;

/// The most levels that are searched for the reason of an Undefined.
const SEARCH: usize = 32;

/// A node, and what its parents need to know of it.
pub(super) struct Branch {
    pub(super) node: Node,
    /// For AND, OR and NOT.
    truth: Option<bool>,
    /// The comparisons that made it what it is, in words.
    pub(super) blame: Vec<String>,
}

/// Works out the nodes for one message.
pub(super) struct Walk<'w, 'm> {
    /// A scope of its own for each value, as the rule has one for each message: nothing that one evaluation leaves behind in
    /// its scope may change another.
    scope: &'w dyn Fn() -> Scope<'m>,
    payload: &'w Payload<'m>,
}

impl<'w, 'm> Walk<'w, 'm> {
    pub(super) const fn new(scope: &'w dyn Fn() -> Scope<'m>, payload: &'w Payload<'m>) -> Self {
        Self { scope, payload }
    }

    fn value<'e>(&self, expression: &'e Expression) -> Value<'e>
    where
        'm: 'e,
    {
        evaluate(expression, &(self.scope)())
    }

    /// The tree of `expression`, which itself stands `depth` levels below the root.
    pub(super) fn branch(&self, expression: &Expression, depth: usize) -> Branch {
        match expression {
            _ if depth >= DEPTH => self.leaf(expression, depth),
            Expression::Binary { operator: operator @ (Operator::And | Operator::Or), .. } => {
                self.junction(operator.symbol(), expression, &chain(expression, *operator), depth)
            }
            Expression::Not(inner) => self.junction("NOT", expression, &[inner], depth),
            _ => self.leaf(expression, depth),
        }
    }

    /// AND, OR or NOT: every operand is worth looking at.
    fn junction(&self, name: &'static str, whole: &Expression, operands: &[&Expression], depth: usize) -> Branch {
        let result = self.value(whole);
        let truth = result.truth();
        let mut neither = None;
        let mut blame = Vec::new();
        let mut children = Vec::new();
        for (index, operand) in operands.iter().enumerate() {
            // All are worked out, because one that is not shown may be the one to blame.
            let branch = self.branch(operand, depth + 1);
            if branch.truth.is_none() && branch.node.result != show::value(&Value::Undefined) && neither.is_none() {
                neither = Some(not_boolean(name, &branch.node));
            }
            // `true AND false AND Undefined` is Undefined for its last operand, and so is `true OR Undefined`.
            let decides = match (name, truth) {
                (_, None) => branch.truth.is_none(),
                ("NOT", _) => true,
                (_, Some(_)) => branch.truth == truth,
            };
            if decides {
                blame.extend(branch.blame);
            }
            if index < WIDTH {
                children.push(branch.node);
            }
        }
        if let Some(more @ 1..) = operands.len().checked_sub(WIDTH) {
            let text = format!("… {more} more");
            children.push(Node { text, values: String::new(), result: String::new(), why: None, children: Vec::new() });
        }
        let why = if truth.is_none() { neither } else { None };
        let node = Node { text: name.to_owned(), values: String::new(), result: show::value(&result), why, children };
        Branch { node, truth, blame }
    }

    /// Everything else: the values of its operands, and those that are more than a name below it.
    fn leaf(&self, expression: &Expression, depth: usize) -> Branch {
        let result = self.value(expression);
        let text = show::expression(expression);
        let shown = show::value(&result);
        let values = self.values(expression);
        let values = if values == text || values == shown { String::new() } else { values };
        let why = if result == Value::Undefined { self.why(expression, 0) } else { None };
        let operands = if depth >= DEPTH { Vec::new() } else { operands(expression) };
        let telling = operands.into_iter().filter(|operand| is_telling(operand)).take(WIDTH);
        let children = telling.map(|operand| self.branch(operand, depth + 1).node).collect();
        let blame = match (&result, &why) {
            (Value::Undefined, Some(why)) => why.clone(),
            (Value::Bool(_), _) if !values.is_empty() => format!("{text} is {shown} ({values})"),
            (Value::Bool(_) | Value::Undefined, _) => format!("{text} is {shown}"),
            (_, _) if result.truth().is_some() => format!("{text} is {shown}"),
            (_, _) if text == shown => format!("{text} is neither true nor false"),
            (_, _) => format!("{text} is {shown}, neither true nor false"),
        };
        Branch { node: Node { text, values, result: shown, why, children }, truth: result.truth(), blame: vec![blame] }
    }

    /// The expression with values in place of its operands.
    fn values(&self, expression: &Expression) -> String {
        let operands = operands(expression);
        let shown = operands.iter().take(WIDTH).map(|operand| show::value(&self.value(operand)));
        match expression {
            Expression::Binary { .. } => {
                let mut text = String::new();
                for (value, operator) in shown.zip(operators(expression)) {
                    text += &operator;
                    text += &value;
                }
                show::plain(&text)
            }
            Expression::Negate(_) => format!("-{}", shown.collect::<String>()),
            Expression::Call { function, .. } => {
                show::plain(&format!("{function}({})", shown.collect::<Vec<_>>().join(", ")))
            }
            _ => {
                let named =
                    operands.iter().zip(shown).filter(|(operand, _)| !matches!(operand, Expression::Literal(_)));
                let named: Vec<_> = named.map(|(operand, value)| format!("{operand} is {value}")).collect();
                show::plain(&named.join(", "))
            }
        }
    }

    /// Why `expression`, which is Undefined, is so.
    fn why(&self, expression: &Expression, level: usize) -> Option<String> {
        if let Expression::Path(path) = expression {
            return self.payload.missing(path);
        }
        if level >= SEARCH {
            return None;
        }
        if let Expression::Case(case) = expression {
            return self.no_choice(case, level);
        }
        let operands = operands(expression);
        let values: Vec<_> = operands.iter().map(|operand| self.value(operand)).collect();
        let undefined = operands.iter().zip(&values).find(|(_, value)| **value == Value::Undefined);
        if let Some((operand, _)) = undefined {
            return self
                .why(operand, level + 1)
                .or_else(|| Some(format!("{} is Undefined", show::expression(operand))));
        }
        mismatch(expression, &values)
    }

    /// Why a CASE is Undefined: only what was looked at can be to blame.
    fn no_choice(&self, case: &Case, level: usize) -> Option<String> {
        let undefined = |operand: &Expression| {
            let why = self.why(operand, level + 1);
            why.or_else(|| Some(format!("{} is Undefined", show::expression(operand))))
        };
        let value = self.value(&case.value);
        if value == Value::Undefined {
            return undefined(&case.value);
        }
        let taken = case.branches.iter().find(|(when, _)| value.equals(&self.value(when)) == Some(true));
        match (taken, &case.otherwise) {
            (Some((_, then)), _) => undefined(then),
            (None, Some(otherwise)) => undefined(otherwise),
            (None, None) => Some(format!("no WHEN fits {}, and there is no ELSE", show::value(&value))),
        }
    }
}

/// Which operand, none of which is Undefined, does not fit its operator.
fn mismatch(expression: &Expression, values: &[Value<'_>]) -> Option<String> {
    let odd_one = |fits: fn(&Value<'_>) -> bool| values.iter().find(|value| !fits(value)).map(show::value);
    let operator = match expression {
        Expression::Binary { operator, .. } => *operator,
        // It asks the same of its operand.
        Expression::Not(_) => Operator::And,
        Expression::Negate(_) => Operator::Subtract,
        Expression::Call { function, .. } => {
            let values: Vec<_> = values.iter().map(show::value).collect();
            return Some(show::plain(&format!("{function}({}) has no result", values.join(", "))));
        }
        Expression::Cast { to, .. } => {
            return values.first().map(|value| format!("{} cannot be cast to {}", show::value(value), to.name()));
        }
        Expression::Field { path, .. } => {
            return values
                .first()
                .map(|value| format!("{} has no {}", show::value(value), show::plain(&path.join("."))));
        }
        _ => return None,
    };
    match operator {
        Operator::And | Operator::Or => {
            odd_one(|value| value.truth().is_some()).map(|odd| format!("{odd} is neither true nor false"))
        }
        Operator::Add if values.iter().any(|value| matches!(value, Value::String(_))) => {
            odd_one(|value| value.text().is_some()).map(|odd| format!("{odd} has no text"))
        }
        Operator::Less | Operator::LessEqual | Operator::Greater | Operator::GreaterEqual => {
            odd_one(|value| value.number().is_some()).map(|odd| format!("{odd} is no number"))
        }
        Operator::Add | Operator::Subtract | Operator::Multiply | Operator::Divide | Operator::Remainder => {
            let odd = odd_one(|value| value.number().is_some()).map(|odd| format!("{odd} is no number"));
            odd.or_else(|| Some(format!("{} has no result", show::expression(expression))))
        }
        _ => None,
    }
}

fn not_boolean(name: &str, odd: &Node) -> String {
    let odd = if odd.result == odd.text { odd.text.clone() } else { format!("{} is {}, which", odd.text, odd.result) };
    match name {
        "NOT" => format!("NOT needs true or false; {odd} is neither"),
        _ => format!("{name} needs true or false on both sides; {odd} is neither"),
    }
}

/// The operands of `a AND b AND (c AND d)`, in their order: the operator groups as it likes.
fn chain(expression: &Expression, operator: Operator) -> Vec<&Expression> {
    let (mut operands, mut waiting) = (Vec::new(), vec![expression]);
    while let Some(next) = waiting.pop() {
        match next {
            Expression::Binary { left, operator: own, right } if *own == operator => {
                waiting.extend([&**right, &**left]);
            }
            operand => operands.push(operand),
        }
    }
    operands
}

/// What `expression` is worked out from. A sum of many is one node with many operands.
fn operands(expression: &Expression) -> Vec<&Expression> {
    match expression {
        Expression::Binary { operator: operator @ (Operator::And | Operator::Or), .. } => chain(expression, *operator),
        Expression::Binary { .. } => {
            let (first, rest) = spine(expression);
            std::iter::once(first).chain(rest.into_iter().map(|(_, operand)| operand)).collect()
        }
        _ => expression.operands(),
    }
}

/// What stands before each operand of a binary operation: nothing before the first.
fn operators(expression: &Expression) -> Vec<String> {
    if let Expression::Binary { operator: operator @ (Operator::And | Operator::Or), .. } = expression {
        let between = (1..chain(expression, *operator).len()).map(|_| format!(" {} ", operator.symbol()));
        return std::iter::once(String::new()).chain(between).collect();
    }
    let (_, rest) = spine(expression);
    let written = rest.into_iter().map(|(operator, _)| format!(" {} ", operator.symbol()));
    std::iter::once(String::new()).chain(written).collect()
}

/// `a + b - c` as `a` and [(+, b), (-, c)]: operators of arithmetic that bind alike. Every other operation is two operands.
fn spine(expression: &Expression) -> (&Expression, Vec<(Operator, &Expression)>) {
    let mut first = expression;
    let mut rest = Vec::new();
    while let Expression::Binary { left, operator, right } = first {
        let goes_on = rest.last().is_none_or(|(above, _)| {
            let alike = |ours: &[Operator]| ours.contains(above) && ours.contains(operator);
            alike(&[Operator::Add, Operator::Subtract])
                || alike(&[Operator::Multiply, Operator::Divide, Operator::Remainder])
        });
        if !goes_on {
            break;
        }
        rest.push((*operator, &**right));
        first = left;
    }
    rest.reverse();
    (first, rest)
}

/// Whether a line of its own says more about an operand than its value, which its parent shows.
fn is_telling(operand: &Expression) -> bool {
    operands(operand).iter().any(|inner| !matches!(inner, Expression::Literal(_)))
}
