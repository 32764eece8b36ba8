//! What a view shows beside the fleet. Plain data: the hub fills it in, a view only reads it.

use crate::clock::Moment;
use crate::fleet::Role;

/// A sentence that a person should read once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Since when it is to be read.
    pub at: Moment,
    /// The sentence.
    pub text: String,
}

/// The state of the program around the fleet.
#[derive(Clone, Debug, Default)]
pub struct Status {
    /// The broker in words, such as `embedded 127.0.0.1:1883`.
    pub broker: String,
    /// Whether devices come through lwtop's own gateway.
    pub gateway: bool,
    /// The step of the start-up in words, such as `starting the broker`; `None` once all is up.
    pub stage: Option<String>,
    /// Messages per second that reach lwtop.
    pub rate: f32,
    /// What the hub is busy with, in words, such as `launching 312 of 1000`.
    pub busy: Option<String>,
    /// The newest notice.
    pub notice: Option<Notice>,
    /// Connections that the broker refused.
    pub refused: u64,
    /// Messages that were dropped because a lane was full.
    pub dropped: u64,
    /// The topic filter under which devices announce themselves.
    pub connected_topic: String,
    /// The topic filter under which wills arrive.
    pub will_topic: String,
    /// The topic filter under which rules republish.
    pub executed_topic: String,
}

impl Status {
    /// Replaces the newest notice.
    pub fn notify(&mut self, at: Moment, text: impl Into<String>) {
        self.notice = Some(Notice { at, text: text.into() });
    }

    /// The topic filter of a feed.
    #[must_use]
    pub fn topic(&self, role: Role) -> &str {
        match role {
            Role::Connected => &self.connected_topic,
            Role::Will => &self.will_topic,
            Role::Executed => &self.executed_topic,
            Role::Other => "",
        }
    }
}
