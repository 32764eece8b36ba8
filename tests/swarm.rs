//! A swarm and its ledger, on the embedded broker, on a real Mosquitto, and on a broker that does wrong on purpose.

#[path = "support/mosquitto.rs"]
mod mosquitto;
#[path = "support/scripted.rs"]
mod scripted;

use lwtop::clock::Clock;
use lwtop::convention::Topics;
use lwtop::device::{Announcement, DeviceTemplate, WillTemplate};
use lwtop::fleet::Presence;
use lwtop::hub::{Doors, LinkOptions, Runtime, Setup, Source};
use lwtop::ledger::{Ledger, Standing};
use lwtop::mqtt::{BrokerAddress, Fault, Protocol, Qos};
use lwtop::rules::RuleSet;
use lwtop::swarm::{Death, Phase, Plan, Progress, Storm, Summary, run};
use mosquitto::Mosquitto;
use scripted::{CONNACK_V311, PATIENCE, Peer, Scripted};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// An end in which nothing is waited for in vain comes sooner than a swarm gives up waiting for orders to be carried out.
const ORDERLY: Duration = Duration::from_secs(12);

/// Devices that say in their topics who they are, so that a watcher knows every one.
fn setup(source: Source, devices: usize, protocol: Protocol) -> Setup {
    let topics = Topics {
        will: "devices/+/will".parse().unwrap(),
        connected: "devices/+/connected".parse().unwrap(),
        executed: "executed".parse().unwrap(),
    };
    let template = DeviceTemplate {
        protocol,
        will: Some(WillTemplate {
            topic: "devices/${client_id}/will".parse().unwrap(),
            payload: "gone".to_owned(),
            qos: Qos::AtMostOnce,
            retain: false,
            delay: Duration::ZERO,
        }),
        connected: Some(Announcement {
            topic: "devices/${client_id}/connected".parse().unwrap(),
            payload: "here".to_owned(),
            qos: Qos::AtMostOnce,
            retain: false,
        }),
        ..DeviceTemplate::article("w".parse().unwrap(), "c".parse().unwrap())
    };
    Setup {
        source,
        link: LinkOptions::default(),
        topics,
        rules: RuleSet::default(),
        template,
        prefix: "d".to_owned(),
        lifecycle: false,
        devices,
    }
}

fn at(port: u16) -> Source {
    Source::External(BrokerAddress::new("127.0.0.1", port))
}

fn embedded() -> Source {
    Source::Embedded { listen: "127.0.0.1:0".parse().unwrap(), doors: Doors::default(), users: None }
}

fn plan(setup: Setup, death: Death) -> Plan {
    Plan { setup, rate: None, death, storm: None, time: Some(Duration::ZERO), patience: PATIENCE }
}

async fn done(plan: Plan, stop: mpsc::Receiver<()>, show: impl FnMut(&Progress<'_>)) -> (Summary, Ledger) {
    plan.check().unwrap();
    timeout(PATIENCE * 3, run(plan, Clock::start(), stop, show)).await.expect("the swarm does not end").unwrap()
}

async fn to_the_end(plan: Plan) -> (Summary, Ledger) {
    let (_stop, told) = mpsc::channel(1);
    done(plan, told, |_| {}).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_will_comes_once_through_the_gateway_too() {
    let mix = plan(setup(embedded(), 200, Protocol::V5), Death::Mix);
    let (summary, ledger) = Box::pin(to_the_end(mix)).await;
    let wills = summary.wills;
    assert!(summary.exactly_once, "{summary}");
    let left = summary.deaths.get("leave").map_or(0, |count| count.as_u64().unwrap());
    assert_eq!((wills.expected, wills.received, wills.unexpected, wills.foreign), (200 - left, 200 - left, 0, 0));
    assert_eq!(summary.presence.offline + summary.presence.online, 200, "{summary}");
    assert_eq!(ledger.accounts().iter().map(|account| account.deaths).sum::<u32>(), 200);
    assert_eq!(summary.cut_to_will_ms.unwrap().count, wills.received);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_cuts_and_brings_back_and_a_rate_is_kept() {
    let Some(broker) = Mosquitto::start() else { return };
    let storm: Storm = "20%/200ms".parse().unwrap();
    let setup = setup(at(broker.port), 100, Protocol::V311);
    let plan = Plan { rate: Some(1_000), storm: Some(storm), time: None, ..plan(setup, Death::By(Fault::Rst)) };
    let (stop, told) = mpsc::channel(1);
    let mut stop = Some(stop);
    let (summary, _) = done(plan, told, |progress| {
        let enough = progress.totals.reconnects >= 60 && progress.totals.standing(Standing::Up) == 100;
        // Once: told twice, it would not wait for the wills.
        if let Some(stop) = stop.take_if(|_| enough) {
            stop.try_send(()).unwrap();
        }
    })
    .await;
    assert!(summary.exactly_once, "{summary}");
    assert!(summary.storms >= 3 && summary.connects.reconnects >= 60, "{summary}");
    assert_eq!(summary.wills.expected, summary.deaths["rst"].as_u64().unwrap());
    assert!(summary.wills.expected >= 160);
    assert_eq!(summary.presence.offline, 100);
}

/// The watcher of a thousand devices and the ledger of the swarm, device by device.
#[tokio::test(flavor = "multi_thread")]
async fn the_hub_beside_it_agrees_on_every_device() {
    const DEVICES: usize = 1_000;
    let Some(broker) = Mosquitto::start() else { return };
    let mut watcher = Runtime::start(setup(at(broker.port), 0, Protocol::V311), Clock::start()).unwrap();
    while !matches!(watcher.fleet().link(), lwtop::fleet::LinkState::Up { .. }) {
        watcher.turn().await.unwrap();
    }
    let plan = Plan { time: None, ..plan(setup(at(broker.port), DEVICES, Protocol::V311), Death::By(Fault::Fin)) };
    let (stop, told) = mpsc::channel(1);
    let (rise, mut risen) = watch::channel(0);
    let swarm = tokio::spawn(async move {
        done(plan, told, move |progress| {
            rise.send_replace(progress.totals.standing(Standing::Up));
        })
        .await
    });
    let watch = async {
        while watcher.fleet().counts().online < DEVICES {
            watcher.turn().await.unwrap();
        }
        // A device that the swarm does not know to be up leaves at the end, and leaves no will.
        risen.wait_for(|up| *up == DEVICES).await.unwrap();
        stop.send(()).await.unwrap();
        while watcher.fleet().counts().offline < DEVICES {
            watcher.turn().await.unwrap();
        }
    };
    let seen = timeout(PATIENCE * 2, watch).await;
    assert!(seen.is_ok(), "the watcher sees all: {:?}, link {:?}", watcher.fleet().counts(), watcher.fleet().link());
    let (summary, ledger) = swarm.await.unwrap();
    assert!(summary.exactly_once && summary.wills.received == DEVICES as u64, "{summary}");
    assert_eq!(watcher.fleet().len(), DEVICES);
    for account in ledger.accounts() {
        let seen = watcher.fleet().find(account.id.as_str()).and_then(|key| watcher.fleet().device(key)).unwrap();
        assert!(
            matches!(seen.presence, Presence::Offline { .. }) && account.standing == Standing::Down,
            "{}",
            account.id
        );
        assert_eq!(seen.incidents, account.wills, "{}", account.id);
    }
    watcher.stop().await;
}

/// Phase, storms, devices up, link up, times the link went down.
type News = (Phase, u64, usize, bool, u64);

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_restarts_in_a_storm_leaves_the_summary_true() {
    let Some(mut broker) = Mosquitto::start() else { return };
    let storm: Storm = "20/100ms".parse().unwrap();
    let setup = setup(at(broker.port), 200, Protocol::V311);
    let plan = Plan { storm: Some(storm), time: None, ..plan(setup, Death::By(Fault::Fin)) };
    let (stop, told) = mpsc::channel(1);
    let (tell, mut hear) = mpsc::channel(64);
    let swarm = tokio::spawn(async move {
        done(plan, told, move |progress| {
            let up = progress.totals.standing(Standing::Up);
            // News that finds no room is followed by newer.
            let _ = tell.try_send((progress.phase, progress.storms, up, progress.linked, progress.totals.link_losses));
        })
        .await
    });
    let mut wait = async |wanted: &dyn Fn(&News) -> bool| {
        let wait = async { while !wanted(&hear.recv().await.unwrap()) {} };
        timeout(PATIENCE, wait).await.expect("the storm goes on");
    };
    wait(&|(phase, storms, ..)| *phase == Phase::Holding && *storms >= 2).await;
    tokio::task::block_in_place(|| broker.restart());
    wait(&|(.., losses)| *losses >= 1).await;
    wait(&|(.., up, linked, _)| *linked && *up >= 180).await;
    stop.send(()).await.unwrap();
    let (summary, ledger) = swarm.await.unwrap();
    let wills = summary.wills;
    assert_eq!((wills.lost, wills.duplicated, wills.unexpected, wills.awaited), (0, 0, 0, 0), "{summary}");
    assert_eq!(wills.received + wills.unseen, wills.expected, "{summary}");
    assert_eq!(summary.exactly_once, wills.unseen == 0);
    assert!(wills.received >= 200 && summary.connects.dropped >= 100, "{summary}");
    assert_eq!(summary.presence.offline, 200, "{summary}");
    let wills_of_all: u64 = ledger.accounts().iter().map(|account| u64::from(account.wills)).sum();
    assert_eq!(wills_of_all, wills.received + wills.unforced);
}

/// Runs a broker, each of whose clients has a conversation of its own with it; gives its port.
async fn serve<B, F>(broker: &Arc<B>, converse: fn(Arc<B>, Peer) -> F) -> (u16, JoinHandle<()>)
where
    B: Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let (scripted, broker) = (Scripted::listen().await, Arc::clone(broker));
    (scripted.port(), tokio::spawn(scripted.serve(move |peer| converse(Arc::clone(&broker), peer))))
}

/// The text at `from` in a packet's body, and where it ends.
fn text(body: &[u8], from: usize) -> (String, usize) {
    let end = from + 2 + usize::from(u16::from_be_bytes([body[from], body[from + 1]]));
    (String::from_utf8(body[from + 2..end].to_vec()).unwrap(), end)
}

/// Reads the CONNECT of 3.1.1: the client id, the body, and where its id ends in it.
async fn hello(peer: &mut Peer) -> (String, Vec<u8>, usize) {
    let (_, body) = peer.packet().await;
    let (id, end) = text(&body, 10);
    (id, body, end)
}

/// Lets one of lwtop's own links in; whether it is the one that watches wills, and has subscribed to them.
async fn let_link_in(peer: &mut Peer, id: &str) -> bool {
    peer.send(CONNACK_V311).await;
    let watches = id.ends_with("-w");
    if watches {
        let (_, body) = peer.packet().await;
        peer.send(&[0x90, 3, body[0], body[1], 0]).await;
    }
    watches
}

/// A broker of forty lines: what it does with a device is in the device's number.
#[derive(Default)]
struct Wrong {
    watchers: Mutex<Vec<OwnedWriteHalf>>,
    /// The swarm has seen a will of a device that lives.
    seen: Notify,
    dropped: Notify,
}

/// The first device is `d`, the second `d-2`.
fn number(id: &str) -> usize {
    id.strip_prefix("d-").map_or(1, |number| number.parse().unwrap())
}

impl Wrong {
    async fn converse(self: Arc<Self>, mut peer: Peer) {
        let (id, body, end) = hello(&mut peer).await;
        if id.starts_with("lwtop") {
            if let_link_in(&mut peer, &id).await {
                let (mut read, write) = peer.0.into_split();
                self.watchers.lock().unwrap().push(write);
                let _ = tokio::io::copy(&mut read, &mut tokio::io::sink()).await;
            } else {
                peer.end().await;
            }
            return;
        }
        let number = number(&id);
        match number % 5 {
            // Refused: not authorized.
            4 => return peer.send(&[0x20, 2, 0, 5]).await,
            // The last one is let in when those that are dropped have noticed.
            0 if number == Wrong::DEVICES => self.dropped.notified().await,
            _ => {}
        }
        peer.send(CONNACK_V311).await;
        // The will is as long as the topic and the payload that the template makes.
        let (topic, end) = text(&body, end);
        let (payload, _) = text(&body, end);
        let mut packet = vec![0x30, u8::try_from(2 + topic.len() + payload.len()).unwrap(), 0];
        packet.push(u8::try_from(topic.len()).unwrap());
        packet.extend(topic.bytes().chain(payload.bytes()));
        if number % 5 == 3 {
            // A broker may publish before it closes.
            self.publish(&packet, 1);
            self.seen.notified().await;
            let _ = peer.0.shutdown().await;
            peer.end().await;
            return self.dropped.notify_one();
        }
        peer.end().await;
        self.publish(&packet, [1, 2, 0][number % 5]);
    }

    fn publish(&self, packet: &[u8], times: usize) {
        for watcher in self.watchers.lock().unwrap().iter() {
            for _ in 0..times {
                assert_eq!(watcher.try_write(packet).unwrap(), packet.len());
            }
        }
    }

    /// One of each five is served well, has its will twice, never, is dropped, or refused. Only one is dropped, so that it is known
    /// when.
    const DEVICES: usize = 5;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_loses_doubles_drops_and_refuses_is_found_out() {
    let wrong = Arc::<Wrong>::default();
    let (port, broker) = serve(&wrong, Wrong::converse).await;
    let link = LinkOptions { protocol: Some(Protocol::V311), ..LinkOptions::default() };
    let setup = Setup { link, ..setup(at(port), Wrong::DEVICES, Protocol::V311) };
    let plan = Plan { patience: Duration::from_millis(500), ..plan(setup, Death::By(Fault::Rst)) };
    let (_stop, told) = mpsc::channel(1);
    let see = |progress: &Progress<'_>| {
        if progress.totals.early > 0 {
            wrong.seen.notify_one();
        }
    };
    let (summary, ledger) = Box::pin(done(plan, told, see)).await;
    let wills = summary.wills;
    assert!(!summary.exactly_once);
    assert_eq!((wills.expected, wills.received, wills.lost), (3, 2, 1), "{summary}");
    assert_eq!((wills.duplicated, wills.unexpected, wills.unseen, wills.unforced), (1, 0, 0, 1), "{summary}");
    assert_eq!((summary.connects.accepted, summary.connects.failed, summary.connects.dropped), (4, 1, 1), "{summary}");
    assert!(summary.connects.reasons[0].why.contains("refused a device: not authorized"), "{summary}");
    assert_eq!((summary.presence.offline, summary.presence.never_connected), (4, 1), "{summary}");
    let wills: HashMap<_, _> =
        ledger.accounts().iter().map(|account| (number(account.id.as_str()), account.wills)).collect();
    assert_eq!((wills[&1], wills[&2], wills[&3], wills[&4], wills[&5]), (2, 0, 1, 0, 1));
    broker.abort();
}

/// A broker that lets nobody take a session over, and lwtop's link in only while it is `open`.
struct Closing {
    open: watch::Sender<bool>,
    seen: Mutex<HashSet<String>>,
}

impl Closing {
    async fn converse(self: Arc<Self>, mut peer: Peer) {
        let (id, ..) = hello(&mut peer).await;
        if !id.starts_with("lwtop") {
            let first = self.seen.lock().unwrap().insert(id);
            // Server unavailable.
            peer.send(if first { CONNACK_V311 } else { &[0x20, 2, 0, 3] }).await;
            let _ = peer.end().await;
            return;
        }
        let mut open = self.open.subscribe();
        if !*open.borrow_and_update() {
            return;
        }
        let_link_in(&mut peer, &id).await;
        let _ = open.wait_for(|open| !open).await;
    }
}

/// The link is lost in the middle of storms, and every takeover meanwhile comes to nothing: all devices live, so all can die again.
#[tokio::test(flavor = "multi_thread")]
async fn storms_go_on_with_all_devices_when_the_link_was_lost() {
    const DEVICES: usize = 10;
    let (open, _) = watch::channel(true);
    let broker = Arc::new(Closing { open, seen: Mutex::default() });
    let (port, serving) = serve(&broker, Closing::converse).await;
    let link = LinkOptions { protocol: Some(Protocol::V311), ..LinkOptions::default() };
    let setup = Setup { link, ..setup(at(port), DEVICES, Protocol::V311) };
    let patience = Duration::from_millis(300);
    let storm: Storm = "100%/100ms".parse().unwrap();
    let plan = Plan { storm: Some(storm), time: None, patience, ..plan(setup, Death::By(Fault::Takeover)) };
    let (stop, told) = mpsc::channel(2);
    // How many deaths there are to be until the next stage.
    let (mut stage, mut wanted) = (0, 1);
    let (summary, ledger) = done(plan, told, |progress| {
        let deaths = progress.totals.deaths[Fault::Takeover as usize];
        match stage {
            0 if deaths >= wanted => broker.open.send_replace(false),
            1 if !progress.linked => true,
            2 if deaths >= wanted => broker.open.send_replace(true),
            3 if progress.linked => true,
            // At once: no takeover will come to an end.
            4 if deaths >= wanted => (0..2).all(|_| stop.try_send(()).is_ok()),
            _ => return,
        };
        (stage, wanted) = (stage + 1, deaths + DEVICES as u64);
    })
    .await;
    assert_eq!((stage, summary.link_losses, summary.presence.online), (5, 1, DEVICES), "{summary}");
    assert!(ledger.accounts().iter().all(|account| account.deaths >= 2), "{summary}");
    serving.abort();
}

/// The end waits for no will, and for nobody's death, when it is known that there is none.
#[tokio::test(flavor = "multi_thread")]
async fn takeovers_that_come_to_nothing_hold_up_no_end() {
    let broker = Arc::new(Closing { open: watch::Sender::new(true), seen: Mutex::default() });
    let (port, serving) = serve(&broker, Closing::converse).await;
    let link = LinkOptions { protocol: Some(Protocol::V311), ..LinkOptions::default() };
    let setup = Setup { link, ..setup(at(port), 3, Protocol::V311) };
    let plan = Plan { patience: Duration::from_secs(3_600), ..plan(setup, Death::By(Fault::Takeover)) };
    let end = timeout(ORDERLY, to_the_end(plan)).await;
    let (summary, _) = end.expect("it is known at once that nobody dies");
    assert!(summary.exactly_once, "{summary}");
    assert_eq!((summary.wills.expected, summary.wills.awaited, summary.presence.online), (0, 0, 3), "{summary}");
    assert_eq!(summary.deaths["takeover"], 3);
    serving.abort();
}

#[test]
fn what_cannot_work_is_refused_before_it_begins() {
    let refused = |setup, death| plan(setup, death).check().unwrap_err().to_string();
    let fin = Death::By(Fault::Fin);
    for (text, parts) in [
        (refused(setup(embedded(), usize::MAX, Protocol::V5), fin), &["open files", "ulimit", "launch fewer"][..]),
        (refused(setup(embedded(), 0, Protocol::V5), fin), &["--count"]),
        (
            refused(setup(embedded(), 1, Protocol::V311), Death::By(Fault::LeaveWithWill)),
            &["MQTT 5", "--device-protocol 5"],
        ),
    ] {
        assert!(parts.iter().all(|part| text.contains(part)), "{text}");
    }
    let mut nameless = setup(embedded(), 1, Protocol::V5);
    nameless.topics.will = "wills".parse().unwrap();
    nameless.template.will.as_mut().unwrap().topic = "wills".parse().unwrap();
    assert!(refused(nameless, fin).contains("would not say whose it is"));
    let mut patient = setup(embedded(), 1, Protocol::V5);
    patient.template.keep_alive = lwtop::mqtt::KeepAlive(0);
    assert!(refused(patient, Death::By(Fault::Freeze)).contains("--keep-alive"));
}
