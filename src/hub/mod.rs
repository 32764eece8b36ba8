//! Floor 3: the hub owns the fleet and the rules, turns reports into changes and effects, and runs the effects.

pub mod command;
pub mod status;

pub use command::Command;
pub use status::{Notice, Status};
