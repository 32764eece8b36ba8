//! Where the messages come from: one plain socket, at a steady pace.

use crate::raw::{packet, push_text};
use anyhow::{Context, Result};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// What everybody subscribes to; the level at the `+` names the device.
pub const FILTER: &str = "fleet/+/state";

/// A publisher of small JSON messages on many topics.
pub struct Feed {
    stream: TcpStream,
    topics: usize,
    retain: bool,
    next: usize,
}

impl Feed {
    pub fn connect(port: u16, topics: usize, retain: bool) -> Result<Self> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        let mut body = b"\x00\x04MQTT\x04\x02\x00\x00".to_vec();
        push_text(&mut body, "feed");
        stream.write_all(&packet(0x10, &body))?;
        stream.read_exact(&mut [0; 4]).context("no CONNACK")?;
        Ok(Self { stream, topics, retain, next: 0 })
    }

    /// Publishes `count` messages, `rate` a second.
    pub fn publish(&mut self, count: usize, rate: usize) -> Result<()> {
        const SLICE: Duration = Duration::from_millis(2);
        let start = Instant::now();
        let (mut sent, mut bytes) = (0, Vec::new());
        while sent < count {
            let due = (start.elapsed() + SLICE).as_millis() as usize * rate / 1_000;
            bytes.clear();
            while sent < due.min(count) {
                self.message(&mut bytes);
                sent += 1;
            }
            self.stream.write_all(&bytes)?;
            std::thread::sleep(SLICE);
        }
        Ok(())
    }

    fn message(&mut self, bytes: &mut Vec<u8>) {
        let number = self.next;
        self.next += 1;
        let mut body = Vec::with_capacity(96);
        push_text(&mut body, &format!("fleet/press-{}/state", number % self.topics));
        body.extend(format!(r#"{{"message": "running", "temperature": 21.5, "number": {number}}}"#).bytes());
        bytes.extend(packet(if self.retain { 0x31 } else { 0x30 }, &body));
    }
}
