//! Mails, as a mail server on this machine gets them.

mod support {
    pub mod again;
    pub mod aiosmtpd;
    pub mod certificates;
    pub mod job;
    pub mod smtp;
}

use lwtop::actions::email::Mailer;
use lwtop::actions::{Deliver as _, Failed, Group};
use lwtop::rules::{Email, MailSecurity, Secret};
use mail_parser::{Message, MessageParser, MimeHeaders as _};
use std::time::Duration;
use support::again::{again, inside};
use support::aiosmtpd::Aiosmtpd;
use support::certificates::{self, Certificates};
use support::job::{WILL, many, single};
use support::smtp::{Manner, Received, Smtp, When};

const DEADLINE: Duration = Duration::from_secs(20);
const PASSWORD: &str = "pa55-word";

fn email(port: u16) -> Email {
    Email {
        from: "lwtop <lwtop@example.com>".to_owned(),
        to: vec!["Ada <ada@example.com>".to_owned()],
        subject: None,
        body: None,
        host: "127.0.0.1".to_owned(),
        port: Some(port),
        security: MailSecurity::None,
        user: None,
        password: None,
    }
}

async fn deliver(email: &Email, group: &Group) -> Result<(), Failed> {
    attempt(&Mailer::new(email), group).await
}

async fn attempt(mailer: &Mailer, group: &Group) -> Result<(), Failed> {
    tokio::time::timeout(DEADLINE, mailer.deliver(group)).await.expect("an end")
}

/// The one mail about `group`, as the server got it.
async fn sent(change: impl FnOnce(&mut Email), group: &Group) -> Received {
    let mut server = Smtp::start(Manner::default()).await;
    let mut email = email(server.port);
    change(&mut email);
    deliver(&email, group).await.unwrap();
    let mut mails = server.received();
    assert_eq!(mails.len(), 1, "{mails:?}");
    mails.remove(0)
}

fn parse(mail: &Received) -> Message<'_> {
    MessageParser::default().parse(&mail.data).expect("a mail")
}

fn text(message: &Message<'_>) -> String {
    message.body_text(0).expect("a text").replace("\r\n", "\n").replace('\u{a0}', " ")
}

#[tokio::test]
async fn the_usual_mail_names_device_cause_times_and_message() {
    let received = sent(|_| {}, &single(WILL)).await;
    assert_eq!(
        (received.from.as_str(), received.to.as_slice()),
        ("lwtop@example.com", &["ada@example.com".to_owned()][..])
    );
    let mail = parse(&received);
    assert_eq!(mail.subject(), Some("[lwtop] lwtThing: connection lost"));
    assert_eq!(mail.from().unwrap().first().unwrap().name(), Some("lwtop"));
    assert_eq!(mail.to().unwrap().first().unwrap().address(), Some("ada@example.com"));
    assert_eq!(mail.date().unwrap().to_timestamp(), 1_573_002_230);
    assert!(mail.message_id().unwrap().ends_with("@example.com"));
    assert_eq!(mail.header_raw("Auto-Submitted").map(str::trim), Some("auto-generated"));
    assert_eq!(mail.content_type().unwrap().attribute("charset"), Some("utf-8"));
    let text = text(&mail);
    for part in [
        "lwtThing",
        "connection lost",
        "lastWillRule",
        "2019-11-06T01:03:50.757Z",
        "\"trigger_action\": \"on\"",
        "will arrived",
    ] {
        assert!(text.contains(part), "no {part} in\n{text}");
    }
}

#[tokio::test]
async fn own_texts_are_filled_in_and_cannot_add_headers_or_commands() {
    let payload =
        r#"{"id": "x\r\nBcc: eve@example.com\r\n\r\n<b>", "text": "Grüße\n.\r\nQUIT\r\n.hidden\u001b[2J\u0000"}"#;
    let own = |email: &mut Email| {
        email.subject = Some("${id} ist weg 🛰".parse().unwrap());
        email.body = Some("It says: ${text}".parse().unwrap());
    };
    let received = sent(own, &single(payload)).await;
    assert_eq!(received.to, ["ada@example.com"]);
    let mail = parse(&received);
    assert!(mail.bcc().is_none());
    let names: Vec<&str> = mail.headers().iter().map(mail_parser::Header::name).collect();
    assert!(!names.iter().any(|name| name.eq_ignore_ascii_case("bcc")), "{names:?}");
    assert_eq!(mail.subject(), Some(r"x\r\nBcc: eve@example.com\r\n\r\n<b> ist weg 🛰"));
    assert_eq!(text(&mail).trim_end(), "It says: Grüße\n.\nQUIT\n.hidden[2J");
}

#[tokio::test]
async fn a_group_is_one_mail_with_a_line_for_each_device() {
    let received = sent(|_| {}, &many(41, 0)).await;
    let mail = parse(&received);
    assert_eq!(mail.subject(), Some("[lwtop] 41 devices lost in 2 s: lwtThing-0, lwtThing-1 and 39 more"));
    let told = text(&mail);
    assert_eq!(told.lines().filter(|line| line.ends_with(": connection lost") && line.starts_with("2019")).count(), 41);

    let received = sent(|_| {}, &many(1_000, 9_000)).await;
    let told = text(&parse(&received));
    assert_eq!(
        told.lines().filter(|line| line.starts_with("2019") && line.ends_with(": connection lost")).count(),
        200
    );
    assert!(told.contains("\nand 9 800 more\n"), "{told}");
}

#[tokio::test]
async fn a_group_with_own_texts_tells_each_in_turn() {
    let own = |email: &mut Email| {
        email.subject = Some("Device ${n} is gone".parse().unwrap());
        email.body = Some("number ${n}".parse().unwrap());
    };
    let mut group = many(3, 0);
    group.jobs[1].message.payload = bytes::Bytes::from_static(b"{}");
    let received = sent(own, &group).await;
    let mail = parse(&received);
    assert_eq!(mail.subject(), Some("Device 0 is gone and 2 more"));
    let told = text(&mail);
    let wanted = "number 0\n\nlwtThing-1: connection lost (${n} is Undefined for this message)\n\nnumber 2";
    assert_eq!(told.trim_end(), wanted);

    let received = sent(own, &many(300, 5)).await;
    let told = text(&parse(&received));
    assert!(told.contains("number 199\n\nand 105 more"), "{told}");

    let mut huge = many(200, 0);
    for job in &mut huge.jobs {
        job.message.payload = format!("{{\"n\": \"{}\"}}", "ü".repeat(5_000)).into();
    }
    let received = sent(|email| email.body = Some("${n}".parse().unwrap()), &huge).await;
    let told = text(&parse(&received));
    assert!(told.len() < 300 * 1024 && told.trim_end().ends_with("(cut off here)"), "{} bytes", told.len());
}

#[tokio::test]
async fn a_hole_or_a_wrong_address_sends_nothing() {
    type Change = fn(&mut Email);
    let cases: [(Change, &str); 5] = [
        (
            |email| email.subject = Some("${nothing}".parse().unwrap()),
            "subject cannot be made: ${nothing} is Undefined",
        ),
        (|email| email.body = Some("${nothing}".parse().unwrap()), "body cannot be made: ${nothing} is Undefined"),
        (|email| email.to = vec!["ada".to_owned()], r#""ada" in `to` is no mail address"#),
        (|email| email.from = "a@b\r\nBcc: c@d".to_owned(), "in `from` is no mail address"),
        (|email| email.user = Some("ada".to_owned()), "user ada has no password"),
    ];
    let server = Smtp::start(Manner::default()).await;
    for (change, wanted) in cases {
        let mut email = email(server.port);
        change(&mut email);
        let failed = deliver(&email, &single(WILL)).await.unwrap_err();
        assert!(!failed.again && failed.why.contains(wanted), "{failed:?}");
    }
    assert!(server.commands().is_empty());
}

#[tokio::test]
async fn refusals_stay_and_postponements_are_tried_again() {
    let port = {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        free.local_addr().unwrap().port()
    };
    let failed = deliver(&email(port), &single(WILL)).await.unwrap_err();
    assert!(failed.again && failed.why.contains("cannot be reached"), "{failed:?}");

    for (at, answer, again, wanted) in [
        ("", "554 go away", false, "refused the connection: 554 go away"),
        ("", "421 too busy", true, "put the connection off: 421 too busy"),
        ("MAIL", "550 5.7.1 not you", false, "refused the sender lwtop@example.com: 550 5.7.1 not you"),
        (
            "RCPT",
            "550 5.1.1 nobody\x1b[31m",
            false,
            r"refused the recipient ada@example.com: 550 5.1.1 nobody\u{1b}[31m",
        ),
        ("RCPT", "451 4.7.1 greylisted", true, "put the recipient ada@example.com off: 451 4.7.1 greylisted"),
        ("DATA", "452 full", true, "put the mail off: 452 full"),
        ("BODY", "550-5.7.1 spam\r\n550 5.7.1 really", false, "refused the mail: 550 5.7.1 spam really"),
        ("MAIL", "what?", true, "broke off at the sender"),
    ] {
        let mut server = Smtp::start(Manner { answers: vec![(at, answer)], ..Manner::default() }).await;
        let failed = deliver(&email(server.port), &single(WILL)).await.unwrap_err();
        assert!(failed.again == again && failed.why.contains(wanted), "{at} {answer}: {failed:?}");
        assert!(server.received().is_empty());
    }
}

#[tokio::test]
async fn one_bad_recipient_keeps_nothing_from_the_others_and_nobody_gets_it_twice() {
    let answers = vec![("RCPT TO:<BOB", "550 nobody"), ("RCPT TO:<CY", "451 later")];
    let mut server = Smtp::start(Manner { answers, ..Manner::default() }).await;
    let to = ["ada@example.com", "bob@example.com", "cy@example.com"].map(str::to_owned).to_vec();
    let mailer = Mailer::new(&Email { to, ..email(server.port) });
    for _ in 0..2 {
        let failed = attempt(&mailer, &single(WILL)).await.unwrap_err();
        assert!(
            failed.again && failed.why.contains("bob@example.com: 550") && failed.why.contains("cy@example.com off")
        );
    }
    let mails = server.received();
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].to, ["ada@example.com"]);
    // Another event is another mail.
    attempt(&mailer, &many(2, 0)).await.unwrap_err();
    let more = server.received();
    assert_eq!(more.len(), 1);
    assert_ne!(parse(&mails[0]).message_id(), parse(&more[0]).message_id());
}

#[tokio::test]
async fn addresses_outside_ascii_need_a_server_that_takes_them() {
    let to = vec!["j\u{fc}rgen@example.com".to_owned()];
    let server = Smtp::start(Manner::default()).await;
    let failed = deliver(&Email { to: to.clone(), ..email(server.port) }, &single(WILL)).await.unwrap_err();
    assert!(!failed.again && failed.why.contains("offers no SMTPUTF8"), "{failed:?}");
    assert!(!server.commands().contains(&"MAIL".to_owned()));

    let answers = vec![("EHLO", "250-test\r\n250-8BITMIME\r\n250 SMTPUTF8")];
    let mut server = Smtp::start(Manner { answers, ..Manner::default() }).await;
    deliver(&Email { to: to.clone(), ..email(server.port) }, &single(WILL)).await.unwrap();
    assert_eq!(server.received()[0].to, to);
    assert!(server.lines.lock().unwrap().iter().any(|line| line.starts_with("MAIL") && line.contains(" SMTPUTF8")));
}

#[tokio::test]
async fn a_goodbye_that_hangs_does_not_send_the_mail_again() {
    let mut server = Smtp::start(Manner { falls_silent_at: Some("QUIT"), ..Manner::default() }).await;
    deliver(&email(server.port), &single(WILL)).await.unwrap();
    assert_eq!(server.received().len(), 1);
}

#[tokio::test]
async fn an_attempt_can_be_given_up_and_made_again() {
    let silent = Smtp::start(Manner { falls_silent_at: Some("DATA"), ..Manner::default() }).await;
    let mailer = Mailer::new(&email(silent.port));
    let group = single(WILL);
    // Dropped once the server has stopped answering, as the desk does when the time is over.
    let stuck = async {
        while !silent.commands().iter().any(|command| command == "DATA") {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        outcome = mailer.deliver(&group) => panic!("{outcome:?}"),
        () = stuck => {}
    }
    let mut server = Smtp::start(Manner::default()).await;
    deliver(&email(server.port), &group).await.unwrap();
    assert_eq!(server.received().len(), 1);
}

/// A server that wants a login, with what the client should do about it.
fn login(port: u16, password: Secret) -> Email {
    Email { user: Some("ada".to_owned()), password: Some(password), ..email(port) }
}

#[tokio::test]
async fn secrets_are_read_where_they_stand_and_not_told() {
    if !inside() {
        let unset = ["LWTOP_TEST_UNSET"];
        let set = [("LWTOP_TEST_PASSWORD", PASSWORD), ("LWTOP_TEST_EMPTY", "")];
        return again("secrets_are_read_where_they_stand_and_not_told", &set, &unset);
    }
    let environment = |name: &str| Secret::Environment(name.to_owned());
    let dir = certificates::Dir::new("secrets");
    let file = dir.write("password", &format!("{PASSWORD}\r\nnot this\n"));

    let mut server = Smtp::start(Manner { login: true, ..Manner::default() }).await;
    for secret in [environment("LWTOP_TEST_PASSWORD"), Secret::File(file)] {
        deliver(&login(server.port, secret), &single(WILL)).await.unwrap();
        assert_eq!(server.received()[0].login.as_deref(), Some(format!("\0ada\0{PASSWORD}").as_bytes()));
    }

    let wrong_bytes = dir.path().join("bytes");
    std::fs::write(&wrong_bytes, b"pa55\xff").unwrap();
    for (secret, wanted) in [
        (environment("LWTOP_TEST_UNSET"), "the environment variable LWTOP_TEST_UNSET, which is not set"),
        (environment("LWTOP_TEST_EMPTY"), "LWTOP_TEST_EMPTY, which is empty"),
        (Secret::File(dir.path().join("missing")), "missing: "),
        (Secret::File(dir.path().to_owned()), "it is not a regular file"),
        (Secret::File(dir.write("long", &"x".repeat(5_000))), "longer than 4096 bytes"),
        (Secret::File(wrong_bytes), "no UTF-8"),
    ] {
        let failed = deliver(&login(server.port, secret), &single(WILL)).await.unwrap_err();
        assert!(!failed.again && failed.why.contains(wanted) && !failed.why.contains("pa55"), "{failed:?}");
    }

    // It repeats what it refuses.
    let echo = "535 5.7.8 wrong: AUTH PLAIN AGFkYQBwYTU1LXdvcmQ=, that is pa55-word";
    let server = Smtp::start(Manner { login: true, answers: vec![("AUTH", echo)], ..Manner::default() }).await;
    let failed = deliver(&login(server.port, environment("LWTOP_TEST_PASSWORD")), &single(WILL)).await.unwrap_err();
    assert_eq!(
        failed,
        Failed::for_good(format!(
            "the mail server 127.0.0.1:{} refused the login: 535 5.7.8 wrong: AUTH PLAIN *** that is ***",
            server.port
        ))
    );

    // A server that wants no login gets no password.
    let server = Smtp::start(Manner::default()).await;
    let failed = deliver(&login(server.port, environment("LWTOP_TEST_PASSWORD")), &single(WILL)).await.unwrap_err();
    assert!(!failed.again && failed.why.contains("cannot take the login"), "{failed:?}");
    assert!(!server.commands().contains(&"MAIL".to_owned()));
}

#[tokio::test]
async fn a_password_does_not_leave_the_machine_in_the_clear() {
    for host in ["mail.example.com", "192.0.2.1", "localhost.example.com", "[2001:db8::1]"] {
        let secret = Secret::Environment("LWTOP_TEST_UNSET".to_owned());
        let email = Email { host: host.to_owned(), ..login(25, secret) };
        let failed = deliver(&email, &single(WILL)).await.unwrap_err();
        assert!(!failed.again && failed.why.contains("in the clear, so nothing was sent"), "{failed:?}");
    }
}

#[tokio::test]
async fn starttls_is_demanded() {
    let mut server = Smtp::start(Manner { login: true, ..Manner::default() }).await;
    let email = Email { security: MailSecurity::StartTls, ..email(server.port) };
    let failed = deliver(&email, &single(WILL)).await.unwrap_err();
    assert!(!failed.again && failed.why.contains("does not offer STARTTLS, so nothing was sent"), "{failed:?}");
    assert!(server.received().is_empty() && server.commands() == ["EHLO"]);

    let email = Email { security: MailSecurity::Tls, ..email };
    let failed = deliver(&email, &single(WILL)).await.unwrap_err();
    assert!(!failed.again && failed.why.contains("does not speak TLS from the first byte"), "{failed:?}");
}

const BOTH: [(When, MailSecurity); 2] =
    [(When::AtOnce, MailSecurity::Tls), (When::AfterStartTls, MailSecurity::StartTls)];

#[tokio::test]
async fn certificates_are_verified() {
    if !inside() {
        let dir = certificates::Dir::new("mail-tls");
        Certificates::make(&dir);
        let (path, roots) = (dir.path().display().to_string(), dir.path().join("ca.pem").display().to_string());
        let set = [("LWTOP_TEST_DIR", &*path), ("SSL_CERT_FILE", &roots), ("LWTOP_TEST_PASSWORD", PASSWORD)];
        return again("certificates_are_verified", &set, &["SSL_CERT_DIR"]);
    }
    let dir = std::env::var("LWTOP_TEST_DIR").unwrap();
    let serve = |name: &str, when| Manner {
        login: true,
        tls: Some((when, certificates::server(dir.as_ref(), name))),
        ..Manner::default()
    };
    for (when, security) in BOTH {
        // From the authority that SSL_CERT_FILE names, for the right name.
        let mut server = Smtp::start(serve("localhost", when)).await;
        let secret = Secret::Environment("LWTOP_TEST_PASSWORD".to_owned());
        let email = Email { host: "localhost".to_owned(), security, ..login(server.port, secret) };
        deliver(&email, &single(WILL)).await.unwrap();
        let mails = server.received();
        assert!(mails[0].encrypted && mails[0].login.is_some(), "{mails:?}");
        // For another name, and from nobody.
        for name in ["other.example.com", "self-signed"] {
            let mut server = Smtp::start(serve(name, when)).await;
            let failed = deliver(&Email { port: Some(server.port), ..email.clone() }, &single(WILL)).await.unwrap_err();
            assert!(
                !failed.again && failed.why.contains("was not accepted, so nothing was sent"),
                "{name}: {failed:?}"
            );
            assert!(server.received().is_empty() && !server.commands().contains(&"AUTH".to_owned()));
        }
    }
}

#[tokio::test]
async fn nobody_but_the_systems_authorities_is_trusted_by_itself() {
    let dir = certificates::Dir::new("mail-system");
    Certificates::make(&dir);
    for (when, security) in BOTH {
        for name in ["localhost", "self-signed"] {
            let tls = Some((when, certificates::server(dir.path(), name)));
            let mut server = Smtp::start(Manner { tls, ..Manner::default() }).await;
            let email = Email { host: "localhost".to_owned(), security, ..email(server.port) };
            let failed = deliver(&email, &single(WILL)).await.unwrap_err();
            assert!(!failed.again && failed.why.contains("SSL_CERT_FILE"), "{failed:?}");
            assert!(server.received().is_empty());
        }
    }
}

/// The same with a server that others wrote.
#[tokio::test]
async fn aiosmtpd_takes_a_mail_over_starttls_with_a_login() {
    const NAME: &str = "aiosmtpd_takes_a_mail_over_starttls_with_a_login";
    if !inside() {
        if Aiosmtpd::python().is_none() {
            return;
        }
        let dir = certificates::Dir::new("aiosmtpd");
        Certificates::make(&dir);
        let (path, roots) = (dir.path().display().to_string(), dir.path().join("ca.pem").display().to_string());
        let set = [("LWTOP_TEST_DIR", &*path), ("SSL_CERT_FILE", &roots), ("LWTOP_TEST_PASSWORD", PASSWORD)];
        return again(NAME, &[&set[..], &[("LWTOP_TEST_WRONG", "wrong")]].concat(), &["SSL_CERT_DIR"]);
    }
    let dir = std::env::var("LWTOP_TEST_DIR").unwrap();
    let mut server = Aiosmtpd::start(dir.as_ref(), "ada", PASSWORD);
    let secret = |name: &str| Secret::Environment(name.to_owned());
    let email = Email {
        host: "localhost".to_owned(),
        security: MailSecurity::StartTls,
        ..login(server.port, secret("LWTOP_TEST_PASSWORD"))
    };
    deliver(&email, &many(41, 0)).await.unwrap();
    let received = server.mail();
    let mail = MessageParser::default().parse(received.as_bytes()).unwrap();
    assert_eq!(mail.subject(), Some("[lwtop] 41 devices lost in 2 s: lwtThing-0, lwtThing-1 and 39 more"));
    assert!(text(&mail).contains("lwtThing-40: connection lost"));

    let wrong = Email { password: Some(secret("LWTOP_TEST_WRONG")), ..email };
    let failed = deliver(&wrong, &single(WILL)).await.unwrap_err();
    assert!(!failed.again && failed.why.contains("refused the login: 535"), "{failed:?}");
}
