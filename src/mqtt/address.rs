//! Where a broker is: `mqtt://[user[:password]@]host[:port]`, or `mqtts`, `ws` and `wss`, the last two with a path.

use std::fmt;
use std::str::FromStr;

/// How a broker is reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// MQTT over TCP.
    #[default]
    Mqtt,
    /// MQTT over TLS.
    Mqtts,
    /// MQTT over WebSocket.
    Ws,
    /// MQTT over WebSocket over TLS.
    Wss,
}

impl Scheme {
    /// Every scheme.
    pub const ALL: [Self; 4] = [Self::Mqtt, Self::Mqtts, Self::Ws, Self::Wss];

    /// As it stands before `://`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mqtt => "mqtt",
            Self::Mqtts => "mqtts",
            Self::Ws => "ws",
            Self::Wss => "wss",
        }
    }

    /// The port where none is given (those of MQTT are registered with IANA, those of WebSocket in RFC 6455 section 3).
    #[must_use]
    pub const fn port(self) -> u16 {
        match self {
            Self::Mqtt => 1883,
            Self::Mqtts => 8883,
            Self::Ws => 80,
            Self::Wss => 443,
        }
    }

    /// Whether TLS is underneath.
    #[must_use]
    pub const fn is_secure(self) -> bool {
        matches!(self, Self::Mqtts | Self::Wss)
    }

    /// Whether WebSocket is in between.
    #[must_use]
    pub const fn is_websocket(self) -> bool {
        matches!(self, Self::Ws | Self::Wss)
    }
}

/// A user name and, if there is one, a password. Neither `Debug` nor `Display` ever shows the password, nor what follows a
/// `?` in the user name: AWS IoT Core takes the token of a custom authorizer there.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// The user name of CONNECT.
    pub user: String,
    /// The password of CONNECT.
    pub password: Option<String>,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let password = self.password.as_ref().map(|_| "…");
        f.debug_struct("Login").field("user", &public(&self.user)).field("password", &password).finish()
    }
}

/// A text without the query at its end, which may hold a token.
fn public(text: &str) -> &str {
    text.split('?').next().unwrap_or_default()
}

/// A broker's address, and who to be there. Neither `Debug` nor `Display` shows a password or a query.
#[derive(Clone, PartialEq, Eq)]
pub struct BrokerAddress {
    /// How it is reached.
    pub scheme: Scheme,
    /// A name or an IP address; an IPv6 address stands without brackets.
    pub host: String,
    /// The TCP port.
    pub port: u16,
    /// The path of the WebSocket, query included, with its slash; `/mqtt` unless the URL has one. Empty without WebSocket.
    pub path: String,
    /// What CONNECT says about who it is.
    pub login: Option<Login>,
}

impl BrokerAddress {
    /// The address of MQTT over TCP, without login.
    #[must_use]
    pub fn new(host: impl Into<String>, port: u16) -> Self {
        Self { scheme: Scheme::Mqtt, host: host.into(), port, path: String::new(), login: None }
    }

    /// `host:port` as it is written, with brackets around an IPv6 address.
    #[must_use]
    pub fn authority(&self) -> String {
        authority(&self.host, self.port)
    }
}

/// `host:port` as it is written, with brackets around an IPv6 address.
#[must_use]
pub fn authority(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

impl fmt::Debug for BrokerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scheme, host, port, path, login } = self;
        let mut shown = f.debug_struct("BrokerAddress");
        shown.field("scheme", scheme).field("host", host).field("port", port);
        shown.field("path", &public(path)).field("login", login).finish()
    }
}

impl fmt::Display for BrokerAddress {
    /// As a URL, with the user's name and without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://", self.scheme.name())?;
        if let Some(login) = &self.login {
            write!(f, "{}@", public(&login.user))?;
        }
        f.write_str(&self.authority())?;
        f.write_str(public(&self.path))
    }
}

/// Why a text is no broker address. No variant holds the password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// A scheme that is not MQTT's.
    #[error("{0}:// is no MQTT address: write mqtt://HOST:PORT, or mqtts, ws or wss in its place")]
    Scheme(String),
    /// Something after the port.
    #[error("the broker address {shown} has {what} after the port: an MQTT address ends there, as in mqtt://HOST:PORT")]
    Trailing {
        /// The address, without login.
        shown: String,
        /// What is too much.
        what: &'static str,
    },
    /// Everything else.
    #[error("{shown} is no broker address: {why}; write mqtt://HOST:PORT")]
    Malformed {
        /// The address, without login.
        shown: String,
        /// What is wrong with it.
        why: String,
    },
}

impl FromStr for BrokerAddress {
    type Err = AddressError;

    /// Reads `scheme://[user[:password]@]host[:port][/path]`; the scheme may be left out.
    ///
    /// # Errors
    /// When it is none.
    fn from_str(text: &str) -> Result<Self, AddressError> {
        let text = text.trim();
        // Without "://" the `url` crate would read `localhost:1883` as the scheme "localhost".
        let url = if text.contains("://") { text.to_owned() } else { format!("mqtt://{text}") };
        let (scheme, rest) = url.split_once("://").unwrap_or(("", &url));
        let scheme = scheme.to_ascii_lowercase();
        let Some(scheme) = Scheme::ALL.into_iter().find(|known| known.name() == scheme) else {
            return Err(AddressError::Scheme(scheme));
        };
        // Everything up to the last '@' may be a password, and a query a token: errors show only what is between them.
        let shown =
            rest.rsplit_once('@').map_or(rest, |(before, after)| if before.contains('?') { "…" } else { after });
        let shown = format!("{:?}", public(shown));
        let malformed = |why: &str| AddressError::Malformed { shown: shown.clone(), why: why.to_owned() };
        let parsed = url::Url::parse(&url).map_err(|error| malformed(&error.to_string()))?;
        let trailing = |what| AddressError::Trailing { shown: shown.clone(), what };
        let mut path = String::new();
        if scheme.is_websocket() {
            path.push_str(if matches!(parsed.path(), "" | "/") { "/mqtt" } else { parsed.path() });
            if let Some(query) = parsed.query() {
                path.push('?');
                path.push_str(query);
            }
        } else if !matches!(parsed.path(), "" | "/") {
            return Err(trailing("a path"));
        } else if parsed.query().is_some() {
            return Err(trailing("a query"));
        }
        if parsed.fragment().is_some() {
            return Err(trailing("a fragment"));
        }
        let host = match parsed.host() {
            Some(url::Host::Ipv6(address)) => address.to_string(),
            Some(host) => host.to_string(),
            None => String::new(),
        };
        if host.is_empty() {
            return Err(malformed("it names no host"));
        }
        if host.contains(|c: char| c == '%' || c.is_whitespace()) {
            return Err(malformed("its host has a character that no host name has"));
        }
        let port = parsed.port().unwrap_or(scheme.port());
        if port == 0 {
            return Err(malformed("port 0 cannot be connected to"));
        }
        let decoded = |text: &str| percent_decode(text).ok_or_else(|| malformed("its login is not UTF-8 when decoded"));
        let login = match (parsed.username(), parsed.password()) {
            ("", None) => None,
            // MQTT 3.1.1 forbids a password without a user name (3.1.2-22).
            ("", Some(_)) => return Err(malformed("it has a password without a user name")),
            (user, password) => Some(Login { user: decoded(user)?, password: password.map(decoded).transpose()? }),
        };
        Ok(Self { scheme, host, port, path, login })
    }
}

/// Undoes percent-encoding; `None` if the result is not UTF-8. A '%' that begins no code stands for itself.
fn percent_decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let code = match tail {
            [high, low, ..] if *first == b'%' => hex(*high).zip(hex(*low)),
            _ => None,
        };
        if let Some((high, low)) = code {
            bytes.push(high << 4 | low);
            rest = &tail[2..];
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).ok()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> BrokerAddress {
        text.parse().unwrap()
    }

    #[test]
    fn what_a_person_types_is_understood() {
        for (text, host, port) in [
            ("mqtt://broker.example", "broker.example", 1883),
            ("mqtt://broker.example:1884/", "broker.example", 1884),
            ("MQTT://h", "h", 1883),
            ("localhost", "localhost", 1883),
            ("localhost:18830", "localhost", 18830),
            ("127.0.0.1:1", "127.0.0.1", 1),
            ("mqtt://[::1]:1884", "::1", 1884),
            (" my_broker ", "my_broker", 1883),
        ] {
            assert_eq!(parse(text), BrokerAddress::new(host, port), "{text}");
        }
        assert_eq!(parse("[::1]:1884").to_string(), "mqtt://[::1]:1884");
    }

    #[test]
    fn every_scheme_has_its_port_and_websockets_have_a_path() {
        for (text, port, shown) in [
            ("mqtts://h", 8883, "mqtts://h:8883"),
            ("ws://h", 80, "ws://h:80/mqtt"),
            ("wss://h:8443/", 8443, "wss://h:8443/mqtt"),
            ("WSS://u:p@h/ws/mqtt?token=secret", 443, "wss://u@h:443/ws/mqtt"),
        ] {
            let address = parse(text);
            assert_eq!((address.port, address.to_string().as_str()), (port, shown), "{text}");
        }
        assert_eq!(parse("wss://h/ws?token=x").path, "/ws?token=x");
    }

    #[test]
    fn no_text_shows_a_password_a_query_or_a_token_in_the_user_name() {
        let address = parse("wss://ann%3Ftoken=hunter2:hunter2@h/ws?token=hunter2");
        assert_eq!(address.login.as_ref().map(|login| &*login.user), Some("ann?token=hunter2"));
        assert_eq!(address.to_string(), "wss://ann@h:443/ws");
        assert!(!format!("{address} {address:?}").contains("hunter2"), "{address:?}");
        for text in ["wss://h:99999/ws?token=hunter2", "wss://h:99999?a=hunter2@hunter2", "wss://a:hunter2?@h:99999#x"]
        {
            let error = text.parse::<BrokerAddress>().unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
        }
    }

    #[test]
    fn a_login_is_decoded_and_its_password_never_shown() {
        let address = parse("mqtt://ann%40home:s%2Fe%3Ac@h:7");
        let login = address.login.clone().unwrap();
        assert_eq!((login.user.as_str(), login.password.as_deref()), ("ann@home", Some("s/e:c")));
        assert_eq!(address.to_string(), "mqtt://ann@home@h:7");
        assert!(!format!("{address:?}").contains("s/e:c"), "{address:?}");
        assert_eq!(parse("bob@h").login.unwrap().password, None);
    }

    #[test]
    fn wrong_addresses_say_what_to_do() {
        for (text, expected) in [
            ("mqtts://h/mqtt", "a path"),
            ("http://h", "no MQTT address"),
            ("mqtt://h/topic", "a path"),
            ("mqtt://h?x=1", "a query"),
            ("mqtt://h#x", "a fragment"),
            ("mqtt://h:99999", "invalid port"),
            ("h:port", "invalid port"),
            ("mqtt://", "no host"),
            ("", "no host"),
            ("mqtt://:1883", "empty host"),
            ("mqtt://h:0", "port 0"),
            ("mqtt://a b", "host"),
        ] {
            let error = text.parse::<BrokerAddress>().unwrap_err().to_string();
            assert!(error.to_lowercase().contains(&expected.to_lowercase()), "{text}: {error}");
        }
        let error = "mqtt://ann:hunter2@h:99999".parse::<BrokerAddress>().unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
    }
}
