//! One connection with the session on it.

use super::connection::Part;
use super::pace::Pace;
use super::session::{self, Heard, LARGEST, Request, Session, Terms};
use super::subscriptions::Group;
use super::trouble::Trouble;
use super::{LinkConfig, Outgoing, Refusal};
use crate::clock::Clock;
use crate::dial::{Stranger, Stream};
use crate::mqtt::{Protocol, Qos};
use bytes::BytesMut;
use futures_util::FutureExt;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf, split};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

/// How long a broker may take from the first SYN to CONNACK.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// How long a closing handshake of TLS or WebSocket is waited for.
const FAREWELL: Duration = Duration::from_secs(1);

/// Messages that wait to be published while the broker is slow: enough for the rule's answers to a mass cut of thousands,
/// and at some hundred bytes each a few megabytes at most.
const REQUESTS: usize = 8_192;

/// Bytes that are read at once.
const READ: usize = 64 * 1024;

/// Messages after which no more are read without waiting, so that the hub sees the first ones early, and a hub that is slower
/// makes the broker wait and not the memory grow.
const BATCH: usize = 512;

/// Reads without waiting after the first one.
const MORE_READS: usize = 3;

/// The same where a stream gathers: TLS hands out 4 KiB at a time, however much has come.
const MORE_OF_A_STREAM: usize = 32;

/// A read of a stream that brings less has emptied what had gathered: the broker is still writing, message by message.
const PIECE: usize = 2_048;

/// Bytes that wait to be written before more messages to publish are looked at.
const WRITE: usize = 64 * 1024;

/// Bytes that wait to be written before nothing is read any more: a broker that reads nothing must not collect
/// acknowledgements in memory.
const STALLED: usize = 1024 * 1024;

/// A mass cut of ten thousand wills of a kilobyte stays in the kernel's buffer while lwtop is busy elsewhere.
const WILL_BUFFER: u32 = 4 * 1024 * 1024;

/// The sending side of a connection.
#[derive(Clone, Debug)]
pub struct Publisher {
    messages: mpsc::Sender<Outgoing>,
    /// The largest packet that the broker takes: it would close the connection over a larger one.
    largest: usize,
    /// The highest quality of service that it takes, and whether it refuses to retain: over these too.
    highest: Qos,
    no_retain: bool,
}

impl Publisher {
    /// Hands over a message.
    pub fn publish(&self, message: Outgoing) -> Result<(), Refusal> {
        let size = size(&message);
        if size > self.largest {
            return Err(Refusal::Lost(format!(
                "the message takes {size} bytes, and the broker takes no more than {}",
                self.largest
            )));
        }
        if message.qos > self.highest {
            let (qos, most) = (message.qos.as_u8(), self.highest.as_u8());
            return Err(Refusal::Lost(format!("the message has QoS {qos}, and the broker takes no more than {most}")));
        }
        if message.retain && self.no_retain {
            return Err(Refusal::Lost("the message is to be retained, and the broker retains none".to_owned()));
        }
        self.messages.try_send(message).map_err(|error| match error {
            TrySendError::Full(message) => Refusal::Full(message),
            TrySendError::Closed(_) => Refusal::down(),
        })
    }
}

/// The size of the packet, at most.
fn size(message: &Outgoing) -> usize {
    // Fixed header, topic length, packet identifier and property length together never take more than 16 bytes.
    let properties: usize = message.user_properties.iter().map(|(key, value)| key.len() + value.len() + 5).sum();
    message.topic.as_str().len() + message.payload.len() + properties + 16
}

/// One connection that stands. A new attempt makes a new one.
pub struct Wire {
    session: Box<dyn Session>,
    reader: ReadHalf<Stream>,
    writer: WriteHalf<Stream>,
    input: BytesMut,
    output: BytesMut,
    /// Something was written that may not have left yet.
    unflushed: bool,
    publisher: Publisher,
    messages: mpsc::Receiver<Outgoing>,
    /// `None` without keep alive.
    ping: Option<(Duration, Instant)>,
    /// Whether the broker names the subscription that a message is for.
    identifiers: bool,
    /// When to read; `None` for wills, which are always read at once.
    pace: Option<Pace>,
    /// How many bytes the last read brought.
    read: usize,
    clock: Clock,
}

impl Wire {
    /// Connects, up to CONNACK.
    pub async fn open(
        config: &LinkConfig,
        protocol: Protocol,
        client_id: &str,
        part: Part,
        clock: Clock,
    ) -> Result<Self, Trouble> {
        let prepared = config.route.prepare().await?;
        let deadline = Instant::now() + PATIENCE;
        let buffer = (part == Part::Wills).then_some(WILL_BUFFER);
        let stream = config.route.dial(prepared, buffer, deadline).await?;
        let (reader, writer) = split(stream);
        let (sender, messages) = mpsc::channel(REQUESTS);
        let mut wire = Self {
            session: session::new(protocol, config.attribute),
            reader,
            writer,
            input: BytesMut::new(),
            output: BytesMut::new(),
            unflushed: true,
            publisher: Publisher { messages: sender, largest: LARGEST, highest: config.highest(), no_retain: false },
            messages,
            ping: None,
            identifiers: false,
            pace: (part != Part::Wills).then(Pace::default),
            read: 0,
            clock,
        };
        wire.session.connect(config, client_id, &mut wire.output)?;
        let terms = timeout_at(deadline, wire.greeted()).await.unwrap_or(Err(Trouble::Silent))?;
        wire.publisher.largest = terms.largest.unwrap_or(LARGEST);
        wire.publisher.highest = terms.highest.map_or(config.highest(), |most| most.min(config.highest()));
        wire.publisher.no_retain = terms.no_retain;
        wire.identifiers = terms.identifiers;
        let interval = terms.keep_alive.unwrap_or(config.keep_alive).interval();
        wire.ping = interval.map(|interval| (interval, Instant::now() + interval));
        Ok(wire)
    }

    /// Waits for CONNACK; what came right behind it stays where it is.
    async fn greeted(&mut self) -> Result<Terms, Trouble> {
        let mut heard = Vec::new();
        loop {
            if let Some(stranger) = Stranger::of(&self.input) {
                return Err(Trouble::Stranger(stranger));
            }
            self.session.take(&mut self.input, self.clock.now(), &mut self.output, &mut heard)?;
            if let Some(Heard::Connected(terms)) = heard.pop() {
                return Ok(terms);
            }
            self.turn(false, false).await?;
        }
    }

    /// Waits until something is heard, then takes everything that is ready without waiting again. What was heard before
    /// trouble came is in `heard` too. Cancel safe.
    pub async fn next(&mut self, heard: &mut Vec<Heard>) -> Result<(), Trouble> {
        let mut reads = 0;
        loop {
            let now = self.clock.now();
            while self.session.take(&mut self.input, now, &mut self.output, heard)? {}
            self.unflushed |= !self.output.is_empty();
            if heard.is_empty() {
                self.turn(true, true).await?;
                continue;
            }
            // The turns after the first hear something only gain the hub a larger batch.
            reads += 1;
            let more = match &self.pace {
                Some(pace) if pace.is_stream() => reads <= MORE_OF_A_STREAM && self.read >= PIECE,
                _ => reads <= MORE_READS,
            } && heard.len() < BATCH;
            if more && let Some(result) = self.turn(true, false).now_or_never() {
                result?;
                continue;
            }
            if let Some(pace) = &mut self.pace {
                pace.heard(Instant::now(), heard.len());
            }
            return Ok(());
        }
    }

    /// Reads, writes, publishes or pings: whatever is possible first. `rests`: nothing is read while a stream is to gather;
    /// what has been begun is read to its end. Cancel safe.
    async fn turn(&mut self, established: bool, rests: bool) -> Result<(), Trouble> {
        let Self { session, reader, writer, input, output, unflushed, messages, ping, pace, read: last, .. } = self;
        input.reserve(READ);
        let rest = pace.as_ref().filter(|_| rests).and_then(Pace::rest);
        // Not biased: under a flood of messages, publishing and pinging must get their turn.
        tokio::select! {
            read = reader.read_buf(input), if output.len() < STALLED && rest.is_none() => match read {
                Ok(0) => Err(Trouble::Closed),
                Ok(bytes) => {
                    *last = bytes;
                    Ok(())
                }
                Err(error) => Err(Trouble::of_io(&error)),
            },
            written = flush(writer, output), if *unflushed => match written {
                Ok(()) => {
                    *unflushed = false;
                    Ok(())
                }
                // The broker may have said why it closed: reading that comes first.
                Err(error) => match reader.read_buf(input).now_or_never() {
                    Some(Ok(1..)) => Ok(()),
                    Some(Err(first)) => Err(Trouble::of_io(&first)),
                    _ => Err(Trouble::of_io(&error)),
                },
            },
            Some(message) = messages.recv(), if established && !*unflushed && session.is_free() => {
                session.send(Request::Publish(message), output)?;
                while output.len() < WRITE && session.is_free() {
                    let Ok(message) = messages.try_recv() else { break };
                    session.send(Request::Publish(message), output)?;
                }
                *unflushed = true;
                Ok(())
            }
            () = until(rest) => {
                if let Some(pace) = pace {
                    pace.go_on();
                }
                Ok(())
            }
            () = due(*ping) => {
                session.send(Request::Ping, output)?;
                *unflushed = true;
                *ping = ping.map(|(interval, _)| (interval, Instant::now() + interval));
                Ok(())
            }
        }
    }

    /// The sending side, as the broker's limits are known now.
    pub fn publisher(&self) -> Publisher {
        self.publisher.clone()
    }

    /// Asks for the filters of a group: the packet identifier that the answer will have.
    pub fn subscribe(&mut self, group: &Group, qos: Qos) -> Result<u16, Trouble> {
        let identifier = group.id.filter(|_| self.identifiers);
        let id = self.session.send(Request::Subscribe(&group.filters, qos, identifier), &mut self.output)?;
        self.unflushed = true;
        id.ok_or_else(|| Trouble::Protocol("SUBSCRIBE could not be sent".to_owned()))
    }

    /// Sends DISCONNECT and closes, as far as the broker lets it.
    pub async fn disconnect(mut self) {
        let Self { session, writer, output, .. } = &mut self;
        if session.send(Request::Disconnect, output).is_ok() && flush(writer, output).await.is_ok() {
            let _ = timeout(FAREWELL, writer.shutdown()).await;
        }
    }

    /// How many messages were handed over and never acknowledged; asked after trouble, when nobody publishes any more.
    pub fn unsent(mut self) -> usize {
        let mut waiting = 0;
        while self.messages.try_recv().is_ok() {
            waiting += 1;
        }
        waiting + self.session.unacknowledged()
    }
}

async fn flush(writer: &mut WriteHalf<Stream>, output: &mut BytesMut) -> io::Result<()> {
    writer.write_all_buf(output).await?;
    writer.flush().await
}

async fn until(rest: Option<Instant>) {
    match rest {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}

async fn due(ping: Option<(Duration, Instant)>) {
    match ping {
        Some((_, at)) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}
