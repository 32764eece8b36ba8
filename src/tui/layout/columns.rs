//! Which columns of a table fit, and how wide they are.
//!
//! The device is always there. Of the others, those on the left are kept: what does not fit is left out, from the right.

use crate::fleet::Column;

/// The columns before the first one, for the mark.
pub const MARK: u16 = 2;
/// A name beside columns that need no more than they have: wider, and a line would be hard to follow.
const NAME_ALONE: u16 = 40;

/// A column that is on the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Which.
    pub column: Column,
    /// Where it begins, counted from the inside of the border.
    pub x: u16,
    /// How wide it is; one column stands free between neighbours.
    pub width: u16,
}

/// Places `columns` in a table that is `width` wide inside.
#[must_use]
pub fn place(width: u16, columns: &[Column]) -> Vec<Placed> {
    let room = width.saturating_sub(MARK);
    let mut kept: Vec<(Column, u16)> = columns.iter().map(|column| (*column, least(*column, width))).collect();
    let needed = |kept: &[(Column, u16)]| kept.iter().map(|(_, least)| least + 1).sum::<u16>().saturating_sub(1);
    while kept.len() > 1 && needed(&kept) > room {
        let last = kept.iter().rposition(|(column, _)| *column != Column::Device).unwrap_or(0);
        kept.remove(last);
    }
    let mut spare = room.saturating_sub(needed(&kept));
    let mut grow = |kept: &mut [(Column, u16)], which: fn(Column) -> bool, to: &dyn Fn(Column) -> u16| {
        for (column, wide) in kept.iter_mut().filter(|(column, _)| which(*column)) {
            let more = to(*column).saturating_sub(*wide).min(spare);
            *wide += more;
            spare -= more;
        }
    };
    // What the name shares with those that want more room than they need; none of them takes it all.
    let fixed = kept.iter().filter(|(column, _)| *column != Column::Device && most(*column) == 0);
    let shared = room.saturating_sub(fixed.map(|(_, wide)| wide + 1).sum());
    let alone = kept.iter().all(|(column, _)| most(*column) == 0);
    let name = if alone { shared.min(NAME_ALONE) } else { (shared * 2 / 5).clamp(12, 32) };
    grow(&mut kept, |column| column == Column::Device, &|_| name);
    grow(&mut kept, |column| !matches!(column, Column::Device | Column::What), &most);
    grow(&mut kept, |column| column == Column::What, &most);
    let mut x = MARK;
    let placed = |(column, width)| {
        let placed = Placed { column, x, width };
        x += width + 1;
        placed
    };
    kept.into_iter().map(placed).collect()
}

/// What a column needs to be read at all, in a table of this width.
const fn least(column: Column, table: u16) -> u16 {
    match column {
        Column::Device if table < 60 => 10,
        Column::Device | Column::KeepAlive => 12,
        Column::State if table < 60 => 11,
        Column::State => 16,
        Column::Fuse => match table {
            0..60 => 10,
            60..100 => 18,
            _ => 26,
        },
        // Less says nothing beside the state.
        Column::What if table < 60 => 19,
        Column::What => 17,
        Column::Will | Column::Certificate => 14,
        Column::Cause | Column::Address => 21,
        Column::Deaths => 8,
        Column::Since => 7,
        Column::Protocol => 10,
        Column::Packets => 9,
    }
}

/// What a column can use; 0 if it needs no more than the least.
const fn most(column: Column) -> u16 {
    match column {
        Column::What => u16::MAX,
        Column::Will => 32,
        Column::Certificate => 24,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn widths(width: u16, columns: &[Column]) -> Vec<(Column, u16)> {
        place(width, columns).iter().map(|placed| (placed.column, placed.width)).collect()
    }

    #[test]
    fn the_usual_columns_give_way_from_the_right() {
        let usual = |width| widths(width, &Column::USUAL);
        assert_eq!(usual(36), [(Column::Device, 11), (Column::State, 11), (Column::Fuse, 10)]);
        assert_eq!(usual(76)[..2], [(Column::Device, 15), (Column::State, 16)]);
        assert_eq!(usual(76)[2..], [(Column::Fuse, 18), (Column::What, 22)]);
        assert_eq!(usual(216)[3], (Column::What, 216 - 2 - 32 - 16 - 26 - 3));
    }

    #[test]
    fn whatever_is_chosen_fits_and_the_device_is_there() {
        for width in 30..=300 {
            for first in 0..Column::ALL.len() {
                let mut columns = Column::ALL;
                columns.rotate_left(first);
                for count in 1..=columns.len() {
                    let chosen: Vec<Column> = columns[..count]
                        .iter()
                        .copied()
                        .filter(|one| *one != Column::Device)
                        .chain([Column::Device])
                        .collect();
                    let placed = place(width, &chosen);
                    assert!(placed.iter().any(|one| one.column == Column::Device), "{width} {chosen:?}");
                    let mut free = MARK;
                    for Placed { x, width: wide, .. } in &placed {
                        assert!(*x == free && *wide > 0, "{width} {placed:?}");
                        free = x + wide + 1;
                    }
                    assert!(free - 1 <= width, "{width} {placed:?}");
                    // In the order that was chosen, and none is left out that would fit in the place of a later one.
                    assert!(
                        chosen
                            .starts_with(&placed[..placed.len() - 1].iter().map(|one| one.column).collect::<Vec<_>>())
                    );
                }
            }
        }
    }
}
