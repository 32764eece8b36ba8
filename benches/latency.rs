//! From the cut of a simulated device to its will in the fleet's state, beside the same cuts as a bare socket subscriber
//! sees them, in the same run.
//!
//! Run with `cargo bench --bench latency`. The bar is 2.0 at the median.

#[path = "../tests/support/raw.rs"]
mod raw;

use lwtop::clock::Clock;
use lwtop::convention::Topics;
use lwtop::device::DeviceTemplate;
use lwtop::fleet::{Hop, IncidentId};
use lwtop::hub::{Command, Doors, LinkOptions, Runtime, Setup, Source};
use lwtop::mqtt::Fault;
use lwtop::rules::RuleSet;
use raw::Raw;
use std::sync::mpsc;

const CUTS: usize = 400;
const BAR: f64 = 2.0;

fn main() {
    // `cargo test --benches` only wants to know that it starts.
    if std::env::args().any(|arg| arg == "--test") {
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(run());
}

async fn run() {
    let clock = Clock::start();
    let topics = Topics {
        will: "/last/will/topic".parse().expect("a filter"),
        connected: "/lwt/connected/topic".parse().expect("a filter"),
        executed: "/lwt/executed".parse().expect("a filter"),
    };
    let setup = Setup {
        source: Source::Embedded {
            listen: "127.0.0.1:0".parse().expect("an address"),
            doors: Doors::default(),
            users: None,
        },
        link: LinkOptions::default(),
        rules: RuleSet::article(&topics.will, &"/lwt/executed".parse().expect("a topic")),
        topics,
        template: DeviceTemplate::article(
            "/last/will/topic".parse().expect("a topic"),
            "/lwt/connected/topic".parse().expect("a topic"),
        ),
        prefix: "lwtThing".to_owned(),
        lifecycle: false,
        devices: 1,
    };
    let mut program = Runtime::start(setup, clock).expect("one device fits");
    let mut port = None;
    while port.is_none() || program.fleet().counts().online < 1 {
        port = program.turn().await.expect("a turn").listening.first().map(|entrance| entrance.address.port()).or(port);
    }
    let (seen, bare) = mpsc::channel();
    let (ready, subscribed) = tokio::sync::oneshot::channel();
    let port = port.expect("a port");
    std::thread::spawn(move || {
        let mut watcher = Raw::connect(port, "bare");
        watcher.subscribe("/last/will/topic");
        ready.send(()).expect("the bench waits");
        for _ in 0..CUTS {
            watcher.message();
            if seen.send(clock.now()).is_err() {
                return;
            }
        }
    });
    subscribed.await.expect("the subscriber runs");

    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for number in 0..CUTS {
        let fault = if number % 2 == 0 { Fault::Fin } else { Fault::Rst };
        program.command(Command::Fault(vec!["lwtThing".into()], fault));
        let id = IncidentId(number as u64 + 1);
        // Until the will is in the state.
        let in_state = loop {
            program.turn().await.expect("a turn");
            if program.fleet().incident(id).is_some_and(|incident| incident.hops.get(Hop::Will).is_some()) {
                break clock.now();
            }
        };
        let cut = program.fleet().incident(id).and_then(|incident| incident.hops.get(Hop::Cut)).expect("a cut");
        ours.push(in_state.since(cut).as_secs_f64() * 1e6);
        let bare = tokio::task::block_in_place(|| bare.recv()).expect("the subscriber runs");
        theirs.push(bare.since(cut).as_secs_f64() * 1e6);
        // Until the story is told, so that one cut does not disturb the next.
        while !program.fleet().incident(id).is_some_and(|incident| incident.reported) {
            program.turn().await.expect("a turn");
        }
        program.command(Command::ReconnectAll);
        while program.fleet().find("lwtThing").and_then(|key| program.fleet().device(key)?.open_session()).is_none() {
            program.turn().await.expect("a turn");
        }
    }
    program.stop().await;
    let (p50, bare50) = (percentile(&mut ours, 50), percentile(&mut theirs, 50));
    let (p99, bare99) = (percentile(&mut ours, 99), percentile(&mut theirs, 99));
    println!("cut to will, {CUTS} cuts           p50        p99");
    println!("in the fleet's state       {p50:7.0} us {p99:7.0} us");
    println!("at a bare subscriber       {bare50:7.0} us {bare99:7.0} us");
    let ratio = p50 / bare50;
    println!("ratio at the median {ratio:.2}, bar {BAR:.2}: {}", if ratio <= BAR { "met" } else { "MISSED" });
}

fn percentile(values: &mut [f64], percent: usize) -> f64 {
    values.sort_by(f64::total_cmp);
    values[(values.len() - 1) * percent / 100]
}
