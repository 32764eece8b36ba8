//! Which adapter does an action.

use super::command::Runner;
use super::desktop::Notifier;
use super::email::Mailer;
use super::file::Appender;
use super::sns::Publisher;
use super::webhook::Poster;
use super::{Attempt, Deliver, Failed, Group};
use crate::rules::Kind;

/// The adapter for `kind`; a republish has none, because the hub publishes it. `secrets` names the environment variables
/// that lwtop or any of the actions reads a secret from.
///
/// # Errors
/// When it cannot be set up as configured: one sentence.
pub(super) fn channel(kind: &Kind, secrets: &[String]) -> Result<Box<dyn Deliver>, String> {
    Ok(match kind {
        Kind::Republish(_) => return Err("a republish goes through lwtop's own link".to_owned()),
        Kind::Desktop(desktop) => Box::new(Notifier::new(desktop)),
        Kind::Email(email) => Box::new(Mailer::new(email)),
        Kind::Sns(sns) => Box::new(Publisher::new(sns)),
        Kind::Webhook(webhook) => Box::new(Poster::new(webhook)?),
        Kind::Command(command) => Box::new(Runner::new(command, secrets)),
        Kind::File(file) => Box::new(Appender::new(file)),
    })
}

/// What stands in for an adapter that could not be set up: each group fails with the reason, so that every incident
/// shows it.
pub(super) struct Broken(pub String);

impl Deliver for Broken {
    fn deliver<'a>(&'a self, _group: &'a Group) -> Attempt<'a> {
        Box::pin(async { Err(Failed::for_good(self.0.clone())) })
    }
}
