//! The small shared parts that join adapters to each other and to the hub: a switch, a guest list, an activity board, a log
//! of packets, and what keeps quiet: a teller tells the same thing once in a while.
//!
//! They hold no domain logic and do no I/O. They exist because adapters never import each other, and because a
//! channel per connection costs more memory than the connection itself.

pub mod activity;
pub mod guests;
pub mod packets;
pub mod quiet;
pub mod switch;
pub mod teller;

pub use activity::{Activity, ActivityBoard, Meter};
pub use guests::Guests;
pub use packets::{Packet, PacketLog, Sender, Sight};
pub use quiet::Quiet;
pub use switch::Switch;
pub use teller::Teller;

/// The largest packet that a device may send to the embedded broker, in bytes and with its fixed header: eight times what
/// AWS IoT Core takes (its quotas say 128 KiB). The broker gathers a packet before it passes it on, and so this bounds what
/// one device can make it hold. The gateway refuses a larger one at its header; the broker says the limit in CONNACK.
pub const LARGEST_PACKET: u32 = 1024 * 1024;
