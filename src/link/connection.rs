//! Keeps one of the link's two connections up.

use super::backoff::Pauses;
use super::copies::Copies;
use super::session::Heard;
use super::standing::Standing;
use super::subscriptions::Subscriptions;
use super::trouble::Trouble;
use super::wire::{PATIENCE, Publisher, Wire};
use super::{LinkConfig, Outbox};
use crate::clock::Clock;
use crate::dial::DialError;
use crate::mqtt::{Protocol, Qos};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// A connection that ends sooner than this after it stood is one that another client may have taken over.
const SHORT: Duration = Duration::from_secs(5);

/// So many short connections in a row are no accident.
const TOO_MANY: u32 = 3;

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
    pauses: Pauses,
    /// Since when the connection stands, if it does.
    stands: Option<Instant>,
    /// Connections in a row that were just closed soon after they stood.
    short: u32,
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
        let protocol = config.protocol;
        let pauses = Pauses::new(config.backoff);
        let (stands, short) = (None, 0);
        Self { part, client_id, config, standing, outbox, stopped, clock, protocol, pauses, stands, short }
    }

    /// Connects, listens, and connects again, until the link is stopped or turns out to be impossible.
    pub async fn run(mut self) {
        if let Some(why) = self.config.fault() {
            let trouble = Trouble::Dial(DialError::Setup(why));
            self.standing.lost(self.part, &trouble, || trouble.sentence(&self.config)).await;
            return;
        }
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
            let stood = self.stands.take().map(|since| since.elapsed());
            self.suspect(&trouble, stood).await;
            let pause = jittered(self.pauses.after(stood));
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = told(&mut self.stopped) => return,
            }
        }
    }

    /// Says once that another client uses the same client id, where it looks like it: MQTT 5 tells, 3.1.1 just closes.
    async fn suspect(&mut self, trouble: &Trouble, stood: Option<Duration>) {
        // A random client id is nobody else's.
        if self.config.client_id.is_none() {
            return;
        }
        let short = stood.is_some_and(|stood| stood < SHORT);
        self.short = if short && matches!(trouble, Trouble::Closed) { self.short + 1 } else { 0 };
        if trouble.is_takeover() || self.short >= TOO_MANY {
            let (id, at) = (&self.client_id, self.config.route.address.authority());
            let sure = if trouble.is_takeover() { "uses" } else { "seems to use" };
            let notice = format!(
                "another client at {at} {sure} the client id {id}, so the broker ends one connection for the other: give lwtop \
                 a client id of its own"
            );
            self.standing.notice(notice).await;
        }
    }

    /// One connection from CONNECT to its end.
    async fn attempt(&mut self, protocol: Protocol) -> Result<Stopped, Trouble> {
        let opened = tokio::select! {
            biased;
            () = told(&mut self.stopped) => return Ok(Stopped),
            opened = Wire::open(&self.config, protocol, &self.client_id, self.part, self.clock) => opened,
        };
        let mut wire = opened?;
        self.protocol = Some(protocol);
        let result = self.listen(&mut wire, protocol).await;
        if self.part == Part::Rest {
            self.outbox.set(None);
        }
        if result.is_ok() {
            wire.disconnect().await;
        } else if self.part == Part::Rest {
            self.outbox.refuse(wire.unsent());
        }
        result
    }

    async fn listen(&mut self, wire: &mut Wire, protocol: Protocol) -> Result<Stopped, Trouble> {
        let filters = match self.part {
            Part::Wills => &self.config.will_filters,
            Part::Rest => &self.config.other_filters,
        };
        let mut subscriptions = Subscriptions::new(filters);
        let mut copies = Copies::new(subscriptions.crossing());
        if let Some(group) = subscriptions.next() {
            let packet = wire.subscribe(group, self.part.qos())?;
            subscriptions.asked(packet);
        }
        // Each SUBACK has the same patience as CONNACK; `None` once everything is subscribed.
        let mut deadline = Some(Instant::now() + PATIENCE);
        let mut heard = Vec::new();
        let (mut messages, mut result) = (Vec::new(), Ok(()));
        loop {
            if deadline.is_some() && subscriptions.next().is_none() {
                deadline = None;
                self.stood(wire.publisher()).await;
            }
            // After that, so that the first messages come behind the report that the link is up.
            self.standing.incoming(std::mem::take(&mut messages)).await;
            result?;
            result = tokio::select! {
                biased;
                () = told(&mut self.stopped) => return Ok(Stopped),
                result = wire.next(&mut heard) => result,
                () = expired(deadline) => Err(Trouble::Silent),
            };
            for event in heard.drain(..) {
                match event {
                    // A second CONNACK; the session has refused it already.
                    Heard::Connected(_) => {}
                    Heard::Subscribed(id, codes) => {
                        subscriptions.answer(protocol, id, &codes)?;
                        if let Some(group) = subscriptions.next() {
                            let packet = wire.subscribe(group, self.part.qos())?;
                            subscriptions.asked(packet);
                            deadline = Some(Instant::now() + PATIENCE);
                        }
                    }
                    Heard::Message(message, ids) => {
                        // A filter of the rest may match wills as well: they come over their own connection.
                        let wills = &self.config.will_filters;
                        let elsewhere = || wills.iter().any(|filter| filter.matches(&message.topic));
                        if self.part == Part::Wills || !(elsewhere() || copies.is_copy(&message, &ids)) {
                            messages.push(message);
                        }
                    }
                }
            }
        }
    }

    /// The connection stands, and everything is subscribed.
    async fn stood(&mut self, publisher: Publisher) {
        self.stands = Some(Instant::now());
        if self.part == Part::Rest {
            self.outbox.set(Some(publisher));
        }
        self.standing.ready(self.part).await;
    }
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
}
