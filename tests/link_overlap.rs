//! lwtop's own link with many filters, and with filters that have topics in common: each message comes once.

#[path = "support/hub.rs"]
mod hub;
#[path = "support/mosquitto.rs"]
mod mosquitto;

use hub::Lane;
use lwtop::broker::EmbeddedBroker;
use lwtop::clock::Clock;
use lwtop::fleet::{LinkEvent, Report};
use lwtop::link::{Link, LinkConfig, Outgoing};
use lwtop::mqtt::{BrokerAddress, Login, Protocol, Qos};
use lwtop::wiring::Guests;
use mosquitto::Mosquitto;
use std::sync::Arc;

const BOTH: [Protocol; 2] = [Protocol::V5, Protocol::V311];

fn config(port: u16, protocol: Protocol, others: &[&str]) -> LinkConfig {
    LinkConfig {
        protocol: Some(protocol),
        will_filters: vec!["w".parse().unwrap()],
        other_filters: others.iter().map(|filter| filter.parse().unwrap()).collect(),
        ..LinkConfig::new(BrokerAddress::new("127.0.0.1", port))
    }
}

async fn up(config: LinkConfig, lane: &mut Lane) -> Link {
    let link = Link::start(config, lane.sender.clone(), Clock::start());
    lane.find(|report| match report {
        Report::Link(LinkEvent::Up { .. }) => Some(()),
        Report::Fatal(why) => panic!("{why}"),
        _ => None,
    })
    .await;
    link
}

fn message(topic: &str, payload: &str, qos: Qos, retain: bool) -> Outgoing {
    Outgoing {
        topic: topic.parse().unwrap(),
        payload: payload.to_owned().into(),
        qos,
        retain,
        user_properties: Vec::new(),
        origin: None,
    }
}

fn publish(link: &Link, topic: &str, payload: &str, qos: Qos, retain: bool) {
    link.publish(message(topic, payload, qos, retain)).unwrap();
}

/// All payloads up to `last`.
async fn heard(lane: &mut Lane, last: &str) -> Vec<String> {
    let mut heard = Vec::new();
    while heard.last().is_none_or(|payload| payload != last) {
        let messages = lane
            .find(|report| match report {
                Report::Incoming(messages) => Some(messages),
                Report::Link(LinkEvent::Down { why, .. }) => panic!("{why}"),
                _ => None,
            })
            .await;
        heard.extend(messages.iter().map(|message| String::from_utf8(message.payload.to_vec()).unwrap()));
    }
    heard
}

/// What is sent comes once for each time it is sent, however many filters match.
async fn each_once(config: LinkConfig) {
    for qos in [Qos::AtMostOnce, Qos::AtLeastOnce] {
        let mut lane = Lane::new();
        let link = up(config.clone(), &mut lane).await;
        let sent = ["1", "1", "2", "1", "3", "3", "3"];
        for payload in sent {
            publish(&link, "a/b", payload, qos, false);
        }
        publish(&link, "a/c", "a", qos, false);
        publish(&link, "c/b", "b", qos, false);
        publish(&link, "end", "end", qos, false);
        let expected: Vec<_> = sent.into_iter().chain(["a", "b", "end"]).collect();
        assert_eq!(heard(&mut lane, "end").await, expected, "{:?}", config.protocol);
        link.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_two_filters_match_comes_once_from_mosquitto() {
    let Some(broker) = Mosquitto::start() else { return };
    for protocol in BOTH {
        let config = config(broker.port, protocol, &["a/+", "+/b", "end"]);
        each_once(config.clone()).await;
        let mut lane = Lane::new();
        let link = up(config.clone(), &mut lane).await;
        publish(&link, "a/b", "kept", Qos::AtLeastOnce, true);
        assert_eq!(heard(&mut lane, "kept").await, ["kept"]);
        link.stop().await;
        let mut lane = Lane::new();
        // What is retained may come before the other connection stands.
        let link = Link::start(config, lane.sender.clone(), Clock::start());
        assert_eq!(heard(&mut lane, "kept").await, ["kept"], "retained, {protocol:?}");
        while link.publish(message("end", "end", Qos::AtLeastOnce, false)).is_err() {
            tokio::task::yield_now().await;
        }
        assert_eq!(heard(&mut lane, "end").await, ["end"], "retained, {protocol:?}");
        publish(&link, "a/b", "", Qos::AtLeastOnce, true);
        assert_eq!(heard(&mut lane, "").await, [""]);
        link.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mosquitto_that_is_told_to_deliver_once_loses_nothing() {
    let Some(broker) = Mosquitto::start_with("allow_duplicate_messages false") else { return };
    let mut lane = Lane::new();
    let link = up(config(broker.port, Protocol::V5, &["a/+", "+/b", "end"]), &mut lane).await;
    for payload in ["1", "1", "2", "end"] {
        publish(&link, "a/b", payload, Qos::AtLeastOnce, false);
    }
    assert_eq!(heard(&mut lane, "end").await, ["1", "1", "2", "end"]);
    link.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_two_filters_match_comes_once_from_the_embedded_broker() {
    let broker = EmbeddedBroker::start(Arc::new(Guests::default())).await.unwrap();
    for attribute in [true, false] {
        let mut config = config(broker.addr().port(), Protocol::V5, &["a/+", "+/b", "end"]);
        let login = broker.link_login();
        config.route.address.login = Some(Login { user: login.user.clone(), password: Some(login.password.clone()) });
        config.attribute = attribute;
        each_once(config).await;
    }
    broker.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_filters_are_subscribed_one_group_after_the_other() {
    let Some(broker) = Mosquitto::start() else { return };
    let filters: Vec<String> = (0..1_000).map(|n| format!("f/{n}")).collect();
    let filters: Vec<&str> = filters.iter().map(String::as_str).collect();
    for protocol in BOTH {
        let mut lane = Lane::new();
        let link = up(config(broker.port, protocol, &filters), &mut lane).await;
        for filter in &filters {
            publish(&link, filter, filter, Qos::AtMostOnce, false);
        }
        assert_eq!(heard(&mut lane, "f/999").await, filters);
        link.stop().await;
    }
}
