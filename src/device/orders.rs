//! What a device's task is told to do.

use crate::mqtt::Fault;
use std::sync::atomic::{AtomicU16, Ordering};
use tokio::sync::Notify;

const RECONNECT: u16 = 1 << 8;
const REMOVE: u16 = 1 << 9;
const LEAVE: u16 = 1 << 10;
const STAY: u16 = 1 << 11;

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
        self.exchange(STAY, RECONNECT);
    }

    /// Calls an order to connect again off, as long as it was not begun.
    pub fn stay(&self) {
        self.exchange(RECONNECT, STAY);
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
        self.exchange(0, bits);
    }

    /// Takes `old` back and gives `new`.
    fn exchange(&self, old: u16, new: u16) {
        let change = |given: u16| Some((given & !old) | new);
        // It always is some, so it always succeeds.
        let _ = self.given.fetch_update(Ordering::AcqRel, Ordering::Acquire, change);
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

    /// Waits until the device is not to connect: `true` if it is to leave for good, which is not taken, `false` if only
    /// this once. Cancel safe.
    pub async fn called_off(&self) -> bool {
        loop {
            if self.given.load(Ordering::Acquire) & (REMOVE | LEAVE) != 0 {
                self.news.notify_one();
                return true;
            }
            if self.given.fetch_and(!STAY, Ordering::AcqRel) & STAY != 0 {
                return false;
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

    #[tokio::test]
    async fn the_last_word_on_connecting_again_counts() {
        let orders = Orders::default();
        orders.reconnect();
        orders.stay();
        assert!(!orders.called_off().await, "it stays, and that was taken");
        orders.stay();
        orders.reconnect();
        assert!(orders.take().await.reconnect());
        orders.stay();
        orders.remove();
        assert!(orders.called_off().await);
        assert!(orders.take().await.remove(), "nothing of it was taken");
    }

    #[test]
    fn every_order_has_a_bit_of_its_own() {
        let bits = Fault::ALL.map(bit).into_iter().fold(RECONNECT | REMOVE | LEAVE | STAY, |all, one| {
            assert_eq!(all & one, 0);
            all | one
        });
        assert_eq!(bits.count_ones(), 12);
    }
}
