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
        let program = server::find("mosquitto", REQUIRED)?;
        let listeners =
            config.lines().filter_map(|line| line.strip_prefix("listener ")?.split(' ').next()?.parse().ok());
        let more: Vec<u16> = listeners.collect();
        Some(Self(Server::start(&program, &more, |port, _| {
            format!(
                "listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\nmax_queued_messages 0\n\
                 log_dest stderr\nlog_type error\n{config}\n"
            )
        })))
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
