//! A gateway in front of an embedded broker, and clients that speak MQTT byte by byte.
#![allow(dead_code, reason = "each test program uses its part")]

use lwtop::broker::EmbeddedBroker;
use lwtop::clock::Clock;
use lwtop::fleet::{Closed, Opened, Report, SessionEvent};
use lwtop::gateway::{Door, Gateway, GatewayConfig, Logins};
use lwtop::mqtt::{ClientId, Fault};
use lwtop::wiring::{ActivityBoard, Guests};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::timeout;

/// Long enough for a slow machine, short enough to notice that something never comes.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// Waits for something that must come.
pub async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    timeout(DEADLINE, future).await.unwrap_or_else(|_| panic!("{what} did not come within {DEADLINE:?}"))
}

pub struct World {
    pub broker: EmbeddedBroker,
    pub gateway: Gateway,
    pub reports: mpsc::Receiver<Report>,
    pub board: Arc<ActivityBoard>,
    pub guests: Arc<Guests>,
    /// What was told to a person in the meantime.
    pub notices: VecDeque<String>,
}

impl World {
    pub async fn start() -> Self {
        Self::start_with(Vec::new()).await.0
    }

    /// With more doors than the one for TCP; gives their addresses.
    pub async fn start_with(doors: Vec<Door>) -> (Self, Vec<SocketAddr>) {
        Self::start_as(doors, None).await
    }

    /// The same for these users alone.
    pub async fn start_as(doors: Vec<Door>, logins: Option<Logins>) -> (Self, Vec<SocketAddr>) {
        Self::start_like(doors, |config| config.logins = logins.map(Arc::new)).await
    }

    /// The same with another configuration.
    pub async fn start_like(doors: Vec<Door>, change: impl FnOnce(&mut GatewayConfig)) -> (Self, Vec<SocketAddr>) {
        let guests = Arc::new(Guests::default());
        let (sender, reports) = mpsc::channel(64);
        let clock = Clock::start();
        let broker = EmbeddedBroker::start_telling(Arc::clone(&guests), sender.clone(), clock).await.unwrap();
        let mut listener = Gateway::bind(([127, 0, 0, 1], 0).into()).await.unwrap();
        let mut addresses = Vec::new();
        for door in doors {
            addresses.push(listener.add(([127, 0, 0, 1], 0).into(), door).await.unwrap());
        }
        let board = Arc::new(ActivityBoard::default());
        let mut config = GatewayConfig {
            connect_deadline: Duration::from_secs(1),
            // However slow the machine is, nothing is told twice.
            quiet: Duration::from_secs(3_600),
            ..GatewayConfig::new(broker.addr())
        };
        change(&mut config);
        let gateway = listener.serve(config, sender, Arc::clone(&board), Arc::clone(&guests), clock);
        (Self { broker, gateway, reports, board, guests, notices: VecDeque::new() }, addresses)
    }

    pub fn addr(&self) -> SocketAddr {
        self.gateway.local_addr()
    }

    /// The next session event.
    pub async fn event(&mut self) -> SessionEvent {
        loop {
            match soon("a session event", self.reports.recv()).await {
                Some(Report::Session(event)) => return event,
                Some(Report::Notice(text)) => self.notices.push_back(text),
                other => panic!("not a session event: {other:?}"),
            }
        }
    }

    /// The next notice; no session event may come before it.
    pub async fn notice(&mut self) -> String {
        if let Some(text) = self.notices.pop_front() {
            return text;
        }
        match soon("a notice", self.reports.recv()).await {
            Some(Report::Notice(text)) => text,
            other => panic!("no notice: {other:?}"),
        }
    }

    pub async fn opened(&mut self) -> Opened {
        match self.event().await {
            SessionEvent::Opened(opened) => *opened,
            other => panic!("not opened: {other:?}"),
        }
    }

    pub async fn closed(&mut self) -> Closed {
        match self.event().await {
            SessionEvent::Closed(closed) => *closed,
            other => panic!("not closed: {other:?}"),
        }
    }

    pub async fn refused(&mut self) -> (ClientId, String) {
        match self.event().await {
            SessionEvent::Refused { client, why, .. } => (client, why),
            other => panic!("not refused: {other:?}"),
        }
    }

    /// Stops everything, and checks that nothing more was reported: every end was reported once, and every notice was read.
    pub async fn nothing_more(mut self) {
        self.gateway.stop().await;
        assert_eq!(self.gateway.connections(), 0);
        self.reports.close();
        let mut rest = Vec::new();
        while let Some(report) = self.reports.recv().await {
            rest.push(report);
        }
        assert!(rest.is_empty() && self.notices.is_empty(), "{rest:?} {:?}", self.notices);
        self.broker.stop().await;
    }

    /// A device with a will on `wills/<id>` that has connected and was reported.
    pub async fn device(&mut self, connect: Connect<'_>) -> Wire {
        let mut wire = Wire::connect(self.addr()).await;
        wire.send(&connect.bytes()).await;
        let answer = wire.packet().await.expect("CONNACK");
        assert_eq!((answer[0], answer[3]), (0x20, 0), "{answer:x?}");
        let opened = self.opened().await;
        assert_eq!(opened.client.as_str(), connect.id);
        wire
    }

    /// A subscriber on the broker itself, as lwtop's own link is, to `filter`.
    pub async fn subscriber(&self, filter: &str) -> Wire {
        let mut wire = Wire::connect(self.broker.addr()).await;
        let login = self.broker.link_login();
        wire.send(&Connect { login: Some((&login.user, &login.password)), ..Connect::new("subscriber", 4) }.bytes())
            .await;
        assert_eq!(wire.packet().await.expect("CONNACK"), [0x20, 2, 0, 0]);
        wire.send(&subscribe(filter)).await;
        assert_eq!(wire.packet().await.expect("SUBACK")[0], 0x90);
        wire
    }

    pub fn fault(&self, id: &str, fault: Fault) {
        self.gateway.fault(&id.into(), fault).unwrap();
    }
}

/// A CONNECT.
#[derive(Clone, Copy)]
pub struct Connect<'a> {
    pub id: &'a str,
    pub level: u8,
    pub keep_alive: u16,
    pub will: Option<&'a str>,
    pub login: Option<(&'a str, &'a str)>,
}

impl<'a> Connect<'a> {
    pub const fn new(id: &'a str, level: u8) -> Self {
        Self { id, level, keep_alive: 60, will: None, login: None }
    }

    /// With a will on `wills`, whose payload is the client id.
    pub const fn with_will(self) -> Self {
        Self { will: Some("wills"), ..self }
    }

    pub fn bytes(self) -> Vec<u8> {
        let flags = 0x02 | if self.will.is_some() { 0x04 } else { 0 } | if self.login.is_some() { 0xc0 } else { 0 };
        let mut body = b"\x00\x04MQTT".to_vec();
        body.extend([self.level, flags]);
        body.extend(self.keep_alive.to_be_bytes());
        if self.level == 5 {
            body.push(0);
        }
        body.extend(text(self.id));
        if let Some(topic) = self.will {
            if self.level == 5 {
                body.push(0);
            }
            body.extend(text(topic));
            body.extend(text(self.id));
        }
        if let Some((user, password)) = self.login {
            body.extend(text(user));
            body.extend(text(password));
        }
        packet(0x10, &body)
    }
}

pub fn text(text: &str) -> Vec<u8> {
    let mut bytes = u16::try_from(text.len()).unwrap().to_be_bytes().to_vec();
    bytes.extend(text.as_bytes());
    bytes
}

pub fn packet(first: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    let mut length = body.len();
    loop {
        let more = if length > 127 { 0x80 } else { 0 };
        bytes.push(u8::try_from(length % 128).unwrap() | more);
        length /= 128;
        if length == 0 {
            break;
        }
    }
    bytes.extend_from_slice(body);
    bytes
}

pub fn subscribe(filter: &str) -> Vec<u8> {
    let mut body = vec![0, 1];
    body.extend(text(filter));
    body.push(0);
    packet(0x82, &body)
}

/// A QoS 0 PUBLISH of MQTT 3.1.1.
pub fn publish(topic: &str, payload: &[u8]) -> Vec<u8> {
    let mut body = text(topic);
    body.extend_from_slice(payload);
    packet(0x30, &body)
}

/// One connection of one client.
pub struct Wire<S = TcpStream> {
    pub stream: S,
}

impl Wire {
    pub async fn connect(addr: SocketAddr) -> Self {
        let stream = soon("a TCP connection", TcpStream::connect(addr)).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream }
    }

    pub fn reset(self) {
        self.stream.set_zero_linger().unwrap();
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    pub async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    /// The next packet, or `None` when the connection has ended.
    pub async fn packet(&mut self) -> Option<Vec<u8>> {
        soon("a packet or the end", self.read_packet()).await
    }

    async fn read_packet(&mut self) -> Option<Vec<u8>> {
        let mut bytes = vec![self.stream.read_u8().await.ok()?];
        let (mut length, mut shift) = (0_usize, 0);
        loop {
            let byte = self.stream.read_u8().await.ok()?;
            bytes.push(byte);
            length |= usize::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                break;
            }
        }
        let start = bytes.len();
        bytes.resize(start + length, 0);
        self.stream.read_exact(&mut bytes[start..]).await.ok()?;
        Some(bytes)
    }

    /// The next message: topic and payload.
    pub async fn message(&mut self) -> (String, String) {
        let bytes = self.packet().await.expect("a message, not the end");
        assert_eq!(bytes[0] & 0xf6, 0x30, "not a QoS 0 PUBLISH: {bytes:x?}");
        let start = if bytes[1] & 0x80 == 0 { 2 } else { 3 };
        let length = usize::from(bytes[start]) << 8 | usize::from(bytes[start + 1]);
        let topic = String::from_utf8(bytes[start + 2..start + 2 + length].to_vec()).unwrap();
        (topic, String::from_utf8(bytes[start + 2 + length..].to_vec()).unwrap())
    }

    /// Asks for a PINGRESP: whatever came before on this connection has been dealt with then.
    pub async fn ping(&mut self) {
        self.send(&[0xc0, 0]).await;
        assert_eq!(self.packet().await.expect("PINGRESP"), [0xd0, 0]);
    }

    /// Reads to the end and gives the packets that came before it.
    pub async fn hear_out(&mut self) -> Vec<Vec<u8>> {
        let mut packets = Vec::new();
        while let Some(packet) = self.packet().await {
            packets.push(packet);
        }
        packets
    }
}
