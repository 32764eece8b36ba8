//! Time zones by the names that Joda-Time and Java have for them.

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone, TimeZoneDatabase};

/// The furthest that a zone may be from UTC, in seconds: Java's limit.
const MAX_OFFSET: i32 = 18 * 3600;

/// A time zone, and what it is called.
#[derive(Clone, Debug)]
pub(super) struct Zone {
    /// As `ZZZ` writes it.
    pub id: String,
    /// The rules.
    pub rules: TimeZone,
}

/// Abbreviations that people write, each with the region that Java takes it for.
const REGIONS: [(&str, &str); 15] = [
    ("EST", "America/New_York"),
    ("EDT", "America/New_York"),
    ("CST", "America/Chicago"),
    ("CDT", "America/Chicago"),
    ("MST", "America/Denver"),
    ("MDT", "America/Denver"),
    ("PST", "America/Los_Angeles"),
    ("PDT", "America/Los_Angeles"),
    ("BST", "Europe/London"),
    ("CET", "Europe/Paris"),
    ("CEST", "Europe/Paris"),
    ("EET", "Europe/Helsinki"),
    ("EEST", "Europe/Helsinki"),
    ("IST", "Asia/Kolkata"),
    ("JST", "Asia/Tokyo"),
];

/// The long names of the abbreviations that mean one thing in the regions that begin so.
const LONG: [(&str, &str, &str); 28] = [
    ("UTC", "", "Coordinated Universal Time"),
    ("GMT", "", "Greenwich Mean Time"),
    ("EST", "America/", "Eastern Standard Time"),
    ("EDT", "America/", "Eastern Daylight Time"),
    ("CST", "America/", "Central Standard Time"),
    ("CDT", "America/", "Central Daylight Time"),
    ("MST", "America/", "Mountain Standard Time"),
    ("MDT", "America/", "Mountain Daylight Time"),
    ("PST", "America/", "Pacific Standard Time"),
    ("PDT", "America/", "Pacific Daylight Time"),
    ("AKST", "America/", "Alaska Standard Time"),
    ("AKDT", "America/", "Alaska Daylight Time"),
    ("HST", "Pacific/", "Hawaii Standard Time"),
    ("BST", "Europe/", "British Summer Time"),
    ("WET", "Europe/", "Western European Time"),
    ("WEST", "Europe/", "Western European Summer Time"),
    ("CET", "Europe/", "Central European Time"),
    ("CEST", "Europe/", "Central European Summer Time"),
    ("EET", "Europe/", "Eastern European Time"),
    ("EEST", "Europe/", "Eastern European Summer Time"),
    ("MSK", "Europe/", "Moscow Standard Time"),
    ("IST", "Asia/Kolkata", "India Standard Time"),
    ("CST", "Asia/", "China Standard Time"),
    ("JST", "Asia/", "Japan Standard Time"),
    ("KST", "Asia/", "Korean Standard Time"),
    ("AEST", "Australia/", "Australian Eastern Standard Time"),
    ("AEDT", "Australia/", "Australian Eastern Daylight Time"),
    ("AWST", "Australia/", "Australian Western Standard Time"),
];

impl Zone {
    pub(super) fn utc() -> Self {
        Self { id: "UTC".to_owned(), rules: TimeZone::UTC }
    }

    /// `America/Belize`, `UTC`, `+01:00`, `UTC+01:00`; `None` if there is no such zone.
    pub(super) fn named(name: &str) -> Option<Self> {
        if matches!(name, "UTC" | "Z" | "UT" | "GMT0") {
            return Some(Self::utc());
        }
        let after_utc = ["UTC", "GMT", "UT"].iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name);
        if after_utc.starts_with(['+', '-']) {
            return Self::fixed(offset(after_utc)?);
        }
        let rules = TimeZoneDatabase::bundled().get(name).ok()?;
        Some(Self { id: rules.iana_name()?.to_owned(), rules })
    }

    /// A zone as a person abbreviates it (`PST`), or by its name.
    pub(super) fn abbreviated(name: &str) -> Option<Self> {
        let region = REGIONS.iter().find(|(short, _)| *short == name).map_or(name, |(_, region)| *region);
        Self::named(region)
    }

    /// So many seconds east of UTC.
    pub(super) fn fixed(seconds: i32) -> Option<Self> {
        if seconds == 0 {
            return Some(Self::utc());
        }
        Some(Self { id: written(seconds, true), rules: TimeZone::fixed(Offset::from_seconds(seconds).ok()?) })
    }

    /// `CST`, or the offset where the zone has no name for it.
    pub(super) fn short_name(&self, at: Timestamp) -> String {
        let info = self.rules.to_offset_info(at);
        let name = info.abbreviation();
        // The database has `-03` where people have no abbreviation, and so have zones that are nothing but an offset.
        if name.starts_with(['+', '-']) || name.contains(|c: char| c.is_ascii_digit()) {
            return written(info.offset().seconds(), true);
        }
        name.to_owned()
    }

    /// `Central Standard Time`, or else the short name.
    pub(super) fn long_name(&self, at: Timestamp) -> String {
        let short = self.short_name(at);
        let known = LONG.iter().find(|(name, region, _)| *name == short && self.id.starts_with(region));
        known.map_or(short, |(_, _, long)| (*long).to_owned())
    }

    /// `+0100`, `+01:00`.
    pub(super) fn offset(&self, at: Timestamp, colon: bool) -> String {
        written(self.rules.to_offset(at).seconds(), colon)
    }
}

fn written(seconds: i32, colon: bool) -> String {
    let (sign, minutes) = (if seconds < 0 { '-' } else { '+' }, seconds.abs() / 60);
    format!("{sign}{:02}{}{:02}", minutes / 60, if colon { ":" } else { "" }, minutes % 60)
}

/// Reads `+1`, `+01`, `+0130`, `+01:30`, `+013015` and `+01:30:15` as seconds.
pub(super) fn offset(text: &str) -> Option<i32> {
    let (sign, digits) = match text.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let parts: Vec<&str> = if digits.contains(':') {
        digits.split(':').collect()
    } else {
        match digits.len() {
            1 | 2 => vec![digits],
            4 => vec![digits.get(..2)?, digits.get(2..)?],
            6 => vec![digits.get(..2)?, digits.get(2..4)?, digits.get(4..)?],
            _ => return None,
        }
    };
    let mut seconds = 0;
    for (index, part) in parts.iter().enumerate() {
        let width = if index == 0 { 1..=2 } else { 2..=2 };
        let right = width.contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        let number: i32 = right.then(|| part.parse().ok()).flatten()?;
        let unit = *[3600, 60, 1].get(index)?;
        if index > 0 && number > 59 {
            return None;
        }
        seconds += number * unit;
    }
    (seconds <= MAX_OFFSET).then_some(sign * seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_read() {
        for (text, seconds) in [
            ("+1", Some(3600)),
            ("-01", Some(-3600)),
            ("+0130", Some(5400)),
            ("-01:30", Some(-5400)),
            ("+01:30:15", Some(5415)),
            ("+18", Some(64800)),
            ("+18:01", None),
            ("+1:3", None),
            ("+01:60", None),
            ("01:00", None),
            ("+", None),
            ("+é", None),
            ("", None),
        ] {
            assert_eq!(offset(text), seconds, "{text}");
        }
    }

    #[test]
    fn zones_have_their_names() {
        let winter = Timestamp::from_second(0).unwrap();
        for (name, id, short, long) in [
            ("UTC", "UTC", "UTC", "Coordinated Universal Time"),
            ("America/Chicago", "America/Chicago", "CST", "Central Standard Time"),
            ("Asia/Shanghai", "Asia/Shanghai", "CST", "China Standard Time"),
            ("America/Sao_Paulo", "America/Sao_Paulo", "-03:00", "-03:00"),
            ("GMT+2", "+02:00", "+02:00", "+02:00"),
        ] {
            let zone = Zone::named(name).unwrap();
            assert_eq!((zone.id.as_str(), zone.short_name(winter).as_str()), (id, short), "{name}");
            assert_eq!(zone.long_name(winter), long, "{name}");
        }
        assert!(Zone::named("Mars/Olympus").is_none() && Zone::named("").is_none());
        assert_eq!(Zone::abbreviated("PST").unwrap().id, "America/Los_Angeles");
    }
}
