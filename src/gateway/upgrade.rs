//! The request that makes a WebSocket of an HTTP connection (RFC 6455 section 4.2), and its answer.

use super::websocket::WebSocket;
use std::io;
use std::net::IpAddr;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::error::{Error, ProtocolError};
use tokio_tungstenite::tungstenite::handshake::machine::TryParse;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response, create_response, write_response};
use tokio_tungstenite::tungstenite::http::Uri;
use tokio_tungstenite::tungstenite::http::header::{HeaderValue, ORIGIN, SEC_WEBSOCKET_PROTOCOL};

/// The path of MQTT's WebSocket, as AWS IoT Core and most clients have it.
pub(super) const PATH: &str = "/mqtt";

/// The longest request: tokens and cookies stand in headers. Memory is only taken for what comes.
const LARGEST: usize = 16 * 1024;

/// How long a client may take to read why it was refused.
const HEARD: Duration = Duration::from_millis(200);

/// Why there is no WebSocket.
#[derive(Debug)]
pub(super) enum NoUpgrade {
    /// It was told so: the status and its text.
    Refused(&'static str, &'static str),
    Io(io::Error),
}

impl From<io::Error> for NoUpgrade {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Reads the request and answers it. `open`: whoever reaches the door gets in, and only this machine reaches it, so that it
/// has to be asked which web page a request comes from.
pub(super) async fn upgrade<S>(mut stream: S, open: bool) -> Result<WebSocket<S>, NoUpgrade>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let answer = match read(&mut stream).await? {
        Ok(request) => judge(&request, open),
        Err(refusal) => Err(refusal),
    };
    match answer {
        Ok(response) => {
            let mut bytes = Vec::new();
            write_response(&mut bytes, &response).map_err(io::Error::other)?;
            stream.write_all(&bytes).await?;
            stream.flush().await?;
            Ok(WebSocket::new(stream))
        }
        Err((status, why)) => {
            refuse(&mut stream, status, why).await?;
            Err(NoUpgrade::Refused(status, why))
        }
    }
}

type Refusal = (&'static str, &'static str);

const BAD: &str = "400 Bad Request";

/// Reads to the empty line behind the headers.
async fn read<S: AsyncRead + Unpin>(stream: &mut S) -> io::Result<Result<Request, Refusal>> {
    let mut bytes = Vec::new();
    loop {
        let mut piece = [0; 1024];
        let length = stream.read(&mut piece).await?;
        if length == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        // The line may lie across two pieces.
        let from = bytes.len().saturating_sub(3);
        bytes.extend_from_slice(&piece[..length]);
        if bytes[from..].windows(4).any(|four| four == b"\r\n\r\n") {
            break;
        }
        if bytes.len() > LARGEST {
            return Ok(Err(("431 Request Header Fields Too Large", "the headers have more than 16 KiB")));
        }
        // What is no request at all does not have to be waited for.
        if !b"GET ".starts_with(&bytes[..bytes.len().min(4)]) {
            return Ok(Err(not_get(&bytes)));
        }
    }
    Ok(match Request::try_parse(&bytes) {
        Ok(Some((length, request))) if length == bytes.len() => Ok(request),
        Ok(_) => Err((BAD, "nothing may follow the request before it is answered")),
        Err(Error::Protocol(ProtocolError::WrongHttpMethod)) => Err(not_get(&bytes)),
        Err(_) => Err((BAD, "that is no HTTP/1.1 request")),
    })
}

fn not_get(bytes: &[u8]) -> Refusal {
    let method = bytes.split(|byte| *byte == b' ').next().unwrap_or_default();
    if !method.is_empty() && method.iter().all(u8::is_ascii_uppercase) {
        ("405 Method Not Allowed", "a WebSocket begins with GET")
    } else if bytes.starts_with(&[0x16, 3]) {
        // A handshake of TLS (RFC 8446 section 5.1).
        (BAD, "this begins like TLS: the door for a WebSocket over TLS is --wss-listen")
    } else if bytes.first() == Some(&0x10) {
        (BAD, "this begins like MQTT without a WebSocket: the door for that is --listen")
    } else {
        (BAD, "that is no HTTP/1.1 request")
    }
}

/// Whether the page that is the origin of a request was served by this machine (RFC 6454 section 6.1). Not so `null`, which
/// any page can make itself.
fn is_local(origin: &[u8]) -> bool {
    let Some(uri) = std::str::from_utf8(origin).ok().and_then(|origin| origin.parse::<Uri>().ok()) else {
        return false;
    };
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn judge(request: &Request, open: bool) -> Result<Response, Refusal> {
    // RFC 6455 section 10.2: any page that a person looks at may try to connect to what listens on the person's machine. A
    // program that is no browser sends no such header, or in it the address that it connects to.
    if open && !request.headers().get_all(ORIGIN).into_iter().all(|origin| is_local(origin.as_bytes())) {
        return Err((
            "403 Forbidden",
            "a web page of another site may not come in where lwtop asks devices for no login",
        ));
    }
    if request.uri().path() != PATH {
        return Err(("404 Not Found", "the WebSocket of MQTT is at /mqtt"));
    }
    let mut response = create_response(request).map_err(|error| match error {
        Error::Protocol(
            ProtocolError::MissingConnectionUpgradeHeader
            | ProtocolError::MissingUpgradeWebSocketHeader
            | ProtocolError::MissingSecWebSocketVersionHeader,
        ) => ("426 Upgrade Required", "this address speaks MQTT over WebSocket, version 13"),
        _ => (BAD, "the key of the WebSocket is missing or wrong"),
    })?;
    // [MQTT-6.0.0-3] and [MQTT-6.0.0-4].
    let offered = request.headers().get_all(SEC_WEBSOCKET_PROTOCOL).into_iter().filter_map(|value| value.to_str().ok());
    if !offered.flat_map(|value| value.split(',')).any(|name| name.trim() == "mqtt") {
        return Err((BAD, "the WebSocket must offer the subprotocol mqtt"));
    }
    response.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static("mqtt"));
    Ok(response)
}

async fn refuse<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S, status: &str, why: &str) -> io::Result<()> {
    let headers = match &status[..3] {
        "405" => "Allow: GET\r\n",
        "426" => "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n",
        _ => "",
    };
    let length = why.len() + 1;
    let answer = format!(
        "HTTP/1.1 {status}\r\n{headers}Connection: close\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\n\r\n{why}\n"
    );
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await?;
    // One that still talks would be reset by an early close, and could lose the answer.
    let drain = async {
        let mut piece = [0; 1024];
        while stream.read(&mut piece).await.is_ok_and(|length| length > 0) {}
    };
    let _ = timeout(HEARD, drain).await;
    Ok(())
}
