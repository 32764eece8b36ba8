//! The registry of wills: what the broker would publish if a device went away now.

use super::device::Device;
use super::event::Role;
use super::feed::FeedEntry;
use super::presence::{Presence, WillSent};
use super::state::Fleet;
use crate::mqtt::{Fault, Protocol, Will};
use bytes::Bytes;
use std::time::Duration;

/// Whether a device's will would be published if its connection ended now, without DISCONNECT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Firing {
    /// At once.
    Now,
    /// After the will delay, unless the device is back before (5 section 3.1.3.2.2).
    After(Duration),
    /// It is frozen: the broker publishes when silence has lasted this long.
    AtSilence(Duration),
    /// The connection has no will (3.1.2.5).
    NoWill,
    /// It left with DISCONNECT: the will was discarded (3.14.4-3).
    Discarded,
    /// It died, and the will was published.
    Sent,
    /// It died, and whether the will was published is not known.
    Gone,
    /// Its CONNECT was not seen.
    Unseen,
}

impl Firing {
    /// `yes`, `no` or `unknown`.
    #[must_use]
    pub const fn answer(self) -> &'static str {
        match self {
            Self::Now | Self::After(_) | Self::AtSilence(_) => "yes",
            Self::NoWill | Self::Discarded | Self::Sent | Self::Gone => "no",
            Self::Unseen => "unknown",
        }
    }
}

/// The will of `device`, as far as it was seen: that of its connection, or of its last one.
#[must_use]
pub fn of(device: &Device) -> Option<&Will> {
    device.session.as_deref().and_then(|session| session.will.as_ref())
}

/// The last will that came of a device whose CONNECT was not seen: all that can be known of it.
#[must_use]
pub fn heard<'a>(fleet: &'a Fleet, device: &Device) -> Option<&'a FeedEntry> {
    if device.session.is_some() {
        return None;
    }
    fleet.feed(Role::Will).entries().iter().find(|entry| entry.device.as_ref() == Some(&device.id))
}

/// The payload of its will: of the one that was seen in its CONNECT, or of the last one that came.
#[must_use]
pub fn payload<'a>(fleet: &'a Fleet, device: &'a Device) -> Option<&'a Bytes> {
    of(device).map(|will| &will.payload).or_else(|| heard(fleet, device).map(|entry| &entry.message.payload))
}

/// Whether its will is published for certain if a second connection takes over its session (3.1.4-2). A will with a delay
/// is not, if that connection goes on with the session (5 section 3.1.3.2.2).
#[must_use]
pub fn falls_to_takeover(device: &Device) -> bool {
    let will = device.open_session().and_then(|session| session.will.as_ref());
    will.is_some_and(|will| will.delay.is_zero())
}

/// Whether it would fire.
#[must_use]
pub fn firing(device: &Device) -> Firing {
    let Some(session) = device.session.as_deref() else { return Firing::Unseen };
    let Some(will) = &session.will else { return Firing::NoWill };
    if let Some(cause) = session.ended {
        return match device.will_sent {
            _ if cause.discards_will() => Firing::Discarded,
            WillSent::Yes => Firing::Sent,
            WillSent::No | WillSent::Unknown => Firing::Gone,
        };
    }
    // A frozen socket may be open while the broker has given the device up.
    if matches!(device.presence, Presence::Offline { .. }) {
        return if device.will_sent == WillSent::Yes { Firing::Sent } else { Firing::Gone };
    }
    match (device.fault, session.keep_alive.deadline()) {
        (Some((Fault::Freeze, _)), Some(deadline)) => Firing::AtSilence(deadline),
        _ if will.delay.is_zero() || session.protocol == Protocol::V311 => Firing::Now,
        _ => Firing::After(will.delay),
    }
}
