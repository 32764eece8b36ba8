//! Many devices, and the orders given to them.

use super::life;
use super::orders::Orders;
use super::source::Sources;
use super::target::Target;
use super::template::DeviceTemplate;
use crate::clock::Clock;
use crate::fleet::{DeviceEvent, Report};
use crate::mqtt::{ClientId, Fault, Protocol};
use crate::wiring::ActivityBoard;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, Semaphore, mpsc};

/// How many devices may be between SYN and CONNACK at once. Brokers listen with a backlog of about 100 (Mosquitto) or
/// 128, and a backlog that overflows costs whole seconds of SYN retries.
const HANDSHAKES: usize = 64;

/// Who reports the devices' connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Witness {
    /// The gateway that they come through: it sees more than they do.
    Gateway,
    /// They do it themselves, because nobody else sees the wire of an external broker.
    Own,
}

/// Why an order is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrderError {
    /// It is not one of the swarm.
    #[error("{0} was not launched by lwtop: only the gateway can make it die")]
    NotOurs(ClientId),
    /// It has no connection that could end.
    #[error("{0} is not connected: reconnect it first")]
    NotConnected(ClientId),
    /// A device has no hold on the broker's side.
    #[error("{0} cannot kick itself: kick needs lwtop's gateway, and a launched device can do fin or rst instead")]
    NeedsGateway(ClientId),
    /// 3.1.1 has no reason in DISCONNECT.
    #[error(
        "{0} speaks MQTT 3.1.1, whose DISCONNECT has no reason 0x04: launch devices with MQTT 5 for leave-with-will"
    )]
    NeedsV5(ClientId),
}

/// How far a device is with its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Phase {
    /// No connection, and none wanted.
    Down,
    /// On the way to CONNACK, or open.
    Up,
}

/// One device, as its task and the swarm share it.
#[derive(Debug)]
pub struct Device {
    /// Its client id.
    pub id: ClientId,
    /// What it is like. One for all that were launched together.
    pub template: Arc<DeviceTemplate>,
    /// What it is told to do.
    pub orders: Orders,
    /// A second client for an id that lwtop did not launch: no will, no announcement, gone with its connection.
    pub foreign: bool,
    phase: AtomicU8,
}

impl Device {
    fn new(id: ClientId, template: Arc<DeviceTemplate>, foreign: bool) -> Arc<Self> {
        let phase = AtomicU8::new(Phase::Up as u8);
        Arc::new(Self { id, template, orders: Orders::default(), foreign, phase })
    }

    /// Tells the swarm how far it is.
    pub fn set_phase(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::Release);
    }

    fn is_down(&self) -> bool {
        self.phase.load(Ordering::Acquire) == Phase::Down as u8
    }
}

/// What all devices of a swarm share.
#[derive(Debug)]
pub struct Shared {
    pub(super) target: Target,
    pub(super) sources: Sources,
    /// What a device is like if nothing else is said of it.
    template: Arc<DeviceTemplate>,
    pub(super) reports: mpsc::Sender<Report>,
    pub(super) board: Arc<ActivityBoard>,
    pub(super) clock: Clock,
    pub(super) witness: Witness,
    pub(super) handshakes: Semaphore,
    /// Set when the program ends: devices leave and report nothing more.
    pub(super) closing: AtomicBool,
    devices: Mutex<HashMap<ClientId, Arc<Device>>>,
    alive: AtomicUsize,
    /// Told when the last task has ended.
    idle: Notify,
}

impl Shared {
    fn devices(&self) -> MutexGuard<'_, HashMap<ClientId, Arc<Device>>> {
        // Never held over an await, and a map is valid after any panic elsewhere.
        self.devices.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets a device whose task ends.
    pub(super) fn forget(&self, id: &ClientId) {
        self.devices().remove(id);
    }
}

/// Counts one task for as long as it lives.
#[derive(Debug)]
pub struct Alive(Arc<Shared>);

impl Alive {
    fn new(shared: &Arc<Shared>) -> Self {
        shared.alive.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(shared))
    }
}

impl std::ops::Deref for Alive {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        if self.0.alive.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.idle.notify_waiters();
        }
    }
}

/// A swarm of simulated devices. Its methods only leave orders: what comes of them is reported.
///
/// They must be called inside a tokio runtime, which the devices then live in.
#[derive(Debug)]
pub struct Swarm {
    shared: Arc<Shared>,
}

impl Swarm {
    /// A swarm without devices.
    #[must_use]
    pub fn new(
        target: Target,
        template: DeviceTemplate,
        reports: mpsc::Sender<Report>,
        board: Arc<ActivityBoard>,
        clock: Clock,
        witness: Witness,
    ) -> Self {
        let shared = Shared {
            target,
            sources: Sources::default(),
            template: Arc::new(template),
            reports,
            board,
            clock,
            witness,
            handshakes: Semaphore::new(HANDSHAKES),
            closing: AtomicBool::new(false),
            devices: Mutex::default(),
            alive: AtomicUsize::new(0),
            idle: Notify::new(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Launches devices with these ids, each reported as `Launched` before it connects. Ids that the swarm already has
    /// are left alone.
    pub fn launch(&self, ids: Vec<ClientId>) {
        self.launch_like(ids, &self.shared.template);
    }

    /// The same with devices that are like `template`, which they keep for good.
    pub fn launch_like(&self, ids: Vec<ClientId>, template: &Arc<DeviceTemplate>) {
        let mut fresh = Vec::with_capacity(ids.len());
        {
            let mut devices = self.shared.devices();
            for id in ids {
                if let Entry::Vacant(place) = devices.entry(id.clone()) {
                    let device = Device::new(id, Arc::clone(template), false);
                    place.insert(Arc::clone(&device));
                    fresh.push((device, Alive::new(&self.shared)));
                }
            }
        }
        tokio::spawn(async move {
            for (device, alive) in fresh {
                let (at, client) = (alive.clock.now(), device.id.clone());
                alive.report(Report::Device(DeviceEvent::Launched { at, client })).await;
                tokio::spawn(life::live(alive, device));
            }
        });
    }

    /// Makes a device die. Reported as `Faulted` right before it happens.
    ///
    /// # Errors
    /// When this device cannot die like that; see [`OrderError`].
    pub fn fault(&self, id: &ClientId, fault: Fault) -> Result<(), OrderError> {
        let device = self.find(id)?;
        match fault {
            Fault::Kick => return Err(OrderError::NeedsGateway(id.clone())),
            Fault::LeaveWithWill if device.template.protocol != Protocol::V5 => {
                return Err(OrderError::NeedsV5(id.clone()));
            }
            _ if device.is_down() => return Err(OrderError::NotConnected(id.clone())),
            _ => device.orders.fault(fault),
        }
        Ok(())
    }

    /// Connects a device again that is not connected, or is frozen. A device that is connected is left alone.
    ///
    /// # Errors
    /// When the swarm does not have it.
    pub fn reconnect(&self, id: &ClientId) -> Result<(), OrderError> {
        self.find(id)?.orders.reconnect();
        Ok(())
    }

    /// Calls an order to connect again off, unless the device has begun to.
    ///
    /// # Errors
    /// When the swarm does not have it.
    pub fn stay(&self, id: &ClientId) -> Result<(), OrderError> {
        self.find(id)?.orders.stay();
        Ok(())
    }

    /// Forgets a device: it leaves cleanly, then `Removed` is reported.
    ///
    /// # Errors
    /// When the swarm does not have it.
    pub fn remove(&self, id: &ClientId) -> Result<(), OrderError> {
        self.find(id)?.orders.remove();
        Ok(())
    }

    /// Takes over the session of a device that lwtop did not launch: a second client connects with its id, without a
    /// will, and stays until it is removed, dies by a fault, or is itself taken over. Reported as `Faulted`.
    pub fn takeover_foreign(&self, id: ClientId) {
        let device = {
            let mut devices = self.shared.devices();
            match devices.entry(id.clone()) {
                Entry::Occupied(held) => {
                    held.get().orders.fault(Fault::Takeover);
                    return;
                }
                Entry::Vacant(place) => {
                    let template = Arc::clone(&self.shared.template);
                    Arc::clone(place.insert(Device::new(id, template, true)))
                }
            }
        };
        tokio::spawn(life::live(Alive::new(&self.shared), device));
    }

    /// Lets every device leave with DISCONNECT and waits until they are gone, for at most `deadline`. From now on the
    /// swarm reports nothing more.
    pub async fn leave_all(&self, deadline: Duration) {
        self.shared.closing.store(true, Ordering::Release);
        for device in self.shared.devices().values() {
            device.orders.leave();
        }
        let gone = async {
            loop {
                let idle = self.shared.idle.notified();
                if self.shared.alive.load(Ordering::Acquire) == 0 {
                    return;
                }
                idle.await;
            }
        };
        // Past the deadline the program ends anyway, and the rest is cut.
        let _ = tokio::time::timeout(deadline, gone).await;
    }

    /// What a device is like if nothing else is said of it.
    #[must_use]
    pub fn template(&self) -> &DeviceTemplate {
        &self.shared.template
    }

    /// Whether lwtop launched this device.
    #[must_use]
    pub fn contains(&self, id: &ClientId) -> bool {
        self.shared.devices().get(id).is_some_and(|device| !device.foreign)
    }

    /// How many connections the swarm holds or could bring back.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shared.devices().len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[cfg(test)]
    pub(super) fn for_test(&self) -> (Alive, Arc<Device>) {
        (Alive::new(&self.shared), Device::new("x".into(), Arc::clone(&self.shared.template), false))
    }

    fn find(&self, id: &ClientId) -> Result<Arc<Device>, OrderError> {
        self.shared.devices().get(id).cloned().ok_or_else(|| OrderError::NotOurs(id.clone()))
    }
}
