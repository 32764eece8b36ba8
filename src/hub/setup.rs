//! What to run, and how its parts are brought up.

use super::stage::heard;
use crate::broker::{EmbeddedBroker, LinkLogin};
use crate::clock::Clock;
use crate::convention::{Topics, lifecycle};
use crate::device::{DeviceTemplate, Swarm, Target, Witness};
use crate::dial::{Proxy, Route};
use crate::fleet::{Entrance, Report};
use crate::gateway::{self, Gateway, GatewayConfig, Listener, Logins};
use crate::link::{Link, LinkConfig};
use crate::mqtt::{BrokerAddress, KeepAlive, Login, Protocol, Scheme, TopicFilter};
use crate::rules::RuleSet;
use crate::tls::{ServerOptions, TlsOptions};
use crate::wiring::{ActivityBoard, Guests};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

/// Which broker the fleet lives on.
#[derive(Clone, Debug)]
pub enum Source {
    /// lwtop's own, behind its gateway.
    Embedded {
        /// Where the gateway listens; port 0 takes any free one.
        listen: SocketAddr,
        /// Where else.
        doors: Doors,
    },
    /// Somebody else's.
    External(BrokerAddress),
}

/// The gateway's doors beside the one for MQTT over TCP, and who may pass them all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Doors {
    /// Where it listens for TLS. Only together with `server`.
    pub tls: Option<SocketAddr>,
    /// Where it listens for WebSocket.
    pub websocket: Option<SocketAddr>,
    /// Where it listens for WebSocket over TLS. Only together with `server`.
    pub secure_websocket: Option<SocketAddr>,
    /// Who it is in TLS, and which certificates it takes.
    pub server: Option<ServerOptions>,
    /// The file of those who may come in; without one, everybody may.
    pub users: Option<PathBuf>,
}

impl Doors {
    /// The doors and their addresses. Reads files.
    fn make(&self) -> Result<Vec<(SocketAddr, gateway::Door)>, String> {
        let server = || self.server.as_ref().ok_or("a door for TLS needs a certificate: name its folder with --certs");
        let mut doors = Vec::new();
        if let Some(at) = self.tls {
            doors.push((at, gateway::Door::tls(server()?).map_err(|error| error.to_string())?));
        }
        if let Some(at) = self.websocket {
            doors.push((at, gateway::Door::WEBSOCKET));
        }
        if let Some(at) = self.secure_websocket {
            doors.push((at, gateway::Door::secure_websocket(server()?).map_err(|error| error.to_string())?));
        }
        Ok(doors)
    }

    /// Those who may come in, and the login of lwtop's own devices. Reads a file.
    fn logins(&self) -> Result<Option<(Logins, Login)>, String> {
        let Some(path) = &self.users else { return Ok(None) };
        let logins = Logins::read(path).map_err(|error| error.to_string())?;
        let LinkLogin { user, password } = LinkLogin::random().map_err(|error| {
            format!("lwtop's own devices get no password: the operating system gave none ({error})")
        })?;
        Ok(Some((logins.with(&user, &password), Login { user, password: Some(password) })))
    }
}

/// How lwtop connects to somebody else's broker; its login is in the address.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct LinkOptions {
    /// How TLS is set up, where the address has it.
    pub tls: TlsOptions,
    /// More headers for the request of a WebSocket.
    pub headers: Vec<(String, String)>,
    /// The HTTP proxy that the way goes through.
    pub proxy: Option<Proxy>,
    /// How the client ids begin; without it, they are like no others.
    pub client_id: Option<String>,
    /// The only version to speak; without one, 5 is tried first, then 3.1.1.
    pub protocol: Option<Protocol>,
    /// The keep alive; without one, the link's usual.
    pub keep_alive: Option<KeepAlive>,
    /// Whether the broker is to keep the session.
    pub keep_session: bool,
}

impl fmt::Debug for LinkOptions {
    /// Headers may hold tokens: only their names are shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        let mut shown = f.debug_struct("LinkOptions");
        shown.field("tls", &self.tls).field("headers", &headers).field("proxy", &self.proxy);
        shown.field("client_id", &self.client_id);
        shown.field("protocol", &self.protocol).field("keep_alive", &self.keep_alive);
        shown.field("keep_session", &self.keep_session).finish()
    }
}

impl LinkOptions {
    /// A link to this broker that listens to nothing yet.
    fn to(self, address: BrokerAddress) -> LinkConfig {
        let Self { tls, headers, proxy, client_id, protocol, keep_alive, keep_session } = self;
        let usual = LinkConfig::new(address);
        LinkConfig {
            route: Route { tls, headers, proxy, ..usual.route },
            client_id,
            protocol,
            keep_alive: keep_alive.unwrap_or(usual.keep_alive),
            clean: !keep_session,
            ..usual
        }
    }
}

/// Everything the hub needs to start.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Which broker.
    pub source: Source,
    /// How lwtop connects to a broker that is not its own.
    pub link: LinkOptions,
    /// Where the story is told.
    pub topics: Topics,
    /// The rules that lwtop runs; empty where the broker's own do it.
    pub rules: RuleSet,
    /// What simulated devices are like.
    pub template: DeviceTemplate,
    /// The first simulated device is called this, the second `…-2`.
    pub prefix: String,
    /// Whether the broker's own presence events are listened to (AWS IoT Core).
    pub lifecycle: bool,
    /// How many simulated devices are launched at the start.
    pub devices: usize,
}

impl Setup {
    /// Whether devices come through lwtop's own gateway.
    #[must_use]
    pub const fn embedded(&self) -> bool {
        matches!(self.source, Source::Embedded { .. })
    }

    /// Open files that one simulated device costs in this process.
    #[must_use]
    pub const fn files_per_device(&self) -> u64 {
        // Its own socket; and where the gateway stands between: its two, and the broker's.
        if self.embedded() { 4 } else { 1 }
    }
}

/// The lanes on which parts talk to whoever drives them.
#[derive(Clone, Debug)]
pub struct Lanes {
    /// What happens.
    pub reports: mpsc::Sender<Report>,
    /// How much happens.
    pub board: Arc<ActivityBoard>,
    /// The clock of all parts.
    pub clock: Clock,
}

/// The parts that do I/O.
#[derive(Debug)]
pub struct Parts {
    pub(super) broker: Option<EmbeddedBroker>,
    door: Option<Door>,
    pub(super) gateway: Option<Gateway>,
    pub(super) link: Link,
    /// How to connect beside it, listening to nothing yet.
    pub(super) base: LinkConfig,
    /// What it listens to.
    pub(super) heard: Vec<TopicFilter>,
    /// The simulated devices.
    pub swarm: Swarm,
}

impl Parts {
    /// Lets devices in, where they come through lwtop's own gateway: to be called when the link stands.
    pub fn open(&mut self, lanes: &Lanes) {
        if let Some(door) = self.door.take() {
            self.gateway = Some(door.open(lanes));
        }
    }

    /// Ends everything in order: devices leave cleanly, for which there is so much time, then the link, the gateway and
    /// the broker. Somebody must go on reading the reports.
    pub async fn stop(self, goodbye: Duration) {
        self.swarm.leave_all(goodbye).await;
        self.link.stop().await;
        if let Some(gateway) = &self.gateway {
            gateway.stop().await;
        }
        if let Some(broker) = self.broker {
            broker.stop().await;
        }
    }
}

/// A bound listener that does not serve yet: devices that come early wait in its backlog, so that no will can pass
/// before lwtop's own subscription stands.
#[derive(Debug)]
pub(super) struct Door {
    listener: Listener,
    upstream: SocketAddr,
    guests: Arc<Guests>,
    logins: Option<Arc<Logins>>,
}

impl Door {
    pub(super) fn open(self, lanes: &Lanes) -> Gateway {
        let Lanes { reports, board, clock } = lanes.clone();
        let config = GatewayConfig { logins: self.logins, ..GatewayConfig::new(self.upstream) };
        self.listener.serve(config, reports, board, self.guests, clock)
    }
}

/// Brings up all parts.
///
/// # Errors
/// One clear sentence.
pub(super) async fn start(setup: Setup, lanes: Lanes) -> Result<Parts, String> {
    let mut others = vec![setup.topics.connected.clone(), setup.topics.executed.clone()];
    if setup.lifecycle {
        others.extend(lifecycle::FILTER.parse());
    }
    others.extend(setup.rules.rules().iter().map(|rule| rule.statement.from.clone()));
    bring_up(setup, others, lanes).await
}

/// Brings up all parts, and listens to wills alone.
///
/// # Errors
/// One clear sentence.
pub async fn start_for_wills(setup: Setup, lanes: Lanes) -> Result<Parts, String> {
    bring_up(setup, Vec::new(), lanes).await
}

async fn bring_up(setup: Setup, other_filters: Vec<TopicFilter>, lanes: Lanes) -> Result<Parts, String> {
    let say = |text: &str| lanes.reports.send(Report::Starting(text.to_owned()));
    let lost = |_| "the hub is gone".to_owned();
    let will_filters = vec![setup.topics.will.clone()];
    match setup.source {
        Source::Embedded { listen, doors } => {
            say("opening the door for devices").await.map_err(lost)?;
            let read = move || Ok::<_, String>((doors.make()?, doors.logins()?));
            let (others, logins) = spawn_blocking(read).await.map_err(|error| error.to_string())??;
            let mut listener = Gateway::bind(listen).await.map_err(|error| error.to_string())?;
            let address = listener.local_addr();
            let mut entrances = vec![Entrance { scheme: Scheme::Mqtt, address }];
            for (listen, door) in others {
                let scheme = door.scheme();
                let address = listener.add(listen, door).await.map_err(|error| error.to_string())?;
                entrances.push(Entrance { scheme, address });
            }
            lanes.reports.send(Report::Listening(entrances)).await.map_err(lost)?;
            say("starting the broker").await.map_err(lost)?;
            let guests = Arc::new(Guests::default());
            let broker = EmbeddedBroker::start(Arc::clone(&guests)).await.map_err(|error| error.to_string())?;
            let upstream = broker.addr();
            say("connecting to the broker").await.map_err(lost)?;
            let login = broker.link_login();
            let login = Some(Login { user: login.user.clone(), password: Some(login.password.clone()) });
            let own = BrokerAddress { login, ..BrokerAddress::new(upstream.ip().to_string(), upstream.port()) };
            let base = LinkConfig { attribute: true, ..LinkConfig::new(own) };
            let config = LinkConfig { will_filters, other_filters, ..base.clone() };
            let heard = heard(&config);
            let link = Link::start(config, lanes.reports.clone(), lanes.clock);
            let target = Target::from(reachable(address));
            let Lanes { reports, board, clock } = lanes.clone();
            let (logins, own) = logins.unzip();
            let template = DeviceTemplate { login: own, ..setup.template };
            let swarm = Swarm::new(target, template, reports, board, clock, Witness::Gateway);
            let door = Some(Door { listener, upstream, guests, logins: logins.map(Arc::new) });
            Ok(Parts { broker: Some(broker), door, gateway: None, link, base, heard, swarm })
        }
        Source::External(address) => {
            say(&format!("connecting to {address}")).await.map_err(lost)?;
            let login = address.login.clone();
            let base = setup.link.to(address.clone());
            let config = LinkConfig { will_filters, other_filters, ..base.clone() };
            let heard = heard(&config);
            if config.route.tls.insecure && address.scheme.is_secure() {
                let notice = Report::Notice("insecure: the broker's certificate is not verified".to_owned());
                lanes.reports.send(notice).await.map_err(lost)?;
            }
            let target = Target::from(config.route.clone());
            let link = Link::start(config, lanes.reports.clone(), lanes.clock);
            let template = DeviceTemplate { login, ..setup.template };
            let Lanes { reports, board, clock } = lanes.clone();
            let swarm = Swarm::new(target, template, reports, board, clock, Witness::Own);
            Ok(Parts { broker: None, door: None, gateway: None, link, base, heard, swarm })
        }
    }
}

/// Where this machine reaches a listener that may be bound to all addresses.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}
