//! What packets say, in words, as far as their first bytes tell. No payload and no password is among them.

use super::observer::{CONNACK, CONNECT, DISCONNECT, PUBLISH, SUBACK, SUBSCRIBE, UNSUBACK, UNSUBSCRIBE};
use crate::figures::unbroken;
use crate::mqtt::{Protocol, reason};
use std::fmt::Write as _;

/// How many bytes of a packet's body are looked at.
pub(super) const HEAD: usize = 400;

/// What a packet is called, and what it says as far as `head` tells, the first bytes of its body. Whatever does not follow the specification is left out.
pub(super) fn decode(first: u8, head: &[u8], length: u32, protocol: Protocol) -> (&'static str, String) {
    let mut reader = Reader::new(head);
    let five = protocol == Protocol::V5;
    let facts = |facts: Option<String>| facts.unwrap_or_default();
    match first >> 4 {
        // Told where it is understood as a whole: it may have a password in it.
        CONNECT => ("CONNECT", String::new()),
        CONNACK => ("CONNACK", facts(connack(&mut reader, protocol))),
        PUBLISH => ("PUBLISH", facts(publish(first, &mut reader, length, five))),
        4 => ("PUBACK", facts(acknowledged(&mut reader, five))),
        5 => ("PUBREC", facts(acknowledged(&mut reader, five))),
        6 => ("PUBREL", facts(acknowledged(&mut reader, five))),
        7 => ("PUBCOMP", facts(acknowledged(&mut reader, five))),
        SUBSCRIBE => ("SUBSCRIBE", facts(filters(&mut reader, five, length, true))),
        SUBACK => ("SUBACK", facts(granted(&mut reader, five, true))),
        UNSUBSCRIBE => ("UNSUBSCRIBE", facts(filters(&mut reader, five, length, false))),
        UNSUBACK => ("UNSUBACK", facts(granted(&mut reader, five, false))),
        12 => ("PINGREQ", String::new()),
        13 => ("PINGRESP", String::new()),
        DISCONNECT => ("DISCONNECT", disconnect(&mut reader, five)),
        15 => ("AUTH", facts(reader.byte().map(coded))),
        _ => ("reserved", String::new()),
    }
}

fn connack(reader: &mut Reader<'_>, protocol: Protocol) -> Option<String> {
    let (flags, code) = (reader.byte()?, reader.byte()?);
    let present = if flags & 1 == 1 { "a session is present" } else { "no session is present" };
    Some(match code {
        0 => format!("accepted, {present}"),
        _ => format!("0x{code:02x}: {}", reason::connack(protocol, code)),
    })
}

fn publish(first: u8, reader: &mut Reader<'_>, length: u32, five: bool) -> Option<String> {
    let (qos, retain, again) = ((first >> 1) & 3, first & 1 == 1, first & 8 == 8);
    let (topic, whole) = reader.text()?;
    // MQTT 5 may have told it before, by a number (5 section 3.3.2.3.4).
    let mut facts = if topic.is_empty() { "by topic alias".to_owned() } else { topic };
    if !whole {
        facts.push('…');
    }
    let _ = write!(facts, " · QoS {qos}");
    if retain {
        facts.push_str(" · retain");
    }
    if again {
        facts.push_str(" · sent again");
    }
    if whole {
        let id = if qos > 0 { Some(reader.number()?) } else { None };
        let properties = if five { reader.varint()? } else { 0 };
        let payload = length.saturating_sub(reader.read()).saturating_sub(properties);
        let _ = write!(facts, " · {} bytes", unbroken(payload.into()));
        if let Some(id) = id {
            let _ = write!(facts, " · id {id}");
        }
    }
    Some(facts)
}

fn acknowledged(reader: &mut Reader<'_>, five: bool) -> Option<String> {
    let id = reader.number()?;
    Some(match reader.byte().filter(|code| five && *code != 0) {
        Some(code) => format!("id {id} · {}", coded(code)),
        None => format!("id {id}"),
    })
}

fn filters(reader: &mut Reader<'_>, five: bool, length: u32, with_options: bool) -> Option<String> {
    let id = reader.number()?;
    if five {
        reader.skip_properties()?;
    }
    let mut all = Vec::new();
    let mut cut = usize::try_from(length).is_ok_and(|length| length > HEAD);
    while !reader.rest.is_empty() {
        let Some((filter, true)) = reader.text() else {
            cut = true;
            break;
        };
        all.push(match with_options.then(|| reader.byte()).flatten() {
            Some(options) => format!("{filter} QoS {}", options & 3),
            None => filter,
        });
    }
    let more = if cut { ", …" } else { "" };
    Some(format!("{}{more} · id {id}", all.join(", ")))
}

fn granted(reader: &mut Reader<'_>, five: bool, codes: bool) -> Option<String> {
    let id = reader.number()?;
    if five {
        reader.skip_properties()?;
    }
    if !codes && !five {
        return Some(format!("id {id}"));
    }
    let word = |code: &u8| match code {
        0..3 if codes => format!("QoS {code}"),
        0x80 if !five => "refused".to_owned(),
        code => coded(*code),
    };
    let words: Vec<String> = reader.rest.iter().take(20).map(word).collect();
    Some(format!("{} · id {id}", words.join(", ")))
}

fn disconnect(reader: &mut Reader<'_>, five: bool) -> String {
    match reader.byte() {
        // An empty one means the same (5 section 3.14.2.1).
        None | Some(0) if five => "0x00: normal disconnection".to_owned(),
        Some(code) if five => coded(code),
        _ => String::new(),
    }
}

fn coded(code: u8) -> String {
    format!("0x{code:02x}: {}", reason::reason(code))
}

/// Reads the first bytes of a body.
struct Reader<'a> {
    all: &'a [u8],
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    const fn new(all: &'a [u8]) -> Self {
        Self { all, rest: all }
    }

    /// How many bytes were read.
    fn read(&self) -> u32 {
        u32::try_from(self.all.len() - self.rest.len()).unwrap_or(u32::MAX)
    }

    fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*byte)
    }

    fn number(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes([self.byte()?, self.byte()?]))
    }

    /// A number of one to four bytes (5 section 1.5.5).
    fn varint(&mut self) -> Option<u32> {
        let mut value = 0;
        for shift in [0, 7, 14, 21] {
            let byte = self.byte()?;
            value |= u32::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn skip_properties(&mut self) -> Option<()> {
        let length = usize::try_from(self.varint()?).ok()?;
        self.rest = self.rest.get(length..).unwrap_or_default();
        Some(())
    }

    /// A text, and whether all of it is there.
    fn text(&mut self) -> Option<(String, bool)> {
        let length = usize::from(self.number()?);
        let there = length.min(self.rest.len());
        let (text, rest) = self.rest.split_at(there);
        self.rest = rest;
        Some((String::from_utf8_lossy(text).into_owned(), there == length))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn facts(packet: &[u8], protocol: Protocol) -> (&'static str, String) {
        // The test's packets are shorter than 128 bytes.
        decode(packet[0], &packet[2..], u32::from(packet[1]), protocol)
    }

    #[test]
    fn each_packet_says_what_matters() {
        let (old, five) = (Protocol::V311, Protocol::V5);
        for (packet, protocol, name, wanted) in [
            (&b"\x20\x02\x00\x00"[..], old, "CONNACK", "accepted, no session is present"),
            (b"\x20\x03\x01\x00\x00", five, "CONNACK", "accepted, a session is present"),
            (b"\x20\x02\x00\x05", old, "CONNACK", "0x05: not authorized"),
            (b"\x30\x06\x00\x03a/bxx", old, "PUBLISH", "a/b · QoS 0 · 1 bytes"),
            (b"\x3b\x0a\x00\x03a/b\x00\x07hey", old, "PUBLISH", "a/b · QoS 1 · retain · sent again · 3 bytes · id 7"),
            (b"\x32\x0b\x00\x01a\x00\x07\x02\x01\x00hey", five, "PUBLISH", "a · QoS 1 · 3 bytes · id 7"),
            (b"\x30\x06\x00\x00\x03\x23\x00\x01", five, "PUBLISH", "by topic alias · QoS 0 · 0 bytes"),
            (b"\x40\x02\x00\x07", old, "PUBACK", "id 7"),
            (b"\x40\x03\x00\x07\x10", five, "PUBACK", "id 7 · 0x10: reserved reason code"),
            (b"\x82\x08\x00\x02\x00\x03a/#\x01", old, "SUBSCRIBE", "a/# QoS 1 · id 2"),
            (b"\x82\x0d\x00\x02\x00\x00\x01a\x02\x00\x02b\x00\x00", five, "SUBSCRIBE", "a QoS 2, b\0 QoS 0 · id 2"),
            (b"\x90\x04\x00\x02\x01\x80", old, "SUBACK", "QoS 1, refused · id 2"),
            (b"\x90\x05\x00\x02\x00\x00\x87", five, "SUBACK", "QoS 0, 0x87: not authorized · id 2"),
            (b"\xa2\x05\x00\x02\x00\x01a", old, "UNSUBSCRIBE", "a · id 2"),
            (b"\xb0\x02\x00\x02", old, "UNSUBACK", "id 2"),
            (b"\xc0\x00", old, "PINGREQ", ""),
            (b"\xd0\x00", old, "PINGRESP", ""),
            (b"\xe0\x00", old, "DISCONNECT", ""),
            (b"\xe0\x00", five, "DISCONNECT", "0x00: normal disconnection"),
            (b"\xe0\x01\x04", five, "DISCONNECT", "0x04: disconnect with will message"),
            (b"\xf0\x01\x18", five, "AUTH", "0x18: reserved reason code"),
        ] {
            assert_eq!(facts(packet, protocol), (name, wanted.to_owned()), "{packet:?}");
        }
        let (_, large) = decode(0x30, b"\x00\x03a/b", 1_185, old);
        assert_eq!(large, "a/b · QoS 0 · 1\u{a0}180 bytes");
    }

    #[test]
    fn no_payload_and_no_password_is_ever_told() {
        let connect = b"\x10\x1c\x00\x04MQTT\x04\xc2\x00\x1e\x00\x01a\x00\x03ann\x00\x06secret";
        assert_eq!(facts(connect, Protocol::V311), ("CONNECT", String::new()));
        let publish = b"\x30\x0b\x00\x03a/bsecret";
        assert!(!facts(publish, Protocol::V311).1.contains("secret"));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), first: u8, length: u32) {
            for protocol in [Protocol::V311, Protocol::V5] {
                decode(first, &bytes, length, protocol);
            }
        }
    }
}
