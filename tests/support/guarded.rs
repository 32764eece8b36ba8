//! A real Mosquitto behind everything that guards one: TLS with client certificates, WebSocket, a password file.

#![allow(dead_code, reason = "not every test file needs every part")]

use crate::authority::Authority;
use crate::mosquitto::Mosquitto;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use std::num::NonZeroU32;

/// A Mosquitto that wants a login everywhere, and a client certificate on its ports for TLS.
pub struct Guarded {
    pub broker: Mosquitto,
    pub authority: Authority,
    pub mqtts: u16,
    pub ws: u16,
    pub wss: u16,
}

impl Guarded {
    pub fn start(name: &str) -> Option<Self> {
        let authority = Authority::new(name);
        let (certificate, key) = authority.sign("server", &["localhost", "127.0.0.1"]);
        let passwords = authority.dir().join("passwords");
        std::fs::write(&passwords, format!("ann:{}\n", hashed("s3cret"))).unwrap();
        let ca = authority.dir().join("ca.pem");
        let secure = format!(
            "cafile {}\ncertfile {}\nkeyfile {}\nrequire_certificate true\n",
            ca.display(),
            certificate.display(),
            key.display()
        );
        let (broker, [mqtts, ws, wss]) = Mosquitto::start_on(|[mqtts, ws, wss]| {
            format!(
                "{}allow_anonymous false\npassword_file {}\nlistener {mqtts} 127.0.0.1\n{secure}\
                 listener {ws} 127.0.0.1\nprotocol websockets\nlistener {wss} 127.0.0.1\nprotocol websockets\n{secure}",
                keeps_its_user(),
                passwords.display()
            )
        })?;
        Some(Self { broker, authority, mqtts, ws, wss })
    }
}

/// Started by root, Mosquitto would become a user that cannot read a test's files.
pub fn keeps_its_user() -> String {
    format!("user {}\n", std::env::var("USER").unwrap_or_else(|_| "root".to_owned()))
}

/// As `mosquitto_passwd` writes it: PBKDF2 with SHA-512.
fn hashed(password: &str) -> String {
    let (salt, mut hash) = (b"twelve bytes", [0; 64]);
    let rounds = NonZeroU32::new(101).unwrap();
    ring::pbkdf2::derive(ring::pbkdf2::PBKDF2_HMAC_SHA512, rounds, salt, password.as_bytes(), &mut hash);
    format!("$7$101${}${}", BASE64_STANDARD.encode(salt), BASE64_STANDARD.encode(hash))
}
