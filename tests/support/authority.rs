//! A certificate authority of a test's own, what it signs, and a directory for the files.

#![allow(dead_code, reason = "not every test file needs every part")]

use lwtop::tls::{ServerOptions, TlsOptions, provider};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};

/// The authority, with `ca.pem` in a directory that goes when it is dropped.
pub struct Authority {
    dir: PathBuf,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("lwtop-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().unwrap();
        std::fs::write(dir.join("ca.pem"), params.self_signed(&key).unwrap().pem()).unwrap();
        Self { dir, issuer: Issuer::new(params, key) }
    }

    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Writes `FILE.pem` and `FILE.key`, for these names; the first is the common name.
    pub fn sign(&self, file: &str, names: &[&str]) -> (PathBuf, PathBuf) {
        self.sign_key(file, names, &KeyPair::generate().unwrap(), |_| {})
    }

    /// The same for a key that is there already, with a change to the certificate.
    pub fn sign_key(
        &self,
        file: &str,
        names: &[&str],
        key: &KeyPair,
        change: impl FnOnce(&mut CertificateParams),
    ) -> (PathBuf, PathBuf) {
        let mut params = CertificateParams::new(names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>()).unwrap();
        params.distinguished_name.push(DnType::CommonName, names[0]);
        change(&mut params);
        let paths = (self.dir.join(format!("{file}.pem")), self.dir.join(format!("{file}.key")));
        std::fs::write(&paths.0, params.signed_by(key, &self.issuer).unwrap().pem()).unwrap();
        std::fs::write(&paths.1, key.serialize_pem()).unwrap();
        paths
    }

    /// A client that trusts this authority.
    pub fn trusting(&self) -> TlsOptions {
        TlsOptions { ca: Some(self.dir.join("ca.pem")), ..TlsOptions::default() }
    }

    /// A client that trusts it and has a certificate from it.
    pub fn client(&self, name: &str) -> TlsOptions {
        let (cert, key) = self.sign(name, &[name]);
        TlsOptions { cert: Some(cert), key: Some(key), ..self.trusting() }
    }

    /// A door's own certificate, and the clients of this authority.
    pub fn door(&self) -> ServerOptions {
        self.sign("server", &["localhost", "127.0.0.1"]);
        ServerOptions::of_folder(&self.dir)
    }

    /// What a server for these names speaks TLS with.
    pub fn server(&self, names: &[&str], alpn: &[&str]) -> Arc<ServerConfig> {
        let (certificate, key) = self.sign("scripted", names);
        let certificate = CertificateDer::from_pem_file(certificate).unwrap();
        let key = PrivateKeyDer::from_pem_file(key).unwrap();
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        config.into()
    }
}

impl Drop for Authority {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}
