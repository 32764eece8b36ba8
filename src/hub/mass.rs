//! What is ordered for many devices at once.

use crate::mqtt::Fault;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// How many devices are to suffer together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Some of them die, once.
    #[default]
    Cut,
    /// Some die and are brought back, others die and are brought back, and so on.
    Storm,
    /// All fall silent until they are brought back.
    Partition,
}

impl Kind {
    /// Every kind, in the order of the menu.
    pub const ALL: [Self; 3] = [Self::Cut, Self::Storm, Self::Partition];

    /// What it is called.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Cut => "cut at random",
            Self::Storm => "storm",
            Self::Partition => "partition",
        }
    }

    /// What happens, in one line.
    #[must_use]
    pub const fn told(self) -> &'static str {
        match self {
            Self::Cut => "some of many die, chosen at random",
            Self::Storm => "some of many die and come back, again and again",
            Self::Partition => "many fall silent until they are brought back",
        }
    }
}

/// A fault on many devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mass {
    /// What kind.
    pub kind: Kind,
    /// How a device dies. A partition freezes, whatever this says.
    pub fault: Fault,
    /// How many die, of a storm each time and after how much time again. A partition takes all.
    pub storm: Storm,
    /// How long a storm goes on, or a partition lasts: zero lasts until it is healed.
    pub time: Duration,
}

impl Mass {
    /// What happens to a device.
    #[must_use]
    pub const fn fault(&self) -> Fault {
        match self.kind {
            Kind::Partition => Fault::Freeze,
            Kind::Cut | Kind::Storm => self.fault,
        }
    }

    /// How many of `count` devices it takes at a time.
    #[must_use]
    pub fn size(&self, count: usize) -> usize {
        match self.kind {
            Kind::Partition => count,
            Kind::Cut | Kind::Storm => self.storm.size.of(count).min(count),
        }
    }

    /// How often devices die: the first time at once, the last time before the time is over.
    #[must_use]
    pub fn rounds(&self) -> u32 {
        let every = self.storm.every.as_millis().max(1);
        match self.kind {
            Kind::Cut | Kind::Partition => 1,
            Kind::Storm => u32::try_from(self.time.as_millis().div_ceil(every)).unwrap_or(u32::MAX).max(1),
        }
    }

    /// How long a device is left dead; `None` until somebody brings it back.
    #[must_use]
    pub fn away(&self) -> Option<Duration> {
        match self.kind {
            Kind::Cut => None,
            // Half of the time, so that both can be seen.
            Kind::Storm => Some(self.storm.every / 2),
            Kind::Partition => (!self.time.is_zero()).then_some(self.time),
        }
    }

    /// How long it takes from the first death until the last devices are brought back; zero if nobody brings them back.
    #[must_use]
    pub fn length(&self) -> Duration {
        self.away().map_or(Duration::ZERO, |away| self.storm.every * (self.rounds() - 1) + away)
    }
}

/// Deaths that come again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Storm {
    /// How many die.
    pub size: Size,
    /// After how much time, each time.
    pub every: Duration,
}

/// How many devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// This many.
    Count(usize),
    /// This part of the swarm.
    Percent(u8),
}

impl Size {
    /// How many that is of a swarm.
    #[must_use]
    pub const fn of(self, count: usize) -> usize {
        match self {
            Self::Count(size) => size,
            Self::Percent(percent) => count.saturating_mul(percent as usize).div_ceil(100),
        }
    }
}

impl FromStr for Storm {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "a storm is written like 500/5s or 10%/30s: how many devices die, and how often".to_owned();
        let (size, every) = text.split_once('/').ok_or_else(wrong)?;
        let size = size.trim();
        let size = match size.strip_suffix('%') {
            Some(percent) => {
                percent.trim().parse().ok().filter(|percent| (1..=100).contains(percent)).map(Size::Percent)
            }
            None => size.parse().ok().filter(|count| *count > 0).map(Size::Count),
        };
        let every: Option<jiff::SignedDuration> = every.trim().parse().ok();
        let every = every.and_then(|every| Duration::try_from(every).ok());
        let every = every.filter(|every| *every >= Duration::from_millis(100));
        Ok(Self {
            size: size.ok_or_else(wrong)?,
            every: every.ok_or_else(|| format!("{}; not more often than every 100ms", wrong()))?,
        })
    }
}

impl fmt::Display for Storm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.size {
            Size::Count(count) => write!(f, "{count}/")?,
            Size::Percent(percent) => write!(f, "{percent}%/")?,
        }
        // Milliseconds are what the shortest storm needs.
        write!(f, "{:#}", jiff::SignedDuration::try_from(self.every).unwrap_or(jiff::SignedDuration::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn storms_are_read_and_printed() {
        for (text, size, seconds) in [
            ("500/5s", Size::Count(500), 5.0),
            ("10%/30s", Size::Percent(10), 30.0),
            ("1/100ms", Size::Count(1), 0.1),
            ("100 % / 2m", Size::Percent(100), 120.0),
        ] {
            let storm: Storm = text.parse().unwrap();
            assert_eq!((storm.size, storm.every), (size, Duration::from_secs_f64(seconds)), "{text}");
            assert_eq!(storm.to_string().parse(), Ok(storm), "{storm}");
        }
        for text in
            ["", "500", "/5s", "0/5s", "0%/5s", "101%/5s", "-1/5s", "500/", "500/0s", "500/99ms", "500/5", "5s/500"]
        {
            assert!(text.parse::<Storm>().unwrap_err().contains("500/5s"), "{text}");
        }
        assert_eq!((Size::Percent(10).of(1), Size::Percent(10).of(2_000), Size::Count(7).of(3)), (1, 200, 7));
    }

    #[test]
    fn a_storm_has_rounds_and_a_partition_may_have_no_end() {
        let storm = Storm { size: Size::Percent(10), every: Duration::from_secs(5) };
        let mass = |kind, seconds| Mass { kind, fault: Fault::Rst, storm, time: Duration::from_secs(seconds) };
        let rounds = |seconds| mass(Kind::Storm, seconds).rounds();
        assert_eq!((rounds(0), rounds(5), rounds(6), rounds(60)), (1, 1, 2, 12));
        assert_eq!(mass(Kind::Storm, 60).length(), Duration::from_millis(57_500));
        assert_eq!((mass(Kind::Cut, 60).size(200), mass(Kind::Partition, 60).size(200)), (20, 200));
        assert_eq!((mass(Kind::Cut, 60).away(), mass(Kind::Partition, 0).away()), (None, None));
        assert_eq!(mass(Kind::Partition, 7).length(), Duration::from_secs(7));
        assert_eq!((mass(Kind::Storm, 60).fault(), mass(Kind::Partition, 7).fault()), (Fault::Rst, Fault::Freeze));
        let more = Mass { storm: Storm { size: Size::Count(500), ..storm }, ..mass(Kind::Cut, 0) };
        assert_eq!(more.size(40), 40);
    }
}
