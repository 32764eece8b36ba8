//! What lwtop knows of a death beside the message that told of it: for the templates of actions.

use crate::clock::Moment;
use crate::fleet::{Hop, Hops};
use crate::mqtt::{Cause, ClientId, Fault};
use std::sync::Arc;

/// What a template may ask for with `lwtop('…')`, lwtop's one function beyond AWS's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The rule that matched.
    pub rule: Arc<str>,
    /// What the configuration says of it.
    pub description: Option<Arc<str>>,
    /// The device that the message speaks of.
    pub device: Option<ClientId>,
    /// How it went, where that is known.
    pub cause: Option<Cause>,
    /// What lwtop did to it, if it was lwtop.
    pub fault: Option<Fault>,
    /// What was seen when, up to the moment of the match.
    pub hops: Hops,
    /// When the rule matched.
    pub at: Moment,
}

impl Facts {
    /// Every name that can be asked for, each with what it gives.
    pub const NAMES: [(&'static str, &'static str); 9] = [
        ("rule", "the rule's name"),
        ("description", "the rule's description"),
        ("device", "the client id of the device that the message speaks of"),
        ("cause", "how it went, in words: connection lost, keep alive timeout, …"),
        ("fault", "what lwtop did to it, in words, if it was lwtop"),
        ("time", "when the rule matched: RFC 3339, UTC"),
        ("cut", "when it was cut"),
        ("detected", "when the broker knew"),
        ("will", "when the will arrived"),
    ];

    /// What `name` gives; empty for what is not known of this death, so that a notice does not fail for it; `None` for every
    /// name that is not in [`Self::NAMES`].
    #[must_use]
    pub fn get(&self, name: &str) -> Option<String> {
        let hop = |hop| self.hops.get(hop).map(|at| at.to_string());
        let known = match name {
            "rule" => Some(self.rule.to_string()),
            "description" => self.description.as_deref().map(str::to_owned),
            "device" => self.device.as_ref().map(ToString::to_string),
            "cause" => self.cause.map(|cause| cause.words().to_owned()),
            "fault" => self.fault.map(|fault| fault.title().to_owned()),
            "time" => Some(self.at.to_string()),
            "cut" => hop(Hop::Cut),
            "detected" => hop(Hop::Detected),
            "will" => hop(Hop::Will),
            _ => return None,
        };
        Some(known.unwrap_or_default())
    }
}
