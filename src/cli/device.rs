//! `lwtop device`: the flags of the article's script under their names, and more.

use super::{duration, protocol};
use crate::mqtt::{Fault, Protocol};
use clap::{ArgAction, Args, ValueEnum};
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::time::Duration;

/// What the device does beside living, as the article's script has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Mode {
    /// Listens and publishes
    Both,
    /// Publishes
    Publish,
    /// Listens
    Subscribe,
}

/// `lwtop device`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
#[command(after_help = "Examples:
  lwtop device --id lwtThing --sleep 10s --fault rst     its will is published after 10 s
  lwtop device -e HOST -r ca.pem -c lwtThing.pem -k lwtThing.key -id lwtThing \\
    -t /lwt/connected/topic -m publish                   as the article's script does it

-e, -r, -c, -k, -p, -w, -id, -t, -m and -M are the flags of that script. With -e its defaults \
hold: -id basicPubSub, -t sdk/test/Python, -m both, port 8883 (443 with -w).

Exit codes: 0 it lived and died as planned; 1 it could not connect, or lost its connection before \
its time; 2 wrong flags or configuration.")]
pub struct DeviceArgs {
    /// Read this configuration file instead of the usual one
    #[arg(long, value_name = "FILE", help_heading = "Broker")]
    pub config: Option<PathBuf>,

    /// Take what [profiles.NAME] says over the rest of the file
    #[arg(long, value_name = "NAME", help_heading = "Broker")]
    pub profile: Option<String>,

    /// The broker: mqtt://[user[:password]@]host[:port], or mqtts, ws or wss [default: mqtt://127.0.0.1:1883]
    #[arg(long, value_name = "URL", help_heading = "Broker")]
    pub broker: Option<String>,

    /// The broker as the article's script names it: a host with TLS, and a client certificate or -w
    #[arg(short, long, value_name = "HOST", conflicts_with = "broker", help_heading = "Broker")]
    pub endpoint: Option<String>,

    /// The port of the endpoint [default: 8883, with -w 443]
    #[arg(short, long, value_name = "PORT", requires = "endpoint", value_parser = clap::value_parser!(u16).range(1..), help_heading = "Broker")]
    pub port: Option<u16>,

    /// Reach the endpoint over WebSocket: at AWS signed with your AWS credentials, elsewhere with a login or none
    #[arg(short, long, requires = "endpoint", help_heading = "Broker")]
    pub websocket: bool,

    /// Trust these authorities instead of the system's: a PEM file
    #[arg(short = 'r', long = "rootCA", visible_alias = "ca", value_name = "FILE", help_heading = "Broker")]
    pub ca: Option<String>,

    /// Show this client certificate: a PEM file, its chain behind it
    #[arg(short, long, value_name = "FILE", help_heading = "Broker")]
    pub cert: Option<String>,

    /// The private key of the certificate: a PEM file
    #[arg(short, long, value_name = "FILE", help_heading = "Broker")]
    pub key: Option<String>,

    /// Ask for this name and verify it, where it is not the address's
    #[arg(long, value_name = "NAME", help_heading = "Broker")]
    pub server_name: Option<String>,

    /// Offer this application protocol; may be repeated [default: x-amzn-mqtt-ca or mqtt on port 443 of AWS, else none]
    #[arg(long, value_name = "PROTOCOL", help_heading = "Broker")]
    pub alpn: Vec<String>,

    /// Take any certificate of the broker: whoever is in between can read and change everything
    #[arg(long, help_heading = "Broker")]
    pub insecure: bool,

    /// Go through this HTTP proxy: http://[user[:password]@]host[:port] [default: for wss://, HTTPS_PROXY]
    #[arg(long, value_name = "URL", help_heading = "Broker")]
    pub proxy: Option<String>,

    /// User name; the password is in LWTOP_PASSWORD, or where password_env or password_file of the file say
    #[arg(long, value_name = "NAME", help_heading = "Broker")]
    pub user: Option<String>,

    /// Client id; also -id [default: lwtThing, with -e basicPubSub]
    #[arg(long, visible_aliases = ["client-id", "clientId"], value_name = "ID", help_heading = "Device")]
    pub id: Option<String>,

    /// How many devices: the first has the id, the second ID-2, and so on
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u32).range(1..=100_000), help_heading = "Device")]
    pub count: u32,

    /// Keep alive in seconds [default: 30]
    #[arg(long, value_name = "SECONDS", help_heading = "Device")]
    pub keep_alive: Option<u16>,

    /// Protocol version: 3.1.1 or 5 [default: 3.1.1]
    #[arg(long, value_name = "VERSION", value_parser = protocol, help_heading = "Device")]
    pub protocol: Option<Protocol>,

    /// Where it publishes and listens [default: /lwt/connected/topic, with -e sdk/test/Python]
    #[arg(short, long, visible_alias = "connected-topic", value_name = "TOPIC", help_heading = "Device")]
    pub topic: Option<String>,

    /// Whether it publishes, listens, or both [default: publish, with -e both]
    #[arg(short, long, value_enum, value_name = "MODE", help_heading = "Device")]
    pub mode: Option<Mode>,

    /// What it publishes, in {"message": …} [default: the article's]
    #[arg(short = 'M', long, value_name = "TEXT", help_heading = "Device")]
    pub message: Option<String>,

    /// Topic of the will [default: /last/will/topic]
    #[arg(long, value_name = "TOPIC", help_heading = "Will")]
    pub will_topic: Option<String>,

    /// What the will says; ${client_id} stands for the client id [default: the article's]
    #[arg(long, value_name = "TEXT", help_heading = "Will")]
    pub will_payload: Option<String>,

    /// QoS of the will: 0, 1 or 2 [default: 0]
    #[arg(long, value_name = "QOS", help_heading = "Will")]
    pub will_qos: Option<u8>,

    /// Have the broker keep the will
    #[arg(long, action = ArgAction::SetTrue, help_heading = "Will")]
    pub will_retain: bool,

    /// How long the broker is to wait with the will: 5s; needs --protocol 5 [default: 0s]
    #[arg(long, value_name = "DURATION", value_parser = duration, help_heading = "Will")]
    pub will_delay: Option<Duration>,

    /// No will at all
    #[arg(long, conflicts_with_all = ["will_topic", "will_payload", "will_qos", "will_retain", "will_delay"], help_heading = "Will")]
    pub no_will: bool,

    /// How long it lives: 500ms, 30s, 5m
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "60s", help_heading = "Death")]
    pub sleep: Duration,

    /// How it dies: leave, fin, rst, freeze, takeover, protocol-error or leave-with-will
    #[arg(long, value_name = "FAULT", default_value = "fin", value_parser = fault, help_heading = "Death")]
    pub fault: Fault,
}

fn fault(text: &str) -> Result<Fault, String> {
    Fault::of_device(text, &[])
}

/// The command line with `--id` in place of the script's `-id`, which clap would read as `-i -d`.
#[must_use]
pub fn with_long_id(arguments: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = arguments.into_iter().collect();
    if arguments.get(1).is_none_or(|command| command != "device") {
        return arguments;
    }
    for argument in arguments.iter_mut().skip(2).take_while(|argument| *argument != OsStr::new("--")) {
        if let Some(text) = argument.to_str()
            && (text == "-id" || text.starts_with("-id="))
        {
            *argument = format!("-{text}").into();
        }
    }
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Command};
    use clap::Parser;

    fn parse(line: &str) -> Result<DeviceArgs, clap::Error> {
        let words = ["lwtop", "device"].into_iter().chain(line.split_whitespace()).map(OsString::from);
        match Cli::try_parse_from(with_long_id(words))?.command {
            Some(Command::Device(args)) => Ok(*args),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_scripts_flags_have_the_scripts_names() {
        let script = "-e localhost -p 18883 -r ca.pem -c a.pem -k a.key -id lwtThing -t a/b -m publish -M hello";
        let long = "--endpoint localhost --port 18883 --rootCA ca.pem --cert a.pem --key a.key --clientId lwtThing \
                    --topic a/b --mode publish --message hello";
        let own = "--endpoint localhost --port 18883 --ca ca.pem --cert a.pem --key a.key -id=lwtThing \
                   --connected-topic a/b --mode publish --message hello";
        for line in [script, long, own] {
            let args = parse(line).unwrap();
            assert_eq!((args.endpoint.as_deref(), args.port), (Some("localhost"), Some(18_883)), "{line}");
            assert_eq!((args.ca.as_deref(), args.cert.as_deref()), (Some("ca.pem"), Some("a.pem")), "{line}");
            assert_eq!((args.key.as_deref(), args.id.as_deref()), (Some("a.key"), Some("lwtThing")), "{line}");
            assert_eq!((args.topic.as_deref(), args.mode), (Some("a/b"), Some(Mode::Publish)), "{line}");
            assert_eq!((args.message.as_deref(), args.websocket), (Some("hello"), false), "{line}");
        }
        assert!(parse("-e localhost -w").unwrap().websocket);
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        for line in
            ["-e h --broker mqtt://h", "-p 1", "-w", "--no-will --will-qos 1", "--count 0", "-e h -p 0", "-m neither"]
        {
            assert!(parse(line).is_err(), "{line}");
        }
    }

    #[test]
    fn only_device_has_the_scripts_id() {
        let words = |line: &str| line.split_whitespace().map(OsString::from).collect::<Vec<_>>();
        assert_eq!(with_long_id(words("lwtop watch -id x")), words("lwtop watch -id x"));
        assert_eq!(with_long_id(words("lwtop device -id x -- -id")), words("lwtop device --id x -- -id"));
        assert_eq!(with_long_id(words("lwtop device -idle")), words("lwtop device -idle"));
    }
}
