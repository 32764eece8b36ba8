//! From nothing to CONNACK.

use super::packets::{self, Unsendable};
use super::scanner::Scanner;
use super::source::Sources;
use super::target::Target;
use super::template::DeviceTemplate;
use super::wire::Wire;
use crate::dial::{DialError, SharedRoute, Stranger};
use crate::mqtt::{ClientId, KeepAlive, Protocol, Qos, reason};
use crate::tls::explain;
use mqtt5_protocol::Properties;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};

/// How long a broker may take from the first SYN to CONNACK. AWS IoT Core closes after 30 s; people wait less.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// A CONNACK longer than this is not believed: real ones have at most a few hundred bytes of properties.
const LONGEST_CONNACK: u32 = 64 * 1024;

/// Why a device could not connect.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Its CONNECT or its announcement cannot be written down.
    #[error("{id} cannot be a device: {why}; choose another client id or topic")]
    Unsendable {
        /// The client id.
        id: ClientId,
        /// Why.
        why: String,
    },
    /// There is no TCP connection.
    #[error("cannot reach the broker at {at}: {why}; is it running, and is this its address?")]
    Unreachable {
        /// Where.
        at: String,
        /// Why.
        why: String,
    },
    /// There is no connection of TLS or WebSocket: what, where, what to do.
    #[error("{0}")]
    Dial(String),
    /// CONNACK refused it.
    #[error("the broker at {at} refused {id}: {words} ({code}){advice}", words = reason::connack(*protocol, *code), code = told(*protocol, *code))]
    Refused {
        /// Where.
        at: String,
        /// Who.
        id: ClientId,
        /// In which version the code is meant.
        protocol: Protocol,
        /// The return code (3.1.1) or reason code (5).
        code: u8,
        /// What to do, as a sentence behind this one; it may be empty.
        advice: String,
    },
    /// The connection ended before CONNACK.
    #[error("the broker at {at} closed the connection of {id} without CONNACK. {doubt}")]
    Closed {
        /// Where.
        at: String,
        /// Who.
        id: ClientId,
        /// What may be wrong.
        doubt: String,
    },
    /// The answer is that of another protocol: what, where, what to do.
    #[error("{0}")]
    Stranger(String),
    /// The answer is not CONNACK.
    #[error("what answers at {at} is no MQTT broker: it sent something else than CONNACK")]
    NotMqtt {
        /// Where.
        at: String,
    },
    /// There was no answer.
    #[error("the broker at {at} did not answer {id} within {} s. {doubt}", PATIENCE.as_secs())]
    Silent {
        /// Where.
        at: String,
        /// Who.
        id: ClientId,
        /// What the reason may be.
        doubt: String,
    },
}

/// A code as its specification writes it.
fn told(protocol: Protocol, code: u8) -> String {
    match protocol {
        Protocol::V311 => format!("return code {code}"),
        Protocol::V5 => format!("reason code 0x{code:02X}"),
    }
}

/// A connection that CONNACK accepted.
#[derive(Debug)]
pub struct Accepted {
    /// The connection.
    pub wire: Wire,
    /// Where reading goes on.
    pub scanner: Scanner,
    /// The keep alive in force: the broker of MQTT 5 may have its own (5 section 3.2.2.3.14).
    pub keep_alive: KeepAlive,
}

/// Connects the device `id`, with its will or without.
///
/// # Errors
/// A full sentence for whatever went wrong, at the latest after [`PATIENCE`].
pub async fn connect(
    target: &Target,
    sources: &Sources,
    template: &DeviceTemplate,
    id: &ClientId,
    with_will: bool,
) -> Result<Accepted, ConnectError> {
    let packet = packets::connect(template, id, with_will).map_err(|error| unsendable(id, &error))?;
    let silent = |_| {
        let doubt = target.doubt(template.protocol);
        ConnectError::Silent { at: target.to_string(), id: id.clone(), doubt }
    };
    let (deadline, wire) = if let Some(way) = target.way() {
        Box::pin(dial(way)).await.map_err(|why| undialled(way, &why))?
    } else {
        let deadline = Instant::now() + PATIENCE;
        (deadline, timeout_at(deadline, open(target, sources)).await.map_err(silent)??)
    };
    timeout_at(deadline, converse(wire, target, template, id, &packet)).await.map_err(silent)?
}

/// Opens TCP.
async fn open(target: &Target, sources: &Sources) -> Result<Wire, ConnectError> {
    let unreachable = |error: io::Error| ConnectError::Unreachable { at: target.to_string(), why: error_words(&error) };
    let stream = sources.connect(target.host(), target.port()).await.map_err(unreachable)?;
    // Packets of a few bytes with pauses between them: waiting to fill a segment would only delay them.
    stream.set_nodelay(true).map_err(unreachable)?;
    Ok(Wire::Plain(stream))
}

/// Opens what lies on TCP as well, and says until when CONNACK is to come: preparing is nothing that the broker could
/// hurry with.
async fn dial(way: &SharedRoute) -> Result<(Instant, Wire), DialError> {
    let prepared = way.prepare().await?;
    let deadline = Instant::now() + PATIENCE;
    let stream = way.dial(prepared, deadline).await?;
    Ok((deadline, Wire::Layered(Box::new(stream))))
}

fn undialled(way: &SharedRoute, why: &DialError) -> ConnectError {
    ConnectError::Dial(why.sentence(way.route(), PATIENCE.as_secs()))
}

/// What a device says first, and with which QoS: made, like one of its telemetry messages, before it connects, so that a
/// bad topic shows now and not later.
///
/// # Errors
/// When the client id does not fit into a topic.
pub fn first_words(template: &DeviceTemplate, id: &ClientId) -> Result<Option<(Vec<u8>, Qos)>, ConnectError> {
    packets::telemetry(template, id).map_err(|error| unsendable(id, &error))?;
    packets::announcement(template, id).map_err(|error| unsendable(id, &error))
}

fn unsendable(id: &ClientId, error: &Unsendable) -> ConnectError {
    ConnectError::Unsendable { id: id.clone(), why: error.to_string() }
}

async fn converse(
    mut wire: Wire,
    target: &Target,
    template: &DeviceTemplate,
    id: &ClientId,
    packet: &[u8],
) -> Result<Accepted, ConnectError> {
    let protocol = template.protocol;
    let at = || target.to_string();
    // With TLS 1.3 a certificate may be refused as late as now.
    let closed = |error: io::Error| match explain(&error).zip(target.way()) {
        Some((why, way)) => undialled(way, &DialError::Tls(why)),
        None => ConnectError::Closed { at: at(), id: id.clone(), doubt: target.doubt(protocol) },
    };
    wire.write_all(packet).await.map_err(closed)?;
    wire.flush().await.map_err(closed)?;
    let first = wire.read_u8().await.map_err(closed)?;
    if first != 0x20 {
        return Err(match stranger(&mut wire, first).await {
            Some(stranger) => ConnectError::Stranger(stranger.sentence(&target.route())),
            None => ConnectError::NotMqtt { at: at() },
        });
    }
    let mut length = 0;
    for shift in [0, 7, 14, 21] {
        let byte = wire.read_u8().await.map_err(closed)?;
        length |= u32::from(byte & 0x7F) << shift;
        if byte & 0x80 == 0 {
            break;
        }
    }
    if !(2..=LONGEST_CONNACK).contains(&length) {
        return Err(ConnectError::NotMqtt { at: at() });
    }
    let mut body = vec![0; usize::try_from(length).unwrap_or_default()];
    wire.read_exact(&mut body).await.map_err(closed)?;
    let (code, mut properties) = (body[1], &body[2..]);
    if code != 0 {
        // A broker that knows only 3.1.1 answers MQTT 5 with a return code of 3.1.1 (3.1.2-2).
        let protocol = if code < 0x80 { Protocol::V311 } else { protocol };
        let will = template.will.as_ref().map(|will| will.topic.as_str());
        let advice = reason::topic_advice(protocol, code, will)
            .or_else(|| reason::login_advice(protocol, code, template.login.is_some()));
        let advice = advice.map(|advice| format!(". {advice}")).unwrap_or_default();
        return Err(ConnectError::Refused { at: at(), id: id.clone(), protocol, code, advice });
    }
    let server = match protocol {
        Protocol::V311 => None,
        Protocol::V5 => Properties::decode(&mut properties).ok().and_then(|found| found.get_server_keep_alive()),
    };
    let keep_alive = server.map_or(template.keep_alive, KeepAlive);
    Ok(Accepted { wire, scanner: Scanner::default(), keep_alive })
}

/// Who it is that began with this byte, if it is known. Reads no more than it takes to tell.
async fn stranger(wire: &mut Wire, first: u8) -> Option<Stranger> {
    let mut begun = vec![first];
    while Stranger::may_follow(&begun) {
        begun.push(wire.read_u8().await.ok()?);
    }
    Stranger::of(&begun)
}

/// An I/O error without the number of the operating system, which helps nobody.
pub fn error_words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused".to_owned(),
        io::ErrorKind::ConnectionReset => "connection reset".to_owned(),
        io::ErrorKind::TimedOut => "timed out".to_owned(),
        io::ErrorKind::HostUnreachable => "no route to the host".to_owned(),
        io::ErrorKind::NetworkUnreachable => "the network is unreachable".to_owned(),
        _ => error.to_string(),
    }
}
