//! Floor 2: what a broker has to do about wills, as cases that are data, and their runner.
//!
//! ```text
//! assets/conformance/*.toml ─▶ case    a statement, and how it is tried; pure
//!                              step    what is done and expected; pure
//!                              packets the bytes of the steps, the words of the broker; pure
//!                              client  one connection that does just what a step says, rightly or wrongly
//!                              play    one case against one broker
//!                              run     all of them at once
//! ```
//!
//! It needs nothing from the broker but an address. Every case has client ids and topics of its own, so that all cases run
//! at once and the whole takes as long as the longest of them; nothing retained is left behind.

pub mod case;
mod client;
mod packets;
mod play;
mod run;
pub mod step;

pub use case::{Actor, Case, CaseError, Kind, Need, Standing, Version, cases};
pub use run::{Options, Outcome, Verdict, run};
pub use step::Step;
