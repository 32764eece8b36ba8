//! Floor 4: what is told without a screen: the stream, one JSON object a line, and the account of a scenario.

mod buffer;
pub mod line;
pub mod play;
pub mod stream;
mod writer;

pub use stream::{End, Limits, What, run};
