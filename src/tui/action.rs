//! What a person can ask for. Data, so that keys can be bound to it and tests can send it.

use super::page::Page;
use crate::mqtt::Fault;
use serde::{Deserialize, Serialize};

/// One thing a key can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Up by one.
    Up,
    /// Down by one.
    Down,
    /// Left by one.
    Left,
    /// Right by one.
    Right,
    /// Up by a screen.
    PageUp,
    /// Down by a screen.
    PageDown,
    /// To the beginning.
    First,
    /// To the end.
    Last,
    /// To the next region or feed.
    NextRegion,
    /// To the region or feed before.
    PreviousRegion,
    /// Opens what is selected, or does what is asked.
    Enter,
    /// Out of one layer.
    Back,
    /// Launches one simulated device.
    LaunchOne,
    /// Asks how many to launch.
    AskLaunch,
    /// A digit of that number.
    Digit(u8),
    /// Takes the last digit back.
    Erase,
    /// Opens the death menu.
    AskDeath,
    /// Makes the devices of the death menu die.
    Die(Fault),
    /// The last death once more.
    DieAgain,
    /// Brings a device back.
    Reconnect,
    /// Brings all back.
    ReconnectAll,
    /// Forgets a device; asks first when there are several.
    Remove,
    /// Yes to a question.
    Yes,
    /// Marks or unmarks a device.
    Mark,
    /// Marks all devices, or none if all are marked.
    MarkAll,
    /// Panes instead of the table, or the other way round.
    SwitchShape,
    /// Turns to a page.
    Show(Page),
    /// Shows why rules fired on a message, or did not.
    Why,
    /// Shows the last notices.
    Notices,
    /// Shows all keys.
    Help,
    /// Ends lwtop.
    Quit,
}
