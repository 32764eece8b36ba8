//! `lwtop device`.

use super::setup::{self, Single};
use super::{Failure, executor, signals};
use crate::cli::DeviceArgs;
use crate::device::{Plan, Received, Solo, SoloError, Step, Target};
use crate::hub::limits;
use crate::mqtt::{ClientId, Fault};
use std::fmt::Write as _;
use std::io::{Write, stderr, stdout};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::task::JoinSet;

pub(super) fn run(args: &DeviceArgs) -> Result<(), Failure> {
    let Single { route, template, id, listens } = setup::device(args)?;
    let plan = Plan { sleep: args.sleep, fault: Some(args.fault) };
    let solo = Solo::new(Target::from(route), template, plan).map_err(|error| Failure::Usage(error.to_string()))?;
    let solo = Arc::new(match listens {
        Some(filter) => solo.listening(filter),
        None => solo,
    });
    let ids: Vec<ClientId> = std::iter::once(ClientId::from(id.as_str()))
        .chain((2..=args.count).map(|number| ClientId::new(format!("{id}-{number}"))))
        .collect();
    // A takeover opens a second connection.
    let each = if args.fault == Fault::Takeover { 2 } else { 1 };
    limits::room(limits::raise_open_files(), 0, ids.len(), each).map_err(Failure::Runtime)?;
    let ones: Vec<_> = ids.into_iter().map(|id| Arc::new(One { id, connected: AtomicBool::new(false) })).collect();
    executor()?.block_on(async {
        let stop =
            signals::asked_to_end().map_err(|error| Failure::Runtime(format!("signals cannot be handled: {error}")))?;
        tokio::select! {
            result = live(&solo, &ones) => result,
            // As when the article's script is interrupted: the process ends, the socket closes, the will is due.
            () = stop => {
                for one in ones.iter().filter(|one| one.connected.load(Ordering::Acquire)) {
                    say(&solo, &one.id, ones.len() == 1, &Step::Dying(None));
                }
                Ok(())
            }
        }
    })
}

/// One of the devices.
struct One {
    id: ClientId,
    /// Whether its socket is open, and nothing has been said of its end but that it falls silent.
    connected: AtomicBool,
}

impl One {
    fn note(&self, step: &Step) {
        let connected = match step {
            Step::Connected(_) => true,
            Step::Dying(fault) => *fault == Some(Fault::Freeze),
            Step::ClosedByBroker => false,
            _ => return,
        };
        self.connected.store(connected, Ordering::Release);
    }
}

/// Lets all of them live and die. What goes wrong with one of several is told at once, and keeps no other from its life.
async fn live(solo: &Arc<Solo>, ones: &[Arc<One>]) -> Result<(), Failure> {
    let alone = ones.len() == 1;
    let mut lives = JoinSet::new();
    for one in ones {
        let (solo, one) = (Arc::clone(solo), Arc::clone(one));
        lives.spawn(async move {
            let tell = |step| {
                one.note(&step);
                say(&solo, &one.id, alone, &step);
            };
            let life = solo.run(&one.id, tell).await;
            one.connected.store(false, Ordering::Release);
            life
        });
    }
    let mut failed = false;
    while let Some(life) = lives.join_next().await {
        let error = match life {
            Ok(Ok(())) => continue,
            Ok(Err(error)) => error,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        };
        if alone {
            return Err(failure(&error));
        }
        failed = true;
        // Nothing is left to tell that standard error is closed.
        let _ = writeln!(stderr(), "error: {error}");
    }
    if failed { Err(Failure::Answer(1)) } else { Ok(()) }
}

fn failure(error: &SoloError) -> Failure {
    Failure::Runtime(error.to_string())
}

/// Tells a step in one line.
fn say(solo: &Solo, id: &ClientId, alone: bool, step: &Step) {
    let text = match step {
        Step::Connected(keep_alive) => format!("connected to {}, keep alive {} s", solo.target(), keep_alive.0),
        Step::Subscribed(filter) => format!("subscribed to {filter}"),
        Step::Announced => match solo.template().announcement_of(id) {
            Some((topic, payload)) => format!("Published topic {topic}: {}", one_line(&payload)),
            None => return,
        },
        Step::Received(Received { topic, payload, left_out }) => {
            let payload = one_line(&String::from_utf8_lossy(payload));
            let rest = if *left_out > 0 { format!("… and {left_out} bytes more") } else { String::new() };
            format!("Received a new message from topic {}: {payload}{rest}", one_line(topic))
        }
        Step::Sleeping(time) => format!("sleeping for {} s", time.as_secs_f64()),
        Step::Dying(fault) => {
            let fault = fault.unwrap_or(Fault::Fin);
            let will = match (&solo.template().will, fault.sends_will()) {
                (None, _) => "it has no will",
                (Some(_), true) => "the broker is to publish its will",
                (Some(_), false) => "its will is discarded",
            };
            format!("dying: {}, {}; {will}", fault.title(), fault.what_happens())
        }
        Step::ClosedByBroker => "the broker closed the connection".to_owned(),
        Step::NotClosed => "the broker should have closed the connection by now, and has not".to_owned(),
    };
    let text = match (alone, step) {
        // The broker gives such a device an id, which it tells in MQTT 5 alone (3.1.3-6).
        (true, Step::Connected(_)) if id.as_str().is_empty() => format!("a device without a client id {text}"),
        (true, Step::Connected(_)) => format!("{id} {text}"),
        (true, _) => text,
        (false, _) => format!("{id}: {text}"),
    };
    // Whoever closes standard output does not want to know.
    let _ = writeln!(stdout(), "{text}");
}

/// A text from the network, or a person's, in one line and without what moves a terminal's cursor.
fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() {
            let _ = write!(line, "{}", c.escape_default());
        } else {
            line.push(c);
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::one_line;

    #[test]
    fn what_arrives_moves_no_cursor() {
        assert_eq!(one_line("{\n \"a\": \"é\u{1b}[2J\u{9b}\"}"), "{\\n \"a\": \"é\\u{1b}[2J\\u{9b}\"}");
    }
}
