//! The configuration file: the example documents every key with its default, good files are read, and every bad one
//! gives one error that names the file, the place, the key and what is allowed.

use lwtop::config::{
    BrokerSection, Config, ConnectedSection, DevicesSection, InterfaceSection, KeysSection, Sources, TelemetrySection,
    TopicsSection, WillSection,
};
use lwtop::fleet::{Column, Sort};
use lwtop::rules::Kind;
use lwtop::tui::keymap::{BINDINGS, Keymap};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The TOML files of a folder; a folder without any would make a test that cannot fail.
fn files(folder: &str) -> Vec<(PathBuf, String)> {
    let folder = root().join("tests/configs").join(folder);
    let mut found: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .map(|path| (path.clone(), std::fs::read_to_string(path).unwrap()))
        .collect();
    assert!(found.len() >= 3, "there are hardly any files in {}", folder.display());
    found.sort();
    found
}

fn example() -> String {
    std::fs::read_to_string(root().join("config.example.toml")).unwrap()
}

/// Keys that have no default: they stand in comments.
const WITHOUT_DEFAULT: [&str; 20] = [
    "url",
    "tls_listen",
    "ws_listen",
    "wss_listen",
    "certs",
    "server_cert",
    "server_key",
    "client_ca",
    "users_file",
    "topic",
    "proxy",
    "ca",
    "cert",
    "key",
    "server_name",
    "user",
    "password_env",
    "client_id",
    "headers",
    "sort",
];

/// The example with the keys that have no default switched on, and its rules; the profile stays in its comment.
fn example_in_full() -> String {
    let (mut in_rules, mut in_profile) = (false, false);
    let mut lines = Vec::new();
    for line in example().lines() {
        in_rules |= line == "# [[rules]]";
        in_profile = line.starts_with("# [profiles.") || (in_profile && !line.is_empty());
        let is_key = |rest: &&str| rest.split_once(" = ").is_some_and(|(key, _)| WITHOUT_DEFAULT.contains(&key));
        let key = line.strip_prefix("# ").filter(is_key);
        // A sentence between the rules begins with a capital letter, TOML does not.
        let rest = line.strip_prefix("# ").filter(|rest| !rest.starts_with("Every") && !rest.starts_with("comes to"));
        lines.push(match (in_rules, key) {
            (true, _) => rest.unwrap_or_default().to_owned(),
            (false, Some(key)) if !in_profile => key.to_owned(),
            _ => line.to_owned(),
        });
    }
    lines.join("\n")
}

/// The defaults, and a value for every key that has none. Written out, so that a new key does not compile without an
/// entry here. The keys of rules are held to the example beside the code that reads them.
fn every_key() -> Config {
    let Config { broker, topics, devices, interface, keys: _, rules: _ } = Config::default();
    let InterfaceSection { theme, ascii, read_only, mouse, bell, title, columns, sort: _ } = interface;
    let BrokerSection {
        gateway,
        listen,
        require_client_cert,
        lifecycle,
        alpn,
        insecure,
        protocol,
        keep_alive,
        clean,
        ..
    } = broker;
    let TopicsSection { will, connected, executed } = topics.clone();
    let DevicesSection { will: device_will, connected: device_connected, .. } = devices.clone();
    let ConnectedSection { topic: _, payload, qos, retain } = device_connected;
    Config {
        broker: BrokerSection {
            gateway,
            url: Some("mqtts://localhost:8883".to_owned()),
            listen,
            tls_listen: Some(([127, 0, 0, 1], 8883).into()),
            ws_listen: Some(([127, 0, 0, 1], 9001).into()),
            wss_listen: Some(([127, 0, 0, 1], 9002).into()),
            certs: Some("certs".into()),
            server_cert: Some("server.pem".into()),
            server_key: Some("server.key".into()),
            client_ca: Some("ca.pem".into()),
            require_client_cert,
            users_file: Some("users".into()),
            lifecycle,
            proxy: Some("http://proxy.example:3128".to_owned()),
            ca: Some("ca.pem".into()),
            cert: Some("lwtop.pem".into()),
            key: Some("lwtop.key".into()),
            server_name: Some("broker.example".to_owned()),
            alpn,
            insecure,
            user: Some("lwtop".to_owned()),
            password_env: Some("FACTORY_PASSWORD".to_owned()),
            // Excludes the one above; the example has it in a sentence.
            password_file: None,
            protocol,
            keep_alive,
            clean,
            client_id: Some("lwtop-desk".to_owned()),
            headers: vec![("X-Source".to_owned(), "lwtop".to_owned())],
        },
        topics: TopicsSection { will, connected, executed },
        devices: DevicesSection {
            will: WillSection { topic: Some("/last/will/topic".parse().unwrap()), ..device_will },
            connected: ConnectedSection { topic: Some("/lwt/connected/topic".parse().unwrap()), payload, qos, retain },
            telemetry: TelemetrySection::default(),
            ..devices
        },
        interface: InterfaceSection {
            theme,
            ascii,
            read_only,
            mouse,
            bell,
            title,
            columns,
            sort: Some(Sort::by(Column::Deaths)),
        },
        // The names of actions are held to the example below.
        keys: KeysSection::default(),
        rules: in_full().rules,
    }
}

fn in_full() -> Config {
    Config::parse(&example_in_full(), "in full").unwrap_or_else(|error| panic!("{error}"))
}

/// `devices.will.qos`, … of a table, with lists of tables as if they held one.
fn keys(table: &toml::Table, parent: &str, into: &mut BTreeSet<String>) {
    for (key, value) in table {
        let path = format!("{parent}{key}");
        match value {
            toml::Value::Table(inner) => keys(inner, &format!("{path}."), into),
            toml::Value::Array(items) if items.iter().any(toml::Value::is_table) => {
                items.iter().filter_map(toml::Value::as_table).for_each(|item| keys(item, &format!("{path}."), into));
            }
            _ => {
                into.insert(path);
            }
        }
    }
}

#[test]
fn the_example_is_the_defaults() {
    let config = Config::parse(&example(), "config.example.toml").unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(config, Config::default());
    assert_eq!(Config::parse("", "empty").unwrap(), Config::default());
}

#[test]
fn the_example_names_every_key() {
    let (mut documented, mut known) = (BTreeSet::new(), BTreeSet::new());
    keys(&example_in_full().parse().unwrap(), "", &mut documented);
    keys(&toml::Table::try_from(every_key()).unwrap(), "", &mut known);
    assert_eq!(documented, known);
    for key in ["devices.will.delay", "rules.sql", "broker.alpn", "broker.headers.X-Source"] {
        assert!(known.contains(key), "{key} is not in {known:?}");
    }
    assert!(example().contains("password_file = "));
    assert_eq!(in_full(), every_key());
}

/// Every action that can have another key, with lwtop's own keys, as the example has them.
fn keys_by_the_table() -> String {
    let mut lines: Vec<(String, Vec<String>)> = Vec::new();
    for binding in BINDINGS.iter().filter(|binding| binding.movable) {
        let name = binding.action.name();
        let keys = binding.keys.iter().map(|key| key.name());
        match lines.iter_mut().find(|(known, _)| *known == name) {
            // The same action elsewhere: its keys there are among those that it has here, or beside them.
            Some((_, known)) => {
                let more: Vec<String> = keys.filter(|key| !known.contains(key)).collect();
                known.extend(more);
            }
            None => lines.push((name, keys.collect())),
        }
    }
    let line = |(name, keys): (String, Vec<String>)| match &keys[..] {
        [key] => format!("# {name} = {key:?}"),
        keys => format!("# {name} = {keys:?}"),
    };
    lines.into_iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_example_has_every_action_with_its_keys() {
    let (example, wanted) = (example(), keys_by_the_table());
    let block = example.lines().skip_while(|line| *line != "[keys]").skip(1).take_while(|line| !line.is_empty());
    let block = block.collect::<Vec<_>>().join("\n");
    // As with the snapshots of the screens.
    if block != wanted && std::env::var("INSTA_UPDATE").is_ok_and(|value| value == "always") {
        std::fs::write(root().join("config.example.toml"), example.replacen(&block, &wanted, 1)).unwrap();
        return;
    }
    assert!(block == wanted, "in config.example.toml, [keys] is to read:\n{wanted}");
    // Switched on, they are what they were: `mark` on space, `up` on ↑ and k.
    let text = format!("[keys]\n{}", wanted.replace("# ", ""));
    let keys = Config::parse(&text, "keys").unwrap_or_else(|error| panic!("{error}")).keys;
    let changes = keys.0.iter().map(|(action, keys)| (action.as_str(), keys.0.as_slice()));
    Keymap::with(changes).unwrap_or_else(|faults| panic!("{faults:#?}"));
}

#[test]
fn the_profile_of_the_example_is_one() {
    let example = example();
    let block =
        example.lines().skip_while(|line| !line.starts_with("# [profiles.")).take_while(|line| !line.is_empty());
    let block: Vec<_> = block.filter_map(|line| line.strip_prefix("# ")).collect();
    let path = std::env::temp_dir().join(format!("lwtop-profile-{}.toml", std::process::id()));
    std::fs::write(&path, block.join("\n")).unwrap();
    let sources = Sources { file: Some(path.clone()), profile: Some("factory".to_owned()), ..Sources::default() };
    let loaded = sources.load();
    std::fs::remove_file(&path).unwrap();
    let config = loaded.unwrap_or_else(|errors| panic!("{errors:?}")).config;
    assert_eq!(config.broker.url.as_deref(), Some("mqtts://factory.example:8883"));
    assert_eq!(config.topics.will.as_str(), "devices/+/will");
}

#[test]
fn the_rules_of_the_example_are_the_default_and_one_with_every_action() {
    let rules = in_full().every_rule().unwrap();
    let [(article, true), (everything, false)] = &rules[..] else { panic!("{rules:#?}") };
    assert_eq!(vec![(article.clone(), true)], Config::default().every_rule().unwrap());
    let types: Vec<_> = everything.actions.iter().map(|action| action.kind.name()).collect();
    assert_eq!(types, ["republish", "desktop", "email", "sns", "webhook", "command", "file"]);
    // What it says of the usual pace is true.
    for action in [&everything.actions[0], everything.error_action.as_ref().unwrap()] {
        assert_eq!(action.pace, action.kind.pace());
    }
    assert!(matches!(&everything.actions[2].kind, Kind::Email(email) if email.to.len() == 2));
    assert_eq!(in_full().rule_set().unwrap().rules().len(), 1, "a rule that is not enabled is not in force");
}

#[test]
fn what_is_written_reads_back() {
    for config in [Config::default(), every_key()] {
        let text = toml::to_string(&config).unwrap();
        assert_eq!(Config::parse(&text, "written").unwrap_or_else(|error| panic!("{error}\n{text}")), config);
    }
}

#[test]
fn good_files_are_read() {
    for (path, text) in files("valid") {
        let loaded = Config::load(Some(&path)).unwrap_or_else(|error| panic!("{error}"));
        assert!(text.is_empty() || loaded != Config::default(), "{} says nothing", path.display());
    }
}

#[test]
fn bad_files_give_one_clear_error() {
    let mut faults = Vec::new();
    for (path, text) in files("invalid") {
        let expected = text.lines().next().and_then(|line| line.strip_prefix("# expect: "));
        let expected = expected.unwrap_or_else(|| panic!("{} does not say what to expect", path.display()));
        let error = match Config::load(Some(&path)) {
            Ok(_) => panic!("{} is taken for good", path.display()),
            Err(error) => error.to_string(),
        };
        let start = format!("{}, line ", path.display());
        if !error.starts_with(&start) || !error.contains(expected) {
            faults.push(format!("{error}\n  does not say: {expected}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}

#[test]
fn every_fault_is_told_in_the_order_of_the_file() {
    let text = "[broker]\nurl = ''\nlisten = 7\n[devices.will]\nqos = 9\n[[rules]]\nname = 'a'\nsql = 'SELECT'\nrepublish = '#'\n\
                [[rules.actions]]\ntype = 'email'\nfrom = 'x'\nto = ['a@b', 'c']\nport = 0\nwhen = 1\n\
                [[rules.actions]]\ntype = 'mail'\n[[rules]]\nname = 'a'\n";
    let errors = Config::parse_telling_all(text, "f.toml").unwrap_err();
    let told: Vec<_> = errors.iter().map(|error| error.to_string().lines().next().unwrap().to_owned()).collect();
    let expected = [
        "f.toml, line 2, column 7: broker.url: it is empty",
        "f.toml, line 3, column 10: broker.listen: invalid type",
        "f.toml, line 5, column 7: devices.will.qos: invalid value",
        "f.toml, line 8, column 7: rules[0].sql: the SQL statement is wrong at line 1, column 7",
        "f.toml, line 9, column 13: rules[0].republish: ",
        "f.toml, line 10, column 1: rules[0].actions[0]: the key host is missing",
        "f.toml, line 12, column 8: rules[0].actions[0].from: \"x\" is no mail address",
        "f.toml, line 13, column 14: rules[0].actions[0].to[1]: \"c\" is no mail address",
        "f.toml, line 14, column 8: rules[0].actions[0].port: a port is",
        "f.toml, line 15, column 1: rules[0].actions[0].when: there is no key when here",
        "f.toml, line 17, column 8: rules[0].actions[1].type: there is no action \"mail\"; did you mean email?",
        "f.toml, line 18, column 1: rules[1]: the key sql is missing",
        "f.toml, line 19, column 8: rules[1].name: there are two rules named \"a\"",
    ];
    assert_eq!(told.len(), expected.len(), "{told:#?}");
    for (told, expected) in told.iter().zip(expected) {
        assert!(told.starts_with(expected), "{told}\n  does not begin with: {expected}");
    }
    assert_eq!(Config::parse(text, "f.toml").unwrap_err().to_string(), errors[0].to_string());
}

#[test]
fn a_file_that_is_no_text_is_an_error() {
    let path = std::env::temp_dir().join(format!("lwtop-config-{}.toml", std::process::id()));
    std::fs::write(&path, [0xff, 0xfe, 0x00]).unwrap();
    let error = Config::load(Some(&path)).map(|_| ()).unwrap_err().to_string();
    std::fs::remove_file(&path).unwrap();
    assert!(error.contains("cannot be read") && error.contains("UTF-8"), "{error}");
}
