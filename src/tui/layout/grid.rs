//! How many devices fit on the screen, as panes, as a table or as a wall, and which of them suits their number.

use super::{PANE_HEIGHT, PANE_HEIGHT_MAX, PANE_WIDTH};
use ratatui::layout::{Position, Rect};

/// From this number of devices on a wall says more than a table.
const MANY: usize = 1_000;
/// A table of more screens than this is not read any more.
const SCREENS: usize = 20;
/// Two borders, and the titles of a table or the words of a wall.
const AROUND: u16 = 3;

/// What the person chose for the devices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shape {
    /// Panes for tens of devices, a table for hundreds, a wall for thousands.
    #[default]
    Auto,
    /// Panes.
    Panes,
    /// A table.
    Table,
    /// A wall.
    Wall,
}

/// How the devices are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A pane each.
    Panes,
    /// A line each.
    Table,
    /// A single cell each.
    Wall,
}

/// How the devices are arranged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    /// What stands in each place.
    pub form: Form,
    /// Devices side by side.
    pub columns: usize,
    /// Rows that are completely visible; at least 1.
    pub rows: usize,
    /// The height of a pane; 1 for a line and a cell.
    pub pane_height: u16,
}

impl Grid {
    /// A list of lines.
    #[must_use]
    pub const fn lines(rows: usize) -> Self {
        Self { form: Form::Table, columns: 1, rows, pane_height: 1 }
    }

    /// Arranges `devices` devices in `width` columns and `most` lines; with `whole` all of the lines are theirs. The second
    /// value is how many they need.
    pub(super) fn new(width: u16, most: u16, devices: usize, shape: Shape, whole: bool) -> (Self, u16) {
        let form = form(width, most, devices, shape);
        if form == Form::Panes {
            return Self::panes(width, most, devices);
        }
        let columns = if form == Form::Wall { usize::from(width.saturating_sub(4).max(1)) } else { 1 };
        let lines = u16::try_from(devices.div_ceil(columns)).unwrap_or(u16::MAX);
        let needed = lines.saturating_add(AROUND).clamp(PANE_HEIGHT, most.max(PANE_HEIGHT));
        let rows = usize::from(if whole { most } else { needed }.saturating_sub(AROUND)).max(1);
        (Self { form, columns, rows, pane_height: 1 }, needed)
    }

    fn panes(width: u16, most: u16, devices: usize) -> (Self, u16) {
        let columns = side_by_side(width);
        let wanted = devices.div_ceil(columns).max(1);
        let pane_height = (PANE_HEIGHT..=PANE_HEIGHT_MAX)
            .rev()
            .find(|height| wanted * usize::from(*height) <= usize::from(most))
            .unwrap_or(PANE_HEIGHT);
        let rows = wanted.min(usize::from(most / pane_height)).max(1);
        let needed = u16::try_from(rows).unwrap_or(u16::MAX).saturating_mul(pane_height).min(most);
        (Self { form: Form::Panes, columns, rows, pane_height }, needed)
    }

    /// Where the cell of a wall is that stands in `row` and `column` of what is visible, inside the border `area`.
    #[must_use]
    pub fn cell(area: Rect, row: usize, column: usize) -> (u16, u16) {
        let [row, column] = [row, column].map(|at| u16::try_from(at).unwrap_or(u16::MAX));
        (area.x.saturating_add(2).saturating_add(column), area.y.saturating_add(1).saturating_add(row))
    }

    /// Which of the visible cells of a wall inside the border `area` is at `place`: what [`Grid::cell`] says, the other way
    /// round.
    #[must_use]
    pub fn place(&self, area: Rect, place: Position) -> Option<usize> {
        let (x, y) = Self::cell(area, 0, 0);
        let column = usize::from(place.x.checked_sub(x)?);
        let row = usize::from(place.y.checked_sub(y)?);
        (column < self.columns && row < self.rows).then(|| row * self.columns + column)
    }
}

/// Panes side by side.
fn side_by_side(width: u16) -> usize {
    usize::from((width / PANE_WIDTH).max(1))
}

/// What suits the number of devices, or what the person chose if there is room for it.
fn form(width: u16, most: u16, devices: usize, shape: Shape) -> Form {
    match shape {
        Shape::Table => Form::Table,
        Shape::Wall => Form::Wall,
        Shape::Panes if most < PANE_HEIGHT => Form::Table,
        Shape::Panes => Form::Panes,
        Shape::Auto => {
            let panes = side_by_side(width) * usize::from(most / PANE_HEIGHT);
            let lines = usize::from(most.saturating_sub(AROUND).max(1));
            if devices <= panes || (panes >= 4 && devices <= 3 * panes) {
                Form::Panes
            } else if devices < MANY || devices <= SCREENS * lines {
                Form::Table
            } else {
                Form::Wall
            }
        }
    }
}
