//! Every way in which a connection can end, through the gateway and the embedded broker on real sockets: the right
//! cause, told once, and the will where it is due.

#[path = "support/mosquitto.rs"]
mod mosquitto;
mod support;

use lwtop::fleet::SessionEvent;
use lwtop::gateway::{FaultError, GatewayConfig};
use lwtop::mqtt::{Cause, Fault, KeepAlive, Protocol};
use mosquitto::Mosquitto;
use std::net::SocketAddr;
use std::time::Duration;
use support::{Connect, Wire, World, publish};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// Nothing waits so long in a test: what has this deadline is waited for.
const LONG: Duration = Duration::from_secs(3_600);

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

/// Devices with a will leave and come back at once, again and again: how many of their wills a subscriber on the broker sees.
async fn wills_of_leavers(config: impl FnOnce(&mut GatewayConfig), broker: Option<SocketAddr>) -> usize {
    let patient = |gateway: &mut GatewayConfig| {
        config(gateway);
        // However slow the machine is, the broker is waited for.
        gateway.leave_deadline = LONG;
    };
    let (mut world, _) = World::start_like(Vec::new(), patient).await;
    let mut wills = match broker {
        None => world.subscriber("wills").await,
        Some(addr) => {
            let mut wire = Wire::connect(addr).await;
            wire.send(&Connect::new("subscriber", 4).bytes()).await;
            wire.packet().await.expect("CONNACK");
            wire.send(&support::subscribe("wills")).await;
            wire.packet().await.expect("SUBACK");
            wire
        }
    };
    let addr = world.addr();
    let again = async move |id: &str| {
        let mut wire = Wire::connect(addr).await;
        wire.send(&Connect::new(id, 4).with_will().bytes()).await;
        assert_eq!(wire.packet().await.expect("CONNACK"), [0x20, 2, 0, 0]);
        wire.send(&[0xe0, 0]).await;
    };
    let leavers: Vec<_> = (0..8)
        .map(|n| {
            tokio::spawn(async move {
                for _ in 0..50 {
                    again(&n.to_string()).await;
                }
            })
        })
        .collect();
    for _ in 0..8 * 50 * 2 {
        if let SessionEvent::Closed(closed) = world.event().await {
            assert_eq!(closed.cause, Cause::ClientInitiatedDisconnect);
        }
    }
    for leaver in leavers {
        leaver.await.unwrap();
    }
    let mut last = world.device(Connect::new("last", 4)).await;
    last.send(&publish("wills", b"end")).await;
    let mut count = 0;
    while wills.message().await.1 != "end" {
        count += 1;
    }
    drop(last);
    world.closed().await;
    world.nothing_more().await;
    count
}

#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_and_comes_back_at_once_has_no_will() {
    assert_eq!(wills_of_leavers(|_| {}, None).await, 0, "the embedded broker");
    let Some(mosquitto) = Mosquitto::start() else { return };
    let outside = |config: &mut GatewayConfig| *config = GatewayConfig::in_front_of("127.0.0.1", mosquitto.port);
    let addr = ([127, 0, 0, 1], mosquitto.port).into();
    assert_eq!(wills_of_leavers(outside, Some(addr)).await, 0, "Mosquitto");
}

/// A gateway in front of a broker that does only what a test makes it do.
struct Puppet {
    world: World,
    broker: TcpListener,
}

impl Puppet {
    async fn start(leave_deadline: Duration) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        // What it does not read is to be soon too much.
        socket.set_recv_buffer_size(4_096).unwrap();
        socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
        let broker = socket.listen(16).unwrap();
        let port = broker.local_addr().unwrap().port();
        let outside = |config: &mut GatewayConfig| {
            *config = GatewayConfig { leave_deadline, ..GatewayConfig::in_front_of("127.0.0.1", port) };
        };
        Self { world: World::start_like(Vec::new(), outside).await.0, broker }
    }

    /// A device that has said CONNECT.
    async fn device(&self, id: &str) -> Wire {
        let mut device = Wire::connect(self.world.addr()).await;
        device.send(&Connect::new(id, 4).with_will().bytes()).await;
        device
    }

    /// The next connection to the broker, and the client id in its CONNECT.
    async fn accept(&self) -> (Wire, String) {
        let mut wire =
            Wire { stream: support::soon("a connection to the broker", self.broker.accept()).await.unwrap().0 };
        let connect = wire.packet().await.expect("CONNECT");
        let id = &connect[14..][..usize::from(connect[13])];
        (wire, String::from_utf8(id.to_vec()).unwrap())
    }

    /// A device that has connected, and its connection to the broker.
    async fn connected(&self, id: &str) -> (Wire, Wire) {
        let mut device = self.device(id).await;
        let (mut upstream, _) = self.accept().await;
        upstream.send(&[0x20, 2, 0, 0]).await;
        device.packet().await.expect("CONNACK");
        (device, upstream)
    }

    /// A device that has left, of which the broker has not closed the connection.
    async fn left(&self, id: &str) -> (Wire, Wire) {
        let (mut device, mut upstream) = self.connected(id).await;
        device.send(&[0xe0, 0]).await;
        assert_eq!(upstream.packet().await.expect("DISCONNECT"), [0xe0, 0]);
        (device, upstream)
    }

    /// Somebody else does not wait, and nobody goes before.
    async fn only_another_comes_in(&self) {
        let _other = self.device("b").await;
        assert_eq!(self.accept().await.1, "b");
    }
}

#[tokio::test]
async fn the_broker_hears_of_a_client_that_comes_back_when_it_has_closed_the_older_connection() {
    let puppet = Puppet::start(LONG).await;
    let (_device, older) = puppet.left("a").await;
    let _back = puppet.device("a").await;
    puppet.only_another_comes_in().await;
    drop(older);
    assert_eq!(puppet.accept().await.1, "a");
}

#[tokio::test]
async fn a_broker_that_does_not_close_after_disconnect_is_not_waited_for_without_end() {
    let puppet = Puppet::start(Duration::from_millis(1)).await;
    let (_device, _older) = puppet.left("a").await;
    let _back = puppet.device("a").await;
    assert_eq!(puppet.accept().await.1, "a");
}

#[tokio::test]
async fn a_client_that_goes_while_it_waits_for_its_older_connection_is_not_connected() {
    let mut puppet = Puppet::start(LONG).await;
    let (_device, older) = puppet.left("a").await;
    assert_eq!(puppet.world.opened().await.client.as_str(), "a");
    puppet.world.closed().await;
    drop(puppet.device("a").await);
    let (client, why) = puppet.world.refused().await;
    assert_eq!(client.as_str(), "a");
    assert_eq!(why, "it went away while an older connection with its client id was ending");
    drop(older);
    puppet.only_another_comes_in().await;
}

#[tokio::test]
async fn the_broker_takes_all_that_a_client_said_before_it_hears_that_it_comes_back() {
    let puppet = Puppet::start(LONG).await;
    // More than there is room for between the gateway and a broker that does not read.
    let probe = TcpStream::connect(puppet.broker.local_addr().unwrap()).await.unwrap();
    let (unread, _) = puppet.broker.accept().await.unwrap();
    probe.writable().await.unwrap();
    let mut room = 0;
    while let Ok(written) = probe.try_write(&[0; 16 * 1_024]) {
        room += written;
    }
    drop((probe, unread));
    let (mut device, mut older) = puppet.connected("a").await;
    device.send(&publish("t", &vec![0; room + room / 4])).await;
    device.send(&[0xe0, 0]).await;
    let _back = puppet.device("a").await;
    puppet.only_another_comes_in().await;
    assert_eq!(older.packet().await.expect("PUBLISH")[0], 0x30);
    assert_eq!(older.packet().await.expect("DISCONNECT"), [0xe0, 0]);
    puppet.only_another_comes_in().await;
    drop(older);
    assert_eq!(puppet.accept().await.1, "a");
}
