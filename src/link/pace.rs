//! When to read. A broker writes every message by itself, and a reader that is woken for each of them spends most of its
//! processor time on being woken. Where messages come one close behind the other, a short rest lets them gather.
//!
//! A single message, and the first ones of any flood, are read at once. In a flood a message may be read up to 4 ms later than it
//! came, and its time is that of the reading; wills come over a connection of their own, which never rests.

use tokio::time::{Duration, Instant};

/// Reads that follow each other closer than this are a stream.
const CLOSE: Duration = Duration::from_millis(2);

/// So many close reads make a stream.
const STREAM: u32 = 32;

/// How long a stream gathers. The clock of the timers has milliseconds.
const REST: Duration = Duration::from_millis(3);

/// Messages that a rest has to bring to be worth it.
const WORTH: usize = 4;

/// What is known of the last reads.
#[derive(Debug, Default)]
pub struct Pace {
    last: Option<Instant>,
    close: u32,
    rest: Option<Instant>,
}

impl Pace {
    /// Until when nothing is read.
    pub const fn rest(&self) -> Option<Instant> {
        self.rest
    }

    /// Whether messages come as a stream, which gathers between reads.
    pub const fn is_stream(&self) -> bool {
        self.close >= STREAM
    }

    /// The rest is over.
    pub const fn go_on(&mut self) {
        self.rest = None;
    }

    /// Messages were read at `now`, so many at once.
    pub fn heard(&mut self, now: Instant, messages: usize) {
        let close = self.last.is_some_and(|last| now < last + CLOSE);
        let rested = self.is_stream();
        self.close = match (rested, close) {
            // Between two rests reads are far apart: what counts is whether it was worth it.
            (true, _) if messages >= WORTH => STREAM,
            (false, true) => self.close + 1,
            _ => 0,
        };
        self.last = Some(now);
        self.rest = self.is_stream().then_some(now + REST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// When a reader reads that is woken for messages at `times` (in microseconds).
    fn reads(times: &[u64]) -> Vec<u64> {
        let start = Instant::now();
        let (mut pace, mut reads, mut waiting) = (Pace::default(), Vec::new(), 0);
        for (index, time) in times.iter().enumerate() {
            waiting += 1;
            let now = start + Duration::from_micros(*time);
            let next = times.get(index + 1).map(|time| start + Duration::from_micros(*time));
            let due = pace.rest().map_or(now, |rest| rest.max(now));
            if next.is_none_or(|next| next > due) {
                pace.go_on();
                pace.heard(due, waiting);
                reads.push(u64::try_from((due - start).as_micros()).unwrap());
                waiting = 0;
            }
        }
        reads
    }

    #[test]
    fn a_death_is_read_at_once() {
        let times = [0, 100, 300, 900, 1_500, 2_000, 2_600];
        assert_eq!(reads(&times), times);
    }

    #[test]
    fn a_flood_is_read_in_batches_and_the_end_of_it_is_seen() {
        // A hundred microseconds apart for a second, then one every ten milliseconds.
        let flood = (0..10_000).map(|number| number * 100);
        let slow = (0..20).map(|number| 1_010_000 + number * 10_000);
        let times: Vec<u64> = flood.chain(slow.clone()).collect();
        let reads = reads(&times);
        assert!((300..450).contains(&reads.len()), "{}", reads.len());
        assert!(slow.skip(1).all(|time| reads.contains(&time)), "single messages are read at once again");
    }
}
