//! `[broker]`: which broker is watched, and how lwtop connects to it.

use super::fields;
use crate::dial::Proxy;
use crate::mqtt::{BrokerAddress, KeepAlive, Protocol};
use crate::tls::ServerOptions;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

/// `[broker]`
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a key of the file")]
pub struct BrokerSection {
    /// The broker to watch, as it would stand after `--broker`; without it lwtop runs its own.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "fields::url")]
    pub url: Option<String>,
    /// Whether lwtop's gateway stands in front of that broker, as after `--upstream`, for devices that connect to `listen`.
    pub gateway: bool,
    /// Where lwtop's own broker or its gateway listens; port 0 takes any free one.
    #[serde(with = "fields::address")]
    pub listen: SocketAddr,
    /// Where it listens for MQTT over TLS, if it does.
    #[serde(skip_serializing_if = "Option::is_none", with = "fields::optional_address")]
    pub tls_listen: Option<SocketAddr>,
    /// Where it listens for MQTT over WebSocket, if it does.
    #[serde(skip_serializing_if = "Option::is_none", with = "fields::optional_address")]
    pub ws_listen: Option<SocketAddr>,
    /// Where it listens for MQTT over WebSocket over TLS, if it does.
    #[serde(skip_serializing_if = "Option::is_none", with = "fields::optional_address")]
    pub wss_listen: Option<SocketAddr>,
    /// The folder with `server.pem`, `server.key` and, for certificates of clients, `ca.pem`.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "fields::path")]
    pub certs: Option<PathBuf>,
    /// Its own certificate, in place of the one in the folder.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "fields::path")]
    pub server_cert: Option<PathBuf>,
    /// Its private key, in place of the one in the folder.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "fields::path")]
    pub server_key: Option<PathBuf>,
    /// The authorities whose certificates devices may show, in place of those in the folder.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "fields::path")]
    pub client_ca: Option<PathBuf>,
    /// Whether a device must show a certificate where there is TLS.
    pub require_client_cert: bool,
    /// The file of those who may come in, by user name and password.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "fields::path")]
    pub users_file: Option<PathBuf>,
    /// Whether the broker's own events of devices that come and go are listened to (AWS IoT Core).
    pub lifecycle: bool,
    /// The HTTP proxy that the way goes through, as it was written.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "fields::proxy")]
    pub proxy: Option<String>,
    /// Whom to trust: the certificates of authorities; without it, those that the system trusts.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "fields::path")]
    pub ca: Option<PathBuf>,
    /// lwtop's own certificate.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "fields::path")]
    pub cert: Option<PathBuf>,
    /// The private key that belongs to it.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "fields::path")]
    pub key: Option<PathBuf>,
    /// The name to ask for and to verify, where it is not the one that is connected to.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "fields::word")]
    pub server_name: Option<String>,
    /// The application protocols to offer.
    #[serde(deserialize_with = "fields::alpn")]
    pub alpn: Vec<String>,
    /// Whether any certificate of the broker is taken.
    pub insecure: bool,
    /// The user name, in place of one in the URL.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "fields::word")]
    pub user: Option<String>,
    /// The environment variable that has the password.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "fields::variable")]
    pub password_env: Option<String>,
    /// The file that has the password in its first line.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "fields::path")]
    pub password_file: Option<PathBuf>,
    /// The only version to speak; without one ("auto"), 5 is tried first, then 3.1.1.
    #[serde(with = "fields::any_protocol")]
    pub protocol: Option<Protocol>,
    /// lwtop's own keep alive, in seconds.
    #[serde(with = "fields::keep_alive")]
    pub keep_alive: KeepAlive,
    /// Clean session (3.1.1) or clean start (5).
    pub clean: bool,
    /// How lwtop's two client ids begin; without it, they are like no others.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "fields::word")]
    pub client_id: Option<String>,
    /// More headers for the request of a WebSocket.
    #[serde(with = "fields::headers")]
    pub headers: Vec<(String, String)>,
}

impl Default for BrokerSection {
    fn default() -> Self {
        Self {
            url: None,
            gateway: false,
            listen: (Ipv4Addr::LOCALHOST, 1883).into(),
            tls_listen: None,
            ws_listen: None,
            wss_listen: None,
            certs: None,
            server_cert: None,
            server_key: None,
            client_ca: None,
            require_client_cert: false,
            users_file: None,
            lifecycle: false,
            proxy: None,
            ca: None,
            cert: None,
            key: None,
            server_name: None,
            alpn: Vec::new(),
            insecure: false,
            user: None,
            password_env: None,
            password_file: None,
            protocol: None,
            keep_alive: KeepAlive(10),
            clean: true,
            client_id: None,
            headers: Vec::new(),
        }
    }
}

/// The keys that only mean something where there is TLS.
pub const TLS: [&str; 6] =
    ["broker.ca", "broker.cert", "broker.key", "broker.server_name", "broker.alpn", "broker.insecure"];

/// The keys that are for one broker alone: they are told to no other, and no other is trusted because of them.
pub(super) const PERSONAL: [&str; 6] = ["user", "password_env", "password_file", "headers", "server_name", "insecure"];

impl BrokerSection {
    /// What no single value shows: the keys to blame, and why.
    pub(super) fn faults(&self) -> Vec<(&'static str, String)> {
        let mut faults = Vec::new();
        let mut fault = |is: bool, key, why: &str| {
            if is {
                faults.push((key, why.to_owned()));
            }
        };
        fault(
            self.cert.is_some() && self.key.is_none(),
            "broker.cert",
            "a certificate is no use without its private key: name that too, with key or --key",
        );
        fault(
            self.key.is_some() && self.cert.is_none(),
            "broker.key",
            "a private key is no use without its certificate: name that too, with cert or --cert",
        );
        fault(
            !self.clean && self.client_id.is_none(),
            "broker.clean",
            "a session can only be kept under a client id that stays the same: name one, with client_id or --client-id",
        );
        fault(
            self.password_env.is_some() && self.password_file.is_some(),
            "broker.password_file",
            "there are two passwords: leave out password_env or password_file",
        );
        fault(
            self.server_cert.is_some() != self.server_key.is_some(),
            if self.server_cert.is_some() { "broker.server_cert" } else { "broker.server_key" },
            "server_cert and server_key belong together: name both, or a folder with certs",
        );
        let secure = self.tls_listen.is_some() || self.wss_listen.is_some();
        fault(
            secure && self.server().is_none(),
            if self.tls_listen.is_some() { "broker.tls_listen" } else { "broker.wss_listen" },
            "TLS needs a certificate: name the folder with certs or --certs, or the files with server_cert and server_key",
        );
        faults
    }

    /// Who lwtop's own broker is in TLS: the files of the folder, or those that are named in their place.
    #[must_use]
    pub fn server(&self) -> Option<ServerOptions> {
        let folder = self.certs.as_deref().map(ServerOptions::of_folder);
        let named = self.server_cert.clone().zip(self.server_key.clone());
        let (cert, key) = named.or_else(|| folder.clone().map(|folder| (folder.cert, folder.key)))?;
        let client_ca = self.client_ca.clone().or_else(|| folder.and_then(|folder| folder.client_ca));
        Some(ServerOptions { cert, key, client_ca, require: self.require_client_cert })
    }

    /// The URL as it may be shown: without password and query.
    #[must_use]
    pub fn shown_url(&self) -> Option<String> {
        let url = self.url.as_ref()?;
        Some(url.parse::<BrokerAddress>().map_or_else(|_| "…".to_owned(), |address| address.to_string()))
    }

    /// The proxy as it may be shown: without its login.
    #[must_use]
    pub fn shown_proxy(&self) -> Option<String> {
        let proxy = self.proxy.as_ref()?;
        Some(proxy.parse::<Proxy>().map_or_else(|_| "…".to_owned(), |proxy| proxy.to_string()))
    }

    /// The user name as it may be shown: AWS IoT Core takes the token of a custom authorizer after a `?`.
    #[must_use]
    pub fn shown_user(&self) -> Option<&str> {
        self.user.as_ref().map(|user| user.split('?').next().unwrap_or_default())
    }
}

impl fmt::Debug for BrokerSection {
    /// Without what may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        let mut shown = f.debug_struct("BrokerSection");
        shown.field("url", &self.shown_url()).field("gateway", &self.gateway);
        shown.field("listen", &self.listen).field("lifecycle", &self.lifecycle);
        shown.field("tls_listen", &self.tls_listen).field("ws_listen", &self.ws_listen);
        shown.field("wss_listen", &self.wss_listen).field("certs", &self.certs).field("server_cert", &self.server_cert);
        shown.field("server_key", &self.server_key).field("client_ca", &self.client_ca);
        shown.field("require_client_cert", &self.require_client_cert).field("users_file", &self.users_file);
        shown
            .field("proxy", &self.shown_proxy())
            .field("ca", &self.ca)
            .field("cert", &self.cert)
            .field("key", &self.key);
        shown.field("server_name", &self.server_name).field("alpn", &self.alpn).field("insecure", &self.insecure);
        shown.field("user", &self.shown_user()).field("password_env", &self.password_env);
        shown.field("password_file", &self.password_file).field("protocol", &self.protocol);
        shown.field("keep_alive", &self.keep_alive).field("clean", &self.clean).field("client_id", &self.client_id);
        shown.field("headers", &headers).finish()
    }
}
