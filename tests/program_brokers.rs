//! The real binary on brokers that others wrote: Mosquitto over mTLS and WebSocket, NATS; and on what is no broker at all.

#[path = "support/authority.rs"]
mod authority;
#[path = "support/guarded.rs"]
mod guarded;
#[path = "support/mosquitto.rs"]
mod mosquitto;
#[path = "support/nats.rs"]
mod nats;
#[path = "support/program.rs"]
mod program;

use authority::Authority;
use guarded::{Guarded, keeps_its_user};
use mosquitto::Mosquitto;
use program::{Stream, lwtop, output, stderr};
use rcgen::KeyPair;
use serde_json::Value;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

const WILL: &str = r#"{"state": {"reported": {"last_will": "yes", "trigger_action": "on", "client_id": "real-1"}}}"#;

const TOPICS: [&str; 4] = ["--will-topic", "devices/+/will", "--connected-topic", "devices/+/connected"];

/// The flags with which Mosquitto's clients come to the guarded door for TLS.
fn secure(world: &Guarded) -> Vec<String> {
    let (cert, key) = world.authority.sign("real-1", &["real-1"]);
    let ca = world.authority.dir().join("ca.pem");
    let path = |path: &Path| path.display().to_string();
    let mut flags = vec!["-p".to_owned(), world.mqtts.to_string()];
    for (flag, value) in [("--cafile", path(&ca)), ("--cert", path(&cert)), ("--key", path(&key))] {
        flags.extend([flag.to_owned(), value]);
    }
    flags.extend(["-h", "localhost", "-u", "ann", "-P", "s3cret"].map(str::to_owned));
    flags
}

fn publish(flags: &[String], topic: &str, payload: &str, retain: bool) {
    let mut command = Command::new("mosquitto_pub");
    command.args(flags).args(["-t", topic, "-m", payload]).args(retain.then_some("-r"));
    assert!(command.status().expect("mosquitto_pub").success());
}

/// A `mosquitto_sub` called real-1 with the article's will, which is connected and subscribed.
fn device(flags: &[String]) -> Child {
    publish(flags, "x", "ready", true);
    let mut child = Command::new("mosquitto_sub")
        .args(flags)
        .args(["-i", "real-1", "-t", "x", "-k", "10", "--will-topic", "devices/real-1/will", "--will-payload", WILL])
        .stdout(Stdio::piped())
        .spawn()
        .expect("mosquitto_sub");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
    assert_eq!(line, "ready\n");
    child
}

fn is_up(line: &Value) -> bool {
    line["event"] == "link" && line["state"] == "up"
}

/// What each stream tells of a life and a death, whichever way it hears of them.
fn lives_and_dies(flags: &[String], streams: &mut [Stream]) {
    for stream in &mut *streams {
        stream.wait("the link", is_up);
    }
    let mut real = device(flags);
    publish(flags, "devices/real-1/connected", "{}", false);
    for stream in &mut *streams {
        assert_eq!(stream.event("online", "real-1")["evidence"], "inferred");
    }
    // Child::kill is SIGKILL.
    real.kill().expect("kill");
    real.wait().expect("an exit status");
    for stream in &mut *streams {
        let offline = stream.event("offline", "real-1");
        assert_eq!((&offline["evidence"], &offline["will_sent"]), (&"will".into(), &true.into()));
        let executed = stream.wait("the executed message", |line| line["role"] == "executed");
        assert_eq!((&executed["device"], &executed["payload"]), (&"real-1".into(), &WILL.into()));
        let incident = stream.wait("the story", |line| line["event"] == "incident" && line["phase"] == "complete");
        assert!(incident["hops"]["will"].is_number(), "{incident}");
    }
}

#[test]
fn the_same_is_told_over_mtls_and_over_websocket() {
    let Some(mut world) = Guarded::start("program") else { return };
    let dir = world.authority.dir();
    let tls = world.authority.client("lwtop");
    let file = |path: &Option<std::path::PathBuf>| path.as_ref().expect("a file").display().to_string();
    let (ca, cert, key) = (file(&tls.ca), file(&tls.cert), file(&tls.key));
    std::fs::write(dir.join("password"), "s3cret\n").expect("a file");
    let config = dir.join("lwtop.toml");
    let url = format!("url = 'wss://localhost:{}'\nca = '{ca}'\ncert = '{cert}'\nkey = '{key}'\n", world.wss);
    let password = format!("user = 'ann'\npassword_file = '{}'\n", dir.join("password").display());
    std::fs::write(&config, format!("[broker]\n{url}{password}")).expect("a file");
    let (mqtts, ws) = (format!("mqtts://localhost:{}", world.mqtts), format!("ws://ann:s3cret@127.0.0.1:{}", world.ws));
    let config = config.display().to_string();
    // Each with its password from another place; only one of them runs the rule.
    let mut first = lwtop(&["watch", "--rules", "--broker", &mqtts, "--ca", &ca, "--cert", &cert, "--key", &key]);
    first.args(["--user", "ann"]).env("LWTOP_PASSWORD", "s3cret");
    let commands = [first, lwtop(&["watch", "--broker", &ws]), lwtop(&["watch", "--config", &config])];
    let mut streams = commands.map(|mut command| {
        command.args(TOPICS);
        Stream::of(command)
    });
    let flags = secure(&world);
    lives_and_dies(&flags, &mut streams);
    // The broker goes and comes back, and so does everybody.
    world.broker.kill();
    for stream in &mut streams {
        stream.wait("the link's end", |line| line["event"] == "link" && line["state"] == "down");
        stream.forget();
    }
    world.broker.restart();
    lives_and_dies(&flags, &mut streams);
    for mut stream in streams {
        assert!(stream.terminate().success());
    }
}

#[test]
fn nats_knows_only_3_1_1_and_is_spoken_to_in_it() {
    let Some(mut broker) = nats::start() else { return };
    let url = format!("mqtt://127.0.0.1:{}", broker.port);
    let run = |more: &[&str]| output(&[&["watch", "--broker", &url, "--for", "1s"], more].concat());
    let refused = run(&["--protocol", "5"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).contains("unacceptable protocol version (return code 1)"), "{}", stderr(&refused));
    let refused = run(&["--will-topic", "plant.1/+/will"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).contains("refused a subscription: plant.1/+/will"), "{}", stderr(&refused));
    // The article's topics begin with a slash, which NATS takes.
    let mut streams = [Stream::start(&["watch", "--broker", &url, "--rules"])];
    for round in 0..2 {
        streams[0].wait("the link", is_up);
        let dies = output(&["device", "--broker", &url, "--id", "press-7", "--sleep", "10ms", "--fault", "rst"]);
        assert!(dies.status.success(), "{}", stderr(&dies));
        let incident = streams[0].event("incident", "press-7");
        assert_eq!((&incident["phase"], &incident["evidence"]), (&"complete".into(), &"will".into()), "{incident}");
        if round == 0 {
            broker.kill();
            streams[0].wait("the link's end", |line| line["event"] == "link" && line["state"] == "down");
            streams[0].forget();
            broker.restart();
        }
    }
    assert!(streams[0].terminate().success());
}

/// Runs each command line, all at once, and holds its end to a code and words. None of them may show a secret.
fn said(cases: &[(Vec<&str>, i32, &[&str])]) {
    let start = |(args, ..): &(Vec<&str>, i32, &[&str])| {
        let mut command = lwtop(&["watch", "--for", "20s"]);
        command.args(args).stdout(Stdio::null()).stderr(Stdio::piped());
        command.spawn().expect("the program starts")
    };
    let children: Vec<Child> = cases.iter().map(start).collect();
    for ((args, code, words), child) in cases.iter().zip(children) {
        let output = child.wait_with_output().expect("its output");
        let sentence = stderr(&output);
        assert_eq!(output.status.code(), Some(*code), "{args:?}: {sentence}");
        for word in *words {
            assert!(sentence.contains(word), "{args:?} should say {word:?}, and says: {sentence}");
        }
        assert!(!sentence.contains("panicked") && !sentence.contains("s3cret"), "{sentence}");
    }
}

/// Answers every connection in the same way, as long as the test runs.
fn door(answer: impl Fn(TcpStream) + Send + Copy + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || answer(stream));
        }
    });
    port
}

/// Reads the first bytes, answers with `text`, and reads until the other side closes.
fn answers(mut stream: TcpStream, text: &[u8]) {
    let mut buffer = [0; 1024];
    if stream.read(&mut buffer).is_ok() && stream.write_all(text).is_ok() {
        while stream.read(&mut buffer).is_ok_and(|count| count > 0) {}
    }
}

#[test]
fn what_is_no_broker_is_told_by_what_it_does() {
    let http = door(|stream| answers(stream, b"HTTP/1.1 400 Bad Request\r\n\r\n")).to_string();
    let tls = door(|stream| answers(stream, &[0x15, 3, 1, 0, 2, 2, 70])).to_string();
    let ssh = door(|stream| answers(stream, b"SSH-2.0-OpenSSH_9.2\r\n")).to_string();
    let silent = door(|stream| answers(stream, b"")).to_string();
    let closing = door(drop).to_string();
    let babble = door(|stream| answers(stream, &[0xFF; 64])).to_string();
    let url = |scheme: &str, port: &str| format!("{scheme}://127.0.0.1:{port}");
    let urls = [
        (url("mqtt", &http), "speaks HTTP there, and no MQTT. MQTT on HTTP is WebSocket"),
        (url("mqtt", &tls), "speaks TLS there, and no MQTT. With TLS the address begins with mqtts://"),
        (url("mqtt", &ssh), "speaks SSH there, and no MQTT. Check the port"),
        (url("mqtt", &silent), "accepted the connection and did not answer within 5 s"),
        (url("mqtt", &closing), "closed the connection without CONNACK. Is it an MQTT broker"),
        (url("mqtt", &babble), "The broker's log may say more"),
        (url("mqtts", &http), "does not speak TLS: without it the address begins with mqtt://"),
        (url("mqtts", &silent), "did not answer the TLS handshake within 5 s"),
        (url("mqtts", &closing), "closed the connection in the TLS handshake"),
        (url("ws", &http), "opens no WebSocket at the path /mqtt (HTTP status 400)"),
        (url("wss", &http), "does not speak TLS"),
        (url("ws", &closing), "closed the connection instead of opening a WebSocket"),
    ];
    let cases: Vec<_> =
        urls.iter().map(|(url, words)| (vec!["--broker", url], 1, std::slice::from_ref(words))).collect();
    said(&cases);
    // A device says the same.
    for (url, words) in &urls[..3] {
        let device = output(&["device", "--broker", url]);
        assert!(stderr(&device).contains(words), "{url} should say {words:?}, and says: {}", stderr(&device));
    }
}

#[test]
fn what_is_wrong_with_a_certificate_is_said_by_the_program() {
    let authority = Authority::new("certificates");
    let generate = || KeyPair::generate().expect("a key");
    let expired = authority
        .sign_key("expired", &["localhost"], &generate(), |params| params.not_after = rcgen::date_time_ymd(2001, 2, 3));
    let other = authority.sign("other", &["other.example.com"]);
    let good = authority.sign("good", &["localhost"]);
    let itself = {
        let key = generate();
        let params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).expect("parameters");
        let paths = (authority.dir().join("itself.pem"), authority.dir().join("itself.key"));
        std::fs::write(&paths.0, params.self_signed(&key).expect("a certificate").pem()).expect("a file");
        std::fs::write(&paths.1, key.serialize_pem()).expect("a file");
        paths
    };
    let ca = authority.dir().join("ca.pem").display().to_string();
    let started = Mosquitto::start_on(|ports: [u16; 5]| {
        let mut config = keeps_its_user();
        for (port, (cert, key)) in ports.into_iter().zip([&expired, &other, &itself, &good, &good]) {
            let _ =
                writeln!(config, "listener {port} 127.0.0.1\ncertfile {}\nkeyfile {}", cert.display(), key.display());
        }
        // Of the last listener.
        let _ = writeln!(config, "cafile {ca}\nrequire_certificate true");
        config
    });
    let Some((_broker, [expired_at, other_at, itself_at, good_at, mutual_at])) = started else { return };
    let url = |port: u16| format!("mqtts://localhost:{port}");
    let (expired_url, other_url, itself_url, good_url, mutual_url) =
        (url(expired_at), url(other_at), url(itself_at), url(good_at), url(mutual_at));
    let path = |name: &str| authority.dir().join(name).display().to_string();
    let (good_cert, other_key, missing) = (path("good.pem"), path("other.key"), path("missing"));
    let (folder, good_key) = (authority.dir().display().to_string(), path("good.key"));
    let (expired_cert, expired_key) = (path("expired.pem"), path("expired.key"));
    let password = path("lwtop.toml");
    std::fs::write(
        &password,
        format!("[broker]\nurl = '{good_url}'\nca = '{ca}'\nuser = 'ann'\npassword_file = '{missing}'\n"),
    )
    .expect("a file");
    let trusting = |url| vec!["--broker", url, "--ca", &ca];
    let with = |url, cert, key| [trusting(url), vec!["--cert", cert, "--key", key]].concat();
    said(&[
        (trusting(&expired_url), 1, &["certificate expired on 2001-02-03", "clock"]),
        (trusting(&other_url), 1, &["not for localhost but for other.example.com", "--server-name"]),
        (trusting(&itself_url), 1, &["self-signed", "--ca FILE", "--insecure"]),
        (vec!["--broker", &good_url], 1, &["--ca FILE"]),
        (trusting(&mutual_url), 1, &["client certificate", "--cert and --key"]),
        (with(&mutual_url, &expired_cert, &expired_key), 1, &["refused the client certificate", "expired"]),
        // Before anybody is asked: these are mistakes of whoever wrote the flags.
        (with(&good_url, &good_cert, &other_key), 2, &["other.key is not that of the certificate in", "good.pem"]),
        (with(&good_url, &good_key, &good_cert), 2, &["good.key holds no certificate"]),
        (with(&good_url, &missing, &good_key), 2, &["missing cannot be read"]),
        (with(&good_url, &good_cert, &folder), 2, &["cannot be read"]),
        (vec!["--broker", &good_url, "--cert", &good_cert], 2, &["no use without its private key"]),
        (vec!["--broker", &good_url, "--ca", &good_key], 2, &["good.key holds no certificate"]),
        (vec!["--config", &password], 2, &["password cannot be read from", "missing"]),
    ]);
}

#[test]
fn a_key_may_have_any_of_the_usual_forms() {
    if mosquitto::server::find("openssl", "LWTOP_REQUIRE_MOSQUITTO").is_none() {
        return;
    }
    let Some(world) = Guarded::start("forms") else { return };
    let dir = world.authority.dir();
    let openssl = |args: &[&str]| {
        let output = Command::new("openssl").args(args).current_dir(dir).output().expect("openssl");
        assert!(output.status.success(), "{args:?}: {}", stderr(&output));
    };
    openssl(&["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", "rsa.key"]);
    let rsa = std::fs::read_to_string(dir.join("rsa.key")).expect("a key");
    world.authority.sign_key("rsa", &["lwtop"], &KeyPair::from_pem(&rsa).expect("an RSA key"), |_| {});
    world.authority.sign("ec", &["lwtop"]);
    openssl(&["rsa", "-in", "rsa.key", "-traditional", "-out", "rsa-pkcs1.key"]);
    openssl(&["ec", "-in", "ec.key", "-out", "ec-sec1.key"]);
    openssl(&["pkcs8", "-topk8", "-in", "ec.key", "-passout", "pass:s3cret", "-out", "ec-encrypted.key"]);
    openssl(&[
        "rsa",
        "-in",
        "rsa.key",
        "-traditional",
        "-aes256",
        "-passout",
        "pass:s3cret",
        "-out",
        "rsa-encrypted.key",
    ]);
    let url = format!("mqtts://ann:s3cret@localhost:{}", world.mqtts);
    let ca = dir.join("ca.pem").display().to_string();
    for (cert, key, begins) in [
        ("rsa", "rsa", "BEGIN PRIVATE KEY"),
        ("rsa", "rsa-pkcs1", "BEGIN RSA PRIVATE KEY"),
        ("ec", "ec", "BEGIN PRIVATE KEY"),
        ("ec", "ec-sec1", "BEGIN EC PRIVATE KEY"),
        ("ec", "ec-encrypted", "BEGIN ENCRYPTED PRIVATE KEY"),
        ("rsa", "rsa-encrypted", "Proc-Type: 4,ENCRYPTED"),
    ] {
        let (cert, key) = (dir.join(format!("{cert}.pem")), dir.join(format!("{key}.key")));
        assert!(std::fs::read_to_string(&key).expect("a key").contains(begins), "{}", key.display());
        let (cert, name) = (cert.display().to_string(), key.display().to_string());
        let args = ["watch", "--broker", &url, "--ca", &ca, "--cert", &cert, "--key", &name, "--count", "1"];
        let output = output(&args);
        if begins.contains("ENCRYPTED") {
            assert_eq!(output.status.code(), Some(2), "{name}");
            let words = format!("{name} is encrypted");
            assert!(stderr(&output).contains(&words), "{}", stderr(&output));
        } else {
            assert!(output.status.success(), "{name}: {}", stderr(&output));
        }
    }
}
