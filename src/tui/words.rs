//! What a device's state is called, and its story in a sentence. Text only: no colours, no places.

use super::text::{GLUE, clean_within};
use crate::clock::Moment;
use crate::figures::unbroken;
use crate::fleet::{Device, Evidence, Fleet, Hop, Incident, LinkState, Presence, Via, WillSent, beginning};
use crate::mqtt::{Cause, ClientId, Fault, Scheme};
use jiff::tz::TimeZone;
use std::time::Duration;

/// How a presence is shown everywhere: a glyph and a word, so that no colour is needed to tell them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Badge {
    /// One column.
    pub glyph: &'static str,
    /// One or two words.
    pub word: &'static str,
    /// What is said of a presence that is not certain.
    pub doubt: Option<&'static str>,
}

/// The badge of `device`.
#[must_use]
pub const fn badge(device: &Device) -> Badge {
    let (glyph, word) = match device.presence {
        Presence::Online => ("●", "online"),
        Presence::Overdue => ("◐", "overdue"),
        Presence::Offline { cause: Cause::ClientInitiatedDisconnect } => ("○", "left"),
        Presence::Offline { cause } => ("✖", cause.word()),
        Presence::Unknown => ("?", "unknown"),
    };
    let doubt = match device.evidence {
        Some(Evidence::Inferred) => Some("inferred"),
        Some(Evidence::Retained) => Some("retained"),
        _ => None,
    };
    Badge { glyph, word, doubt }
}

/// What a connection runs over, where it is not TCP alone.
#[must_use]
pub const fn way(scheme: Scheme) -> Option<&'static str> {
    match scheme {
        Scheme::Mqtt => None,
        Scheme::Mqtts => Some("TLS"),
        Scheme::Ws => Some("WebSocket"),
        Scheme::Wss => Some("WebSocket over TLS"),
    }
}

/// How a connection came in, and who it is by its certificate.
#[must_use]
pub fn door(via: &Via) -> String {
    let way = way(via.scheme).unwrap_or("TCP");
    match &via.identity {
        Some(name) => format!("{way} · certificate of {}", clean_within(name, 60)),
        None => way.to_owned(),
    }
}

/// An age and the moment at which it reads differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Age {
    /// Such as `12 s`, `4 m`, `3 h`, `2 d`.
    pub text: String,
    /// When the text changes.
    pub changes: Moment,
}

/// A number of things with its thousands apart: `2 003`.
#[must_use]
pub fn number(number: impl TryInto<u64>) -> String {
    unbroken(number.try_into().unwrap_or(u64::MAX))
}

/// So many a second, without more digits than mean something.
#[must_use]
pub fn rate(rate: f64) -> String {
    if !rate.is_finite() || rate <= 0.0 {
        return "0".to_owned();
    }
    if rate < 10.0 {
        return format!("{rate:.1}");
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is positive, and for a person")]
    let whole = rate.round() as u64;
    number(whole)
}

/// Which rows of a list of `count` are visible, as a person counts: `1 to 24`.
#[must_use]
pub fn range(top: usize, rows: usize, count: usize) -> String {
    format!("{} to {}", number(top + 1), number((top + rows).min(count)))
}

/// How long ago `then` was.
#[must_use]
pub fn age(then: Moment, now: Moment) -> Age {
    let seconds = now.since(then).as_secs();
    let (size, unit) = match seconds {
        0..60 => (1, "s"),
        60..3_600 => (60, "m"),
        3_600..86_400 => (3_600, "h"),
        _ => (86_400, "d"),
    };
    let count = seconds / size;
    Age { text: format!("{count}{GLUE}{unit}"), changes: then + Duration::from_secs((count + 1) * size) }
}

/// A round length of time: `15 m`, `6 h`, `7 d`.
#[must_use]
pub fn length(duration: Duration) -> String {
    age(Moment::default(), Moment::default() + duration).text
}

/// A duration with its unit: `0.1 ms`, `14 ms`, `45.0 s`, `3 m 20 s`.
#[must_use]
pub fn span(duration: Duration) -> String {
    let (number, unit) = span_parts(duration);
    format!("{number}{GLUE}{unit}")
}

fn span_parts(duration: Duration) -> (String, &'static str) {
    let micros = duration.as_micros();
    let seconds = duration.as_secs();
    match micros {
        0..50 => ("<0.1".to_owned(), "ms"),
        50..9_950 => (format!("{:.1}", duration.as_secs_f64() * 1e3), "ms"),
        9_950..999_500 => (format!("{:.0}", duration.as_secs_f64() * 1e3), "ms"),
        999_500..120_000_000 => (format!("{:.1}", duration.as_secs_f64()), "s"),
        120_000_000..7_200_000_000 => (format!("{}{GLUE}m{GLUE}{}", seconds / 60, seconds % 60), "s"),
        _ => (format!("{}{GLUE}h{GLUE}{}", seconds / 3_600, seconds % 3_600 / 60), "m"),
    }
}

/// Seconds for a fuse: `31`, `4.5`.
#[must_use]
pub fn seconds(duration: Duration) -> String {
    let tenths = duration.as_millis() / 100;
    if tenths.is_multiple_of(10) { format!("{}", tenths / 10) } else { format!("{}.{}", tenths / 10, tenths % 10) }
}

/// A point in time for lists: `12:04:31.120` in the given zone.
#[must_use]
pub fn clock(moment: Moment, zone: &TimeZone) -> String {
    let micros = i64::try_from(moment.as_micros()).unwrap_or(i64::MAX);
    jiff::Timestamp::from_microsecond(micros).map_or_else(
        |_| "--:--:--.---".to_owned(),
        |stamp| {
            let local = zone.to_datetime(stamp);
            let millis = local.subsec_nanosecond() / 1_000_000;
            format!("{:02}:{:02}:{:02}.{millis:03}", local.hour(), local.minute(), local.second())
        },
    )
}

/// How a device went away, and what became of its will: `cut 12 s ago: connection lost, will sent after 0.1 ms`.
/// `ago` is the age of the end in words.
#[must_use]
pub fn farewell(device: &Device, cause: Cause, incident: Option<&Incident>, ago: &str) -> String {
    if device.evidence == Some(Evidence::Retained) {
        return "gone: its will is a retained message, age unknown".to_owned();
    }
    let (lead, words) = match cause {
        Cause::ClientInitiatedDisconnect => ("left cleanly", None),
        Cause::DisconnectWithWill => ("left", Some("asked for its will (0x04)")),
        Cause::ConnectionLost => ("cut", Some("connection lost")),
        Cause::ServerInitiated => ("kicked", Some("closed by the broker")),
        Cause::Unknown => ("gone", Some("cause unknown")),
        Cause::KeepAliveTimeout | Cause::SessionTakenOver | Cause::ProtocolError => ("gone", Some(cause.words())),
    };
    let will = fate_of_will(device, cause, incident);
    match words {
        Some(words) => format!("{lead} {ago}: {words}, {will}"),
        None => format!("{lead} {ago}: {will}"),
    }
}

/// What became of the will of a device that went away.
#[must_use]
pub fn fate_of_will(device: &Device, cause: Cause, incident: Option<&Incident>) -> String {
    let had_will = device.session.as_ref().map(|session| session.will.is_some());
    if let Some(incident) = incident {
        if let Some(after) = incident.after(Hop::Will) {
            // A story that begins with the will knows no time from the cut to the will.
            return if after.is_zero() && incident.hops.seen().next().is_some_and(|(hop, _)| hop == Hop::Will) {
                "will sent".to_owned()
            } else {
                format!("will sent after {}", span(after))
            };
        }
        if incident.missing.contains(&Hop::Will) {
            return "its will did not come".to_owned();
        }
        if incident.awaited.contains(&Hop::Will) {
            return "waiting for its will".to_owned();
        }
    }
    match (device.will_sent, had_will) {
        (_, Some(false)) => "it had no will".to_owned(),
        (WillSent::Yes, _) => "will sent".to_owned(),
        (WillSent::No, _) if cause.discards_will() => "will discarded".to_owned(),
        (WillSent::No, _) => "no will came".to_owned(),
        (WillSent::Unknown, _) => "will unknown".to_owned(),
    }
}

/// The hops of an incident on one line: `cut→will 0.1 ms→rule 0.2→executed 0.9`; what is missing is named, what is
/// awaited ends in `…`. A unit stands only where it changes.
#[must_use]
pub fn hops(incident: &Incident) -> String {
    let out = chain(incident);
    match incident.after(Hop::Recovered) {
        Some(after) => out + &format!(" ·{GLUE}recovered{GLUE}after{GLUE}{}", span(after)),
        None => out + &format!(" ·{GLUE}not{GLUE}recovered"),
    }
}

/// What `hop` is called in the story of `incident`.
#[must_use]
pub const fn hop_name(incident: &Incident, hop: Hop) -> &'static str {
    match hop {
        Hop::Cut => beginning(incident.fault, incident.cause),
        _ => hop.name(),
    }
}

/// The hops of an incident up to the notice, without saying whether the device is back. That nobody was told is no hop:
/// [`told`](super::told) has words of its own for it.
#[must_use]
pub fn chain(incident: &Incident) -> String {
    let mut links: Vec<String> = Vec::new();
    let mut unit_before = "";
    for hop in Hop::ALL {
        // The broker knows at the moment of the cut unless silence was the cause: only then is it worth a place.
        let gap = incident.after(Hop::Detected).unwrap_or_default();
        let dull = hop == Hop::Detected && incident.hops.get(Hop::Cut).is_some() && gap < Duration::from_millis(10);
        let untold = hop == Hop::Notified && incident.missing.contains(&hop);
        if dull || untold || hop == Hop::Recovered {
            continue;
        }
        let name = hop_name(incident, hop);
        if let Some(after) = incident.after(hop) {
            if links.is_empty() {
                links.push(name.to_owned());
                continue;
            }
            let (number, unit) = span_parts(after);
            let shown = if unit == unit_before { String::new() } else { format!("{GLUE}{unit}") };
            links.push(format!("{name}{GLUE}{number}{shown}"));
            unit_before = unit;
        } else if incident.missing.contains(&hop) {
            links.push(format!("{name}{GLUE}missing"));
        } else if incident.awaited.contains(&hop) {
            links.push(format!("{name}{GLUE}…"));
        }
    }
    links.join("→")
}

/// Why a presence is not certain, if it is not.
#[must_use]
pub fn doubt(device: &Device) -> Option<&'static str> {
    match (device.evidence?, device.presence) {
        (Evidence::Inferred, Presence::Offline { .. }) => Some("inferred from silence, not certain"),
        (Evidence::Inferred, _) => Some("inferred from its message, not certain"),
        // The farewell says it already.
        (Evidence::Retained, Presence::Offline { .. }) => None,
        (Evidence::Retained, _) => Some("from a retained message, age unknown"),
        _ => None,
    }
}

/// A client id for the screen.
#[must_use]
pub fn name(id: &ClientId, columns: usize) -> String {
    if id.as_str().is_empty() { "(empty client id)".to_owned() } else { clean_within(id.as_str(), columns) }
}

/// What lwtop did to a device: `frozen by you 38 s ago`.
#[must_use]
pub const fn done_by_you(fault: Fault) -> &'static str {
    match fault {
        Fault::Leave => "sent away by you",
        Fault::Fin => "cut (FIN) by you",
        Fault::Rst => "cut (RST) by you",
        Fault::Freeze => "frozen by you",
        Fault::Takeover => "taken over by you",
        Fault::ProtocolError => "made to break the protocol by you",
        Fault::LeaveWithWill => "sent away with its will by you",
        Fault::Kick => "kicked by you",
    }
}

/// Why nothing is known of a device. `ago` is the age of the link's state in words.
#[must_use]
pub fn ignorance(device: &Device, fleet: &Fleet, ago: &str) -> String {
    match fleet.link() {
        LinkState::Down { .. } => match device.session.as_deref() {
            Some(session) if session.ended.is_none() => {
                format!("unknown: lwtop's link is down for {ago}; last known online")
            }
            Some(_) => format!("unknown: lwtop's link is down for {ago}; last known offline"),
            None => format!("unknown: lwtop's link is down for {ago}"),
        },
        LinkState::Connecting => "unknown: lwtop is not yet connected".to_owned(),
        LinkState::Up { .. } if device.launched() && device.session.is_none() => "launched, connecting".to_owned(),
        LinkState::Up { .. } => "unknown: nothing heard yet since lwtop's link is up".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_say_when_they_change() {
        let then = Moment::from_millis(10_000);
        let at = |millis: u64| age(then, Moment::from_millis(10_000 + millis));
        assert_eq!((at(12_900).text.as_str(), at(12_900).changes), ("12\u{a0}s", Moment::from_millis(23_000)));
        assert_eq!((at(130_000).text.as_str(), at(130_000).changes), ("2\u{a0}m", Moment::from_millis(190_000)));
        assert_eq!(at(7_200_000).text, "2\u{a0}h");
    }

    #[test]
    fn spans_keep_two_digits_that_matter() {
        for (micros, text) in [
            (49, "<0.1 ms"),
            (94, "0.1 ms"),
            (9_949, "9.9 ms"),
            (14_200, "14 ms"),
            (999_400, "999 ms"),
            (45_010_000, "45.0 s"),
            (200_000_000, "3 m 20 s"),
            (7_260_000_000, "2 h 1 m"),
        ] {
            assert_eq!(span(Duration::from_micros(micros)).replace(GLUE, " "), text);
        }
        assert_eq!(
            (seconds(Duration::from_secs(45)), seconds(Duration::from_millis(4_500))),
            ("45".into(), "4.5".into())
        );
    }

    #[test]
    fn the_clock_is_the_persons() {
        let moment = Moment::from_millis(1_573_002_230_757);
        assert_eq!(clock(moment, &TimeZone::UTC), "01:03:50.757");
        let berlin = TimeZone::fixed(jiff::tz::offset(1));
        assert_eq!(clock(moment, &berlin), "02:03:50.757");
    }
}
