//! The server's side: who it is, whom it wants to see, and what was wrong with a client that did not come in.

use super::trouble::TlsError;
use super::{provider, read_certificates, read_identity};
use rustls::crypto::ring::Ticketer;
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::{CertificateError, RootCertStore, ServerConfig};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Who a server is, and which certificates of clients it takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerOptions {
    /// A PEM file with the server's certificate, its chain behind it.
    pub cert: PathBuf,
    /// A PEM file with the server's private key: PKCS#8, PKCS#1 or SEC1 (EC), unencrypted.
    pub key: PathBuf,
    /// A PEM file with the authorities whose certificates clients may show; without one, no client is asked for any.
    pub client_ca: Option<PathBuf>,
    /// Whether a client must show one. Only together with `client_ca`.
    pub require: bool,
}

impl ServerOptions {
    /// The files of a folder as `lwtop certs` makes it: `server.pem`, `server.key`, and `ca.pem` where it is there. One that
    /// may be there and cannot be looked at counts as there, and using it will say why: clients are not to be let in without
    /// a question because of it.
    #[must_use]
    pub fn of_folder(folder: &Path) -> Self {
        let ca = folder.join("ca.pem");
        let missing = ca.symlink_metadata().is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
        Self {
            cert: folder.join("server.pem"),
            key: folder.join("server.key"),
            client_ca: (!missing).then_some(ca),
            require: false,
        }
    }
}

/// What a server needs to listen; it speaks one of the application protocols `alpn` with a client that offers any. Reads
/// files: not for a thread that must not wait.
///
/// # Errors
/// When a file cannot be used, certificate and key do not belong together, or no certificate of a client could be right.
pub fn server_config(options: &ServerOptions, alpn: &[&str]) -> Result<Arc<ServerConfig>, TlsError> {
    let other = |error: rustls::Error| TlsError::Other(error.to_string());
    let ServerOptions { cert, key, client_ca, require } = options;
    let builder =
        ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().map_err(other)?;
    let builder = match client_ca {
        Some(path) => {
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(read_certificates(path)?);
            let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider());
            let verifier = if *require { verifier } else { verifier.allow_unauthenticated() };
            builder.with_client_cert_verifier(verifier.build().map_err(|_| TlsError::no_authority(path))?)
        }
        None if *require => return Err(TlsError::NoClientCa),
        None => builder.with_no_client_auth(),
    };
    let identity = read_identity(cert, key)?;
    let mut config = builder
        .with_single_cert(identity.chain, identity.key)
        .map_err(|error| TlsError::of_identity(&error, cert, key))?;
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    // A session is kept by its client: a fleet of any size comes back without a full handshake each, and costs no memory
    // here. One ticket a connection is as many as each client uses.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.ticketer = Ticketer::new().map_err(other)?;
    config.send_tls13_tickets = 1;
    // The order of [`provider`]: of those that both speak, the fastest.
    config.ignore_client_order = true;
    Ok(config.into())
}

/// Why a client did not come in, in one sentence; `None` where the error is none of TLS.
#[must_use]
pub fn explain_client(error: &io::Error) -> Option<String> {
    use rustls::Error as E;
    let error = error.get_ref()?.downcast_ref::<rustls::Error>()?;
    Some(match error {
        E::InvalidCertificate(error) => certificate(error).to_owned(),
        E::NoCertificatesPresented => "it showed no certificate, and this door wants one".to_owned(),
        E::NoApplicationProtocol => {
            "it offered (ALPN) only application protocols that this door does not speak".to_owned()
        }
        E::InvalidMessage(_) | E::PeerSentOversizedRecord | E::InappropriateMessage { .. } => {
            "what it sent is not TLS: is it meant for another door?".to_owned()
        }
        E::AlertReceived(alert) => {
            format!("it ended TLS with the alert {alert:?}: it may not trust the authority of the server's certificate")
        }
        E::PeerIncompatible(_) => {
            "it speaks no TLS that lwtop does: version 1.2 or 1.3 with a modern cipher".to_owned()
        }
        other => format!("TLS failed: {other}"),
    })
}

fn certificate(error: &CertificateError) -> &'static str {
    use CertificateError as E;
    match error {
        E::Expired | E::ExpiredContext { .. } => "its certificate has expired",
        E::NotValidYet | E::NotValidYetContext { .. } => "its certificate is not valid yet: are both clocks right?",
        E::UnknownIssuer => "its certificate comes from an authority that this door does not trust",
        E::BadSignature => "its certificate was not signed by the authority that it names",
        E::InvalidPurpose | E::InvalidPurposeContext { .. } => {
            "its certificate is not made for clients (its extended key usage lacks clientAuth)"
        }
        E::Revoked => "its certificate was revoked",
        _ => "its certificate cannot be verified",
    }
}

#[cfg(test)]
#[path = "server_tests.rs"]
mod tests;
