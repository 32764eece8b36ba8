//! A real NATS server of a test's own, with MQTT on a free loopback port, ended when it is dropped.

use crate::mosquitto::server::{self, Server};

/// Starts one; `None`, with a line that says so, where it is not installed. Its MQTT needs JetStream, which is kept in the
/// server's own folder.
pub fn start() -> Option<Server> {
    let program = server::find("nats-server", "LWTOP_REQUIRE_NATS")?;
    let (server, []) = Server::start(&program, |port, [], dir| {
        format!(
            "server_name: lwtop\nlisten: \"127.0.0.1:-1\"\njetstream {{ store_dir: \"{}\" }}\nmqtt {{ listen: \"127.0.0.1:{port}\" }}\n",
            dir.join("jetstream").display()
        )
    });
    Some(server)
}
