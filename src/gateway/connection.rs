//! One connection's task, from its first byte to its last: [`greet`] lets it in, then it relays and reports; [`farewell`]
//! closes it.
//!
//! The order of things is what the story of a death rests on: the end of a connection is in the report channel before
//! the broker can see it, and so before the broker can publish the will.

use super::decode::{self, Answer, Hello};
use super::door::Door;
use super::ending::Ending;
use super::greet::{Greeted, greet, refuse};
use super::line::{Order, Rival};
use super::observer::Whole;
use super::registry::Entry;
use super::relay::{Relay, Turn, Watch};
use super::{Shared, farewell, spy};
use crate::fleet::{Closed, Opened, Refuser, SessionEvent, Via};
use crate::mqtt::{ClientId, ConnId, Fault, KeepAlive, reason};
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use tokio::net::TcpStream;
use tokio::time::sleep;

/// Serves one device until its connection has ended on both sides.
pub(super) async fn serve(shared: Arc<Shared>, door: Door, device: TcpStream, peer: SocketAddr, conn: ConnId) {
    let entry = shared.registry.enter(conn);
    if shared.stopping() {
        return;
    }
    // Boxed: it is over soon, and a connection that idles for days is not to carry its size.
    let Some(greeted) = Box::pin(greet(&shared, &entry, door, device, peer)).await else { return };
    let Greeted { relay: mut relays, hello, name, via, rival } = greeted;
    let relay = &mut relays;
    let mut session =
        Session { shared: &shared, entry: &entry, peer, via, client: name, hello: Some(hello), rival, open: false };
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
    /// What it is to an older connection of its client id, until CONNACK came.
    rival: Option<Rival>,
    /// Opened was reported, so Closed will be.
    open: bool,
}

impl Session<'_> {
    fn watch(&self) -> Watch<'_> {
        Watch { shared: self.shared, line: &self.entry.line, client: &self.client }
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
        let rival = self.rival.take();
        if let Some(client) = client {
            self.client = client;
        }
        if code == 0 {
            relay.keep_alive = keep_alive.map_or(hello.keep_alive, KeepAlive);
            self.shared.registry.accepted(&self.client, self.conn(), relay.protocol);
            drop(rival);
            // A person may have come to look meanwhile.
            self.entry.line.set_watched(self.shared.packets.looks_at(&self.client));
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
            drop(rival);
            refuse(self.shared, self.client.clone(), Refuser::Broker, reason::connack(relay.protocol, code).to_owned())
                .await;
        }
        relay.answered(&self.watch());
    }

    /// Reports the end, then carries it to the other side.
    async fn finish(self, relay: Relay, ending: Ending) {
        let mut leaving = None;
        if self.open {
            if ending.leaves() {
                leaving = self.shared.registry.leaves(&self.client, self.conn());
            } else {
                self.shared.registry.ended(&self.client, self.conn());
            }
            let closed = Closed {
                at: self.now(),
                cut: ending.cut,
                conn: self.conn(),
                client: self.client.clone(),
                cause: ending.cause,
                how: ending.how,
                rest: self.entry.line.meter.take(),
            };
            if self.entry.line.is_watched() {
                self.shared.packets.write(&self.client, spy::end(&ending, closed.at));
            }
            self.shared.report(SessionEvent::Closed(Box::new(closed))).await;
        } else if self.hello.is_some() {
            drop(self.rival);
            refuse(self.shared, self.client, Refuser::Gateway, format!("no CONNACK came: {}", ending.how)).await;
        }
        farewell::carry_out(self.shared, relay, ending, leaving).await;
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
