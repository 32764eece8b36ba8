//! Devices against a broker that does what the test says: refusals, silence, garbage, QoS 2, ends.

#[path = "support/authority.rs"]
mod authority;
#[path = "support/hub.rs"]
mod hub;
#[path = "support/scripted.rs"]
mod scripted;

use authority::Authority;
use futures_util::{SinkExt as _, StreamExt as _};
use hub::{Lane, article, run_one, swarm};
use lwtop::device::{
    ConnectError, DeviceTemplate, OrderError, Plan, Received, Solo, SoloError, Step, Target, Telemetry,
};
use lwtop::dial::Route;
use lwtop::fleet::{DeviceEvent, Report, SessionEvent};
use lwtop::mqtt::{BrokerAddress, Cause, ClientId, Fault, KeepAlive, Login, Protocol, Qos};
use lwtop::tls::TlsOptions;
use scripted::{CONNACK_V5, CONNACK_V311, PATIENCE, Scripted};
use std::io::ErrorKind;
use std::time::Duration;
use tokio::io::AsyncReadExt as _;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::HandshakeKind;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{Error, Message, error::ProtocolError};

const NOW: Plan = Plan { sleep: Duration::ZERO, fault: None };

fn template(protocol: Protocol) -> DeviceTemplate {
    DeviceTemplate { protocol, ..article() }
}

async fn failed(lane: &mut Lane) -> String {
    lane.find(|report| match report {
        Report::Device(DeviceEvent::Failed { why, .. }) => Some(why),
        _ => None,
    })
    .await
}

async fn opened(lane: &mut Lane) -> KeepAlive {
    lane.find(|report| match report {
        Report::Session(SessionEvent::Opened(opened)) => Some(opened.keep_alive),
        _ => None,
    })
    .await
}

async fn closed(lane: &mut Lane) -> (Cause, &'static str) {
    lane.find(|report| match report {
        Report::Session(SessionEvent::Closed(closed)) => Some((closed.cause, closed.how)),
        _ => None,
    })
    .await
}

#[tokio::test]
async fn every_refusal_is_said_in_words() {
    let broker = Scripted::listen().await;
    let codes = [
        (Protocol::V311, 1, "unacceptable protocol version (return code 1)"),
        (Protocol::V311, 2, "client id rejected (return code 2)"),
        (Protocol::V311, 3, "server unavailable (return code 3)"),
        (Protocol::V311, 4, "bad user name or password (return code 4)"),
        (Protocol::V311, 5, "not authorized (return code 5)"),
        (Protocol::V311, 77, "reserved return code (return code 77)"),
        (Protocol::V5, 0x80, "unspecified error (reason code 0x80)"),
        (Protocol::V5, 0x81, "malformed packet (reason code 0x81)"),
        (Protocol::V5, 0x82, "protocol error (reason code 0x82)"),
        (Protocol::V5, 0x83, "implementation specific error (reason code 0x83)"),
        (Protocol::V5, 0x84, "unsupported protocol version (reason code 0x84)"),
        (Protocol::V5, 0x85, "client id not valid (reason code 0x85)"),
        (Protocol::V5, 0x86, "bad user name or password (reason code 0x86)"),
        (Protocol::V5, 0x87, "not authorized (reason code 0x87)"),
        (Protocol::V5, 0x88, "server unavailable (reason code 0x88)"),
        (Protocol::V5, 0x89, "server busy (reason code 0x89)"),
        (Protocol::V5, 0x8A, "banned (reason code 0x8A)"),
        (Protocol::V5, 0x8C, "bad authentication method (reason code 0x8C)"),
        (Protocol::V5, 0x90, "topic name invalid (reason code 0x90)"),
        (Protocol::V5, 0x95, "packet too large (reason code 0x95)"),
        (Protocol::V5, 0x97, "quota exceeded (reason code 0x97)"),
        (Protocol::V5, 0x99, "payload format invalid (reason code 0x99)"),
        (Protocol::V5, 0x9A, "retain not supported (reason code 0x9A)"),
        (Protocol::V5, 0x9B, "QoS not supported (reason code 0x9B)"),
        (Protocol::V5, 0x9C, "use another server (reason code 0x9C)"),
        (Protocol::V5, 0x9D, "server moved (reason code 0x9D)"),
        (Protocol::V5, 0x9F, "connection rate exceeded (reason code 0x9F)"),
        (Protocol::V5, 1, "unacceptable protocol version (return code 1)"),
    ];
    for (protocol, code, words) in codes {
        let connack = match protocol {
            Protocol::V311 => vec![0x20, 2, 0, code],
            Protocol::V5 if code == 1 => vec![0x20, 2, 0, code],
            Protocol::V5 => vec![0x20, 3, 0, code, 0],
        };
        let (target, template, id) = (broker.target(), template(protocol), ClientId::from("d"));
        let (result, _peer) = tokio::join!(run_one(&target, &template, &id, NOW, |_| {}), broker.welcome(&connack));
        let error = result.unwrap_err();
        assert!(matches!(error, SoloError::Connect(ConnectError::Refused { code: found, .. }) if found == code));
        let text = error.to_string();
        assert!(text.contains(words) && text.contains("refused d"), "{text}");
        let login = matches!((protocol, code), (Protocol::V311, 4 | 5) | (Protocol::V5, 0x86 | 0x87));
        assert_eq!(text.contains("). Give it a login: the user name with --user"), login, "{text}");
    }
}

#[tokio::test]
async fn a_device_that_cannot_connect_stays_down_until_it_is_told() {
    let broker = Scripted::listen().await;
    let mut lane = Lane::new();
    let (swarm, _) = swarm(broker.target(), article(), &lane);
    let id = ClientId::from("d");
    swarm.launch(vec![id.clone()]);
    let _refused = broker.welcome(&[0x20, 2, 0, 3]).await;
    assert!(failed(&mut lane).await.contains("server unavailable"));
    assert_eq!(swarm.fault(&id, Fault::Fin), Err(OrderError::NotConnected(id.clone())));
    swarm.reconnect(&id).unwrap();
    // The next connection is the one that was ordered: had it knocked on its own, two would be waiting.
    drop(broker.accept().await);
    assert!(failed(&mut lane).await.contains("without CONNACK"));
    swarm.reconnect(&id).unwrap();
    let mut peer = broker.welcome(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    assert!(failed(&mut lane).await.contains("speaks HTTP there, and no MQTT. MQTT on HTTP is WebSocket"));
    assert!(peer.end().await != Some(ErrorKind::TimedOut));
    swarm.reconnect(&id).unwrap();
    let _peer = broker.welcome(CONNACK_V311).await;
    assert_eq!(opened(&mut lane).await, KeepAlive(30));
}

#[tokio::test]
async fn orders_that_cannot_be_are_refused_in_words() {
    let broker = Scripted::listen().await;
    let lane = Lane::new();
    let (swarm, _) = swarm(broker.target(), article(), &lane);
    let id = ClientId::from("d");
    assert_eq!(swarm.fault(&id, Fault::Fin), Err(OrderError::NotOurs(id.clone())));
    assert!(swarm.reconnect(&id).is_err() && swarm.remove(&id).is_err());
    swarm.launch(vec![id.clone()]);
    assert!(swarm.fault(&id, Fault::Kick).unwrap_err().to_string().contains("gateway"));
    assert!(swarm.fault(&id, Fault::LeaveWithWill).unwrap_err().to_string().contains("MQTT 5"));
}

#[tokio::test]
async fn what_closes_without_connack_is_doubted_as_the_link_doubts_it() {
    let broker = Scripted::listen().await;
    let id = ClientId::from("d");
    let aws =
        TlsOptions { server_name: Some("a1-ats.iot.eu-west-1.amazonaws.com".to_owned()), ..TlsOptions::default() };
    for (target, protocol, words) in [
        (
            broker.target(),
            Protocol::V311,
            "closed the connection of d without CONNACK. Is it an MQTT broker, and is this its port",
        ),
        (broker.target(), Protocol::V5, "without TLS? Does it speak MQTT 5"),
        (
            layered(&format!("ws://127.0.0.1:{}", broker.port()), aws),
            Protocol::V5,
            "its policy does not allow iot:Connect",
        ),
    ] {
        let layered = words.contains("iot:Connect");
        let script = async {
            let stream = broker.accept().await;
            if layered {
                let mut peer = tokio_tungstenite::accept_hdr_async(stream.0, agree).await.unwrap();
                let _connect = peer.next().await;
            }
        };
        let template = template(protocol);
        let (result, ()) = tokio::join!(run_one(&target, &template, &id, NOW, |_| {}), script);
        let text = result.unwrap_err().to_string();
        assert!(text.contains(words), "{text}");
    }
}

#[tokio::test]
async fn nobody_listens() {
    let target = Scripted::listen().await.target();
    let mut lane = Lane::new();
    let (swarm, _) = swarm(target, article(), &lane);
    swarm.launch(vec!["d".into()]);
    assert!(failed(&mut lane).await.contains("connection refused"));
}

#[tokio::test]
async fn connect_carries_login_and_the_announcement_goes_through_at_qos_2() {
    let broker = Scripted::listen().await;
    let mut template = template(Protocol::V5);
    template.login = Some(Login { user: "ann".to_owned(), password: Some("secret".to_owned()) });
    template.connected.as_mut().unwrap().qos = Qos::ExactlyOnce;
    assert!(!format!("{template:?}").contains("secret"));
    let (target, id) = (broker.target(), ClientId::from("d"));
    let mut steps = Vec::new();
    let plan = Plan { sleep: Duration::ZERO, fault: Some(Fault::LeaveWithWill) };
    let device = run_one(&target, &template, &id, plan, |step| steps.push(step));
    let script = async {
        let mut peer = broker.accept().await;
        let (_, connect) = peer.packet().await;
        assert!(connect.ends_with(b"\x00\x03ann\x00\x06secret"));
        // Server keep alive: 7 s instead of the client's 30.
        peer.send(&[0x20, 6, 0, 0, 3, 0x13, 0, 7]).await;
        assert_eq!(peer.packet().await.0, 0x34);
        peer.send(&[0x50, 2, 0, 1]).await;
        assert_eq!(peer.packet().await, (0x62, vec![0, 1]));
        peer.send(&[0x70, 2, 0, 1]).await;
        assert_eq!(peer.packet().await, (0xE0, vec![4, 0]));
        assert_eq!(peer.end().await, None);
    };
    let (result, ()) = tokio::join!(device, script);
    result.unwrap();
    let leave = Step::Dying(Some(Fault::LeaveWithWill));
    assert_eq!(steps, [Step::Connected(KeepAlive(7)), Step::Announced, Step::Sleeping(Duration::ZERO), leave]);
}

#[tokio::test]
async fn ends_are_what_they_say_even_with_unread_data() {
    let broker = Scripted::listen().await;
    for (fault, end) in [(Fault::Fin, None), (Fault::Leave, None), (Fault::Rst, Some(ErrorKind::ConnectionReset))] {
        let mut lane = Lane::new();
        let (swarm, _) = swarm(broker.target(), article(), &lane);
        let id = ClientId::from("d");
        swarm.launch(vec![id.clone()]);
        let mut peer = broker.welcome(CONNACK_V311).await;
        opened(&mut lane).await;
        // A frozen device reads nothing, so these stay in its receive buffer.
        swarm.fault(&id, Fault::Freeze).unwrap();
        lane.find(|report| matches!(report, Report::Device(DeviceEvent::Faulted { .. })).then_some(())).await;
        peer.send(&[0xD0, 0].repeat(1000)).await;
        swarm.fault(&id, fault).unwrap();
        assert_eq!(peer.end().await, end, "{fault}");
        closed(&mut lane).await;
    }
}

#[tokio::test]
async fn the_brokers_reasons_become_causes() {
    let broker = Scripted::listen().await;
    for (bytes, expected) in [
        (&[0xE0, 1, 0x8E][..], (Cause::SessionTakenOver, "DISCONNECT 0x8E from the broker")),
        (&[0xE0, 2, 0x8D, 0], (Cause::KeepAliveTimeout, "DISCONNECT 0x8D from the broker")),
        (&[0xE0, 2, 0x8B, 0], (Cause::ServerInitiated, "DISCONNECT 0x8B from the broker")),
        (&[0xE0, 0], (Cause::ServerInitiated, "DISCONNECT from the broker")),
        (&[0x30, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], (Cause::ProtocolError, "no MQTT from the broker")),
        (&[], (Cause::ServerInitiated, "FIN from the broker")),
    ] {
        let mut lane = Lane::new();
        let (swarm, _) = swarm(broker.target(), template(Protocol::V5), &lane);
        swarm.launch(vec!["d".into()]);
        let mut peer = broker.welcome(CONNACK_V5).await;
        // Read first: a socket that closes with unread data resets.
        assert_eq!(peer.packet().await.0, 0x32);
        peer.send(bytes).await;
        drop(peer);
        assert_eq!(closed(&mut lane).await, expected);
    }
}

#[tokio::test]
async fn a_fault_on_a_connection_that_the_broker_has_ended_is_not_blamed() {
    let broker = Scripted::listen().await;
    let mut lane = Lane::new();
    let (swarm, _) = swarm(broker.target(), template(Protocol::V311), &lane);
    let id = ClientId::from("d");
    swarm.launch(vec![id.clone()]);
    let mut peer = broker.welcome(CONNACK_V311).await;
    assert_eq!(peer.packet().await.0, 0x32);
    swarm.fault(&id, Fault::Freeze).unwrap();
    let faulted = |report| matches!(report, Report::Device(DeviceEvent::Faulted { .. })).then_some(());
    lane.find(faulted).await;
    drop(peer);
    // Another device comes and speaks: by then the first one's socket has its FIN.
    swarm.launch(vec!["other".into()]);
    broker.welcome(CONNACK_V311).await.packet().await;
    lane.find(|report| matches!(report, Report::Session(SessionEvent::Opened(_))).then_some(())).await;
    swarm.fault(&id, Fault::Fin).unwrap();
    let end = lane.find(|report| match report {
        Report::Session(SessionEvent::Closed(closed)) if closed.client == id => Some(closed.how),
        Report::Device(DeviceEvent::Faulted { fault, .. }) => panic!("{fault} is blamed"),
        _ => None,
    });
    assert_eq!(end.await, "FIN from the broker");
}

#[tokio::test]
async fn telemetry_stands_in_for_pings_and_silence_ends_a_device() {
    let broker = Scripted::listen().await;
    let mut lane = Lane::new();
    let telemetry = Telemetry {
        topic: "d/${client_id}".parse().unwrap(),
        payload: "{\"id\":\"${client_id}\"}".to_owned(),
        every: Duration::from_millis(1),
    };
    let template =
        DeviceTemplate { telemetry: Some(telemetry), keep_alive: KeepAlive(1), connected: None, ..article() };
    let (swarm1, board) = swarm(broker.target(), template, &lane);
    swarm1.launch(vec!["d".into()]);
    let mut peer = broker.welcome(CONNACK_V311).await;
    for _ in 0..5 {
        assert_eq!(peer.packet().await, (0x30, b"\x00\x03d/d{\"id\":\"d\"}".to_vec()));
    }
    let mut news = Vec::new();
    board.news().await;
    board.drain(&mut news);
    assert!(news.iter().all(|(_, activity)| activity.packets >= activity.publishes && activity.pings == 0), "{news:?}");
    let template = DeviceTemplate { keep_alive: KeepAlive(1), connected: None, ..article() };
    let (swarm2, _) = swarm(broker.target(), template, &lane);
    swarm2.launch(vec!["silent".into()]);
    let mut peer = broker.welcome(CONNACK_V311).await;
    assert_eq!(peer.packet().await.0, 0xC0, "PINGREQ");
    // No PINGRESP: at the next one the device gives up.
    let end = tokio::time::timeout(PATIENCE, closed(&mut lane)).await.unwrap();
    assert_eq!(end, (Cause::ConnectionLost, "no PINGRESP"));
}

#[tokio::test]
async fn an_id_that_makes_a_wildcard_is_refused_before_it_connects() {
    let broker = Scripted::listen().await;
    let mut template = article();
    template.will.as_mut().unwrap().topic = "d/${client_id}/will".parse().unwrap();
    let mut lane = Lane::new();
    let (swarm, _) = swarm(broker.target(), template, &lane);
    swarm.launch(vec!["a#".into()]);
    assert!(failed(&mut lane).await.contains("wildcard"));
}

#[tokio::test]
async fn solo_faults_do_what_they_say() {
    let broker = Scripted::listen().await;
    let (target, id) = (broker.target(), ClientId::from("d"));
    for protocol in [Protocol::V311, Protocol::V5] {
        let connack = if protocol == Protocol::V5 { CONNACK_V5 } else { CONNACK_V311 };
        let template = DeviceTemplate { connected: None, ..template(protocol) };
        for fault in [None, Some(Fault::Leave), Some(Fault::Fin), Some(Fault::Rst), Some(Fault::ProtocolError)] {
            let mut steps = Vec::new();
            let plan = Plan { sleep: Duration::ZERO, fault };
            let device = run_one(&target, &template, &id, plan, |step| steps.push(step));
            let script = async {
                let mut peer = broker.welcome(connack).await;
                match fault {
                    Some(Fault::Leave) => assert_eq!(peer.packet().await, (0xE0, vec![])),
                    Some(Fault::ProtocolError) => {
                        assert_eq!(peer.packet().await, (0, vec![]));
                        return;
                    }
                    _ => {}
                }
                let reset = fault == Some(Fault::Rst);
                assert_eq!(peer.end().await, reset.then_some(ErrorKind::ConnectionReset));
            };
            let (result, ()) = tokio::join!(device, script);
            result.unwrap();
            assert_eq!(steps[2], Step::Dying(fault));
            assert_eq!(steps.get(3), (fault == Some(Fault::ProtocolError)).then_some(&Step::ClosedByBroker));
        }
    }
    let kick = Plan { fault: Some(Fault::Kick), ..NOW };
    assert!(matches!(run_one(&target, &article(), &id, kick, |_| {}).await, Err(SoloError::NeedsGateway)));
    let will = Plan { fault: Some(Fault::LeaveWithWill), ..NOW };
    assert!(matches!(run_one(&target, &article(), &id, will, |_| {}).await, Err(SoloError::NeedsV5)));
}

#[tokio::test]
async fn a_solo_device_tells_when_its_connection_is_lost_early() {
    let broker = Scripted::listen().await;
    let (target, id) = (broker.target(), ClientId::from("d"));
    let plan = Plan { sleep: Duration::from_secs(3600), fault: None };
    let template = article();
    let script = async {
        let mut peer = broker.welcome(CONNACK_V311).await;
        assert_eq!(peer.packet().await.0, 0x32);
        peer.send(&[0x40, 2, 0, 1]).await;
    };
    let (result, ()) = tokio::join!(run_one(&target, &template, &id, plan, |_| {}), script);
    let text = result.unwrap_err().to_string();
    assert!(text.contains("before its time: the broker closed the connection"), "{text}");
}

fn layered(url: &str, tls: TlsOptions) -> Target {
    let headers = vec![("X-Token".to_owned(), "t0ken".to_owned())];
    Target::from(Route { tls, headers, ..Route::from(url.parse::<BrokerAddress>().unwrap()) })
}

#[tokio::test]
async fn a_cut_over_tls_is_one_of_tcp_and_a_farewell_one_of_tls() {
    let authority = Authority::new("device-tls");
    let acceptor = TlsAcceptor::from(authority.server(&["localhost"], &[]));
    let broker = Scripted::listen().await;
    let target = layered(&format!("mqtts://localhost:{}", broker.port()), authority.trusting());
    let (template, id) = (DeviceTemplate { connected: None, ..article() }, ClientId::from("d"));
    let mut handshakes = Vec::new();
    for (fault, expected) in [
        (Fault::Leave, None),
        (Fault::Fin, Some(ErrorKind::UnexpectedEof)),
        (Fault::Rst, Some(ErrorKind::ConnectionReset)),
    ] {
        let device = run_one(&target, &template, &id, Plan { fault: Some(fault), ..NOW }, |_| {});
        let script = async {
            let mut peer = acceptor.accept(broker.accept().await.0).await.unwrap();
            let mut packet = [0; 512];
            assert!(timeout(PATIENCE, peer.read(&mut packet)).await.unwrap().unwrap() > 0);
            assert_eq!(packet[0], 0x10, "CONNECT");
            handshakes.push(peer.get_ref().1.handshake_kind());
            tokio::io::AsyncWriteExt::write_all(&mut peer, CONNACK_V311).await.unwrap();
            let mut rest = Vec::new();
            let end = timeout(PATIENCE, peer.read_to_end(&mut rest)).await.unwrap();
            assert_eq!(end.err().map(|error| error.kind()), expected, "{fault}");
            assert_eq!(rest, if fault == Fault::Leave { vec![0xE0, 0] } else { vec![] });
        };
        let (result, ()) = tokio::join!(device, script);
        result.unwrap();
    }
    // One configuration for all of them.
    assert_eq!(handshakes, [HandshakeKind::Full, HandshakeKind::Resumed, HandshakeKind::Resumed].map(Some));
    // Whoever has something else at that place is not believed.
    let other = Authority::new("device-stranger");
    let stranger = layered(&format!("mqtts://localhost:{}", broker.port()), other.trusting());
    let script = async { assert!(acceptor.accept(broker.accept().await.0).await.is_err()) };
    let (result, ()) = tokio::join!(run_one(&stranger, &template, &id, NOW, |_| {}), script);
    let text = result.unwrap_err().to_string();
    assert!(text.starts_with("There is no secure connection to localhost:") && text.contains("--ca FILE"), "{text}");
}

#[expect(clippy::result_large_err, clippy::unnecessary_wraps, reason = "the library's callback is made so")]
fn agree(request: &Request, mut response: Response) -> Result<Response, ErrorResponse> {
    assert_eq!((request.uri().path(), &request.headers()["X-Token"]), ("/mqtt", &HeaderValue::from_static("t0ken")));
    response.headers_mut().insert("Sec-WebSocket-Protocol", HeaderValue::from_static("mqtt"));
    Ok(response)
}

#[tokio::test]
async fn a_cut_over_websocket_has_no_close_frame_and_a_farewell_has_one() {
    let broker = Scripted::listen().await;
    let target = layered(&format!("ws://127.0.0.1:{}", broker.port()), TlsOptions::default());
    let (template, id) = (DeviceTemplate { connected: None, ..article() }, ClientId::from("d"));
    for fault in [Fault::Leave, Fault::Fin, Fault::Rst] {
        let device = run_one(&target, &template, &id, Plan { fault: Some(fault), ..NOW }, |_| {});
        let script = async {
            let stream = broker.accept().await.0;
            let mut peer = tokio_tungstenite::accept_hdr_async(stream, agree).await.unwrap();
            let connect = peer.next().await.unwrap().unwrap().into_data();
            assert_eq!(connect[0], 0x10, "CONNECT");
            peer.send(Message::binary(CONNACK_V311.to_vec())).await.unwrap();
            match (fault, timeout(PATIENCE, peer.next()).await.unwrap().unwrap()) {
                (Fault::Leave, Ok(disconnect)) => {
                    assert_eq!(disconnect.into_data(), [0xE0, 0][..]);
                    assert!(matches!(peer.next().await, Some(Ok(Message::Close(_)))));
                    assert!(peer.next().await.is_none(), "the closing handshake is complete");
                }
                (Fault::Fin, Err(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake))) => {}
                (Fault::Rst, Err(Error::Io(error))) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
                (_, other) => panic!("{fault}: {other:?}"),
            }
        };
        let (result, ()) = tokio::join!(device, script);
        result.unwrap();
    }
}

#[tokio::test]
async fn the_fields_of_connect_come_in_their_order() {
    let broker = Scripted::listen().await;
    let (target, id) = (broker.target(), ClientId::from("d"));
    for protocol in [Protocol::V311, Protocol::V5] {
        let mut template = DeviceTemplate { connected: None, ..template(protocol) };
        template.login = Some(Login { user: "ann".to_owned(), password: Some("secret".to_owned()) });
        let will = template.will.as_mut().unwrap();
        (will.topic, will.payload) = ("w".parse().unwrap(), "gone".to_owned());
        let script = async {
            let mut peer = broker.accept().await;
            let (_, body) = peer.packet().await;
            peer.send(if protocol == Protocol::V5 { CONNACK_V5 } else { CONNACK_V311 }).await;
            peer.end().await;
            body
        };
        let (result, body) = tokio::join!(run_one(&target, &template, &id, NOW, |_| {}), script);
        result.unwrap();
        // Client id, will properties (5), will topic, will message, user name, password.
        let (header, payload) = match protocol {
            Protocol::V311 => (10, &b"\x00\x01d\x00\x01w\x00\x04gone\x00\x03ann\x00\x06secret"[..]),
            Protocol::V5 => (11, &b"\x00\x01d\x00\x00\x01w\x00\x04gone\x00\x03ann\x00\x06secret"[..]),
        };
        assert_eq!(&body[header..], payload, "{protocol:?}");
    }
}

#[tokio::test]
async fn disconnect_is_the_last_that_a_device_says() {
    let broker = Scripted::listen().await;
    for protocol in [Protocol::V311, Protocol::V5] {
        let mut lane = Lane::new();
        let (swarm, _) = swarm(broker.target(), DeviceTemplate { connected: None, ..template(protocol) }, &lane);
        let id = ClientId::from("d");
        swarm.launch(vec![id.clone()]);
        let mut peer = broker.welcome(if protocol == Protocol::V5 { CONNACK_V5 } else { CONNACK_V311 }).await;
        opened(&mut lane).await;
        swarm.fault(&id, Fault::Leave).unwrap();
        let mut said = Vec::new();
        // To its end: a device that does not close would never get there.
        let all = peer.0.read_to_end(&mut said);
        timeout(PATIENCE, all).await.unwrap().unwrap();
        assert_eq!(said, [0xE0, 0], "{protocol:?}");
    }
}

#[tokio::test]
async fn a_device_keeps_to_the_keep_alive_of_the_server() {
    let broker = Scripted::listen().await;
    let mut lane = Lane::new();
    let template = DeviceTemplate { connected: None, keep_alive: KeepAlive(3600), ..template(Protocol::V5) };
    let (swarm, _) = swarm(broker.target(), template, &lane);
    swarm.launch(vec!["d".into()]);
    let mut peer = broker.welcome(&[0x20, 6, 0, 0, 3, 0x13, 0, 1]).await;
    assert_eq!(opened(&mut lane).await, KeepAlive(1));
    // With its own it would say nothing for an hour.
    assert_eq!(peer.packet().await.0, 0xC0, "PINGREQ");
}

#[tokio::test]
async fn a_device_that_listens_acknowledges_and_tells_what_comes() {
    let broker = Scripted::listen().await;
    let id = ClientId::from("d");
    let plan = Plan { fault: Some(Fault::Leave), ..NOW };
    for (protocol, connack, none) in [(Protocol::V311, CONNACK_V311, &[][..]), (Protocol::V5, CONNACK_V5, &[0])] {
        let solo = Solo::new(broker.target(), template(protocol), plan)
            .unwrap()
            .listening("d/${client_id}/#".parse().unwrap());
        let mut steps = Vec::new();
        let device = solo.run(&id, |step| steps.push(step));
        let script = async {
            let mut peer = broker.welcome(connack).await;
            let (first, subscribe) = peer.packet().await;
            assert_eq!((first, &subscribe[..2]), (0x82, &[0, 2][..]));
            assert!(subscribe.ends_with(&[b"\0\x05d/d/#".as_slice(), &[1]].concat()), "{subscribe:?}");
            // A message may come before SUBACK.
            let message = [b"\0\x03d/d\0\x07", none, b"hello"].concat();
            peer.send(&[&[0x32, u8::try_from(message.len()).unwrap()], &message[..]].concat()).await;
            assert_eq!(peer.packet().await, (0x40, vec![0, 7]));
            peer.send(&[&[0x90, 3 + u8::try_from(none.len()).unwrap(), 0, 2], none, &[1]].concat()).await;
            assert_eq!(peer.packet().await.0, 0x32, "PUBLISH");
            peer.send(&[0x40, 2, 0, 1]).await;
            assert_eq!(peer.packet().await.0, 0xE0);
        };
        let (result, ()) = tokio::join!(device, script);
        result.unwrap();
        let hello = Received { topic: "d/d".to_owned(), payload: b"hello".to_vec(), left_out: 0 };
        let expected = [Step::Received(hello), Step::Subscribed("d/d/#".to_owned()), Step::Announced];
        assert_eq!(steps[1..4], expected, "{protocol}");
    }
    let solo = Solo::new(broker.target(), article(), plan).unwrap().listening("secret".parse().unwrap());
    let script = async {
        let mut peer = broker.welcome(CONNACK_V311).await;
        peer.packet().await;
        peer.send(&[0x90, 3, 0, 2, 0x80]).await;
        peer
    };
    let (result, _peer) = tokio::join!(solo.run(&id, |_| {}), script);
    let text = result.unwrap_err().to_string();
    assert!(text.contains("does not let d listen to secret"), "{text}");
}
