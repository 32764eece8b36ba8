//! Which device has which client id. The ids stand in the devices: here are only their places.

use super::device::DeviceKey;
use super::roster::Roster;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use std::hash::{BuildHasher, RandomState};

/// An index of the devices by their client ids.
#[derive(Debug, Default)]
pub(super) struct Names {
    places: HashTable<u32>,
    /// Keyed at random: ids come from whoever connects.
    hasher: RandomState,
}

impl Names {
    /// The place of the device called `id`.
    pub fn find(&self, devices: &Roster, id: &str) -> Option<DeviceKey> {
        let found = self.places.find(self.hasher.hash_one(id), |place| is(devices, *place, id))?;
        Some(DeviceKey(*found as usize))
    }

    /// Notes a device that has just been added.
    pub fn insert(&mut self, devices: &Roster, key: DeviceKey) {
        let (Some(device), Ok(place)) = (devices.get(key.0), u32::try_from(key.0)) else { return };
        let hash =
            |place: &u32| devices.get(*place as usize).map_or(0, |device| self.hasher.hash_one(device.id.as_str()));
        self.places.insert_unique(self.hasher.hash_one(device.id.as_str()), place, hash);
    }

    /// Forgets a device that is still there.
    pub fn remove(&mut self, devices: &Roster, id: &str) -> Option<DeviceKey> {
        let hash =
            |place: &u32| devices.get(*place as usize).map_or(0, |device| self.hasher.hash_one(device.id.as_str()));
        match self.places.entry(self.hasher.hash_one(id), |place| is(devices, *place, id), hash) {
            Entry::Occupied(found) => Some(DeviceKey(found.remove().0 as usize)),
            Entry::Vacant(_) => None,
        }
    }
}

fn is(devices: &Roster, place: u32, id: &str) -> bool {
    devices.get(place as usize).is_some_and(|device| device.id.as_str() == id)
}
