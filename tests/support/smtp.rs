//! A mail server of a test's own on a free loopback port: it keeps what it is given, and answers as it is told.

#![allow(dead_code, reason = "not every test file needs every part")]

use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

/// A mail as the server got it.
#[derive(Debug)]
pub struct Received {
    pub from: String,
    pub to: Vec<String>,
    /// Headers and text, the dots of SMTP taken off.
    pub data: Vec<u8>,
    pub encrypted: bool,
    /// What the client said to log in, decoded: `\0user\0password`.
    pub login: Option<Vec<u8>>,
}

/// How the server behaves.
#[derive(Clone, Default)]
pub struct Manner {
    /// With what it speaks TLS: at once, or after STARTTLS.
    pub tls: Option<(When, Arc<ServerConfig>)>,
    /// Whether it offers AUTH PLAIN; it takes any password unless an answer says otherwise.
    pub login: bool,
    /// Answers to the commands that begin like this, instead of the usual ones; `""` is the greeting.
    pub answers: Vec<(&'static str, &'static str)>,
    /// The command after which it says nothing any more.
    pub falls_silent_at: Option<&'static str>,
}

/// When TLS begins.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum When {
    AtOnce,
    AfterStartTls,
}

pub struct Smtp {
    pub port: u16,
    pub mails: mpsc::UnboundedReceiver<Received>,
    /// Every command line of every connection.
    pub lines: Arc<Mutex<Vec<String>>>,
}

impl Smtp {
    pub async fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, mails) = mpsc::unbounded_channel();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&lines);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let mut session =
                    Session { manner: manner.clone(), sender: sender.clone(), lines: Arc::clone(&seen), login: None };
                tokio::spawn(async move {
                    match session.manner.tls.clone() {
                        Some((When::AtOnce, config)) => {
                            if let Ok(stream) = TlsAcceptor::from(config).accept(stream).await {
                                session.serve(stream, true, true).await;
                            }
                        }
                        Some((When::AfterStartTls, config)) => {
                            if let Some(stream) = session.serve(stream, false, true).await
                                && let Ok(stream) = TlsAcceptor::from(config).accept(stream).await
                            {
                                session.serve(stream, true, false).await;
                            }
                        }
                        None => {
                            session.serve(stream, false, true).await;
                        }
                    }
                });
            }
        });
        Self { port, mails, lines }
    }

    /// The mails so far; each was there before its sender was told that it was taken.
    pub fn received(&mut self) -> Vec<Received> {
        std::iter::from_fn(|| self.mails.try_recv().ok()).collect()
    }

    /// The first words of the commands so far.
    pub fn commands(&self) -> Vec<String> {
        let lines = self.lines.lock().unwrap();
        lines.iter().filter_map(|line| line.split_whitespace().next().map(str::to_uppercase)).collect()
    }
}

struct Session {
    manner: Manner,
    sender: mpsc::UnboundedSender<Received>,
    lines: Arc<Mutex<Vec<String>>>,
    login: Option<Vec<u8>>,
}

impl Session {
    /// Serves until the end, or until STARTTLS: then the stream is given back.
    async fn serve<S: AsyncRead + AsyncWrite + Unpin>(&mut self, stream: S, encrypted: bool, greet: bool) -> Option<S> {
        let mut stream = BufReader::new(stream);
        if greet {
            let greeting = self.answer_to("").unwrap_or("220 test ESMTP");
            stream.write_all(format!("{greeting}\r\n").as_bytes()).await.ok()?;
        }
        let (mut from, mut to) = (String::new(), Vec::new());
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await.ok()? == 0 {
                return None;
            }
            let line = line.trim_end();
            self.lines.lock().unwrap().push(line.to_owned());
            let command = line.to_uppercase();
            if self.manner.falls_silent_at.is_some_and(|at| command.starts_with(at)) {
                // Until the client has had enough.
                let _ = stream.read_to_end(&mut Vec::new()).await;
                return None;
            }
            let own = self.answer_to(&command);
            let usual = match command.split([' ', ':']).next().unwrap_or_default() {
                "EHLO" => self.features(encrypted),
                "STARTTLS" if own.is_none() => {
                    stream.write_all(b"220 go ahead\r\n").await.ok()?;
                    return Some(stream.into_inner());
                }
                "AUTH" => {
                    self.login = line.split_whitespace().nth(2).map(decode);
                    "235 welcome".to_owned()
                }
                "MAIL" => {
                    from = address(line);
                    "250 fine".to_owned()
                }
                "RCPT" => {
                    if own.is_none() {
                        to.push(address(line));
                    }
                    "250 fine".to_owned()
                }
                "DATA" if own.is_none() => {
                    stream.write_all(b"354 go ahead\r\n").await.ok()?;
                    let data = data(&mut stream).await?;
                    let login = self.login.clone();
                    let own = self.answer_to("BODY");
                    if own.is_none() {
                        let (from, to) = (std::mem::take(&mut from), std::mem::take(&mut to));
                        self.sender.send(Received { from, to, data, encrypted, login }).ok()?;
                    }
                    own.unwrap_or("250 taken").to_owned()
                }
                "QUIT" => "221 bye".to_owned(),
                _ => "250 fine".to_owned(),
            };
            let answer = own.unwrap_or(&usual);
            stream.write_all(format!("{answer}\r\n").as_bytes()).await.ok()?;
        }
    }

    fn answer_to(&self, command: &str) -> Option<&'static str> {
        let fits = |begin: &str| if begin.is_empty() { command.is_empty() } else { command.starts_with(begin) };
        self.manner.answers.iter().find(|(begin, _)| fits(begin)).map(|(_, answer)| *answer)
    }

    fn features(&self, encrypted: bool) -> String {
        let starttls = !encrypted && self.manner.tls.as_ref().is_some_and(|(when, _)| *when == When::AfterStartTls);
        let features = [(starttls, "STARTTLS"), (self.manner.login, "AUTH PLAIN")];
        let mut lines = vec!["test"];
        lines.extend(features.iter().filter(|(offered, _)| *offered).map(|(_, feature)| *feature));
        let last = lines.len() - 1;
        let line = |(index, line): (usize, &&str)| format!("250{}{line}", if index == last { ' ' } else { '-' });
        lines.iter().enumerate().map(line).collect::<Vec<_>>().join("\r\n")
    }
}

/// The address between the angle brackets.
fn address(line: &str) -> String {
    let rest = line.split_once('<').map_or("", |(_, rest)| rest);
    rest.split('>').next().unwrap_or_default().to_owned()
}

/// Everything up to the lone dot.
async fn data<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> Option<Vec<u8>> {
    let mut data = Vec::new();
    loop {
        let mut line = Vec::new();
        if stream.read_until(b'\n', &mut line).await.ok()? == 0 {
            return None;
        }
        if line == b".\r\n" {
            return Some(data);
        }
        data.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
    }
}

fn decode(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text).unwrap()
}
