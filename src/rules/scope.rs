//! What names in an expression stand for, and how much work an evaluation may be.

use super::message::Message;
use super::value::Value;
use serde_json::{Map, Value as Json};
use std::borrow::Cow;
use std::cell::Cell;
use std::rc::Rc;

/// The most steps that one message costs in one statement. A step is one operand worked out, or one value compared or
/// copied, or sixteen bytes of text. A payload of 1 MiB holds some 500 000 values, and a query over them needs a few steps
/// for each; a query in a query over them would need billions.
const STEPS: u32 = 4_000_000;

/// A message, and its payload as JSON if it is JSON: what names in an expression stand for.
///
/// When the steps are used up everything is Undefined, so a rule that asks for too much does not fire, or sends nothing.
pub(super) struct Scope<'a> {
    message: Message<'a>,
    /// The payload; inside a nested query, the element.
    document: Option<Element<'a>>,
    alias: Option<Rc<Alias<'a>>>,
    variables: Option<Rc<Vec<(&'a str, Value<'a>)>>>,
    steps: Cell<u32>,
}

/// A value that names are looked up in.
#[derive(Clone)]
pub(super) enum Element<'a> {
    /// In the payload.
    Borrowed(&'a Json),
    /// Made by the statement.
    Made(Rc<Json>),
}

/// The name of a nested query's element, and those of the queries around it.
struct Alias<'a> {
    name: &'a str,
    element: Element<'a>,
    outer: Option<Rc<Self>>,
}

impl<'a> Scope<'a> {
    /// Without variables.
    pub(super) const fn new(message: Message<'a>, document: Option<&'a Json>) -> Self {
        let document = match document {
            Some(json) => Some(Element::Borrowed(json)),
            None => None,
        };
        Self { message, document, alias: None, variables: None, steps: Cell::new(STEPS) }
    }

    /// For one element of a nested query. Give it back with [`Self::leave`], to have its steps counted.
    pub(super) fn enter(&self, element: Element<'a>, alias: Option<&'a str>) -> Self {
        let outer = self.alias.clone();
        let alias = match alias {
            Some(name) => Some(Rc::new(Alias { name, element: element.clone(), outer })),
            None => outer,
        };
        let (variables, steps) = (self.variables.clone(), self.steps.clone());
        Self { message: self.message, document: Some(element), alias, variables, steps }
    }

    pub(super) fn leave(&self, inner: &Self) {
        self.steps.set(inner.steps.get());
    }

    /// One variable more.
    pub(super) fn set(&mut self, name: &'a str, value: Value<'a>) {
        Rc::make_mut(self.variables.get_or_insert_default()).push((name, value));
    }

    pub(super) const fn message(&self) -> &Message<'a> {
        &self.message
    }

    /// The fields of the payload or the element, if it is an object.
    pub(super) fn fields(&self) -> Option<&Map<String, Json>> {
        match &self.document {
            Some(Element::Borrowed(Json::Object(fields))) => Some(fields),
            Some(Element::Made(made)) => made.as_object(),
            _ => None,
        }
    }

    /// The payload or the element as it is.
    pub(super) fn whole(&self) -> Option<Value<'a>> {
        self.document.as_ref().map(|document| self.lookup(document, &[]))
    }

    /// `a.b.c`
    pub(super) fn path(&self, path: &[String]) -> Value<'a> {
        let mut alias = self.alias.as_deref();
        while let Some(known) = alias {
            if let [first, rest @ ..] = path
                && first == known.name
            {
                return self.lookup(&known.element, rest);
            }
            alias = known.outer.as_deref();
        }
        self.document.as_ref().map_or(Value::Undefined, |document| self.lookup(document, path))
    }

    fn lookup(&self, element: &Element<'a>, path: &[String]) -> Value<'a> {
        match element {
            Element::Borrowed(json) => walk(json, path).map_or(Value::Undefined, Value::from),
            Element::Made(made) => walk(made, path).map_or(Value::Undefined, |json| self.copy(json)),
        }
    }

    /// `@name.a.b`
    pub(super) fn variable(&self, name: &str, path: &[String]) -> Value<'a> {
        let variables = self.variables.as_deref().map_or(&[][..], Vec::as_slice);
        let Some((_, value)) = variables.iter().find(|(known, _)| *known == name) else {
            return Value::Undefined;
        };
        match (value, path) {
            (value, []) => {
                self.charge(value.weight());
                value.clone()
            }
            (Value::Object(Cow::Borrowed(fields)), [first, rest @ ..]) => {
                let found = fields.get(first).and_then(|json| walk(json, rest));
                found.map_or(Value::Undefined, Value::from)
            }
            (Value::Object(Cow::Owned(fields)), [first, rest @ ..]) => {
                let found = fields.get(first).and_then(|json| walk(json, rest));
                found.map_or(Value::Undefined, |json| self.copy(json))
            }
            _ => Value::Undefined,
        }
    }

    fn copy(&self, json: &Json) -> Value<'a> {
        if self.charge(weight(json)) { Value::made(json.clone()) } else { Value::Undefined }
    }

    /// The value as JSON; `None` for Undefined.
    pub(super) fn json(&self, value: Value<'a>) -> Option<Json> {
        let copied = match &value {
            Value::Array(Cow::Borrowed(_)) | Value::Object(Cow::Borrowed(_)) | Value::String(Cow::Borrowed(_)) => {
                value.weight()
            }
            _ => 0,
        };
        if self.charge(copied) { value.into_json() } else { None }
    }

    /// Counts so many steps; false if there are none left.
    pub(super) fn charge(&self, steps: usize) -> bool {
        let left = self.steps.get().saturating_sub(u32::try_from(steps).unwrap_or(u32::MAX));
        self.steps.set(left);
        left > 0
    }

    /// Whether there are no steps left.
    pub(super) const fn exhausted(&self) -> bool {
        self.steps.get() == 0
    }
}

/// What lies at `path`.
fn walk<'j>(json: &'j Json, path: &[String]) -> Option<&'j Json> {
    path.iter().try_fold(json, |at, name| match at {
        Json::Object(fields) => fields.get(name),
        _ => None,
    })
}

/// The steps that it costs to look at all of a value.
pub(super) fn weight(json: &Json) -> usize {
    1 + match json {
        Json::String(text) => text.len() / 16,
        Json::Array(items) => items.iter().map(weight).sum(),
        Json::Object(fields) => fields.iter().map(|(key, value)| key.len() / 16 + weight(value)).sum(),
        Json::Number(number) => number.as_str().len() / 16,
        Json::Null | Json::Bool(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_are_the_elements_and_aliases_reach_outwards() {
        let (payload, element) = (json!({"a": 1, "b": 2}), json!({"b": 3, "x": 4}));
        let outer = Scope::new(Message::new("t", b""), Some(&payload));
        let path = |scope: &Scope<'_>, text: &str| {
            let path: Vec<_> = text.split('.').map(str::to_owned).collect();
            scope.json(scope.path(&path))
        };
        let inner = outer.enter(Element::Borrowed(&element), Some("x"));
        assert_eq!(path(&inner, "b"), Some(json!(3)));
        assert_eq!(path(&inner, "a"), None);
        assert_eq!(path(&inner, "x.b"), Some(json!(3)));
        let innermost = inner.enter(Element::Made(Rc::new(json!(7))), Some("y"));
        assert_eq!(path(&innermost, "y"), Some(json!(7)));
        assert_eq!(path(&innermost, "x.x"), Some(json!(4)));
        assert_eq!(path(&outer, "x.b"), None);
    }

    #[test]
    fn steps_run_out_for_good() {
        let scope = Scope::new(Message::new("t", b""), None);
        assert!(scope.charge(10) && !scope.exhausted());
        let inner = scope.enter(Element::Made(Rc::new(json!(1))), None);
        assert!(!inner.charge(usize::MAX));
        scope.leave(&inner);
        assert!(scope.exhausted() && !scope.charge(0));
    }
}
