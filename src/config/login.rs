//! Who lwtop is at the broker. The password stands in no key of the file and in no flag: both are read by others.

use super::error::ConfigError;
use super::layers::Origin;
use super::{Loaded, environment};
use crate::mqtt::{BrokerAddress, Login};
use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

/// The longest first line of a password file: what MQTT takes for a password (3.1.1 section 3.1.3.5).
const LONGEST: u64 = 65_535;

/// A password that is not shown.
#[derive(Clone)]
pub(super) struct Password(String);

impl Password {
    pub(super) const fn new(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl Loaded {
    /// Where the password comes from, if there is one other than in the URL.
    pub(super) fn password_origin(&self) -> Option<Origin> {
        let broker = &self.config.broker;
        if self.password.is_some() {
            Some(Origin::Environment(environment::PASSWORD))
        } else if broker.password_env.is_some() {
            Some(self.origin("broker.password_env"))
        } else {
            broker.password_file.is_some().then(|| self.origin("broker.password_file"))
        }
    }

    /// Where the password comes from that holds at this address, if it is not the URL's own.
    pub(super) fn password_in_use(&self, address: &BrokerAddress) -> Option<Origin> {
        let user = self.user_outside(address);
        let in_url = address.login.as_ref().filter(|login| user.is_none_or(|user| *user == login.user));
        let origin = self.password_origin()?;
        // A URL that says no password takes none away.
        let whole = in_url.is_some_and(|login| login.password.is_some());
        (!whole || origin.rank() >= self.origin("broker.url").rank()).then_some(origin)
    }

    /// The user name from outside of the URL, unless the URL says a later one.
    fn user_outside(&self, address: &BrokerAddress) -> Option<&String> {
        let later = self.origin("broker.user").rank() >= self.origin("broker.url").rank();
        self.config.broker.user.as_ref().filter(|_| address.login.is_none() || later)
    }

    /// The address with the login that holds: of user name and password each the one that was said later, in the URL or
    /// outside of it. A URL with a user name alone takes the password from outside.
    ///
    /// # Errors
    /// When the password cannot be read, or there is one without a user name.
    pub fn login(&self, address: &BrokerAddress) -> Result<Option<Login>, ConfigError> {
        let user = self.user_outside(address).cloned();
        let password = self.password_in_use(address).map(|_| self.password()).transpose()?;
        // Nobody's password is another's.
        let in_url = address.login.as_ref().filter(|login| user.as_ref().is_none_or(|user| *user == login.user));
        let password = password.or_else(|| in_url.and_then(|login| login.password.clone()));
        match (user.or_else(|| in_url.map(|login| login.user.clone())), password) {
            (Some(user), password) => Ok(Some(Login { user, password })),
            (None, None) => Ok(None),
            (None, Some(_)) => {
                let from = self.password_origin().unwrap_or_default();
                let why = "MQTT has no password without a user name: name one with user or --user";
                Err(from.error("broker", why.to_owned()))
            }
        }
    }

    fn password(&self) -> Result<String, ConfigError> {
        let broker = &self.config.broker;
        if let Some(Password(text)) = &self.password {
            return Ok(text.clone());
        }
        if let Some(name) = &broker.password_env {
            let wrong = |why| Err(self.origin("broker.password_env").error("broker.password_env", why));
            return match std::env::var(name) {
                Ok(password) if !password.is_empty() => Ok(password),
                Ok(_) => wrong(format!("the password should be in the environment variable {name}, which is empty")),
                Err(std::env::VarError::NotPresent) => {
                    wrong(format!("the password should be in the environment variable {name}, which is not set"))
                }
                Err(std::env::VarError::NotUnicode(_)) => {
                    wrong(format!("the password in the environment variable {name} is no UTF-8"))
                }
            };
        }
        let path = broker.password_file.as_deref().unwrap_or_else(|| Path::new(""));
        let wrong = |why| self.origin("broker.password_file").error("broker.password_file", why);
        match first_line(path) {
            Ok(line) if line.is_empty() => {
                Err(wrong(format!("the password should be in the first line of {}, which is empty", path.display())))
            }
            Ok(line) => Ok(line),
            Err(error) => Err(wrong(format!("the password cannot be read from {}: {error}", path.display()))),
        }
    }
}

fn first_line(path: &Path) -> io::Result<String> {
    let mut line = String::new();
    // One byte more than is allowed, for the line break.
    BufReader::new(File::open(path)?.take(LONGEST + 1)).read_line(&mut line)?;
    Ok(line.trim_end_matches(['\n', '\r']).to_owned())
}
