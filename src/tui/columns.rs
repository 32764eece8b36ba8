//! The columns of the table that a person wants to see, in their order.

use crate::fleet::Column;

/// Every column, and whether it is shown. The device always is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Columns(Vec<(Column, bool)>);

impl Default for Columns {
    fn default() -> Self {
        Self::of(&Column::USUAL)
    }
}

impl Columns {
    /// Those of `shown` in their order; the device is the first if it is not among them.
    #[must_use]
    pub fn of(shown: &[Column]) -> Self {
        let mut all: Vec<(Column, bool)> = Vec::with_capacity(Column::ALL.len());
        if !shown.contains(&Column::Device) {
            all.push((Column::Device, true));
        }
        let others = Column::ALL.iter().map(|column| (*column, false));
        for (column, is_shown) in shown.iter().map(|column| (*column, true)).chain(others) {
            if !all.iter().any(|(other, _)| *other == column) {
                all.push((column, is_shown));
            }
        }
        Self(all)
    }

    /// All of them, as they are offered.
    #[must_use]
    pub fn all(&self) -> &[(Column, bool)] {
        &self.0
    }

    /// Those that are shown.
    #[must_use]
    pub fn shown(&self) -> Vec<Column> {
        self.0.iter().filter(|(_, shown)| *shown).map(|(column, _)| *column).collect()
    }

    /// Shows or hides the one in `row`; `false` if it has to stay.
    pub fn toggle(&mut self, row: usize) -> bool {
        match self.0.get_mut(row) {
            Some((Column::Device, _)) | None => false,
            Some((_, shown)) => {
                *shown = !*shown;
                true
            }
        }
    }

    /// Lets the one in `row` change places with its neighbour; returns its row.
    pub fn shift(&mut self, row: usize, later: bool) -> usize {
        let to = if later { row + 1 } else { row.saturating_sub(1) };
        if row.max(to) >= self.0.len() {
            return row;
        }
        self.0.swap(row, to);
        to
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_is_offered_once_and_the_device_stays() {
        let mut columns = Columns::of(&[Column::Deaths, Column::State, Column::Deaths]);
        assert_eq!(columns.shown(), [Column::Device, Column::Deaths, Column::State]);
        assert_eq!(columns.all().len(), Column::ALL.len());
        assert!(!columns.toggle(0) && !columns.toggle(99) && columns.toggle(2) && columns.toggle(3));
        assert_eq!(columns.shown(), [Column::Device, Column::Deaths, Column::Fuse]);
        assert_eq!((columns.shift(0, true), columns.shift(0, false), columns.shift(12, true)), (1, 0, 12));
        assert_eq!(columns.shown(), [Column::Deaths, Column::Device, Column::Fuse]);
    }
}
