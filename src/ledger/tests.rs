//! The ledger beside a broker whose every word is known.

use super::account::EARLY;
use super::story::{PATIENCE, Story, id, terms};
use super::*;

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
fn the_will_of_a_dropped_connection_may_come_before_its_end() {
    let mut story = Story::new(1, terms());
    story.will(0);
    story.close(0, Cause::ServerInitiated);
    assert_eq!(story.sums(), [0, 0, 0, 0, 0, 0, 0, 1]);
    assert_eq!((story.ledger.totals().ended, story.ledger.totals().exactly_once()), (1, true));
    // And once more.
    story.will(0);
    assert_eq!(story.sums(), [0, 0, 0, 0, 0, 1, 0, 1]);

    // No end comes, or another one, or nobody waits any more.
    let judged: [fn(&mut Story); 3] = [|story| story.wait(EARLY), |story| story.cut(0), |story| story.ledger.settle()];
    for what in judged {
        let mut story = Story::new(1, terms());
        story.will(0);
        assert_eq!((story.ledger.totals().unexpected, story.ledger.totals().early), (0, 1));
        what(&mut story);
        assert_eq!((story.ledger.totals().unexpected, story.ledger.totals().early), (1, 0));
        story.wait(EARLY);
        assert_eq!(story.sums()[6], 1);
    }
}

#[test]
fn a_connection_of_which_only_the_broker_knew_may_have_a_will() {
    for early in [true, false] {
        let mut story = Story::new(1, terms());
        story.cut(0);
        story.will(0);
        if early {
            story.will(0);
        }
        story.fail(&id(0), "no CONNACK");
        story.fail(&id(0), "no CONNACK");
        if !early {
            story.will(0);
        }
        assert_eq!(story.sums(), [1, 1, 0, 0, 0, 0, 0, 1], "{early}");
        story.wait(PATIENCE);
        story.will(0);
        assert_eq!(story.sums(), [1, 1, 0, 0, 0, 1, 0, 1], "{early}");
    }
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

/// It is known at once or in the end, before or after the freeze's own time.
#[test]
fn the_will_of_a_freeze_has_to_come_when_a_takeover_comes_to_nothing() {
    for terms in [terms(), Terms { clean: false, ..terms() }] {
        for (told, takeovers) in [(true, 1), (true, 2), (false, 1), (false, 2)] {
            let frozen = || {
                let mut story = Story::new(1, terms);
                story.fault(0, Fault::Freeze);
                let due = story.ledger.next_deadline().unwrap();
                for _ in 0..takeovers {
                    story.fault(0, Fault::Takeover);
                }
                if told {
                    story.ledger.spared(&id(0));
                } else {
                    story.wait(PATIENCE);
                    // The later of two is given up after the first.
                    story.wait(Duration::from_millis(2));
                }
                assert_eq!((story.ledger.totals().awaited(), story.ledger.accounts()[0].is_up()), (1, false));
                assert_eq!(story.ledger.accounts()[0].standing, Standing::Frozen);
                (story, due)
            };
            let (mut story, due) = frozen();
            story.now = Moment::from_micros(due.as_micros() - 1_000);
            story.wait(Duration::ZERO);
            story.will(0);
            story.close(0, Cause::KeepAliveTimeout);
            assert_eq!(story.sums(), [1, 1, 0, 0, 0, 0, 0, 0], "{terms:?} {told}");
            assert_eq!((story.ledger.totals().freeze_to_will.len(), story.ledger.totals().cut_to_will.len()), (1, 0));
            story.wait(PATIENCE);
            assert!(story.ledger.totals().exactly_once());

            let (mut story, due) = frozen();
            story.now = due;
            story.wait(Duration::ZERO);
            assert_eq!((story.sums(), story.ledger.totals().awaited()), ([1, 0, 0, 1, 0, 0, 0, 0], 0), "it is lost");
        }
    }
}

#[test]
fn a_takeover_of_a_frozen_device_that_fails_late_leaves_no_will_that_is_waited_for() {
    let mut story = Story::new(1, terms());
    story.fault(0, Fault::Freeze);
    let due = story.ledger.next_deadline().unwrap();
    story.now = Moment::from_micros(due.as_micros() - 5_000);
    story.fault(0, Fault::Takeover);
    story.wait(Duration::from_secs(1));
    assert_eq!(story.ledger.totals().awaited(), 1, "the takeover may come about");
    story.ledger.spared(&id(0));
    story.wait(Duration::ZERO);
    assert_eq!((story.sums(), story.ledger.totals().awaited()), ([1, 0, 0, 1, 0, 0, 0, 0], 0));

    // What the second client brought about is its own.
    let mut story = Story::new(1, Terms { clean: false, ..terms() });
    story.fault(0, Fault::Freeze);
    story.fault(0, Fault::Takeover);
    story.close(0, Cause::SessionTakenOver);
    story.open(0);
    story.fault(0, Fault::Takeover);
    story.ledger.spared(&id(0));
    assert_eq!((story.ledger.totals().awaited(), story.ledger.accounts()[0].is_up()), (0, true));
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
    story.fail(&id(0), "the broker refused d-0: not authorized");
    story.fail(&id(1), "the broker refused d-1: not authorized");
    for number in 0..20 {
        story.fail(&id(0), &format!("reason {number}"));
    }
    let totals = story.ledger.totals();
    assert_eq!(totals.reasons[0], ("the broker refused a device: not authorized".to_owned(), 2));
    assert_eq!((totals.reasons.len(), totals.failed), (7, 22));
    assert_eq!(totals.reasons.iter().map(|(_, count)| count).sum::<u64>(), 22);
}
