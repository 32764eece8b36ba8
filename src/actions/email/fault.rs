//! Why a mail was not sent, in words that give no secret away.

use crate::actions::causes::causes;
use crate::actions::{Failed, words};
use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use lettre::transport::smtp::Error;
use std::fmt;
use std::io;

/// How many letters of a server's answer are passed on.
const SHOWN: usize = 200;

/// Answers are cut off anywhere.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The mail server of an attempt.
#[derive(Clone, Copy)]
pub struct Server<'a> {
    /// Its name or address.
    pub name: &'a str,
    /// Its port.
    pub port: u16,
    /// What its answers may not show.
    pub password: Option<&'a str>,
}

impl fmt::Display for Server<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.name.contains(':') {
            write!(f, "[{}]:{}", self.name, self.port)
        } else {
            write!(f, "{}:{}", self.name, self.port)
        }
    }
}

impl Server<'_> {
    /// No connection, or no TLS on it.
    pub fn unreachable(&self, error: &Error) -> Failed {
        let why = self.reason(error);
        match tls_error(error) {
            Some(rustls::Error::InvalidCertificate(_)) => Failed::for_good(format!(
                "the certificate of the mail server {self} was not accepted, so nothing was sent: {why}; if its authority \
                 is your own, name a file with its certificate in SSL_CERT_FILE"
            )),
            Some(rustls::Error::InvalidMessage(_)) => Failed::for_good(format!(
                "the mail server {self} does not speak TLS from the first byte: set security = \"starttls\", or another port"
            )),
            _ if error.status().is_some() => self.refused("the connection", error),
            _ => Failed::for_now(format!("the mail server {self} cannot be reached: {why}")),
        }
    }

    /// The server, or lettre for it, would not take `what`.
    pub fn refused(&self, what: &str, error: &Error) -> Failed {
        let why = self.reason(error);
        match error.status() {
            Some(code) if error.is_permanent() => {
                Failed::for_good(format!("the mail server {self} refused {what}: {code} {why}"))
            }
            Some(code) => Failed::for_now(format!("the mail server {self} put {what} off: {code} {why}")),
            None if error.is_client() => Failed::for_good(format!("the mail server {self} cannot take {what}: {why}")),
            None => Failed::for_now(format!("the mail server {self} broke off at {what}: {why}")),
        }
    }

    fn reason(&self, error: &Error) -> String {
        // lettre's errors stand around one another, and around what happened.
        let cause = causes(error).find(|cause| !cause.is::<Error>());
        let text = cause.map_or_else(|| error.to_string(), ToString::to_string);
        words::clean(&without(&text, self.password), SHOWN)
    }
}

/// What TLS itself found wrong.
fn tls_error(error: &Error) -> Option<&rustls::Error> {
    causes(error).find_map(|cause| cause.downcast_ref::<io::Error>()?.get_ref()?.downcast_ref())
}

/// One line of text in which the password is not to be found, neither as it is nor in the base64 that SMTP sends it in:
/// some servers repeat the command that they refuse.
fn without(text: &str, password: Option<&str>) -> String {
    let Some(password) = password.filter(|password| !password.is_empty()) else {
        return text.split_whitespace().collect::<Vec<_>>().join(" ");
    };
    let hidden = |word: &str| {
        let parts = word.split(|letter: char| !(letter.is_ascii_alphanumeric() || matches!(letter, '+' | '/' | '=')));
        let shows = |part: &str| LENIENT.decode(part).is_ok_and(|bytes| holds(&bytes, password.as_bytes()));
        parts.into_iter().any(shows)
    };
    let words = text.replace(password, "***");
    words.split_whitespace().map(|word| if hidden(word) { "***" } else { word }).collect::<Vec<_>>().join(" ")
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_do_not_show_the_password() {
        let password = Some("pa55 word");
        for (text, wanted) in [
            ("5.7.8  no\r\nthat is\twrong", "5.7.8 no that is wrong"),
            ("wrong password pa55 word!", "wrong password ***!"),
            // \0ada\0pa55 word, and the password alone.
            ("unknown: AUTH PLAIN AGFkYQBwYTU1IHdvcmQ=", "unknown: AUTH PLAIN ***"),
            ("<cGE1NSB3b3Jk>", "***"),
        ] {
            assert_eq!(without(text, password), wanted);
        }
        assert_eq!(without("as it is", None), "as it is");
    }
}
