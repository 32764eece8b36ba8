//! The user name and password of lwtop's own link, made anew for each process.

use std::fmt;

/// What lwtop's own link shows at the embedded broker's door. Its socket address cannot be known in advance, so it is
/// admitted by what it knows instead of by where it comes from. lwtop's own devices have one for the gateway, where that
/// asks for one.
#[derive(Clone, PartialEq, Eq)]
pub struct LinkLogin {
    /// The user name.
    pub user: String,
    /// The password: 128 random bits in hexadecimal.
    pub password: String,
}

impl LinkLogin {
    /// One that nobody else has.
    ///
    /// # Errors
    /// When the operating system gives no random bytes.
    pub fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0_u8; 24];
        getrandom::fill(&mut bytes)?;
        let (user, password) = bytes.split_at(8);
        Ok(Self { user: format!("lwtop-{}", hex(user)), password: hex(password) })
    }
}

fn hex(bytes: &[u8]) -> String {
    use fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

impl fmt::Debug for LinkLogin {
    /// Without the password: debug output ends up in logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinkLogin").field("user", &self.user).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_login_is_new_and_debug_keeps_the_password() {
        let (one, two) = (LinkLogin::random().unwrap(), LinkLogin::random().unwrap());
        assert_ne!(one.user, two.user);
        assert_ne!(one.password, two.password);
        assert_eq!(one.password.len(), 32);
        let shown = format!("{one:?}");
        assert!(shown.contains(&one.user) && !shown.contains(&one.password), "{shown}");
    }
}
