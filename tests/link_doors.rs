//! lwtop's own link in front of doors that a test scripts: TLS and WebSocket that never answer, answer wrongly, or are
//! Amazon's; and a client id that somebody else uses.

#[path = "support/authority.rs"]
mod authority;
#[path = "support/hub.rs"]
mod hub;
#[path = "support/scripted.rs"]
mod scripted;

use authority::Authority;
use hub::Lane;
use lwtop::clock::Clock;
use lwtop::fleet::{LinkEvent, Report};
use lwtop::link::{Link, LinkConfig};
use lwtop::mqtt::{BrokerAddress, Protocol};
use scripted::{CONNACK_V5, CONNACK_V311, Peer, Scripted};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::HeaderValue;

fn config(url: &str) -> LinkConfig {
    let mut config = LinkConfig::new(url.parse::<BrokerAddress>().unwrap());
    config.will_filters = vec!["w".parse().unwrap()];
    config.other_filters = vec!["c".parse().unwrap()];
    config
}

fn start(config: LinkConfig, lane: &Lane) -> Link {
    Link::start(config, lane.sender.clone(), Clock::start())
}

async fn fatal(config: LinkConfig) -> String {
    let mut lane = Lane::new();
    let link = start(config, &lane);
    let sentence = match lane.next().await {
        Report::Fatal(sentence) => sentence,
        other => panic!("Fatal comes first, not {other:?}"),
    };
    link.stop().await;
    sentence
}

/// Takes every connection and does the same with each, as long as the test runs.
fn door<F>(listener: Scripted, open: impl Fn(TcpStream) -> F + Send + Sync + 'static)
where
    F: Future<Output = ()> + Send + 'static,
{
    tokio::spawn(async move {
        loop {
            tokio::spawn(open(listener.accept().await.0));
        }
    });
}

/// Reads and says nothing, for as long as the other side stays.
async fn silence(mut stream: impl tokio::io::AsyncRead + Unpin) {
    let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
}

/// The head of a request.
async fn head(stream: &mut (impl tokio::io::AsyncRead + Unpin)) -> String {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(request).unwrap()
}

#[expect(clippy::result_large_err, clippy::unnecessary_wraps, reason = "the library's callback is made so")]
fn agree(_: &Request, mut response: Response) -> Result<Response, ErrorResponse> {
    response.headers_mut().insert("Sec-WebSocket-Protocol", HeaderValue::from_static("mqtt"));
    Ok(response)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_door_that_never_answers_is_told_by_what_it_did_not_answer() {
    let authority = Authority::new("silent");
    let (tcp, tls, ws) = (Scripted::listen().await, Scripted::listen().await, Scripted::listen().await);
    let ports = [&tcp, &tls, &ws].map(Scripted::port);
    door(tcp, silence);
    let acceptor = TlsAcceptor::from(authority.server(&["localhost"], &[]));
    door(tls, move |stream| {
        let acceptor = acceptor.clone();
        async move { silence(acceptor.accept(stream).await.unwrap()).await }
    });
    door(ws, |stream| async move {
        let socket = tokio_tungstenite::accept_hdr_async(stream, agree).await.unwrap();
        silence(socket.into_inner()).await;
    });
    let [tcp, tls, ws] = ports;
    let said = |url: String| {
        let mut config = config(&url);
        config.route.tls = authority.trusting();
        fatal(config)
    };
    // Together, because each of them waits for the full patience.
    let (mqtts, wss, plain, secure, socket) = tokio::join!(
        said(format!("mqtts://localhost:{tcp}")),
        said(format!("wss://localhost:{tls}")),
        said(format!("ws://localhost:{tcp}")),
        said(format!("mqtts://localhost:{tls}")),
        said(format!("ws://localhost:{ws}")),
    );
    for (sentence, words) in [
        (mqtts, "did not answer the TLS handshake within 5 s"),
        (wss, "did not answer the request for a WebSocket within 5 s"),
        (plain, "did not answer the request for a WebSocket within 5 s"),
        (secure, "opened TLS and did not answer within 5 s"),
        (socket, "opened a WebSocket and did not answer within 5 s"),
    ] {
        assert!(sentence.contains(words), "{sentence}");
    }
}

#[tokio::test]
async fn a_websocket_client_offers_mqtt() {
    let scripted = Scripted::listen().await;
    let url = format!("ws://127.0.0.1:{}", scripted.port());
    let (sender, asked) = tokio::sync::oneshot::channel();
    tokio::spawn(async move {
        let mut stream = scripted.accept().await.0;
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n")
            && tokio::io::AsyncReadExt::read_buf(&mut stream, &mut request).await.unwrap() > 0
        {}
        let _ = sender.send(String::from_utf8(request).unwrap());
    });
    fatal(config(&url)).await;
    let request = asked.await.unwrap();
    let offered = request.lines().filter_map(|line| line.split_once(": "));
    let offered: Vec<_> = offered.filter(|(name, _)| name.eq_ignore_ascii_case("sec-websocket-protocol")).collect();
    assert_eq!(offered.iter().map(|(_, value)| *value).collect::<Vec<_>>(), ["mqtt"], "{request}");
}

#[tokio::test]
async fn a_wrong_answer_to_the_request_for_a_websocket_is_said_in_one_sentence() {
    for (answer, words) in [
        ("HTTP/1.1 404 Not Found\r\n\r\n", "no WebSocket at the path /ws (HTTP status 404). Name the right path"),
        ("HTTP/1.1 403 Forbidden\r\n\r\n", "does not allow a WebSocket at the path /ws (HTTP status 403)"),
        ("HTTP/1.1 301 Moved\r\nLocation: https://else.example/?token=t0ken\r\n\r\n", "sends /ws elsewhere"),
        ("HTTP/1.1 200 OK\r\n\r\nhello", "opens no WebSocket at the path /ws (HTTP status 200)"),
        ("SSH-2.0-OpenSSH_9.2\r\n", "does not speak WebSocket"),
        ("", "closed the connection instead of opening a WebSocket"),
    ] {
        let listener = Scripted::listen().await;
        let mut config = config(&format!("ws://ann:hunter2@127.0.0.1:{}/ws?token=t0ken", listener.port()));
        config.route.headers = vec![("X-Token".to_owned(), "t0ken".to_owned())];
        door(listener, move |mut stream| async move {
            let request = head(&mut stream).await.to_ascii_lowercase();
            assert!(request.starts_with("get /ws?token=t0ken http/1.1\r\n"), "{request}");
            assert!(request.contains("\r\nx-token: t0ken\r\n"), "{request}");
            assert!(request.contains("\r\nsec-websocket-protocol: mqtt\r\n"), "{request}");
            stream.write_all(answer.as_bytes()).await.unwrap();
        });
        let sentence = fatal(config).await;
        assert!(sentence.contains(words), "{sentence}");
        assert!(!sentence.contains("t0ken") && !sentence.contains("hunter2"), "{sentence}");
    }
    let listener = Scripted::listen().await;
    let config = config(&format!("ws://127.0.0.1:{}", listener.port()));
    door(listener, |stream| async move {
        // The client leaves when it finds no subprotocol.
        let _ = tokio_tungstenite::accept_async(stream).await;
    });
    let sentence = fatal(config).await;
    assert!(sentence.contains("no subprotocol mqtt"), "{sentence}");
}

#[tokio::test]
async fn a_broker_that_breaks_the_websocket_is_not_said_to_have_closed_it() {
    // Text, and a frame with a reserved bit (RFC 6455 section 5.2).
    for (frame, words) in [(&b"\x81\x02no"[..], "the broker sent text"), (b"\xc2\x00", "the WebSocket is broken")] {
        let listener = Scripted::listen().await;
        let config = config(&format!("ws://127.0.0.1:{}", listener.port()));
        door(listener, move |stream| async move {
            let socket = tokio_tungstenite::accept_hdr_async(stream, agree).await.unwrap();
            let mut stream = socket.into_inner();
            stream.write_all(frame).await.unwrap();
            silence(stream).await;
        });
        let sentence = fatal(config).await;
        assert!(sentence.contains(words) && !sentence.contains("closed"), "{sentence}");
    }
}

#[tokio::test]
async fn what_cannot_be_connected_with_is_said_before_anybody_is_asked() {
    let url = "wss://broker.example";
    let with = |change: fn(&mut LinkConfig)| {
        let mut config = config(url);
        change(&mut config);
        fatal(config)
    };
    let sentence = with(|config| config.route.tls.ca = Some("no/such/ca.pem".into())).await;
    assert!(sentence.contains("no/such/ca.pem cannot be read"), "{sentence}");
    let sentence = with(|config| config.route.tls.cert = Some("cert.pem".into())).await;
    assert!(sentence.contains("cert.pem is no use without its private key"), "{sentence}");
    for (name, value) in [("no header", "x"), ("X-Token", "hunter2\n"), ("Upgrade", "x")] {
        let mut config = config("ws://broker.example");
        config.route.headers = vec![(name.to_owned(), value.to_owned())];
        let sentence = fatal(config).await;
        assert!(sentence.contains(name) && !sentence.contains("hunter2"), "{sentence}");
    }
    for (name, says) in [("a1-ats.iot.eu-central-1.amazonaws.com", true), ("broker.example", false)] {
        // Nobody is asked: at the other name the missing file is what is wrong.
        let mut config = config(&format!("mqtts://{name}"));
        config.route.tls.ca = Some("no/such/ca.pem".into());
        config.other_filters = (0..60).map(|n| format!("f/{n}").parse().unwrap()).collect();
        let sentence = fatal(config).await;
        assert_eq!(sentence.contains("no more than 50 subscriptions") && sentence.contains("60"), says, "{sentence}");
    }
    let sentence = with(|config| config.clean = false).await;
    assert!(sentence.contains("under a client id that stays the same"), "{sentence}");
}

#[tokio::test]
async fn the_name_that_is_asked_for_may_differ_from_the_host() {
    let authority = Authority::new("name");
    let listener = Scripted::listen().await;
    let acceptor = TlsAcceptor::from(authority.server(&["broker.example"], &["mqtt"]));
    let mut config = config(&format!("mqtts://127.0.0.1:{}", listener.port()));
    config.route.tls = authority.trusting();
    config.route.tls.server_name = Some("broker.example".to_owned());
    config.route.tls.alpn = vec!["mqtt".to_owned()];
    let lane = Lane::new();
    let link = start(config, &lane);
    let stream = acceptor.accept(listener.accept().await.0).await.unwrap();
    let connection = stream.get_ref().1;
    assert_eq!(connection.server_name(), Some("broker.example"));
    assert_eq!(connection.alpn_protocol(), Some(&b"mqtt"[..]));
    link.stop().await;
}

/// Answers CONNECT and SUBSCRIBE with acceptance; the client id.
async fn welcomed(broker: &Scripted, protocol: Protocol) -> (Peer, String) {
    let mut peer = broker.accept().await;
    let (_, body) = peer.packet().await;
    // The id is the last field of a CONNECT without will and login.
    let id = String::from_utf8_lossy(&body).rsplit('\0').next().unwrap_or_default()[1..].to_owned();
    let (connack, suback): (_, &[u8]) = match protocol {
        Protocol::V5 => (CONNACK_V5, &[0x90, 4, 0, 1, 0, 0]),
        Protocol::V311 => (CONNACK_V311, &[0x90, 3, 0, 1, 0]),
    };
    peer.send(connack).await;
    assert_eq!(peer.packet().await.0, 0x82);
    peer.send(suback).await;
    (peer, id)
}

#[tokio::test]
async fn a_proxy_is_asked_for_a_tunnel_and_what_comes_through_is_the_brokers() {
    let (broker, proxy) = (Scripted::listen().await, Scripted::listen().await);
    let to = broker.port();
    let mut config = config(&format!("mqtt://localhost:{to}"));
    config.route.proxy = Some(format!("http://ann:s3cret@127.0.0.1:{}", proxy.port()).parse().unwrap());
    door(proxy, move |mut stream| async move {
        let request = head(&mut stream).await;
        assert!(
            request.starts_with(&format!("CONNECT localhost:{to} HTTP/1.1\r\nHost: localhost:{to}\r\n")),
            "{request}"
        );
        assert!(request.contains("\r\nProxy-Authorization: Basic YW5uOnMzY3JldA==\r\n"), "{request}");
        stream.write_all(b"HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n").await.unwrap();
        let mut broker = TcpStream::connect(("127.0.0.1", to)).await.unwrap();
        let _ = tokio::io::copy_bidirectional(&mut stream, &mut broker).await;
    });
    let mut lane = Lane::new();
    let link = start(config, &lane);
    let _open = (welcomed(&broker, Protocol::V5).await, welcomed(&broker, Protocol::V5).await);
    assert!(matches!(lane.next().await, Report::Link(LinkEvent::Up { .. })));
    link.stop().await;
}

#[tokio::test]
async fn a_proxy_that_lets_nobody_through_is_told_by_what_it_says() {
    let gone = Scripted::listen().await.port();
    let said = |port: u16| {
        let mut config = config("mqtts://broker.example:8883");
        config.route.proxy = Some(format!("http://127.0.0.1:{port}").parse().unwrap());
        fatal(config)
    };
    let sentence = said(gone).await;
    assert!(
        sentence
            .contains(&format!("broker.example:8883 through the proxy http://127.0.0.1:{gone}: it cannot be reached"))
    );
    for (answer, words) in [
        ("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "it wants a login (HTTP status 407)"),
        ("HTTP/1.1 403 Forbidden\r\n\r\n", "it does not allow a way to port 8883 (HTTP status 403)"),
        ("HTTP/1.1 502 Bad Gateway\r\n\r\n", "it does not reach the broker either"),
        ("HTTP/1.1 404 Not Found\r\n\r\n", "it opens no tunnel (HTTP status 404)"),
        ("SSH-2.0-OpenSSH_9.2\r\n", "it does not answer as an HTTP proxy does"),
        ("HTTP/1.1 \r\n\r\n", "it does not answer as an HTTP proxy does"),
        ("", "it closed the connection"),
    ] {
        let proxy = Scripted::listen().await;
        let port = proxy.port();
        door(proxy, move |mut stream| async move {
            head(&mut stream).await;
            stream.write_all(answer.as_bytes()).await.unwrap();
        });
        let sentence = said(port).await;
        assert!(sentence.contains(words) && sentence.contains("--proxy"), "{sentence}");
        assert!(!sentence.contains("NO_PROXY"), "which nobody asks where a proxy is named: {sentence}");
    }
}

#[tokio::test]
async fn somebody_else_with_the_same_client_id_is_noticed_once() {
    for (protocol, words) in
        [(Protocol::V5, "uses the client id mine-"), (Protocol::V311, "seems to use the client id mine-")]
    {
        let broker = Scripted::listen().await;
        let mut lane = Lane::new();
        let mut config = config(&format!("mqtt://127.0.0.1:{}", broker.port()));
        config.client_id = Some("mine".to_owned());
        config.protocol = Some(protocol);
        config.backoff.longest = config.backoff.first;
        let link = start(config, &lane);
        let (first, second) = (welcomed(&broker, protocol).await, welcomed(&broker, protocol).await);
        let mut ids = [&*first.1, &*second.1];
        ids.sort_unstable();
        assert_eq!(ids, ["mine-m", "mine-w"]);
        lane.find(|report| matches!(report, Report::Link(LinkEvent::Up { .. })).then_some(())).await;
        let _stays = first.0;
        let mut taken = second.0;
        // More often than it takes to be noticed: it is still said once.
        for _ in 0..5 {
            if protocol == Protocol::V5 {
                // Without property length, as Mosquitto sends it.
                taken.send(&[0xE0, 1, 0x8E]).await;
            }
            drop(taken);
            taken = welcomed(&broker, protocol).await.0;
        }
        let mut notices = Vec::new();
        let mut ups = 0;
        while ups < 5 {
            match lane.next().await {
                Report::Notice(text) => notices.push(text),
                Report::Link(LinkEvent::Up { .. }) => ups += 1,
                _ => {}
            }
        }
        assert!(matches!(&notices[..], [notice] if notice.contains(words)), "{notices:?}");
        link.stop().await;
    }
}

/// The credentials come from the environment, which a process cannot change safely while it runs: so the test runs itself.
#[cfg(feature = "aws")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_websocket_to_aws_is_signed_anew_for_every_connection() {
    const NAME: &str = "a1-ats.iot.eu-central-1.amazonaws.com";
    if std::env::var_os("LWTOP_TEST_SIGNS").is_none() {
        let test = "a_websocket_to_aws_is_signed_anew_for_every_connection";
        let child = std::process::Command::new(std::env::current_exe().unwrap())
            .args([test, "--exact", "--nocapture"])
            .env("LWTOP_TEST_SIGNS", "1")
            .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
            .env("AWS_SECRET_ACCESS_KEY", "hunter2")
            .env("AWS_SESSION_TOKEN", "t0ken/+")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .output()
            .unwrap();
        assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));
        return;
    }
    let authority = Authority::new("aws");
    let listener = Scripted::listen().await;
    let acceptor = TlsAcceptor::from(authority.server(&[NAME], &[]));
    let mut config = config(&format!("wss://127.0.0.1:{}", listener.port()));
    config.route.tls = authority.trusting();
    config.route.tls.server_name = Some(NAME.to_owned());
    let host = format!("{NAME}:{}", listener.port());
    let lane = Lane::new();
    let link = start(config, &lane);
    // Kept, because one lost connection would end the link.
    let mut open = Vec::new();
    for _ in 0..2 {
        let mut stream = acceptor.accept(listener.accept().await.0).await.unwrap();
        let request = head(&mut stream).await;
        let query = request.strip_prefix("GET /mqtt?").unwrap().split(' ').next().unwrap();
        let names: Vec<_> = query.split('&').map(|part| part.split('=').next().unwrap()).collect();
        let expected = ["Algorithm", "Credential", "Date", "Expires", "SignedHeaders", "Signature", "Security-Token"];
        assert_eq!(names, expected.map(|name| format!("X-Amz-{name}")));
        assert!(
            query.contains("X-Amz-Credential=AKIDEXAMPLE%2F20")
                && query.contains("%2Feu-central-1%2Fiotdevicegateway%2F")
        );
        assert!(query.ends_with("&X-Amz-Security-Token=t0ken%2F%2B") && !request.contains("hunter2"));
        assert!(request.to_ascii_lowercase().contains(&format!("\r\nhost: {host}\r\n")), "{request}");
        open.push(stream);
    }
    link.stop().await;
}
