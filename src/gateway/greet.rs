//! The beginning of a connection: the door, CONNECT, who may come in, and a connection to the broker.

use super::arrival::{Arrival, NoConnect};
use super::decode::{self, BadConnect, Hello};
use super::door::{Door, Outside};
use super::farewell::WIND_DOWN;
use super::line::{Order, Rival};
use super::observer::Whole;
use super::registry::Entry;
use super::relay::{Pass, Relay};
use super::stream::Stream;
use super::{Logins, Shared, spy, wills};
use crate::fleet::{Refuser, SessionEvent, Via};
use crate::mqtt::{ClientId, Protocol};
use crate::wiring::LARGEST_PACKET;
use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, timeout, timeout_at};

/// What a device may send behind its CONNECT while it waits.
const AHEAD: usize = 16 * 1024;

/// A device that has said CONNECT, with the broker at the other end.
pub(super) struct Greeted {
    pub relay: Relay,
    pub hello: Box<Hello>,
    pub name: ClientId,
    pub via: Via,
    /// What it is to an older connection of its client id.
    pub rival: Option<Rival>,
}

/// Reads CONNECT and connects to the broker. `None` if it came to nothing; then all is closed.
pub(super) async fn greet(
    shared: &Arc<Shared>,
    entry: &Entry,
    door: Door,
    tcp: TcpStream,
    peer: SocketAddr,
) -> Option<Greeted> {
    let stop = async { while Order::from_code(entry.line.switch.wait().await) != Order::Stop {} };
    tokio::select! {
        () = stop => None,
        greeted = let_in(shared, &door, tcp, peer) => {
            let watched = greeted.as_ref().is_some_and(|greeted| shared.packets.looks_at(&greeted.name));
            entry.line.set_watched(watched);
            greeted
        }
    }
}

async fn let_in(shared: &Arc<Shared>, door: &Door, tcp: TcpStream, peer: SocketAddr) -> Option<Greeted> {
    let deadline = Instant::now() + shared.config.connect_deadline;
    let patience = shared.config.connect_deadline.as_secs();
    let late = |what: &str| shared.complain(peer, door, &format!("{what} within {patience} s"));
    let (mut device, via) = match timeout_at(deadline, door.open(tcp, shared.config.logins.is_some())).await {
        Ok(Ok(opened)) => opened,
        Ok(Err(Outside::Mistake(why))) => {
            shared.complain(peer, door, &why);
            return None;
        }
        Ok(Err(Outside::Gone(error))) => {
            tracing::debug!(%peer, %error, "a connection ended at the door");
            return None;
        }
        Err(_) => {
            late(door.unfinished());
            return None;
        }
    };
    let mut arrival = Arrival::new();
    let (mut connect, _large) = match timeout_at(deadline, arrival.read_connect(shared, &mut device)).await {
        Ok(Ok(read)) => read,
        Ok(Err(NoConnect::Wrong(first, why))) => {
            let stranger = first.and_then(|first| door.stranger(first));
            shared.complain(peer, door, stranger.unwrap_or(why));
            return None;
        }
        Ok(Err(NoConnect::Gone(error))) => {
            // Most of these only looked whether somebody listens.
            tracing::debug!(%peer, %error, "a connection ended before its CONNECT was whole");
            return None;
        }
        Err(_) => {
            late("its CONNECT was not whole");
            return None;
        }
    };
    let hello = match decode::connect(connect.body()) {
        Ok(hello) => Box::new(hello),
        Err(BadConnect::Level(level)) => {
            wrong_level(shared, device, level, peer).await;
            return None;
        }
        Err(BadConnect::Malformed) => {
            shared.complain(peer, door, "its CONNECT is malformed");
            return None;
        }
    };
    let Arrival { mut observer, tally, mut rest } = arrival;
    let name = hello.client.clone().unwrap_or_else(|| anonymous(peer));
    let mends = shared.config.mends();
    if let Some(will) = hello.will.as_ref().filter(|_| mends)
        && let Some(objection) = wills::objection(&will.topic)
    {
        turn_away(shared, device, objection.connack(hello.protocol), name, objection.words(&will.topic)).await;
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
    if let Some(logins) = &shared.config.logins {
        let check = check_login(shared, logins, connect.body());
        let (answer, why) = match with_patience(shared.config.place_deadline, &mut device, &mut rest, check).await {
            Ok(Ok(())) => (None, ""),
            Ok(Err(why)) => (Some(not_authorized(hello.protocol)), why),
            Err(Lost::Gone) => (Some(&[][..]), "it went away while its password was being checked"),
            Err(Lost::Late) => {
                (Some(unavailable(hello.protocol)), "there were too many passwords to be checked at once")
            }
        };
        if let Some(answer) = answer {
            turn_away(shared, device, answer, name, why.to_owned()).await;
            return None;
        }
    }
    let broker = match connect_upstream(shared, &name, &mut device, &mut rest).await {
        Ok(connected) => connected,
        Err(why) => {
            turn_away(shared, device, unavailable(hello.protocol), name, why).await;
            return None;
        }
    };
    // Known from here on, because a broker may close the older connection before it answers the newer.
    let rival = shared.registry.rival(&name);
    let mut relay = Relay::new(device, observer, broker, &hello, mends);
    attend(shared, &mut relay, &connect, &hello, &name);
    relay.tally = tally;
    relay.last_packet = shared.clock.now();
    relay.broker.queue(&connect.bytes);
    relay.take_from_device(None, &rest, relay.last_packet);
    Some(Greeted { relay, hello, name, via, rival })
}

/// Writes down CONNECT and what comes after it, if a person looks at this client.
fn attend(shared: &Shared, relay: &mut Relay, connect: &Whole, hello: &Hello, name: &ClientId) {
    if shared.packets.looks_at(name) {
        relay.spy();
        shared.packets.write(name, [spy::connect(connect, hello, shared.clock.now())]);
    }
}

/// Why something was not waited for to its end.
enum Lost {
    /// The device went.
    Gone,
    /// It took too long.
    Late,
}

/// Waits for something so long, and only while the device waits as well: what nobody waits for any more is not done
/// later. What the device sends in the meantime goes into `rest`.
async fn with_patience<T>(
    patience: Duration,
    device: &mut Stream,
    rest: &mut Vec<u8>,
    wanted: impl Future<Output = T>,
) -> Result<T, Lost> {
    tokio::select! {
        biased;
        done = timeout(patience, wanted) => done.map_err(|_| Lost::Late),
        () = poll_fn(|cx| poll_gone(cx, device, rest)) => Err(Lost::Gone),
    }
}

/// Ready when the device has gone.
fn poll_gone(cx: &mut std::task::Context<'_>, device: &mut Stream, rest: &mut Vec<u8>) -> Poll<()> {
    while rest.len() < AHEAD {
        let mut buf = [const { MaybeUninit::uninit() }; 2048];
        let mut buf = ReadBuf::uninit(&mut buf);
        match ready!(Pin::new(&mut *device).poll_read(cx, &mut buf)) {
            // One that has said more than CONNECT may have said all that it wants to, and closed its side.
            Ok(()) if buf.filled().is_empty() && !rest.is_empty() => return Poll::Pending,
            Ok(()) if !buf.filled().is_empty() => rest.extend_from_slice(buf.filled()),
            _ => return Poll::Ready(()),
        }
    }
    // It is read on when the broker is there.
    Poll::Pending
}

/// Connects to the broker when it is the turn of `name`, with a place among those that wait for its first word and a ticket
/// for its door. If there is none to be had, why.
async fn connect_upstream(
    shared: &Shared,
    name: &ClientId,
    device: &mut Stream,
    rest: &mut Vec<u8>,
) -> Result<(Stream, Pass), String> {
    let turn = shared.registry.turn(name, shared.config.leave_deadline);
    with_patience(shared.config.place_deadline, device, rest, turn).await.map_err(|lost| match lost {
        Lost::Gone => "it went away while an older connection with its client id was ending".to_owned(),
        Lost::Late => "an older connection with its client id does not end".to_owned(),
    })?;
    let place = place(shared, device, rest).await.map_err(|lost| match lost {
        Lost::Gone => "it went away while it waited for the broker".to_owned(),
        Lost::Late => {
            format!("the broker behind the gateway, {}, has too many other devices to answer", shared.config.upstream)
        }
    })?;
    let connected = async {
        let connected = timeout(shared.config.upstream_deadline, shared.config.upstream.connect());
        let broker = connected.await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
        broker.set_nodelay(true)?;
        let ticket = broker.local_addr()?;
        io::Result::Ok((broker, ticket))
    };
    let (broker, ticket) = connected.await.map_err(|error| {
        format!("the broker behind the gateway, {}, cannot be reached: {error}", shared.config.upstream)
    })?;
    shared.guests.announce(ticket);
    Ok((broker.into(), Pass { guests: Arc::clone(&shared.guests), ticket, _place: place }))
}

/// One of the places for connections that wait for the broker's first word.
async fn place(shared: &Shared, device: &mut Stream, rest: &mut Vec<u8>) -> Result<OwnedSemaphorePermit, Lost> {
    // Mostly there is one at once, and then nothing is read from the device here.
    if let Ok(place) = Arc::clone(&shared.places).try_acquire_owned() {
        return Ok(place);
    }
    let acquired = Arc::clone(&shared.places).acquire_owned();
    // The semaphore is never closed.
    with_patience(shared.config.place_deadline, device, rest, acquired).await?.map_err(|_| Lost::Late)
}

/// Answers a protocol level that lwtop does not speak.
async fn wrong_level(shared: &Shared, device: Stream, level: u8, peer: SocketAddr) {
    // 3.1.1 section 3.1.2.2 and 5 section 3.1.2.2: unacceptable protocol version.
    let answer: &[u8] = if level < 4 { &[0x20, 2, 0, 1] } else { &[0x20, 3, 0, 0x84, 0] };
    let why = format!("protocol level {level}: lwtop speaks MQTT 3.1.1 (4) and 5 (5)");
    turn_away(shared, device, answer, anonymous(peer), why).await;
}

/// Whether user name and password are right, on a thread that may take its time. As many at once as there are processors: a
/// hash that takes long is to take it from nobody else.
async fn check_login(shared: &Shared, logins: &Arc<Logins>, connect: &[u8]) -> Result<(), &'static str> {
    let Some((user, password)) = decode::login(connect) else { return Err("it gave no user name") };
    let logins = Arc::clone(logins);
    // Never closed. It is held until the hash is there, even if nobody waits for that any more.
    let turn = Arc::clone(&shared.hashing).acquire_owned().await;
    let hash = move || {
        let admitted = logins.admit(&user, &password);
        drop(turn);
        admitted
    };
    match tokio::task::spawn_blocking(hash).await {
        Ok(true) => Ok(()),
        _ => Err("its user name or password is wrong"),
    }
}

/// The CONNACK for whoever may not come in.
const fn not_authorized(protocol: Protocol) -> &'static [u8] {
    // Not authorized, and bad user name or password.
    match protocol {
        Protocol::V311 => &[0x20, 2, 0, 5],
        Protocol::V5 => &[0x20, 3, 0, 0x86, 0],
    }
}

/// The CONNACK for whoever cannot be served.
const fn unavailable(protocol: Protocol) -> &'static [u8] {
    match protocol {
        Protocol::V311 => &[0x20, 2, 0, 3],
        Protocol::V5 => &[0x20, 3, 0, 0x88, 0],
    }
}

/// Says the last bytes to a device, closes, and tells why it did not get in.
async fn turn_away(shared: &Shared, mut device: Stream, answer: &[u8], name: ClientId, why: String) {
    let said = async {
        device.write_all(answer).await?;
        device.shutdown().await
    };
    let _ = timeout(WIND_DOWN, said).await;
    refuse(shared, name, Refuser::Gateway, why).await;
}

/// Tells that a client was refused.
pub(super) async fn refuse(shared: &Shared, client: ClientId, by: Refuser, why: String) {
    shared.report(SessionEvent::Refused { at: shared.clock.now(), client, by, why }).await;
}

/// A name for a client whose id nobody tells.
fn anonymous(peer: SocketAddr) -> ClientId {
    ClientId::new(format!("anonymous-{}", peer.port()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::gateway::GatewayConfig;
    use std::net::Ipv4Addr;
    use tokio::sync::mpsc;

    #[tokio::test]
    async fn a_password_is_checked_when_a_processor_is_free() {
        let config = GatewayConfig::new((Ipv4Addr::LOCALHOST, 1).into());
        let (reports, _) = mpsc::channel(1);
        let shared = Shared::new(config, reports, Arc::default(), Arc::default(), Clock::start());
        let logins = Arc::new(Logins::default().with("ann", "secret"));
        let body = b"\x00\x04MQTT\x04\xc2\x00\x1e\x00\x01a\x00\x03ann\x00\x06secret";
        let free = shared.hashing.available_permits();
        let busy = Arc::clone(&shared.hashing).acquire_many_owned(u32::try_from(free).unwrap()).await.unwrap();
        let mut check = std::pin::pin!(check_login(&shared, &logins, body));
        assert!(futures_util::poll!(&mut check).is_pending());
        assert_eq!(Arc::strong_count(&logins), 2, "no thread has taken it");
        drop(busy);
        assert_eq!(check.await, Ok(()));
        assert_eq!(shared.hashing.available_permits(), free);
    }
}
