//! One connection's task, from its first byte to its last: greet, relay and report; [`farewell`] closes it.
//!
//! The order of things is what the story of a death rests on: the end of a connection is in the report channel before
//! the broker can see it, and so before the broker can publish the will.

use super::decode::{self, Answer, BadConnect, Hello};
use super::door::{Door, Outside};
use super::ending::Ending;
use super::farewell::{self, WIND_DOWN};
use super::observer::{Observer, Seen, Tally, Whole};
use super::registry::{Entry, Order};
use super::relay::{Pass, Relay, Turn, Watch};
use super::stream::Stream;
use super::wills;
use super::{Logins, Shared};
use crate::fleet::{Closed, Opened, SessionEvent, Via};
use crate::mqtt::{ClientId, ConnId, Fault, KeepAlive, Protocol, reason};
use crate::wiring::LARGEST_PACKET;
use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use tokio::io::{AsyncRead, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout, timeout_at};

/// Serves one device until its connection has ended on both sides.
pub(super) async fn serve(shared: Arc<Shared>, door: Door, device: TcpStream, peer: SocketAddr, conn: ConnId) {
    let entry = shared.registry.enter(conn);
    if shared.stopping() {
        return;
    }
    // Boxed: it is over soon, and a connection that idles for days is not to carry its size.
    let Some(greeted) = Box::pin(greet(&shared, &entry, door, device, peer)).await else { return };
    let Greeted { relay: mut relays, hello, name, via } = greeted;
    let relay = &mut relays;
    let mut session =
        Session { shared: &shared, entry: &entry, peer, via, client: name, hello: Some(hello), open: false };
    let mut patience = Some(Box::pin(sleep(shared.config.answer_deadline)));
    let mut waiting = None;
    loop {
        let turn = {
            let watch = session.watch();
            let mut order = pin!(entry.line.switch.wait());
            poll_fn(|cx| {
                if let Poll::Ready(code) = order.as_mut().poll(cx) {
                    return Poll::Ready(Err(Order::from_code(code)));
                }
                if patience.as_mut().is_some_and(|patience| patience.as_mut().poll(cx).is_ready()) {
                    return Poll::Ready(Ok(Turn::Ended(Box::new(Ending::unanswered()))));
                }
                relay.poll(cx, &watch).map(Ok)
            })
            .await
        };
        let ending = match turn {
            Ok(Turn::Answered(packet)) => {
                Box::pin(session.answer(relay, &packet)).await;
                patience = None;
                continue;
            }
            Ok(Turn::Ended(ending)) => Some(*ending),
            Ok(Turn::Boundary) => waiting.take().and_then(|fault| Ending::fault(fault, relay.protocol, session.now())),
            Err(Order::Stop) => Some(Ending::stopped()),
            Err(Order::Fault(Fault::Freeze)) => {
                relay.frozen = true;
                continue;
            }
            Err(Order::Fault(fault)) => {
                // What is said to the broker may not fall into the middle of a packet; a cut may.
                relay.wants_boundary = !matches!(fault, Fault::Fin | Fault::Rst | Fault::Kick);
                if relay.wants_boundary {
                    waiting = Some(fault);
                    continue;
                }
                Ending::fault(fault, relay.protocol, session.now())
            }
        };
        relay.wants_boundary = false;
        if let Some(ending) = ending {
            Box::pin(session.finish(relays, ending)).await;
            return;
        }
    }
}

/// A device that has said CONNECT, with the broker at the other end.
struct Greeted {
    relay: Relay,
    hello: Box<Hello>,
    name: ClientId,
    via: Via,
}

/// Reads CONNECT and connects to the broker. `None` if it came to nothing; then all is closed.
async fn greet(shared: &Shared, entry: &Entry, door: Door, tcp: TcpStream, peer: SocketAddr) -> Option<Greeted> {
    let stop = async { while Order::from_code(entry.line.switch.wait().await) != Order::Stop {} };
    let mut observer = Observer::of_device();
    let mut tally = Tally::default();
    let mut rest = Vec::new();
    tokio::select! {
        () = stop => None,
        greeted = async {
            let deadline = Instant::now() + shared.config.connect_deadline;
            let late = |_| tracing::debug!(%peer, "closed a connection that sent no CONNECT");
            let (mut device, via) = match timeout_at(deadline, door.open(tcp)).await.map_err(late).ok()? {
                Ok(opened) => opened,
                Err(outside) => {
                    tracing::debug!(%peer, why = %outside, "closed a connection that did not get in");
                    if let Outside::Mistake(why) = outside {
                        shared.complain(peer, &door, &why);
                    }
                    return None;
                }
            };
            let packet = timeout_at(deadline, read_connect(&mut device, &mut observer, &mut tally, &mut rest));
            let mut connect = match packet.await.map_err(late).ok()? {
                Ok(packet) => packet,
                Err(why) => {
                    tracing::debug!(%peer, %why, "closed a connection that did not begin with CONNECT");
                    return None;
                }
            };
            let hello = match decode::connect(connect.body()) {
                Ok(hello) => Box::new(hello),
                Err(bad) => {
                    turn_away(shared, device, bad, peer).await;
                    return None;
                }
            };
            let mends = shared.config.mends();
            let objection = hello.will.as_ref().filter(|_| mends).and_then(|will| wills::objection(&will.topic));
            if let Some(objection) = objection {
                let _ = timeout(WIND_DOWN, say(&mut device, objection.connack(hello.protocol))).await;
                let name = hello.client.unwrap_or_else(|| anonymous(peer));
                refuse(shared, name, objection.words().to_owned()).await;
                return None;
            }
            if hello.protocol == Protocol::V311 {
                observer.forbid_auth();
            }
            if mends {
                observer.limit(LARGEST_PACKET);
            }
            if let Some(seconds) = shared.config.stretch_zero_keep_alive {
                decode::stretch_keep_alive(connect.body_mut(), seconds);
            }
            let name = hello.client.clone().unwrap_or_else(|| anonymous(peer));
            if let Some(logins) = &shared.config.logins
                && let Err(why) = check_login(logins, connect.body()).await
            {
                not_authorized(shared, device, &hello, name, why).await;
                return None;
            }
            let broker = match connect_upstream(shared).await {
                Ok(connected) => connected,
                Err(error) => {
                    unreachable(shared, device, &hello, name, &error).await;
                    return None;
                }
            };
            if let Some((line, _)) = shared.registry.find(&name) {
                // A broker may close the older connection before it answers the newer.
                line.set_rival(true);
            }
            let mut relay = Relay::new(device, observer, broker, &hello, mends);
            relay.tally = tally;
            relay.last_packet = shared.clock.now();
            relay.broker.queue(&connect.bytes);
            relay.take_from_device(None, &rest, relay.last_packet);
            Some(Greeted { relay, hello, name, via })
        } => greeted,
    }
}

/// Reads until CONNECT is whole; what came after it goes into `rest`.
async fn read_connect(
    device: &mut Stream,
    observer: &mut Observer,
    tally: &mut Tally,
    rest: &mut Vec<u8>,
) -> io::Result<Whole> {
    poll_fn(|cx| {
        loop {
            let mut buf = [const { MaybeUninit::uninit() }; 2048];
            let mut buf = ReadBuf::uninit(&mut buf);
            std::task::ready!(Pin::new(&mut *device).poll_read(cx, &mut buf))?;
            let piece = buf.filled();
            if piece.is_empty() {
                return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
            }
            let step = observer.feed(piece, tally);
            match step.seen {
                Seen::Nothing => {}
                Seen::Packet(packet) => {
                    rest.extend_from_slice(&piece[step.used..]);
                    return Poll::Ready(Ok(packet));
                }
                Seen::Malformed(why) => return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, why))),
                // No limit is set yet.
                Seen::TooLarge => return Poll::Ready(Err(io::ErrorKind::InvalidData.into())),
            }
        }
    })
    .await
}

/// Connects to the broker, with a place among those that wait for its first word and a ticket for its door.
async fn connect_upstream(shared: &Shared) -> io::Result<(Stream, Pass)> {
    let place = Arc::clone(&shared.places).acquire_owned().await.map_err(io::Error::other)?;
    let connected = timeout(shared.config.upstream_deadline, shared.config.upstream.connect());
    let broker = connected.await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    broker.set_nodelay(true)?;
    let ticket = broker.local_addr()?;
    shared.guests.announce(ticket);
    Ok((broker.into(), Pass { guests: Arc::clone(&shared.guests), ticket, _place: place }))
}

/// Answers a CONNECT that cannot be relayed, as far as the specification lets a server answer it.
async fn turn_away(shared: &Shared, mut device: Stream, bad: BadConnect, peer: SocketAddr) {
    let BadConnect::Level(level) = bad else {
        tracing::debug!(%peer, "closed a connection with a malformed CONNECT");
        return;
    };
    // 3.1.1 section 3.1.2.2 and 5 section 3.1.2.2: unacceptable protocol version.
    let answer: &[u8] = if level < 4 { &[0x20, 2, 0, 1] } else { &[0x20, 3, 0, 0x84, 0] };
    let _ = timeout(WIND_DOWN, say(&mut device, answer)).await;
    let why = format!("protocol level {level}: lwtop speaks MQTT 3.1.1 (4) and 5 (5)");
    refuse(shared, anonymous(peer), why).await;
}

/// Whether user name and password are right, on a thread that may take its time.
async fn check_login(logins: &Arc<Logins>, connect: &[u8]) -> Result<(), &'static str> {
    let Some((user, password)) = decode::login(connect) else { return Err("it gave no user name") };
    let logins = Arc::clone(logins);
    match tokio::task::spawn_blocking(move || logins.admit(&user, &password)).await {
        Ok(true) => Ok(()),
        _ => Err("its user name or password is wrong"),
    }
}

/// Tells a device that it may not come in.
async fn not_authorized(shared: &Shared, mut device: Stream, hello: &Hello, name: ClientId, why: &str) {
    // Not authorized, and bad user name or password.
    let answer: &[u8] = match hello.protocol {
        Protocol::V311 => &[0x20, 2, 0, 5],
        Protocol::V5 => &[0x20, 3, 0, 0x86, 0],
    };
    let _ = timeout(WIND_DOWN, say(&mut device, answer)).await;
    refuse(shared, name, why.to_owned()).await;
}

/// Tells a device that the broker is not there.
async fn unreachable(shared: &Shared, mut device: Stream, hello: &Hello, name: ClientId, error: &io::Error) {
    let answer: &[u8] = match hello.protocol {
        Protocol::V311 => &[0x20, 2, 0, 3],
        Protocol::V5 => &[0x20, 3, 0, 0x88, 0],
    };
    let _ = timeout(WIND_DOWN, say(&mut device, answer)).await;
    refuse(
        shared,
        name,
        format!("the broker behind the gateway, {}, cannot be reached: {error}", shared.config.upstream),
    )
    .await;
}

/// Sends the last bytes and closes.
async fn say(device: &mut Stream, answer: &[u8]) -> io::Result<()> {
    device.write_all(answer).await?;
    device.shutdown().await
}

async fn refuse(shared: &Shared, client: ClientId, why: String) {
    shared.report(SessionEvent::Refused { at: shared.clock.now(), client, why }).await;
}

/// A name for a client whose id nobody tells.
fn anonymous(peer: SocketAddr) -> ClientId {
    ClientId::new(format!("anonymous-{}", peer.port()))
}

/// What the task knows besides the sockets.
struct Session<'a> {
    shared: &'a Shared,
    entry: &'a Entry,
    peer: SocketAddr,
    /// Until CONNACK came.
    via: Via,
    client: ClientId,
    /// Until CONNACK came.
    hello: Option<Box<Hello>>,
    /// Opened was reported, so Closed will be.
    open: bool,
}

impl Session<'_> {
    fn watch(&self) -> Watch<'_> {
        Watch { clock: &self.shared.clock, board: &self.shared.board, line: &self.entry.line }
    }

    fn now(&self) -> crate::clock::Moment {
        self.shared.clock.now()
    }

    fn conn(&self) -> ConnId {
        self.entry.line.meter.conn()
    }

    /// Reports what the broker answered, before the device hears it.
    async fn answer(&mut self, relay: &mut Relay, packet: &Whole) {
        let Answer { code, keep_alive, client } = decode::connack(packet.body(), relay.protocol);
        // A second CONNACK is the broker's fault and tells nothing.
        let Some(hello) = self.hello.take() else { return };
        if let Some(client) = client {
            self.client = client;
        }
        if code == 0 {
            relay.keep_alive = keep_alive.map_or(hello.keep_alive, KeepAlive);
            self.shared.registry.accepted(&self.client, self.conn(), relay.protocol);
            self.open = true;
            let opened = Opened {
                at: self.now(),
                conn: self.conn(),
                client: self.client.clone(),
                peer: Some(self.peer),
                protocol: hello.protocol,
                keep_alive: relay.keep_alive,
                clean: hello.clean,
                will: hello.will,
                nameless: hello.client.is_none(),
                via: std::mem::take(&mut self.via),
            };
            self.shared.report(SessionEvent::Opened(Box::new(opened))).await;
        } else {
            self.concede();
            refuse(self.shared, self.client.clone(), reason::connack(relay.protocol, code).to_owned()).await;
        }
        relay.answered(&self.watch());
    }

    /// The client id stays with the connection that has it.
    fn concede(&self) {
        if let Some((line, _)) = self.shared.registry.find(&self.client) {
            line.set_rival(false);
        }
    }

    /// Reports the end, then carries it to the other side.
    async fn finish(self, relay: Relay, ending: Ending) {
        if self.open {
            self.shared.registry.ended(&self.client, self.conn());
            let closed = Closed {
                at: self.now(),
                cut: ending.cut,
                conn: self.conn(),
                client: self.client.clone(),
                cause: ending.cause,
                how: ending.how,
                rest: self.entry.line.meter.take(),
            };
            self.shared.report(SessionEvent::Closed(Box::new(closed))).await;
        } else if self.hello.is_some() {
            self.concede();
            refuse(self.shared, self.client, format!("no CONNACK came: {}", ending.how)).await;
        }
        farewell::carry_out(self.shared, relay, ending).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::gateway::GatewayConfig;
    use tokio::net::TcpListener;
    use tokio::sync::mpsc;

    /// What an idle connection costs beside its two sockets. Thousands of them stand in one process.
    #[tokio::test]
    async fn a_connections_task_stays_small() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let stream = TcpStream::connect(addr).await.unwrap();
        let (reports, _) = mpsc::channel(1);
        let clock = Clock::start();
        let shared = Shared::new(GatewayConfig::new(addr), reports, Arc::default(), Arc::default(), clock);
        let task = serve(Arc::new(shared), Door::TCP, stream, addr, ConnId(1));
        let size = size_of_val(&task);
        assert!(size <= 1024, "{size} bytes");
    }
}
