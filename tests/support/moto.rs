//! AWS on this machine: `moto_server`, from `PyPI`, of a test's own on a free loopback port, ended when it is dropped.

#![allow(dead_code, reason = "not every test file needs every part")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long it may take to listen: it is a large program.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Moto {
    child: Child,
    port: u16,
}

impl Moto {
    /// Starts one; `None`, with a line that says so, where it is not installed.
    ///
    /// # Panics
    /// Where it has to be there, in CI, and is not.
    pub fn start() -> Option<Self> {
        for _ in 0..5 {
            // Taken and given back: should another process get it in between, another one is tried.
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let started = Command::new("moto_server")
                .args(["-H", "127.0.0.1", "-p", &port.to_string()])
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn();
            let Ok(child) = started else {
                // Past the test runner, which keeps the prints of passing tests to itself.
                let _ = writeln!(std::io::stderr(), "SKIPPED: a test needs moto_server, which is not installed");
                assert!(std::env::var_os("LWTOP_REQUIRE_MOTO").is_none(), "moto_server is required here");
                return None;
            };
            let mut moto = Self { child, port };
            if moto.listens() {
                return Some(moto);
            }
        }
        panic!("moto_server did not start on any of five ports");
    }

    fn listens(&mut self) -> bool {
        let deadline = Instant::now() + PATIENCE;
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            if self.child.try_wait().unwrap().is_some() || Instant::now() > deadline {
                return false;
            }
            std::thread::yield_now();
        }
        true
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// A topic with a queue that gets what is published; the topic's ARN and the queue's address.
    pub fn topic_with_queue(&self, name: &str) -> (String, String) {
        let topic = value(&self.ask("sns", &[("Action", "CreateTopic"), ("Name", name)]), "TopicArn");
        let queue = value(&self.ask("sqs", &[("Action", "CreateQueue"), ("QueueName", name)]), "QueueUrl");
        let endpoint = topic.replace(":sns:", ":sqs:");
        let subscribe =
            [("Action", "Subscribe"), ("TopicArn", &topic), ("Protocol", "sqs"), ("Endpoint", endpoint.as_str())];
        self.ask("sns", &subscribe);
        (topic, queue)
    }

    /// What the queue has got: each the notification that SNS makes of a message.
    pub fn received(&self, queue: &str) -> Vec<serde_json::Value> {
        let mut messages = Vec::new();
        loop {
            let ask = [("Action", "ReceiveMessage"), ("QueueUrl", queue), ("MaxNumberOfMessages", "10")];
            let answer = self.ask("sqs", &ask);
            let bodies: Vec<_> = answer.split("<Body>").skip(1).collect();
            if bodies.is_empty() {
                return messages;
            }
            for body in bodies {
                let body = unescape(body.split("</Body>").next().unwrap());
                messages.push(serde_json::from_str(&body).expect("a notification"));
            }
        }
    }

    /// One request of AWS's query protocol. moto reads the service and the region from the signature, and checks nothing.
    fn ask(&self, service: &str, fields: &[(&str, &str)]) -> String {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.extend_pairs([("Version", if service == "sns" { "2010-03-31" } else { "2012-11-05" })])
            .extend_pairs(fields);
        let body = form.finish();
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        write!(
            stream,
            "POST / HTTP/1.0\r\nHost: {service}.us-east-1.amazonaws.com\r\n\
             Authorization: AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/{service}/aws4_request, \
             SignedHeaders=host, Signature=0\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut reader = BufReader::new(&stream);
        let mut status = String::new();
        reader.read_line(&mut status).unwrap();
        let mut answer = String::new();
        reader.read_to_string(&mut answer).unwrap();
        let _ = stream.shutdown(Shutdown::Both);
        assert!(status.contains(" 200 "), "{fields:?}: {status}{answer}");
        answer
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What stands between `<name>` and `</name>`.
fn value(xml: &str, name: &str) -> String {
    let (_, rest) = xml.split_once(&format!("<{name}>")).unwrap_or_else(|| panic!("no {name} in {xml}"));
    unescape(rest.split('<').next().unwrap())
}

fn unescape(text: &str) -> String {
    let text = text.replace("&quot;", "\"").replace("&#34;", "\"").replace("&#39;", "'").replace("&apos;", "'");
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&#10;", "\n").replace("&#13;", "\r").replace("&amp;", "&")
}
