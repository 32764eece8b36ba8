//! What reaches a person who looks elsewhere: the terminal's title, and its bell at a death.

use super::View;
use crate::figures::grouped;
use std::fmt::Write as _;
use std::time::Duration;

/// How often the bell rings at most: a storm is one alarm, not a thousand.
const QUIET: Duration = Duration::from_secs(2);

/// Decides when to ring and what the title says.
#[derive(Debug, Default)]
pub struct Herald {
    bell: bool,
    title: bool,
    incidents: u64,
    rang: Option<crate::clock::Moment>,
    said: String,
}

impl Herald {
    /// One that rings the bell, or writes a title, if that is wanted.
    #[must_use]
    pub fn new(bell: bool, title: bool) -> Self {
        Self { bell, title, ..Self::default() }
    }

    /// What is to be written to the terminal beside the frame; empty if nothing changed. Control sequences, which do not
    /// touch the screen.
    pub fn news(&mut self, view: &View<'_>) -> Vec<u8> {
        let mut out = Vec::new();
        let total = view.fleet.incidents().total();
        if std::mem::replace(&mut self.incidents, total) < total
            && self.bell
            && self.rang.is_none_or(|rang| view.now.since(rang) >= QUIET)
        {
            self.rang = Some(view.now);
            out.push(b'\x07');
        }
        if self.title {
            let title = title(view);
            if title != self.said {
                out.extend(format!("\x1b]0;{title}\x07").bytes());
                self.said = title;
            }
        }
        out
    }
}

/// Numbers alone: no name from the network gets into a control sequence.
fn title(view: &View<'_>) -> String {
    let counts = view.fleet.counts();
    let mut title = format!("lwtop: {} online", grouped(counts.online as u64));
    for (count, word) in [(counts.overdue, "overdue"), (counts.offline, "offline"), (counts.unknown, "unknown")] {
        if count > 0 {
            // Writing to a String cannot fail.
            let _ = write!(title, ", {} {word}", grouped(count as u64));
        }
    }
    title
}
