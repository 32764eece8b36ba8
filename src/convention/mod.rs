//! Floor 1: what a message on a topic says about which device.

pub mod lifecycle;
mod topics;

pub use topics::{Topics, id_in_payload};
