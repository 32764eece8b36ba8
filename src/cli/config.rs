//! `lwtop config`.

use super::FleetArgs;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// `lwtop config`.
#[derive(Debug, Args)]
pub struct ConfigArgs {
    /// What to tell of the configuration.
    #[command(subcommand)]
    pub command: ConfigCommand,
}

/// What can be told of the configuration.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print where the configuration file is looked for
    Path(ConfigPathArgs),
    /// Print what holds, each value with where it comes from, or every mistake
    #[command(
        after_help = "The flags are those of lwtop and lwtop watch. Where a value comes from: default, FILE:LINE, profile NAME, environment \
NAME or flag NAME; the later of these wins. Passwords, tokens and the values of headers are not shown.

Environment: LWTOP_CONFIG, LWTOP_PROFILE, LWTOP_BROKER, LWTOP_GATEWAY, LWTOP_LISTEN, LWTOP_TLS_LISTEN, \
LWTOP_WS_LISTEN, LWTOP_WSS_LISTEN, LWTOP_CERTS, LWTOP_SERVER_CERT, LWTOP_SERVER_KEY, LWTOP_CLIENT_CA, \
LWTOP_REQUIRE_CLIENT_CERT, LWTOP_USERS_FILE, LWTOP_LIFECYCLE, LWTOP_PROXY, LWTOP_CA, LWTOP_CERT, LWTOP_KEY, \
LWTOP_SERVER_NAME, LWTOP_ALPN (separated by commas), LWTOP_INSECURE, LWTOP_USER, LWTOP_PASSWORD, LWTOP_PASSWORD_ENV, \
LWTOP_PASSWORD_FILE, LWTOP_PROTOCOL, LWTOP_KEEP_ALIVE, LWTOP_CLEAN, LWTOP_CLIENT_ID, LWTOP_WILL_TOPIC, \
LWTOP_CONNECTED_TOPIC, LWTOP_EXECUTED_TOPIC, LWTOP_DEVICES. One without text counts as not set; any other LWTOP_… gets a \
warning.

Exit codes: 0 all is well; 2 there are mistakes."
    )]
    Show(Box<FleetArgs>),
}

/// `lwtop config path`.
#[derive(Debug, Args)]
#[command(after_help = "Exit codes: 0 the file is there; 1 it is not, and the defaults hold.")]
pub struct ConfigPathArgs {
    /// The file to read instead of the usual one
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}
