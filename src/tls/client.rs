//! The client's side: whom it trusts and who it is.

use super::trouble::TlsError;
use super::{TlsOptions, provider, read_certificates, read_identity};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use std::path::Path;
use std::sync::Arc;

/// What a client needs to connect. Reads files: not for a thread that must not wait.
///
/// # Errors
/// When a file cannot be used, certificate and key do not belong together, or nobody would be trusted.
pub fn client_config(options: &TlsOptions) -> Result<Arc<ClientConfig>, TlsError> {
    let other = |error: rustls::Error| TlsError::Other(error.to_string());
    let builder =
        ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().map_err(other)?;
    let builder = if options.insecure {
        builder.dangerous().with_custom_certificate_verifier(Arc::new(Anyone::new()))
    } else {
        builder.with_root_certificates(roots(options.ca.as_deref())?)
    };
    let mut config = match (&options.cert, &options.key) {
        (Some(cert), Some(key)) => {
            let identity = read_identity(cert, key)?;
            builder
                .with_client_auth_cert(identity.chain, identity.key)
                .map_err(|error| TlsError::of_identity(&error, cert, key))?
        }
        (Some(cert), None) => return Err(TlsError::KeyMissing { certificate: cert.clone() }),
        (None, Some(key)) => return Err(TlsError::CertificateMissing { key: key.clone() }),
        (None, None) => builder.with_no_client_auth(),
    };
    config.alpn_protocols = options.alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    Ok(config.into())
}

/// Looks whether the files that are named can be used, without connecting. Not at those that the system trusts: they are many.
///
/// # Errors
/// As for [`client_config`].
pub fn check_files(options: &TlsOptions) -> Result<(), TlsError> {
    let insecure = options.insecure || options.ca.is_none();
    client_config(&TlsOptions { insecure, ..options.clone() }).map(drop)
}

/// The name to ask for (SNI) and to verify: that of the options, or else the host's. An IP address is verified too, against
/// the addresses in the certificate; it is never asked for (RFC 6066 section 3).
///
/// # Errors
/// When it is neither the name of a host nor an IP address.
pub fn server_name(options: &TlsOptions, host: &str) -> Result<ServerName<'static>, TlsError> {
    let name = options.server_name.as_deref().unwrap_or(host);
    ServerName::try_from(name.to_owned()).map_err(|_| TlsError::ServerName(name.to_owned()))
}

fn roots(ca: Option<&Path>) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    if let Some(path) = ca {
        roots.add_parsable_certificates(read_certificates(path)?);
        if roots.is_empty() {
            return Err(TlsError::no_authority(path));
        }
    } else {
        let found = rustls_native_certs::load_native_certs();
        roots.add_parsable_certificates(found.certs);
        if roots.is_empty() {
            return Err(TlsError::NoRoots { why: found.errors.first().map(ToString::to_string) });
        }
    }
    Ok(roots)
}

/// Takes any certificate. What is signed with its key is still checked: the server holds that key.
#[derive(Debug)]
struct Anyone(WebPkiSupportedAlgorithms);

impl Anyone {
    fn new() -> Self {
        Self(provider().signature_verification_algorithms)
    }
}

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.0)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.0)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_schemes()
    }
}

#[cfg(test)]
#[path = "client_tests.rs"]
pub(super) mod tests;
