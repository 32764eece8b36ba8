//! The faults that depend on the broker's answer, on mqtt5, the broker that lwtop embeds.

#[path = "support/hub.rs"]
mod hub;
#[path = "support/raw.rs"]
mod raw;

use hub::{Lane, article, run_one, swarm};
use lwtop::device::{DeviceTemplate, Plan, Step};
use lwtop::fleet::{Report, SessionEvent};
use lwtop::mqtt::{Cause, ClientId, Fault, KeepAlive, Protocol};
use mqtt5::broker::MqttBroker;
use mqtt5::broker::config::{BrokerConfig, StorageBackend, StorageConfig};
use raw::Raw;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

async fn broker() -> SocketAddr {
    let storage = StorageConfig::new().with_backend(StorageBackend::Memory);
    let config = BrokerConfig::default().with_bind_address(([127, 0, 0, 1], 0)).with_storage(storage);
    let mut broker = MqttBroker::with_config(config).await.unwrap();
    let address = broker.local_addr().unwrap();
    tokio::spawn(async move { broker.run().await });
    address
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mqtt5_answers_a_malformed_packet_and_a_takeover_by_closing() {
    let address = broker().await;
    let mut watcher = Raw::connect(address.port(), "watcher");
    watcher.subscribe("/last/will/topic");
    for protocol in [Protocol::V311, Protocol::V5] {
        for (fault, cause) in [(Fault::ProtocolError, Cause::ProtocolError), (Fault::Takeover, Cause::SessionTakenOver)]
        {
            let mut lane = Lane::new();
            let (swarm, _) = swarm(address.into(), DeviceTemplate { protocol, ..article() }, &lane);
            let id = ClientId::new(format!("{fault}-{protocol}"));
            swarm.launch(vec![id.clone()]);
            lane.find(|report| matches!(report, Report::Session(SessionEvent::Opened(_))).then_some(())).await;
            swarm.fault(&id, fault).unwrap();
            let closed = lane
                .find(|report| match report {
                    Report::Session(SessionEvent::Closed(closed)) => Some(closed),
                    _ => None,
                })
                .await;
            assert_eq!(closed.cause, cause, "{id}");
            assert!(watcher.message().1.contains(id.as_str()), "the will of {id}");
            swarm.leave_all(Duration::from_secs(20)).await;
            assert!(swarm.is_empty());
        }
    }
}

/// What was launched with a template of its own keeps it when it comes back, beside devices that are like the others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn devices_of_one_swarm_may_differ() {
    let address = broker().await;
    let mut lane = Lane::new();
    let (swarm, _) = swarm(address.into(), article(), &lane);
    let other = Arc::new(DeviceTemplate { protocol: Protocol::V5, keep_alive: KeepAlive(2), will: None, ..article() });
    let opened = |report| match report {
        Report::Session(SessionEvent::Opened(opened)) => Some((opened.protocol, opened.keep_alive.0, opened.will)),
        _ => None,
    };
    swarm.launch_like(vec!["a".into()], &other);
    assert_eq!(lane.find(opened).await, (Protocol::V5, 2, None));
    swarm.launch(vec!["b".into()]);
    assert_eq!(lane.find(opened).await, (Protocol::V311, 30, article().will_of(&"b".into())));
    swarm.fault(&"a".into(), Fault::LeaveWithWill).unwrap();
    assert!(swarm.fault(&"b".into(), Fault::LeaveWithWill).is_err(), "3.1.1 has no reason in DISCONNECT");
    swarm.reconnect(&"a".into()).unwrap();
    assert_eq!(lane.find(opened).await, (Protocol::V5, 2, None));
    swarm.leave_all(Duration::from_secs(20)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_solo_device_waits_for_the_broker_where_the_fault_needs_it() {
    let address = broker().await;
    let mut watcher = Raw::connect(address.port(), "watcher");
    watcher.subscribe("/last/will/topic");
    let template = DeviceTemplate { keep_alive: KeepAlive(1), ..article() };
    for fault in [Fault::Freeze, Fault::Takeover, Fault::ProtocolError] {
        let mut steps = Vec::new();
        let plan = Plan { sleep: Duration::ZERO, fault: Some(fault) };
        run_one(&address.into(), &template, &fault.name().into(), plan, |step| steps.push(step)).await.unwrap();
        assert_eq!(steps[3..], [Step::Dying(Some(fault)), Step::ClosedByBroker]);
        assert!(watcher.message().1.contains(fault.name()));
    }
}
