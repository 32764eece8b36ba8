//! Everything that is said about how lwtop is to run, put together.

use super::environment::{self, Environment};
use super::error::{ConfigError, did_you_mean};
use super::layers::{self, Layers, Origin, Text};
use super::login::Password;
use super::sections::Sections;
use super::{Config, reader, rules};
use crate::rules::{Kind, Secret};
use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use toml::de::DeTable;

/// lwtop's own profiles: the article's topics, and AWS IoT Core's word on who comes and goes.
const BUILTIN: [(&str, &str); 1] = [(
    "aws",
    "[broker]\nlifecycle = true\n[topics]\nwill = '/last/will/topic'\nconnected = '/lwt/connected/topic'\n\
     executed = '/lwt/executed'\n",
)];

/// What a flag says.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The flag, with its dashes.
    pub flag: &'static str,
    /// The key that it stands for: `broker.url`.
    pub key: &'static str,
    /// What is said.
    pub value: toml::Value,
}

/// Where to look.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The file that `--config` names.
    pub file: Option<PathBuf>,
    /// Whether the file of the configuration folder is left out: only one that is named is read.
    pub named_only: bool,
    /// The profile that `--profile` names.
    pub profile: Option<String>,
    /// The environment.
    pub environment: Environment,
    /// The other flags.
    pub flags: Vec<Setting>,
    /// What else is to hold of the configuration, where it is used by something that these floors do not know.
    pub check: Option<Check>,
}

/// Looks at a configuration: the keys to blame, and why; nothing if all is well.
pub type Check = fn(&Config) -> Vec<(String, String)>;

/// A configuration, and where it comes from.
#[derive(Debug)]
pub struct Loaded {
    /// What holds.
    pub config: Config,
    /// The profile in use.
    pub profile: Option<String>,
    /// What a person should know, each one sentence.
    pub warnings: Vec<String>,
    /// The environment variables that may hold a secret: lwtop's own, and those that the configuration names anywhere.
    pub secrets: Vec<String>,
    pub(super) layers: BTreeMap<Vec<String>, Origin>,
    /// Where each of the rules stands.
    pub(super) rules: Vec<Origin>,
    pub(super) password: Option<Password>,
}

impl Loaded {
    /// Where the value of this key comes from.
    #[must_use]
    pub fn origin(&self, key: &str) -> Origin {
        let path: Vec<String> = key.split('.').map(str::to_owned).collect();
        self.layers.get(&path).cloned().unwrap_or_default()
    }
}

impl Sources {
    /// The file that is read, if there is one.
    #[must_use]
    pub fn path(&self) -> Option<PathBuf> {
        self.named().or_else(|| Config::default_path().filter(|_| !self.named_only))
    }

    /// The file that a flag or the environment names.
    fn named(&self) -> Option<PathBuf> {
        self.file.clone().or_else(|| self.environment.path(environment::CONFIG))
    }

    /// Reads all of it.
    ///
    /// # Errors
    /// Every fault that is found; never an empty list. That there is no file where nobody named one is none.
    pub fn load(&self) -> Result<Loaded, Vec<ConfigError>> {
        let Some(path) = self.path() else { return self.put_together(None) };
        match std::fs::read_to_string(&path) {
            Ok(text) => self.put_together(Some((&path.display().to_string(), &text))),
            Err(error) if self.named().is_none() && error.kind() == io::ErrorKind::NotFound => self.put_together(None),
            Err(source) => Err(vec![ConfigError::Read { path, source }]),
        }
    }

    /// The same with the name and the text of the file.
    pub(super) fn put_together(&self, file: Option<(&str, &str)>) -> Result<Loaded, Vec<ConfigError>> {
        let mut errors = Vec::new();
        let mut layers = Layers::default();
        let mut profiles = Vec::new();
        let (mut read_rules, mut places) = (Vec::new(), Vec::new());
        if let Some((file, text)) = file {
            let table = DeTable::parse(text).map_err(|error| vec![ConfigError::from_toml(file, text, &error)])?;
            let mut faults = Vec::new();
            let place = Text { file, text };
            layers = layers::of_file(&table, place, &mut faults);
            profiles = layers::of_profiles(&table, place, &mut faults);
            read_rules = rules::read(table.get_ref(), &mut faults);
            places = layers::of_rules(table.get_ref(), place);
            errors = reader::told(faults, file, text);
        }
        // A password that does not hold for this run is a secret too.
        let written = std::iter::once(&layers).chain(profiles.iter().map(|(_, layers)| layers));
        let mut secrets: Vec<String> = written.filter_map(|layers| layers.text(&["broker", "password_env"])).collect();
        let profile = match self.profile(&profiles) {
            Ok(Some((name, over))) => {
                for over in over {
                    layers.lay(over);
                }
                Some(name)
            }
            Ok(None) => None,
            Err(error) => {
                errors.push(error);
                None
            }
        };
        let set = |variable: Result<_, _>| {
            variable.and_then(|(name, key, value)| Layers::of(key, value, Origin::Environment(name)).checked())
        };
        let said = |flag: &Setting| Layers::of(flag.key, flag.value.clone(), Origin::Flag(flag.flag)).checked();
        let environment = self.environment.keys().into_iter().map(set);
        for over in environment.chain(self.flags.iter().map(said)) {
            match over {
                Ok(over) => layers.lay(over),
                Err(error) => errors.push(error),
            }
        }
        let Sections { broker, topics, devices, interface, keys, .. } = layers.sections().unwrap_or_else(|error| {
            // Cannot be: each of the values was read alone.
            errors.push(ConfigError::Value { from: "the configuration".to_owned(), why: error.to_string() });
            Sections::default()
        });
        let config = Config { broker, topics, devices, interface, keys, rules: read_rules };
        let layers = layers.origins();
        let own = config.faults().into_iter().map(|(key, why)| (key.to_owned(), why));
        for (key, why) in own.chain(self.check.into_iter().flat_map(|check| check(&config))) {
            let path: Vec<String> = key.split('.').map(str::to_owned).collect();
            errors.push(layers.get(&path).cloned().unwrap_or_default().error(&key, why));
        }
        let password = self.environment.text(environment::PASSWORD).unwrap_or_else(|error| {
            errors.push(error);
            None
        });
        let password = password.map(|text| Password::new(text.to_owned()));
        if !errors.is_empty() {
            errors.sort_by_key(ConfigError::place);
            return Err(errors);
        }
        let named = variables(&config);
        let warnings = self.environment.unknown(&named);
        secrets.extend(environment::SECRETS.into_iter().chain(named).map(str::to_owned));
        Ok(Loaded { config, profile, warnings, secrets, layers, rules: places, password })
    }

    /// The profile that is asked for: its name and what it says, lwtop's own before that of the file.
    fn profile(&self, written: &[(String, Layers)]) -> Result<Option<(String, Vec<Layers>)>, ConfigError> {
        let (name, from) = match (&self.profile, self.environment.text(environment::PROFILE)?) {
            (Some(name), _) => (&**name, "--profile"),
            (None, Some(name)) => (name, environment::PROFILE),
            (None, None) => return Ok(None),
        };
        let own = BUILTIN.into_iter().filter(|(own, _)| *own == name).map(|(own, text)| layers::of_builtin(own, text));
        let theirs = written.iter().filter(|(theirs, _)| theirs == name).map(|(_, layers)| layers.clone());
        let found: Vec<Layers> = own.chain(theirs).collect();
        if found.is_empty() {
            let mut known: Vec<&str> = written.iter().map(|(name, _)| &**name).collect();
            known.extend(BUILTIN.iter().map(|(name, _)| *name));
            known.sort_unstable();
            known.dedup();
            let near = did_you_mean(name, &known);
            let near = if near.is_empty() { ".".to_owned() } else { near };
            return Err(ConfigError::NoProfile { from, name: name.to_owned(), near, known: known.join(", ") });
        }
        Ok(Some((name.to_owned(), found)))
    }
}

/// The environment variables that the configuration names.
fn variables(config: &Config) -> Vec<&str> {
    let actions = config.rules.iter().flat_map(|section| section.rule.actions.iter().chain(&section.rule.error_action));
    let of_mail = actions.filter_map(|action| match &action.kind {
        Kind::Email(email) => match &email.password {
            Some(Secret::Environment(name)) => Some(&**name),
            _ => None,
        },
        _ => None,
    });
    of_mail.chain(config.broker.password_env.as_deref()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_profiles_of_lwtop_have_no_faults() {
        for (name, text) in BUILTIN {
            let config = Config::parse(text, name).unwrap();
            assert_ne!(config.broker, Config::default().broker);
            let wrapped = text.replace("[broker]", "[profiles.x.broker]").replace("[topics]", "[profiles.x.topics]");
            Config::parse(&wrapped, name).unwrap();
        }
    }
}
