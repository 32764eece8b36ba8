//! What goes wrong with TLS, in sentences.

use rustls::pki_types::{ServerName, UnixTime};
use rustls::{AlertDescription, CertificateError};
use std::io;
use std::path::{Path, PathBuf};

/// Why TLS cannot be set up. No variant holds a key.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file that cannot be read.
    #[error("{} cannot be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file that is no certificate's.
    #[error("{} has {size} bytes: a PEM file has at most {most}", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        size: u64,
        /// What is allowed.
        most: u64,
    },
    /// A file that is no PEM.
    #[error("{} cannot be used: {why}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// A file without a certificate.
    #[error("{} holds no certificate: it needs a block that begins with -----BEGIN CERTIFICATE-----", path.display())]
    NoCertificate {
        /// The file.
        path: PathBuf,
    },
    /// A file without a key.
    #[error("{} holds no private key: it needs a block that begins with -----BEGIN PRIVATE KEY-----", path.display())]
    NoKey {
        /// The file.
        path: PathBuf,
    },
    /// A key with a passphrase.
    #[error(
        "the private key in {} is encrypted: lwtop does not ask for passphrases; decrypt it with `openssl pkey -in … -out …`",
        path.display()
    )]
    Encrypted {
        /// The file.
        path: PathBuf,
    },
    /// A certificate without its key.
    #[error("the certificate {} is no use without its private key: name that too", certificate.display())]
    KeyMissing {
        /// The certificate's file.
        certificate: PathBuf,
    },
    /// A key without its certificate.
    #[error("the private key {} is no use without its certificate: name that too", key.display())]
    CertificateMissing {
        /// The key's file.
        key: PathBuf,
    },
    /// Two files that were mixed up.
    #[error(
        "the private key in {} is not that of the certificate in {}: take the two files that were made together",
        key.display(),
        certificate.display()
    )]
    Mismatch {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
    },
    /// Clients are to show certificates that nobody could have signed.
    #[error(
        "clients must show a certificate, but no authority says which are good: name one with client_ca, or put its ca.pem \
         into the folder of --certs"
    )]
    NoClientCa,
    /// Nobody to trust.
    #[error(
        "this system names no certificate authorities to trust{}: name the broker's own with --ca FILE",
        why.as_ref().map(|why| format!(" ({why})")).unwrap_or_default()
    )]
    NoRoots {
        /// What the system said.
        why: Option<String>,
    },
    /// A name that no certificate can have.
    #[error("{0:?} can be in no certificate: it is neither the name of a host nor an IP address")]
    ServerName(String),
    /// Everything else: one sentence.
    #[error("{0}")]
    Other(String),
}

impl TlsError {
    /// A file of authorities with none in it that can be one.
    pub(super) fn no_authority(path: &Path) -> Self {
        Self::Malformed {
            path: path.to_owned(),
            why: "none of its certificates can be that of an authority".to_owned(),
        }
    }

    /// What rustls has against a certificate and its key.
    #[must_use]
    pub fn of_identity(error: &rustls::Error, certificate: &Path, key: &Path) -> Self {
        let (certificate, key) = (certificate.to_owned(), key.to_owned());
        match error {
            rustls::Error::InconsistentKeys(_) => Self::Mismatch { certificate, key },
            rustls::Error::InvalidCertificate(_) => {
                let why = "its certificate cannot be decoded: it may be of X.509 version 1, and version 3 is needed, as \
                           `lwtop certs` makes it";
                Self::Malformed { path: certificate, why: why.to_owned() }
            }
            // The text may come from whatever decoded the key, so it is left out.
            _ => Self::Malformed { path: key, why: "its key is of a kind that lwtop does not know".to_owned() },
        }
    }
}

/// What a failed connection of a client means, in one sentence and with what to do; `None` if the error is none of TLS.
///
/// A server may refuse a client's certificate only after the handshake (TLS 1.3 has it so): errors of reading are to be
/// asked as well.
#[must_use]
pub fn explain(error: &io::Error) -> Option<String> {
    error.get_ref()?.downcast_ref::<rustls::Error>().map(sentence)
}

fn sentence(error: &rustls::Error) -> String {
    use rustls::Error as E;
    match error {
        E::InvalidCertificate(error) => certificate(error),
        E::AlertReceived(alert) => refusal(*alert),
        E::NoCertificatesPresented => "the server showed no certificate".to_owned(),
        E::NoApplicationProtocol => no_protocol(),
        E::InvalidMessage(_) | E::PeerSentOversizedRecord => {
            "what answers there does not speak TLS: without it the address begins with mqtt:// or ws://".to_owned()
        }
        E::PeerIncompatible(_) => {
            "the server speaks no TLS that lwtop does: it needs version 1.2 or 1.3 with a modern cipher".to_owned()
        }
        other => format!("TLS failed: {other}"),
    }
}

/// What the client has against the server's certificate.
fn certificate(error: &CertificateError) -> String {
    use CertificateError as E;
    match error {
        E::Expired => expired(None),
        E::ExpiredContext { not_after, .. } => expired(Some(*not_after)),
        E::NotValidYet => not_yet(None),
        E::NotValidYetContext { not_before, .. } => not_yet(Some(*not_before)),
        E::Revoked => "the server's certificate was revoked: it needs a new one".to_owned(),
        E::UnknownIssuer => {
            "the server's certificate is self-signed or comes from an authority that is not trusted: name \
                             that authority with --ca FILE, or take any certificate with --insecure"
                .to_owned()
        }
        E::BadSignature => {
            "the server's certificate was not signed by the authority that it names: the one in --ca has the \
                            same name and another key"
                .to_owned()
        }
        E::NotValidForName => wrong_name(None, &[]),
        E::NotValidForNameContext { expected, presented } => wrong_name(Some(expected), presented),
        E::InvalidPurpose | E::InvalidPurposeContext { .. } => {
            "the server's certificate is not made for servers (its extended key usage lacks serverAuth)".to_owned()
        }
        E::Other(error) => match error.to_string().as_str() {
            text if text.contains("CaUsedAsEndEntity") => {
                "the server shows an authority's own certificate (CA:TRUE): it needs one of its own, signed by that \
                 authority, as `lwtop certs` makes them; or take any certificate with --insecure"
                    .to_owned()
            }
            text if text.contains("UnsupportedCertVersion") => {
                // Not even --insecure takes it: the signature of the handshake is verified with it.
                "the server's certificate has an old format (X.509 version 1), which names no host: it needs a new one of \
                 version 3 with a subjectAltName, as `lwtop certs` makes it"
                    .to_owned()
            }
            text => format!("the server's certificate cannot be verified: {text}"),
        },
        other => format!("the server's certificate cannot be verified: {other}"),
    }
}

fn expired(at: Option<UnixTime>) -> String {
    let at = at.map(date).unwrap_or_default();
    format!("the server's certificate expired{at}: it needs a new one, unless this machine's clock is wrong")
}

fn not_yet(at: Option<UnixTime>) -> String {
    let before = |at| format!(" before{}", date(at).trim_start_matches(" on"));
    let at = at.map_or_else(|| " yet".to_owned(), before);
    format!("the server's certificate is not valid{at}: is this machine's clock right?")
}

fn date(at: UnixTime) -> String {
    let second = i64::try_from(at.as_secs()).ok();
    let at = second.and_then(|second| jiff::Timestamp::from_second(second).ok());
    at.map(|at| format!(" on {at}")).unwrap_or_default()
}

/// Names in a certificate that a sentence has room for.
const NAMES: usize = 8;

fn wrong_name(expected: Option<&ServerName<'_>>, presented: &[String]) -> String {
    let expected = expected.map_or_else(|| "this host".into(), ServerName::to_str);
    if presented.is_empty() {
        return format!(
            "the server's certificate names no host at all, so not {expected} either: it needs a subjectAltName (a common \
             name does not count)"
        );
    }
    // webpki writes `DnsName("localhost")` and `IpAddress(127.0.0.1)`.
    let bare = |name: &String| {
        let inner = name.split_once('(').map_or(name.as_str(), |(_, inner)| inner);
        inner.trim_matches(['(', ')', '"']).to_owned()
    };
    let mut names: Vec<_> = presented.iter().take(NAMES).map(bare).collect();
    if presented.len() > NAMES {
        names.push(format!("{} more", presented.len() - NAMES));
    }
    format!(
        "the server's certificate is not for {expected} but for {}: connect to that name, or say with --server-name which \
         of them is meant",
        names.join(", ")
    )
}

/// What the server says that it has against the client.
fn refusal(alert: AlertDescription) -> String {
    use AlertDescription as A;
    match alert {
        A::CertificateRequired => {
            "the server wants to see a client certificate: name one with --cert and --key".to_owned()
        }
        A::HandshakeFailure => "the server refused the handshake: it may want to see a client certificate (--cert and \
                                --key), or accept no TLS that lwtop speaks"
            .to_owned(),
        A::UnknownCA => {
            "the server refused the client certificate: it does not trust the authority that signed it".to_owned()
        }
        A::BadCertificate | A::UnsupportedCertificate | A::CertificateUnknown | A::AccessDenied | A::DecryptError => {
            format!("the server refused the client certificate ({alert:?}): is it one that this server knows?")
        }
        A::CertificateExpired => {
            "the server refused the client certificate because it has expired: it needs a new one".to_owned()
        }
        A::CertificateRevoked => "the server refused the client certificate because it was revoked".to_owned(),
        A::NoApplicationProtocol => no_protocol(),
        A::UnrecognisedName => {
            "the server does not know the name that it was asked for: say with --server-name which one it \
                                has"
            .to_owned()
        }
        A::ProtocolVersion | A::InsufficientSecurity => {
            "the server speaks no TLS that lwtop does: it needs version 1.2 or 1.3 with a modern cipher".to_owned()
        }
        other => format!("the server ended TLS with the alert {other:?}: its log may say why"),
    }
}

fn no_protocol() -> String {
    "the server speaks none of the application protocols (ALPN) that lwtop offered: leave them out, or name the right one \
     with --alpn"
        .to_owned()
}
