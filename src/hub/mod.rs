//! Floor 3: the hub owns the fleet and the rules, turns reports into changes and effects, and runs the effects.

pub mod command;
pub mod core;
pub mod dice;
pub mod doors;
mod ear;
mod echoes;
mod errands;
mod error_message;
pub mod jobs;
pub mod limits;
pub mod mass;
mod masses;
mod orders;
mod progress;
mod rate;
mod reactions;
mod reports;
pub mod runtime;
pub mod setup;
mod stage;
pub mod status;
pub mod storm;

pub use command::Command;
pub use doors::Doors;
pub use jobs::{Job, Toll, Work};
pub use mass::Mass;
pub use runtime::{Fatal, Runtime, Turn};
pub use setup::{LinkOptions, Setup, Source};
pub use status::{ActionStanding, Notice, RuleStanding, Status};
