//! The hub's end of the lane: waits for reports, with a deadline.

#![allow(dead_code, reason = "not every test file needs every part")]

use lwtop::clock::Clock;
use lwtop::device::{DeviceTemplate, Plan, Solo, SoloError, Step, Swarm, Target, Witness};
use lwtop::fleet::Report;
use lwtop::mqtt::ClientId;
use lwtop::wiring::ActivityBoard;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::timeout;

/// The article's device, on topics of the test's own.
pub fn article() -> DeviceTemplate {
    DeviceTemplate::article("/last/will/topic".parse().unwrap(), "/lwt/connected/topic".parse().unwrap())
}

/// Where reports arrive.
pub struct Lane {
    pub sender: mpsc::Sender<Report>,
    reports: mpsc::Receiver<Report>,
}

impl Lane {
    pub fn new() -> Self {
        let (sender, reports) = mpsc::channel(64);
        Self { sender, reports }
    }

    /// The next report.
    pub async fn next(&mut self) -> Report {
        timeout(Duration::from_secs(30), self.reports.recv()).await.expect("no report comes").unwrap()
    }

    /// The next report of which `pick` makes something; the others are dropped.
    pub async fn find<T>(&mut self, mut pick: impl FnMut(Report) -> Option<T>) -> T {
        loop {
            let report = self.next().await;
            if let Some(found) = pick(report) {
                return found;
            }
        }
    }

    /// A report that is already there.
    pub fn ready(&mut self) -> Option<Report> {
        self.reports.try_recv().ok()
    }
}

/// A swarm that reports everything itself.
pub fn swarm(target: Target, template: DeviceTemplate, lane: &Lane) -> (Swarm, Arc<ActivityBoard>) {
    let board = Arc::new(ActivityBoard::default());
    let swarm = Swarm::new(target, template, lane.sender.clone(), Arc::clone(&board), Clock::start(), Witness::Own);
    (swarm, board)
}

/// One device of its own, from its connection to its death.
pub async fn run_one(
    target: &Target,
    template: &DeviceTemplate,
    id: &ClientId,
    plan: Plan,
    tell: impl FnMut(Step),
) -> Result<(), SoloError> {
    Solo::new(target.clone(), template.clone(), plan)?.run(id, tell).await
}
