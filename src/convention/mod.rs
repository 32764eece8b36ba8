//! Floor 1: what a message on a topic says about which device.

mod topics;

pub use topics::Topics;
