//! Ten thousand devices on a real Mosquitto, beside a bare socket loop that does the same, in the same run, alternated, best of
//! three:
//!
//! ```text
//! cargo bench --bench scale
//! ```
//!
//! And four thousand on lwtop's own broker behind its gateway, until the last incident is complete, with the rule and what it
//! republished, beside a bare subscriber on that broker alone.
//!
//! Every round has a broker of its own. The bare side is a handful of tasks on plain sockets and a subscriber that counts
//! packets: what anybody would write who wanted these figures and nothing else.

#[path = "../tests/support/mosquitto.rs"]
mod mosquitto;
#[path = "../tests/support/raw.rs"]
mod raw;

use anyhow::{Context, Result, bail};
use lwtop::broker::EmbeddedBroker;
use lwtop::clock::Clock;
use lwtop::convention::Topics;
use lwtop::device::DeviceTemplate;
use lwtop::fleet::{Change, IncidentPhase, LinkState};
use lwtop::hub::{Doors, LinkOptions, Runtime, Setup, Source};
use lwtop::mqtt::{BrokerAddress, Fault};
use lwtop::rules::RuleSet;
use lwtop::swarm::{Death, Phase, Plan, run};
use lwtop::wiring::Guests;
use mosquitto::Mosquitto;
use raw::{packet, push_text};
use std::net::{Ipv4Addr, Shutdown};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;

const ROUNDS: usize = 3;
const DEVICES: usize = 10_000;
/// On one machine each of them is a socket here, two in the gateway and one in the broker.
const OWN: usize = 4_000;
/// As many as lwtop has between SYN and CONNACK.
const IN_FLIGHT: usize = 64;
const PATIENCE: Duration = Duration::from_secs(60);
const WILL: &str = "/last/will/topic";
const CONNECTED: &str = "/lwt/connected/topic";

fn main() -> Result<()> {
    // `cargo test --benches` runs every bench without `--bench`: nothing to test here.
    if !std::env::args().any(|arg| arg == "--bench") {
        return Ok(());
    }
    rlimit::increase_nofile_limit(u64::MAX)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(compare())
}

async fn compare() -> Result<()> {
    let [mut up, mut bare_up, mut cut, mut bare_cut, mut state, mut own, mut bare_own] = [Duration::MAX; 7];
    let mut bytes = 0;
    // What a hub and a link take by themselves is no device's.
    swarm(10).await?;
    for round in 0..ROUNDS {
        let swarm = swarm(DEVICES).await?;
        if round == 0 {
            // Later, memory of earlier rounds is used again, and nothing can be said.
            bytes = swarm.bytes_each;
        }
        (up, cut) = (up.min(swarm.up), cut.min(swarm.last_will));
        let bare = bare().await?;
        (bare_up, bare_cut) = (bare_up.min(bare.up), bare_cut.min(bare.last_will));
        state = state.min(hub().await?);
        own = own.min(incidents().await?);
        bare_own = bare_own.min(alone().await?);
        eprintln!(
            "round {}: lwtop {:?} {:?}, bare {:?} {:?}",
            round + 1,
            swarm.up,
            swarm.last_will,
            bare.up,
            bare.last_will
        );
    }
    println!("{DEVICES} devices on Mosquitto            lwtop       bare      ratio   bar");
    ratio("up: launch to last CONNACK", up, bare_up, 1.3);
    ratio("cut at once, to last will counted", cut, bare_cut, 1.25);
    ratio("bare cut, last will in the hub", state, bare_cut, 1.25);
    println!("{OWN} devices on the embedded broker");
    ratio("cut at once, to the last incident", own, bare_own, 1.5);
    println!("RSS of a simulated device, its account included: {bytes} bytes, bar 2048: {}", verdict(bytes <= 2048));
    Ok(())
}

fn ratio(what: &str, ours: Duration, theirs: Duration, bar: f64) {
    let ratio = ours.as_secs_f64() / theirs.as_secs_f64();
    let [ours, theirs] = [ours, theirs].map(|time| time.as_secs_f64() * 1e3);
    println!("{what:<36} {ours:>7.0} ms {theirs:>7.0} ms {ratio:>8.2} {bar:>6.2}: {}", verdict(ratio <= bar));
}

fn verdict(met: bool) -> &'static str {
    if met { "met" } else { "MISSED" }
}

/// What one round gave.
struct Figures {
    up: Duration,
    last_will: Duration,
    bytes_each: u64,
}

fn broker() -> Result<Mosquitto> {
    Mosquitto::start().context("this bench needs mosquitto")
}

fn setup(port: u16, devices: usize) -> Setup {
    let topics = Topics {
        will: WILL.parse().expect("a filter"),
        connected: CONNECTED.parse().expect("a filter"),
        executed: "/lwt/executed".parse().expect("a filter"),
    };
    Setup {
        source: Source::External(BrokerAddress::new("127.0.0.1", port)),
        link: LinkOptions::default(),
        topics,
        rules: RuleSet::default(),
        template: DeviceTemplate::article(WILL.parse().expect("a topic"), CONNECTED.parse().expect("a topic")),
        prefix: "lwtThing".to_owned(),
        lifecycle: false,
        devices,
    }
}

/// lwtop: as `lwtop swarm --count 10000 --for 0s` does it.
async fn swarm(devices: usize) -> Result<Figures> {
    let broker = broker()?;
    let plan = Plan {
        setup: setup(broker.port, devices),
        rate: None,
        death: Death::By(Fault::Fin),
        storm: None,
        time: Some(Duration::ZERO),
        patience: PATIENCE,
    };
    let (_stop, told) = mpsc::channel(1);
    let before = rss()?;
    let (mut held, mut ending, mut last) = (None, None, None);
    let (summary, _) = run(plan, Clock::start(), told, |progress| {
        if progress.phase == Phase::Holding && held.is_none() {
            held = rss().ok();
        }
        if progress.phase == Phase::Ending {
            ending.get_or_insert(progress.now);
            if progress.totals.received == devices as u64 {
                last.get_or_insert(progress.now);
            }
        }
    })
    .await?;
    if !summary.exactly_once || summary.presence.never_connected > 0 {
        bail!("not every will came:\n{summary}");
    }
    Ok(Figures {
        up: Duration::from_secs_f64(summary.launch.seconds),
        last_will: last.context("no last will")?.since(ending.context("no end")?),
        bytes_each: (held.context("never held")? - before) * 1024 / devices as u64,
    })
}

/// Resident memory of this process in KiB.
fn rss() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status").context("memory is measured on Linux only")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

/// Bare devices and a bare subscriber.
async fn bare() -> Result<Figures> {
    let broker = broker()?;
    let subscriber = subscribe(broker.port, None).await?;
    let (devices, up) = launch(broker.port, DEVICES, None).await?;
    let reader = tokio::spawn(count(subscriber, DEVICES));
    let (start, cut) = cut(devices);
    let last = timeout(PATIENCE, reader).await.context("wills were lost")???;
    drop(cut.await?);
    Ok(Figures { up, last_will: last - start, bytes_each: 0 })
}

/// Bare devices, and lwtop's hub beside them until all are offline in its state.
async fn hub() -> Result<Duration> {
    let broker = broker()?;
    let mut hub = Runtime::start(setup(broker.port, 0), Clock::start())?;
    while !matches!(hub.fleet().link(), LinkState::Up { .. }) {
        hub.turn().await?;
    }
    let launched = launch(broker.port, DEVICES, None);
    tokio::pin!(launched);
    let (devices, _) = loop {
        tokio::select! {
            launched = &mut launched => break launched?,
            turn = hub.turn() => drop(turn?),
        }
    };
    let (start, cut) = cut(devices);
    let all = async {
        while hub.fleet().counts().offline < DEVICES {
            hub.turn().await?;
        }
        anyhow::Ok(Instant::now())
    };
    let last = timeout(PATIENCE, all).await.context("wills were lost")??;
    drop(cut.await?);
    hub.stop().await;
    Ok(last - start)
}

/// Waits for so many wills.
async fn count(mut subscriber: TcpStream, wills: usize) -> Result<Instant> {
    let (mut frames, mut seen) = (Frames::default(), 0);
    while seen < wills {
        seen += frames.messages(&mut subscriber).await?;
    }
    Ok(Instant::now())
}

/// Bare devices on lwtop's own broker behind its gateway, until every death is told to its end: seen, its will read, the rule
/// matched, and what that republished read.
async fn incidents() -> Result<Duration> {
    let listen = (Ipv4Addr::LOCALHOST, 0).into();
    let mut setup = setup(0, 0);
    setup.source = Source::Embedded { listen, doors: Doors::default(), users: None };
    setup.rules = RuleSet::article(&setup.topics.will, &"/lwt/executed".parse()?);
    let mut hub = Runtime::start(setup, Clock::start())?;
    let port = loop {
        if let Some(entrance) = hub.turn().await?.listening.first() {
            break entrance.address.port();
        }
    };
    while !matches!(hub.fleet().link(), LinkState::Up { .. }) {
        hub.turn().await?;
    }
    let launched = launch(port, OWN, None);
    tokio::pin!(launched);
    let (devices, _) = loop {
        tokio::select! {
            launched = &mut launched => break launched?,
            turn = hub.turn() => drop(turn?),
        }
    };
    while hub.fleet().counts().online < OWN {
        hub.turn().await?;
    }
    let (start, cut) = cut(devices);
    let all = async {
        let mut complete = 0;
        while complete < OWN {
            let turn = hub.turn().await?;
            let done = |change: &&Change| {
                let Change::Incident { incident, phase: IncidentPhase::Complete, .. } = change else { return false };
                hub.fleet().incident(*incident).is_some_and(|incident| incident.missing.is_empty())
            };
            complete += turn.changes.iter().filter(done).count();
        }
        anyhow::Ok(Instant::now())
    };
    let last = timeout(PATIENCE, all).await.context("not every incident came to its end")??;
    drop(cut.await?);
    hub.stop().await;
    Ok(last - start)
}

/// Bare devices and a bare subscriber on the embedded broker, without gateway, hub and rule.
async fn alone() -> Result<Duration> {
    let guests = Arc::new(Guests::default());
    let broker = EmbeddedBroker::start(Arc::clone(&guests)).await?;
    let (port, login) = (broker.addr().port(), broker.link_login());
    let subscriber = subscribe(port, Some((&login.user, &login.password))).await?;
    let (devices, _) = launch(port, OWN, Some(guests)).await?;
    let reader = tokio::spawn(count(subscriber, OWN));
    let (start, cut) = cut(devices);
    let last = timeout(PATIENCE, reader).await.context("wills were lost")???;
    drop(cut.await?);
    Ok(last - start)
}

/// Connects bare devices, each with the article's will and its announcement, and says how long it took.
async fn launch(port: u16, count: usize, guests: Option<Arc<Guests>>) -> Result<(Vec<TcpStream>, Duration)> {
    let start = Instant::now();
    let mut workers = JoinSet::new();
    for worker in 0..IN_FLIGHT {
        let guests = guests.clone();
        workers.spawn(async move {
            let mut devices = Vec::with_capacity(count / IN_FLIGHT + 1);
            for number in (worker..count).step_by(IN_FLIGHT) {
                devices.push(device(port, number, guests.as_deref()).await?);
            }
            anyhow::Ok(devices)
        });
    }
    let mut devices = Vec::with_capacity(count);
    while let Some(done) = workers.join_next().await {
        devices.extend(done??);
    }
    Ok((devices, start.elapsed()))
}

/// One bare device; `guests` lets it past the door of the embedded broker.
async fn device(port: u16, number: usize, guests: Option<&Guests>) -> Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    // A thousand from each address, as lwtop does it.
    let last = u8::try_from(1 + number / 1_024)?;
    if last > 1 || guests.is_some() {
        socket.bind((Ipv4Addr::new(127, 0, 0, last), 0).into())?;
    }
    if let Some(guests) = guests {
        guests.announce(socket.local_addr()?);
    }
    let mut stream = socket.connect((Ipv4Addr::LOCALHOST, port).into()).await?;
    stream.set_nodelay(true)?;
    let id = format!("lwtThing-{number}");
    let will =
        format!(r#"{{"state": {{"reported": {{"last_will": "yes", "trigger_action": "on", "client_id": "{id}"}}}}}}"#);
    stream.write_all(&connect(&id, Some(&will), None)).await?;
    let mut answer = [0; 4];
    stream.read_exact(&mut answer).await.context("no CONNACK")?;
    if answer != [0x20, 2, 0, 0] {
        bail!("refused: {answer:x?}");
    }
    let mut body = Vec::new();
    push_text(&mut body, CONNECTED);
    body.extend([0, 1]);
    body.extend(br#"{"message": "AWS IoT Thing connected message to IoT Core"}"#);
    stream.write_all(&packet(0x32, &body)).await?;
    Ok(stream)
}

/// CONNECT of 3.1.1 with a keep alive of 20 minutes: nobody has to ping.
fn connect(id: &str, will: Option<&str>, login: Option<(&str, &str)>) -> Vec<u8> {
    let mut body = b"\x00\x04MQTT\x04".to_vec();
    let flags = if will.is_some() { 0x06 } else { 0x02 } | if login.is_some() { 0xc0 } else { 0 };
    body.extend([flags, 0x04, 0xb0]);
    push_text(&mut body, id);
    if let Some(will) = will {
        push_text(&mut body, WILL);
        push_text(&mut body, will);
    }
    if let Some((user, password)) = login {
        push_text(&mut body, user);
        push_text(&mut body, password);
    }
    packet(0x10, &body)
}

/// Sends FIN on every connection, as fast as it goes, beside whoever waits for the wills.
fn cut(devices: Vec<TcpStream>) -> (Instant, JoinHandle<Vec<TcpStream>>) {
    let start = Instant::now();
    let cut = tokio::task::spawn_blocking(move || {
        for device in &devices {
            // Fails only where the broker has closed already, and then the will is lost and missed.
            let _ = socket2::SockRef::from(device).shutdown(Shutdown::Write);
        }
        devices
    });
    (start, cut)
}

/// A subscriber to wills at QoS 0, with lwtop's receive buffer.
async fn subscribe(port: u16, login: Option<(&str, &str)>) -> Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(4 << 20)?;
    let mut stream = socket.connect((Ipv4Addr::LOCALHOST, port).into()).await?;
    stream.write_all(&connect("bare", None, login)).await?;
    stream.read_exact(&mut [0; 4]).await.context("no CONNACK")?;
    let mut body = vec![0, 1];
    push_text(&mut body, WILL);
    body.push(0);
    stream.write_all(&packet(0x82, &body)).await?;
    stream.read_exact(&mut [0; 5]).await.context("no SUBACK")?;
    Ok(stream)
}

/// Counts the PUBLISH packets that a socket gives.
#[derive(Default)]
struct Frames(Vec<u8>);

impl Frames {
    async fn messages(&mut self, stream: &mut TcpStream) -> Result<usize> {
        self.0.reserve(65_536);
        if stream.read_buf(&mut self.0).await? == 0 {
            bail!("the broker closed");
        }
        let (mut count, mut at) = (0, 0);
        while let Some((head, length)) = header(&self.0[at..]) {
            if self.0.len() < at + head + length {
                break;
            }
            count += usize::from(self.0[at] >> 4 == 3);
            at += head + length;
        }
        self.0.drain(..at);
        Ok(count)
    }
}

/// The lengths of a packet's fixed header and of its rest, if the header is whole.
fn header(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut length = 0;
    for (index, byte) in bytes.get(1..)?.iter().enumerate() {
        length |= usize::from(byte & 0x7F) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((index + 2, length));
        }
    }
    None
}
