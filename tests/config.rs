//! The configuration file: the example documents every key with its default, good files are read, and every bad one
//! gives one error that names the file, the place, the key and what is allowed.

use lwtop::config::{
    BrokerSection, Config, ConnectedSection, DevicesSection, RuleSection, TelemetrySection, TopicsSection, WillSection,
};
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

/// The example with the keys that have no default switched on, and its rule.
fn example_in_full() -> String {
    let mut in_rules = false;
    let mut lines = Vec::new();
    for line in example().lines() {
        in_rules |= line == "# [[rules]]";
        let key = line.strip_prefix("# ").filter(|rest| rest.starts_with("url = ") || rest.starts_with("topic = "));
        lines.push(match (in_rules, key) {
            (true, _) => line.strip_prefix("# ").unwrap_or_default().to_owned(),
            (false, Some(key)) => key.to_owned(),
            (false, None) => line.to_owned(),
        });
    }
    lines.join("\n")
}

/// The defaults, and a value for every key that has none. Written out, so that a new key does not compile without an
/// entry here.
fn every_key() -> Config {
    let Config { broker, topics, devices, rules: _ } = Config::default();
    let BrokerSection { url: _, listen } = broker;
    let TopicsSection { will, connected, executed } = topics.clone();
    let DevicesSection { will: device_will, connected: device_connected, .. } = devices.clone();
    let ConnectedSection { topic: _, payload, qos, retain } = device_connected;
    let rule = RuleSection {
        name: "lastWillRule".to_owned(),
        sql: Config::default().rule_set().unwrap().rules()[0].statement.clone(),
        republish: Some("/lwt/executed".parse().unwrap()),
        enabled: true,
    };
    Config {
        broker: BrokerSection { url: Some("mqtt://localhost:1883".to_owned()), listen },
        topics: TopicsSection { will, connected, executed },
        devices: DevicesSection {
            will: WillSection { topic: Some("/last/will/topic".parse().unwrap()), ..device_will },
            connected: ConnectedSection { topic: Some("/lwt/connected/topic".parse().unwrap()), payload, qos, retain },
            telemetry: TelemetrySection::default(),
            ..devices
        },
        rules: vec![rule],
    }
}

/// `devices.will.qos`, … of a table, with lists of tables as if they held one.
fn keys(table: &toml::Table, parent: &str, into: &mut BTreeSet<String>) {
    for (key, value) in table {
        let path = format!("{parent}{key}");
        match value {
            toml::Value::Table(inner) => keys(inner, &format!("{path}."), into),
            toml::Value::Array(items) => {
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
    assert!(known.len() >= 25 && known.contains("devices.will.delay") && known.contains("rules.sql"), "{known:?}");
    assert_eq!(Config::parse(&example_in_full(), "in full").unwrap(), every_key());
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
fn a_file_that_is_no_text_is_an_error() {
    let path = std::env::temp_dir().join(format!("lwtop-config-{}.toml", std::process::id()));
    std::fs::write(&path, [0xff, 0xfe, 0x00]).unwrap();
    let error = Config::load(Some(&path)).map(|_| ()).unwrap_err().to_string();
    std::fs::remove_file(&path).unwrap();
    assert!(error.contains("cannot be read") && error.contains("UTF-8"), "{error}");
}
