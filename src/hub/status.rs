//! What a view shows beside the fleet. Plain data: the hub fills it in, a view only reads it.

use super::jobs::Job;
use crate::clock::Moment;
use crate::fleet::Role;
use crate::scenario::Player;
use crate::wiring::Sight;
use std::collections::VecDeque;
use std::sync::Arc;

/// A sentence that a person should read once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Since when it is to be read.
    pub at: Moment,
    /// The sentence.
    pub text: String,
}

/// How one action of a rule stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ActionStanding {
    /// What kind of action: `email`, …
    pub kind: &'static str,
    /// Whom or what it is for, without secrets.
    pub target: String,
    /// Events that were delivered.
    pub done: u64,
    /// Events that were not.
    pub failed: u64,
    /// Events that wait for their group or are being delivered.
    pub waiting: u64,
    /// Why the last group failed, and when.
    pub last_failure: Option<Notice>,
    /// Whether it cannot work on this machine at all.
    pub idle: bool,
}

/// How one rule stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleStanding {
    /// Its name.
    pub name: Arc<str>,
    /// What the configuration says of it.
    pub description: Option<Arc<str>>,
    /// Its statement, printed.
    pub sql: Arc<str>,
    /// Messages that it matched.
    pub matched: u64,
    /// Messages on its topics that it did not match.
    pub not_matched: u64,
    /// When it last matched.
    pub last_match: Option<Moment>,
    /// Its actions, the error action last.
    pub actions: Vec<ActionStanding>,
    /// Whether the last of them is the error action.
    pub has_error_action: bool,
}

impl RuleStanding {
    /// How one of its actions stands; `None` asks for the error action.
    #[must_use]
    pub fn action(&self, action: Option<usize>) -> Option<&ActionStanding> {
        self.actions.get(self.place(action)?)
    }

    /// The same, to be changed.
    pub fn action_mut(&mut self, action: Option<usize>) -> Option<&mut ActionStanding> {
        let place = self.place(action)?;
        self.actions.get_mut(place)
    }

    fn place(&self, action: Option<usize>) -> Option<usize> {
        action.or_else(|| self.actions.len().checked_sub(1).filter(|_| self.has_error_action))
    }
}

/// The state of the program around the fleet.
#[derive(Clone, Debug, Default)]
pub struct Status {
    /// The broker in words, such as `embedded 127.0.0.1:1883`.
    pub broker: String,
    /// Whether devices come through lwtop's own gateway.
    pub gateway: bool,
    /// Whether any certificate of the broker is taken: whoever is in between can read and change everything.
    pub insecure: bool,
    /// The step of the start-up in words, such as `starting the broker`; `None` once all is up.
    pub stage: Option<String>,
    /// Messages per second that reach lwtop.
    pub rate: f32,
    /// How many more devices this process can hold; `None` if that is not known.
    pub room: Option<usize>,
    /// What takes a while, that which a person sees first at the front.
    pub jobs: Vec<Job>,
    /// The rules that lwtop runs, in their order.
    pub rules: Vec<RuleStanding>,
    /// The scenario that is played.
    pub lesson: Option<Player>,
    /// The newest notice.
    pub notice: Option<Notice>,
    /// The last few notices, oldest first: several may come between two frames.
    pub recent: VecDeque<Notice>,
    /// How many there were.
    pub said: usize,
    /// Connections that the broker or the gateway refused.
    pub refused: u64,
    /// Messages that were dropped because a lane was full.
    pub dropped: u64,
    /// The packets of the device whose detail is open.
    pub sight: Sight,
    /// The topic filter under which devices announce themselves.
    pub connected_topic: String,
    /// The topic filter under which wills arrive.
    pub will_topic: String,
    /// The topic filter under which rules republish.
    pub executed_topic: String,
}

impl Status {
    /// How many notices are kept.
    const RECENT: usize = 50;

    /// Replaces the newest notice.
    pub fn notify(&mut self, at: Moment, text: impl Into<String>) {
        let notice = Notice { at, text: text.into() };
        if self.recent.len() == Self::RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(notice.clone());
        self.notice = Some(notice);
        self.said += 1;
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
