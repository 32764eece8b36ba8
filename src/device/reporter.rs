//! How devices tell the hub what happens to them.

use super::session::Lost;
use super::swarm::{Device, Shared, Witness};
use crate::clock::{Clock, Moment};
use crate::fleet::{Closed, DeviceEvent, Opened, Report, SessionEvent, Via};
use crate::mqtt::{Cause, ClientId, ConnId, Fault, KeepAlive};
use crate::wiring::{Activity, ActivityBoard, Meter};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Counts what one connection sends, where nobody else does.
#[derive(Debug)]
pub struct Tally(Option<Counting>);

#[derive(Debug)]
struct Counting {
    meter: Arc<Meter>,
    board: Arc<ActivityBoard>,
    clock: Clock,
}

impl Tally {
    /// Counts nothing.
    pub const fn none() -> Self {
        Self(None)
    }

    /// A packet that is neither PINGREQ nor PUBLISH.
    pub fn packet(&self) {
        self.add(0, 0);
    }

    /// A PINGREQ.
    pub fn ping(&self) {
        self.add(1, 0);
    }

    /// A PUBLISH.
    pub fn publish(&self) {
        self.add(0, 1);
    }

    fn add(&self, pings: u32, publishes: u32) {
        if let Some(Counting { meter, board, clock }) = &self.0 {
            board.add(meter, Activity { last_packet: clock.now(), packets: 1, pings, publishes });
        }
    }
}

/// How a connection ended, for the report.
#[derive(Clone, Copy, Debug)]
pub struct End {
    /// How, in MQTT's words.
    pub cause: Cause,
    /// How, on the wire.
    pub how: &'static str,
    /// When this side cut the wire, if it did.
    pub cut: Option<Moment>,
}

impl From<&Lost> for End {
    fn from(lost: &Lost) -> Self {
        Self { cause: lost.cause(), how: lost.how(), cut: None }
    }
}

impl Shared {
    /// Sends `report`; waits while the lane is full, because presence is never dropped. Says nothing at the program's end.
    pub async fn report(&self, report: Report) {
        if !self.closing.load(Ordering::Acquire) {
            // Fails only when the hub is gone: then nobody wants to know.
            let _ = self.reports.send(report).await;
        }
    }

    /// Reports a fault that is about to be carried out, and says when.
    pub async fn faulted(&self, client: &ClientId, fault: Fault) -> Moment {
        // The place in the lane comes first: the moment must be right before the act, and the report before its effects.
        let place = self.reports.reserve().await.ok();
        let at = self.clock.now();
        if let Some(place) = place {
            place.send(Report::Device(DeviceEvent::Faulted { at, client: client.clone(), fault }));
        }
        at
    }

    /// Begins to count a new connection, and reports it where the swarm is the witness.
    pub async fn opened(&self, device: &Device, peer: Option<SocketAddr>, keep_alive: KeepAlive) -> Tally {
        if self.witness == Witness::Gateway {
            return Tally::none();
        }
        let at = self.clock.now();
        let conn = ConnId::next();
        let Device { id: client, template, .. } = device;
        self.report(Report::Session(SessionEvent::Opened(Box::new(Opened {
            at,
            conn,
            client: client.clone(),
            peer,
            protocol: template.protocol,
            keep_alive,
            clean: template.clean,
            will: if device.foreign { None } else { template.will_of(client) },
            nameless: false,
            via: Via { scheme: self.target.scheme(), identity: None },
        }))))
        .await;
        let counting = Counting { meter: Meter::new(conn), board: Arc::clone(&self.board), clock: self.clock };
        let tally = Tally(Some(counting));
        tally.packet(); // the CONNECT
        tally
    }

    /// Reports the end of a connection where the swarm is the witness.
    pub async fn closed(&self, client: &ClientId, tally: &Tally, end: End) {
        let Some(Counting { meter, .. }) = &tally.0 else { return };
        self.report(Report::Session(SessionEvent::Closed(Box::new(Closed {
            at: self.clock.now(),
            cut: end.cut,
            conn: meter.conn(),
            client: client.clone(),
            cause: end.cause,
            how: end.how,
            rest: meter.take(),
        }))))
        .await;
    }
}
