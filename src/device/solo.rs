//! One device without a swarm: what the article's script does, for `lwtop device`.

use super::cut;
use super::handshake::{self, ConnectError};
use super::packets;
use super::reporter::Tally;
use super::session::{Happening, Lost, Session};
use super::source::Sources;
use super::target::Target;
use super::template::DeviceTemplate;
use crate::mqtt::{ClientId, Fault, KeepAlive, Protocol};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// How long a device waits for a broker to act beyond what the protocol allows it.
const SLACK: Duration = Duration::from_secs(10);

/// What the device does after it has announced itself.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// How long it stays.
    pub sleep: Duration,
    /// How it dies; `None` for what happens when a process just exits: the socket closes without DISCONNECT.
    pub fault: Option<Fault>,
}

/// What just happened, to be printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// CONNACK accepted it, with this keep alive.
    Connected(KeepAlive),
    /// The announcement is through; acknowledged at QoS 1 and 2.
    Announced,
    /// It stays from now on for as long as planned.
    Sleeping(Duration),
    /// It dies now.
    Dying(Option<Fault>),
    /// The broker closed the connection, as the fault wanted.
    ClosedByBroker,
    /// The broker should have closed the connection, and did not in time.
    NotClosed,
}

/// Why a device's life did not go as planned.
#[derive(Debug, thiserror::Error)]
pub enum SoloError {
    /// It could not connect.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The connection ended before its time.
    #[error("{id} lost its connection to {at} before its time: {lost}")]
    Lost {
        /// Who.
        id: ClientId,
        /// Where.
        at: String,
        /// How.
        lost: Lost,
    },
    /// A device cannot do it.
    #[error(
        "kick needs lwtop's gateway: a device on its own can do leave, fin, rst, freeze, takeover, protocol-error or leave-with-will"
    )]
    NeedsGateway,
    /// 3.1.1 cannot do it.
    #[error("leave-with-will needs MQTT 5: DISCONNECT has no reason 0x04 in 3.1.1")]
    NeedsV5,
}

/// Connects one device, announces it, lets it sleep and die; tells each step as it happens.
///
/// # Errors
/// When the plan is impossible, the broker cannot be reached or refuses, or the connection ends before its time.
pub async fn run_one(
    target: &Target,
    template: &DeviceTemplate,
    id: &ClientId,
    plan: Plan,
    mut tell: impl FnMut(Step),
) -> Result<(), SoloError> {
    match plan.fault {
        Some(Fault::Kick) => return Err(SoloError::NeedsGateway),
        Some(Fault::LeaveWithWill) if template.protocol != Protocol::V5 => return Err(SoloError::NeedsV5),
        _ => {}
    }
    let announcement = handshake::first_words(template, id)?;
    let sources = Sources::default();
    let accepted = handshake::connect(target, &sources, template, id, true).await?;
    let keep_alive = accepted.keep_alive;
    tell(Step::Connected(keep_alive));
    let mut session = Session::new(accepted, template);
    let tally = Tally::none();
    let lost = |lost| SoloError::Lost { id: id.clone(), at: target.to_string(), lost };
    if let Some((packet, qos)) = announcement {
        session.announce(&packet, qos, &tally).await;
        match session.next(template, id, &tally).await {
            Happening::Announced => tell(Step::Announced),
            Happening::Lost(how) => return Err(lost(how)),
        }
    }
    tell(Step::Sleeping(plan.sleep));
    let wake = Instant::now() + plan.sleep;
    if let Ok(Happening::Lost(how)) = timeout_at(wake, session.next(template, id, &tally)).await {
        return Err(lost(how));
    }
    tell(Step::Dying(plan.fault));
    match plan.fault {
        Some(fault @ (Fault::Leave | Fault::LeaveWithWill)) => {
            let packet = if fault == Fault::Leave { packets::DISCONNECT } else { packets::DISCONNECT_WITH_WILL };
            session.send(packet).await.map_err(lost)?;
            cut::farewell_and_wait(session.into_wire()).await;
        }
        Some(Fault::Rst) => cut::rst(session.into_wire()),
        Some(Fault::Freeze) => {
            // Brokers check keep alive every few seconds: Mosquitto takes up to 2.7 times the keep alive of 2 s.
            let patience = keep_alive.deadline().map_or(SLACK, |deadline| deadline * 2 + SLACK);
            tell(until_closed(&mut session, patience).await);
        }
        Some(Fault::ProtocolError) => {
            session.send(packets::MALFORMED).await.map_err(lost)?;
            tell(until_closed(&mut session, SLACK).await);
        }
        Some(Fault::Takeover) => {
            let second = handshake::connect(target, &sources, template, id, true).await?;
            tell(until_closed(&mut session, SLACK).await);
            let mut second = Session::new(second, template);
            second.send(packets::DISCONNECT).await.map_err(lost)?;
            cut::farewell_and_wait(second.into_wire()).await;
        }
        Some(Fault::Fin) | None => cut::fin_and_wait(session.into_wire()).await,
        // Refused above.
        Some(Fault::Kick) => {}
    }
    Ok(())
}

/// Sends nothing until the broker closes. What is read is only read to learn of that: the broker cannot tell.
async fn until_closed(session: &mut Session, patience: Duration) -> Step {
    if session.wait_until_lost(Instant::now() + patience).await { Step::ClosedByBroker } else { Step::NotClosed }
}
