//! What is said of a device in a column of a table, and what a table can be sorted by: facts that stand still while nothing
//! happens, and never an age.

use super::device::{Device, Session};
use super::presence::Presence;
use crate::mqtt::{Cause, Fault};
use std::cmp::Ordering;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::SocketAddr;

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Column {
    /// The client id.
    Device,
    /// The presence; those that are gone come first, the newest before the others.
    State,
    /// The fuse; the one that dies next comes first.
    Fuse,
    /// The one thing worth saying; trouble comes first.
    What,
    /// How it went.
    Cause,
    /// How many incidents it had.
    Deaths,
    /// How long it has been as it is.
    Since,
    /// The keep alive of its connection; one that is off counts as the longest.
    KeepAlive,
    /// The protocol version of its connection.
    Protocol,
    /// Where it comes from.
    Address,
    /// The name in its certificate.
    Certificate,
    /// Packets seen from it.
    Packets,
    /// The topic of its will.
    Will,
}

impl Column {
    /// Every column, in the order in which they are offered.
    pub const ALL: [Self; 13] = [
        Self::Device,
        Self::State,
        Self::Fuse,
        Self::What,
        Self::Cause,
        Self::Deaths,
        Self::Since,
        Self::KeepAlive,
        Self::Protocol,
        Self::Address,
        Self::Certificate,
        Self::Packets,
        Self::Will,
    ];

    /// Those that a table has without a word from the person.
    pub const USUAL: [Self; 4] = [Self::Device, Self::State, Self::Fuse, Self::What];

    /// The name in a file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::State => "state",
            Self::Fuse => "fuse",
            Self::What => "what",
            Self::Cause => "cause",
            Self::Deaths => "deaths",
            Self::Since => "since",
            Self::KeepAlive => "keep-alive",
            Self::Protocol => "protocol",
            Self::Address => "address",
            Self::Certificate => "certificate",
            Self::Packets => "packets",
            Self::Will => "will",
        }
    }

    /// The column called `name`.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|column| column.name() == name)
    }

    /// Whether the greatest comes first unless it is asked for otherwise.
    #[must_use]
    pub const fn greatest_first(self) -> bool {
        matches!(self, Self::Deaths | Self::Packets)
    }

    /// What stands for a device among others, smallest first; `None` where there is nothing to say, which comes last.
    /// Where two are equal, [`Column::compare`] decides.
    #[inline]
    fn number(self, device: &Device) -> Option<u64> {
        let session = device.session.as_deref();
        match self {
            Self::Device => Some(beginning(device.id.as_str())),
            Self::State => Some(newest_first(state(device), device.since.as_micros())),
            Self::Fuse => fuse(device),
            Self::What => Some(what(device)),
            Self::Cause => match device.presence {
                Presence::Offline { cause } => Some(newest_first(gone(cause), device.since.as_micros())),
                _ => None,
            },
            Self::Deaths => Some(u64::from(device.incidents)),
            Self::Since => Some(newest_first(0, device.since.as_micros())),
            Self::KeepAlive => session.map(|session| match session.keep_alive.0 {
                0 => 1 << 16,
                seconds => u64::from(seconds),
            }),
            Self::Protocol => session.map(|session| session.protocol as u64),
            Self::Address => session.and_then(|session| session.peer).map(address),
            Self::Certificate | Self::Will => self.text(device).map(beginning),
            Self::Packets => session.map(|_| device.packets),
        }
    }

    /// The text by which devices are sorted, in the columns where it is one.
    fn text(self, device: &Device) -> Option<&str> {
        let session = device.session.as_deref();
        match self {
            Self::Device => Some(device.id.as_str()),
            Self::Certificate => session.and_then(|session| session.via.identity.as_deref()),
            Self::Will => session.and_then(|session| session.will.as_ref()).map(|will| &*will.topic),
            _ => None,
        }
    }

    /// What decides between devices that have the same number.
    fn compare(self, one: &Device, other: &Device) -> Ordering {
        match self {
            Self::Device | Self::Certificate | Self::Will => match (self.text(one), self.text(other)) {
                (Some(one), Some(other)) => natural(one, other),
                (one, other) => one.cmp(&other),
            },
            Self::Address => peer(one).cmp(&peer(other)),
            _ => Ordering::Equal,
        }
    }

    /// Something that is another where [`Column::compare`] would find another order although the number is the same.
    fn finger(self, device: &Device) -> u64 {
        let mut hasher = DefaultHasher::new();
        match self {
            Self::Device | Self::Certificate | Self::Will => self.text(device).hash(&mut hasher),
            Self::Address => peer(device).hash(&mut hasher),
            _ => return 0,
        }
        hasher.finish()
    }
}

/// By which column, and which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sort {
    /// The column.
    pub column: Column,
    /// Whether the greatest comes first.
    pub descending: bool,
}

impl Sort {
    /// By `column`, in the way that suits it.
    #[must_use]
    pub const fn by(column: Column) -> Self {
        Self { column, descending: column.greatest_first() }
    }

    /// The other way round.
    #[must_use]
    pub const fn reversed(self) -> Self {
        Self { descending: !self.descending, ..self }
    }

    /// Whether it is the way that suits the column.
    #[must_use]
    pub const fn is_usual(self) -> bool {
        self.descending == self.column.greatest_first()
    }

    /// No device has this number.
    pub(super) const NOBODY: u64 = u64::MAX;

    /// What stands for a device in this order, smallest first: those with nothing to say are last in both ways.
    #[inline]
    pub(super) fn number(self, device: &Device) -> u64 {
        const NOTHING: u64 = Sort::NOBODY - 1;
        const LAST: u64 = NOTHING - 1;
        match self.column.number(device) {
            None => NOTHING,
            Some(number) if self.descending => LAST - number.min(LAST),
            Some(number) => number.min(LAST),
        }
    }

    /// What decides between devices that have the same number.
    pub(super) fn compare(self, one: &Device, other: &Device) -> Ordering {
        let order = self.column.compare(one, other);
        if self.descending { order.reverse() } else { order }
    }

    /// Whether devices with the same number are told apart by more.
    pub(super) const fn has_more(self) -> bool {
        matches!(self.column, Column::Device | Column::Certificate | Column::Will | Column::Address)
    }

    pub(super) fn finger(self, device: &Device) -> u64 {
        if self.has_more() { self.column.finger(device) } else { 0 }
    }
}

fn peer(device: &Device) -> Option<SocketAddr> {
    device.session.as_deref().and_then(|session| session.peer)
}

/// A rank, and within it the newest first. Microseconds since 1970 take 51 bits in our time.
const fn newest_first(rank: u8, micros: u64) -> u64 {
    const MOMENTS: u64 = (1 << 56) - 1;
    let micros = if micros > MOMENTS { MOMENTS } else { micros };
    ((rank as u64) << 56) | (MOMENTS - micros)
}

/// The deaths in the order of their frequency, those that nobody needs to look at last.
const fn gone(cause: Cause) -> u8 {
    match cause {
        Cause::ConnectionLost => 0,
        Cause::KeepAliveTimeout => 1,
        Cause::SessionTakenOver => 2,
        Cause::ProtocolError => 3,
        Cause::ServerInitiated => 4,
        Cause::DisconnectWithWill => 5,
        Cause::Unknown => 6,
        Cause::ClientInitiatedDisconnect => 20,
    }
}

const fn state(device: &Device) -> u8 {
    match device.presence {
        Presence::Offline { cause } => gone(cause),
        Presence::Overdue => 10,
        Presence::Unknown => 11,
        Presence::Online if matches!(device.fault, Some((Fault::Freeze, _))) => 12,
        Presence::Online => 13,
    }
}

/// The moment at which it dies if it stays silent.
fn fuse(device: &Device) -> Option<u64> {
    if matches!(device.presence, Presence::Offline { .. } | Presence::Unknown) {
        return None;
    }
    let session: &Session = device.open_session()?;
    Some((session.last_packet + session.keep_alive.deadline()?).as_micros())
}

fn what(device: &Device) -> u64 {
    let since = device.since.as_micros();
    let said = device.last_message.as_ref().map(|message| message.at.as_micros());
    match (device.presence, device.fault, said) {
        _ if device.trouble.is_some() => newest_first(0, since),
        (Presence::Offline { cause: Cause::ClientInitiatedDisconnect }, ..) => newest_first(5, since),
        (Presence::Offline { .. }, ..) => newest_first(1, since),
        (Presence::Unknown, ..) => newest_first(2, since),
        (_, Some((_, at)), _) => newest_first(3, at.as_micros()),
        (_, None, Some(at)) => newest_first(4, at),
        (_, None, None) => newest_first(6, since),
    }
}

/// In the order of addresses, as far as 64 bits tell them apart; version 4 before version 6, as the standard library has it.
fn address(peer: SocketAddr) -> u64 {
    match peer {
        SocketAddr::V4(peer) => (u64::from(peer.ip().to_bits()) << 16) | u64::from(peer.port()),
        SocketAddr::V6(peer) => {
            // The upper half, with the highest bit set: two addresses that differ below share a number.
            let upper = u64::try_from(peer.ip().to_bits() >> 64).unwrap_or(u64::MAX);
            (1 << 63) | (upper >> 1)
        }
    }
}

/// The first bytes of a text up to its first digit: in the order of [`natural`] as far as they tell texts apart.
fn beginning(text: &str) -> u64 {
    let mut bytes = [0; 8];
    for (byte, letter) in bytes.iter_mut().zip(text.bytes().take_while(|letter| !letter.is_ascii_digit())) {
        *byte = letter;
    }
    u64::from_be_bytes(bytes)
}

/// As a person sorts: `d-9` before `d-10`. Digits come before all else.
fn natural(one: &str, other: &str) -> Ordering {
    let (mut left, mut right) = (one.as_bytes(), other.as_bytes());
    loop {
        match (left.first(), right.first()) {
            (Some(a), Some(b)) if a.is_ascii_digit() && b.is_ascii_digit() => {
                let (a, after_a) = number(left);
                let (b, after_b) = number(right);
                match a.len().cmp(&b.len()).then_with(|| a.cmp(b)) {
                    Ordering::Equal => (left, right) = (after_a, after_b),
                    order => return order,
                }
            }
            (Some(a), Some(b)) => {
                let order = b.is_ascii_digit().cmp(&a.is_ascii_digit()).then_with(|| a.cmp(b));
                if order != Ordering::Equal {
                    return order;
                }
                (left, right) = (&left[1..], &right[1..]);
            }
            // Numbers that are written in two ways are the same until here.
            (None, None) => return one.cmp(other),
            (a, b) => return a.is_some().cmp(&b.is_some()),
        }
    }
}

/// The number at the beginning, without the zeros before it, and what follows.
fn number(text: &[u8]) -> (&[u8], &[u8]) {
    let zeros = text.iter().take_while(|digit| **digit == b'0').count();
    let text = &text[zeros..];
    text.split_at(text.iter().take_while(|digit| digit.is_ascii_digit()).count())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_are_found_again() {
        assert!(Column::ALL.into_iter().all(|column| Column::find(column.name()) == Some(column)));
        assert_eq!(Column::find("fuze"), None);
    }

    #[test]
    fn numbers_in_names_are_numbers() {
        let mut names = ["d-10", "d-9", "d", "d-09", "e", "d-9b", "D", "9", "d--", "d-9-2", "d-9-10"];
        names.sort_by(|one, other| natural(one, other));
        assert_eq!(names, ["9", "D", "d", "d-09", "d-9", "d-9-2", "d-9-10", "d-9b", "d-10", "d--", "e"]);
    }

    proptest! {
        #[test]
        fn the_natural_order_is_one_and_the_beginning_goes_with_it(
            texts in proptest::collection::vec("[a-c0-2\u{0}~é]{0,10}", 3)
        ) {
            let [a, b, c] = &texts[..] else { unreachable!() };
            prop_assert_eq!(natural(a, b), natural(b, a).reverse());
            prop_assert_eq!(natural(a, b) == Ordering::Equal, a == b);
            if natural(a, b).is_le() && natural(b, c).is_le() {
                prop_assert!(natural(a, c).is_le());
            }
            if beginning(a) != beginning(b) {
                prop_assert_eq!(beginning(a).cmp(&beginning(b)), natural(a, b));
            }
        }

        #[test]
        fn the_number_of_an_address_goes_with_its_order(
            one in any::<std::net::IpAddr>(), other in any::<std::net::IpAddr>(), ports in any::<(u16, u16)>()
        ) {
            let (one, other) = (SocketAddr::new(one, ports.0), SocketAddr::new(other, ports.1));
            if address(one) != address(other) {
                prop_assert_eq!(address(one).cmp(&address(other)), one.cmp(&other));
            }
        }
    }
}
