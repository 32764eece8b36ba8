//! Simulated devices: MQTT clients that can die in every way a real one can.
//!
//! A device is one task on one TCP socket of its own, about a kilobyte in all, so that ten thousand fit in a laptop; with
//! TLS or WebSocket on it, it takes what they take. Its faults are acts on that socket, so they work on any broker:
//!
//! - [`template`] says what a device is: keep alive, will, announcement, telemetry;
//! - [`packets`] and [`scanner`] turn that into bytes and read the broker's answers;
//! - [`handshake`] opens a connection to a [`target`], from one of the addresses of [`source`]; [`wire`] is what it goes
//!   through, [`session`] keeps it alive, [`cut`] ends it;
//! - [`swarm`] holds many of them and takes orders, [`life`] is one of them;
//! - [`solo`] runs a single one, for `lwtop device`, with an [`inbox`] if it listens.

mod cut;
mod handshake;
mod inbox;
mod life;
mod orders;
mod packets;
mod reporter;
mod scanner;
mod session;
mod solo;
mod source;
mod swarm;
mod target;
mod template;
mod wire;

pub use handshake::ConnectError;
pub use inbox::Received;
pub use session::Lost;
pub use solo::{Plan, Solo, SoloError, Step};
pub use swarm::{OrderError, Swarm, Witness};
pub use target::Target;
pub use template::{Announcement, DeviceTemplate, Telemetry, WillTemplate};
