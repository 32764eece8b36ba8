//! Numbers as people read them.

/// A number with its thousands apart: `10 000`.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// The same in a text that may be broken into lines, where it is to stay whole.
#[must_use]
pub fn unbroken(number: u64) -> String {
    grouped(number).replace(' ', "\u{a0}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_apart() {
        let all = [0, 999, 1_000, 12_345, 1_000_000];
        assert_eq!(all.map(grouped), ["0", "999", "1 000", "12 345", "1 000 000"]);
        assert_eq!(unbroken(1_234_567), "1\u{a0}234\u{a0}567");
    }
}
