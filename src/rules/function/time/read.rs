//! Reading a time by a pattern of Java.
//!
//! Case does not matter in names. A date is needed, what of a time of day is missing is zero. As in Java, the last day of
//! the month stands for one that it does not have (`2015-02-31`), and `24:00` is the next day's midnight.

use super::pattern::{Part, parts};
use super::zone::{Zone, offset};
use super::{DAYS, MONTHS, SHORT};
use jiff::civil::{Date, Time};
use jiff::{Timestamp, ToSpan};

/// The most digits of a number that is not bounded by its pattern.
const MAX_DIGITS: usize = 9;
/// The longest name of a time zone.
const MAX_ZONE: usize = 64;

/// The moment that `text` names; `None` if it does not fit the pattern, or if the pattern is none.
pub(super) fn read(text: &str, pattern: &str) -> Option<Timestamp> {
    let parts = parts(pattern)?;
    let mut reader = Reader { rest: text, found: Found::default() };
    reader.sequence(&parts)?;
    if reader.rest.is_empty() { reader.found.resolve() } else { None }
}

/// What was read so far. A pattern may name less than a whole date, and more.
#[derive(Clone, Debug, Default)]
struct Found {
    before_christ: bool,
    year: Option<i64>,
    month: Option<i64>,
    day: Option<i64>,
    day_of_year: Option<i64>,
    weekday: Option<i64>,
    hour: Option<i64>,
    hour_of_half: Option<i64>,
    afternoon: Option<bool>,
    minute: i64,
    second: i64,
    nanosecond: i64,
    nanosecond_of_day: Option<i64>,
    zone: Option<Zone>,
}

#[derive(Clone)]
struct Reader<'t> {
    rest: &'t str,
    found: Found,
}

impl Reader<'_> {
    /// Reads by the parts; what is in brackets may be missing.
    fn sequence(&mut self, parts: &[Part]) -> Option<()> {
        let mut at = 0;
        while let Some(part) = parts.get(at) {
            match part {
                Part::Sign('[') => {
                    let end = closing(parts, at + 1);
                    let mut optional = self.clone();
                    if optional.sequence(&parts[at + 1..end]).is_some() {
                        *self = optional;
                    }
                    at = end;
                }
                // Java keeps these for later.
                Part::Sign(']' | '{' | '}' | '#') => return None,
                Part::Sign(sign) => self.rest = self.rest.strip_prefix(*sign)?,
                Part::Text(text) => self.rest = self.rest.strip_prefix(text.as_str())?,
                Part::Field(letter, count) => self.field(*letter, *count, reserved(&parts[at + 1..]))?,
            }
            at += 1;
        }
        Some(())
    }

    /// Reads one field. `reserved` digits belong to the fields right behind it.
    fn field(&mut self, letter: char, count: usize, reserved: usize) -> Option<()> {
        match (letter, count) {
            ('y' | 'u', 2) => self.found.year = Some(2000 + self.number(2, 0)?),
            ('y' | 'u', _) => self.found.year = Some(self.number(count, reserved)?),
            ('M' | 'L', 3 | 4) => self.found.month = Some(self.name(&MONTHS, count)?),
            ('E', 1..=4) => self.found.weekday = Some(self.name(&DAYS, count.max(SHORT))?),
            ('G', 1..=4) => self.found.before_christ = self.either("AD", "BC")?,
            ('a', 1) => self.found.afternoon = Some(self.either("AM", "PM")?),
            ('M' | 'L', 1 | 2) => self.found.month = Some(self.number(count, reserved)?),
            ('d', 1 | 2) => self.found.day = Some(self.number(count, reserved)?),
            ('D', 1 | 3) => self.found.day_of_year = Some(self.number(count, reserved)?),
            ('H', 1 | 2) => self.found.hour = Some(self.number(count, reserved)?),
            ('k', 1 | 2) => self.found.hour = Some(within(self.number(count, reserved)?, 1, 24)? % 24),
            ('h', 1 | 2) => self.found.hour_of_half = Some(within(self.number(count, reserved)?, 1, 12)? % 12),
            ('K', 1 | 2) => self.found.hour_of_half = Some(within(self.number(count, reserved)?, 0, 11)?),
            ('m', 1 | 2) => self.found.minute = self.number(count, reserved)?,
            ('s', 1 | 2) => self.found.second = self.number(count, reserved)?,
            ('S', 1..=9) => {
                let digits = if count == 1 { self.digit() } else { self.number(count, 0) };
                self.found.nanosecond = digits? * 10_i64.pow(u32::try_from(9 - count).ok()?);
            }
            ('n', _) => self.found.nanosecond = self.number(1, reserved)?,
            ('A', _) => self.found.nanosecond_of_day = Some(self.number(1, reserved)? * 1_000_000),
            ('V', 2) => self.zone(Zone::named)?,
            ('z', 1..=4) => self.zone(Zone::abbreviated)?,
            ('X', 1..=5) if self.rest.starts_with('Z') => self.zone(Zone::named)?,
            ('X' | 'x' | 'Z', 1..=5) | ('O', 1 | 4) => self.zone(|text| Zone::fixed(offset(after_gmt(text))?))?,
            _ => return None,
        }
        Some(())
    }

    /// A number: of exactly so many digits, or, for one letter, of as many as there are without the reserved ones.
    fn number(&mut self, count: usize, reserved: usize) -> Option<i64> {
        let digits = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        let width = if count == 1 { digits.saturating_sub(reserved).min(MAX_DIGITS) } else { count };
        if width == 0 || width > digits || width > 18 {
            return None;
        }
        let (number, rest) = self.rest.split_at_checked(width)?;
        self.rest = rest;
        number.parse().ok()
    }

    fn digit(&mut self) -> Option<i64> {
        let digit = self.rest.chars().next()?.to_digit(10)?;
        self.rest = &self.rest[1..];
        Some(digit.into())
    }

    /// One of the names, short or in full; counted from 1.
    fn name(&mut self, names: &[&str], count: usize) -> Option<i64> {
        for (index, name) in names.iter().enumerate() {
            if self.word(if count == SHORT { &name[..SHORT] } else { name }) {
                return i64::try_from(index + 1).ok();
            }
        }
        None
    }

    /// Whether it is the second of two words.
    fn either(&mut self, first: &str, second: &str) -> Option<bool> {
        if self.word(first) { Some(false) } else { self.word(second).then_some(true) }
    }

    fn word(&mut self, word: &str) -> bool {
        match self.rest.split_at_checked(word.len()) {
            Some((start, rest)) if start.eq_ignore_ascii_case(word) => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    /// A time zone: as much of the text as names one.
    fn zone(&mut self, named: impl Fn(&str) -> Option<Zone>) -> Option<()> {
        let in_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"/_+-:".contains(byte);
        let longest = self.rest.bytes().take_while(in_name).count().min(MAX_ZONE);
        let (end, zone) = (1..=longest).rev().find_map(|end| Some((end, named(&self.rest[..end])?)))?;
        self.rest = &self.rest[end..];
        self.found.zone = Some(zone);
        Some(())
    }
}

/// `GMT+01:00` and `+01:00` are the same offset.
fn after_gmt(text: &str) -> &str {
    text.strip_prefix("GMT").unwrap_or(text)
}

/// Where the optional section ends that begins before `from`.
fn closing(parts: &[Part], from: usize) -> usize {
    let mut depth = 0_usize;
    for (index, part) in parts.iter().enumerate().skip(from) {
        match part {
            Part::Sign('[') => depth += 1,
            Part::Sign(']') if depth == 0 => return index,
            Part::Sign(']') => depth -= 1,
            _ => {}
        }
    }
    parts.len()
}

/// How many digits the fields take that follow without anything between: `yMMdd`.
fn reserved(behind: &[Part]) -> usize {
    let width = |part: &Part| match part {
        Part::Field('M' | 'L', 2) => Some(2),
        Part::Field('y' | 'u' | 'd' | 'D' | 'H' | 'k' | 'h' | 'K' | 'm' | 's' | 'S', count) if *count > 1 => {
            Some(*count)
        }
        _ => None,
    };
    behind.iter().map_while(width).sum()
}

fn within(number: i64, least: i64, most: i64) -> Option<i64> {
    (least..=most).contains(&number).then_some(number)
}

impl Found {
    fn resolve(self) -> Option<Timestamp> {
        let mut date = self.date()?;
        if self.weekday.is_some_and(|day| day != i64::from(date.weekday().to_monday_one_offset())) {
            return None;
        }
        let hour = match (self.hour, self.hour_of_half, self.afternoon) {
            (Some(hour), _, _) => hour,
            (None, Some(hour), Some(afternoon)) => hour + if afternoon { 12 } else { 0 },
            // Which half of the day is meant, nobody knows.
            (None, Some(_), None) => return None,
            (None, None, _) => 0,
        };
        let midnight = hour == 24 && (self.minute, self.second, self.nanosecond) == (0, 0, 0);
        if midnight {
            date = date.tomorrow().ok()?;
        }
        let small = |number: i64| i8::try_from(number).ok();
        let hour = if midnight { 0 } else { small(hour)? };
        let nanosecond = i32::try_from(self.nanosecond).ok()?;
        let mut time = Time::new(hour, small(self.minute)?, small(self.second)?, nanosecond).ok()?;
        if let Some(nanosecond) = self.nanosecond_of_day {
            time = Time::midnight().checked_add(nanosecond.nanoseconds()).ok()?;
        }
        let zone = self.zone.unwrap_or_else(Zone::utc);
        Some(date.to_datetime(time).to_zoned(zone.rules).ok()?.timestamp())
    }

    fn date(&self) -> Option<Date> {
        let year = self.year?;
        let year = i16::try_from(if self.before_christ { 1 - year } else { year }).ok()?;
        if let Some(day) = self.day_of_year {
            let first = Date::new(year, 1, 1).ok()?;
            let day = within(day, 1, first.days_in_year().into())?;
            return first.checked_add((day - 1).days()).ok();
        }
        let month = i8::try_from(self.month?).ok()?;
        let last = Date::new(year, month, 1).ok()?.days_in_month();
        let day = i8::try_from(within(self.day?, 1, 31)?).ok()?;
        Date::new(year, month, day.min(last)).ok()
    }
}
