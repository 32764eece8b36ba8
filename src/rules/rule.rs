//! Rules, and what they make of a message.

use super::eval::{Scope, document};
use super::expression::{Expression, Literal, Operator};
use super::message::Message;
use super::statement::{Item, Select, Statement};
use crate::clock::Moment;
use crate::fleet::RuleOutcome;
use crate::mqtt::{TopicFilter, TopicName};
use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::HashMap;
use std::sync::Arc;

/// A statement with a name, and what is done when it fires.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Its name.
    pub name: Arc<str>,
    /// Its statement.
    pub statement: Statement,
    /// Where it republishes, if it does.
    pub republish: Option<TopicName>,
}

/// What a rule made of a message that it listens to.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome<'m> {
    /// The rule's name.
    pub name: Arc<str>,
    /// Whether WHERE was true.
    pub matched: bool,
    /// What it sends; `None` if it did not match, or if what it selects is Undefined.
    pub output: Option<Cow<'m, [u8]>>,
    /// Where it republishes that. Set whether or not it matched.
    pub republish: Option<TopicName>,
}

impl Outcome<'_> {
    /// What the fleet is told of it, evaluated at `at`.
    #[must_use]
    pub fn summary(&self, at: Moment) -> RuleOutcome {
        let republishes = self.republish.is_some() && self.output.is_some();
        RuleOutcome { at, name: Arc::clone(&self.name), matched: self.matched, republishes }
    }
}

/// The rules in force, in the order of the configuration.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RuleSet {
    rules: Vec<Rule>,
    /// The rules whose filter has no wildcard, by topic: a thousand of them cost one look-up.
    by_topic: HashMap<String, Vec<usize>>,
    /// The others, which are held against every message.
    by_pattern: Vec<usize>,
}

impl RuleSet {
    /// The name of the article's rule.
    pub const ARTICLE: &'static str = "lastWillRule";

    /// These rules.
    #[must_use]
    pub fn new(rules: Vec<Rule>) -> Self {
        let (mut by_topic, mut by_pattern) = (HashMap::<_, Vec<_>>::new(), Vec::new());
        for (index, rule) in rules.iter().enumerate() {
            let filter = &rule.statement.from;
            if filter.has_wildcard() {
                by_pattern.push(index);
            } else {
                by_topic.entry(filter.as_str().to_owned()).or_default().push(index);
            }
        }
        Self { rules, by_topic, by_pattern }
    }

    /// The article's rule: `SELECT * FROM '/last/will/topic' WHERE state.reported.last_will = 'yes' AND
    /// state.reported.trigger_action = 'on'`, on the topics in use.
    #[must_use]
    pub fn article(will: &TopicFilter, executed: &TopicName) -> Self {
        let reported = |field: &str, text: &str| Expression::Binary {
            left: Box::new(Expression::Path(vec!["state".to_owned(), "reported".to_owned(), field.to_owned()])),
            operator: Operator::Equal,
            right: Box::new(Expression::Literal(Literal::String(text.to_owned()))),
        };
        let condition = Expression::Binary {
            left: Box::new(reported("last_will", "yes")),
            operator: Operator::And,
            right: Box::new(reported("trigger_action", "on")),
        };
        let statement =
            Statement { select: Select::List(vec![Item::All]), from: will.clone(), condition: Some(condition) };
        Self::new(vec![Rule { name: Self::ARTICLE.into(), statement, republish: Some(executed.clone()) }])
    }

    /// The rules.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// What each rule that listens to the message's topic makes of it. The payload is read as JSON once, and only if a
    /// rule looks into it.
    #[must_use]
    pub fn evaluate<'m>(&self, message: &Message<'m>) -> Vec<Outcome<'m>> {
        let read = OnceCell::new();
        self.listening(message.topic())
            .map(|rule| {
                let needed = rule.statement.reads_payload();
                let json = if needed { read.get_or_init(|| document(message.payload())).as_ref() } else { None };
                rule.apply(message, json)
            })
            .collect()
    }

    /// The rules that listen to `topic`, in their order.
    fn listening(&self, topic: &str) -> impl Iterator<Item = &Rule> {
        let mut exact = self.by_topic.get(topic).map_or(&[][..], Vec::as_slice).iter().copied().peekable();
        let matching = |index: &usize| self.rules[*index].statement.listens_to(topic);
        let mut patterns = self.by_pattern.iter().copied().filter(matching).collect::<Vec<_>>().into_iter().peekable();
        std::iter::from_fn(move || {
            let exact_first = match (exact.peek(), patterns.peek()) {
                (Some(exact), Some(pattern)) => exact < pattern,
                (exact, _) => exact.is_some(),
            };
            let index = if exact_first { exact.next() } else { patterns.next() };
            index.map(|index| &self.rules[index])
        })
    }
}

impl Rule {
    fn apply<'m>(&self, message: &Message<'m>, json: Option<&serde_json::Value>) -> Outcome<'m> {
        let scope = Scope::new(*message, json);
        let matched = self.statement.fires(&scope);
        let output = if matched { self.statement.output(message, &scope) } else { None };
        Outcome { name: Arc::clone(&self.name), matched, output, republish: self.republish.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_answer_in_their_order() {
        let filters = ["a/+", "a/b", "#", "x", "a/b", "a/#", "a/c"];
        let rule = |(index, filter): (usize, &&str)| Rule {
            name: index.to_string().into(),
            statement: format!("SELECT * FROM '{filter}'").parse().unwrap(),
            republish: None,
        };
        let rules = RuleSet::new(filters.iter().enumerate().map(rule).collect());
        let names = |topic| -> Vec<String> {
            rules.evaluate(&Message::new(topic, b"")).iter().map(|outcome| outcome.name.to_string()).collect()
        };
        assert_eq!(names("a/b"), ["0", "1", "2", "4", "5"]);
        assert_eq!(names("x"), ["2", "3"]);
        assert_eq!(names("a"), ["2"]);
        assert_eq!(names("$aws/x"), [""; 0]);
    }
}
