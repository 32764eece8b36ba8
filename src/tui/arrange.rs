//! How the devices are arranged: which shape.

use super::View;
use super::app::App;
use super::layout::{Form, Shape};
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
