//! The gateway's doors against the plain one, in the same run, in turn:
//!
//! ```text
//! cargo bench --bench doors
//! ```
//!
//! Gateway and broker run in a process of their own, so that its memory is theirs. A connect is timed from the first
//! SYN to CONNACK, one at a time; the ratio of the medians is what counts. Devices over TLS share one configuration, as
//! a fleet's do: with sessions that are resumed, and without. Memory is that of 2 000 connections that idle.

use anyhow::{Context, Result, bail};
use lwtop::broker::EmbeddedBroker;
use lwtop::clock::Clock;
use lwtop::gateway::{Door, Gateway, GatewayConfig};
use lwtop::tls::{ServerOptions, TlsOptions, client_config, server_config, server_name};
use lwtop::wiring::{ActivityBoard, Guests};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader, Lines};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::mpsc;
use tokio::time::sleep;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::client::Resumption;
use tokio_rustls::rustls::{ClientConfig, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// Timed connects through each door.
const CONNECTS: usize = 1_000;
/// Connects before the first that counts.
const WARM: usize = 50;
const IDLE: usize = 2_000;

fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let first = args.next().unwrap_or_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match first.as_str() {
        "serve" => runtime.block_on(serve(Path::new(&args.next().context("no folder")?))),
        // `cargo test --benches` runs every bench with this, or without `--bench`: nothing to test here.
        _ if !std::env::args().any(|arg| arg == "--bench") => Ok(()),
        _ => runtime.block_on(compare()),
    }
}

/// The process that is measured, until its standard input ends.
async fn serve(folder: &Path) -> Result<()> {
    rlimit::increase_nofile_limit(u64::MAX)?;
    let guests = Arc::new(Guests::default());
    let broker = EmbeddedBroker::start(Arc::clone(&guests)).await?;
    let board = Arc::new(ActivityBoard::default());
    let (sender, mut reports) = mpsc::channel(1024);
    // The hub's part: reports and the board are read as they come.
    tokio::spawn(async move { while reports.recv().await.is_some() {} });
    let reader = Arc::clone(&board);
    tokio::spawn(async move {
        let mut news = Vec::new();
        loop {
            reader.news().await;
            sleep(Duration::from_millis(16)).await;
            reader.drain(&mut news);
            news.clear();
        }
    });
    let options = ServerOptions::of_folder(folder);
    let at = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let mut listener = Gateway::bind(at).await?;
    let tls = listener.add(at, Door::tls(&options)?).await?;
    let websocket = listener.add(at, Door::WEBSOCKET).await?;
    let secure = listener.add(at, Door::secure_websocket(&options)?).await?;
    let bare = [bare(at, None).await?, bare(at, Some(server_config(&options, &[])?)).await?];
    let login = broker.link_login();
    let [plain, handshake] = bare;
    let (first, broker_addr) = (listener.local_addr(), broker.addr());
    println!("{first} {tls} {websocket} {secure} {broker_addr} {plain} {handshake} {}", login.user);
    println!("{}", login.password);
    let _gateway = listener.serve(GatewayConfig::new(broker.addr()), sender, board, guests, Clock::start());
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while lines.next_line().await?.is_some() {
        println!("{}", rss()?);
    }
    Ok(())
}

/// What a door costs by itself: a listener that answers whatever comes first with CONNACK, without gateway and broker.
async fn bare(at: SocketAddr, tls: Option<Arc<ServerConfig>>) -> Result<SocketAddr> {
    async fn answer(mut stream: impl Both) -> std::io::Result<()> {
        stream.read_buf(&mut Vec::with_capacity(256)).await?;
        stream.write_all(&[0x20, 2, 0, 0]).await?;
        stream.flush().await?;
        // Until the device goes.
        stream.read_buf(&mut Vec::with_capacity(256)).await.map(drop)
    }
    let listener = TcpListener::bind(at).await?;
    let local = listener.local_addr()?;
    let acceptor = tls.map(TlsAcceptor::from);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                stream.set_nodelay(true)?;
                match acceptor {
                    Some(acceptor) => answer(acceptor.accept(stream).await?).await,
                    None => answer(stream).await,
                }
            });
        }
    });
    Ok(local)
}

/// Resident memory of this process in KiB.
fn rss() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status").context("memory is measured on Linux only")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

/// A way in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// The broker itself, past the gateway.
    Broker,
    Plain,
    Tls,
    Resumed,
    Mutual,
    MutualResumed,
    WebSocket,
    SecureWebSocket,
    /// No gateway and no broker: what the kernel, and what TLS takes by itself.
    BareTcp,
    BareTls,
    BareMutual,
}

const TIMED: [Way; 10] = [
    Way::Plain,
    Way::Resumed,
    Way::Tls,
    Way::MutualResumed,
    Way::Mutual,
    Way::WebSocket,
    Way::SecureWebSocket,
    Way::BareTcp,
    Way::BareTls,
    Way::BareMutual,
];

impl Way {
    const fn words(self) -> &'static str {
        match self {
            Self::Broker => "the broker alone",
            Self::Plain => "TCP",
            Self::Tls => "TLS, full handshake",
            Self::Resumed => "TLS, resumed",
            Self::Mutual => "TLS with a client certificate, full",
            Self::MutualResumed => "TLS with a client certificate, resumed",
            Self::WebSocket => "WebSocket",
            Self::SecureWebSocket => "WebSocket over TLS, resumed",
            Self::BareTcp => "bare TCP, no gateway, no broker",
            Self::BareTls => "bare TLS, full, no gateway, no broker",
            Self::BareMutual => "the same with a client certificate",
        }
    }
}

trait Both: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Both for T {}

/// The devices' side.
struct Fleet {
    server: Server,
    /// For each way over TLS: without resumption, with, with a certificate, with both; and with, for WebSocket: a door
    /// does not know the sessions of another.
    tls: [Arc<ClientConfig>; 5],
}

impl Fleet {
    async fn new(folder: &Path) -> Result<Self> {
        let trusting = TlsOptions { ca: Some(folder.join("ca.pem")), ..TlsOptions::default() };
        let known = TlsOptions {
            cert: Some(folder.join("device.pem")),
            key: Some(folder.join("device.key")),
            ..trusting.clone()
        };
        let full = |options| -> Result<_> {
            let mut config = Arc::unwrap_or_clone(client_config(options)?);
            config.resumption = Resumption::disabled();
            Ok(Arc::new(config))
        };
        let tls = [
            full(&trusting)?,
            client_config(&trusting)?,
            full(&known)?,
            client_config(&known)?,
            client_config(&trusting)?,
        ];
        Ok(Self { server: Server::start(folder).await?, tls })
    }

    async fn tcp(&self, at: usize) -> Result<TcpStream> {
        let stream = TcpStream::connect(self.server.at[at]).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    async fn tls(&self, at: usize, config: usize) -> Result<TlsStream<TcpStream>> {
        let name = server_name(&TlsOptions::default(), "localhost")?;
        Ok(TlsConnector::from(Arc::clone(&self.tls[config])).connect(name, self.tcp(at).await?).await?)
    }

    /// Connects one device, to CONNACK.
    async fn connect(&self, way: Way, number: usize) -> Result<Box<dyn Both>> {
        let mut stream: Box<dyn Both> = match way {
            Way::Broker => Box::new(self.tcp(4).await?),
            Way::Plain => Box::new(self.tcp(0).await?),
            Way::Tls => Box::new(self.tls(1, 0).await?),
            Way::Resumed => Box::new(self.tls(1, 1).await?),
            Way::Mutual => Box::new(self.tls(1, 2).await?),
            Way::MutualResumed => Box::new(self.tls(1, 3).await?),
            Way::BareTcp => Box::new(self.tcp(5).await?),
            Way::BareTls => Box::new(self.tls(6, 0).await?),
            Way::BareMutual => Box::new(self.tls(6, 2).await?),
            Way::WebSocket => Box::new(upgrade(self.tcp(2).await?).await?),
            Way::SecureWebSocket => Box::new(upgrade(self.tls(3, 4).await?).await?),
        };
        let login = (way == Way::Broker).then_some((&*self.server.user, &*self.server.password));
        let mut packet = connect_packet(&format!("device-{number}"), login)?;
        let framed = matches!(way, Way::WebSocket | Way::SecureWebSocket);
        if framed {
            // One frame, masked with zeroes.
            let mut frame = vec![0x82, 0x80 | u8::try_from(packet.len())?, 0, 0, 0, 0];
            frame.append(&mut packet);
            packet = frame;
        }
        stream.write_all(&packet).await?;
        stream.flush().await?;
        let mut answer = [0; 6];
        let (from, expected) = if framed { (0, [0x82, 4, 0x20, 2, 0, 0]) } else { (2, [0, 0, 0x20, 2, 0, 0]) };
        stream.read_exact(&mut answer[from..]).await.context("no CONNACK")?;
        if answer != expected {
            bail!("refused: {answer:x?}");
        }
        Ok(stream)
    }

    /// Bytes of the server for each of many connections that idle.
    async fn idle(&mut self, way: Way) -> Result<f64> {
        // What the first connections leave behind for good is not theirs.
        for number in 0..20 {
            drop(self.connect(way, number).await?);
        }
        sleep(Duration::from_millis(700)).await;
        let before = self.server.rss().await?;
        let mut devices = Vec::new();
        for number in 0..IDLE {
            devices.push(self.connect(way, 1_000_000 + number).await?);
        }
        sleep(Duration::from_secs(1)).await;
        let grown = self.server.rss().await? - before;
        #[expect(clippy::cast_precision_loss, reason = "two thousand fit")]
        Ok(grown * 1024.0 / IDLE as f64)
    }
}

async fn upgrade<S: Both>(mut stream: S) -> Result<S> {
    let request = "GET /mqtt HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                   Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
                   Sec-WebSocket-Protocol: mqtt\r\n\r\n";
    stream.write_all(request.as_bytes()).await?;
    stream.flush().await?;
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        if stream.read_buf(&mut answer).await? == 0 {
            bail!("no upgrade");
        }
    }
    Ok(stream)
}

fn connect_packet(id: &str, login: Option<(&str, &str)>) -> Result<Vec<u8>> {
    let mut body = b"\x00\x04MQTT\x04".to_vec();
    body.extend([if login.is_some() { 0xc6 } else { 0x06 }, 0x04, 0xb0]);
    let (user, password) = login.unzip();
    for text in [Some(id), Some("wills"), Some(id), user, password].into_iter().flatten() {
        body.extend(u16::try_from(text.len())?.to_be_bytes());
        body.extend(text.as_bytes());
    }
    let mut packet = vec![0x10, u8::try_from(body.len())?];
    packet.extend(body);
    Ok(packet)
}

async fn compare() -> Result<()> {
    rlimit::increase_nofile_limit(u64::MAX)?;
    let folder = certificates()?;
    let result = measure(&folder).await;
    std::fs::remove_dir_all(&folder)?;
    result
}

async fn measure(folder: &Path) -> Result<()> {
    let fleet = Fleet::new(folder).await?;
    let mut times: [Vec<Duration>; TIMED.len()] = Default::default();
    for number in 0..WARM + CONNECTS {
        // In turn, so that what disturbs one disturbs all.
        for (way, times) in TIMED.into_iter().zip(&mut times) {
            let start = Instant::now();
            let mut device = fleet.connect(way, number).await?;
            let took = start.elapsed();
            if number >= WARM {
                times.push(took);
            }
            device.shutdown().await?;
        }
    }
    let medians = times.map(|mut times| {
        times.sort_unstable();
        times[times.len() / 2].as_secs_f64()
    });
    println!("from SYN to CONNACK, median of {CONNECTS}, one at a time");
    for (way, median) in TIMED.into_iter().zip(medians) {
        println!("{:<40} {:6.0} µs  {:5.2} x", way.words(), median * 1e6, median / medians[0]);
    }
    drop(fleet);
    println!("\nbytes of RSS for each of {IDLE} connections that idle, over the broker alone");
    let alone = Fleet::new(folder).await?.idle(Way::Broker).await?;
    for way in [Way::Plain, Way::Tls, Way::Resumed, Way::Mutual, Way::WebSocket, Way::SecureWebSocket] {
        let through = Fleet::new(folder).await?.idle(way).await?;
        println!("{:<40} {:6.0}  (with the broker {through:6.0})", way.words(), through - alone);
    }
    Ok(())
}

/// A folder as `lwtop certs` makes it, with `device.pem` and `device.key`.
fn certificates() -> Result<PathBuf> {
    let folder = std::env::temp_dir().join(format!("lwtop-doors-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name.push(DnType::CommonName, "lwtop bench");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let key = KeyPair::generate()?;
    std::fs::write(folder.join("ca.pem"), params.self_signed(&key)?.pem())?;
    let issuer = Issuer::new(params, key);
    for (file, name) in [("server", "localhost"), ("device", "lwtThing")] {
        let mut params = CertificateParams::new(vec![name.to_owned()])?;
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate()?;
        std::fs::write(folder.join(format!("{file}.pem")), params.signed_by(&key, &issuer)?.pem())?;
        std::fs::write(folder.join(format!("{file}.key")), key.serialize_pem())?;
    }
    Ok(folder)
}

struct Server {
    _child: Child,
    orders: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    /// The doors for TCP, TLS, WebSocket and both, the broker, and the bare listeners.
    at: [SocketAddr; 7],
    user: String,
    password: String,
}

impl Server {
    async fn start(folder: &Path) -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("serve")
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let orders = child.stdin.take().context("no stdin")?;
        let mut answers = BufReader::new(child.stdout.take().context("no stdout")?).lines();
        let hello = answers.next_line().await?.context("the server said nothing")?;
        let password = answers.next_line().await?.context("the server said no password")?;
        let words: Vec<&str> = hello.split(' ').collect();
        let [doors @ .., user] = &words[..] else { bail!("the server said nothing") };
        let at: Vec<SocketAddr> = doors.iter().map(|door| door.parse()).collect::<Result<_, _>>()?;
        let at = at.try_into().map_err(|_| anyhow::anyhow!("the server named other doors"))?;
        Ok(Self { _child: child, orders, answers, at, user: (*user).to_owned(), password })
    }

    async fn rss(&mut self) -> Result<f64> {
        self.orders.write_all(b"rss\n").await?;
        Ok(self.answers.next_line().await?.context("the server ended")?.parse()?)
    }
}
