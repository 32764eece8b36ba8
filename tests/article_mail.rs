//! The article's chain to its end: device cut → will → rule → republish and a mail to a person. And what becomes of it when
//! the mail server hangs.

#[path = "support/smtp.rs"]
mod smtp;

use bytes::Bytes;
use lwtop::actions::Desk;
use lwtop::clock::Clock;
use lwtop::config::Config;
use lwtop::convention::Topics;
use lwtop::device::DeviceTemplate;
use lwtop::fleet::{Change, Hop, IncidentPhase, Incoming, LinkEvent, Report};
use lwtop::hub::core::{Hub, Step};
use lwtop::hub::{Command, Doors, LinkOptions, Runtime, Setup, Source};
use lwtop::mqtt::{Cause, Fault, Qos};
use lwtop::rules::RuleSet;
use smtp::{Manner, Smtp};
use std::collections::HashSet;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(60);
const README: &str = include_str!("../README.md");

fn topics() -> Topics {
    Topics {
        will: "/last/will/topic".parse().unwrap(),
        connected: "/lwt/connected/topic".parse().unwrap(),
        executed: "/lwt/executed".parse().unwrap(),
    }
}

/// The README's configuration, with the port of the test's own mail server.
fn rules_of_the_readme(port: u16) -> RuleSet {
    let blocks = README.split("```toml\n").skip(1).filter_map(|rest| rest.split("\n```").next());
    let block = blocks.into_iter().find(|block| block.contains("type = \"email\"")).expect("a block with a mail");
    assert!(block.contains("port = 2525"), "{block}");
    let text = block.replace("port = 2525", &format!("port = {port}"));
    Config::parse(&text, "README.md").unwrap().rule_set().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_is_cut_and_a_person_gets_the_articles_mail() {
    let mut server = Smtp::start(Manner::default()).await;
    let setup = Setup {
        source: Source::Embedded { listen: "127.0.0.1:0".parse().unwrap(), doors: Doors::default(), users: None },
        link: LinkOptions::default(),
        topics: topics(),
        rules: rules_of_the_readme(server.port),
        template: DeviceTemplate::article("/last/will/topic".parse().unwrap(), "/lwt/connected/topic".parse().unwrap()),
        prefix: "lwtThing".to_owned(),
        lifecycle: false,
        devices: 1,
    };
    let mut runtime = Runtime::start(setup, Clock::start()).unwrap();
    let mut changes: Vec<Change> = Vec::new();
    let story = async {
        while runtime.fleet().counts().online < 1 {
            changes.extend(runtime.turn().await.unwrap().changes);
        }
        changes.extend(runtime.command(Command::Fault(vec!["lwtThing".into()], Fault::Rst)).changes);
        let notified = |change: &Change| matches!(change, Change::Incident { phase: IncidentPhase::Notified, .. });
        while !changes.iter().any(notified) {
            changes.extend(runtime.turn().await.unwrap().changes);
        }
    };
    timeout(PATIENCE, story).await.expect("the story does not end");
    let incident = runtime.fleet().incidents().newest().next().unwrap().clone();
    let hops: Vec<&str> = incident.hops.seen().map(|(hop, _)| hop.name()).collect();
    assert_eq!(hops, ["cut", "detected", "will", "rule", "executed", "notified"]);
    assert_eq!((incident.cause, &incident.missing[..]), (Cause::ConnectionLost, &[][..]));

    let mail = server.mails.recv().await.unwrap();
    assert_eq!(mail.to, ["ops@example.com"]);
    let parsed = mail_parser::MessageParser::default().parse(&mail.data).unwrap();
    let (subject, text) = (parsed.subject().unwrap(), parsed.body_text(0).unwrap());
    assert!(subject.contains("lwtThing: connection lost"), "{subject}");
    for part in
        ["lwtThing", "connection lost", "cut, RST", "/last/will/topic", "will arrived", "\"trigger_action\": \"on\""]
    {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    timeout(PATIENCE, runtime.stop()).await.expect("it does not stop");
}

/// 10 000 wills in a burst while the mail server hangs: every incident is recorded, every republish is done, and what became
/// of the mails is told once a group.
#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_that_hangs_delays_nothing_and_is_reported_once_a_group() {
    const DEVICES: usize = 10_000;
    let server = Smtp::start(Manner { falls_silent_at: Some(""), ..Manner::default() }).await;
    let config = format!(
        "[[rules]]\nname = 'lost'\nsql = \"SELECT * FROM '/last/will/topic'\"\nrepublish = '/lwt/executed'\n\
         [[rules.actions]]\ntype = 'email'\nfrom = 'lwtop@localhost'\nto = ['ops@example.com']\nhost = '127.0.0.1'\n\
         port = {}\nsecurity = 'none'\ntimeout = '300ms'\nretries = 0\ngroup = '200ms'\ncooldown = '0s'\n",
        server.port
    );
    let rules = Config::parse(&config, "test.toml").unwrap().rule_set().unwrap();
    let clock = Clock::start();
    let (sender, mut reports) = mpsc::channel(64);
    let desk = Desk::start(&rules, &[], sender, clock);
    let mut hub = Hub::new(topics(), rules, true);
    let mut step = Step::default();
    hub.step(Report::Link(LinkEvent::Up { at: clock.now() }), clock.now(), &mut step);
    for number in 0..DEVICES {
        let payload = format!(r#"{{"state": {{"reported": {{"client_id": "device-{number}"}}}}}}"#);
        let will = Incoming {
            at: clock.now(),
            topic: "/last/will/topic".into(),
            payload: Bytes::from(payload),
            qos: Qos::AtMostOnce,
            retain: false,
            publisher: None,
            source: None,
            properties: None,
        };
        hub.step(Report::Incoming(vec![will]), clock.now(), &mut step);
        for (id, job) in step.jobs.drain(..) {
            desk.submit(id, job);
        }
    }
    assert_eq!(step.publish.len(), DEVICES);
    assert_eq!(hub.fleet().incidents().total(), DEVICES as u64);

    let (mut groups, mut told, mut events) = (0, HashSet::new(), 0);
    let collect = async {
        while told.len() < DEVICES {
            let Some(Report::Action(report)) = reports.recv().await else { panic!("the desk ends") };
            assert!(report.failure.as_deref().is_some_and(|why| why.contains("no answer")), "{:?}", report.failure);
            groups += 1;
            events += report.events;
            told.extend(report.incidents.iter().copied());
            let mut step = Step::default();
            hub.step(Report::Action(report), clock.now(), &mut step);
        }
    };
    timeout(PATIENCE, collect).await.expect("some mail's failure is never told");
    assert_eq!(events, DEVICES as u64);
    assert!(groups <= DEVICES / 100, "{groups} reports are not one a group");
    assert!(hub.fleet().incidents().newest().all(|incident| incident.missing == [Hop::Notified]));
    timeout(PATIENCE, desk.stop(Duration::ZERO)).await.expect("the desk does not stop");
}
