//! Packet counts and last-heard times, from thousands of connections to one reader, without a message per packet.

use crate::clock::Moment;
use crate::mqtt::ConnId;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;

/// What one connection did since the last time the board was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Activity {
    /// When the last packet came from the device.
    pub last_packet: Moment,
    /// Packets from the device, of any type.
    pub packets: u32,
    /// PINGREQs among them.
    pub pings: u32,
    /// PUBLISHes among them.
    pub publishes: u32,
}

/// One connection's side of the board: a packet costs a few relaxed atomic adds.
#[derive(Debug)]
pub struct Meter {
    conn: ConnId,
    listed: AtomicBool,
    last_packet: AtomicU64,
    packets: AtomicU32,
    pings: AtomicU32,
    publishes: AtomicU32,
}

impl Meter {
    /// A meter for one connection.
    #[must_use]
    pub fn new(conn: ConnId) -> Arc<Self> {
        Arc::new(Self {
            conn,
            listed: AtomicBool::new(false),
            last_packet: AtomicU64::new(0),
            packets: AtomicU32::new(0),
            pings: AtomicU32::new(0),
            publishes: AtomicU32::new(0),
        })
    }

    /// The connection it belongs to.
    #[must_use]
    pub const fn conn(&self) -> ConnId {
        self.conn
    }

    /// Takes what was counted and not yet read; the last word before a connection's end is reported.
    #[must_use]
    pub fn take(&self) -> Activity {
        Activity {
            last_packet: Moment::from_micros(self.last_packet.load(Ordering::Acquire)),
            packets: self.packets.swap(0, Ordering::AcqRel),
            pings: self.pings.swap(0, Ordering::AcqRel),
            publishes: self.publishes.swap(0, Ordering::AcqRel),
        }
    }
}

/// Where connections put their names when they have something new. Counts are coalesced, never lost.
#[derive(Debug, Default)]
pub struct ActivityBoard {
    listed: Mutex<Vec<Arc<Meter>>>,
    news: Notify,
}

impl ActivityBoard {
    /// Adds `add` to what `meter` counted and lists it, if it is not yet on the list.
    pub fn add(&self, meter: &Arc<Meter>, add: Activity) {
        meter.last_packet.store(add.last_packet.as_micros(), Ordering::Release);
        meter.packets.fetch_add(add.packets, Ordering::AcqRel);
        if add.pings > 0 {
            meter.pings.fetch_add(add.pings, Ordering::AcqRel);
        }
        if add.publishes > 0 {
            meter.publishes.fetch_add(add.publishes, Ordering::AcqRel);
        }
        if !meter.listed.swap(true, Ordering::AcqRel) {
            let mut listed = self.listed.lock().unwrap_or_else(PoisonError::into_inner);
            listed.push(Arc::clone(meter));
            if listed.len() == 1 {
                self.news.notify_one();
            }
        }
    }

    /// Lets the reader look although no counter moved.
    pub fn wake(&self) {
        self.news.notify_one();
    }

    /// Waits until something is listed. Cancel safe.
    pub async fn news(&self) {
        self.news.notified().await;
    }

    /// Moves all news into `into`, by connection.
    pub fn drain(&self, into: &mut Vec<(ConnId, Activity)>) {
        let listed = std::mem::take(&mut *self.listed.lock().unwrap_or_else(PoisonError::into_inner));
        for meter in listed {
            // Cleared before the counts are taken: a packet in between lists the meter again instead of being missed.
            meter.listed.store(false, Ordering::Release);
            let news = meter.take();
            if news.packets > 0 {
                into.push((meter.conn, news));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn counts_are_coalesced_and_none_is_lost() {
        let board = ActivityBoard::default();
        let meter = Meter::new(ConnId(7));
        for at in 1..=5 {
            board.add(&meter, Activity { last_packet: Moment::from_millis(at), packets: 2, pings: 1, publishes: 0 });
        }
        board.news().await;
        let mut news = Vec::new();
        board.drain(&mut news);
        let expected = Activity { last_packet: Moment::from_millis(5), packets: 10, pings: 5, publishes: 0 };
        assert_eq!(news, [(ConnId(7), expected)]);
        news.clear();
        board.drain(&mut news);
        assert!(news.is_empty());
    }
}
