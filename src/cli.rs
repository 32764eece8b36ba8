//! The command line.

#![allow(rustdoc::broken_intra_doc_links, reason = "brackets in a help text are optional parts, not links")]

mod aws;
mod certs;
mod config;
mod device;
mod doors;
mod interface;
mod link;
mod play;
mod rule;
mod swarm;

pub use aws::{AwsArgs, AwsCommand, PolicyArgs, StoryArgs, TemplateArgs};
pub use certs::CertsArgs;
pub use config::{ConfigArgs, ConfigCommand, ConfigPathArgs};
pub use device::{DeviceArgs, Mode, with_long_id};
pub use doors::DoorArgs;
pub use interface::InterfaceArgs;
pub use link::LinkArgs;
pub use play::{LessonArgs, PlayArgs};
pub use rule::{Format, RuleArgs, RuleCheckArgs, RuleCommand, RuleTestArgs};
pub use swarm::SwarmArgs;

use crate::mqtt::Protocol;
use clap::{Args, Parser, Subcommand};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// top for MQTT Last Will and Testament: watch a fleet, see how each device went away, make one die on purpose.
#[derive(Debug, Parser)]
#[command(
    version,
    args_conflicts_with_subcommands = true,
    after_help = "Examples:
  lwtop                                      own broker on 127.0.0.1:1883, three devices, press x
  lwtop --broker mqtt://192.168.1.5:1883     watch the devices of another broker
  lwtop lesson                               learn what a will is, in five minutes
  lwtop --upstream mqtt://192.168.1.5:1883 --listen 127.0.0.1:1884
                                             stand in front of it: devices connect to port 1884
  lwtop watch --devices 3 --for 10s | jq     the same without a screen, one JSON object a line
  lwtop --profile aws --broker mqtts://HOST --ca CA --cert CERT --key KEY
                                             watch AWS IoT Core: HOST ends in amazonaws.com
  lwtop rule check                           look for mistakes in the rules of the configuration
  lwtop config show                          what holds, and where it comes from

Every flag from --broker to --executed-topic can be said in the configuration file too, and most in an environment \
variable: LWTOP_BROKER, LWTOP_CA, LWTOP_WILL_TOPIC, … The later wins: file, profile, environment, flag.

Exit codes: 0 done; 1 it could not go on (broker unreachable, port in use, …); 2 wrong flags or configuration; \
128 + n: the interface was ended by signal n. lwtop rule test, play and swarm have their own."
)]
pub struct Cli {
    /// What to do; without a command, the terminal interface opens.
    #[command(subcommand)]
    pub command: Option<Command>,

    /// Options of the terminal interface.
    #[command(flatten)]
    pub fleet: FleetArgs,

    /// How it looks and listens.
    #[command(flatten)]
    pub interface: InterfaceArgs,
}

/// What lwtop can do besides the terminal interface.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Print what happens, one JSON object a line; logs go to standard error
    Watch(Box<WatchArgs>),
    /// Serve the broker, the gateway and the rule without a screen, and print what happens
    Broker(BrokerArgs),
    /// Run one simulated device: connect, announce itself, sleep, die
    Device(Box<DeviceArgs>),
    /// Make a certificate authority, a server's certificate and those of devices, as files
    Certs(CertsArgs),
    /// Learn what a will is: the lessons in the terminal interface, beginning with the article
    Lesson(Box<LessonArgs>),
    /// Play a scenario without a screen: what it does, and whether all came as it expects
    Play(Box<PlayArgs>),
    /// Run thousands of simulated devices, make them die, and count whether all their wills come
    Swarm(Box<SwarmArgs>),
    /// Try a rule on a message, or look for mistakes in the rules of a configuration
    Rule(RuleArgs),
    /// Where the configuration is, and what holds of it
    Config(ConfigArgs),
    /// What AWS needs: a template with the rule of the article, and the policy for lwtop's own connection
    Aws(AwsArgs),
}

/// Which fleet.
#[derive(Debug, Clone, Default, Args)]
pub struct FleetArgs {
    /// Read this configuration file instead of the usual one
    #[arg(long, value_name = "FILE", help_heading = "Fleet")]
    pub config: Option<PathBuf>,

    /// Take what [profiles.NAME] says over the rest of the file; lwtop has a profile "aws" of its own
    #[arg(long, value_name = "NAME", help_heading = "Fleet")]
    pub profile: Option<String>,

    /// Watch this broker instead of serving one: mqtt://[user[:password]@]host[:port], or mqtts, ws or wss
    #[arg(long, value_name = "URL", conflicts_with_all = ["listen", "tls_listen", "ws_listen", "wss_listen"], help_heading = "Fleet")]
    pub broker: Option<String>,

    /// Stand in front of this broker: devices connect to --listen and are seen on the wire; mqtt://[user[:password]@]host[:port]
    #[arg(long, value_name = "URL", conflicts_with = "broker", help_heading = "Fleet")]
    pub upstream: Option<String>,

    /// Launch this many simulated devices at the start [default: 3 in the interface on the embedded broker, else 0]
    #[arg(long, value_name = "N", help_heading = "Fleet")]
    pub devices: Option<usize>,

    /// Run lwtop's rules on another broker too (they always run on the embedded one)
    #[arg(long, help_heading = "Fleet")]
    pub rules: bool,

    /// Whether only a configuration that is named counts, and not the usual file.
    #[arg(skip)]
    pub named_only: bool,

    /// Where devices come in.
    #[command(flatten)]
    pub doors: DoorArgs,

    /// How to connect.
    #[command(flatten)]
    pub link: LinkArgs,

    /// Topics of the story.
    #[command(flatten)]
    pub topics: TopicArgs,
}

/// Where the story is told.
#[derive(Debug, Clone, Default, Args)]
pub struct TopicArgs {
    /// Topic filter of wills; a + names the device [default: /last/will/topic]
    #[arg(long, value_name = "FILTER", help_heading = "Topics")]
    pub will_topic: Option<String>,

    /// Topic filter of connected messages; a + names the device [default: /lwt/connected/topic]
    #[arg(long, value_name = "FILTER", help_heading = "Topics")]
    pub connected_topic: Option<String>,

    /// Topic that the rule republishes to [default: /lwt/executed]
    #[arg(long, value_name = "TOPIC", help_heading = "Topics")]
    pub executed_topic: Option<String>,
}

/// `lwtop watch`.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  lwtop watch --broker mqtt://127.0.0.1:1883 --rules | jq 'select(.event == \"incident\")'

Events: listening, link, online, overdue, offline, message, rule, executed, action, incident; with --summary, summary.")]
pub struct WatchArgs {
    /// Which fleet.
    #[command(flatten)]
    pub fleet: FleetArgs,

    /// One line a second with the state of the whole fleet, instead of one for each event
    #[arg(long, help_heading = "Stream")]
    pub summary: bool,

    /// Stop after this time: 30s, 5m, 1h
    #[arg(long = "for", value_name = "DURATION", value_parser = duration, help_heading = "Stream")]
    pub time: Option<Duration>,

    /// Stop after this many lines
    #[arg(long, value_name = "N", help_heading = "Stream")]
    pub count: Option<u64>,
}

/// `lwtop broker`.
#[derive(Debug, Args)]
#[command(mut_arg("listen", |listen| {
    listen.help("Where it listens; port 0 takes any free one [default: 127.0.0.1:1883]")
}))]
#[command(after_help = "Example:
  lwtop broker --listen 127.0.0.1:1884     until ctrl-c or SIGTERM")]
pub struct BrokerArgs {
    /// Read this configuration file instead of the usual one
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Take what [profiles.NAME] says over the rest of the file
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,

    /// Launch this many simulated devices at the start [default: 0]
    #[arg(long, value_name = "N")]
    pub devices: Option<usize>,

    /// Where it listens.
    #[command(flatten)]
    pub doors: DoorArgs,

    /// Topics of the story.
    #[command(flatten)]
    pub topics: TopicArgs,
}

/// Where to listen: an IP address, or `localhost`, and a port.
fn address(text: &str) -> Result<SocketAddr, String> {
    let text = text.strip_prefix("localhost:").map_or_else(|| text.to_owned(), |port| format!("127.0.0.1:{port}"));
    text.parse().map_err(|_| "an IP address and a port are expected, such as 127.0.0.1:1883 or [::1]:1883".to_owned())
}

fn duration(text: &str) -> Result<Duration, String> {
    let duration: Option<jiff::SignedDuration> = text.parse().ok();
    duration
        .and_then(|duration| Duration::try_from(duration).ok())
        .ok_or_else(|| "a duration is written like 500ms, 30s, 5m or 1h30m".to_owned())
}

fn protocol(text: &str) -> Result<Protocol, String> {
    match text {
        "3.1.1" => Ok(Protocol::V311),
        "5" | "5.0" => Ok(Protocol::V5),
        _ => Err("the protocol versions are 3.1.1 and 5".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_help_names_every_lesson() {
        let mut cli = Cli::command();
        let help = cli.find_subcommand_mut("lesson").map(|lesson| lesson.render_help().to_string()).unwrap_or_default();
        let names: Vec<&str> = crate::config::scenario::shipped().iter().map(|one| one.name).collect();
        assert!(help.contains(&names.join(", ")), "{help}");
    }

    #[test]
    fn help_texts_are_wrapped_by_clap_and_by_nobody_else() {
        let mut left = vec![Cli::command()];
        while let Some(command) = left.pop() {
            left.extend(command.get_subcommands().cloned());
            let text = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let lines: Vec<&str> = text.lines().collect();
            let is_prose = |line: &&str| !line.is_empty() && !line.starts_with(' ');
            for pair in lines.windows(2) {
                assert!(!pair.iter().all(is_prose), "broken by hand: {pair:?}");
            }
            // What stands indented must not be wrapped at all.
            let wide = lines.iter().find(|line| !is_prose(line) && line.chars().count() > 100);
            assert_eq!(wide, None, "{}", command.get_name());
        }
    }

    #[test]
    fn the_help_of_a_command_speaks_of_its_own_flags_and_defaults() {
        let mut cli = Cli::command();
        let mut help = |name| {
            let help = cli.find_subcommand_mut(name).map(|one| one.render_help().to_string()).unwrap_or_default();
            help.split_whitespace().collect::<Vec<_>>().join(" ")
        };
        assert!(!help("broker").contains("upstream") && help("watch").contains("upstream"));
        for name in ["play", "lesson"] {
            let help = help(name);
            assert!(help.contains("[default: any free port]") && !help.contains("[default: 127.0.0.1:1883]"), "{help}");
            assert!(help.contains("at the start [default: 0]"), "{help}");
        }
    }

    #[test]
    fn one_listens_at_an_address_and_a_port() {
        assert_eq!(address("localhost:21001").ok(), "127.0.0.1:21001".parse().ok());
        assert_eq!(address("[::1]:1").ok(), "[::1]:1".parse().ok());
        for wrong in ["localhost", "localhost:", "127.0.0.1", "broker.example:1883", "1883", ""] {
            assert!(address(wrong).is_err_and(|why| why.contains("127.0.0.1:1883")), "{wrong}");
        }
    }

    #[test]
    fn one_broker_at_a_time() {
        assert!(Cli::try_parse_from(["lwtop", "--broker", "mqtt://a", "--listen", "127.0.0.1:0"]).is_err());
        assert!(Cli::try_parse_from(["lwtop", "--broker", "mqtt://a", "--upstream", "mqtt://b"]).is_err());
        assert!(Cli::try_parse_from(["lwtop", "--upstream", "mqtt://b", "--listen", "127.0.0.1:0"]).is_ok());
    }
}
