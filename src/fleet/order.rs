//! The devices in the order of a column, kept sorted while the fleet lives: a frame costs what changed, and never a sort of
//! all. The devices whose place in the order changed are taken out and merged in again; all others stay where they are.

use super::column::Sort;
use super::device::DeviceKey;
use super::state::Fleet;
use std::cmp::Ordering;

/// A sorted list that follows the fleet.
#[derive(Debug, Default)]
pub struct Order {
    sort: Option<Sort>,
    rows: Vec<DeviceKey>,
    /// The number of the device in each row.
    numbers: Vec<u64>,
    /// What is known of the device at each place of the fleet.
    known: Vec<Known>,
    /// And its finger, where the sort has more than numbers.
    fingers: Vec<u64>,
    /// The fleet's changes and the choice of devices that were taken in; `None` after a new sort.
    seen: Option<(u64, u64)>,
    round: u32,
    /// Whether the row of the device at each place is being taken out, a bit each: it is asked of every row, and at every place.
    leaves: Vec<u64>,
    /// Room that is used again: what was read, what is merged in, what is taken out, and the rows that come of it.
    read: Vec<(DeviceKey, u64, u64)>,
    fresh: Vec<(u64, DeviceKey)>,
    leaving: Vec<DeviceKey>,
    next: (Vec<DeviceKey>, Vec<u64>),
    moved: u64,
}

/// What is known of a device.
#[derive(Clone, Copy, Debug)]
struct Known {
    /// [`Sort::NOBODY`] without a row.
    number: u64,
    /// The round in which it was last looked at: many changes of one device are one.
    round: u32,
}

impl Default for Known {
    fn default() -> Self {
        Self { number: Sort::NOBODY, round: 0 }
    }
}

impl Order {
    /// By what it sorts.
    #[must_use]
    pub const fn sort(&self) -> Option<Sort> {
        self.sort
    }

    /// Sorts by something else, or not at all.
    pub fn set(&mut self, sort: Option<Sort>) {
        if sort != self.sort {
            self.sort = sort;
            self.seen = None;
        }
        if sort.is_none() {
            *self = Self { moved: self.moved, ..Self::default() };
        }
    }

    /// The devices in order, as of the last [`Order::sync`]; `None` if nothing is sorted.
    #[must_use]
    pub fn rows(&self) -> Option<&[DeviceKey]> {
        self.sort.map(|_| &self.rows[..])
    }

    /// How many devices were put into their rows in all, for tests.
    #[must_use]
    pub const fn moved(&self) -> u64 {
        self.moved
    }

    /// Takes in what happened to the fleet. `shown` says which devices have a row; its answers may only change with a
    /// change of the device, or else with `choice`.
    pub fn sync(&mut self, fleet: &Fleet, choice: u64, shown: impl Fn(DeviceKey) -> bool) {
        let Some(sort) = self.sort else { return };
        let now = (fleet.changes(), choice);
        if self.seen == Some(now) {
            return;
        }
        let same = self.seen.filter(|(_, before)| *before == choice);
        match same.and_then(|(changes, _)| fleet.touched_since(changes)) {
            Some(touched) => {
                self.turn();
                // The newest first: what is sorted by a time is then in order as it comes, or nearly so.
                for key in touched.rev() {
                    self.look(fleet, sort, key, &shown);
                }
                self.settle(sort);
                self.take_out();
                self.merge(fleet, sort);
            }
            None => self.rebuild(fleet, sort, &shown),
        }
        self.seen = Some(now);
    }

    /// Reads of a device what is to be known of it. Nothing is decided here: devices lie all over the memory, and without a
    /// branch that hangs on what is read many are waited for at once.
    fn look(&mut self, fleet: &Fleet, sort: Sort, key: DeviceKey, shown: &impl Fn(DeviceKey) -> bool) {
        if self.known.len() <= key.0 {
            self.known.resize(key.0 + 1, Known::default());
            self.leaves.resize(key.0 / 64 + 1, 0);
        }
        if std::mem::replace(&mut self.known[key.0].round, self.round) == self.round {
            return;
        }
        let device = fleet.device(key).filter(|_| shown(key));
        let number = device.map_or(Sort::NOBODY, |device| sort.number(device));
        let finger = device.map_or(0, |device| sort.finger(device));
        self.read.push((key, number, finger));
    }

    /// Decides what moves; most changes leave a device where it is.
    fn settle(&mut self, sort: Sort) {
        if sort.has_more() {
            self.fingers.resize(self.known.len(), 0);
        }
        for (key, now, finger) in self.read.drain(..) {
            let before = std::mem::replace(&mut self.known[key.0].number, now);
            let same = !sort.has_more() || std::mem::replace(&mut self.fingers[key.0], finger) == finger;
            if before == now && same {
                continue;
            }
            if before != Sort::NOBODY {
                self.leaves[key.0 / 64] |= 1 << (key.0 % 64);
                self.leaving.push(key);
            }
            if now != Sort::NOBODY {
                self.fresh.push((now, key));
            }
        }
    }

    /// Closes the rows of those that leave.
    fn take_out(&mut self) {
        if self.leaving.is_empty() {
            return;
        }
        let mut kept = 0;
        let (rows, numbers) = (&mut self.rows[..], &mut self.numbers[..]);
        for row in 0..rows.len().min(numbers.len()) {
            // Without a branch: nothing foretells which rows leave.
            let key = rows[row];
            rows[kept] = key;
            numbers[kept] = numbers[row];
            let leaves = self.leaves[key.0 / 64] >> (key.0 % 64) & 1;
            kept += usize::from(leaves == 0);
        }
        self.rows.truncate(kept);
        self.numbers.truncate(kept);
        for key in self.leaving.drain(..) {
            self.leaves[key.0 / 64] = 0;
        }
    }

    /// Puts those that came into their rows. What lies between two of them is copied in one piece.
    fn merge(&mut self, fleet: &Fleet, sort: Sort) {
        if self.fresh.is_empty() {
            return;
        }
        let mut fresh = std::mem::take(&mut self.fresh);
        if sort.has_more() {
            fresh.sort_unstable_by(|one, other| compare(fleet, sort, *one, *other));
        } else {
            // The same, without a look at any device.
            fresh.sort();
        }
        self.moved += fresh.len() as u64;
        let last = self.numbers.last().copied().zip(self.rows.last().copied());
        if last.is_none_or(|last| compare(fleet, sort, last, fresh[0]) == Ordering::Less) {
            // All of them come after the others, as whoever was heard last among those whose fuses burn.
            self.numbers.extend(fresh.iter().map(|(number, _)| number));
            self.rows.extend(fresh.iter().map(|(_, key)| key));
            fresh.clear();
            self.fresh = fresh;
            return;
        }
        let (mut rows, mut numbers) = std::mem::take(&mut self.next);
        rows.clear();
        numbers.clear();
        let mut from = 0;
        for new in &fresh {
            let to = self.after(from, |row| compare(fleet, sort, row, *new) == Ordering::Less);
            rows.extend_from_slice(&self.rows[from..to]);
            numbers.extend_from_slice(&self.numbers[from..to]);
            numbers.push(new.0);
            rows.push(new.1);
            from = to;
        }
        rows.extend_from_slice(&self.rows[from..]);
        numbers.extend_from_slice(&self.numbers[from..]);
        self.next = (std::mem::replace(&mut self.rows, rows), std::mem::replace(&mut self.numbers, numbers));
        fresh.clear();
        self.fresh = fresh;
    }

    /// The first row from `from` on that is not `before`. It looks near `from` first: the next one is seldom far away.
    fn after(&self, from: usize, before: impl Fn((u64, DeviceKey)) -> bool) -> usize {
        let is_before = |row: usize| before((self.numbers[row], self.rows[row]));
        let (mut low, mut step) = (from, 1);
        while low + step <= self.rows.len() && is_before(low + step - 1) {
            low += step;
            step *= 2;
        }
        let mut high = (low + step - 1).min(self.rows.len());
        while low < high {
            let middle = low + (high - low) / 2;
            if is_before(middle) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// A new round: nobody was looked at in it yet.
    fn turn(&mut self) {
        if let Some(next) = self.round.checked_add(1) {
            self.round = next;
        } else {
            self.known.iter_mut().for_each(|known| known.round = 0);
            self.round = 1;
        }
    }

    fn rebuild(&mut self, fleet: &Fleet, sort: Sort, shown: &impl Fn(DeviceKey) -> bool) {
        self.turn();
        self.known.fill(Known::default());
        self.rows.clear();
        self.numbers.clear();
        for key in fleet.order() {
            self.look(fleet, sort, *key, shown);
        }
        self.settle(sort);
        // From now on a frame reads few.
        self.read = Vec::new();
        self.merge(fleet, sort);
    }
}

/// Which of two rows comes first. The last word has the place in the fleet, so that equals keep their rows.
fn compare(fleet: &Fleet, sort: Sort, one: (u64, DeviceKey), other: (u64, DeviceKey)) -> Ordering {
    let more = || match (fleet.device(one.1), fleet.device(other.1)) {
        (Some(one), Some(other)) if sort.has_more() => sort.compare(one, other),
        _ => Ordering::Equal,
    };
    one.0.cmp(&other.0).then_with(more).then_with(|| one.1.cmp(&other.1))
}

#[cfg(test)]
mod tests;
