//! How many devices may connect by now.

use crate::clock::Moment;
use std::time::Duration;

/// What was not used is kept for this long: a rate is not to become a burst after a pause.
const KEPT: Duration = Duration::from_millis(200);

/// Keeps connects to a rate, if there is one.
#[derive(Debug)]
pub struct Pace {
    rate: Option<u32>,
    /// Until when connects have been given out.
    spent: Moment,
}

impl Pace {
    /// At most `rate` connects a second, from `now` on.
    pub const fn new(rate: Option<u32>, now: Moment) -> Self {
        Self { rate, spent: now }
    }

    /// Takes up to `wanted` connects, as many as there may be by now.
    pub fn take(&mut self, wanted: usize, now: Moment) -> usize {
        let Some(rate) = self.rate else { return wanted };
        let each = Duration::from_secs(1) / rate.max(1);
        // At a rate of one a second, there is still to be one.
        let kept = KEPT.max(each);
        if now.since(self.spent) > kept {
            self.spent =
                Moment::from_micros(now.as_micros().saturating_sub(u64::try_from(kept.as_micros()).unwrap_or(0)));
        }
        let free = now.since(self.spent).as_nanos() / each.as_nanos().max(1);
        let given = wanted.min(usize::try_from(free).unwrap_or(usize::MAX));
        self.spent = self.spent + each * u32::try_from(given).unwrap_or(u32::MAX);
        given
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn over_ten_seconds(rate: u32, tick: u64) -> usize {
        let start = Moment::from_millis(1_000);
        let mut pace = Pace::new(Some(rate), start);
        let at = |tick| start + Duration::from_millis(tick);
        (0..=10_000 / tick).map(|number| pace.take(usize::MAX, at(number * tick))).sum()
    }

    #[test]
    fn a_rate_is_kept_to() {
        assert_eq!(over_ten_seconds(1, 50), 10);
        assert_eq!(over_ten_seconds(7, 50), 70);
        assert_eq!(over_ten_seconds(500, 50), 5_000);
        assert_eq!(over_ten_seconds(20_000, 50), 200_000);
    }

    #[test]
    fn a_pause_makes_no_burst_and_without_a_rate_all_may_come() {
        let start = Moment::from_millis(1_000);
        let mut pace = Pace::new(Some(100), start);
        assert_eq!(pace.take(5_000, start + Duration::from_secs(3_600)), 20);
        assert_eq!(pace.take(5_000, start + Duration::from_secs(3_600)), 0);
        assert_eq!(Pace::new(None, start).take(5_000, start), 5_000);
    }
}
