//! The gateway against the embedded broker alone, in the same run, alternated, best of three:
//!
//! ```text
//! cargo bench --bench gateway
//! ```
//!
//! Broker and gateway run in a process of their own, so that its memory is theirs and open files suffice: 5 000
//! devices through the gateway are 15 000 descriptors there and 5 000 here. To get past the broker's door when it is
//! measured alone, the devices' own addresses are announced to it before they connect.

use anyhow::{Context, Result, bail};
use lwtop::broker::EmbeddedBroker;
use lwtop::clock::Clock;
use lwtop::gateway::{Gateway, GatewayConfig};
use lwtop::wiring::{ActivityBoard, Guests};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::{TcpSocket, TcpStream};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

const ROUNDS: u8 = 3;
const DEVICES: u16 = 5_000;
const IN_FLIGHT: usize = 200;
const CUT: usize = 4_000;
const PUBLISHERS: u16 = 50;
const MESSAGES: usize = 2_000;
/// Messages that a publisher has sent and that were not yet acknowledged.
const WINDOW: usize = 20;

fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let first = args.next().unwrap_or_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match first.as_str() {
        "serve" => runtime.block_on(serve()),
        // `cargo test --benches` runs every bench with this, or without `--bench`: nothing to test here.
        _ if !std::env::args().any(|arg| arg == "--bench") => Ok(()),
        _ => runtime.block_on(compare()),
    }
}

/// The process that is measured: obeys lines on stdin until it ends.
async fn serve() -> Result<()> {
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
    let listener = Gateway::bind((Ipv4Addr::LOCALHOST, 0).into()).await?;
    let config = GatewayConfig::new(broker.addr());
    let gateway = listener.serve(config, sender, board, Arc::clone(&guests), Clock::start());
    let login = broker.link_login();
    println!("{} {} {} {}", broker.addr(), gateway.local_addr(), login.user, login.password);
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        match line.split(' ').collect::<Vec<_>>()[..] {
            ["announce", ip, first, count] => {
                let (ip, first, count) = (ip.parse::<Ipv4Addr>()?, first.parse::<u16>()?, count.parse::<u16>()?);
                for port in first..first + count {
                    guests.announce((ip, port).into());
                }
                println!("done");
            }
            ["rss"] => println!("{}", rss()?),
            _ => bail!("unknown order {line:?}"),
        }
    }
    Ok(())
}

/// Resident memory of this process in KiB.
fn rss() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status").context("memory is measured on Linux only")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

/// What one round on one side gave.
#[derive(Clone, Copy)]
struct Figures {
    fan_in: f64,
    connects: f64,
    bytes_per_connection: f64,
    last_will_fin: Duration,
    last_will_rst: Duration,
}

async fn compare() -> Result<()> {
    rlimit::increase_nofile_limit(u64::MAX)?;
    let (mut alone, mut through) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        for (gateway, figures) in [(false, &mut alone), (true, &mut through)] {
            let found = measure(gateway, 2 + 2 * round + u8::from(gateway)).await?;
            println!(
                "round {}, {:>7}: fan-in {:6.0}/s, connects {:6.0}/s, {:6.0} bytes a connection, last will FIN {:6.1} ms, RST {:6.1} ms",
                round + 1,
                if gateway { "gateway" } else { "alone" },
                found.fan_in,
                found.connects,
                found.bytes_per_connection,
                found.last_will_fin.as_secs_f64() * 1e3,
                found.last_will_rst.as_secs_f64() * 1e3,
            );
            figures.push(found);
        }
    }
    let most = |figures: &[Figures], of: fn(&Figures) -> f64| figures.iter().map(of).fold(0.0, f64::max);
    let least = |figures: &[Figures], of: fn(&Figures) -> f64| figures.iter().map(of).fold(f64::MAX, f64::min);
    let fin = |figures: &Figures| figures.last_will_fin.as_secs_f64();
    let rst = |figures: &Figures| figures.last_will_rst.as_secs_f64();
    let rows = [
        ("fan-in, 50 publishers QoS 1", most(&through, |f| f.fan_in) / most(&alone, |f| f.fan_in), ">= 0.8 x"),
        ("connects, 200 in flight", most(&through, |f| f.connects) / most(&alone, |f| f.connects), ">= 1.0 x"),
        ("last will of 4 000 cut by FIN", least(&through, fin) / least(&alone, fin), "<= 1.3 x"),
        ("last will of 4 000 cut by RST", least(&through, rst) / least(&alone, rst), "<= 1.3 x"),
        (
            "KB for an idle connection",
            (least(&through, |f| f.bytes_per_connection) - least(&alone, |f| f.bytes_per_connection)) / 1e3,
            "<= 2.5",
        ),
    ];
    println!();
    for (what, ratio, bar) in rows {
        println!("{what:<32} {ratio:5.2}   bar {bar}");
    }
    Ok(())
}

/// Measures a fresh process. `net` makes the devices' source address new for each round: no port is in TIME_WAIT.
async fn measure(gateway: bool, net: u8) -> Result<Figures> {
    let mut server = Server::start().await?;
    let target = if gateway { server.gateway } else { server.broker };
    let source = Ipv4Addr::new(127, 0, 0, net);
    server.announce(source, 10_000, DEVICES).await?;
    let before = server.rss().await?;
    let (devices, connects) = connect_all(target, source, 10_000).await?;
    sleep(Duration::from_secs(1)).await;
    let grown = server.rss().await? - before;
    let last_will_fin = cut(&server, devices).await?;
    server.announce(source, 20_000, PUBLISHERS + 1).await?;
    let fan_in = fan_in(target, source).await?;
    server.announce(source, 30_000, DEVICES).await?;
    let (devices, _) = connect_all(target, source, 30_000).await?;
    for device in &devices {
        device.set_zero_linger()?;
    }
    sleep(Duration::from_secs(1)).await;
    let last_will_rst = cut(&server, devices).await?;
    let bytes_per_connection = grown * 1024.0 / f64::from(DEVICES);
    Ok(Figures { fan_in, connects, bytes_per_connection, last_will_fin, last_will_rst })
}

struct Server {
    _child: Child,
    orders: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    broker: SocketAddr,
    gateway: SocketAddr,
    user: String,
    password: String,
}

impl Server {
    async fn start() -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("serve")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let orders = child.stdin.take().context("no stdin")?;
        let mut answers = BufReader::new(child.stdout.take().context("no stdout")?).lines();
        let hello = answers.next_line().await?.context("the server said nothing")?;
        let [broker, gateway, user, password] = hello.split(' ').collect::<Vec<_>>()[..] else {
            bail!("the server said {hello:?}")
        };
        let (broker, gateway) = (broker.parse()?, gateway.parse()?);
        let (user, password) = (user.to_owned(), password.to_owned());
        Ok(Self { _child: child, orders, answers, broker, gateway, user, password })
    }

    async fn ask(&mut self, order: String) -> Result<String> {
        self.orders.write_all((order + "\n").as_bytes()).await?;
        self.answers.next_line().await?.context("the server ended")
    }

    async fn announce(&mut self, source: Ipv4Addr, first: u16, count: u16) -> Result<()> {
        self.ask(format!("announce {source} {first} {count}")).await?;
        Ok(())
    }

    async fn rss(&mut self) -> Result<f64> {
        Ok(self.ask("rss".into()).await?.parse()?)
    }
}

async fn open(target: SocketAddr, source: Ipv4Addr, port: u16) -> Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.set_nodelay(true)?;
    socket.bind((source, port).into())?;
    Ok(socket.connect(target).await?)
}

/// Connects every device, with a will, and gives connects per second.
async fn connect_all(target: SocketAddr, source: Ipv4Addr, first_port: u16) -> Result<(Vec<TcpStream>, f64)> {
    let places = Arc::new(Semaphore::new(IN_FLIGHT));
    let mut tasks = JoinSet::new();
    let start = Instant::now();
    for number in 0..DEVICES {
        let place = Arc::clone(&places).acquire_owned().await?;
        tasks.spawn(async move {
            let mut stream = open(target, source, first_port + number).await?;
            greet(&mut stream, &format!("device-{number}"), true, None).await?;
            drop(place);
            anyhow::Ok(stream)
        });
    }
    let mut devices = Vec::new();
    while let Some(device) = tasks.join_next().await {
        devices.push(device??);
    }
    Ok((devices, f64::from(DEVICES) / start.elapsed().as_secs_f64()))
}

/// Closes many devices at once and waits for the last will.
async fn cut(server: &Server, mut devices: Vec<TcpStream>) -> Result<Duration> {
    let mut subscriber = TcpStream::connect(server.broker).await?;
    greet(&mut subscriber, "subscriber", false, Some((&server.user, &server.password))).await?;
    subscribe(&mut subscriber, "wills", 0).await?;
    let reader = tokio::spawn(async move {
        let mut frames = Frames::default();
        let mut wills = 0;
        while wills < CUT {
            for (first, _) in frames.read(&mut subscriber).await? {
                wills += usize::from(first >> 4 == 3);
            }
        }
        anyhow::Ok(Instant::now())
    });
    let start = Instant::now();
    devices.truncate(devices.len() - CUT);
    let rest = devices;
    let last = timeout(Duration::from_secs(30), reader).await.context("wills were lost")???;
    drop(rest);
    Ok(last - start)
}

/// Many publishers at QoS 1, one subscriber; gives messages per second until the last one is there.
async fn fan_in(target: SocketAddr, source: Ipv4Addr) -> Result<f64> {
    let mut subscriber = open(target, source, 20_000).await?;
    greet(&mut subscriber, "reader", false, None).await?;
    subscribe(&mut subscriber, "news", 1).await?;
    let all = usize::from(PUBLISHERS) * MESSAGES;
    let reader = tokio::spawn(async move {
        let mut frames = Frames::default();
        let mut seen = 0;
        while seen < all {
            let mut acks = Vec::new();
            for (first, body) in frames.read(&mut subscriber).await? {
                if first >> 4 == 3 {
                    seen += 1;
                    // Topic `news`, then the packet identifier.
                    acks.extend([0x40, 2, body[6], body[7]]);
                }
            }
            subscriber.write_all(&acks).await?;
        }
        anyhow::Ok(())
    });
    let mut publishers = Vec::new();
    for number in 1..=PUBLISHERS {
        let mut stream = open(target, source, 20_000 + number).await?;
        greet(&mut stream, &format!("publisher-{number}"), false, None).await?;
        publishers.push(stream);
    }
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for mut stream in publishers {
        tasks.spawn(async move {
            let mut batch = Vec::new();
            for id in 1..=WINDOW {
                batch.extend(b"\x32\x48\x00\x04news\x00");
                batch.push(u8::try_from(id)?);
                batch.extend([b'x'; 64]);
            }
            let mut acks = vec![0; 4 * WINDOW];
            for _ in 0..MESSAGES / WINDOW {
                stream.write_all(&batch).await?;
                stream.read_exact(&mut acks).await?;
            }
            anyhow::Ok(stream)
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    timeout(Duration::from_secs(60), reader).await.context("messages were lost")???;
    #[expect(clippy::cast_precision_loss, reason = "a hundred thousand fits")]
    Ok(all as f64 / start.elapsed().as_secs_f64())
}

async fn greet(stream: &mut TcpStream, id: &str, will: bool, login: Option<(&str, &str)>) -> Result<()> {
    let flags = 0x02 | if will { 0x04 } else { 0 } | if login.is_some() { 0xc0 } else { 0 };
    let mut body = b"\x00\x04MQTT\x04".to_vec();
    body.extend([flags, 0x04, 0xb0]);
    let mut text = |text: &str| {
        body.push(0);
        body.push(u8::try_from(text.len()).unwrap_or(u8::MAX));
        body.extend(text.as_bytes());
    };
    text(id);
    if will {
        text("wills");
        text(id);
    }
    if let Some((user, password)) = login {
        text(user);
        text(password);
    }
    let mut packet = vec![0x10, u8::try_from(body.len())?];
    packet.extend(body);
    stream.write_all(&packet).await?;
    let mut answer = [0; 4];
    stream.read_exact(&mut answer).await.context("no CONNACK")?;
    if answer != [0x20, 2, 0, 0] {
        bail!("refused: {answer:x?}");
    }
    Ok(())
}

async fn subscribe(stream: &mut TcpStream, topic: &str, qos: u8) -> Result<()> {
    let length = u8::try_from(topic.len())?;
    let mut packet = vec![0x82, length + 5, 0, 1, 0, length];
    packet.extend(topic.as_bytes());
    packet.push(qos);
    stream.write_all(&packet).await?;
    let mut answer = [0; 5];
    stream.read_exact(&mut answer).await.context("no SUBACK")?;
    Ok(())
}

/// Cuts what a socket gives into packets: first byte and body, of up to 127 bytes.
#[derive(Default)]
struct Frames(Vec<u8>);

impl Frames {
    async fn read(&mut self, stream: &mut TcpStream) -> Result<Vec<(u8, Vec<u8>)>> {
        self.0.reserve(65_536);
        if stream.read_buf(&mut self.0).await? == 0 {
            bail!("the server closed");
        }
        let (mut packets, mut at) = (Vec::new(), 0);
        while let Some(&length) = self.0.get(at + 1) {
            let end = at + 2 + usize::from(length);
            let Some(body) = self.0.get(at + 2..end) else { break };
            packets.push((self.0[at], body.to_vec()));
            at = end;
        }
        self.0.drain(..at);
        Ok(packets)
    }
}
