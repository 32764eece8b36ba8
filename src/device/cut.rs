//! The ends of a socket: FIN, RST, and letting go without hurry.

use socket2::SockRef;
use std::net::Shutdown;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long a closed socket waits for the broker to close its side. Longer than any broker that is alive needs, even with
/// ten thousand of them at once.
const LINGER: Duration = Duration::from_secs(10);

/// Sends FIN now, and keeps the socket until the broker has closed too: closing a socket that holds unread data would
/// send RST behind the FIN, and a broker that sees the RST first may even lose a DISCONNECT.
pub fn fin(stream: TcpStream) {
    half_close(&stream);
    linger(stream);
}

/// Sends FIN now and waits until the broker has closed too, for at most ten seconds.
pub async fn fin_and_wait(stream: TcpStream) {
    half_close(&stream);
    drain(stream).await;
}

/// Sends RST now.
pub fn rst(stream: TcpStream) {
    // Without SO_LINGER it would be a FIN: nothing better can be done, and it cannot fail on an open TCP socket.
    let _ = stream.set_zero_linger();
    drop(stream);
}

/// Keeps the socket, without a task to feed it, until the broker closes it.
pub fn linger(stream: TcpStream) {
    tokio::spawn(drain(stream));
}

fn half_close(stream: &TcpStream) {
    // Fails only when the other side has already reset the connection: then there is nothing to close.
    let _ = SockRef::from(stream).shutdown(Shutdown::Write);
}

async fn drain(stream: TcpStream) {
    let until_eof = async { while stream.readable().await.is_ok() && discard(&stream) {} };
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
