//! A device's connection while it lives: pings, telemetry, acknowledgements, and noticing its end.

use super::handshake::{Accepted, error_words};
use super::inbox::{Inbox, Received};
use super::packets;
use super::reporter::Tally;
use super::scanner::{Garbage, Scanner};
use super::template::DeviceTemplate;
use super::wire::Wire;
use crate::mqtt::{Cause, ClientId, KeepAlive, Protocol, Qos, reason};
use std::future::{pending, poll_fn};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWriteExt, ReadBuf};
use tokio::time::{Instant, sleep_until};

/// How long a broker may refuse to take a packet before the connection counts as lost.
const STUCK_AFTER: Duration = Duration::from_secs(10);

/// How a connection ended that nobody here ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lost {
    /// The broker sent DISCONNECT with this reason code.
    Disconnect(u8),
    /// The broker closed.
    Fin,
    /// The broker, or something in between, reset.
    Rst,
    /// No PINGRESP until the next PINGREQ was due.
    NoPingresp,
    /// The broker took no data any more.
    Stuck,
    /// The broker sent something that is not MQTT.
    Garbage,
    /// The operating system's reason.
    Network(String),
}

impl Lost {
    /// What it means for the device's presence.
    #[must_use]
    pub const fn cause(&self) -> Cause {
        match self {
            Self::Disconnect(0x8D) => Cause::KeepAliveTimeout,
            Self::Disconnect(0x8E) => Cause::SessionTakenOver,
            Self::Disconnect(0x81 | 0x82 | 0x90 | 0x93..=0x95 | 0x99) | Self::Garbage => Cause::ProtocolError,
            Self::Disconnect(_) | Self::Fin | Self::Rst => Cause::ServerInitiated,
            Self::NoPingresp | Self::Stuck | Self::Network(_) => Cause::ConnectionLost,
        }
    }

    /// How it looked on the wire.
    #[must_use]
    pub const fn how(&self) -> &'static str {
        match self {
            Self::Disconnect(0x8D) => "DISCONNECT 0x8D from the broker",
            Self::Disconnect(0x8E) => "DISCONNECT 0x8E from the broker",
            Self::Disconnect(0x8B) => "DISCONNECT 0x8B from the broker",
            Self::Disconnect(0x98) => "DISCONNECT 0x98 from the broker",
            Self::Disconnect(0x81) => "DISCONNECT 0x81 from the broker",
            Self::Disconnect(0x82) => "DISCONNECT 0x82 from the broker",
            Self::Disconnect(_) => "DISCONNECT from the broker",
            Self::Fin => "FIN from the broker",
            Self::Rst => "RST from the broker",
            Self::NoPingresp => "no PINGRESP",
            Self::Stuck => "the broker took no data",
            Self::Garbage => "no MQTT from the broker",
            Self::Network(_) => "network error",
        }
    }
}

impl std::fmt::Display for Lost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Disconnect(code) => write!(f, "the broker sent DISCONNECT: {} (0x{code:02X})", reason::reason(*code)),
            Self::Fin => f.write_str("the broker closed the connection"),
            Self::Rst => f.write_str("the connection was reset"),
            Self::NoPingresp => f.write_str("the broker did not answer PINGREQ"),
            Self::Stuck => f.write_str("the broker took no data any more"),
            Self::Garbage => f.write_str("the broker sent something that is not MQTT"),
            Self::Network(why) => write!(f, "the connection broke: {why}"),
        }
    }
}

/// What [`Session::next`] waits for.
#[derive(Debug)]
pub enum Happening {
    /// The announcement is through: sent at QoS 0, acknowledged at QoS 1 and 2.
    Announced,
    /// SUBACK came, with this code.
    Granted(u8),
    /// A message came to a device that listens.
    Received(Box<Received>),
    /// The connection ended.
    Lost(Lost),
}

/// How far the announcement is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Announcing {
    /// Nothing to wait for, or done.
    Done,
    /// Done, and not yet told.
    Through,
    /// PUBACK (QoS 1) or PUBREC (QoS 2) is awaited.
    Sent,
    /// PUBREC came, and PUBREL is to be sent.
    Received,
    /// PUBCOMP is awaited.
    Released,
}

/// One open connection. It owns no buffer: reads go to the stack, and packets are made when they are sent.
#[derive(Debug)]
pub struct Session {
    wire: Wire,
    scanner: Scanner,
    ping_every: Option<Duration>,
    ping_due: Instant,
    telemetry_due: Option<Instant>,
    announcing: Announcing,
    /// What a device hears that listens.
    inbox: Option<Box<Inbox>>,
    awaiting_pingresp: bool,
    /// A packet was begun and not ended: another one now would be read as its rest.
    torn: bool,
    lost: Option<Lost>,
}

impl Session {
    /// Takes over a connection that CONNACK accepted.
    pub fn new(accepted: Accepted, template: &DeviceTemplate) -> Self {
        let now = Instant::now();
        let ping_every = ping_interval(accepted.keep_alive);
        Self {
            wire: accepted.wire,
            scanner: accepted.scanner,
            ping_every,
            ping_due: now + ping_every.unwrap_or_default(),
            telemetry_due: template.telemetry.as_ref().map(|telemetry| now + telemetry.every),
            announcing: Announcing::Done,
            inbox: None,
            awaiting_pingresp: false,
            torn: false,
            lost: None,
        }
    }

    /// Stops telemetry, for a second client that only holds the id.
    pub fn be_quiet(&mut self) {
        self.telemetry_due = None;
    }

    /// Keeps from now on what comes, and acknowledges it.
    pub fn listen(&mut self, protocol: Protocol) {
        self.inbox = Some(Box::new(Inbox::new(protocol)));
    }

    /// Sends the announcement; a failure is found by [`Self::next`].
    pub async fn announce(&mut self, packet: &[u8], qos: Qos, tally: &Tally) {
        self.announcing = if qos == Qos::AtMostOnce { Announcing::Through } else { Announcing::Sent };
        if let Err(lost) = self.send(packet).await {
            self.lost = Some(lost);
        } else {
            tally.publish();
        }
    }

    /// Keeps the connection alive until something happens. Cancel safe, except that a packet which the broker does not
    /// take may be torn; then the next call says that the connection is lost.
    pub async fn next(&mut self, template: &DeviceTemplate, id: &ClientId, tally: &Tally) -> Happening {
        if self.torn {
            self.lost = Some(Lost::Stuck);
        }
        loop {
            // What came before the end is told before it.
            if let Some(inbox) = &mut self.inbox
                && let Some(happening) = heard(inbox)
            {
                return happening;
            }
            if let Some(lost) = self.lost.clone() {
                return Happening::Lost(lost);
            }
            if self.announcing == Announcing::Through {
                self.announcing = Announcing::Done;
                return Happening::Announced;
            }
            let due = match (self.ping_every.map(|_| self.ping_due), self.telemetry_due) {
                (Some(ping), Some(telemetry)) => Some(ping.min(telemetry)),
                (ping, telemetry) => ping.or(telemetry),
            };
            let result = tokio::select! {
                biased;
                read = poll_fn(|cx| self.poll_read(cx)) => match read {
                    // Boxed, because it is rare.
                    Ok(true) => Box::pin(self.answer(tally)).await,
                    Ok(false) => Ok(()),
                    Err(lost) => Err(lost),
                },
                () = wait(due) => self.tick(template, id, tally).await,
            };
            if let Err(lost) = result {
                self.lost = Some(lost);
            }
        }
    }

    /// Sends what the broker is to be answered.
    async fn answer(&mut self, tally: &Tally) -> Result<(), Lost> {
        let mut answers = Vec::new();
        if self.announcing == Announcing::Received {
            self.announcing = Announcing::Released;
            answers.extend(packets::pubrel());
        }
        if let Some(inbox) = &mut self.inbox {
            answers.append(inbox.answers());
        }
        self.send(&answers).await.inspect(|()| tally.packet())
    }

    /// Sends nothing, and waits until the broker has ended the connection; false if it did not before `deadline`.
    pub async fn wait_until_lost(&mut self, deadline: Instant) -> bool {
        self.inbox = None;
        let ended = async { while poll_fn(|cx| self.poll_read(cx)).await.is_ok() {} };
        tokio::time::timeout_at(deadline, ended).await.is_ok()
    }

    /// Sends `packet` as it is.
    pub async fn send(&mut self, packet: &[u8]) -> Result<(), Lost> {
        if let Some(every) = self.ping_every {
            self.ping_due = Instant::now() + every;
        }
        let written = match self.wire.try_write(packet) {
            Ok(written) if written == packet.len() => return Ok(()),
            Ok(written) => written,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
            Err(error) => return Err(error.into()),
        };
        // Boxed, because it is rare and would make the task of every device larger.
        Box::pin(self.send_rest(&packet[written..])).await
    }

    async fn send_rest(&mut self, rest: &[u8]) -> Result<(), Lost> {
        self.torn = true;
        let write = async {
            self.wire.write_all(rest).await?;
            self.wire.flush().await
        };
        tokio::time::timeout(STUCK_AFTER, write).await.map_err(|_| Lost::Stuck)??;
        self.torn = false;
        Ok(())
    }

    /// How the connection has ended already, as far as it can be known without waiting.
    pub fn ended(&mut self) -> Option<Lost> {
        if self.lost.is_none()
            && let Poll::Ready(Err(lost)) = self.poll_read(&mut Context::from_waker(Waker::noop()))
        {
            self.lost = Some(lost);
        }
        self.lost.clone()
    }

    /// The connection, for its end.
    pub fn into_wire(self) -> Wire {
        self.wire
    }

    /// Whether a packet can still be sent in one piece.
    pub const fn intact(&self) -> bool {
        !self.torn && self.lost.is_none()
    }

    async fn tick(&mut self, template: &DeviceTemplate, id: &ClientId, tally: &Tally) -> Result<(), Lost> {
        let now = Instant::now();
        if let (Some(telemetry), Some(due)) = (&template.telemetry, self.telemetry_due)
            && due <= now
        {
            // From now, not from `due`: after a pause it goes on with its rhythm instead of catching up in a burst.
            self.telemetry_due = Some(now + telemetry.every.max(Duration::from_millis(1)));
            match packets::telemetry(template, id) {
                Ok(Some(packet)) => {
                    self.send(&packet).await?;
                    tally.publish();
                }
                // The handshake has made one before: neither the id nor the template has changed since.
                Ok(None) | Err(_) => self.telemetry_due = None,
            }
        }
        if self.ping_every.is_some() && self.ping_due <= now {
            if self.awaiting_pingresp {
                return Err(Lost::NoPingresp);
            }
            self.awaiting_pingresp = true;
            self.send(packets::PINGREQ).await?;
            tally.ping();
        }
        Ok(())
    }

    /// Reads what is there; true when it is to be answered. The buffer is on the stack, and gone while nothing is there.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Result<bool, Lost>> {
        let mut buffer = [0; 1024];
        // Bounded, so that a broker that floods one device does not keep others from their turn.
        let (mut answer, mut reads) = (false, 0);
        while reads < 16 {
            let mut buffer = ReadBuf::new(&mut buffer);
            match Pin::new(&mut self.wire).poll_read(cx, &mut buffer) {
                Poll::Ready(Ok(())) if buffer.filled().is_empty() => return Poll::Ready(Err(Lost::Fin)),
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error.into())),
                Poll::Pending if reads == 0 => return Poll::Pending,
                Poll::Pending => break,
            }
            reads += 1;
            answer |= self.scan(buffer.filled())?;
            if buffer.remaining() > 0 {
                break;
            }
        }
        Poll::Ready(Ok(answer))
    }

    /// Takes in what the broker sent; true when it is to be answered.
    fn scan(&mut self, mut rest: &[u8]) -> Result<bool, Lost> {
        let garbage = |Garbage| Lost::Garbage;
        self.awaiting_pingresp = false;
        let Self { scanner, inbox, .. } = self;
        loop {
            let keep = |body: &[u8]| {
                if let Some(inbox) = inbox.as_deref_mut() {
                    inbox.take_in(body);
                }
            };
            let Some(packet) = scanner.next(&mut rest, keep).map_err(garbage)? else { break };
            if let Some(inbox) = inbox.as_deref_mut() {
                inbox.complete(packet.first).map_err(garbage)?;
            }
            let ours = packet.packet_id() == Some(packets::ANNOUNCEMENT_ID);
            match (packet.first >> 4, self.announcing) {
                (4, Announcing::Sent) | (7, Announcing::Released) if ours => {
                    self.announcing = Announcing::Through;
                }
                // PUBREC with an error ends the exchange (5 section 4.3.3).
                (5, Announcing::Sent) if ours && packet.body().get(2).is_some_and(|code| *code >= 0x80) => {
                    self.announcing = Announcing::Through;
                }
                (5, Announcing::Sent) if ours => self.announcing = Announcing::Received,
                // Taken in 3.1.1 as well, which has no DISCONNECT from the broker: mqtt5 sends one on a takeover.
                (14, _) => return Err(Lost::Disconnect(packet.body().first().copied().unwrap_or(0))),
                // PINGRESP needs nothing; a device that does not listen drops what a resumed session brings.
                _ => {}
            }
        }
        let answer = self.inbox.as_mut().is_some_and(|inbox| !inbox.answers().is_empty());
        Ok(answer || self.announcing == Announcing::Received)
    }
}

impl From<io::Error> for Lost {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => Self::Rst,
            // FIN without TLS's close_notify.
            io::ErrorKind::UnexpectedEof => Self::Fin,
            _ => Self::Network(error_words(&error)),
        }
    }
}

/// What came to a device that listens.
fn heard(inbox: &mut Inbox) -> Option<Happening> {
    let message = inbox.message().map(|message| Happening::Received(Box::new(message)));
    message.or_else(|| inbox.granted().map(Happening::Granted))
}

/// After how much of its own silence a device pings: a tenth before the keep alive is over, so that it is never overdue
/// on a healthy link.
fn ping_interval(keep_alive: KeepAlive) -> Option<Duration> {
    keep_alive.interval().map(|interval| interval * 9 / 10)
}

async fn wait(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => pending().await,
    }
}
