//! Colours: how they are written, what a terminal has of them, and which is nearest where it has not.

use super::theme::nearest as near;
use ratatui::style::Color;

/// How many colours a terminal has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// None, or none are wanted.
    None,
    /// The 16 of ANSI, whose shades the person chose.
    Sixteen,
    /// The 256 of xterm.
    Indexed,
    /// Any.
    True,
}

impl Depth {
    /// As the environment says: nothing where `NO_COLOR` is set and not empty (<https://no-color.org>), else by `COLORTERM`
    /// and `TERM`.
    #[must_use]
    pub fn of(variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let term = set("TERM").unwrap_or_default();
        if set("NO_COLOR").is_some() || term == "dumb" {
            return Self::None;
        }
        let any = ["truecolor", "24bit"];
        // Terminals that have them all, and may not say so through a remote shell.
        let known = ["direct", "kitty", "alacritty", "ghostty", "wezterm", "foot"];
        let named = set("COLORTERM").is_some_and(|value| any.contains(&value.to_ascii_lowercase().as_str()));
        if named || set("WT_SESSION").is_some() || known.iter().any(|name| term.contains(name)) {
            Self::True
        } else if term.contains("256color") {
            Self::Indexed
        } else {
            Self::Sixteen
        }
    }
}

/// The names, and the shades by which the nearest is found: those of xterm.
const NAMED: [(&str, Color, [u8; 3]); 16] = [
    ("black", Color::Black, [0, 0, 0]),
    ("red", Color::Red, [205, 0, 0]),
    ("green", Color::Green, [0, 205, 0]),
    ("yellow", Color::Yellow, [205, 205, 0]),
    ("blue", Color::Blue, [0, 0, 238]),
    ("magenta", Color::Magenta, [205, 0, 205]),
    ("cyan", Color::Cyan, [0, 205, 205]),
    ("grey", Color::Gray, [229, 229, 229]),
    ("dark-grey", Color::DarkGray, [127, 127, 127]),
    ("light-red", Color::LightRed, [255, 0, 0]),
    ("light-green", Color::LightGreen, [0, 255, 0]),
    ("light-yellow", Color::LightYellow, [255, 255, 0]),
    ("light-blue", Color::LightBlue, [92, 92, 255]),
    ("light-magenta", Color::LightMagenta, [255, 0, 255]),
    ("light-cyan", Color::LightCyan, [0, 255, 255]),
    ("white", Color::White, [255, 255, 255]),
];

/// The steps of xterm's cube of colours.
const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];

/// Reads a colour.
///
/// # Errors
/// What is wrong, with the name that may be meant.
pub fn read(text: &str) -> Result<Color, String> {
    if text == "default" {
        return Ok(Color::Reset);
    }
    if let Some((_, colour, _)) = NAMED.iter().find(|(name, ..)| *name == text) {
        return Ok(*colour);
    }
    let hex = text.strip_prefix('#').filter(|hex| hex.len() == 6 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
    if let Some(number) = hex.and_then(|hex| u32::from_str_radix(hex, 16).ok()) {
        let [_, red, green, blue] = number.to_be_bytes();
        return Ok(Color::Rgb(red, green, blue));
    }
    if let Ok(index) = text.parse() {
        return Ok(Color::Indexed(index));
    }
    let names = NAMED.map(|(name, ..)| name);
    let near = near(text, &names);
    Err(format!(
        "there is no colour {text:?}{near} A colour is #rrggbb, a number up to 255, default or one of {}",
        names.join(", ")
    ))
}

/// The nearest colour that a terminal of this depth has.
#[must_use]
pub fn nearest(colour: Color, depth: Depth) -> Color {
    match (colour, depth) {
        (Color::Rgb(red, green, blue), Depth::Indexed) => Color::Indexed(index_of([red, green, blue])),
        (Color::Rgb(red, green, blue), Depth::Sixteen) => named([red, green, blue]),
        (Color::Indexed(index), Depth::Sixteen) => match NAMED.get(usize::from(index)) {
            Some((_, colour, _)) => *colour,
            None => named(shade(index)),
        },
        (_, Depth::None) => Color::Reset,
        (colour, _) => colour,
    }
}

fn named(shade: [u8; 3]) -> Color {
    let nearest = NAMED.iter().min_by_key(|(.., other)| distance(shade, *other));
    nearest.map_or(Color::Reset, |(_, colour, _)| *colour)
}

/// The nearest of the 240 that are the same everywhere: cube and greys.
fn index_of(wanted: [u8; 3]) -> u8 {
    (16..=255).min_by_key(|index| distance(wanted, shade(*index))).unwrap_or(15)
}

fn shade(index: u8) -> [u8; 3] {
    match index {
        0..16 => NAMED[usize::from(index)].2,
        16..232 => {
            let place = usize::from(index - 16);
            [STEPS[place / 36], STEPS[place / 6 % 6], STEPS[place % 6]]
        }
        232..=255 => [8 + 10 * (index - 232); 3],
    }
}

/// Weighted as the eye does: green counts most.
fn distance(one: [u8; 3], other: [u8; 3]) -> u32 {
    let weights = [3, 6, 1];
    one.iter()
        .zip(other)
        .zip(weights)
        .map(|((one, other), weight)| u32::from(one.abs_diff(other)).pow(2) * weight)
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn depth(variables: &[(&str, &str)]) -> Depth {
        Depth::of(|name| variables.iter().find(|(other, _)| *other == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn the_environment_tells_what_the_terminal_can() {
        for (variables, wanted) in [
            (&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")][..], Depth::True),
            (&[("TERM", "xterm-256color")], Depth::Indexed),
            (&[("TERM", "xterm-kitty")], Depth::True),
            (&[("TERM", "xterm")], Depth::Sixteen),
            (&[("TERM", "linux"), ("COLORTERM", "")], Depth::Sixteen),
            (&[("TERM", "dumb"), ("COLORTERM", "truecolor")], Depth::None),
            (&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor"), ("NO_COLOR", "1")], Depth::None),
            (&[("TERM", "xterm"), ("NO_COLOR", "")], Depth::Sixteen),
        ] {
            assert_eq!(depth(variables), wanted, "{variables:?}");
        }
    }

    #[test]
    fn what_is_missing_is_stood_for_by_the_nearest() {
        assert_eq!(nearest(Color::Rgb(255, 0, 0), Depth::Sixteen), Color::LightRed);
        assert_eq!(nearest(Color::Rgb(0, 95, 135), Depth::Indexed), Color::Indexed(24));
        assert_eq!(nearest(Color::Rgb(8, 8, 8), Depth::Indexed), Color::Indexed(232));
        assert_eq!(nearest(Color::Indexed(196), Depth::Sixteen), Color::LightRed);
        assert_eq!(nearest(Color::Indexed(3), Depth::Sixteen), Color::Yellow);
        assert_eq!(nearest(Color::Green, Depth::Indexed), Color::Green, "the person's own shade");
        assert_eq!(nearest(Color::Rgb(1, 2, 3), Depth::True), Color::Rgb(1, 2, 3));
    }

    proptest! {
        #[test]
        fn a_terminal_is_given_no_colour_that_it_has_not(red: u8, green: u8, blue: u8, index: u8) {
            for colour in [Color::Rgb(red, green, blue), Color::Indexed(index)] {
                prop_assert!(!matches!(nearest(colour, Depth::Sixteen), Color::Rgb(..) | Color::Indexed(_)));
                prop_assert!(!matches!(nearest(colour, Depth::Indexed), Color::Rgb(..)));
                prop_assert_eq!(nearest(colour, Depth::None), Color::Reset);
            }
        }
    }
}
