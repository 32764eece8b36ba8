//! How long the link waits before it connects again. Pure.

use std::time::Duration;

/// How long the link waits before it connects again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The first pause after a connection was lost.
    pub first: Duration,
    /// The longest; each pause is twice the one before it.
    pub longest: Duration,
    /// A connection that stood for so long was a good one: the next pause is the first again. Longer than the longest
    /// pause: of two clients that take each other's session over, each stands for as long as the other waits, and they would
    /// begin anew at the fastest.
    pub steady: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { first: Duration::from_millis(200), longest: Duration::from_secs(10), steady: Duration::from_secs(30) }
    }
}

/// The pauses of one connection.
#[derive(Debug)]
pub(super) struct Pauses {
    backoff: Backoff,
    next: Duration,
}

impl Pauses {
    pub(super) const fn new(backoff: Backoff) -> Self {
        Self { backoff, next: backoff.first }
    }

    /// The pause after a connection that stood for so long; `None` for an attempt that came to none.
    pub(super) fn after(&mut self, stood: Option<Duration>) -> Duration {
        if stood.is_some_and(|stood| stood >= self.backoff.steady) {
            self.next = self.backoff.first;
        }
        let pause = self.next;
        self.next = (pause * 2).min(self.backoff.longest);
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_until_a_connection_has_stood() {
        let long = Some(Duration::from_secs(30));
        for short in [None, Some(Duration::ZERO), Some(Duration::from_millis(29_999))] {
            let mut pauses = Pauses::new(Backoff::default());
            for expected in [200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000] {
                assert_eq!(pauses.after(short), Duration::from_millis(expected), "{short:?}");
            }
            for expected in [200, 200] {
                assert_eq!(pauses.after(long), Duration::from_millis(expected));
            }
            assert_eq!(pauses.after(short), Duration::from_millis(400));
        }
    }
}
