//! What a swarm is to do.

use crate::hub::dice::Dice;
use crate::hub::mass::Storm;
use crate::hub::{Setup, limits};
use crate::mqtt::{ClientId, Fault, Protocol};
use std::str::FromStr;
use std::time::Duration;

/// How a device of the swarm dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Death {
    /// By this fault.
    By(Fault),
    /// Each by another one of those that need no waiting.
    Mix,
}

impl Death {
    /// The faults that may come of it.
    fn faults(self, protocol: Protocol) -> &'static [Fault] {
        const MIX: [Fault; 6] =
            [Fault::Fin, Fault::Rst, Fault::ProtocolError, Fault::Takeover, Fault::Leave, Fault::LeaveWithWill];
        match (self, protocol) {
            (Self::By(fault), _) => &Fault::ALL[fault as usize..=fault as usize],
            (Self::Mix, Protocol::V5) => &MIX,
            // 3.1.1 has no reason in DISCONNECT.
            (Self::Mix, Protocol::V311) => &MIX[..5],
        }
    }

    pub(super) fn choose(self, protocol: Protocol, dice: &mut Dice) -> Fault {
        let faults = self.faults(protocol);
        faults[dice.below(faults.len())]
    }
}

impl FromStr for Death {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "mix" => Ok(Self::Mix),
            _ => Fault::of_device(text, &["mix"]).map(Self::By),
        }
    }
}

/// Everything a swarm needs to start. How many devices there are is in its set-up.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Which broker, what devices are like, and how many.
    pub setup: Setup,
    /// At most so many connects a second.
    pub rate: Option<u32>,
    /// How devices die, in a storm and in the end.
    pub death: Death,
    /// Deaths on the way.
    pub storm: Option<Storm>,
    /// How long the swarm is held once it is up; without it, until it is told to end.
    pub time: Option<Duration>,
    /// How long a will may take before it counts as lost.
    pub patience: Duration,
}

/// Why a plan cannot work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// The template or the flags are at fault.
    #[error("{0}")]
    Wrong(String),
    /// It is too much for this machine.
    #[error("{0}")]
    TooMuch(String),
}

impl Plan {
    /// Looks whether it can work on this machine.
    ///
    /// # Errors
    /// A full sentence with the numbers and the way out.
    pub fn check(&self) -> Result<(), PlanError> {
        let (setup, count) = (&self.setup, self.setup.devices);
        let wrong = |text: String| Err(PlanError::Wrong(text));
        if count == 0 {
            return wrong("a swarm has at least one device: --count 1000".to_owned());
        }
        let by = |fault| self.death == Death::By(fault);
        if by(Fault::LeaveWithWill) && setup.template.protocol == Protocol::V311 {
            return wrong("leave-with-will needs MQTT 5: add --device-protocol 5".to_owned());
        }
        if by(Fault::Freeze) && setup.template.keep_alive.interval().is_none() {
            return wrong("a frozen device without keep alive is never missed: give a --keep-alive".to_owned());
        }
        let id = self.id(0);
        if let Some(will) = setup.template.will_of(&id)
            && !setup.topics.tell_of(&id, &will, false)
        {
            return wrong(format!(
                "a will that arrives would not say whose it is: name the device in its topic (--will-topic 'devices/+/will' and \
                 devices.will.topic 'devices/${{client_id}}/will') or as /state/reported/client_id in its payload; now it is \
                 on {}",
                will.topic
            ));
        }
        let each = setup.files_per_device();
        limits::room(limits::raise_open_files(), 0, count, each).map_err(PlanError::TooMuch)?;
        limits::ports(count, self.loopback()).map_err(PlanError::TooMuch)?;
        limits::memory(limits::free_memory(), count, setup.gateway()).map_err(PlanError::TooMuch)
    }

    /// Whether the broker is on this machine. A name other than `localhost` is taken for another one's.
    fn loopback(&self) -> bool {
        match &self.setup.source {
            // Devices connect to the gateway, which is here.
            crate::hub::Source::Embedded { .. } | crate::hub::Source::Upstream { .. } => true,
            crate::hub::Source::External(address) => {
                address.host == "localhost" || address.host.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
            }
        }
    }

    /// The client id of the device with this number, from 0.
    #[must_use]
    pub fn id(&self, number: usize) -> ClientId {
        match number {
            0 => ClientId::from(self.setup.prefix.as_str()),
            _ => ClientId::new(format!("{}-{}", self.setup.prefix, number + 1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mix_has_only_what_the_version_has() {
        let mut dice = Dice::new();
        let drawn: Vec<_> = (0..200).map(|_| Death::Mix.choose(Protocol::V311, &mut dice)).collect();
        assert!(!drawn.contains(&Fault::LeaveWithWill) && !drawn.contains(&Fault::Freeze));
        let drawn: Vec<_> = (0..200).map(|_| Death::Mix.choose(Protocol::V5, &mut dice)).collect();
        assert!(drawn.contains(&Fault::LeaveWithWill) && drawn.contains(&Fault::Takeover));
        assert_eq!(Death::By(Fault::Freeze).choose(Protocol::V5, &mut dice), Fault::Freeze);
        assert_eq!("rst".parse(), Ok(Death::By(Fault::Rst)));
        for text in ["kick", "", "explode"] {
            assert!(text.parse::<Death>().is_err(), "{text}");
        }
    }
}
