//! When to draw.

use crate::clock::Moment;
use std::time::Duration;

/// The least time between two frames: 60 a second.
const FRAME: Duration = Duration::from_micros(16_667);
/// Between frames that a person asked for: a held key must not take more of the processor than a flood does.
const URGENT: Duration = Duration::from_millis(4);

/// The least time between two frames that are drawn only because time passes.
const TICK: Duration = Duration::from_secs(1);

/// When to draw: at once after a change, at most 60 times a second, once a second while an age or a fuse is on the
/// screen, and not at all otherwise.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    changed: bool,
    /// A person did something, and waits.
    urgent: bool,
    last: Option<Moment>,
    last_tick: Option<Moment>,
    wake: Option<Moment>,
    draws: u64,
}

impl Default for Schedule {
    /// The first frame is due.
    fn default() -> Self {
        Self { changed: true, urgent: false, last: None, last_tick: None, wake: None, draws: 0 }
    }
}

impl Schedule {
    /// Something that is on the screen may have changed.
    pub const fn changed(&mut self) {
        self.changed = true;
    }

    /// A person did something: its frame does not wait for its turn among those of a flood.
    pub const fn urgent(&mut self) {
        self.changed = true;
        self.urgent = true;
    }

    /// When the next frame is due: a moment in the past means now, `None` means never, unless something changes.
    #[must_use]
    pub fn next(&self) -> Option<Moment> {
        let Some(last) = self.last else { return Some(Moment::default()) };
        if self.urgent {
            return Some(last + URGENT);
        }
        if self.changed {
            return Some(last + FRAME);
        }
        let wake = self.wake?;
        // Many ages turn over at many moments of a second: all are drawn together.
        let tick = self.last_tick.map_or(wake, |tick| wake.max(tick + TICK));
        Some(tick.max(last + FRAME))
    }

    /// A frame was drawn at `now`; what it shows reads differently from `wake` on.
    pub fn drawn(&mut self, now: Moment, wake: Option<Moment>) {
        if !self.changed {
            self.last_tick = Some(now);
        }
        self.changed = false;
        self.urgent = false;
        self.last = Some(now);
        self.wake = wake;
        self.draws += 1;
    }

    /// How many frames were drawn.
    #[must_use]
    pub const fn draws(&self) -> u64 {
        self.draws
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Moment {
        Moment::from_millis(1_000_000 + millis)
    }

    /// Plays `events` (times at which something changes) for `millis`, with a picture that wakes each second after
    /// `phase` if it is given; returns when it drew.
    fn play(events: &[u64], phase: Option<u64>, millis: u64) -> Vec<u64> {
        let mut schedule = Schedule::default();
        let mut drawn = Vec::new();
        for now in 0..=millis {
            if events.contains(&now) {
                schedule.changed();
            }
            if schedule.next().is_some_and(|due| due <= at(now)) {
                let wake =
                    phase.map(|phase| if now < phase { phase } else { phase + ((now - phase) / 1_000 + 1) * 1_000 });
                schedule.drawn(at(now), wake.map(at));
                drawn.push(now);
            }
        }
        drawn
    }

    #[test]
    fn idle_draws_the_first_frame_and_no_other() {
        assert_eq!(play(&[], None, 5_000), [0]);
    }

    #[test]
    fn a_change_is_drawn_at_once() {
        assert_eq!(play(&[700], None, 2_000), [0, 700]);
    }

    #[test]
    fn a_key_does_not_wait_for_the_next_frame_of_a_flood() {
        let mut schedule = Schedule::default();
        schedule.drawn(at(0), None);
        schedule.changed();
        assert_eq!(schedule.next(), Some(at(0) + FRAME));
        schedule.urgent();
        assert_eq!(schedule.next(), Some(at(0) + URGENT), "a held key is no flood of frames either");
        schedule.drawn(at(5), None);
        schedule.changed();
        assert_eq!(schedule.next(), Some(at(5) + FRAME));
    }

    #[test]
    fn a_flood_is_drawn_sixty_times_a_second() {
        let flood: Vec<u64> = (0..=1_000).collect();
        let drawn = play(&flood, None, 1_000);
        assert!((58..=61).contains(&drawn.len()), "{}", drawn.len());
        assert!(drawn.windows(2).all(|pair| pair[1] - pair[0] >= 16));
    }

    #[test]
    fn a_fuse_is_drawn_once_a_second() {
        assert_eq!(play(&[], Some(300), 5_000), [0, 300, 1_300, 2_300, 3_300, 4_300]);
        // Events in between are drawn, and the fuse goes on at its own pace.
        assert_eq!(play(&[1_500, 1_600], Some(300), 3_000), [0, 300, 1_300, 1_500, 1_600, 2_300]);
    }
}
