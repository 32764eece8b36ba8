//! Messages that a broker delivers once for each subscription that matches, as Mosquitto does: only the first copy counts.
//!
//! On MQTT 5 each copy says which subscription it is for: the same message for another subscription is a copy, for the same
//! one it is a message of its own. Without subscription identifiers (3.1.1) a copy cannot be told from a message that is sent
//! twice, so nothing is dropped but retained messages; Mosquitto delivers to 3.1.1 once unless it is told otherwise.
//!
//! Rather a copy too many than a message too few: what comes later is kept too.

use super::subscriptions::Crossing;
use crate::clock::Moment;
use crate::fleet::Incoming;
use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// How long after a message its copies may come. They leave the broker together.
const SPAN: Duration = Duration::from_secs(1);

/// Messages that copies with identifiers are looked for in: messages of several publishers may mix.
const RECENT: usize = 16;

/// Retained messages that are remembered at most.
const RETAINED: usize = 65_536;

/// What is known of the messages that came last.
#[derive(Debug)]
pub struct Copies {
    crossing: Vec<Crossing>,
    recent: VecDeque<Original>,
    /// Retained messages come in answer to a subscription, once for each: those of the others are copies whenever they come.
    retained: HashSet<u64>,
    hasher: RandomState,
}

/// A message that was passed on.
#[derive(Debug)]
struct Original {
    hash: u64,
    at: Moment,
    /// The subscriptions that it came for so far.
    ids: Vec<u32>,
}

impl Copies {
    /// Nothing came yet. `crossing`: the filters that have topics in common with others.
    pub fn new(crossing: Vec<Crossing>) -> Self {
        let (recent, retained, hasher) = (VecDeque::new(), HashSet::new(), RandomState::new());
        Self { crossing, recent, retained, hasher }
    }

    /// Whether a message is the copy of one that came before. `ids`: the subscriptions that the broker names.
    pub fn is_copy(&mut self, message: &Incoming, ids: &[u32]) -> bool {
        // With several identifiers it is one message for all of them.
        if self.crossing.is_empty() || ids.len() > 1 || (ids.is_empty() && !message.retain) {
            return false;
        }
        let matching = self.crossing.iter().filter(|(filter, _)| filter.matches(&message.topic)).count();
        if matching < 2 {
            return false;
        }
        let hash = self.hasher.hash_one((&message.topic, &message.payload, message.qos as u8, &message.properties));
        if message.retain {
            return self.retained.contains(&hash) || (self.retained.len() < RETAINED && !self.retained.insert(hash));
        }
        let mut last = self.recent.iter_mut().rev();
        let original = last.find(|each| {
            each.hash == hash && message.at <= each.at + SPAN && ids.iter().all(|id| !each.ids.contains(id))
        });
        if let Some(original) = original {
            original.ids.extend(ids);
            return true;
        }
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(Original { hash, at: message.at, ids: ids.to_vec() });
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mqtt::Qos;

    /// Messages as topic, payload, subscription (0 for none) and milliseconds; which of them are kept.
    fn kept(messages: &[(&str, &'static str, u32, u64)], retain: bool) -> Vec<usize> {
        let crossing = vec![("a/+".parse().unwrap(), 1), ("+/b".parse().unwrap(), 2)];
        let mut copies = Copies::new(crossing);
        let mut is_copy = |(topic, payload, id, at): &(&str, &'static str, u32, u64)| {
            let message = Incoming {
                at: Moment::from_millis(*at),
                topic: (*topic).into(),
                payload: payload.as_bytes().into(),
                qos: Qos::AtMostOnce,
                retain,
                publisher: None,
                source: None,
                properties: None,
            };
            copies.is_copy(&message, if *id == 0 { &[] } else { std::slice::from_ref(id) })
        };
        messages.iter().enumerate().filter(|(_, message)| !is_copy(message)).map(|(index, _)| index).collect()
    }

    #[test]
    fn the_same_message_for_another_subscription_is_a_copy() {
        let mixed = [("a/b", "x", 1, 0), ("a/b", "y", 1, 0), ("a/b", "x", 2, 0), ("a/b", "y", 2, 0)];
        assert_eq!(kept(&mixed, false), [0, 1]);
        let again = [("a/b", "x", 1, 0), ("a/b", "x", 2, 0), ("a/b", "x", 1, 0), ("a/b", "x", 2, 0)];
        assert_eq!(kept(&again, false), [0, 2], "a message that is sent twice comes twice");
        let one_for_all = [("a/b", "x", 2, 0), ("a/b", "x", 2, 0)];
        assert_eq!(kept(&one_for_all, false), [0, 1], "a broker that names one subscription and delivers once");
        assert_eq!(kept(&[("a/c", "x", 1, 0), ("a/c", "x", 1, 0)], false), [0, 1], "only one filter matches");
    }

    #[test]
    fn without_identifiers_only_retained_messages_are_dropped() {
        let twice = [("a/b", "x", 0, 0); 2];
        assert_eq!(kept(&twice, false), [0, 1]);
        assert_eq!(kept(&twice, true), [0]);
        assert_eq!(kept(&[("a/b", "x", 1, 0), ("a/b", "x", 2, 1_500)], false), [0, 1], "too late for a copy");
    }

    #[test]
    fn retained_messages_come_once_however_far_apart() {
        let apart = [("a/b", "x", 0, 0), ("a/c", "y", 0, 0), ("a/b", "x", 0, 9_000)];
        assert_eq!(kept(&apart, true), [0, 1]);
    }
}
