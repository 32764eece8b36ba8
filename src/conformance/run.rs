//! All cases against one broker, at once.

use super::case::{Case, Need, Standing};
use super::client::{Came, Client};
use super::packets::{self, Heard};
use super::play::play;
use super::step::Connect;
use crate::mqtt::{Login, Protocol};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Where and how cases are run.
#[derive(Clone, Debug)]
pub struct Options {
    /// The broker; plain TCP.
    pub addr: SocketAddr,
    /// What it asks for in CONNECT.
    pub login: Option<Login>,
    /// How long anything that has to come may take. It bounds the whole run: a case has a dozen steps at most.
    pub patience: Duration,
}

impl Options {
    /// Without a login, and with a patience that does for a busy machine and a distant broker.
    #[must_use]
    pub const fn new(addr: SocketAddr) -> Self {
        Self { addr, login: None, patience: Duration::from_secs(10) }
    }
}

/// What came of one case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Everything came as expected.
    Passed,
    /// What was expected, and what came.
    Failed(String),
    /// Why it says nothing about this broker.
    NotApplicable(String),
}

/// One case and what came of it.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The case.
    pub case: Case,
    /// What came of it.
    pub verdict: Verdict,
    /// How long it took.
    pub took: Duration,
}

/// Runs all cases at once; the outcomes are in the order of the cases.
///
/// # Errors
/// When the broker cannot be reached at all, or the operating system has no random bytes for names that are like no others.
pub async fn run(cases: Vec<Case>, options: Options) -> Result<Vec<Outcome>, String> {
    let run = name()?;
    let traits = probe(&run, &options).await?;
    let options = Arc::new(options);
    let mut playing = JoinSet::new();
    let mut outcomes = Vec::new();
    for (number, case) in cases.into_iter().enumerate() {
        if let Some(why) = not_applicable(&case, traits.as_ref()) {
            outcomes.push((number, Outcome { case, verdict: Verdict::NotApplicable(why), took: Duration::ZERO }));
            continue;
        }
        let (run, options) = (run.clone(), Arc::clone(&options));
        playing.spawn(async move {
            let started = Instant::now();
            let verdict = match play(&case, &run, number, &options).await {
                Ok(()) => Verdict::Passed,
                Err(why) => Verdict::Failed(why),
            };
            (number, Outcome { case, verdict, took: started.elapsed() })
        });
    }
    while let Some(outcome) = playing.join_next().await {
        outcomes.push(outcome.map_err(|error| format!("a case could not be played to its end: {error}"))?);
    }
    outcomes.sort_by_key(|(number, _)| *number);
    Ok(outcomes.into_iter().map(|(_, outcome)| outcome).collect())
}

fn not_applicable(case: &Case, traits: Result<&Traits, &String>) -> Option<String> {
    match case.standing() {
        Standing::Cannot(why) => return Some(why.to_owned()),
        Standing::Tested(_) => return Some("it is for clients, and the tests of lwtop's own try it".to_owned()),
        Standing::Playable => {}
    }
    let met = match (case.needs?, traits) {
        (_, Err(why)) => return Some(why.clone()),
        (Need::NoQos2, Ok(traits)) => traits.maximum_qos < 2,
        (Need::NoRetain, Ok(traits)) => !traits.retain,
    };
    (!met).then(|| case.needs.map_or("", Need::unmet).to_owned())
}

/// What a broker says of itself.
struct Traits {
    maximum_qos: u8,
    retain: bool,
}

/// Asks the broker what it is like, in MQTT 5.
///
/// # Errors
/// When it cannot be reached. A broker without MQTT 5 is one whose traits are not known: why.
async fn probe(run: &str, options: &Options) -> Result<Result<Traits, String>, String> {
    let deadline = Instant::now() + options.patience;
    let mut client = Client::connect(options.addr, Protocol::V5, deadline).await?;
    let step = Connect::plain("P");
    let id = format!("lw{run}P");
    client.send(&packets::connect(&step, Protocol::V5, &id, ToOwned::to_owned, options.login.as_ref())).await;
    Ok(match client.answer(deadline).await {
        Came::Packet(Heard::Connack { code: 0, maximum_qos, retain, .. }) => {
            client.send(&packets::disconnect(None, None)).await;
            Ok(Traits { maximum_qos: maximum_qos.unwrap_or(2), retain })
        }
        _ => Err("the broker does not say what it is like: it takes no MQTT 5 connection".to_owned()),
    })
}

/// Six letters and digits that no other run has.
fn name() -> Result<String, String> {
    const SIGNS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let mut bytes = [0; 6];
    getrandom::fill(&mut bytes).map_err(|error| format!("the operating system gives no random bytes: {error}"))?;
    Ok(bytes.iter().map(|byte| char::from(SIGNS[usize::from(*byte) % SIGNS.len()])).collect())
}
