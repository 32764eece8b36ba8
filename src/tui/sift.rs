//! What the filter lets through of the bounded lists: incidents, messages and news. Each is asked when it comes and when
//! it changes, and not once a frame.

mod incidents;
mod messages;

pub use incidents::IncidentSift;
pub use messages::MessageSift;
