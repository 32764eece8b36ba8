//! Floor 0: MQTT's own vocabulary. No I/O, no clock.

pub mod address;
pub mod cause;
pub mod client;
pub mod fault;
pub mod properties;
pub mod reason;
pub mod topic;
pub mod trie;
pub mod will;

pub use address::{BrokerAddress, Login, Scheme};
pub use cause::Cause;
pub use client::{ClientId, ConnId, KeepAlive, Protocol, Qos};
pub use fault::Fault;
pub use properties::Properties;
pub use topic::{TopicError, TopicFilter, TopicName};
pub use trie::FilterTrie;
pub use will::Will;
