//! `lwtop play` and `lwtop lesson`.

use super::{FleetArgs, Format};
use clap::{Arg, Args};

/// What is otherwise than where a fleet is watched: the broker is anywhere, and devices are the scenario's.
fn of_a_scenario(arg: Arg) -> Arg {
    match arg.get_id().as_str() {
        "listen" => arg.help(
            "Where the embedded broker, or the gateway of --upstream, listens; port 0 takes any free one [default: any free port]",
        ),
        "devices" => {
            arg.help("Launch this many simulated devices beside those of the scenario at the start [default: 0]")
        }
        _ => arg,
    }
}

/// `lwtop play`.
#[derive(Debug, Args)]
#[command(mut_args(of_a_scenario))]
#[command(after_help = "Examples:
  lwtop play --list                          the scenarios that lwtop brings along
  lwtop play takeover                        plays one on a broker of its own
  lwtop play takeover --broker mqtt://127.0.0.1:1883
  lwtop play --print takeover > mine.toml    a file to begin with
  lwtop play mine.toml --format json         one JSON object a line

The kinds of these objects are scenario, say, did, expectation and end.

The usual configuration file is not read, so that a scenario plays alike everywhere; --config reads one. Without \
--broker and --listen the broker is lwtop's own, on any free port. On another broker no rule runs without --rules, and a \
scenario that expects one is refused.

Exit codes: 0 all came as expected; 1 something did not, or it could not go on; 2 something is wrong with the flags \
or the scenario.")]
pub struct PlayArgs {
    /// A file, or the name of one that lwtop brings along
    #[arg(value_name = "SCENARIO", required_unless_present = "list")]
    pub scenario: Option<String>,

    /// List the scenarios that lwtop brings along
    #[arg(long, conflicts_with_all = ["scenario", "print"])]
    pub list: bool,

    /// Print the scenario, and play nothing
    #[arg(long)]
    pub print: bool,

    /// How to tell what happens
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,

    /// Which broker.
    #[command(flatten)]
    pub fleet: FleetArgs,
}

/// `lwtop lesson`.
#[derive(Debug, Args)]
#[command(mut_args(of_a_scenario))]
#[command(after_help = "Examples:
  lwtop lesson                               the article, step by step
  lwtop lesson keep-alive                    another one
  lwtop lesson mine.toml                     your own

Lessons, in the order in which they are best seen; lwtop play --list says what each is about:
  article, leave-or-cut, keep-alive, takeover, retained, will-delay, thousand

The usual configuration file is not read, so that a lesson is the same everywhere; --config reads one. Without --broker \
and --listen the broker is lwtop's own, on any free port.")]
pub struct LessonArgs {
    /// The name of a lesson, or a file [default: article]
    #[arg(value_name = "LESSON")]
    pub scenario: Option<String>,

    /// Which broker.
    #[command(flatten)]
    pub fleet: FleetArgs,
}
