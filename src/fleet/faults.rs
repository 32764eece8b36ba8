//! Which deaths a device can die, and what will come of each.

use super::device::Device;
use super::presence::Presence;
use crate::mqtt::{Fault, Protocol};

/// One line of the death menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultOption {
    /// The fault.
    pub fault: Fault,
    /// What becomes of the will, in a few words: `will at once`, `will at 45 s`, `will discarded`, `no will`.
    pub outlook: String,
    /// Why it cannot be done on this device.
    pub refused: Option<&'static str>,
}

/// The death menu for `device`. `gateway` says whether devices come through lwtop's own gateway.
#[must_use]
pub fn options(device: &Device, gateway: bool) -> Vec<FaultOption> {
    Fault::ALL
        .into_iter()
        .map(|fault| FaultOption { fault, outlook: outlook(device, fault), refused: refusal(device, gateway, fault) })
        .collect()
}

/// Why `fault` cannot be done on `device`; `None` if it can.
#[must_use]
pub fn refusal(device: &Device, gateway: bool, fault: Fault) -> Option<&'static str> {
    let connected = device.open_session().is_some() && !matches!(device.presence, Presence::Offline { .. });
    if !connected {
        return Some(if device.launched() {
            "it is not connected: reconnect it first"
        } else {
            "it is not connected here"
        });
    }
    if !device.launched() && !gateway {
        return Some("it did not come through lwtop's gateway");
    }
    if fault == Fault::Kick && !gateway {
        return Some("needs lwtop's gateway");
    }
    let protocol = device.session.as_ref().map(|session| session.protocol);
    if fault == Fault::LeaveWithWill && protocol != Some(Protocol::V5) {
        return Some("needs MQTT 5");
    }
    None
}

fn outlook(device: &Device, fault: Fault) -> String {
    let Some(session) = device.session.as_deref() else {
        return "will unknown".to_owned();
    };
    let Some(will) = &session.will else {
        return "no will".to_owned();
    };
    if !fault.sends_will() {
        return "will discarded".to_owned();
    }
    let delay = will.delay.as_secs();
    match (fault, session.keep_alive.deadline(), delay) {
        (Fault::Freeze, None, _) => "never: keep alive is off".to_owned(),
        (Fault::Freeze, Some(deadline), _) => {
            format!("will at {} s", deadline.as_secs_f64() + will.delay.as_secs_f64())
        }
        (_, _, 0) => "will at once".to_owned(),
        _ => format!("will after {delay} s"),
    }
}
