//! Mails over SMTP.
//!
//! Each attempt is a connection of its own: groups come seconds apart at the most, and a connection that was kept would be
//! one more thing that can have died unseen. The server's certificate is always verified, against the system's roots (or
//! those that `SSL_CERT_FILE` names).

mod fault;
mod letter;
mod secret;

use super::progress::{self, Progress};
use super::{Attempt, Deliver, Failed, Group};
use crate::rules::{Email, MailSecurity};
use fault::Server;
use letter::Letter;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Quit, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;
use tokio::sync::OnceCell;

/// How long the server may take to say goodbye, once it has the mail.
const GOODBYE: Duration = Duration::from_secs(1);

/// Sends groups of events as mails.
pub struct Mailer {
    email: Email,
    /// The system's roots are read once, on the first delivery that needs them.
    tls: OnceCell<TlsParameters>,
    progress: Progress,
}

impl Mailer {
    /// A mailer that has not connected yet, nor read a secret.
    #[must_use]
    pub fn new(email: &Email) -> Self {
        Self { email: email.clone(), tls: OnceCell::new(), progress: Progress::default() }
    }

    async fn send(&self, group: &Group) -> Result<(), Failed> {
        let letter = Letter::compose(&self.email, group)?;
        let key = progress::key(group);
        let password = self.password().await?;
        let server = Server { name: self.host(), port: self.port(), password: password.as_deref() };
        let mut connection = self.connect(&server).await?;
        if let (Some(user), Some(password)) = (&self.email.user, &password) {
            let credentials = Credentials::new(user.clone(), password.clone());
            let login = connection.auth(DEFAULT_MECHANISMS, &credentials).await;
            login.map_err(|error| server.refused("the login", &error))?;
        }
        let sender = Mail::new(Some(letter.from.clone()), extensions(&connection, &letter, &server)?);
        connection
            .command(sender)
            .await
            .map_err(|error| server.refused(&format!("the sender {}", letter.from), &error))?;
        // One bad address must not keep the mail from the others.
        let (mut accepted, mut refused) = (Vec::new(), Vec::<Failed>::new());
        for (index, to) in letter.to.iter().enumerate() {
            if self.progress.is_done(key, index) {
                continue;
            }
            match connection.command(Rcpt::new(to.clone(), Vec::new())).await {
                Ok(_) => accepted.push(index),
                Err(error) if error.status().is_some() => {
                    refused.push(server.refused(&format!("the recipient {to}"), &error));
                }
                Err(error) => return Err(server.refused("the recipients", &error)),
            }
        }
        if !accepted.is_empty() {
            connection.command(Data).await.map_err(|error| server.refused("the mail", &error))?;
            connection.message(&letter.text).await.map_err(|error| server.refused("the mail", &error))?;
            for index in accepted {
                self.progress.done(key, index);
            }
        }
        // The mail is theirs now, whatever comes of the goodbye.
        let _ = tokio::time::timeout(GOODBYE, connection.command(Quit)).await;
        if let Some(failed) = progress::outcome(refused) {
            return Err(failed);
        }
        self.progress.finished();
        Ok(())
    }

    /// Connects as `security` demands, and not otherwise.
    async fn connect(&self, server: &Server<'_>) -> Result<AsyncSmtpConnection, Failed> {
        let hello = ClientId::default();
        let address = (server.name, server.port);
        let at_once = match self.email.security {
            MailSecurity::Tls => Some(self.tls().await?),
            MailSecurity::StartTls | MailSecurity::None => None,
        };
        let connection = AsyncSmtpConnection::connect_tokio1(address, None, &hello, at_once, None).await;
        let mut connection = connection.map_err(|error| server.unreachable(&error))?;
        if self.email.security == MailSecurity::StartTls {
            if !connection.can_starttls() {
                return Err(Failed::for_good(format!(
                    "the mail server {server} does not offer STARTTLS, so nothing was sent: set security = \"tls\" if it \
                     speaks TLS from the first byte on this port"
                )));
            }
            connection.starttls(self.tls().await?, &hello).await.map_err(|error| server.unreachable(&error))?;
        }
        Ok(connection)
    }

    async fn tls(&self) -> Result<TlsParameters, Failed> {
        let make = || async {
            let name = self.host().to_owned();
            // It reads files.
            let made = tokio::task::spawn_blocking(move || TlsParameters::new_rustls(name)).await;
            made.map_err(|error| error.to_string())?.map_err(|error| error.to_string())
        };
        let tls = self.tls.get_or_try_init(make).await;
        tls.cloned().map_err(|why| Failed::for_now(format!("TLS for the mail server cannot be set up: {why}")))
    }

    /// The password, read anew each time: it may have been changed.
    async fn password(&self) -> Result<Option<String>, Failed> {
        match (&self.email.user, &self.email.password) {
            (None, None) => Ok(None),
            (Some(user), None) => {
                Err(Failed::for_good(format!("the mail server's user {user} has no password: give one, or no user")))
            }
            (None, Some(_)) => Err(Failed::for_good("there is a password for the mail server, but no user")),
            (Some(_), Some(secret)) => {
                let host = self.host();
                if self.email.security == MailSecurity::None && !is_here(host) {
                    return Err(Failed::for_good(format!(
                        "the password would go to {host} in the clear, so nothing was sent: set security = \"starttls\" \
                         or \"tls\""
                    )));
                }
                secret::read(secret).await.map(Some)
            }
        }
    }

    /// The server's name; an address of IPv6 without its brackets.
    fn host(&self) -> &str {
        let host = self.email.host.as_str();
        host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
    }

    fn port(&self) -> u16 {
        self.email.port.unwrap_or(match self.email.security {
            MailSecurity::StartTls => 587,
            MailSecurity::Tls => 465,
            MailSecurity::None => 25,
        })
    }
}

impl fmt::Debug for Mailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mailer").field("email", &self.email).finish_non_exhaustive()
    }
}

impl Deliver for Mailer {
    fn deliver<'a>(&'a self, group: &'a Group) -> Attempt<'a> {
        Box::pin(self.send(group))
    }
}

/// What the mail needs beyond plain SMTP: only addresses with letters outside ASCII need anything.
fn extensions(
    connection: &AsyncSmtpConnection,
    letter: &Letter,
    server: &Server<'_>,
) -> Result<Vec<MailParameter>, Failed> {
    if letter.is_ascii() {
        return Ok(Vec::new());
    }
    let offers = |feature| connection.server_info().supports_feature(feature);
    if offers(Extension::SmtpUtfEight) && offers(Extension::EightBitMime) {
        return Ok(vec![MailParameter::SmtpUtfEight, MailParameter::Body(MailBodyParameter::EightBitMime)]);
    }
    Err(Failed::for_good(format!(
        "the mail server {server} takes no addresses with letters outside ASCII (it offers no SMTPUTF8)"
    )))
}

/// Whether a server is on this machine, by its name alone: who answers for a name is not asked.
fn is_here(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
