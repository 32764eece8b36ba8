//! The small shared parts that join adapters to each other and to the hub: a switch, a guest list, an activity board.
//!
//! They hold no domain logic and do no I/O. They exist because adapters never import each other, and because a
//! channel per connection costs more memory than the connection itself.

pub mod activity;
pub mod guests;
pub mod switch;

pub use activity::{Activity, ActivityBoard, Meter};
pub use guests::Guests;
pub use switch::Switch;
