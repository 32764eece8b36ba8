//! From which addresses devices connect.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::net::{TcpSocket, TcpStream, lookup_host};

/// So many connects in a row come from one loopback address. Above about 14 000 connections from one address the system
/// takes longer and longer to find a free port, and at 28 000 there is none.
const PER_ADDRESS: usize = 1_024;

/// How many loopback addresses are used, one after the other.
const ADDRESSES: usize = 200;

/// Spreads connections to this machine over 127.0.0.1, 127.0.0.2, … The first thousand come from 127.0.0.1, as anybody's
/// would.
#[derive(Debug, Default)]
pub struct Sources(AtomicUsize);

impl Sources {
    /// Connects to the first address of `host` that takes it.
    ///
    /// # Errors
    /// The last address's error.
    pub async fn connect(&self, host: &str, port: u16) -> io::Result<TcpStream> {
        let mut failed = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
        for address in lookup_host((host, port)).await? {
            match self.reach(address).await {
                Ok(stream) => return Ok(stream),
                Err(error) => failed = error,
            }
        }
        Err(failed)
    }

    async fn reach(&self, address: SocketAddr) -> io::Result<TcpStream> {
        let source = address.ip().is_loopback().then(|| source(self.0.fetch_add(1, Ordering::Relaxed)));
        // Only Linux takes all of 127.0.0.0/8 for its own.
        if let (true, SocketAddr::V4(_), Some(source)) = (cfg!(target_os = "linux"), address, source)
            && source != Ipv4Addr::LOCALHOST
        {
            let socket = TcpSocket::new_v4()?;
            // Without it there is still the usual address.
            if socket.bind((source, 0).into()).is_ok() {
                return socket.connect(address).await;
            }
        }
        TcpStream::connect(address).await
    }
}

/// Where the connect with this number comes from.
fn source(number: usize) -> Ipv4Addr {
    let last = 1 + number / PER_ADDRESS % ADDRESSES;
    Ipv4Addr::new(127, 0, 0, u8::try_from(last).unwrap_or(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_connects_come_from_each_address_in_turn() {
        let last = |number| source(number).octets()[3];
        assert_eq!([last(0), last(1_023), last(1_024), last(10_000)], [1, 1, 2, 10]);
        assert_eq!([last(PER_ADDRESS * ADDRESSES - 1), last(PER_ADDRESS * ADDRESSES)], [200, 1]);
        assert_eq!(last(usize::MAX), 1 + u8::try_from(usize::MAX / PER_ADDRESS % ADDRESSES).unwrap());
    }

    #[tokio::test]
    async fn connections_are_spread_and_a_dead_port_is_refused_in_words() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let sources = Sources::default();
        for (number, expected) in [(0, "127.0.0.1"), (5 * PER_ADDRESS, "127.0.0.6")] {
            sources.0.store(number, Ordering::Relaxed);
            let stream = sources.connect("127.0.0.1", port).await.unwrap();
            if cfg!(target_os = "linux") {
                assert_eq!(stream.local_addr().unwrap().ip().to_string(), expected);
            }
        }
        drop(listener);
        let error = sources.connect("127.0.0.1", port).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    }
}
