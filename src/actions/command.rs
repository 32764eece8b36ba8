//! `command`: runs a program, never through a shell.
//!
//! The program gets what the rule selected on its standard input, and in its environment, beside lwtop's own without its
//! secrets (where the broker and its proxy are and who lwtop is there, which may have a password in it; a mail's password;
//! the secret key and the session token of AWS):
//! `LWTOP_RULE`, `LWTOP_TOPIC`, `LWTOP_TIME` (RFC 3339, UTC), and where they are known `LWTOP_DEVICE`, `LWTOP_CAUSE`
//! (`connection_lost`, …) and `LWTOP_INCIDENT` (its number). It has done its work if it ends with 0. What it prints goes
//! to lwtop's log.
//!
//! `${…}` in an argument is filled in by lwtop, one argument whatever is in it; where the program is itself a shell, its
//! variables are written `$X`, and what comes from the network belongs into an argument, not into the script.

mod child;

use self::child::Ended;
use super::words::clean;
use super::{Attempt, Deliver, Failed, Group, Job};
use crate::mqtt::ClientId;
use crate::rules::{self, Template};
use std::io;
use std::process::ExitStatus;
use tokio::process::Command;

/// What AWS's clients read secrets from: for `sns`, and not for a program.
const AWS_SECRETS: [&str; 2] = ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];

/// How many letters of a program's last words a failure repeats.
const QUOTED: usize = 200;

/// Runs one program, once for each event.
#[derive(Debug)]
pub(super) struct Runner {
    argv: Vec<Template>,
    /// Environment variables that are none of the program's business.
    secrets: Vec<String>,
}

impl Runner {
    /// `secrets` names the environment variables that lwtop and its other actions read secrets from.
    pub(super) fn new(command: &rules::Command, secrets: &[String]) -> Self {
        Self { argv: command.argv.clone(), secrets: secrets.to_vec() }
    }

    async fn run(&self, job: &Job) -> Result<(), Failed> {
        let mut argv = Vec::with_capacity(self.argv.len());
        for template in &self.argv {
            let argument = job.render(template).map_err(|error| Failed::for_good(error.to_string()))?;
            if argument.contains('\0') {
                return Err(Failed::for_good(format!(
                    "{template} gives a NUL byte for this message, which no argument can have in it"
                )));
            }
            argv.push(argument);
        }
        let Some((program, arguments)) = argv.split_first() else {
            return Err(Failed::for_good("no program is named"));
        };
        let mut command = Command::new(program);
        command.args(arguments);
        for secret in self.secrets.iter().map(String::as_str).chain(AWS_SECRETS) {
            command.env_remove(secret);
        }
        for (name, value) in environment(job) {
            match value {
                Some(value) => command.env(name, value.replace('\0', "")),
                // What an outer lwtop may have set is not about this event.
                None => command.env_remove(name),
            };
        }
        let shown = clean(program, QUOTED);
        let ended = child::run(command, &job.output).await.map_err(|error| refused(&shown, &error))?;
        let Ended { status, stdout, stderr } = &ended;
        let rule = &*job.facts.rule;
        if status.success() {
            tracing::info!(rule, program = shown, stdout, stderr, "a command has ended");
            return Ok(());
        }
        tracing::warn!(rule, program = shown, %status, stdout, stderr, "a command has failed");
        let last = stderr.lines().rev().find(|line| !line.trim().is_empty());
        let last = last.map(|line| format!(": {}", clean(line.trim(), QUOTED))).unwrap_or_default();
        Err(Failed::for_now(format!("{shown} {}{last}", how(*status))))
    }
}

impl Deliver for Runner {
    fn deliver<'a>(&'a self, group: &'a Group) -> Attempt<'a> {
        Box::pin(async move {
            for job in &group.jobs {
                self.run(job).await?;
            }
            Ok(())
        })
    }
}

fn environment(job: &Job) -> [(&'static str, Option<String>); 6] {
    let facts = &job.facts;
    [
        ("LWTOP_RULE", Some(facts.rule.to_string())),
        ("LWTOP_TOPIC", Some(job.message.topic.to_string())),
        ("LWTOP_TIME", Some(job.at.to_string())),
        ("LWTOP_DEVICE", facts.device.as_ref().map(ClientId::to_string)),
        ("LWTOP_CAUSE", facts.cause.map(|cause| cause.name().to_owned())),
        ("LWTOP_INCIDENT", job.incident.map(|incident| incident.0.to_string())),
    ]
}

/// Why a program did not start. Only what may pass is worth another attempt.
fn refused(program: &str, error: &io::Error) -> Failed {
    match error.kind() {
        io::ErrorKind::NotFound => {
            Failed::for_good(format!("there is no program {program}; install it, or name it with its full path"))
        }
        io::ErrorKind::PermissionDenied => {
            Failed::for_good(format!("{program} may not be run: {error}; make it executable for lwtop's user"))
        }
        io::ErrorKind::ArgumentListTooLong => Failed::for_good(format!(
            "{program} cannot be run: its arguments are too long for the system; use its standard input"
        )),
        _ => Failed::for_now(format!("{program} cannot be run: {error}")),
    }
}

fn how(status: ExitStatus) -> String {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return format!("was ended by signal {signal}");
    }
    status.code().map_or_else(|| "failed".to_owned(), |code| format!("ended with code {code}"))
}
