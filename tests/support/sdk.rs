//! Amazon's SDK for devices in Python, which the article's script stands on.

use std::io::Write as _;
use std::process::{Command, Stdio};

/// A Python that has it; `None`, with a line that says so, where there is none.
///
/// # Panics
/// Where it has to be there: in CI.
pub fn python() -> Option<&'static str> {
    let mut probe = Command::new("python3");
    probe.args(["-c", "import AWSIoTPythonSDK.MQTTLib"]).stderr(Stdio::null());
    if probe.status().is_ok_and(|status| status.success()) {
        return Some("python3");
    }
    // Past the test runner, which keeps the prints of passing tests to itself.
    let _ = writeln!(std::io::stderr(), "SKIPPED: a test needs AWSIoTPythonSDK, which is not installed");
    assert!(std::env::var_os("LWTOP_REQUIRE_SDK").is_none(), "AWSIoTPythonSDK is required here");
    None
}
