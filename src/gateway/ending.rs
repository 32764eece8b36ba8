//! How a connection ended: what was seen on the wire, put into a cause. Pure.

use super::decode::Goodbye;
use crate::clock::Moment;
use crate::mqtt::{Cause, Fault, KeepAlive, Protocol};
use std::time::Duration;

/// The end of a connection, and what is still to be done about it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Ending {
    /// Why.
    pub cause: Cause,
    /// How, on the wire.
    pub how: &'static str,
    /// When the wire was cut on the device's side; `None` where the broker ended it.
    pub cut: Option<Moment>,
    /// The last bytes for the broker, to be sent only after the end was reported.
    pub last: Vec<u8>,
    /// How the broker is to see it.
    pub broker: Carry,
    /// What becomes of the device's side.
    pub device: Fate,
}

/// How an end is carried to the broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Carry {
    /// It ended there.
    Known,
    /// The gateway's side is closed (FIN).
    Fin,
    /// The connection is reset.
    Rst,
}

/// What becomes of the device's side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is handed the broker's last words, then closed.
    Hear,
    /// It is closed.
    Close,
    /// It is told why in a DISCONNECT with this reason code (5 only), and closed.
    Told(u8),
    /// It is reset.
    Reset,
}

impl Ending {
    const fn of_device(cause: Cause, how: &'static str, cut: Moment) -> Self {
        Self { cause, how, cut: Some(cut), last: Vec::new(), broker: Carry::Fin, device: Fate::Hear }
    }

    const fn of_broker(cause: Cause, how: &'static str) -> Self {
        Self { cause, how, cut: None, last: Vec::new(), broker: Carry::Known, device: Fate::Hear }
    }

    /// The device closed its side, in this way.
    pub(super) const fn closed(how: &'static str, cut: Moment) -> Self {
        Self::of_device(Cause::ConnectionLost, how, cut)
    }

    /// The device sent what its door does not take, so that no bytes of MQTT can be found in it.
    pub(super) const fn garbled(how: &'static str, cut: Moment) -> Self {
        Self::of_device(Cause::ProtocolError, how, cut)
    }

    /// Whether the device just went, by FIN or RST, so that nothing is left to be said to anybody.
    pub(super) fn is_plain_cut(&self) -> bool {
        self.cause == Cause::ConnectionLost
            && matches!((self.broker, self.device), (Carry::Fin, Fate::Hear) | (Carry::Rst, Fate::Close))
    }

    /// Whether the broker is told by DISCONNECT that the will is to be discarded.
    pub(super) fn leaves(&self) -> bool {
        self.cause == Cause::ClientInitiatedDisconnect && !self.last.is_empty()
    }

    /// The device's connection broke.
    pub(super) fn broken(error: std::io::ErrorKind, cut: Moment) -> Self {
        let how = match error {
            std::io::ErrorKind::TimedOut => "TCP timeout",
            _ => "RST",
        };
        Self { broker: Carry::Rst, device: Fate::Close, ..Self::of_device(Cause::ConnectionLost, how, cut) }
    }

    /// The device sent something that is not MQTT. The broker gets it and answers as it likes, but it gets nothing
    /// after it: a server must close (3.1.1 section 4.8), and one that does not is helped.
    pub(super) fn malformed(bytes: Vec<u8>, cut: Moment) -> Self {
        Self { last: bytes, ..Self::of_device(Cause::ProtocolError, "malformed packet", cut) }
    }

    /// The device began a packet that is larger than the embedded broker takes. Nothing more of it is read, and nothing of it
    /// is passed on.
    pub(super) fn too_large(cut: Moment) -> Self {
        // Packet too large (5 section 3.14.2.1).
        Self { device: Fate::Told(0x95), ..Self::of_device(Cause::ProtocolError, "packet of more than 1 MiB", cut) }
    }

    /// The device sent DISCONNECT, which is `packet`; `None` stands for one that breaks the specification. It is passed on as
    /// it is, unless the broker is one that is `mended`.
    ///
    /// With reason 0x00 the will is discarded; with any other it is due (5 section 3.14.4). The embedded broker knows
    /// that of 0x04 only, so that other reasons are not passed on: it sees the connection end without DISCONNECT.
    pub(super) fn goodbye(
        goodbye: Option<Goodbye>,
        no_expiry: bool,
        mended: bool,
        packet: Vec<u8>,
        cut: Moment,
    ) -> Self {
        // `right`: the embedded broker takes it rightly too.
        let (cause, how, right) = match goodbye {
            None => (Cause::ProtocolError, "malformed DISCONNECT", false),
            // A session that was to end with the connection cannot be kept after all (5 section 3.14.2.2.2).
            Some(Goodbye { asks_expiry: true, .. }) if no_expiry => {
                let how = "DISCONNECT with a session expiry that CONNECT ruled out";
                let ending = Self::of_device(Cause::ProtocolError, how, cut);
                return if mended {
                    Self { device: Fate::Told(0x82), ..ending }
                } else {
                    Self { last: packet, ..ending }
                };
            }
            Some(Goodbye { code, .. }) => match code {
                0x00 => (Cause::ClientInitiatedDisconnect, disconnect_words(code), true),
                0x04 => (Cause::DisconnectWithWill, disconnect_words(code), true),
                _ if is_protocol_error(code) => (Cause::ProtocolError, disconnect_words(code), false),
                _ => (Cause::DisconnectWithWill, disconnect_words(code), false),
            },
        };
        Self { last: if right || !mended { packet } else { Vec::new() }, ..Self::of_device(cause, how, cut) }
    }

    /// The broker sent DISCONNECT.
    pub(super) fn dismissal(code: u8) -> Self {
        let cause = match code {
            0x8D => Cause::KeepAliveTimeout,
            0x8E => Cause::SessionTakenOver,
            _ if is_protocol_error(code) => Cause::ProtocolError,
            _ => Cause::ServerInitiated,
        };
        Self::of_broker(cause, disconnect_words(code))
    }

    /// The broker closed without a word: what else is known must tell why.
    pub(super) fn wordless(known: &Silence) -> Self {
        let cause = if known.rival {
            Cause::SessionTakenOver
        } else if known.keep_alive.deadline().is_some_and(|deadline| known.lasted >= deadline) {
            Cause::KeepAliveTimeout
        } else if known.mended && known.lasted < ANSWER {
            Cause::ProtocolError
        } else {
            Cause::ServerInitiated
        };
        Self::of_broker(cause, "closed by the broker")
    }

    /// The broker's bytes do not reach the device, and the device has been silent for too long.
    pub(super) fn stalled() -> Self {
        Self {
            broker: Carry::Fin,
            device: Fate::Close,
            ..Self::of_broker(Cause::KeepAliveTimeout, "nothing read and nothing sent")
        }
    }

    /// The broker did not answer CONNECT in time.
    pub(super) fn unanswered() -> Self {
        Self { broker: Carry::Fin, device: Fate::Close, ..Self::of_broker(Cause::ServerInitiated, "no answer in time") }
    }

    /// The gateway stops.
    pub(super) fn stopped() -> Self {
        Self { broker: Carry::Fin, device: Fate::Close, ..Self::of_broker(Cause::ServerInitiated, "gateway stopped") }
    }

    /// A fault on purpose; `None` for those that are not done by ending the connection here.
    pub(super) fn fault(fault: Fault, protocol: Protocol, now: Moment) -> Option<Self> {
        let end = |cause, how, last: &[u8]| Self {
            last: last.to_vec(),
            device: Fate::Close,
            ..Self::of_device(cause, how, now)
        };
        Some(match fault {
            Fault::Leave => end(Cause::ClientInitiatedDisconnect, disconnect_words(0), &[0xe0, 0]),
            Fault::LeaveWithWill if protocol == Protocol::V5 => {
                end(Cause::DisconnectWithWill, disconnect_words(4), &[0xe0, 1, 4])
            }
            Fault::Fin => end(Cause::ConnectionLost, "FIN", &[]),
            Fault::Rst => Self { broker: Carry::Rst, device: Fate::Reset, ..end(Cause::ConnectionLost, "RST", &[]) },
            // Packet type 0 is reserved (3.1.1 table 2.1).
            Fault::ProtocolError => end(Cause::ProtocolError, "malformed packet", &[0x00, 0x00]),
            Fault::Kick => Self {
                cut: None,
                // Administrative action (5 section 3.14.2.1).
                device: Fate::Told(0x98),
                ..end(
                    Cause::ServerInitiated,
                    if protocol == Protocol::V5 { disconnect_words(0x98) } else { "kicked" },
                    &[],
                )
            },
            Fault::Freeze | Fault::Takeover | Fault::LeaveWithWill => return None,
        })
    }
}

/// What is known when a broker closes without a word.
#[derive(Clone, Copy, Debug)]
pub(super) struct Silence {
    /// Another client connected, or tries to, with the same client id.
    pub rival: bool,
    /// The time since the last whole packet from the device.
    pub lasted: Duration,
    /// The keep alive in force.
    pub keep_alive: KeepAlive,
    /// The broker is the embedded one, of which it is known when it closes without a word.
    pub mended: bool,
}

/// When the embedded broker closes without a word within this time after a packet, it closes because of that packet: mqtt5
/// says nothing when the inside of one is malformed, and it says a word where it closes for another reason. Any other
/// broker may have been stopped or killed at that moment.
const ANSWER: Duration = Duration::from_millis(500);

/// Reason codes that say the peer broke the protocol (5 section 2.4).
const fn is_protocol_error(code: u8) -> bool {
    matches!(code, 0x81 | 0x82 | 0x8F | 0x90 | 0x93 | 0x94 | 0x95 | 0x99 | 0x9A | 0x9B | 0x9E | 0xA1 | 0xA2)
}

/// A DISCONNECT in words, for the codes that the specification knows (5 section 3.14.2.1).
const fn disconnect_words(code: u8) -> &'static str {
    match code {
        0x00 => "DISCONNECT 0x00",
        0x04 => "DISCONNECT 0x04",
        0x80 => "DISCONNECT 0x80",
        0x81 => "DISCONNECT 0x81",
        0x82 => "DISCONNECT 0x82",
        0x83 => "DISCONNECT 0x83",
        0x87 => "DISCONNECT 0x87",
        0x89 => "DISCONNECT 0x89",
        0x8B => "DISCONNECT 0x8B",
        0x8D => "DISCONNECT 0x8D",
        0x8E => "DISCONNECT 0x8E",
        0x8F => "DISCONNECT 0x8F",
        0x90 => "DISCONNECT 0x90",
        0x93 => "DISCONNECT 0x93",
        0x94 => "DISCONNECT 0x94",
        0x95 => "DISCONNECT 0x95",
        0x96 => "DISCONNECT 0x96",
        0x97 => "DISCONNECT 0x97",
        0x98 => "DISCONNECT 0x98",
        0x99 => "DISCONNECT 0x99",
        0x9A => "DISCONNECT 0x9A",
        0x9B => "DISCONNECT 0x9B",
        0x9C => "DISCONNECT 0x9C",
        0x9D => "DISCONNECT 0x9D",
        0x9E => "DISCONNECT 0x9E",
        0x9F => "DISCONNECT 0x9F",
        0xA0 => "DISCONNECT 0xA0",
        0xA1 => "DISCONNECT 0xA1",
        0xA2 => "DISCONNECT 0xA2",
        _ => "DISCONNECT with a reserved reason code",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment::from_millis(5);

    #[test]
    fn a_goodbye_is_passed_on_only_where_the_broker_takes_it_rightly() {
        for (code, cause, passed) in [
            (0x00, Cause::ClientInitiatedDisconnect, true),
            (0x04, Cause::DisconnectWithWill, true),
            (0x80, Cause::DisconnectWithWill, false),
            (0x82, Cause::ProtocolError, false),
            (0x98, Cause::DisconnectWithWill, false),
        ] {
            let goodbye = Goodbye { code, asks_expiry: false };
            let packet = vec![0xe0, 1, code];
            let ending = Ending::goodbye(Some(goodbye), true, true, packet.clone(), NOW);
            assert_eq!((ending.cause, !ending.last.is_empty(), ending.cut), (cause, passed, Some(NOW)), "{code:#x}");
            assert_eq!(ending.how, format!("DISCONNECT 0x{code:02X}"));
            // A broker that is not mended gets all of them.
            let ending = Ending::goodbye(Some(goodbye), true, false, packet.clone(), NOW);
            assert_eq!((ending.cause, ending.last), (cause, packet), "{code:#x}");
        }
        assert_eq!(Ending::goodbye(None, true, true, vec![0xe0, 1, 5], NOW).cause, Cause::ProtocolError);
        let asks = Some(Goodbye { code: 0, asks_expiry: true });
        let ending = |no_expiry, mended| Ending::goodbye(asks, no_expiry, mended, vec![0xe0, 0], NOW);
        assert_eq!((ending(true, true).cause, ending(true, true).device), (Cause::ProtocolError, Fate::Told(0x82)));
        assert_eq!((ending(true, false).cause, ending(true, false).device), (Cause::ProtocolError, Fate::Hear));
        assert!(ending(true, true).last.is_empty() && !ending(true, false).last.is_empty());
        assert_eq!(ending(false, true).cause, Cause::ClientInitiatedDisconnect);
    }

    #[test]
    fn a_broker_that_says_nothing_is_understood_from_what_came_before() {
        let known = |rival, millis, keep_alive| Silence {
            rival,
            lasted: Duration::from_millis(millis),
            keep_alive: KeepAlive(keep_alive),
            mended: true,
        };
        for (known, cause) in [
            (known(true, 10, 30), Cause::SessionTakenOver),
            (known(true, 45_000, 30), Cause::SessionTakenOver),
            (known(false, 45_000, 30), Cause::KeepAliveTimeout),
            (known(false, 44_000, 30), Cause::ServerInitiated),
            (known(false, 44_000, 0), Cause::ServerInitiated),
            (known(false, 1, 30), Cause::ProtocolError),
        ] {
            assert_eq!(Ending::wordless(&known).cause, cause, "{known:?}");
            // Of another broker nothing is known that would tell a bad packet from a restart.
            let guessed = cause == Cause::ProtocolError;
            let cause = if guessed { Cause::ServerInitiated } else { cause };
            let other = Silence { mended: false, ..known };
            assert_eq!(Ending::wordless(&other).cause, cause, "{other:?}");
        }
        assert_eq!(Ending::dismissal(0x8D).cause, Cause::KeepAliveTimeout);
        assert_eq!(Ending::dismissal(0x8E).cause, Cause::SessionTakenOver);
        assert_eq!(Ending::dismissal(0x8B).cause, Cause::ServerInitiated);
    }

    #[test]
    fn every_code_has_its_own_words() {
        let said: Vec<_> = (0..=u8::MAX).filter(|code| !disconnect_words(*code).contains("reserved")).collect();
        assert_eq!(said.len(), 29);
        for code in said {
            assert_eq!(disconnect_words(code), format!("DISCONNECT 0x{code:02X}"));
        }
    }
}
