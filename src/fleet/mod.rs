//! Floor 1: devices, presence, incidents. Pure: time comes in as an argument.

pub mod change;
pub mod deadlines;
pub mod device;
pub mod event;
pub mod faults;
pub mod feed;
pub mod incident;
pub mod presence;
pub mod state;

pub use change::{Change, IncidentPhase};
pub use device::{Device, DeviceKey, Origin, Session};
pub use event::{
    Closed, DeviceEvent, Event, Incoming, LinkEvent, Meaning, Opened, Report, Role, RuleOutcome, SessionEvent,
};
pub use feed::{Feed, FeedEntry};
pub use incident::{Hop, Hops, Incident, IncidentId};
pub use presence::{Counts, Evidence, Presence, WillSent};
pub use state::Fleet;
