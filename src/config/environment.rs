//! `LWTOP_*`: the environment variables that stand for keys of the file.

use super::error::{ConfigError, did_you_mean};
use std::collections::BTreeMap;
use std::ffi::OsString;

/// The variable in place of `--config`.
pub const CONFIG: &str = "LWTOP_CONFIG";
/// The variable in place of `--profile`.
pub const PROFILE: &str = "LWTOP_PROFILE";
/// The variable that has the password of the broker.
pub const PASSWORD: &str = "LWTOP_PASSWORD";

/// The variables that may have a password in them: one of its own, that of a URL, or the token of a custom authorizer of AWS
/// behind a user name.
pub(super) const SECRETS: [&str; 4] = [PASSWORD, "LWTOP_BROKER", "LWTOP_PROXY", "LWTOP_USER"];

/// How the text of a variable is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Number,
    Switch,
    /// Separated by commas.
    List,
}

/// The variables that stand for a key.
const KEYS: [(&str, &str, Kind); 31] = [
    ("LWTOP_BROKER", "broker.url", Kind::Text),
    ("LWTOP_GATEWAY", "broker.gateway", Kind::Switch),
    ("LWTOP_LISTEN", "broker.listen", Kind::Text),
    ("LWTOP_TLS_LISTEN", "broker.tls_listen", Kind::Text),
    ("LWTOP_WS_LISTEN", "broker.ws_listen", Kind::Text),
    ("LWTOP_WSS_LISTEN", "broker.wss_listen", Kind::Text),
    ("LWTOP_CERTS", "broker.certs", Kind::Text),
    ("LWTOP_SERVER_CERT", "broker.server_cert", Kind::Text),
    ("LWTOP_SERVER_KEY", "broker.server_key", Kind::Text),
    ("LWTOP_CLIENT_CA", "broker.client_ca", Kind::Text),
    ("LWTOP_REQUIRE_CLIENT_CERT", "broker.require_client_cert", Kind::Switch),
    ("LWTOP_USERS_FILE", "broker.users_file", Kind::Text),
    ("LWTOP_LIFECYCLE", "broker.lifecycle", Kind::Switch),
    ("LWTOP_PROXY", "broker.proxy", Kind::Text),
    ("LWTOP_CA", "broker.ca", Kind::Text),
    ("LWTOP_CERT", "broker.cert", Kind::Text),
    ("LWTOP_KEY", "broker.key", Kind::Text),
    ("LWTOP_SERVER_NAME", "broker.server_name", Kind::Text),
    ("LWTOP_ALPN", "broker.alpn", Kind::List),
    ("LWTOP_INSECURE", "broker.insecure", Kind::Switch),
    ("LWTOP_USER", "broker.user", Kind::Text),
    ("LWTOP_PASSWORD_ENV", "broker.password_env", Kind::Text),
    ("LWTOP_PASSWORD_FILE", "broker.password_file", Kind::Text),
    ("LWTOP_PROTOCOL", "broker.protocol", Kind::Text),
    ("LWTOP_KEEP_ALIVE", "broker.keep_alive", Kind::Number),
    ("LWTOP_CLEAN", "broker.clean", Kind::Switch),
    ("LWTOP_CLIENT_ID", "broker.client_id", Kind::Text),
    ("LWTOP_WILL_TOPIC", "topics.will", Kind::Text),
    ("LWTOP_CONNECTED_TOPIC", "topics.connected", Kind::Text),
    ("LWTOP_EXECUTED_TOPIC", "topics.executed", Kind::Text),
    ("LWTOP_DEVICES", "devices.count", Kind::Number),
];

/// Variables of lwtop's tests, and those that it gives to the programs of `command` actions.
const FOREIGN: [&str; 2] = ["LWTOP_TEST_", "LWTOP_REQUIRE_"];
const GIVEN: [&str; 6] = ["LWTOP_CAUSE", "LWTOP_DEVICE", "LWTOP_INCIDENT", "LWTOP_RULE", "LWTOP_TIME", "LWTOP_TOPIC"];

/// The variables whose names begin with `LWTOP_`. One without text counts as not set.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, OsString>);

impl std::fmt::Debug for Environment {
    /// The names: a value may be a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Environment").field(&self.0.keys()).finish()
    }
}

impl FromIterator<(OsString, OsString)> for Environment {
    fn from_iter<I: IntoIterator<Item = (OsString, OsString)>>(variables: I) -> Self {
        let ours = variables.into_iter().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
        Self(ours.filter(|(name, value)| name.starts_with("LWTOP_") && !value.is_empty()).collect())
    }
}

impl Environment {
    /// That of this process.
    #[must_use]
    pub fn of_process() -> Self {
        std::env::vars_os().collect()
    }

    /// The value of a path, which may be any.
    pub(super) fn path(&self, name: &str) -> Option<std::path::PathBuf> {
        self.0.get(name).map(Into::into)
    }

    /// The value of a text.
    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, ConfigError> {
        let text = |value: &'_ OsString| value.to_str().map(str::len).is_some();
        match self.0.get(name) {
            Some(value) if !text(value) => {
                Err(ConfigError::Value { from: name.to_owned(), why: "its value is no UTF-8".to_owned() })
            }
            value => Ok(value.and_then(|value| value.to_str())),
        }
    }

    /// The keys that are set: variable, key and value.
    pub(super) fn keys(&self) -> Vec<Result<(&'static str, &'static str, toml::Value), ConfigError>> {
        let read = |(name, key, kind): (&'static str, &'static str, Kind)| match self.text(name) {
            Ok(text) => text.map(|text| Ok((name, key, value(text, kind)))),
            Err(error) => Some(Err(error)),
        };
        KEYS.into_iter().filter_map(read).collect()
    }

    /// A sentence for each variable that means nothing to lwtop; `used` are those that the configuration names.
    pub(super) fn unknown(&self, used: &[&str]) -> Vec<String> {
        let known: Vec<&str> = KEYS.iter().map(|(name, ..)| *name).chain([CONFIG, PROFILE, PASSWORD]).collect();
        let is_known = |name: &str| {
            known.contains(&name)
                || used.contains(&name)
                || GIVEN.contains(&name)
                || FOREIGN.iter().any(|start| name.starts_with(start))
        };
        let sentence = |name: &String| format!("{name} is no variable that lwtop knows{}", did_you_mean(name, &known));
        self.0.keys().filter(|name| !is_known(name)).map(sentence).collect()
    }
}

/// What is no number or no switch stays text: whoever reads the key says what is allowed there.
fn value(text: &str, kind: Kind) -> toml::Value {
    let as_it_is = || text.into();
    match kind {
        Kind::Text => as_it_is(),
        Kind::Number => text.trim().parse::<i64>().map_or_else(|_| as_it_is(), Into::into),
        Kind::Switch => match text.trim() {
            "true" | "1" => true.into(),
            "false" | "0" => false.into(),
            _ => as_it_is(),
        },
        Kind::List => text.split(',').map(|part| toml::Value::from(part.trim())).collect::<Vec<_>>().into(),
    }
}
