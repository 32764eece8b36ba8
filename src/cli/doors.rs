//! Where devices come in, and which.

use super::address;
use clap::Args;
use std::net::SocketAddr;

/// The doors of lwtop's own broker, and of its gateway in front of another.
#[derive(Debug, Clone, Default, Args)]
pub struct DoorArgs {
    /// Where the embedded broker, or the gateway of --upstream, listens; port 0 takes any free one [default: 127.0.0.1:1883]
    #[arg(long, value_name = "ADDRESS:PORT", value_parser = address, help_heading = "Doors")]
    pub listen: Option<SocketAddr>,

    /// Where it listens for MQTT over TLS as well, such as 127.0.0.1:8883
    #[arg(long, value_name = "ADDRESS:PORT", value_parser = address, help_heading = "Doors")]
    pub tls_listen: Option<SocketAddr>,

    /// Where it listens for MQTT over WebSocket as well; the path is /mqtt
    #[arg(long, value_name = "ADDRESS:PORT", value_parser = address, help_heading = "Doors")]
    pub ws_listen: Option<SocketAddr>,

    /// Where it listens for MQTT over WebSocket over TLS as well
    #[arg(long, value_name = "ADDRESS:PORT", value_parser = address, help_heading = "Doors")]
    pub wss_listen: Option<SocketAddr>,

    /// The folder with server.pem, server.key and, for certificates of devices, ca.pem
    #[arg(long, value_name = "DIR", help_heading = "Doors")]
    pub certs: Option<String>,

    /// Let no device in over TLS without a certificate from ca.pem
    #[arg(long, help_heading = "Doors")]
    pub require_client_cert: bool,

    /// On the embedded broker, let only these users in: a file of name:password lines, as mosquitto_passwd writes it
    #[arg(long, value_name = "FILE", help_heading = "Doors")]
    pub users: Option<String>,
}
