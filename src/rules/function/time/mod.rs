//! `parse_time()` writes a time, `time_to_epoch()` reads one.
//!
//! AWS takes the first one's patterns from Joda-Time ("DateTimeFormat") and the second one's from Java
//! ("DateTimeFormatter"). Texts are English. Time zones are those of the IANA database that is built into the program.

mod pattern;
mod read;
mod write;
mod zone;

use super::numbers::whole;
use super::{int, text};
use crate::rules::value::Value;
use jiff::Timestamp;
use zone::Zone;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// How many characters of a name its short form has: `Jan`, `Mon`.
const SHORT: usize = 3;

/// `parse_time(pattern, milliseconds)` and `parse_time(pattern, milliseconds, zone)`: the zone is UTC if there is none.
pub(super) fn parse_time<'a>(args: &[Value<'a>]) -> Option<Value<'a>> {
    let (pattern, time, zone) = match args {
        [pattern, time] => (pattern.text()?, time, Zone::utc()),
        [pattern, time, zone] => (pattern.text()?, time, Zone::named(&zone.text()?)?),
        _ => return None,
    };
    let time = Timestamp::from_millisecond(i64::try_from(whole(time)?).ok()?).ok()?;
    text(write::write(&pattern, time, &zone)?)
}

/// `time_to_epoch(text, pattern)`: milliseconds since the Unix epoch. The zone is UTC if the text names none.
pub(super) fn time_to_epoch(written: &str, pattern: &str) -> Option<Value<'static>> {
    int(read::read(written, pattern)?.as_millisecond())
}
