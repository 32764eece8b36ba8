//! What answers in place of an MQTT broker, where its first bytes say what it is.

use super::Route;

/// A protocol that is not MQTT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stranger {
    /// HTTP: an answer to what is no request.
    Http,
    /// TLS: an alert (RFC 8446 section 5.1).
    Tls,
    /// SSH: its greeting.
    Ssh,
}

/// How each begins.
const KNOWN: [(&[u8], Stranger); 3] =
    [(b"HTTP/", Stranger::Http), (&[0x15, 0x03], Stranger::Tls), (b"SSH-", Stranger::Ssh)];

impl Stranger {
    /// Which one it is that begins like this; `None` as long as it is not known.
    #[must_use]
    pub fn of(first: &[u8]) -> Option<Self> {
        KNOWN.into_iter().find(|(start, _)| first.starts_with(start)).map(|(_, stranger)| stranger)
    }

    /// Whether a few bytes more would tell.
    #[must_use]
    pub fn may_follow(first: &[u8]) -> bool {
        KNOWN.iter().any(|(start, _)| first.len() < start.len() && start.starts_with(first))
    }

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Http => "HTTP",
            Self::Tls => "TLS",
            Self::Ssh => "SSH",
        }
    }

    /// Two sentences for a start that failed: what, where, what to do.
    #[must_use]
    pub fn sentence(self, route: &Route) -> String {
        let (at, scheme) = (route.address.authority(), route.address.scheme);
        let advice = match self {
            Self::Http => {
                let with = if scheme.is_secure() { "wss" } else { "ws" };
                format!("MQTT on HTTP is WebSocket: if it has that, write {with}://{at}/mqtt.")
            }
            Self::Tls if !scheme.is_secure() => {
                let with = if scheme.is_websocket() { "wss" } else { "mqtts" };
                format!("With TLS the address begins with {with}://: write {with}://{at}.")
            }
            Self::Tls | Self::Ssh => "Check the port.".to_owned(),
        };
        format!("What listens at {at} speaks {} there, and no MQTT. {advice}", self.name())
    }
}
