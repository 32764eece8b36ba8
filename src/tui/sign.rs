//! One sign for each way a device can be: what a wall has room for. It tells more than a badge's glyph, for there is no word
//! beside it: a cut, a silence and a takeover are told apart, and what is certain from what is not.

use super::words::badge;
use crate::fleet::{Device, Evidence, Presence};
use crate::mqtt::{Cause, Fault};

/// A way to be. The order is that of a legend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sign {
    /// Online.
    Online,
    /// Online by what it said, not by its connection.
    SaidOnline,
    /// Online and frozen by lwtop.
    Frozen,
    /// Overdue.
    Overdue,
    /// Its connection was lost.
    Cut,
    /// Its keep alive ran out.
    Silent,
    /// Its session was taken over.
    TakenOver,
    /// It broke the protocol.
    ProtocolError,
    /// It asked for its will.
    LeftWithWill,
    /// The broker closed.
    Kicked,
    /// It is gone, and nothing said how.
    Gone,
    /// Gone by what is inferred or was retained.
    SaidGone,
    /// It left cleanly.
    Left,
    /// Nothing is known of it.
    Unknown,
}

impl Sign {
    /// Every sign.
    pub const ALL: [Self; 14] = [
        Self::Online,
        Self::SaidOnline,
        Self::Frozen,
        Self::Overdue,
        Self::Cut,
        Self::Silent,
        Self::TakenOver,
        Self::ProtocolError,
        Self::LeftWithWill,
        Self::Kicked,
        Self::Gone,
        Self::SaidGone,
        Self::Left,
        Self::Unknown,
    ];

    /// The sign of `device`.
    #[must_use]
    pub const fn of(device: &Device) -> Self {
        let doubtful = matches!(device.evidence, Some(Evidence::Inferred | Evidence::Retained));
        let frozen = matches!(device.fault, Some((Fault::Freeze, _)));
        match device.presence {
            Presence::Online if frozen => Self::Frozen,
            Presence::Online if doubtful => Self::SaidOnline,
            Presence::Online => Self::Online,
            Presence::Overdue => Self::Overdue,
            Presence::Unknown => Self::Unknown,
            Presence::Offline { .. } if doubtful => Self::SaidGone,
            Presence::Offline { cause } => match cause {
                Cause::ClientInitiatedDisconnect => Self::Left,
                Cause::DisconnectWithWill => Self::LeftWithWill,
                Cause::ConnectionLost => Self::Cut,
                Cause::KeepAliveTimeout => Self::Silent,
                Cause::SessionTakenOver => Self::TakenOver,
                Cause::ProtocolError => Self::ProtocolError,
                Cause::ServerInitiated => Self::Kicked,
                Cause::Unknown => Self::Gone,
            },
        }
    }

    /// One column.
    #[must_use]
    pub const fn glyph(self) -> &'static str {
        match self {
            Self::Online => "●",
            Self::SaidOnline => "◎",
            Self::Frozen => "■",
            Self::Overdue => "◐",
            Self::Cut => "✖",
            Self::Silent => "S",
            Self::TakenOver => "T",
            Self::ProtocolError => "P",
            Self::LeftWithWill => "W",
            Self::Kicked => "K",
            Self::Gone => "G",
            Self::SaidGone => "✗",
            Self::Left => "○",
            Self::Unknown => "?",
        }
    }

    /// What it is called beside its number.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::SaidOnline => "online?",
            Self::Frozen => "frozen",
            Self::Overdue => "overdue",
            Self::Cut => Cause::ConnectionLost.word(),
            Self::Silent => Cause::KeepAliveTimeout.word(),
            Self::TakenOver => Cause::SessionTakenOver.word(),
            Self::ProtocolError => Cause::ProtocolError.word(),
            Self::LeftWithWill => "with will",
            Self::Kicked => Cause::ServerInitiated.word(),
            Self::Gone => Cause::Unknown.word(),
            Self::SaidGone => "gone?",
            Self::Left => Cause::ClientInitiatedDisconnect.word(),
            Self::Unknown => "unknown",
        }
    }
}

/// The badge of `device` where there is no room for words of doubt: a question mark stands for them.
#[must_use]
pub fn short_badge(device: &Device) -> String {
    let badge = badge(device);
    let doubt = if badge.doubt.is_some() { "?" } else { "" };
    format!("{} {}{doubt}", badge.glyph, badge.word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::glyph::plain;
    use std::collections::HashSet;

    #[test]
    fn no_two_look_alike_not_even_in_ascii() {
        let shown = |sign: Sign| sign.glyph().chars().map(|letter| plain(letter).unwrap_or(letter)).collect::<String>();
        let glyphs: HashSet<&str> = Sign::ALL.into_iter().map(Sign::glyph).collect();
        let ascii: HashSet<String> = Sign::ALL.into_iter().map(shown).collect();
        let words: HashSet<&str> = Sign::ALL.into_iter().map(Sign::word).collect();
        assert_eq!((glyphs.len(), ascii.len(), words.len()), (14, 14, 14), "{glyphs:?} {ascii:?} {words:?}");
        assert!(ascii.iter().all(|glyph| glyph.len() == 1 && glyph.is_ascii()), "{ascii:?}");
    }

    #[test]
    fn each_stands_in_its_own_place() {
        assert!(Sign::ALL.into_iter().enumerate().all(|(index, sign)| sign as usize == index));
    }
}
