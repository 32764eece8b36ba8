//! The configuration, and what the hub starts with.

use super::{Failure, flags, warn};
use crate::cli::{DeviceArgs, FleetArgs, Mode};
use crate::config::{BrokerSection, Config, Loaded, Origin, TLS};
use crate::device::{Announcement, DeviceTemplate, Telemetry, WillTemplate};
use crate::dial::{Proxy, Route};
use crate::gateway::Logins;
use crate::hub::{Doors, LinkOptions, Setup, Source};
use crate::link::Backoff;
use crate::mqtt::address::{AddressError, authority};
use crate::mqtt::{BrokerAddress, Protocol, Qos, Scheme, TopicError, TopicFilter};
use crate::rules::RuleSet;
use crate::tls::{TlsOptions, check_files};
use std::fmt::Display;
use std::net::IpAddr;
use std::str::FromStr;

/// How many devices are launched when no flag says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Launch {
    /// As many as the configuration says, on the embedded broker: the interface shows something to look at.
    Configured,
    /// None: a stream shows what is there.
    None,
}

/// Whose broker it is when no flag says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Serve {
    /// The embedded one, unless the configuration names another.
    Unless,
    /// The embedded one, whatever the configuration says: that is what the command is for.
    Always,
}

/// The keys that only mean something where lwtop's own broker is.
const DOORS: [&str; 4] = ["broker.listen", "broker.tls_listen", "broker.ws_listen", "broker.wss_listen"];

/// The keys that say who comes in there.
const OWN: [&str; 3] = ["broker.certs", "broker.require_client_cert", "broker.users_file"];

/// What `lwtop`, `lwtop watch` and `lwtop broker` start with.
pub(super) fn fleet(args: &FleetArgs, launch: Launch, serve: Serve) -> Result<Setup, Failure> {
    let loaded = flags::load(&flags::of_fleet(args))?;
    of_loaded(&loaded, args, launch, serve)
}

/// The same from a configuration that was read already.
pub(super) fn of_loaded(loaded: &Loaded, args: &FleetArgs, launch: Launch, serve: Serve) -> Result<Setup, Failure> {
    let config = &loaded.config;
    let source = match config.broker.url.as_deref().filter(|_| serve == Serve::Unless) {
        Some(url) if config.broker.gateway => {
            let listen = config.broker.listen;
            Source::Upstream { address: upstream(loaded, url)?, listen, doors: doors(config) }
        }
        // Said later wins; said at once, there is a broker to watch.
        Some(url) if DOORS.iter().all(|key| loaded.origin("broker.url").rank() >= loaded.origin(key).rank()) => {
            Source::External(external(loaded, url)?)
        }
        _ => {
            let (listen, users) = (config.broker.listen, config.broker.users_file.clone());
            Source::Embedded { listen, doors: doors(config), users }
        }
    };
    doors_in_use(loaded, &source)?;
    files_of_doors(loaded, &source)?;
    if config.topics.will == config.topics.executed {
        return Err(Failure::Usage(format!(
            "wills and executed messages cannot both be on {}: give one of them another topic",
            config.topics.will
        )));
    }
    let embedded = matches!(source, Source::Embedded { .. });
    let rules = if embedded || args.rules { config.rule_set().map_err(usage)? } else { RuleSet::default() };
    let devices = match launch {
        // A flag or a variable is meant for this very run.
        _ if loaded.origin("devices.count").rank() >= Origin::Environment("").rank() => config.devices.count,
        Launch::Configured if embedded => config.devices.count,
        _ => 0,
    };
    let mut link = LinkOptions { secrets: loaded.secrets.clone(), ..link(config) };
    if let Source::External(address) = &source {
        without_qos_2(loaded, address)?;
        link.proxy = proxy(config, address)?;
    }
    Ok(Setup {
        source,
        link,
        topics: config.topics(),
        rules,
        template: template(config)?,
        prefix: config.devices.id.clone(),
        lifecycle: config.broker.lifecycle,
        devices,
    })
}

/// Refuses what is said of doors and has no effect: who says it relies on it. What stands in the file or the environment may be
/// for another command, apart from a certificate that is required and nobody would be asked for.
fn doors_in_use(loaded: &Loaded, source: &Source) -> Result<(), Failure> {
    let config = &loaded.config.broker;
    let flag = |key: &str| matches!(loaded.origin(key), Origin::Flag(_));
    let wrong = |key: &str, why: &str| Err(Failure::Usage(loaded.origin(key).blame(key, why)));
    if matches!(source, Source::External(_)) {
        return match OWN.iter().find(|key| flag(key)) {
            Some(key) => wrong(key, "it is for lwtop's own doors, and with --broker there are none: leave it out"),
            None => Ok(()),
        };
    }
    if config.tls_listen.is_none() && config.wss_listen.is_none() {
        let none = "it is of no use without a door for TLS: open one, with --tls-listen or --wss-listen";
        if config.require_client_cert {
            return wrong("broker.require_client_cert", none);
        }
        return if flag("broker.certs") { wrong("broker.certs", none) } else { Ok(()) };
    }
    let others = [Some(config.listen), config.ws_listen].into_iter().flatten().find(|at| !at.ip().is_loopback());
    if let Some(at) = others.filter(|_| config.require_client_cert && config.users_file.is_none()) {
        warn(&format!(
            "certificates are required over TLS alone: at {at} everybody in the network gets in without one. Listen there on \
             127.0.0.1, or let only users in, with --users."
        ));
    }
    Ok(())
}

/// Reads what the doors need once before: what is wrong with these files now is a fault of flags or configuration.
fn files_of_doors(loaded: &Loaded, source: &Source) -> Result<(), Failure> {
    let wrong = |key: &str, why: &str| Failure::Usage(loaded.origin(key).blame(key, why));
    let (doors, users) = match source {
        Source::Embedded { doors, users, .. } => (doors, users.as_deref()),
        Source::Upstream { doors, .. } => (doors, None),
        Source::External(_) => return Ok(()),
    };
    doors.check().map_err(|why| wrong("broker.certs", &why))?;
    match users.map(Logins::read) {
        Some(Err(error)) => Err(wrong("broker.users_file", &error.to_string())),
        _ => Ok(()),
    }
}

/// Refuses what AWS IoT Core closes a connection over, without a word in MQTT 3.1.1.
fn without_qos_2(loaded: &Loaded, address: &BrokerAddress) -> Result<(), Failure> {
    let devices = &loaded.config.devices;
    let aws = Route { tls: link(&loaded.config).tls, ..Route::from(address.clone()) }.is_aws();
    for (key, qos) in [("devices.will.qos", devices.will.qos), ("devices.connected.qos", devices.connected.qos)] {
        if aws && qos == Qos::ExactlyOnce {
            let why = "AWS IoT Core has no QoS 2, and closes the connection of a device that asks for it: write 0 or 1";
            return Err(Failure::Usage(loaded.origin(key).blame(key, why)));
        }
    }
    Ok(())
}

/// The address of a broker that the gateway is to stand in front of.
fn upstream(loaded: &Loaded, url: &str) -> Result<BrokerAddress, Failure> {
    let address = external(loaded, url)?;
    let wrong = |key, why: &str| Err(Failure::Usage(loaded.origin(key).blame(key, why)));
    let BrokerSection { listen, users_file, proxy, .. } = &loaded.config.broker;
    if address.scheme != Scheme::Mqtt {
        let why = format!(
            "the gateway speaks MQTT over TCP to the broker behind it, and {}://{} is something else: name its address \
             for mqtt://, or watch it with --broker",
            address.scheme.name(),
            address.authority()
        );
        return wrong("broker.url", &why);
    }
    if users_file.is_some() {
        let why =
            "who may come in is said by the broker behind the gateway, which gets every login as it is: leave it out";
        return wrong("broker.users_file", why);
    }
    if proxy.is_some() {
        return wrong("broker.proxy", "the gateway goes to the broker behind it without a proxy: leave it out");
    }
    let same = match address.host.parse::<IpAddr>() {
        Ok(ip) => ip == listen.ip() || listen.ip().is_unspecified() && ip.is_loopback(),
        Err(_) => address.host == "localhost" && (listen.ip().is_loopback() || listen.ip().is_unspecified()),
    };
    if same && address.port == listen.port() {
        let why = format!("{listen} is where the gateway would listen itself: give it another address with --listen");
        return wrong("broker.url", &why);
    }
    Ok(address)
}

/// The address of a broker that is not lwtop's own, with the login that holds there.
fn external(loaded: &Loaded, url: &str) -> Result<BrokerAddress, Failure> {
    let from = loaded.origin("broker.url");
    let mut address: BrokerAddress =
        url.parse().map_err(|error: AddressError| Failure::Usage(from.blame("broker.url", &error.to_string())))?;
    address.login = loaded.login(&address).map_err(usage)?;
    if !address.scheme.is_secure() {
        // Whoever says so with the address or after it, believes that there is TLS.
        let said = |key: &&&str| {
            let origin = loaded.origin(key);
            origin != Origin::Default && origin.rank() >= from.rank()
        };
        if let Some(key) = TLS.iter().find(said) {
            let (plain, secure) = if address.scheme.is_websocket() { ("ws", "wss") } else { ("mqtt", "mqtts") };
            let why = format!("it is of no use without TLS, and {plain}:// has none: write {secure}://");
            return Err(Failure::Usage(loaded.origin(key).blame(key, &why)));
        }
        return Ok(address);
    }
    // They are read again for every connection; what is wrong with them now is a fault of flags or configuration.
    check_files(&link(&loaded.config).tls).map_err(usage)?;
    if loaded.config.broker.insecure {
        warn(&format!(
            "the certificate of {} is not verified ({}): whoever is in between can read and change everything.",
            address.authority(),
            loaded.origin("broker.insecure")
        ));
    }
    Ok(address)
}

/// Where its gateway listens beside MQTT over TCP.
fn doors(config: &Config) -> Doors {
    let broker = &config.broker;
    Doors {
        tls: broker.tls_listen,
        websocket: broker.ws_listen,
        secure_websocket: broker.wss_listen,
        server: broker.server(),
    }
}

/// The proxy on the way there: what `wss://` is to the network is HTTPS, so that goes as all HTTPS does.
fn proxy(config: &Config, address: &BrokerAddress) -> Result<Option<Proxy>, Failure> {
    match &config.broker.proxy {
        Some(text) => text.parse().map(Some).map_err(usage),
        None if address.scheme == Scheme::Wss => {
            Proxy::of_environment(&address.host, |name| std::env::var(name).ok()).map_err(usage)
        }
        None => Ok(None),
    }
}

/// How lwtop connects there, but for the proxy.
fn link(config: &Config) -> LinkOptions {
    let BrokerSection {
        proxy: _,
        ca,
        cert,
        key,
        server_name,
        alpn,
        insecure,
        protocol,
        keep_alive,
        clean,
        client_id,
        headers,
        ..
    } = config.broker.clone();
    LinkOptions {
        tls: TlsOptions { ca, cert, key, server_name, alpn, insecure },
        headers,
        proxy: None,
        client_id,
        protocol,
        keep_alive: Some(keep_alive),
        keep_session: !clean,
        backoff: Backoff::default(),
        secrets: Vec::new(),
    }
}

/// Single devices.
pub(super) struct Single {
    /// Where to.
    pub route: Route,
    /// What they are like.
    pub template: DeviceTemplate,
    /// What the first is called.
    pub id: String,
    /// To what they listen.
    pub listens: Option<TopicFilter>,
}

/// What `lwtop device` starts with. With an endpoint, what is not said is as in the article's script.
pub(super) fn device(args: &DeviceArgs) -> Result<Single, Failure> {
    let script = args.endpoint.is_some();
    let url = match &args.endpoint {
        Some(host) => Some(("--endpoint", endpoint(host, args)?)),
        None => args.broker.clone().map(|url| ("--broker", url)),
    };
    let mode = args.mode.unwrap_or(if script { Mode::Both } else { Mode::Publish });
    let topic = args.topic.clone().or_else(|| script.then(|| "sdk/test/Python".to_owned()));
    // Who only listens may do so with wildcards.
    let said = topic.clone().filter(|_| mode != Mode::Subscribe).map(|topic| ("--topic", topic));
    let loaded = flags::load(&flags::of_device(args, url, said))?;
    let config = &loaded.config;
    let has_certificate = config.broker.cert.is_some();
    if args.websocket && has_certificate {
        let why = "X.509 certificate and WebSocket are mutually exclusive for the script: leave out -w, or the certificate and \
                   its key";
        return Err(Failure::Usage(loaded.origin("broker.cert").blame("broker.cert", why)));
    }
    if script && !args.websocket && !has_certificate && config.broker.user.is_none() {
        let why = "missing credentials: name the client certificate with -c and its private key with -k, or use -w";
        return Err(Failure::Usage(why.to_owned()));
    }
    let address = external(&loaded, config.broker.url.as_deref().unwrap_or("mqtt://127.0.0.1:1883"))?;
    without_qos_2(&loaded, &address)?;
    if args.will_delay.is_some() && config.devices.protocol != Protocol::V5 {
        return Err(Failure::Usage("--will-delay: only MQTT 5 has it: add --protocol 5".to_owned()));
    }
    let mut template = DeviceTemplate { login: address.login.clone(), ..template(config)? };
    if args.no_will {
        template.will = None;
    }
    let listens = match (mode, &topic) {
        (Mode::Publish, _) => None,
        (_, Some(topic)) => Some(parse(topic, "--topic")?),
        (_, None) => Some(parse(config.connected_topic().map_err(usage)?.as_str(), "--topic")?),
    };
    if mode == Mode::Subscribe {
        template.connected = None;
    }
    let connected = template.connected.as_ref().map_or("", |connected| connected.topic.as_str());
    // AWS IoT Core does take messages of devices there.
    if connected.starts_with('$') && !connected.starts_with("$aws/") {
        let why =
            format!("topics that begin with $ are the broker's own: it may take nothing on {connected} from a device");
        let key = if loaded.origin("devices.connected.topic") == Origin::Default {
            "topics.connected"
        } else {
            "devices.connected.topic"
        };
        warn(&format!("{}.", loaded.origin(key).blame(key, &why)));
    }
    let id =
        args.id.clone().unwrap_or_else(|| if script { "basicPubSub".to_owned() } else { config.devices.id.clone() });
    let LinkOptions { tls, headers, .. } = link(config);
    let proxy = proxy(config, &address)?;
    Ok(Single { route: Route { tls, headers, proxy, ..Route::from(address) }, template, id, listens })
}

/// The URL of the script's endpoint.
fn endpoint(host: &str, args: &DeviceArgs) -> Result<String, Failure> {
    let scheme = if args.websocket { Scheme::Wss } else { Scheme::Mqtts };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    // One colon alone is no IPv6 address.
    let with_port = bare.contains(']') || bare.matches(':').count() == 1;
    if bare.is_empty() || with_port || bare.contains(['/', '@', '?', '#', '%']) || bare.contains(char::is_whitespace) {
        return Err(Failure::Usage(format!(
            "--endpoint: {host:?} is no name of a host: the port is said with -p, and a URL with --broker"
        )));
    }
    let port = args.port.unwrap_or(scheme.port());
    Ok(format!("{}://{}", scheme.name(), authority(bare, port)))
}

fn usage(error: impl Display) -> Failure {
    Failure::Usage(error.to_string())
}

fn parse<T: FromStr<Err = TopicError>>(text: &str, flag: &str) -> Result<T, Failure> {
    text.parse().map_err(|error| Failure::Usage(format!("{flag}: {error}")))
}

/// What simulated devices are like.
fn template(config: &Config) -> Result<DeviceTemplate, Failure> {
    let devices = &config.devices;
    let telemetry = (!devices.telemetry.every.is_zero()).then(|| Telemetry {
        topic: devices.telemetry.topic.clone(),
        payload: devices.telemetry.payload.clone(),
        every: devices.telemetry.every,
    });
    Ok(DeviceTemplate {
        protocol: devices.protocol,
        keep_alive: devices.keep_alive,
        clean: devices.clean,
        will: Some(WillTemplate {
            topic: config.will_topic().map_err(usage)?,
            payload: devices.will.payload.clone(),
            qos: devices.will.qos,
            retain: devices.will.retain,
            delay: devices.will.delay,
        }),
        connected: Some(Announcement {
            topic: config.connected_topic().map_err(usage)?,
            payload: devices.connected.payload.clone(),
            qos: devices.connected.qos,
            retain: devices.connected.retain,
        }),
        telemetry,
        login: None,
    })
}
