//! What a person looks for: `presence:offline cause:keepalive id~press !"left cleanly"`. Pure: text in, a filter out,
//! which says of a device, an incident, a message or a rule whether it is shown.
//!
//! A filter is a list of terms, all of which must hold:
//!
//! ```text
//! press              the text stands somewhere: in the id, the topic, the payload, the words for how it went; of a rule
//!                    in its name, its words, its statement or what it does
//! "left cleanly"     the same with spaces
//! id:press-7         the client id is this one, letter case aside;      id~press     it has this in it; a rule's name
//! topic:a/+/will     the topic matches this filter;                     topic~will   it has this in it
//! presence:offline   online, overdue, offline or unknown
//! cause:keepalive    how it went: cut, keepalive, takeover, left, leftwithwill, protocol, kicked, unknown
//! fault:rst          what lwtop did to it: a fault's name, any, or none
//! evidence:wire      how that is known: wire, lifecycle, will, retained or inferred
//! missing:will       a hop that did not come: will, rule, executed, notified, …
//! origin:launched    launched by lwtop, or seen
//! !presence:online   the inverse of a term
//! presence:off,over  one of several; a beginning is enough
//! ```
//! A term that makes no sense is left out, and [`Filter::complaint`] says why: while one types, most terms make none yet.

mod parse;
mod test;

pub use test::Needle;

use crate::fleet::{Device, FeedEntry, Incident, News};
use crate::hub::RuleStanding;
use test::{Facts, Test};

/// What is looked for. The empty filter lets everything through.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    text: String,
    terms: Vec<Term>,
    complaint: Option<Complaint>,
}

/// Of the first term that makes no sense.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Complaint {
    /// As it was written.
    term: String,
    /// What is wrong with it, and what would make some.
    why: String,
}

/// One condition.
#[derive(Clone, Debug, PartialEq)]
struct Term {
    inverse: bool,
    test: Test,
}

impl Filter {
    /// Reads a filter. Never fails: what makes no sense is left out, with a complaint.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let (terms, complaint) = parse::terms(text);
        Self { text: text.to_owned(), terms, complaint }
    }

    /// As it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it lets everything through.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// What is wrong with the first term that makes no sense, and what would make some.
    #[must_use]
    pub fn complaint(&self) -> Option<&str> {
        self.complaint.as_ref().map(|complaint| &*complaint.why)
    }

    /// The first term that makes no sense, and is left out.
    #[must_use]
    pub fn mistake(&self) -> Option<&str> {
        self.complaint.as_ref().map(|complaint| &*complaint.term)
    }

    /// Whether `device` is shown, and so is its will in the list of wills.
    #[must_use]
    pub fn matches_device(&self, device: &Device) -> bool {
        self.is_empty() || self.holds(&Facts::of_device(device))
    }

    /// Whether `incident` is shown. `device` is the one that died, while it is there: its presence counts as it is now.
    #[must_use]
    pub fn matches_incident(&self, incident: &Incident, device: Option<&Device>) -> bool {
        self.is_empty() || self.holds(&Facts::of_incident(incident, device))
    }

    /// Whether `entry` is shown. `device` is the one it speaks of, while it is there: its presence counts as it is now.
    #[must_use]
    pub fn matches_message(&self, entry: &FeedEntry, device: Option<&Device>) -> bool {
        self.matches_said(entry) && self.matches_speaker(device)
    }

    /// The terms that a message answers by itself, once and for all.
    #[must_use]
    pub fn matches_said(&self, entry: &FeedEntry) -> bool {
        let own = |term: &&Term| !term.test.asks_device();
        self.is_empty() || Self::hold(self.terms.iter().filter(own), &Facts::of_message(entry))
    }

    /// The terms of a message that the device answers of which it speaks, and each time anew.
    #[must_use]
    pub fn matches_speaker(&self, device: Option<&Device>) -> bool {
        let other = |term: &&Term| term.test.asks_device();
        !self.asks_device() || Self::hold(self.terms.iter().filter(other), &Facts::of_speaker(device))
    }

    /// Whether a term asks how a device is now, so that the answer of a message or an incident may change with it.
    #[must_use]
    pub fn asks_device(&self) -> bool {
        self.terms.iter().any(|term| term.test.asks_device())
    }

    /// Whether a change of a presence is shown. What became of it then counts, not how it is now.
    #[must_use]
    pub fn matches_news(&self, news: &News) -> bool {
        self.is_empty() || self.holds(&Facts::of_news(news))
    }

    /// Whether a term is one that a rule can answer: a rule has a name, a topic and words, and neither presence nor cause.
    #[must_use]
    pub fn asks_rule(&self) -> bool {
        self.terms.iter().any(|term| term.test.asks_rule())
    }

    /// Whether `rule` is shown, which listens to `topic`. What only a device can answer leaves it where it is.
    #[must_use]
    pub fn matches_rule(&self, rule: &RuleStanding, topic: Option<&str>) -> bool {
        if !self.asks_rule() {
            return true;
        }
        let does: Vec<String> =
            rule.actions.iter().map(|action| format!("{} {}", action.kind, action.target)).collect();
        let facts = Facts::of_rule(rule, topic, &does);
        Self::hold(self.terms.iter().filter(|term| term.test.asks_rule()), &facts)
    }

    fn holds(&self, facts: &Facts<'_>) -> bool {
        Self::hold(self.terms.iter(), facts)
    }

    fn hold<'a>(mut terms: impl Iterator<Item = &'a Term>, facts: &Facts<'_>) -> bool {
        terms.all(|term| term.test.holds(facts) != term.inverse)
    }
}

#[cfg(test)]
mod tests;
