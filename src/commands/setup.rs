//! Flags over configuration file, and both into what the hub starts with.

use super::Failure;
use crate::cli::{DeviceArgs, FleetArgs, TopicArgs};
use crate::config::Config;
use crate::device::{Announcement, DeviceTemplate, Telemetry, WillTemplate};
use crate::hub::{Setup, Source};
use crate::mqtt::{BrokerAddress, TopicError};
use crate::rules::RuleSet;
use std::fmt::Display;
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

/// What `lwtop`, `lwtop watch` and `lwtop broker` start with.
pub(super) fn fleet(args: &FleetArgs, launch: Launch, serve: Serve) -> Result<Setup, Failure> {
    let mut config = load(args.config.as_deref())?;
    topics(&mut config, &args.topics)?;
    let source = match (&args.broker, args.listen, &config.broker.url) {
        (Some(url), _, _) => Source::External(broker(url, "--broker")?),
        (None, None, Some(url)) if serve == Serve::Unless => Source::External(broker(url, "broker.url")?),
        (None, listen, _) => Source::Embedded { listen: listen.unwrap_or(config.broker.listen) },
    };
    if config.topics.will == config.topics.executed {
        return Err(Failure::Usage(format!(
            "wills and executed messages cannot both be on {}: give one of them another topic",
            config.topics.will
        )));
    }
    let embedded = matches!(source, Source::Embedded { .. });
    let rules = if embedded || args.rules { config.rule_set().map_err(usage)? } else { RuleSet::default() };
    let devices = match launch {
        Launch::Configured if embedded => config.devices.count,
        _ => 0,
    };
    Ok(Setup {
        source,
        topics: config.topics(),
        rules,
        template: template(&config)?,
        prefix: config.devices.id.clone(),
        devices: args.devices.unwrap_or(devices),
    })
}

/// What `lwtop device` starts with, and the id a device has by default.
pub(super) fn device(args: &DeviceArgs) -> Result<(DeviceTemplate, String), Failure> {
    let mut config = load(args.config.as_deref())?;
    let devices = &mut config.devices;
    if let Some(keep_alive) = args.keep_alive {
        devices.keep_alive = crate::mqtt::KeepAlive(keep_alive);
    }
    if let Some(protocol) = args.protocol {
        devices.protocol = protocol;
    }
    if let Some(topic) = &args.will_topic {
        devices.will.topic = Some(parse(topic, "--will-topic")?);
    }
    if let Some(topic) = &args.connected_topic {
        devices.connected.topic = Some(parse(topic, "--connected-topic")?);
    }
    Ok((template(&config)?, config.devices.id.clone()))
}

fn load(explicit: Option<&std::path::Path>) -> Result<Config, Failure> {
    Config::load(explicit).map_err(usage)
}

fn usage(error: impl Display) -> Failure {
    Failure::Usage(error.to_string())
}

fn broker(url: &str, from: &str) -> Result<BrokerAddress, Failure> {
    url.parse().map_err(|error| Failure::Usage(format!("{from}: {error}")))
}

fn parse<T: FromStr<Err = TopicError>>(text: &str, flag: &str) -> Result<T, Failure> {
    text.parse().map_err(|error| Failure::Usage(format!("{flag}: {error}")))
}

fn topics(config: &mut Config, args: &TopicArgs) -> Result<(), Failure> {
    if let Some(text) = &args.will_topic {
        config.topics.will = parse(text, "--will-topic")?;
    }
    if let Some(text) = &args.connected_topic {
        config.topics.connected = parse(text, "--connected-topic")?;
    }
    if let Some(text) = &args.executed_topic {
        config.topics.executed = parse(text, "--executed-topic")?;
    }
    Ok(())
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
