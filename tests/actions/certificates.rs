//! `webhook` over TLS, with certificates that this machine is told to trust, and others.

use super::scene::{ARTICLE, Folder, Scene, death, in_another_process, inside};
use super::server::Server;
use super::webhook::{OK, to};
use lwtop::rules::Kind;
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

#[test]
fn they_are_verified() {
    if inside() {
        return tokio::runtime::Runtime::new().unwrap().block_on(trusted_and_not());
    }
    let folder = Folder::new("certificates");
    let (mine, theirs) = (certificate(), certificate());
    let files =
        [folder.join("known.pem"), folder.join("known.key"), folder.join("other.pem"), folder.join("other.key")];
    let texts =
        [mine.cert.pem(), mine.signing_key.serialize_pem(), theirs.cert.pem(), theirs.signing_key.serialize_pem()];
    for (file, text) in files.iter().zip(texts) {
        std::fs::write(file, text).unwrap();
    }
    let known = files[0].to_str().unwrap();
    // The machine's certificates are these.
    let folder = folder.join("");
    let environment = [("SSL_CERT_FILE", known), ("LWTOP_TEST_FOLDER", folder.to_str().unwrap())];
    in_another_process("certificates::they_are_verified", &environment);
}

fn certificate() -> rcgen::CertifiedKey<rcgen::KeyPair> {
    rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap()
}

async fn trusted_and_not() {
    use tokio_rustls::rustls::pki_types::pem::PemObject as _;
    use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
    lwtop::tls::install_provider();
    let folder = std::path::PathBuf::from(std::env::var_os("LWTOP_TEST_FOLDER").unwrap());
    for (name, host, wanted) in [
        ("known", "localhost", None),
        ("other", "localhost", Some("localhost cannot be reached: invalid peer certificate: ")),
        ("known", "127.0.0.1", Some("127.0.0.1 cannot be reached: invalid peer certificate: ")),
    ] {
        let chain = vec![CertificateDer::from_pem_file(folder.join(format!("{name}.pem"))).unwrap()];
        let key = PrivateKeyDer::from_pem_file(folder.join(format!("{name}.key"))).unwrap();
        let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap();
        let mut server = Server::listen(&[OK], Some(TlsAcceptor::from(Arc::new(config)))).await;
        let url = format!("https://{host}:{}/", server.port);
        let mut scene = Scene::paced(Kind::Webhook(to(url)), |pace| pace.retries = 0);
        let failure = scene.outcome(death("lwtThing", ARTICLE)).await.failure;
        match wanted {
            None => {
                assert_eq!(failure, None);
                assert_eq!(server.request().await.line, "POST / HTTP/1.1");
            }
            Some(wanted) => {
                assert!(failure.as_deref().is_some_and(|failure| failure.starts_with(wanted)), "{failure:?}");
                assert_eq!(server.others(), 0);
            }
        }
    }
}
