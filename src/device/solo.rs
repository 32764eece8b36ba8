//! One device without a swarm: what the article's script does, for `lwtop device`.

use super::cut;
use super::handshake::{self, ConnectError};
use super::inbox::Received;
use super::packets::{self, Unsendable};
use super::reporter::Tally;
use super::session::{Happening, Lost, Session};
use super::source::Sources;
use super::target::Target;
use super::template::{DeviceTemplate, topic};
use crate::mqtt::{ClientId, Fault, KeepAlive, Protocol, TopicFilter, reason};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

/// How long a device waits for a broker to act beyond what the protocol allows it.
const SLACK: Duration = Duration::from_secs(10);

/// How many of them may be between SYN and CONNACK at once, as in a swarm.
const HANDSHAKES: usize = 64;

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
    /// SUBACK granted this filter.
    Subscribed(String),
    /// The announcement is through; acknowledged at QoS 1 and 2.
    Announced,
    /// A message arrived.
    Received(Received),
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
    /// What it was to listen to, MQTT cannot carry.
    #[error("{id} cannot listen to {filter}: {why}")]
    Unsendable {
        /// Who.
        id: ClientId,
        /// To what.
        filter: String,
        /// Why not.
        why: Unsendable,
    },
    /// SUBACK refused.
    #[error("the broker at {at} does not let {id} listen to {filter}: {} (0x{code:02X})", reason::reason(*code))]
    NotSubscribed {
        /// Who.
        id: ClientId,
        /// Where.
        at: String,
        /// To what.
        filter: String,
        /// The return code (3.1.1) or reason code (5).
        code: u8,
    },
    /// SUBACK or PUBACK did not come.
    #[error("the broker at {at} did not answer the {what} of {id} within {} s", SLACK.as_secs())]
    Silent {
        /// Who.
        id: ClientId,
        /// Where.
        at: String,
        /// Which packet.
        what: &'static str,
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

/// Devices of one kind, each on its own.
#[derive(Debug)]
pub struct Solo {
    target: Target,
    template: DeviceTemplate,
    plan: Plan,
    listens: Option<TopicFilter>,
    sources: Sources,
    handshakes: Semaphore,
}

impl Solo {
    /// Devices like `template`, with this plan.
    ///
    /// # Errors
    /// When the plan is impossible for a device.
    pub fn new(target: Target, template: DeviceTemplate, plan: Plan) -> Result<Self, SoloError> {
        match plan.fault {
            Some(Fault::Kick) => return Err(SoloError::NeedsGateway),
            Some(Fault::LeaveWithWill) if template.protocol != Protocol::V5 => return Err(SoloError::NeedsV5),
            _ => {}
        }
        let handshakes = Semaphore::new(HANDSHAKES);
        Ok(Self { target, template, plan, listens: None, sources: Sources::default(), handshakes })
    }

    /// The same, and they listen to `filter` at QoS 1, with the client id in place of `${client_id}`.
    #[must_use]
    pub fn listening(self, filter: TopicFilter) -> Self {
        Self { listens: Some(filter), ..self }
    }

    /// Where they connect to.
    #[must_use]
    pub const fn target(&self) -> &Target {
        &self.target
    }

    /// What they are like.
    #[must_use]
    pub const fn template(&self) -> &DeviceTemplate {
        &self.template
    }

    /// Connects one device, lets it listen and announce itself, sleep and die; tells each step as it happens.
    ///
    /// # Errors
    /// When the broker cannot be reached or refuses, or the connection ends before its time.
    pub async fn run(&self, id: &ClientId, mut tell: impl FnMut(Step)) -> Result<(), SoloError> {
        let (template, at) = (&self.template, &self.target);
        let announcement = handshake::first_words(template, id)?;
        let accepted = {
            let _permit = self.handshakes.acquire().await.ok();
            handshake::connect(at, &self.sources, template, id, true).await?
        };
        let keep_alive = accepted.keep_alive;
        tell(Step::Connected(keep_alive));
        let mut life = Life { solo: self, id, session: Session::new(accepted, template), tally: Tally::none() };
        if let Some(filter) = &self.listens {
            life.listen(topic(filter.as_str(), id), &mut tell).await?;
        }
        if let Some((packet, qos)) = announcement {
            life.session.announce(&packet, qos, &life.tally).await;
            life.await_answer("PUBLISH", &mut tell, |happening| matches!(happening, Happening::Announced)).await?;
            tell(Step::Announced);
        }
        tell(Step::Sleeping(self.plan.sleep));
        life.until(Instant::now() + self.plan.sleep, &mut tell, |_| false).await?;
        tell(Step::Dying(self.plan.fault));
        life.die(keep_alive, &mut tell).await
    }
}

/// A device with an open connection.
struct Life<'a> {
    solo: &'a Solo,
    id: &'a ClientId,
    session: Session,
    tally: Tally,
}

impl Life<'_> {
    fn lost(&self, lost: Lost) -> SoloError {
        SoloError::Lost { id: self.id.clone(), at: self.solo.target.to_string(), lost }
    }

    async fn listen(&mut self, filter: String, tell: &mut impl FnMut(Step)) -> Result<(), SoloError> {
        let (id, at) = (self.id.clone(), self.solo.target.to_string());
        let protocol = self.solo.template.protocol;
        let packet = match packets::subscribe(protocol, &filter) {
            Ok(packet) => packet,
            Err(why) => return Err(SoloError::Unsendable { id, filter, why }),
        };
        self.session.listen(protocol);
        self.session.send(&packet).await.map_err(|lost| self.lost(lost))?;
        let answer = |happening: &Happening| matches!(happening, Happening::Granted(_));
        if let Happening::Granted(code @ 0x80..) = self.await_answer("SUBSCRIBE", tell, answer).await? {
            return Err(SoloError::NotSubscribed { id, at, filter, code });
        }
        tell(Step::Subscribed(filter));
        Ok(())
    }

    /// Waits for what `wanted` holds for.
    async fn await_answer(
        &mut self,
        what: &'static str,
        tell: &mut impl FnMut(Step),
        wanted: impl Fn(&Happening) -> bool,
    ) -> Result<Happening, SoloError> {
        let answer = self.until(Instant::now() + SLACK, tell, wanted).await?;
        answer.ok_or_else(|| SoloError::Silent { id: self.id.clone(), at: self.solo.target.to_string(), what })
    }

    /// Lives until then, or until something happens for which `wanted` holds.
    async fn until(
        &mut self,
        deadline: Instant,
        tell: &mut impl FnMut(Step),
        wanted: impl Fn(&Happening) -> bool,
    ) -> Result<Option<Happening>, SoloError> {
        loop {
            let next = self.session.next(&self.solo.template, self.id, &self.tally);
            match timeout_at(deadline, next).await {
                Err(_) => return Ok(None),
                Ok(Happening::Lost(how)) => return Err(self.lost(how)),
                Ok(happening) if wanted(&happening) => return Ok(Some(happening)),
                Ok(Happening::Received(message)) => tell(Step::Received(*message)),
                Ok(_) => {}
            }
        }
    }

    async fn die(self, keep_alive: KeepAlive, tell: &mut impl FnMut(Step)) -> Result<(), SoloError> {
        let Self { solo, id, mut session, .. } = self;
        let lost = |lost| SoloError::Lost { id: id.clone(), at: solo.target.to_string(), lost };
        match solo.plan.fault {
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
                let second = handshake::connect(&solo.target, &solo.sources, &solo.template, id, true).await?;
                tell(until_closed(&mut session, SLACK).await);
                let mut second = Session::new(second, &solo.template);
                second.send(packets::DISCONNECT).await.map_err(lost)?;
                cut::farewell_and_wait(second.into_wire()).await;
            }
            Some(Fault::Fin) | None => cut::fin_and_wait(session.into_wire()).await,
            // Refused before.
            Some(Fault::Kick) => {}
        }
        Ok(())
    }
}

/// Sends nothing until the broker closes. What is read is only read to learn of that: the broker cannot tell.
async fn until_closed(session: &mut Session, patience: Duration) -> Step {
    if session.wait_until_lost(Instant::now() + patience).await { Step::ClosedByBroker } else { Step::NotClosed }
}
