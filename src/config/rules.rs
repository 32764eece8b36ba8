//! `[[rules]]`: what a rule is made of.

use super::actions;
use super::reader::{Fault, Keys, tables};
use crate::rules::{Action, Rule, Statement};
use serde::{Serialize, Serializer};
use std::collections::HashSet;
use std::fmt;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

/// The longest name of a rule in bytes, as AWS IoT has it.
const LONGEST_NAME: usize = 128;

/// `[[rules]]`: one rule. It is written as it was read.
#[derive(Clone, PartialEq)]
pub struct RuleSection {
    /// The rule.
    pub rule: Rule,
    /// Whether it is in force.
    pub enabled: bool,
    written: toml::Table,
}

impl fmt::Debug for RuleSection {
    /// Without the table as it was written: a header in it may be a token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rule, enabled, written: _ } = self;
        f.debug_struct("RuleSection").field("rule", rule).field("enabled", enabled).finish_non_exhaustive()
    }
}

impl Serialize for RuleSection {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.written.serialize(to)
    }
}

/// The rules of the file; those with a fault are left out.
pub(super) fn read(file: &DeTable<'_>, faults: &mut Vec<Fault>) -> Vec<RuleSection> {
    let Some(rules) = file.get("rules") else {
        return Vec::new();
    };
    let mut names = HashSet::new();
    let mut read = Vec::new();
    for (index, (offset, table)) in tables(rules, "rules", "[[rules]]", faults).into_iter().enumerate() {
        let mut keys = Keys::new(format!("rules[{index}]"), offset, table, faults);
        let rule = rule(&mut keys, &mut names);
        keys.finish();
        let written = <toml::Table as serde::Deserialize>::deserialize(ValueDeserializer::from(Spanned::new(
            0..0,
            DeValue::Table(table.clone()),
        )));
        if let (Some((rule, enabled)), Ok(written)) = (rule, written) {
            read.push(RuleSection { rule, enabled, written });
        }
    }
    read
}

/// One rule, and whether it is in force.
fn rule(keys: &mut Keys<'_, '_>, names: &mut HashSet<String>) -> Option<(Rule, bool)> {
    let name = keys.text("name", "a name in quotes", name);
    let name = keys.needed("name", name);
    if let Some(name) = &name
        && !names.insert(name.clone())
    {
        keys.fault_in("name", format!("there are two rules named {name:?}; a rule's name must be its own"));
    }
    let description: Option<String> = keys.plain("description");
    let sql: Option<Statement> = keys.parsed("sql", "a statement of AWS IoT SQL in quotes");
    let sql = keys.needed("sql", sql);
    let republish = keys.text("republish", "a topic in quotes", actions::topic).map(actions::republish_to);
    let enabled = keys.plain("enabled").unwrap_or(!keys.has("enabled"));
    let mut done: Vec<Action> = republish.into_iter().collect();
    done.extend(listed(keys));
    let error_action = error_action(keys);
    for (key, actions) in [("actions", &done[..]), ("error_action", error_action.as_slice())] {
        if let Some(name) = sql.as_ref().and_then(|sql| unknown_variable(actions, sql)) {
            let why = format!(
                "a template asks for @{name}, which the statement does not set: write SET @{name} = … before SELECT"
            );
            keys.fault_in(if keys.has(key) { key } else { "republish" }, why);
        }
    }
    let rule =
        Rule { description: description.map(Into::into), actions: done, error_action, ..Rule::new(&name?, sql?) };
    Some((rule, enabled))
}

/// A variable that a template asks for and the statement does not set.
fn unknown_variable(actions: &[Action], sql: &Statement) -> Option<String> {
    let mut templates = actions.iter().flat_map(|action| action.kind.templates());
    templates.find_map(|template| template.unknown_variable(sql)).map(str::to_owned)
}

fn listed(keys: &mut Keys<'_, '_>) -> Vec<Action> {
    let Some(list) = keys.written("actions") else {
        return Vec::new();
    };
    let path = keys.path_of("actions");
    let tables = tables(list, &path, "[[rules.actions]]", keys.faults());
    let read = |(index, (offset, table))| {
        let mut inner = Keys::new(format!("{path}[{index}]"), offset, table, keys.faults());
        let action = actions::action(&mut inner);
        inner.finish();
        action
    };
    tables.into_iter().enumerate().filter_map(read).collect()
}

fn error_action(keys: &mut Keys<'_, '_>) -> Option<Action> {
    let value = keys.written("error_action")?;
    let DeValue::Table(table) = value.get_ref() else {
        keys.fault_in("error_action", "expected a table: write [rules.error_action]");
        return None;
    };
    let path = keys.path_of("error_action");
    let mut inner = Keys::new(path, value.span().start, table, keys.faults());
    let action = actions::action(&mut inner);
    inner.finish();
    action
}

fn name(text: &str) -> Result<String, String> {
    match text {
        _ if text.trim().is_empty() => Err("it is empty; a rule needs a name".to_owned()),
        _ if text.len() > LONGEST_NAME => Err(format!("it is longer than {LONGEST_NAME} bytes")),
        _ if text.chars().any(char::is_control) => Err(format!("{text:?} has a control character in it")),
        _ => Ok(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Two of them exclude each other: one is in use in the example, the other is in a comment.
    const MENTIONED: [&str; 1] = ["password_file"];

    /// The keys that `read` asks for in an empty table.
    fn known(read: impl FnOnce(&mut Keys<'_, '_>), text: &str) -> BTreeSet<&'static str> {
        let table = DeTable::parse(text).unwrap();
        let mut faults = Vec::new();
        let mut keys = Keys::new(String::new(), 0, table.get_ref(), &mut faults);
        read(&mut keys);
        keys.finish().into_iter().collect()
    }

    #[test]
    fn a_token_is_not_in_what_is_logged() {
        let text = "[[rules]]\nname = 'a'\nsql = \"SELECT * FROM 'a'\"\n[[rules.actions]]\ntype = 'webhook'\n\
                    url = 'https://user:hunter2@example.com/hunter2'\nheaders = { Authorization = 'hunter2' }\n";
        let mut faults = Vec::new();
        let rules = super::read(DeTable::parse(text).unwrap().get_ref(), &mut faults);
        let logged = format!("{rules:?}");
        assert!(logged.contains("example.com") && logged.contains("Authorization"), "{logged} {faults:?}");
        assert!(!logged.contains("hunter2"), "{logged}");
    }

    /// The example names the keys of a rule, and each type of action with its keys; that it names no others is tested by
    /// reading it.
    #[test]
    fn the_example_has_every_key() {
        let example = include_str!("../../config.example.toml");
        let rules = &example[example.find("# [[rules]]").unwrap()..];
        let has = |text: &str, key: &str| {
            let line = format!("# {key} = ");
            text.lines().any(|written| written.starts_with(&line)) || (MENTIONED.contains(&key) && text.contains(key))
        };
        let rule_keys = known(|keys| drop(rule(keys, &mut HashSet::new())), "");
        for key in &rule_keys {
            let header = format!("rules.{key}]");
            assert!(has(rules, key) || rules.contains(&header), "the example does not have rules.{key}");
        }
        let pace = known(|keys| drop(actions::action(keys)), "type = 'desktop'");
        let pace: Vec<_> = pace.into_iter().filter(|key| !["type", "title", "body"].contains(key)).collect();
        assert_eq!(pace, ["cooldown", "group", "most", "retries", "timeout"]);
        for kind in actions::TYPES {
            let keys = known(|keys| drop(actions::action(keys)), &format!("type = '{kind}'"));
            let header = format!("# [[rules.actions]]\n# type = \"{kind}\"\n");
            let start = rules.rfind(&header).unwrap_or_else(|| panic!("the example has no action {kind}"));
            let block = rules[start + header.len()..].split("# [").next().unwrap();
            let own = keys.into_iter().filter(|key| *key != "type" && (kind == "republish" || !pace.contains(key)));
            for key in own {
                assert!(has(block, key), "the example does not have {key} of {kind}:\n{block}");
            }
        }
    }
}
