//! One frame of the interface at 200x60 with 1 000 and with 100 000 devices, beside one with 200 (all of them tables of one screen): what is not visible must
//! not cost anything.
//!
//! Run with `cargo bench --bench frame`; read the ratio to the row with 200 devices, not the time.

use divan::Bencher;
use lwtop::clock::Moment;
use lwtop::fleet::{Event, Fleet, LinkEvent, Opened, SessionEvent, Settings, Via};
use lwtop::hub::Status;
use lwtop::mqtt::{ClientId, ConnId, KeepAlive, Protocol};
use lwtop::rules::RuleSet;
use lwtop::tui::{Look, Ui, View};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

fn main() {
    divan::main();
}

fn fleet(size: usize) -> Fleet {
    let mut fleet = Fleet::new(Settings { will: "/last/will/topic".parse().expect("a filter"), rules: true });
    let now = Moment::from_millis(1_000_000);
    let mut out = Vec::new();
    fleet.apply(Event::Link(LinkEvent::Up { at: now }), now, &mut out);
    for number in 0..size {
        let opened = Opened {
            at: now,
            conn: ConnId(number as u64),
            client: ClientId::new(format!("lwtThing-{number}")),
            peer: None,
            protocol: Protocol::V311,
            keep_alive: KeepAlive(30),
            clean: true,
            will: None,
            nameless: false,
            via: Via::default(),
        };
        fleet.apply(Event::Session(SessionEvent::Opened(Box::new(opened))), now, &mut out);
        out.clear();
    }
    fleet
}

/// Time passes between two frames, so every visible fuse changes.
#[divan::bench(args = [200, 1_000, 100_000])]
fn table(bencher: Bencher, size: usize) {
    let fleet = fleet(size);
    let (status, rules) = (Status::default(), RuleSet::default());
    let mut ui = Ui::new(Terminal::new(TestBackend::new(200, 60)).expect("a terminal"), Look::plain());
    let mut millis = 1_000_000;
    bencher.bench_local(move || {
        millis += 1_000;
        let now = Moment::from_millis(millis);
        ui.draw(&View { fleet: &fleet, status: &status, rules: &rules, now }).expect("a frame");
    });
}
