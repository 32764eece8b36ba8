//! One device's task: connect, live, die, come back.

use super::cut;
use super::handshake::{self, ConnectError};
use super::packets;
use super::reporter::{End, Tally};
use super::session::{Happening, Session};
use super::swarm::{Alive, Device, Phase, Shared};
use crate::clock::Moment;
use crate::fleet::{DeviceEvent, Report};
use crate::mqtt::{Cause, Fault};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// How long after an order to reconnect a connection that was still open may turn out to be lost. The gateway reports a
/// connection as closed a moment before the device can see it.
const GRACE: Duration = Duration::from_secs(1);

/// How a connection was left.
enum Next {
    /// Dead until somebody says otherwise.
    Down,
    /// To be connected again; a frozen device's old socket is kept until the new one is there.
    Again(Option<Box<Open>>),
    /// The device is to go for good.
    Gone,
}

/// The whole life of `device`, until it is removed or the program ends.
///
/// Whatever is short is boxed: a task is as large as the largest thing it ever waits for, and ten thousand devices mostly
/// wait for the next PINGREQ.
pub async fn live(swarm: Alive, device: Arc<Device>) {
    let mut held = None;
    let mut next = Next::Again(None);
    if device.foreign {
        Box::pin(swarm.faulted(&device.id, Fault::Takeover)).await;
    }
    loop {
        match next {
            Next::Gone => break,
            Next::Again(old) => held = held.or(old),
            Next::Down if device.foreign => {
                swarm.forget(&device.id);
                return;
            }
            Next::Down => {
                device.set_phase(Phase::Down);
                let taken = device.orders.take().await;
                next = match (taken.leave() || taken.remove(), taken.reconnect()) {
                    (true, _) => Next::Gone,
                    (false, true) => Next::Again(None),
                    // A fault that came too late: it is already dead.
                    (false, false) => Next::Down,
                };
                continue;
            }
        }
        device.set_phase(Phase::Up);
        // Waited for out here: ten thousand launched at once would each hold a boxed handshake that has not begun.
        let permit = tokio::select! {
            biased;
            gone = device.orders.called_off() => {
                // A frozen device has its old connection: it waits on, and takes that one over.
                next = if held.is_none() { Next::Down } else { Next::Again(None) };
                if gone {
                    break;
                }
                continue;
            }
            // The semaphore is never closed; without a permit it would only be less polite to the broker.
            permit = swarm.handshakes.acquire() => permit.ok(),
        };
        let Some(opened) = Box::pin(bring_up(&swarm, &device)).await else { break };
        drop(permit);
        if let Some(old) = held.take() {
            Box::pin(let_go(&swarm, &device, old, opened.is_ok())).await;
        }
        next = match opened {
            Ok(open) => Connected { swarm: &swarm, device: &device, open }.live().await,
            Err(error) => {
                Box::pin(failed(&swarm, &device, &error)).await;
                Next::Down
            }
        };
    }
    let removed = Report::Device(DeviceEvent::Removed { client: device.id.clone() });
    // Forgotten first: whoever hears of `Removed` may launch the same id again.
    swarm.forget(&device.id);
    Box::pin(swarm.report(removed)).await;
}

/// The end of a frozen connection: the broker ends it because of the new one, or the device does because there is none.
async fn let_go(swarm: &Shared, device: &Device, old: Box<Open>, taken_over: bool) {
    let end = if taken_over {
        End { cause: Cause::SessionTakenOver, how: "second CONNECT", cut: None }
    } else {
        End { cause: Cause::ConnectionLost, how: "FIN", cut: Some(swarm.clock.now()) }
    };
    swarm.closed(&device.id, &old.tally, end).await;
    let wire = old.session.into_wire();
    if taken_over { cut::linger(wire) } else { cut::fin(wire) }
}

/// A reason as the end of a sentence.
fn sentence(why: &str) -> String {
    let end = if why.ends_with(['.', '?']) { "" } else { "." };
    format!("{why}{end}")
}

async fn failed(swarm: &Shared, device: &Device, error: &ConnectError) {
    let (at, client, why) = (swarm.clock.now(), device.id.clone(), error.to_string());
    let report = if device.foreign {
        let why = format!("The takeover of {client} failed: {}", sentence(&why));
        DeviceEvent::Spared { at, client, why }
    } else {
        DeviceEvent::Failed { at, client, why }
    };
    // Set before the report, so that whoever reads it can reconnect at once.
    device.set_phase(Phase::Down);
    swarm.report(Report::Device(report)).await;
}

/// Opens, unless the device is to go for good meanwhile: `None` then, if it does not come up soon. Dropping a connection
/// halfway would be a cut and send its will, so it is brought up first, and then left.
async fn bring_up(swarm: &Shared, device: &Device) -> Option<Result<Box<Open>, ConnectError>> {
    let opening = open(swarm, device);
    tokio::pin!(opening);
    tokio::select! {
        biased;
        () = device.orders.farewell() => timeout(GRACE, &mut opening).await.ok(),
        opened = &mut opening => Some(opened),
    }
}

/// Connects, reports and announces.
async fn open(swarm: &Shared, device: &Device) -> Result<Box<Open>, ConnectError> {
    let (template, id) = (&*device.template, &device.id);
    let announcement = if device.foreign { None } else { handshake::first_words(template, id)? };
    let accepted = handshake::connect(&swarm.target, &swarm.sources, template, id, !device.foreign).await?;
    let peer = accepted.wire.socket().local_addr().ok();
    let keep_alive = accepted.keep_alive;
    let mut session = Session::new(accepted, template);
    let tally = swarm.opened(device, peer, keep_alive).await;
    if device.foreign {
        session.be_quiet();
    }
    if let Some((packet, qos)) = announcement {
        session.announce(&packet, qos, &tally).await;
    }
    Ok(Box::new(Open { session, tally }))
}

/// An open connection and what is counted on it. Boxed wherever it goes: every move of it would be room in the task.
struct Open {
    session: Session,
    tally: Tally,
}

/// A device with an open connection.
struct Connected<'a> {
    swarm: &'a Shared,
    device: &'a Device,
    open: Box<Open>,
}

impl Connected<'_> {
    async fn happening(&mut self) -> Happening {
        let Open { session, tally } = &mut *self.open;
        session.next(&self.device.template, &self.device.id, tally).await
    }

    async fn live(mut self) -> Next {
        let mut frozen = false;
        // When a malformed packet was sent: the broker's closing is then its answer.
        let mut malformed: Option<Moment> = None;
        let mut again_until: Option<Instant> = None;
        loop {
            let taken = tokio::select! {
                biased;
                taken = self.device.orders.take() => taken,
                happening = self.happening(), if !frozen => {
                    let Happening::Lost(lost) = happening else { continue };
                    let end = match malformed {
                        Some(cut) => End { cause: Cause::ProtocolError, how: "malformed packet", cut: Some(cut) },
                        None => End::from(&lost),
                    };
                    Box::pin(self.bury(end)).await;
                    let again = again_until.is_some_and(|until| Instant::now() < until);
                    return if again { Next::Again(None) } else { Next::Down };
                }
            };
            if taken.leave() || taken.remove() {
                Box::pin(self.leave_for_good()).await;
                return Next::Gone;
            }
            for fault in taken.faults() {
                match fault {
                    // Refused by the swarm: a device has no hold on the broker's side.
                    Fault::Kick => {}
                    Fault::Freeze => {
                        Box::pin(self.swarm.faulted(&self.device.id, fault)).await;
                        frozen = true;
                    }
                    Fault::Takeover => {
                        if Box::pin(self.take_over()).await {
                            (frozen, malformed) = (false, None);
                        }
                    }
                    Fault::ProtocolError => {
                        malformed = Some(Box::pin(self.break_protocol()).await);
                        frozen = false;
                    }
                    Fault::Leave | Fault::LeaveWithWill | Fault::Fin | Fault::Rst => {
                        // Where the broker was first, the fault comes to nothing, and is not to be blamed.
                        let first = self.open.session.ended().filter(|_| malformed.is_none());
                        Box::pin(self.die(fault, first.as_ref().map(End::from))).await;
                        return if taken.reconnect() { Next::Again(None) } else { Next::Down };
                    }
                }
            }
            if taken.reconnect() {
                if frozen {
                    return Next::Again(Some(self.open));
                }
                // Connected as far as is known: only if that turns out wrong right now, the order counts.
                again_until = Some(Instant::now() + GRACE);
            }
        }
    }

    /// Reports an end that was not this side's doing.
    async fn bury(&mut self, end: End) {
        self.device.set_phase(Phase::Down);
        self.swarm.closed(&self.device.id, &self.open.tally, end).await;
    }

    /// Dies at once by `fault`, unless it is dead already.
    async fn die(mut self, fault: Fault, dead: Option<End>) {
        if let Some(end) = dead {
            return self.bury(end).await;
        }
        let Self { swarm, device, open } = self;
        let Open { session, tally } = *open;
        let at = swarm.faulted(&device.id, fault).await;
        device.set_phase(Phase::Down);
        let end = match fault {
            Fault::Leave => part(session, packets::DISCONNECT, &tally).await,
            Fault::LeaveWithWill => part(session, packets::DISCONNECT_WITH_WILL, &tally).await,
            Fault::Rst => {
                cut::rst(session.into_wire());
                End { cause: Cause::ConnectionLost, how: "RST", cut: Some(at) }
            }
            _ => {
                cut::fin(session.into_wire());
                End { cause: Cause::ConnectionLost, how: "FIN", cut: Some(at) }
            }
        };
        swarm.closed(&device.id, &tally, end).await;
    }

    /// Sends a malformed packet, and says when.
    async fn break_protocol(&mut self) -> Moment {
        let at = self.swarm.faulted(&self.device.id, Fault::ProtocolError).await;
        // A send that fails is found by the next read.
        let _ = self.open.session.send(packets::MALFORMED).await;
        self.open.tally.packet();
        at
    }

    /// Leaves cleanly and waits until the other side has seen it: its report is then out before `Removed` is.
    async fn leave_for_good(self) {
        let Self { swarm, device, open } = self;
        let Open { mut session, tally } = *open;
        if session.intact() && session.send(packets::DISCONNECT).await.is_ok() {
            tally.packet();
        }
        let end = End { cause: Cause::ClientInitiatedDisconnect, how: "DISCONNECT 0x00", cut: None };
        swarm.closed(&device.id, &tally, end).await;
        cut::farewell_and_wait(session.into_wire()).await;
    }

    /// A second client with the same id; true if it now is the device.
    async fn take_over(&mut self) -> bool {
        let (swarm, device) = (self.swarm, self.device);
        swarm.faulted(&device.id, Fault::Takeover).await;
        let accepted = {
            let _permit = swarm.handshakes.acquire().await.ok();
            handshake::connect(&swarm.target, &swarm.sources, &device.template, &device.id, !device.foreign).await
        };
        let accepted = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                let why = error.to_string();
                let why = format!("The second client for {} could not connect: {}", device.id, sentence(&why));
                let (at, client) = (swarm.clock.now(), device.id.clone());
                swarm.report(Report::Device(DeviceEvent::Spared { at, client, why })).await;
                return false;
            }
        };
        let end = End { cause: Cause::SessionTakenOver, how: "second CONNECT", cut: None };
        swarm.closed(&device.id, &self.open.tally, end).await;
        let peer = accepted.wire.socket().local_addr().ok();
        self.open.tally = swarm.opened(device, peer, accepted.keep_alive).await;
        let mut second = Session::new(accepted, &device.template);
        if device.foreign {
            second.be_quiet();
        }
        let first = std::mem::replace(&mut self.open.session, second);
        // The broker closes the first one; if this side did, it would look like a cut.
        cut::linger(first.into_wire());
        true
    }
}

/// Sends a DISCONNECT and closes. A connection with a torn packet cannot carry one: it is lost then, and told so.
async fn part(mut session: Session, packet: &[u8], tally: &Tally) -> End {
    let sent = session.intact() && session.send(packet).await.is_ok();
    if !sent {
        cut::fin(session.into_wire());
        return End { cause: Cause::ConnectionLost, how: "FIN", cut: None };
    }
    cut::farewell(session.into_wire());
    tally.packet();
    if packet == packets::DISCONNECT {
        End { cause: Cause::ClientInitiatedDisconnect, how: "DISCONNECT 0x00", cut: None }
    } else {
        End { cause: Cause::DisconnectWithWill, how: "DISCONNECT 0x04", cut: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::device::{DeviceTemplate, Swarm, Target, Witness};

    /// The bar of the fleet-scale issue is 2 KB of RSS for a device: the task is the part of it that is ours to keep small.
    #[tokio::test]
    async fn the_task_of_a_device_stays_small() {
        let template = DeviceTemplate::article("w".parse().unwrap(), "c".parse().unwrap());
        let (reports, _lane) = tokio::sync::mpsc::channel(1);
        let target = Target::plain("127.0.0.1", 1);
        let swarm = Swarm::new(target, template, reports, Arc::default(), Clock::start(), Witness::Own);
        let (alive, device) = swarm.for_test();
        let size = std::mem::size_of_val(&live(alive, device));
        assert!(size <= 800, "{size} bytes");
    }
}
