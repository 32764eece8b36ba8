//! The two sockets of one connection: bytes are copied through as they are, and read along.
//!
//! Nothing is held while a connection is idle: bytes are read into the worker thread's stack and written at once. Only
//! what the other side does not take is kept, and as long as it is kept nothing more is read from this side.

use super::Shared;
use super::decode;
use super::decode::Hello;
use super::end::{End, PIECE};
use super::ending::{Ending, Silence};
use super::line::Line;
use super::observer::{CONNACK, Observer, Seen, Tally, Whole};
use super::spy::Noted;
use super::stream::Stream;
use crate::clock::{Clock, Moment};
use crate::mqtt::{ClientId, KeepAlive, Protocol};
use crate::wiring::{Activity, Guests, Packet, Sender};
use std::io;
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::ReadBuf;
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::coop::has_budget_remaining;
use tokio::time::{Instant, Sleep, sleep_until};

/// How long after 1.5 times the keep alive a device that neither reads nor sends is given up, when the broker's own
/// close cannot be seen behind the bytes that the device does not take.
const STALLED_GRACE: Duration = Duration::from_secs(1);

/// What a relay needs the connection's task for.
#[derive(Debug)]
pub(super) enum Turn {
    /// CONNACK came and is held back until it is reported.
    Answered(Box<Whole>),
    /// It is over.
    Ended(Box<Ending>),
    /// Between two packets, where an order waits for that.
    Boundary,
}

/// What a relay looks at while it copies, and where it books what it counted.
#[derive(Debug)]
pub(super) struct Watch<'a> {
    pub shared: &'a Shared,
    pub line: &'a Line,
    /// By which name the packets are written down.
    pub client: &'a ClientId,
}

/// A new connection's place among the few that may wait for the broker's first word, and its ticket for the broker's
/// door. Both end when the broker is heard or the connection ends.
#[derive(Debug)]
pub(super) struct Pass {
    pub guests: Arc<Guests>,
    pub ticket: SocketAddr,
    pub _place: OwnedSemaphorePermit,
}

impl Drop for Pass {
    fn drop(&mut self) {
        // The broker has taken it, or never will: another process could get the same port later.
        self.guests.withdraw(self.ticket);
    }
}

/// Copies between a device and the broker until one of them ends it.
#[expect(clippy::struct_excessive_bools, reason = "independent facts, and a connection is to stay small")]
#[derive(Debug)]
pub(super) struct Relay {
    pub device: End,
    pub broker: End,
    pub from_device: Observer,
    from_broker: Observer,
    /// Packets from the device that are not booked yet.
    pub tally: Tally,
    /// When the last whole packet came from the device.
    pub last_packet: Moment,
    /// Dropped when the broker is first heard.
    pass: Option<Box<Pass>>,
    answer: Option<Box<Whole>>,
    ended: Option<Box<Ending>>,
    /// Watches a device that takes nothing; only while it takes nothing.
    stalled: Option<Pin<Box<Sleep>>>,
    pub protocol: Protocol,
    pub keep_alive: KeepAlive,
    pub no_expiry: bool,
    /// The broker is one that is helped.
    pub mends: bool,
    /// CONNACK passed.
    answered: bool,
    /// Nothing is copied and nothing is read from the device; the broker is heard, but not passed on.
    pub frozen: bool,
    /// An order waits for the boundary between two packets.
    pub wants_boundary: bool,
}

impl Relay {
    /// Starts after CONNECT was read from `device` by `from_device`, and `broker` was connected on `pass`.
    pub(super) fn new(
        device: Stream,
        from_device: Observer,
        (broker, pass): (Stream, Pass),
        hello: &Hello,
        mends: bool,
    ) -> Self {
        Self {
            device: End::new(device),
            broker: End::new(broker),
            from_device,
            from_broker: Observer::of_broker(),
            tally: Tally::default(),
            last_packet: Moment::default(),
            pass: Some(Box::new(pass)),
            answer: None,
            ended: None,
            stalled: None,
            protocol: hello.protocol,
            keep_alive: hello.keep_alive,
            no_expiry: hello.no_expiry,
            mends,
            answered: false,
            frozen: false,
            wants_boundary: false,
        }
    }

    /// CONNACK was dealt with and goes on to the device.
    pub(super) fn answered(&mut self, watch: &Watch<'_>) {
        self.answered = true;
        self.book(watch);
    }

    /// Books the packets that came since the last time. Before CONNACK they wait: the reader of the board is to know a
    /// connection before it hears of its packets.
    fn book(&mut self, watch: &Watch<'_>) {
        if self.answered && self.tally.packets > 0 {
            let Tally { packets, pings, publishes } = std::mem::take(&mut self.tally);
            let news = Activity { last_packet: self.last_packet, packets, pings, publishes };
            watch.shared.board.add(&watch.line.meter, news);
        }
    }

    /// From now on packets are decoded, before the connection's first read.
    pub(super) fn spy(&mut self) {
        self.from_device.spy(Some(self.protocol));
        self.from_broker.spy(Some(self.protocol));
    }

    /// Writes down what a person who looks at this connection is to see.
    fn tell(&mut self, watch: &Watch<'_>) {
        if !watch.line.is_watched() {
            return;
        }
        let at = watch.shared.clock.now();
        let packet = |sender, Noted { name, size, facts }| Packet { at, sender, name, size, facts };
        let device = self.from_device.noted().into_iter().map(|noted| packet(Sender::Device, noted));
        let frozen = self.frozen;
        let broker = self.from_broker.noted().into_iter().map(|noted| {
            let mut packet = packet(Sender::Broker, noted);
            if frozen {
                let comma = if packet.facts.is_empty() { "" } else { " · " };
                packet.facts.push_str(comma);
                packet.facts.push_str("not passed on: frozen");
            }
            packet
        });
        let packets: Vec<Packet> = device.chain(broker).collect();
        let missed = self.from_device.missed() + self.from_broker.missed();
        if !packets.is_empty() {
            watch.shared.packets.miss(watch.client, missed);
            watch.shared.packets.write(watch.client, packets);
            // What the broker sends moves no counter: without this the screen would hear of it late.
            watch.shared.board.wake();
        }
    }

    /// Copies until something has to be told.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, watch: &Watch<'_>) -> Poll<Turn> {
        loop {
            if let Some(answer) = self.answer.take() {
                return Poll::Ready(Turn::Answered(answer));
            }
            // A device that ends it before CONNACK has still connected: the broker is heard first.
            if let Some(ended) = self.ended.take_if(|ended| self.answered || ended.cut.is_none()) {
                return Poll::Ready(Turn::Ended(ended));
            }
            if self.wants_boundary && self.from_device.at_boundary() && !self.broker.has_leftover() {
                return Poll::Ready(Turn::Boundary);
            }
            // Asked before the look: what the device said before the knock is there by now.
            let knocked = watch.line.knocked();
            let up = self.poll_up(cx, watch);
            if let Some(knock) = knocked.filter(|_| up.is_pending() && self.has_read_all()) {
                watch.shared.registry.heed(watch.line, knock);
            }
            let down = self.poll_down(cx, watch);
            if up.is_pending() && down.is_pending() && self.poll_stalled(cx, &watch.shared.clock).is_pending() {
                return Poll::Pending;
            }
        }
    }

    /// Whether nothing more comes from the device for now because it says nothing: not because it is in the middle of a packet,
    /// the broker does not take what came before, or the runtime asks the task to let others go first. Nobody waits for what
    /// a frozen one says.
    fn has_read_all(&self) -> bool {
        self.frozen || (self.from_device.at_boundary() && !self.broker.has_leftover() && has_budget_remaining())
    }

    /// Device to broker.
    fn poll_up(&mut self, cx: &mut Context<'_>, watch: &Watch<'_>) -> Poll<()> {
        ready!(self.broker.poll_flush(cx));
        if self.frozen || self.ended.is_some() {
            return Poll::Pending;
        }
        let mut buf = [const { MaybeUninit::uninit() }; PIECE];
        let mut buf = ReadBuf::uninit(&mut buf);
        match ready!(self.device.poll_read(cx, &mut buf)) {
            Ok([]) => self.end(Ending::closed(self.device.stream.how_ended(), watch.shared.clock.now())),
            Ok(piece) => {
                self.from_device.spy(watch.line.is_watched().then_some(self.protocol));
                self.take_from_device(Some(cx), piece, watch.shared.clock.now());
                self.book(watch);
                self.tell(watch);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                self.end(Ending::garbled(self.device.stream.how_garbled(), watch.shared.clock.now()));
            }
            Err(error) => self.end(Ending::broken(error.kind(), watch.shared.clock.now())),
        }
        Poll::Ready(())
    }

    /// Reads along and passes on what a device sent.
    pub(super) fn take_from_device(&mut self, mut cx: Option<&mut Context<'_>>, mut piece: &[u8], now: Moment) {
        while !piece.is_empty() && self.ended.is_none() {
            let before = self.tally.packets;
            let step = self.from_device.feed(piece, &mut self.tally);
            if self.tally.packets > before {
                self.last_packet = now;
            }
            match &mut cx {
                Some(cx) => self.broker.write(cx, &piece[..step.pass]),
                None => self.broker.queue(&piece[..step.pass]),
            }
            match step.seen {
                Seen::Nothing => {}
                Seen::Packet(packet) => {
                    // The observer lets no second CONNECT through, so this is DISCONNECT.
                    let goodbye = decode::disconnect(packet.body(), self.protocol);
                    self.end(Ending::goodbye(goodbye, self.no_expiry, self.mends, packet.bytes, now));
                }
                Seen::Malformed(why) => {
                    tracing::debug!(why, "a device sent a malformed packet");
                    let mut bytes = self.from_device.take_held();
                    bytes.extend_from_slice(&piece[step.pass..]);
                    self.end(Ending::malformed(bytes, now));
                }
                Seen::TooLarge => self.end(Ending::too_large(now)),
            }
            piece = &piece[step.used..];
        }
    }

    /// Broker to device.
    fn poll_down(&mut self, cx: &mut Context<'_>, watch: &Watch<'_>) -> Poll<()> {
        if self.frozen {
            self.device.discard();
        } else {
            ready!(self.device.poll_flush(cx));
        }
        if self.answer.is_some() || self.ended.as_ref().is_some_and(|ended| ended.cut.is_none()) {
            return Poll::Pending;
        }
        let mut buf = [const { MaybeUninit::uninit() }; PIECE];
        let mut buf = ReadBuf::uninit(&mut buf);
        match ready!(self.broker.poll_read(cx, &mut buf)) {
            Ok([]) => self.end_by_broker(watch),
            Ok(piece) => {
                self.from_broker.spy(watch.line.is_watched().then_some(self.protocol));
                self.take_from_broker(cx, piece);
                self.tell(watch);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => self.end_by_broker(watch),
        }
        Poll::Ready(())
    }

    fn take_from_broker(&mut self, cx: &mut Context<'_>, piece: &[u8]) {
        self.pass = None;
        let (mut left, mut piece) = (piece, piece);
        while !left.is_empty() {
            let step = self.from_broker.feed(left, &mut Tally::default());
            match step.seen {
                Seen::Nothing => {}
                Seen::Packet(packet) if packet.kind == CONNACK => self.answer = Some(Box::new(packet)),
                Seen::Packet(packet) => {
                    if self.protocol == Protocol::V311 {
                        // It has no DISCONNECT from a server (3.1.1 table 2.1), but mqtt5 sends it after a takeover.
                        let end = piece.len() - left.len() + step.used;
                        piece = &piece[..end.saturating_sub(packet.bytes.len())];
                    }
                    self.end(Ending::dismissal(packet.body().first().copied().unwrap_or(0)));
                    break;
                }
                // A broker's business; the bytes pass.
                Seen::Malformed(_) | Seen::TooLarge => break,
            }
            left = &left[step.used..];
        }
        if self.frozen {
            return;
        }
        if self.answer.is_some() || self.ended.is_some() {
            // CONNACK waits until it is reported, and what came with it stays behind it. So does a DISCONNECT: a device that
            // heard it could be gone from its other connection before the end of this one is reported.
            self.device.queue(piece);
        } else {
            self.device.write(cx, piece);
        }
    }

    fn end_by_broker(&mut self, watch: &Watch<'_>) {
        self.pass = None;
        let lasted = watch.shared.clock.now().since(self.last_packet);
        let rival = watch.line.has_rival();
        self.end(Ending::wordless(&Silence { rival, lasted, keep_alive: self.keep_alive, mended: self.mends }));
    }

    /// The first end counts, except that a broker that ends it before CONNACK never knew of the device's.
    fn end(&mut self, ending: Ending) {
        if self.ended.is_none() || !self.answered {
            self.ended = Some(Box::new(ending));
        }
    }

    /// Ready when a device that takes nothing was found to be silent for too long.
    fn poll_stalled(&mut self, cx: &mut Context<'_>, clock: &Clock) -> Poll<()> {
        let (true, Some(deadline)) = (self.device.has_leftover() && !self.frozen, self.keep_alive.deadline()) else {
            self.stalled = None;
            return Poll::Pending;
        };
        let due = |last_packet| Instant::from_std(clock.instant(last_packet + deadline + STALLED_GRACE));
        let sleep = self.stalled.get_or_insert_with(|| Box::pin(sleep_until(due(self.last_packet))));
        ready!(sleep.as_mut().poll(cx));
        self.stalled = None;
        if due(self.last_packet) <= Instant::now() {
            self.end(Ending::stalled());
        }
        Poll::Ready(())
    }
}
