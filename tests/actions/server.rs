//! A web server of a test's own: it answers as it is told, and keeps what it was sent.

use std::collections::HashMap;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::scene::PATIENCE;

#[derive(Debug)]
pub struct Request {
    pub line: String,
    pub headers: HashMap<String, String>,
    pub body: String,
}

pub struct Server {
    pub port: u16,
    requests: mpsc::UnboundedReceiver<Request>,
}

impl Server {
    /// Answers with these, one after the other, then with the last for ever; an empty answer is none at all.
    pub async fn start(answers: &[&str]) -> Self {
        Self::listen(answers, None).await
    }

    pub async fn listen(answers: &[&str], tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, requests) = mpsc::unbounded_channel();
        let answers: Vec<String> = answers.iter().map(|answer| (*answer).to_owned()).collect();
        tokio::spawn(async move {
            let mut answers = answers.into_iter().peekable();
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                // One connection for each request: every answer closes.
                let answer = answers.next().unwrap();
                if answers.peek().is_none() {
                    answers = vec![answer.clone()].into_iter().peekable();
                }
                let sender = sender.clone();
                let tls = tls.clone();
                tokio::spawn(async move {
                    match tls {
                        None => serve(socket, &answer, &sender).await,
                        // A client that does not trust the certificate goes here.
                        Some(tls) => {
                            if let Ok(socket) = tls.accept(socket).await {
                                serve(socket, &answer, &sender).await;
                            }
                        }
                    }
                });
            }
        });
        Self { port, requests }
    }

    pub fn url(&self, rest: &str) -> String {
        format!("http://127.0.0.1:{}{rest}", self.port)
    }

    pub async fn request(&mut self) -> Request {
        timeout(PATIENCE, self.requests.recv()).await.expect("no request came").unwrap()
    }

    /// How many requests came that nobody looked at.
    pub fn others(&self) -> usize {
        self.requests.len()
    }
}

async fn serve(socket: impl AsyncRead + AsyncWrite + Unpin, answer: &str, sender: &mpsc::UnboundedSender<Request>) {
    let mut socket = BufReader::new(socket);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if socket.read_line(&mut line).await.unwrap_or(0) == 0 {
            return;
        }
        if line == "\r\n" {
            break;
        }
        lines.push(line.trim_end().to_owned());
    }
    let line = lines.remove(0);
    let headers: HashMap<_, _> = lines
        .iter()
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    socket.read_exact(&mut body).await.unwrap();
    let body = String::from_utf8(body).unwrap();
    let _ = sender.send(Request { line, headers, body });
    if answer.is_empty() {
        // Until the client gives up.
        let _ = socket.read(&mut [0]).await;
        return;
    }
    let endless = answer.contains("chunked");
    let head = if endless { "" } else { "connection: close\r\ncontent-length: 0\r\n" };
    let _ = socket.write_all(format!("HTTP/1.1 {answer}\r\n{head}\r\n").as_bytes()).await;
    let _ = socket.flush().await;
    while endless && socket.write_all(b"4\r\nmore\r\n").await.is_ok() && socket.flush().await.is_ok() {}
}
