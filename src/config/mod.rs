//! Floor 2: the configuration: defaults, a TOML file, a profile, environment variables and flags, the later over the
//! earlier. Every key is optional, every fault one error with its place.
//!
//! The file is `config.toml` in the platform's configuration folder (`~/.config/lwtop` on Linux), or the one named by
//! `--config`. `config.example.toml` in the repository documents every key; a test holds it to the code.
//!
//! - [`sections`], [`broker`], [`rules`] and [`actions`] are the keys; [`fields`] and [`checks`] say what may stand there;
//! - [`layers`] knows what was said where; [`environment`] reads variables; [`load`](mod@load) puts all on one another;
//! - [`show`] writes down what came of it, without secrets; [`login`] finds the broker's password;
//! - [`scenario`] reads files of another kind: demonstrations by script.

mod actions;
mod broker;
mod checks;
mod environment;
mod error;
mod fields;
mod interface;
mod layers;
mod load;
mod locate;
mod login;
mod reader;
mod rules;
pub mod scenario;
mod sections;
mod show;

pub use broker::{BrokerSection, TLS};
pub use environment::Environment;
pub use error::ConfigError;
pub use interface::{InterfaceSection, KeyList, KeysSection};
pub use layers::{Origin, Place};
pub use load::{Check, Loaded, Setting, Sources};
pub use rules::RuleSection;
pub use sections::{Config, ConnectedSection, DevicesSection, TelemetrySection, TopicsSection, WillSection};

use crate::convention::Topics;
use crate::mqtt::{TopicFilter, TopicName};
use crate::rules::{Rule, RuleSet};
use std::path::{Path, PathBuf};

/// Stands for a device's client id in its topics and payloads.
pub const PLACEHOLDER: &str = "${client_id}";

impl Config {
    /// Reads the file at `explicit`, or the one in the configuration folder; no profile, no environment, no flags.
    ///
    /// # Errors
    /// When the file cannot be read, is no TOML, or says something that is not allowed. That there is no file in the
    /// configuration folder is fine and gives the defaults; that there is none at `explicit` is an error.
    pub fn load(explicit: Option<&Path>) -> Result<Self, ConfigError> {
        let sources = Sources { file: explicit.map(Path::to_owned), ..Sources::default() };
        sources.load().map(|loaded| loaded.config).map_err(first)
    }

    /// Where the file is looked for without `--config`; `None` on a system that knows no home folder.
    #[must_use]
    pub fn default_path() -> Option<PathBuf> {
        Some(directories::ProjectDirs::from("", "", "lwtop")?.config_dir().join("config.toml"))
    }

    /// Reads a configuration from its text; `file` is named in errors.
    ///
    /// # Errors
    /// When the text is no TOML, or says something that is not allowed.
    pub fn parse(text: &str, file: &str) -> Result<Self, ConfigError> {
        Self::parse_telling_all(text, file).map_err(first)
    }

    /// The same, with every fault of the text, in its order, instead of the first.
    ///
    /// # Errors
    /// As for [`Config::parse`]; never an empty list.
    pub fn parse_telling_all(text: &str, file: &str) -> Result<Self, Vec<ConfigError>> {
        Sources::default().put_together(Some((file, text))).map(|loaded| loaded.config)
    }

    /// What no single value shows: the keys to blame, and why.
    fn faults(&self) -> Vec<(&'static str, String)> {
        let mut faults = self.broker.faults();
        let every = self.devices.telemetry.every;
        if !every.is_zero() && every.as_millis() == 0 {
            let why = "it must be at least 1ms, or 0s for no telemetry at all";
            faults.push(("devices.telemetry.every", why.to_owned()));
        }
        faults
    }

    /// The topics in which the story is told.
    #[must_use]
    pub fn topics(&self) -> Topics {
        let TopicsSection { will, connected, executed } = self.topics.clone();
        Topics { will, connected, executed }
    }

    /// Where a simulated device's will goes, with [`PLACEHOLDER`] for its client id.
    ///
    /// # Errors
    /// When `devices.will.topic` is not set and cannot be derived from `topics.will`.
    pub fn will_topic(&self) -> Result<TopicName, ConfigError> {
        topic_for(self.devices.will.topic.as_ref(), &self.topics.will, "devices.will.topic", "topics.will")
    }

    /// Where a simulated device announces itself, with [`PLACEHOLDER`] for its client id.
    ///
    /// # Errors
    /// When `devices.connected.topic` is not set and cannot be derived from `topics.connected`.
    pub fn connected_topic(&self) -> Result<TopicName, ConfigError> {
        let own = self.devices.connected.topic.as_ref();
        topic_for(own, &self.topics.connected, "devices.connected.topic", "topics.connected")
    }

    /// The rules in force: those of the file that are enabled, or the article's if the file has none.
    ///
    /// # Errors
    /// When the article's rule cannot republish, because `topics.executed` has a wildcard.
    pub fn rule_set(&self) -> Result<RuleSet, ConfigError> {
        let enabled = self.every_rule()?.into_iter().filter(|(_, enabled)| *enabled);
        Ok(RuleSet::new(enabled.map(|(rule, _)| rule).collect()))
    }

    /// All rules, each with whether it is in force.
    ///
    /// # Errors
    /// As for [`Config::rule_set`].
    pub fn every_rule(&self) -> Result<Vec<(Rule, bool)>, ConfigError> {
        if self.rules.is_empty() {
            let executed = self.topics.executed.as_str().parse().map_err(|_| ConfigError::NoRepublish {
                executed: self.topics.executed.to_string(),
                rule: RuleSet::ARTICLE,
            })?;
            let article = RuleSet::article(&self.topics.will, &executed);
            return Ok(article.rules().iter().map(|rule| (rule.clone(), true)).collect());
        }
        Ok(self.rules.iter().map(|section| (section.rule.clone(), section.enabled)).collect())
    }
}

fn first(mut errors: Vec<ConfigError>) -> ConfigError {
    errors.swap_remove(0)
}

/// The topic a device publishes to, so that lwtop hears it on `filter`: its own, or the filter with the client id in
/// place of each wildcard.
fn topic_for(
    own: Option<&TopicName>,
    filter: &TopicFilter,
    key: &'static str,
    from: &'static str,
) -> Result<TopicName, ConfigError> {
    let derive = || filter.as_str().replace(['+', '#'], PLACEHOLDER).parse();
    own.cloned().map_or_else(derive, Ok).map_err(|_| ConfigError::NoTopic { key, from, filter: filter.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::rules::Action;

    fn config(text: &str) -> Config {
        Config::parse(text, "test.toml").unwrap()
    }

    #[test]
    fn a_device_publishes_where_lwtop_listens() {
        assert_eq!(Config::default().will_topic().unwrap().as_str(), "/last/will/topic");
        let wild = config("[topics]\nwill = 'devices/+/will'\nconnected = 'devices/#'");
        assert_eq!(wild.will_topic().unwrap().as_str(), "devices/${client_id}/will");
        assert_eq!(wild.connected_topic().unwrap().as_str(), "devices/${client_id}");
        let own = config("[topics]\nwill = 'devices/#'\n[devices.will]\ntopic = 'devices/x/gone'");
        assert_eq!(own.will_topic().unwrap().as_str(), "devices/x/gone");
    }

    #[test]
    fn without_rules_the_articles_runs() {
        let rules = Config::default().rule_set().unwrap();
        let article: crate::rules::Statement = concat!(
            "SELECT * FROM '/last/will/topic' ",
            "WHERE state.reported.last_will = 'yes' AND state.reported.trigger_action = 'on'"
        )
        .parse()
        .unwrap();
        assert_eq!((rules.rules().len(), &*rules.rules()[0].statement), (1, &article));
        let error = config("[topics]\nexecuted = 'a/+'").rule_set().unwrap_err().to_string();
        assert!(error.contains("topics.executed") && error.contains("a/+"), "{error}");
    }

    #[test]
    fn own_rules_replace_it() {
        let text = "[[rules]]\nname = 'a'\nsql = \"SELECT * FROM 'x'\"\nrepublish = 'y'\n\
                    [[rules]]\nname = 'b'\nsql = \"SELECT * FROM 'x'\"\nenabled = false\n";
        let rules = config(text).rule_set().unwrap();
        assert_eq!(rules.rules().len(), 1);
        assert_eq!(rules.rules()[0].actions, [Action::republish(&"y".parse().unwrap())]);
    }

    #[test]
    fn a_missing_file_is_only_an_error_when_it_was_asked_for() {
        let path = std::env::temp_dir().join("lwtop-there-is-no-such-file.toml");
        let error = Config::load(Some(&path)).unwrap_err().to_string();
        assert!(error.contains("lwtop-there-is-no-such-file.toml"), "{error}");
    }
}
