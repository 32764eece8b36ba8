use super::*;
use crate::tls::client::tests::{Dir, Pair, authority, signed};
use crate::tls::{TlsOptions, client_config, server_name};
use rcgen::{ExtendedKeyUsagePurpose, date_time_ymd};
use rustls::{ClientConnection, ServerConnection};

/// A folder with `ca.pem`, `server.pem` and `server.key`.
fn folder(name: &str) -> (Dir, rcgen::Issuer<'static, rcgen::KeyPair>, ServerOptions) {
    let dir = Dir::new(name);
    let (ca, issuer) = authority("lwtop tests");
    let path = dir.write("ca.pem", &ca);
    let server = signed(&issuer, &["localhost"], |_| {});
    dir.write("server.pem", &server.certificate);
    dir.write("server.key", &server.key);
    let options = ServerOptions::of_folder(path.parent().unwrap());
    (dir, issuer, options)
}

#[cfg(unix)]
#[test]
fn an_authority_that_cannot_be_looked_at_is_not_taken_for_none() {
    let (dir, ..) = folder("server-authority");
    let path = dir.write("ca.pem", "").with_file_name("ca.pem");
    std::fs::remove_file(&path).unwrap();
    let options = || ServerOptions::of_folder(path.parent().unwrap());
    assert_eq!(options().client_ca, None);
    std::os::unix::fs::symlink("nowhere", &path).unwrap();
    let error = server_config(&options(), &[]).unwrap_err().to_string();
    assert!(error.contains("ca.pem"), "{error}");
}

fn client(dir: &Dir, pair: Option<&Pair>, alpn: &[&str]) -> ClientConnection {
    let mut options = TlsOptions { ca: Some(dir.write("trusted.pem", &text(dir, "ca.pem"))), ..TlsOptions::default() };
    if let Some(pair) = pair {
        options.cert = Some(dir.write("client.pem", &pair.certificate));
        options.key = Some(dir.write("client.key", &pair.key));
    }
    options.alpn = alpn.iter().map(|&name| name.to_owned()).collect();
    ClientConnection::new(client_config(&options).unwrap(), server_name(&options, "localhost").unwrap()).unwrap()
}

fn text(dir: &Dir, name: &str) -> String {
    let path = dir.write("here", "").with_file_name(name);
    std::fs::read_to_string(path).unwrap()
}

/// Client and server talk, without a network: what the server says of the client, or the name in its certificate.
fn shake(config: Arc<ServerConfig>, mut client: ClientConnection) -> Result<Option<String>, String> {
    let mut server = ServerConnection::new(config).unwrap();
    while server.is_handshaking() {
        let mut bytes = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut bytes).unwrap();
        }
        hear(&mut server, &bytes)?;
        let mut bytes = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut bytes).unwrap();
        }
        client.read_tls(&mut &*bytes).unwrap();
        if client.process_new_packets().is_err() {
            let mut bytes = Vec::new();
            client.write_tls(&mut bytes).unwrap();
            hear(&mut server, &bytes)?;
        }
    }
    Ok(server.peer_certificates().and_then(|chain| crate::tls::common_name(&chain[0])))
}

fn hear(server: &mut ServerConnection, bytes: &[u8]) -> Result<(), String> {
    server.read_tls(&mut &*bytes).unwrap();
    let heard = server.process_new_packets().map(drop);
    heard.map_err(|error| explain_client(&io::Error::other(error)).expect("an error of TLS"))
}

#[test]
fn a_client_may_show_a_certificate_or_has_to() {
    let (dir, issuer, options) = folder("server-optional");
    let thing = signed(&issuer, &["lwtThing"], |params| {
        params.distinguished_name.push(rcgen::DnType::CommonName, "lwtThing");
    });
    let optional = server_config(&options, &["mqtt", "x-amzn-mqtt-ca"]).unwrap();
    assert_eq!(shake(optional.clone(), client(&dir, None, &[])), Ok(None));
    assert_eq!(shake(optional.clone(), client(&dir, Some(&thing), &["x-amzn-mqtt-ca"])), Ok(Some("lwtThing".into())));
    let why = shake(optional, client(&dir, None, &["h2"])).unwrap_err();
    assert!(why.contains("ALPN"), "{why}");
    let required = server_config(&ServerOptions { require: true, ..options.clone() }, &[]).unwrap();
    assert_eq!(shake(required.clone(), client(&dir, Some(&thing), &[])), Ok(Some("lwtThing".into())));
    let why = shake(required, client(&dir, None, &[])).unwrap_err();
    assert!(why.contains("no certificate"), "{why}");
    // Nobody to trust, nobody is asked.
    let none = server_config(&ServerOptions { client_ca: None, ..options }, &[]).unwrap();
    assert_eq!(shake(none, client(&dir, Some(&thing), &[])), Ok(None));
}

#[test]
fn each_wrong_client_has_its_own_sentence() {
    let (dir, issuer, options) = folder("server-wrong");
    let config = server_config(&options, &[]).unwrap();
    let expired = signed(&issuer, &["a"], |params| params.not_after = date_time_ymd(2020, 1, 1));
    let early = signed(&issuer, &["a"], |params| params.not_before = date_time_ymd(2990, 1, 1));
    let purpose = signed(&issuer, &["a"], |params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    });
    let stranger = signed(&authority("others").1, &["a"], |_| {});
    let forged = signed(&authority("lwtop tests").1, &["a"], |_| {});
    for (pair, words) in [
        (&expired, "expired"),
        (&early, "not valid yet"),
        (&purpose, "clientAuth"),
        (&stranger, "does not trust"),
        (&forged, "not signed by"),
    ] {
        let why = shake(config.clone(), client(&dir, Some(pair), &[])).unwrap_err();
        assert!(why.contains(words), "{words}: {why}");
    }
    let mut server = ServerConnection::new(config.clone()).unwrap();
    let why = hear(&mut server, b"\x10\x17\x00\x04MQTT\x04\x02\x00\x05\x00\x0blwtop-probe").unwrap_err();
    assert!(why.contains("not TLS"), "{why}");
    // A client that does not trust the server says so.
    let trusting = TlsOptions { ca: Some(dir.write("trusted.pem", &authority("others").0)), ..TlsOptions::default() };
    let other = client_config(&trusting).unwrap();
    let other = ClientConnection::new(other, server_name(&trusting, "localhost").unwrap()).unwrap();
    let why = shake(config, other).unwrap_err();
    assert!(why.contains("may not trust"), "{why}");
}

#[test]
fn files_that_do_not_fit_are_named() {
    let (dir, issuer, options) = folder("server-files");
    let of = |options: ServerOptions| server_config(&options, &[]).unwrap_err().to_string();
    let other = dir.write("other.key", &signed(&issuer, &["localhost"], |_| {}).key);
    let why = of(ServerOptions { key: other, ..options.clone() });
    assert!(why.contains("other.key") && why.contains("made together"), "{why}");
    let why = of(ServerOptions { cert: "nowhere/server.pem".into(), ..options.clone() });
    assert!(why.contains("nowhere/server.pem"), "{why}");
    let why = of(ServerOptions { client_ca: None, require: true, ..options.clone() });
    assert!(why.contains("client_ca"), "{why}");
    let empty = dir.write("empty.pem", "");
    let why = of(ServerOptions { client_ca: Some(empty), ..options });
    assert!(why.contains("empty.pem") && why.contains("no certificate"), "{why}");
}
