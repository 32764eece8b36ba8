//! A fleet, a status and a clock that stands still, for the tests of the terminal interface.
#![allow(dead_code, reason = "each test program uses a part of it")]

use bytes::Bytes;
use crossterm::event::{Event as Input, KeyCode, KeyEvent, KeyModifiers};
use lwtop::clock::Moment;
use lwtop::convention::Topics;
use lwtop::fleet::{
    ActionReport, Change, Closed, DeviceEvent, Event, Fleet, Incoming, LinkEvent, Opened, Role, RuleOutcome,
    SessionEvent, Settings, Via,
};
use lwtop::hub::{ActionStanding, Command, Notice, RuleStanding, Status};
use lwtop::mqtt::{Cause, ClientId, ConnId, Fault, KeepAlive, Protocol, Qos, Will};
use lwtop::rules::{Action, Message, Rule, RuleSet};
use lwtop::scenario::{Deed, Player, State};
use lwtop::tui::{Effect, Look, Theme, Ui, View};
use lwtop::wiring::Activity;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use std::time::Duration;

/// 12:04:00.000 UTC on the day on which AWS published the article.
pub const NOON: Moment = Moment::from_millis(1_606_046_640_000);

pub struct World {
    pub fleet: Fleet,
    pub status: Status,
    pub rules: RuleSet,
    pub now: Moment,
    pub ui: Ui<TestBackend>,
    topics: Topics,
    conns: u64,
}

pub fn will_payload(id: &str) -> String {
    format!(r#"{{"state": {{"reported": {{"last_will": "yes", "trigger_action": "on", "client_id": "{id}"}}}}}}"#)
}

impl World {
    /// lwtop has just started.
    pub fn starting(width: u16, height: u16) -> Self {
        let topics = Topics {
            will: "/last/will/topic".parse().unwrap(),
            connected: "/lwt/connected/topic".parse().unwrap(),
            executed: "/lwt/executed".parse().unwrap(),
        };
        let status = Status {
            broker: "embedded 127.0.0.1:1883".to_owned(),
            gateway: true,
            stage: Some("starting the broker".to_owned()),
            connected_topic: topics.connected.to_string(),
            will_topic: topics.will.to_string(),
            executed_topic: topics.executed.to_string(),
            ..Status::default()
        };
        let terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        let rules = RuleSet::article(&topics.will, &topics.executed.as_str().parse().unwrap());
        let mut world = Self {
            fleet: Fleet::new(Settings { will: topics.will.clone(), rules: true }),
            status,
            rules: RuleSet::default(),
            now: NOON,
            ui: Ui::new(terminal, Look::plain()),
            topics,
            conns: 0,
        };
        world.rule_by(rules);
        world
    }

    /// With these rules in place of the article's.
    pub fn rule_by(&mut self, rules: RuleSet) {
        let action = |action: &Action| ActionStanding {
            kind: action.kind.name(),
            target: action.kind.target(),
            ..ActionStanding::default()
        };
        let standing = |rule: &Rule| RuleStanding {
            name: rule.name.clone(),
            description: rule.description.clone(),
            sql: rule.statement.to_string().into(),
            actions: rule.actions.iter().chain(&rule.error_action).map(action).collect(),
            has_error_action: rule.error_action.is_some(),
            ..RuleStanding::default()
        };
        self.status.rules = rules.rules().iter().map(standing).collect();
        self.rules = rules;
    }

    /// The same with colours.
    pub fn colour(&mut self) {
        let area = self.ui.backend().buffer().area;
        let terminal = Terminal::new(TestBackend::new(area.width, area.height)).unwrap();
        self.ui = Ui::new(terminal, Look { theme: Theme::dark(), ..Look::plain() });
    }

    /// The same on a terminal that has nothing but ASCII.
    pub fn ascii(&mut self) {
        let area = self.ui.backend().buffer().area;
        let terminal = Terminal::new(TestBackend::new(area.width, area.height)).unwrap();
        self.ui = Ui::new(terminal, Look { ascii: true, ..Look::plain() });
    }

    /// lwtop is up, nobody is there.
    pub fn up(width: u16, height: u16) -> Self {
        let mut world = Self::starting(width, height);
        world.status.stage = None;
        world.status.rate = 42.0;
        world.apply(Event::Link(LinkEvent::Up { at: NOON }));
        world
    }

    /// Three devices that have been online for a while.
    pub fn three(width: u16, height: u16) -> Self {
        let mut world = Self::up(width, height);
        for id in ["lwtThing", "lwtThing-2", "lwtThing-3"] {
            world.launch(id);
            world.pass(1_118);
        }
        world.pass(17_000);
        world
    }

    pub fn apply(&mut self, event: Event) {
        self.fleet.apply(event, self.now, &mut Vec::new());
    }

    /// Lets time pass.
    pub fn pass(&mut self, millis: u64) {
        self.now = self.now + Duration::from_millis(millis);
        self.fleet.tick(self.now, &mut Vec::new());
    }

    pub fn launch(&mut self, id: &str) -> ConnId {
        self.apply(Event::Device(DeviceEvent::Launched { at: self.now, client: id.into() }));
        self.connect(id, Protocol::V311, 30)
    }

    /// A client connects, with the article's will, and announces itself.
    pub fn connect(&mut self, id: &str, protocol: Protocol, keep_alive: u16) -> ConnId {
        self.conns += 1;
        let conn = ConnId(self.conns);
        let port = 53_210 + u16::try_from(self.conns % 1_000).unwrap();
        let will = Will {
            topic: "/last/will/topic".into(),
            payload: will_payload(id).into(),
            qos: Qos::AtMostOnce,
            retain: false,
            delay: Duration::ZERO,
        };
        self.apply(Event::Session(SessionEvent::Opened(Box::new(Opened {
            at: self.now,
            conn,
            client: id.into(),
            peer: Some(([127, 0, 0, 1], port).into()),
            protocol,
            keep_alive: KeepAlive(keep_alive),
            clean: true,
            will: Some(will),
            nameless: false,
            via: Via::default(),
        }))));
        let hello = r#"{"message": "AWS IoT Thing connected message to IoT Core"}"#;
        self.message("/lwt/connected/topic", hello.as_bytes(), Some(id), false);
        self.active(conn, 2, 0);
        conn
    }

    pub fn active(&mut self, conn: ConnId, packets: u32, pings: u32) {
        let activity = Activity { last_packet: self.now, packets, pings, publishes: 0 };
        self.apply(Event::Activity(conn, activity));
    }

    pub fn message(&mut self, topic: &str, payload: &[u8], publisher: Option<&str>, retain: bool) {
        let message = Incoming {
            at: self.now,
            topic: topic.into(),
            payload: Bytes::copy_from_slice(payload),
            qos: Qos::AtLeastOnce,
            retain,
            publisher: publisher.map(ClientId::from),
            source: None,
            properties: None,
        };
        let meaning = self.topics.interpret(&message);
        let seen = Message::heard(&message, meaning.device.as_ref());
        let made = if retain { Vec::new() } else { self.rules.evaluate(&seen) };
        let at = self.now + Duration::from_micros(100);
        let outcomes = made.into_iter().map(|outcome| {
            let standing = &mut self.status.rules[outcome.rule];
            let mut notifies = 0;
            if outcome.matched {
                standing.matched += 1;
                standing.last_match = Some(at);
                let rule = &self.rules.rules()[outcome.rule];
                for (action, standing) in rule.actions.iter().zip(&mut standing.actions) {
                    let notify = action.kind.notifies() && !standing.idle;
                    notifies += u32::from(notify);
                    standing.waiting += u64::from(notify);
                    standing.done += u64::from(!notify && !standing.idle);
                }
            } else {
                standing.not_matched += 1;
            }
            RuleOutcome {
                at,
                name: outcome.name,
                matched: outcome.matched,
                skipped: false,
                republishes: true,
                notifies,
            }
        });
        let outcomes = outcomes.collect();
        self.apply(Event::Message(message, meaning, outcomes));
    }

    pub fn fault(&mut self, id: &str, fault: Fault) {
        self.apply(Event::Device(DeviceEvent::Faulted { at: self.now, client: id.into(), fault }));
    }

    pub fn close(&mut self, conn: ConnId, id: &str, cause: Cause, how: &'static str) {
        let silent = cause == Cause::KeepAliveTimeout;
        self.apply(Event::Session(SessionEvent::Closed(Box::new(Closed {
            at: self.now,
            cut: (!silent).then_some(self.now),
            conn,
            client: id.into(),
            cause,
            how,
            rest: Activity::default(),
        }))));
    }

    /// A cut with all that follows: will after 0.1 ms, rule after 0.2, executed after 0.9, a person told after 14.
    pub fn die(&mut self, conn: ConnId, id: &str, fault: Fault) {
        self.die_untold(conn, id, fault);
        self.told(id, None);
    }

    /// What came of the first rule's last action that tells a person: it was done after 14 ms, or failed for good.
    pub fn told(&mut self, id: &str, failure: Option<&str>) {
        let at = self.now + Duration::from_micros(13_100);
        let device = self.fleet.find(id).and_then(|key| self.fleet.device(key)).unwrap();
        let first = self.fleet.feed(Role::Will).entries()[0].message.clone();
        let rule = &self.rules.rules()[0];
        let Some(index) = rule.actions.iter().rposition(|action| action.kind.notifies()) else { return };
        let standing = &mut self.status.rules[0].actions[index];
        standing.waiting -= 1;
        match failure {
            None => standing.done += 1,
            Some(text) => {
                standing.failed += 1;
                standing.last_failure = Some(Notice { at, text: text.to_owned() });
            }
        }
        let report = ActionReport {
            at,
            rule: rule.name.clone(),
            rule_index: 0,
            action: Some(index),
            kind: standing.kind,
            target: standing.target.clone(),
            notifies: true,
            events: 1,
            incidents: device.incident.into_iter().collect(),
            attempts: 1,
            failure: failure.map(str::to_owned),
            first,
        };
        self.apply(Event::Action(Box::new(report)));
    }

    /// The same up to the republish.
    pub fn die_untold(&mut self, conn: ConnId, id: &str, fault: Fault) {
        self.fault(id, fault);
        self.close(conn, id, Cause::ConnectionLost, "FIN");
        self.now = self.now + Duration::from_micros(100);
        self.message("/last/will/topic", will_payload(id).as_bytes(), Some(id), false);
        self.now = self.now + Duration::from_micros(800);
        self.message("/lwt/executed", will_payload(id).as_bytes(), None, false);
    }

    pub fn draw(&mut self) -> String {
        let view = View { fleet: &self.fleet, status: &self.status, rules: &self.rules, now: self.now };
        self.ui.draw(&view).unwrap();
        self.screen()
    }

    /// The screen as last drawn, line by line; a wide character stands for its two columns.
    pub fn screen(&self) -> String {
        let buffer = self.ui.backend().buffer();
        let mut out = String::new();
        for y in 0..buffer.area.height {
            let mut line = String::new();
            let mut x = 0;
            while x < buffer.area.width {
                let symbol = buffer[(x, y)].symbol();
                line.push_str(symbol);
                x += u16::try_from(unicode_width::UnicodeWidthStr::width(symbol).max(1)).unwrap();
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }

    pub fn input(&mut self, input: &Input) -> Vec<Effect> {
        let view = View { fleet: &self.fleet, status: &self.status, rules: &self.rules, now: self.now };
        self.ui.on_event(input, &view)
    }

    pub fn key(&mut self, code: KeyCode) -> Vec<Effect> {
        self.input(&Input::Key(KeyEvent::new(code, KeyModifiers::NONE)))
    }

    /// Types characters; hands back all that came of it.
    pub fn keys(&mut self, keys: &str) -> Vec<Effect> {
        keys.chars().flat_map(|key| self.key(KeyCode::Char(key))).collect()
    }

    pub fn resize(&mut self, width: u16, height: u16) {
        self.ui.backend_mut().resize(width, height);
        self.input(&Input::Resize(width, height));
    }

    /// Begins a lesson; a person has pressed nothing yet.
    pub fn begin(&mut self, name: &str) {
        let shipped = lwtop::config::scenario::shipped().iter().find(|one| one.name == name).unwrap();
        let player = Player::new(name, shipped.scenario().unwrap().into(), true);
        self.status.lesson = Some(player);
        self.act();
    }

    /// Presses the key that goes on, `times` times, and does what the lesson says.
    pub fn go_on(&mut self, times: usize) {
        for _ in 0..times {
            for effect in self.key(KeyCode::Enter) {
                assert_eq!(effect, Effect::Command(Command::GoOn));
                self.status.lesson.as_mut().unwrap().go_on();
            }
            self.act();
            self.draw();
        }
    }

    /// Does what the lesson says, as the hub does.
    fn act(&mut self) {
        let Some(mut player) = self.status.lesson.take() else { return };
        for _ in 0..1_000 {
            if let Some(deed) = player.advance(&self.fleet, self.now) {
                let mut changes = Vec::new();
                self.deed(deed, &mut changes);
                player.hear(&changes);
            } else if let Some(at) = player.next_deadline().filter(|_| player.state() == State::Running) {
                let mut changes = Vec::new();
                self.now = self.now.max(at);
                self.fleet.tick(self.now, &mut changes);
                player.hear(&changes);
            } else {
                break;
            }
        }
        self.status.lesson = Some(player);
    }

    fn deed(&mut self, deed: Deed, changes: &mut Vec<Change>) {
        match deed {
            Deed::Launch(launch) => {
                for id in launch.ids() {
                    self.launch(id.as_str());
                }
                let hello = Incoming {
                    at: self.now,
                    topic: "/lwt/connected/topic".into(),
                    payload: Bytes::from_static(b"{}"),
                    qos: Qos::AtLeastOnce,
                    retain: false,
                    publisher: None,
                    source: None,
                    properties: None,
                };
                changes.push(Change::Message { message: hello, role: Role::Connected, device: None });
            }
            Deed::Fault(ids, fault) => {
                for id in ids {
                    let device = self.fleet.device(self.fleet.find(id.as_str()).unwrap()).unwrap();
                    let conn = device.session.as_ref().unwrap().conn;
                    if fault == Fault::Leave {
                        self.fault(id.as_str(), fault);
                        self.close(conn, id.as_str(), Cause::ClientInitiatedDisconnect, "DISCONNECT 0x00");
                        continue;
                    }
                    self.die(conn, id.as_str(), fault);
                    let message = self.fleet.feed(Role::Will).entries()[0].message.clone();
                    changes.push(Change::Message { message, role: Role::Will, device: Some(id) });
                }
            }
            Deed::Reconnect(ids) => {
                self.now = self.now + Duration::from_secs(5);
                for id in ids {
                    self.connect(id.as_str(), Protocol::V311, 30);
                }
            }
            Deed::Remove(_) | Deed::Publish(_) | Deed::Look(_) => {}
        }
    }
}
