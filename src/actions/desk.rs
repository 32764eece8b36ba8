//! The desk that hands events to the actions' tasks.

mod mailbox;
#[cfg(test)]
mod tests;
mod worker;

use self::mailbox::Mailbox;
use self::worker::Worker;
use super::channel::{Broken, channel};
use super::{ActionId, Deliver, Job, desktop};
use crate::clock::Clock;
use crate::fleet::Report;
use crate::rules::{Action, Kind, RuleSet};
use futures_util::FutureExt as _;
use futures_util::future::Shared;
use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

/// How long tasks may take after the end of the patience to tell what they did not deliver.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Patience beyond this is as good as none: an instant has to hold it.
const LONG: Duration = Duration::from_secs(24 * 60 * 60);

/// Whether there is a notification service: found out once, for all actions that need one.
type Service = Shared<Pin<Box<dyn Future<Output = Result<(), Arc<str>>> + Send>>>;

/// All actions of all rules, apart from republishing.
pub struct Desk {
    mailboxes: HashMap<ActionId, Arc<Mailbox>>,
    /// Until when tasks may go on, once they have to end.
    end: watch::Sender<Option<Instant>>,
    /// Ended with the desk, if not before.
    tasks: JoinSet<()>,
}

impl Desk {
    /// Starts a task for each action; must be called inside a tokio runtime. `secrets` names environment variables that are
    /// for lwtop alone: no program gets them.
    ///
    /// What comes of each group is reported as `Report::Action`.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "each action keeps a sender of its own")]
    pub fn start(rules: &RuleSet, secrets: &[String], reports: mpsc::Sender<Report>, clock: Clock) -> Self {
        let secrets = [secrets, &of_actions(rules)].concat();
        Self::open(rules, &reports, clock, |kind| channel(kind, &secrets), desktop::probe())
    }

    /// The same with other adapters, and another way to look for a notification service.
    fn open(
        rules: &RuleSet,
        reports: &mpsc::Sender<Report>,
        clock: Clock,
        adapter: impl Fn(&Kind) -> Result<Box<dyn Deliver>, String>,
        probe: impl Future<Output = Result<(), String>> + Send + 'static,
    ) -> Self {
        let (end, ended) = watch::channel(None);
        let mut desk = Self { mailboxes: HashMap::new(), end, tasks: JoinSet::new() };
        let probe: Pin<Box<dyn Future<Output = Result<(), Arc<str>>> + Send>> =
            Box::pin(async move { probe.await.map_err(Arc::from) });
        let service: Service = probe.shared();
        for (rule, known) in rules.rules().iter().enumerate() {
            let actions = known.actions.iter().enumerate().map(|(index, action)| (Some(index), action));
            for (index, action) in actions.chain(known.error_action.iter().map(|action| (None, action))) {
                let Action { kind, pace } = action;
                if matches!(kind, Kind::Republish(_)) {
                    continue;
                }
                let id = ActionId { rule, action: index };
                let mailbox = Arc::new(Mailbox::new(kind, *pace));
                let worker = Worker {
                    id,
                    rule: Arc::clone(&known.name),
                    kind: kind.name(),
                    target: kind.target(),
                    notifies: kind.notifies(),
                    pace: *pace,
                    adapter: adapter(kind).unwrap_or_else(|why| Box::new(Broken(why))),
                    mailbox: Arc::clone(&mailbox),
                    reports: reports.clone(),
                    clock,
                    end: ended.clone(),
                };
                desk.mailboxes.insert(id, mailbox);
                let needed = matches!(kind, Kind::Desktop(_)).then(|| service.clone());
                desk.tasks.spawn(async move {
                    if let Some(service) = needed
                        && let Err(why) = service.await
                    {
                        return worker.mailbox.close(why);
                    }
                    worker.run().await;
                });
            }
        }
        desk
    }

    /// Hands over an event, without waiting. Nothing is dropped in silence: what does not fit in the mailbox is counted
    /// in its group, or, where each event is told of on its own, reported as failed.
    ///
    /// An action that cannot work on this machine takes nothing: nobody was to be told here.
    pub fn submit(&self, id: ActionId, job: Job) {
        if let Some(mailbox) = self.mailboxes.get(&id) {
            mailbox.put(job);
        }
    }

    /// How many events wait for their group or are being delivered.
    #[must_use]
    pub fn waiting(&self, id: ActionId) -> u64 {
        self.mailboxes.get(&id).map_or(0, |mailbox| mailbox.waiting())
    }

    /// Why an action cannot work on this machine: a desktop without a notification service. `None` until that is found out.
    #[must_use]
    pub fn idle(&self, id: ActionId) -> Option<Arc<str>> {
        self.mailboxes.get(&id)?.closed()
    }

    /// Delivers what waits, for no longer than `patience`, then ends all tasks. What could not be delivered is reported;
    /// the reports have to be read meanwhile.
    pub async fn stop(mut self, patience: Duration) {
        let end = Instant::now() + patience.min(LONG);
        self.end.send_replace(Some(end));
        let done = async { while self.tasks.join_next().await.is_some() {} };
        if timeout_at(end + LAST_WORDS, done).await.is_err() {
            tracing::warn!(tasks = self.tasks.len(), "ended actions that were still at work");
            self.tasks.shutdown().await;
        }
    }
}

/// The environment variables that the actions read secrets from.
fn of_actions(rules: &RuleSet) -> Vec<String> {
    let actions = rules.rules().iter().flat_map(|rule| rule.actions.iter().chain(&rule.error_action));
    actions.filter_map(|action| action.kind.secret_variable()).map(str::to_owned).collect()
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk").field("actions", &self.mailboxes.len()).finish_non_exhaustive()
    }
}
