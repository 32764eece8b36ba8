//! What a device's task is told to do.

use crate::mqtt::Fault;
use std::sync::atomic::{AtomicU16, Ordering};
use tokio::sync::Notify;

const RECONNECT: u16 = 1 << 8;
const REMOVE: u16 = 1 << 9;
const LEAVE: u16 = 1 << 10;

/// Orders for one task. Unlike a [`Switch`](crate::wiring::Switch) it keeps a fault and the reconnect after it apart:
/// a storm may cut and reconnect a device faster than its task wakes up, and the cut must not be lost.
#[derive(Debug, Default)]
pub struct Orders {
    given: AtomicU16,
    news: Notify,
}

/// What was ordered since the last time; to be carried out in the order of the fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken(u16);

impl Taken {
    /// The faults that were ordered. More than one is rare: the first that ends the connection wins.
    pub fn faults(self) -> impl Iterator<Item = Fault> {
        Fault::ALL.into_iter().filter(move |fault| self.0 & bit(*fault) != 0)
    }

    /// Whether to connect again.
    pub const fn reconnect(self) -> bool {
        self.0 & RECONNECT != 0
    }

    /// Whether to leave and be forgotten.
    pub const fn remove(self) -> bool {
        self.0 & REMOVE != 0
    }

    /// Whether the program ends: leave, and say nothing more.
    pub const fn leave(self) -> bool {
        self.0 & LEAVE != 0
    }
}

const fn bit(fault: Fault) -> u16 {
    1 << fault as u16
}

impl Orders {
    /// Orders a fault.
    pub fn fault(&self, fault: Fault) {
        self.give(bit(fault));
    }

    /// Orders a new connection.
    pub fn reconnect(&self) {
        self.give(RECONNECT);
    }

    /// Orders to leave and be forgotten.
    pub fn remove(&self) {
        self.give(REMOVE);
    }

    /// Orders to leave because the program ends.
    pub fn leave(&self) {
        self.give(LEAVE);
    }

    fn give(&self, bits: u16) {
        self.given.fetch_or(bits, Ordering::AcqRel);
        self.news.notify_one();
    }

    /// Waits for orders and takes them all. Cancel safe: they are only taken when they are returned.
    pub async fn take(&self) -> Taken {
        loop {
            let given = self.given.swap(0, Ordering::AcqRel);
            if given != 0 {
                return Taken(given);
            }
            self.news.notified().await;
        }
    }

    /// Waits until the device is to leave for good, and takes nothing. Cancel safe.
    pub async fn farewell(&self) {
        loop {
            if self.given.load(Ordering::Acquire) & (REMOVE | LEAVE) != 0 {
                // The waker's permit was used up here: leave one for whoever takes the order.
                self.news.notify_one();
                return;
            }
            self.news.notified().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_reconnect_does_not_swallow_the_fault_before_it() {
        let orders = Orders::default();
        orders.fault(Fault::Rst);
        orders.reconnect();
        let taken = orders.take().await;
        assert_eq!(taken.faults().collect::<Vec<_>>(), [Fault::Rst]);
        assert!(taken.reconnect() && !taken.remove() && !taken.leave());
    }

    #[test]
    fn every_order_has_a_bit_of_its_own() {
        let bits = Fault::ALL.map(bit).into_iter().fold(RECONNECT | REMOVE | LEAVE, |all, one| {
            assert_eq!(all & one, 0);
            all | one
        });
        assert_eq!(bits.count_ones(), 11);
    }
}
