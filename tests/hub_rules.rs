//! What the hub does with rules: chains of republishes, jobs for the actions, and what comes back of them.

use bytes::Bytes;
use lwtop::actions::{ActionId, Job};
use lwtop::clock::Moment;
use lwtop::convention::Topics;
use lwtop::fleet::{
    ActionReport, Change, Closed, Hop, IncidentPhase, Incoming, LinkEvent, Opened, Report, SessionEvent, Via,
};
use lwtop::hub::core::{Hub, Step};
use lwtop::mqtt::{Cause, ConnId, KeepAlive, Properties, Protocol, Qos, Will};
use lwtop::rules::{Action, Command, Kind, Republish, Rule, RuleSet, Template};
use lwtop::wiring::Activity;
use serde_json::{Value, json};
use std::sync::Arc;

const EXECUTED: &str = "lwt/executed";

fn at(millis: u64) -> Moment {
    Moment::from_millis(1_000_000 + millis)
}

fn rule(name: &str, from: &str) -> Rule {
    Rule::new(name, format!("SELECT * FROM '{from}'").parse().unwrap())
}

fn to(topic: &str) -> Action {
    let topic = topic.parse().unwrap();
    Kind::Republish(Republish { topic, qos: Qos::AtLeastOnce, retain: true, user_properties: Vec::new() }).into()
}

fn tell() -> Action {
    Kind::Command(Command { argv: vec![Template::literal("page-somebody")] }).into()
}

struct World {
    hub: Hub,
    now: u64,
    /// The last connection: each has a number of its own.
    conn: u64,
}

impl World {
    fn new(rules: Vec<Rule>) -> Self {
        let filter = |text: &str| text.parse().unwrap();
        let topics =
            Topics { will: filter("lwt/+/will"), connected: filter("lwt/+/connected"), executed: filter(EXECUTED) };
        let mut world = Self { hub: Hub::new(topics, RuleSet::new(rules), true), now: 0, conn: 0 };
        world.tell(Report::Link(LinkEvent::Up { at: at(0) }));
        world
    }

    fn tell(&mut self, report: Report) -> Step {
        let mut step = Step::default();
        self.hub.step(report, at(self.now), &mut step);
        step
    }

    fn hear(&mut self, topic: &str, payload: &str) -> Step {
        self.hear_with(topic, payload, &[])
    }

    fn hear_with(&mut self, topic: &str, payload: &str, user: &[(&str, &str)]) -> Step {
        self.now += 1;
        let user: Vec<_> = user.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        self.tell(Report::Incoming(vec![Incoming {
            at: at(self.now),
            topic: topic.into(),
            payload: Bytes::copy_from_slice(payload.as_bytes()),
            qos: Qos::AtMostOnce,
            retain: false,
            publisher: None,
            source: None,
            properties: (!user.is_empty()).then(|| Arc::new(Properties { user, ..Properties::default() })),
        }]))
    }

    fn opened(&mut self) -> Step {
        self.now += 1;
        self.conn += 1;
        let will = Will {
            topic: "lwt/press-7/will".into(),
            payload: Bytes::new(),
            qos: Qos::AtMostOnce,
            retain: false,
            delay: std::time::Duration::ZERO,
        };
        self.tell(Report::Session(SessionEvent::Opened(Box::new(Opened {
            at: at(self.now),
            conn: ConnId(self.conn),
            client: "press-7".into(),
            peer: Some("127.0.0.1:50000".parse().unwrap()),
            protocol: Protocol::V5,
            keep_alive: KeepAlive(30),
            clean: true,
            will: Some(will),
            nameless: false,
            via: Via::default(),
        }))))
    }

    fn closed(&mut self) -> Step {
        self.now += 1;
        self.tell(Report::Session(SessionEvent::Closed(Box::new(Closed {
            at: at(self.now),
            cut: Some(at(self.now)),
            conn: ConnId(self.conn),
            client: "press-7".into(),
            cause: Cause::ConnectionLost,
            how: "RST",
            rest: Activity::default(),
        }))))
    }

    /// What comes of the job, as the desk would report it.
    fn report(&mut self, id: ActionId, job: &Job, failure: Option<&str>) -> Step {
        self.now += 1;
        let rule = &self.hub.rules().rules()[id.rule];
        let action = id.action.map_or(rule.error_action.as_ref(), |index| rule.actions.get(index)).unwrap();
        let report = ActionReport {
            at: at(self.now),
            rule: Arc::clone(&rule.name),
            rule_index: id.rule,
            action: id.action,
            kind: action.kind.name(),
            target: action.kind.target(),
            notifies: action.kind.notifies(),
            events: 1,
            incidents: job.incident.into_iter().collect(),
            attempts: 1,
            failure: failure.map(str::to_owned),
            first: job.message.clone(),
        };
        self.tell(Report::Action(Box::new(report)))
    }
}

fn published(step: &Step) -> Vec<&str> {
    step.publish.iter().map(|message| message.topic.as_str()).filter(|topic| !topic.starts_with('$')).collect()
}

fn phases(step: &Step) -> Vec<IncidentPhase> {
    let phase = |change: &Change| match change {
        Change::Incident { phase, .. } => Some(*phase),
        _ => None,
    };
    step.changes.iter().filter_map(phase).collect()
}

#[test]
fn a_rule_hears_what_another_republished() {
    let mut world = World::new(vec![rule("first", "a").doing(to("b/${x}")), rule("second", "b/+").doing(to("c"))]);
    let first = world.hear("a", r#"{"x": "y"}"#);
    assert_eq!(published(&first), ["b/y"]);
    let sent = &first.publish[0];
    assert_eq!((sent.qos, sent.retain), (Qos::AtLeastOnce, true));
    assert_eq!(sent.user_properties, [("lwtop-hops".to_owned(), "1".to_owned())]);
    let second = world.hear("b/y", r#"{"x": "y"}"#);
    assert_eq!(published(&second), ["c"]);
    assert_eq!(second.publish[0].user_properties, [("lwtop-hops".to_owned(), "2".to_owned())]);
    let counts: Vec<_> = world.hub.standing().iter().map(|rule| (rule.matched, rule.actions[0].done)).collect();
    assert_eq!(counts, [(1, 1), (1, 1)]);
}

#[test]
fn a_loop_of_rules_ends_and_is_reported_once() {
    let mut world = World::new(vec![rule("there", "a").doing(to("b")), rule("back", "b").doing(to("a"))]);
    let mut notices = Vec::new();
    for _ in 0..2 {
        assert_eq!(published(&world.hear("a", "ping")), ["b"]);
        assert_eq!(published(&world.hear("b", "ping")), ["a"]);
        let stopped = world.hear("a", "ping");
        assert!(published(&stopped).is_empty());
        notices.extend(stopped.notices);
    }
    assert_eq!(notices.len(), 1, "{notices:?}");
    assert!(notices[0].contains("rule there") && notices[0].contains("for ever"), "{notices:?}");
}

#[test]
fn a_loop_through_another_lwtop_ends_by_the_number_of_hops() {
    let mut world = World::new(vec![rule("any", "a").doing(to("b"))]);
    assert_eq!(published(&world.hear_with("a", "ping", &[("lwtop-hops", "7")])), ["b"]);
    let stopped = world.hear_with("a", "ping", &[("lwtop-hops", "8")]);
    assert!(published(&stopped).is_empty());
    assert_eq!(stopped.notices.len(), 1);
    assert!(published(&world.hear_with("a", "ping", &[("lwtop-hops", "999999999999")])).is_empty());
}

#[test]
fn a_reserved_topic_is_written_with_two_dollars() {
    let mut world = World::new(vec![rule("shadow", "a").doing(to("$$aws/things/x/shadow/update"))]);
    let step = world.hear("a", "");
    assert_eq!(step.publish[0].topic.as_str(), "$aws/things/x/shadow/update");
}

#[test]
fn a_template_that_fails_is_an_event_and_sets_off_the_error_action() {
    let mut failing = rule("lost", "lwt/+/will").doing(to("lost/${state.id}")).doing(tell());
    failing.error_action = Some(to("errors/${topic(2)}"));
    let mut world = World::new(vec![failing]);
    let step = world.hear("lwt/press-7/will", "{}");
    assert_eq!(published(&step), ["errors/press-7"]);
    let message: Value = serde_json::from_slice(&step.publish[0].payload).unwrap();
    assert_eq!(message["base64OriginalPayload"], "e30=");
    assert_eq!(message["failures"][0]["failedAction"], "RepublishAction");
    assert_eq!((&message["ruleName"], &message["topic"]), (&json!("lost"), &json!("lwt/press-7/will")));
    let reported = step.changes.iter().find_map(|change| match change {
        Change::Action(report) => report.failure.clone(),
        _ => None,
    });
    assert!(reported.as_deref().is_some_and(|why| why.contains("${state.id}")), "{reported:?}");
    assert_eq!(step.jobs.len(), 1, "the other action is done all the same");
    let standing = &world.hub.standing()[0].actions;
    assert_eq!(
        standing.iter().map(|action| (action.done, action.failed)).collect::<Vec<_>>(),
        [(0, 1), (0, 0), (1, 0)]
    );
    assert!(standing[0].last_failure.as_ref().unwrap().text.contains("${state.id}"));
}

#[test]
fn a_job_knows_the_death_even_if_the_will_came_first() {
    for will_first in [false, true] {
        let mut world = World::new(vec![rule("lost", "lwt/+/will").doing(tell()).doing(to(EXECUTED))]);
        world.opened();
        let steps = if will_first {
            [world.hear("lwt/press-7/will", "gone"), world.closed()]
        } else {
            [world.closed(), world.hear("lwt/press-7/will", "gone")]
        };
        let jobs: Vec<_> = steps.iter().flat_map(|step| &step.jobs).collect();
        let [(id, job)] = jobs.as_slice() else { panic!("{} jobs, will first: {will_first}", jobs.len()) };
        assert_eq!(*id, ActionId { rule: 0, action: Some(0) });
        assert_eq!(job.facts.cause, Some(Cause::ConnectionLost), "will first: {will_first}");
        assert_eq!(job.facts.device, Some("press-7".into()));
        assert!(job.incident.is_some() && job.facts.hops.get(Hop::Will).is_some());
        assert_eq!(&job.output[..], b"gone");
    }
}

#[test]
fn telling_a_person_is_a_hop_that_nobody_else_waits_for() {
    let mut world = World::new(vec![rule("lost", "lwt/+/will").doing(to(EXECUTED)).doing(tell()).doing(tell())]);
    world.opened();
    world.closed();
    let jobs = world.hear("lwt/press-7/will", "gone").jobs;
    assert_eq!(phases(&world.hear(EXECUTED, "gone")), [IncidentPhase::Complete]);
    let failed = world.report(jobs[0].0, &jobs[0].1, Some("nobody there"));
    assert!(phases(&failed).is_empty());
    let told = world.report(jobs[1].0, &jobs[1].1, None);
    assert_eq!(phases(&told), [IncidentPhase::Notified]);
    let incident = world.hub.fleet().incidents().newest().next().unwrap();
    assert_eq!(incident.hops.get(Hop::Notified), Some(at(world.now)));
    assert!(incident.missing.is_empty() && incident.awaited.is_empty(), "{incident:?}");
}

#[test]
fn a_person_whom_nothing_reached_is_a_missing_hop() {
    let mut world = World::new(vec![rule("lost", "lwt/+/will").doing(tell())]);
    world.opened();
    world.closed();
    let jobs = world.hear("lwt/press-7/will", "gone").jobs;
    let failed = world.report(jobs[0].0, &jobs[0].1, Some("nobody there"));
    assert!(phases(&failed).is_empty());
    let incident = world.hub.fleet().incidents().newest().next().unwrap();
    assert_eq!(incident.missing, [Hop::Notified]);
    let device = world.hub.fleet().devices().next().unwrap();
    assert!(device.notes.iter().any(|note| note.text.contains("nobody there")), "{:?}", device.notes);
}

#[test]
fn an_action_that_cannot_work_here_is_not_waited_for() {
    let mut world = World::new(vec![rule("lost", "lwt/+/will").doing(tell())]);
    world.opened();
    world.closed();
    world.hear("lwt/press-7/will", "gone");
    assert_eq!(world.hub.fleet().incidents().newest().next().unwrap().awaited, [Hop::Notified]);
    world.hub.set_idle(ActionId { rule: 0, action: Some(0) }, "there is no notification service");
    world.opened();
    world.closed();
    let step = world.hear("lwt/press-7/will", "gone");
    assert!(step.jobs.is_empty());
    assert_eq!(phases(&step), [IncidentPhase::Complete]);
    let incident = world.hub.fleet().incidents().newest().next().unwrap();
    assert!(incident.awaited.is_empty() && incident.missing.is_empty(), "{incident:?}");
    let first = world.hub.fleet().incidents().newest().nth(1).unwrap();
    assert!(first.awaited.is_empty() && first.missing.is_empty(), "{first:?}");
    assert!(world.hub.standing()[0].actions[0].idle);
    assert_eq!(step.notices.len(), 1, "{:?}", step.notices);
    assert!(step.notices[0].contains("there is no notification service"), "{:?}", step.notices);
    world.opened();
    world.closed();
    assert!(world.hear("lwt/press-7/will", "gone").notices.is_empty(), "said twice");
}

#[test]
fn a_device_that_lives_on_holds_no_job_back() {
    let mut world = World::new(vec![rule("any", "lwt/+/will").doing(tell())]);
    world.opened();
    let mut jobs = 0;
    for _ in 0..10 {
        jobs += world.hear("lwt/press-7/will", "still here").jobs.len();
        world.now += 500;
        let mut step = Step::default();
        world.hub.tick(&mut Vec::new(), at(world.now), &mut step);
        jobs += step.jobs.len();
    }
    assert!(jobs >= 5, "only {jobs} of 10 jobs came within 5 s");
    for _ in 0..500 {
        jobs += world.hear("lwt/press-7/will", "still here").jobs.len();
    }
    assert!(jobs >= 400, "{jobs}: those that wait are bounded");
    let mut step = Step::default();
    world.hub.flush(at(world.now), &mut step);
    assert_eq!(jobs + step.jobs.len(), 510, "none is lost at the end");
}

#[test]
fn what_lwtop_republishes_is_about_the_device_of_the_message_before() {
    let mut world =
        World::new(vec![rule("first", "lwt/+/will").doing(to("lost/again")), rule("second", "lost/#").doing(tell())]);
    world.hear("lwt/press-7/will", "gone");
    world.now += 1;
    let step = world.tell(Report::Incoming(vec![Incoming {
        at: at(world.now),
        topic: "lost/again".into(),
        payload: Bytes::from_static(b"gone"),
        qos: Qos::AtMostOnce,
        retain: false,
        publisher: Some("lwtop-0123abcd-m".into()),
        source: None,
        properties: None,
    }]));
    assert_eq!(step.jobs.len(), 1);
    assert_eq!(step.jobs[0].1.facts.device, Some("press-7".into()));
    assert_eq!(step.jobs[0].1.seen().client(), Some("press-7"));
}

#[test]
fn nobody_but_a_lwtop_is_believed_about_hops_where_the_publisher_is_known() {
    let mut world = World::new(vec![rule("any", "a").doing(to("b"))]);
    let mut publish = |publisher: Option<&str>| {
        world.now += 1;
        let user = vec![("lwtop-hops".to_owned(), "9".to_owned())];
        let step = world.tell(Report::Incoming(vec![Incoming {
            at: at(world.now),
            topic: "a".into(),
            payload: Bytes::new(),
            qos: Qos::AtMostOnce,
            retain: false,
            publisher: publisher.map(Into::into),
            source: None,
            properties: Some(Arc::new(Properties { user, ..Properties::default() })),
        }]));
        let skipped = step.changes.iter().any(|change| matches!(change, Change::Rule { skipped: true, .. }));
        (published(&step).len(), skipped)
    };
    assert_eq!(publish(Some("mallory")), (1, false));
    assert_eq!(publish(Some("lwtop-0123abcd-m")), (0, true));
    assert_eq!(publish(None), (0, true), "elsewhere it cannot be told apart");
}

#[test]
fn a_republish_that_the_link_cannot_take_has_failed() {
    let mut world = World::new(vec![rule("any", "#").doing(to("b"))]);
    let sent = world.hear("a", "ping").publish.remove(0);
    let why = "the link to the broker is down".to_owned();
    let step = world.hub.not_published(sent.origin.unwrap(), sent.topic.shared(), sent.payload, why, at(world.now));
    assert_eq!(step.notices.len(), 1, "{:?}", step.notices);
    let action = &world.hub.standing()[0].actions[0];
    assert_eq!((action.done, action.failed), (0, 1));
    assert_eq!(
        published(&world.hear("b", "ping")),
        ["b"],
        "somebody else's: it is not taken for the one that was lost"
    );
}

#[test]
fn a_will_behind_other_messages_on_its_topic_is_the_one_of_the_incident() {
    let mut world = World::new(vec![rule("any", "lwt/+/will").doing(tell())]);
    world.opened();
    let mut jobs = world.hear("lwt/press-7/will", "still here").jobs;
    world.now += 500;
    jobs.extend(world.hear("lwt/press-7/will", "gone").jobs);
    jobs.extend(world.closed().jobs);
    let told: Vec<_> = jobs.iter().filter(|(_, job)| job.incident.is_some()).collect();
    let [(id, job)] = told.as_slice() else { panic!("{} of {} jobs know the incident", told.len(), jobs.len()) };
    assert_eq!((&job.output[..], job.facts.cause), (&b"gone"[..], Some(Cause::ConnectionLost)));
    assert_eq!(phases(&world.report(*id, job, None)), [IncidentPhase::Notified]);
}
