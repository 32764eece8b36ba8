//! Floor 1: the way to a broker: TCP, TLS on it where the address says so, WebSocket on that, and in words what failed.
//!
//! - [`stream`] is what comes of it: bytes in, bytes out; [`trouble`] says why nothing did;
//! - [`stranger`] knows what answers in place of a broker;
//! - [`shared`] is for many connections that go the same way;
//! - [`proxy`] asks an HTTP proxy for a tunnel; [`websocket`] asks for the upgrade; [`aws`] knows what AWS IoT Core wants to be asked, signed by [`sigv4`] with what
//!   [`credentials`] finds.

mod aws;
mod credentials;
mod proxy;
mod shared;
mod sigv4;
mod stranger;
mod stream;
mod trouble;
mod websocket;

pub use proxy::Proxy;
pub use shared::SharedRoute;
pub use stranger::Stranger;
pub use stream::Stream;
pub use trouble::{DialError, Stage, Upgrade};

use crate::mqtt::address::authority;
use crate::mqtt::{BrokerAddress, Scheme};
use crate::tls::{TlsOptions, client_config, server_name};
use std::fmt;
use std::io;
use std::time::Duration;
use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// How long it may take until there is something to connect with, such as credentials from the network.
const PREPARATION: Duration = Duration::from_secs(30);

/// Where to, and how.
#[derive(Clone, PartialEq, Eq)]
pub struct Route {
    /// The broker. Its login is no part of the way, except that AWS wants another ALPN for one.
    pub address: BrokerAddress,
    /// How TLS is set up, where the scheme has it. The files are read again for every connection: they may be renewed.
    pub tls: TlsOptions,
    /// More headers for the request of a WebSocket: names and values.
    pub headers: Vec<(String, String)>,
    /// The HTTP proxy that the way goes through.
    pub proxy: Option<Proxy>,
    /// The flag with which a person names another broker.
    pub flag: &'static str,
}

impl fmt::Debug for Route {
    /// Headers may hold tokens: only their names are shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        let mut shown = f.debug_struct("Route");
        shown.field("address", &self.address).field("tls", &self.tls).field("headers", &headers);
        shown.field("proxy", &self.proxy).field("flag", &self.flag).finish()
    }
}

impl From<BrokerAddress> for Route {
    fn from(address: BrokerAddress) -> Self {
        Self { address, tls: TlsOptions::default(), headers: Vec::new(), proxy: None, flag: "--broker" }
    }
}

impl Route {
    /// Whom to ask for: the name in TLS (SNI) and in the Host header. A tunnel's end is connected to, and not asked for.
    fn name(&self) -> &str {
        self.tls.server_name.as_deref().unwrap_or(&self.address.host)
    }

    /// Whether this leads to AWS IoT Core.
    #[must_use]
    pub fn is_aws(&self) -> bool {
        aws::is_endpoint(self.name())
    }

    /// What may be wrong with a broker that closes, or says nothing, instead of CONNACK: one sentence or two.
    #[must_use]
    pub fn doubt(&self) -> &'static str {
        match self.address.scheme {
            _ if self.is_aws() => {
                "AWS IoT Core does so when the certificate is not active, or its policy does not allow iot:Connect for this \
                 client id."
            }
            Scheme::Mqtt => "Is it an MQTT broker, and is this its port for MQTT without TLS?",
            Scheme::Mqtts if self.tls.cert.is_none() => {
                "Is it an MQTT broker? It may also want to see a client certificate: --cert and --key."
            }
            _ => "Is it an MQTT broker?",
        }
    }

    /// What the Host header says: as browsers and AWS's signature have it, without the port that the scheme means anyway.
    fn host_header(&self) -> String {
        let (name, scheme, port) = (self.name(), self.address.scheme, self.address.port);
        if port != scheme.port() {
            authority(name, port)
        } else if name.contains(':') {
            format!("[{name}]")
        } else {
            name.to_owned()
        }
    }

    /// What must be known before a connection is opened. Not part of [`Self::dial`] because it may take its own time:
    /// credentials of AWS come from files, from programs or from the network. It holds for one connection.
    ///
    /// # Errors
    /// When there is nothing to connect with: [`DialError::Setup`].
    pub async fn prepare(&self) -> Result<Prepared, DialError> {
        let tls = self.connector().await?;
        Ok(Prepared { tls, request: self.request().await?, lean: false })
    }

    /// TLS as the options have it, where the scheme has it.
    async fn connector(&self) -> Result<Option<TlsConnector>, DialError> {
        if !self.address.scheme.is_secure() {
            return Ok(None);
        }
        let mut options = self.tls.clone();
        if options.alpn.is_empty() {
            options.alpn.extend(aws::alpn(self).map(str::to_owned));
        }
        let config = tokio::task::spawn_blocking(move || client_config(&options)).await;
        let config = config.map_err(|error| DialError::Setup(format!("TLS could not be set up: {error}")))?;
        Ok(Some(TlsConnector::from(config.map_err(|error| DialError::Setup(error.to_string()))?)))
    }

    /// The request for a WebSocket, where the scheme has it.
    async fn request(&self) -> Result<Option<websocket::Request>, DialError> {
        if !self.address.scheme.is_websocket() {
            return Ok(None);
        }
        let path = timeout(PREPARATION, aws::signed_path(self)).await.unwrap_or_else(|_| {
            Err(DialError::Setup("what gives out credentials did not answer in time".to_owned()))
        })?;
        websocket::request(self, &path).map(Some)
    }

    /// Opens a connection; all of it must be done by `deadline`. `receive_buffer` asks the kernel for a larger one.
    ///
    /// # Errors
    /// When there is none.
    pub async fn dial(
        &self,
        prepared: Prepared,
        receive_buffer: Option<u32>,
        deadline: Instant,
    ) -> Result<Stream, DialError> {
        let (host, port) = (self.address.host.as_str(), self.address.port);
        let tcp = match &self.proxy {
            None => connect(host, port, receive_buffer, deadline).await?,
            Some(proxy) => {
                let silent = |_| DialError::Proxy("it did not answer in time".to_owned());
                let tunnel = async {
                    let mut tcp = connect(&proxy.host, proxy.port, receive_buffer, deadline)
                        .await
                        .map_err(|error| DialError::Proxy(error.of_proxy()))?;
                    proxy.tunnel(&mut tcp, host, port).await.map(|()| tcp)
                };
                timeout_at(deadline, tunnel).await.map_err(silent)??
            }
        };
        let Prepared { tls, request, lean } = prepared;
        let open = match tls {
            None => Open::Plain(tcp),
            Some(tls) => Open::Secure(Box::new(self.secure(&tls, tcp, deadline).await?)),
        };
        match (request, open) {
            (None, Open::Plain(tcp)) => Ok(Stream::new(tcp)),
            (None, Open::Secure(tls)) => Ok(Stream::new(*tls)),
            (Some(request), Open::Plain(tcp)) => {
                websocket::upgrade(request, tcp, lean, deadline).await.map(Stream::new)
            }
            (Some(request), Open::Secure(tls)) => {
                websocket::upgrade(request, *tls, lean, deadline).await.map(Stream::new)
            }
        }
    }

    async fn secure(
        &self,
        tls: &TlsConnector,
        tcp: TcpStream,
        deadline: Instant,
    ) -> Result<TlsStream<TcpStream>, DialError> {
        let name = server_name(&self.tls, &self.address.host).map_err(|error| DialError::Setup(error.to_string()))?;
        match timeout_at(deadline, tls.connect(name, tcp)).await {
            Ok(result) => result.map_err(|error| DialError::of_io(&error, Stage::Tls)),
            Err(_) => Err(DialError::Silent(Stage::Tls)),
        }
    }
}

async fn connect(
    host: &str,
    port: u16,
    receive_buffer: Option<u32>,
    deadline: Instant,
) -> Result<TcpStream, DialError> {
    let silent = |_| DialError::Silent(Stage::Tcp);
    let found = timeout_at(deadline, lookup_host((host, port))).await.map_err(silent)?;
    let found: Vec<_> = found.map_err(|error| DialError::unresolved(host, &error))?.collect();
    let mut trouble = DialError::unresolved(host, &io::ErrorKind::NotFound.into());
    for (index, address) in found.iter().enumerate() {
        // One address that swallows everything must not use up the time of the others.
        let left = u32::try_from(found.len() - index).unwrap_or(u32::MAX);
        let now = Instant::now();
        let until = now + deadline.saturating_duration_since(now) / left;
        let attempt = async {
            let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
            socket.set_nodelay(true)?;
            if let Some(size) = receive_buffer {
                // Before the connection: the window that is agreed on then follows from it.
                socket.set_recv_buffer_size(size)?;
            }
            socket.connect(*address).await
        };
        match timeout_at(until, attempt).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => trouble = DialError::unreachable(&error),
            Err(_) => trouble = DialError::Silent(Stage::Tcp),
        }
    }
    Err(trouble)
}

/// What one connection is opened with.
pub struct Prepared {
    tls: Option<TlsConnector>,
    request: Option<websocket::Request>,
    /// Whether it is for one of many connections that hear little.
    lean: bool,
}

impl fmt::Debug for Prepared {
    /// The request may hold a signature or a token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prepared").finish_non_exhaustive()
    }
}

enum Open {
    Plain(TcpStream),
    Secure(Box<TlsStream<TcpStream>>),
}
