//! Floor 2: what rules do when they fire, apart from republishing, which goes through the hub's own link.
//!
//! Each action of a rule has a mailbox and a task of its own, so that a mail server that hangs delays nothing but its own
//! mails. The task gathers events into groups (see [`Pace`](crate::rules::Pace)), hands each group to a [`Deliver`], and
//! reports once a group what came of it.

mod causes;
mod channel;
mod command;
mod desk;
mod desktop;
pub mod email;
mod file;
mod json;
mod progress;
pub mod sns;
mod webhook;
pub mod words;

pub use desk::Desk;

use crate::clock::Moment;
use crate::fleet::{IncidentId, Incoming};
use crate::rules::{Facts, Message, Statement, Template, TemplateError};
use bytes::Bytes;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// Which action: of which rule, and which of its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActionId {
    /// The rule: an index into `RuleSet::rules`.
    pub rule: usize,
    /// The action: an index into `Rule::actions`; `None` for the rule's error action.
    pub action: Option<usize>,
}

/// One event for an action.
#[derive(Clone, Debug)]
pub struct Job {
    /// When the rule matched.
    pub at: Moment,
    /// The incident that it belongs to, if there is one.
    pub incident: Option<IncidentId>,
    /// What is known of the death.
    pub facts: Facts,
    /// The message that the rule matched.
    pub message: Incoming,
    /// What the rule selected from it; empty if that is Undefined.
    pub output: Bytes,
    /// The rule's statement, whose variables templates may use.
    pub statement: Option<Arc<Statement>>,
}

impl Job {
    /// The message as the templates of an action see it.
    #[must_use]
    pub fn seen(&self) -> Message<'_> {
        Message::heard(&self.message, self.facts.device.as_ref()).with_facts(Some(&self.facts))
    }

    /// What comes of a template for this event.
    ///
    /// # Errors
    /// When a placeholder is Undefined.
    pub fn render(&self, template: &Template) -> Result<String, TemplateError> {
        match &self.statement {
            Some(statement) => template.render_for(statement, &self.seen()),
            None => template.render(&self.seen()),
        }
    }
}

/// Events that are told of together.
#[derive(Clone, Debug)]
pub struct Group {
    /// The events, oldest first; never empty.
    pub jobs: Vec<Job>,
    /// How many more there were, whose details did not fit.
    pub more: u64,
}

impl Group {
    /// How many events.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.jobs.len() as u64 + self.more
    }

    /// Never, for a group that the desk made.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Why a group was not delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// The reason in one sentence, without secrets.
    pub why: String,
    /// Whether another attempt may help: a template that fails will fail again.
    pub again: bool,
    /// How long to wait for the next attempt at the least, where the other side says so.
    pub after: Option<Duration>,
}

impl Failed {
    /// A failure that another attempt may mend.
    pub fn for_now(why: impl Into<String>) -> Self {
        Self { why: why.into(), again: true, after: None }
    }

    /// A failure that stays.
    pub fn for_good(why: impl Into<String>) -> Self {
        Self { why: why.into(), again: false, after: None }
    }

    /// With the least time before the next attempt.
    #[must_use]
    pub fn after(self, wait: Duration) -> Self {
        Self { after: Some(wait), ..self }
    }
}

/// What an attempt leads to.
pub type Attempt<'a> = Pin<Box<dyn Future<Output = Result<(), Failed>> + Send + 'a>>;

/// A way to tell somebody or something of a group of events.
pub trait Deliver: Send + Sync {
    /// One attempt. Cancel safe: it is dropped when the time is over.
    fn deliver<'a>(&'a self, group: &'a Group) -> Attempt<'a>;
}
