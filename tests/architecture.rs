//! The floors, held to: a file imports only from floors below its own, adapters never import each other, each foreign
//! library stays behind its own door, and the pure floors do no I/O and read no clock.
//!
//! The checker reads the tokens of every file in `src`, comments and strings left out, and follows every path that
//! begins with `crate::` or with enough `super::`s to reach the crate's root.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Each module of the crate and its floor.
const FLOORS: [(&str, u8); 26] = [
    ("clock", 0),
    ("figures", 0),
    ("mqtt", 0),
    ("wiring", 0),
    ("fleet", 1),
    ("convention", 1),
    ("rules", 1),
    ("scenario", 1),
    ("ledger", 1),
    ("tls", 1),
    ("dial", 1),
    ("aws", 1),
    ("gateway", 2),
    ("broker", 2),
    ("device", 2),
    ("link", 2),
    ("config", 2),
    ("actions", 2),
    ("journal", 2),
    ("conformance", 2),
    ("hub", 3),
    ("tui", 4),
    ("watch", 4),
    ("swarm", 4),
    ("commands", 5),
    ("cli", 5),
];

/// Who may import whom on the same floor; all others may not.
const SIDEWAYS: [(&str, &str); 10] = [
    ("wiring", "clock"),
    ("wiring", "mqtt"),
    ("convention", "fleet"),
    ("rules", "fleet"),
    ("scenario", "fleet"),
    ("dial", "tls"),
    ("aws", "convention"),
    // What a policy must allow is what the rules do.
    ("aws", "rules"),
    ("commands", "cli"),
    ("cli", "commands"),
];

/// Foreign crates, and where alone they may be named.
const DOORS: [(&str, &[&str]); 5] = [
    ("mqtt5", &["broker"]),
    ("rumqttc", &["link"]),
    ("sqlparser", &["rules"]),
    // Terminal set-up and the hook for panics may stand where the program starts.
    ("ratatui", &["tui", "commands", "main"]),
    ("crossterm", &["tui", "commands", "main"]),
];

/// Modules, and parts of modules, that do no I/O and are told the time, and names that would show that they are not.
const PURE: [&str; 9] = [
    "mqtt",
    "fleet",
    "convention",
    "rules",
    "scenario",
    "ledger",
    "conformance/case",
    "conformance/step",
    "conformance/packets",
];
const IMPURE: [&str; 8] = ["tokio", "fs", "TcpStream", "TcpListener", "UdpSocket", "Instant", "SystemTime", "Clock"];

fn floor(module: &str) -> Option<u8> {
    FLOORS.iter().find(|(name, _)| *name == module).map(|(_, floor)| *floor)
}

/// One file's faults, each a line. `path` is relative to `src`, with slashes.
fn check(path: &str, source: &str) -> Vec<String> {
    let module = module_path(path);
    let top = module.first().map_or_else(|| path.trim_end_matches(".rs"), String::as_str);
    let tokens = tokens(source);
    let mut faults = Vec::new();
    // The program's entry and the crate's root stand above all floors.
    if !matches!(top, "lib" | "main") {
        match floor(top) {
            None => faults.push(format!("src/{path}: {top} has no floor; give it one in tests/architecture.rs")),
            Some(_) => {
                for (line, used) in imports(&module, &tokens) {
                    if let Some(why) = forbidden(top, &used) {
                        faults.push(format!("src/{path}:{line}: {top} imports {used}: {why}"));
                    }
                }
            }
        }
    }
    faults.extend(foreign(path, top, &tokens));
    faults
}

/// Why `from` may not import `to`.
fn forbidden(from: &str, to: &str) -> Option<String> {
    let Some((own, other)) = floor(from).zip(floor(to)) else {
        return Some("it is no module with a floor".to_owned());
    };
    if from == to || other < own || SIDEWAYS.contains(&(from, to)) {
        return None;
    }
    let way = if other > own { "up" } else { "sideways" };
    Some(format!("that goes {way}, from floor {own} to floor {other}"))
}

fn foreign(path: &str, top: &str, tokens: &[Token<'_>]) -> Vec<String> {
    let mut faults = Vec::new();
    let within = |module: &&&str| path.strip_prefix(**module).is_some_and(|rest| rest.starts_with(['/', '.']));
    let pure = PURE.iter().find(within);
    for (index, token) in tokens.iter().enumerate() {
        let before = index.checked_sub(1).map_or("", |index| tokens[index].text);
        let after = tokens.get(index + 1).map_or("", |token| token.text);
        let rooted = before != "::" && (after == "::" || matches!(before, "use" | "crate"));
        let door = DOORS.iter().find(|(name, _)| rooted && *name == token.text);
        if let Some((name, allowed)) = door
            && !allowed.contains(&top)
        {
            faults.push(format!("src/{path}:{}: {name} may only be named in {}", token.line, allowed.join(", ")));
        }
        if let Some(pure) = pure
            && IMPURE.contains(&token.text)
        {
            faults.push(format!("src/{path}:{}: {pure} is pure and may not use {}", token.line, token.text));
        }
    }
    faults
}

/// `fleet/event.rs` is the module `fleet::event`, `fleet/mod.rs` and `fleet.rs` are `fleet`, the root is empty.
fn module_path(path: &str) -> Vec<String> {
    let mut parts: Vec<_> = path.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    if matches!(parts.last().map(String::as_str), Some("mod")) || matches!(path, "lib.rs" | "main.rs") {
        parts.pop();
    }
    parts
}

/// The top-level modules that paths in the file lead to, with their lines.
fn imports(module: &[String], tokens: &[Token<'_>]) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let (mut braces, mut inline) = (0_usize, Vec::new());
    let mut index = 0;
    while index < tokens.len() {
        let text = tokens[index].text;
        match text {
            "{" => braces += 1,
            "}" => {
                inline.pop_if(|opened| *opened == braces);
                braces = braces.saturating_sub(1);
            }
            // `mod tests {`: one more `super` is needed to leave the file's module.
            "mod" if tokens.get(index + 2).is_some_and(|token| token.text == "{") => inline.push(braces + 1),
            _ => {}
        }
        let continues = index > 0 && tokens[index - 1].text == "::";
        if matches!(text, "crate" | "super") && !continues {
            let mut supers = 0;
            while tokens.get(index).is_some_and(|token| token.text == "super")
                && tokens.get(index + 1).is_some_and(|token| token.text == "::")
            {
                supers += 1;
                index += 2;
            }
            let rooted = tokens.get(index + 1).is_some_and(|token| token.text == "::");
            if supers == 0 && !(text == "crate" && rooted) {
                // `pub(crate)`, `pub(super)`.
                index += 1;
                continue;
            }
            if supers == 0 {
                index += 2;
            }
            if supers == 0 || supers == module.len() + inline.len() {
                found.extend(heads(&tokens[index..]));
            }
            continue;
        }
        index += 1;
    }
    found
}

/// The first names of the path, or of each path of the group, that begins here.
fn heads(tokens: &[Token<'_>]) -> Vec<(usize, String)> {
    let owned = |token: &Token<'_>| (token.line, token.text.to_owned());
    match tokens.first() {
        Some(first) if first.text == "{" => {
            let mut depth = 0_usize;
            let mut found = Vec::new();
            for (index, token) in tokens.iter().enumerate() {
                let begins = depth == 1 && matches!(tokens[index - 1].text, "{" | ",");
                match token.text {
                    "{" => depth += 1,
                    "}" => depth -= 1,
                    "self" => {}
                    _ if begins => found.push(owned(token)),
                    _ => {}
                }
                if depth == 0 {
                    break;
                }
            }
            found
        }
        Some(first) => vec![owned(first)],
        None => Vec::new(),
    }
}

#[derive(Debug, PartialEq)]
struct Token<'s> {
    line: usize,
    text: &'s str,
}

/// Names and signs of Rust source, without comments, strings and characters. `::` is one sign.
fn tokens(source: &str) -> Vec<Token<'_>> {
    let bytes = source.as_bytes();
    let (mut tokens, mut at, mut line) = (Vec::new(), 0, 1);
    while at < bytes.len() {
        let rest = &source[at..];
        let length = skipped(rest).unwrap_or_else(|| {
            let name = rest.find(|c: char| c != '_' && !c.is_alphanumeric()).unwrap_or(rest.len());
            let first = rest.chars().next().map_or(1, char::len_utf8);
            let length = if name > 0 {
                name
            } else if rest.starts_with("::") {
                2
            } else {
                first
            };
            tokens.push(Token { line, text: &rest[..length] });
            length
        });
        line += rest[..length].matches('\n').count();
        at += length;
    }
    tokens
}

/// How many bytes of white space, comment, string or character stand at the start; `None` if there is something else.
fn skipped(rest: &str) -> Option<usize> {
    let to = |end: Option<usize>| Some(end.unwrap_or(rest.len()));
    if rest.starts_with(char::is_whitespace) {
        return to(rest.find(|c: char| !c.is_whitespace()));
    }
    if rest.starts_with("//") {
        return to(rest.find('\n'));
    }
    if rest.starts_with("/*") {
        let (mut depth, mut at) = (0_usize, 0);
        while at < rest.len() {
            let step = match rest.get(at..at + 2) {
                Some("/*") => {
                    depth += 1;
                    2
                }
                Some("*/") => {
                    depth -= 1;
                    2
                }
                _ => rest[at..].chars().next().map_or(1, char::len_utf8),
            };
            at += step;
            if depth == 0 {
                break;
            }
        }
        return Some(at);
    }
    let prefix = ["br", "cr", "r"].into_iter().find(|prefix| {
        let after = rest.strip_prefix(prefix).unwrap_or("");
        after.trim_start_matches('#').starts_with('"') && after.starts_with(['"', '#'])
    });
    if let Some(prefix) = prefix {
        let hashes = rest[prefix.len()..].bytes().take_while(|byte| *byte == b'#').count();
        let open = prefix.len() + hashes + 1;
        let close = format!("\"{}", "#".repeat(hashes));
        return to(rest[open..].find(&close).map(|end| open + end + close.len()));
    }
    let quoted = rest.strip_prefix(['b', 'c']).filter(|rest| rest.starts_with(['"', '\''])).unwrap_or(rest);
    let prefix = rest.len() - quoted.len();
    if let Some(inside) = quoted.strip_prefix('"') {
        return to(end_of_quotes(inside, '"').map(|end| prefix + 1 + end));
    }
    if let Some(inside) = quoted.strip_prefix('\'') {
        let mut chars = inside.chars();
        let first = chars.next()?;
        // `'a'` is a character, `'a` a lifetime.
        if first == '\\' || chars.next() == Some('\'') {
            return to(end_of_quotes(inside, '\'').map(|end| prefix + 1 + end));
        }
        return Some(prefix + 1);
    }
    None
}

/// The byte after the closing quote.
fn end_of_quotes(inside: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    inside.char_indices().find_map(|(index, c)| {
        let ends = c == quote && !escaped;
        escaped = c == '\\' && !escaped;
        ends.then(|| index + quote.len_utf8())
    })
}

fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

#[test]
fn every_file_keeps_to_its_floor() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    files.sort();
    assert!(files.len() > 30, "only {} files were found", files.len());
    let mut faults = String::new();
    let mut followed = 0;
    for file in files {
        let path = file.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
        let source = std::fs::read_to_string(&file).unwrap();
        followed += imports(&module_path(&path), &tokens(&source)).len();
        for fault in check(&path, &source) {
            writeln!(faults, "{fault}").unwrap();
        }
    }
    assert!(followed > 20, "the checker followed only {followed} paths: it no longer sees them");
    assert!(faults.is_empty(), "\n{faults}");
}

#[test]
fn the_checker_finds_what_it_is_for() {
    for (path, source, fault) in [
        ("fleet/state.rs", "use crate::hub::Command;", "src/fleet/state.rs:1: fleet imports hub: that goes up"),
        (
            "fleet/state.rs",
            "\n\nuse crate::convention::Topics;",
            "src/fleet/state.rs:3: fleet imports convention: that goes sideways",
        ),
        (
            "gateway/mod.rs",
            "use crate::broker::Broker;",
            "gateway imports broker: that goes sideways, from floor 2 to floor 2",
        ),
        ("gateway/mod.rs", "fn f() -> crate::device::Swarm { todo!() }", "gateway imports device"),
        ("gateway/a.rs", "use crate::{mqtt::{Will, cause::Cause}, link::Link};", "gateway imports link"),
        (
            "gateway/a.rs",
            "pub(crate) use crate :: {\n  mqtt as m,\n  link,\n};",
            "src/gateway/a.rs:3: gateway imports link",
        ),
        ("gateway/a.rs", "use super::super::link::Link;", "gateway imports link"),
        ("gateway/mod.rs", "use super::link;", "gateway imports link"),
        ("gateway/mod.rs", "mod tests { use super::super::{link::Link}; }", "gateway imports link"),
        (
            "mqtt/topic.rs",
            "impl crate::fleet::Named for Topic {}",
            "mqtt imports fleet: that goes up, from floor 0 to floor 1",
        ),
        ("clock.rs", "use crate::mqtt;", "clock imports mqtt: that goes sideways"),
        ("watch/mod.rs", "use crate::tui::App;", "watch imports tui: that goes sideways"),
        ("hub/mod.rs", "use crate::cli::Cli;", "hub imports cli: that goes up"),
        ("hub/mod.rs", "macro_rules! m { () => { $crate::tui::x() } }", "hub imports tui: that goes up"),
        ("hub/mod.rs", "/* /* nested */ */ const Q: char = '\"'; use crate::tui;", "hub imports tui"),
        ("hub/mod.rs", "fn f<'a>(s: &'a str) -> char { '\\'' } use crate::tui;", "hub imports tui"),
        ("hub/mod.rs", "const S: &str = r#\"a \" b\"#; use crate::tui;", "hub imports tui"),
        ("hub/mod.rs", "use crate::*;", "hub imports *: it is no module with a floor"),
        ("cellar/mod.rs", "", "cellar has no floor"),
        ("device/mod.rs", "use mqtt5::Client;", "src/device/mod.rs:1: mqtt5 may only be named in broker"),
        ("hub/mod.rs", "fn f(t: ratatui::Frame) {}", "ratatui may only be named in tui"),
        ("hub/mod.rs", "use {std::fmt, crossterm::event};", "crossterm may only be named in tui"),
        ("config/mod.rs", "use sqlparser as sql;", "sqlparser may only be named in rules"),
        ("device/mod.rs", "use rumqttc::mqttbytes;", "rumqttc may only be named in link"),
        ("rules/eval.rs", "use std::time::{Duration, Instant};", "rules is pure and may not use Instant"),
        ("fleet/state.rs", "let text = std::fs::read(path);", "fleet is pure and may not use fs"),
        ("conformance/case.rs", "use tokio::net;", "conformance/case is pure and may not use tokio"),
    ] {
        let faults = check(path, source);
        assert!(faults.len() == 1 && faults[0].contains(fault), "{path}: {source}\n  gave {faults:?}\n  not {fault:?}");
    }
}

#[test]
fn the_checker_lets_pass_what_is_right() {
    for (path, source) in [
        ("hub/step.rs", "use crate::{fleet::{Fleet, state}, rules::RuleSet};\nuse super::command::Command;"),
        ("fleet/event.rs", "use super::device::Device; mod tests { use super::*; use super::super::presence; }"),
        (
            "rules/eval.rs",
            "use crate::fleet::Incoming; pub(super) fn f() {} pub(crate) struct X; use crate::clock::Moment;",
        ),
        ("wiring/a.rs", "use crate::clock::Moment; use crate::mqtt::ConnId; use tokio::sync::Notify;"),
        ("gateway/a.rs", "//! See [`crate::broker`].\n/* use crate::link; */ const S: &str = \"use crate::link\";"),
        ("device/a.rs", "use mqtt5_protocol::Packet; let mqtt5 = 5; use crate::wiring::Switch;"),
        ("config/mod.rs", "use crate::rules::Statement; use std::fs;"),
        ("broker/mod.rs", "use mqtt5::broker::MqttBroker;"),
        ("tui/app.rs", "use crossterm::event; use crate::hub::Command;"),
        ("conformance/cases.rs", "use tokio::net::TcpStream;"),
        ("main.rs", "use lwtop::cli; fn main() { ratatui::restore(); }"),
        ("commands/watch.rs", "use crate::{cli::Cli, tui::App};"),
    ] {
        assert_eq!(check(path, source), Vec::<String>::new(), "{path}: {source}");
    }
}
