//! `[interface]` and `[keys]`: how the terminal interface looks and listens.

use super::error::did_you_mean;
use super::fields;
use crate::fleet::{Column, Sort};
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
    /// Whether clicks and the wheel are listened to.
    pub mouse: bool,
    /// Whether the terminal's bell rings at a death.
    pub bell: bool,
    /// Whether the terminal's title tells how many devices are there.
    pub title: bool,
    /// The columns of the table, in their order.
    #[serde(with = "columns")]
    pub columns: Vec<Column>,
    /// By what the fleet is sorted; without it, in the order in which the devices appeared.
    #[serde(with = "sort")]
    pub sort: Option<Sort>,
}

impl Default for InterfaceSection {
    fn default() -> Self {
        Self {
            theme: "dark".to_owned(),
            ascii: false,
            read_only: false,
            mouse: true,
            bell: false,
            title: false,
            columns: Column::USUAL.to_vec(),
            sort: None,
        }
    }
}

fn theme<'de, D: serde::Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let allowed = "the name of a theme or the path of a file, in quotes";
    fields::text(from, allowed, super::checks::not_empty)
}

/// The column called `name`, or why there is none.
fn column(name: &str) -> Result<Column, String> {
    Column::find(name).ok_or_else(|| {
        let names = Column::ALL.map(Column::name);
        let near = did_you_mean(name, &names);
        let stop = if near.is_empty() { "." } else { "" };
        format!("there is no column {name:?}{near}{stop} There are: {}", names.join(", "))
    })
}

mod columns {
    use super::{Column, column, fields};
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    /// One name, so that an error stands at its place in the list.
    struct Name(Column);

    impl<'de> Deserialize<'de> for Name {
        fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
            fields::text(from, "the name of a column in quotes", column).map(Self)
        }
    }

    pub(super) fn serialize<S: Serializer>(columns: &[Column], to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(columns.iter().map(|column| column.name()))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Column>, D::Error> {
        let mut columns: Vec<Column> = Vec::new();
        for Name(column) in Vec::<Name>::deserialize(from)? {
            if columns.contains(&column) {
                return Err(D::Error::custom(format!("the column {:?} stands here twice", column.name())));
            }
            columns.push(column);
        }
        if !columns.contains(&Column::Device) {
            let why = "the column \"device\" is missing: without it nobody knows whose line it is";
            return Err(D::Error::custom(why));
        }
        Ok(columns)
    }
}

mod sort {
    use super::{Sort, column, fields};
    use serde::{Deserializer, Serializer};

    #[expect(clippy::ref_option, reason = "serde hands it over like this")]
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over like this")]
    pub(super) fn serialize<S: Serializer>(sort: &Option<Sort>, to: S) -> Result<S::Ok, S::Error> {
        match sort {
            Some(sort) if sort.is_usual() => to.serialize_str(sort.column.name()),
            Some(sort) => to.collect_str(&format_args!("-{}", sort.column.name())),
            None => to.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Sort>, D::Error> {
        let allowed = "the name of a column in quotes, with - before it for the other way round";
        fields::text(from, allowed, |text| match text.strip_prefix('-') {
            Some(name) => column(name).map(|column| Some(Sort::by(column).reversed())),
            None => column(text).map(|column| Some(Sort::by(column))),
        })
    }
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
