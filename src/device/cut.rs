//! The ends of a connection: FIN, RST, a farewell, and letting go without hurry.
//!
//! A cut is one of TCP, whatever lies on it: FIN without TLS's close_notify and without WebSocket's Close, as when a process
//! dies. A Close would even be a farewell: AWS IoT Core takes it for a DISCONNECT, and sends no will.

use super::wire::Wire;
use socket2::SockRef;
use std::net::Shutdown;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long a closed socket waits for the broker to close its side. Longer than any broker that is alive needs, even with
/// ten thousand of them at once.
const LINGER: Duration = Duration::from_secs(10);

/// Sends FIN now, and keeps the socket until the broker has closed too: closing a socket that holds unread data would
/// send RST behind the FIN, and a broker that sees the RST first may even lose a DISCONNECT.
pub fn fin(wire: Wire) {
    half_close(wire.socket());
    linger(wire);
}

/// Sends FIN now and waits until the broker has closed too, for at most ten seconds.
pub async fn fin_and_wait(wire: Wire) {
    half_close(wire.socket());
    drain(wire).await;
}

/// Closes after a DISCONNECT, as it is done on that wire: the layers say that they end, then comes FIN.
pub fn farewell(wire: Wire) {
    match wire {
        Wire::Plain(_) => fin(wire),
        Wire::Layered(_) => drop(tokio::spawn(farewell_and_wait(wire))),
    }
}

/// The same, and waits until the broker has closed too, for at most ten seconds each.
pub async fn farewell_and_wait(mut wire: Wire) {
    if matches!(wire, Wire::Layered(_)) {
        // An error says that the other side has closed already.
        let _ = timeout(LINGER, wire.shutdown()).await;
    }
    fin_and_wait(wire).await;
}

/// Sends RST now.
pub fn rst(wire: Wire) {
    // Without SO_LINGER it would be a FIN: nothing better can be done, and it cannot fail on an open TCP socket.
    let _ = wire.socket().set_zero_linger();
    drop(wire);
}

/// Keeps the socket, without a task to feed it, until the broker closes it.
pub fn linger(wire: Wire) {
    tokio::spawn(drain(wire));
}

fn half_close(socket: &TcpStream) {
    // Fails only when the other side has already reset the connection: then there is nothing to close.
    let _ = SockRef::from(socket).shutdown(Shutdown::Write);
}

/// Nobody reads any more, so the layers are passed by.
async fn drain(wire: Wire) {
    let socket = wire.socket();
    let until_eof = async { while socket.readable().await.is_ok() && discard(socket) {} };
    let _ = timeout(LINGER, until_eof).await;
}

/// Reads and forgets what is there; false at the end of the stream.
fn discard(stream: &TcpStream) -> bool {
    let mut buffer = [0; 512];
    match stream.try_read(&mut buffer) {
        Ok(read) => read > 0,
        Err(error) => error.kind() == std::io::ErrorKind::WouldBlock,
    }
}
