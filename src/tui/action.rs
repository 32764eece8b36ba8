//! What a person can ask for. Data, so that keys can be bound to it and tests can send it.

use super::page::Page;
use crate::hub::mass::Kind;
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
    /// Takes all of it back.
    EraseAll,
    /// Opens the death menu.
    AskDeath,
    /// Makes the devices of the death menu die.
    Die(Fault),
    /// The last death once more.
    DieAgain,
    /// Opens the menu of faults on many.
    AskMass,
    /// Opens it for one kind, or turns it to that kind.
    Mass(Kind),
    /// Turns a number of that menu into a part, or back.
    Percent,
    /// Ends what takes a while.
    Cancel,
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
    /// From panes to the table, to the wall, to panes.
    SwitchShape,
    /// Sorts by the next column.
    SortNext,
    /// Sorts the other way round.
    SortReverse,
    /// Opens the list of columns.
    Columns,
    /// Shows or hides a column.
    ToggleColumn,
    /// Turns to a page.
    Show(Page),
    /// Opens the device that the selected line speaks of.
    OpenDevice,
    /// Copies what is selected.
    Copy,
    /// Shows why rules fired on a message, or did not.
    Why,
    /// Goes on with a lesson.
    GoOn,
    /// Plays a lesson from its beginning.
    PlayAgain,
    /// Stops a lesson.
    StopPlaying,
    /// Asks what to look for.
    Filter,
    /// Opens the palette: every action by its name.
    Palette,
    /// Lets the screen stand still, or go on.
    Pause,
    /// Writes the whole screen anew.
    Redraw,
    /// Removes the devices that were launched last.
    Undo,
    /// Shows the last notices.
    Notices,
    /// Shows all keys.
    Help,
    /// Ends lwtop.
    Quit,
}

impl Action {
    /// Whether it changes something outside of lwtop's own screen, or asks how to: what `--read-only` forbids.
    #[must_use]
    pub const fn acts(self) -> bool {
        matches!(
            self,
            Self::LaunchOne
                | Self::AskLaunch
                | Self::AskDeath
                | Self::Die(_)
                | Self::DieAgain
                | Self::AskMass
                | Self::Mass(_)
                | Self::Cancel
                | Self::Reconnect
                | Self::ReconnectAll
                | Self::Remove
                | Self::Undo
                | Self::Yes
        )
    }

    /// Its name in a file and in the palette: `launch-one`, `die-rst`, `show-fleet`.
    #[must_use]
    pub fn name(self) -> String {
        // The name that serde has for it; what it carries is part of it.
        match serde_json::to_value(self) {
            Ok(serde_json::Value::String(name)) => name,
            Ok(serde_json::Value::Object(map)) => map.into_iter().next().map_or_else(String::new, |(name, value)| {
                let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                format!("{name}-{value}")
            }),
            _ => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_kebab_case() {
        assert_eq!(Action::LaunchOne.name(), "launch-one");
        assert_eq!(Action::Die(Fault::LeaveWithWill).name(), "die-leave-with-will");
        assert_eq!(Action::Show(Page::Fleet).name(), "show-fleet");
        assert_eq!(Action::Mass(Kind::Storm).name(), "mass-storm");
        assert_eq!(Action::Digit(7).name(), "digit-7");
    }
}
