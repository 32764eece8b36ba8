//! What fills the screen between header and footer.

use serde::{Deserialize, Serialize};

/// One page. The tabs name them; each has a key of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Page {
    /// Devices and feeds.
    #[default]
    Fleet,
    /// Every death with its hops.
    Incidents,
    /// All that was said, in the order in which it came.
    Messages,
    /// What the broker would publish for each device.
    Wills,
    /// The rules, and why they fired or did not.
    Rules,
    /// The lessons.
    Lesson,
}

impl Page {
    /// Every page, in the order of the tabs.
    pub const ALL: [Self; 6] = [Self::Fleet, Self::Incidents, Self::Messages, Self::Wills, Self::Rules, Self::Lesson];

    /// Its name on the tab.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Fleet => "Fleet",
            Self::Incidents => "Incidents",
            Self::Messages => "Messages",
            Self::Wills => "Wills",
            Self::Rules => "Rules",
            Self::Lesson => "Lesson",
        }
    }
}
