//! Floor 3: the hub owns the fleet and the rules, turns reports into changes and effects, and runs the effects.

pub mod command;
pub mod core;
pub mod doors;
mod ear;
mod echoes;
mod errands;
mod error_message;
pub mod limits;
mod orders;
mod rate;
mod reactions;
mod reports;
pub mod runtime;
pub mod setup;
mod stage;
pub mod status;

pub use command::Command;
pub use doors::Doors;
pub use runtime::{Fatal, Runtime, Turn};
pub use setup::{LinkOptions, Setup, Source};
pub use status::{ActionStanding, Notice, RuleStanding, Status};
