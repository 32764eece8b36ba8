//! Colours and the person's clock. Colour only supports what glyph and word already say: without it nothing is lost.

use crate::fleet::{Device, Presence};
use crate::mqtt::Cause;
use jiff::tz::TimeZone;
use ratatui::style::{Color, Modifier, Style};

/// How this person's terminal is drawn on.
#[derive(Clone, Debug)]
pub struct Look {
    /// Whether colours are wanted.
    pub colour: bool,
    /// Whether the terminal has no signs but ASCII.
    pub ascii: bool,
    /// The zone of absolute times.
    pub zone: TimeZone,
}

impl Look {
    /// As the environment asks: no colours if `NO_COLOR` is set and not empty (<https://no-color.org>), the system's
    /// time zone.
    #[must_use]
    pub fn of_environment() -> Self {
        let colour = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self { colour, ascii: false, zone: TimeZone::system() }
    }

    /// No colours, UTC: for tests and for captured screens.
    #[must_use]
    pub fn plain() -> Self {
        Self { colour: false, ascii: false, zone: TimeZone::UTC }
    }

    fn ink(&self, colour: Color) -> Style {
        if self.colour { Style::new().fg(colour) } else { Style::new() }
    }

    /// All is well.
    #[must_use]
    pub fn good(&self) -> Style {
        self.ink(Color::Green)
    }

    /// Something wants attention.
    #[must_use]
    pub fn warn(&self) -> Style {
        self.ink(Color::Yellow)
    }

    /// Something is gone or missing.
    #[must_use]
    pub fn bad(&self) -> Style {
        self.ink(Color::Red).add_modifier(Modifier::BOLD)
    }

    /// What matters less. Not a grey: greys vanish on some backgrounds.
    #[must_use]
    pub fn dim(&self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    /// Names and titles.
    #[must_use]
    pub fn strong(&self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// Keys, and the border of what has the focus.
    #[must_use]
    pub fn accent(&self) -> Style {
        self.ink(Color::Cyan).add_modifier(Modifier::BOLD)
    }

    /// The words of a statement's language.
    #[must_use]
    pub fn keyword(&self) -> Style {
        self.ink(Color::Cyan)
    }

    /// The line under the cursor.
    #[must_use]
    pub fn cursor(&self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// The presence of `device`.
    #[must_use]
    pub fn presence(&self, device: &Device) -> Style {
        match device.presence {
            Presence::Online => self.good(),
            Presence::Offline { cause: Cause::ClientInitiatedDisconnect } => self.dim(),
            Presence::Offline { .. } => self.bad(),
            Presence::Overdue | Presence::Unknown => self.warn(),
        }
    }
}
