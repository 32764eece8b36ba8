//! An MQTT 3.1.1 client of a few lines, so that what a test sees owes nothing to the code it tests.

#![allow(dead_code, reason = "not every test file needs every part")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// A client on a socket of its own. Reading waits for 30 s at most.
pub struct Raw(TcpStream);

impl Raw {
    /// Connects with a clean session and no will.
    pub fn connect(port: u16, id: &str) -> Self {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream.set_nodelay(true).unwrap();
        let mut body = vec![0, 4, b'M', b'Q', b'T', b'T', 4, 2, 0, 0];
        push_text(&mut body, id);
        stream.write_all(&packet(0x10, &body)).unwrap();
        let mut raw = Self(stream);
        assert_eq!(raw.packet(), (0x20, vec![0, 0]));
        raw
    }

    /// Subscribes at QoS 0 and waits for SUBACK.
    pub fn subscribe(&mut self, filter: &str) {
        let mut body = vec![0, 1];
        push_text(&mut body, filter);
        body.push(0);
        self.0.write_all(&packet(0x82, &body)).unwrap();
        assert_eq!(self.packet(), (0x90, vec![0, 1, 0]));
    }

    /// Publishes at QoS 0.
    pub fn publish(&mut self, topic: &str, payload: &[u8]) {
        let mut body = Vec::new();
        push_text(&mut body, topic);
        body.extend_from_slice(payload);
        self.0.write_all(&packet(0x30, &body)).unwrap();
    }

    /// The next message: topic and payload.
    pub fn message(&mut self) -> (String, String) {
        let (first, body) = self.packet();
        assert_eq!(first & 0xF6, 0x30, "a PUBLISH at QoS 0");
        let length = usize::from(u16::from_be_bytes([body[0], body[1]]));
        let topic = String::from_utf8(body[2..2 + length].to_vec()).unwrap();
        (topic, String::from_utf8(body[2 + length..].to_vec()).unwrap())
    }

    /// The next packet: its first byte and its body.
    pub fn packet(&mut self) -> (u8, Vec<u8>) {
        let mut byte = [0];
        self.0.read_exact(&mut byte).unwrap();
        let first = byte[0];
        let (mut length, mut shift) = (0_usize, 0);
        loop {
            self.0.read_exact(&mut byte).unwrap();
            length |= usize::from(byte[0] & 0x7F) << shift;
            shift += 7;
            if byte[0] & 0x80 == 0 {
                break;
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).unwrap();
        (first, body)
    }
}

/// A packet with its fixed header.
pub fn packet(first: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    let mut length = body.len();
    loop {
        let digit = u8::try_from(length % 128).unwrap();
        length /= 128;
        bytes.push(if length > 0 { digit | 0x80 } else { digit });
        if length == 0 {
            break;
        }
    }
    bytes.extend_from_slice(body);
    bytes
}

/// A text with its length before it.
pub fn push_text(body: &mut Vec<u8>, text: &str) {
    body.extend_from_slice(&u16::try_from(text.len()).unwrap().to_be_bytes());
    body.extend_from_slice(text.as_bytes());
}
