//! Int and Decimal.

use std::cmp::Ordering;
use std::fmt;

/// A number of AWS IoT SQL.
///
/// AWS gives both 34 decimal digits (developer guide, "Data types"). Int has them here (i128 holds 38); a Decimal is
/// an IEEE double, so its results are exact to about 15 digits only.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// A whole number.
    Int(i128),
    /// A number with a fraction or an exponent; always finite.
    Decimal(f64),
}

impl Number {
    /// A literal, or a string that converts: `-?\d+(\.\d+)?(E-?\d+)?` (developer guide, "Conversions"). `None` for every
    /// other text and for what is too large.
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
            return Some(Self::Int(int));
        }
        Self::decimal(text.parse().ok()?)
    }

    /// A Decimal, unless `value` is infinite or no number.
    #[must_use]
    pub fn decimal(value: f64) -> Option<Self> {
        value.is_finite().then_some(Self::Decimal(value))
    }

    /// The number in a JSON document.
    pub(super) fn from_json(number: &serde_json::Number) -> Option<Self> {
        number.as_i128().map(Self::Int).or_else(|| Self::decimal(number.as_f64()?))
    }

    /// The number as JSON: a whole Decimal is written as an Int (`10.0` prints as `10`), and what JSON's readers do not
    /// hold as an integer is written as a Decimal.
    pub(super) fn to_json(self) -> Option<serde_json::Number> {
        match self {
            Self::Int(int) => i64::try_from(int)
                .map(Into::into)
                .or_else(|_| u64::try_from(int).map(Into::into))
                .ok()
                .or_else(|| serde_json::Number::from_f64(self.as_f64())),
            Self::Decimal(decimal) => match whole(decimal) {
                Some(int) => Some(int.into()),
                None => serde_json::Number::from_f64(decimal),
            },
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a Decimal is a double by definition of this type")]
    const fn as_f64(self) -> f64 {
        match self {
            Self::Int(int) => int as f64,
            Self::Decimal(decimal) => decimal,
        }
    }

    /// `Int op Int` is Int where it fits, everything else Decimal; `None` where there is no number (1 / 0).
    pub(super) fn combine(
        self,
        other: Self,
        ints: impl FnOnce(i128, i128) -> Option<i128>,
        decimals: impl FnOnce(f64, f64) -> f64,
    ) -> Option<Self> {
        if let (Self::Int(left), Self::Int(right)) = (self, other)
            && let Some(int) = ints(left, right)
        {
            return Some(Self::Int(int));
        }
        Self::decimal(decimals(self.as_f64(), other.as_f64()))
    }

    /// The number with its sign changed.
    pub(super) fn negate(self) -> Self {
        match self {
            Self::Int(int) => int.checked_neg().map_or_else(|| Self::Decimal(-self.as_f64()), Self::Int),
            Self::Decimal(decimal) => Self::Decimal(-decimal),
        }
    }

    /// Compares by value: `5` equals `5.0`.
    pub(super) fn compare(self, other: Self) -> Ordering {
        match (self, other) {
            (Self::Int(left), Self::Int(right)) => left.cmp(&right),
            // Both are finite, so there is always an order.
            _ => self.as_f64().partial_cmp(&other.as_f64()).unwrap_or(Ordering::Equal),
        }
    }

    /// The number as a string of AWS IoT SQL: `10.0` is `10`.
    pub(super) fn to_text(self) -> String {
        match self {
            Self::Int(int) => int.to_string(),
            Self::Decimal(decimal) => whole(decimal).map_or_else(|| decimal.to_string(), |int| int.to_string()),
        }
    }
}

/// The integer that `decimal` is, if it is one and a double holds it exactly.
fn whole(decimal: f64) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    #[expect(clippy::cast_possible_truncation, reason = "it has no fraction and is below 2^53")]
    (decimal.fract() == 0.0 && decimal.abs() <= EXACT).then_some(decimal as i64)
}

impl fmt::Display for Number {
    /// As a literal that reads back as the same number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(int) => write!(f, "{int}"),
            Self::Decimal(decimal) => write!(f, "{decimal:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_convert_as_the_guide_says() {
        for (text, number) in [
            ("10", Some(Number::Int(10))),
            ("-7", Some(Number::Int(-7))),
            ("-1.2", Some(Number::Decimal(-1.2))),
            ("2e3", Some(Number::Decimal(2000.0))),
            ("2E-1", Some(Number::Decimal(0.2))),
            ("", None),
            (".5", None),
            ("5.", None),
            ("+5", None),
            ("1e", None),
            ("1e+5", None),
            ("0x10", None),
            ("inf", None),
            ("NaN", None),
            ("1e999", None),
            ("٣", None),
        ] {
            assert_eq!(Number::from_text(text), number, "{text}");
        }
    }

    #[test]
    fn whole_decimals_are_written_as_integers() {
        assert_eq!(Number::Decimal(10.0).to_text(), "10");
        assert_eq!(Number::Decimal(10.0).to_json().unwrap().to_string(), "10");
        assert_eq!(Number::Decimal(-0.5).to_json().unwrap().to_string(), "-0.5");
        assert_eq!(Number::Int(i128::from(u64::MAX)).to_json().unwrap().to_string(), u64::MAX.to_string());
        assert_eq!(Number::Int(i128::MAX).to_json().unwrap().to_string(), "1.7014118346046923e+38");
    }

    #[test]
    fn an_integer_that_overflows_becomes_a_decimal() {
        let sum = Number::Int(i128::MAX).combine(Number::Int(1), i128::checked_add, |a, b| a + b);
        assert!(matches!(sum, Some(Number::Decimal(_))), "{sum:?}");
        assert!(matches!(Number::Int(i128::MIN).negate(), Number::Decimal(_)));
    }
}
