//! What lwtop republished and will hear again: whose it is, and which rules have already had their say on it.

use crate::clock::Moment;
use crate::fleet::Incoming;
use crate::mqtt::ClientId;
use bytes::Bytes;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// How many rules in a row one message may set off, each hearing what the one before republished.
pub(super) const MOST_HOPS: usize = 8;

/// The user property in which a republish carries how many there were before it: another lwtop on the same broker cannot
/// know it in any other way. A 3.1.1 connection has no properties, so there the loop of two lwtops cannot be seen.
pub(super) const HOPS_KEY: &str = "lwtop-hops";

/// The rules that a message has been through, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Chain {
    rules: Vec<usize>,
    /// Republishes that were counted elsewhere.
    foreign: usize,
}

impl Chain {
    pub(super) fn hops(&self) -> usize {
        self.rules.len().max(self.foreign)
    }

    pub(super) fn holds(&self, rule: usize) -> bool {
        self.rules.contains(&rule)
    }

    pub(super) fn with(&self, rule: usize) -> Self {
        let mut rules = self.rules.clone();
        rules.push(rule);
        Self { rules, foreign: self.hops() + 1 }
    }

    /// With what the message itself says.
    pub(super) fn told_by(mut self, message: &Incoming) -> Self {
        let told = message.properties.as_deref().and_then(|properties| properties.user(HOPS_KEY));
        self.foreign = self.foreign.max(told.and_then(|hops| hops.parse().ok()).unwrap_or(0));
        self
    }
}

/// A republish under way.
#[derive(Debug)]
pub(super) struct Echo {
    at: Moment,
    topic: Arc<str>,
    payload: Bytes,
    /// The device that the message before it spoke of.
    pub(super) device: Option<ClientId>,
    pub(super) chain: Chain,
}

/// The republishes under way.
#[derive(Debug, Default)]
pub(super) struct Echoes {
    sent: VecDeque<Echo>,
    /// How many are under way to each topic, so that a burst of wills does not search through a burst of republishes.
    topics: HashMap<Arc<str>, usize>,
}

impl Echoes {
    /// How many are remembered until they arrive; the oldest are given up, and their arrival then stays unattributed.
    const CAPACITY: usize = 65_536;
    /// How long: a republish that was lost on the way must not be taken for a later one.
    const UNDER_WAY: Duration = Duration::from_secs(10);

    pub(super) fn add(&mut self, at: Moment, topic: Arc<str>, payload: Bytes, device: Option<ClientId>, chain: Chain) {
        if self.sent.len() == Self::CAPACITY {
            self.forget(0);
        }
        *self.topics.entry(Arc::clone(&topic)).or_default() += 1;
        self.sent.push_back(Echo { at, topic, payload, device, chain });
    }

    /// Whether a message is a republish of lwtop's own: the oldest one under way with this topic and payload.
    pub(super) fn recognise(&mut self, message: &Incoming, now: Moment) -> Option<Echo> {
        while self.sent.front().is_some_and(|sent| now.since(sent.at) > Self::UNDER_WAY) {
            self.forget(0);
        }
        if !self.topics.contains_key(&*message.topic) {
            return None;
        }
        let same = |sent: &Echo| sent.topic == message.topic && sent.payload == message.payload;
        let place = self.sent.iter().position(same)?;
        self.forget(place)
    }

    /// The link is down: what was under way may never arrive.
    pub(super) fn clear(&mut self) {
        self.sent.clear();
        self.topics.clear();
    }

    fn forget(&mut self, place: usize) -> Option<Echo> {
        let echo = self.sent.remove(place)?;
        if let Some(count) = self.topics.get_mut(&echo.topic) {
            *count -= 1;
            if *count == 0 {
                self.topics.remove(&echo.topic);
            }
        }
        Some(echo)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mqtt::{Properties, Qos};

    fn message(topic: &str, payload: &'static [u8], hops: Option<&str>) -> Incoming {
        let user = hops.map(|hops| Properties { user: vec![(HOPS_KEY.into(), hops.into())], ..Properties::default() });
        Incoming {
            at: Moment::default(),
            topic: topic.into(),
            payload: Bytes::from_static(payload),
            qos: Qos::AtMostOnce,
            retain: false,
            publisher: None,
            source: None,
            properties: user.map(Arc::new),
        }
    }

    #[test]
    fn each_republish_is_recognised_once_and_not_for_ever() {
        let mut echoes = Echoes::default();
        let start = Moment::from_millis(1);
        for client in ["a", "b"] {
            echoes.add(start, "t".into(), Bytes::from_static(b"x"), Some(client.into()), Chain::default().with(0));
        }
        let whose = |echo: Option<Echo>| echo.and_then(|echo| echo.device).map(|client| client.to_string());
        assert!(echoes.recognise(&message("t", b"other", None), start).is_none());
        assert_eq!(whose(echoes.recognise(&message("t", b"x", None), start)).as_deref(), Some("a"));
        let late = start + Duration::from_secs(11);
        assert!(echoes.recognise(&message("t", b"x", None), late).is_none());
        assert!(echoes.topics.is_empty() && echoes.sent.is_empty());
    }

    #[test]
    fn hops_of_another_lwtop_count() {
        let chain = Chain::default().with(3).told_by(&message("t", b"", Some("6")));
        assert_eq!((chain.hops(), chain.with(4).hops()), (6, 7));
        assert!(chain.holds(3) && !chain.holds(4));
        assert_eq!(Chain::default().told_by(&message("t", b"", Some("many"))).hops(), 0);
    }
}
