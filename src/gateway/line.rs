//! What is known of one connection outside of its task, and orders for that.

use crate::mqtt::{ConnId, Fault};
use crate::wiring::{Meter, Switch};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// What the rest of the gateway holds of one connection.
#[derive(Debug)]
pub(super) struct Line {
    pub meter: Arc<Meter>,
    /// Orders for its task.
    pub switch: Switch,
    /// How many others have connected with the same client id, or are about to.
    rivals: AtomicU32,
    /// How many others have asked whether their turn has come.
    knocks: AtomicU32,
    /// So many of them came before its task last found nothing more to read from its device.
    heeded: AtomicU32,
    /// A person looks at its packets.
    watched: AtomicBool,
}

impl Line {
    pub(super) fn new(conn: ConnId) -> Self {
        Self {
            meter: Meter::new(conn),
            switch: Switch::default(),
            rivals: AtomicU32::new(0),
            knocks: AtomicU32::new(0),
            heeded: AtomicU32::new(0),
            watched: AtomicBool::new(false),
        }
    }

    /// Whether another client connected, or is about to, with the same client id.
    pub(super) fn has_rival(&self) -> bool {
        self.rivals.load(Ordering::Acquire) > 0
    }

    /// Makes its task look up; gives which knock this is.
    pub(super) fn knock(&self) -> u32 {
        let knock = self.knocks.fetch_add(1, Ordering::AcqRel) + 1;
        self.switch.nudge();
        knock
    }

    /// The latest knock, if its task has to look up for it.
    pub(super) fn knocked(&self) -> Option<u32> {
        let knocks = self.knocks.load(Ordering::Acquire);
        (!self.has_heeded(knocks)).then_some(knocks)
    }

    /// Its task has read all that had come from its device before `knock`.
    pub(super) fn heed(&self, knock: u32) {
        self.heeded.store(knock, Ordering::Release);
    }

    pub(super) fn has_heeded(&self, knock: u32) -> bool {
        self.heeded.load(Ordering::Acquire) >= knock
    }

    /// Whether a person looks at its packets. Asked at every read: it is to cost nothing.
    pub(super) fn is_watched(&self) -> bool {
        self.watched.load(Ordering::Relaxed)
    }

    pub(super) fn set_watched(&self, watched: bool) {
        self.watched.store(watched, Ordering::Relaxed);
    }
}

/// An order for a connection's task, as it fits through a [`Switch`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Stop,
    Fault(Fault),
}

impl Order {
    const STOP: u8 = u8::MAX;

    pub(super) fn code(self) -> u8 {
        match self {
            Self::Stop => Self::STOP,
            // Zero means nothing to a switch.
            Self::Fault(fault) => 1 + fault as u8,
        }
    }

    pub(super) fn from_code(code: u8) -> Self {
        Fault::ALL.into_iter().find(|fault| 1 + *fault as u8 == code).map_or(Self::Stop, Self::Fault)
    }
}

/// Another client that connects with the client id of this connection. It is counted while this lives.
#[derive(Debug)]
pub(super) struct Rival(Arc<Line>);

impl Rival {
    pub(super) fn of(line: &Arc<Line>) -> Self {
        line.rivals.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(line))
    }

    /// It is counted for ever.
    pub(super) fn stay(self) {
        self.0.rivals.fetch_add(1, Ordering::AcqRel);
    }
}

impl Drop for Rival {
    fn drop(&mut self) {
        self.0.rivals.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_fit_through_a_switch() {
        for order in Fault::ALL.map(Order::Fault).into_iter().chain([Order::Stop]) {
            assert_ne!(order.code(), 0);
            assert_eq!(Order::from_code(order.code()), order);
        }
    }

    #[test]
    fn rivals_come_and_go_and_one_that_was_accepted_stays() {
        let line = Arc::new(Line::new(ConnId(1)));
        let (first, second) = (Rival::of(&line), Rival::of(&line));
        drop(first);
        assert!(line.has_rival(), "the second is still there");
        drop(second);
        assert!(!line.has_rival());
        Rival::of(&line).stay();
        assert!(line.has_rival());
    }
}
