//! Styles, signs and the person's clock. Colour only supports what glyph and word already say: without it nothing is lost.

use super::colour::Depth;
use super::sign::Sign;
use super::theme::Theme;
use crate::fleet::{Device, Presence};
use crate::mqtt::Cause;
use jiff::tz::TimeZone;
use ratatui::style::Style;

/// How this person's terminal is drawn on.
#[derive(Clone, Debug)]
pub struct Look {
    /// The styles, in the colours that the terminal has.
    pub theme: Theme,
    /// Whether the terminal has no signs but ASCII.
    pub ascii: bool,
    /// The zone of absolute times.
    pub zone: TimeZone,
}

impl Look {
    /// `theme` as the environment lets it be seen: in the colours of the terminal, in the signs of the locale, in the
    /// system's time zone.
    #[must_use]
    pub fn of_environment(theme: Theme) -> Self {
        let variable = |name: &str| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned());
        let (theme, ascii) = (theme.on(Depth::of(variable)), ascii_locale(variable));
        Self { theme, ascii, zone: TimeZone::system() }
    }

    /// No colours, UTC: for tests and for captured screens.
    #[must_use]
    pub fn plain() -> Self {
        Self { theme: Theme::dark().on(Depth::None), ascii: false, zone: TimeZone::UTC }
    }

    /// All is well.
    #[must_use]
    pub const fn good(&self) -> Style {
        self.theme.good
    }

    /// Something wants attention.
    #[must_use]
    pub const fn warn(&self) -> Style {
        self.theme.warn
    }

    /// Something is gone or missing.
    #[must_use]
    pub const fn bad(&self) -> Style {
        self.theme.bad
    }

    /// What matters less. Mostly not a grey: greys vanish on some backgrounds.
    #[must_use]
    pub const fn dim(&self) -> Style {
        self.theme.dim
    }

    /// Names and titles.
    #[must_use]
    pub const fn strong(&self) -> Style {
        self.theme.strong
    }

    /// Keys, and the border of what has the focus.
    #[must_use]
    pub const fn accent(&self) -> Style {
        self.theme.accent
    }

    /// The words of a statement's language.
    #[must_use]
    pub const fn keyword(&self) -> Style {
        self.theme.keyword
    }

    /// The line under the cursor.
    #[must_use]
    pub const fn cursor(&self) -> Style {
        self.theme.cursor
    }

    /// A sign of a legend: as [`Look::presence`] shows the devices that have it.
    #[must_use]
    pub const fn sign(&self, sign: Sign) -> Style {
        match sign {
            Sign::Online | Sign::SaidOnline | Sign::Frozen => self.good(),
            Sign::Left => self.dim(),
            Sign::Overdue | Sign::Unknown => self.warn(),
            _ => self.bad(),
        }
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

/// Whether the locale has a character set other than UTF-8: the first of `LC_ALL`, `LC_CTYPE` and `LANG` that is set
/// decides. Where none is, as in many containers, nothing is known of the terminal, and nearly all have UTF-8.
fn ascii_locale(variable: impl Fn(&str) -> Option<String>) -> bool {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set);
    locale.is_some_and(|locale| {
        let locale = locale.to_ascii_lowercase();
        !locale.contains("utf-8") && !locale.contains("utf8")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_locale_tells_the_signs() {
        let ascii = |variables: &[(&str, &str)]| {
            ascii_locale(|name| {
                variables.iter().find(|(other, _)| *other == name).map(|(_, value)| (*value).to_owned())
            })
        };
        assert!(ascii(&[("LANG", "C")]) && ascii(&[("LC_ALL", "POSIX"), ("LANG", "de_DE.UTF-8")]));
        assert!(ascii(&[("LC_CTYPE", "de_DE.ISO-8859-1")]) && ascii(&[("LC_ALL", ""), ("LANG", "C")]));
        assert!(!ascii(&[("LANG", "C.UTF-8")]) && !ascii(&[("LC_CTYPE", "de_DE.utf8"), ("LANG", "C")]));
        assert!(!ascii(&[]));
    }
}
