//! How a presence went, as a lane: one sign for each slice of time, the last slice being now. Pure: spans in, signs out.
//!
//! ```text
//! ████████████✖░░░██████████████████▒▒✖░░░░░░░░████████████████████○░░░░░░░░░████████████
//! 15 m ago                                                                             now
//! ```
//! A slice shows the worst that happened in it, so that no short end is lost between two long times.

use super::text::width;
use super::words;
use crate::clock::Moment;
use crate::fleet::{Presence, Span};
use crate::mqtt::Cause;
use std::time::Duration;

/// One sign of the lane, the worse the later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Slice {
    /// Nothing was known yet.
    Before,
    /// Online.
    Online,
    /// Unknown.
    Unknown,
    /// Overdue.
    Overdue,
    /// Offline since it left cleanly.
    Away,
    /// Offline since it died.
    Gone,
    /// It left cleanly.
    Left,
    /// It died.
    Died,
}

impl Slice {
    /// Its sign: one column.
    #[must_use]
    pub const fn sign(self) -> char {
        match self {
            Self::Before => ' ',
            Self::Online => '█',
            Self::Unknown => '?',
            Self::Overdue => '▒',
            Self::Away | Self::Gone => '░',
            Self::Left => '○',
            Self::Died => '✖',
        }
    }

    /// What it means, for a legend.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Before => "",
            Self::Online => "online",
            Self::Unknown => "unknown",
            Self::Overdue => "overdue",
            Self::Away | Self::Gone => "offline",
            Self::Left => "left",
            Self::Died => "died",
        }
    }

    const fn during(presence: Presence) -> Self {
        match presence {
            Presence::Online => Self::Online,
            Presence::Overdue => Self::Overdue,
            Presence::Offline { cause: Cause::ClientInitiatedDisconnect } => Self::Away,
            Presence::Offline { .. } => Self::Gone,
            Presence::Unknown => Self::Unknown,
        }
    }

    /// What a span begins with, when the one before it was `before`.
    const fn beginning(presence: Presence, before: Option<Presence>) -> Self {
        match (presence, before) {
            // A death whose cause became known afterwards; or one that had happened before anything was known.
            (_, None | Some(Presence::Offline { .. })) => Self::during(presence),
            (Presence::Offline { cause: Cause::ClientInitiatedDisconnect }, _) => Self::Left,
            (Presence::Offline { .. }, _) => Self::Died,
            _ => Self::during(presence),
        }
    }
}

/// The lengths of time that a lane shows: the shortest that reaches back to where knowledge begins.
/// A third of each is a round number of its unit.
const WINDOWS: [u64; 8] = [60, 6 * 60, 15 * 60, 3_600, 6 * 3_600, 24 * 3_600, 6 * 24 * 3_600, 30 * 24 * 3_600];

/// A lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lane {
    /// The slices, the last one being now.
    pub slices: Vec<Slice>,
    /// How long ago the first one began, about.
    pub window: Duration,
    /// When the lane reads differently although nothing happens.
    pub turns: Moment,
}

impl Lane {
    /// The lane of `spans`, oldest first, of which the last one lasts until `now`, on `columns` columns.
    #[must_use]
    pub fn new(spans: &[Span], now: Moment, columns: usize) -> Self {
        let columns = columns.max(1);
        let age = spans.first().map(|span| now.since(span.from)).unwrap_or_default();
        let window = WINDOWS.into_iter().map(Duration::from_secs).find(|window| *window >= age);
        let window = window.unwrap_or(Duration::from_secs(WINDOWS[WINDOWS.len() - 1]));
        let width_of = (u64::try_from(window.as_micros()).unwrap_or(u64::MAX) / columns as u64).max(1);
        // On the same bounds in every frame, so that nothing flickers; the last slice is not over yet.
        let slice = |moment: Moment| moment.as_micros() / width_of;
        let first = (slice(now) + 1).saturating_sub(columns as u64);
        let mut slices = vec![Slice::Before; columns];
        let mut before = None;
        for (index, span) in spans.iter().enumerate() {
            // A span that is over does not reach into the slice that begins with the next.
            let until =
                spans.get(index + 1).map_or(now, |next| Moment::from_micros(next.from.as_micros().saturating_sub(1)));
            let until = until.max(span.from);
            let place = |moment: Moment| usize::try_from(slice(moment).saturating_sub(first)).unwrap_or(columns);
            if slice(until) >= first {
                for shown in slices.iter_mut().take(place(until) + 1).skip(place(span.from)) {
                    *shown = (*shown).max(Slice::during(span.presence));
                }
                if slice(span.from) >= first
                    && let Some(shown) = slices.get_mut(place(span.from))
                {
                    *shown = (*shown).max(Slice::beginning(span.presence, before));
                }
            }
            before = Some(span.presence);
        }
        Self { slices, window, turns: Moment::from_micros((slice(now) + 1) * width_of) }
    }

    /// The line below: how long ago each part was.
    #[must_use]
    pub fn scale(&self) -> String {
        let columns = self.slices.len();
        let label = |part: u32, of: u32| format!("{} ago", words::length(self.window * part / of));
        let mut line = label(1, 1);
        let now = "now";
        if width(&line) + now.len() + 2 > columns {
            return format!("{now:>columns$}");
        }
        // A mark at two thirds and one at a third, where each has room.
        for part in [2, 1] {
            let place = columns * (3 - part as usize) / 3;
            let text = label(part, 3);
            if place > width(&line) + 3 && place + width(&text) + now.len() + 3 < columns {
                line = format!("{line:place$}{text}");
            }
        }
        let room = columns - now.len();
        format!("{line:room$}{now}")
    }

    /// The signs that occur, for a legend, the best first.
    #[must_use]
    pub fn legend(&self) -> Vec<Slice> {
        let mut all: Vec<Slice> = self.slices.iter().copied().filter(|slice| *slice != Slice::Before).collect();
        all.sort_unstable();
        all.dedup_by_key(|slice| slice.word());
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DIED: Presence = Presence::Offline { cause: Cause::ConnectionLost };
    const LEFT: Presence = Presence::Offline { cause: Cause::ClientInitiatedDisconnect };

    fn at(seconds: u64) -> Moment {
        Moment::from_millis(6_000_000_000 + seconds * 1_000)
    }

    fn text(spans: &[(u64, Presence)], now: u64, columns: usize) -> String {
        let spans: Vec<Span> =
            spans.iter().map(|(from, presence)| Span { from: at(*from), presence: *presence }).collect();
        Lane::new(&spans, at(now), columns).slices.into_iter().map(Slice::sign).collect()
    }

    #[test]
    fn each_presence_has_its_sign_and_an_end_its_own() {
        let spans = [
            (0, Presence::Online),
            (12, Presence::Overdue),
            (18, DIED),
            (30, Presence::Online),
            (42, LEFT),
            (48, Presence::Unknown),
        ];
        assert_eq!(text(&spans, 59, 10), "██▒✖░██○??");
        assert_eq!(text(&spans, 59, 20), "████▒▒✖░░░████○░????");
    }

    #[test]
    fn a_short_end_is_not_lost_and_time_before_is_blank() {
        let spans = [(0, Presence::Online), (1_000, DIED), (1_001, Presence::Online)];
        assert_eq!(text(&spans, 3_500, 12), "███✖████████");
        assert_eq!(text(&[(30, Presence::Online)], 59, 10), "     █████");
        assert_eq!(text(&[], 59, 4), "    ");
        // What was dead when it was first heard of has not died now.
        assert_eq!(text(&[(30, DIED)], 59, 4), "  ░░");
        // A cause that became known later is no second death.
        let known = [(0, Presence::Online), (20, Presence::Offline { cause: Cause::Unknown }), (40, DIED)];
        assert_eq!(text(&known, 59, 6), "██✖░░░");
    }

    #[test]
    fn the_scale_fits() {
        let lane = |columns| Lane::new(&[Span { from: at(0), presence: Presence::Online }], at(600), columns).scale();
        assert_eq!(lane(60).replace('\u{a0}', " "), "15 m ago            10 m ago            5 m ago          now");
        assert_eq!(lane(24).replace('\u{a0}', " "), "15 m ago             now");
        assert_eq!(lane(8), "     now");
    }

    proptest! {
        #[test]
        fn any_spans_fill_any_width(
            spans in proptest::collection::vec((0u64..100_000, 0usize..5), 0..40),
            now in 0u64..200_000,
            columns in 1usize..300,
        ) {
            let all = [Presence::Online, Presence::Overdue, DIED, LEFT, Presence::Unknown];
            let mut spans: Vec<Span> =
                spans.into_iter().map(|(from, which)| Span { from: at(from), presence: all[which] }).collect();
            let ordered = spans.clone();
            spans.sort_by_key(|span| span.from);
            for spans in [spans, ordered] {
                let lane = Lane::new(&spans, at(now), columns);
                prop_assert_eq!(lane.slices.len(), columns);
                prop_assert!(crate::tui::text::width(&lane.scale()) <= columns.max(3));
                prop_assert!(lane.turns > at(now));
                prop_assert!(lane.legend().len() <= 6);
            }
        }

        /// The naive way: ask each slice what it touches.
        #[test]
        fn a_slice_shows_the_worst_of_it(
            lasts in proptest::collection::vec((1u64..2_000, 0usize..5), 1..20),
            columns in 1usize..50,
        ) {
            let all = [Presence::Online, Presence::Overdue, DIED, LEFT, Presence::Unknown];
            let mut from = 0;
            let mut spans = Vec::new();
            for (last, which) in &lasts {
                spans.push(Span { from: at(from), presence: all[*which] });
                from += last;
            }
            let now = at(from);
            let lane = Lane::new(&spans, now, columns);
            let width = (u64::try_from(lane.window.as_micros()).unwrap() / columns as u64).max(1);
            let end = (now.as_micros() / width + 1) * width;
            for (column, shown) in lane.slices.iter().enumerate() {
                let start = end - width * (columns - column) as u64;
                let mut worst = Slice::Before;
                for (index, span) in spans.iter().enumerate() {
                    let from = span.from.as_micros();
                    let until = spans.get(index + 1).map_or(now.as_micros(), |next| next.from.as_micros() - 1);
                    if from < start + width && until >= start {
                        worst = worst.max(Slice::during(span.presence));
                        let before = index.checked_sub(1).map(|before| spans[before].presence);
                        if from >= start {
                            worst = worst.max(Slice::beginning(span.presence, before));
                        }
                    }
                }
                prop_assert_eq!(*shown, worst);
            }
        }
    }
}
