//! Numbers with a fraction: 34 decimal digits, as AWS IoT has them.
//!
//! IEEE 754's decimal128 has exactly those 34 digits, in 16 bytes whatever is written in a payload: `1e999999999` costs
//! no more memory or time than `1`. So `0.1 + 0.2` is `0.3`.

use dec::{Context, Decimal128, Rounding};
use std::cmp::Ordering;
use std::fmt;

/// AWS's range: from 1E-999 to 9.99…E999 (developer guide, "Data types").
const MAX_EXPONENT: i32 = 999;

/// The most digits that Int and Decimal have.
const DIGITS: i32 = 34;

/// A number with a fraction or an exponent; always finite and within AWS's range.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
pub struct Decimal(Decimal128);

impl Decimal {
    /// Digits with at most one point and one exponent, of either sign. `None` for other text and for what is too large.
    pub(super) fn parse(text: &str) -> Option<Self> {
        // The library reads names as well: NaN, Infinity.
        if !text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E')) {
            return None;
        }
        Self::checked(context().parse(text).ok()?)
    }

    /// What the double's shortest text says; `None` if it is infinite or no number.
    pub(super) fn from_f64(value: f64) -> Option<Self> {
        Self::parse(&format!("{value:e}"))
    }

    /// The same number; beyond 34 digits it is rounded.
    pub(super) fn from_int(int: i128) -> Self {
        Self(context().from_i128(int))
    }

    /// The nearest double.
    pub(super) fn as_f64(self) -> f64 {
        // A double reaches to 1.8E308: beyond it this is infinite, and the functions that calculate in doubles say so.
        self.0.to_string().parse().unwrap_or(f64::NAN)
    }

    /// Within the range: too large is no number, too small is zero. There is no zero below zero.
    fn checked(value: Decimal128) -> Option<Self> {
        if !value.is_finite() {
            return None;
        }
        let magnitude = value.exponent() + i32::try_from(value.digits()).unwrap_or(DIGITS) - 1;
        if value.is_zero() || magnitude < -MAX_EXPONENT {
            return Some(Self(Decimal128::ZERO));
        }
        (magnitude <= MAX_EXPONENT).then_some(Self(value))
    }

    pub(super) fn add(self, other: Self) -> Option<Self> {
        Self::checked(context().add(self.0, other.0))
    }

    pub(super) fn subtract(self, other: Self) -> Option<Self> {
        Self::checked(context().sub(self.0, other.0))
    }

    pub(super) fn multiply(self, other: Self) -> Option<Self> {
        Self::checked(context().mul(self.0, other.0))
    }

    /// `None` for a division by zero.
    pub(super) fn divide(self, other: Self) -> Option<Self> {
        Self::checked(context().div(self.0, other.0))
    }

    /// The remainder, with the sign of `self`. `None` for a division by zero, and if the quotient has over 34 digits.
    pub(super) fn remainder(self, other: Self) -> Option<Self> {
        Self::checked(context().rem(self.0, other.0))
    }

    pub(super) fn negate(self) -> Self {
        // minus makes 0 of 0, never -0.
        Self(context().minus(self.0))
    }

    pub(super) fn floor(self) -> Self {
        self.rounded(Rounding::Floor, 0)
    }

    pub(super) fn ceil(self) -> Self {
        self.rounded(Rounding::Ceiling, 0)
    }

    /// To the nearest whole number, a half away from zero.
    pub(super) fn round(self) -> Self {
        self.rounded(Rounding::HalfUp, 0)
    }

    /// Cut off after `places` digits of the fraction.
    pub(super) fn trunc(self, places: u32) -> Self {
        self.rounded(Rounding::Down, places)
    }

    fn rounded(self, rounding: Rounding, places: u32) -> Self {
        let places = i32::try_from(places).unwrap_or(i32::MAX).min(2 * MAX_EXPONENT);
        if self.0.exponent() >= -places {
            return self;
        }
        let mut context = context();
        context.set_rounding(rounding);
        let mut unit = Decimal128::ONE;
        context.set_exponent(&mut unit, -places);
        // It has digits behind those places, so it has room for fewer: this cannot fail.
        Self::checked(context.quantize(self.0, unit)).unwrap_or(self)
    }

    /// The whole number that it is, if it is one of at most 34 digits.
    pub(super) fn whole(self) -> Option<i128> {
        let quantized = context().quantize(self.0, Decimal128::ONE);
        (quantized.is_finite() && quantized == self.0).then(|| quantized.coefficient())
    }

    pub(super) fn compare(self, other: Self) -> Ordering {
        // Both are finite, so there is always an order.
        self.partial_cmp(&other).unwrap_or(Ordering::Equal)
    }

    /// In standard notation as long as that is readable, else in scientific notation: `0.001`, `1E-12`. It reads back as
    /// the same number, and is JSON.
    pub(super) fn to_text(self) -> String {
        if let Some(int) = self.whole() {
            return int.to_string();
        }
        let reduced = context().reduce(self.0);
        let (digits, exponent) = (reduced.coefficient().unsigned_abs().to_string(), reduced.exponent());
        let length = i32::try_from(digits.len()).unwrap_or(DIGITS);
        let magnitude = exponent + length - 1;
        let sign = if reduced.is_negative() { "-" } else { "" };
        if exponent >= 0 || magnitude < -6 {
            let (first, rest) = digits.split_at(1);
            let point = if rest.is_empty() { "" } else { "." };
            return format!("{sign}{first}{point}{rest}E{magnitude}");
        }
        // There is a fraction, and at most five zeros after the point.
        let padded = format!("{digits:0>width$}", width = usize::try_from(1 - exponent).unwrap_or(0));
        let (whole, fraction) = padded.split_at(padded.len() - usize::try_from(-exponent).unwrap_or(0));
        format!("{sign}{whole}.{fraction}")
    }
}

/// Rounds half to even, as IEEE 754 does.
fn context() -> Context<Decimal128> {
    Context::default()
}

impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Decimal {
    /// As a literal that reads back as the same Decimal: `10.0`, not `10`, which is an Int.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.to_text();
        f.write_str(&text)?;
        f.write_str(if text.contains(['.', 'E']) { "" } else { ".0" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        Decimal::parse(text).unwrap()
    }

    #[test]
    fn texts_read_back() {
        for (text, printed) in [
            ("0.3", "0.3"),
            ("-1.50", "-1.5"),
            ("10.0", "10"),
            ("-0.0", "0"),
            ("0.000001", "0.000001"),
            ("0.0000001", "1E-7"),
            ("12345.678e-20", "1.2345678E-16"),
            ("1e33", "1000000000000000000000000000000000"),
            ("1e34", "1E34"),
            ("1.5e+40", "1.5E40"),
            ("1e-1000", "0"),
            ("9.999999999999999999999999999999999e999", "9.999999999999999999999999999999999E999"),
        ] {
            assert_eq!(decimal(text).to_text(), printed, "{text}");
            assert_eq!(decimal(printed).compare(decimal(text)), Ordering::Equal, "{text}");
        }
        for text in ["", "NaN", "Infinity", "1e1000", "1e999999999999", "1.2.3", "e", "1\0"] {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
    }

    #[test]
    fn sums_are_exact_to_34_digits() {
        let third = decimal("1").divide(decimal("3")).unwrap();
        assert_eq!(third.to_text(), "0.3333333333333333333333333333333333");
        assert_eq!(decimal("0.1").add(decimal("0.2")).unwrap().to_text(), "0.3");
        assert_eq!(decimal("1.1").multiply(decimal("1.1")).unwrap().to_text(), "1.21");
        assert_eq!(decimal("7.5").remainder(decimal("-2")).unwrap().to_text(), "1.5");
        assert_eq!(decimal("1").divide(decimal("0")), None);
        assert_eq!(decimal("1").remainder(decimal("0")), None);
        assert_eq!(decimal("9e999").multiply(decimal("2")), None);
        assert_eq!(decimal("1e-999").divide(decimal("10")).unwrap().to_text(), "0");
    }

    #[test]
    fn rounding_goes_to_the_side_it_says() {
        for (text, floor, ceil, round, trunc) in [
            ("1.5", "1", "2", "2", "1.5"),
            ("-1.5", "-2", "-1", "-2", "-1.5"),
            ("2.888", "2", "3", "3", "2.88"),
            ("-0.001", "-1", "0", "0", "0"),
            ("1e50", "1E50", "1E50", "1E50", "1E50"),
            ("1234567890123456789012345678901234.5", "1234567890123456789012345678901234", "", "", ""),
        ] {
            let number = decimal(text);
            assert_eq!(number.floor().to_text(), floor, "{text}");
            if !ceil.is_empty() {
                assert_eq!(number.ceil().to_text(), ceil, "{text}");
                assert_eq!(number.round().to_text(), round, "{text}");
                assert_eq!(number.trunc(2).to_text(), trunc, "{text}");
            }
        }
        assert_eq!(decimal("2.5").trunc(u32::MAX).to_text(), "2.5");
    }

    #[test]
    fn doubles_become_what_their_shortest_text_says() {
        assert_eq!(Decimal::from_f64(0.1).unwrap().to_text(), "0.1");
        assert_eq!(Decimal::from_f64(f64::MAX).unwrap().to_text(), "1.7976931348623157E308");
        assert_eq!(Decimal::from_f64(f64::INFINITY), None);
        assert_eq!(Decimal::from_f64(f64::NAN), None);
        assert!((decimal("47.696").as_f64() - 47.696).abs() < f64::EPSILON);
    }
}
