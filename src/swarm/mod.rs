//! Floor 4: `lwtop swarm`: thousands of simulated devices at once, and whether all their wills came.
//!
//! - [`plan`] says what is to be done: how many devices, how fast, how they die;
//! - [`drive`] tells the [`ledger`](crate::ledger) of everything that happens, and its `deeds` do it; [`pace`] keeps to the rate;
//! - [`progress`] is the line that is shown meanwhile, [`summary`] what is said in the end.

mod drive;
mod pace;
pub mod plan;
pub mod progress;
pub mod summary;

pub use crate::hub::mass::Storm;
pub use drive::run;
pub use plan::{Death, Plan, PlanError};
pub use progress::{Phase, Progress};
pub use summary::Summary;
