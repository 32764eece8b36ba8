//! Why a rule fired or did not: the WHERE tree with each operand's value and each node's result.
//!
//! Nothing is worked out in another way than when the rule runs: every value comes from [`super::eval`]. What comes of it
//! is bounded, whatever the statement and the message are: [`tree`] cuts depth and width, [`show`] cuts values.

mod reason;
mod show;
mod tree;

use super::eval::document;
use super::message::Message;
use super::rule::RuleSet;
use super::statement::Statement;
use reason::Payload;
use serde_json::{Value as Json, json};
use tree::{Branch, Walk};

/// The most causes that a verdict names.
const MOST_CAUSES: usize = 3;

/// What a rule makes of a message, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// Whether the rule listens to the message's topic at all.
    pub listens: bool,
    /// Whether it fires.
    pub matched: bool,
    /// The WHERE tree; `None` without WHERE, and for a message that the rule does not listen to.
    pub condition: Option<Node>,
    /// The reason in one sentence.
    pub verdict: String,
}

/// One operand or operation of WHERE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// As it is written; AND, OR and NOT by their name alone, because their operands are the children.
    pub text: String,
    /// The same with values in place of names: `Undefined = 'on'`; empty where it would say nothing new.
    pub values: String,
    /// What it comes to: `true`, `Undefined`, `'yes'`, …
    pub result: String,
    /// Why it is Undefined, where that can be said: `the payload has no state.reported.trigger_action`.
    pub why: Option<String>,
    /// The operands that are worth looking at.
    pub children: Vec<Self>,
}

/// One line of the tree as a person reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The branches, then the expression: `├─ state.reported.last_will = 'yes'`.
    pub text: String,
    /// What it comes to.
    pub result: String,
    /// The values, or why it is Undefined.
    pub detail: String,
}

impl Explanation {
    /// The tree, a line a node, from the root.
    #[must_use]
    pub fn lines(&self) -> Vec<Line> {
        let mut lines = Vec::new();
        if let Some(root) = &self.condition {
            root.lines(String::new(), "", &mut lines);
            if let Some(first) = lines.first_mut().filter(|line| line.detail.is_empty()) {
                first.detail.push_str(if self.matched { "fired" } else { "did not fire" });
            }
        }
        lines
    }

    /// As JSON: `matched`, `listens` and `verdict` as in the fields, and `condition`, which is null where there is none. A
    /// condition has `text`, `values`, `result`, `why` (null or text), and its `operands`, a list of the same.
    #[must_use]
    pub fn to_json(&self) -> Json {
        json!({
            "matched": self.matched,
            "listens": self.listens,
            "verdict": self.verdict,
            "condition": self.condition.as_ref().map(Node::to_json),
        })
    }
}

impl Node {
    /// `own` stands before this node's text, `below` before those of its children.
    fn lines(&self, own: String, below: &str, into: &mut Vec<Line>) {
        let detail = self.why.as_ref().unwrap_or(&self.values).clone();
        into.push(Line { text: own + &self.text, result: self.result.clone(), detail });
        let last = self.children.len().saturating_sub(1);
        for (index, child) in self.children.iter().enumerate() {
            let (branch, rest) = if index == last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
            child.lines(format!("{below}{branch}"), &format!("{below}{rest}"), into);
        }
    }

    fn to_json(&self) -> Json {
        json!({
            "text": self.text,
            "values": self.values,
            "result": self.result,
            "why": self.why,
            "operands": self.children.iter().map(Self::to_json).collect::<Vec<_>>(),
        })
    }
}

impl RuleSet {
    /// Why the rule at `index` fires on `message`, or does not; `None` if there is no such rule.
    #[must_use]
    pub fn explain(&self, index: usize, message: &Message<'_>) -> Option<Explanation> {
        self.rules().get(index).map(|rule| rule.statement.explain(message))
    }
}

impl Statement {
    /// Why the statement fires on `message`, or does not.
    #[must_use]
    pub fn explain(&self, message: &Message<'_>) -> Explanation {
        if !self.listens_to(message.topic()) {
            let verdict = self.elsewhere(message.topic());
            return Explanation { listens: false, matched: false, condition: None, verdict };
        }
        let Some(condition) = &self.condition else {
            let verdict = "It fires: it has no WHERE, so every message on its topic will do.".to_owned();
            return Explanation { listens: true, matched: true, condition: None, verdict };
        };
        let document = document(message.payload());
        let scope = || self.scope(*message, document.as_ref());
        let payload = Payload::new(message.payload(), document.as_ref());
        let branch = Walk::new(&scope, &payload).branch(condition, 0);
        let matched = self.fires(&scope());
        let verdict = if matched { "It fires: WHERE is true.".to_owned() } else { blame(&branch) };
        Explanation { listens: true, matched, condition: Some(branch.node), verdict }
    }

    /// Why it does not listen to `topic`.
    fn elsewhere(&self, topic: &str) -> String {
        let filter = self.from.as_str();
        let hint = if self.from.matches(topic) {
            "; in AWS IoT a final /# does not match the level above it"
        } else if topic.strip_prefix('/').is_some_and(|topic| self.from.matches(topic)) {
            "; the leading slash of the topic begins with an empty level"
        } else if filter.starts_with('/') && self.from.matches(&format!("/{topic}")) {
            "; the leading slash of the filter asks for an empty first level"
        } else if topic.starts_with('$') && filter.starts_with(['+', '#']) {
            "; a filter that begins with a wildcard does not match topics that begin with $"
        } else if filter.eq_ignore_ascii_case(topic) {
            "; topics tell upper case from lower case"
        } else {
            ""
        };
        let (filter, topic) = (show::plain(filter), show::plain(topic));
        format!("It does not fire: it listens to '{filter}', and the message came on '{topic}'{hint}.")
    }
}

/// Why WHERE is not true.
fn blame(branch: &Branch) -> String {
    let mut causes: Vec<&str> = Vec::new();
    for cause in &branch.blame {
        if !causes.contains(&cause.as_str()) {
            causes.push(cause);
        }
    }
    let more = match causes.len().saturating_sub(MOST_CAUSES) {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    causes.truncate(MOST_CAUSES);
    let causes = causes.join("; ");
    match branch.node.result.as_str() {
        "Undefined" if causes.is_empty() => "It does not fire: WHERE is Undefined.".to_owned(),
        "Undefined" => format!("It does not fire: {causes}{more}, so WHERE is Undefined."),
        "false" => format!("It does not fire: {causes}{more}."),
        text if text.starts_with('\'') => {
            format!("It does not fire: WHERE comes to the text {text}, and only the boolean true fires.")
        }
        result => format!("It does not fire: WHERE comes to {result}, and only the boolean true fires."),
    }
}

#[cfg(test)]
mod tests;
