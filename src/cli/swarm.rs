//! The flags of `lwtop swarm`.

use super::{LinkArgs, TopicArgs, address, duration, protocol};
use crate::mqtt::Protocol;
use crate::swarm::{Death, Storm};
use clap::Args;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

/// `lwtop swarm`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lwtop swarm --count 1000 --for 10s             on lwtop's own broker; all are cut after 10 s
  lwtop swarm --broker mqtt://127.0.0.1:1883 --count 10000 --for 0s --json | jq .wills
  lwtop swarm --broker mqtt://127.0.0.1:1883 --count 2000 --storm 500/5s --fault mix --for 5m

Without --for it goes on until ctrl-c: then all die, and their wills are awaited; a second ctrl-c ends it at once. Devices that \
lose their connection on the way connect again.

Exit codes: 0 every will that had to come came exactly once; 3 one was lost, doubled, unexpected or could not be seen, or a \
device never connected; 1 it could not go on; 2 wrong flags or configuration.")]
pub struct SwarmArgs {
    /// Read this configuration file instead of the usual one
    #[arg(long, value_name = "FILE", help_heading = "Swarm")]
    pub config: Option<PathBuf>,

    /// Take what [profiles.NAME] says over the rest of the file
    #[arg(long, value_name = "NAME", help_heading = "Swarm")]
    pub profile: Option<String>,

    /// Launch the devices on this broker instead of lwtop's own: mqtt://[user[:password]@]host[:port]
    #[arg(long, value_name = "URL", conflicts_with = "listen", help_heading = "Swarm")]
    pub broker: Option<String>,

    /// Where the embedded broker listens; port 0 takes any free one [default: 127.0.0.1:1883]
    #[arg(long, value_name = "ADDRESS:PORT", value_parser = address, help_heading = "Swarm")]
    pub listen: Option<SocketAddr>,

    /// How many devices
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = devices, help_heading = "Swarm")]
    pub count: usize,

    /// What client ids begin with: ID, ID-2, ID-3, … [default: lwtThing]
    #[arg(long, value_name = "ID", help_heading = "Swarm")]
    pub id: Option<String>,

    /// At most this many connects a second [default: as fast as the broker takes them, 64 at once]
    #[arg(long, value_name = "N", help_heading = "Swarm")]
    pub rate: Option<NonZeroU32>,

    /// Keep alive in seconds [default: 30]
    #[arg(long, value_name = "SECONDS", help_heading = "Swarm")]
    pub keep_alive: Option<u16>,

    /// Publish telemetry that often: 500ms, 10s [default: never]
    #[arg(long, value_name = "DURATION", value_parser = duration, help_heading = "Swarm")]
    pub publish_every: Option<Duration>,

    /// Protocol version of the devices: 3.1.1 or 5 [default: 3.1.1]
    #[arg(long, value_name = "VERSION", value_parser = protocol, help_heading = "Swarm")]
    pub device_protocol: Option<Protocol>,

    /// How devices die: leave, fin, rst, freeze, takeover, protocol-error, leave-with-will, or mix
    #[arg(long, value_name = "FAULT", default_value = "fin", help_heading = "Death")]
    pub fault: Death,

    /// So many die, chosen at random, and connect again, that often: 500/5s, 10%/30s
    #[arg(long, value_name = "N/DURATION", help_heading = "Death")]
    pub storm: Option<Storm>,

    /// Once all have connected, hold the swarm for this time; then all die: 0s, 30s, 5m
    #[arg(long = "for", value_name = "DURATION", value_parser = duration, help_heading = "Death")]
    pub time: Option<Duration>,

    /// A will that takes longer than this is lost
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "30s", help_heading = "Death")]
    pub will_within: Duration,

    /// Print the summary as one JSON object
    #[arg(long, help_heading = "Output")]
    pub json: bool,

    /// Write what is known of each device in the end to this file, one JSON object a line
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub per_device: Option<PathBuf>,

    /// How to connect.
    #[command(flatten)]
    pub link: LinkArgs,

    /// Topics of the story.
    #[command(flatten)]
    pub topics: TopicArgs,
}

/// As many devices as the configuration takes; that none is too few, the plan says.
fn devices(text: &str) -> Result<usize, String> {
    const MOST: usize = 1_000_000;
    text.parse()
        .ok()
        .filter(|count| *count <= MOST)
        .ok_or_else(|| format!("a whole number from 1 to {MOST} is expected"))
}
