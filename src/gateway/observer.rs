//! Reads along with one direction of a connection: a push state machine that is handed bytes in whatever pieces the
//! socket gives, and does no I/O.
//!
//! It understands the fixed header of every packet (3.1.1 section 2.2) and skips bodies by their length. Only the few
//! packets that tell a connection's story are gathered whole: CONNECT and DISCONNECT from the device, CONNACK and
//! DISCONNECT from the broker. While none of those is half read it owns no memory.

use super::spy::{Noted, Spy};
use crate::mqtt::Protocol;

/// The largest packet that is gathered. More than any real CONNECT: AWS IoT Core allows 128 KiB for a message.
pub const LARGEST: u32 = 256 * 1024;

/// CONNECT, as a packet type (3.1.1 table 2.1).
pub const CONNECT: u8 = 1;
/// CONNACK.
pub const CONNACK: u8 = 2;
/// DISCONNECT.
pub const DISCONNECT: u8 = 14;

pub(super) const PUBLISH: u8 = 3;
const PUBREL: u8 = 6;
pub(super) const SUBSCRIBE: u8 = 8;
pub(super) const SUBACK: u8 = 9;
pub(super) const UNSUBSCRIBE: u8 = 10;
pub(super) const UNSUBACK: u8 = 11;
const PINGREQ: u8 = 12;
const PINGRESP: u8 = 13;
const AUTH: u8 = 15;

/// Whole packets counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Of any type.
    pub packets: u32,
    /// PINGREQs among them.
    pub pings: u32,
    /// PUBLISHes among them.
    pub publishes: u32,
}

/// A packet that was gathered whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whole {
    /// Its type: [`CONNECT`], [`CONNACK`] or [`DISCONNECT`].
    pub kind: u8,
    /// All of it, with the fixed header.
    pub bytes: Vec<u8>,
    body: usize,
}

impl Whole {
    /// Everything after the fixed header.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.bytes[self.body..]
    }

    /// Everything after the fixed header, to be changed.
    pub fn body_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[self.body..]
    }
}

/// What a step came upon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Nothing to act on; the piece is used up.
    Nothing,
    /// A gathered packet is complete.
    Packet(Whole),
    /// These bytes are not MQTT, and nothing after them can be understood: what is wrong, in words.
    Malformed(&'static str),
    /// A packet begins that is larger than [`Observer::limit`] allows.
    TooLarge,
}

/// One step through a piece of bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Up to here the bytes may be relayed as they are.
    pub pass: usize,
    /// Up to here they are read; what lies between `pass` and `used` is kept in the packet that is being gathered.
    pub used: usize,
    /// What was come upon.
    pub seen: Seen,
}

/// Which end of the connection sends these bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum From {
    /// A device: judged strictly, and its CONNECT and DISCONNECT are held back until they are understood.
    Device,
    /// A broker: trusted, and all its bytes are relayed at once.
    Broker,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Between two packets.
    Boundary,
    /// In the remaining length (3.1.1 section 2.2.3).
    Length { first: u8, shift: u8, value: u32 },
    /// In the body.
    Body { first: u8, left: u32 },
    /// Something malformed came: nothing more is understood.
    Lost,
}

/// A packet that is being gathered. Boxed: most of the time there is none.
#[derive(Debug)]
struct Held {
    bytes: Vec<u8>,
    /// Where its body begins.
    body: usize,
}

/// Reads along with one direction of one connection.
#[derive(Debug)]
pub struct Observer {
    from: From,
    state: State,
    /// CONNECT was seen; from a device it must come first and once (3.1.1 section 3.1).
    greeted: bool,
    /// The protocol has AUTH packets: MQTT 5, or not known yet.
    auth: bool,
    /// The packet that is being gathered.
    held: Option<Box<Held>>,
    /// The largest packet that may come, with its fixed header.
    most: u32,
    /// Decodes every packet; only while a person looks at this connection.
    spy: Option<Box<Spy>>,
}

impl Observer {
    /// For what a device sends.
    #[must_use]
    pub const fn of_device() -> Self {
        Self::new(From::Device)
    }

    /// For what a broker sends.
    #[must_use]
    pub const fn of_broker() -> Self {
        Self::new(From::Broker)
    }

    const fn new(from: From) -> Self {
        Self { from, state: State::Boundary, greeted: false, auth: true, held: None, most: u32::MAX, spy: None }
    }

    /// From now on an AUTH packet is malformed: MQTT 3.1.1 has none.
    pub const fn forbid_auth(&mut self) {
        self.auth = false;
    }

    /// From now on a packet of more bytes than this, with its fixed header, is too large.
    pub const fn limit(&mut self, most: u32) {
        self.most = most;
    }

    /// From now on every packet that begins is decoded, as one of this protocol version, or none is any more.
    pub fn spy(&mut self, protocol: Option<Protocol>) {
        match protocol {
            Some(protocol) if self.spy.is_none() => self.spy = Some(Box::new(Spy::new(protocol))),
            Some(_) => {}
            None => self.spy = None,
        }
    }

    /// Takes the packets that were decoded since the last time.
    pub fn noted(&mut self) -> Vec<Noted> {
        self.spy.as_mut().map(|spy| spy.take()).unwrap_or_default()
    }

    /// How many packets were not noted since the last time, because too many came at once.
    pub fn missed(&mut self) -> u64 {
        self.spy.as_mut().map_or(0, |spy| spy.missed())
    }

    /// Whether the bytes so far end with a whole packet, so that another one may be put in here.
    #[must_use]
    pub fn at_boundary(&self) -> bool {
        self.state == State::Boundary
    }

    /// How many bytes of a packet are gathered by now.
    #[must_use]
    pub fn holds(&self) -> usize {
        self.held.as_ref().map_or(0, |held| held.bytes.len())
    }

    /// The bytes of a packet that was being gathered when something went wrong.
    #[must_use]
    pub fn take_held(&mut self) -> Vec<u8> {
        self.held.take().map(|held| held.bytes).unwrap_or_default()
    }

    /// Reads `piece` until it ends or something is come upon; call again with the rest until all is used.
    pub fn feed(&mut self, piece: &[u8], tally: &mut Tally) -> Step {
        let mut at = 0;
        // Where bytes begin that may not be relayed yet.
        let mut hold = self.holding().then_some(0);
        while at < piece.len() {
            match self.state {
                State::Boundary => {
                    let first = piece[at];
                    if let Some(why) = self.objection(first) {
                        self.state = State::Lost;
                        return Step { pass: at, used: at, seen: Seen::Malformed(why) };
                    }
                    self.state = State::Length { first, shift: 0, value: 0 };
                    if let Some(spy) = &mut self.spy {
                        spy.begin();
                    }
                    if self.gathers(first) {
                        self.held = Some(Box::new(Held { bytes: vec![first], body: 0 }));
                        if self.from == From::Device {
                            hold = Some(at);
                        }
                    }
                    at += 1;
                }
                State::Length { first, shift, value } => {
                    let byte = piece[at];
                    let value = value | u32::from(byte & 0x7f) << shift;
                    if byte & 0x80 != 0 {
                        if shift == 21 {
                            let why = "a remaining length of more than four bytes";
                            return self.lost(hold.unwrap_or(at), at, Seen::Malformed(why));
                        }
                        self.state = State::Length { first, shift: shift + 7, value };
                        self.keep(&piece[at..=at]);
                        at += 1;
                        continue;
                    }
                    if let Some(why) = self.too_long(first, value) {
                        return self.lost(hold.unwrap_or(at), at, Seen::Malformed(why));
                    }
                    // The first byte, and one for each seven bits of the length.
                    if value.saturating_add(2 + u32::from(shift) / 7) > self.most {
                        return self.lost(hold.unwrap_or(at), at, Seen::TooLarge);
                    }
                    if value > LARGEST {
                        // Only a broker's: it passes, ungathered.
                        self.held = None;
                    }
                    self.keep(&piece[at..=at]);
                    if let Some(held) = &mut self.held {
                        held.body = held.bytes.len();
                    }
                    at += 1;
                    self.state = State::Body { first, left: value };
                    if let Some(spy) = &mut self.spy {
                        spy.length(value);
                    }
                    if value == 0
                        && let Some(packet) = self.complete(first, tally)
                    {
                        return self.came_upon(hold, at, packet);
                    }
                }
                State::Body { first, left } => {
                    let take = usize::try_from(left).unwrap_or(usize::MAX).min(piece.len() - at);
                    self.keep(&piece[at..at + take]);
                    if let Some(spy) = &mut self.spy {
                        spy.body(&piece[at..at + take]);
                    }
                    at += take;
                    // `take` is at most `left`, so it fits.
                    let left = left - u32::try_from(take).unwrap_or(left);
                    self.state = State::Body { first, left };
                    if left == 0
                        && let Some(packet) = self.complete(first, tally)
                    {
                        return self.came_upon(hold, at, packet);
                    }
                }
                State::Lost => at = piece.len(),
            }
        }
        Step { pass: hold.unwrap_or(at), used: at, seen: Seen::Nothing }
    }

    fn holding(&self) -> bool {
        self.from == From::Device && self.held.is_some()
    }

    fn gathers(&self, first: u8) -> bool {
        match first >> 4 {
            DISCONNECT => true,
            CONNECT => self.from == From::Device,
            CONNACK => self.from == From::Broker,
            _ => false,
        }
    }

    /// Gathers `bytes` if a packet is being gathered.
    fn keep(&mut self, bytes: &[u8]) {
        if let Some(held) = &mut self.held {
            held.bytes.extend_from_slice(bytes);
        }
    }

    /// Lets go of the last `count` bytes that are gathered.
    fn give_back(&mut self, count: usize) {
        if let Some(held) = &mut self.held {
            held.bytes.truncate(held.bytes.len().saturating_sub(count));
        }
    }

    /// Ends a packet: counts it, and hands it out if it was gathered.
    fn complete(&mut self, first: u8, tally: &mut Tally) -> Option<Whole> {
        let kind = first >> 4;
        self.state = State::Boundary;
        if let Some(spy) = &mut self.spy {
            spy.end(first);
        }
        self.greeted |= kind == CONNECT;
        tally.packets += 1;
        tally.pings += u32::from(kind == PINGREQ);
        tally.publishes += u32::from(kind == PUBLISH);
        self.held.take().map(|held| Whole { kind, bytes: held.bytes, body: held.body })
    }

    fn came_upon(&self, hold: Option<usize>, at: usize, packet: Whole) -> Step {
        let pass = match self.from {
            From::Device => hold.unwrap_or(0),
            From::Broker => at,
        };
        Step { pass, used: at, seen: Seen::Packet(packet) }
    }

    /// Gives up at `at`, where `seen` was come upon, with the bytes up to `pass` relayed.
    fn lost(&mut self, pass: usize, at: usize, seen: Seen) -> Step {
        self.state = State::Lost;
        match self.from {
            // What is held of this piece is handed back with the rest of it.
            From::Device => self.give_back(at - pass),
            From::Broker => self.held = None,
        }
        Step { pass, used: pass, seen }
    }

    /// What is wrong with the first byte of a packet (3.1.1 tables 2.1 and 2.2).
    fn objection(&self, first: u8) -> Option<&'static str> {
        if self.from == From::Broker {
            return None;
        }
        let (kind, flags) = (first >> 4, first & 0x0f);
        if !self.greeted && kind != CONNECT {
            return Some("the first packet is not CONNECT");
        }
        let wanted = match kind {
            0 => return Some("packet type 0 is reserved"),
            AUTH if !self.auth => return Some("packet type 15 is reserved in MQTT 3.1.1"),
            CONNECT if self.greeted => return Some("a second CONNECT"),
            CONNACK | SUBACK | UNSUBACK | PINGRESP => return Some("a packet that only a server sends"),
            PUBLISH if flags & 0b0110 == 0b0110 => return Some("PUBLISH with QoS 3"),
            PUBLISH => flags,
            PUBREL | SUBSCRIBE | UNSUBSCRIBE => 0b0010,
            _ => 0,
        };
        (flags != wanted).then_some("reserved flags of the fixed header are set wrongly")
    }

    /// What is wrong with a packet's length.
    fn too_long(&self, first: u8, length: u32) -> Option<&'static str> {
        if self.from == From::Broker {
            return None;
        }
        match first >> 4 {
            PINGREQ if length > 0 => Some("PINGREQ with a body"),
            CONNECT | DISCONNECT if length > LARGEST => Some("a CONNECT or DISCONNECT of more than 256 KiB"),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
