//! lwtop's own link on a real Mosquitto: wills, delivery once, restarts.

#[path = "support/hub.rs"]
mod hub;
#[path = "support/mosquitto.rs"]
mod mosquitto;
#[path = "support/raw.rs"]
mod raw;

use bytes::Bytes;
use hub::{Lane, article, swarm};
use lwtop::clock::Clock;
use lwtop::device::Target;
use lwtop::fleet::{Incoming, LinkEvent, Report, SessionEvent};
use lwtop::link::{Link, LinkConfig, Outgoing, Refusal};
use lwtop::mqtt::{BrokerAddress, ClientId, Fault, Qos};
use mosquitto::Mosquitto;
use raw::Raw;
use std::collections::HashSet;
use std::time::Duration;

fn config(port: u16, wills: &[&str], others: &[&str]) -> LinkConfig {
    LinkConfig {
        will_filters: wills.iter().map(|filter| filter.parse().unwrap()).collect(),
        other_filters: others.iter().map(|filter| filter.parse().unwrap()).collect(),
        ..LinkConfig::new(BrokerAddress::new("127.0.0.1", port))
    }
}

fn start(config: LinkConfig, lane: &Lane) -> Link {
    Link::start(config, lane.sender.clone(), Clock::start())
}

async fn up(lane: &mut Lane) {
    lane.find(|report| match report {
        Report::Link(LinkEvent::Up { .. }) => Some(()),
        Report::Fatal(why) => panic!("{why}"),
        _ => None,
    })
    .await;
}

async fn down(lane: &mut Lane) -> String {
    lane.find(|report| match report {
        Report::Link(LinkEvent::Down { why, .. }) => Some(why),
        _ => None,
    })
    .await
}

async fn incoming(lane: &mut Lane) -> Vec<Incoming> {
    lane.find(|report| match report {
        Report::Incoming(messages) => Some(messages),
        _ => None,
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_comes_once_even_if_both_connections_match() {
    let Some(broker) = Mosquitto::start() else { return };
    let mut lane = Lane::new();
    let link = start(config(broker.port, &["w/t"], &["w/#", "c/+", "c/x"]), &lane);
    up(&mut lane).await;
    let mut device = Raw::connect(broker.port, "device");
    device.publish("w/t", b"will");
    device.publish("w/marker", b"1");
    device.publish("c/x", b"connected");
    let mut seen = Vec::new();
    while seen.len() < 3 {
        let messages = incoming(&mut lane).await;
        seen.extend(
            messages.into_iter().map(|m| (m.topic.to_string(), String::from_utf8(m.payload.to_vec()).unwrap())),
        );
    }
    seen.sort();
    let expected = [("c/x", "connected"), ("w/marker", "1"), ("w/t", "will")];
    assert_eq!(seen, expected.map(|(topic, payload)| (topic.to_owned(), payload.to_owned())));
    link.stop().await;
    assert!(lane.ready().is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn retained_messages_and_large_ones_arrive() {
    let Some(broker) = Mosquitto::start() else { return };
    let mut lane = Lane::new();
    let link = start(config(broker.port, &["w"], &["c"]), &lane);
    up(&mut lane).await;
    let message = |payload: Vec<u8>, retain| Outgoing {
        topic: "c".parse().unwrap(),
        payload: Bytes::from(payload),
        qos: Qos::AtLeastOnce,
        retain,
        user_properties: Vec::new(),
        origin: None,
    };
    let _ = link.publish(message(vec![b'x'; 2_000_000], true));
    let large = incoming(&mut lane).await.remove(0);
    assert_eq!((large.payload.len(), large.retain, large.qos), (2_000_000, false, Qos::AtLeastOnce));
    let mut second = Lane::new();
    let other = start(config(broker.port, &["w"], &["c"]), &second);
    assert!(incoming(&mut second).await[0].retain);
    assert_eq!((link.refused(), other.refused()), (0, 0));
    link.stop().await;
    other.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_comes_back_after_a_crash_of_the_broker_and_subscribes_again() {
    let Some(mut broker) = Mosquitto::start() else { return };
    let mut lane = Lane::new();
    let link = start(config(broker.port, &["w"], &["c"]), &lane);
    up(&mut lane).await;
    for round in 0..2 {
        broker.kill();
        assert!(!down(&mut lane).await.is_empty());
        let lost = Outgoing {
            topic: "c".parse().unwrap(),
            payload: Bytes::new(),
            qos: Qos::AtMostOnce,
            retain: false,
            user_properties: Vec::new(),
            origin: None,
        };
        let before = link.refused();
        let mut answer = Ok(());
        // The other connection may be the first to notice: until this one has, messages are taken and then counted as lost.
        while link.refused() == before {
            answer = link.publish(lost.clone());
            tokio::task::yield_now().await;
        }
        if let Err(refusal) = answer {
            assert_eq!(refusal, Refusal::Lost("the link to the broker is down".to_owned()));
        }
        broker.restart();
        up(&mut lane).await;
        let mut device = Raw::connect(broker.port, "device");
        device.publish("w", format!("will {round}").as_bytes());
        device.publish("c", b"hello");
        let mut seen = HashSet::new();
        while seen.len() < 2 {
            seen.extend(incoming(&mut lane).await.into_iter().map(|message| message.payload));
        }
        assert!(seen.contains(format!("will {round}").as_bytes()) && seen.contains(&b"hello"[..]));
    }
    link.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_thousand_wills_at_once_and_none_is_lost() {
    const DEVICES: usize = 5_000;
    let (soft, _) = rlimit::Resource::NOFILE.get().unwrap();
    let limit = rlimit::increase_nofile_limit(u64::MAX).unwrap_or(soft);
    if limit < 3 * DEVICES as u64 {
        eprintln!("SKIPPED: only {limit} open files are allowed");
        return;
    }
    let Some(broker) = Mosquitto::start() else { return };
    let mut wills = Lane::new();
    let link = start(config(broker.port, &["/last/will/topic"], &["/lwt/executed"]), &wills);
    up(&mut wills).await;
    let mut lane = Lane::new();
    let target = Target::plain("127.0.0.1", broker.port);
    let (swarm, _) = swarm(target, article(), &lane);
    let ids: Vec<ClientId> = (0..DEVICES).map(|n| ClientId::new(format!("d{n}"))).collect();
    swarm.launch(ids.clone());
    for _ in &ids {
        lane.find(|report| match report {
            Report::Session(SessionEvent::Opened(_)) => Some(()),
            Report::Device(lwtop::fleet::DeviceEvent::Failed { why, .. }) => panic!("{why}"),
            _ => None,
        })
        .await;
    }
    for id in &ids {
        swarm.fault(id, Fault::Rst).unwrap();
    }
    let drained = tokio::spawn(async move {
        for _ in 0..DEVICES {
            lane.find(|report| matches!(report, Report::Session(SessionEvent::Closed(_))).then_some(())).await;
        }
    });
    let mut seen = HashSet::new();
    while seen.len() < DEVICES {
        for message in incoming(&mut wills).await {
            let value: serde_json::Value = serde_json::from_slice(&message.payload).unwrap();
            let id = value["state"]["reported"]["client_id"].as_str().unwrap().to_owned();
            assert!(seen.insert(id), "no will comes twice");
        }
    }
    drained.await.unwrap();
    link.stop().await;
    swarm.leave_all(Duration::from_secs(20)).await;
}
