//! Floor 1: TLS for everything that connects or listens: who is trusted, who one is, and what went wrong, in words.
//!
//! rustls with the provider `ring`, named wherever a configuration is built, so that no second provider can get in its way.
//! Certificates are verified unless a person says `insecure` in so many words.

mod authority;
mod client;
mod name;
mod pem;
mod server;
mod trouble;

pub use authority::{Authority, DAYS, Issued};
pub use client::{check_files, client_config, server_name};
pub use name::common_name;
pub use pem::{Identity, read_certificates, read_identity};
pub use server::{ServerOptions, explain_client, server_config};
pub use trouble::{TlsError, explain};

use rustls::CipherSuite;
use std::path::PathBuf;
use std::sync::Arc;

/// How a connection to a broker is secured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsOptions {
    /// A PEM file with the certificates of the authorities to trust; without one, those that the system trusts.
    pub ca: Option<PathBuf>,
    /// A PEM file with the client's certificate, its chain behind it. Only together with `key`.
    pub cert: Option<PathBuf>,
    /// A PEM file with the client's private key: PKCS#8, PKCS#1 or SEC1 (EC), unencrypted.
    pub key: Option<PathBuf>,
    /// The name to ask for (SNI) and to verify, where it is not the one that is connected to.
    pub server_name: Option<String>,
    /// The application protocols to offer (ALPN), such as `x-amzn-mqtt-ca`; without any, none is offered.
    pub alpn: Vec<String>,
    /// Whether any certificate of the server is taken. Never the default, and loud.
    pub insecure: bool,
}

/// The cryptography that all of lwtop uses.
#[must_use]
pub fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    let mut provider = rustls::crypto::ring::default_provider();
    // AES-128 with SHA-256 first, as most servers have it: no weaker in practice, and the keys of a handshake are derived in
    // less time than with SHA-384, which rustls would rather have.
    provider.cipher_suites.sort_by_key(|suite| suite.suite() != CipherSuite::TLS13_AES_128_GCM_SHA256);
    Arc::new(provider)
}

/// Makes [`provider`] the one of libraries that ask the process for theirs. May be called again and again.
pub fn install_provider() {
    // An error says that one is installed already, which is fine.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
