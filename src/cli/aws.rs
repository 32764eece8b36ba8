//! `lwtop aws`.

use super::TopicArgs;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// `lwtop aws`.
#[derive(Debug, Args)]
pub struct AwsArgs {
    /// What to print.
    #[command(subcommand)]
    pub command: AwsCommand,
}

/// What can be printed for AWS.
#[derive(Debug, Subcommand)]
pub enum AwsCommand {
    /// Print a CloudFormation template that replaces the article's steps in the console
    Template(TemplateArgs),
    /// Print the IAM policy that lwtop's own connection needs
    Policy(PolicyArgs),
}

/// `lwtop aws template`.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  lwtop aws template --mail ops@example.com > lwt.yaml
  aws cloudformation deploy --stack-name lwt --template-file lwt.yaml --capabilities CAPABILITY_IAM

It makes the rule, the SNS topic with its mail subscription, the republish, the role, the thing and its policy. SNS asks \
the address once whether it wants those mails.")]
pub struct TemplateArgs {
    /// Who gets a mail; without it, the address is a parameter of the stack without a default
    #[arg(long, value_name = "ADDRESS")]
    pub mail: Option<String>,

    /// The name of the thing [default: the id of the first simulated device, lwtThing]
    #[arg(long, value_name = "NAME")]
    pub thing: Option<String>,

    /// Whose topics.
    #[command(flatten)]
    pub story: StoryArgs,
}

/// `lwtop aws policy`.
#[derive(Debug, Args)]
#[command(
    after_help = "REGION and ACCOUNT in it are to be filled in. It allows to connect, to receive the topics of the story, the events \
of devices that come and go and what the [[rules]] of the configuration listen to, and to publish what these rules, or \
without any the article's, republish: that is needed with --rules only."
)]
pub struct PolicyArgs {
    /// Whose topics.
    #[command(flatten)]
    pub story: StoryArgs,
}

/// Where the topics are from.
#[derive(Debug, Clone, Default, Args)]
pub struct StoryArgs {
    /// Read this configuration file instead of the usual one
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Take what [profiles.NAME] says over the rest of the file
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,

    /// Topics of the story.
    #[command(flatten)]
    pub topics: TopicArgs,
}
