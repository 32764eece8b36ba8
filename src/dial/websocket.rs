//! MQTT in the binary frames of a WebSocket (3.1.1 section 6): a packet may be cut anywhere, and frames say nothing.

use super::Route;
use super::stream::Layer;
use super::trouble::{DialError, Stage, Upgrade};
use bytes::{Buf, Bytes};
use futures_util::{Sink, Stream};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::http::{self, HeaderName, HeaderValue};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

/// The request for an upgrade.
pub type Request = http::Request<()>;

/// What one message of the WebSocket may have: the largest packet of MQTT. Memory is only taken for what comes.
const LARGEST: usize = 268_435_460;

/// Headers that make the request one for a WebSocket: another value would break it.
const OWN: [&str; 5] =
    ["connection", "upgrade", "sec-websocket-key", "sec-websocket-protocol", "sec-websocket-version"];

/// The request for `path`, with the headers of the route; a Host of its own is allowed.
pub fn request(route: &Route, path: &str) -> Result<Request, DialError> {
    let scheme = route.address.scheme;
    let host = route.host_header();
    // The text of an error could quote the path, and that could hold a token.
    let wrong = |what: &str| DialError::Setup(format!("{what} cannot stand in a request for a WebSocket"));
    let uri = format!("{}://{host}{path}", scheme.name());
    let mut request = uri.into_client_request().map_err(|_| wrong("the path of the address"))?;
    let headers = request.headers_mut();
    headers.insert(http::header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static("mqtt"));
    for (name, value) in &route.headers {
        let header = name.parse::<HeaderName>().ok().filter(|name| !OWN.contains(&name.as_str()));
        let header = header.ok_or_else(|| wrong(&format!("the header {name:?}")))?;
        let value = value.parse().map_err(|_| wrong(&format!("the value of the header {name:?}")))?;
        headers.insert(header, value);
    }
    Ok(request)
}

/// What is read at once where there are many connections that hear little. It is taken for as long as a connection stands;
/// the usual is 128 KiB.
const LEAN: usize = 1024;

/// Asks for the upgrade. `lean` is for one of many connections that hear little.
pub async fn upgrade<S>(request: Request, stream: S, lean: bool, deadline: Instant) -> Result<WebSocket<S>, DialError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut config = WebSocketConfig::default();
    if lean {
        config.read_buffer_size = LEAN;
    }
    config.max_message_size = Some(LARGEST);
    config.max_frame_size = Some(LARGEST);
    let upgrade = client_async_with_config(request, stream, Some(config));
    match timeout_at(deadline, upgrade).await {
        Ok(Ok((frames, _))) => Ok(WebSocket { frames, rest: Bytes::new() }),
        Ok(Err(error)) => Err(refusal(&error)),
        Err(_) => Err(DialError::Silent(Stage::WebSocket)),
    }
}

fn refusal(error: &Error) -> DialError {
    DialError::Upgrade(match error {
        Error::Io(error) => return DialError::of_io(error, Stage::WebSocket),
        Error::ConnectionClosed | Error::AlreadyClosed | Error::Protocol(ProtocolError::HandshakeIncomplete) => {
            return DialError::Closed(Stage::WebSocket);
        }
        Error::Http(response) => Upgrade::Status(response.status().as_u16()),
        Error::Protocol(ProtocolError::SecWebSocketSubProtocolError(_)) => Upgrade::NoSubprotocol,
        other => Upgrade::Wrong(other.to_string()),
    })
}

/// The bytes in the frames.
pub struct WebSocket<S> {
    frames: WebSocketStream<S>,
    /// What is left of the last frame.
    rest: Bytes,
}

impl<S: Layer> Layer for WebSocket<S> {
    fn socket(&self) -> &TcpStream {
        self.frames.get_ref().socket()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for WebSocket<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        while self.rest.is_empty() {
            match ready!(Pin::new(&mut self.frames).poll_next(cx)) {
                Some(Ok(Message::Binary(bytes))) => self.rest = bytes,
                // Pings are answered inside; an answer to one is nothing to read.
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                // [MQTT-6.0.0-1]
                Some(Ok(Message::Text(_))) => {
                    return Poll::Ready(Err(io::Error::new(
                        io::ErrorKind::InvalidData,
                        "the broker sent text on the WebSocket: MQTT is binary",
                    )));
                }
                Some(Ok(Message::Close(_))) | None => return Poll::Ready(Ok(())),
                Some(Err(error)) => return Poll::Ready(closed_or(error)),
            }
        }
        let length = self.rest.len().min(buffer.remaining());
        buffer.put_slice(&self.rest[..length]);
        self.rest.advance(length);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for WebSocket<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut frames = Pin::new(&mut self.frames);
        ready!(frames.as_mut().poll_ready(cx)).map_err(io_error)?;
        frames.start_send(Message::Binary(Bytes::copy_from_slice(bytes))).map_err(io_error)?;
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.frames).poll_flush(cx).map_err(io_error)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match ready!(Pin::new(&mut self.frames).poll_close(cx)) {
            Ok(()) => Poll::Ready(Ok(())),
            Err(error) => Poll::Ready(closed_or(error)),
        }
    }
}

/// An end is no error.
fn closed_or(error: Error) -> io::Result<()> {
    match error {
        Error::ConnectionClosed
        | Error::AlreadyClosed
        | Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => Ok(()),
        error => Err(io_error(error)),
    }
}

fn io_error(error: Error) -> io::Error {
    match error {
        // Kept as it is: TLS may speak through it.
        Error::Io(error) => error,
        // Some of its words name the WebSocket, some do not.
        error => io::Error::new(io::ErrorKind::InvalidData, format!("the WebSocket is broken: {error}")),
    }
}
