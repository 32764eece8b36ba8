//! Floor 0: MQTT's own vocabulary. No I/O, no clock.

pub mod address;
pub mod cause;
pub mod client;
pub mod fault;
pub mod reason;
pub mod topic;
pub mod will;

pub use address::{BrokerAddress, Login};
pub use cause::Cause;
pub use client::{ClientId, ConnId, KeepAlive, Protocol, Qos};
pub use fault::Fault;
pub use topic::{TopicError, TopicFilter, TopicName};
pub use will::Will;
