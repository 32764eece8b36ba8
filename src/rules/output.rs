//! What a statement makes of a message.
//!
//! WHERE is worked out first, cannot see aliases, and fires only on `true` (AWS IoT developer guide, "WHERE clause"). AND,
//! OR and NOT take the text `'true'` for the boolean ("Logical operators"); of WHERE itself the guide says no such thing,
//! so `WHERE 'true'` does not fire, while `WHERE 'true' AND TRUE` does.

use super::eval::evaluate;
use super::message::Message;
use super::scope::{Scope, weight};
use super::statement::{Item, Select, Statement};
use super::value::Value;
use serde_json::{Map, Value as Json};
use std::borrow::Cow;

impl Statement {
    /// Whether it looks into the payload: otherwise the JSON need not be read.
    pub(super) fn reads_payload(&self) -> bool {
        self.condition.is_some() || !self.passes_through()
    }

    /// What names in it stand for. The variables are worked out here, once for WHERE and SELECT.
    pub(super) fn scope<'a>(&'a self, message: Message<'a>, document: Option<&'a Json>) -> Scope<'a> {
        let mut scope = Scope::new(message, document);
        for variable in &self.variables {
            let value = evaluate(&variable.value, &scope);
            scope.set(&variable.name, value);
        }
        scope
    }

    /// Whether WHERE is `true`.
    pub(super) fn fires<'a>(&'a self, scope: &Scope<'a>) -> bool {
        self.condition.as_ref().is_none_or(|condition| evaluate(condition, scope) == Value::Bool(true))
    }

    /// What is sent; `None` if it is Undefined, or too much work.
    ///
    /// `SELECT *` alone sends the payload byte for byte, whether it is JSON or not, as AWS does with binary payloads
    /// (developer guide, "Working with binary payloads"). In a list, `*` stands for the fields of a JSON object, and for
    /// nothing in every other payload.
    pub(super) fn output<'a, 'm>(&'a self, message: &Message<'m>, scope: &Scope<'a>) -> Option<Cow<'m, [u8]>> {
        if self.passes_through() {
            return Some(Cow::Borrowed(message.payload()));
        }
        let json = select(&self.select, scope)?;
        // Half of an object would pass for all of it.
        (!scope.exhausted()).then(|| serde_json::to_vec(&json).ok().map(Cow::Owned)).flatten()
    }
}

/// What SELECT makes of the payload, or of the element of a nested query.
pub(super) fn select<'a>(select: &'a Select, scope: &Scope<'a>) -> Option<Json> {
    if select.passes_through() {
        return scope.json(scope.whole()?);
    }
    match select {
        Select::Value(expression) => scope.json(evaluate(expression, scope)),
        Select::List(items) => Some(Json::Object(list(items, scope))),
        Select::Payload => None,
    }
}

/// The items, from the left to the right: what comes later replaces what has the same key, and takes its place.
fn list<'a>(items: &'a [Item], scope: &Scope<'a>) -> Map<String, Json> {
    let mut object = Map::new();
    for item in items {
        match item {
            Item::All => {
                for (key, value) in scope.fields().into_iter().flatten() {
                    if scope.charge(weight(value)) {
                        object.insert(key.clone(), value.clone());
                    }
                }
            }
            Item::Field { expression, .. } => {
                let value = scope.json(evaluate(expression, scope));
                if let (Some(key), Some(value)) = (item.key(), value) {
                    put(&mut object, &key, value);
                }
            }
        }
    }
    object
}

/// Puts a value at the end of a way: `AS a.b` and `AS a.c` make one object `a` of both. A value on the way that is no
/// object is replaced by one.
fn put(object: &mut Map<String, Json>, way: &[String], value: Json) {
    let Some((key, parents)) = way.split_last() else {
        return;
    };
    let mut at = object;
    for parent in parents {
        let next = at.entry(parent).or_insert(Json::Null);
        if !next.is_object() {
            *next = Json::Object(Map::new());
        }
        let Json::Object(next) = next else {
            return;
        };
        at = next;
    }
    at.insert(key.clone(), value);
}
