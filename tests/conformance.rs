//! What specifications ask of a broker about wills, tried through the gateway and on a real Mosquitto; and that every
//! statement that is not tried so is accounted for.

#[path = "support/mosquitto.rs"]
mod mosquitto;
mod support;

use lwtop::conformance::{Case, Options, Outcome, Standing, Verdict, cases, run};
use mosquitto::Mosquitto;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;
use support::World;

/// What does not hold through the gateway, and why it is not mended.
const EMBEDDED: &[(&str, &str)] = &[
    (
        "5.0 v5-3.1.3.2.2-cleanstart",
        "mqtt5 drops a delayed will at the next connection of its client, whether or not the session goes on. No broker that \
         was measured publishes it, and [MQTT-3.1.2-8] can be read so: a new connection before the delay has passed deletes \
         the will. The gateway would have to publish it in the client's stead",
    ),
    ("5.0 v5-3.1.4-takeover-will-ends", "the same, where the old connection is still there"),
];

/// What does not hold on Mosquitto 2.0.11, and what it does.
const MOSQUITTO: &[(&str, &str)] = &[
    ("5.0 v5-3.1.3.2.2-expiry0", "it waits for the delay although the session has ended"),
    ("5.0 v5-3.1.3.2.2-cleanstart", "it drops the will"),
    ("5.0 MQTT-3.1.4-3", "it closes without DISCONNECT"),
    ("5.0 v5-3.1.4-takeover-will", "it publishes no will where the session goes on, even without a delay"),
    ("5.0 v5-3.1.4-takeover-will-ends", "it drops the will"),
    ("5.0 MQTT-3.14.2-1", "it takes any reason code for 0x00"),
    ("5.0 MQTT-3.14.2-2", "it closes without DISCONNECT"),
    ("5.0 v5-3.14.2.1-other", "it takes any reason code but 0x04 for 0x00"),
];

/// How long a case that is known to fail may wait for what does not come.
const SHORT: Duration = Duration::from_secs(3);

/// What can be played and says nothing about either broker: both take QoS 2 and retained messages.
const LEFT_OUT: [&str; 2] = ["5.0 MQTT-3.2.2-12", "5.0 MQTT-3.2.2-13"];

/// How many cases are played, those that are known to fail among them.
const PLAYED: usize = 64;

/// Runs all cases; every one has to pass, except those that are known to fail, which have to fail.
async fn conforms(addr: SocketAddr, known: &[(&str, &str)]) {
    let is_known = |case: &Case| known.iter().any(|(name, _)| *name == case.name());
    let (failing, passing): (Vec<_>, Vec<_>) = cases().unwrap().into_iter().partition(is_known);
    assert_eq!(failing.len(), known.len(), "a case that is known to fail is none");
    let options = Options::new(addr);
    let (failing, passing) =
        tokio::join!(run(failing, Options { patience: SHORT, ..options.clone() }), run(passing, options));
    let mut faults = String::new();
    let mut passed = 0;
    for Outcome { case, verdict, took } in passing.unwrap() {
        match verdict {
            Verdict::Failed(why) => {
                writeln!(faults, "{} ({took:.1?}): {}\n    {why}", case.name(), case.says).unwrap();
            }
            Verdict::NotApplicable(why)
                if case.standing() == Standing::Playable && !LEFT_OUT.contains(&&*case.name()) =>
            {
                writeln!(faults, "{} was not played: {why}", case.name()).unwrap();
            }
            Verdict::NotApplicable(_) => {}
            Verdict::Passed => passed += 1,
        }
    }
    for Outcome { case, verdict, .. } in failing.unwrap() {
        if !matches!(verdict, Verdict::Failed(_)) {
            writeln!(faults, "{} is known to fail: {verdict:?}", case.name()).unwrap();
        }
    }
    assert!(faults.is_empty(), "\n{faults}");
    assert_eq!(passed + known.len(), PLAYED, "a case more or less: count it in PLAYED");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gateway_and_the_embedded_broker_conform() {
    let mut world = World::start().await;
    let addr = world.addr();
    // Nobody may wait for the hub.
    let drain = async { while world.reports.recv().await.is_some() {} };
    tokio::select! {
        () = conforms(addr, EMBEDDED) => {}
        () = drain => panic!("the gateway is gone"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_mosquitto_differs_where_it_is_known_to() {
    let Some(broker) = Mosquitto::start() else { return };
    conforms(([127, 0, 0, 1], broker.port).into(), MOSQUITTO).await;
}

#[test]
fn every_case_is_tried_somewhere_or_says_why_not() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for case in cases().unwrap() {
        let Standing::Tested(tests) = case.standing() else { continue };
        for test in tests {
            let (file, name) = test.split_once(": ").unwrap_or_else(|| panic!("{}: {test}", case.name()));
            let source = std::fs::read_to_string(root.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
            assert!(source.contains(&format!("fn {name}()")), "{}: {file} has no test {name}", case.name());
        }
    }
}

#[tokio::test]
async fn a_broker_that_is_not_there_is_one_sentence() {
    let addr = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let error = run(cases().unwrap(), Options::new(addr)).await.unwrap_err();
    assert!(error.contains(&addr.to_string()) && !error.contains('\n'), "{error}");
}
