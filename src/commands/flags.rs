//! Flags as settings of the configuration.

use super::{Failure, warn};
use crate::cli::{DeviceArgs, DoorArgs, FleetArgs, InterfaceArgs, LinkArgs, StoryArgs, TopicArgs};
use crate::config::{Environment, Loaded, Setting, Sources};
use std::net::SocketAddr;
use std::path::Path;
use toml::Value;

/// Where the configuration of a fleet comes from.
pub(super) fn of_fleet(args: &FleetArgs) -> Sources {
    let mut flags = of_link(&args.link);
    flags.extend(of_topics(&args.topics));
    flags.extend(one("--broker", "broker.url", args.broker.clone()));
    flags.extend(one("--broker", "broker.gateway", args.broker.as_ref().map(|_| false)));
    flags.extend(one("--upstream", "broker.url", args.upstream.clone()));
    flags.extend(one("--upstream", "broker.gateway", args.upstream.as_ref().map(|_| true)));
    flags.extend(of_doors(&args.doors));
    let count = args.devices.map(|count| i64::try_from(count).unwrap_or(i64::MAX));
    flags.extend(one("--devices", "devices.count", count));
    Sources { named_only: args.named_only, ..sources(args.config.as_deref(), args.profile.as_ref(), flags) }
}

/// Where the configuration of the terminal interface comes from.
pub(super) fn of_interface(args: &FleetArgs, interface: &InterfaceArgs) -> Sources {
    let InterfaceArgs { theme, ascii, read_only, no_mouse } = interface.clone();
    let mut sources = of_fleet(args);
    let flags = [
        one("--theme", "interface.theme", theme),
        one("--ascii", "interface.ascii", ascii.then_some(true)),
        one("--read-only", "interface.read_only", read_only.then_some(true)),
        one("--no-mouse", "interface.mouse", no_mouse.then_some(false)),
    ];
    sources.flags.extend(flags.into_iter().flatten());
    Sources { check: Some(super::interface::faults), ..sources }
}

/// Where the configuration of single devices comes from. `url` and `topic` come with the flags that they are said with.
pub(super) fn of_device(
    args: &DeviceArgs,
    url: Option<(&'static str, String)>,
    topic: Option<(&'static str, String)>,
) -> Sources {
    let DeviceArgs { ca, cert, key, server_name, alpn, insecure, proxy, user, .. } = args;
    let mut flags = of_link(&LinkArgs {
        ca: ca.clone(),
        cert: cert.clone(),
        key: key.clone(),
        server_name: server_name.clone(),
        alpn: alpn.clone(),
        insecure: *insecure,
        proxy: proxy.clone(),
        user: user.clone(),
        protocol: None,
        client_id: None,
    });
    let message =
        args.message.as_ref().map(|text| format!("{{\"message\": {}}}", serde_json::Value::from(text.as_str())));
    let delay = args.will_delay.map(|delay| format!("{}ms", delay.as_millis()));
    let said = [
        url.map(|(flag, url)| Setting { flag, key: "broker.url", value: url.into() }),
        topic.map(|(flag, topic)| Setting { flag, key: "devices.connected.topic", value: topic.into() }),
        one("--keep-alive", "devices.keep_alive", args.keep_alive.map(i64::from)),
        one("--protocol", "devices.protocol", args.protocol.map(|protocol| protocol.to_string())),
        one("--message", "devices.connected.payload", message),
        one("--will-topic", "devices.will.topic", args.will_topic.clone()),
        one("--will-payload", "devices.will.payload", args.will_payload.clone()),
        one("--will-qos", "devices.will.qos", args.will_qos.map(i64::from)),
        one("--will-retain", "devices.will.retain", args.will_retain.then_some(true)),
        one("--will-delay", "devices.will.delay", delay),
    ];
    flags.extend(said.into_iter().flatten());
    sources(args.config.as_deref(), args.profile.as_ref(), flags)
}

/// Where the configuration of a text for AWS comes from.
pub(super) fn of_story(args: &StoryArgs) -> Sources {
    sources(args.config.as_deref(), args.profile.as_ref(), of_topics(&args.topics))
}

/// The configuration without flags of its own.
pub(super) fn of_file(config: Option<&Path>) -> Sources {
    sources(config, None, Vec::new())
}

/// Reads it, and says what a person should know of it.
pub(super) fn load(sources: &Sources) -> Result<Loaded, Failure> {
    let loaded = sources.load()?;
    loaded.warnings.iter().for_each(|warning| warn(&format!("{warning}.")));
    Ok(loaded)
}

fn sources(config: Option<&Path>, profile: Option<&String>, flags: Vec<Setting>) -> Sources {
    let (file, profile) = (config.map(Path::to_owned), profile.cloned());
    Sources { file, profile, environment: Environment::of_process(), flags, ..Sources::default() }
}

fn one(flag: &'static str, key: &'static str, value: Option<impl Into<Value>>) -> Option<Setting> {
    value.map(|value| Setting { flag, key, value: value.into() })
}

fn of_topics(args: &TopicArgs) -> Vec<Setting> {
    let TopicArgs { will_topic, connected_topic, executed_topic } = args.clone();
    let flags = [
        one("--will-topic", "topics.will", will_topic),
        one("--connected-topic", "topics.connected", connected_topic),
        one("--executed-topic", "topics.executed", executed_topic),
    ];
    flags.into_iter().flatten().collect()
}

fn of_doors(args: &DoorArgs) -> Vec<Setting> {
    let DoorArgs { listen, tls_listen, ws_listen, wss_listen, certs, require_client_cert, users } = args.clone();
    let at = |flag, key, address: Option<SocketAddr>| one(flag, key, address.map(|address| address.to_string()));
    let flags = [
        at("--listen", "broker.listen", listen),
        at("--tls-listen", "broker.tls_listen", tls_listen),
        at("--ws-listen", "broker.ws_listen", ws_listen),
        at("--wss-listen", "broker.wss_listen", wss_listen),
        one("--certs", "broker.certs", certs),
        one("--require-client-cert", "broker.require_client_cert", require_client_cert.then_some(true)),
        one("--users", "broker.users_file", users),
    ];
    flags.into_iter().flatten().collect()
}

fn of_link(args: &LinkArgs) -> Vec<Setting> {
    let LinkArgs { proxy, ca, cert, key, server_name, alpn, insecure, user, protocol, client_id } = args.clone();
    let flags = [
        one("--proxy", "broker.proxy", proxy),
        one("--ca", "broker.ca", ca),
        one("--cert", "broker.cert", cert),
        one("--key", "broker.key", key),
        one("--server-name", "broker.server_name", server_name),
        one("--alpn", "broker.alpn", (!alpn.is_empty()).then_some(alpn)),
        one("--insecure", "broker.insecure", insecure.then_some(true)),
        one("--user", "broker.user", user),
        one("--protocol", "broker.protocol", protocol),
        one("--client-id", "broker.client_id", client_id),
    ];
    flags.into_iter().flatten().collect()
}
