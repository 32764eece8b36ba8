//! The bytes of MQTT to one side of a connection, whatever carries them.

use super::websocket::WebSocket;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

/// What carries the bytes. An enumeration, and everything but TCP boxed: a connection's task is to stay small.
#[derive(Debug)]
pub(super) enum Stream {
    Tcp(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
    WebSocket(Box<WebSocket<TcpStream>>),
    SecureWebSocket(Box<WebSocket<Box<TlsStream<TcpStream>>>>),
}

/// Calls the same on whatever it is.
macro_rules! each {
    ($self:expr, $inner:ident => $call:expr) => {
        match $self {
            Self::Tcp($inner) => $call,
            Self::Tls($inner) => $call,
            Self::WebSocket($inner) => $call,
            Self::SecureWebSocket($inner) => $call,
        }
    };
}

impl Stream {
    /// The socket below, for what only a socket can do.
    pub(super) fn tcp(&self) -> &TcpStream {
        match self {
            Self::Tcp(tcp) => tcp,
            Self::Tls(tls) => tls.get_ref().0,
            Self::WebSocket(websocket) => websocket.inner(),
            Self::SecureWebSocket(websocket) => websocket.inner().get_ref().0,
        }
    }

    /// Whether what is written may wait until it is flushed.
    pub(super) const fn buffers(&self) -> bool {
        !matches!(self, Self::Tcp(_))
    }

    /// How the wire showed that nothing more comes. TLS ends by close_notify or without: both are a FIN. A Close frame is
    /// the end of the connection and no DISCONNECT, so the will is due (3.1.1 sections 3.1.2.5 and 6).
    pub(super) fn how_ended(&self) -> &'static str {
        let closed = match self {
            Self::Tcp(_) | Self::Tls(_) => false,
            Self::WebSocket(websocket) => websocket.was_closed(),
            Self::SecureWebSocket(websocket) => websocket.was_closed(),
        };
        if closed { "WebSocket Close" } else { "FIN" }
    }

    /// What was wrong with bytes that could not be read.
    pub(super) fn how_garbled(&self) -> &'static str {
        let wrong = match self {
            Self::Tcp(_) | Self::Tls(_) => None,
            Self::WebSocket(websocket) => websocket.wrong(),
            Self::SecureWebSocket(websocket) => websocket.wrong(),
        };
        wrong.unwrap_or("broken TLS")
    }
}

impl From<TcpStream> for Stream {
    fn from(tcp: TcpStream) -> Self {
        Self::Tcp(tcp)
    }
}

impl From<Box<TlsStream<TcpStream>>> for Stream {
    fn from(tls: Box<TlsStream<TcpStream>>) -> Self {
        Self::Tls(tls)
    }
}

impl From<WebSocket<TcpStream>> for Stream {
    fn from(websocket: WebSocket<TcpStream>) -> Self {
        Self::WebSocket(Box::new(websocket))
    }
}

impl From<WebSocket<Box<TlsStream<TcpStream>>>> for Stream {
    fn from(websocket: WebSocket<Box<TlsStream<TcpStream>>>) -> Self {
        Self::SecureWebSocket(Box::new(websocket))
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(tcp) => Pin::new(tcp).poll_read(cx, buf),
            Self::WebSocket(websocket) => Pin::new(websocket).poll_read(cx, buf),
            Self::Tls(tls) => Pin::new(tls).poll_read(cx, buf).map(unless_it_ended),
            Self::SecureWebSocket(websocket) => Pin::new(websocket).poll_read(cx, buf).map(unless_it_ended),
        }
    }
}

/// That TLS ended without close_notify, or with the client's alert, is an end like any other.
fn unless_it_ended(result: io::Result<()>) -> io::Result<()> {
    result.or_else(|error| {
        let tls = error.get_ref().and_then(|error| error.downcast_ref::<rustls::Error>());
        let ended =
            error.kind() == io::ErrorKind::UnexpectedEof || matches!(tls, Some(rustls::Error::AlertReceived(_)));
        if ended { Ok(()) } else { Err(error) }
    })
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        each!(self.get_mut(), stream => Pin::new(stream).poll_write(cx, bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self.get_mut(), stream => Pin::new(stream).poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self.get_mut(), stream => Pin::new(stream).poll_shutdown(cx))
    }
}
