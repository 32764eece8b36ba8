//! How it goes on, in a line.

use crate::clock::Moment;
use crate::figures::grouped;
use crate::ledger::{Standing, Totals};
use std::fmt;

/// Where the plan is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The link is not up yet.
    Starting,
    /// Devices connect for the first time.
    Launching,
    /// The swarm is up.
    Holding,
    /// All die, and the wills are awaited.
    Ending,
    /// It is over.
    Done,
}

impl Phase {
    const fn name(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Launching => "launching",
            Self::Holding => "holding",
            Self::Ending => "ending",
            Self::Done => "done",
        }
    }
}

/// How it goes on.
#[derive(Debug)]
pub struct Progress<'a> {
    /// Where the plan is.
    pub phase: Phase,
    /// Now.
    pub now: Moment,
    /// How many devices there are to be.
    pub count: usize,
    /// Whether lwtop's own link is up.
    pub linked: bool,
    /// Storms until now.
    pub storms: u64,
    /// The sums until now.
    pub totals: &'a Totals,
    /// What a person should know, each once.
    pub notices: &'a [String],
}

impl fmt::Display for Progress<'_> {
    /// `holding · 9 500 of 10 000 up · 12 storms · wills 6 000 of 6 000, 0 lost, 0 doubled`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let totals = self.totals;
        let up = totals.standing(Standing::Up);
        write!(f, "{} · {} of {} up", self.phase.name(), grouped(up as u64), grouped(self.count as u64))?;
        if totals.standing(Standing::Frozen) > 0 {
            write!(f, ", {} frozen", grouped(totals.standing(Standing::Frozen) as u64))?;
        }
        if totals.failed > 0 {
            write!(f, " · {} connects failed", grouped(totals.failed))?;
        }
        if self.storms > 0 {
            write!(f, " · storm {}", grouped(self.storms))?;
        }
        if totals.expected() > 0 {
            let (received, expected) = (grouped(totals.received), grouped(totals.expected()));
            write!(f, " · wills {received} of {expected}, {} lost", grouped(totals.lost()))?;
        }
        if totals.duplicated > 0 {
            write!(f, ", {} doubled", grouped(totals.duplicated))?;
        }
        if !self.linked && self.phase != Phase::Starting {
            f.write_str(" · link down")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Ledger, Terms};
    use std::time::Duration;

    #[test]
    fn the_line_says_what_there_is_and_no_more() {
        let terms = Terms { will: true, delay: Duration::ZERO, clean: true, patience: Duration::from_secs(1) };
        let mut ledger = Ledger::new(terms);
        let now = Moment::default();
        let line = |ledger: &Ledger, phase| {
            let (totals, notices) = (ledger.totals(), &[]);
            Progress { phase, now, count: 1_000, linked: false, storms: 0, totals, notices }.to_string()
        };
        assert_eq!(line(&ledger, Phase::Starting), "starting · 0 of 1 000 up");
        ledger.launched("d".into(), now);
        ledger.opened(&"d".into(), crate::mqtt::ConnId(1), crate::mqtt::KeepAlive(1), now);
        ledger.faulted(&"d".into(), crate::mqtt::Fault::Freeze, now);
        ledger.failed(&"d".into(), "why", now);
        let expected = "ending · 0 of 1 000 up, 1 frozen · 1 connects failed · wills 0 of 1, 0 lost · link down";
        assert_eq!(line(&ledger, Phase::Ending), expected);
    }
}
