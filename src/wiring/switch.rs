//! A switch that one side sets and one task waits on.

use std::sync::atomic::{AtomicU8, Ordering};
use tokio::sync::Notify;

/// Holds at most one small order for one task; a later order replaces one that was not yet taken.
///
/// About 40 bytes, where a channel would cost several hundred per connection.
#[derive(Debug, Default)]
pub struct Switch {
    order: AtomicU8,
    changed: Notify,
}

impl Switch {
    /// Leaves `order` for the waiting task. Zero means "nothing" and is not to be used as an order.
    pub fn set(&self, order: u8) {
        self.order.store(order, Ordering::Release);
        self.changed.notify_one();
    }

    /// Wakes the waiting task without an order, so that it looks at whatever else it waits for.
    pub fn nudge(&self) {
        self.changed.notify_one();
    }

    /// Waits for an order and takes it. Cancel safe: an order is only taken when it is returned.
    pub async fn wait(&self) -> u8 {
        loop {
            let order = self.order.swap(0, Ordering::AcqRel);
            if order != 0 {
                return order;
            }
            self.changed.notified().await;
        }
    }
}
