//! Every fault, from the device's own socket, on a real Mosquitto, in both versions, plain and over TLS and WebSocket.

#[path = "support/authority.rs"]
mod authority;
#[path = "support/hub.rs"]
mod hub;
#[path = "support/mosquitto.rs"]
mod mosquitto;
#[path = "support/raw.rs"]
mod raw;

use authority::Authority;
use hub::{Lane, article, swarm};
use lwtop::clock::Moment;
use lwtop::device::{DeviceTemplate, OrderError, Target};
use lwtop::dial::Route;
use lwtop::fleet::{Closed, DeviceEvent, Report, SessionEvent};
use lwtop::mqtt::{BrokerAddress, Cause, ClientId, Fault, KeepAlive, Protocol};
use mosquitto::Mosquitto;
use raw::Raw;

const WILLS: &str = "/last/will/topic";

fn target(port: u16) -> Target {
    Target::plain("127.0.0.1", port)
}

fn template(protocol: Protocol) -> DeviceTemplate {
    DeviceTemplate { protocol, ..article() }
}

async fn opened(lane: &mut Lane) -> ClientId {
    lane.find(|report| match report {
        Report::Session(SessionEvent::Opened(opened)) => Some(opened.client),
        Report::Device(DeviceEvent::Failed { why, .. }) => panic!("{why}"),
        _ => None,
    })
    .await
}

async fn faulted(lane: &mut Lane) -> Moment {
    match lane.next().await {
        Report::Device(DeviceEvent::Faulted { at, .. }) => at,
        other => panic!("Faulted comes first, not {other:?}"),
    }
}

async fn closed(lane: &mut Lane) -> Closed {
    match lane.next().await {
        Report::Session(SessionEvent::Closed(closed)) => *closed,
        other => panic!("Closed comes, not {other:?}"),
    }
}

/// A second client with the same id: when its CONNACK is here, the broker has done with the first one, will included.
/// A marker published then is the next message if there was no will.
fn nothing_more_comes(port: u16, watcher: &mut Raw, id: &ClientId) {
    let _second = Raw::connect(port, id.as_str());
    watcher.publish(WILLS, b"marker");
    assert_eq!(watcher.message().1, "marker", "no will of {id}");
}

async fn dies(fault: Fault, protocol: Protocol, cause: Cause, will: bool) {
    let Some(broker) = Mosquitto::start() else { return };
    dies_there(&broker, target(broker.port), fault, protocol, cause, will).await;
}

async fn dies_there(broker: &Mosquitto, target: Target, fault: Fault, protocol: Protocol, cause: Cause, will: bool) {
    let mut watcher = Raw::connect(broker.port, "watcher");
    watcher.subscribe(WILLS);
    let mut lane = Lane::new();
    let (swarm, _) = swarm(target, template(protocol), &lane);
    let id = ClientId::from("lwtThing");
    swarm.launch(vec![id.clone()]);
    assert_eq!(opened(&mut lane).await, id);
    swarm.fault(&id, fault).unwrap();
    let at = faulted(&mut lane).await;
    let closed = closed(&mut lane).await;
    assert_eq!((closed.cause, closed.client.as_str()), (cause, "lwtThing"), "{fault} in {protocol}");
    let cuts = matches!(fault, Fault::Fin | Fault::Rst | Fault::ProtocolError);
    assert_eq!(closed.cut, cuts.then_some(at), "{fault} in {protocol}");
    if will {
        let (topic, payload) = watcher.message();
        let value: serde_json::Value = serde_json::from_str(&payload).unwrap();
        assert_eq!((topic.as_str(), &value["state"]["reported"]["client_id"]), (WILLS, &"lwtThing".into()));
    }
    if fault == Fault::Takeover {
        assert_eq!(opened(&mut lane).await, id);
        swarm.fault(&id, Fault::Leave).unwrap();
        lane.find(|report| matches!(report, Report::Session(SessionEvent::Closed(_))).then_some(())).await;
    }
    nothing_more_comes(broker.port, &mut watcher, &id);
    // Dead until somebody says otherwise, then as alive as before.
    assert_eq!(swarm.fault(&id, Fault::Fin), Err(OrderError::NotConnected(id.clone())));
    swarm.reconnect(&id).unwrap();
    assert_eq!(opened(&mut lane).await, id);
    swarm.remove(&id).unwrap();
    lane.find(|report| matches!(report, Report::Device(DeviceEvent::Removed { .. })).then_some(())).await;
    assert!(!swarm.contains(&id) && swarm.is_empty());
    nothing_more_comes(broker.port, &mut watcher, &id);
}

macro_rules! faults {
    ($($name:ident: $fault:ident, $protocol:ident => $cause:ident, $will:literal;)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            dies(Fault::$fault, Protocol::$protocol, Cause::$cause, $will).await;
        }
    )*};
}

faults! {
    leave_in_3_1_1: Leave, V311 => ClientInitiatedDisconnect, false;
    leave_in_5: Leave, V5 => ClientInitiatedDisconnect, false;
    fin_in_3_1_1: Fin, V311 => ConnectionLost, true;
    fin_in_5: Fin, V5 => ConnectionLost, true;
    rst_in_3_1_1: Rst, V311 => ConnectionLost, true;
    rst_in_5: Rst, V5 => ConnectionLost, true;
    takeover_in_3_1_1: Takeover, V311 => SessionTakenOver, true;
    takeover_in_5: Takeover, V5 => SessionTakenOver, true;
    protocol_error_in_3_1_1: ProtocolError, V311 => ProtocolError, true;
    protocol_error_in_5: ProtocolError, V5 => ProtocolError, true;
    leave_with_will_in_5: LeaveWithWill, V5 => DisconnectWithWill, true;
}

/// All of it over one kind of layers, on one broker.
async fn all_over(name: &str, scheme: &str, config: &str) {
    let authority = Authority::new(name);
    let (certificate, key) = authority.sign("server", &["localhost", "127.0.0.1"]);
    let tls = authority.client("lwtThing");
    let files = format!(
        "cafile {}\ncertfile {}\nkeyfile {}\nrequire_certificate true\n",
        authority.dir().join("ca.pem").display(),
        certificate.display(),
        key.display()
    );
    // It must be able to read the key.
    let user = std::env::var("USER").unwrap_or_else(|_| "root".to_owned());
    let config = config.replace("FILES", &files);
    let started = Mosquitto::start_on(|[port]| format!("user {user}\nlistener {port} 127.0.0.1\n{config}"));
    let Some((broker, [port])) = started else { return };
    let address: BrokerAddress = format!("{scheme}://localhost:{port}").parse().unwrap();
    let target = Target::from(Route { tls, ..Route::from(address) });
    // Mosquitto takes its time over each end of both layers: there one version is enough.
    let both = if scheme == "wss" { &[Protocol::V5][..] } else { &[Protocol::V311, Protocol::V5] };
    for &protocol in both {
        for (fault, cause, will) in [
            (Fault::Leave, Cause::ClientInitiatedDisconnect, false),
            (Fault::Fin, Cause::ConnectionLost, true),
            (Fault::Rst, Cause::ConnectionLost, true),
            (Fault::Takeover, Cause::SessionTakenOver, true),
            (Fault::ProtocolError, Cause::ProtocolError, true),
        ] {
            dies_there(&broker, target.clone(), fault, protocol, cause, will).await;
        }
    }
    if scheme != "wss" {
        freezes(&broker, &target).await;
    }
    dies_there(&broker, target, Fault::LeaveWithWill, Protocol::V5, Cause::DisconnectWithWill, true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_works_over_tls() {
    all_over("faults-tls", "mqtts", "FILES").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_works_over_websocket() {
    all_over("faults-ws", "ws", "protocol websockets").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_works_over_websocket_on_tls() {
    all_over("faults-wss", "wss", "protocol websockets\nFILES").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn freeze_lets_keep_alive_run_out_and_reconnect_thaws() {
    let Some(broker) = Mosquitto::start() else { return };
    freezes(&broker, &target(broker.port)).await;
}

/// In both versions together, because each of them waits for Mosquitto to look at its keep alives.
async fn freezes(broker: &Mosquitto, target: &Target) {
    let mut watcher = Raw::connect(broker.port, "watcher");
    watcher.subscribe(WILLS);
    let mut frozen = Vec::new();
    for (protocol, name) in [(Protocol::V311, "old"), (Protocol::V5, "new")] {
        let mut lane = Lane::new();
        let template = DeviceTemplate { keep_alive: KeepAlive(1), ..template(protocol) };
        let (swarm, _) = swarm(target.clone(), template, &lane);
        let id = ClientId::from(name);
        swarm.launch(vec![id.clone()]);
        opened(&mut lane).await;
        swarm.fault(&id, Fault::Freeze).unwrap();
        faulted(&mut lane).await;
        frozen.push((lane, swarm, id));
    }
    let wills = [watcher.message().1, watcher.message().1];
    for (mut lane, swarm, id) in frozen {
        let its = |will: &String| will.contains(id.as_str());
        assert!(wills.iter().any(its), "its will comes when keep alive has run out");
        assert!(lane.ready().is_none(), "silence is not reported by the silent");
        swarm.reconnect(&id).unwrap();
        opened(&mut lane).await;
        assert_eq!(closed(&mut lane).await.cause, Cause::SessionTakenOver, "the frozen connection has an end too");
        swarm.fault(&id, Fault::Leave).unwrap();
        faulted(&mut lane).await;
        assert_eq!(closed(&mut lane).await.cause, Cause::ClientInitiatedDisconnect);
        nothing_more_comes(broker.port, &mut watcher, &id);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pings_keep_a_device_with_a_short_keep_alive_online() {
    let Some(broker) = Mosquitto::start() else { return };
    let mut lane = Lane::new();
    let (swarm, board) =
        swarm(target(broker.port), DeviceTemplate { keep_alive: KeepAlive(1), ..template(Protocol::V311) }, &lane);
    swarm.launch(vec!["d".into()]);
    opened(&mut lane).await;
    let (mut news, mut pings) = (Vec::new(), 0);
    // Mosquitto would have closed after the first second and a half without any.
    while pings < 4 {
        board.news().await;
        board.drain(&mut news);
        pings += news.drain(..).map(|(_, activity)| activity.pings).sum::<u32>();
    }
    assert!(lane.ready().is_none(), "the broker closed it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_hundred_at_once_and_each_has_its_will() {
    let Some(broker) = Mosquitto::start() else { return };
    let mut watcher = Raw::connect(broker.port, "watcher");
    watcher.subscribe(WILLS);
    let mut lane = Lane::new();
    let (swarm, _) = swarm(target(broker.port), template(Protocol::V311), &lane);
    let ids: Vec<ClientId> = (1..=300).map(|n| ClientId::new(format!("lwtThing-{n}"))).collect();
    swarm.launch(ids.clone());
    swarm.launch(ids[..10].to_vec());
    for _ in &ids {
        opened(&mut lane).await;
    }
    assert_eq!(swarm.len(), 300);
    for id in &ids {
        swarm.fault(id, Fault::Rst).unwrap();
    }
    let mut dead = std::collections::HashSet::new();
    for _ in &ids {
        lane.find(|report| matches!(report, Report::Session(SessionEvent::Closed(_))).then_some(())).await;
        let value: serde_json::Value = serde_json::from_str(&watcher.message().1).unwrap();
        assert!(dead.insert(value["state"]["reported"]["client_id"].to_string()), "one will each");
    }
    swarm.reconnect(&ids[0]).unwrap();
    opened(&mut lane).await;
    swarm.leave_all(std::time::Duration::from_secs(20)).await;
    assert!(swarm.is_empty());
    nothing_more_comes(broker.port, &mut watcher, &ids[0]);
}

#[tokio::test]
async fn a_takeover_of_a_foreign_device_that_fails_says_so() {
    let mut lane = Lane::new();
    // Nobody listens there any more.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (swarm, _) = swarm(target(port), template(Protocol::V311), &lane);
    let id = ClientId::from("press-7");
    swarm.takeover_foreign(id.clone());
    let begun = faulted(&mut lane).await;
    let Report::Device(DeviceEvent::Spared { at, client, why }) = lane.next().await else { panic!("it is spared") };
    assert!(client == id && at >= begun && !swarm.contains(&id), "{why}");
    assert!(why.starts_with("The takeover of press-7 failed: ") && why.ends_with(['.', '?']), "{why}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_foreign_device_is_taken_over_by_a_client_without_a_will() {
    let Some(broker) = Mosquitto::start() else { return };
    let mut watcher = Raw::connect(broker.port, "watcher");
    watcher.subscribe("#");
    let mut foreign = Raw::connect(broker.port, "press-7");
    let mut lane = Lane::new();
    let (swarm, _) = swarm(target(broker.port), template(Protocol::V311), &lane);
    let id = ClientId::from("press-7");
    swarm.takeover_foreign(id.clone());
    faulted(&mut lane).await;
    assert_eq!(opened(&mut lane).await, id);
    assert!(!swarm.contains(&id));
    // Closed by the broker: reading ends.
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| foreign.packet())).is_err());
    swarm.remove(&id).unwrap();
    lane.find(|report| matches!(report, Report::Device(DeviceEvent::Removed { .. })).then_some(())).await;
    nothing_more_comes(broker.port, &mut watcher, &id);
}
