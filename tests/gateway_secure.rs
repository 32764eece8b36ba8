//! The doors for TLS and WebSocket: who is known by what, every way to die, and what is no device at all.

#[path = "support/authority.rs"]
mod authority;
mod support;

use authority::Authority;
use lwtop::dial::{Prepared, Route};
use lwtop::fleet::{Closed, Opened, Via};
use lwtop::gateway::{Door, Logins};
use lwtop::mqtt::{BrokerAddress, Cause, Fault, Scheme};
use lwtop::tls::{ServerOptions, TlsOptions, client_config, server_name};
use std::net::SocketAddr;
use support::{Connect, DEADLINE, Wire, World, publish, soon, subscribe};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// A gateway with every door, and an authority for its certificates.
struct Doors {
    world: World,
    authority: Authority,
    /// Those of TLS, WebSocket and both.
    at: [SocketAddr; 3],
}

impl Doors {
    async fn open(name: &str, change: impl Fn(&mut ServerOptions)) -> Self {
        let authority = Authority::new(name);
        let mut options = authority.door();
        change(&mut options);
        let doors = vec![Door::tls(&options).unwrap(), Door::WEBSOCKET, Door::secure_websocket(&options).unwrap()];
        let (world, at) = World::start_with(doors).await;
        Self { world, authority, at: at.try_into().unwrap() }
    }

    /// Connects as any client would, over any of the schemes.
    async fn dial(&self, scheme: Scheme, tls: TlsOptions) -> Wire<lwtop::dial::Stream> {
        let at = match scheme {
            Scheme::Mqtt => self.world.addr(),
            Scheme::Mqtts => self.at[0],
            Scheme::Ws => self.at[1],
            Scheme::Wss => self.at[2],
        };
        let address: BrokerAddress = format!("{}://localhost:{}", scheme.name(), at.port()).parse().unwrap();
        let route = Route { tls, ..Route::from(address) };
        let prepared: Prepared = route.prepare().await.unwrap();
        Wire { stream: route.dial(prepared, None, Instant::now() + DEADLINE).await.unwrap() }
    }

    /// A device that has connected and was reported.
    async fn device(
        &mut self,
        scheme: Scheme,
        tls: TlsOptions,
        connect: Connect<'_>,
    ) -> (Wire<lwtop::dial::Stream>, Opened) {
        let mut wire = self.dial(scheme, tls).await;
        wire.send(&connect.bytes()).await;
        let answer = wire.packet().await.expect("CONNACK");
        assert_eq!((answer[0], answer[3]), (0x20, 0), "{answer:x?}");
        (wire, self.world.opened().await)
    }

    /// A client of TLS whose socket can be had.
    async fn tls(&self, options: &TlsOptions) -> std::io::Result<TlsStream<TcpStream>> {
        let config = client_config(options).unwrap();
        let name = server_name(options, "localhost").unwrap();
        let tcp = TcpStream::connect(self.at[0]).await.unwrap();
        soon("TLS", TlsConnector::from(config).connect(name, tcp)).await
    }

    /// That a device is served as if nothing had happened.
    async fn all_is_well(mut self) {
        let (mut wire, _) = self.device(Scheme::Mqtts, self.authority.trusting(), Connect::new("good", 4)).await;
        wire.ping().await;
        drop(wire);
        self.world.closed().await;
        self.world.nothing_more().await;
    }
}

#[tokio::test]
async fn every_door_leads_to_the_same_broker() {
    let mut doors = Doors::open("doors", |_| {}).await;
    let mut news = doors.world.subscriber("news/#").await;
    let large = "x".repeat(200_000);
    for scheme in Scheme::ALL {
        let trusting = doors.authority.trusting();
        let (mut wire, opened) = doors.device(scheme, trusting, Connect::new(scheme.name(), 4)).await;
        assert_eq!(opened.via, Via { scheme, identity: None });
        wire.send(&subscribe("news/back")).await;
        wire.packet().await.expect("SUBACK");
        wire.send(&publish("news/back", large.as_bytes())).await;
        // Larger than any buffer on the way, in both directions.
        assert!(wire.packet().await.expect("the large message").len() > large.len());
        assert!(news.packet().await.expect("the large message").len() > large.len());
        wire.ping().await;
        wire.send(&[0xe0, 0]).await;
        let closed = doors.world.closed().await;
        assert_eq!((closed.cause, closed.how), (Cause::ClientInitiatedDisconnect, "DISCONNECT 0x00"));
        // CONNECT, SUBSCRIBE, PUBLISH, PINGREQ and DISCONNECT: nobody has read the board before.
        assert_eq!((closed.rest.packets, closed.rest.publishes, closed.rest.pings), (5, 1, 1), "{scheme:?}");
        assert_eq!(wire.packet().await, None);
    }
    doors.world.nothing_more().await;
}

#[tokio::test]
async fn a_certificate_names_its_device_and_may_be_asked_for() {
    let mut doors = Doors::open("doors-named", |options| options.require = true).await;
    let thing = doors.authority.client("lwtThing");
    for scheme in [Scheme::Mqtts, Scheme::Wss] {
        // The second time, the session is resumed.
        let (wire, opened) = doors.device(scheme, thing.clone(), Connect::new("other-id", 5)).await;
        assert_eq!(opened.via, Via { scheme, identity: Some("lwtThing".into()) });
        drop(wire);
        doors.world.closed().await;
    }
    // TLS 1.3 tells a client of it after the handshake.
    let mut tls = doors.tls(&doors.authority.trusting()).await.unwrap();
    let error = soon("the end", tls.read(&mut [0; 9])).await.unwrap_err();
    assert!(lwtop::tls::explain(&error).unwrap().contains("--cert"), "{error}");
    let text = doors.world.notice().await;
    assert!(text.contains("over TLS") && text.contains("no certificate"), "{text}");
    doors.world.nothing_more().await;
}

#[tokio::test]
async fn a_resumed_session_still_has_its_name() {
    let mut doors = Doors::open("doors-resumed", |_| {}).await;
    let config = client_config(&doors.authority.client("lwtThing")).unwrap();
    for resumed in [false, true] {
        let tcp = TcpStream::connect(doors.at[0]).await.unwrap();
        let name = server_name(&TlsOptions::default(), "localhost").unwrap();
        let stream = TlsConnector::from(config.clone()).connect(name, tcp).await.unwrap();
        let mut wire = Wire { stream };
        wire.send(&Connect::new("a", 4).bytes()).await;
        wire.packet().await.expect("CONNACK");
        let kind = wire.stream.get_ref().1.handshake_kind().unwrap();
        assert_eq!(kind == tokio_rustls::rustls::HandshakeKind::Resumed, resumed, "{kind:?}");
        assert_eq!(doors.world.opened().await.via.identity.as_deref(), Some("lwtThing"));
        drop(wire);
        doors.world.closed().await;
    }
    doors.world.nothing_more().await;
}

#[tokio::test]
async fn every_fault_works_through_every_door() {
    let mut doors = Doors::open("doors-faults", |_| {}).await;
    let mut wills = doors.world.subscriber("wills").await;
    for scheme in [Scheme::Mqtts, Scheme::Ws, Scheme::Wss] {
        for (fault, cause, will) in [
            (Fault::Leave, Cause::ClientInitiatedDisconnect, false),
            (Fault::Fin, Cause::ConnectionLost, true),
            (Fault::Rst, Cause::ConnectionLost, true),
            (Fault::Kick, Cause::ServerInitiated, true),
            (Fault::ProtocolError, Cause::ProtocolError, true),
            (Fault::LeaveWithWill, Cause::DisconnectWithWill, true),
        ] {
            let id = format!("{}-{fault}", scheme.name());
            let connect = Connect::new(&id, 5).with_will();
            let (mut wire, _) = doors.device(scheme, doors.authority.trusting(), connect).await;
            doors.world.fault(&id, fault);
            let closed = doors.world.closed().await;
            assert_eq!((closed.client.as_str(), closed.cause), (&*id, cause));
            if will {
                assert_eq!(wills.message().await.1, id);
            }
            // The device's own side ends as well.
            wire.hear_out().await;
        }
    }
    doors.world.nothing_more().await;
}

#[tokio::test]
async fn a_frozen_device_dies_of_its_keep_alive() {
    let mut doors = Doors::open("doors-frozen", |_| {}).await;
    let mut wills = doors.world.subscriber("wills").await;
    let mut wires = Vec::new();
    for scheme in [Scheme::Mqtts, Scheme::Wss] {
        let connect = Connect { keep_alive: 1, ..Connect::new(scheme.name(), 4) }.with_will();
        wires.push(doors.device(scheme, doors.authority.trusting(), connect).await);
        doors.world.fault(scheme.name(), Fault::Freeze);
    }
    for _ in 0..2 {
        assert_eq!(doors.world.closed().await.cause, Cause::KeepAliveTimeout);
        wills.message().await;
    }
    doors.world.nothing_more().await;
}

/// How each connection ended.
fn ends(closed: &Closed) -> (Cause, &'static str, bool) {
    (closed.cause, closed.how, closed.cut.is_some())
}

#[tokio::test]
async fn a_device_that_goes_is_seen_to_go() {
    let mut doors = Doors::open("doors-gone", |_| {}).await;
    let mut wills = doors.world.subscriber("wills").await;
    // With close_notify, without, and by RST.
    for how in ["close", "FIN", "RST"] {
        let mut wire = Wire { stream: doors.tls(&doors.authority.trusting()).await.unwrap() };
        wire.send(&Connect::new("a", 4).with_will().bytes()).await;
        wire.packet().await.expect("CONNACK");
        doors.world.opened().await;
        match how {
            "close" => wire.stream.shutdown().await.unwrap(),
            "FIN" => {}
            _ => wire.stream.get_ref().0.set_zero_linger().unwrap(),
        }
        drop(wire);
        let expected = if how == "RST" { "RST" } else { "FIN" };
        assert_eq!(ends(&doors.world.closed().await), (Cause::ConnectionLost, expected, true));
        assert_eq!(wills.message().await.1, "a");
    }
    // A WebSocket's Close frame is no DISCONNECT: the will is due. It is answered.
    for scheme in [Scheme::Ws, Scheme::Wss] {
        let (mut wire, _) = doors.device(scheme, doors.authority.trusting(), Connect::new("a", 4).with_will()).await;
        wire.stream.shutdown().await.unwrap();
        assert_eq!(ends(&doors.world.closed().await), (Cause::ConnectionLost, "WebSocket Close", true));
        assert_eq!(wills.message().await.1, "a");
        assert_eq!(wire.packet().await, None);
    }
    doors.world.nothing_more().await;
}

/// A client of WebSocket that can do wrong.
struct Rough(TcpStream);

impl Rough {
    /// Sends a request and gives the answer, as far as its headers.
    async fn ask(at: SocketAddr, request: &str) -> (Self, String) {
        let mut tcp = TcpStream::connect(at).await.unwrap();
        // Whoever is refused in the middle of a request may not get to send the rest.
        let _ = tcp.write_all(request.as_bytes()).await;
        let mut answer = Vec::new();
        let read = async {
            while !answer.ends_with(b"\r\n\r\n") {
                match tcp.read_u8().await {
                    Ok(byte) => answer.push(byte),
                    Err(_) => break,
                }
            }
        };
        soon("an answer", read).await;
        (Self(tcp), String::from_utf8(answer).unwrap())
    }

    async fn open(at: SocketAddr) -> Self {
        let (rough, answer) = Self::ask(at, &request("/mqtt", "mqtt")).await;
        assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
        assert!(answer.to_ascii_lowercase().contains("sec-websocket-protocol: mqtt\r\n"), "{answer}");
        // RFC 6455 section 1.3.
        assert!(answer.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{answer}");
        rough
    }

    /// A frame with this first byte, masked with zeroes.
    async fn frame(&mut self, first: u8, length: &[u8], payload: &[u8]) {
        let bytes = [&[first, 0x80 | length[0]], &length[1..], &[0; 4], payload].concat();
        let _ = self.0.write_all(&bytes).await;
    }

    async fn send(&mut self, payload: &[u8]) {
        self.frame(0x82, &[u8::try_from(payload.len()).unwrap()], payload).await;
    }

    /// The first byte and the payload of the next short frame; `None` at the end.
    async fn next(&mut self) -> Option<(u8, Vec<u8>)> {
        let read = async {
            let first = self.0.read_u8().await.ok()?;
            let length = self.0.read_u8().await.ok()?;
            let mut payload = vec![0; usize::from(length)];
            self.0.read_exact(&mut payload).await.ok()?;
            Some((first, payload))
        };
        soon("a frame or the end", read).await
    }
}

/// A request as a browser sends it for a page of this origin.
fn of_page(origin: &str) -> String {
    request("/mqtt", "mqtt").replacen("\r\n", &format!("\r\nOrigin: {origin}\r\n"), 1)
}

fn request(path: &str, subprotocol: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Sec-WebSocket-Protocol: {subprotocol}\r\n\r\n"
    )
}

#[tokio::test]
async fn a_request_that_is_none_for_mqtt_gets_its_status() {
    let doors = Doors::open("doors-http", |_| {}).await;
    let endless = format!("GET /mqtt HTTP/1.1\r\nX-Endless: {}", "x".repeat(40_000));
    for (request, status) in [
        (request("/", "mqtt"), "404 Not Found"),
        (request("/mqtt", "wamp"), "400 Bad Request"),
        (request("/mqtt", "mqtt").replace("Upgrade: websocket\r\n", ""), "426 Upgrade Required"),
        (request("/mqtt", "mqtt").replace("Version: 13", "Version: 8"), "426 Upgrade Required"),
        (request("/mqtt", "mqtt").replace("GET", "POST"), "405 Method Not Allowed"),
        (request("/mqtt", "mqtt").replace("dGhl", ""), "400 Bad Request"),
        (request("/mqtt", "mqtt") + "too early", "400 Bad Request"),
        (endless, "431 Request Header Fields Too Large"),
        ("\u{10}\u{10}\0\u{4}MQTT".to_owned(), "400 Bad Request"),
        // Any page that a person looks at may ask the person's own machine.
        (of_page("https://evil.example"), "403 Forbidden"),
        (of_page("http://localhost.evil.example"), "403 Forbidden"),
        (of_page("null"), "403 Forbidden"),
    ] {
        let (mut rough, answer) = Rough::ask(doors.at[1], &request).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{status}: {answer}");
        // A sentence that says why, and the end.
        let mut why = String::new();
        let _ = soon("the end", rough.0.read_to_string(&mut why)).await;
        assert!(why.len() > 10 && why.ends_with('\n'), "{status}: {why:?}");
    }
    for origin in ["http://localhost:8080", "https://127.0.0.1", "http://[::1]:3000"] {
        let (_, answer) = Rough::ask(doors.at[1], &of_page(origin)).await;
        assert!(answer.starts_with("HTTP/1.1 101 "), "{origin}: {answer}");
    }
    // The query of a signed URL does not matter, nor do other subprotocols beside MQTT's.
    let (mut rough, answer) = Rough::ask(doors.at[1], &request("/mqtt?X-Amz-Signature=0", "mqttv3.1, mqtt")).await;
    assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
    let mut doors = doors;
    rough.send(&Connect::new("a", 4).bytes()).await;
    assert_eq!(rough.next().await, Some((0x82, vec![0x20, 2, 0, 0])));
    doors.world.opened().await;
    let told = std::mem::take(&mut doors.world.notices);
    assert!(["404 Not Found", "--listen", "another site"].iter().all(|why| told.iter().any(|text| text.contains(why))));
    drop(rough);
    doors.world.closed().await;
    doors.all_is_well().await;
}

#[tokio::test]
async fn frames_are_taken_apart_as_they_come() {
    let mut doors = Doors::open("doors-frames", |_| {}).await;
    let mut news = doors.world.subscriber("news").await;
    let mut rough = Rough::open(doors.at[1]).await;
    // A packet in pieces, with a ping in between, in a message of several frames.
    let connect = Connect::new("a", 4).with_will().bytes();
    rough.frame(0x02, &[3], &connect[..3]).await;
    rough.frame(0x89, &[4], b"here").await;
    assert_eq!(rough.next().await, Some((0x8A, b"here".to_vec())));
    let rest = &connect[3..];
    rough.frame(0x80, &[u8::try_from(rest.len()).unwrap()], rest).await;
    assert_eq!(rough.next().await, Some((0x82, vec![0x20, 2, 0, 0])));
    doors.world.opened().await;
    // Two packets in one frame, of a length that takes eight bytes to say.
    let two = [publish("news", b"1"), publish("news", b"2")].concat();
    rough.frame(0x82, &[127, 0, 0, 0, 0, 0, 0, 0, u8::try_from(two.len()).unwrap()], &two).await;
    assert_eq!((news.message().await.1, news.message().await.1), ("1".into(), "2".into()));
    // A frame larger than all memory costs none: it passes as it comes.
    rough.frame(0x82, &[127, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], &publish("news", b"3")).await;
    assert_eq!(news.message().await.1, "3");
    drop(rough);
    assert_eq!(doors.world.closed().await.how, "FIN");
    // What MQTT does not allow on a WebSocket ends it, and the will is due.
    let mut wills = doors.world.subscriber("wills").await;
    for (first, length, status) in [(0x81, 2, 1003), (0xC2, 2, 1002), (0x8B, 0, 1002)] {
        let mut rough = Rough::open(doors.at[1]).await;
        rough.send(&connect).await;
        assert_eq!(rough.next().await, Some((0x82, vec![0x20, 2, 0, 0])));
        doors.world.opened().await;
        rough.frame(first, &[length], &b"no"[..usize::from(length)]).await;
        let closed = doors.world.closed().await;
        assert!(closed.cause == Cause::ProtocolError && closed.how.contains("WebSocket"), "{closed:?}");
        assert_eq!(wills.message().await.1, "a");
        let status: u16 = status;
        assert_eq!(rough.next().await, Some((0x88, status.to_be_bytes().to_vec())));
    }
    doors.all_is_well().await;
}

#[tokio::test]
async fn whoever_is_no_device_or_takes_too_long_disturbs_nobody() {
    let mut doors = Doors::open("doors-bad", |_| {}).await;
    let mut slow = Vec::new();
    // Half a ClientHello, half a request, half a CONNECT: all have the same deadline.
    for (at, bytes) in [
        (doors.at[0], &b"\x16\x03\x01\x02\x00\x01\x00"[..]),
        (doors.at[2], b"\x16"),
        (doors.at[1], b"GET /mqtt HTTP/1.1\r\nHost: "),
    ] {
        let mut tcp = TcpStream::connect(at).await.unwrap();
        tcp.write_all(bytes).await.unwrap();
        slow.push(Wire { stream: tcp });
    }
    let mut half = Wire { stream: doors.tls(&doors.authority.trusting()).await.unwrap() };
    half.send(&Connect::new("half", 4).bytes()[..9]).await;
    let mut rough = Rough::open(doors.at[1]).await;
    rough.frame(0x82, &[90], b"\x10\x20\x00\x04MQ").await;
    // Garbage in TLS and in place of it, after the handshake and before.
    let mut wild = doors.tls(&doors.authority.trusting()).await.unwrap();
    wild.get_mut().0.write_all(&[0x17, 3, 3, 0, 40]).await.unwrap();
    wild.get_mut().0.write_all(&[0x5a; 40]).await.unwrap();
    let mut plain = Wire::connect(doors.at[0]).await;
    plain.send(&Connect::new("plain", 4).bytes()).await;
    plain.hear_out().await;
    // The largest CONNECT that MQTT can announce, and a PUBLISH that never ends.
    let mut huge = Wire { stream: doors.tls(&doors.authority.trusting()).await.unwrap() };
    huge.send(b"\x10\xff\xff\xff\x7f").await;
    assert_eq!(huge.packet().await, None);
    let (mut stuck, _) = doors.device(Scheme::Wss, doors.authority.trusting(), Connect::new("stuck", 4)).await;
    stuck.send(b"\x30\xff\xff\xff\x7f\x00\x04news").await;
    for mut wire in slow {
        wire.hear_out().await;
    }
    half.hear_out().await;
    assert_eq!(rough.next().await, None);
    doors.world.closed().await;
    drop(stuck);
    // Who they were is told; the same of two is told once.
    let mut told = Vec::new();
    while told.len() < 8 {
        told.push(doors.world.notice().await);
    }
    for (door, why) in [
        ("TLS", "not TLS"),
        ("TLS", "broken TLS"),
        ("TLS", "256 KiB"),
        ("TLS", "TLS was not agreed on within 1 s"),
        ("TLS", "CONNECT was not whole within 1 s"),
        ("WebSocket", "request for a WebSocket was not whole within 1 s"),
        ("WebSocket", "CONNECT was not whole within 1 s"),
        ("WebSocket over TLS", "TLS and a WebSocket were not agreed on within 1 s"),
    ] {
        let count = told.iter().filter(|text| text.contains(&format!(" over {door}: ")) && text.contains(why)).count();
        assert_eq!(count, 1, "{door}: {why}: {told:?}");
    }
    doors.all_is_well().await;
}

#[tokio::test]
async fn only_users_of_the_file_come_in_through_any_door() {
    let authority = Authority::new("doors-users");
    let users = authority.dir().join("users");
    std::fs::write(&users, "ann:secret\n").unwrap();
    let logins = Logins::read(&users).unwrap().with("own", "made up");
    let doors = vec![Door::tls(&authority.door()).unwrap()];
    let (mut world, at) = World::start_as(doors, Some(logins)).await;
    for (login, level, answer) in [
        (None, 4, &[0x20, 2, 0, 5][..]),
        (Some(("ann", "Secret")), 4, &[0x20, 2, 0, 5]),
        (Some(("bob", "secret")), 5, &[0x20, 3, 0, 0x86, 0]),
    ] {
        let mut wire = Wire::connect(world.addr()).await;
        wire.send(&Connect { login, ..Connect::new("a", level) }.bytes()).await;
        assert_eq!(wire.packet().await.expect("CONNACK"), answer);
        assert_eq!(wire.packet().await, None);
        let (client, why) = world.refused().await;
        assert!(client.as_str() == "a" && why.contains("user name"), "{why}");
    }
    for login in [("ann", "secret"), ("own", "made up")] {
        drop(world.device(Connect { login: Some(login), ..Connect::new("a", 5) }).await);
        world.closed().await;
    }
    let config = client_config(&authority.trusting()).unwrap();
    let tcp = TcpStream::connect(at[0]).await.unwrap();
    let name = server_name(&TlsOptions::default(), "localhost").unwrap();
    let mut wire = Wire { stream: TlsConnector::from(config).connect(name, tcp).await.unwrap() };
    wire.send(&Connect::new("b", 4).bytes()).await;
    assert_eq!(wire.packet().await.expect("CONNACK"), [0x20, 2, 0, 5]);
    assert_eq!(world.refused().await.0.as_str(), "b");
    world.nothing_more().await;
}

/// `lwtop broker` with every door; its lines.
struct Program(std::process::Child, std::io::Lines<std::io::BufReader<std::process::ChildStdout>>);

impl Program {
    fn start(dir: &std::path::Path) -> Self {
        let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_lwtop"))
            .args(["broker", "--listen", "127.0.0.1:0", "--tls-listen", "127.0.0.1:0", "--ws-listen", "127.0.0.1:0"])
            .args(["--wss-listen", "127.0.0.1:0", "--devices", "1", "--require-client-cert", "--certs"])
            .arg(dir)
            .arg("--users")
            .arg(dir.join("users"))
            .env("LWTOP_CONFIG", dir.join("config.toml"))
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
        Self(child, lines)
    }

    /// The next line of this event.
    fn next(&mut self, event: &str) -> serde_json::Value {
        loop {
            let line = self.1.next().expect("a line, not the end").unwrap();
            let line: serde_json::Value = serde_json::from_str(&line).unwrap();
            if line["event"] == event {
                return line;
            }
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_program_says_where_devices_come_in_and_who_they_are() {
    let authority = Authority::new("doors-program");
    authority.door();
    std::fs::write(authority.dir().join("users"), "ann:secret\n").unwrap();
    std::fs::write(authority.dir().join("config.toml"), "").unwrap();
    let dir = authority.dir().to_owned();
    let mut program = Program::start(&dir);
    let mut urls = Vec::new();
    for scheme in ["mqtt", "mqtts", "ws", "wss"] {
        let line = program.next("listening");
        let url = line["url"].as_str().unwrap().to_owned();
        let address = line["address"].as_str().unwrap();
        let path = if scheme.starts_with("ws") { "/mqtt" } else { "" };
        assert_eq!(url, format!("{scheme}://{address}{path}"));
        urls.push(url);
    }
    // lwtop's own device has a login that nobody wrote down.
    let online = program.next("online");
    assert_eq!((&online["device"], &online["scheme"]), (&"lwtThing".into(), &"mqtt".into()));
    let address: BrokerAddress = urls[3].parse().unwrap();
    let route = Route { tls: authority.client("press-7"), ..Route::from(address) };
    let stream = route.dial(route.prepare().await.unwrap(), None, Instant::now() + DEADLINE).await.unwrap();
    let mut wire = Wire { stream };
    wire.send(&Connect { login: Some(("ann", "secret")), ..Connect::new("press-7", 4) }.bytes()).await;
    wire.packet().await.expect("CONNACK");
    let online = program.next("online");
    assert_eq!(online["device"], "press-7");
    assert_eq!((&online["scheme"], &online["identity"]), (&"wss".into(), &"press-7".into()));
    drop(wire);
    assert_eq!(program.next("offline")["cause"], "connection_lost");
}
