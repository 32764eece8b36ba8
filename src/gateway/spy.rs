//! Reads the packets of a connection that a person looks at. It is told where packets begin and end, and keeps the first
//! bytes of each: enough for a topic, never a whole payload.

use super::decode::Hello;
use super::ending::Ending;
use super::observer::Whole;
use super::words;
use crate::clock::Moment;
use crate::figures::unbroken;
use crate::mqtt::Protocol;
use crate::wiring::{Packet, Sender};
use std::collections::VecDeque;
use std::fmt::Write as _;

/// How many packets wait to be taken, the last ones; those before them are only counted: one read may hold thousands.
const MOST: usize = 64;

/// A packet that was read along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Noted {
    /// What it is called.
    pub name: &'static str,
    /// Its bytes with the fixed header.
    pub size: u32,
    /// What it says, in words.
    pub facts: String,
}

/// The beginning of a packet.
#[derive(Debug)]
struct Raw {
    first: u8,
    /// How many bytes the body has.
    length: u32,
    /// The first ones of them.
    head: Vec<u8>,
}

/// Looks at one direction of one connection.
#[derive(Debug)]
pub(super) struct Spy {
    protocol: Protocol,
    /// The first bytes of the body that is being read; `None` in a packet whose beginning was not seen.
    head: Option<Vec<u8>>,
    /// How many bytes the body has.
    length: u32,
    /// The last packets that were not taken yet, oldest first. Put into words when they are taken: most of a flood never are.
    waiting: VecDeque<Raw>,
    /// How many were pushed out by newer ones.
    missed: u64,
}

impl Spy {
    pub(super) const fn new(protocol: Protocol) -> Self {
        Self { protocol, head: None, length: 0, waiting: VecDeque::new(), missed: 0 }
    }

    /// A packet begins.
    pub(super) fn begin(&mut self) {
        self.head.get_or_insert_default().clear();
    }

    /// More of its body.
    pub(super) fn body(&mut self, bytes: &[u8]) {
        if let Some(head) = &mut self.head {
            let room = words::HEAD.saturating_sub(head.len());
            head.extend_from_slice(&bytes[..bytes.len().min(room)]);
        }
    }

    /// Its body has so many bytes.
    pub(super) const fn length(&mut self, length: u32) {
        self.length = length;
    }

    /// It is complete; `first` is its first byte.
    pub(super) fn end(&mut self, first: u8) {
        let Some(head) = self.head.take() else { return };
        let oldest = if self.waiting.len() == MOST { self.waiting.pop_front() } else { None };
        self.missed += u64::from(oldest.is_some());
        self.waiting.push_back(Raw { first, length: self.length, head });
        // Its memory serves the next one.
        self.head = Some(oldest.map(|oldest| oldest.head).unwrap_or_default());
    }

    /// Takes what was noted.
    pub(super) fn take(&mut self) -> Vec<Noted> {
        let noted = |Raw { first, length, head }| {
            let (name, facts) = words::decode(first, &head, length, self.protocol);
            Noted { name, size: size(length), facts }
        };
        self.waiting.drain(..).map(noted).collect()
    }

    /// Takes how many were not noted because too many came at once.
    pub(super) const fn missed(&mut self) -> u64 {
        std::mem::replace(&mut self.missed, 0)
    }
}

/// A CONNECT that was understood: what it says, without user name and password.
pub(super) fn connect(whole: &Whole, hello: &Hello, at: Moment) -> Packet {
    let mut facts = format!("MQTT {} · keep alive {} s", hello.protocol, hello.keep_alive.0);
    facts.push_str(match (hello.protocol, hello.clean) {
        (Protocol::V311, true) => " · clean session",
        (Protocol::V5, true) => " · clean start",
        (_, false) => "",
    });
    match &hello.will {
        // Writing to a String cannot fail.
        Some(will) => {
            let retain = if will.retain { " retain" } else { "" };
            let (topic, qos, bytes) = (&will.topic, will.qos.as_u8(), unbroken(will.payload.len() as u64));
            let _ = write!(facts, " · will on {topic} QoS {qos}{retain}, {bytes} bytes");
        }
        None => facts.push_str(" · no will"),
    }
    let size = u32::try_from(whole.bytes.len()).unwrap_or(u32::MAX);
    Packet { at, sender: Sender::Device, name: "CONNECT", size, facts }
}

/// The end of a connection, unless it was a packet that stands there already.
pub(super) fn end(ending: &Ending, at: Moment) -> Option<Packet> {
    if ending.how.starts_with("DISCONNECT") {
        return None;
    }
    let sender = if ending.cut.is_some() { Sender::Device } else { Sender::Broker };
    let facts = format!("the connection ended: {}", ending.cause.words());
    Some(Packet { at: ending.cut.unwrap_or(at), sender, name: ending.how, size: 0, facts })
}

/// A packet's bytes: its body, the first byte, and the remaining length (3.1.1 section 2.2.3).
pub(super) const fn size(length: u32) -> u32 {
    let field = match length {
        0..128 => 1,
        128..16_384 => 2,
        16_384..2_097_152 => 3,
        _ => 4,
    };
    length.saturating_add(1 + field)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::observer::{Observer, Seen, Tally};
    use proptest::prelude::*;

    /// Packets as they come, in pieces.
    fn spied(bytes: &[u8], piece: usize) -> Vec<Noted> {
        let mut observer = Observer::of_broker();
        observer.spy(Some(Protocol::V311));
        let (mut all, mut tally) = (Vec::new(), Tally::default());
        for part in bytes.chunks(piece) {
            let mut part = part;
            while !part.is_empty() {
                let step = observer.feed(part, &mut tally);
                part = &part[step.used..];
                if matches!(step.seen, Seen::Malformed(_)) {
                    break;
                }
            }
            all.extend(observer.noted());
        }
        all
    }

    #[test]
    fn one_who_comes_in_the_middle_of_a_packet_begins_with_the_next() {
        let mut observer = Observer::of_broker();
        let mut tally = Tally::default();
        observer.feed(b"\x30\x05\x00\x01a", &mut tally);
        observer.spy(Some(Protocol::V311));
        observer.feed(b"xx\xd0\x00\x30\x03\x00\x01", &mut tally);
        observer.feed(b"b", &mut tally);
        let noted = observer.noted();
        assert_eq!(
            noted.iter().map(|noted| (noted.name, noted.size)).collect::<Vec<_>>(),
            [("PINGRESP", 2), ("PUBLISH", 5)]
        );
        observer.spy(None);
        observer.feed(b"\xd0\x00", &mut tally);
        assert!(observer.noted().is_empty());
    }

    #[test]
    fn of_more_than_are_kept_the_last_are_told_and_the_others_counted() {
        let mut observer = Observer::of_broker();
        observer.spy(Some(Protocol::V311));
        let mut tally = Tally::default();
        let bytes = [b"\xd0\x00".repeat(MOST), b"\x30\x03\x00\x01b".repeat(3)].concat();
        observer.feed(&bytes, &mut tally);
        let names: Vec<_> = observer.noted().iter().map(|noted| noted.name).collect();
        assert_eq!((names.len(), names[MOST - 4], names[MOST - 3]), (MOST, "PINGRESP", "PUBLISH"));
        assert_eq!((observer.missed(), observer.missed()), (3, 0));
    }

    proptest! {
        #[test]
        fn pieces_make_no_difference(
            sizes in proptest::collection::vec(0usize..600, 0..12),
            piece in 1usize..700,
        ) {
            let mut bytes = Vec::new();
            for size in &sizes {
                let mut body = b"\x00\x03a/b".to_vec();
                body.extend(vec![b'x'; *size]);
                bytes.push(0x30);
                let length = body.len();
                if length < 128 {
                    bytes.push(u8::try_from(length).unwrap());
                } else {
                    bytes.extend([u8::try_from(length % 128).unwrap() | 0x80, u8::try_from(length / 128).unwrap()]);
                }
                bytes.extend(body);
            }
            let noted = spied(&bytes, piece);
            let wanted: Vec<String> = sizes.iter().map(|size| format!("a/b · QoS 0 · {} bytes", unbroken(*size as u64))).collect();
            prop_assert_eq!(noted.iter().map(|noted| noted.facts.clone()).collect::<Vec<_>>(), wanted);
            prop_assert_eq!(noted.iter().map(|noted| noted.size as usize).sum::<usize>(), bytes.len());
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            spied(&bytes, 7);
        }
    }
}
