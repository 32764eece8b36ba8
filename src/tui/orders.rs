//! What a person orders for devices: whom it is for, who can do it, and why not.

use super::View;
use super::app::{App, Focus};
use super::keymap::Mode;
use super::layer::Layer;
use crate::fleet::{Device, faults};
use crate::hub::Command;
use crate::mqtt::{ClientId, Fault};

impl App {
    /// The devices that a death, a reconnect or a delete is for: on the page of the fleet all that are marked, or else the
    /// current one. A detail, an incident or a line of another page speaks of its own device only.
    #[must_use]
    pub fn targets(&self, view: &View<'_>) -> Vec<ClientId> {
        if self.marks.is_empty() || !matches!(self.mode(), Mode::Fleet | Mode::Feed) {
            return self.current(view).map(|device| device.id.clone()).into_iter().collect();
        }
        let devices = view.fleet.order().iter().filter_map(|key| view.fleet.device(*key));
        devices.filter(|device| self.marks.contains(&device.id)).map(|device| device.id.clone()).collect()
    }

    /// Why there is no device to act on.
    fn nobody(&self) -> String {
        self.keys.tell(match (self.mode(), self.focus) {
            (Mode::Incidents | Mode::Sequence, _) => {
                "there is no device to act on: it was deleted, or there is none yet"
            }
            (_, Focus::Feed) => "this message names no device: {next-region} goes to the devices",
            (_, Focus::Devices) => "there is no device yet: {launch-one} launches one",
        })
    }

    pub(super) fn ask_death(&mut self, view: &View<'_>) -> Option<Command> {
        let targets = self.targets(view);
        if targets.is_empty() {
            return self.say(view, self.nobody());
        }
        // The row that the person most likely wants: what was done last, or the plainest cut.
        let wanted = self.last_fault.unwrap_or(Fault::Fin);
        let row = Fault::ALL.iter().position(|fault| *fault == wanted).unwrap_or(0);
        self.open(Layer::Death { targets, row })
    }

    pub(super) fn die(&mut self, fault: Fault, view: &View<'_>) -> Option<Command> {
        let Some(Layer::Death { targets, .. }) = self.layers.last() else { return None };
        let targets = targets.clone();
        let command = self.kill(&targets, fault, view)?;
        self.close();
        Some(command)
    }

    pub(super) fn die_again(&mut self, view: &View<'_>) -> Option<Command> {
        let Some(fault) = self.last_fault else {
            return self.say(view, self.keys.tell("nothing to repeat yet: {ask-death} chooses a death"));
        };
        let targets = self.targets(view);
        self.kill(&targets, fault, view)
    }

    fn kill(&mut self, targets: &[ClientId], fault: Fault, view: &View<'_>) -> Option<Command> {
        let mut refused = None;
        let mut able = Vec::with_capacity(targets.len());
        for client in targets {
            let Some(device) = view.device(client) else { continue };
            match faults::refusal(device, view.status.gateway, fault) {
                Some(why) => refused = Some((client.clone(), why)),
                None => able.push(client.clone()),
            }
        }
        match (able.len(), refused) {
            (0, Some((client, why))) => {
                return self.say(view, format!("{}: {client} stays as it is: {why}", fault.title()));
            }
            (0, None) => return self.say(view, self.nobody()),
            (some, Some((_, why))) => {
                self.say(view, format!("{}: {some} of {}; the others: {why}", fault.title(), targets.len()));
            }
            (_, None) => {}
        }
        self.last_fault = Some(fault);
        Some(Command::Fault(able, fault))
    }

    pub(super) fn reconnect(&mut self, view: &View<'_>) -> Option<Command> {
        let targets = self.targets(view);
        let able: Vec<ClientId> =
            targets.iter().filter(|client| view.device(client).is_some_and(can_reconnect)).cloned().collect();
        if !able.is_empty() {
            return Some(Command::Reconnect(able));
        }
        let why = match targets.first().and_then(|client| view.device(client)) {
            None => self.nobody(),
            Some(device) if !device.launched() => {
                format!("{} was not launched by lwtop: only it can reconnect itself", device.id)
            }
            Some(device) => format!("{} is connected: there is nothing to bring back", device.id),
        };
        self.say(view, why)
    }

    pub(super) fn remove(&mut self, view: &View<'_>) -> Option<Command> {
        let targets = self.targets(view);
        match targets.len() {
            0 => self.say(view, "there is no device to delete"),
            1 => Some(Command::Remove(targets)),
            _ => self.open(Layer::Confirm { targets }),
        }
    }

    pub(super) fn confirm(&mut self) -> Option<Command> {
        match self.layers.pop() {
            Some(Layer::Confirm { targets }) => Some(Command::Remove(targets)),
            Some(other) => self.open(other),
            None => None,
        }
    }

    pub(super) fn mark(&mut self, view: &View<'_>) -> Option<Command> {
        let client = self.cursor.device(view.fleet)?.id.clone();
        if !self.marks.remove(&client) {
            self.marks.insert(client);
        }
        let grid = self.regions(view).grid;
        self.cursor.advance(view.fleet, &grid);
        None
    }

    pub(super) fn mark_all(&mut self, view: &View<'_>) -> Option<Command> {
        if self.marks.len() == view.fleet.len() {
            self.marks.clear();
        } else {
            let devices = view.fleet.order().iter().filter_map(|key| view.fleet.device(*key));
            self.marks = devices.map(|device| device.id.clone()).collect();
        }
        None
    }
}

/// Whether lwtop can bring this device back: it launched it, and the device is gone or spoilt.
pub(super) fn can_reconnect(device: &Device) -> bool {
    device.launched() && (device.open_session().is_none() || device.fault.is_some())
}
