//! Secrets that stand elsewhere.

use crate::actions::Failed;
use crate::rules::Secret;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::path::Path;

/// No secret is longer: a file with a longer first line is the wrong file.
const LONGEST: u64 = 4 * 1024;

/// Reads a secret. The reasons name the place, never what is there.
pub async fn read(secret: &Secret) -> Result<String, Failed> {
    match secret {
        Secret::Environment(name) => from_environment(name),
        Secret::File(path) => {
            let file = path.clone();
            let read = tokio::task::spawn_blocking(move || first_line(&file)).await;
            let line = read.unwrap_or_else(|error| Err(io::Error::other(error)));
            let place = || format!("the file {}", path.display());
            match line {
                Ok(line) => filled(line, &place()),
                Err(error) => Err(Failed::for_good(format!("the password cannot be read from {}: {error}", place()))),
            }
        }
    }
}

fn from_environment(name: &str) -> Result<String, Failed> {
    let place = format!("the environment variable {name}");
    match std::env::var(name) {
        Ok(value) => filled(value, &place),
        Err(std::env::VarError::NotPresent) => {
            Err(Failed::for_good(format!("the password should be in {place}, which is not set")))
        }
        Err(std::env::VarError::NotUnicode(_)) => Err(Failed::for_good(format!("the password in {place} is no UTF-8"))),
    }
}

fn filled(secret: String, place: &str) -> Result<String, Failed> {
    if secret.is_empty() {
        return Err(Failed::for_good(format!("the password should be in {place}, which is empty")));
    }
    Ok(secret)
}

fn first_line(path: &Path) -> io::Result<String> {
    // A pipe that nobody writes to would keep a thread for ever.
    if !path.metadata()?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let mut line = Vec::new();
    BufReader::new(File::open(path)?).take(LONGEST + 1).read_until(b'\n', &mut line)?;
    if line.ends_with(b"\n") {
        line.pop();
    }
    if line.ends_with(b"\r") {
        line.pop();
    }
    if line.len() as u64 > LONGEST {
        return Err(io::Error::other(format!("its first line is longer than {LONGEST} bytes")));
    }
    // The usual error would show where in the secret it is wrong.
    String::from_utf8(line).map_err(|_| io::Error::other("its first line is no UTF-8"))
}
