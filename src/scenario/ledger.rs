//! What came since the scenario's last deeds.

use super::script::{Scenario, Step, Subject};
use crate::fleet::{Change, Fleet, Incident, IncidentId, Incoming, Role};
use crate::mqtt::{ClientId, TopicFilter};
use std::collections::HashMap;

/// Messages that are kept for the checks that ask for them.
const KEPT: usize = 10_000;

/// The memory of a player.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    /// What the checks on messages listen to.
    filters: Vec<TopicFilter>,
    /// How often the will of a device came since its last fault.
    wills: HashMap<ClientId, u32>,
    /// The newest incident of a device when its last fault was ordered: what it says is old.
    old: HashMap<ClientId, Option<IncidentId>>,
    messages: Vec<Incoming>,
}

impl Ledger {
    /// An empty one for `scenario`.
    #[must_use]
    pub fn new(scenario: &Scenario) -> Self {
        let filters = scenario.steps.iter().filter_map(|step| match step {
            Step::Check(check) => match &check.subject {
                Subject::Messages { topic, .. } => Some(topic.clone()),
                _ => None,
            },
            _ => None,
        });
        Self { filters: filters.collect(), ..Self::default() }
    }

    /// Takes in what changed.
    pub fn hear(&mut self, changes: &[Change]) {
        for change in changes {
            let Change::Message { message, role, device } = change else { continue };
            if let Some(device) = device.as_ref().filter(|_| *role == Role::Will && !message.retain) {
                *self.wills.entry(device.clone()).or_default() += 1;
            }
            let wanted = self.filters.iter().any(|filter| filter.matches(&message.topic));
            if wanted && self.messages.len() < KEPT {
                self.messages.push(message.clone());
            }
        }
    }

    /// Something is about to be done: messages that come from now on are its effect.
    pub fn deed(&mut self) {
        self.messages.clear();
    }

    /// These devices are about to die: what is known of their deaths is old.
    pub fn fault(&mut self, devices: &[ClientId], fleet: &Fleet) {
        for device in devices {
            let known = fleet.find(device.as_str()).and_then(|key| fleet.device(key));
            self.old.insert(device.clone(), known.and_then(|device| device.incident));
            self.wills.remove(device);
        }
    }

    /// How often the will of `device` came since its last fault.
    #[must_use]
    pub fn wills(&self, device: &ClientId) -> u32 {
        self.wills.get(device).copied().unwrap_or_default()
    }

    /// The newest incident of `device`, unless it is older than its last fault.
    #[must_use]
    pub fn incident<'f>(&self, device: &ClientId, fleet: &'f Fleet) -> Option<&'f Incident> {
        let newest = fleet.device(fleet.find(device.as_str())?)?.incident?;
        let old = self.old.get(device).copied().flatten();
        fleet.incident(newest).filter(|_| old.is_none_or(|old| old < newest))
    }

    /// The messages that came since the last deed, on topics that a check asks for.
    #[must_use]
    pub fn messages(&self) -> &[Incoming] {
        &self.messages
    }
}
