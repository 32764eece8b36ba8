//! One connection: sends what it is given, and hears packet by packet. It acknowledges messages and does nothing else by
//! itself, so that silence is silence.

use super::packets::{self, Heard, Message};
use crate::mqtt::Protocol;
use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

/// The largest packet that is read. The largest that a case asks for is a will of 64 KiB.
const LARGEST: usize = 1024 * 1024;

/// What came, or that nothing came.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Came {
    /// A packet.
    Packet(Heard),
    /// The end of the connection.
    End,
    /// Nothing until the deadline.
    Nothing,
}

/// One connection.
#[derive(Debug)]
pub(super) struct Client {
    stream: BufReader<TcpStream>,
    protocol: Protocol,
    /// What it subscribed to.
    pub topic: Option<String>,
    /// Messages that came while something else was waited for.
    messages: VecDeque<Message>,
    /// What was read of the next packet: a deadline may fall into the middle of it.
    partial: Vec<u8>,
}

impl Client {
    /// Connects.
    ///
    /// # Errors
    /// One clear sentence.
    pub(super) async fn connect(addr: SocketAddr, protocol: Protocol, deadline: Instant) -> Result<Self, String> {
        let stream = match timeout_at(deadline, TcpStream::connect(addr)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(format!("no connection to {addr}: {error}")),
            Err(_) => return Err(format!("no connection to {addr}: it does not answer")),
        };
        stream.set_nodelay(true).map_err(|error| format!("no connection to {addr}: {error}"))?;
        let stream = BufReader::new(stream);
        Ok(Self { stream, protocol, topic: None, messages: VecDeque::new(), partial: Vec::new() })
    }

    /// Sends; a broker that has closed already is found out by what is expected next.
    pub(super) async fn send(&mut self, bytes: &[u8]) {
        let _ = self.stream.get_mut().write_all(bytes).await;
    }

    /// Closes this side.
    pub(super) async fn fin(&mut self) {
        let _ = self.stream.get_mut().shutdown().await;
    }

    /// Resets.
    pub(super) fn rst(self) {
        let _ = self.stream.get_ref().set_zero_linger();
    }

    /// What comes next that is no message; messages are kept for [`Self::message`].
    pub(super) async fn answer(&mut self, deadline: Instant) -> Came {
        loop {
            match self.next(deadline).await {
                Came::Packet(Heard::Message(message)) => self.messages.push_back(*message),
                other => return other,
            }
        }
    }

    /// The next message; anything else that comes before it is passed over.
    ///
    /// # Errors
    /// What came instead.
    pub(super) async fn message(&mut self, deadline: Instant) -> Result<Message, Came> {
        if let Some(message) = self.messages.pop_front() {
            return Ok(message);
        }
        loop {
            match self.next(deadline).await {
                Came::Packet(Heard::Message(message)) => return Ok(*message),
                Came::Packet(Heard::Other(_) | Heard::Suback(_)) => {}
                other => return Err(other),
            }
        }
    }

    async fn next(&mut self, deadline: Instant) -> Came {
        let heard = match timeout_at(deadline, self.read()).await {
            Err(_) => return Came::Nothing,
            Ok(Err(_)) => return Came::End,
            Ok(Ok(heard)) => heard,
        };
        match &heard {
            Heard::Message(message) => {
                if let Some(id) = message.id {
                    let first = if message.qos == 2 { 0x50 } else { 0x40 };
                    self.send(&packets::acknowledge(first, id)).await;
                }
            }
            Heard::Pubrel(id) => {
                self.send(&packets::acknowledge(0x70, *id)).await;
                return Box::pin(self.next(deadline)).await;
            }
            _ => {}
        }
        Came::Packet(heard)
    }

    /// Reads one packet. Cancel safe: what was read of it is kept.
    async fn read(&mut self) -> io::Result<Heard> {
        loop {
            if let Some((header, length)) = header(&self.partial)? {
                if self.partial.len() >= header + length {
                    let packet = std::mem::take(&mut self.partial);
                    return Ok(packets::read(packet[0], &packet[header..], self.protocol));
                }
                let more = header + length - self.partial.len();
                let rest = (&mut self.stream).take(more as u64);
                let taken = std::pin::pin!(rest).read_buf(&mut self.partial).await?;
                if taken == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                continue;
            }
            let byte = self.stream.read_u8().await?;
            self.partial.push(byte);
        }
    }
}

/// How long the fixed header is and what follows it, once it is whole.
fn header(bytes: &[u8]) -> io::Result<Option<(usize, usize)>> {
    let mut length = 0;
    for (index, byte) in bytes.iter().skip(1).enumerate() {
        if index == 4 {
            return Err(io::ErrorKind::InvalidData.into());
        }
        length |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return if length > LARGEST {
                Err(io::ErrorKind::InvalidData.into())
            } else {
                Ok(Some((index + 2, length)))
            };
        }
    }
    Ok(None)
}
