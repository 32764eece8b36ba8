//! Where a person is on the page of incidents, and how the hops of many are drawn on one scale of time.

use super::View;
use super::action::Action;
use super::app::App;
use super::layer::Layer;
use super::layout;
use super::page::Page;
use super::selection::{FeedCursor, Listed};
use super::sieve::Sieve;
use super::sift::IncidentSift;
use crate::fleet::{Fleet, Hop, Incident, IncidentId};
use crate::hub::Command;
use ratatui::layout::Rect;
use std::time::Duration;

/// The state of the page.
#[derive(Debug, Default)]
pub struct IncidentsPage {
    /// The place in the list.
    pub cursor: FeedCursor,
    /// What the filter lets through.
    pub sift: IncidentSift,
}

impl IncidentsPage {
    /// The list, as far as the filter lets it through.
    #[must_use]
    pub fn listed<'a>(&'a self, fleet: &'a Fleet) -> Listed<'a> {
        Listed::from(fleet.incidents()).sifted(self.sift.rows())
    }

    /// The incident in `row`, 0 being the newest that is shown.
    #[must_use]
    pub fn at<'a>(&self, fleet: &'a Fleet, row: usize) -> Option<&'a Incident> {
        fleet.incident(IncidentId(self.listed(fleet).number(row)? + 1))
    }

    /// The incident under the cursor.
    #[must_use]
    pub fn selected<'a>(&self, view: &View<'a>) -> Option<&'a Incident> {
        self.at(view.fleet, self.cursor.row(self.listed(view.fleet)))
    }

    /// Takes in what came since the last time.
    pub fn sync(&mut self, view: &View<'_>, area: Rect, sieve: &Sieve) {
        self.sift.sync(view.fleet, sieve);
        let list = Listed::from(view.fleet.incidents()).sifted(self.sift.rows());
        self.cursor.sync(list, layout::incidents(area).rows);
    }

    /// Selects `id`, if it is shown; true if it was selected already.
    pub fn choose(&mut self, id: IncidentId, fleet: &Fleet, rows: usize) -> bool {
        let list = Listed::from(fleet.incidents()).sifted(self.sift.rows());
        let row = list.above(id.0.saturating_sub(1));
        if list.number(row).is_none_or(|number| number + 1 != id.0) {
            return false;
        }
        let was = self.cursor.row(list);
        self.cursor.choose(row, list, rows);
        was == row
    }

    /// Scrolls by so many rows.
    pub fn scroll(&mut self, down: bool, by: usize, fleet: &Fleet, rows: usize) {
        let list = Listed::from(fleet.incidents()).sifted(self.sift.rows());
        self.cursor.scroll(down, by, list, rows);
    }

    /// Moves within the list.
    pub fn step(&mut self, action: Action, view: &View<'_>, area: Rect) {
        let list = Listed::from(view.fleet.incidents()).sifted(self.sift.rows());
        self.cursor.step(action, list, layout::incidents(area).rows);
    }
}

/// The one of `list` beside `id`: the newer one to the left, the older one to the right.
fn beside(list: Listed<'_>, id: IncidentId, action: Action) -> Option<IncidentId> {
    // Those after it stand above it, so many rows from the top.
    let row = list.above(id.0 - 1);
    let itself = list.number(row) == Some(id.0 - 1);
    let row = if action == Action::Left { row.checked_sub(1)? } else { row + usize::from(itself) };
    list.number(row).map(|number| IncidentId(number + 1))
}

impl App {
    /// The incident beside the one that is open: the newer one to the left, the older one to the right.
    fn beside(&self, action: Action, view: &View<'_>) -> Option<IncidentId> {
        let Some(Layer::Sequence { incident, .. }) = self.layers.last() else { return None };
        // From elsewhere it was opened without a list, which is not kept up to date there.
        let list = match self.page {
            Page::Incidents => self.incidents.listed(view.fleet),
            _ => view.fleet.incidents().into(),
        };
        beside(list, *incident, action)
    }

    /// Whether there is one.
    pub(super) fn can_turn_incident(&self, action: Action, view: &View<'_>) -> bool {
        self.beside(action, view).is_some()
    }

    pub(super) fn turn_incident(&mut self, action: Action, view: &View<'_>) -> Option<Command> {
        let next = self.beside(action, view)?;
        self.close();
        self.open(Layer::Sequence { incident: next, scroll: 0 })
    }

    /// Opens the device of the selected incident.
    pub(super) fn open_device(&mut self, view: &View<'_>) -> Option<Command> {
        let Some(device) = self.current(view) else {
            return self.say(view, "there is no such device any more: it was deleted");
        };
        let client = device.id.clone();
        self.open(Layer::Detail { client, scroll: 0 })
    }
}

/// A scale of time on which every decade is equally wide: a will takes a tenth of a millisecond, a keep alive a minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale {
    /// How many decades there are, from [`Scale::SHORTEST`] on.
    decades: u32,
    columns: usize,
}

impl Scale {
    /// What lies in the first column.
    pub const SHORTEST: Duration = Duration::from_micros(100);

    /// A scale of `columns` columns that reaches to `longest`.
    #[must_use]
    pub fn new(columns: usize, longest: Duration) -> Self {
        let mut decades = 2;
        while decades < 9 && Self::mark(decades) < longest {
            decades += 1;
        }
        Self { decades, columns }
    }

    /// The time at the end of so many decades.
    const fn mark(decades: u32) -> Duration {
        Duration::from_micros(100 * 10_u64.pow(decades))
    }

    /// The column of `after`, from 0.
    #[must_use]
    pub fn column(&self, after: Duration) -> usize {
        let ratio = after.as_secs_f64() / Self::SHORTEST.as_secs_f64();
        let place = ratio.max(1.0).log10() / f64::from(self.decades);
        // Between 0 and the width of a screen: the cast cannot lose anything.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "0 to a screen"
        )]
        let column = (place * self.columns.saturating_sub(1) as f64).round() as usize;
        column.min(self.columns.saturating_sub(1))
    }

    /// The marks above the bars: at which column which time stands.
    #[must_use]
    pub fn marks(&self) -> Vec<(usize, &'static str)> {
        const NAMES: [&str; 10] =
            ["0.1 ms", "1 ms", "10 ms", "100 ms", "1 s", "10 s", "100 s", "17 m", "2.8 h", "28 h"];
        let all = (0..=self.decades).zip(NAMES).map(|(decade, name)| (self.column(Self::mark(decade)), name));
        // A mark that would run into the next, or out of the scale, is left out.
        let mut marks: Vec<(usize, &str)> = Vec::new();
        for (column, name) in all {
            let free = marks.last().is_none_or(|(before, other)| before + other.len() < column);
            if free && column + name.len() <= self.columns {
                marks.push((column, name));
            }
        }
        marks
    }
}

/// The hops that the bars show: from the cut to the person. The way back may take days, and stands beside.
const SHOWN: [Hop; 5] = [Hop::Detected, Hop::Will, Hop::Rule, Hop::Executed, Hop::Notified];

/// Where several hops came at once, as far as a bar can tell.
const SEVERAL: char = '*';

/// A hop's sign in a bar.
const fn sign(hop: Hop) -> char {
    match hop {
        Hop::Cut => '│',
        Hop::Detected => 'd',
        Hop::Will => 'w',
        Hop::Rule => 'r',
        Hop::Executed => 'e',
        Hop::Notified => 'n',
        Hop::Recovered => 'b',
    }
}

/// The bar of `incident` on `scale`: a line from the cut to the last hop, with a sign where each hop came, and `*` where
/// more than one fall into one column.
#[must_use]
pub fn bar(incident: &Incident, scale: &Scale) -> String {
    let mut cells = vec![' '; scale.columns];
    let places: Vec<(usize, Hop)> =
        SHOWN.iter().filter_map(|hop| Some((scale.column(incident.after(*hop)?), *hop))).collect();
    let Some(end) = places.iter().map(|(column, _)| *column).max() else { return String::new() };
    for cell in cells.iter_mut().take(end) {
        *cell = '━';
    }
    for (column, hop) in &places {
        let shared = places.iter().filter(|(other, _)| other == column).count() > 1;
        if let Some(cell) = cells.get_mut(*column) {
            *cell = if shared { SEVERAL } else { sign(*hop) };
        }
    }
    cells.truncate(end + 1);
    cells.into_iter().collect()
}

/// The longest time that the bars of `incidents` reach.
#[must_use]
pub fn longest<'a>(incidents: impl Iterator<Item = &'a Incident>) -> Duration {
    incidents.flat_map(|incident| SHOWN.iter().filter_map(|hop| incident.after(*hop))).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decade_is_as_wide_as_any_other() {
        let scale = Scale::new(41, Duration::from_millis(14));
        assert_eq!(scale.marks(), [(0, "0.1 ms"), (13, "1 ms"), (27, "10 ms")]);
        let millis = |millis| scale.column(Duration::from_millis(millis));
        assert_eq!((millis(0), millis(1), millis(10), millis(100), millis(100_000)), (0, 13, 27, 40, 40));
    }

    #[test]
    fn the_scale_reaches_to_the_longest() {
        assert_eq!(Scale::new(40, Duration::from_secs(45)).decades, 6);
        assert_eq!(Scale::new(40, Duration::from_secs(1_000_000)).decades, 9);
        assert_eq!(Scale::new(0, Duration::ZERO).column(Duration::from_secs(1)), 0);
    }
}
