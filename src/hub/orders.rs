//! A person's orders, carried out: launch, fault, reconnect, remove.

use super::command::Command;
use super::core::Step;
use super::limits;
use super::runtime::{Runtime, Turn};
use crate::figures::grouped;
use crate::fleet::faults::refusal;
use crate::fleet::{Device, DeviceEvent, Report};
use crate::mqtt::{ClientId, Fault};

/// How many launches can be undone.
const LAUNCHES: usize = 100;

impl Runtime {
    /// Carries out an order.
    pub fn command(&mut self, command: Command) -> Turn {
        let mut step = Step::default();
        match command {
            Command::Launch(count) => match self.room_for(count) {
                Ok(()) => self.launch(count),
                Err(why) => step.notices.push(why),
            },
            Command::Fault(clients, fault) => {
                for client in clients {
                    self.fault(&client, fault, &mut step);
                }
            }
            Command::Reconnect(clients) => self.reconnect_all(&clients, &mut step),
            Command::ReconnectAll => {
                let down = |device: &&Device| device.launched() && device.open_session().is_none();
                let clients: Vec<ClientId> =
                    self.hub.fleet().devices().filter(down).map(|device| device.id.clone()).collect();
                self.reconnect_all(&clients, &mut step);
            }
            Command::UndoLaunch => self.undo_launch(&mut step),
            Command::Mass(targets, mass) => self.begin_mass(targets, mass, &mut step),
            Command::Cancel(work) => self.cancel(work, &mut step),
            Command::Remove(clients) => self.remove(clients, &mut step),
            Command::Play { name, scenario, pauses } => self.play(&name, scenario, pauses, &mut step),
            Command::GoOn => self.go_on(),
            Command::StopPlaying => self.stop_playing(&mut step),
        }
        self.finish(step).unwrap_or_default()
    }

    /// Whether `count` more devices can be launched.
    ///
    /// # Errors
    /// Why not, in words.
    pub(super) fn room_for(&self, count: usize) -> Result<(), String> {
        limits::room(self.open_files, self.present(), count, self.setup.files_per_device())?;
        if self.opened { Ok(()) } else { Err("wait for the broker: it is still starting".to_owned()) }
    }

    /// How many more devices can be launched.
    pub(super) fn room(&self) -> usize {
        limits::left(self.open_files, self.present(), self.setup.files_per_device())
    }

    /// How many devices take up open files.
    fn present(&self) -> usize {
        self.parts.as_ref().map_or(0, |parts| match &parts.gateway {
            Some(gateway) => gateway.connections().max(parts.swarm.len()),
            None => parts.swarm.len(),
        })
    }

    pub(super) fn launch(&mut self, count: usize) {
        let Some(parts) = &self.parts else { return };
        let now = self.lanes.clock.now();
        let mut ids = Vec::with_capacity(count);
        while ids.len() < count {
            let id = match self.next_number {
                1 => ClientId::from(self.setup.prefix.as_str()),
                number => ClientId::new(format!("{}-{number}", self.setup.prefix)),
            };
            self.next_number += 1;
            if self.hub.fleet().find(id.as_str()).is_none() {
                self.hub.expect(id.clone(), now);
                ids.push(id);
            }
        }
        parts.swarm.launch(ids.clone());
        if self.launches.len() == LAUNCHES {
            self.launches.remove(0);
        }
        self.launches.push(ids);
    }

    /// Lets those of the last launch leave of which any is left.
    fn undo_launch(&mut self, step: &mut Step) {
        let fleet = self.hub.fleet();
        let is_there = |id: &ClientId| fleet.find(id.as_str()).is_some();
        while let Some(clients) = self.launches.pop() {
            let left: Vec<ClientId> = clients.into_iter().filter(is_there).collect();
            step.notices.push(match &left[..] {
                [] => continue,
                [one] => format!("undone: {one} leaves"),
                many => format!("undone: the {} devices of the last launch leave", grouped(many.len() as u64)),
            });
            return self.remove(left, step);
        }
        step.notices.push("there is no launch to undo".to_owned());
    }

    pub(super) fn reconnect_all(&mut self, clients: &[ClientId], step: &mut Step) {
        let Some(parts) = &self.parts else { return };
        let now = self.lanes.clock.now();
        for client in clients {
            match parts.swarm.reconnect(client) {
                Ok(()) => self.hub.expect_back(client.clone(), now),
                Err(error) => step.notices.push(error.to_string()),
            }
        }
    }

    pub(super) fn fault(&mut self, client: &ClientId, fault: Fault, step: &mut Step) {
        let Some(parts) = &self.parts else { return };
        let fleet = self.hub.fleet();
        let Some(device) = fleet.find(client.as_str()).and_then(|key| fleet.device(key)) else { return };
        if let Some(why) = refusal(device, self.setup.gateway(), fault) {
            step.notices.push(format!("{client}: {} is not possible: {why}", fault.title()));
            return;
        }
        if parts.swarm.contains(client) && fault != Fault::Kick {
            if let Err(error) = parts.swarm.fault(client, fault) {
                step.notices.push(error.to_string());
            }
            return;
        }
        if fault == Fault::Takeover {
            parts.swarm.takeover_foreign(client.clone());
            return;
        }
        let Some(gateway) = &parts.gateway else { return };
        // The gateway acts, so the hub itself says that it was lwtop. What comes of it is reported later, through the lane.
        match gateway.fault(client, fault) {
            Ok(()) => {
                let at = self.lanes.clock.now();
                let event = DeviceEvent::Faulted { at, client: client.clone(), fault };
                self.hub.step(Report::Device(event), at, step);
            }
            Err(error) => step.notices.push(error.to_string()),
        }
    }
}
