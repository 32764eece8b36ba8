//! The scenarios that lwtop brings along.

use super::read;
use crate::config::ConfigError;
use crate::scenario::Scenario;

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shipped {
    /// What it is called on the command line.
    pub name: &'static str,
    /// Its file.
    pub text: &'static str,
}

impl Shipped {
    /// Reads it.
    ///
    /// # Errors
    /// Never: every test reads all of them.
    pub fn scenario(&self) -> Result<Scenario, Vec<ConfigError>> {
        read(self.text, self.name)
    }
}

macro_rules! shipped {
    ($($name:literal),+ $(,)?) => {
        &[$(Shipped {
            name: $name,
            text: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/scenarios/", $name, ".toml")),
        }),+]
    };
}

/// All of them, in the order in which they are best seen.
#[must_use]
pub const fn shipped() -> &'static [Shipped] {
    shipped!["article", "leave-or-cut", "keep-alive", "takeover", "retained", "will-delay", "thousand"]
}
