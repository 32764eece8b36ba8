//! `webhook`.

use super::scene::{ARTICLE, Scene, death};
use super::server::Server;
use futures_util::future::join_all;
use lwtop::rules::{Kind, Webhook};
use serde_json::{Value, json};
use std::time::Duration;

pub const OK: &str = "200 OK";

pub fn to(url: String) -> Webhook {
    Webhook { url, headers: Vec::new(), body: None }
}

#[tokio::test]
async fn an_event_is_posted_as_json() {
    let mut server = Server::start(&[OK]).await;
    let headers = vec![("X-Token".to_owned(), "s3cret".to_owned()), ("x-token".to_owned(), "other".to_owned())];
    let mut scene = Scene::with(Kind::Webhook(Webhook { headers, ..to(server.url("/hook?key=k")) }));
    let report = scene.outcome(death("lwtThing", ARTICLE)).await;
    assert_eq!((report.failure.as_deref(), report.attempts, report.target.as_str()), (None, 1, "127.0.0.1"));
    let request = server.request().await;
    assert_eq!(request.line, "POST /hook?key=k HTTP/1.1");
    assert_eq!(request.headers["content-type"], "application/json");
    assert_eq!(request.headers["user-agent"], concat!("lwtop/", env!("CARGO_PKG_VERSION")));
    assert_eq!(request.headers["x-token"], "other", "both are sent, in their order");
    let body: Value = serde_json::from_str(&request.body).unwrap();
    assert_eq!((&body["device"], &body["cause"]), (&json!("lwtThing"), &json!("connection_lost")));
    assert_eq!(body["hops"], json!({ "cut": 0.0, "will": 3.1 }));
}

#[tokio::test]
async fn several_events_are_posted_together() {
    let mut server = Server::start(&[OK]).await;
    let kind = Kind::Webhook(to(server.url("/")));
    let mut scene = Scene::paced(kind, |pace| {
        (pace.group, pace.most) = (Duration::from_secs(60), 40);
    });
    for number in 1..=40 {
        scene.submit(death(&format!("d-{number}"), ARTICLE));
    }
    assert_eq!(scene.report().await.events, 40);
    let body: Value = serde_json::from_str(&server.request().await.body).unwrap();
    let events = body["events"].as_array().unwrap();
    assert_eq!((events.len(), &events[39]["device"]), (40, &json!("d-40")));
}

#[tokio::test]
async fn a_body_of_ones_own_is_sent_as_what_it_is() {
    let hostile = br#"{"name": "\"}, {\"x\": \"\r\n"}"#;
    for (template, body, kind) in [
        (r#"{"text": "lost ${topic()}"}"#, r#"{"text": "lost /last/will/topic"}"#, "application/json"),
        ("lost: ${name}", "lost: \"}, {\"x\": \"\r\n", "text/plain; charset=utf-8"),
    ] {
        let mut server = Server::start(&[OK]).await;
        let body_template = Some(template.parse().unwrap());
        let mut scene = Scene::with(Kind::Webhook(Webhook { body: body_template, ..to(server.url("/")) }));
        assert_eq!(scene.outcome(death("lwtThing", hostile)).await.failure, None);
        let request = server.request().await;
        assert_eq!((request.body.as_str(), request.headers["content-type"].as_str()), (body, kind));
    }
}

#[tokio::test]
async fn answers_are_judged() {
    let other = Server::start(&[OK]).await;
    let redirect = format!("307 Temporary Redirect\r\nlocation: {}", other.url("/stolen"));
    let endless = "200 OK\r\ntransfer-encoding: chunked";
    let cases = [
        (&["500 Internal Server Error", OK][..], 2, None),
        (&["503 Service Unavailable"], 2, Some("127.0.0.1 answered 503 Service Unavailable")),
        (&["429 Too Many Requests\r\nretry-after: 1", "204 No Content"], 2, None),
        (
            &["429 Too Many Requests\r\nretry-after: 3600"],
            1,
            Some(
                "127.0.0.1 answered 429 Too Many Requests and asks to wait for 3 600 s, which is longer than lwtop waits (120 s)",
            ),
        ),
        (&["404 Not Found"], 1, Some("127.0.0.1 answered 404 Not Found")),
        (
            &[&redirect],
            1,
            Some("127.0.0.1 answered 307 Temporary Redirect, which is not followed; name the address that it leads to"),
        ),
        (&["", OK], 2, None),
        (&[""], 2, Some("no answer within 2 s")),
        (&[endless], 1, None),
    ];
    let judged = cases.map(async |(answers, attempts, failure)| {
        let server = Server::start(answers).await;
        let mut scene = Scene::paced(Kind::Webhook(to(server.url("/token-s3cret"))), |pace| {
            (pace.timeout, pace.retries) = (Duration::from_secs(2), 1);
        });
        let report = scene.outcome(death("lwtThing", ARTICLE)).await;
        let told = report.failure.map(|failure| failure.replace('\u{a0}', " "));
        assert_eq!((report.attempts, told.as_deref()), (attempts, failure), "{answers:?}");
    });
    join_all(judged).await;
    assert_eq!(other.others(), 0, "a redirect was followed");
}

#[tokio::test]
async fn what_cannot_be_sent_is_said_without_secrets() {
    // A port that was free a moment ago, and a server that says nothing in HTTP.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let header = |value: &str| vec![("X-Token".to_owned(), value.to_owned())];
    let with = |url: &str, value: &str| Webhook { headers: header(value), ..to(url.to_owned()) };
    for (webhook, wanted) in [
        (with(&format!("http://user:s3cret@{closed}/s3cret?s3cret"), "s3cret"), "127.0.0.1 cannot be reached: "),
        (with("http://127.0.0.1/s3cret", "s3cret\n"), "the webhook's header \"X-Token\" is not one that HTTP allows"),
        (with("ftp://127.0.0.1/s3cret", "s3cret"), "the webhook's url has to begin with https:// or http://"),
        (with("s3cret", "s3cret"), "the webhook's url is none: "),
        (
            Webhook { body: Some("${name}".parse().unwrap()), ..with("http://127.0.0.1/s3cret", "s3cret") },
            "${name} is Undefined for this message",
        ),
    ] {
        let mut scene = Scene::paced(Kind::Webhook(webhook), |pace| pace.retries = 0);
        let failure = scene.failure(death("lwtThing", ARTICLE)).await;
        assert!(failure.starts_with(wanted) && !failure.contains("s3cret"), "{failure}");
    }
}
