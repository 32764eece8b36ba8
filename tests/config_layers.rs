//! Defaults, file, profile, environment and flags: which of them holds, as the real binary tells it; and that it tells no
//! secret.

use std::io::Read;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(30);

const FILE: &str = r#"[broker]
url = "mqtts://ann:hunter2@desk.example"
ca = "desk.pem"
headers = { X-Token = "hunter2" }
insecure = true # in the laboratory
[topics]
will = "file/will"
[devices]
count = 2
[profiles.factory.broker]
url = "mqtts://factory.example"
[profiles.factory.topics]
will = "factory/will"
[profiles.aws.topics]
executed = "mine/executed"
[profiles.ann.broker]
user = "ann?hunter2"
[[rules]]
name = "lost"
sql = "SELECT * FROM 'file/will'"
[[rules.actions]]
type = "webhook"
url = "https://ann:hunter2@example.com/hunter2?hunter2"
headers = { Authorization = "hunter2" }
body = "hunter2"
"#;

/// A configuration file of the test's own.
struct File(PathBuf);

impl File {
    fn new(name: &str, text: &str) -> Self {
        let path = std::env::temp_dir().join(format!("lwtop-layers-{}-{name}", std::process::id()));
        std::fs::write(&path, text).unwrap();
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn lwtop(args: &[&str], env: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lwtop"));
    command.args(args).stdin(Stdio::null());
    // No configuration of whoever runs the tests.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("LWTOP_") {
            command.env_remove(name);
        }
    }
    command.env("XDG_CONFIG_HOME", std::env::temp_dir().join("lwtop-tests-have-no-configuration"));
    command.envs(env.iter().copied());
    command
}

fn run(args: &[&str], env: &[(&str, &str)]) -> (i32, String, String) {
    let Output { status, stdout, stderr } = lwtop(args, env).output().expect("the program starts");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (status.code().expect("an exit code"), text(stdout), text(stderr))
}

/// The line that tells of `key`, without the room in between: `broker.url = "…" # default`.
fn told(shown: &str, key: &str) -> String {
    let line = shown.lines().find(|line| line.starts_with(&format!("{key} = "))).unwrap_or_default();
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_later_layer_wins_and_says_so() {
    let file = File::new("order", FILE);
    let at = |line: usize| format!("{}:{line}", file.path());
    let url = |host: &str, from: &str| format!("broker.url = \"mqtts://{host}:8883\" # {from}");
    let factory = ("LWTOP_PROFILE", "factory");
    for (args, env, key, expected) in [
        (vec![], vec![], "broker.keep_alive", "broker.keep_alive = 10 # default".to_owned()),
        (vec![], vec![], "broker.url", url("ann@desk.example", &at(2))),
        (
            vec!["--profile", "factory"],
            vec![],
            "broker.url",
            url("factory.example", &format!("profile factory, {}", at(11))),
        ),
        (vec![], vec![factory], "broker.url", url("factory.example", &format!("profile factory, {}", at(11)))),
        (vec!["--profile", "aws"], vec![factory], "broker.url", url("ann@desk.example", &at(2))),
        (vec![], vec![factory, ("LWTOP_BROKER", "mqtts://env")], "broker.url", url("env", "environment LWTOP_BROKER")),
        (
            vec!["--broker", "mqtts://flag"],
            vec![factory, ("LWTOP_BROKER", "mqtts://env")],
            "broker.url",
            url("flag", "flag --broker"),
        ),
        (
            vec!["--upstream", "mqtts://flag"],
            vec![],
            "broker.gateway",
            "broker.gateway = true # flag --upstream".to_owned(),
        ),
        (vec!["--upstream", "mqtts://flag"], vec![factory], "broker.url", url("flag", "flag --upstream")),
        (
            vec!["--broker", "mqtts://flag"],
            vec![("LWTOP_GATEWAY", "true")],
            "broker.gateway",
            "broker.gateway = false # flag --broker".to_owned(),
        ),
        (vec![], vec![("LWTOP_BROKER", "")], "broker.url", url("ann@desk.example", &at(2))),
        // What a profile does not say stays.
        (vec!["--profile", "factory"], vec![], "broker.ca", format!("broker.ca = \"desk.pem\" # {}", at(3))),
        // What lwtop is at one broker is not told to another.
        (vec![], vec![], "broker.headers.X-Token", format!("broker.headers.X-Token = \"…\" # {}", at(4))),
        (vec!["--broker", "mqtts://flag"], vec![], "broker.headers.X-Token", String::new()),
        (vec![], vec![], "broker.insecure", format!("broker.insecure = true # {}", at(5))),
        (vec!["--broker", "mqtts://flag"], vec![], "broker.insecure", "broker.insecure = false # default".to_owned()),
        (vec!["--profile", "factory"], vec![], "broker.insecure", "broker.insecure = false # default".to_owned()),
        (
            vec!["--proxy", "http://ann:s3cret@h:3128"],
            vec![("LWTOP_PROXY", "http://env")],
            "broker.proxy",
            "broker.proxy = \"http://h:3128\" # flag --proxy".to_owned(),
        ),
        (vec!["--profile", "aws"], vec![], "broker.lifecycle", "broker.lifecycle = true # profile aws".to_owned()),
        (
            vec!["--profile", "aws"],
            vec![],
            "topics.will",
            "topics.will = \"/last/will/topic\" # profile aws".to_owned(),
        ),
        (
            vec!["--profile", "aws"],
            vec![],
            "topics.executed",
            format!("topics.executed = \"mine/executed\" # profile aws, {}", at(15)),
        ),
        (
            vec!["--profile", "aws", "--will-topic", "flag/will"],
            vec![("LWTOP_WILL_TOPIC", "env/will")],
            "topics.will",
            "topics.will = \"flag/will\" # flag --will-topic".to_owned(),
        ),
        (
            vec![],
            vec![("LWTOP_DEVICES", "7")],
            "devices.count",
            "devices.count = 7 # environment LWTOP_DEVICES".to_owned(),
        ),
        (
            vec![],
            vec![("LWTOP_CLEAN", "0"), ("LWTOP_CLIENT_ID", "x")],
            "broker.clean",
            "broker.clean = false # environment LWTOP_CLEAN".to_owned(),
        ),
        (
            vec![],
            vec![("LWTOP_ALPN", "mqtt, x-amzn-mqtt-ca")],
            "broker.alpn",
            "broker.alpn = [\"mqtt\", \"x-amzn-mqtt-ca\"] # environment LWTOP_ALPN".to_owned(),
        ),
        (vec!["--insecure"], vec![], "broker.insecure", "broker.insecure = true # flag --insecure".to_owned()),
        (vec![], vec![], "rules[0].actions", format!("rules[0].actions = [\"webhook\"] # {}", at(18))),
    ] {
        // By flag or by variable, the file is the same.
        let (mut all, mut variables) = (vec!["config", "show"], env.clone());
        if args.is_empty() {
            variables.push(("LWTOP_CONFIG", file.path()));
        } else {
            all.extend(["--config", file.path()]);
        }
        all.extend(&args);
        let (code, shown, said) = run(&all, &variables);
        assert_eq!((code, said.as_str()), (0, ""), "{args:?} {env:?}");
        assert_eq!(told(&shown, key), expected, "{args:?} {env:?}\n{shown}");
    }
}

#[test]
fn every_fault_of_every_layer_is_told_at_once() {
    let file = File::new("faults", "[broker]\nlisten = 7\n[profiles.unused.topics]\nwill = 'a/#/b'\n");
    let env = [("LWTOP_DEVICES", "many"), ("LWTOP_INSECURE", "maybe"), ("LWTOP_PROFILE", "unusd")];
    let (code, shown, said) =
        run(&["config", "show", "--config", file.path(), "--will-topic", "a/#/b", "--cert", "x"], &env);
    assert_eq!((code, shown.as_str()), (2, ""), "{said}");
    let lines: Vec<_> = said.lines().collect();
    let expected = [
        format!("error: {}, line 2, column 10: broker.listen: invalid type", file.path()),
        format!("error: {}, line 4, column 8: profiles.unused.topics.will: ", file.path()),
        "error: LWTOP_PROFILE: there is no profile \"unusd\"; did you mean unused? There are: aws, unused".to_owned(),
        "error: LWTOP_INSECURE: invalid type: string \"maybe\", expected true or false".to_owned(),
        "error: LWTOP_DEVICES: invalid type: string \"many\", expected a whole number".to_owned(),
        "error: --will-topic: ".to_owned(),
        "error: --cert: a certificate is no use without its private key".to_owned(),
    ];
    assert_eq!(lines.len(), expected.len(), "{said}");
    for (line, expected) in lines.iter().zip(&expected) {
        assert!(line.starts_with(expected), "{line}\n  does not begin with: {expected}");
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn wrong_options_are_one_sentence() {
    for (args, env, code, wanted) in [
        (vec!["watch", "--profile", "x"], vec![], 2, "--profile: there is no profile \"x\". There are: aws"),
        (
            vec!["watch", "--broker", "mqtt://127.0.0.1:1", "--ca", "a.pem"],
            vec![],
            2,
            "--ca: it is of no use without TLS",
        ),
        (vec!["watch", "--broker", "ws://127.0.0.1:1"], vec![("LWTOP_SERVER_NAME", "a")], 1, "cannot reach a broker"),
        (
            vec!["watch", "--upstream", "mqtt://a", "--broker", "mqtt://b"],
            vec![],
            2,
            "the argument '--upstream <URL>' cannot be used with '--broker <URL>'",
        ),
        (
            vec!["watch", "--upstream", "mqtts://127.0.0.1:1"],
            vec![],
            2,
            "--upstream: the gateway speaks MQTT over TCP to the broker behind it, and mqtts://127.0.0.1:1 is something else",
        ),
        (
            vec!["watch", "--upstream", "mqtt://localhost:1883"],
            vec![],
            2,
            "--upstream: 127.0.0.1:1883 is where the gateway would listen itself: give it another address with --listen",
        ),
        (
            vec!["watch", "--upstream", "mqtt://127.0.0.1:1", "--users", "a"],
            vec![],
            2,
            "--users: who may come in is said by the broker behind the gateway",
        ),
        (
            vec!["watch", "--upstream", "mqtt://127.0.0.1:1"],
            vec![("LWTOP_PROXY", "http://127.0.0.1:2")],
            2,
            "LWTOP_PROXY: the gateway goes to the broker behind it without a proxy",
        ),
        (vec!["watch", "--broker", "mqtts://127.0.0.1:1", "--key", "a"], vec![], 2, "--key: a private key is no use"),
        (vec!["watch", "--broker", "mqtts://127.0.0.1:1", "--ca", "no/ca.pem"], vec![], 2, "no/ca.pem cannot be read"),
        (
            vec!["watch", "--broker", "mqtts://127.0.0.1:1", "--insecure"],
            vec![],
            1,
            "warning: the certificate of 127.0.0.1:1 is not verified (flag --insecure)",
        ),
        (
            vec!["device", "--broker", "wss://127.0.0.1:1"],
            vec![],
            1,
            "cannot reach a broker at 127.0.0.1:1: connection refused. Start the broker, or name another one with --broker wss://",
        ),
        (
            vec!["device", "--broker", "mqtt://127.0.0.1:1", "--topic", "$SYS/x"],
            vec![],
            1,
            "warning: --topic: topics that begin with $ are the broker's own: it may take nothing on $SYS/x from a device.",
        ),
        (
            vec!["watch", "--upstream", "mqtt://127.0.0.1:1", "--listen", "127.0.0.1:0"],
            vec![],
            1,
            "Start the broker, or name another one with --upstream mqtt://",
        ),
        (
            vec!["watch", "--broker", "mqtt://127.0.0.1:1"],
            vec![("LWTOP_PASSWORD", "hunter2")],
            2,
            "LWTOP_PASSWORD: MQTT has no password without a user name",
        ),
        (
            vec!["watch", "--broker", "mqtt://127.0.0.1:1", "--user", "a"],
            vec![("LWTOP_PASSWORD_FILE", "no/such")],
            2,
            "LWTOP_PASSWORD_FILE: the password cannot be read from no/such",
        ),
        (
            vec!["watch", "--broker", "mqtt://127.0.0.1:1", "--user", "a"],
            vec![("LWTOP_PASSWORD_ENV", "LWTOP_TEST_UNSET")],
            2,
            "LWTOP_TEST_UNSET, which is not set",
        ),
        (
            vec!["config", "show"],
            vec![("LWTOP_BROKR", "hunter2")],
            0,
            "warning: LWTOP_BROKR is no variable that lwtop knows; did you mean LWTOP_BROKER?",
        ),
        (vec!["config", "show"], vec![("LWTOP_CONFIG", "no/such.toml")], 2, "no/such.toml cannot be read"),
        (
            vec!["device", "-e", "x-ats.iot.eu-central-1.amazonaws.com", "-w", "--will-qos", "2"],
            vec![],
            2,
            "--will-qos: AWS IoT Core has no QoS 2",
        ),
        (
            vec!["device", "-e", "localhost:8883"],
            vec![],
            2,
            "--endpoint: \"localhost:8883\" is no name of a host: the port is said with -p",
        ),
        (vec!["device", "-e", "[::1]:8883"], vec![], 2, "the port is said with -p"),
        (vec!["device", "-e", "::1"], vec![], 2, "missing credentials"),
        (
            vec!["broker", "--require-client-cert"],
            vec![],
            2,
            "--require-client-cert: it is of no use without a door for TLS",
        ),
        (
            vec!["watch", "--certs", "a", "--ws-listen", "127.0.0.1:0"],
            vec![],
            2,
            "--certs: it is of no use without a door",
        ),
        (
            vec!["watch", "--broker", "mqtt://127.0.0.1:1", "--users", "a"],
            vec![],
            2,
            "--users: it is for lwtop's own doors",
        ),
        (
            vec![
                "broker",
                "--require-client-cert",
                "--listen",
                "0.0.0.0:0",
                "--tls-listen",
                "127.0.0.1:0",
                "--certs",
                "no",
            ],
            vec![],
            2,
            "warning: certificates are required over TLS alone: at 0.0.0.0:0 everybody in the network gets in",
        ),
        (
            vec!["swarm", "--count", "100000000"],
            vec![],
            2,
            "invalid value '100000000' for '--count <N>': a whole number from 1 to 1000000 is expected",
        ),
        (vec!["aws", "template", "--thing", "a b/c"], vec![], 2, "\"a b/c\" cannot be the name of a thing"),
        (vec!["aws", "template", "--executed-topic", "a/+"], vec![], 2, "--executed-topic"),
        (vec!["aws", "policy", "--will-topic", "a'b"], vec![], 2, "cannot stand in a template"),
    ] {
        let (ended, _, said) = run(&args, &env);
        assert_eq!(ended, code, "{args:?}: {said}");
        assert!(said.contains(wanted), "{args:?} should say {wanted:?}, and says: {said}");
        assert!(!said.contains("hunter2") && !said.contains("panicked"), "{said}");
    }
}

#[test]
fn no_output_has_a_secret_in_it() {
    let file = File::new("secrets", FILE);
    let password = File::new("password", "hunter2\n");
    let env = [("LWTOP_PASSWORD", "hunter2"), ("LWTOP_PASSWORD_FILE", password.path()), ("LWTOP_CONFIG", file.path())];
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("wss://ann:hunter2@{free}/mqtt?token=hunter2");
    let mut shown = String::new();
    for args in [
        &["config", "show"][..],
        &["config", "show", "--profile", "ann"],
        &["config", "show", "--broker", &url],
        &["config", "show", "--profile", "hunter"],
        &["config", "show", "--broker", "mqtt://ann:hunter2@h:99999"],
        &["config", "path"],
        &["rule", "check"],
        &["aws", "template"],
        &["aws", "policy"],
        &["watch", "--broker", &url, "--insecure"],
    ] {
        let (_, out, err) = run(args, &env);
        assert!(!out.is_empty() || !err.is_empty(), "{args:?}");
        assert!(!out.contains("hunter2") && !err.contains("hunter2"), "{args:?}\n{out}\n{err}");
        shown.push_str(&out);
    }
    for wanted in ["# broker.password = \"…\"", "mqtts://ann@desk.example:8883", "broker.user = \"ann\""] {
        assert!(shown.contains(wanted), "{wanted} is not in {shown}");
    }
}

#[test]
fn what_is_said_reaches_the_broker() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    let (url, ann, other) = (format!("mqtt://{at}"), format!("mqtt://ann@{at}"), format!("mqtt://bob:hunter3@{at}"));
    let password = File::new("reach-password", "hunter2\n");
    let file = |name: &str, user: &str| {
        let text = format!("[broker]\nurl = \"{url}\"\npassword_file = {:?}\n{user}", password.path());
        File::new(name, &text)
    };
    let (nobody, bob) = (file("reach-nobody", ""), file("reach-bob", "user = 'bob'\n"));
    let env = ("LWTOP_PASSWORD", "hunter2");
    // A user name in a URL without a password takes the password from outside; nobody's password is another's.
    for (said, env, flags, login) in [
        (&["--broker", &url, "--user", "ann"][..], env, 0xC2, "\0\u{3}ann\0\u{7}hunter2"),
        (&["--broker", &ann], env, 0xC2, "\0\u{3}ann\0\u{7}hunter2"),
        (&["--broker", &ann, "--user", "ann"], env, 0xC2, "\0\u{3}ann\0\u{7}hunter2"),
        (&["--broker", &other, "--user", "ann"], env, 0xC2, "\0\u{3}ann\0\u{7}hunter2"),
        (&["--broker", &other], env, 0xC2, "\0\u{3}bob\0\u{7}hunter3"),
        (&["--broker", &ann, "--config", nobody.path()], ("LWTOP_TEST", ""), 0xC2, "\0\u{3}ann\0\u{7}hunter2"),
        (&["--broker", &ann, "--config", bob.path()], ("LWTOP_TEST", ""), 0x82, "\0\u{3}ann"),
    ] {
        let args: Vec<&str> =
            ["watch", "--client-id", "desk", "--protocol", "3.1.1"].into_iter().chain(said.iter().copied()).collect();
        reaches(&listener, &args, env, flags, login);
    }
}

/// What the first connection says with these arguments.
fn reaches(listener: &TcpListener, args: &[&str], env: (&str, &str), flags: u8, login: &str) {
    let mut child =
        lwtop(args, &[env, ("LWTOP_KEEP_ALIVE", "77")]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    listener.set_nonblocking(true).unwrap();
    let until = Instant::now() + PATIENCE;
    let mut stream = loop {
        match listener.accept() {
            Ok((stream, _)) => break stream,
            Err(_) if Instant::now() < until => std::thread::yield_now(),
            Err(error) => panic!("nobody came: {error}"),
        }
    };
    stream.set_nonblocking(false).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut head = [0; 2];
    stream.read_exact(&mut head).unwrap();
    let mut packet = vec![0; usize::from(head[1])];
    stream.read_exact(&mut packet).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    // What it opened beside that is none of the next one's.
    while listener.accept().is_ok() {}
    // "MQTT", level 4, user name, password and clean session, keep alive (3.1.1 section 3.1.2).
    assert_eq!((head[0], &packet[..7]), (0x10, &b"\x00\x04MQTT\x04"[..]), "{packet:?}");
    assert_eq!(packet[7..10], [flags, 0, 77], "{args:?}");
    let text = String::from_utf8_lossy(&packet[10..]).into_owned();
    assert!(text.contains("desk-") && text.ends_with(login), "{args:?}: {text:?}");
}

#[test]
fn a_program_of_a_rule_gets_no_password_of_the_broker() {
    let out = File::new("environment", "");
    let file = File::new(
        "command",
        &format!(
            "[broker]\npassword_env = 'LWTOP_TEST_SECRET'\n[profiles.other.broker]\npassword_env = 'LWTOP_TEST_OTHER'\n\
             [[rules]]\nname = 'told'\nsql = \"SELECT * FROM '/lwt/connected/topic'\"\n[[rules.actions]]\n\
             type = 'command'\nargv = ['sh', '-c', 'env > \"$0.part\" && mv \"$0.part\" \"$0\"', '{}']\n",
            out.path()
        ),
    );
    let secrets = ["LWTOP_TEST_SECRET", "LWTOP_TEST_OTHER", "LWTOP_PASSWORD", "LWTOP_USER"];
    let mut environment: Vec<_> = secrets.iter().map(|name| (*name, "hunter2")).collect();
    environment.extend([
        ("LWTOP_BROKER", "mqtt://ann:hunter2@127.0.0.1:1"),
        ("LWTOP_PROXY", "http://ann:hunter2@127.0.0.1:1"),
        ("LWTOP_CLIENT_ID", "seen"),
    ]);
    let args = ["watch", "--config", file.path(), "--listen", "127.0.0.1:0", "--devices", "1"];
    let mut child = lwtop(&args, &environment).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let until = Instant::now() + PATIENCE;
    let told = loop {
        match std::fs::read_to_string(&out.0) {
            Ok(text) if !text.is_empty() => break text,
            _ if Instant::now() > until => break String::new(),
            _ => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(told.contains("LWTOP_CLIENT_ID=seen\n") && told.contains("LWTOP_RULE=told\n"), "{told}");
    assert!(!told.contains("hunter2"), "{told}");
}

#[test]
fn the_path_is_told_with_whether_it_is_there() {
    let file = File::new("path", "");
    let (code, out, err) = run(&["config", "path", "--config", file.path()], &[]);
    assert_eq!((code, out.trim_end(), err.trim_end()), (0, file.path(), "It is there."));
    let (code, out, err) = run(&["config", "path"], &[]);
    assert!(out.trim_end().ends_with("config.toml"), "{out}");
    assert_eq!((code, err.trim_end()), (1, "It is not there: the defaults hold."));
}

#[test]
fn the_texts_for_aws_have_the_topics_in_force() {
    let env = [("LWTOP_WILL_TOPIC", "devices/+/will")];
    let (code, template, _) = run(&["aws", "template", "--mail", "ops@example.com", "--thing", "press-7"], &env);
    assert_eq!(code, 0);
    for wanted in ["FROM 'devices/+/will'", "Default: \"ops@example.com\"", "Default: \"press-7\""] {
        assert!(template.contains(wanted), "{wanted} is not in {template}");
    }
    let (code, policy, _) = run(&["aws", "policy", "--executed-topic", "done"], &[("LWTOP_CLIENT_ID", "desk")]);
    assert_eq!(code, 0);
    let policy: serde_json::Value = serde_json::from_str(&policy).expect("JSON");
    let text = policy.to_string();
    assert!(text.contains("client/desk-*") && text.contains("topic/done") && text.contains("presence"), "{text}");
    let rule = "[[rules]]\nname = 'own'\nsql = \"SELECT * FROM 'plant/+/state'\"\nrepublish = 'last/${topic(2)}'\n";
    let file = File::new("policy", rule);
    let (code, policy, _) = run(&["aws", "policy", "--config", file.path()], &[]);
    assert_eq!(code, 0);
    assert!(policy.contains(":topicfilter/plant/+/state\"") && policy.contains(":topic/last/*\""), "{policy}");
}
