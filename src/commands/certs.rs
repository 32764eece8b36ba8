//! `lwtop certs`: an authority, a server and devices, as files.

use super::{Failure, print};
use crate::cli::CertsArgs;
use crate::tls::{Authority, DAYS, Issued};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// What every server here is called.
const HOSTS: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// The device that is made when none is named: the article's.
const DEVICE: &str = "lwtThing";

/// The longest common name (RFC 5280 appendix A.1, ub-common-name).
const LONGEST: usize = 64;

/// A file to write.
struct Target {
    path: PathBuf,
    text: String,
    secret: bool,
}

pub(super) fn run(args: &CertsArgs) -> Result<(), Failure> {
    let devices = devices(&args.device)?;
    let hosts = hosts(&args.host)?;
    let dir = &args.out;
    let (ca, ca_key) = (dir.join("ca.pem"), dir.join("ca.key"));
    let known = match (exists(&ca)?, exists(&ca_key)?) {
        (true, true) => true,
        (false, false) => false,
        (has_certificate, _) => {
            let (there, missing) = if has_certificate { (&ca, &ca_key) } else { (&ca_key, &ca) };
            return Err(Failure::Usage(format!(
                "{} is there, and {} is not: without both nothing can be signed; name another directory",
                there.display(),
                missing.display()
            )));
        }
    };
    let has_server = exists(&dir.join("server.pem"))? || exists(&dir.join("server.key"))?;
    let server = !known || !has_server || !args.host.is_empty();
    let names: Vec<&str> = server.then_some("server").into_iter().chain(devices.iter().map(String::as_str)).collect();
    for name in &names {
        for end in ["pem", "key"] {
            let path = dir.join(format!("{name}.{end}"));
            if exists(&path)? {
                return Err(Failure::Usage(format!(
                    "{} is there already, and nothing is written over: move it away, or name another {}",
                    path.display(),
                    if *name == "server" { "directory" } else { "device with --device" }
                )));
            }
        }
    }
    let unmade = |error: &dyn std::fmt::Display| Failure::Runtime(format!("{error}"));
    let mut targets = Vec::new();
    let mut add = |name: &str, Issued { certificate, key, .. }: Issued| {
        targets.push(Target { path: dir.join(format!("{name}.pem")), text: certificate, secret: false });
        targets.push(Target { path: dir.join(format!("{name}.key")), text: key, secret: true });
    };
    let (authority, own) = if known {
        let read = |path: &Path| {
            fs::read_to_string(path)
                .map_err(|error| Failure::Runtime(format!("{} cannot be read: {error}", path.display())))
        };
        let authority = Authority::from_key(&read(&ca_key)?)
            .map_err(|error| Failure::Runtime(format!("{} cannot be used: {error}", ca_key.display())))?;
        let probe = authority.device(DEVICE).map_err(|error| unmade(&error))?;
        if !Authority::vouches(&read(&ca)?, &probe) {
            return Err(Failure::Usage(format!(
                "{} is not the certificate that lwtop certs made with {}: name another directory",
                ca.display(),
                ca_key.display()
            )));
        }
        (authority, None)
    } else {
        let (authority, own) = Authority::new().map_err(|error| unmade(&error))?;
        (authority, Some(own))
    };
    let mut told = String::new();
    let mut tell = |name: &str, what: &str| {
        // Writing to a text cannot fail.
        let _ = writeln!(told, "  {name:<width$}  {what}", width = longest(&devices) + 4);
    };
    if let Some(own) = own {
        tell("ca.pem", &format!("the authority, until {}: whoever connects trusts it", own.until));
        tell("ca.key", "its private key: whoever has it can make devices");
        add("ca", own);
    }
    if server {
        let issued = authority.server(&hosts).map_err(|error| unmade(&error))?;
        tell("server.pem", &format!("the server {}, until {}", hosts.join(", "), issued.until));
        tell("server.key", "its private key");
        add("server", issued);
    }
    for name in &devices {
        let issued = authority.device(name).map_err(|error| unmade(&error))?;
        tell(&format!("{name}.pem"), &format!("the device {name}, until {}", issued.until));
        tell(&format!("{name}.key"), "its private key");
        add(name, issued);
    }
    write_all(dir, &targets)?;
    print(&format!("Made in {}, good for {DAYS} days:\n{told}\n{}", dir.display(), next(dir, &devices[0])))
}

/// What can be done with it.
fn next(dir: &Path, device: &str) -> String {
    let file = |name: &str| quoted(&dir.join(name).display().to_string());
    format!(
        "Serve it:  lwtop broker --tls-listen 127.0.0.1:8883 --certs {}\n\
         Connect:   lwtop device -e localhost -r {} -c {} -k {} -id {} -t /lwt/connected/topic -m publish\n",
        quoted(&dir.display().to_string()),
        file("ca.pem"),
        file(&format!("{device}.pem")),
        file(&format!("{device}.key")),
        quoted(device),
    )
}

/// As a shell takes it.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./+@:,=".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

fn longest(devices: &[String]) -> usize {
    devices.iter().map(|name| name.chars().count()).max().unwrap_or(0).max("server".len())
}

/// The devices to make; their names become names of files.
fn devices(named: &[String]) -> Result<Vec<String>, Failure> {
    let mut devices = named.to_vec();
    if devices.is_empty() {
        devices.push(DEVICE.to_owned());
    }
    // Some systems take names for the same that differ in their letters' case only.
    let mut taken = BTreeSet::from(["ca".to_owned(), "server".to_owned()]);
    for name in &devices {
        let wrong =
            |why: &str| Err(Failure::Usage(format!("--device: {name:?} is no name for a device's files: {why}")));
        if name.trim().is_empty() {
            return wrong("it is empty");
        }
        if name.contains(['/', '\\', ':', '*', '?', '"', '<', '>', '|']) || name.chars().any(char::is_control) {
            return wrong("a character in it cannot stand in the name of a file everywhere");
        }
        if name.starts_with(['.', '-', ' ']) || name.ends_with(['.', ' ']) {
            return wrong("it begins or ends in a way that is not a name's");
        }
        if name.chars().count() > LONGEST {
            return wrong("a common name has at most 64 characters");
        }
        if !taken.insert(name.to_lowercase()) {
            return wrong("another file is called so");
        }
    }
    Ok(devices)
}

/// The names and addresses of the server.
fn hosts(named: &[String]) -> Result<Vec<String>, Failure> {
    let mut hosts: Vec<String> = HOSTS.map(str::to_owned).into();
    for name in named {
        if rustls::pki_types::ServerName::try_from(name.as_str()).is_err() {
            return Err(Failure::Usage(format!("--host: {name:?} is neither the name of a host nor an IP address")));
        }
        if !hosts.contains(name) {
            hosts.push(name.clone());
        }
    }
    Ok(hosts)
}

fn exists(path: &Path) -> Result<bool, Failure> {
    match fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(Failure::Runtime(format!("{} cannot be looked at: {error}", path.display()))),
    }
}

/// Writes all of them or none.
fn write_all(dir: &Path, targets: &[Target]) -> Result<(), Failure> {
    fs::create_dir_all(dir)
        .map_err(|error| Failure::Runtime(format!("the directory {} cannot be made: {error}", dir.display())))?;
    for (index, target) in targets.iter().enumerate() {
        if let Err(error) = write(target) {
            for written in &targets[..index] {
                // What was begun here goes; there is nothing better to do if it cannot.
                let _ = fs::remove_file(&written.path);
            }
            return Err(Failure::Runtime(format!("{} cannot be written: {error}", target.path.display())));
        }
    }
    Ok(())
}

/// A file that was not there before. A private key is never readable for others, not even for a moment.
fn write(target: &Target) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if target.secret {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    let mut file = options.open(&target.path)?;
    let written = file.write_all(target.text.as_bytes()).and_then(|()| file.sync_all());
    if written.is_err() {
        let _ = fs::remove_file(&target.path);
    }
    written
}
