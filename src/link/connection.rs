//! Keeps one of the link's two connections up.

use super::standing::Standing;
use super::trouble::Trouble;
use super::wire::{Heard, PATIENCE, Wire};
use super::{LinkConfig, Outbox};
use crate::clock::Clock;
use crate::mqtt::{Protocol, Qos, TopicFilter};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// The first pause after a connection was lost.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// The longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Filters in one SUBSCRIBE: AWS IoT Core takes no more than eight.
const FILTERS: usize = 8;

/// Which of the two connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Wills, at QoS 0.
    Wills,
    /// Everything else, at QoS 1; it also publishes.
    Rest,
}

impl Part {
    /// The end of its client id.
    pub const fn letter(self) -> char {
        match self {
            Self::Wills => 'w',
            Self::Rest => 'm',
        }
    }

    const fn qos(self) -> Qos {
        match self {
            Self::Wills => Qos::AtMostOnce,
            Self::Rest => Qos::AtLeastOnce,
        }
    }
}

/// One connection of the link.
pub struct Connection {
    part: Part,
    client_id: String,
    config: Arc<LinkConfig>,
    standing: Arc<Standing>,
    outbox: Arc<Outbox>,
    stopped: watch::Receiver<bool>,
    clock: Clock,
    /// What the broker is known to speak.
    protocol: Option<Protocol>,
    pause: Duration,
}

/// The order came to end.
struct Stopped;

impl Connection {
    /// A connection that [`Self::run`] opens.
    pub fn new(
        part: Part,
        client_id: String,
        config: Arc<LinkConfig>,
        standing: Arc<Standing>,
        outbox: Arc<Outbox>,
        stopped: watch::Receiver<bool>,
        clock: Clock,
    ) -> Self {
        let (protocol, pause) = (None, FIRST_PAUSE);
        Self { part, client_id, config, standing, outbox, stopped, clock, protocol, pause }
    }

    /// Connects, listens, and connects again, until the link is stopped or turns out to be impossible.
    pub async fn run(mut self) {
        loop {
            let trouble = match self.attempt(self.protocol.unwrap_or(Protocol::V5)).await {
                Ok(Stopped) => return,
                Err(trouble) if self.protocol.is_none() && trouble.may_be_the_version() => {
                    match self.attempt(Protocol::V311).await {
                        Ok(Stopped) => return,
                        Err(trouble) => trouble,
                    }
                }
                Err(trouble) => trouble,
            };
            if !self.standing.lost(self.part, &trouble, || trouble.sentence(&self.config)).await {
                return;
            }
            let pause = jittered(self.pause);
            self.pause = (self.pause * 2).min(LONGEST_PAUSE);
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = told(&mut self.stopped) => return,
            }
        }
    }

    /// One connection from CONNECT to its end.
    async fn attempt(&mut self, protocol: Protocol) -> Result<Stopped, Trouble> {
        let large_buffer = self.part == Part::Wills;
        let mut wire = Wire::new(&self.config, protocol, &self.client_id, large_buffer, self.clock);
        let result = self.listen(&mut wire, protocol).await;
        if self.part == Part::Rest {
            self.outbox.set(None);
            if result.is_err() {
                self.outbox.refuse(wire.unsent());
            }
        }
        result
    }

    async fn listen(&mut self, wire: &mut Wire, protocol: Protocol) -> Result<Stopped, Trouble> {
        let filters = match self.part {
            Part::Wills => widest(&self.config.will_filters),
            Part::Rest => widest(&self.config.other_filters),
        };
        let mut asked = Asked { filters: &filters, sent: Vec::new(), granted: 0 };
        // SUBACK has the same patience as CONNACK; `None` once everything is subscribed.
        let mut deadline = Some(Instant::now() + 2 * PATIENCE);
        let mut connected = false;
        let mut heard = Vec::new();
        loop {
            let result = tokio::select! {
                biased;
                () = told(&mut self.stopped) => {
                    if connected {
                        wire.disconnect().await;
                    }
                    return Ok(Stopped);
                }
                result = wire.next(&mut heard) => result,
                () = expired(deadline) => Err(Trouble::Silent),
            };
            let mut messages = Vec::new();
            for event in heard.drain(..) {
                match event {
                    Heard::Connected => {
                        connected = true;
                        self.protocol = Some(protocol);
                        for chunk in filters.chunks(FILTERS) {
                            if !wire.subscribe(chunk, self.part.qos()) {
                                return Err(Trouble::Protocol("SUBSCRIBE could not be sent".to_owned()));
                            }
                        }
                    }
                    Heard::SubscribeSent(id) => asked.sent.push(id),
                    Heard::Subscribed(id, codes) => asked.answer(protocol, id, &codes)?,
                    Heard::Message(message) => {
                        // A filter of the rest may match wills as well: they come over their own connection.
                        let wills = &self.config.will_filters;
                        if self.part == Part::Wills || !wills.iter().any(|filter| filter.matches(&message.topic)) {
                            messages.push(message);
                        }
                        continue;
                    }
                }
                if deadline.is_some() && connected && asked.granted == filters.len() {
                    deadline = None;
                    self.pause = FIRST_PAUSE;
                    if self.part == Part::Rest {
                        self.outbox.set(Some(wire.publisher()));
                    }
                    self.standing.ready(self.part).await;
                }
            }
            self.standing.incoming(messages).await;
            result?;
        }
    }
}

/// The SUBSCRIBEs of one connection: one for each chunk of filters, in order.
struct Asked<'a> {
    filters: &'a [TopicFilter],
    /// Their packet identifiers.
    sent: Vec<u16>,
    /// How many filters were granted.
    granted: usize,
}

impl Asked<'_> {
    /// Takes a SUBACK.
    fn answer(&mut self, protocol: Protocol, id: u16, codes: &[u8]) -> Result<(), Trouble> {
        let chunk = self.sent.iter().position(|sent| *sent == id);
        let Some(filters) = chunk.and_then(|index| self.filters.chunks(FILTERS).nth(index)) else {
            return Err(Trouble::Protocol("the broker acknowledged a SUBSCRIBE that was never sent".to_owned()));
        };
        if codes.len() != filters.len() {
            return Err(Trouble::Protocol("the broker's SUBACK has not one code for each filter".to_owned()));
        }
        for (filter, code) in filters.iter().zip(codes) {
            if *code >= 0x80 {
                return Err(Trouble::NotSubscribed(filter.clone(), protocol, *code));
            }
        }
        self.granted += filters.len();
        Ok(())
    }
}

/// `filters` without those that another one covers: Mosquitto delivers a message once for each subscription that matches.
fn widest(filters: &[TopicFilter]) -> Vec<TopicFilter> {
    // Read as a topic, `+` is a level like any other; only `#` stands for more than `+` can cover.
    let covers = |wide: &TopicFilter, narrow: &TopicFilter| {
        wide.matches(narrow.as_str()) && (wide.as_str().ends_with('#') || !narrow.as_str().ends_with('#'))
    };
    let mut widest: Vec<TopicFilter> = Vec::with_capacity(filters.len());
    for filter in filters {
        if !widest.iter().any(|wide| covers(wide, filter)) {
            widest.retain(|narrow| !covers(filter, narrow));
            widest.push(filter.clone());
        }
    }
    widest
}

/// Waits until the link is told to stop.
async fn told(stopped: &mut watch::Receiver<bool>) {
    // An error means that the link is gone, which is the same.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

async fn expired(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

/// Between half and all of `pause`, at random: a hundred lwtops must not knock at a restarted broker in step.
fn jittered(pause: Duration) -> Duration {
    let random = u32::try_from(RandomState::new().hash_one(()) >> 32).unwrap_or(0);
    pause.mul_f64(0.5 + f64::from(random) / f64::from(u32::MAX) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_never_longer_than_asked_and_never_less_than_half() {
        for _ in 0..100 {
            let pause = jittered(Duration::from_secs(10));
            assert!((Duration::from_secs(5)..=Duration::from_secs(10)).contains(&pause), "{pause:?}");
        }
    }

    #[test]
    fn covered_filters_are_left_out() {
        for (given, expected) in [
            (&["c/x", "c/+", "e"][..], &["c/+", "e"][..]),
            (&["c/+", "c/#"], &["c/#"]),
            (&["c/#", "c/+", "c", "c/x/y"], &["c/#"]),
            (&["a", "a"], &["a"]),
            (&["#", "$SYS/#"], &["#", "$SYS/#"]),
            (&["a/+", "+/b"], &["a/+", "+/b"]),
        ] {
            let filters: Vec<TopicFilter> = given.iter().map(|text| text.parse().unwrap()).collect();
            let kept = widest(&filters);
            assert_eq!(kept.iter().map(TopicFilter::as_str).collect::<Vec<_>>(), expected, "{given:?}");
        }
    }

    #[test]
    fn a_refused_filter_is_named() {
        let filters: Vec<TopicFilter> = (0..9).map(|n| format!("f/{n}").parse().unwrap()).collect();
        let mut asked = Asked { filters: &filters, sent: vec![1, 2], granted: 0 };
        asked.answer(Protocol::V5, 1, &[0; 8]).unwrap();
        assert_eq!(asked.granted, 8);
        let trouble = asked.answer(Protocol::V5, 2, &[0x87]).unwrap_err();
        assert_eq!(trouble.to_string(), "f/8: not authorized (reason code 0x87)");
        assert!(asked.answer(Protocol::V5, 3, &[0]).is_err());
        assert!(asked.answer(Protocol::V5, 1, &[0]).is_err());
    }
}
