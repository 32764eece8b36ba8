//! The will of CONNECT.

use super::client::Qos;
use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;

/// What the server publishes when the connection ends without a DISCONNECT that discards it
/// (3.1.1 section 3.1.2.5, 5 section 3.1.2.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Will {
    /// Where it goes.
    pub topic: Arc<str>,
    /// What it says.
    pub payload: Bytes,
    /// With which quality of service.
    pub qos: Qos,
    /// Whether the server keeps it as the topic's retained message.
    pub retain: bool,
    /// The will delay interval (5 section 3.1.3.2.2); zero in 3.1.1.
    pub delay: Duration,
}
