//! A certificate authority for a workshop, and what it signs: a server, and devices that are told apart by their common name.
//!
//! Keys are ECDSA on P-256, in PKCS#8. An authority is known by its private key alone: its name follows from that.

use super::{TlsError, provider};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, date_time_ymd,
};
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::sync::Arc;

/// How long an authority is good for, in days: ten years.
pub const AUTHORITY_DAYS: i64 = 3_652;

/// How long everything that it signs is good for, in days: the most that the systems of all makers believe of a server.
pub const DAYS: i64 = 825;

/// A certificate and its private key, both as PEM. `Debug` does not show the key.
pub struct Issued {
    /// The certificate.
    pub certificate: String,
    /// The private key, PKCS#8.
    pub key: String,
    /// The last day on which it is good, as `2029-02-28`.
    pub until: String,
}

impl std::fmt::Debug for Issued {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Issued")
            .field("certificate", &self.certificate)
            .field("until", &self.until)
            .finish_non_exhaustive()
    }
}

/// An authority that signs. `Debug` does not show its key.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    today: jiff::civil::Date,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority").field("today", &self.today).finish_non_exhaustive()
    }
}

impl Authority {
    /// A new one, and its own certificate and key.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub fn new() -> Result<(Self, Issued), TlsError> {
        let authority = Self::with_key(KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(other)?);
        let params = params_of(authority.issuer.key(), authority.today);
        let certificate = params.self_signed(authority.issuer.key()).map_err(other)?.pem();
        let key = authority.issuer.key().serialize_pem();
        let until = last_day(authority.today, AUTHORITY_DAYS).to_string();
        Ok((authority, Issued { certificate, key, until }))
    }

    /// The one that has this private key, in PEM. Whether a certificate is its own, [`Self::vouches`] finds out.
    ///
    /// # Errors
    /// When it is no key that can sign; the text of the error holds nothing of it.
    pub fn from_key(pem: &str) -> Result<Self, TlsError> {
        let key = KeyPair::from_pem(pem).map_err(|_| TlsError::Other("its private key cannot be used".to_owned()))?;
        Ok(Self::with_key(key))
    }

    fn with_key(key: KeyPair) -> Self {
        let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
        Self { issuer: Issuer::new(params_of(&key, today), key), today }
    }

    /// A server that has these names and IP addresses.
    ///
    /// # Errors
    /// When one of them can be in no certificate.
    pub fn server(&self, hosts: &[String]) -> Result<Issued, TlsError> {
        let mut params = CertificateParams::new(hosts).map_err(other)?;
        params.distinguished_name.push(DnType::CommonName, hosts.first().map_or("", String::as_str));
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.sign(params)
    }

    /// A device of this name.
    ///
    /// # Errors
    /// When it can be in no certificate.
    pub fn device(&self, name: &str) -> Result<Issued, TlsError> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.sign(params)
    }

    fn sign(&self, mut params: CertificateParams) -> Result<Issued, TlsError> {
        dated(&mut params, self.today, DAYS);
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(other)?;
        let certificate = params.signed_by(&key, &self.issuer).map_err(other)?.pem();
        Ok(Issued { certificate, key: key.serialize_pem(), until: last_day(self.today, DAYS).to_string() })
    }

    /// Whether whoever trusts the certificates in `authority`, a PEM, believes a device with that certificate.
    #[must_use]
    pub fn vouches(authority: &str, device: &Issued) -> bool {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(CertificateDer::pem_slice_iter(authority.as_bytes()).flatten());
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider()).build();
        let certificate = CertificateDer::from_pem_slice(device.certificate.as_bytes());
        let (Ok(verifier), Ok(certificate)) = (verifier, certificate) else { return false };
        verifier.verify_client_cert(&certificate, &[], UnixTime::now()).is_ok()
    }
}

/// What an authority with this key says of itself.
fn params_of(key: &KeyPair, today: jiff::civil::Date) -> CertificateParams {
    let mut name = "lwtop authority ".to_owned();
    for byte in &Sha256::digest(key.public_key_raw())[..4] {
        // Writing to a text cannot fail.
        let _ = write!(name, "{byte:02x}");
    }
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    dated(&mut params, today, AUTHORITY_DAYS);
    params
}

/// Good from yesterday, because the clocks of devices are not all right.
fn dated(params: &mut CertificateParams, today: jiff::civil::Date, days: i64) {
    let (first, end) = (today.saturating_sub(days_of(1)), last_day(today, days).saturating_add(days_of(1)));
    // Midnight in UTC; a date has no month or day that does not fit.
    let [first, end] = [first, end]
        .map(|date| date_time_ymd(date.year().into(), date.month().unsigned_abs(), date.day().unsigned_abs()));
    (params.not_before, params.not_after) = (first, end);
}

fn days_of(days: i64) -> jiff::Span {
    jiff::Span::new().days(days)
}

fn last_day(today: jiff::civil::Date, days: i64) -> jiff::civil::Date {
    today.saturating_add(days_of(days - 2))
}

#[expect(clippy::needless_pass_by_value, reason = "`map_err` hands it over like this")]
fn other(error: rcgen::Error) -> TlsError {
    TlsError::Other(format!("the certificate cannot be made: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_is_known_by_its_key() {
        let (authority, own) = Authority::new().unwrap();
        let device = authority.device("lwtThing").unwrap();
        assert!(Authority::vouches(&own.certificate, &device));
        let again = Authority::from_key(&own.key).unwrap();
        assert!(Authority::vouches(&own.certificate, &again.device("another").unwrap()));
        let (stranger, _) = Authority::new().unwrap();
        assert!(!Authority::vouches(&own.certificate, &stranger.device("lwtThing").unwrap()));
        // A server is no device.
        assert!(!Authority::vouches(&own.certificate, &authority.server(&["localhost".to_owned()]).unwrap()));
        assert!(Authority::from_key("no key").is_err());
        assert!(!format!("{device:?} {authority:?}").contains("PRIVATE"));
    }
}
