//! The ways in which lwtop makes a device die.

use super::cause::Cause;
use std::fmt;
use std::str::FromStr;

/// A death on purpose. Each is one of the ways in which real devices go away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// DISCONNECT first, then the socket closes: the will is discarded.
    Leave,
    /// The socket closes without DISCONNECT.
    Fin,
    /// The connection is reset.
    Rst,
    /// The socket stays open, nothing is sent and nothing is read: keep alive runs out.
    Freeze,
    /// A second client connects with the same client id.
    Takeover,
    /// A malformed packet: the server must close.
    ProtocolError,
    /// MQTT 5 DISCONNECT with reason 0x04: the client leaves and asks for its will.
    LeaveWithWill,
    /// The broker's side closes the connection. Needs the gateway.
    Kick,
}

impl Fault {
    /// Every fault, in the order of the death menu.
    pub const ALL: [Self; 8] = [
        Self::Leave,
        Self::Fin,
        Self::Rst,
        Self::Freeze,
        Self::Takeover,
        Self::ProtocolError,
        Self::LeaveWithWill,
        Self::Kick,
    ];

    /// The one called `name`, if a device can do it by itself.
    ///
    /// # Errors
    /// What it can do, as one sentence; `more` names what else can be said there.
    pub fn of_device(name: &str, more: &[&str]) -> Result<Self, String> {
        let own = |fault: &Self| *fault != Self::Kick;
        if let Some(fault) = Self::ALL.into_iter().filter(own).find(|fault| fault.name() == name) {
            return Ok(fault);
        }
        let mut names: Vec<&str> = Self::ALL.iter().filter(|fault| own(fault)).map(|fault| fault.name()).collect();
        names.extend(more);
        let last = names.pop().unwrap_or_default();
        let names = names.join(", ");
        Err(if name == Self::Kick.name() {
            format!(
                "a device cannot be kicked by itself: rst is the same from its own side; there are {names} and {last}"
            )
        } else {
            format!("there is no fault {name:?}; there are {names} and {last}")
        })
    }

    /// The name on the command line and in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Leave => "leave",
            Self::Fin => "fin",
            Self::Rst => "rst",
            Self::Freeze => "freeze",
            Self::Takeover => "takeover",
            Self::ProtocolError => "protocol-error",
            Self::LeaveWithWill => "leave-with-will",
            Self::Kick => "kick",
        }
    }

    /// The name on screen.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Leave => "leave",
            Self::Fin => "cut, FIN",
            Self::Rst => "cut, RST",
            Self::Freeze => "freeze",
            Self::Takeover => "takeover",
            Self::ProtocolError => "protocol error",
            Self::LeaveWithWill => "leave with will",
            Self::Kick => "kick",
        }
    }

    /// What is done to a device, as one or two words: FIN and RST are both a cut.
    #[must_use]
    pub const fn deed(self) -> &'static str {
        match self {
            Self::Fin | Self::Rst => "cut",
            fault => fault.title(),
        }
    }

    /// What happens, in one line.
    #[must_use]
    pub const fn what_happens(self) -> &'static str {
        match self {
            Self::Leave => "DISCONNECT first, then the socket closes",
            Self::Fin => "the socket closes without DISCONNECT",
            Self::Rst => "the connection is reset",
            Self::Freeze => "the socket stays open, nothing is sent",
            Self::Takeover => "a second client with the same id",
            Self::ProtocolError => "a malformed packet",
            Self::LeaveWithWill => "DISCONNECT 0x04",
            Self::Kick => "the broker's side closes it",
        }
    }

    /// Whether a death with this cause can be this fault's doing. A fault that came to nothing is not to be blamed for
    /// what happens to the device an hour later.
    #[must_use]
    pub const fn explains(self, cause: Cause) -> bool {
        match (self, cause) {
            (_, Cause::Unknown)
            | (Self::Leave, Cause::ClientInitiatedDisconnect)
            | (Self::Fin | Self::Rst, Cause::ConnectionLost)
            // A frozen device that is reconnected takes over its own old session.
            | (Self::Freeze, Cause::KeepAliveTimeout | Cause::SessionTakenOver)
            | (Self::Takeover, Cause::SessionTakenOver)
            | (Self::ProtocolError, Cause::ProtocolError)
            | (Self::LeaveWithWill, Cause::DisconnectWithWill)
            | (Self::Kick, Cause::ServerInitiated) => true,
            _ => false,
        }
    }

    /// Whether the server is to publish the will of a client that dies like this.
    #[must_use]
    pub const fn sends_will(self) -> bool {
        !matches!(self, Self::Leave)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A fault name that does not exist.
#[derive(Debug, thiserror::Error)]
#[error(
    "there is no fault {0:?}; the faults are leave, fin, rst, freeze, takeover, protocol-error, leave-with-will and kick"
)]
pub struct UnknownFault(String);

impl FromStr for Fault {
    type Err = UnknownFault;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|fault| fault.name() == name).ok_or_else(|| UnknownFault(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_parses_back() {
        for fault in Fault::ALL {
            assert_eq!(fault.name().parse::<Fault>().unwrap(), fault);
        }
        for fault in Fault::ALL {
            assert_eq!(Fault::of_device(fault.name(), &[]).ok(), Some(fault).filter(|fault| *fault != Fault::Kick));
        }
        let refusal = Fault::of_device("mixx", &["mix"]).unwrap_err();
        assert!(refusal.ends_with("leave-with-will and mix") && !refusal.contains("kick"), "{refusal}");
        assert!("explode".parse::<Fault>().unwrap_err().to_string().contains("leave-with-will"));
    }
}
