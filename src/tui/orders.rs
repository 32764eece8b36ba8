//! What a person orders for devices: whom it is for, who can do it, and why not.

use super::View;
use super::app::{App, Focus};
use super::keymap::Mode;
use super::layer::{Deed, Layer};
use crate::fleet::{Device, faults};
use crate::hub::Command;
use crate::mqtt::{ClientId, Fault};

/// More devices than this do not die without a question.
pub(super) const MANY: usize = 10;

impl App {
    /// The devices that a death, a reconnect or a delete is for: on the page of the fleet all that are marked and shown, or
    /// without marks the current one. A detail, an incident or a line of another page speaks of its own device only.
    #[must_use]
    pub fn targets(&self, view: &View<'_>) -> Vec<ClientId> {
        if self.marks.is_empty() || !matches!(self.mode_below(), Mode::Fleet | Mode::Feed) {
            return self.current(view).map(|device| device.id.clone()).into_iter().collect();
        }
        // What the filter hides keeps its mark, but nothing is done to it: nobody looks at it.
        let devices = self.rows(view).iter().filter_map(|key| view.fleet.device(*key));
        devices.filter(|device| self.marks.contains(&device.id)).map(|device| device.id.clone()).collect()
    }

    /// Why there is no device to act on.
    pub(super) fn nobody(&self) -> String {
        self.keys.tell(match (self.mode_below(), self.focus) {
            (Mode::Incidents | Mode::Messages, _) if !self.sieve.filter().is_empty() => {
                "there is no device to act on here: none is named, it was deleted, or the filter lets nothing through"
            }
            (Mode::Incidents | Mode::Sequence | Mode::Messages, _) => {
                "there is no device to act on here: none is named, or it was deleted"
            }
            (_, Focus::Feed) => "this message names no device: {next-region} goes to the devices",
            (_, Focus::Devices) if !self.sieve.filter().is_empty() && !self.marks.is_empty() => {
                "the filter hides all that are marked: {back} takes the marks away, and then the filter"
            }
            (_, Focus::Devices) if !self.sieve.filter().is_empty() => {
                "the filter lets no device through: {back} clears it"
            }
            (_, Focus::Devices) if self.read_only => "there is no device yet",
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
        let Some(Layer::Death { targets, .. }) = self.layers.last() else {
            // Chosen by its name.
            return self.ask_or_kill(self.targets(view), fault, view);
        };
        let targets = targets.clone();
        let depth = self.layers.len();
        let command = self.ask_or_kill(targets, fault, view);
        if command.is_some() {
            self.close();
        } else if self.layers.len() > depth {
            // The question takes the menu's place.
            self.layers.remove(depth - 1);
        }
        command
    }

    /// Kills at once, or asks first: before many die, or one that is somebody else's.
    pub(super) fn ask_or_kill(&mut self, targets: Vec<ClientId>, fault: Fault, view: &View<'_>) -> Option<Command> {
        let foreign = || targets.iter().filter_map(|client| view.device(client)).any(|device| !device.launched());
        let able = |client: &ClientId| {
            let device = view.device(client);
            device.is_some_and(|device| faults::refusal(device, view.status.gateway, fault).is_none())
        };
        if (targets.len() > MANY || foreign()) && targets.iter().any(able) {
            return self.open(Layer::Confirm { targets, deed: Deed::Die(fault) });
        }
        self.kill(&targets, fault, view)
    }

    pub(super) fn die_again(&mut self, view: &View<'_>) -> Option<Command> {
        let Some(fault) = self.last_fault else {
            return self.say(view, self.keys.tell("nothing to repeat yet: {ask-death} chooses a death"));
        };
        let targets = self.targets(view);
        self.ask_or_kill(targets, fault, view)
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
            _ => self.open(Layer::Confirm { targets, deed: Deed::Remove }),
        }
    }

    pub(super) fn confirm(&mut self, view: &View<'_>) -> Option<Command> {
        match self.layers.pop() {
            Some(Layer::Confirm { targets, deed: Deed::Remove }) => Some(Command::Remove(targets)),
            Some(Layer::Confirm { targets, deed: Deed::Mass(mass) }) => Some(Command::Mass(targets, mass)),
            Some(Layer::Confirm { targets, deed: Deed::Die(fault) }) => self.kill(&targets, fault, view),
            Some(other) => self.open(other),
            None => None,
        }
    }

    pub(super) fn mark(&mut self, view: &View<'_>) -> Option<Command> {
        let client = self.cursor.device(view.fleet, self.rows(view))?.id.clone();
        if !self.marks.remove(&client) {
            self.marks.insert(client);
        }
        let grid = self.regions(view).grid;
        self.cursor.advance(view.fleet, self.sieve.sorted(view.fleet), &grid);
        None
    }

    pub(super) fn mark_all(&mut self, view: &View<'_>) -> Option<Command> {
        // Those that are shown: with a filter, they are what was looked for.
        let rows = self.rows(view).iter();
        let shown: Vec<ClientId> =
            rows.filter_map(|key| view.fleet.device(*key)).map(|device| device.id.clone()).collect();
        if shown.iter().all(|client| self.marks.contains(client)) {
            self.marks.clear();
        } else {
            self.marks.extend(shown);
        }
        None
    }
}

/// Whether lwtop can bring this device back: it launched it, and the device is gone or spoilt.
pub(super) fn can_reconnect(device: &Device) -> bool {
    device.launched() && (device.open_session().is_none() || device.fault.is_some())
}
