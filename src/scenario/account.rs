//! What is told of a scenario: line by line while it goes on, and how it ended.

use std::time::Duration;

/// One line of the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A person was told this; the step's number.
    Said(usize),
    /// Something was done.
    Did {
        /// The step's number.
        step: usize,
        /// What, in words.
        text: String,
    },
    /// Something was expected.
    Judged {
        /// The step's number.
        step: usize,
        /// What was expected, in words.
        text: String,
        /// Whether it was so.
        met: bool,
        /// What there was, or was not, in words.
        found: String,
        /// How long it took.
        after: Duration,
    },
}

/// How a scenario ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ending {
    /// Expectations that were met.
    pub met: usize,
    /// Those that were not.
    pub not_met: usize,
    /// Why it did not come to its end.
    pub stopped: Option<String>,
}

impl Ending {
    /// Whether it came to its end, and all was as expected.
    #[must_use]
    pub const fn is_good(&self) -> bool {
        self.not_met == 0 && self.stopped.is_none()
    }
}
