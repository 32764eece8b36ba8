//! Reads a table key by key, so that every fault in it is told with its place, not only the first.

use super::ConfigError;
use super::error::{explain, no_such_key};
use super::fields;
use serde::Deserialize;
use std::str::FromStr;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Error, ValueDeserializer};

/// The most faults that are told of one file.
const MOST_FAULTS: usize = 100;

/// Something that is not allowed, and where it stands.
#[derive(Debug)]
pub(super) struct Fault {
    /// The byte in the file.
    pub(super) offset: usize,
    /// The key with all keys above it, where there is one.
    pub(super) key: Option<String>,
    /// What is wrong, and what is allowed.
    pub(super) why: String,
}

/// The tables of a list and where each stands; everything else is a fault.
pub(super) fn tables<'t, 'i>(
    list: &'t Spanned<DeValue<'i>>,
    path: &str,
    header: &str,
    faults: &mut Vec<Fault>,
) -> Vec<(usize, &'t DeTable<'i>)> {
    let mut fault = |offset, path: String| {
        faults.push(Fault { offset, key: Some(path), why: format!("expected a list of tables: write {header}") });
    };
    let DeValue::Array(items) = list.get_ref() else {
        fault(list.span().start, path.to_owned());
        return Vec::new();
    };
    let mut tables = Vec::new();
    for (index, item) in items.iter().enumerate() {
        match item.get_ref() {
            DeValue::Table(table) => tables.push((item.span().start, table)),
            _ => fault(item.span().start, format!("{path}[{index}]")),
        }
    }
    tables
}

/// The faults as a person reads them, in the order of the file.
pub(super) fn told(mut faults: Vec<Fault>, file: &str, text: &str) -> Vec<ConfigError> {
    faults.sort_by_key(|fault| fault.offset);
    faults.truncate(MOST_FAULTS);
    faults.into_iter().map(|fault| ConfigError::at(file, text, fault.offset, fault.key, &fault.why)).collect()
}

/// A table that is being read. Whatever key is asked for is a key that is allowed.
pub(super) struct Keys<'k, 'i> {
    path: String,
    offset: usize,
    table: &'k DeTable<'i>,
    known: Vec<&'static str>,
    tolerated: Vec<&'static str>,
    any: bool,
    faults: &'k mut Vec<Fault>,
}

impl<'k, 'i> Keys<'k, 'i> {
    /// The table at `path`, which stands at the byte `offset`.
    pub(super) const fn new(path: String, offset: usize, table: &'k DeTable<'i>, faults: &'k mut Vec<Fault>) -> Self {
        Self { path, offset, table, known: Vec::new(), tolerated: Vec::new(), any: false, faults }
    }

    /// The value of `key` as it is written, if it is there.
    pub(super) fn written(&mut self, key: &'static str) -> Option<&'k Spanned<DeValue<'i>>> {
        self.known.push(key);
        self.table.get(key)
    }

    /// The value of `key`, if it is there and `read` takes it.
    pub(super) fn read<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(ValueDeserializer<'i>) -> Result<T, Error>,
    ) -> Option<T> {
        let value = self.written(key)?;
        match read(ValueDeserializer::from(value.clone())) {
            Ok(value) => Some(value),
            Err(error) => {
                let offset = error.span().map_or(value.span().start, |span| span.start);
                self.fault_at(offset, key, explain(error.message()));
                None
            }
        }
    }

    /// The value of `key`, if it is there and of the right type.
    pub(super) fn plain<T: Deserialize<'i>>(&mut self, key: &'static str) -> Option<T> {
        self.read(key, T::deserialize)
    }

    /// The text of `key`, if it is there and `read` takes it.
    pub(super) fn text<T>(
        &mut self,
        key: &'static str,
        allowed: &'static str,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        self.read(key, |from| fields::text(from, allowed, read))
    }

    /// The text of `key`, if it is there and prints back to what it means.
    pub(super) fn parsed<T: FromStr<Err: ToString>>(&mut self, key: &'static str, allowed: &'static str) -> Option<T> {
        self.text(key, allowed, |text| text.parse().map_err(|error: T::Err| error.to_string()))
    }

    /// The texts in the list of `key`, if it is there and `check` takes all of them.
    pub(super) fn list<T>(&mut self, key: &'static str, check: impl Fn(&str) -> Result<T, String>) -> Option<Vec<T>> {
        let texts: Vec<Spanned<String>> = self.plain(key)?;
        let count = texts.len();
        let mut good = Vec::with_capacity(count);
        for (index, text) in texts.into_iter().enumerate() {
            match check(text.get_ref()) {
                Ok(value) => good.push(value),
                Err(why) => self.fault_at(text.span().start, &format!("{key}[{index}]"), why),
            }
        }
        (good.len() == count).then_some(good)
    }

    /// The names and texts in the table of `key`, in order, if it is there and `check` takes all of them.
    pub(super) fn pairs<T>(
        &mut self,
        key: &'static str,
        check: impl Fn(&str, &str) -> Result<T, String>,
    ) -> Option<Vec<T>> {
        let value = self.written(key)?;
        let DeValue::Table(table) = value.get_ref() else {
            self.fault_at(value.span().start, key, "expected a table of names with text in quotes".to_owned());
            return None;
        };
        let mut good = Vec::with_capacity(table.len());
        for (name, value) in table {
            let result = match value.get_ref() {
                DeValue::String(text) => check(name.get_ref(), text),
                _ => Err("expected text in quotes".to_owned()),
            };
            match result {
                Ok(pair) => good.push(pair),
                Err(why) => self.fault_at(value.span().start, &format!("{key}.{}", name.get_ref()), why),
            }
        }
        (good.len() == table.len()).then_some(good)
    }

    /// What was read of `key`; that the key is missing is a fault.
    pub(super) fn needed<T>(&mut self, key: &'static str, read: Option<T>) -> Option<T> {
        if !self.table.contains_key(key) {
            self.fault(format!("the key {key} is missing"));
        }
        read
    }

    /// Lets `key` pass, which is not allowed, because a fault of its own is told of it.
    pub(super) fn tolerate(&mut self, key: &'static str) {
        self.tolerated.push(key);
    }

    /// Lets every key pass: without a type it is not known which are allowed.
    pub(super) fn any(&mut self) {
        self.any = true;
    }

    /// Whether `key` is there.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// The path of `key`.
    pub(super) fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// Something is wrong with the whole table.
    pub(super) fn fault(&mut self, why: impl Into<String>) {
        let key = (!self.path.is_empty()).then(|| self.path.clone());
        self.faults.push(Fault { offset: self.offset, key, why: why.into() });
    }

    /// Something is wrong with the value of `key`.
    pub(super) fn fault_in(&mut self, key: &'static str, why: impl Into<String>) {
        let offset = self.table.get(key).map_or(self.offset, |value| value.span().start);
        self.fault_at(offset, key, why.into());
    }

    fn fault_at(&mut self, offset: usize, key: &str, why: String) {
        self.faults.push(Fault { offset, key: Some(self.path_of(key)), why });
    }

    /// The faults, for what is read of a table inside this one.
    pub(super) const fn faults(&mut self) -> &mut Vec<Fault> {
        self.faults
    }

    /// Faults every key that was not asked for, and returns those that were.
    pub(super) fn finish(mut self) -> Vec<&'static str> {
        for (key, _) in self.table {
            let name = &&**key.get_ref();
            if !self.any && !self.known.contains(name) && !self.tolerated.contains(name) {
                let why = no_such_key(key.get_ref(), &self.known);
                self.fault_at(key.span().start, key.get_ref(), why);
            }
        }
        self.known
    }
}
