//! What a device hears that listens: messages, and the answers that MQTT wants for them.
//!
//! Only devices that listen have one: a swarm's devices keep nothing of what they hear.

use super::scanner::Garbage;
use crate::mqtt::Protocol;
use std::collections::VecDeque;

/// So much is kept of one packet. AWS IoT Core takes 128 KiB in a message, MQTT 256 MiB.
const KEPT: usize = 1024 * 1024;

const PUBLISH: u8 = 3;
const PUBREL: u8 = 6;
const SUBACK: u8 = 9;

/// A message that arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// On which topic.
    pub topic: String,
    /// What it says.
    pub payload: Vec<u8>,
    /// How many bytes of the payload were left out, because it was too long.
    pub left_out: usize,
}

/// What was heard and not told yet.
#[derive(Debug)]
pub struct Inbox {
    protocol: Protocol,
    /// The body of the packet that is arriving, as much of it as is kept.
    body: Vec<u8>,
    left_out: usize,
    messages: VecDeque<Received>,
    /// The codes of SUBACK.
    granted: Option<u8>,
    answers: Vec<u8>,
}

impl Inbox {
    /// For a connection of this version.
    pub const fn new(protocol: Protocol) -> Self {
        Self { protocol, body: Vec::new(), left_out: 0, messages: VecDeque::new(), granted: None, answers: Vec::new() }
    }

    /// Takes in the next bytes of the body of a packet.
    pub fn take_in(&mut self, bytes: &[u8]) {
        let room = (KEPT - self.body.len()).min(bytes.len());
        self.body.extend_from_slice(&bytes[..room]);
        self.left_out += bytes.len() - room;
    }

    /// The packet is complete, and begins with this byte.
    pub fn complete(&mut self, first: u8) -> Result<(), Garbage> {
        let (body, left_out) = (std::mem::take(&mut self.body), std::mem::take(&mut self.left_out));
        match first >> 4 {
            PUBLISH => {
                let qos = first >> 1 & 3;
                let (id, message) = self.publish(&body, qos, left_out).ok_or(Garbage)?;
                match qos {
                    1 => self.answer(0x40, id),
                    2 => self.answer(0x50, id),
                    _ => {}
                }
                self.messages.push_back(message);
            }
            PUBREL => self.answer(0x70, body.first_chunk().copied().ok_or(Garbage)?),
            SUBACK => self.granted = Some(*body.last().filter(|_| body.len() > 2).ok_or(Garbage)?),
            _ => {}
        }
        Ok(())
    }

    /// The next message.
    pub fn message(&mut self) -> Option<Received> {
        self.messages.pop_front()
    }

    /// The code of a SUBACK that came.
    pub fn granted(&mut self) -> Option<u8> {
        self.granted.take()
    }

    /// What is to be sent in answer; empty when there is nothing.
    pub fn answers(&mut self) -> &mut Vec<u8> {
        &mut self.answers
    }

    fn answer(&mut self, first: u8, [high, low]: [u8; 2]) {
        self.answers.extend([first, 2, high, low]);
    }

    /// The packet identifier and the message; `None` if this is no PUBLISH.
    fn publish(&self, body: &[u8], qos: u8, left_out: usize) -> Option<([u8; 2], Received)> {
        let (length, rest) = body.split_first_chunk()?;
        let (topic, mut rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        let topic = std::str::from_utf8(topic).ok()?.to_owned();
        let mut id = [0; 2];
        if qos > 0 {
            let (found, after) = rest.split_first_chunk()?;
            (id, rest) = (*found, after);
        }
        if self.protocol == Protocol::V5 {
            let (mut length, mut shift) = (0, 0);
            loop {
                let (byte, after) = rest.split_first()?;
                rest = after;
                length |= usize::from(byte & 0x7F) << shift;
                shift += 7;
                if byte & 0x80 == 0 {
                    break;
                }
                if shift > 21 {
                    return None;
                }
            }
            rest = rest.get(length..)?;
        }
        Some((id, Received { topic, payload: rest.to_vec(), left_out }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn heard(protocol: Protocol, first: u8, body: &[u8]) -> (Option<Received>, Vec<u8>) {
        let mut inbox = Inbox::new(protocol);
        inbox.take_in(body);
        inbox.complete(first).unwrap();
        (inbox.message(), std::mem::take(inbox.answers()))
    }

    #[test]
    fn a_message_is_read_and_acknowledged_as_its_qos_wants() {
        let message = |payload: &[u8]| Received { topic: "a/b".to_owned(), payload: payload.to_vec(), left_out: 0 };
        for (protocol, first, body, answer) in [
            (Protocol::V311, 0x30, &b"\0\x03a/bhello"[..], &[][..]),
            (Protocol::V311, 0x32, b"\0\x03a/b\0\x07hello", &[0x40, 2, 0, 7]),
            (Protocol::V311, 0x3D, b"\0\x03a/b\x01\x07hello", &[0x50, 2, 1, 7]),
            (Protocol::V5, 0x32, b"\0\x03a/b\0\x07\x02\x01\x01hello", &[0x40, 2, 0, 7]),
        ] {
            assert_eq!(heard(protocol, first, body), (Some(message(b"hello")), answer.to_vec()), "{first:x}");
        }
        assert_eq!(heard(Protocol::V311, 0x62, &[0, 9]), (None, vec![0x70, 2, 0, 9]));
    }

    #[test]
    fn a_long_message_is_cut_and_says_so() {
        let mut body = b"\0\x01a".to_vec();
        body.resize(KEPT + 100, b'x');
        let message = heard(Protocol::V311, 0x30, &body).0.unwrap();
        assert_eq!((message.payload.len(), message.left_out), (KEPT - 3, 100));
    }

    proptest! {
        #[test]
        fn no_packet_is_a_panic(first: u8, body in proptest::collection::vec(any::<u8>(), 0..40), five: bool) {
            let mut inbox = Inbox::new(if five { Protocol::V5 } else { Protocol::V311 });
            inbox.take_in(&body);
            let _ = inbox.complete(first);
        }
    }
}
