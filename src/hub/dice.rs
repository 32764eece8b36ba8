//! Choices at random.

use std::hash::{BuildHasher, RandomState};

/// A small generator of numbers that look random (splitmix64): good enough to choose who dies.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Default for Dice {
    fn default() -> Self {
        Self::new()
    }
}

impl Dice {
    /// Different in every run.
    #[must_use]
    pub fn new() -> Self {
        Self(RandomState::new().hash_one(()))
    }

    /// The same in every run with the same `seed`.
    #[must_use]
    pub const fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`; 0 if there is none.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.roll() % (end as u64).max(1)).unwrap_or_default()
    }

    /// Up to `count` different ones of `all`, in any order.
    #[must_use]
    pub fn choose<T>(&mut self, mut all: Vec<T>, count: usize) -> Vec<T> {
        let count = count.min(all.len());
        for place in 0..count {
            let other = place + self.below(all.len() - place);
            all.swap(place, other);
        }
        all.truncate(count);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_chosen_is_chosen_once_and_everybody_may_be() {
        let mut dice = Dice::seeded(7);
        let mut seen = [0; 10];
        for _ in 0..200 {
            let mut chosen = dice.choose((0..10).collect::<Vec<usize>>(), 3);
            chosen.sort_unstable();
            chosen.dedup();
            assert_eq!(chosen.len(), 3);
            for one in chosen {
                seen[one] += 1;
            }
        }
        assert!(seen.iter().all(|times| (30..90).contains(times)), "{seen:?}");
        assert_eq!(dice.choose(vec![4], 9), [4]);
        assert!(dice.choose(Vec::<usize>::new(), 9).is_empty());
        assert_eq!(dice.below(0), 0);
    }
}
