//! Where devices connect to, and how.

use crate::dial::{Route, SharedRoute};
use crate::mqtt::{BrokerAddress, Protocol, Scheme, address};
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// Where devices connect to: the gateway, or a broker. Cheap to clone; the clones share their TLS.
#[derive(Clone, Debug)]
pub struct Target {
    host: String,
    port: u16,
    /// What lies on TCP or in between, if anything does.
    way: Option<Arc<SharedRoute>>,
}

impl Target {
    /// MQTT right on TCP. `host` is a name or an IP address; an IPv6 address stands without brackets.
    pub fn plain(host: impl Into<String>, port: u16) -> Self {
        Self { host: host.into(), port, way: None }
    }

    /// A name or an IP address.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The TCP port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The route there.
    pub(super) fn route(&self) -> Cow<'_, Route> {
        match self.way() {
            Some(way) => Cow::Borrowed(way.route()),
            None => Cow::Owned(Route::from(BrokerAddress::new(self.host.clone(), self.port))),
        }
    }

    /// How it is reached.
    pub(super) fn scheme(&self) -> Scheme {
        self.way().map_or(Scheme::Mqtt, |way| way.route().address.scheme)
    }

    /// What may be wrong with a broker that closes instead of CONNACK, in words.
    pub(super) fn doubt(&self, protocol: Protocol) -> String {
        let route = self.route();
        let doubt = route.doubt();
        match protocol {
            // Many brokers that know only 3.1.1 just close; a device speaks what it was told to.
            Protocol::V5 if !route.is_aws() => format!("{doubt} Does it speak MQTT {protocol}?"),
            _ => doubt.to_owned(),
        }
    }

    /// The way there, where something lies on TCP.
    pub(super) fn way(&self) -> Option<&SharedRoute> {
        self.way.as_deref()
    }
}

impl fmt::Display for Target {
    /// As a person would write it: with the scheme where it is not plain MQTT, never with a query.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(way) = &self.way {
            write!(f, "{}://", way.route().address.scheme.name())?;
        }
        f.write_str(&address::authority(&self.host, self.port))
    }
}

impl From<Route> for Target {
    /// What the route says about a login is not looked at: that is the template's.
    fn from(route: Route) -> Self {
        let plain = Self::plain(route.address.host.clone(), route.address.port);
        let plainly = route.address.scheme == Scheme::Mqtt && route.proxy.is_none();
        let way = (!plainly).then(|| Arc::new(SharedRoute::new(route)));
        Self { way, ..plain }
    }
}

impl From<std::net::SocketAddr> for Target {
    fn from(address: std::net::SocketAddr) -> Self {
        Self::plain(address.ip().to_string(), address.port())
    }
}
