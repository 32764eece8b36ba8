//! Who did not get in before it had a name, told to a person: whoever knocks at every port of a network is not to drown what
//! matters, so the same is said once in a while and counted in between.

use super::{Door, Shared};
use crate::fleet::Report;
use crate::wiring::Teller;
use std::net::SocketAddr;

/// What was complained of: over which door, and why.
type Complaint = (&'static str, String);

pub(super) type Complaints = Teller<Complaint, Report>;

/// Says that so many more did not get in.
pub(super) fn more(what: Option<&Complaint>, count: u64) -> Report {
    Report::Notice(match what {
        Some((door, why)) => format!("{count} more did not get in over {door}: {why}"),
        None => format!("{count} more did not get in, for different reasons"),
    })
}

impl Shared {
    /// Tells that a device was turned away. Waits for nothing.
    pub(super) fn complain(&self, peer: SocketAddr, door: &Door, why: &str) {
        tracing::debug!(%peer, %why, "closed a connection that did not get in");
        let door = door.words();
        let say = || Report::Notice(format!("{peer} did not get in over {door}: {why}"));
        self.complaints.tell((door, why.to_owned()), say);
    }
}
