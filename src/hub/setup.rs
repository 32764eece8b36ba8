//! What to run, and how its parts are brought up.

use super::doors::{Doors, logins};
use super::stage::heard;
use crate::broker::EmbeddedBroker;
use crate::clock::Clock;
use crate::convention::{Topics, lifecycle};
use crate::device::{DeviceTemplate, Swarm, Target, Witness};
use crate::dial::{Proxy, Route};
use crate::fleet::Report;
use crate::gateway::{Gateway, GatewayConfig, Listener};
use crate::link::{Backoff, Link, LinkConfig};
use crate::mqtt::{BrokerAddress, KeepAlive, Login, Protocol, TopicFilter};
use crate::rules::RuleSet;
use crate::tls::TlsOptions;
use crate::wiring::{ActivityBoard, Guests};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// Which broker the fleet lives on.
#[derive(Clone, Debug)]
pub enum Source {
    /// lwtop's own, behind its gateway.
    Embedded {
        /// Where the gateway listens; port 0 takes any free one.
        listen: SocketAddr,
        /// Where else.
        doors: Doors,
        /// The file of those who may come in through any door; without one, everybody may.
        users: Option<PathBuf>,
    },
    /// Somebody else's.
    External(BrokerAddress),
    /// Somebody else's, and lwtop's gateway in front of it. lwtop's own link goes past the gateway. Who may come in is
    /// the broker's business.
    Upstream {
        /// The broker; plain TCP.
        address: BrokerAddress,
        /// Where the gateway listens; port 0 takes any free one.
        listen: SocketAddr,
        /// Where else.
        doors: Doors,
    },
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
    /// How long it waits before it connects again.
    pub backoff: Backoff,
    /// The environment variables that a login of it may be read from: no program that a rule runs gets them.
    pub secrets: Vec<String>,
}

impl fmt::Debug for LinkOptions {
    /// Headers may hold tokens: only their names are shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        let mut shown = f.debug_struct("LinkOptions");
        shown.field("tls", &self.tls).field("headers", &headers).field("proxy", &self.proxy);
        shown.field("client_id", &self.client_id);
        shown.field("protocol", &self.protocol).field("keep_alive", &self.keep_alive);
        shown.field("keep_session", &self.keep_session).field("backoff", &self.backoff);
        shown.field("secrets", &self.secrets).finish()
    }
}

impl LinkOptions {
    /// A link to this broker that listens to nothing yet.
    fn to(self, address: BrokerAddress) -> LinkConfig {
        let Self { tls, headers, proxy, client_id, protocol, keep_alive, keep_session, backoff, secrets: _ } = self;
        let usual = LinkConfig::new(address);
        LinkConfig {
            route: Route { tls, headers, proxy, ..usual.route },
            client_id,
            protocol,
            keep_alive: keep_alive.unwrap_or(usual.keep_alive),
            clean: !keep_session,
            backoff,
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
    /// Whether the broker is lwtop's own.
    #[must_use]
    pub const fn embedded(&self) -> bool {
        matches!(self.source, Source::Embedded { .. })
    }

    /// Whether devices come through lwtop's own gateway.
    #[must_use]
    pub const fn gateway(&self) -> bool {
        !matches!(self.source, Source::External(_))
    }

    /// Open files that one simulated device costs in this process.
    #[must_use]
    pub const fn files_per_device(&self) -> u64 {
        // Its own socket; and where the gateway stands between: its two, and the broker's.
        match self.source {
            Source::Embedded { .. } => 4,
            Source::Upstream { .. } => 3,
            Source::External(_) => 1,
        }
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
    config: GatewayConfig,
    guests: Arc<Guests>,
}

impl Door {
    pub(super) fn open(self, lanes: &Lanes) -> Gateway {
        let Lanes { reports, board, clock } = lanes.clone();
        self.listener.serve(self.config, reports, board, self.guests, clock)
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
    // Once a run, and large: whoever waits for it does not carry it along.
    Box::pin(bring_up(setup, others, lanes)).await
}

/// Brings up all parts, and listens to wills alone.
///
/// # Errors
/// One clear sentence.
pub async fn start_for_wills(setup: Setup, lanes: Lanes) -> Result<Parts, String> {
    Box::pin(bring_up(setup, Vec::new(), lanes)).await
}

async fn bring_up(setup: Setup, other_filters: Vec<TopicFilter>, lanes: Lanes) -> Result<Parts, String> {
    let say = |text: &str| lanes.reports.send(Report::Starting(text.to_owned()));
    let lost = |_| "the hub is gone".to_owned();
    let will_filters = vec![setup.topics.will.clone()];
    match setup.source {
        Source::Embedded { listen, doors, users } => {
            say("opening the door for devices").await.map_err(lost)?;
            let logins = match users {
                Some(users) => Some(logins(users).await?),
                None => None,
            };
            let listener = doors.open(listen, &lanes).await?;
            let address = listener.local_addr();
            say("starting the broker").await.map_err(lost)?;
            let guests = Arc::new(Guests::default());
            let broker = EmbeddedBroker::start_telling(Arc::clone(&guests), lanes.reports.clone(), lanes.clock);
            let broker = broker.await.map_err(|error| error.to_string())?;
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
            let config = GatewayConfig { logins: logins.map(Arc::new), ..GatewayConfig::new(upstream) };
            let door = Some(Door { listener, config, guests });
            Ok(Parts { broker: Some(broker), door, gateway: None, link, base, heard, swarm })
        }
        Source::External(address) => {
            let way = (address, "--broker");
            external(way, setup.link, setup.template, [will_filters, other_filters], &lanes).await
        }
        Source::Upstream { address, listen, doors } => {
            say("opening the door for devices").await.map_err(lost)?;
            let listener = doors.open(listen, &lanes).await?;
            let open = listener.local_addr();
            let config = GatewayConfig::in_front_of(&address.host, address.port);
            let template = DeviceTemplate { login: address.login.clone(), ..setup.template };
            let (way, filters) = ((address, "--upstream"), [will_filters, other_filters]);
            let parts = external(way, setup.link, template.clone(), filters, &lanes).await?;
            let Lanes { reports, board, clock } = lanes.clone();
            let swarm = Swarm::new(Target::from(reachable(open)), template, reports, board, clock, Witness::Gateway);
            Ok(Parts { door: Some(Door { listener, config, guests: Arc::default() }), swarm, ..parts })
        }
    }
}

/// Connects to somebody else's broker, which a flag names; devices that are launched connect there too.
async fn external(
    (address, flag): (BrokerAddress, &'static str),
    options: LinkOptions,
    template: DeviceTemplate,
    [will_filters, other_filters]: [Vec<TopicFilter>; 2],
    lanes: &Lanes,
) -> Result<Parts, String> {
    let lost = |_| "the hub is gone".to_owned();
    lanes.reports.send(Report::Starting(format!("connecting to {address}"))).await.map_err(lost)?;
    let login = address.login.clone();
    let mut base = options.to(address.clone());
    base.route.flag = flag;
    let config = LinkConfig { will_filters, other_filters, ..base.clone() };
    let heard = heard(&config);
    if config.route.tls.insecure && address.scheme.is_secure() {
        let notice = Report::Notice("insecure: the broker's certificate is not verified".to_owned());
        lanes.reports.send(notice).await.map_err(lost)?;
    }
    let target = Target::from(config.route.clone());
    let link = Link::start(config, lanes.reports.clone(), lanes.clock);
    let template = DeviceTemplate { login, ..template };
    let Lanes { reports, board, clock } = lanes.clone();
    let swarm = Swarm::new(target, template, reports, board, clock, Witness::Own);
    Ok(Parts { broker: None, door: None, gateway: None, link, base, heard, swarm })
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
