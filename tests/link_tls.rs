//! lwtop's own link on a real Mosquitto over mTLS and WebSocket, with a password file.

#[path = "support/authority.rs"]
mod authority;
#[path = "support/guarded.rs"]
mod guarded;
#[path = "support/hub.rs"]
mod hub;
#[path = "support/mosquitto.rs"]
mod mosquitto;

use authority::Authority;
use bytes::Bytes;
use guarded::Guarded;
use hub::Lane;
use lwtop::clock::Clock;
use lwtop::fleet::{LinkEvent, Report};
use lwtop::link::{Link, LinkConfig, Outgoing};
use lwtop::mqtt::{BrokerAddress, Protocol, Qos};
use lwtop::tls::TlsOptions;
use std::collections::HashSet;

fn config(url: &str, tls: TlsOptions) -> LinkConfig {
    let mut config = LinkConfig::new(url.parse::<BrokerAddress>().unwrap());
    config.route.tls = tls;
    config.will_filters = vec!["w".parse().unwrap()];
    config.other_filters = vec!["c".parse().unwrap()];
    config
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

/// Publishes to both connections' filters and waits for both messages.
async fn speaks(link: &Link, lane: &mut Lane, payload: &str) {
    for topic in ["w", "c"] {
        let message = Outgoing {
            topic: topic.parse().unwrap(),
            payload: Bytes::from(payload.to_owned()),
            qos: Qos::AtLeastOnce,
            retain: false,
            user_properties: Vec::new(),
            origin: None,
        };
        link.publish(message).unwrap();
    }
    let mut seen = HashSet::new();
    while seen.len() < 2 {
        let messages =
            lane.find(|report| if let Report::Incoming(messages) = report { Some(messages) } else { None }).await;
        seen.extend(messages.into_iter().filter(|message| message.payload == payload).map(|message| message.topic));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_tls_and_websocket_in_both_versions_it_listens_and_speaks() {
    let Some(world) = Guarded::start("speaks") else { return };
    for url in [
        format!("mqtts://ann:s3cret@localhost:{}", world.mqtts),
        format!("ws://ann:s3cret@127.0.0.1:{}/mqtt", world.ws),
        format!("wss://ann:s3cret@127.0.0.1:{}", world.wss),
    ] {
        for protocol in [Protocol::V5, Protocol::V311] {
            let mut lane = Lane::new();
            let mut config = self::config(&url, world.authority.client("lwtop"));
            config.protocol = Some(protocol);
            let link = start(config, &lane);
            up(&mut lane).await;
            speaks(&link, &mut lane, "hello").await;
            // Larger than a record of TLS, a frame's first length, and what is read at once.
            speaks(&link, &mut lane, &"x".repeat(70_000)).await;
            link.stop().await;
            assert_eq!(link.refused(), 0, "{url}");
            assert!(lane.ready().is_none(), "{url}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_mosquitto_refuses_is_said_in_one_sentence() {
    let Some(world) = Guarded::start("refuses") else { return };
    let stranger = Authority::new("stranger");
    let (mtls, trusting) = (world.authority.client("lwtop"), world.authority.trusting());
    let (mqtts, ws, plain) = (world.mqtts, world.ws, world.broker.port);
    let foreign = TlsOptions { ca: trusting.ca.clone(), ..stranger.client("stranger") };
    let insecure = TlsOptions { insecure: true, ca: None, ..mtls.clone() };
    for (url, tls, words) in [
        (format!("mqtts://ann:s3cret@localhost:{mqtts}"), trusting.clone(), "client certificate"),
        (format!("mqtts://ann:s3cret@localhost:{mqtts}"), foreign, "refused the client certificate"),
        (format!("mqtts://ann:s3cret@localhost:{mqtts}"), stranger.trusting(), "--ca FILE"),
        (format!("mqtts://ann:s3cret@[::ffff:127.0.0.1]:{mqtts}"), mtls.clone(), "but for localhost, 127.0.0.1"),
        (format!("mqtts://ann:wrong1@localhost:{mqtts}"), mtls.clone(), "Check the user name and the password"),
        (format!("mqtts://localhost:{mqtts}"), insecure, "Give it a login"),
        (format!("mqtts://ann:s3cret@localhost:{plain}"), mtls.clone(), "its port for TLS"),
        (format!("mqtt://ann:s3cret@localhost:{mqtts}"), mtls.clone(), "its port for MQTT without TLS"),
        (format!("ws://ann:s3cret@localhost:{plain}"), mtls.clone(), "its port for WebSocket"),
        (format!("ws://ann:wrong1@localhost:{ws}"), mtls, "Check the user name and the password"),
    ] {
        let mut lane = Lane::new();
        let link = start(config(&url, tls), &lane);
        let sentence = match lane.next().await {
            Report::Fatal(sentence) => sentence,
            other => panic!("{url}: {other:?}"),
        };
        assert!(sentence.contains(words), "{url}: {sentence}");
        assert!(!sentence.contains("s3cret") && !sentence.contains("wrong1"), "{sentence}");
        link.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_times_it_comes_back_after_a_crash_of_the_broker() {
    let Some(mut world) = Guarded::start("restarts") else { return };
    let mut lane = Lane::new();
    let url = format!("mqtts://ann:s3cret@localhost:{}", world.mqtts);
    let mut config = config(&url, world.authority.client("lwtop"));
    // So many crashes one after the other would be waited for ever longer.
    config.backoff.longest = config.backoff.first;
    let link = start(config, &lane);
    up(&mut lane).await;
    for round in 0..10 {
        world.broker.kill();
        lane.find(|report| matches!(report, Report::Link(LinkEvent::Down { .. })).then_some(())).await;
        world.broker.restart();
        up(&mut lane).await;
        speaks(&link, &mut lane, &format!("round {round}")).await;
    }
    link.stop().await;
    assert_eq!(link.refused(), 0);
}
