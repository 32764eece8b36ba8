//! `[interface]` and `[keys]`: how the terminal interface looks and listens.

use super::fields;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// `[interface]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own in the file")]
pub struct InterfaceSection {
    /// The name of a theme, or the path of a file with one.
    #[serde(deserialize_with = "theme")]
    pub theme: String,
    /// Whether nothing but ASCII is drawn, whatever the terminal can.
    pub ascii: bool,
    /// Whether nothing can be launched, killed or deleted.
    pub read_only: bool,
    /// Whether the terminal's bell rings at a death.
    pub bell: bool,
    /// Whether the terminal's title tells how many devices are there.
    pub title: bool,
}

impl Default for InterfaceSection {
    fn default() -> Self {
        Self { theme: "dark".to_owned(), ascii: false, read_only: false, bell: false, title: false }
    }
}

fn theme<'de, D: serde::Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let allowed = "the name of a theme or the path of a file, in quotes";
    fields::text(from, allowed, super::checks::not_empty)
}

/// `[keys]`: the names of actions, each with all its keys. What there is of both, the interface knows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeysSection(pub BTreeMap<String, KeyList>);

/// The keys of one action: one, several or none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct KeyList(pub Vec<String>);

impl<'de> Deserialize<'de> for KeyList {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Keys;

        impl<'de> serde::de::Visitor<'de> for Keys {
            type Value = KeyList;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a key in quotes, or a list of keys")
            }

            fn visit_str<E>(self, key: &str) -> Result<KeyList, E> {
                Ok(KeyList(vec![key.to_owned()]))
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut list: A) -> Result<KeyList, A::Error> {
                let mut keys = Vec::new();
                while let Some(key) = list.next_element()? {
                    keys.push(key);
                }
                Ok(KeyList(keys))
            }
        }

        from.deserialize_any(Keys)
    }
}
