//! Gateway, broker, devices, link, rules and hub together, driven as the interface drives them.

#[path = "hub_runtime/mass.rs"]
mod mass;
#[path = "support/mosquitto.rs"]
mod mosquitto;
#[path = "support/raw.rs"]
mod raw;

use lwtop::clock::Clock;
use lwtop::device::DeviceTemplate;
use lwtop::dial::Route;
use lwtop::fleet::{Change, Device, Evidence, Hop, Incident, LinkState, Presence, Role, WillSent};
use lwtop::hub::{Command, Doors, LinkOptions, Runtime, Setup, Source};
use lwtop::link::Backoff;
use lwtop::mqtt::{BrokerAddress, Cause, ClientId, Fault, KeepAlive, Protocol};
use lwtop::rules::RuleSet;
use mosquitto::Mosquitto;
use std::collections::HashMap;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

const PATIENCE: Duration = Duration::from_secs(60);

fn setup(devices: usize) -> Setup {
    let topics = lwtop::convention::Topics {
        will: "/last/will/topic".parse().unwrap(),
        connected: "/lwt/connected/topic".parse().unwrap(),
        executed: "/lwt/executed".parse().unwrap(),
    };
    let rules = RuleSet::article(&topics.will, &"/lwt/executed".parse().unwrap());
    Setup {
        source: Source::Embedded { listen: "127.0.0.1:0".parse().unwrap(), doors: Doors::default(), users: None },
        link: LinkOptions::default(),
        topics,
        rules,
        template: DeviceTemplate::article("/last/will/topic".parse().unwrap(), "/lwt/connected/topic".parse().unwrap()),
        prefix: "lwtThing".to_owned(),
        lifecycle: false,
        devices,
    }
}

/// The program without its views.
struct Program {
    runtime: Runtime,
    changes: Vec<Change>,
}

impl Program {
    async fn start(setup: Setup) -> Self {
        let devices = setup.devices;
        let runtime = Runtime::start(setup, Clock::start()).unwrap();
        let mut program = Self { runtime, changes: Vec::new() };
        program.until("all are online", |runtime| runtime.fleet().counts().online == devices).await;
        program
    }

    async fn until(&mut self, what: &str, wanted: impl Fn(&Runtime) -> bool) {
        let wait = async {
            while !wanted(&self.runtime) {
                self.changes.extend(self.runtime.turn().await.unwrap().changes);
            }
        };
        assert!(timeout(PATIENCE, wait).await.is_ok(), "waited in vain: {what}; {:?}", self.runtime.fleet().counts());
    }

    fn command(&mut self, command: Command) {
        self.changes.extend(self.runtime.command(command).changes);
    }

    fn ids(&self) -> Vec<ClientId> {
        self.runtime.fleet().devices().map(|device| device.id.clone()).collect()
    }

    fn device(&self, id: &str) -> &Device {
        let fleet = self.runtime.fleet();
        fleet.device(fleet.find(id).unwrap()).unwrap()
    }

    fn incidents(&self) -> Vec<&Incident> {
        self.runtime.fleet().incidents().newest().collect()
    }
}

fn reported(count: usize) -> impl Fn(&Runtime) -> bool {
    move |runtime| runtime.fleet().incidents().newest().filter(|incident| incident.reported).count() == count
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_cut_at_once_lose_no_will_and_double_none() {
    let mut program = Program::start(setup(1_000)).await;
    let ids = program.ids();
    program.command(Command::Fault(ids, Fault::Rst));
    program.until("a thousand reported incidents", reported(1_000)).await;
    for incident in program.incidents() {
        assert_eq!((incident.cause, incident.wills), (Cause::ConnectionLost, 1), "{incident:?}");
        assert!(incident.missing.is_empty(), "{incident:?}");
        for hop in [Hop::Cut, Hop::Detected, Hop::Will, Hop::Rule, Hop::Executed] {
            assert!(incident.hops.get(hop).is_some(), "{hop:?} of {incident:?}");
        }
    }
    let mut wills: HashMap<ClientId, usize> = HashMap::new();
    for change in &program.changes {
        if let Change::Message { role: Role::Will, device: Some(device), .. } = change {
            *wills.entry(device.clone()).or_default() += 1;
        }
    }
    assert_eq!(wills.len(), 1_000);
    assert!(wills.values().all(|count| *count == 1));
    program.command(Command::ReconnectAll);
    program.until("all are back", |runtime| runtime.fleet().counts().online == 1_000).await;
    assert!(program.incidents().iter().all(|incident| incident.recovered()));
    program.runtime.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_is_known_by_its_cause() {
    let mut setup = setup(1);
    setup.template.protocol = Protocol::V5;
    let mut program = Program::start(setup).await;
    let mut incidents = 0;
    for (fault, cause) in [
        (Fault::Leave, Cause::ClientInitiatedDisconnect),
        (Fault::Fin, Cause::ConnectionLost),
        (Fault::Rst, Cause::ConnectionLost),
        (Fault::ProtocolError, Cause::ProtocolError),
        (Fault::LeaveWithWill, Cause::DisconnectWithWill),
        (Fault::Kick, Cause::ServerInitiated),
    ] {
        program.command(Command::Fault(vec!["lwtThing".into()], fault));
        program.until(fault.name(), |runtime| runtime.fleet().counts().offline == 1).await;
        assert_eq!(program.device("lwtThing").presence, Presence::Offline { cause }, "{fault}");
        if fault.sends_will() {
            incidents += 1;
            program.until(fault.name(), reported(incidents)).await;
            assert_eq!(program.device("lwtThing").will_sent, WillSent::Yes, "{fault}");
            let newest = program.incidents()[0];
            assert_eq!((newest.cause, newest.fault), (cause, Some(fault)));
            assert!(newest.hops.get(Hop::Executed).is_some(), "{newest:?}");
        } else {
            assert_eq!(program.device("lwtThing").will_sent, WillSent::No);
        }
        program.command(Command::Reconnect(vec!["lwtThing".into()]));
        program.until("it is back", |runtime| runtime.fleet().counts().online == 1).await;
    }
    program.command(Command::Fault(vec!["lwtThing".into()], Fault::Takeover));
    program.until("the takeover", reported(incidents + 1)).await;
    assert_eq!(program.incidents()[0].cause, Cause::SessionTakenOver);
    assert_eq!(program.device("lwtThing").presence, Presence::Online);
    program.runtime.stop().await;
}

/// The bar is 1.5 times the keep alive, within 5 %: 2.85 to 3.15 s for 2 s. The time is the broker's own, so this holds on
/// a busy machine too.
#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_device_runs_out_of_keep_alive_at_one_and_a_half() {
    let mut setup = setup(1);
    setup.template.keep_alive = KeepAlive(2);
    let mut program = Program::start(setup).await;
    program.command(Command::Fault(vec!["lwtThing".into()], Fault::Freeze));
    program.until("overdue", |runtime| runtime.fleet().counts().overdue == 1).await;
    program.until("the end", reported(1)).await;
    let device = program.device("lwtThing");
    assert_eq!(device.presence, Presence::Offline { cause: Cause::KeepAliveTimeout });
    let last = device.session.as_ref().unwrap().last_packet;
    let detected = program.incidents()[0].hops.get(Hop::Detected).unwrap();
    let silence = detected.since(last).as_secs_f64();
    assert!((2.85..=3.15).contains(&silence), "offline after {silence} s of silence");
    program.runtime.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn devices_are_launched_removed_and_named_anew() {
    let mut program = Program::start(setup(2)).await;
    program.command(Command::Remove(vec!["lwtThing".into()]));
    program.until("one is gone", |runtime| runtime.fleet().len() == 1).await;
    program.command(Command::Launch(2));
    program.until("three", |runtime| runtime.fleet().counts().online == 3).await;
    let mut ids = program.ids();
    ids.sort();
    assert_eq!(ids, ["lwtThing-2", "lwtThing-3", "lwtThing-4"].map(ClientId::from));
    let refusal = program.runtime.command(Command::Launch(10_000_000));
    assert!(refusal.notices[0].contains("do not fit"), "{:?}", refusal.notices);

    let undo = |program: &mut Program| program.runtime.command(Command::UndoLaunch).notices;
    assert_eq!(undo(&mut program), ["undone: the 2 devices of the last launch leave"]);
    program.until("one", |runtime| runtime.fleet().len() == 1).await;
    program.command(Command::Remove(vec!["lwtThing-2".into()]));
    program.until("none", |runtime| runtime.fleet().is_empty()).await;
    assert_eq!(undo(&mut program), ["there is no launch to undo"], "all of the first launch are gone already");
    program.runtime.stop().await;
}

/// A device that somebody else wrote: it says where it is ten times a second, and comes back when its broker does, unless it is
/// told to stay away. It ends with the sender.
async fn foreign(port: u16, id: String, mut away: watch::Receiver<bool>) {
    let mut connect = vec![0, 4, b'M', b'Q', b'T', b'T', 4, 0b110, 0, 10];
    let mut connected = Vec::new();
    for text in [&id, &format!("devices/{id}/will"), "gone"] {
        raw::push_text(&mut connect, text);
    }
    raw::push_text(&mut connected, &format!("devices/{id}/connected"));
    let (connect, connected) = (raw::packet(0x10, &connect), raw::packet(0x30, &connected));
    while told(&mut away, false).await {
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)).await else {
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        if stream.write_all(&connect).await.is_err() || stream.read_exact(&mut [0; 4]).await.is_err() {
            continue;
        }
        let mut pace = tokio::time::interval(Duration::from_millis(100));
        loop {
            let over = tokio::select! {
                _ = pace.tick() => false,
                _ = stream.read_u8() => true,
                _ = told(&mut away, true) => true,
            };
            if over || stream.write_all(&connected).await.is_err() {
                break;
            }
        }
    }
}

/// Waits for this order; false if there will be none any more.
async fn told(away: &mut watch::Receiver<bool>, order: bool) -> bool {
    away.wait_for(|away| *away == order).await.is_ok()
}

/// A watch of so many foreign devices, and what tells them to stay away.
async fn watched(broker: &Mosquitto, devices: usize) -> (Program, Vec<watch::Sender<bool>>) {
    let filter = |text: &str| text.parse().unwrap();
    let (will, connected) = (filter("devices/+/will"), filter("devices/+/connected"));
    let topics = lwtop::convention::Topics { will, connected, executed: filter("devices/executed") };
    let source = Source::External(BrokerAddress::new("127.0.0.1", broker.port));
    // A broker that is gone again and again after some tenths of a second is one to wait for ever longer, but not here.
    let backoff = Backoff { longest: Backoff::default().first, ..Backoff::default() };
    let link = LinkOptions { backoff, ..LinkOptions::default() };
    let mut program = Program::start(Setup { source, link, topics, rules: RuleSet::default(), ..setup(0) }).await;
    program.until("the link", |runtime| matches!(runtime.fleet().link(), LinkState::Up { .. })).await;
    let launch = |n: usize| {
        let (away, order) = watch::channel(false);
        tokio::spawn(foreign(broker.port, format!("d{n}"), order));
        away
    };
    let launched = (0..devices).map(launch).collect();
    program.until("all are online", online(devices)).await;
    (program, launched)
}

fn online(count: usize) -> impl Fn(&Runtime) -> bool {
    move |runtime| runtime.fleet().counts().online == count
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_restarts_of_mosquitto_leave_a_hundred_devices_as_they_are() {
    const DEVICES: usize = 100;
    let Some(mut broker) = Mosquitto::start() else { return };
    let (mut program, devices) = watched(&broker, DEVICES).await;
    for (round, away) in devices.iter().enumerate().take(10) {
        program.changes.clear();
        broker.kill();
        program.until("nothing is known", |runtime| runtime.fleet().counts().unknown == DEVICES).await;
        // One of them does not come back.
        away.send_replace(true);
        broker.restart();
        program.until("the others are back", online(DEVICES - 1)).await;
        let missing = format!("d{round}");
        assert_eq!(program.device(&missing).presence, Presence::Unknown, "whether it lives is not known");
        away.send_replace(false);
        program.until("it is back", online(DEVICES)).await;
        let ends = |change: &&Change| matches!(change, Change::Offline { .. } | Change::Overdue { .. });
        assert_eq!(program.changes.iter().find(ends).map(|change| format!("{change:?}")), None);
    }
    // Nothing is stuck: an end is still seen, and only that one.
    devices[0].send_replace(true);
    program.until("one is gone", |runtime| runtime.fleet().counts().offline == 1).await;
    assert_eq!(program.device("d0").presence, Presence::Offline { cause: Cause::Unknown });
    assert_eq!(program.runtime.fleet().counts().online, DEVICES - 1);
    program.runtime.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_is_shut_down_may_publish_wills_and_the_devices_recover() {
    const DEVICES: usize = 10;
    let Some(mut broker) = Mosquitto::start() else { return };
    let (mut program, _devices) = watched(&broker, DEVICES).await;
    broker.terminate();
    program.until("nothing is known", |runtime| runtime.fleet().counts().unknown == DEVICES).await;
    broker.restart();
    program.until("all are back", online(DEVICES)).await;
    // Its wills are real: whoever they were of has recovered.
    assert!(program.incidents().iter().all(|incident| incident.recovered()), "{:?}", program.incidents());
    program.runtime.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_broker_behind_the_gateway_shows_the_wire_and_can_be_cut() {
    let Some(mut broker) = Mosquitto::start() else { return };
    let filter = |text: &str| text.parse().unwrap();
    let (will, connected) = (filter("devices/+/will"), filter("devices/+/connected"));
    let topics = lwtop::convention::Topics { will, connected, executed: filter("devices/executed") };
    let address = BrokerAddress::new("127.0.0.1", broker.port);
    let any = ([127, 0, 0, 1], 0).into();
    let source = Source::Upstream { address, listen: any, doors: Doors { websocket: Some(any), ..Doors::default() } };
    let setup = Setup { source, topics, rules: RuleSet::default(), ..setup(0) };
    let mut program = Program { runtime: Runtime::start(setup, Clock::start()).unwrap(), changes: Vec::new() };
    let entrances = loop {
        let listening = program.runtime.turn().await.unwrap().listening;
        if !listening.is_empty() {
            break listening;
        }
    };
    let [door, web] = &entrances[..] else { panic!("other doors: {entrances:?}") };
    let (door, web) = (door.address.port(), web.to_string());
    program.until("the link", |runtime| matches!(runtime.fleet().link(), LinkState::Up { .. })).await;
    let away: Vec<_> = [(door, "inside"), (broker.port, "beside")]
        .into_iter()
        .map(|(port, id)| {
            let (away, order) = watch::channel(false);
            tokio::spawn(foreign(port, id.to_owned(), order));
            away
        })
        .collect();
    program.until("both are online", online(2)).await;
    program
        .until("the will is known", |runtime| {
            let fleet = runtime.fleet();
            let inside = fleet.find("inside").and_then(|key| fleet.device(key));
            inside.and_then(|device| device.session.as_ref()).is_some_and(|session| session.will.is_some())
        })
        .await;
    assert!(program.device("beside").session.is_none(), "nobody saw its CONNECT");
    assert_eq!(program.device("inside").evidence, Some(Evidence::Wire));

    // Cut by a key; it comes back by itself.
    program.command(Command::Fault(vec!["inside".into()], Fault::Rst));
    program.until("the death and its will", reported(1)).await;
    let incident = program.incidents()[0];
    assert_eq!((incident.cause, incident.fault, incident.wills), (Cause::ConnectionLost, Some(Fault::Rst), 1));
    program.until("it is back", online(2)).await;
    // What did not come through the gateway is known by its will.
    away[1].send_replace(true);
    program.until("the other is gone", |runtime| runtime.fleet().counts().offline == 1).await;
    assert_eq!(program.device("beside").evidence, Some(Evidence::Will));
    away[1].send_replace(false);
    program.until("the other is back", online(2)).await;
    // The other doors lead to the same broker. This one only comes and goes.
    let route = Route::from(web.parse::<BrokerAddress>().unwrap());
    let mut visitor = route.dial(route.prepare().await.unwrap(), None, Instant::now() + PATIENCE).await.unwrap();
    visitor.write_all(b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x1e\x00\x01w").await.unwrap();
    visitor.flush().await.unwrap();
    program.until("it is online", online(3)).await;
    visitor.write_all(b"\xe0\x00").await.unwrap();
    visitor.flush().await.unwrap();
    program.until("it has left", online(2)).await;
    assert_eq!(program.device("w").presence, Presence::Offline { cause: Cause::ClientInitiatedDisconnect });

    program.changes.clear();
    broker.kill();
    program.until("the link is down", |runtime| !matches!(runtime.fleet().link(), LinkState::Up { .. })).await;
    // It had just published, as it does all the time: that is not why its connection ended.
    let deaths = |runtime: &Runtime| {
        let of_inside = |incident: &&Incident| incident.client.as_str() == "inside";
        runtime.fleet().incidents().newest().filter(of_inside).map(|incident| incident.cause).collect::<Vec<_>>()
    };
    program.until("its end", |runtime| deaths(runtime).len() == 2).await;
    assert_eq!(deaths(&program.runtime)[0], Cause::ServerInitiated);
    let mut device = TcpStream::connect(("127.0.0.1", door)).await.unwrap();
    device.write_all(b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x1e\x00\x01a").await.unwrap();
    let mut connack = [0; 4];
    device.read_exact(&mut connack).await.unwrap();
    assert_eq!(connack, [0x20, 2, 0, 3], "server unavailable");
    broker.restart();
    program.until("both are back", online(2)).await;
    // In the meantime it tried to come back many times: it did not go away once more each time.
    let ends = program.changes.iter().filter(|change| matches!(change, Change::Offline { .. }));
    assert!(ends.clone().count() <= 1, "{:?}", ends.collect::<Vec<_>>());
    program.runtime.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_packets_of_the_one_who_is_looked_at_are_written_down() {
    let mut program = Program::start(setup(2)).await;
    let client = ClientId::from("lwtThing");
    program.runtime.look_at(Some(&client));
    let told = |runtime: &mut Runtime| -> Vec<String> {
        let sight = &runtime.view().2.sight;
        // The end of the first announcement may still have been on its way.
        let packets = sight.packets.iter().skip_while(|packet| packet.name != "FIN");
        packets.map(|packet| format!("{:?} {} {}", packet.sender, packet.name, packet.facts)).collect()
    };
    let others = ["lwtThing-2", "lwtThing"].map(ClientId::from).to_vec();
    program.command(Command::Fault(others.clone(), Fault::Fin));
    program.until("both are cut", reported(2)).await;
    program.command(Command::Reconnect(others));
    program.until("both are back", |runtime| runtime.fleet().counts().online == 2).await;
    let wanted = [
        "Device FIN the connection ended: connection lost",
        "Device CONNECT MQTT 3.1.1 · keep alive 30 s · clean session · will on /last/will/topic QoS 0, 94 bytes",
        "Broker CONNACK accepted, no session is present",
        "Device PUBLISH /lwt/connected/topic · QoS 1 · 58 bytes · id 1",
        "Broker PUBACK id 1",
    ];
    let deadline = Instant::now() + PATIENCE;
    // The board wakes the hub for what the broker sends, too.
    while told(&mut program.runtime).len() < wanted.len() {
        let turn = timeout(deadline - Instant::now(), program.runtime.turn()).await;
        turn.unwrap_or_else(|_| panic!("no more came than {:?}", told(&mut program.runtime))).unwrap();
    }
    assert_eq!(told(&mut program.runtime), wanted);
    program.command(Command::Fault(vec![client], Fault::Leave));
    program.until("it has left", |runtime| runtime.fleet().counts().online == 1).await;
    assert_eq!(told(&mut program.runtime).last().map(String::as_str), Some("Device DISCONNECT "));
    program.runtime.look_at(None);
    assert!(told(&mut program.runtime).is_empty());
    program.runtime.stop().await;
}
