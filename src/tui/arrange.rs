//! How the devices are arranged: in which shape, in which order, and with which columns.

use super::View;
use super::action::Action;
use super::app::App;
use super::layer::Layer;
use super::layout::{Form, Shape};
use crate::fleet::{Column, Sort};
use crate::hub::Command;

impl App {
    /// From panes to the table, to the wall and to panes again. Where that is what suits the number of devices anyway, it
    /// follows the number from then on.
    pub(super) fn switch_shape(&mut self, view: &View<'_>) -> Option<Command> {
        let before = self.regions(view).grid.form;
        let next = match before {
            Form::Panes => Shape::Table,
            Form::Table => Shape::Wall,
            Form::Wall => Shape::Panes,
        };
        self.shape = next;
        let after = self.regions(view).grid.form;
        self.shape = Shape::Auto;
        if self.regions(view).grid.form == after {
            return self.say(view, format!("{}: it follows the number of devices", after.words()));
        }
        self.shape = next;
        match (next, after) {
            (Shape::Panes, Form::Table) => self.say(view, "panes need a higher terminal"),
            _ => None,
        }
    }

    /// Sorts by `column`; if it is sorted by that already, the other way round, and after that not at all.
    pub fn sort_by(&mut self, column: Column, view: &View<'_>) -> Option<Command> {
        let sort = match self.sieve.sort() {
            Some(sort) if sort.column == column && sort.is_usual() => Some(sort.reversed()),
            Some(sort) if sort.column == column => None,
            _ => Some(Sort::by(column)),
        };
        self.order_by(sort, view)
    }

    /// Sorts by the next of the columns that are shown; after the last, not at all.
    pub(super) fn sort_next(&mut self, view: &View<'_>) -> Option<Command> {
        let shown = self.columns.shown();
        let next = match self.sieve.sort() {
            None => 0,
            Some(sort) => shown.iter().position(|column| *column == sort.column).map_or(0, |at| at + 1),
        };
        self.order_by(shown.get(next).map(|column| Sort::by(*column)), view)
    }

    /// The other way round.
    pub(super) fn sort_reverse(&mut self, view: &View<'_>) -> Option<Command> {
        match self.sieve.sort() {
            Some(sort) => self.order_by(Some(sort.reversed()), view),
            None => self.say(view, self.keys.tell("nothing is sorted yet: {sort-next} sorts by a column")),
        }
    }

    fn order_by(&mut self, sort: Option<Sort>, view: &View<'_>) -> Option<Command> {
        self.sieve.sort_by(sort);
        self.sieve.sync(view.fleet);
        // Whoever asks for an order wants to see who is the first.
        let grid = self.regions(view).grid;
        self.cursor.step(Action::First, view.fleet, self.sieve.sorted(view.fleet), &grid);
        match sort {
            Some(sort) => self.say(view, format!("sorted by {}", described(sort))),
            None => self.say(view, "in the order in which the devices appeared"),
        }
    }

    /// Opens the list of columns, or closes it.
    pub(super) fn choose_columns(&mut self, view: &View<'_>) -> Option<Command> {
        if matches!(self.layers.last(), Some(Layer::Columns { .. })) {
            return self.close();
        }
        if self.regions(view).grid.form != Form::Table {
            return self.say(view, self.keys.tell("columns are those of a table: {switch-shape} changes the view"));
        }
        self.open(Layer::Columns { row: 0 })
    }

    /// Shows or hides the column under the cursor.
    pub(super) fn toggle_column(&mut self, view: &View<'_>) -> Option<Command> {
        let Some(Layer::Columns { row }) = self.layers.last() else { return None };
        if self.columns.toggle(*row) {
            return None;
        }
        self.say(view, "the device is always shown: without it nobody knows whose line it is")
    }

    /// Moves in the list of columns; to the sides, the column itself is moved.
    pub(super) fn step_columns(&mut self, action: Action) {
        let last = self.columns.all().len() - 1;
        let Some(Layer::Columns { row }) = self.layers.last_mut() else { return };
        *row = match action {
            Action::Up => row.saturating_sub(1),
            Action::Down => (*row + 1).min(last),
            Action::First | Action::PageUp => 0,
            Action::Last | Action::PageDown => last,
            Action::Left => self.columns.shift(*row, false),
            Action::Right => self.columns.shift(*row, true),
            _ => *row,
        };
    }
}

/// The arrow of a sorted column.
#[must_use]
pub const fn arrow(sort: Sort) -> &'static str {
    if sort.descending { "↓" } else { "↑" }
}

/// `keep alive ↑`.
#[must_use]
pub fn described(sort: Sort) -> String {
    format!("{} {}", title(sort.column), arrow(sort))
}

/// What stands above a column.
#[must_use]
pub const fn title(column: Column) -> &'static str {
    match column {
        Column::KeepAlive => "keep alive",
        _ => column.name(),
    }
}

impl Form {
    const fn words(self) -> &'static str {
        match self {
            Self::Panes => "panes",
            Self::Table => "table",
            Self::Wall => "wall",
        }
    }
}
