//! Every way in which a connection can end, through the gateway and the embedded broker on real sockets: the right
//! cause, told once, and the will where it is due.

mod support;

use lwtop::gateway::FaultError;
use lwtop::mqtt::{Cause, Fault, KeepAlive, Protocol};
use support::{Connect, Wire, World, publish};
use tokio::io::AsyncWriteExt;

/// What a device does to itself.
enum Act {
    Send(&'static [u8]),
    Fin,
    HalfClose,
    Rst,
}

/// Lets one device end like that; checks cause and words, and whether the will came.
async fn dies(level: u8, act: Act, cause: Cause, how: &str, will: bool) {
    let mut world = World::start().await;
    let mut wills = world.subscriber("wills").await;
    let mut device = world.device(Connect::new("a", level).with_will()).await;
    let mut held = None;
    match act {
        Act::Send(bytes) => {
            device.send(bytes).await;
            held = Some(device);
        }
        Act::Fin => drop(device),
        Act::HalfClose => {
            device.stream.shutdown().await.unwrap();
            held = Some(device);
        }
        Act::Rst => device.reset(),
    }
    let closed = world.closed().await;
    assert_eq!((closed.cause, closed.how, closed.client.as_str()), (cause, how, "a"));
    let cut = closed.cut.expect("seen on the device's side");
    assert!(cut <= closed.at);
    // The will first, if there is one, then this.
    let mut other = world.device(Connect::new("b", level)).await;
    if will {
        assert_eq!(wills.message().await, ("wills".into(), "a".into()));
    }
    other
        .send(&match level {
            5 => support::packet(0x30, b"\x00\x05wills\x00end"),
            _ => publish("wills", b"end"),
        })
        .await;
    assert_eq!(wills.message().await.1, "end");
    other.send(&[0xe0, 0]).await;
    world.closed().await;
    if let Some(mut device) = held {
        device.hear_out().await;
    }
    world.nothing_more().await;
}

#[tokio::test]
async fn a_clean_disconnect_discards_the_will() {
    dies(4, Act::Send(&[0xe0, 0]), Cause::ClientInitiatedDisconnect, "DISCONNECT 0x00", false).await;
    dies(5, Act::Send(&[0xe0, 0]), Cause::ClientInitiatedDisconnect, "DISCONNECT 0x00", false).await;
    dies(5, Act::Send(&[0xe0, 2, 0, 0]), Cause::ClientInitiatedDisconnect, "DISCONNECT 0x00", false).await;
}

#[tokio::test]
async fn other_reasons_bring_the_will() {
    dies(5, Act::Send(&[0xe0, 1, 4]), Cause::DisconnectWithWill, "DISCONNECT 0x04", true).await;
    dies(5, Act::Send(&[0xe0, 2, 0x80, 0]), Cause::DisconnectWithWill, "DISCONNECT 0x80", true).await;
    dies(5, Act::Send(&[0xe0, 2, 0x82, 0]), Cause::ProtocolError, "DISCONNECT 0x82", true).await;
    dies(5, Act::Send(&[0xe0, 1, 0x42]), Cause::ProtocolError, "malformed DISCONNECT", true).await;
    dies(4, Act::Send(&[0xe0, 1, 4]), Cause::ProtocolError, "malformed DISCONNECT", true).await;
}

#[tokio::test]
async fn a_session_expiry_that_connect_ruled_out_is_an_error() {
    let words = "DISCONNECT with a session expiry that CONNECT ruled out";
    dies(5, Act::Send(b"\xe0\x07\x00\x05\x11\x00\x00\x00\x3c"), Cause::ProtocolError, words, true).await;
}

#[tokio::test]
async fn a_cut_is_a_lost_connection() {
    for level in [4, 5] {
        dies(level, Act::Fin, Cause::ConnectionLost, "FIN", true).await;
        dies(level, Act::HalfClose, Cause::ConnectionLost, "FIN", true).await;
        dies(level, Act::Rst, Cause::ConnectionLost, "RST", true).await;
    }
}

#[tokio::test]
async fn bytes_that_are_not_mqtt_are_a_protocol_error() {
    for bytes in [
        &b"\x00\x00"[..],
        b"\x30\xff\xff\xff\xff\x01",
        b"\x36\x05\x00\x01a\x00\x01",
        b"\x80\x06\x00\x01\x00\x01a\x00",
        b"\xd0\x00",
        b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x1e\x00\x01a",
        b"\xf0\x00",
    ] {
        dies(4, Act::Send(bytes), Cause::ProtocolError, "malformed packet", true).await;
    }
}

#[tokio::test]
async fn what_only_the_broker_finds_malformed_is_a_protocol_error_too() {
    let mut world = World::start().await;
    let mut wills = world.subscriber("wills").await;
    let mut device = world.device(Connect::new("a", 4).with_will()).await;
    // PUBLISH whose topic is longer than the packet.
    device.send(b"\x30\x03\x00\xffa").await;
    let closed = world.closed().await;
    assert_eq!((closed.cause, closed.cut), (Cause::ProtocolError, None));
    assert_eq!(wills.message().await.1, "a");
    device.hear_out().await;
    world.nothing_more().await;
}

/// Does `fault` to one device; checks what is told, whether the will came, and gives what the device heard.
async fn faulted(level: u8, fault: Fault, cause: Cause, how: &str, will: bool) -> Vec<Vec<u8>> {
    let mut world = World::start().await;
    let mut wills = world.subscriber("wills").await;
    let mut device = world.device(Connect::new("a", level).with_will()).await;
    world.fault("a", fault);
    let closed = world.closed().await;
    assert_eq!((closed.cause, closed.how), (cause, how), "{fault}");
    assert_eq!(closed.cut.is_some(), fault != Fault::Kick, "{fault}");
    let heard = device.hear_out().await;
    if will {
        assert_eq!(wills.message().await.1, "a");
    }
    let gone = world.gateway.fault(&"a".into(), Fault::Fin).unwrap_err();
    assert_eq!(gone, FaultError::NotConnected("a".into()));
    let mut other = world.device(Connect::new("b", 4)).await;
    other.send(&publish("wills", b"end")).await;
    assert_eq!(wills.message().await.1, "end");
    other.send(&[0xe0, 0]).await;
    world.closed().await;
    world.nothing_more().await;
    heard
}

#[tokio::test]
async fn each_fault_is_the_death_that_it_says() {
    for level in [4, 5] {
        faulted(level, Fault::Leave, Cause::ClientInitiatedDisconnect, "DISCONNECT 0x00", false).await;
        faulted(level, Fault::Fin, Cause::ConnectionLost, "FIN", true).await;
        faulted(level, Fault::Rst, Cause::ConnectionLost, "RST", true).await;
        faulted(level, Fault::ProtocolError, Cause::ProtocolError, "malformed packet", true).await;
    }
    faulted(5, Fault::LeaveWithWill, Cause::DisconnectWithWill, "DISCONNECT 0x04", true).await;
}

#[tokio::test]
async fn a_kicked_device_is_told_where_the_protocol_can() {
    let heard = faulted(5, Fault::Kick, Cause::ServerInitiated, "DISCONNECT 0x98", true).await;
    assert_eq!(heard, [[0xe0, 2, 0x98, 0]]);
    assert!(faulted(4, Fault::Kick, Cause::ServerInitiated, "kicked", true).await.is_empty());
}

#[tokio::test]
async fn faults_that_cannot_be_done_say_why() {
    let mut world = World::start().await;
    let device = world.device(Connect::new("a", 4)).await;
    let refuse = |fault| world.gateway.fault(&"a".into(), fault).unwrap_err();
    assert_eq!(refuse(Fault::Takeover), FaultError::NotHere("a".into()));
    assert_eq!(refuse(Fault::LeaveWithWill), FaultError::NeedsV5("a".into()));
    assert_eq!(
        world.gateway.fault(&"nobody".into(), Fault::Fin).unwrap_err(),
        FaultError::NotConnected("nobody".into())
    );
    drop(device);
    world.closed().await;
    world.nothing_more().await;
}

#[tokio::test]
async fn a_frozen_device_dies_of_its_keep_alive() {
    for level in [4, 5] {
        let mut world = World::start().await;
        let mut wills = world.subscriber("wills").await;
        let connect = Connect { keep_alive: 1, ..Connect::new("a", level).with_will() };
        let mut device = world.device(connect).await;
        world.fault("a", Fault::Freeze);
        // It goes on pinging, and nobody hears it.
        device.send(&[0xc0, 0]).await;
        let closed = world.closed().await;
        assert_eq!((closed.cause, closed.cut), (Cause::KeepAliveTimeout, None));
        assert_eq!(wills.message().await.1, "a");
        world.nothing_more().await;
    }
}

#[tokio::test]
async fn a_silent_device_dies_of_its_keep_alive() {
    let mut world = World::start().await;
    let device = world.device(Connect { keep_alive: 1, ..Connect::new("a", 4) }).await;
    let closed = world.closed().await;
    assert_eq!((closed.cause, closed.cut), (Cause::KeepAliveTimeout, None));
    drop(device);
    world.nothing_more().await;
}

#[tokio::test]
async fn a_frozen_device_can_still_be_cut() {
    let mut world = World::start().await;
    let device = world.device(Connect { keep_alive: 0, ..Connect::new("a", 4) }).await;
    world.fault("a", Fault::Freeze);
    // Let the order be carried out before the next replaces it.
    tokio::task::yield_now().await;
    world.fault("a", Fault::Rst);
    let closed = world.closed().await;
    assert_eq!((closed.cause, closed.how), (Cause::ConnectionLost, "RST"));
    drop(device);
    world.nothing_more().await;
}

#[tokio::test]
async fn a_second_client_takes_the_session_over() {
    for level in [4, 5] {
        let mut world = World::start().await;
        let mut wills = world.subscriber("wills").await;
        let mut first = world.device(Connect::new("a", level).with_will()).await;
        let mut second = Wire::connect(world.addr()).await;
        second.send(&Connect { keep_alive: 7, ..Connect::new("a", level) }.bytes()).await;
        // The order of these two is the broker's.
        let (mut opened, mut closed) = (None, None);
        for _ in 0..2 {
            match world.event().await {
                lwtop::fleet::SessionEvent::Opened(event) => opened = Some(event),
                lwtop::fleet::SessionEvent::Closed(event) => closed = Some(event),
                other @ lwtop::fleet::SessionEvent::Refused { .. } => panic!("{other:?}"),
            }
        }
        let (opened, closed) = (opened.unwrap(), closed.unwrap());
        assert_eq!(opened.keep_alive, KeepAlive(7));
        assert_eq!(closed.cause, Cause::SessionTakenOver);
        assert_ne!(opened.conn, closed.conn);
        assert_eq!(wills.message().await.1, "a");
        // In 3.1.1 a server has no DISCONNECT to say so, though mqtt5 sends it.
        let heard = first.hear_out().await;
        assert_eq!(heard.iter().map(|packet| packet[2]).collect::<Vec<_>>(), [0x8e].repeat(usize::from(level - 4)));
        assert_eq!(second.packet().await.expect("CONNACK")[0], 0x20);
        // The id is the second one's now.
        world.fault("a", Fault::Leave);
        assert_eq!(world.closed().await.conn, opened.conn);
        world.nothing_more().await;
    }
}

#[tokio::test]
async fn an_opened_session_tells_all_of_connect() {
    let mut world = World::start().await;
    let mut wire = Wire::connect(world.addr()).await;
    let peer = wire.stream.local_addr().unwrap();
    wire.send(&Connect { keep_alive: 30, ..Connect::new("lwtThing", 5).with_will() }.bytes()).await;
    let opened = world.opened().await;
    assert_eq!((opened.client.as_str(), opened.peer), ("lwtThing", Some(peer)));
    assert_eq!((opened.protocol, opened.keep_alive, opened.clean), (Protocol::V5, KeepAlive(30), true));
    let will = opened.will.unwrap();
    assert_eq!((&*will.topic, &will.payload[..]), ("wills", &b"lwtThing"[..]));
    drop(wire);
    assert_eq!(world.closed().await.rest.packets, 1, "CONNECT itself");
    world.nothing_more().await;
}

#[tokio::test]
async fn a_broker_that_stops_closes_its_clients() {
    let mut world = World::start().await;
    let mut device = world.device(Connect::new("a", 5)).await;
    world.broker.stop().await;
    let closed = match support::soon("the end", world.reports.recv()).await {
        Some(lwtop::fleet::Report::Session(lwtop::fleet::SessionEvent::Closed(closed))) => closed,
        other => panic!("{other:?}"),
    };
    assert_eq!((closed.cause, closed.how, closed.cut), (Cause::ServerInitiated, "DISCONNECT 0x8B", None));
    assert_eq!(device.hear_out().await, [[0xe0, 1, 0x8b]]);
}

#[tokio::test]
async fn a_gateway_that_stops_reports_every_end() {
    let mut world = World::start().await;
    let mut device = world.device(Connect::new("a", 4)).await;
    let idle = Wire::connect(world.addr()).await;
    world.gateway.stop().await;
    assert_eq!(world.closed().await.cause, Cause::ServerInitiated);
    device.hear_out().await;
    drop(idle);
    world.nothing_more().await;
}
