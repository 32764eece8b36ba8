//! Certificates and keys in PEM files.

use super::trouble::TlsError;
use rustls::pki_types::pem::{Error, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::path::Path;

/// The largest PEM file that is read: a bundle of every authority in the world is a quarter of this.
const LARGEST: u64 = 1 << 20;

/// A certificate with its chain, and its private key. `Debug` shows no key.
pub struct Identity {
    /// The certificate, then those that it was signed with.
    pub chain: Vec<CertificateDer<'static>>,
    /// The private key of the first.
    pub key: PrivateKeyDer<'static>,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity").field("certificates", &self.chain.len()).finish_non_exhaustive()
    }
}

/// The certificates in a PEM file; never empty.
///
/// # Errors
/// When the file cannot be read, is no PEM, or has no certificate in it.
pub fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let text = read(path)?;
    let certificates: Result<Vec<_>, Error> = CertificateDer::pem_slice_iter(&text).collect();
    match certificates {
        Ok(certificates) if certificates.is_empty() => Err(TlsError::NoCertificate { path: path.to_owned() }),
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(TlsError::Malformed { path: path.to_owned(), why: error.to_string() }),
    }
}

/// A certificate and its key, from two PEM files, which may be one.
///
/// # Errors
/// When either cannot be read, is no PEM, or lacks what it is for. That the two belong together is found out when a
/// configuration is built of them.
pub fn read_identity(certificate: &Path, key: &Path) -> Result<Identity, TlsError> {
    let chain = read_certificates(certificate)?;
    let text = read(key)?;
    let path = || key.to_owned();
    match PrivateKeyDer::from_pem_slice(&text) {
        Ok(key) => Ok(Identity { chain, key }),
        // In its label (PKCS#8), or in a header of the older forms (RFC 1421), which is no PEM of today any more.
        Err(_) if text.windows(9).any(|part| part == b"ENCRYPTED") => Err(TlsError::Encrypted { path: path() }),
        Err(Error::NoItemsFound) => Err(TlsError::NoKey { path: path() }),
        // The text of the error may quote a line, and a line of a key is a secret.
        Err(_) => Err(TlsError::Malformed { path: path(), why: "its PEM cannot be decoded".to_owned() }),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    let unreadable = |source| TlsError::Unreadable { path: path.to_owned(), source };
    let size = std::fs::metadata(path).map_err(unreadable)?.len();
    if size > LARGEST {
        return Err(TlsError::TooLarge { path: path.to_owned(), size, most: LARGEST });
    }
    std::fs::read(path).map_err(unreadable)
}
