//! A desk with one rule, fed by hand.

use super::job::{START, job};
use lwtop::actions::{ActionId, Desk, Job};
use lwtop::clock::Clock;
use lwtop::fleet::{ActionReport, Hop, Hops, IncidentId, Report};
use lwtop::mqtt::Fault;
use lwtop::rules::{Action, Kind, Pace, Rule, RuleSet, Statement};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::timeout;

pub const PATIENCE: Duration = Duration::from_secs(60);
pub const ACTION: ActionId = ActionId { rule: 0, action: Some(0) };
pub const ARTICLE: &[u8] =
    br#"{"state":{"reported":{"last_will":"yes","trigger_action":"on","client_id":"lwtThing"}}}"#;

fn statement() -> Statement {
    "SELECT * FROM '/last/will/topic'".parse().unwrap()
}

pub struct Scene {
    pub desk: Desk,
    inbox: mpsc::Receiver<Report>,
}

impl Scene {
    pub fn with(kind: Kind) -> Self {
        Self::paced(kind, |_| {})
    }

    /// With another pace than usual.
    pub fn paced(kind: Kind, change: impl FnOnce(&mut Pace)) -> Self {
        let mut action = Action::from(kind);
        change(&mut action.pace);
        Self::open(vec![Rule::new("lastWillRule", statement()).doing(action)])
    }

    /// In front of a second rule's action, which has nothing to do.
    pub fn beside(kind: Kind, idle: Kind) -> Self {
        Self::open(vec![
            Rule::new("lastWillRule", statement()).doing(kind),
            Rule { error_action: Some(idle.into()), ..Rule::new("idle", statement()) },
        ])
    }

    fn open(rules: Vec<Rule>) -> Self {
        let (reports, inbox) = mpsc::channel(64);
        Self { desk: Desk::start(&RuleSet::new(rules), &[], reports, Clock::start()), inbox }
    }

    pub fn submit(&self, job: Job) {
        self.desk.submit(ACTION, job);
    }

    pub async fn next(&mut self) -> Report {
        timeout(PATIENCE, self.inbox.recv()).await.expect("no report came").expect("the desk has gone")
    }

    pub async fn report(&mut self) -> ActionReport {
        match self.next().await {
            Report::Action(report) => *report,
            other => panic!("no report of an action, but {other:?}"),
        }
    }

    /// What came of one event.
    pub async fn outcome(&mut self, job: Job) -> ActionReport {
        self.submit(job);
        self.report().await
    }

    pub async fn failure(&mut self, job: Job) -> String {
        self.outcome(job).await.failure.expect("it did not fail")
    }
}

/// The death of a device, with this message of its.
pub fn death(device: &str, payload: &[u8]) -> Job {
    let at = |micros| START + Duration::from_micros(micros);
    let mut job = job(device, Duration::ZERO, payload);
    let mut hops = Hops::default();
    hops.set(Hop::Cut, START);
    hops.set(Hop::Will, at(3_100));
    job.facts.hops = hops;
    job.message.at = at(3_100);
    job.facts.fault = Some(Fault::Rst);
    (job.at, job.facts.at) = (at(3_200), at(3_200));
    Job { incident: Some(IncidentId(7)), ..job }
}

/// A folder that is removed with the value.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("lwtop-actions-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub fn names(&self) -> Vec<String> {
        let name = |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
        let mut names: Vec<_> = std::fs::read_dir(&self.0).unwrap().map(name).collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Runs the test `name` of this file once more, in a process of its own: that has another environment, which a process
/// cannot give itself while it has threads.
pub fn in_another_process(name: &str, environment: &[(&str, &str)]) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(INSIDE, "1")
        .envs(environment.iter().copied())
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(
        output.status.success() && out.contains("1 passed"),
        "{name} failed in a process of its own:\n{out}\n{err}"
    );
}

/// Whether this is that other process.
pub fn inside() -> bool {
    std::env::var_os(INSIDE).is_some()
}

const INSIDE: &str = "LWTOP_TEST_INSIDE";
