//! Faults on many devices, and what takes a while, on the embedded broker.

use super::{PATIENCE, Program, setup};
use lwtop::hub::mass::{Kind, Mass, Size, Storm};
use lwtop::hub::{Command, Work};
use lwtop::mqtt::Fault;
use std::time::Duration;
use tokio::time::timeout;

fn mass(kind: Kind, size: Size, time: Duration) -> Mass {
    let storm = Storm { size, every: Duration::from_millis(600) };
    Mass { kind, fault: Fault::Rst, storm, time }
}

/// Waits for a notice that has `wanted` in it.
async fn notice(program: &mut Program, wanted: &str) -> String {
    let wait = async {
        loop {
            let turn = program.runtime.turn().await.unwrap();
            program.changes.extend(turn.changes);
            if let Some(notice) = turn.notices.into_iter().find(|notice| notice.contains(wanted)) {
                return notice;
            }
        }
    };
    timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("nobody said {wanted:?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_over_a_hundred_devices_accounts_for_every_will() {
    let mut program = Program::start(setup(100)).await;
    let ids = program.ids();
    let storm = mass(Kind::Storm, Size::Percent(20), Duration::from_millis(1_800));
    program.command(Command::Mass(ids.clone(), storm));
    let other = program.runtime.command(Command::Mass(ids, storm)).notices;
    assert_eq!(other, ["storm goes on: wait for its end, or cancel it first"]);
    program.until("the storm is shown", |runtime| runtime.fleet().counts().offline > 0).await;
    let end = notice(&mut program, "the storm is over").await;
    assert_eq!(end, "the storm is over: 60 died in 3 rounds, wills 60 of 60, 0 lost");
    program.until("all are back", |runtime| runtime.fleet().counts().online == 100).await;
    assert!(program.runtime.view().2.jobs.is_empty());
    let incidents = program.incidents();
    assert_eq!(incidents.len(), 60);
    assert!(incidents.iter().all(|incident| incident.wills == 1 && incident.recovered()), "{incidents:#?}");
    program.runtime.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partition_is_healed_by_a_person() {
    let mut program = Program::start(setup(20)).await;
    let frozen =
        |runtime: &lwtop::hub::Runtime| runtime.fleet().devices().filter(|device| device.fault.is_some()).count();
    let (ids, partition) = (program.ids(), mass(Kind::Partition, Size::Count(1), Duration::ZERO));
    program.command(Command::Mass(ids, partition));
    program.until("all are silent", |runtime| frozen(runtime) == 20).await;
    program.command(Command::Cancel(Work::Mass(Kind::Partition)));
    program.until("all are back", |runtime| frozen(runtime) == 0 && runtime.fleet().counts().online == 20).await;
    // The broker threw the silent connections out, or lwtop took them over before: nobody is left behind.
    program.command(Command::Cancel(Work::Mass(Kind::Partition)));
    program.runtime.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_launch_and_a_return_are_called_off() {
    let mut program = Program::start(setup(30)).await;
    // Nobody of them is there yet, so nobody of them stays.
    program.command(Command::Launch(300));
    let said = program.runtime.command(Command::Cancel(Work::Launch)).notices;
    assert_eq!(said, ["cancelled: 0 of 300 devices were launched"]);
    let counts = |runtime: &lwtop::hub::Runtime| (runtime.fleet().len(), runtime.fleet().counts().online);
    program.command(Command::Launch(1));
    program.until("one more", |runtime| runtime.fleet().find("lwtThing-331").is_some()).await;
    program.until("only those that stay", |runtime| counts(runtime) == (31, 31)).await;

    let ids = program.ids();
    program.command(Command::Fault(ids, Fault::Fin));
    program.until("all are gone", |runtime| runtime.fleet().counts().offline == 31).await;
    program.command(Command::ReconnectAll);
    let said = program.runtime.command(Command::Cancel(Work::Reconnect)).notices;
    assert_eq!(said, ["cancelled: 0 of 31 devices are back"]);
    // Whether it was in time or not, nobody is stuck.
    program.command(Command::ReconnectAll);
    program.until("all are back", |runtime| counts(runtime) == (31, 31)).await;
    program.runtime.stop().await;
}
