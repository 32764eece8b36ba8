//! What a view asks the hub to do. Plain data, so that tests assert on it.

use super::jobs::Work;
use super::mass::Mass;
use crate::mqtt::{ClientId, Fault};
use crate::scenario::Scenario;
use std::sync::Arc;

/// An order from a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Launch this many simulated devices.
    Launch(usize),
    /// Forget the devices of the last launch that was not undone; they leave cleanly.
    UndoLaunch,
    /// Make these devices die.
    Fault(Vec<ClientId>, Fault),
    /// Bring these simulated devices back.
    Reconnect(Vec<ClientId>),
    /// Bring back every simulated device that is not connected.
    ReconnectAll,
    /// Forget these devices; simulated ones leave cleanly first.
    Remove(Vec<ClientId>),
    /// A fault on many of these devices.
    Mass(Vec<ClientId>, Mass),
    /// End what takes a while before it is done.
    Cancel(Work),
    /// Play a scenario, in place of one that is played.
    Play {
        /// What it is called.
        name: Arc<str>,
        /// The scenario.
        scenario: Arc<Scenario>,
        /// Whether it waits for a person after each text.
        pauses: bool,
    },
    /// Go on with the scenario.
    GoOn,
    /// End the scenario; its devices leave.
    StopPlaying,
}
