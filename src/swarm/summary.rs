//! What is said in the end, to people and to machines.

use crate::figures::grouped;
use crate::ledger::{Account, Spread, Standing, Totals};
use crate::mqtt::Fault;
use serde::Serialize;
use serde_json::{Map, Value};
use std::fmt;
use std::time::Duration;

/// Said where it is known; 3.1.1 has no word for it.
const ROBBED: &str = "taken over by another client with the same id: choose other ids with --id";

/// What came of a swarm.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// Where it was.
    pub broker: String,
    /// How many devices there were to be.
    pub count: usize,
    /// How long it took from the start to the last will, in seconds.
    pub seconds: f64,
    /// How the devices came.
    pub launch: Launch,
    /// Connections.
    pub connects: Connects,
    /// How many storms there were.
    pub storms: u64,
    /// Deaths on purpose, by fault.
    pub deaths: Map<String, Value>,
    /// PUBLISH packets that devices sent.
    pub published: u64,
    /// How many devices were how in the end.
    pub presence: Presence,
    /// What came of the deaths.
    pub wills: Wills,
    /// From cuts to their wills, in milliseconds; null if there were none.
    pub cut_to_will_ms: Option<Percentiles>,
    /// From freezes to their wills, in milliseconds; null if there were none.
    pub freeze_to_will_ms: Option<Percentiles>,
    /// How often lwtop's own link went down.
    pub link_losses: u64,
    /// Whether every will that had to come came, exactly once, and no other.
    pub exactly_once: bool,
}

/// How the devices came.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Launch {
    /// Devices that connected at least once.
    pub connected: usize,
    /// From the first launch to the last device's first CONNACK.
    pub seconds: f64,
    /// Devices a second, over that time.
    pub per_second: f64,
}

/// Connections.
#[derive(Clone, Debug, Serialize)]
pub struct Connects {
    /// Those that CONNACK accepted.
    pub accepted: u64,
    /// Those among them of devices that had been connected before.
    pub reconnects: u64,
    /// Attempts that failed.
    pub failed: u64,
    /// Why, and what is known of those that were dropped.
    pub reasons: Vec<Reason>,
    /// Connections that ended without the swarm's doing.
    pub dropped: u64,
}

/// A reason and how often it was one.
#[derive(Clone, Debug, Serialize)]
pub struct Reason {
    /// In words.
    pub why: String,
    /// How often.
    pub count: u64,
}

/// How many devices were how in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Presence {
    /// Connected.
    pub online: usize,
    /// Silent on an open socket.
    pub frozen: usize,
    /// Not connected any more.
    pub offline: usize,
    /// Never connected.
    pub never_connected: usize,
}

/// What came of the deaths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Wills {
    /// Wills that had to come.
    pub expected: u64,
    /// Those that came.
    pub received: u64,
    /// Those among them that came after they had been given up.
    pub late: u64,
    /// Those that did not come in time.
    pub lost: u64,
    /// Those of which it cannot be known, because lwtop's own link was down.
    pub unseen: u64,
    /// Those that were still awaited when it was stopped.
    pub awaited: u64,
    /// Wills that came a second time.
    pub duplicated: u64,
    /// Wills of devices that had not died.
    pub unexpected: u64,
    /// Wills of dropped connections, which may have one or not.
    pub unforced: u64,
    /// Messages on the wills' topic that name no device of the swarm.
    pub foreign: u64,
}

/// How long something took, in milliseconds.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Percentiles {
    /// How often.
    pub count: u64,
    /// Half took no longer.
    pub p50: f64,
    /// Nine of ten took no longer.
    pub p90: f64,
    /// 99 of a hundred took no longer.
    pub p99: f64,
    /// None took longer.
    pub max: f64,
}

impl Percentiles {
    fn of(spread: &Spread) -> Option<Self> {
        let at = |percent| millis(spread.percentile(percent));
        (!spread.is_empty()).then(|| Self {
            count: spread.len(),
            p50: at(50.0),
            p90: at(90.0),
            p99: at(99.0),
            max: at(100.0),
        })
    }
}

impl Summary {
    pub(super) fn new(
        broker: String,
        count: usize,
        time: Duration,
        (storms, published): (u64, u64),
        totals: &Totals,
    ) -> Self {
        let standing = |standing| totals.standing(standing);
        let connected = standing(Standing::Up) + standing(Standing::Frozen) + standing(Standing::Down);
        let launch_time = totals.launch_time().unwrap_or_default().as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "nobody has 2^52 devices")]
        let per_second = if launch_time > 0.0 { (connected as f64 / launch_time * 10.0).round() / 10.0 } else { 0.0 };
        let died = |fault: &Fault| totals.deaths[*fault as usize];
        Self {
            broker,
            count,
            seconds: rounded(time),
            launch: Launch { connected, seconds: launch_time, per_second },
            connects: Connects {
                accepted: totals.connects,
                reconnects: totals.reconnects,
                failed: totals.failed,
                reasons: reasons(totals),
                dropped: totals.ended,
            },
            storms,
            deaths: Fault::ALL
                .iter()
                .filter(|fault| died(fault) > 0)
                .map(|fault| (fault.name().to_owned(), died(fault).into()))
                .collect(),
            published,
            presence: Presence {
                online: standing(Standing::Up),
                frozen: standing(Standing::Frozen),
                offline: standing(Standing::Down),
                never_connected: count - connected,
            },
            wills: Wills {
                expected: totals.expected(),
                received: totals.received,
                late: totals.late,
                lost: totals.lost(),
                unseen: totals.unseen(),
                awaited: totals.awaited(),
                duplicated: totals.duplicated,
                unexpected: totals.unexpected,
                unforced: totals.unforced,
                foreign: totals.foreign,
            },
            cut_to_will_ms: Percentiles::of(&totals.cut_to_will),
            freeze_to_will_ms: Percentiles::of(&totals.freeze_to_will),
            link_losses: totals.link_losses,
            exactly_once: totals.exactly_once(),
        }
    }
}

/// Why connects failed, and that somebody else uses the same client ids, where that is known.
fn reasons(totals: &Totals) -> Vec<Reason> {
    let failed = totals.reasons.iter().map(|(why, count)| Reason { why: why.clone(), count: *count });
    let robbed = (totals.robbed > 0).then(|| Reason { why: ROBBED.to_owned(), count: totals.robbed });
    failed.chain(robbed).collect()
}

/// What is known of one device in the end, as a JSON object.
#[must_use]
pub fn line(account: &Account) -> Value {
    let presence = match account.standing {
        Standing::New => "never-connected",
        Standing::Up => "online",
        Standing::Frozen => "frozen",
        Standing::Down => "offline",
    };
    let Account { id, connects, deaths, wills, .. } = account;
    serde_json::json!({
        "device": id.as_str(), "presence": presence, "connects": connects, "deaths": deaths, "wills": wills
    })
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { launch, connects, wills, presence, .. } = self;
        writeln!(f, "{} devices on {}, {:.1} s", grouped(self.count as u64), self.broker, self.seconds)?;
        write!(f, "launch      {} connected in {:.2} s", grouped(launch.connected as u64), launch.seconds)?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is no less than 0, and for a person"
        )]
        let per_second = launch.per_second.round() as u64;
        writeln!(f, ", {}/s", grouped(per_second))?;
        write!(f, "connects    {} accepted", grouped(connects.accepted))?;
        some(f, connects.reconnects, "of them again")?;
        some(f, connects.failed, "failed")?;
        some(f, connects.dropped, "dropped")?;
        writeln!(f)?;
        for Reason { why, count } in &connects.reasons {
            writeln!(f, "            {} × {why}", grouped(*count))?;
        }
        let known = connects.reasons.iter().any(|reason| reason.why == ROBBED);
        if !known && connects.dropped > 0 && wills.duplicated + wills.unexpected > 0 {
            let sign = "dropped, and wills of nobody's death";
            writeln!(f, "            {sign}: another client may use the same ids (choose others with --id)")?;
        }
        let deaths: Vec<_> = self
            .deaths
            .iter()
            .map(|(fault, count)| format!("{} {fault}", grouped(count.as_u64().unwrap_or_default())))
            .collect();
        if !deaths.is_empty() {
            writeln!(f, "deaths      {}", deaths.join(", "))?;
        }
        write!(f, "in the end  {} offline", grouped(presence.offline as u64))?;
        some(f, presence.online as u64, "online")?;
        some(f, presence.frozen as u64, "frozen")?;
        some(f, presence.never_connected as u64, "never connected")?;
        writeln!(f)?;
        write!(f, "wills       {} expected, {} received", grouped(wills.expected), grouped(wills.received))?;
        write!(f, ", {} lost, {} duplicated", grouped(wills.lost), grouped(wills.duplicated))?;
        some(f, wills.unexpected, "unexpected")?;
        some(f, wills.unseen, "not to be seen while the link was down")?;
        some(f, wills.awaited, "still awaited")?;
        some(f, wills.late, "late")?;
        some(f, wills.unforced, "of dropped connections")?;
        writeln!(f)?;
        for (name, spread) in [("cut → will", self.cut_to_will_ms), ("freeze→will", self.freeze_to_will_ms)] {
            if let Some(Percentiles { p50, p90, p99, max, .. }) = spread {
                writeln!(f, "{name:<12}half in {p50:.1} ms, 90 % in {p90:.1}, 99 % in {p99:.1}, all in {max:.1}")?;
            }
        }
        if wills.expected > 0 || !self.exactly_once {
            let wrong = wills.lost + wills.awaited + wills.duplicated + wills.unexpected > 0;
            let verdict = match (self.exactly_once, wrong) {
                (true, _) => "every will came, exactly once",
                (false, true) => "NOT every will came exactly once",
                (false, false) => "every will that could be seen came, exactly once",
            };
            writeln!(f, "{verdict}")?;
        }
        Ok(())
    }
}

/// `, 12 failed`, if there are some.
fn some(f: &mut fmt::Formatter<'_>, count: u64, what: &str) -> fmt::Result {
    if count > 0 { write!(f, ", {} {what}", grouped(count)) } else { Ok(()) }
}

fn millis(time: Duration) -> f64 {
    // Whole microseconds.
    (time.as_secs_f64() * 1e6).round() / 1e3
}

fn rounded(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e3).round() / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Moment;
    use crate::ledger::{Ledger, Terms};
    use crate::mqtt::{Cause, ConnId, KeepAlive};

    #[test]
    fn who_shares_its_ids_is_told_so() {
        let terms = Terms { will: true, delay: Duration::ZERO, clean: true, patience: Duration::from_secs(1) };
        let now = Moment::default();
        let told = |story: &dyn Fn(&mut Ledger)| {
            let mut ledger = Ledger::new(terms);
            ledger.launched("d".into(), now);
            ledger.opened(&"d".into(), ConnId(1), KeepAlive(30), now);
            story(&mut ledger);
            ledger.settle();
            let summary = Summary::new("b".to_owned(), 1, Duration::ZERO, (0, 0), ledger.totals());
            (ledger.totals().robbed, summary.to_string().matches("with --id").count())
        };
        let close = |ledger: &mut Ledger, conn, cause| {
            ledger.closed(&"d".into(), ConnId(conn), cause, now);
        };
        let open = |ledger: &mut Ledger, conn| {
            ledger.opened(&"d".into(), ConnId(conn), KeepAlive(30), now);
        };
        let will = |ledger: &mut Ledger| ledger.will(Some(&"d".into()), now);
        // As the device hears it, in MQTT 5.
        assert_eq!(told(&|ledger| close(ledger, 1, Cause::SessionTakenOver)), (1, 1));
        // As the gateway sees it.
        let seen = |ledger: &mut Ledger| {
            open(ledger, 2);
            close(ledger, 1, Cause::SessionTakenOver);
        };
        assert_eq!(told(&seen), (1, 1));
        // Its own takeovers, in either order, and the return of a frozen one.
        for fault in [Fault::Takeover, Fault::Freeze] {
            let first = |ledger: &mut Ledger| {
                ledger.faulted(&"d".into(), fault, now);
                seen(ledger);
            };
            let last = |ledger: &mut Ledger| {
                ledger.faulted(&"d".into(), fault, now);
                close(ledger, 1, Cause::SessionTakenOver);
                open(ledger, 2);
            };
            assert_eq!((told(&first), told(&last)), ((0, 0), (0, 0)), "{fault}");
        }
        // Without a word for it, there are only signs: wills that no death of the swarm explains.
        assert_eq!(told(&|ledger| close(ledger, 1, Cause::ServerInitiated)), (0, 0));
        let sign = |ledger: &mut Ledger| {
            close(ledger, 1, Cause::ServerInitiated);
            (0..3).for_each(|_| will(ledger));
        };
        assert_eq!(told(&sign), (0, 1));
    }

    #[test]
    fn the_verdict_says_no_more_than_is_known() {
        let terms = Terms { will: true, delay: Duration::ZERO, clean: true, patience: Duration::from_secs(1) };
        let (mut ledger, mut now) = (Ledger::new(terms), Moment::default());
        let verdict = |ledger: &Ledger| {
            let summary = Summary::new("b".to_owned(), 1, Duration::ZERO, (0, 0), ledger.totals());
            summary.to_string().lines().last().unwrap().to_owned()
        };
        let mut die = |ledger: &mut Ledger| {
            ledger.opened(&"d".into(), ConnId(1), KeepAlive(30), now);
            ledger.faulted(&"d".into(), Fault::Fin, now);
            now = now + Duration::from_millis(1);
            now
        };
        ledger.launched("d".into(), Moment::default());
        let at = die(&mut ledger);
        assert_eq!(verdict(&ledger), "NOT every will came exactly once");
        ledger.will(Some(&"d".into()), at);
        assert_eq!(verdict(&ledger), "every will came, exactly once");
        die(&mut ledger);
        ledger.link_down();
        assert_eq!(verdict(&ledger), "every will that could be seen came, exactly once");
        ledger.will(Some(&"d".into()), at);
        ledger.will(Some(&"d".into()), at);
        ledger.settle();
        assert_eq!(verdict(&ledger), "NOT every will came exactly once");
    }
}
