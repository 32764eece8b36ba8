//! `lwtop aws`.

use super::{Failure, flags, print};
use crate::aws;
use crate::cli::{AwsCommand, PolicyArgs, TemplateArgs};

/// How lwtop's client ids begin where none is given.
const CLIENTS: &str = "lwtop";

pub(super) fn run(command: &AwsCommand) -> Result<(), Failure> {
    match command {
        AwsCommand::Template(args) => template(args),
        AwsCommand::Policy(args) => policy(args),
    }
}

fn template(args: &TemplateArgs) -> Result<(), Failure> {
    let config = flags::load(&flags::of_story(&args.story))?.config;
    let thing = args.thing.as_deref().unwrap_or(&config.devices.id);
    print(&aws::template(&config.topics(), thing, args.mail.as_deref()).map_err(|error| usage(&error))?)
}

fn policy(args: &PolicyArgs) -> Result<(), Failure> {
    let config = flags::load(&flags::of_story(&args.story))?.config;
    let own = if config.rules.is_empty() {
        None
    } else {
        Some(config.rule_set().map_err(|error| Failure::Usage(error.to_string()))?)
    };
    let clients = config.broker.client_id.as_deref().unwrap_or(CLIENTS);
    print(&aws::policy(&config.topics(), own.as_ref(), clients).map_err(|error| usage(&error))?)
}

fn usage(error: &aws::AwsError) -> Failure {
    Failure::Usage(error.to_string())
}
