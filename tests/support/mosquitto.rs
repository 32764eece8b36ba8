//! A real Mosquitto of a test's own, on a free loopback port, ended when it is dropped.

#![allow(dead_code, reason = "not every test file needs every part")]

#[path = "server.rs"]
pub mod server;

use server::Server;
use std::ops::{Deref, DerefMut};

const REQUIRED: &str = "LWTOP_REQUIRE_MOSQUITTO";

/// A running Mosquitto, anonymous, both versions, nothing kept on disk.
pub struct Mosquitto(Server);

impl Mosquitto {
    /// Starts one; `None`, with a line that says so, where it is not installed.
    pub fn start() -> Option<Self> {
        Self::start_with("")
    }

    /// Starts one with more lines in its configuration.
    pub fn start_with(config: &str) -> Option<Self> {
        Self::start_on(|[]| config.to_owned()).map(|(broker, [])| broker)
    }

    /// The same with more ports, which are free.
    pub fn start_on<const N: usize>(config: impl Fn([u16; N]) -> String) -> Option<(Self, [u16; N])> {
        let program = server::find("mosquitto", REQUIRED)?;
        let (server, ports) = Server::start(&program, |port, more, _| {
            format!(
                "listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\nmax_queued_messages 0\n\
                 log_dest stderr\nlog_type error\n{}\n",
                config(more)
            )
        });
        Some((Self(server), ports))
    }
}

impl Deref for Mosquitto {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.0
    }
}

impl DerefMut for Mosquitto {
    fn deref_mut(&mut self) -> &mut Server {
        &mut self.0
    }
}

/// Says that a test is passed over because `what` is not installed.
///
/// # Panics
/// Where it has to be there: in CI.
pub fn missing(what: &str) {
    server::missing(what, REQUIRED);
}
