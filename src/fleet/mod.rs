//! Floor 1: devices, presence, incidents. Pure: time comes in as an argument.

pub mod blackout;
pub mod change;
pub mod column;
pub mod connection;
pub mod deadlines;
pub mod device;
pub mod event;
pub mod faults;
pub mod feed;
pub mod history;
pub mod incident;
pub mod lifecycle;
mod messages;
mod names;
pub mod news;
mod notices;
pub mod order;
mod owed;
pub mod presence;
mod roster;
mod seldom;
mod sessions;
pub mod state;
mod vigil;
pub mod wills;

pub use blackout::LinkState;
pub use change::{Change, IncidentPhase};
pub use column::{Column, Sort};
pub use connection::Connection;
pub use device::{Device, DeviceKey, Origin, Session};
pub use event::{
    ActionReport, Aside, Closed, DeviceEvent, Entrance, Event, Incoming, LinkEvent, Meaning, Opened, Refuser, Report,
    Role, RuleOutcome, SessionEvent, Via,
};
pub use feed::{Feed, FeedEntry};
pub use history::{History, Recoveries, Span, Uptime};
pub use incident::{Hop, Hops, Incident, IncidentId, IncidentLog, beginning};
pub use lifecycle::{Lifecycle, LifecycleKind};
pub use news::{News, NewsKind, NewsLog};
pub use order::Order;
pub use presence::{Counts, Evidence, Presence, WillSent};
pub use state::{Fleet, Settings};
