//! Int and Decimal.

use super::decimal::Decimal;
use std::cmp::Ordering;
use std::fmt;

/// The first Int that AWS IoT does not have: 34 digits is the most (developer guide, "Data types").
const TOO_LARGE: i128 = 10_i128.pow(34);

/// A number of AWS IoT SQL.
///
/// An operation on two Ints is an Int, with a Decimal it is a Decimal, and so is what has more than 34 digits. A whole
/// Decimal is written as an Int wherever it is sent (`10.0` is sent as `10`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// A whole number.
    Int(i128),
    /// A number with a fraction or an exponent.
    Decimal(Decimal),
}

impl Number {
    /// A literal, or a string that converts: `-?\d+(\.\d+)?(E-?\d+)?` (developer guide, "Conversions"). `None` for every
    /// other text and for what is too large. What has a point or an exponent is a Decimal.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let unsigned = text.strip_prefix('-').unwrap_or(text);
        let (mantissa, exponent) =
            unsigned.split_once(['e', 'E']).map_or((unsigned, None), |(mantissa, exponent)| (mantissa, Some(exponent)));
        let (whole, fraction) =
            mantissa.split_once('.').map_or((mantissa, None), |(whole, fraction)| (whole, Some(fraction)));
        let exponent_fits = exponent.is_none_or(|part| digits(part.strip_prefix('-').unwrap_or(part)));
        if !digits(whole) || !fraction.is_none_or(digits) || !exponent_fits {
            return None;
        }
        if fraction.is_none()
            && exponent.is_none()
            && let Ok(int) = text.parse()
        {
            return Some(Self::int(int));
        }
        Decimal::parse(text).map(Self::Decimal)
    }

    /// A Decimal of what the double's shortest text says, unless it is infinite or no number.
    #[must_use]
    pub fn decimal(value: f64) -> Option<Self> {
        Decimal::from_f64(value).map(Self::Decimal)
    }

    /// An Int, or a Decimal if it has more than 34 digits.
    fn int(int: i128) -> Self {
        if -TOO_LARGE < int && int < TOO_LARGE { Self::Int(int) } else { Self::Decimal(Decimal::from_int(int)) }
    }

    /// An Int if it is a whole number, as AWS takes the numbers of a payload ("10.0 is processed as an Int value", developer
    /// guide, "Data types").
    fn whole_or(decimal: Decimal) -> Self {
        decimal.whole().map_or(Self::Decimal(decimal), Self::Int)
    }

    /// The number in a JSON document; `None` if it is too large. It is read from its text: no digit is lost.
    pub(super) fn from_json(number: &serde_json::Number) -> Option<Self> {
        match number.as_i128() {
            Some(int) => Some(Self::int(int)),
            None => Decimal::parse(number.as_str()).map(Self::whole_or),
        }
    }

    /// The number as JSON, all of its digits: whoever reads it decides how many of them to hold. A whole Decimal is
    /// written as an Int.
    pub(super) fn to_json(self) -> Option<serde_json::Number> {
        match self {
            Self::Int(int) => serde_json::Number::from_i128(int),
            Self::Decimal(decimal) => decimal.to_text().parse().ok(),
        }
    }

    /// The nearest double; infinite beyond its range.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        self.as_decimal().as_f64()
    }

    /// The number as a Decimal.
    fn as_decimal(self) -> Decimal {
        match self {
            Self::Int(int) => Decimal::from_int(int),
            Self::Decimal(decimal) => decimal,
        }
    }

    /// The same number, which counts as a Decimal from here on: what a string converts to is one.
    pub(super) fn into_decimal(self) -> Self {
        Self::Decimal(self.as_decimal())
    }

    /// `Int op Int` is Int where it fits, everything else Decimal; `None` where there is no number (1 / 0).
    fn combine(
        self,
        other: Self,
        ints: impl FnOnce(i128, i128) -> Option<i128>,
        decimals: impl FnOnce(Decimal, Decimal) -> Option<Decimal>,
    ) -> Option<Self> {
        if let (Self::Int(left), Self::Int(right)) = (self, other)
            && let Some(int) = ints(left, right)
        {
            return Some(Self::int(int));
        }
        decimals(self.as_decimal(), other.as_decimal()).map(Self::Decimal)
    }

    /// `self + other`
    pub(super) fn add(self, other: Self) -> Option<Self> {
        self.combine(other, i128::checked_add, Decimal::add)
    }

    /// `self - other`
    pub(super) fn subtract(self, other: Self) -> Option<Self> {
        self.combine(other, i128::checked_sub, Decimal::subtract)
    }

    /// `self * other`
    pub(super) fn multiply(self, other: Self) -> Option<Self> {
        self.combine(other, i128::checked_mul, Decimal::multiply)
    }

    /// `self / other`; Ints are cut off towards zero, which AWS does not say for negative ones. `None` for 1 / 0.
    pub(super) fn divide(self, other: Self) -> Option<Self> {
        self.combine(other, i128::checked_div, Decimal::divide)
    }

    /// `self % other`, with the sign of `self`. `None` for 1 % 0.
    pub(super) fn remainder(self, other: Self) -> Option<Self> {
        self.combine(other, i128::checked_rem, Decimal::remainder)
    }

    /// The number with its sign changed.
    pub(super) fn negate(self) -> Self {
        match self {
            Self::Int(int) => int.checked_neg().map_or_else(|| Self::Decimal(self.as_decimal().negate()), Self::Int),
            Self::Decimal(decimal) => Self::Decimal(decimal.negate()),
        }
    }

    /// Down to a whole number: an Int, if it has no more than 34 digits.
    #[must_use]
    pub fn floor(self) -> Self {
        self.rounded(Decimal::floor)
    }

    /// Up to a whole number.
    #[must_use]
    pub fn ceil(self) -> Self {
        self.rounded(Decimal::ceil)
    }

    /// To the nearest whole number, a half away from zero.
    #[must_use]
    pub fn round(self) -> Self {
        self.rounded(Decimal::round)
    }

    /// Cut off after `places` digits of the fraction.
    #[must_use]
    pub fn trunc(self, places: u32) -> Self {
        self.rounded(|decimal| decimal.trunc(places))
    }

    fn rounded(self, how: impl FnOnce(Decimal) -> Decimal) -> Self {
        match self {
            Self::Int(_) => self,
            Self::Decimal(decimal) => Self::whole_or(how(decimal)),
        }
    }

    /// Whether it is 0.
    pub(super) fn is_zero(self) -> bool {
        self.compare(Self::Int(0)).is_eq()
    }

    /// Compares by value: `5` equals `5.0`.
    pub(super) fn compare(self, other: Self) -> Ordering {
        match (self, other) {
            (Self::Int(left), Self::Int(right)) => left.cmp(&right),
            _ => self.as_decimal().compare(other.as_decimal()),
        }
    }

    /// The number as a string of AWS IoT SQL: `10.0` is `10`; "possibly in scientific notation" (developer guide,
    /// "Conversions"), from 1E-7 downwards and above 34 digits.
    pub(super) fn to_text(self) -> String {
        match self {
            Self::Int(int) => int.to_string(),
            Self::Decimal(decimal) => decimal.to_text(),
        }
    }
}

impl fmt::Display for Number {
    /// As a literal that reads back as the same number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(int) => write!(f, "{int}"),
            Self::Decimal(decimal) => write!(f, "{decimal}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Number {
        Number::from_text(text).unwrap()
    }

    #[test]
    fn texts_convert_as_the_guide_says() {
        for (text, printed) in [
            ("10", "10"),
            ("-7", "-7"),
            ("-1.2", "-1.2"),
            ("2e3", "2000.0"),
            ("2E-1", "0.2"),
            ("5E-12", "5E-12"),
            ("1e999", "1E999"),
            ("9999999999999999999999999999999999", "9999999999999999999999999999999999"),
            ("10000000000000000000000000000000000", "1E34"),
        ] {
            assert_eq!(number(text).to_string(), printed, "{text}");
            assert_eq!(number(printed), number(text), "{text}");
        }
        for text in ["", ".5", "5.", "+5", "1e", "1e+5", "0x10", "inf", "NaN", "1e1000", "٣", "1 ", "--1"] {
            assert_eq!(Number::from_text(text), None, "{text}");
        }
    }

    #[test]
    fn whole_decimals_are_written_as_integers() {
        let written = |text| number(text).to_json().unwrap().to_string();
        assert_eq!(number("10.0").to_text(), "10");
        assert_eq!(written("10.0"), "10");
        assert_eq!(written("-0.5"), "-0.5");
        assert_eq!(written("123456789012345678901234567890"), "123456789012345678901234567890");
        assert_eq!(written("1e40"), "1e+40");
    }

    #[test]
    fn a_payload_keeps_its_digits_and_its_whole_numbers_are_ints() {
        for (json, printed) in [
            ("10.0", "10"),
            ("1E+2", "100"),
            ("0.1", "0.1"),
            ("18446744073709551616", "18446744073709551616"),
            ("0.1234567890123456789012345678901234", "0.1234567890123456789012345678901234"),
        ] {
            let read = Number::from_json(&serde_json::from_str(json).unwrap()).unwrap();
            assert_eq!(read.to_string(), printed);
        }
        assert_eq!(Number::from_json(&serde_json::from_str("1e1000").unwrap()), None);
    }

    #[test]
    fn ints_stay_ints_until_they_have_too_many_digits() {
        assert_eq!(number("7").divide(number("2")), Some(Number::Int(3)));
        assert_eq!(number("-7").divide(number("2")), Some(Number::Int(-3)));
        assert_eq!(number("7").into_decimal().divide(number("2")), Some(number("3.5")));
        assert_eq!(number("7").divide(number("0")), None);
        let large = number("9999999999999999999999999999999999");
        assert_eq!(large.add(Number::Int(1)), Some(number("1e34")));
        assert_eq!(large.multiply(large).unwrap().to_string(), "9.999999999999999999999999999999998E67");
        assert_eq!(Number::Int(i128::MIN).negate().to_string(), "1.701411834604692317316873037158841E38");
        assert_eq!(number("2.5").floor(), Number::Int(2));
        assert!(number("5").compare(number("5.0")).is_eq() && number("-0.0").is_zero());
    }
}
