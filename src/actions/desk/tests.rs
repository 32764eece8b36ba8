use super::*;
use crate::actions::{Attempt, Failed, Group};
use crate::clock::Moment;
use crate::fleet::{ActionReport, IncidentId, Incoming};
use crate::mqtt::{Cause, ClientId, Qos};
use crate::rules::{Command, Desktop, Email, Facts, File, MailSecurity, Pace, Rule, Template};
use bytes::Bytes;
use std::collections::{BTreeSet, VecDeque};
use std::future::{pending, ready};
use std::sync::Mutex;

const FIRST: ActionId = ActionId { rule: 0, action: Some(0) };
const SECOND: ActionId = ActionId { rule: 0, action: Some(1) };

fn email() -> Kind {
    Kind::Email(Box::new(Email {
        from: "lwtop@localhost".to_owned(),
        to: vec!["a@localhost".to_owned()],
        subject: None,
        body: None,
        host: "localhost".to_owned(),
        port: None,
        security: MailSecurity::None,
        user: None,
        password: None,
    }))
}

fn file() -> Kind {
    Kind::File(File { path: "unused".into() })
}

fn job(number: u64) -> Job {
    sized(number, Bytes::from_static(b"{}"))
}

fn sized(number: u64, payload: Bytes) -> Job {
    let at = Moment::from_millis(number);
    let message = Incoming {
        at,
        topic: "/last/will/topic".into(),
        payload: payload.clone(),
        qos: Qos::AtMostOnce,
        retain: false,
        publisher: None,
        source: None,
        properties: None,
    };
    let facts = Facts {
        rule: "lastWillRule".into(),
        device: Some(ClientId::new(format!("d-{number}"))),
        cause: Some(Cause::ConnectionLost),
        at,
        ..Facts::default()
    };
    Job { at, incident: Some(IncidentId(number)), facts, message, output: payload, statement: None }
}

/// What an attempt of the scripted adapter comes to.
#[derive(Clone, Debug)]
enum Fate {
    Done,
    Fails(Failed),
    Hangs,
}

/// Follows a script, then its last line for ever; notes when each attempt began, and the incidents in its group.
#[derive(Clone)]
struct Scripted {
    script: Arc<Mutex<VecDeque<Fate>>>,
    attempts: Arc<Mutex<Vec<(Duration, u64)>>>,
    begun: Instant,
}

impl Scripted {
    fn new(script: impl IntoIterator<Item = Fate>) -> Self {
        let script = Arc::new(Mutex::new(script.into_iter().collect()));
        Self { script, attempts: Arc::default(), begun: Instant::now() }
    }

    /// In whole seconds since the start.
    fn seconds(&self) -> Vec<u64> {
        self.attempts.lock().unwrap().iter().map(|(at, _)| at.as_secs()).collect()
    }

    fn sizes(&self) -> Vec<u64> {
        self.attempts.lock().unwrap().iter().map(|(_, size)| *size).collect()
    }
}

impl Deliver for Scripted {
    fn deliver<'a>(&'a self, group: &'a Group) -> Attempt<'a> {
        self.attempts.lock().unwrap().push((self.begun.elapsed(), group.len()));
        let mut script = self.script.lock().unwrap();
        let fate = if script.len() > 1 { script.pop_front().unwrap() } else { script[0].clone() };
        match fate {
            Fate::Done => Box::pin(ready(Ok(()))),
            Fate::Fails(failed) => Box::pin(ready(Err(failed))),
            Fate::Hangs => Box::pin(pending()),
        }
    }
}

struct Scene {
    desk: Desk,
    inbox: mpsc::Receiver<Report>,
}

impl Scene {
    /// A desk with these actions of one rule; each kind has its adapter.
    fn open<const N: usize>(actions: [(Kind, Pace, Scripted); N]) -> Self {
        Self::with_service(actions, Ok(()))
    }

    fn with_service<const N: usize>(actions: [(Kind, Pace, Scripted); N], service: Result<(), String>) -> Self {
        let mut rule = Rule::new("lastWillRule", "SELECT * FROM '/last/will/topic'".parse().unwrap());
        let mut adapters = Vec::new();
        for (kind, pace, adapter) in actions {
            adapters.push((kind.name(), adapter));
            rule = rule.doing(Action { kind, pace });
        }
        let adapter = |kind: &Kind| {
            let (_, adapter) = adapters.iter().find(|(name, _)| *name == kind.name()).unwrap();
            Ok(Box::new(adapter.clone()) as Box<dyn Deliver>)
        };
        let (reports, inbox) = mpsc::channel(64);
        let rules = RuleSet::new(vec![rule]);
        Self { desk: Desk::open(&rules, &reports, Clock::start(), adapter, ready(service)), inbox }
    }

    async fn report(&mut self) -> ActionReport {
        // An hour of time that stands still passes at once if nobody has anything to do.
        match timeout_at(Instant::now() + Duration::from_secs(3_600), self.inbox.recv()).await {
            Ok(Some(Report::Action(report))) => *report,
            other => panic!("no report of an action, but {other:?}"),
        }
    }
}

fn pace(kind: &Kind) -> Pace {
    kind.pace()
}

fn numbers(report: &ActionReport) -> BTreeSet<u64> {
    report.incidents.iter().map(|incident| incident.0).collect()
}

#[tokio::test(start_paused = true)]
async fn a_burst_with_a_mail_server_that_hangs_fails_once_a_group_and_names_every_incident() {
    let (mail, log) = (Scripted::new([Fate::Hangs]), Scripted::new([Fate::Done]));
    let mut scene = Scene::open([(email(), pace(&email()), mail.clone()), (file(), pace(&file()), log.clone())]);
    // The second half comes while the first is on its way.
    for number in 1..=5_000 {
        scene.desk.submit(FIRST, job(number));
        scene.desk.submit(SECOND, job(number));
    }
    let mut written = BTreeSet::new();
    let mut groups = Vec::new();
    while groups.len() < 2 {
        if written.len() == 5_000 && groups.is_empty() {
            while mail.sizes().is_empty() {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            for number in 5_001..=10_000 {
                scene.desk.submit(FIRST, job(number));
                scene.desk.submit(SECOND, job(number));
            }
        }
        let report = scene.report().await;
        if report.kind == "email" {
            groups.push(report);
        } else {
            assert_eq!((report.failure, report.events), (None, 1));
            written.extend(report.incidents.iter().map(|incident| incident.0));
        }
    }
    // Nobody waited for the mail.
    assert_eq!(written.len(), 10_000);
    for (group, wanted) in groups.iter().zip([1..=5_000, 5_001..=10_000]) {
        assert_eq!((group.events, group.attempts), (5_000, 4));
        assert_eq!(group.failure.as_deref(), Some("no answer within 20 s"));
        assert_eq!(group.target, "a@localhost");
        assert_eq!(numbers(group), wanted.collect());
    }
    assert_eq!((scene.desk.waiting(FIRST), scene.desk.waiting(SECOND)), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn groups_gather_and_rest() {
    let seconds = Duration::from_secs;
    let mail = Scripted::new([Fate::Done]);
    let pace = Pace { group: seconds(2), cooldown: seconds(10), ..pace(&email()) };
    let mut scene = Scene::open([(email(), pace, mail.clone())]);
    scene.desk.submit(FIRST, job(1));
    tokio::time::sleep(seconds(1)).await;
    scene.desk.submit(FIRST, job(2));
    assert_eq!(scene.desk.waiting(FIRST), 2);
    assert_eq!(numbers(&scene.report().await), [1, 2].into());
    scene.desk.submit(FIRST, job(3));
    assert_eq!(numbers(&scene.report().await), [3].into());
    assert_eq!(mail.seconds(), [2, 14], "2 s to gather; 10 s of rest and 2 s to gather");
}

#[tokio::test(start_paused = true)]
async fn a_group_is_sent_as_soon_as_it_is_whole() {
    let mail = Scripted::new([Fate::Done]);
    let pace = Pace { group: Duration::from_secs(60), cooldown: Duration::ZERO, most: 3, ..pace(&email()) };
    let mut scene = Scene::open([(email(), pace, mail.clone())]);
    for number in 1..=7 {
        scene.desk.submit(FIRST, job(number));
    }
    for wanted in [vec![1, 2, 3], vec![4, 5, 6], vec![7]] {
        assert_eq!(numbers(&scene.report().await), wanted.into_iter().collect());
    }
    assert_eq!(mail.seconds(), [0, 0, 60]);
}

#[tokio::test(start_paused = true)]
async fn attempts_are_repeated_where_that_may_help() {
    let busy = || Fate::Fails(Failed::for_now("busy"));
    let slow = || Fate::Fails(Failed::for_now("slow down").after(Duration::from_secs(50)));
    let wrong = || Fate::Fails(Failed::for_good("no such address"));
    for (script, retries, attempts, failure, longest) in [
        (vec![Fate::Done], 3, 1, None, 0),
        (vec![busy(), Fate::Hangs, Fate::Done], 3, 3, None, 1 + 20 + 2),
        (vec![busy()], 2, 3, Some("busy"), 1 + 2),
        (vec![busy()], 7, 8, Some("busy"), 1 + 2 + 4 + 8 + 16 + 30 + 30),
        (vec![wrong()], 3, 1, Some("no such address"), 0),
        (vec![slow(), Fate::Done], 3, 2, None, 50),
    ] {
        let mail = Scripted::new(script.clone());
        let pace = Pace { retries, group: Duration::ZERO, ..pace(&email()) };
        let mut scene = Scene::open([(email(), pace, mail.clone())]);
        scene.desk.submit(FIRST, job(1));
        let report = scene.report().await;
        assert_eq!((report.attempts, report.failure.as_deref()), (attempts, failure), "{script:?}");
        let took = mail.seconds().last().copied().unwrap();
        assert!(took <= longest && took >= longest / 2, "{script:?} took {took} s, not {longest} s at the most");
    }
}

#[tokio::test(start_paused = true)]
async fn what_does_not_fit_is_counted_or_owned_up_to() {
    let (mail, log) = (Scripted::new([Fate::Done]), Scripted::new([Fate::Done]));
    let mut scene = Scene::open([(email(), pace(&email()), mail), (file(), pace(&file()), log.clone())]);
    for number in 1..=12_000 {
        scene.desk.submit(FIRST, job(number));
        scene.desk.submit(SECOND, job(number));
    }
    assert_eq!((scene.desk.waiting(FIRST), scene.desk.waiting(SECOND)), (12_000, 10_000));
    let (mut told, mut lost) = (BTreeSet::new(), Vec::new());
    while told.len() < 10_000 || lost.is_empty() {
        let report = scene.report().await;
        if report.failure.is_some() {
            lost.push(report);
        } else {
            told.extend(numbers(&report));
        }
    }
    assert_eq!(lost.len(), 1);
    assert_eq!((lost[0].events, lost[0].attempts, numbers(&lost[0])), (2_000, 0, (10_001..=12_000).collect()));
    let why = lost[0].failure.as_deref().unwrap().replace('\u{a0}', " ");
    assert_eq!(why, "its queue of 10 000 events is full: 2 000 events were not sent");
    let mail = scene.report().await;
    assert_eq!((mail.kind, mail.events, mail.failure.as_deref()), ("email", 12_000, None));
    assert_eq!(numbers(&mail), (1..=12_000).collect());
    // Messages count by their size too.
    let large = Bytes::from(vec![b'x'; 10 << 20]);
    for number in 1..=5 {
        scene.desk.submit(SECOND, sized(number, large.clone()));
    }
    assert_eq!(scene.desk.waiting(SECOND), 3);
}

#[tokio::test(start_paused = true)]
async fn a_program_runs_for_each_event_however_it_is_paced() {
    let argv = vec![Template::literal("true")];
    let command = Kind::Command(Command { argv });
    let runs = Scripted::new([Fate::Done]);
    let pace = Pace { most: Pace::MANY, group: Duration::from_secs(1), ..pace(&command) };
    let mut scene = Scene::open([(command, pace, runs.clone())]);
    scene.desk.submit(FIRST, job(1));
    scene.desk.submit(FIRST, job(2));
    scene.report().await;
    scene.report().await;
    assert_eq!(runs.sizes(), [1, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_desk_that_is_stopped_delivers_once_more_and_reports_the_rest() {
    let seconds = Duration::from_secs;
    for (fate, patience, events, attempts, failure, last) in [
        (Fate::Done, 5, 3, 1, None, 0),
        (Fate::Fails(Failed::for_now("busy")), 5, 3, 1, Some("busy"), 0),
        (Fate::Hangs, 5, 3, 1, Some("lwtop ended before it was done"), 5),
        (Fate::Done, 0, 3, 0, Some("lwtop ended before it was begun"), 0),
    ] {
        let mail = Scripted::new([fate.clone()]);
        let pace = Pace { group: seconds(60), cooldown: seconds(60), ..pace(&email()) };
        let mut scene = Scene::open([(email(), pace, mail.clone())]);
        for number in 1..=3 {
            scene.desk.submit(FIRST, job(number));
        }
        let begun = Instant::now();
        scene.desk.stop(seconds(patience)).await;
        assert_eq!(begun.elapsed().as_secs(), last, "{fate:?}");
        let Some(Report::Action(report)) = scene.inbox.recv().await else { panic!("no report: {fate:?}") };
        assert_eq!(
            (report.events, report.attempts, report.failure.as_deref()),
            (events, attempts, failure),
            "{fate:?}"
        );
        assert_eq!(numbers(&report), [1, 2, 3].into());
        assert!(scene.inbox.recv().await.is_none(), "one report, then nobody is left to send any");
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_between_attempts_ends_when_the_desk_is_stopped() {
    let mail = Scripted::new([Fate::Fails(Failed::for_now("slow down").after(Duration::from_secs(60))), Fate::Done]);
    let pace = Pace { group: Duration::ZERO, ..pace(&email()) };
    let mut scene = Scene::open([(email(), pace, mail.clone())]);
    scene.desk.submit(FIRST, job(1));
    while mail.sizes().is_empty() {
        tokio::task::yield_now().await;
    }
    scene.desk.stop(Duration::from_secs(5)).await;
    let Some(Report::Action(report)) = scene.inbox.recv().await else { panic!("no report") };
    assert_eq!((report.attempts, report.failure.as_deref()), (2, None));
}

#[tokio::test(start_paused = true)]
async fn a_desk_stops_though_nobody_reads_its_reports() {
    let log = Scripted::new([Fate::Done]);
    let scene = Scene::open([(file(), pace(&file()), log)]);
    for number in 1..=1_000 {
        scene.desk.submit(FIRST, job(number));
    }
    let begun = Instant::now();
    scene.desk.stop(Duration::from_secs(5)).await;
    assert_eq!(begun.elapsed(), Duration::from_secs(5) + LAST_WORDS);
}

#[tokio::test(start_paused = true)]
async fn a_desktop_without_a_service_is_left_out() {
    let notices = Scripted::new([Fate::Done]);
    let desktop = || Kind::Desktop(Desktop::default());
    let action = || (desktop(), pace(&desktop()), notices.clone());
    let mut scene = Scene::with_service([action(), action()], Err("No notification service runs.".to_owned()));
    assert_eq!(scene.desk.idle(FIRST), None, "it is not known yet");
    scene.desk.submit(FIRST, job(1));
    scene.desk.submit(SECOND, job(1));
    while scene.desk.idle(FIRST).is_none() || scene.desk.idle(SECOND).is_none() {
        tokio::task::yield_now().await;
    }
    scene.desk.submit(FIRST, job(2));
    assert_eq!(scene.desk.idle(FIRST).as_deref(), Some("No notification service runs."));
    assert_eq!((scene.desk.waiting(FIRST), scene.desk.waiting(SECOND)), (0, 0));
    scene.desk.stop(Duration::from_secs(5)).await;
    assert!(scene.inbox.recv().await.is_none(), "something was reported");
    assert_eq!(notices.sizes(), [0; 0]);
}

#[tokio::test(start_paused = true)]
async fn an_adapter_that_cannot_be_set_up_fails_every_group_with_the_reason() {
    let rule = Rule::new("lastWillRule", "SELECT * FROM 'a'".parse().unwrap());
    let rules = RuleSet::new(vec![rule.doing(email()).doing(Action::republish(&"b".parse().unwrap()))]);
    let (reports, mut inbox) = mpsc::channel(1);
    let adapter = |_: &Kind| Err("the recipient is no address".to_owned());
    let desk = Desk::open(&rules, &reports, Clock::start(), adapter, ready(Ok(())));
    desk.submit(SECOND, job(1));
    desk.submit(FIRST, job(2));
    let Some(Report::Action(report)) = inbox.recv().await else { panic!("no report") };
    let first = (report.action, report.attempts, report.failure.as_deref());
    assert_eq!(first, (Some(0), 1, Some("the recipient is no address")));
    assert_eq!((desk.waiting(SECOND), desk.idle(SECOND)), (0, None), "the hub publishes");
}
