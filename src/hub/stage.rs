//! Where scenarios are played: the player says what to do, and this does it.

use super::core::Step;
use super::ear;
use super::runtime::Runtime;
use crate::device::DeviceTemplate;
use crate::fleet::{Aside, DeviceEvent, Report};
use crate::link::{LinkConfig, Outgoing};
use crate::mqtt::{ClientId, TopicFilter};
use crate::scenario::{Deed, Launch, Part, Player, Publication, Scenario, State};
use std::sync::Arc;
use tokio::task::JoinHandle;

/// What belongs to the scenario that is played.
#[derive(Debug, Default)]
pub(super) struct Stage {
    /// Listens to what it asks for.
    ear: Option<JoinHandle<()>>,
    /// New subscribers that have not answered yet.
    glances: Vec<JoinHandle<()>>,
}

impl Stage {
    fn clear(&mut self) {
        for task in self.ear.take().into_iter().chain(self.glances.drain(..)) {
            task.abort();
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.clear();
    }
}

impl Runtime {
    /// Begins to play. Devices of its names that lwtop launched leave first; those of somebody else are not touched.
    pub(super) fn play(&mut self, name: &str, scenario: Arc<Scenario>, pauses: bool, step: &mut Step) {
        self.stop_playing(step);
        let fleet = self.hub.fleet();
        let there: Vec<ClientId> = scenario.ids().filter(|id| fleet.find(id.as_str()).is_some()).collect();
        let foreign = there.iter().find(|id| {
            let ours = self.parts.as_ref().is_some_and(|parts| parts.swarm.contains(id));
            let device = fleet.find(id.as_str()).and_then(|key| fleet.device(key));
            // One of the play before may have left the swarm, while the end of its connection is still to be heard of.
            !ours && device.is_some_and(|device| !device.launched() && device.open_session().is_some())
        });
        if let Some(id) = foreign {
            step.notices.push(format!(
                "{} needs the client id {id}, which is somebody else's here: it would take over that session",
                scenario.title
            ));
            return;
        }
        self.remove(there, step);
        self.status.lesson = Some(Player::new(name, scenario, pauses));
    }

    /// Ends what is played; the devices that it launched leave.
    pub(super) fn stop_playing(&mut self, step: &mut Step) {
        self.stage.clear();
        if let Some(player) = self.status.lesson.take() {
            let launched = |id: &ClientId| self.parts.as_ref().is_some_and(|parts| parts.swarm.contains(id));
            let ids: Vec<ClientId> = player.scenario().ids().filter(launched).collect();
            self.remove(ids, step);
        }
    }

    /// A person says to go on.
    pub(super) fn go_on(&mut self) {
        if let Some(player) = &mut self.status.lesson {
            player.go_on();
        }
    }

    /// Tells the player what changed, and does what it says.
    pub(super) fn perform(&mut self, step: &mut Step) {
        let Some(mut player) = self.status.lesson.take() else { return };
        if self.opened && player.state() == State::Waiting && self.stage.ear.is_none() {
            self.listen(&player);
        }
        player.hear(&step.changes);
        for aside in step.asides.drain(..) {
            match aside {
                Aside::Hears => player.hears(),
                Aside::Kept { topic, messages } => player.given(&topic, messages),
                Aside::Deaf(why) => player.refused(why),
            }
        }
        // Before that, the devices would find no door.
        while self.opened
            && let Some(deed) = player.advance(self.hub.fleet(), self.lanes.clock.now())
        {
            let (changes, notices) = (step.changes.len(), step.notices.len());
            self.deed(deed, step);
            player.hear(&step.changes[changes..]);
            if let Some(why) = step.notices.get(notices) {
                player.refused(why.clone());
            }
        }
        self.status.lesson = Some(player);
    }

    fn deed(&mut self, deed: Deed, step: &mut Step) {
        match deed {
            Deed::Launch(launch) => self.launch_like(&launch, step),
            Deed::Fault(clients, fault) => {
                for client in clients {
                    self.fault(&client, fault, step);
                }
            }
            Deed::Reconnect(clients) => self.reconnect_all(&clients, step),
            Deed::Remove(clients) => self.remove(clients, step),
            Deed::Publish(Publication { topic, payload, qos, retain }) => step.publish.push(Outgoing {
                topic,
                payload: payload.into(),
                qos,
                retain,
                user_properties: Vec::new(),
                origin: None,
            }),
            Deed::Look(topic) => {
                let Some(parts) = &self.parts else { return };
                let glance =
                    ear::glance(again(&parts.base, "new"), topic, self.lanes.reports.clone(), self.lanes.clock);
                self.stage.glances.retain(|task| !task.is_finished());
                self.stage.glances.push(tokio::spawn(glance));
            }
        }
    }

    fn launch_like(&mut self, launch: &Launch, step: &mut Step) {
        if let Err(why) = self.room_for(launch.count) {
            step.notices.push(why);
            return;
        }
        let Some(parts) = &self.parts else { return };
        let ids: Vec<ClientId> = launch.ids().collect();
        for id in &ids {
            self.hub.expect(id.clone(), self.lanes.clock.now());
        }
        parts.swarm.launch_like(ids, &Arc::new(template(parts.swarm.template(), launch)));
    }

    fn listen(&mut self, player: &Player) {
        let filters = player.scenario().listen.clone();
        let Some(parts) = self.parts.as_ref().filter(|_| !filters.is_empty()) else { return };
        let lane = self.lanes.reports.clone();
        let task = ear::listen(again(&parts.base, "ear"), filters, parts.heard.clone(), lane, self.lanes.clock);
        self.stage.ear = Some(tokio::spawn(task));
    }

    /// Forgets devices; simulated ones leave cleanly first.
    pub(super) fn remove(&mut self, clients: Vec<ClientId>, step: &mut Step) {
        for client in clients {
            let simulated = self.parts.as_ref().is_some_and(|parts| parts.swarm.remove(&client).is_ok());
            let fleet = self.hub.fleet();
            let device = fleet.find(client.as_str()).and_then(|key| fleet.device(key));
            if simulated {
                continue;
            }
            if let Some(device) = device.filter(|device| device.open_session().is_some()) {
                // One that lwtop launched is leaving already.
                if !device.launched() {
                    step.notices.push(format!("{client} is connected and not lwtop's: it cannot be deleted"));
                }
            } else {
                let now = self.lanes.clock.now();
                self.hub.step(Report::Device(DeviceEvent::Removed { client }), now, step);
            }
        }
    }
}

/// A connection beside the main ones: a broker keeps only one of a client id.
fn again(base: &LinkConfig, name: &str) -> LinkConfig {
    let client_id = base.client_id.as_ref().map(|id| format!("{id}-{name}"));
    LinkConfig { client_id, clean: true, ..base.clone() }
}

/// The filters that a link hears.
pub(super) fn heard(config: &LinkConfig) -> Vec<TopicFilter> {
    config.will_filters.iter().chain(&config.other_filters).cloned().collect()
}

/// What devices of `launch` are like.
fn template(usual: &DeviceTemplate, launch: &Launch) -> DeviceTemplate {
    let mut template = usual.clone();
    template.protocol = launch.protocol.unwrap_or(template.protocol);
    template.keep_alive = launch.keep_alive.unwrap_or(template.keep_alive);
    template.clean = launch.clean.unwrap_or(template.clean);
    match &launch.will {
        Part::Usual => {}
        Part::Without => template.will = None,
        Part::Other(change) => {
            if let Some(will) = &mut template.will {
                will.topic = change.topic.clone().unwrap_or_else(|| will.topic.clone());
                will.payload = change.payload.clone().unwrap_or_else(|| will.payload.clone());
                will.qos = change.qos.unwrap_or(will.qos);
                will.retain = change.retain.unwrap_or(will.retain);
                will.delay = change.delay.unwrap_or(will.delay);
            }
        }
    }
    match &launch.connected {
        Part::Usual => {}
        Part::Without => template.connected = None,
        Part::Other(change) => {
            if let Some(connected) = &mut template.connected {
                connected.topic = change.topic.clone().unwrap_or_else(|| connected.topic.clone());
                connected.payload = change.payload.clone().unwrap_or_else(|| connected.payload.clone());
                connected.qos = change.qos.unwrap_or(connected.qos);
                connected.retain = change.retain.unwrap_or(connected.retain);
            }
        }
    }
    template
}
