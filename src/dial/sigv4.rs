//! Signature version 4 in the query of a GET without a body, as AWS IoT Core wants it of a WebSocket.

use ring::{digest, hmac};
use std::fmt::Write as _;

/// Who signs.
pub struct Signer<'a> {
    /// The access key id.
    pub key_id: &'a str,
    /// The secret access key.
    pub secret: &'a str,
    /// Where the service is.
    pub region: &'a str,
    /// Which service.
    pub service: &'a str,
}

impl Signer<'_> {
    /// The query with its signature. `query` is what was there before, percent-encoded or not; `time` stands as
    /// `20150830T123600Z`; `host` as in the header.
    pub fn sign(&self, host: &str, path: &str, query: &str, time: &str, expires: u32) -> String {
        let day = time.split('T').next().unwrap_or_default();
        let scope = format!("{day}/{}/{}/aws4_request", self.region, self.service);
        let mut parameters: Vec<(String, String)> = query
            .split('&')
            .filter(|part| !part.is_empty())
            .map(|part| part.split_once('=').unwrap_or((part, "")))
            .map(|(name, value)| (encoded(&decoded(name), ""), encoded(&decoded(value), "")))
            .collect();
        for (name, value) in [
            ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
            ("X-Amz-Credential", &format!("{}/{scope}", self.key_id)),
            ("X-Amz-Date", time),
            ("X-Amz-Expires", &expires.to_string()),
            ("X-Amz-SignedHeaders", "host"),
        ] {
            parameters.push((name.to_owned(), encoded(value.as_bytes(), "")));
        }
        parameters.sort();
        let query: Vec<_> = parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let query = query.join("&");
        let path = encoded(path.as_bytes(), "/");
        let request = format!("GET\n{path}\n{query}\nhost:{host}\n\nhost\n{}", sha256(b""));
        let text = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", sha256(request.as_bytes()));
        let mut key = hmac_sha256(format!("AWS4{}", self.secret).as_bytes(), day);
        for part in [self.region, self.service, "aws4_request", &text] {
            key = hmac_sha256(key.as_ref(), part);
        }
        format!("{query}&X-Amz-Signature={}", hex(key.as_ref()))
    }
}

fn hmac_sha256(key: &[u8], text: &str) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes())
}

fn sha256(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing into a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Percent-encodes all but the unreserved characters of RFC 3986 and those in `besides`.
pub fn encoded(bytes: &[u8], besides: &str) -> String {
    let mut text = String::with_capacity(bytes.len());
    for &byte in bytes {
        let character = char::from(byte);
        if byte.is_ascii_alphanumeric() || "-._~".contains(character) || besides.contains(character) {
            text.push(character);
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

/// Undoes percent-encoding; a '%' that begins no code stands for itself.
pub fn decoded(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let code = match tail {
            [high, low, ..] if *first == b'%' => digit(*high).zip(digit(*low)),
            _ => None,
        };
        bytes.push(code.map_or(*first, |(high, low)| high << 4 | low));
        rest = if code.is_some() { &tail[2..] } else { tail };
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize)]
    struct Suite {
        access_key_id: String,
        secret_access_key: String,
        region: String,
        service: String,
        time: String,
        expires: u32,
        host: String,
        cases: Vec<Case>,
    }

    #[derive(serde::Deserialize)]
    struct Case {
        name: String,
        path: String,
        query: String,
        token: Option<String>,
        signature: String,
    }

    #[test]
    fn the_published_signatures_come_out() {
        let suite: Suite = serde_json::from_str(include_str!("../../tests/data/sigv4.json")).unwrap();
        let signer = Signer {
            key_id: &suite.access_key_id,
            secret: &suite.secret_access_key,
            region: &suite.region,
            service: &suite.service,
        };
        assert!(suite.cases.len() > 10);
        for Case { name, path, query, token, signature } in suite.cases {
            // Where the suite has a token, the token is signed too: AWS IoT Core is what differs.
            let token = token.map(|token| format!("&X-Amz-Security-Token={token}")).unwrap_or_default();
            let whole = signer.sign(&suite.host, &path, &format!("{query}{token}"), &suite.time, suite.expires);
            assert_eq!(whole.rsplit('=').next(), Some(&*signature), "{name}: {whole}");
        }
    }
}
