//! How the device went, and how the broker came to know.

use super::{Lane, Standing, Step, spec};
use crate::clock::Moment;
use crate::fleet::{Evidence, Hop, Incident};
use crate::mqtt::{Cause, Fault};
use crate::tui::text::GLUE;
use crate::tui::words;
use std::time::Duration;

/// The end of a connection and its being noticed are one step if they are closer than this.
const ONE: Duration = Duration::from_millis(10);

/// Writes the steps from the last packet to the moment at which the will is due.
pub(super) fn write(steps: &mut Vec<Step>, incident: &Incident) {
    let wire = incident.connection.as_deref();
    let (cut, detected) = (incident.hops.get(Hop::Cut), incident.hops.get(Hop::Detected));
    let has_will = wire.is_none_or(|wire| wire.will.is_some());
    let due = if has_will { ", so its will is due (3.1.2-8)" } else { "" };
    if incident.cause == Cause::KeepAliveTimeout {
        silence(steps, incident, due);
        return;
    }
    // What was frozen fell silent long before somebody took its place.
    let frozen = cut.filter(|_| incident.fault == Some(Fault::Freeze) && incident.cause == Cause::SessionTakenOver);
    if let (Some(at), true) = (frozen, detected.is_some()) {
        fell_silent(steps, incident, at);
    }
    // The first of the two is the end itself; the other is worth a step only if it took its time.
    let Some(at) = cut.or(detected) else { return };
    let how = wire.and_then(|wire| wire.how).unwrap_or_default();
    let (from, to, label, says) = match incident.cause {
        Cause::ConnectionLost => {
            let label = if how.is_empty() { "cut" } else { how };
            (Lane::Device, Lane::Device, label, format!("Gone without DISCONNECT{due}."))
        }
        Cause::SessionTakenOver => {
            let label = spec(wire, "close", "DISCONNECT");
            let rule = spec(wire, "3.1.4-2", "0x8E, 3.1.4-3");
            let says = format!("The broker ends the older of two connections with the same id ({rule}){due}.");
            (Lane::Broker, Lane::Device, label, says)
        }
        Cause::DisconnectWithWill => {
            let says = "It leaves and asks for its will all the same (0x04, 3.14.2.1).".to_owned();
            (Lane::Device, Lane::Broker, "DISCONNECT", says)
        }
        Cause::ProtocolError => {
            let rule = spec(wire, "4.8.0-1", "4.13.1-1");
            let says = format!("A packet that breaks the protocol: the broker must close ({rule}){due}.");
            (Lane::Device, Lane::Broker, "bad packet", says)
        }
        Cause::ServerInitiated => (
            Lane::Broker,
            Lane::Device,
            "close",
            format!("The broker closes, and no DISCONNECT came from the client{due}."),
        ),
        Cause::ClientInitiatedDisconnect => {
            let says = "It leaves cleanly: the broker discards its will (3.14.4-3).".to_owned();
            (Lane::Device, Lane::Broker, "DISCONNECT", says)
        }
        Cause::KeepAliveTimeout | Cause::Unknown => {
            (Lane::Device, Lane::Device, "gone", "It is gone; nothing said how.".to_owned())
        }
    };
    let says = match incident.fault {
        Some(fault) if frozen.is_none() => format!("{} {says}", by_you(fault)),
        _ => says,
    };
    let (at, apart) = match (cut, detected) {
        (Some(_), Some(detected)) if incident.cause == Cause::SessionTakenOver => (detected, None),
        (Some(cut), Some(detected)) if detected.since(cut) >= ONE => (cut, Some(detected)),
        // The broker's doing happens when the broker does it, whatever made it.
        (Some(_), Some(detected)) if from == Lane::Broker => (detected, None),
        _ => (at, None),
    };
    let standing = Standing::Fatal;
    steps.push(Step { standing, ..Step::seen(from, to, label, at, says) });
    if let Some(detected) = apart {
        let says = format!("The broker knows, {} later.", words::span(detected.since(at)));
        steps.push(Step::seen(Lane::Device, Lane::Broker, "end", detected, says));
    }
}

/// Keep alive ran out.
fn silence(steps: &mut Vec<Step>, incident: &Incident, due: &str) {
    let wire = incident.connection.as_deref();
    if let Some(at) = incident.hops.get(Hop::Cut) {
        fell_silent(steps, incident, at);
    }
    let deadline = wire.and_then(|wire| wire.keep_alive.deadline());
    let after = deadline.map_or_else(String::new, |deadline| format!(", {}{GLUE}s", words::seconds(deadline)));
    let rule = spec(wire, "3.1.2-24", "3.1.2-22");
    if let Some(at) = incident.hops.get(Hop::Detected) {
        let says = format!(
            "1.5 × keep alive{after} without a packet: the broker closes as if the network had failed ({rule}){due}."
        );
        let standing = Standing::Fatal;
        steps.push(Step { standing, ..Step::seen(Lane::Broker, Lane::Device, "close", at, says) });
    } else {
        let says = if incident.evidence == Evidence::Inferred {
            format!(
                "1.5 × keep alive{after} has passed: the broker should have closed by now ({rule}). Inferred, not seen."
            )
        } else {
            format!("1.5 × keep alive{after} has passed ({rule}); that the broker closed is known by the will alone.")
        };
        steps.push(Step::unseen(Lane::Broker, Lane::Device, "close", Standing::Absent, says));
    }
}

fn fell_silent(steps: &mut Vec<Step>, incident: &Incident, at: Moment) {
    let says = match incident.fault {
        Some(fault) => format!("{} From here on the broker hears nothing.", by_you(fault)),
        None => "Silent from here on.".to_owned(),
    };
    let standing = Standing::Fatal;
    steps.push(Step { standing, ..Step::seen(Lane::Device, Lane::Device, "silence", at, says) });
}

/// What lwtop did, as a sentence.
fn by_you(fault: Fault) -> String {
    let done = words::done_by_you(fault);
    let mut letters = done.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}
