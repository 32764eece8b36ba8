use super::*;
use crate::tls::explain;
use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, date_time_ymd,
};
use rustls::pki_types::{PrivateKeyDer, pem::PemObject as _};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConnection, ServerConfig, ServerConnection};
use std::io;
use std::path::PathBuf;

/// A directory of one test's own.
pub(in crate::tls) struct Dir(PathBuf);

impl Dir {
    pub(in crate::tls) fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("lwtop-tls-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        Self(dir)
    }

    pub(in crate::tls) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A certificate and its key, as PEM.
pub(in crate::tls) struct Pair {
    pub(in crate::tls) certificate: String,
    pub(in crate::tls) key: String,
}

pub(in crate::tls) fn authority(name: &str) -> (String, Issuer<'static, KeyPair>) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let key = KeyPair::generate().unwrap();
    (params.self_signed(&key).unwrap().pem(), Issuer::new(params, key))
}

pub(in crate::tls) fn signed(
    issuer: &Issuer<'static, KeyPair>,
    names: &[&str],
    change: impl FnOnce(&mut CertificateParams),
) -> Pair {
    let mut params = CertificateParams::new(names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>()).unwrap();
    change(&mut params);
    let key = KeyPair::generate().unwrap();
    Pair { certificate: params.signed_by(&key, issuer).unwrap().pem(), key: key.serialize_pem() }
}

fn self_signed(authority: bool) -> Pair {
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    if authority {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    let key = KeyPair::generate().unwrap();
    Pair { certificate: params.self_signed(&key).unwrap().pem(), key: key.serialize_pem() }
}

fn server(pair: &Pair, clients: Option<&str>, alpn: &[&str]) -> Arc<ServerConfig> {
    let builder = ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().unwrap();
    let builder = match clients {
        Some(ca) => {
            let mut roots = RootCertStore::empty();
            roots.add(CertificateDer::from_pem_slice(ca.as_bytes()).unwrap()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider()).build().unwrap();
            builder.with_client_cert_verifier(verifier)
        }
        None => builder.with_no_client_auth(),
    };
    let certificate = CertificateDer::from_pem_slice(pair.certificate.as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(pair.key.as_bytes()).unwrap();
    let mut config = builder.with_single_cert(vec![certificate], key).unwrap();
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    config.into()
}

/// Client and server talk, without a network. What the client says of an error, or `None` if both are content.
fn shake(options: &TlsOptions, host: &str, server: Arc<ServerConfig>) -> Option<String> {
    let config = client_config(options).unwrap();
    let mut client = ClientConnection::new(config, server_name(options, host).unwrap()).unwrap();
    let mut server = ServerConnection::new(server).unwrap();
    // TLS 1.3 takes two rounds, and an alert after the handshake one more.
    for _ in 0..4 {
        let mut bytes = Vec::new();
        client.write_tls(&mut bytes).unwrap();
        server.read_tls(&mut &bytes[..]).unwrap();
        // What the server has against the client it says in an alert.
        let _ = server.process_new_packets();
        bytes.clear();
        server.write_tls(&mut bytes).unwrap();
        client.read_tls(&mut &bytes[..]).unwrap();
        if let Err(error) = client.process_new_packets() {
            return explain(&io::Error::new(io::ErrorKind::InvalidData, error));
        }
    }
    assert!(!client.is_handshaking() && !server.is_handshaking());
    None
}

fn contains(sentence: Option<String>, words: &[&str]) {
    let sentence = sentence.expect("this is refused");
    for word in words {
        assert!(sentence.contains(word), "{sentence:?} lacks {word:?}");
    }
}

#[test]
fn what_is_wrong_with_a_servers_certificate_is_said_in_one_sentence() {
    let dir = Dir::new("server");
    let (ca, issuer) = authority("lwtop test");
    let trusting = TlsOptions { ca: Some(dir.write("ca.pem", &ca)), ..TlsOptions::default() };
    let good = signed(&issuer, &["localhost", "127.0.0.1"], |_| {});
    assert_eq!(shake(&trusting, "localhost", server(&good, None, &[])), None);
    assert_eq!(shake(&trusting, "127.0.0.1", server(&good, None, &[])), None);

    let refused = |host: &str, pair: &Pair| shake(&trusting, host, server(pair, None, &[]));
    let expired = signed(&issuer, &["localhost"], |params| {
        params.not_before = date_time_ymd(2001, 1, 1);
        params.not_after = date_time_ymd(2001, 2, 3);
    });
    contains(refused("localhost", &expired), &["expired on 2001-02-03T00:00:00Z", "clock"]);
    let future = signed(&issuer, &["localhost"], |params| params.not_before = date_time_ymd(4001, 2, 3));
    contains(refused("localhost", &future), &["not valid before 4001-02-03T00:00:00Z", "clock"]);
    contains(
        refused("broker.example", &good),
        &["not for broker.example but for localhost, 127.0.0.1", "--server-name"],
    );
    contains(refused("::1", &good), &["not for ::1 but for localhost"]);
    contains(refused("localhost", &signed(&issuer, &[], |_| {})), &["no host at all", "subjectAltName"]);
    contains(refused("localhost", &self_signed(false)), &["self-signed", "--ca FILE", "--insecure"]);
    let (_, stranger) = authority("a stranger");
    contains(refused("localhost", &signed(&stranger, &["localhost"], |_| {})), &["not trusted", "--ca FILE"]);
    let (_, namesake) = authority("lwtop test");
    contains(refused("localhost", &signed(&namesake, &["localhost"], |_| {})), &["same name and another key"]);
    let for_clients = signed(&issuer, &["localhost"], |params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    });
    contains(refused("localhost", &for_clients), &["not made for servers"]);
    let own = self_signed(true);
    let trusting_it = TlsOptions { ca: Some(dir.write("own.pem", &own.certificate)), ..TlsOptions::default() };
    contains(shake(&trusting_it, "localhost", server(&own, None, &[])), &["CA:TRUE", "lwtop certs"]);
}

#[test]
fn insecure_takes_any_certificate_and_another_name_is_verified_in_place_of_the_hosts() {
    let dir = Dir::new("insecure");
    let (ca, issuer) = authority("lwtop test");
    let insecure = TlsOptions { insecure: true, ..TlsOptions::default() };
    assert_eq!(shake(&insecure, "broker.example", server(&self_signed(true), None, &[])), None);
    let good = signed(&issuer, &["broker.example"], |_| {});
    let named = TlsOptions {
        ca: Some(dir.write("ca.pem", &ca)),
        server_name: Some("broker.example".to_owned()),
        ..TlsOptions::default()
    };
    assert_eq!(shake(&named, "127.0.0.1", server(&good, None, &[])), None);
    let other = TlsOptions { server_name: Some("other.example".to_owned()), ..named };
    contains(shake(&other, "broker.example", server(&good, None, &[])), &["not for other.example"]);
    assert!(server_name(&TlsOptions::default(), "a b").unwrap_err().to_string().contains("\"a b\""));
}

#[test]
fn what_the_server_has_against_the_client_is_said_in_one_sentence() {
    let dir = Dir::new("client");
    let (ca, issuer) = authority("lwtop test");
    let pair = signed(&issuer, &["localhost"], |_| {});
    let device = signed(&issuer, &["lwtThing"], |_| {});
    let trusting = TlsOptions { ca: Some(dir.write("ca.pem", &ca)), ..TlsOptions::default() };
    let mutual = || server(&pair, Some(&ca), &[]);
    let with = |pair: &Pair| TlsOptions {
        cert: Some(dir.write("cert.pem", &pair.certificate)),
        key: Some(dir.write("key.pem", &pair.key)),
        ..trusting.clone()
    };
    assert_eq!(shake(&with(&device), "localhost", mutual()), None);
    contains(shake(&trusting, "localhost", mutual()), &["client certificate", "--cert and --key"]);
    let (_, stranger) = authority("a stranger");
    let unknown = signed(&stranger, &["lwtThing"], |_| {});
    contains(shake(&with(&unknown), "localhost", mutual()), &["refused the client certificate", "authority"]);
    let expired = signed(&issuer, &["lwtThing"], |params| {
        params.not_before = date_time_ymd(2001, 1, 1);
        params.not_after = date_time_ymd(2001, 2, 3);
    });
    contains(shake(&with(&expired), "localhost", mutual()), &["refused the client certificate", "expired"]);

    let offering = TlsOptions { alpn: vec!["x-amzn-mqtt-ca".to_owned()], ..trusting.clone() };
    assert_eq!(shake(&offering, "localhost", server(&pair, None, &["mqtt", "x-amzn-mqtt-ca"])), None);
    contains(shake(&offering, "localhost", server(&pair, None, &["mqtt"])), &["ALPN", "--alpn"]);
}

#[test]
fn a_server_without_tls_is_told_apart() {
    let dir = Dir::new("plain");
    let (ca, _) = authority("lwtop test");
    let options = TlsOptions { ca: Some(dir.write("ca.pem", &ca)), ..TlsOptions::default() };
    for answer in [&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], &[0x20, 2, 0, 1, 0, 0]] {
        let mut client =
            ClientConnection::new(client_config(&options).unwrap(), "localhost".try_into().unwrap()).unwrap();
        client.read_tls(&mut &*answer).unwrap();
        let error = client.process_new_packets().unwrap_err();
        contains(explain(&io::Error::new(io::ErrorKind::InvalidData, error)), &["does not speak TLS", "mqtt://"]);
    }
    assert_eq!(explain(&io::ErrorKind::ConnectionReset.into()), None);
}

#[test]
fn files_that_do_not_fit_are_named() {
    let dir = Dir::new("files");
    let (ca, issuer) = authority("lwtop test");
    let ca = dir.write("ca.pem", &ca);
    let (one, two) = (signed(&issuer, &["one"], |_| {}), signed(&issuer, &["two"], |_| {}));
    let cert = dir.write("one.pem", &one.certificate);
    let key = dir.write("two.key", &two.key);
    let said = |options: TlsOptions| {
        let error = client_config(&options).expect_err("this cannot be used");
        let text = format!("{error} {error:?}");
        let secret = two.key.lines().nth(1).unwrap();
        assert!(!text.contains(secret), "no text has a key in it");
        Some(error.to_string())
    };
    let with = |cert: Option<&PathBuf>, key: Option<&PathBuf>| TlsOptions {
        ca: Some(ca.clone()),
        cert: cert.cloned(),
        key: key.cloned(),
        ..TlsOptions::default()
    };
    contains(said(with(Some(&cert), Some(&key))), &["two.key is not that of the certificate in", "one.pem"]);
    contains(said(with(Some(&key), Some(&cert))), &["two.key holds no certificate"]);
    contains(said(with(Some(&cert), Some(&cert))), &["one.pem holds no private key"]);
    contains(said(with(Some(&cert), None)), &["one.pem is no use without its private key"]);
    contains(said(with(None, Some(&key))), &["two.key is no use without its certificate"]);
    let broken = two.key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    let broken = dir.write("encrypted.key", &broken);
    contains(said(with(Some(&cert), Some(&broken))), &["encrypted.key is encrypted", "openssl pkey"]);
    let missing = dir.0.join("missing.pem");
    contains(said(with(Some(&missing), Some(&key))), &["missing.pem cannot be read"]);
    let garbage = dir.write("garbage.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    contains(said(TlsOptions { ca: Some(garbage), ..TlsOptions::default() }), &["garbage.pem cannot be used"]);
}
