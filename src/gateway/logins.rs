//! Who may come in by user name and password.
//!
//! They stand in a file of their own, one `name:password` a line, the password as it is or as `mosquitto_passwd` writes it
//! down: `$7$` (PBKDF2 with SHA-512) or `$6$` (SHA-512 with salt).

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ring::digest::{SHA256, SHA512, digest};
use ring::pbkdf2;
use std::collections::HashMap;
use std::fmt;
use std::io;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

/// The largest file that is read: room for a hundred thousand devices.
const LARGEST: u64 = 16 << 20;

/// More rounds of hashing than this would keep a device waiting, and a processor busy for every CONNECT with a name that
/// is known: a tenth of a second or so.
const ROUNDS: u32 = 250_000;

/// Why there are no logins. No variant holds a password.
#[derive(Debug, thiserror::Error)]
pub enum LoginsError {
    /// A file that cannot be read.
    #[error("the users cannot be read from {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A line that says no user and password.
    #[error("{}:{line}: {why}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A file with nobody in it.
    #[error("{} names no user, so that no device could connect: write one as name:password", path.display())]
    Nobody {
        /// The file.
        path: PathBuf,
    },
}

/// What is kept of a password.
enum Secret {
    /// Its SHA-256: two of them are compared without telling how alike the passwords are.
    Plain([u8; 32]),
    Salted {
        salt: Vec<u8>,
        hash: Vec<u8>,
    },
    Stretched {
        rounds: NonZeroU32,
        salt: Vec<u8>,
        hash: Vec<u8>,
    },
}

impl Secret {
    fn plain(password: &[u8]) -> Self {
        Self::Plain(sha256(password))
    }

    fn is(&self, password: &[u8]) -> bool {
        match self {
            Self::Plain(hash) => *hash == sha256(password),
            Self::Salted { salt, hash } => digest(&SHA512, &[password, salt].concat()).as_ref() == &hash[..],
            Self::Stretched { rounds, salt, hash } => {
                pbkdf2::verify(pbkdf2::PBKDF2_HMAC_SHA512, *rounds, salt, password, hash).is_ok()
            }
        }
    }
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, bytes).as_ref());
    hash
}

/// User names and what is kept of their passwords.
#[derive(Default)]
pub struct Logins(HashMap<String, Secret>);

impl fmt::Debug for Logins {
    /// How many: a name is nobody's business either.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Logins").field(&self.0.len()).finish()
    }
}

impl Logins {
    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read, a line of it cannot be understood, or it names nobody.
    pub fn read(path: &Path) -> Result<Self, LoginsError> {
        let unreadable = |source| LoginsError::Unreadable { path: path.to_owned(), source };
        if std::fs::metadata(path).map_err(unreadable)?.len() > LARGEST {
            return Err(unreadable(io::Error::other("it has more than 16 MiB")));
        }
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        let mut users = HashMap::new();
        for (index, line) in text.lines().enumerate() {
            let wrong = |why| LoginsError::Line { path: path.to_owned(), line: index + 1, why };
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            let (user, password) = line.split_once(':').ok_or_else(|| wrong("a user is written as name:password"))?;
            if user.is_empty() || password.is_empty() {
                return Err(wrong("a user needs a name before the colon, and a password behind it"));
            }
            if users.insert(user.to_owned(), secret(password).map_err(wrong)?).is_some() {
                return Err(wrong("this user is named a second time"));
            }
        }
        if users.is_empty() {
            return Err(LoginsError::Nobody { path: path.to_owned() });
        }
        Ok(Self(users))
    }

    /// One more, who wins over one of the same name.
    #[must_use]
    pub fn with(mut self, user: &str, password: &str) -> Self {
        self.0.insert(user.to_owned(), Secret::plain(password.as_bytes()));
        self
    }

    /// Whether this user has this password. May take a while: not for a thread that must not wait.
    #[must_use]
    pub fn admit(&self, user: &str, password: &[u8]) -> bool {
        self.0.get(user).is_some_and(|secret| secret.is(password))
    }
}

/// What stands behind the colon.
fn secret(text: &str) -> Result<Secret, &'static str> {
    const BROKEN: &str = "the hash of this password is broken: let mosquitto_passwd write it again";
    let bytes = |text: &str| BASE64_STANDARD.decode(text).map_err(|_| BROKEN);
    let parts: Vec<&str> = text.split('$').collect();
    let secret = match parts[..] {
        ["", "7", rounds, salt, hash] => {
            let rounds = rounds.parse::<NonZeroU32>().map_err(|_| BROKEN)?;
            if rounds.get() > ROUNDS {
                return Err(
                    "the hash of this password has more than 250000 rounds, which takes too long for each CONNECT",
                );
            }
            Secret::Stretched { rounds, salt: bytes(salt)?, hash: bytes(hash)? }
        }
        ["", "6", salt, hash] => Secret::Salted { salt: bytes(salt)?, hash: bytes(hash)? },
        ["", kind, ..] if kind.starts_with("argon2") => {
            return Err("lwtop does not know Argon2: let mosquitto_passwd write the password with -H sha512-pbkdf2");
        }
        ["", "6" | "7", ..] => return Err(BROKEN),
        _ => return Ok(Secret::plain(text.as_bytes())),
    };
    match &secret {
        Secret::Salted { hash, .. } | Secret::Stretched { hash, .. } if hash.len() != 64 => Err(BROKEN),
        _ => Ok(secret),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    struct File(PathBuf);

    impl File {
        fn new(name: &str, text: &str) -> Self {
            let path = std::env::temp_dir().join(format!("lwtop-{name}-{}", std::process::id()));
            std::fs::write(&path, text).unwrap();
            Self(path)
        }
    }

    impl Drop for File {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.0);
        }
    }

    #[test]
    fn users_of_every_writing_are_admitted_by_their_password() {
        // `mosquitto_passwd -b FILE NAME lwtThing`, with -H sha512-pbkdf2 -I 101 and with -H sha512.
        let file = File::new("users", include_str!("logins_users.txt"));
        let logins = Logins::read(&file.0).unwrap().with("own", "secret");
        for user in ["plain", "stretched", "salted"] {
            assert!(logins.admit(user, b"lwtThing"), "{user}");
            assert!(!logins.admit(user, b"lwtthing") && !logins.admit(user, b""), "{user}");
        }
        assert!(logins.admit("colon", b"a:b") && logins.admit("own", b"secret") && !logins.admit("nobody", b""));
        assert_eq!(format!("{logins:?}"), "Logins(5)");
    }

    #[test]
    fn what_is_wrong_with_a_file_is_said_with_its_line_and_no_password() {
        for (text, words) in [
            ("a:1\nsecret", ":2: a user is written"),
            (":secret", ":1: a user needs"),
            ("a:1\n\na:secret", ":3: this user is named a second time"),
            ("a:$7$x$secret", ":1: the hash"),
            ("a:$7$101$c2VjcmV0$c2VjcmV0", ":1: the hash"),
            ("a:$7$250001$c2VjcmV0$c2VjcmV0", "250000 rounds"),
            ("a:$argon2id$secret", "Argon2"),
            ("# nobody\n", "names no user"),
        ] {
            let file = File::new("users-wrong", text);
            let error = Logins::read(&file.0).unwrap_err().to_string();
            assert!(error.contains(words) && !error.contains("secret"), "{error}");
        }
        let error = Logins::read(Path::new("nowhere/users")).unwrap_err().to_string();
        assert!(error.contains("nowhere/users"), "{error}");
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[$67a-z=:/+]{0,60}") {
            let _ = secret(&text);
        }
    }
}
