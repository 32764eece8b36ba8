//! How the news travelled: the will, the rule, the republish, the person; and the way back.

use super::{BACK, Lane, Standing, Step, spec};
use crate::fleet::{Hop, Incident};
use crate::mqtt::Fault;
use crate::tui::action::Action;
use crate::tui::app::App;
use crate::tui::page::Page;
use crate::tui::text::{clean, clean_within};
use crate::tui::{View, told, words};

/// Writes the steps from the will to the person.
pub(super) fn write(steps: &mut Vec<Step>, view: &View<'_>, app: &App, incident: &Incident) {
    let sent = will(steps, view, incident);
    if sent {
        rule(steps, view, app, incident);
        executed(steps, view, incident);
        notified(steps, view, incident);
    }
}

/// True if the will came.
fn will(steps: &mut Vec<Step>, view: &View<'_>, incident: &Incident) -> bool {
    let wire = incident.connection.as_deref();
    let will = wire.and_then(|wire| wire.will.as_ref());
    let topic = clean_within(will.map_or(&view.status.will_topic, |will| &*will.topic), 120);
    let (from, to, label) = (Lane::Broker, Lane::Lwtop, "PUBLISH will");
    if let Some(at) = incident.hops.get(Hop::Will) {
        let held = will.filter(|will| !will.delay.is_zero());
        let held = held.map(|will| format!("After its delay of {} (3.1.3.2.2) ", words::span(will.delay)));
        let kept = will.is_some_and(|will| will.retain);
        let kept = if kept {
            format!(", and keeps it for those to come ({})", spec(wire, "3.1.2-17", "3.1.2-15"))
        } else {
            String::new()
        };
        let the = if held.is_some() { "the" } else { "The" };
        let twice = match incident.wills {
            0 | 1 => String::new(),
            times => format!(" It came {times} times: a broker may publish it once."),
        };
        let held = held.unwrap_or_default();
        let says = format!(
            "{held}{the} broker publishes the will to all who listen to {topic}{kept}: lwtop is one of them.{twice}"
        );
        steps.push(Step::seen(from, to, label, at, says));
        return true;
    }
    let (standing, says) = if incident.missing.contains(&Hop::Will) {
        (Standing::Missing, "The will did not come in time. The broker owes it (3.1.2-8).".to_owned())
    } else if incident.awaited.contains(&Hop::Will) {
        match will.filter(|will| !will.delay.is_zero()) {
            Some(will) => (
                Standing::Awaited,
                format!("The broker holds the will back for {} (3.1.3.2.2).", words::span(will.delay)),
            ),
            None => (Standing::Awaited, "Waiting for the will.".to_owned()),
        }
    } else if wire.is_some_and(|wire| wire.will.is_none()) {
        (Standing::Absent, "There is no will: nobody is told (3.1.2.5).".to_owned())
    } else if incident.delayed && incident.recovered() {
        (Standing::Absent, "Back before the delay was over: the broker must not send the will (3.1.3-9).".to_owned())
    } else if will.is_some() {
        (Standing::Absent, format!("Its will goes to {topic}: whether it was sent, lwtop could not see."))
    } else {
        (Standing::Absent, "No will came; whether it had one is not known.".to_owned())
    };
    steps.push(Step::unseen(from, to, label, standing, says));
    false
}

fn rule(steps: &mut Vec<Step>, view: &View<'_>, app: &App, incident: &Incident) {
    let name = incident.rule.as_ref().map_or_else(|| "a rule".to_owned(), |rule| clean(rule));
    if let Some(at) = incident.hops.get(Hop::Rule) {
        let says = format!("The rule {name} listens, and its WHERE is true of this will.");
        steps.push(Step::seen(Lane::Lwtop, Lane::Rule, name, at, says));
    } else if !view.status.rules.is_empty() && incident.hops.get(Hop::Executed).is_none() {
        let shows = app.keys.press(Action::Show(Page::Rules));
        let says = format!("No rule matched it. {shows} shows what each made of it.");
        steps.push(Step::unseen(Lane::Lwtop, Lane::Rule, "no match", Standing::Absent, says));
    }
}

fn executed(steps: &mut Vec<Step>, view: &View<'_>, incident: &Incident) {
    let topic = clean_within(&view.status.executed_topic, 120);
    let own = incident.hops.get(Hop::Rule).is_some();
    let (from, to) = if own { (Lane::Rule, Lane::Broker) } else { (Lane::Broker, Lane::Lwtop) };
    let label = "PUBLISH";
    if let Some(at) = incident.hops.get(Hop::Executed) {
        let says = if own {
            format!("Republished to {topic}, and seen there as any subscriber sees it.")
        } else {
            format!("Somebody's rule republished it to {topic}.")
        };
        steps.push(Step::seen(from, to, label, at, says));
    } else if incident.missing.contains(&Hop::Executed) {
        let says = format!("The republished message did not arrive on {topic} in time.");
        steps.push(Step::unseen(from, to, label, Standing::Missing, says));
    } else if incident.awaited.contains(&Hop::Executed) {
        steps.push(Step::unseen(from, to, label, Standing::Awaited, format!("Waiting for it on {topic}.")));
    }
}

fn notified(steps: &mut Vec<Step>, view: &View<'_>, incident: &Incident) {
    let (from, to) = (Lane::Rule, Lane::Person);
    if let Some(at) = incident.hops.get(Hop::Notified) {
        let kind = incident.told_by.unwrap_or("notice");
        steps.push(Step::seen(from, to, kind, at, format!("A person knows, by {kind}.")));
        return;
    }
    match (told::failure(view, incident), told::waiting(view, incident)) {
        (Some(why), _) => {
            let colon = if why.is_empty() { "." } else { ": " };
            let says = format!("Nobody was told{colon}{why}");
            steps.push(Step::unseen(from, to, "notice", Standing::Missing, says));
        }
        (None, Some(what)) => {
            steps.push(Step::unseen(from, to, "notice", Standing::Awaited, format!("Awaited: {what}.")));
        }
        (None, None) => {}
    }
}

/// Writes the step of the client for which the broker ended the older one.
pub(super) fn second(steps: &mut Vec<Step>, incident: &Incident) {
    let Some(at) = incident.hops.get(Hop::Recovered) else { return };
    let who = match incident.fault {
        Some(Fault::Takeover) | None => "A second client with the same id connects",
        Some(_) => "It connects anew, while the broker still holds it for connected",
    };
    let rule = spec(incident.connection.as_deref(), "3.1.4-2", "3.1.4-3");
    let says = format!("{who}: the broker must end the older connection ({rule}).");
    steps.push(Step::seen(Lane::Device, Lane::Broker, "CONNECT", at, says));
}

/// Writes the step of the return.
pub(super) fn recovered(steps: &mut Vec<Step>, view: &View<'_>, app: &App, incident: &Incident) {
    if let Some(at) = incident.hops.get(Hop::Recovered) {
        let first = incident.hops.first().unwrap_or(at);
        let says = if at > first {
            format!("It is back, after {}.", words::span(at.since(first)))
        } else {
            "The client that is there from now on.".to_owned()
        };
        steps.push(Step::seen(Lane::Device, Lane::Broker, BACK, at, says));
        return;
    }
    let device = view.device(&incident.client);
    let says = match device {
        None => "It was deleted.",
        Some(device) if device.incident != Some(incident.id) => {
            "It was not seen to come back before it died once more."
        }
        Some(device) if device.launched() && !app.read_only => {
            &app.keys.tell("Not back yet: {reconnect} brings it back.")
        }
        Some(_) => "Not back yet.",
    };
    steps.push(Step::unseen(Lane::Device, Lane::Broker, "CONNECT", Standing::Awaited, says));
}
