//! Messages a second, over the last few seconds.

use crate::clock::Moment;

/// Counts in one bucket a second.
#[derive(Debug, Default)]
pub struct Rate {
    buckets: [(u64, usize); Rate::SECONDS],
}

impl Rate {
    const SECONDS: usize = 4;

    /// Counts `messages` at `now`.
    pub fn add(&mut self, now: Moment, messages: usize) {
        let second = now.as_millis() / 1_000;
        let bucket = &mut self.buckets[usize::try_from(second).unwrap_or_default() % Self::SECONDS];
        if bucket.0 != second {
            *bucket = (second, 0);
        }
        bucket.1 += messages;
    }

    /// Whether anything that was counted is still in the mean, or will be.
    #[must_use]
    pub fn moving(&self, now: Moment) -> bool {
        let second = now.as_millis() / 1_000;
        self.buckets.iter().any(|(at, count)| *count > 0 && *at + (Self::SECONDS as u64) > second)
    }

    /// The mean over the whole seconds before this one.
    #[must_use]
    pub fn per_second(&self, now: Moment) -> f32 {
        let second = now.as_millis() / 1_000;
        let full = (Self::SECONDS - 1) as u64;
        let recent = self.buckets.iter().filter(|(at, _)| *at < second && *at + full >= second);
        let total: usize = recent.map(|(_, count)| count).sum();
        #[expect(clippy::cast_precision_loss, reason = "a rate for a person")]
        let mean = total as f32 / full as f32;
        mean
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_whole_seconds_and_forgets() {
        let mut rate = Rate::default();
        for second in 0..3 {
            rate.add(Moment::from_millis(10_000 + second * 1_000), 30);
        }
        assert!((rate.per_second(Moment::from_millis(13_500)) - 30.0).abs() < f32::EPSILON);
        assert!(rate.moving(Moment::from_millis(15_900)));
        assert!(!rate.moving(Moment::from_millis(16_000)));
        assert!(rate.per_second(Moment::from_millis(16_000)).abs() < f32::EPSILON);
    }
}
