//! `Fleet::apply` at 1 000 and 100 000 devices, beside the least that any program would have to do for the same event:
//! one hash lookup by client id and one write.
//!
//! Run with `cargo bench --bench fleet`; read the ratio of a row to its `bare` row, not the time.

use bytes::Bytes;
use divan::{Bencher, black_box};
use lwtop::clock::Moment;
use lwtop::fleet::{
    Closed, Event, Fleet, Incoming, LinkEvent, Meaning, Opened, Role, RuleOutcome, SessionEvent, Settings, Via,
};
use lwtop::mqtt::{Cause, ClientId, ConnId, KeepAlive, Protocol, Qos, Will};
use lwtop::wiring::Activity;
use std::collections::HashMap;
use std::time::Duration;

const SIZES: [usize; 2] = [1_000, 100_000];
const WILL_TOPIC: &str = "/last/will/topic";

fn main() {
    divan::main();
}

fn id(number: usize) -> ClientId {
    ClientId::new(format!("lwtThing-{number}"))
}

fn opened(number: usize, conn: u64) -> Event {
    Event::Session(SessionEvent::Opened(Box::new(Opened {
        at: Moment::from_millis(1),
        conn: ConnId(conn),
        client: id(number),
        peer: None,
        protocol: Protocol::V311,
        keep_alive: KeepAlive(30),
        clean: true,
        will: Some(Will {
            topic: WILL_TOPIC.into(),
            payload: Bytes::from_static(b"{}"),
            qos: Qos::AtMostOnce,
            retain: false,
            delay: Duration::ZERO,
        }),
        nameless: false,
        via: Via::default(),
    })))
}

fn fleet(size: usize) -> Fleet {
    let mut fleet = Fleet::new(Settings { will: WILL_TOPIC.parse().expect("a filter"), rules: true });
    let mut out = Vec::new();
    fleet.apply(Event::Link(LinkEvent::Up { at: Moment::from_millis(0) }), Moment::from_millis(0), &mut out);
    for number in 0..size {
        fleet.apply(opened(number, number as u64), Moment::from_millis(1), &mut out);
        out.clear();
    }
    fleet
}

/// A permutation of the devices, so that neither side runs through memory in order.
fn scattered(size: usize) -> impl Iterator<Item = usize> {
    (0..usize::MAX).map(move |step| step.wrapping_mul(7_919) % size)
}

mod activity {
    use super::{Activity, Bencher, ConnId, Event, HashMap, Moment, SIZES, black_box, fleet, scattered};

    #[divan::bench(args = SIZES, sample_size = 1_000)]
    fn apply(bencher: Bencher, size: usize) {
        let mut fleet = fleet(size);
        let mut devices = scattered(size);
        let mut out = Vec::new();
        bencher.bench_local(move || {
            let conn = ConnId(devices.next().unwrap_or_default() as u64);
            let heard = Activity { last_packet: Moment::from_millis(2), packets: 1, pings: 1, publishes: 0 };
            fleet.apply(Event::Activity(conn, heard), Moment::from_millis(2), &mut out);
        });
    }

    #[divan::bench(args = SIZES)]
    fn bare(bencher: Bencher, size: usize) {
        let mut map: HashMap<ConnId, u64> = (0..size).map(|number| (ConnId(number as u64), 0)).collect();
        let mut devices = scattered(size);
        bencher.bench_local(move || {
            let conn = ConnId(devices.next().unwrap_or_default() as u64);
            *map.entry(black_box(conn)).or_default() += 1;
        });
    }
}

/// A whole death and its recovery: closed, will, rule, executed, opened.
mod death {
    use super::{
        Activity, Bencher, Bytes, Cause, ClientId, Closed, ConnId, Event, HashMap, Incoming, Meaning, Moment, Qos,
        Role, RuleOutcome, SIZES, SessionEvent, WILL_TOPIC, black_box, fleet, id, opened, scattered,
    };

    #[divan::bench(args = SIZES, sample_size = 1_000)]
    fn apply(bencher: Bencher, size: usize) {
        let mut fleet = fleet(size);
        let mut devices = scattered(size);
        let mut conns: Vec<u64> = (0..size as u64).collect();
        let mut next = size as u64;
        let mut out = Vec::new();
        bencher.bench_local(move || {
            let now = Moment::from_millis(3);
            let number = devices.next().unwrap_or_default();
            let client = id(number);
            let closed = Closed {
                at: now,
                cut: Some(now),
                conn: ConnId(conns[number]),
                client: client.clone(),
                cause: Cause::ConnectionLost,
                how: "FIN",
                rest: Activity::default(),
            };
            fleet.apply(Event::Session(SessionEvent::Closed(Box::new(closed))), now, &mut out);
            for role in [Role::Will, Role::Executed] {
                let message = Incoming {
                    at: now,
                    topic: WILL_TOPIC.into(),
                    payload: Bytes::from_static(b"{}"),
                    qos: Qos::AtMostOnce,
                    retain: false,
                    publisher: None,
                    source: None,
                    properties: None,
                };
                let outcome = RuleOutcome {
                    at: now,
                    name: "lastWillRule".into(),
                    matched: true,
                    skipped: false,
                    republishes: true,
                    notifies: 0,
                };
                let outcomes = if role == Role::Will { vec![outcome] } else { Vec::new() };
                let meaning = Meaning { role, device: Some(client.clone()) };
                fleet.apply(Event::Message(message, meaning, outcomes), now, &mut out);
            }
            conns[number] = next;
            fleet.apply(opened(number, next), now, &mut out);
            next += 1;
            out.clear();
        });
    }

    #[divan::bench(args = SIZES)]
    fn bare(bencher: Bencher, size: usize) {
        let mut map: HashMap<ClientId, u64> = (0..size).map(|number| (id(number), 0)).collect();
        let mut devices = scattered(size);
        bencher.bench_local(move || {
            let client = id(devices.next().unwrap_or_default());
            for _ in 0..4 {
                *map.entry(black_box(client.clone())).or_default() += 1;
            }
        });
    }
}
