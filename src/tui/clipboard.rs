//! Copying: the terminal is asked to put a text into the person's clipboard (OSC 52 of xterm's control sequences). It
//! works over SSH and without a desktop; a terminal that does not know the sequence, or does not allow it, ignores it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The longest text: terminals take about 100 KB of base64, some a little less.
pub const LONGEST: usize = 72 * 1024;

/// What is written to the terminal to copy `text`; `None` if it is longer than terminals take.
#[must_use]
pub fn sequence(text: &str) -> Option<String> {
    (text.len() <= LONGEST).then(|| format!("\x1b]52;c;{}\x07", STANDARD.encode(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_reaches_the_terminal_as_it_is() {
        assert_eq!(sequence("é\x1b]0;x\x07").as_deref(), Some("\x1b]52;c;w6kbXTA7eAc=\x07"));
        assert_eq!(sequence(&"x".repeat(LONGEST + 1)), None);
    }
}
