//! Whether what is expected is there.

use super::ledger::Ledger;
use super::script::{Facts, Text};
use super::words;
use crate::figures::grouped;
use crate::fleet::{Fleet, Hop, Incident, IncidentPhase, Incoming, Presence};
use crate::mqtt::{ClientId, TopicFilter, TopicName};

/// What a look showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look {
    /// It is so; what there is, in words.
    Is(String),
    /// It is not so yet; what there is instead, in words.
    IsNot(String),
    /// It is not so, and will not become so.
    Never(String),
}

/// Looks at devices: all are to be so. `from` is where to begin: the one that was not so the last time most likely still
/// is not, so that a thousand are not looked at for each of their messages.
#[must_use]
pub fn at_devices(devices: &[ClientId], from: &mut usize, facts: &Facts, ledger: &Ledger, fleet: &Fleet) -> Look {
    if let [one] = devices {
        return at_device(one, facts, ledger, fleet);
    }
    let count = devices.len();
    for place in (0..count).map(|offset| (*from + offset) % count.max(1)) {
        let look = at_device(&devices[place], facts, ledger, fleet);
        if !matches!(look, Look::Is(_)) {
            *from = place;
            return look;
        }
    }
    Look::Is(format!("all {}", grouped(count as u64)))
}

/// How many of `devices` are not so.
#[must_use]
pub fn others(devices: &[ClientId], facts: &Facts, ledger: &Ledger, fleet: &Fleet) -> usize {
    devices.iter().filter(|device| !matches!(at_device(device, facts, ledger, fleet), Look::Is(_))).count()
}

fn at_device(id: &ClientId, facts: &Facts, ledger: &Ledger, fleet: &Fleet) -> Look {
    let Some(device) = fleet.find(id.as_str()).and_then(|key| fleet.device(key)) else {
        return Look::IsNot(format!("{id} is not there"));
    };
    let incident = ledger.incident(id, fleet);
    let is_not = |what: String| Look::IsNot(format!("{id} {what}"));
    if facts.presence.is_some_and(|presence| presence != device.presence.name()) {
        let trouble = device.trouble.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
        return is_not(format!("is {}{trouble}", device.presence.name()));
    }
    if facts.evidence.is_some() && facts.evidence != device.evidence {
        let known = device.evidence.map_or("not known", |evidence| evidence.name());
        return is_not(format!("is {}, and that is known by: {known}", device.presence.name()));
    }
    if let Some(wanted) = facts.cause {
        let now = match device.presence {
            Presence::Offline { cause } => Some(cause),
            _ => None,
        };
        let found = [now, incident.map(|incident| incident.cause)];
        if !found.contains(&Some(wanted)) {
            return is_not(found.into_iter().flatten().next().map_or_else(
                || format!("is {}, nothing has happened to it", device.presence.name()),
                |cause| format!("went another way: {}", cause.words()),
            ));
        }
    }
    let wills = ledger.wills(id);
    match facts.will {
        Some(true) if wills == 0 => return is_not("has had no will published".to_owned()),
        Some(false) if wills > 0 => return Look::Never(format!("the will of {id} was published")),
        _ => {}
    }
    if let Some(wanted) = facts.wills
        && wanted != wills
    {
        let text = format!("the will of {id} came {}", words::times(wills));
        return if wills > wanted { Look::Never(text) } else { Look::IsNot(text) };
    }
    match in_story(id, facts, incident) {
        Some(look) => look,
        None => Look::Is(words::found(device, incident, wills)),
    }
}

/// What is not as wanted in the story of a death; `None` if all is.
fn in_story(id: &ClientId, facts: &Facts, incident: Option<&Incident>) -> Option<Look> {
    let hop = |hop: Hop| incident.and_then(|incident| incident.hops.get(hop));
    if let Some(missing) = facts.hops.iter().find(|wanted| hop(**wanted).is_none()) {
        return Some(Look::IsNot(format!("the hop {} of {id} was not seen", missing.name())));
    }
    if let Some(seen) = facts.without.iter().find(|unwanted| hop(**unwanted).is_some()) {
        return Some(Look::Never(format!("the hop {} of {id} was seen", seen.name())));
    }
    if facts.in_order
        && let Some(pair) = facts.hops.windows(2).find(|pair| hop(pair[0]) > hop(pair[1]))
    {
        return Some(Look::Never(format!("the hop {} of {id} came after {}", pair[0].name(), pair[1].name())));
    }
    let phase = facts.phase?;
    let is = incident.is_some_and(|incident| match phase {
        IncidentPhase::Complete => incident.reported && incident.missing.iter().all(|hop| *hop == Hop::Notified),
        IncidentPhase::Overdue => incident.reported && incident.missing.iter().any(|hop| *hop != Hop::Notified),
        IncidentPhase::Notified => incident.hops.get(Hop::Notified).is_some(),
        IncidentPhase::Recovered => incident.recovered(),
    });
    (!is).then(|| match incident {
        Some(_) => Look::IsNot(format!("the incident of {id} is not {}", words::phase(phase))),
        None => Look::IsNot(format!("{id} has had no incident")),
    })
}

/// Looks at the messages on `topic`.
#[must_use]
pub fn at_messages(
    messages: &[Incoming],
    topic: &TopicFilter,
    text: Option<&Text>,
    retained: Option<bool>,
    count: Option<usize>,
) -> Look {
    let on_topic = || messages.iter().filter(|message| topic.matches(&message.topic));
    let fits = |message: &&Incoming| {
        retained.is_none_or(|retained| retained == message.retain)
            && text.is_none_or(|text| text.fits(&message.payload))
    };
    let found = on_topic().filter(fits).count();
    let last = on_topic().filter(fits).last();
    let shown = |message: &Incoming| words::message(&message.topic, &message.payload);
    match (count, last) {
        (Some(wanted), _) if found > wanted => Look::Never(format!("it came {}", words::times(words::number(found)))),
        (Some(wanted), _) if found < wanted => Look::IsNot(format!("it came {}", words::times(words::number(found)))),
        (Some(0), _) => Look::Is("none came".to_owned()),
        (_, Some(message)) => Look::Is(shown(message)),
        (_, None) => Look::IsNot(match on_topic().last() {
            Some(other) => format!("what came is {}", shown(other)),
            None => "none came".to_owned(),
        }),
    }
}

/// Looks at what a new subscriber to `topic` was given.
#[must_use]
pub fn at_kept(topic: &TopicName, given: &[Incoming], text: Option<&Text>) -> Look {
    let told = |what: &str| format!("a new subscriber to {topic} is given {what}");
    match (given.last(), text) {
        (None, None) => Look::Is(told("nothing")),
        (Some(message), Some(text)) if text.fits(&message.payload) => Look::Is(told(&words::payload(&message.payload))),
        (Some(message), _) => Look::Never(told(&words::payload(&message.payload))),
        (None, Some(_)) => Look::Never(told("nothing")),
    }
}
