//! A broker that does what a test tells it, byte by byte.

#![allow(dead_code, reason = "not every test file needs every part")]

use lwtop::device::Target;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// How long anything may take before a test fails.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// CONNACK of 3.1.1 that accepts.
pub const CONNACK_V311: &[u8] = &[0x20, 2, 0, 0];
/// CONNACK of 5 that accepts.
pub const CONNACK_V5: &[u8] = &[0x20, 3, 0, 0, 0];

/// A listener on a free port.
pub struct Scripted(TcpListener);

impl Scripted {
    pub async fn listen() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    pub fn port(&self) -> u16 {
        self.0.local_addr().unwrap().port()
    }

    pub fn target(&self) -> Target {
        self.0.local_addr().unwrap().into()
    }

    /// The next connection.
    pub async fn accept(&self) -> Peer {
        Peer(timeout(PATIENCE, self.0.accept()).await.expect("nobody connects").unwrap().0)
    }

    /// Lets every client converse in a task of its own, until it is aborted.
    pub async fn serve<F>(self, converse: impl Fn(Peer) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        loop {
            tokio::spawn(converse(self.accept().await));
        }
    }

    /// The next connection, its CONNECT read and answered.
    pub async fn welcome(&self, connack: &[u8]) -> Peer {
        let mut peer = self.accept().await;
        assert_eq!(peer.packet().await.0, 0x10, "CONNECT");
        peer.send(connack).await;
        peer
    }
}

/// The broker's side of one connection.
pub struct Peer(pub TcpStream);

impl Peer {
    pub async fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
    }

    /// The next packet: its first byte and its body.
    pub async fn packet(&mut self) -> (u8, Vec<u8>) {
        timeout(PATIENCE, self.read()).await.expect("no packet comes").unwrap()
    }

    /// How the connection ends: `None` for FIN, an error for RST. Packets before it are skipped.
    pub async fn end(&mut self) -> Option<io::ErrorKind> {
        let mut buffer = [0; 1024];
        let end = async {
            loop {
                match self.0.read(&mut buffer).await {
                    Ok(0) => return None,
                    Ok(_) => {}
                    Err(error) => return Some(error.kind()),
                }
            }
        };
        timeout(PATIENCE, end).await.expect("the connection does not end")
    }

    async fn read(&mut self) -> io::Result<(u8, Vec<u8>)> {
        let first = self.0.read_u8().await?;
        let (mut length, mut shift) = (0_usize, 0);
        loop {
            let byte = self.0.read_u8().await?;
            length |= usize::from(byte & 0x7F) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                break;
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).await?;
        Ok((first, body))
    }
}
