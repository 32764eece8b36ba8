//! What takes a while: how far it is, how fast it goes and how long it will still take. Pure: time comes in as an
//! argument.

use super::mass::Kind;
use crate::clock::Moment;
use crate::mqtt::{ClientId, Fault};
use std::collections::{HashSet, VecDeque};
use std::time::Duration;

/// What is over sooner is not shown: a line that comes and goes at once is only unrest.
pub const SHOWN_AFTER: Duration = Duration::from_millis(300);

/// How often the figures of a job are looked at anew.
pub const BEAT: Duration = Duration::from_millis(250);

/// lwtop's own link may take so long before a line of its own tells of it; the header tells at once.
pub const LINK_AFTER: Duration = Duration::from_secs(1);

/// When nobody has answered for so long, nobody is waited for any more. A device gives up after ten seconds.
const STALLED: Duration = Duration::from_secs(60);

/// What is being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Devices connect for the first time.
    Launch,
    /// Devices come back.
    Reconnect,
    /// A fault on many devices.
    Mass(Kind),
    /// lwtop's own connection to the broker.
    Link,
}

impl Work {
    /// Whether a person may end it before it is done.
    #[must_use]
    pub const fn can_be_cancelled(self) -> bool {
        !matches!(self, Self::Link)
    }
}

/// What a fault on many devices has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Toll {
    /// Which round it is, from 1 on; 0 before the first one.
    pub round: u32,
    /// How many there are.
    pub rounds: u32,
    /// Faults that were carried out.
    pub struck: u64,
    /// Devices of lwtop's that are down because of it.
    pub down: usize,
    /// Wills that had to come until now.
    pub expected: u64,
    /// Those of them that came.
    pub received: u64,
    /// Those that did not come in time.
    pub lost: u64,
    /// Those of which it cannot be known: lwtop's own link was down.
    pub unseen: u64,
}

/// One job, as it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// What is being done.
    pub work: Work,
    /// Since when.
    pub since: Moment,
    /// How much is done, for a bar.
    pub done: u64,
    /// How much there is to do; 0 if nobody knows.
    pub all: u64,
    /// Devices that could not connect.
    pub failed: u64,
    /// Devices a second of late; 0 if that says nothing here.
    pub rate: f64,
    /// How long it will still take, if that can be told.
    pub left: Option<Duration>,
    /// What a fault on many devices has done.
    pub toll: Option<Toll>,
    /// Which fault that is.
    pub fault: Option<Fault>,
    /// What stands in the way, in words.
    pub why: Option<String>,
}

impl Job {
    /// A job of which nothing is known but when it began.
    #[must_use]
    pub const fn new(work: Work, since: Moment) -> Self {
        Self { work, since, done: 0, all: 0, failed: 0, rate: 0.0, left: None, toll: None, fault: None, why: None }
    }
}

/// How fast something goes, over the last two seconds.
#[derive(Debug, Default)]
struct Speed(VecDeque<(Moment, u64)>);

impl Speed {
    const WINDOW: Duration = Duration::from_secs(2);
    /// Between two samples: the window holds twenty.
    const STEP: Duration = Duration::from_millis(100);

    /// Notes how much was done by `now`.
    fn note(&mut self, now: Moment, done: u64) {
        if self.0.back().is_some_and(|(at, _)| now.since(*at) < Self::STEP) {
            return;
        }
        self.0.push_back((now, done));
        while self.0.len() > 1 && now.since(self.0[1].0) >= Self::WINDOW {
            self.0.pop_front();
        }
    }

    /// So much a second, `done` being done by `now`.
    fn per_second(&self, now: Moment, done: u64) -> f64 {
        let inside = self.0.iter().find(|(at, _)| now.since(*at) <= Self::WINDOW).or_else(|| self.0.back());
        let Some((at, before)) = inside else { return 0.0 };
        let time = now.since(*at).as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "a rate for a person")]
        let more = done.saturating_sub(*before) as f64;
        if time < 0.05 { 0.0 } else { more / time }
    }
}

/// Devices that were asked to connect, until each has answered for itself.
#[derive(Debug, Default)]
struct Group {
    waiting: HashSet<ClientId>,
    asked: u64,
    failed: u64,
    since: Moment,
    /// When somebody was asked or answered last.
    moved: Moment,
    speed: Speed,
}

impl Group {
    fn expect(&mut self, client: ClientId, now: Moment) {
        if self.waiting.is_empty() {
            *self = Self { since: now, ..Self::default() };
            self.speed.note(now, 0);
        }
        self.moved = now;
        self.asked += u64::from(self.waiting.insert(client));
    }

    fn done(&self) -> u64 {
        self.asked - self.waiting.len() as u64
    }

    fn answer(&mut self, client: &ClientId, now: Moment, failed: bool) {
        if self.waiting.remove(client) {
            self.moved = now;
            self.failed += u64::from(failed);
            self.speed.note(now, self.done());
        }
    }

    fn job(&self, work: Work, now: Moment) -> Option<Job> {
        let left = self.waiting.len();
        if left == 0 {
            return None;
        }
        // Who came last came before the window: it stands still.
        let still = now.since(self.moved) > Speed::WINDOW;
        let rate = if still { 0.0 } else { self.speed.per_second(now, self.done()) };
        #[expect(clippy::cast_precision_loss, reason = "a guess for a person")]
        let left = (rate > 0.0).then(|| Duration::try_from_secs_f64(left as f64 / rate).ok()).flatten();
        let (done, all, failed) = (self.done(), self.asked, self.failed);
        Some(Job { done, all, failed, rate, left, ..Job::new(work, self.since) })
    }
}

/// Who is on the way to CONNACK, and how it goes.
#[derive(Debug, Default)]
pub struct Arrivals {
    launched: Group,
    returning: Group,
}

impl Arrivals {
    /// `client` was launched.
    pub fn launched(&mut self, client: ClientId, now: Moment) {
        self.launched.expect(client, now);
    }

    /// `client` was asked to come back.
    pub fn returning(&mut self, client: ClientId, now: Moment) {
        self.returning.expect(client, now);
    }

    /// `client` is there, or could not connect.
    pub fn answered(&mut self, client: &ClientId, now: Moment, failed: bool) {
        self.launched.answer(client, now, failed);
        self.returning.answer(client, now, failed);
    }

    /// `client` was removed: it is not one of those that were asked any more.
    pub fn gone(&mut self, client: &ClientId) {
        for group in [&mut self.launched, &mut self.returning] {
            group.asked -= u64::from(group.waiting.remove(client));
        }
    }

    /// Gives up on those of whom nothing was heard for a minute.
    pub fn pass(&mut self, now: Moment) {
        for group in [&mut self.launched, &mut self.returning] {
            if now.since(group.moved) > STALLED {
                group.waiting.clear();
            }
        }
    }

    /// Stops waiting: who has not answered yet, and how many were asked.
    pub fn cancel(&mut self, work: Work) -> (Vec<ClientId>, u64) {
        let group = match work {
            Work::Launch => &mut self.launched,
            Work::Reconnect => &mut self.returning,
            Work::Mass(_) | Work::Link => return (Vec::new(), 0),
        };
        (group.waiting.drain().collect(), group.asked)
    }

    /// What is under way.
    pub fn jobs(&self, now: Moment) -> impl Iterator<Item = Job> {
        let each = [(Work::Launch, &self.launched), (Work::Reconnect, &self.returning)];
        each.into_iter().filter_map(move |(work, group)| group.job(work, now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Moment {
        Moment::from_millis(1_000_000 + millis)
    }

    fn id(number: u64) -> ClientId {
        ClientId::new(format!("d{number}"))
    }

    fn only(arrivals: &Arrivals, millis: u64) -> Job {
        let jobs: Vec<Job> = arrivals.jobs(at(millis)).collect();
        assert_eq!(jobs.len(), 1, "{jobs:?}");
        jobs.into_iter().next().unwrap()
    }

    #[test]
    fn a_launch_tells_how_fast_it_goes_and_how_long_it_takes() {
        let mut arrivals = Arrivals::default();
        (0..5_000).for_each(|number| arrivals.launched(id(number), at(0)));
        assert_eq!((only(&arrivals, 0).rate, only(&arrivals, 0).left), (0.0, None));
        for number in 0..3_000 {
            arrivals.answered(&id(number), at(number), number % 1_000 == 0);
        }
        let job = only(&arrivals, 3_000);
        assert_eq!((job.work, job.since, job.done, job.all, job.failed), (Work::Launch, at(0), 3_000, 5_000, 3));
        assert!((job.rate - 1_000.0).abs() < 60.0, "{}", job.rate);
        assert!(job.left.is_some_and(|left| left.as_secs_f64() > 1.8 && left.as_secs_f64() < 2.2), "{job:?}");
        // It stands still: the rate falls, and nobody knows how long the rest takes.
        assert!(only(&arrivals, 4_500).rate < 500.0);
        assert_eq!((only(&arrivals, 8_000).rate, only(&arrivals, 8_000).left), (0.0, None));
        for number in 3_000..5_000 {
            arrivals.answered(&id(number), at(9_000), false);
        }
        assert_eq!(arrivals.jobs(at(9_000)).count(), 0);
        // The next launch begins anew.
        arrivals.launched(id(9_000), at(10_000));
        let job = only(&arrivals, 10_100);
        assert_eq!((job.done, job.all, job.failed, job.since), (0, 1, 0, at(10_000)));
    }

    #[test]
    fn launched_and_returning_are_two_jobs_and_each_is_cancelled_alone() {
        let mut arrivals = Arrivals::default();
        (0..3).for_each(|number| arrivals.launched(id(number), at(0)));
        (7..9).for_each(|number| arrivals.returning(id(number), at(5)));
        let works: Vec<Work> = arrivals.jobs(at(10)).map(|job| job.work).collect();
        assert_eq!(works, [Work::Launch, Work::Reconnect]);
        arrivals.answered(&id(1), at(20), false);
        arrivals.gone(&id(0));
        assert_eq!((only_of(&arrivals, Work::Launch).done, only_of(&arrivals, Work::Launch).all), (1, 2));
        assert_eq!(arrivals.cancel(Work::Launch), (vec![id(2)], 2));
        assert_eq!(only(&arrivals, 30).work, Work::Reconnect);
        assert_eq!(arrivals.cancel(Work::Link), (Vec::new(), 0));
    }

    fn only_of(arrivals: &Arrivals, work: Work) -> Job {
        arrivals.jobs(at(20)).find(|job| job.work == work).unwrap()
    }

    #[test]
    fn whoever_never_answers_is_not_waited_for_for_ever() {
        let mut arrivals = Arrivals::default();
        arrivals.returning(id(1), at(0));
        arrivals.pass(at(60_000));
        assert_eq!(arrivals.jobs(at(60_000)).count(), 1);
        arrivals.pass(at(60_001));
        assert_eq!(arrivals.jobs(at(60_001)).count(), 0);
    }
}
