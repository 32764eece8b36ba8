//! Runs a test again in a process of its own: what it needs in its environment cannot be set in this one, whose other tests
//! run beside it.

#![allow(dead_code, reason = "not every test file needs every part")]

use std::process::Command;

const INSIDE: &str = "LWTOP_TEST_INSIDE";

/// Whether this is that process.
pub fn inside() -> bool {
    std::env::var_os(INSIDE).is_some()
}

/// Runs the test `name` with more variables set, and others taken away.
///
/// # Panics
/// When it fails, with all that it said.
pub fn again(name: &str, set: &[(&str, &str)], unset: &[&str]) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", name, "--nocapture"]);
    for name in unset {
        command.env_remove(name);
    }
    command.env(INSIDE, "1").envs(set.iter().copied());
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    // A misspelt name would run no test at all, and succeed.
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{name}:\n{said}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
