//! Where the devices are kept, and which of them were changed of late: views look at those, and not at all of a large fleet.

use super::device::{Device, DeviceKey};
use slab::Slab;
use std::collections::VecDeque;
use std::ops::{Index, IndexMut};

/// The devices by their place.
#[derive(Debug, Default)]
pub(super) struct Roster {
    devices: Slab<Kept>,
    /// The last places that were changed, oldest first.
    touched: VecDeque<DeviceKey>,
    /// How many changes there were.
    total: u64,
    /// How many devices came or went.
    turnover: u64,
}

/// A device, and the number of its last change.
#[derive(Debug)]
struct Kept {
    device: Device,
    changed: u64,
}

/// Changes that are remembered; one event is several. A view that missed more looks at all devices once.
const REMEMBERED: usize = 65_536;

impl Roster {
    fn touch(&mut self, place: usize) -> u64 {
        if self.touched.len() == REMEMBERED {
            self.touched.pop_front();
        }
        self.touched.push_back(DeviceKey(place));
        self.total += 1;
        self.total
    }

    pub(super) fn get(&self, place: usize) -> Option<&Device> {
        self.devices.get(place).map(|kept| &kept.device)
    }

    pub(super) fn get_mut(&mut self, place: usize) -> Option<&mut Device> {
        if !self.devices.contains(place) {
            return None;
        }
        Some(&mut self[place])
    }

    pub(super) fn insert(&mut self, device: Device) -> usize {
        let place = self.devices.insert(Kept { device, changed: 0 });
        self.turnover += 1;
        self.devices[place].changed = self.touch(place);
        place
    }

    pub(super) fn remove(&mut self, place: usize) -> Device {
        self.turnover += 1;
        self.touch(place);
        self.devices.remove(place).device
    }

    /// The number of the last change of the device, which no other change has.
    pub(super) fn changed(&self, place: usize) -> Option<u64> {
        self.devices.get(place).map(|kept| kept.changed)
    }

    pub(super) const fn changes(&self) -> u64 {
        self.total
    }

    pub(super) const fn turnover(&self) -> u64 {
        self.turnover
    }

    pub(super) fn touched_since(&self, changes: u64) -> Option<impl DoubleEndedIterator<Item = DeviceKey> + '_> {
        let missed = usize::try_from(self.total.checked_sub(changes)?).ok()?;
        let skipped = self.touched.len().checked_sub(missed)?;
        Some(self.touched.iter().skip(skipped).copied())
    }
}

impl Index<usize> for Roster {
    type Output = Device;

    fn index(&self, place: usize) -> &Device {
        &self.devices[place].device
    }
}

impl IndexMut<usize> for Roster {
    fn index_mut(&mut self, place: usize) -> &mut Device {
        let changed = self.touch(place);
        let kept = &mut self.devices[place];
        kept.changed = changed;
        &mut kept.device
    }
}
