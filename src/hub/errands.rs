//! The runtime's side of the actions: which may rest, how they stand, and their end.

use super::core::Step;
use super::runtime::{Runtime, Turn};
use super::status::RuleStanding;
use crate::actions::{ActionId, Desk};
use crate::rules::{Kind, RuleSet};
use std::time::Duration;

/// How long actions that wait may take at the end: a mail that is being gathered goes out.
const LAST_ACTIONS: Duration = Duration::from_secs(5);

/// How long the error actions of those that failed then may take.
const LAST_ERRORS: Duration = Duration::from_secs(1);

impl Runtime {
    /// How many events wait for an action, or are being delivered.
    #[must_use]
    pub fn undelivered(&self) -> u64 {
        let ids = self.hub.rules().rules().iter().enumerate().flat_map(|(rule, each)| {
            let actions = (0..each.actions.len()).map(Some).chain(each.error_action.iter().map(|_| None));
            actions.map(move |action| ActionId { rule, action })
        });
        ids.map(|id| self.desk.waiting(id)).sum()
    }

    /// Delivers what waits for an action, for at most five seconds, and says what came of it. To be called once, after
    /// [`Self::flush`] and before [`Self::stop`].
    pub async fn finish_actions(&mut self) -> Turn {
        let clock = self.lanes.clock;
        let mut turn = Turn::default();
        // What fails now may have an error action, which is done in a second round.
        let mut rules = self.hub.rules().clone();
        for patience in [LAST_ACTIONS, LAST_ERRORS] {
            let (secrets, reports) = (&self.setup.link.secrets, self.lanes.reports.clone());
            let next = Desk::start(&std::mem::take(&mut rules), secrets, reports, clock);
            let ending = std::mem::replace(&mut self.desk, next).stop(patience);
            tokio::pin!(ending);
            let mut ended = false;
            while !ended {
                let mut reports = Vec::new();
                tokio::select! {
                    () = &mut ending => ended = true,
                    report = self.inbox.recv() => reports.extend(report),
                }
                while let Ok(report) = self.inbox.try_recv() {
                    reports.push(report);
                }
                let mut step = Step::default();
                for report in reports {
                    self.hub.step(report, clock.now(), &mut step);
                }
                // An error that comes now must not hide what was delivered.
                let more = self.finish(step).unwrap_or_default();
                turn.changes.extend(more.changes);
                turn.notices.extend(more.notices);
            }
        }
        turn
    }
}

/// The actions that show something on this machine's desktop.
pub(super) fn desktops(rules: &RuleSet) -> Vec<ActionId> {
    let ids = rules.rules().iter().enumerate().flat_map(|(rule, each)| {
        let actions = each.actions.iter().enumerate().map(|(index, action)| (Some(index), action));
        let all = actions.chain(each.error_action.iter().map(|action| (None, action)));
        all.filter(|(_, action)| matches!(action.kind, Kind::Desktop(_)))
            .map(move |(action, _)| ActionId { rule, action })
    });
    ids.collect()
}

/// Copies the counts for the views; texts only where they changed, for it is done every frame.
pub(super) fn update(shown: &mut Vec<RuleStanding>, standing: &[RuleStanding], desk: &Desk) {
    if shown.len() != standing.len() {
        shown.clone_from(&standing.to_vec());
    }
    for (rule, (shown, now)) in shown.iter_mut().zip(standing).enumerate() {
        (shown.matched, shown.not_matched, shown.last_match) = (now.matched, now.not_matched, now.last_match);
        let plain = now.actions.len() - usize::from(now.has_error_action);
        for (index, (shown, now)) in shown.actions.iter_mut().zip(&now.actions).enumerate() {
            (shown.done, shown.failed, shown.idle) = (now.done, now.failed, now.idle);
            shown.waiting = desk.waiting(ActionId { rule, action: (index < plain).then_some(index) });
            if shown.last_failure != now.last_failure {
                shown.last_failure.clone_from(&now.last_failure);
            }
        }
    }
}
