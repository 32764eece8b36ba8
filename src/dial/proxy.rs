//! An HTTP proxy on the way: CONNECT asks it for a tunnel to the broker (RFC 9110 section 9.3.6).

use super::sigv4::decoded;
use super::trouble::DialError;
use crate::mqtt::address::authority;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use std::fmt;
use std::str::FromStr;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// The longest answer that is read.
const LONGEST: usize = 16 * 1024;

/// A proxy that is spoken to in HTTP. Neither `Debug` nor `Display` shows its password.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    /// A name or an IP address.
    pub host: String,
    /// Its port; without one in its URL, 80 as HTTP has it.
    pub port: u16,
    /// What it is told about who asks.
    authorization: Option<String>,
    /// Whether the environment named it, and not whoever started lwtop.
    found: bool,
}

impl FromStr for Proxy {
    type Err = String;

    /// Reads `http://[user[:password]@]host[:port]`, or the same without `http://`, as curl does. No error quotes the text, which may hold a password.
    fn from_str(text: &str) -> Result<Self, String> {
        const FORM: &str = "a proxy is written http://[user[:password]@]host[:port]";
        let whole = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        let url = url::Url::parse(&whole).map_err(|error| format!("{FORM}: {error}"))?;
        let host = url.host_str().filter(|_| url.scheme() == "http" && matches!(url.path(), "" | "/"));
        let host = host.ok_or(FORM)?.trim_start_matches('[').trim_end_matches(']').to_owned();
        let login = (!url.username().is_empty()).then(|| {
            let login = [&decoded(url.username())[..], b":", &decoded(url.password().unwrap_or_default())].concat();
            BASE64_STANDARD.encode(login)
        });
        Ok(Self { host, port: url.port().unwrap_or(80), authorization: login, found: false })
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}", authority(&self.host, self.port))
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({self})")
    }
}

impl Proxy {
    /// The proxy that the environment names for HTTPS, unless it says that `host` is reached without one: `HTTPS_PROXY`
    /// and `NO_PROXY`, or the same in small letters, as curl reads them. This machine itself is never asked for through one.
    ///
    /// # Errors
    /// When what stands there is none that is spoken to in HTTP, with what to do.
    pub fn of_environment(host: &str, variable: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, String> {
        let find = |name: &str| {
            let found = variable(&name.to_lowercase()).or_else(|| variable(name));
            found.filter(|text| !text.trim().is_empty())
        };
        let local = host == "localhost" || host.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback());
        let Some(proxy) = find("HTTPS_PROXY").filter(|_| !local) else { return Ok(None) };
        let host = host.to_ascii_lowercase();
        let spares = |name: &str| {
            let name = name.trim().trim_start_matches('.').to_ascii_lowercase();
            let parent = host.strip_suffix(&name).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
            name == "*" || (!name.is_empty() && parent)
        };
        if find("NO_PROXY").is_some_and(|names| names.split(',').any(spares)) {
            return Ok(None);
        }
        let proxy = proxy.trim().parse().map_err(|why| {
            format!("HTTPS_PROXY: {why}; name another one with --proxy, or the broker in NO_PROXY to go without one")
        })?;
        Ok(Some(Self { found: true, ..proxy }))
    }

    /// What to do about one that leads nowhere.
    pub(super) const fn way_out(&self) -> &'static str {
        if self.found {
            "HTTPS_PROXY names it: another one is named with --proxy, and NO_PROXY names who is reached without one."
        } else {
            "Name another one with --proxy, or leave it out where none is needed."
        }
    }

    /// Asks for a tunnel; what is on the stream afterwards comes from `host`.
    pub(super) async fn tunnel(&self, stream: &mut TcpStream, host: &str, port: u16) -> Result<(), DialError> {
        let refused = |why: String| DialError::Proxy(why);
        let to = authority(host, port);
        let login = self.authorization.as_ref();
        let login = login.map(|login| format!("Proxy-Authorization: Basic {login}\r\n")).unwrap_or_default();
        let request = format!("CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n{login}\r\n");
        stream.write_all(request.as_bytes()).await.map_err(|_| refused("it closed the connection".to_owned()))?;
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            // One at a time: what comes behind the answer is the broker's.
            let byte = stream.read_u8().await.map_err(|_| refused("it closed the connection".to_owned()))?;
            answer.push(byte);
            if answer.len() == LONGEST || (answer.len() == 5 && answer != b"HTTP/") {
                return Err(refused("it does not answer as an HTTP proxy does".to_owned()));
            }
        }
        let status = answer.split(|byte| *byte == b' ').nth(1).and_then(|code| std::str::from_utf8(code).ok());
        match status.and_then(|code| code.parse::<u16>().ok()) {
            Some(200..=299) => Ok(()),
            Some(407) if self.authorization.is_none() => {
                let how = "put http://USER:PASSWORD@HOST:PORT into LWTOP_PROXY or the configuration, not into a flag";
                Err(refused(format!("it wants a login (HTTP status 407): {how}")))
            }
            Some(407) => Err(refused("it refuses this login (HTTP status 407)".to_owned())),
            Some(403) => Err(refused(format!("it does not allow a way to port {port} (HTTP status 403)"))),
            Some(502..=504) => Err(refused("it does not reach the broker either".to_owned())),
            Some(code) => Err(refused(format!("it opens no tunnel (HTTP status {code})"))),
            None => Err(refused("it does not answer as an HTTP proxy does".to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_writes_is_understood_and_no_password_is_shown() {
        for (text, shown, login) in [
            ("http://proxy.example:3128", "http://proxy.example:3128", None),
            ("http://proxy.example/", "http://proxy.example:80", None),
            ("proxy.example:3128", "http://proxy.example:3128", None),
            ("proxy.example", "http://proxy.example:80", None),
            ("ann:s%3Acret@h:1", "http://h:1", Some("YW5uOnM6Y3JldA==")),
            ("http://[::1]:3128", "http://[::1]:3128", None),
            ("http://ann:s%3Acret@h:1", "http://h:1", Some("YW5uOnM6Y3JldA==")),
        ] {
            let proxy: Proxy = text.parse().unwrap();
            assert_eq!((proxy.to_string().as_str(), proxy.authorization.as_deref()), (shown, login), "{text}");
            assert_eq!(format!("{proxy:?}"), format!("Proxy({shown})"));
        }
        for text in
            ["socks5://h:1", "https://ann:hunter2@h", "http://h/path", "h:hunter2", "http://ann:hunter2@h:99999", ""]
        {
            let error = text.parse::<Proxy>().unwrap_err();
            assert!(error.contains("http://[user") && !error.contains("hunter2"), "{text}: {error}");
        }
    }

    #[test]
    fn the_environment_is_read_as_others_read_it() {
        for (host, spared, expected) in [
            ("broker.example", "", true),
            ("broker.example", "example", false),
            ("broker.example", "localhost, .example", false),
            ("broker.example", "broker.example", false),
            ("broker.example", "ker.example", true),
            ("broker.example", "*", false),
            ("localhost", "", false),
            ("127.0.0.1", "", false),
            ("::1", "", false),
        ] {
            let variable = |name: &str| match name {
                "https_proxy" => Some("http://proxy.example:3128".to_owned()),
                "NO_PROXY" => Some(spared.to_owned()),
                _ => None,
            };
            let found = Proxy::of_environment(host, variable).unwrap();
            assert_eq!(found.is_some(), expected, "{host} {spared}");
            assert!(found.is_none_or(|proxy| proxy.way_out().contains("NO_PROXY")));
        }
        let wrong = |name: &str| (name == "HTTPS_PROXY").then(|| "socks5://ann:hunter2@h".to_owned());
        let error = Proxy::of_environment("h", wrong).unwrap_err();
        assert!(
            error.starts_with("HTTPS_PROXY") && error.contains("NO_PROXY") && !error.contains("hunter2"),
            "{error}"
        );
        assert_eq!(Proxy::of_environment("h", |_| None), Ok(None));
    }
}
