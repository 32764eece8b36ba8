//! Who gets in, who does not, and that nobody disturbs anybody else.

mod support;

use lwtop::clock::Clock;
use lwtop::fleet::{Refuser, Report, SessionEvent};
use lwtop::gateway::{BindError, Gateway, GatewayConfig};
use lwtop::mqtt::{Cause, Fault};
use lwtop::wiring::{Activity, LARGEST_PACKET};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use support::{Connect, DEADLINE, Wire, World, packet, publish, soon, subscribe};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

#[tokio::test]
async fn nobody_gets_past_the_gateway() {
    let world = World::start().await;
    for (level, refusal) in [(4, &[0x20, 2, 0, 5][..]), (5, &[0x20, 0x03, 0, 0x87, 0])] {
        let mut direct = Wire::connect(world.broker.addr()).await;
        direct.send(&Connect::new("intruder", level).bytes()).await;
        let answer = direct.packet().await.expect("CONNACK");
        assert_eq!(answer[0], 0x20);
        assert_eq!(answer[3], refusal[3], "{answer:x?}");
        assert_eq!(direct.packet().await, None);
    }
    let mut guess = Wire::connect(world.broker.addr()).await;
    let user = world.broker.link_login().user.clone();
    guess.send(&Connect { login: Some((&user, "guess")), ..Connect::new("intruder", 4) }.bytes()).await;
    assert_eq!(guess.packet().await.expect("CONNACK"), [0x20, 2, 0, 5]);
    world.nothing_more().await;
}

#[tokio::test]
async fn a_device_cannot_publish_to_the_servers_topics() {
    let mut world = World::start().await;
    let mut events = world.subscriber("$aws/#").await;
    let mut device = world.device(Connect::new("a", 4)).await;
    device.send(&publish("$aws/events/presence/disconnected/b", b"forged")).await;
    device.send(&publish("$aws/things/a/shadow/update", b"{}")).await;
    device.ping().await;
    // MQTT 3.1.1 cannot tell the device; a person is told, once.
    let told = world.notice().await;
    assert!(told.starts_with("a may not publish to $aws/events/presence/disconnected/b: topics that begin"), "{told}");
    world.fault("a", Fault::Fin);
    world.closed().await;
    device.hear_out().await;
    // The link may.
    let login = world.broker.link_login();
    let mut link = Wire::connect(world.broker.addr()).await;
    link.send(&Connect { login: Some((&login.user, &login.password)), ..Connect::new("link", 4) }.bytes()).await;
    link.packet().await.expect("CONNACK");
    link.send(&publish("$aws/events/true", b"yes")).await;
    assert_eq!(events.message().await, ("$aws/events/true".into(), "yes".into()));
    world.nothing_more().await;
}

#[tokio::test]
async fn a_device_that_knows_the_links_login_is_still_a_guest() {
    let mut world = World::start().await;
    let mut events = world.subscriber("$aws/#").await;
    let login = world.broker.link_login().clone();
    let connect = Connect { login: Some((&login.user, &login.password)), ..Connect::new("a", 4) };
    let mut device = world.device(connect).await;
    device.send(&publish("$aws/forged", b"no")).await;
    device.ping().await;
    device.send(&subscribe("x")).await;
    device.packet().await.expect("SUBACK");
    let mut link = Wire::connect(world.broker.addr()).await;
    link.send(&Connect { id: "link", ..connect }.bytes()).await;
    link.packet().await.expect("CONNACK");
    link.send(&publish("$aws/true", b"yes")).await;
    assert_eq!(events.message().await.1, "yes");
    assert!(world.notice().await.starts_with("a may not publish to $aws/forged"));
    drop(device);
    world.closed().await;
    world.nothing_more().await;
}

#[tokio::test]
async fn a_refused_client_is_reported_with_the_reason() {
    let mut world = World::start().await;
    // mqtt5 takes no client id with a slash.
    let mut wire = Wire::connect(world.addr()).await;
    wire.send(&Connect::new("a/b", 4).bytes()).await;
    assert_eq!(wire.packet().await.expect("CONNACK"), [0x20, 2, 0, 2]);
    assert_eq!(world.refused().await, ("a/b".into(), "client id rejected".into()));
    assert_eq!(wire.packet().await, None);
    // An old protocol level is answered by the gateway.
    let mut old = Wire::connect(world.addr()).await;
    let peer = old.stream.local_addr().unwrap();
    old.send(&packet(0x10, b"\x00\x06MQIsdp\x03\x02\x00\x1e\x00\x01a")).await;
    assert_eq!(old.packet().await.expect("CONNACK"), [0x20, 2, 0, 1]);
    let (client, why) = world.refused().await;
    assert_eq!(client.as_str(), format!("anonymous-{}", peer.port()));
    assert!(why.contains("level 3"), "{why}");
    world.nothing_more().await;
}

#[tokio::test]
async fn a_will_that_would_never_be_published_is_refused_at_once() {
    let mut world = World::start().await;
    let reserved = "begins with $: there only the broker itself publishes";
    for (topic, level, answer, why) in [
        ("", 4, None, "is empty"),
        ("a/#", 4, None, "has a wildcard"),
        ("$aws/events/presence/disconnected/b", 4, Some(vec![0x20, 2, 0, 5]), reserved),
        ("", 5, Some(vec![0x20, 3, 0, 0x90, 0]), "is empty"),
        ("+/a", 5, Some(vec![0x20, 3, 0, 0x90, 0]), "has a wildcard"),
        ("$aws/things/a/shadow/update", 5, Some(vec![0x20, 3, 0, 0x87, 0]), reserved),
    ] {
        let mut wire = Wire::connect(world.addr()).await;
        wire.send(&Connect { will: Some(topic), ..Connect::new("a", level) }.bytes()).await;
        assert_eq!(wire.packet().await, answer, "{topic}");
        let (client, said) = world.refused().await;
        assert!(client.as_str() == "a" && said.contains(why) && said.contains(topic), "{topic}: {said}");
        assert_eq!(wire.packet().await, None, "{topic}");
    }
    world.nothing_more().await;
}

#[tokio::test]
async fn clients_without_an_id_get_a_name() {
    let mut world = World::start().await;
    let mut wire = Wire::connect(world.addr()).await;
    let port = wire.stream.local_addr().unwrap().port();
    wire.send(&Connect::new("", 4).bytes()).await;
    wire.packet().await.expect("CONNACK");
    assert_eq!(world.opened().await.client.as_str(), format!("anonymous-{port}"));
    let mut five = Wire::connect(world.addr()).await;
    five.send(&Connect::new("", 5).bytes()).await;
    let answer = String::from_utf8_lossy(&five.packet().await.expect("CONNACK")).into_owned();
    let client = world.opened().await.client;
    assert!(client.as_str().starts_with("auto-") && answer.contains(client.as_str()), "{client} in {answer:?}");
    world.gateway.fault(&client, Fault::Leave).unwrap();
    assert_eq!(world.closed().await.client, client);
    drop(wire);
    world.closed().await;
    world.nothing_more().await;
}

#[tokio::test]
async fn half_and_malformed_packets_disturb_nobody() {
    let mut world = World::start().await;
    let mut good = world.device(Connect::new("good", 4)).await;
    good.send(&subscribe("news")).await;
    good.packet().await.expect("SUBACK");
    // Half a CONNECT, then silence: closed after the deadline, and never reported.
    let mut half = Wire::connect(world.addr()).await;
    half.send(&Connect::new("half", 4).bytes()[..9]).await;
    // Not MQTT at all, or no CONNECT, or one that says it is larger than any: who that was is told, and what to do.
    for (bytes, why) in [
        (&b"GET / HTTP/1.1\r\n\r\n"[..], "like HTTP: the door for a WebSocket is --ws-listen"),
        (b"POST / HTTP/1.1\r\n\r\n", "like HTTP"),
        (b"\x16\x03\x01\x02\x00", "like TLS: the door for that is --tls-listen"),
        (b"\xff\xff\xff\xff\xff", "the first packet is not CONNECT"),
        (b"\x10\x02\x00\x04", "its CONNECT is malformed"),
        (b"\x10\xff\xff\xff\x7f", "more than 256 KiB"),
    ] {
        let mut wire = Wire::connect(world.addr()).await;
        let peer = wire.stream.local_addr().unwrap();
        wire.send(bytes).await;
        assert_eq!(wire.packet().await, None);
        let told = world.notice().await;
        assert!(told.starts_with(&format!("{peer} did not get in over TCP: ")) && told.contains(why), "{told}");
    }
    // Whoever only looks whether somebody listens is nobody's business.
    drop(Wire::connect(world.addr()).await);
    // A large PUBLISH that never ends.
    let mut stuck = world.device(Connect::new("stuck", 4)).await;
    stuck.send(b"\x30\xff\xff\x1f\x00\x04news").await;
    // A CONNECT byte by byte is a CONNECT.
    let mut slow = Wire::connect(world.addr()).await;
    for byte in Connect::new("slow", 4).bytes() {
        slow.send(&[byte]).await;
    }
    slow.packet().await.expect("CONNACK");
    world.opened().await;
    slow.send(&publish("news", b"all is well")).await;
    assert_eq!(good.message().await, ("news".into(), "all is well".into()));
    assert_eq!(half.packet().await, None);
    assert!(world.notice().await.contains("CONNECT was not whole within 1 s"));
    for wire in [good, stuck, slow] {
        drop(wire);
        world.closed().await;
    }
    world.nothing_more().await;
}

#[tokio::test]
async fn what_is_said_again_and_again_is_counted() {
    let (mut world, _) = World::start_like(Vec::new(), |config| config.quiet = Duration::from_secs(1)).await;
    for _ in 0..20 {
        let mut wire = Wire::connect(world.addr()).await;
        wire.send(b"GET / HTTP/1.1\r\n\r\n").await;
        assert_eq!(wire.packet().await, None);
    }
    let (mut said, mut counted) = (0, 0);
    while said + counted < 20 {
        let told = world.notice().await;
        assert!(told.ends_with("the door for a WebSocket is --ws-listen"), "{told}");
        match told.split_once(" more did not get in over TCP: ") {
            Some((more, _)) => counted += more.parse::<u32>().unwrap(),
            None => said += 1,
        }
    }
    assert!(counted >= 10, "{said} said, {counted} counted");
    world.nothing_more().await;
}

#[tokio::test]
async fn many_connects_that_are_large_and_never_end_wait_for_each_other() {
    let mut world = World::start().await;
    let large = "x".repeat(60_000);
    let large = Connect { login: Some((&large, &large)), ..Connect::new("large", 4) }.bytes();
    let mut half = Vec::new();
    for _ in 0..64 {
        let mut wire = Wire::connect(world.addr()).await;
        wire.send(&large[..100_000]).await;
        half.push(wire);
    }
    // Each is read until it is known to be large.
    let mut device = world.device(Connect::new("small", 4)).await;
    device.ping().await;
    let mut whole = Wire::connect(world.addr()).await;
    whole.send(&large).await;
    device.ping().await;
    assert_eq!(whole.stream.try_read(&mut [0; 4]).unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    drop(half);
    assert_eq!(whole.packet().await.expect("CONNACK"), [0x20, 2, 0, 0]);
    assert_eq!(world.opened().await.client.as_str(), "large");
    for wire in [device, whole] {
        drop(wire);
        world.closed().await;
    }
    world.nothing_more().await;
}

#[tokio::test]
async fn a_connect_that_drips_in_is_cut_off_at_the_deadline() {
    let mut world = World::start().await;
    let mut good = world.device(Connect::new("good", 4)).await;
    let drip = Wire::connect(world.addr()).await;
    let (mut answers, mut drops) = drip.stream.into_split();
    // Each byte comes well within the deadline, all of them far after it: no byte may put it off.
    let dripping = tokio::spawn(async move {
        let mut pace = tokio::time::interval(Duration::from_millis(200));
        for byte in Connect::new(&"x".repeat(1_000), 4).bytes() {
            pace.tick().await;
            if drops.write_all(&[byte]).await.is_err() {
                return;
            }
        }
    });
    // Nothing is said to it: it has no name yet.
    let said = soon("its end", answers.read(&mut [0; 1])).await;
    assert!(!matches!(said, Ok(1..)), "{said:?}");
    assert!(world.notice().await.contains("CONNECT was not whole within 1 s"));
    dripping.abort();
    good.ping().await;
    drop(good);
    world.closed().await;
    world.nothing_more().await;
}

#[tokio::test]
async fn the_largest_packet_that_can_be_announced_disturbs_nobody() {
    let mut world = World::start().await;
    let mut good = world.device(Connect::new("good", 4)).await;
    good.send(&subscribe("news")).await;
    good.packet().await.expect("SUBACK");
    let mut wills = world.subscriber("wills").await;
    // 256 MB, 200 MB, and one byte more than the broker takes: they are known by the header, and what comes behind it is
    // gathered nowhere.
    for (level, header) in [(4, &b"\x30\xff\xff\xff\x7f"[..]), (4, b"\x30\x80\x80\xc0\x5f"), (5, b"\x30\xfd\xff\x3f")] {
        let mut huge = world.device(Connect::new("huge", level).with_will()).await;
        huge.send(header).await;
        let mut taken = 0;
        let piece = vec![b'x'; 1 << 20];
        while taken < 64 && huge.stream.write_all(&piece).await.is_ok() {
            taken += 1;
        }
        // No more than the buffers of the sockets hold.
        assert!(taken < 32, "{taken} MB were taken");
        let closed = world.closed().await;
        assert_eq!((closed.cause, closed.how), (Cause::ProtocolError, "packet of more than 1 MiB"));
        assert_eq!(wills.message().await.1, "huge");
    }
    // Whoever waits is told why, where the protocol can.
    let mut huge = world.device(Connect::new("huge", 5)).await;
    huge.send(b"\x30\xfd\xff\x3f").await;
    assert_eq!(huge.hear_out().await, [[0xe0, 2, 0x95, 0]]);
    world.closed().await;
    // The largest that goes.
    let topic = support::text("news");
    let largest = publish("news", &vec![b'x'; LARGEST_PACKET as usize - 4 - topic.len()]);
    assert_eq!(largest.len(), LARGEST_PACKET as usize);
    let mut large = world.device(Connect::new("large", 4)).await;
    large.send(&largest).await;
    assert_eq!(good.packet().await.expect("the large message").len(), largest.len());
    drop(large);
    world.closed().await;
    // The broker itself takes no larger one either, whoever sends it.
    let login = world.broker.link_login().clone();
    let mut link = Wire::connect(world.broker.addr()).await;
    link.send(&Connect { login: Some((&login.user, &login.password)), ..Connect::new("link", 4) }.bytes()).await;
    link.packet().await.expect("CONNACK");
    link.send(b"\x30\xfd\xff\x3f").await;
    assert_eq!(link.packet().await, None);
    let mut other = world.device(Connect::new("other", 4)).await;
    other.send(&publish("news", b"all is well")).await;
    assert_eq!(good.message().await, ("news".into(), "all is well".into()));
    for wire in [good, other] {
        drop(wire);
        world.closed().await;
    }
    world.nothing_more().await;
}

#[tokio::test]
async fn what_a_device_sends_before_connack_is_not_lost() {
    let mut world = World::start().await;
    let mut news = world.subscriber("news").await;
    let mut wire = Wire::connect(world.addr()).await;
    let mut burst = Connect::new("hasty", 4).bytes();
    burst.extend(publish("news", b"first"));
    burst.extend([0xe0, 0]);
    wire.send(&burst).await;
    world.opened().await;
    let closed = world.closed().await;
    assert_eq!(closed.how, "DISCONNECT 0x00");
    assert_eq!((closed.rest.packets, closed.rest.publishes), (3, 1));
    assert_eq!(news.message().await.1, "first");
    world.nothing_more().await;
}

#[tokio::test]
async fn the_last_message_before_a_cut_arrives_before_the_will() {
    let mut world = World::start().await;
    let mut all = world.subscriber("#").await;
    let mut device = world.device(Connect::new("a", 4).with_will()).await;
    let large = "x".repeat(300_000);
    let mut bytes = publish("news", large.as_bytes());
    bytes.extend(publish("news", b"last words"));
    device.send(&bytes).await;
    drop(device);
    world.closed().await;
    let first = all.packet().await.expect("the large message");
    assert!(first.len() > large.len());
    assert_eq!(all.message().await, ("news".into(), "last words".into()));
    assert_eq!(all.message().await, ("wills".into(), "a".into()));
    world.nothing_more().await;
}

#[tokio::test]
async fn a_reader_that_stalls_loses_nothing() {
    let mut world = World::start().await;
    let mut reader = world.device(Connect::new("reader", 4)).await;
    reader.send(&subscribe("news")).await;
    reader.packet().await.expect("SUBACK");
    let mut writer = world.device(Connect::new("writer", 4)).await;
    let payload = vec![b'x'; 100_000];
    // Far more than the sockets on the way hold.
    for _ in 0..200 {
        writer.send(&publish("news", &payload)).await;
    }
    writer.ping().await;
    for _ in 0..200 {
        assert!(reader.packet().await.expect("a message").len() > payload.len());
    }
    drop((reader, writer));
    world.closed().await;
    world.closed().await;
    world.nothing_more().await;
}

#[tokio::test]
async fn packets_are_counted_on_the_board() {
    let mut world = World::start().await;
    let mut device = world.device(Connect::new("a", 4)).await;
    device.send(&publish("news", b"1")).await;
    device.ping().await;
    device.ping().await;
    let mut news = Vec::new();
    world.board.drain(&mut news);
    let total = news.iter().fold(Activity::default(), |sum, (_, more)| Activity {
        last_packet: more.last_packet,
        packets: sum.packets + more.packets,
        pings: sum.pings + more.pings,
        publishes: sum.publishes + more.publishes,
    });
    assert_eq!((total.packets, total.pings, total.publishes), (4, 2, 1));
    device.ping().await;
    drop(device);
    assert_eq!(world.closed().await.rest.pings, 1);
    world.nothing_more().await;
}

#[tokio::test]
async fn whoever_does_not_wait_for_the_broker_any_more_is_not_connected_later() {
    // A broker that takes connections and answers none: the places of those that wait for it are taken soon.
    let mute = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let config = GatewayConfig {
        place_deadline: Duration::from_secs(1),
        ..GatewayConfig::in_front_of("127.0.0.1", mute.local_addr().unwrap().port())
    };
    let (sender, mut reports) = tokio::sync::mpsc::channel(64);
    let listener = Gateway::bind(([127, 0, 0, 1], 0).into()).await.unwrap();
    let gateway = listener.serve(config, sender, Arc::default(), Arc::default(), Clock::start());
    let mut waiting = Vec::new();
    for n in 0..50 {
        let mut wire = Wire::connect(gateway.local_addr()).await;
        wire.send(&Connect::new(&n.to_string(), 4).bytes()).await;
        waiting.push((wire, soon("a connection to the broker", mute.accept()).await.unwrap().0));
    }
    let mut next = async || match soon("a refusal", reports.recv()).await {
        Some(Report::Session(SessionEvent::Refused { client, by: Refuser::Gateway, why, .. })) => (client, why),
        other => panic!("{other:?}"),
    };
    let mut patient = Wire::connect(gateway.local_addr()).await;
    patient.send(&Connect::new("patient", 4).bytes()).await;
    let mut gone = Wire::connect(gateway.local_addr()).await;
    gone.send(&Connect::new("gone", 4).with_will().bytes()).await;
    drop(gone);
    let (client, why) = next().await;
    assert!(client.as_str() == "gone" && why.contains("went away while it waited"), "{client}: {why}");
    let (client, why) = next().await;
    assert!(client.as_str() == "patient" && why.contains("too many other devices"), "{client}: {why}");
    assert_eq!(patient.packet().await.expect("CONNACK"), [0x20, 2, 0, 3]);
    // Room for one more: neither of them comes.
    waiting.pop();
    let (client, _) = next().await;
    assert_eq!(client.as_str(), "49");
    let mut last = Wire::connect(gateway.local_addr()).await;
    last.send(&Connect::new("last", 4).bytes()).await;
    let (broker, _) = soon("the last one", mute.accept()).await.unwrap();
    let mut broker = Wire { stream: broker };
    assert_eq!(broker.packet().await.expect("CONNECT"), Connect::new("last", 4).bytes());
    drop((waiting, broker));
    gateway.stop().await;
}

#[tokio::test]
async fn a_broker_that_is_not_there_is_said_to_the_device() {
    let mut world = World::start().await;
    world.broker.stop().await;
    let mut wire = Wire::connect(world.gateway.local_addr()).await;
    wire.send(&Connect::new("a", 4).bytes()).await;
    assert_eq!(wire.packet().await.expect("CONNACK"), [0x20, 2, 0, 3]);
    match soon("the refusal", world.reports.recv()).await {
        Some(lwtop::fleet::Report::Session(lwtop::fleet::SessionEvent::Refused { client, why, .. })) => {
            assert_eq!(client.as_str(), "a");
            assert!(why.contains("cannot be reached"), "{why}");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_busy_port_is_one_clear_sentence() {
    // Somebody who says nothing.
    let mute = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = mute.local_addr().unwrap();
    let error = Gateway::bind(addr).await.unwrap_err();
    assert!(matches!(error, BindError::Busy { .. }));
    let text = error.to_string();
    assert!(text.contains(&addr.to_string()) && text.contains("--listen 127.0.0.1:0"), "{text}");
    assert!(!text.contains("--broker") && !text.contains('\n'), "{text}");
    // Somebody who answers in another language.
    let web = tokio::spawn(async move {
        let (mut stream, _) = mute.accept().await.unwrap();
        let mut buf = [0; 64];
        let _ = stream.read(&mut buf).await;
        tokio::io::AsyncWriteExt::write_all(&mut stream, b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        mute
    });
    assert!(matches!(Gateway::bind(addr).await.unwrap_err(), BindError::Busy { .. }));
    web.await.unwrap();
    // A broker: this one.
    let world = World::start().await;
    let text = Gateway::bind(world.addr()).await.unwrap_err().to_string();
    assert!(text.contains(&format!("lwtop --broker mqtt://{}", world.addr())), "{text}");
    assert!(text.contains("--listen 127.0.0.1:0"), "{text}");
}

struct Mosquitto(Child);

impl Drop for Mosquitto {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn a_real_broker_on_the_port_is_named() {
    let Ok(probe) = std::net::TcpListener::bind("127.0.0.1:0") else { panic!("no loopback") };
    let addr = probe.local_addr().unwrap();
    drop(probe);
    let mosquitto =
        Command::new("/usr/sbin/mosquitto").args(["-p", &addr.port().to_string()]).stderr(Stdio::null()).spawn();
    let Ok(mosquitto) = mosquitto else {
        eprintln!("skipped: no mosquitto here");
        return;
    };
    let _mosquitto = Mosquitto(mosquitto);
    let ready = async {
        while tokio::net::TcpStream::connect(addr).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(DEADLINE, ready).await.expect("mosquitto listens");
    let error = Gateway::bind(addr).await.unwrap_err();
    assert!(matches!(error, BindError::Broker { .. }), "{error}");
}
