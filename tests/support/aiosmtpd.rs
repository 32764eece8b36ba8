//! A real mail server that others wrote: `aiosmtpd`, from `PyPI`, run by the `python3` in the path.

#![allow(dead_code, reason = "not every test file needs every part")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

/// Serves on a free port, with STARTTLS and a login required, and prints what it gets: its port, then each mail as JSON.
const PROGRAM: &str = r#"
import asyncio, json, ssl, sys
from aiosmtpd.smtp import SMTP, AuthResult
directory, user, password = sys.argv[1:]
context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
context.load_cert_chain(directory + "/localhost.pem", directory + "/localhost.key")
class Handler:
    async def handle_DATA(self, server, session, envelope):
        print(json.dumps(envelope.content.decode()), flush=True)
        return "250 taken"
def check(server, session, envelope, mechanism, data):
    right = data.login == user.encode() and data.password == password.encode()
    return AuthResult(success=right, handled=False)
async def main():
    make = lambda: SMTP(Handler(), tls_context=context, require_starttls=True, auth_required=True, authenticator=check)
    server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"#;

pub struct Aiosmtpd {
    child: Child,
    said: BufReader<ChildStdout>,
    pub port: u16,
}

impl Aiosmtpd {
    /// A Python that has it; `None`, with a line that says so, where there is none.
    ///
    /// # Panics
    /// Where it has to be there: in CI.
    pub fn python() -> Option<&'static str> {
        let mut probe = Command::new("python3");
        probe.args(["-c", "import aiosmtpd.smtp"]).stderr(Stdio::null());
        if probe.status().is_ok_and(|status| status.success()) {
            return Some("python3");
        }
        // Past the test runner, which keeps the prints of passing tests to itself.
        let _ = writeln!(std::io::stderr(), "SKIPPED: a test needs aiosmtpd, which is not installed");
        assert!(std::env::var_os("LWTOP_REQUIRE_AIOSMTPD").is_none(), "aiosmtpd is required here");
        None
    }

    pub fn start(dir: &Path, user: &str, password: &str) -> Self {
        let mut child = Command::new("python3")
            .args(["-c", PROGRAM])
            .arg(dir)
            .args([user, password])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        let port = line.trim().parse().expect("a port");
        Self { child, said, port }
    }

    /// The next mail.
    pub fn mail(&mut self) -> String {
        let mut line = String::new();
        self.said.read_line(&mut line).unwrap();
        serde_json::from_str(&line).expect("a mail")
    }
}

impl Drop for Aiosmtpd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
