//! The task of one action: gathers, delivers, repeats, reports, rests.

use super::mailbox::{Batch, Mailbox, Spilled};
use crate::actions::words::count;
use crate::actions::{ActionId, Deliver, Failed, Group};
use crate::clock::Clock;
use crate::fleet::{ActionReport, IncidentId, Incoming, Report};
use crate::rules::Pace;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout};

/// The wait before the second attempt; it doubles with each.
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// The longest wait between attempts, unless the other side asks for more.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// One action at work.
pub(super) struct Worker {
    pub id: ActionId,
    pub rule: Arc<str>,
    pub kind: &'static str,
    pub target: String,
    pub notifies: bool,
    pub pace: Pace,
    pub adapter: Box<dyn Deliver>,
    pub mailbox: Arc<Mailbox>,
    pub reports: mpsc::Sender<Report>,
    pub clock: Clock,
    /// Until when it may go on, once it has to end.
    pub end: watch::Receiver<Option<Instant>>,
}

impl Worker {
    /// Works until it has to end.
    pub(super) async fn run(self) {
        while self.unless_ending(self.mailbox.filled()).await {
            if !self.unless_ending(self.gathered()).await {
                break;
            }
            let Some(batch) = self.mailbox.take() else { continue };
            self.tell(batch).await;
            self.own_up().await;
            // Even no sleep at all would last until the timer's next tick.
            if !self.pace.cooldown.is_zero() {
                self.unless_ending(sleep(self.pace.cooldown)).await;
            }
        }
        self.finish().await;
    }

    /// Waits for as long as a group gathers.
    async fn gathered(&self) {
        if self.pace.group.is_zero() {
            return;
        }
        tokio::select! {
            () = sleep(self.pace.group) => {}
            () = self.mailbox.whole() => {}
        }
    }

    /// Delivers one group and reports what came of it.
    async fn tell(&self, batch: Batch) {
        let (attempts, failure) = self.deliver(&batch.group).await;
        let events = batch.group.len();
        if let Some(job) = batch.group.jobs.into_iter().next() {
            self.report(events, batch.incidents, attempts, failure, job.message).await;
        }
        self.mailbox.done();
    }

    /// Attempts until it is done or given up: how many, and why it failed.
    async fn deliver(&self, group: &Group) -> (u32, Option<String>) {
        let mut attempts = 0;
        loop {
            let last = self.ending();
            attempts += 1;
            let Err(failed) = self.attempt(group).await else { return (attempts, None) };
            if !failed.again || last || attempts > self.pace.retries {
                return (attempts, Some(failed.why));
            }
            let wait = backoff(attempts).max(failed.after.unwrap_or_default());
            self.unless_ending(sleep(wait)).await;
        }
    }

    async fn attempt(&self, group: &Group) -> Result<(), Failed> {
        tokio::select! {
            biased;
            result = timeout(self.pace.timeout, self.adapter.deliver(group)) => {
                result.unwrap_or_else(|_| Err(Failed::for_now(self.overdue())))
            }
            () = self.out_of_time() => Err(Failed::for_good("lwtop ended before it was done")),
        }
    }

    fn overdue(&self) -> String {
        let time = self.pace.timeout;
        let time = if time.subsec_millis() == 0 {
            format!("{} s", time.as_secs())
        } else {
            format!("{} ms", count(u64::try_from(time.as_millis()).unwrap_or(u64::MAX)))
        };
        match self.kind {
            "command" => format!("it had not ended after {time} and was killed"),
            "file" => format!("it could not be written within {time}"),
            _ => format!("no answer within {time}"),
        }
    }

    /// Reports the events that the mailbox could not hold, where each counts.
    async fn own_up(&self) {
        if let Some(Spilled { events, incidents, first: Some(first), filled }) = self.mailbox.lost() {
            let (were, filled) = (if events == 1 { "event was" } else { "events were" }, count(filled as u64));
            let why = format!("its queue of {filled} events is full: {} {were} not sent", count(events));
            self.report(events, incidents.into(), 0, Some(why), first).await;
        }
    }

    /// Delivers what is left, each group once, as long as there is time; what cannot be is reported.
    async fn finish(&self) {
        let mut unsent = Spilled::default();
        while let Some(batch) = self.mailbox.take() {
            if self.time_left().is_zero() {
                unsent.events += batch.group.len();
                unsent.incidents.extend(batch.incidents);
                unsent.first = unsent.first.or_else(|| batch.group.jobs.into_iter().next().map(|job| job.message));
                self.mailbox.done();
            } else {
                self.tell(batch).await;
            }
        }
        if let Some(first) = unsent.first {
            let why = "lwtop ended before it was begun".to_owned();
            self.report(unsent.events, unsent.incidents.into(), 0, Some(why), first).await;
        }
        self.own_up().await;
    }

    async fn report(
        &self,
        events: u64,
        incidents: Vec<IncidentId>,
        attempts: u32,
        failure: Option<String>,
        first: Incoming,
    ) {
        let report = ActionReport {
            at: self.clock.now(),
            rule: Arc::clone(&self.rule),
            rule_index: self.id.rule,
            action: self.id.action,
            kind: self.kind,
            target: self.target.clone(),
            notifies: self.notifies,
            events,
            incidents,
            attempts,
            failure,
            first,
        };
        // A hub that has gone wants no reports.
        let _ = self.reports.send(Report::Action(Box::new(report))).await;
    }

    /// Waits for `wait`, or until it has to end; true if it need not.
    async fn unless_ending(&self, wait: impl Future<Output = ()>) -> bool {
        let mut end = self.end.clone();
        tokio::select! {
            biased;
            Ok(_) = end.wait_for(Option::is_some) => false,
            () = wait => true,
        }
    }

    fn ending(&self) -> bool {
        self.end.borrow().is_some()
    }

    fn time_left(&self) -> Duration {
        self.end.borrow().map_or(Duration::MAX, |end| end.saturating_duration_since(Instant::now()))
    }

    async fn out_of_time(&self) {
        let mut end = self.end.clone();
        let end = end.wait_for(Option::is_some).await.ok().and_then(|end| *end);
        match end {
            Some(end) => sleep_until(end).await,
            // Nobody is left who could end it in peace: it is aborted.
            None => pending().await,
        }
    }
}

/// 1 s, 2 s, 4 s … up to 30 s, less up to a half by chance, so that many do not come back at the same moment.
fn backoff(attempts: u32) -> Duration {
    let doubled = 2_u32.saturating_pow(attempts.saturating_sub(1));
    let longest = FIRST_WAIT.saturating_mul(doubled).min(LONGEST_WAIT);
    let chance = getrandom::u32().unwrap_or(0);
    longest / 2 + (longest / 2).mul_f64(f64::from(chance) / f64::from(u32::MAX))
}
