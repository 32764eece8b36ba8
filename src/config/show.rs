//! What holds, as lines of TOML, each with where it comes from. Secrets are left out.

use super::layers::Origin;
use super::{Loaded, environment};
use std::fmt::Write as _;
use toml::Value;

/// In place of a secret.
const HIDDEN: &str = "…";

/// The widest value that the remarks of others make room for.
const WIDEST: usize = 60;

impl Loaded {
    /// The lines.
    #[must_use]
    pub fn shown(&self) -> String {
        let mut lines: Vec<(String, Origin)> = Vec::new();
        // Rules have a form of their own: what their actions say may be secret.
        let sections = super::Config { rules: Vec::new(), ..self.config.clone() };
        let table = toml::Table::try_from(sections).unwrap_or_default();
        self.flat(&mut Vec::new(), &table, &mut lines);
        let broker = self.config.broker.url.as_deref().and_then(|url| url.parse().ok());
        let password = match &broker {
            Some(address) => self.password_in_use(address),
            None => self.password_origin(),
        };
        if let Some(origin) = password
            && origin == Origin::Environment(environment::PASSWORD)
        {
            lines.push((format!("# broker.password = {HIDDEN:?}"), origin));
        }
        for (index, section) in self.config.rules.iter().enumerate() {
            let rule = &section.rule;
            let actions: Vec<&str> = rule.actions.iter().map(|action| action.kind.name()).collect();
            let origin = self.rules.get(index).cloned().unwrap_or_default();
            let mut line =
                |key: &str, value: Value| lines.push((format!("rules[{index}].{key} = {value}"), origin.clone()));
            line("name", Value::from(&*rule.name));
            line("enabled", Value::from(section.enabled));
            line("sql", Value::from(rule.statement.to_string()));
            line("actions", Value::from(actions));
        }
        if self.config.rules.is_empty()
            && let Ok(rules) = self.config.every_rule()
        {
            for (index, (rule, _)) in rules.iter().enumerate() {
                lines.push((format!("rules[{index}].name = {}", Value::from(&*rule.name)), Origin::Default));
            }
        }
        let width = lines.iter().map(|(line, _)| line.chars().count()).filter(|width| *width <= WIDEST).max();
        let width = width.unwrap_or_default();
        let mut text = String::new();
        for (line, origin) in lines {
            // Writing to a String does not fail.
            let _ = writeln!(text, "{line:width$}  # {origin}");
        }
        text
    }

    fn flat(&self, path: &mut Vec<String>, table: &toml::Table, lines: &mut Vec<(String, Origin)>) {
        for (key, value) in table {
            path.push(key.clone());
            if let Value::Table(inner) = value {
                self.flat(path, inner, lines);
            } else {
                let origin = self.layers.get(path).cloned().unwrap_or_default();
                lines.push((format!("{} = {}", dotted(path), self.public(path, value)), origin));
            }
            path.pop();
        }
    }

    /// The value as it may be shown.
    fn public(&self, path: &[String], value: &Value) -> Value {
        let broker = &self.config.broker;
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        match path[..] {
            ["broker", "url"] => broker.shown_url().unwrap_or_default().into(),
            ["broker", "proxy"] => broker.shown_proxy().unwrap_or_default().into(),
            ["broker", "user"] => broker.shown_user().unwrap_or_default().into(),
            ["broker", "headers", _] => HIDDEN.into(),
            _ => value.clone(),
        }
    }
}

/// The keys as TOML has them: quoted where one is no bare key.
fn dotted(path: &[String]) -> String {
    let bare = |key: &str| {
        !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let written = |key: &String| if bare(key) { key.clone() } else { Value::from(key.as_str()).to_string() };
    path.iter().map(written).collect::<Vec<_>>().join(".")
}
