//! `lwtop certs`, `lwtop device` with the flags of the article's script, and the script's SDK itself, over mTLS.

use super::mosquitto::Mosquitto;
use super::{Stream, output, stderr};
use std::path::{Path, PathBuf};
use std::process::Output;

/// What `lwtop certs` makes, in a directory that goes when it is dropped.
struct Certs(PathBuf);

impl Certs {
    fn make(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("lwtop-certs-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        let certs = Self(dir);
        let made = certs.run(&["--device", "lwtThing", "--device", "press 7"]);
        assert!(made.status.success(), "{}", stderr(&made));
        certs
    }

    fn run(&self, args: &[&str]) -> Output {
        output(&[&["certs", "--out", self.0.to_str().unwrap()], args].concat())
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    /// A Mosquitto that wants a certificate of this authority, and the port where.
    fn mosquitto(&self) -> Option<(Mosquitto, String)> {
        // It must be able to read the key.
        let user = std::env::var("USER").unwrap_or_else(|_| "root".to_owned());
        let [ca, cert, key] = ["ca.pem", "server.pem", "server.key"].map(|name| self.path(name));
        let (broker, [port]) = Mosquitto::start_on(|[port]| {
            format!(
                "user {user}\nlistener {port} 127.0.0.1\ncafile {ca}\ncertfile {cert}\nkeyfile {key}\n\
                 require_certificate true\n"
            )
        })?;
        Some((broker, port.to_string()))
    }

    /// The article's flags, up to the client id.
    fn script(&self, port: &str) -> Vec<String> {
        let [ca, cert, key] = ["ca.pem", "lwtThing.pem", "lwtThing.key"].map(|name| self.path(name));
        ["-e", "localhost", "-p", port, "-r", &ca, "-c", &cert, "-k", &key].map(str::to_owned).into()
    }
}

impl Drop for Certs {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn device(script: &[String], more: &[&str]) -> (String, Option<i32>, String) {
    let args: Vec<&str> =
        ["device"].into_iter().chain(script.iter().map(String::as_str)).chain(more.iter().copied()).collect();
    let output = output(&args);
    (String::from_utf8(output.stdout.clone()).unwrap(), output.status.code(), stderr(&output))
}

#[test]
fn the_scripts_flags_make_the_scripts_device_on_mosquitto_over_mtls() {
    let certs = Certs::make("script");
    let Some((_broker, port)) = certs.mosquitto() else { return };
    let script = certs.script(&port);
    let (said, code, _) = device(
        &script,
        &["-id", "lwtThing", "-t", "/lwt/connected/topic", "-m", "publish", "-M", "hi \"you\"", "--sleep", "1ms"],
    );
    let expected = format!(
        "lwtThing connected to mqtts://localhost:{port}, keep alive 30 s\n\
         Published topic /lwt/connected/topic: {{\"message\": \"hi \\\"you\\\"\"}}\nsleeping for 0.001 s\n\
         dying: cut, FIN, the socket closes without DISCONNECT; the broker is to publish its will\n"
    );
    assert_eq!((said, code), (expected, Some(0)));

    // Without them, the script's defaults: both, on its topic, under its name.
    let (said, code, _) = device(&script, &["--sleep", "1s", "--fault", "leave", "--no-will"]);
    for line in [
        "basicPubSub connected",
        "\nsubscribed to sdk/test/Python\n",
        "\nPublished topic sdk/test/Python: {\"message\": ",
        "\nReceived a new message from topic sdk/test/Python: {\"message\": ",
        "it has no will\n",
    ] {
        assert!(said.contains(line), "{line:?} in {said}");
    }
    assert_eq!(code, Some(0));

    let many = ["--count", "3", "-m", "publish", "--sleep", "1ms", "--fault", "leave"];
    let (said, code, _) = device(&script, &many);
    assert_eq!((said.matches("connected to mqtts").count(), code), (3, Some(0)), "{said}");
    assert!(said.contains("basicPubSub: dying") && said.contains("basicPubSub-3: Published"), "{said}");

    // Nobody's certificate is not enough, and each of them says so.
    let url = format!("mqtts://localhost:{port}");
    let (said, code, errors) = device(&[], &["--broker", &url, "--ca", &certs.path("ca.pem"), "--count", "2"]);
    assert_eq!((said.as_str(), code, errors.matches("client certificate").count()), ("", Some(1), 2), "{errors}");
}

#[test]
fn the_scripts_mistakes_and_others_are_sentences() {
    for (line, wanted) in [
        ("-e localhost -w -c a.pem -k a.key", "X.509 certificate and WebSocket are mutually exclusive"),
        ("-e localhost", "missing credentials: name the client certificate with -c"),
        ("-e localhost -c a.pem", "--cert: a certificate is no use without its private key"),
        ("-e mqtts://localhost -c a.pem -k a.key", "--endpoint: \"mqtts://localhost\" is no name of a host"),
        ("-e localhost --broker mqtt://localhost", "cannot be used with"),
        ("-p 1883", "--endpoint"),
        ("-r ca.pem", "--ca: it is of no use without TLS"),
        ("-t a/+", "--topic: \"a/+\" is no topic name"),
        ("-m subscribe -t a/#/b", "--topic: \"a/#/b\""),
        ("--will-delay 3s", "--will-delay: only MQTT 5 has it"),
        ("--will-qos 3", "--will-qos: "),
        ("--count 0", "--count"),
    ] {
        let args: Vec<&str> = line.split(' ').collect();
        let (said, code, error) = device(&[], &args);
        assert_eq!((said.as_str(), code), ("", Some(2)), "{line}: {error}");
        assert!(error.contains(wanted), "{line} should say {wanted:?}, and says: {error}");
    }
}

#[test]
fn certificates_are_made_once_and_keys_are_nobody_elses() {
    let certs = Certs::make("once");
    let files = |dir: &Path| {
        let names = std::fs::read_dir(dir).unwrap().map(Result::unwrap);
        let mut files: Vec<_> = names
            .map(|entry| (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap()))
            .collect();
        files.sort();
        files
    };
    let made = files(&certs.0);
    let names: Vec<&str> = made.iter().map(|(name, _)| name.as_str()).collect();
    let expected = ["ca", "lwtThing", "press 7", "server"].map(|name| [format!("{name}.key"), format!("{name}.pem")]);
    assert_eq!(names, expected.concat());
    #[cfg(unix)]
    for (name, _) in made.iter().filter(|(name, _)| Path::new(name).extension().is_some_and(|end| end == "key")) {
        use std::os::unix::fs::PermissionsExt as _;
        let bits = std::fs::metadata(certs.path(name)).unwrap().permissions().mode();
        assert_eq!(bits & 0o777, 0o600, "{name}");
    }
    for (args, wanted) in [
        (&[][..], "lwtThing.pem is there already, and nothing is written over"),
        (&["--device", "new", "--device", "press 7"], "press 7.pem is there already"),
        (&["--device", "new", "--host", "broker.example"], "server.pem is there already"),
        (&["--device", "../new"], "\"../new\" is no name for a device's files"),
        (&["--device", ".."], "is no name"),
        (&["--device", ""], "it is empty"),
        (&["--device", "a\u{1b}[2J"], "is no name"),
        (&["--device", "Server"], "another file is called so"),
        (&["--device", "new", "--host", "a b"], "--host: \"a b\" is neither"),
    ] {
        let output = certs.run(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(stderr(&output).contains(wanted), "{args:?}: {}", stderr(&output));
        assert_eq!(files(&certs.0), made, "{args:?} changed something");
    }
    // One device more, of the same authority, which is left as it is.
    assert!(certs.run(&["--device", "new"]).status.success());
    let more = files(&certs.0);
    assert_eq!(more.len(), made.len() + 2);
    assert!(made.iter().all(|file| more.contains(file)));
    if let Ok(verified) = std::process::Command::new("openssl")
        .args(["verify", "-CAfile", &certs.path("ca.pem"), &certs.path("new.pem"), &certs.path("server.pem")])
        .output()
    {
        assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
    }
    std::fs::remove_file(certs.path("ca.key")).unwrap();
    let output = certs.run(&["--device", "late"]);
    assert_eq!((output.status.code(), stderr(&output).contains("ca.key is not")), (Some(2), true));
}

/// The article's story as lwtop tells it of a client on Amazon's SDK; the first two hops only where lwtop sees the wire.
fn the_sdk_dies(certs: &Certs, stream: &mut Stream, port: &str, python: &str) {
    let client = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sdk/lwt_client.py");
    let mut command = std::process::Command::new(python);
    command.arg(client).args(certs.script(port)).args(["-id", "lwtThing", "-t", "/lwt/connected/topic", "-s", "0.2"]);
    let output = command.output().expect("Python starts");
    assert!(output.status.success(), "{}", stderr(&output));
    let hello = stream.wait("its first message", |line| line["event"] == "message" && line["role"] == "connected");
    assert_eq!((&hello["topic"], &hello["qos"]), (&"/lwt/connected/topic".into(), &1.into()));
    let will = stream.wait("its will", |line| line["event"] == "message" && line["role"] == "will");
    assert_eq!((&will["device"], &will["topic"]), (&"lwtThing".into(), &"/last/will/topic".into()));
    stream.wait("the rule", |line| line["event"] == "rule" && line["matched"] == true);
    stream.event("executed", "lwtThing");
    let incident = stream.wait("its incident", |line| {
        line["event"] == "incident" && line["device"] == "lwtThing" && line["phase"] == "complete"
    });
    assert!(["will", "rule", "executed"].iter().all(|hop| incident["hops"][hop].is_number()), "{incident}");
}

#[test]
fn the_articles_sdk_is_watched_on_mosquitto_over_mtls() {
    let Some(python) = super::sdk::python() else { return };
    let certs = Certs::make("sdk-mosquitto");
    let Some((_broker, port)) = certs.mosquitto() else { return };
    let url = format!("mqtts://localhost:{port}");
    let [ca, cert, key] = ["ca.pem", "press 7.pem", "press 7.key"].map(|name| certs.path(name));
    let mut stream =
        Stream::start(&["watch", "--broker", &url, "--ca", &ca, "--cert", &cert, "--key", &key, "--rules"]);
    stream.wait("the link", |line| line["event"] == "link" && line["state"] == "up");
    the_sdk_dies(&certs, &mut stream, &port, python);
}

/// lwtop's own broker with a door for mTLS, and the port of that.
fn broker(certs: &Certs) -> (Stream, String) {
    let dir = certs.0.to_str().unwrap();
    let listen = ["broker", "--listen", "127.0.0.1:0", "--tls-listen", "127.0.0.1:0", "--certs", dir];
    let mut stream = Stream::start(&[&listen[..], &["--require-client-cert"]].concat());
    let secure = |line: &serde_json::Value| line["url"].as_str().is_some_and(|url| url.starts_with("mqtts://"));
    let door = stream.wait("its door for TLS", secure);
    let port = door["url"].as_str().unwrap().rsplit(':').next().unwrap().to_owned();
    stream.wait("the link", |line| line["event"] == "link" && line["state"] == "up");
    (stream, port)
}

#[test]
fn the_articles_sdk_shows_on_lwtops_own_broker_from_connect_to_executed() {
    let Some(python) = super::sdk::python() else { return };
    let certs = Certs::make("sdk-broker");
    let (mut stream, port) = broker(&certs);
    the_sdk_dies(&certs, &mut stream, &port, python);
    let online = stream.event("online", "lwtThing");
    assert_eq!((&online["evidence"], &online["identity"]), (&"wire".into(), &"lwtThing".into()));
    let offline = stream.event("offline", "lwtThing");
    let cause = (&offline["cause"], &offline["evidence"], &offline["will_sent"]);
    assert_eq!(cause, (&"connection_lost".into(), &"wire".into(), &true.into()));
}

#[test]
fn the_twin_shows_on_lwtops_own_broker_as_the_script_does() {
    let certs = Certs::make("twin");
    let (mut stream, port) = broker(&certs);
    let script = certs.script(&port);
    let flags = ["-id", "lwtThing", "-t", "/lwt/connected/topic", "-m", "publish", "--sleep", "200ms"];
    assert_eq!(device(&script, &flags).1, Some(0));
    let hops = |line: &serde_json::Value| line["event"] == "incident" && line["phase"] == "complete";
    let incident = stream.wait("its incident", hops);
    assert_eq!((&incident["device"], &incident["cause"]), (&"lwtThing".into(), &"connection_lost".into()));
    for hop in ["cut", "detected", "will", "rule", "executed"] {
        assert!(incident["hops"][hop].is_number(), "{hop}: {incident}");
    }
    // A farewell is none: on a connection of TLS as well.
    assert_eq!(device(&script, &["-id", "polite", "--sleep", "1ms", "-m", "publish", "--fault", "leave"]).1, Some(0));
    let offline = stream.event("offline", "polite");
    assert_eq!((&offline["cause"], &offline["will_sent"]), (&"client_initiated_disconnect".into(), &false.into()));
}
