//! Scenarios: every one that lwtop brings along plays as it says it does, on the embedded broker and on Mosquitto; what does
//! not come is told; a file is read strictly, and printed so that it reads back.

#[path = "support/mosquitto.rs"]
mod mosquitto;

use lwtop::clock::Clock;
use lwtop::config::scenario::{print, read, shipped};
use lwtop::convention::Topics;
use lwtop::device::DeviceTemplate;
use lwtop::fleet::{Evidence, Hop, IncidentPhase};
use lwtop::hub::{Command, Doors, LinkOptions, Runtime, Setup, Source};
use lwtop::mqtt::{Cause, ClientId, Fault, KeepAlive, Protocol, Qos};
use lwtop::rules::RuleSet;
use lwtop::scenario::{
    Change, Check, Ending, Entry, Facts, Launch, Part, Player, Publication, Scenario, State, Step, Subject, Text,
};
use proptest::prelude::*;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(120);

fn setup(source: Source) -> Setup {
    let topics = Topics {
        will: "/last/will/topic".parse().unwrap(),
        connected: "/lwt/connected/topic".parse().unwrap(),
        executed: "/lwt/executed".parse().unwrap(),
    };
    Setup {
        source,
        link: LinkOptions::default(),
        rules: RuleSet::article(&topics.will, &"/lwt/executed".parse().unwrap()),
        template: DeviceTemplate::article("/last/will/topic".parse().unwrap(), "/lwt/connected/topic".parse().unwrap()),
        topics,
        prefix: "lwtThing".to_owned(),
        lifecycle: false,
        devices: 0,
    }
}

fn embedded() -> Source {
    Source::Embedded { listen: "127.0.0.1:0".parse().unwrap(), doors: Doors::default(), users: None }
}

async fn until(runtime: &mut Runtime, state: State) -> Player {
    let wait = async {
        loop {
            let player = runtime.view().2.lesson.clone().expect("a player");
            if player.state() == state {
                return player;
            }
            runtime.turn().await.unwrap();
        }
    };
    timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("it never was {state:?}"))
}

/// Plays to the end.
async fn play(name: &str, scenario: Scenario, source: Source) -> Player {
    let mut runtime = Runtime::start(setup(source), Clock::start()).unwrap();
    let order = Command::Play { name: name.into(), scenario: Arc::new(scenario), pauses: false };
    assert_eq!(runtime.command(order).notices, Vec::<String>::new());
    let player = until(&mut runtime, State::Ended).await;
    runtime.stop().await;
    player
}

fn good(player: &Player) {
    let Ending { met, .. } = player.ending();
    assert!(player.ending().is_good() && *met > 0, "{}: {:?} {:#?}", player.name(), player.ending(), player.log());
}

fn named(name: &str) -> Scenario {
    shipped().iter().find(|one| one.name == name).unwrap().scenario().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_scenario_plays_as_it_says() {
    let mut plays = JoinSet::new();
    for one in shipped() {
        let scenario = one.scenario().unwrap_or_else(|errors| panic!("{errors:?}"));
        plays.spawn(play(one.name, scenario, embedded()));
    }
    for player in plays.join_all().await {
        good(&player);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn they_play_on_mosquitto() {
    let Some(broker) = mosquitto::Mosquitto::start() else { return };
    let url = format!("mqtt://127.0.0.1:{}", broker.port);
    let mut plays = JoinSet::new();
    for name in ["article", "leave-or-cut", "takeover", "retained", "will-delay"] {
        let mut scenario = named(name);
        // All on one broker: a subscriber of the one hears the wills of the others.
        let texts = scenario.steps.iter().filter(|step| matches!(step, Step::Say { .. })).count();
        assert!(texts > 2, "{name} explains nothing");
        scenario.steps.retain(|step| !matches!(step, Step::Say { .. }));
        plays.spawn(play(name, scenario, Source::External(url.parse().unwrap())));
    }
    for player in plays.join_all().await {
        good(&player);
    }
}

fn scenario(steps: &str) -> Scenario {
    let text = format!("title = 't'\nsummary = 's'\n{steps}");
    read(&text, "test.toml").unwrap_or_else(|errors| panic!("{errors:?}"))
}

const ONLINE: &str = "[[steps]]\nlaunch = 'a'\n[[steps]]\nwait = 'a'\npresence = 'online'\nwithin = '60s'\n";

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_come_is_told_and_the_play_goes_on_unless_it_was_waited_for() {
    let left = "[[steps]]\nfault = 'leave'\ndevice = 'a'\n[[steps]]\nexpect = 'a'\ncause = 'connection_lost'\nwithin = '1s'\n\
                [[steps]]\nexpect = 'a'\npresence = 'offline'\n";
    let player = play("left", scenario(&format!("{ONLINE}{left}")), embedded()).await;
    assert_eq!(*player.ending(), Ending { met: 2, not_met: 1, stopped: None });
    let told = player.log().iter().find_map(|entry| match entry {
        Entry::Judged { met: false, found, .. } => Some(found.as_str()),
        _ => None,
    });
    assert_eq!(told, Some("a went another way: left cleanly"));

    let waited = "[[steps]]\nwait = 'a'\nwill = true\nwithin = '100ms'\n[[steps]]\nsleep = '1h'\n";
    let player = play("waited", scenario(&format!("{ONLINE}{waited}")), embedded()).await;
    assert_eq!((player.ending().met, player.ending().not_met), (1, 1));
    assert!(player.ending().stopped.is_some(), "{:?}", player.ending());

    let twice = "[[steps]]\nfault = 'rst'\ndevice = 'a'\n[[steps]]\nexpect = 'a'\nwill = false\nstays = '10s'\n";
    let player = play("twice", scenario(&format!("{ONLINE}{twice}")), embedded()).await;
    assert_eq!((player.ending().not_met, &player.ending().stopped), (1, &None), "a will that came is told at once");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_done_ends_the_play_with_the_reason() {
    let needs_v5 = "[[steps]]\nfault = 'leave-with-will'\ndevice = 'a'\n[[steps]]\nsleep = '1h'\n";
    let player = play("refused", scenario(&format!("{ONLINE}{needs_v5}")), embedded()).await;
    let why = player.ending().stopped.clone().unwrap_or_default();
    assert!(why.contains("needs MQTT 5"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lesson_waits_for_a_person_and_can_begin_again() {
    let steps = "[[steps]]\nsay = 'one'\n[[steps]]\nlaunch = 'a'\n[[steps]]\nwait = 'a'\npresence = 'online'\n\
                 within = '60s'\n[[steps]]\nsay = 'two'\npause = false\n[[steps]]\nsay = 'three'\n";
    let scenario = Arc::new(scenario(steps));
    let order = || Command::Play { name: "lesson".into(), scenario: Arc::clone(&scenario), pauses: true };
    let mut runtime = Runtime::start(setup(embedded()), Clock::start()).unwrap();
    for round in 1..=2 {
        assert_eq!(runtime.command(order()).notices, Vec::<String>::new(), "round {round}");
        let player = until(&mut runtime, State::Paused).await;
        assert_eq!(player.log(), [Entry::Said(0)], "round {round}");
        assert!(runtime.fleet().is_empty(), "the devices of the round before have left");
        runtime.command(Command::GoOn);
        let player = until(&mut runtime, State::Paused).await;
        assert!(player.log().ends_with(&[Entry::Said(3), Entry::Said(4)]), "{:?}", player.log());
        assert_eq!(runtime.fleet().counts().online, 1);
    }
    runtime.command(Command::GoOn);
    good(&until(&mut runtime, State::Ended).await);
    runtime.command(Command::StopPlaying);
    assert!(runtime.view().2.lesson.is_none());
    let empty = async {
        while !runtime.fleet().is_empty() {
            runtime.turn().await.unwrap();
        }
    };
    timeout(PATIENCE, empty).await.expect("its device leaves");
    runtime.stop().await;
}

#[test]
fn every_mistake_is_told_with_its_place() {
    for (text, wanted) in [
        ("", vec!["the key title is missing", "the key summary is missing", "write [[steps]]"]),
        ("titel = 'x'", vec!["line 1, column 1: titel: there is no key titel here; did you mean title?"]),
        ("[[steps]]\nlauch = 'a'", vec!["line 1", "steps[0]", "did you mean launch?"]),
        ("[[steps]]\nsay = 'a'\nlaunch = 'b'", vec!["several: say, launch"]),
        (
            "[[steps]]\nlaunch = 'a'\nkeepalive = 2",
            vec!["line 3, column 1: steps[0].keepalive", "did you mean keep_alive?"],
        ),
        ("[[steps]]\nlaunch = 'a/b'", vec!["line 2, column 10: steps[0].launch", "brokers refuse"]),
        ("[[steps]]\nlaunch = 'a'\ncount = 0", vec!["steps[0].count: it must be at least 1"]),
        ("[[steps]]\nlaunch = 'a'\n[[steps]]\nlaunch = 'a'", vec!["steps[1].launch: a is launched before"]),
        ("[[steps]]\nlaunch = 'a'\ncount = 3\n[[steps]]\nlaunch = 'a-2'", vec!["a is launched before"]),
        (
            "[[steps]]\nlaunch = 'a'\nprotocol = '3.1.1'\nwill.delay = '2s'",
            vec!["steps[0].will: a will delay is of MQTT 5"],
        ),
        ("[[steps]]\nlaunch = 'a'\nwill.delay = '2500ms'", vec!["steps[0].will.delay", "whole seconds"]),
        ("[[steps]]\nlaunch = 'a'\nwill.retian = true", vec!["steps[0].will.retian", "did you mean retain?"]),
        ("[[steps]]\nlaunch = 'a'\nwill = 3", vec!["steps[0].will: expected false, or a table"]),
        ("[[steps]]\nfault = 'fin'", vec!["the key device is missing"]),
        ("[[steps]]\nfault = 'explode'\ndevice = 'a'", vec!["there is no fault", "no step before this one launches a"]),
        (
            "[[steps]]\nlaunch = 'press'\n[[steps]]\nwait = 'pres'\npresence = 'online'",
            vec!["launches pres; did you mean press?"],
        ),
        ("[[steps]]\nlaunch = 'a'\n[[steps]]\nexpect = 'a'", vec!["steps[1]: nothing is expected"]),
        (
            "[[steps]]\nlaunch = 'a'\n[[steps]]\nexpect = 'a'\npresence = 'onlin'",
            vec!["did you mean online?", "overdue"],
        ),
        (
            "[[steps]]\nlaunch = 'a'\n[[steps]]\nexpect = 'a'\nhops = ['cut', 'wil']",
            vec!["steps[1].hops[1]", "did you mean will?"],
        ),
        (
            "[[steps]]\nlaunch = 'a'\n[[steps]]\nexpect = 'a'\nhops = ['cut']\nwithout = ['cut']",
            vec!["cut is in hops too"],
        ),
        (
            "[[steps]]\nlaunch = 'a'\n[[steps]]\nexpect = 'a'\nwill = 'yes'",
            vec!["steps[1].will", "expected true or false"],
        ),
        (
            "[[steps]]\nlaunch = 'a'\n[[steps]]\nexpect = 'a'\nwill = true\nwithin = '2h'",
            vec!["within: it is longer than an hour"],
        ),
        (
            "[[steps]]\nlaunch = 'a'\n[[steps]]\nexpect = 'a'\nwill = true\nwithin = 5",
            vec!["steps[1].within", "a duration such as"],
        ),
        ("[[steps]]\nexpect_retained = 'a'", vec!["say one of payload, contains and nothing = true"]),
        ("[[steps]]\nexpect_retained = 'a/+'\nnothing = true", vec!["a topic name has no wildcard"]),
        ("[[steps]]\nexpect_message = 'a'\npayload = 'x'\ncontains = 'y'", vec!["payload says it all"]),
        ("[[steps]]\npublish = 'a'", vec!["the key payload is missing"]),
        ("[[steps]]\nsay = ''", vec!["steps[0].say: it is empty"]),
        ("[[steps]]\nsay = \"a\\u001b[2J\"", vec!["control character"]),
        ("[[steps]]\nsleep = 'soon'", vec!["\"soon\" is not a duration"]),
        ("steps = 3", vec!["expected a list of tables: write [[steps]]"]),
        ("listen = 'a'", vec!["listen", "expected a list"]),
        ("steps = [", vec!["test.toml, line 1"]),
    ] {
        let errors = read(text, "test.toml").expect_err(text);
        let told: Vec<String> = errors.iter().map(ToString::to_string).collect();
        for part in wanted {
            assert!(told.iter().any(|one| one.contains(part)), "{text}\nshould say {part:?}, and says {told:#?}");
        }
    }
}

#[test]
fn what_lwtop_brings_along_reads_back_as_printed() {
    for one in shipped() {
        let scenario = one.scenario().unwrap();
        assert_eq!(read(&print(&scenario), "printed").unwrap(), scenario, "{}", one.name);
    }
}

fn duration() -> impl Strategy<Value = Duration> {
    (0_u64..3_600_000).prop_map(Duration::from_millis)
}

fn text() -> impl Strategy<Value = Option<Text>> {
    let payload = "[ -~äö\\n]{0,20}";
    proptest::option::of(prop_oneof![payload.prop_map(Text::Is), payload.prop_map(Text::Contains)])
}

fn part(is_will: bool) -> impl Strategy<Value = Part> {
    let topic = proptest::option::of("[a-z]{1,4}(/[a-z]{1,4}){0,2}".prop_map(|topic| topic.parse().unwrap()));
    let payload = proptest::option::of("[ -~ü\\n\"']{0,20}");
    let qos = proptest::option::of((0_u8..3).prop_map(|qos| Qos::from_u8(qos).unwrap()));
    let retain = proptest::option::of(any::<bool>());
    let delay = proptest::option::of((0_u64..100).prop_map(Duration::from_secs));
    let change = (topic, payload, qos, retain, delay).prop_map(move |(topic, payload, qos, retain, delay)| {
        Part::Other(Change { topic, payload, qos, retain, delay: delay.filter(|_| is_will) })
    });
    prop_oneof![Just(Part::Usual), Just(Part::Without), change]
}

fn facts() -> impl Strategy<Value = Facts> {
    let hops = proptest::sample::subsequence(Hop::ALL.to_vec(), 0..=7);
    let phase = proptest::sample::select(vec![
        IncidentPhase::Complete,
        IncidentPhase::Notified,
        IncidentPhase::Overdue,
        IncidentPhase::Recovered,
    ]);
    let known = (
        proptest::sample::select(Facts::PRESENCES.to_vec()),
        proptest::option::of(proptest::sample::select(Cause::ALL.to_vec())),
        proptest::option::of(Just(Evidence::Inferred)),
        proptest::option::of(any::<bool>()),
        proptest::option::of(0_u32..1_000),
        proptest::option::of(phase),
    );
    (known, hops, any::<bool>()).prop_map(|((presence, cause, evidence, will, wills, phase), hops, in_order)| Facts {
        presence: Some(presence),
        cause,
        evidence,
        will,
        wills,
        in_order: in_order && hops.len() > 1,
        without: if hops.contains(&Hop::Will) { Vec::new() } else { vec![Hop::Will] },
        hops,
        phase,
    })
}

fn launch() -> impl Strategy<Value = Launch> {
    let options = (
        proptest::option::of((0_u16..1_000).prop_map(KeepAlive)),
        proptest::option::of(any::<bool>()),
        proptest::option::of(Just(Protocol::V5)),
    );
    (1_usize..5, options, part(true), part(false)).prop_map(
        |(count, (keep_alive, clean, protocol), will, connected)| Launch {
            count,
            keep_alive,
            clean,
            protocol,
            will,
            connected,
            ..Launch::new("dev".into())
        },
    )
}

fn any_step() -> impl Strategy<Value = Step> {
    let name = || Just(ClientId::from("dev"));
    let times = || (duration(), duration(), any::<bool>());
    let check = |subject: Subject, (within, stays, needed): (Duration, Duration, bool)| {
        Step::Check(Check { subject, within, stays, needed })
    };
    let topic = || "[a-z]{1,4}(/[a-z]{1,4}){0,2}";
    prop_oneof![
        ("[a-z]{1,9}( [a-zäß'\"]{1,9}){0,9}(\n\n[a-z]{1,9}){0,2}", any::<bool>())
            .prop_map(|(text, pause)| Step::Say { text, pause }),
        proptest::sample::select(Fault::ALL.to_vec()).prop_map(|fault| Step::Fault { devices: "dev".into(), fault }),
        name().prop_map(Step::Reconnect),
        name().prop_map(Step::Remove),
        duration().prop_map(Step::Sleep),
        (topic(), "[ -~\\n]{0,20}", 0_u8..3, any::<bool>()).prop_map(|(topic, payload, qos, retain)| {
            let (topic, qos) = (topic.parse().unwrap(), Qos::from_u8(qos).unwrap());
            Step::Publish(Publication { topic, payload, qos, retain })
        }),
        (facts(), times()).prop_map(move |(facts, times)| check(Subject::Devices { name: "dev".into(), facts }, times)),
        (topic(), text(), proptest::option::of(any::<bool>()), proptest::option::of(0_usize..10), times()).prop_map(
            move |(topic, text, retained, count, times)| {
                let topic = format!("{topic}/#").parse().unwrap();
                check(Subject::Messages { topic, text, retained, count }, times)
            }
        ),
        (topic(), text(), times()).prop_map(move |(topic, text, (within, stays, _))| {
            check(Subject::Kept { topic: topic.parse().unwrap(), text }, (within, stays, false))
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_scenario_reads_back_as_printed(launch in launch(), steps in proptest::collection::vec(any_step(), 0..8)) {
        let all = std::iter::once(Step::Launch(launch)).chain(steps).collect();
        let (title, summary, listen) = ("a".to_owned(), "b".to_owned(), vec!["x/+".parse().unwrap()]);
        let scenario = Scenario { title, summary, listen, steps: all };
        let text = print(&scenario);
        prop_assert_eq!(read(&text, "printed").map_err(|errors| format!("{errors:?}\n{text}")), Ok(scenario));
    }

    #[test]
    fn no_text_makes_it_panic(text in "(title|summary|listen|\\[\\[steps\\]\\]|say|launch|will\\.delay|expect|hops| |=|'a'|\"2s\"|\n|\\[|\\]|true|3){0,40}") {
        let _ = read(&text, "any");
    }
}
