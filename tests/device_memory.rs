//! How much memory a device takes. Measured, not guessed: `cargo test --release --test device_memory -- --ignored --nocapture`.

#[path = "support/hub.rs"]
mod hub;
#[path = "support/mosquitto.rs"]
mod mosquitto;

use hub::{Lane, article, swarm};
use lwtop::device::Target;
use lwtop::fleet::{Report, SessionEvent};
use lwtop::mqtt::ClientId;
use mosquitto::Mosquitto;
use std::time::Duration;

fn resident_kib() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement of this machine"]
async fn ten_thousand_devices_take_two_kilobytes_each() {
    const DEVICES: usize = 10_000;
    rlimit::increase_nofile_limit(u64::MAX).unwrap();
    let Some(broker) = Mosquitto::start() else { return };
    let mut lane = Lane::new();
    let target = Target::plain("127.0.0.1", broker.port);
    let (swarm, board) = swarm(target, article(), &lane);
    let before = resident_kib();
    let start = std::time::Instant::now();
    swarm.launch((0..DEVICES).map(|n| ClientId::new(format!("lwtThing-{n}"))).collect());
    for _ in 0..DEVICES {
        lane.find(|report| matches!(report, Report::Session(SessionEvent::Opened(_))).then_some(())).await;
    }
    let took = start.elapsed();
    let mut news = Vec::new();
    board.drain(&mut news);
    drop(news);
    let each = (resident_kib() - before) * 1024 / DEVICES;
    eprintln!("{DEVICES} devices: {each} bytes of RSS each, {took:?} to launch");
    assert!(each <= 2048, "{each} bytes each");
    swarm.leave_all(Duration::from_secs(30)).await;
    assert!(swarm.is_empty());
}
