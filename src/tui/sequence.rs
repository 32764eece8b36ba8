//! An incident as a sequence: who sent what to whom, when, and one sentence a step that says what the protocol did and
//! why. The spec's numbers are those of the version that the device spoke. Text only: no colours, no places.

use super::View;
use super::app::App;
use super::text::{GLUE, clean_within};
use super::words;
use crate::clock::Moment;
use crate::fleet::{Connection, Evidence, Hop, Incident};
use crate::mqtt::{Cause, Protocol};
use std::time::Duration;

mod ending;
mod news;

/// Who takes part, from left to right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    /// The device.
    Device,
    /// The broker.
    Broker,
    /// lwtop as a subscriber.
    Lwtop,
    /// The rule.
    Rule,
    /// Whoever is told.
    Person,
}

impl Lane {
    /// Every lane, from left to right.
    pub const ALL: [Self; 5] = [Self::Device, Self::Broker, Self::Lwtop, Self::Rule, Self::Person];

    /// Its name above the ladder.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::Broker => "broker",
            Self::Lwtop => "lwtop",
            Self::Rule => "rule",
            Self::Person => "person",
        }
    }
}

/// How sure a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It was seen.
    Seen,
    /// It was the end of the device.
    Fatal,
    /// It is still to come.
    Awaited,
    /// It should have come and did not.
    Missing,
    /// Nothing was to come, or nothing can be known.
    Absent,
}

/// One line of the ladder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Who sends.
    pub from: Lane,
    /// Who receives; the same as `from` for what happens at one place.
    pub to: Lane,
    /// What is sent: `CONNECT`, `PUBLISH will`, …
    pub label: String,
    /// When it was seen.
    pub at: Option<Moment>,
    /// How sure it is.
    pub standing: Standing,
    /// What the protocol did and why.
    pub says: String,
}

impl Step {
    fn seen(from: Lane, to: Lane, label: impl Into<String>, at: Moment, says: impl Into<String>) -> Self {
        Self { from, to, label: label.into(), at: Some(at), standing: Standing::Seen, says: says.into() }
    }

    fn unseen(from: Lane, to: Lane, label: impl Into<String>, standing: Standing, says: impl Into<String>) -> Self {
        Self { from, to, label: label.into(), at: None, standing, says: says.into() }
    }
}

/// The number of a rule of MQTT, by the version that was spoken. Where that is not known, it is the older one.
fn spec(wire: Option<&Connection>, v311: &'static str, v5: &'static str) -> &'static str {
    match wire.map(|wire| wire.protocol) {
        Some(Protocol::V5) => v5,
        _ => v311,
    }
}

/// The steps of `incident` in the order of time; `app` names the keys that help. What has no time stands where the story expects it.
#[must_use]
pub fn steps(view: &View<'_>, app: &App, incident: &Incident) -> Vec<Step> {
    let mut steps = Vec::new();
    match incident.connection.as_deref() {
        Some(wire) => before(&mut steps, wire),
        None => steps.push(Step::unseen(
            Lane::Device,
            Lane::Device,
            "not seen",
            Standing::Absent,
            match incident.evidence {
                Evidence::Lifecycle => {
                    "Its connection did not come through lwtop: the broker's presence event tells of its end."
                }
                _ => "Its connection did not come through lwtop: only its will tells of its end.",
            },
        )),
    }
    // The only story whose end comes before its beginning: the second client is why the first goes.
    let taken = taken_over(incident);
    if taken {
        news::second(&mut steps, incident);
    }
    ending::write(&mut steps, incident);
    news::write(&mut steps, view, app, incident);
    if !taken {
        news::recovered(&mut steps, view, app, incident);
    }
    // Stable: what has no time stays behind what has, and what was seen a blink before its cause stays behind that.
    let mut last = Moment::default();
    let mut timed: Vec<(Moment, Step)> = Vec::with_capacity(steps.len());
    for step in steps {
        let at = step.at.filter(|at| *at >= last || step.label == BACK || last.since(*at) > BLINK).unwrap_or(last);
        // The way back is no place to go on from.
        if step.label != BACK {
            last = last.max(at);
        }
        timed.push((at, step));
    }
    timed.sort_by_key(|(at, _)| *at);
    timed.into_iter().map(|(_, step)| step).collect()
}

/// Several connections tell of one story, and each has its own delay: within this, cause and effect stand in their order,
/// whichever was seen first. Beyond it the times themselves would contradict that order.
const BLINK: Duration = Duration::from_millis(10);

/// How much later the second client may be seen to come than the end that it is the cause of.
const ONE_MOMENT: Duration = Duration::from_millis(100);

/// Whether the client that is there now is the one for which the broker ended the older one.
fn taken_over(incident: &Incident) -> bool {
    let (closed, opened) = (incident.hops.get(Hop::Detected), incident.hops.get(Hop::Recovered));
    let (Some(closed), Some(opened)) = (closed, opened) else { return false };
    incident.cause == Cause::SessionTakenOver && opened <= closed + ONE_MOMENT
}

/// The label of the device's return.
const BACK: &str = "CONNECT again";

/// What happened while it was well.
fn before(steps: &mut Vec<Step>, wire: &Connection) {
    let wire_or = |v311, v5| spec(Some(wire), v311, v5);
    let keep_alive = match wire.keep_alive.0 {
        0 => "no keep alive".to_owned(),
        seconds => format!("keep alive {seconds}{GLUE}s"),
    };
    let says = match &wire.will {
        Some(will) => {
            let delay = if will.delay.is_zero() {
                String::new()
            } else {
                format!(", and to hold it back for {} (3.1.3.2.2)", words::span(will.delay))
            };
            format!(
                "It connects with {keep_alive} and leaves its will with the broker, to be kept for {} at QoS{GLUE}{}{delay} \
                 ({}).",
                clean_within(&will.topic, 120),
                will.qos.as_u8(),
                wire_or("3.1.2-8", "3.1.2-7")
            )
        }
        None => format!("It connects with {keep_alive} and without a will: nothing will tell of its death (3.1.2.5)."),
    };
    let label = if wire.will.is_some() { "CONNECT, will" } else { "CONNECT" };
    steps.push(Step::seen(Lane::Device, Lane::Broker, label, wire.opened, says));
    if let Some(at) = wire.last_ping.filter(|at| *at == wire.last_packet && *at > wire.opened) {
        let says = format!(
            "It has nothing else to say: PINGREQ shows that it is still there ({}).",
            wire_or("3.1.2-23", "3.1.2-20")
        );
        steps.push(Step::seen(Lane::Device, Lane::Broker, "PINGREQ", at, says));
    } else if wire.last_packet > wire.opened {
        let says = match wire.keep_alive.deadline() {
            Some(deadline) => format!(
                "The last packet that came from it: without another, the broker closes after {} ({}).",
                words::span(deadline),
                wire_or("3.1.2-24", "3.1.2-22")
            ),
            None => "The last packet that came from it.".to_owned(),
        };
        steps.push(Step::seen(Lane::Device, Lane::Broker, "last packet", wire.last_packet, says));
    }
}

/// How long after the first hop a step came; nothing for the first hop itself, and for what went before.
#[must_use]
pub fn offset(incident: &Incident, at: Moment) -> Option<Duration> {
    let first = incident.hops.first()?;
    (at > first).then(|| at.since(first))
}
