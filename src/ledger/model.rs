//! The ledger beside the simplest model of it.

use super::account::EARLY;
use super::story::{PATIENCE, Story, id, terms};
use super::*;
use proptest::prelude::*;

/// What happens to one device; how often the broker publishes its will.
#[derive(Clone, Debug)]
enum Act {
    Cut { times: u8, late: bool },
    Leave { times: u8 },
    Dropped { times: u8, early: bool },
    Spurious,
}

fn act() -> impl Strategy<Value = (Key, Act)> {
    let act = prop_oneof![
        6 => (0_u8..4, any::<bool>()).prop_map(|(times, late)| Act::Cut { times, late }),
        1 => (0_u8..3).prop_map(|times| Act::Leave { times }),
        1 => (0_u8..2, any::<bool>()).prop_map(|(times, early)| Act::Dropped { times, early }),
        1 => Just(Act::Spurious),
    ];
    (0_usize..5, act)
}

/// What the ledger should say, kept in the simplest way.
#[derive(Default)]
struct Model {
    /// As in [`Story::sums`].
    truth: [u64; 8],
    /// Wills of each device that did not come in time.
    missing: [u64; 5],
    /// Whether a will has come since the device last left.
    answered: [bool; 5],
}

impl Model {
    /// A will that nothing waits for: it stands for one that did not come before, or it should not be.
    fn extra(&mut self, story: &mut Story, key: Key) {
        story.will(key);
        // Until then it might have been an early one.
        story.wait(EARLY);
        let [_, received, late, lost, _, duplicated, unexpected, _] = &mut self.truth;
        if self.missing[key] > 0 {
            self.missing[key] -= 1;
            self.answered[key] = true;
            (*lost, *received, *late) = (*lost - 1, *received + 1, *late + 1);
        } else if self.answered[key] {
            *duplicated += 1;
        } else {
            *unexpected += 1;
        }
    }

    fn act(&mut self, story: &mut Story, key: Key, act: &Act) {
        match *act {
            Act::Cut { times, late } => {
                story.cut(key);
                self.truth[0] += 1;
                if late || times == 0 {
                    story.wait(PATIENCE);
                    self.truth[3] += 1;
                    // More than eight are not remembered.
                    self.missing[key] = (self.missing[key] + 1).min(8);
                } else {
                    story.will(key);
                    self.truth[1] += 1;
                    self.answered[key] = true;
                }
                for _ in u8::from(!late)..times {
                    self.extra(story, key);
                }
            }
            Act::Leave { times } => {
                story.fault(key, Fault::Leave);
                story.close(key, Cause::ClientInitiatedDisconnect);
                self.answered[key] = false;
                (0..times).for_each(|_| self.extra(story, key));
            }
            // It stands for one that did not come, if there is such a one.
            Act::Dropped { times: 1, early: true } if self.missing[key] > 0 => {
                self.extra(story, key);
                story.close(key, Cause::ServerInitiated);
                story.wait(PATIENCE);
            }
            Act::Dropped { times, early } => {
                if early && times > 0 {
                    story.will(key);
                    self.truth[7] += 1;
                    self.answered[key] = true;
                }
                story.close(key, Cause::ServerInitiated);
                if !early && times > 0 {
                    story.will(key);
                    self.truth[7] += 1;
                    self.answered[key] = true;
                }
                story.wait(PATIENCE);
            }
            Act::Spurious => return self.extra(story, key),
        }
        story.open(key);
    }
}

proptest! {
    /// Each device lives its deaths one after the other, so that it can be known what every will came of.
    #[test]
    fn the_sums_are_the_truth(acts in prop::collection::vec(act(), 0..100)) {
        let (mut story, mut model) = (Story::new(5, terms()), Model::default());
        for (key, act) in acts {
            model.act(&mut story, key, &act);
            prop_assert_eq!(story.sums(), model.truth, "after {:?} of {}", act, key);
        }
        prop_assert_eq!(story.ledger.totals().standing(Standing::Up), 5);
    }

    /// Whatever is told in whatever order: the sums add up and nothing panics.
    #[test]
    fn nothing_is_counted_twice(steps in prop::collection::vec((0_usize..3, 0_u8..16, 0_u64..12_000), 0..200)) {
        let delay = Duration::from_secs(steps.len() as u64 % 3);
        let mut story = Story::new(3, Terms { delay, clean: steps.len() % 2 == 0, ..terms() });
        for (key, step, pause) in steps {
            match step {
                0..=7 => story.fault(key, Fault::ALL[usize::from(step)]),
                8 => story.close(key, Cause::SessionTakenOver),
                9 => story.close(key, Cause::ConnectionLost),
                10 => story.open(key),
                11 => story.will(key),
                12 => story.ledger.link_down(),
                13 => drop(story.ledger.spared(&id(key))),
                14 => story.fail(&id(key), "why"),
                _ => story.wait(Duration::from_millis(pause)),
            }
            let totals = story.ledger.totals();
            let states = [Standing::New, Standing::Up, Standing::Frozen, Standing::Down];
            prop_assert_eq!(states.map(|standing| totals.standing(standing)).iter().sum::<usize>(), 3);
            let wills: u64 = story.ledger.accounts().iter().map(|account| u64::from(account.wills)).sum();
            prop_assert_eq!(wills, totals.received + totals.unforced + totals.duplicated + totals.unexpected + totals.early);
            prop_assert!(totals.late <= totals.received && totals.received <= totals.expected());
        }
        // In the end everything is decided.
        story.wait(Duration::from_secs(3_600));
        prop_assert_eq!((story.ledger.totals().awaited(), story.ledger.totals().early), (0, 0));
        prop_assert_eq!(story.ledger.next_deadline(), None);
    }
}
