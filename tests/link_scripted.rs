//! lwtop's own link against a broker that does what the test says: refusals, silence, old versions, attribution.

#[path = "support/hub.rs"]
mod hub;
#[path = "support/scripted.rs"]
mod scripted;

use hub::Lane;
use lwtop::clock::Clock;
use lwtop::fleet::{LinkEvent, Report};
use lwtop::link::{Link, LinkConfig, Outgoing, Refusal};
use lwtop::mqtt::{BrokerAddress, ClientId, Login, Qos};
use scripted::{CONNACK_V5, CONNACK_V311, Peer, Scripted};

fn config(port: u16) -> LinkConfig {
    LinkConfig {
        will_filters: vec!["w".parse().unwrap()],
        other_filters: vec!["c".parse().unwrap(), "e".parse().unwrap()],
        ..LinkConfig::new(BrokerAddress::new("127.0.0.1", port))
    }
}

fn start(config: LinkConfig, lane: &Lane) -> Link {
    Link::start(config, lane.sender.clone(), Clock::start())
}

async fn fatal(lane: &mut Lane) -> String {
    match lane.next().await {
        Report::Fatal(sentence) => sentence,
        other => panic!("Fatal comes first, not {other:?}"),
    }
}

/// Reads CONNECT: its protocol level and its client id.
async fn connect(peer: &mut Peer) -> (u8, String) {
    let (first, body) = peer.packet().await;
    assert_eq!((first, &body[..6]), (0x10, &b"\0\x04MQTT"[..]));
    let rest = &body[10..];
    // The properties of MQTT 5 begin with their length, which here fits into a byte.
    let rest = if body[6] == 5 { &rest[1 + usize::from(rest[0])..] } else { rest };
    let length = usize::from(u16::from_be_bytes([rest[0], rest[1]]));
    (body[6], String::from_utf8(rest[2..2 + length].to_vec()).unwrap())
}

/// Answers every CONNECT in the same way, until the test ends.
fn always(broker: Scripted, connack: &'static [u8]) -> tokio::task::JoinHandle<()> {
    tokio::spawn(async move {
        loop {
            let mut peer = broker.accept().await;
            connect(&mut peer).await;
            peer.send(connack).await;
        }
    })
}

/// Answers SUBSCRIBE with a code for each filter.
async fn suback(peer: &mut Peer, v5: bool, codes: &[u8]) {
    let (first, body) = peer.packet().await;
    assert_eq!(first, 0x82);
    let mut answer = vec![0x90, u8::try_from(2 + usize::from(v5) + codes.len()).unwrap(), body[0], body[1]];
    if v5 {
        answer.push(0);
    }
    answer.extend_from_slice(codes);
    peer.send(&answer).await;
}

#[tokio::test]
async fn every_refusal_is_one_sentence_with_what_to_do() {
    for (connack, words) in [
        (&[0x20, 3, 0, 0x80, 0][..], "unspecified error (reason code 0x80)"),
        (&[0x20, 3, 0, 0x81, 0], "malformed packet"),
        (&[0x20, 3, 0, 0x82, 0], "protocol error"),
        (&[0x20, 3, 0, 0x83, 0], "implementation specific error"),
        (&[0x20, 3, 0, 0x85, 0], "client id not valid"),
        (
            &[0x20, 3, 0, 0x86, 0],
            "bad user name or password (reason code 0x86). Give it a login: the user name with --user, the password in LWTOP_PASSWORD.",
        ),
        (&[0x20, 3, 0, 0x87, 0], "not authorized"),
        (&[0x20, 3, 0, 0x88, 0], "server unavailable (reason code 0x88). Try again"),
        (&[0x20, 3, 0, 0x89, 0], "server busy"),
        (&[0x20, 3, 0, 0x8A, 0], "banned"),
        (&[0x20, 3, 0, 0x8C, 0], "bad authentication method"),
        (&[0x20, 3, 0, 0x90, 0], "topic name invalid"),
        (&[0x20, 3, 0, 0x95, 0], "packet too large"),
        (&[0x20, 3, 0, 0x97, 0], "quota exceeded"),
        (&[0x20, 3, 0, 0x99, 0], "payload format invalid"),
        (&[0x20, 3, 0, 0x9A, 0], "retain not supported"),
        (&[0x20, 3, 0, 0x9B, 0], "QoS not supported"),
        (&[0x20, 3, 0, 0x9C, 0], "use another server"),
        (&[0x20, 3, 0, 0x9D, 0], "server moved"),
        (&[0x20, 3, 0, 0x9F, 0], "connection rate exceeded"),
        (&[0x20, 3, 0, 0xF0, 0], "reserved reason code (reason code 0xF0)"),
    ] {
        let broker = Scripted::listen().await;
        let at = format!("127.0.0.1:{}", broker.port());
        let mut lane = Lane::new();
        let link = start(config(broker.port()), &lane);
        let broker = always(broker, connack);
        let sentence = fatal(&mut lane).await;
        assert!(sentence.contains(words) && sentence.contains(&at), "{sentence}");
        link.stop().await;
        broker.abort();
        assert!(lane.ready().is_none(), "said once");
    }
}

#[tokio::test]
async fn a_broker_that_knows_only_3_1_1_is_spoken_to_in_3_1_1() {
    for closes_silently in [false, true] {
        let broker = Scripted::listen().await;
        let mut lane = Lane::new();
        let link = start(config(broker.port()), &lane);
        let mut open = Vec::new();
        while open.len() < 2 {
            let mut peer = broker.accept().await;
            let (level, id) = connect(&mut peer).await;
            assert!(id.starts_with("lwtop-"), "{id}");
            if level == 5 {
                if !closes_silently {
                    peer.send(&[0x20, 2, 0, 1]).await;
                }
                continue;
            }
            peer.send(CONNACK_V311).await;
            let codes: &[u8] = if id.ends_with("-w") { &[0] } else { &[1, 1] };
            suback(&mut peer, false, codes).await;
            open.push(peer);
        }
        assert!(matches!(lane.next().await, Report::Link(LinkEvent::Up { .. })));
        link.stop().await;
        for mut peer in open {
            assert_eq!(peer.packet().await, (0xE0, vec![]), "DISCONNECT");
        }
    }
}

#[tokio::test]
async fn codes_of_3_1_1_are_said_in_words_too() {
    for (code, words) in [
        (1, "unacceptable protocol version (return code 1)"),
        (2, "client id rejected"),
        (3, "server unavailable"),
        (4, "bad user name or password (return code 4). Check the user name"),
        (5, "not authorized"),
        (9, "reserved return code (return code 9)"),
    ] {
        let broker = Scripted::listen().await;
        let mut lane = Lane::new();
        let login = Some(Login { user: "ann".to_owned(), password: Some("secret".to_owned()) });
        let mut config = config(broker.port());
        config.route.address.login = login;
        let link = start(config, &lane);
        let broker = tokio::spawn(async move {
            loop {
                let mut peer = broker.accept().await;
                let (level, _) = connect(&mut peer).await;
                peer.send(&[0x20, 2, 0, if level == 5 { 1 } else { code }]).await;
            }
        });
        let sentence = fatal(&mut lane).await;
        assert!(sentence.contains(words) && !sentence.contains("secret"), "{sentence}");
        link.stop().await;
        broker.abort();
    }
}

#[tokio::test]
async fn nobody_listens_and_a_broker_that_never_answers() {
    let port = Scripted::listen().await.port();
    let mut lane = Lane::new();
    let link = start(config(port), &lane);
    let sentence = fatal(&mut lane).await;
    assert!(sentence.contains("connection refused") && sentence.contains("--broker mqtt://"), "{sentence}");
    link.stop().await;

    let silent = Scripted::listen().await;
    let mut lane = Lane::new();
    let link = start(config(silent.port()), &lane);
    let sentence = fatal(&mut lane).await;
    assert!(sentence.contains("did not answer within 5 s"), "{sentence}");
    link.stop().await;
}

#[tokio::test]
async fn a_refused_subscription_names_its_filter() {
    let broker = Scripted::listen().await;
    let mut lane = Lane::new();
    let link = start(config(broker.port()), &lane);
    let mut open = Vec::new();
    for _ in 0..2 {
        let mut peer = broker.accept().await;
        let (_, id) = connect(&mut peer).await;
        peer.send(CONNACK_V5).await;
        let codes: &[u8] = if id.ends_with("-w") { &[0] } else { &[1, 0x87] };
        suback(&mut peer, true, codes).await;
        open.push(peer);
    }
    let sentence = fatal(&mut lane).await;
    assert!(sentence.contains("subscription: e: not authorized (reason code 0x87)"), "{sentence}");
    link.stop().await;
}

#[tokio::test]
async fn a_refused_filter_among_many_is_named_though_packet_identifiers_come_again() {
    let broker = Scripted::listen().await;
    let mut lane = Lane::new();
    let other_filters = (0..100).map(|n| format!("f/{n}").parse().unwrap()).collect();
    let link = start(LinkConfig { other_filters, ..config(broker.port()) }, &lane);
    let mut open = Vec::new();
    for _ in 0..2 {
        let mut peer = broker.accept().await;
        let (_, id) = connect(&mut peer).await;
        // Receive maximum 2.
        peer.send(&[0x20, 6, 0, 0, 3, 0x21, 0, 2]).await;
        if id.ends_with("-w") {
            suback(&mut peer, true, &[0]).await;
        } else {
            for _ in 0..7 {
                suback(&mut peer, true, &[1; 8]).await;
            }
            suback(&mut peer, true, &[1, 1, 1, 0x87, 1, 1, 1, 1]).await;
        }
        open.push(peer);
    }
    let sentence = fatal(&mut lane).await;
    assert!(sentence.contains("subscription: f/59: not authorized"), "{sentence}");
    link.stop().await;
}

#[tokio::test]
async fn a_message_that_is_larger_than_the_broker_takes_is_refused_in_words() {
    let broker = Scripted::listen().await;
    let mut lane = Lane::new();
    let link = start(config(broker.port()), &lane);
    let message = |length: usize| Outgoing {
        topic: "c".parse().unwrap(),
        payload: vec![b'x'; length].into(),
        qos: Qos::AtMostOnce,
        retain: false,
        user_properties: Vec::new(),
        origin: Some(7),
    };
    let down = Refusal::Lost("the link to the broker is down".to_owned());
    assert_eq!(link.publish(message(1)), Err(down));
    let mut open = Vec::new();
    for _ in 0..2 {
        let mut peer = broker.accept().await;
        let (_, id) = connect(&mut peer).await;
        // Maximum packet size 100.
        peer.send(&[0x20, 8, 0, 0, 5, 0x27, 0, 0, 0, 100]).await;
        let codes: &[u8] = if id.ends_with("-w") { &[0] } else { &[1, 1] };
        suback(&mut peer, true, codes).await;
        open.push(peer);
    }
    assert!(matches!(lane.next().await, Report::Link(LinkEvent::Up { .. })));
    let large = Refusal::Lost("the message takes 217 bytes, and the broker takes no more than 100".to_owned());
    assert_eq!(link.publish(message(200)), Err(large));
    assert_eq!(link.publish(message(80)), Ok(()));
    assert_eq!(link.refused(), 2);
    link.stop().await;
}

#[tokio::test]
async fn what_the_broker_does_not_take_is_not_sent() {
    let broker = Scripted::listen().await;
    let mut lane = Lane::new();
    let link = start(config(broker.port()), &lane);
    let mut open = Vec::new();
    for _ in 0..2 {
        let mut peer = broker.accept().await;
        let (_, id) = connect(&mut peer).await;
        // Maximum QoS 1, no retained messages.
        peer.send(&[0x20, 7, 0, 0, 4, 0x24, 1, 0x25, 0]).await;
        let codes: &[u8] = if id.ends_with("-w") { &[0] } else { &[1, 1] };
        suback(&mut peer, true, codes).await;
        open.push(peer);
    }
    assert!(matches!(lane.next().await, Report::Link(LinkEvent::Up { .. })));
    for (qos, retain, expected) in [
        (Qos::ExactlyOnce, false, Err("the message has QoS 2, and the broker takes no more than 1")),
        (Qos::AtMostOnce, true, Err("the message is to be retained, and the broker retains none")),
        (Qos::AtLeastOnce, false, Ok(())),
    ] {
        let (topic, payload) = ("c".parse().unwrap(), "x".into());
        let answer = link.publish(Outgoing { topic, payload, qos, retain, user_properties: Vec::new(), origin: None });
        assert_eq!(answer, expected.map_err(|why| Refusal::Lost(why.to_owned())));
    }
    link.stop().await;
}

#[tokio::test]
async fn the_publisher_is_taken_from_a_trusted_broker_only() {
    for attribute in [true, false] {
        let broker = Scripted::listen().await;
        let mut lane = Lane::new();
        let link = start(LinkConfig { attribute, ..config(broker.port()) }, &lane);
        let mut open = Vec::new();
        for _ in 0..2 {
            let mut peer = broker.accept().await;
            let (level, id) = connect(&mut peer).await;
            assert_eq!(level, 5);
            peer.send(CONNACK_V5).await;
            let codes: &[u8] = if id.ends_with("-w") { &[0] } else { &[1, 1] };
            suback(&mut peer, true, codes).await;
            if id.ends_with("-w") {
                let mut body = b"\0\x01w".to_vec();
                let mut property = vec![0x26];
                for text in ["x-mqtt-client-id", "lwtThing"] {
                    property.extend_from_slice(&u16::try_from(text.len()).unwrap().to_be_bytes());
                    property.extend_from_slice(text.as_bytes());
                }
                body.push(u8::try_from(property.len()).unwrap());
                body.extend(property);
                body.extend(b"dead");
                let mut packet = vec![0x30, u8::try_from(body.len()).unwrap()];
                packet.extend(body);
                peer.send(&packet).await;
            }
            open.push(peer);
        }
        let message = lane
            .find(|report| match report {
                Report::Incoming(mut messages) => messages.pop(),
                _ => None,
            })
            .await;
        assert_eq!((&*message.topic, &message.payload[..]), ("w", &b"dead"[..]));
        assert_eq!(message.publisher, attribute.then(|| ClientId::from("lwtThing")));
        link.stop().await;
    }
}

#[tokio::test]
async fn one_lost_connection_is_enough_to_be_down_and_messages_before_it_still_arrive() {
    let broker = Scripted::listen().await;
    let mut lane = Lane::new();
    let link = start(config(broker.port()), &lane);
    let mut open = Vec::new();
    for round in 0..3 {
        let mut peer = broker.accept().await;
        let (_, id) = connect(&mut peer).await;
        peer.send(CONNACK_V5).await;
        let codes: &[u8] = if id.ends_with("-w") { &[0] } else { &[1, 1] };
        suback(&mut peer, true, codes).await;
        open.push((id, peer));
        if round == 1 {
            assert!(matches!(lane.next().await, Report::Link(LinkEvent::Up { .. })));
            let index = open.iter().position(|(id, _)| id.ends_with("-w")).unwrap();
            let (_, mut wills) = open.swap_remove(index);
            // Twelve messages: more than rumqttc reads in one go. Then DISCONNECT: server shutting down.
            let mut last = [0x30, 5, 0, 1, b'w', 0, b'!'].repeat(12);
            last.extend([0xE0, 2, 0x8B, 0]);
            wills.send(&last).await;
            let mut messages = 0;
            let why = lane
                .find(|report| match report {
                    Report::Incoming(batch) => {
                        messages += batch.len();
                        None
                    }
                    Report::Link(LinkEvent::Down { why, .. }) => Some(why),
                    _ => None,
                })
                .await;
            assert_eq!(messages, 12);
            assert!(why.contains("server shutting down (0x8B)"), "{why}");
        }
    }
    assert!(matches!(lane.next().await, Report::Link(LinkEvent::Up { .. })));
    link.stop().await;
}
