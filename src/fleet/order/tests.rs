//! The live order against a full sort.

use super::*;
use crate::clock::Moment;
use crate::fleet::{Closed, Column, DeviceEvent, Event, LinkEvent, Opened, SessionEvent, Settings, Via};
use crate::mqtt::{Cause, ConnId, Fault, KeepAlive, Protocol, Qos, Will};
use crate::wiring::Activity;
use proptest::prelude::*;
use std::time::Duration;

fn fleet() -> Fleet {
    Fleet::new(Settings { will: "w".parse().unwrap(), rules: false })
}

fn at(millis: u64) -> Moment {
    Moment::from_millis(1_000_000 + millis)
}

fn apply(fleet: &mut Fleet, event: Event, now: u64) {
    fleet.apply(event, at(now), &mut Vec::new());
}

/// `id` connects; `kind` makes its connection another one than that of others.
fn open(fleet: &mut Fleet, id: &str, conn: u64, kind: u8, now: u64) {
    let will = (kind.is_multiple_of(3)).then(|| Will {
        topic: format!("devices/{}/will", kind / 4).as_str().into(),
        payload: "gone".into(),
        qos: Qos::AtMostOnce,
        retain: false,
        delay: Duration::ZERO,
    });
    let opened = Opened {
        at: at(now),
        conn: ConnId(conn),
        client: id.into(),
        peer: (!kind.is_multiple_of(5)).then(|| ([10, kind, 0, 1], 40_000 + u16::from(kind)).into()),
        protocol: if kind.is_multiple_of(2) { Protocol::V5 } else { Protocol::V311 },
        keep_alive: KeepAlive(u16::from(kind % 4) * 10),
        clean: true,
        will,
        nameless: false,
        via: Via { identity: (kind.is_multiple_of(2)).then(|| format!("cn-{kind}").as_str().into()), ..Via::default() },
    };
    apply(fleet, Event::Session(SessionEvent::Opened(Box::new(opened))), now);
}

fn close(fleet: &mut Fleet, id: &str, conn: u64, cause: Cause, now: u64) {
    let closed = Closed {
        at: at(now),
        cut: None,
        conn: ConnId(conn),
        client: id.into(),
        cause,
        how: "FIN",
        rest: Activity::default(),
    };
    apply(fleet, Event::Session(SessionEvent::Closed(Box::new(closed))), now);
}

fn active(fleet: &mut Fleet, conn: u64, now: u64) {
    let activity = Activity { last_packet: at(now), packets: 1, pings: 1, publishes: 0 };
    apply(fleet, Event::Activity(ConnId(conn), activity), now);
}

fn ids(fleet: &Fleet, rows: &[DeviceKey]) -> Vec<String> {
    rows.iter().filter_map(|key| fleet.device(*key)).map(|device| device.id.to_string()).collect()
}

fn sorted(fleet: &Fleet, sort: Sort) -> Vec<String> {
    let mut order = Order::default();
    order.set(Some(sort));
    order.sync(fleet, 0, |_| true);
    ids(fleet, order.rows().unwrap())
}

#[test]
fn each_column_has_what_a_person_looks_for_first() {
    let mut fleet = fleet();
    apply(&mut fleet, Event::Link(LinkEvent::Up { at: at(0) }), 0);
    for (number, id) in ["d-10", "d-9", "e", "lost"].into_iter().enumerate() {
        open(&mut fleet, id, number as u64, [1, 3, 6, 7][number], number as u64);
    }
    active(&mut fleet, 1, 50);
    active(&mut fleet, 1, 60);
    active(&mut fleet, 0, 70);
    close(&mut fleet, "lost", 3, Cause::ConnectionLost, 80);
    close(&mut fleet, "e", 2, Cause::ClientInitiatedDisconnect, 90);
    let by = |column| sorted(&fleet, Sort::by(column));
    assert_eq!(by(Column::Device), ["d-9", "d-10", "e", "lost"]);
    assert_eq!(by(Column::State), ["lost", "d-9", "d-10", "e"]);
    assert_eq!(by(Column::Cause), ["lost", "e", "d-10", "d-9"]);
    assert_eq!(by(Column::Deaths)[0], "lost");
    assert_eq!(by(Column::Since), ["e", "lost", "d-9", "d-10"]);
    // Keep alive 10, 30, 20 and 30 s; the dead have no fuse.
    assert_eq!(by(Column::Fuse), ["d-10", "d-9", "e", "lost"]);
    assert_eq!(by(Column::KeepAlive), ["d-10", "e", "d-9", "lost"]);
    assert_eq!(by(Column::Protocol)[3], "e");
    assert_eq!(by(Column::Packets)[..2], ["d-9", "d-10"]);
    assert_eq!(by(Column::Address), ["d-10", "d-9", "e", "lost"]);
    assert_eq!(by(Column::Certificate)[0], "e");
    // devices/0/will and devices/1/will; what has none is last, both ways.
    assert_eq!(by(Column::Will), ["d-9", "e", "d-10", "lost"]);
    assert_eq!(sorted(&fleet, Sort::by(Column::Will).reversed()), ["e", "d-9", "d-10", "lost"]);
    assert_eq!(sorted(&fleet, Sort::by(Column::Device).reversed()), ["lost", "e", "d-10", "d-9"]);
}

#[test]
fn only_what_changed_is_moved() {
    let mut fleet = fleet();
    for number in 0..1_000 {
        open(&mut fleet, &format!("d{number}"), number, 1, 0);
    }
    let mut order = Order::default();
    order.set(Some(Sort::by(Column::Fuse)));
    for _ in 0..50 {
        order.sync(&fleet, 0, |_| true);
    }
    assert_eq!(order.moved(), 1_000, "nothing happened");
    active(&mut fleet, 7, 500);
    active(&mut fleet, 7, 600);
    order.sync(&fleet, 0, |_| true);
    assert_eq!((order.moved(), order.rows().unwrap().last().copied()), (1_001, fleet.find("d7")));
    // What is no fact of the column moves nothing.
    apply(
        &mut fleet,
        Event::Device(DeviceEvent::Faulted { at: at(700), client: "d8".into(), fault: Fault::Freeze }),
        700,
    );
    order.sync(&fleet, 0, |_| true);
    assert_eq!(order.moved(), 1_001);
}

proptest! {
    #[test]
    fn it_is_always_what_a_full_sort_would_give(
        steps in proptest::collection::vec((0u8..9, 0u8..10, any::<u8>()), 0..80),
        column in proptest::sample::select(Column::ALL.to_vec()),
        descending in any::<bool>(),
    ) {
        let mut fleet = fleet();
        let sort = Sort { column, descending };
        let mut order = Order::default();
        order.set(Some(sort));
        let mut hidden = 255;
        for (now, (what, who, how)) in steps.into_iter().enumerate() {
            // Names of one length and of others, so that some differ behind their first eight bytes only.
            let id = format!("{}-{who}", ["d", "a-long-name"][usize::from(who) % 2]);
            let (conn, now) = (u64::from(who), now as u64 * 100);
            match what {
                0 | 1 => open(&mut fleet, &id, conn, how % 16, now),
                2 => close(&mut fleet, &id, conn, Cause::ALL[usize::from(how) % Cause::ALL.len()], now),
                3 => active(&mut fleet, conn, now),
                4 => apply(&mut fleet, Event::Device(DeviceEvent::Removed { client: id.as_str().into() }), now),
                5 => {
                    let why = "refused".to_owned();
                    apply(&mut fleet, Event::Device(DeviceEvent::Failed { at: at(now), client: id.as_str().into(), why }), now);
                }
                6 => fleet.tick(at(now + u64::from(how) * 1_000), &mut Vec::new()),
                7 => hidden = how % 12,
                _ => {
                    let shown = |key: DeviceKey| key.0 != usize::from(hidden);
                    order.sync(&fleet, u64::from(hidden), shown);
                    let mut all: Vec<(u64, DeviceKey)> = fleet
                        .order()
                        .iter()
                        .filter(|key| shown(**key))
                        .map(|key| (sort.number(fleet.device(*key).unwrap()), *key))
                        .collect();
                    all.sort_by(|one, other| compare(&fleet, sort, *one, *other));
                    let all: Vec<DeviceKey> = all.into_iter().map(|(_, key)| key).collect();
                    prop_assert_eq!(order.rows().unwrap(), &all[..]);
                }
            }
        }
    }
}
