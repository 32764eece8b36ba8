//! The addresses at which devices come in.

use super::setup::Lanes;
use crate::broker::LinkLogin;
use crate::fleet::{Entrance, Report};
use crate::gateway::{Door, Gateway, Listener, Logins};
use crate::mqtt::{Login, Scheme};
use crate::tls::ServerOptions;
use std::net::SocketAddr;
use std::path::PathBuf;
use tokio::task::spawn_blocking;

/// The gateway's doors beside the one for MQTT over TCP.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Doors {
    /// Where it listens for TLS. Only together with `server`.
    pub tls: Option<SocketAddr>,
    /// Where it listens for WebSocket.
    pub websocket: Option<SocketAddr>,
    /// Where it listens for WebSocket over TLS. Only together with `server`.
    pub secure_websocket: Option<SocketAddr>,
    /// Who it is in TLS, and which certificates it takes.
    pub server: Option<ServerOptions>,
}

impl Doors {
    /// Takes all the addresses, the one for MQTT over TCP first, and tells them.
    ///
    /// # Errors
    /// One clear sentence.
    pub(super) async fn open(self, listen: SocketAddr, lanes: &Lanes) -> Result<Listener, String> {
        let others = spawn_blocking(move || self.make()).await.map_err(|error| error.to_string())??;
        let mut listener = Gateway::bind(listen).await.map_err(|error| error.to_string())?;
        let mut entrances = vec![Entrance { scheme: Scheme::Mqtt, address: listener.local_addr() }];
        for (listen, door) in others {
            let scheme = door.scheme();
            let address = listener.add(listen, door).await.map_err(|error| error.to_string())?;
            entrances.push(Entrance { scheme, address });
        }
        lanes.reports.send(Report::Listening(entrances)).await.map_err(|_| "the hub is gone".to_owned())?;
        Ok(listener)
    }

    /// Reads the files that the doors need, to see whether they can be.
    ///
    /// # Errors
    /// One clear sentence.
    pub fn check(&self) -> Result<(), String> {
        self.make().map(drop)
    }

    /// The doors and their addresses. Reads files.
    fn make(&self) -> Result<Vec<(SocketAddr, Door)>, String> {
        let server = || self.server.as_ref().ok_or("a door for TLS needs a certificate: name its folder with --certs");
        let mut doors = Vec::new();
        if let Some(at) = self.tls {
            doors.push((at, Door::tls(server()?).map_err(|error| error.to_string())?));
        }
        if let Some(at) = self.websocket {
            doors.push((at, Door::WEBSOCKET));
        }
        if let Some(at) = self.secure_websocket {
            doors.push((at, Door::secure_websocket(server()?).map_err(|error| error.to_string())?));
        }
        Ok(doors)
    }
}

/// Those who may come in by the file `users`, and the login of lwtop's own devices.
///
/// # Errors
/// One clear sentence.
pub(super) async fn logins(users: PathBuf) -> Result<(Logins, Login), String> {
    let read = spawn_blocking(move || Logins::read(&users)).await.map_err(|error| error.to_string())?;
    let logins = read.map_err(|error| error.to_string())?;
    let LinkLogin { user, password } = LinkLogin::random()
        .map_err(|error| format!("lwtop's own devices get no password: the operating system gave none ({error})"))?;
    Ok((logins.with(&user, &password), Login { user, password: Some(password) }))
}
