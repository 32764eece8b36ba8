//! Floor 4: the headless stream, one JSON object a line.

pub mod line;
pub mod stream;
mod writer;

pub use stream::{End, Limits, run};
