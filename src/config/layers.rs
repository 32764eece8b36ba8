//! What was said where: file, profile, environment and flags, the later over the earlier.

use super::broker::PERSONAL;
use super::error::{ConfigError, explain};
use super::locate;
use super::reader::Fault;
use super::sections::{ProfileSections, Sections};
use crate::mqtt::BrokerAddress;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer, ValueDeserializer};

/// Where a value comes from. A later one wins.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// Nobody said anything.
    #[default]
    Default,
    /// The file.
    File(Place),
    /// A profile, and where it stands in the file, unless it is one of lwtop's own.
    Profile(String, Option<Place>),
    /// An environment variable.
    Environment(&'static str),
    /// A flag.
    Flag(&'static str),
}

/// A place in the file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file's name.
    pub file: Arc<str>,
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters, counted from 1.
    pub column: usize,
}

impl Origin {
    /// How late it is: a value of a higher rank wins.
    #[must_use]
    pub const fn rank(&self) -> u8 {
        match self {
            Self::Default => 0,
            Self::File(_) => 1,
            Self::Profile(..) => 2,
            Self::Environment(_) => 3,
            Self::Flag(_) => 4,
        }
    }

    /// The error of a value that comes from here.
    pub(super) fn error(&self, key: &str, why: String) -> ConfigError {
        match self {
            Self::File(Place { file, line, column }) | Self::Profile(_, Some(Place { file, line, column })) => {
                let (file, line, column) = (file.to_string(), *line, *column);
                ConfigError::Invalid { file, line, column, key: format!("{key}: "), why }
            }
            Self::Environment(name) | Self::Flag(name) => ConfigError::Value { from: (*name).to_owned(), why },
            Self::Default | Self::Profile(_, None) => ConfigError::Value { from: key.to_owned(), why },
        }
    }

    /// The error of a value under this key, as one sentence.
    #[must_use]
    pub fn blame(&self, key: &str, why: &str) -> String {
        self.error(key, why.to_owned()).to_string()
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(place) => place.fmt(f),
            Self::Profile(name, None) => write!(f, "profile {name}"),
            Self::Profile(name, Some(place)) => write!(f, "profile {name}, {place}"),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::Flag(name) => write!(f, "flag {name}"),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// The keys above a value, and its own.
pub(super) type Path = Vec<String>;

/// One layer, or several on one another.
#[derive(Clone, Default)]
pub(super) struct Layers(BTreeMap<Path, (toml::Value, Origin)>);

impl Layers {
    /// A single value.
    pub(super) fn of(key: &str, value: toml::Value, origin: Origin) -> Self {
        Self([(key.split('.').map(str::to_owned).collect(), (value, origin))].into())
    }

    /// Lays `over` on these.
    pub(super) fn lay(&mut self, over: Self) {
        let url = |layers: &Self| layers.text(&["broker", "url"]);
        if let (Some(ours), Some(theirs)) = (url(self), url(&over))
            && !same_broker(&ours, &theirs, self.text(&["broker", "user"]))
        {
            // What was meant for one broker is not told to another.
            let personal = |path: &Path| matches!(&path[..], [section, key, ..] if section == "broker" && PERSONAL.contains(&&**key));
            self.0.retain(|path, _| !personal(path));
        }
        self.0.extend(over.0);
    }

    /// The text under this key.
    pub(super) fn text(&self, key: &[&str]) -> Option<String> {
        let path: Path = key.iter().map(|&name| name.to_owned()).collect();
        self.0.get(&path).and_then(|(value, _)| value.as_str()).map(str::to_owned)
    }

    /// Where the values come from.
    pub(super) fn origins(self) -> BTreeMap<Path, Origin> {
        self.0.into_iter().map(|(path, (_, origin))| (path, origin)).collect()
    }

    /// The sections that these values make.
    pub(super) fn sections(&self) -> Result<Sections, toml::de::Error> {
        let mut root = toml::Table::new();
        for (path, (value, _)) in &self.0 {
            let Some((key, above)) = path.split_last() else { continue };
            let mut table = Some(&mut root);
            for name in above {
                let inner = table.map(|table| table.entry(name).or_insert_with(|| toml::Table::new().into()));
                table = inner.and_then(toml::Value::as_table_mut);
            }
            if let Some(table) = table {
                table.insert(key.clone(), value.clone());
            }
        }
        Sections::deserialize(root)
    }

    /// These values, if lwtop takes them; each is looked at alone.
    pub(super) fn checked(self) -> Result<Self, ConfigError> {
        match (self.sections(), self.0.first_key_value()) {
            (Err(error), Some((path, (_, origin)))) => Err(origin.error(&path.join("."), explain(error.message()))),
            _ => Ok(self),
        }
    }
}

/// Whether a later URL means the same broker, and nobody else there: it may name the user whom the earlier one left out.
/// `user` is the one that was said beside the earlier.
fn same_broker(ours: &str, theirs: &str, user: Option<String>) -> bool {
    let (Ok(ours), Ok(theirs)) = (ours.parse::<BrokerAddress>(), theirs.parse::<BrokerAddress>()) else {
        return ours == theirs;
    };
    let before = user.or_else(|| ours.login.as_ref().map(|login| login.user.clone()));
    let someone_else = match (&theirs.login, before) {
        (Some(login), Some(before)) => login.user != before,
        (Some(_), None) => false,
        (None, _) => ours.login.is_some(),
    };
    let without = |address: BrokerAddress| BrokerAddress { login: None, ..address };
    !someone_else && without(ours) == without(theirs)
}

/// The text of a file, for the places in it.
#[derive(Clone, Copy)]
pub(super) struct Text<'t> {
    pub(super) file: &'t str,
    pub(super) text: &'t str,
}

impl Text<'_> {
    fn place(&self, offset: usize, file: &Arc<str>) -> Place {
        let (line, column) = locate::position(self.text, offset);
        Place { file: Arc::clone(file), line, column }
    }
}

/// The sections of the file outside of profiles.
pub(super) fn of_file(table: &Spanned<DeTable<'_>>, text: Text<'_>, faults: &mut Vec<Fault>) -> Layers {
    let mut sections = table.clone();
    without_faults(&mut sections, table.get_ref(), faults, |table| Sections::deserialize(table).map(drop));
    for elsewhere in ["rules", "profiles"] {
        sections.get_mut().remove(elsewhere);
    }
    flat(sections.get_ref(), text, Origin::File)
}

/// The profiles of the file, in its order.
pub(super) fn of_profiles(
    table: &Spanned<DeTable<'_>>,
    text: Text<'_>,
    faults: &mut Vec<Fault>,
) -> Vec<(String, Layers)> {
    let Some(profiles) = table.get_ref().get("profiles") else { return Vec::new() };
    let mut fault = |offset, key: String| {
        let why = "expected a table of keys: write [profiles.NAME.broker]".to_owned();
        faults.push(Fault { offset, key: Some(key), why });
    };
    let DeValue::Table(named) = profiles.get_ref() else {
        fault(profiles.span().start, "profiles".to_owned());
        return Vec::new();
    };
    let mut read = Vec::new();
    for (name, value) in named {
        let name = name.get_ref().to_string();
        match value.get_ref() {
            DeValue::Table(profile) => read.push((name, Spanned::new(value.span(), profile.clone()))),
            _ => fault(value.span().start, format!("profiles.{name}")),
        }
    }
    let layers = |(name, mut profile): (String, Spanned<DeTable<'_>>)| {
        let root = table.get_ref();
        without_faults(&mut profile, root, faults, |table| ProfileSections::deserialize(table).map(drop));
        let layers = flat(profile.get_ref(), text, |place| Origin::Profile(name.clone(), Some(place)));
        (name, layers)
    };
    read.into_iter().map(layers).collect()
}

/// A profile of lwtop's own; `text` has no faults.
pub(super) fn of_builtin(name: &str, text: &str) -> Layers {
    let table = DeTable::parse(text).map(Spanned::into_inner).unwrap_or_default();
    flat(&table, Text { file: "", text }, |_| Origin::Profile(name.to_owned(), None))
}

/// Takes out what is not allowed. serde stops at the first fault, so the key at fault is taken out and it is asked again.
fn without_faults<'i>(
    table: &mut Spanned<DeTable<'i>>,
    root: &DeTable<'_>,
    faults: &mut Vec<Fault>,
    read: impl Fn(Deserializer<'i>) -> Result<(), toml::de::Error>,
) {
    while let Err(error) = read(Deserializer::from(table.clone())) {
        let offset = error.span().unwrap_or_default().start;
        let key = locate::key_in(root, offset);
        faults.push(Fault { offset, key, why: explain(error.message()) });
        if !locate::take_out(table.get_mut(), offset) {
            table.get_mut().clear();
        }
    }
}

/// The values of a table, each with where it stands.
fn flat(table: &DeTable<'_>, text: Text<'_>, origin: impl Fn(Place) -> Origin) -> Layers {
    let file: Arc<str> = text.file.into();
    let mut layers = Layers::default();
    // The parser bounds how deep tables nest.
    let mut left = vec![(Path::new(), table)];
    while let Some((above, table)) = left.pop() {
        for (key, value) in table {
            let mut path = above.clone();
            path.push(key.get_ref().to_string());
            match value.get_ref() {
                DeValue::Table(inner) => left.push((path, inner)),
                _ => {
                    if let Ok(read) = toml::Value::deserialize(ValueDeserializer::from(value.clone())) {
                        layers.0.insert(path, (read, origin(text.place(value.span().start, &file))));
                    }
                }
            }
        }
    }
    layers
}

/// Where each of the rules stands.
pub(super) fn of_rules(table: &DeTable<'_>, text: Text<'_>) -> Vec<Origin> {
    let file: Arc<str> = text.file.into();
    let items = match table.get("rules").map(Spanned::get_ref) {
        Some(DeValue::Array(items)) => &items[..],
        _ => &[],
    };
    items.iter().map(|item| Origin::File(text.place(item.span().start, &file))).collect()
}
