//! Themes: which style each meaning has. A theme is a TOML file with one line for each:
//!
//! ```toml
//! good = "green"
//! bad = "bold #ffffff on 124"
//! ```
//! A style is made of `bold`, `dim`, `italic`, `underlined`, `reversed`, a colour, and `on` with the colour of the ground.
//! A colour is a name, a number of the 256, `#rrggbb`, or `default`. What the terminal has not, the nearest stands for.

use super::colour::{self, Depth};
use ratatui::style::{Color, Modifier, Style};
use std::path::Path;
use toml::de::{DeTable, DeValue};

/// The themes that come with lwtop.
const BUILTIN: [(&str, &str); 5] = [
    ("dark", include_str!("../../assets/themes/dark.toml")),
    ("light", include_str!("../../assets/themes/light.toml")),
    ("high-contrast", include_str!("../../assets/themes/high-contrast.toml")),
    ("colour-blind", include_str!("../../assets/themes/colour-blind.toml")),
    ("mono", include_str!("../../assets/themes/mono.toml")),
];

/// The style of each meaning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Theme {
    /// Everything, before it has a meaning: by default the terminal's own.
    pub text: Style,
    /// All is well.
    pub good: Style,
    /// Something wants attention.
    pub warn: Style,
    /// Something is gone or missing.
    pub bad: Style,
    /// What matters less.
    pub dim: Style,
    /// Names and titles.
    pub strong: Style,
    /// Keys, and the border of what has the focus.
    pub accent: Style,
    /// The words of a language.
    pub keyword: Style,
    /// The line under the cursor.
    pub cursor: Style,
}

/// A theme that cannot be used, as a sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ThemeError(String);

impl Theme {
    /// The keys of a theme's file.
    pub const KEYS: [&str; 9] = ["text", "good", "warn", "bad", "dim", "strong", "accent", "keyword", "cursor"];

    /// The theme called `name`, or the one in the file at that path.
    ///
    /// # Errors
    /// If there is no such theme, or the file cannot be read or says something that is not allowed.
    pub fn find(name: &str) -> Result<Self, ThemeError> {
        if let Some((_, text)) = BUILTIN.iter().find(|(own, _)| *own == name) {
            return Self::parse(text, name);
        }
        let path = Path::new(name);
        let is_path = path.extension().is_some_and(|extension| extension == "toml") || path.components().count() > 1;
        if is_path {
            let text = std::fs::read_to_string(path)
                .map_err(|error| ThemeError(format!("the theme {name} cannot be read: {error}")))?;
            return Self::parse(&text, name);
        }
        let names = BUILTIN.map(|(name, _)| name);
        let near = nearest(name, &names);
        Err(ThemeError(format!(
            "there is no theme {name:?}{near} There are {}; for one of your own, write the path of its file, which ends in .toml",
            names.join(", ")
        )))
    }

    /// The default one.
    #[must_use]
    pub fn dark() -> Self {
        Self::find("dark").unwrap_or_default()
    }

    /// Reads a theme; what it does not say is as in the theme `dark`. `file` is named in errors.
    ///
    /// # Errors
    /// With the place, if it is no TOML, or has a key or a style that there is not.
    pub fn parse(text: &str, file: &str) -> Result<Self, ThemeError> {
        let line = |offset: usize| 1 + text.get(..offset).unwrap_or(text).matches('\n').count();
        let at = |offset: usize, why: &str| ThemeError(format!("{file}, line {}: {why}", line(offset)));
        let table = DeTable::parse(text)
            .map_err(|error| at(error.span().unwrap_or_default().start, error.message().trim_end()))?;
        // The one that all others stand on says everything itself.
        let mut theme = if file == "dark" { Self::default() } else { Self::dark() };
        for (key, value) in table.get_ref() {
            let name: &str = key.get_ref();
            let Some(slot) = theme.slot(name) else {
                let near = nearest(name, &Self::KEYS);
                let why = format!("there is no key {name} in a theme{near} Allowed here: {}", Self::KEYS.join(", "));
                return Err(at(key.span().start, &why));
            };
            let DeValue::String(style) = value.get_ref() else {
                return Err(at(
                    value.span().start,
                    &format!("{name}: expected a style in quotes, such as \"bold red\""),
                ));
            };
            *slot = style_of(style).map_err(|why| at(value.span().start, &format!("{name}: {why}")))?;
        }
        Ok(theme)
    }

    fn slot(&mut self, name: &str) -> Option<&mut Style> {
        Some(match name {
            "text" => &mut self.text,
            "good" => &mut self.good,
            "warn" => &mut self.warn,
            "bad" => &mut self.bad,
            "dim" => &mut self.dim,
            "strong" => &mut self.strong,
            "accent" => &mut self.accent,
            "keyword" => &mut self.keyword,
            "cursor" => &mut self.cursor,
            _ => return None,
        })
    }

    /// The same in the colours that a terminal has.
    #[must_use]
    pub fn on(mut self, depth: Depth) -> Self {
        for name in Self::KEYS {
            if let Some(style) = self.slot(name) {
                *style = seen(*style, depth);
            }
        }
        self
    }
}

/// A style in the colours of `depth`. Where there are none, a ground of its own becomes a reversed line: what was marked
/// stays marked.
fn seen(style: Style, depth: Depth) -> Style {
    if depth == Depth::None {
        let plain = Style { fg: None, bg: None, ..style };
        let marked = style.bg.is_some() && style.add_modifier.contains(Modifier::BOLD);
        return if marked { plain.add_modifier(Modifier::REVERSED) } else { plain };
    }
    let nearest = |colour: Option<Color>| colour.map(|colour| colour::nearest(colour, depth));
    Style { fg: nearest(style.fg), bg: nearest(style.bg), ..style }
}

fn style_of(text: &str) -> Result<Style, String> {
    let mut style = Style::new();
    let mut words = text.split_whitespace();
    while let Some(word) = words.next() {
        let modifier = match word {
            "bold" => Modifier::BOLD,
            "dim" => Modifier::DIM,
            "italic" => Modifier::ITALIC,
            "underlined" => Modifier::UNDERLINED,
            "reversed" => Modifier::REVERSED,
            "on" => {
                let ground = words.next().ok_or("a colour is missing after \"on\"")?;
                style.bg = Some(colour::read(ground)?);
                continue;
            }
            colour => {
                style.fg = Some(colour::read(colour)?);
                continue;
            }
        };
        style = style.add_modifier(modifier);
    }
    Ok(style)
}

/// `; did you mean x?`, or a full stop.
pub(super) fn nearest(wrong: &str, known: &[&str]) -> String {
    let near = known.iter().map(|known| (strsim::damerau_levenshtein(known, wrong), known)).min();
    let near = near.filter(|(distance, known)| *distance <= 2.max(known.len() / 3));
    near.map_or_else(|| ".".to_owned(), |(_, known)| format!("; did you mean {known}?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_theme_of_lwtop_can_be_read_and_says_everything() {
        for (name, text) in BUILTIN {
            Theme::find(name).unwrap_or_else(|error| panic!("{error}"));
            for key in Theme::KEYS.iter().filter(|key| **key != "text") {
                assert!(text.contains(&format!("\n{key} = ")), "{name} says nothing of {key}");
            }
        }
    }

    #[test]
    fn a_style_is_made_of_words() {
        let theme =
            Theme::parse("bad = \"bold underlined #ff8000 on 17\"\ntext = \"default on black\"", "own").unwrap();
        let bad = Style::new().fg(Color::Rgb(255, 128, 0)).bg(Color::Indexed(17));
        assert_eq!(theme.bad, bad.add_modifier(Modifier::BOLD | Modifier::UNDERLINED));
        assert_eq!(theme.text, Style::new().fg(Color::Reset).bg(Color::Black));
        assert_eq!(theme.good, Theme::dark().good, "the rest is as in dark");
    }

    #[test]
    fn faults_name_their_place_and_what_may_be_meant() {
        for (text, wanted) in [
            (
                "good = \"green\"\nwarm = \"red\"",
                "own.toml, line 2: there is no key warm in a theme; did you mean warn?",
            ),
            ("bad = \"bold redd\"", "line 1: bad: there is no colour \"redd\"; did you mean red?"),
            ("bad = 7", "line 1: bad: expected a style in quotes"),
            ("bad = \"on\"", "a colour is missing"),
            ("bad = \"#12\"", "there is no colour \"#12\""),
            ("bad", "line 1"),
        ] {
            let why = Theme::parse(text, "own.toml").unwrap_err().to_string();
            assert!(why.contains(wanted), "{why}");
        }
        let why = Theme::find("drak").unwrap_err().to_string();
        assert!(why.contains("did you mean dark?") && why.contains("colour-blind"), "{why}");
        let why = Theme::find("no/such.toml").unwrap_err().to_string();
        assert!(why.contains("no/such.toml cannot be read"), "{why}");
    }

    #[test]
    fn without_colours_what_was_marked_stays_marked() {
        for (name, _) in BUILTIN {
            let theme = Theme::find(name).unwrap().on(Depth::None);
            for mut style in Theme::KEYS.map(|key| *Theme::slot(&mut theme.clone(), key).unwrap()) {
                assert_eq!((style.fg.take(), style.bg.take()), (None, None), "{name}");
            }
            assert!(theme.cursor.add_modifier.contains(Modifier::REVERSED), "{name} has no cursor");
            assert_ne!(theme.bad, theme.dim, "{name}");
        }
    }
}
