//! `lwtop rule`.

use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

/// The last millisecond of the year 9999, the last that RFC 3339 can write.
const LATEST: u64 = 253_402_300_799_999;

/// `lwtop rule`.
#[derive(Debug, Args)]
pub struct RuleArgs {
    /// What to do with rules.
    #[command(subcommand)]
    pub command: RuleCommand,
}

/// What can be done with rules.
#[derive(Debug, Subcommand)]
pub enum RuleCommand {
    /// Say what a rule makes of a message, and why
    Test(RuleTestArgs),
    /// Read the rules of a configuration, and tell every mistake with its place
    Check(RuleCheckArgs),
}

/// `lwtop rule test`.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  lwtop rule test --sql \"SELECT * FROM 'a/+' WHERE state = 'off'\" \\
    --topic a/b --payload '{\"state\": \"on\"}'

With --format json: {\"matched\": …, \"result\": …, \"explanation\": …}. Without a \
match, or when what is selected is Undefined, there is no result. A result that is no JSON is a string, and \"result_encoding\" says \"text\" or \"base64\".

Exit codes: 0 it matches; 1 it does not; 2 something is wrong with the flags, the statement or the configuration.")]
pub struct RuleTestArgs {
    /// The statement
    #[arg(long, value_name = "STATEMENT", required_unless_present = "rule")]
    pub sql: Option<String>,

    /// A rule of the configuration in its place, by its name; one that is not enabled too
    #[arg(long, value_name = "NAME", conflicts_with = "sql")]
    pub rule: Option<String>,

    /// Read this configuration file instead of the usual one
    #[arg(long, value_name = "FILE", conflicts_with = "sql")]
    pub config: Option<PathBuf>,

    /// The topic that the message comes on
    #[arg(long, value_name = "TOPIC")]
    pub topic: String,

    /// The payload of the message; - reads it from standard input
    #[arg(long, value_name = "TEXT", allow_negative_numbers = true)]
    pub payload: String,

    /// Who published the message: what clientid() gives [default: n/a]
    #[arg(long, value_name = "ID")]
    pub client_id: Option<String>,

    /// When it came, in milliseconds since 1970-01-01 UTC: what timestamp() gives [default: now]
    #[arg(long, value_name = "MS", value_parser = moment)]
    pub now: Option<u64>,

    /// How to say it
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// `lwtop rule check`.
#[derive(Debug, Args)]
#[command(after_help = "Exit codes: 0 all is well; 2 there are mistakes.")]
pub struct RuleCheckArgs {
    /// Read this configuration file instead of the usual one
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// How an answer is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For a person
    #[default]
    Text,
    /// One JSON object
    Json,
}

fn moment(text: &str) -> Result<u64, String> {
    let moment = text.parse().ok().filter(|moment| *moment <= LATEST);
    moment.ok_or_else(|| "a moment is a whole number of milliseconds since 1970-01-01 UTC".to_owned())
}
