//! Writing a time by a pattern of Joda-Time.

use super::pattern::{Part, parts};
use super::zone::Zone;
use super::{DAYS, MONTHS, SHORT};
use jiff::{Timestamp, Zoned};
use std::fmt::Write;

/// The time as the pattern says; `None` for a letter that means nothing.
pub(super) fn write(pattern: &str, time: Timestamp, zone: &Zone) -> Option<String> {
    let zoned = time.to_zoned(zone.rules.clone());
    let mut written = String::new();
    for part in parts(pattern)? {
        match part {
            Part::Sign(sign) => written.push(sign),
            Part::Text(text) => written.push_str(&text),
            Part::Field(letter, count) => field(&mut written, letter, count, &zoned, zone)?,
        }
    }
    Some(written)
}

fn field(written: &mut String, letter: char, count: usize, time: &Zoned, zone: &Zone) -> Option<()> {
    let hour = i64::from(time.hour());
    let number = match letter {
        'y' => return year(written, time.year().into(), count),
        'Y' => return year(written, year_of_era(time), count),
        'x' => return year(written, time.date().iso_week_date().year().into(), count),
        'C' => year_of_era(time) / 100,
        'w' => time.date().iso_week_date().week().into(),
        'D' => time.day_of_year().into(),
        'd' => time.day().into(),
        'M' if count < 3 => time.month().into(),
        'e' => time.weekday().to_monday_one_offset().into(),
        'H' => hour,
        'k' => (hour + 23) % 24 + 1,
        'K' => hour % 12,
        'h' => (hour + 11) % 12 + 1,
        'm' => time.minute().into(),
        's' => time.second().into(),
        'S' => return fraction(written, time, count),
        _ => {
            written.push_str(&name(letter, count, time, zone)?);
            return Some(());
        }
    };
    pad(written, number, count)
}

/// What a letter stands for that is not written as a number.
fn name(letter: char, count: usize, time: &Zoned, zone: &Zone) -> Option<String> {
    let form = |name: &str| if count < 4 { name[..SHORT].to_owned() } else { name.to_owned() };
    let index = |one_based: i8| usize::try_from(one_based).ok()?.checked_sub(1);
    let at = time.timestamp();
    Some(match letter {
        'G' => if time.year() > 0 { "AD" } else { "BC" }.to_owned(),
        'M' => form(MONTHS.get(index(time.month())?)?),
        'E' => form(DAYS.get(index(time.weekday().to_monday_one_offset())?)?),
        'a' => if time.hour() < 12 { "AM" } else { "PM" }.to_owned(),
        'z' if count < 4 => zone.short_name(at),
        'z' => zone.long_name(at),
        'Z' if count < 3 => zone.offset(at, count == 2),
        'Z' => zone.id.clone(),
        _ => return None,
    })
}

fn year_of_era(time: &Zoned) -> i64 {
    let year = i64::from(time.year());
    if year > 0 { year } else { 1 - year }
}

/// Two letters are the last two digits.
fn year(written: &mut String, year: i64, count: usize) -> Option<()> {
    if count == 2 { pad(written, year.rem_euclid(100), 2) } else { pad(written, year, count) }
}

/// A number with zeros in front of it, and its sign in front of them.
fn pad(written: &mut String, number: i64, count: usize) -> Option<()> {
    let sign = if number < 0 { "-" } else { "" };
    write!(written, "{sign}{:0count$}", number.unsigned_abs()).ok()
}

/// As many digits of the second's fraction as there are letters. A time is known to the millisecond.
fn fraction(written: &mut String, time: &Zoned, count: usize) -> Option<()> {
    let digits = format!("{:09}", time.subsec_nanosecond());
    write!(written, "{:0<count$}", digits.get(..count).unwrap_or(&digits)).ok()
}
