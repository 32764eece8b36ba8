//! Rules, and what they make of a message.

use super::action::Action;
use super::eval::document;
use super::expression::{Expression, Literal, Operator};
use super::message::Message;
use super::statement::{Item, Select, Statement};
use crate::mqtt::{FilterTrie, TopicFilter, TopicName};
use std::borrow::Cow;
use std::cell::OnceCell;
use std::sync::Arc;

/// A statement with a name, and what is done when it fires.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Its name.
    pub name: Arc<str>,
    /// What it is for, in the words of whoever wrote it.
    pub description: Option<Arc<str>>,
    /// Its statement; shared with the jobs of its actions.
    pub statement: Arc<Statement>,
    /// What is done when it fires, in order.
    pub actions: Vec<Action>,
    /// What is done when one of them has failed.
    pub error_action: Option<Action>,
}

/// What a rule made of a message that it listens to.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome<'m> {
    /// Which rule: an index into [`RuleSet::rules`].
    pub rule: usize,
    /// The rule's name.
    pub name: Arc<str>,
    /// Whether WHERE was true.
    pub matched: bool,
    /// What it sends; `None` if it did not match, or if what it selects is Undefined.
    pub output: Option<Cow<'m, [u8]>>,
}

/// The rules in force, in the order of the configuration.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RuleSet {
    rules: Vec<Rule>,
    /// Their indices by filter: a message costs no more if a thousand rules listen to other topics.
    by_filter: FilterTrie<usize>,
}

impl RuleSet {
    /// The name of the article's rule.
    pub const ARTICLE: &'static str = "lastWillRule";

    /// These rules.
    #[must_use]
    pub fn new(rules: Vec<Rule>) -> Self {
        let mut by_filter = FilterTrie::default();
        for (index, rule) in rules.iter().enumerate() {
            by_filter.insert(&rule.statement.from, index);
        }
        Self { rules, by_filter }
    }

    /// The article's rule: `SELECT * FROM '/last/will/topic' WHERE state.reported.last_will = 'yes' AND
    /// state.reported.trigger_action = 'on'`, on the topics in use. It republishes, and tells a person on the desktop.
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
        let (variables, select) = (Vec::new(), Select::List(vec![Item::All]));
        let statement = Statement { variables, select, from: will.clone(), condition: Some(condition) };
        let description = Some("tells a person that a device died (the AWS article's rule)".into());
        let actions = vec![Action::republish(executed), Action::desktop()];
        Self::new(vec![Rule { description, actions, ..Rule::new(Self::ARTICLE, statement) }])
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
            .into_iter()
            .map(|index| {
                let rule = &self.rules[index];
                let needed = rule.statement.reads_payload();
                let json = if needed { read.get_or_init(|| document(message.payload())).as_ref() } else { None };
                rule.apply(index, message, json)
            })
            .collect()
    }

    /// The rules that listen to `topic`, in their order. If there is none, nothing is allocated.
    fn listening(&self, topic: &str) -> Vec<usize> {
        let listens = |index: &usize| self.rules[*index].statement.listens_to(topic);
        let mut listening: Vec<_> = self.by_filter.matches(topic).copied().filter(listens).collect();
        listening.sort_unstable();
        listening
    }
}

impl Rule {
    /// A rule that does nothing yet.
    #[must_use]
    pub fn new(name: &str, statement: Statement) -> Self {
        Self {
            name: name.into(),
            description: None,
            statement: statement.into(),
            actions: Vec::new(),
            error_action: None,
        }
    }

    /// With one action more.
    #[must_use]
    pub fn doing(mut self, action: impl Into<Action>) -> Self {
        self.actions.push(action.into());
        self
    }

    fn apply<'m>(&self, rule: usize, message: &Message<'m>, json: Option<&serde_json::Value>) -> Outcome<'m> {
        let scope = self.statement.scope(*message, json);
        let matched = self.statement.fires(&scope);
        let output = if matched { self.statement.output(message, &scope) } else { None };
        Outcome { rule, name: Arc::clone(&self.name), matched, output }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_answer_in_their_order() {
        let filters = ["a/+", "a/b", "#", "x", "a/b", "a/#", "a/c"];
        let rule = |(index, filter): (usize, &&str)| {
            Rule::new(&index.to_string(), format!("SELECT * FROM '{filter}'").parse().unwrap())
        };
        let rules = RuleSet::new(filters.iter().enumerate().map(rule).collect());
        let names = |topic| -> Vec<String> {
            rules.evaluate(&Message::new(topic, b"")).iter().map(|outcome| outcome.name.to_string()).collect()
        };
        assert_eq!(names("a/b"), ["0", "1", "2", "4", "5"]);
        assert_eq!(names("x"), ["2", "3"]);
        // AWS's `a/#` does not match `a`, MQTT's does.
        assert_eq!(names("a"), ["2"]);
        assert_eq!(names("$aws/x"), [""; 0]);
    }
}
