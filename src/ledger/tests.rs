//! The ledger beside a broker whose every word is known.

use super::*;
use proptest::prelude::*;

const PATIENCE: Duration = Duration::from_secs(10);
const KEEP_ALIVE: KeepAlive = KeepAlive(4);

fn terms() -> Terms {
    Terms { will: true, delay: Duration::ZERO, clean: true, patience: PATIENCE }
}

/// A ledger with devices, and a clock that goes on by a millisecond with each event.
struct Story {
    ledger: Ledger,
    now: Moment,
    conns: Vec<u64>,
}

impl Story {
    fn new(devices: usize, terms: Terms) -> Self {
        let mut story =
            Self { ledger: Ledger::new(terms), now: Moment::from_millis(1_000_000), conns: vec![0; devices] };
        for key in 0..devices {
            let at = story.tick();
            assert_eq!(story.ledger.launched(id(key), at), key);
            story.open(key);
        }
        story
    }

    fn tick(&mut self) -> Moment {
        self.now = self.now + Duration::from_millis(1);
        self.now
    }

    fn conn(&self, key: Key) -> ConnId {
        ConnId(self.conns[key] * 1_000 + key as u64)
    }

    fn open(&mut self, key: Key) {
        self.conns[key] += 1;
        let (conn, at) = (self.conn(key), self.tick());
        assert_eq!(self.ledger.opened(&id(key), conn, KEEP_ALIVE, at), Some(key));
    }

    fn fault(&mut self, key: Key, fault: Fault) {
        let at = self.tick();
        self.ledger.faulted(&id(key), fault, at);
    }

    fn close(&mut self, key: Key, cause: Cause) {
        let (conn, at) = (self.conn(key), self.tick());
        self.ledger.closed(&id(key), conn, cause, at);
    }

    fn will(&mut self, key: Key) {
        let at = self.tick();
        self.ledger.will(Some(&id(key)), at);
    }

    fn cut(&mut self, key: Key) {
        self.fault(key, Fault::Fin);
        self.close(key, Cause::ConnectionLost);
    }

    fn wait(&mut self, time: Duration) {
        self.now = self.now + time;
        self.ledger.pass(self.now);
    }

    /// Expected, received, late, lost, unseen, duplicated, unexpected, unforced.
    fn sums(&self) -> [u64; 8] {
        let totals = self.ledger.totals();
        let Totals { received, late, duplicated, unexpected, unforced, .. } = *totals;
        [totals.expected(), received, late, totals.lost(), totals.unseen(), duplicated, unexpected, unforced]
    }
}

fn id(key: Key) -> ClientId {
    ClientId::new(format!("d-{key}"))
}

#[test]
fn a_cut_has_one_will_in_time() {
    let mut story = Story::new(1, terms());
    story.cut(0);
    assert_eq!(story.sums(), [1, 0, 0, 0, 0, 0, 0, 0]);
    assert!(!story.ledger.totals().exactly_once(), "not yet");
    story.will(0);
    assert_eq!(story.sums(), [1, 1, 0, 0, 0, 0, 0, 0]);
    assert!(story.ledger.totals().exactly_once());
    assert_eq!(story.ledger.totals().cut_to_will.percentile(100.0), Duration::from_millis(2));
    story.will(0);
    assert_eq!(story.sums(), [1, 1, 0, 0, 0, 1, 0, 0]);
    assert!(!story.ledger.totals().exactly_once());
}

#[test]
fn what_is_late_is_lost_until_it_comes() {
    let mut story = Story::new(1, terms());
    story.cut(0);
    let due = story.ledger.next_deadline().unwrap();
    // The cut and its report took a millisecond each.
    story.wait(Duration::from_millis(9_998));
    assert!(story.now < due && story.ledger.totals().awaited() == 1);
    story.wait(Duration::from_millis(1));
    assert_eq!((story.sums(), story.ledger.next_deadline()), ([1, 0, 0, 1, 0, 0, 0, 0], None));
    story.will(0);
    assert_eq!(story.sums(), [1, 1, 1, 0, 0, 0, 0, 0]);
}

#[test]
fn two_deaths_in_a_row_have_two_wills_in_any_order() {
    let mut story = Story::new(1, terms());
    story.cut(0);
    story.open(0);
    story.cut(0);
    story.will(0);
    story.will(0);
    assert_eq!(story.sums(), [2, 2, 0, 0, 0, 0, 0, 0]);
    assert_eq!(story.ledger.totals().reconnects, 1);
}

#[test]
fn whoever_leaves_or_lives_has_no_will() {
    let mut story = Story::new(2, terms());
    story.fault(0, Fault::Leave);
    story.close(0, Cause::ClientInitiatedDisconnect);
    story.will(0);
    story.will(1);
    assert_eq!(story.sums(), [0, 0, 0, 0, 0, 0, 2, 0]);
    story.ledger.will(Some(&"stranger".into()), story.now);
    story.ledger.will(None, story.now);
    assert_eq!(story.ledger.totals().foreign, 2);
}

#[test]
fn what_the_broker_ends_may_have_a_will_or_not() {
    let mut story = Story::new(2, terms());
    story.close(0, Cause::ServerInitiated);
    story.close(1, Cause::ServerInitiated);
    story.will(0);
    assert_eq!((story.sums(), story.ledger.totals().ended), ([0, 0, 0, 0, 0, 0, 0, 1], 2));
    story.wait(PATIENCE);
    assert!(story.ledger.totals().exactly_once());
    // A death that must have a will is not robbed of it by one that may.
    story.open(1);
    story.close(1, Cause::ServerInitiated);
    story.open(1);
    story.cut(1);
    story.will(1);
    story.wait(PATIENCE);
    assert_eq!(story.sums(), [1, 1, 0, 0, 0, 0, 0, 1]);
}

#[test]
fn while_the_link_is_down_nothing_is_known() {
    let mut story = Story::new(3, terms());
    story.cut(0);
    story.ledger.link_down();
    story.cut(1);
    story.ledger.link_up();
    story.cut(2);
    story.wait(PATIENCE);
    assert_eq!(story.sums(), [3, 0, 0, 1, 2, 0, 0, 0]);
    story.will(1);
    assert_eq!(story.sums(), [3, 1, 1, 1, 1, 0, 0, 0]);
}

#[test]
fn a_freeze_waits_for_keep_alive_and_has_one_will_however_it_ends() {
    let mut story = Story::new(4, terms());
    for key in 0..4 {
        story.fault(key, Fault::Freeze);
    }
    assert_eq!(story.ledger.totals().standing(Standing::Frozen), 4);
    // The keep alive runs out.
    story.wait(Duration::from_secs(6));
    story.will(0);
    assert_eq!(story.ledger.totals().freeze_to_will.len(), 1);
    // It is cut before.
    story.cut(1);
    story.will(1);
    assert_eq!(story.ledger.totals().cut_to_will.percentile(100.0), Duration::from_millis(2));
    // It comes back and takes over its own session.
    story.open(2);
    story.will(2);
    // It leaves after all: the broker may have lost patience first.
    story.fault(3, Fault::Leave);
    story.close(3, Cause::ClientInitiatedDisconnect);
    assert_eq!(story.sums(), [3, 3, 0, 0, 0, 0, 0, 0]);
    story.will(3);
    assert_eq!(story.sums(), [3, 3, 0, 0, 0, 0, 0, 1]);
    story.wait(Duration::from_secs(60));
    assert!(story.ledger.totals().exactly_once());
}

#[test]
fn a_takeover_counts_when_the_second_client_is_there() {
    let mut story = Story::new(3, terms());
    for key in 0..3 {
        story.fault(key, Fault::Takeover);
    }
    // The will overtakes the news of the second client.
    story.will(0);
    for key in 0..2 {
        story.close(key, Cause::SessionTakenOver);
        story.open(key);
    }
    assert_eq!(story.sums(), [2, 1, 0, 0, 0, 0, 0, 0]);
    story.will(1);
    // The third one's second client never came: it lives, and can still be cut.
    assert!(!story.ledger.accounts()[2].is_up());
    story.wait(PATIENCE);
    assert!(story.ledger.accounts()[2].is_up());
    story.cut(2);
    story.will(2);
    assert_eq!(story.sums(), [3, 3, 0, 0, 0, 0, 0, 0]);
}

/// Whatever is thought of its will: who was to be taken over, and was not, can be killed again.
#[test]
fn a_takeover_that_comes_to_nothing_leaves_a_device_that_can_die() {
    for (link_up, terms) in [
        (false, terms()),
        (true, Terms { will: false, ..terms() }),
        (true, Terms { clean: false, ..terms() }),
        (false, Terms { delay: Duration::from_secs(3), ..terms() }),
    ] {
        let mut story = Story::new(1, terms);
        story.fault(0, Fault::Takeover);
        if !link_up {
            story.ledger.link_down();
        }
        assert!(!story.ledger.accounts()[0].is_up());
        story.wait(PATIENCE + terms.delay);
        assert!(story.ledger.accounts()[0].is_up(), "{terms:?}");
        assert_eq!(story.ledger.next_deadline(), None);
    }
}

#[test]
fn a_takeover_that_is_known_to_have_failed_leaves_a_device_that_can_die_at_once() {
    let mut story = Story::new(1, terms());
    story.fault(0, Fault::Takeover);
    assert_eq!((story.ledger.totals().awaited(), story.ledger.accounts()[0].is_up()), (1, false));
    assert_eq!((story.ledger.spared(&id(0)), story.ledger.spared(&"other".into())), (Some(0), None));
    assert_eq!((story.ledger.totals().awaited(), story.ledger.accounts()[0].is_up()), (0, true));
    story.cut(0);
    story.will(0);
    assert_eq!(story.sums(), [1, 1, 0, 0, 0, 0, 0, 0]);
    // The broker had taken the second client after all.
    story.will(0);
    assert_eq!(story.sums(), [1, 1, 0, 0, 0, 0, 0, 1]);
    story.wait(PATIENCE);
    assert!(story.ledger.totals().exactly_once());
}

#[test]
fn a_second_fault_on_the_way_makes_no_second_will() {
    let mut story = Story::new(2, terms());
    story.fault(0, Fault::ProtocolError);
    story.fault(0, Fault::Fin);
    story.fault(1, Fault::Takeover);
    story.fault(1, Fault::Rst);
    story.close(0, Cause::ProtocolError);
    story.close(1, Cause::ConnectionLost);
    assert_eq!(story.sums()[0], 2);
    story.will(0);
    story.will(1);
    assert!(story.ledger.totals().exactly_once());
}

#[test]
fn a_delayed_will_is_cancelled_by_coming_back_in_time() {
    let delay = Duration::from_secs(5);
    let mut story = Story::new(2, Terms { delay, ..terms() });
    story.cut(0);
    story.open(0);
    assert_eq!(story.sums()[0], 0);
    story.cut(1);
    story.wait(delay);
    story.will(1);
    story.open(1);
    assert_eq!(story.sums(), [1, 1, 0, 0, 0, 0, 0, 0]);
    story.wait(PATIENCE * 2);
    assert!(story.ledger.totals().exactly_once());
}

#[test]
fn the_end_of_an_older_connection_does_not_end_the_new_one() {
    let mut story = Story::new(1, terms());
    let old = story.conn(0);
    story.fault(0, Fault::Fin);
    story.open(0);
    let at = story.tick();
    story.ledger.closed(&id(0), old, Cause::ConnectionLost, at);
    assert!(story.ledger.accounts()[0].is_up());
    story.will(0);
    assert!(story.ledger.totals().exactly_once());
}

#[test]
fn without_a_will_none_is_expected() {
    let mut story = Story::new(1, Terms { will: false, ..terms() });
    story.cut(0);
    story.open(0);
    story.close(0, Cause::ServerInitiated);
    assert_eq!(story.sums(), [0; 8]);
}

#[test]
fn reasons_are_kept_apart_without_the_id_and_without_end() {
    let mut story = Story::new(2, terms());
    story.ledger.failed(&id(0), "the broker refused d-0: not authorized");
    story.ledger.failed(&id(1), "the broker refused d-1: not authorized");
    for number in 0..20 {
        story.ledger.failed(&id(0), &format!("reason {number}"));
    }
    let totals = story.ledger.totals();
    assert_eq!(totals.reasons[0], ("the broker refused a device: not authorized".to_owned(), 2));
    assert_eq!((totals.reasons.len(), totals.failed), (7, 22));
    assert_eq!(totals.reasons.iter().map(|(_, count)| count).sum::<u64>(), 22);
}

/// What happens to one device; how often the broker publishes its will.
#[derive(Clone, Debug)]
enum Act {
    Cut { times: u8, late: bool },
    Leave { times: u8 },
    Dropped { times: u8 },
    Spurious,
}

fn act() -> impl Strategy<Value = (Key, Act)> {
    let act = prop_oneof![
        6 => (0_u8..4, any::<bool>()).prop_map(|(times, late)| Act::Cut { times, late }),
        1 => (0_u8..3).prop_map(|times| Act::Leave { times }),
        1 => (0_u8..2).prop_map(|times| Act::Dropped { times }),
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
            Act::Dropped { times } => {
                story.close(key, Cause::ServerInitiated);
                if times > 0 {
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
    fn nothing_is_counted_twice(steps in prop::collection::vec((0_usize..3, 0_u8..15, 0_u64..12_000), 0..200)) {
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
                _ => story.wait(Duration::from_millis(pause)),
            }
            let totals = story.ledger.totals();
            let states = [Standing::New, Standing::Up, Standing::Frozen, Standing::Down];
            prop_assert_eq!(states.map(|standing| totals.standing(standing)).iter().sum::<usize>(), 3);
            let wills: u64 = story.ledger.accounts().iter().map(|account| u64::from(account.wills)).sum();
            prop_assert_eq!(wills, totals.received + totals.unforced + totals.duplicated + totals.unexpected);
            prop_assert!(totals.late <= totals.received && totals.received <= totals.expected());
        }
        // In the end everything is decided.
        story.wait(Duration::from_secs(3_600));
        prop_assert_eq!(story.ledger.totals().awaited(), 0);
        prop_assert_eq!(story.ledger.next_deadline(), None);
    }
}
