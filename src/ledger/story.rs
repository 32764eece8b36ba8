//! A ledger whose devices do what a test says.

use super::*;

pub(super) const PATIENCE: Duration = Duration::from_secs(10);
const KEEP_ALIVE: KeepAlive = KeepAlive(4);

pub(super) fn terms() -> Terms {
    Terms { will: true, delay: Duration::ZERO, clean: true, patience: PATIENCE }
}

/// A ledger with devices, and a clock that goes on by a millisecond with each event.
pub(super) struct Story {
    pub ledger: Ledger,
    pub now: Moment,
    conns: Vec<u64>,
}

impl Story {
    pub fn new(devices: usize, terms: Terms) -> Self {
        let mut story =
            Self { ledger: Ledger::new(terms), now: Moment::from_millis(1_000_000), conns: vec![0; devices] };
        for key in 0..devices {
            let at = story.tick();
            assert_eq!(story.ledger.launched(id(key), at), key);
            story.open(key);
        }
        story
    }

    pub fn tick(&mut self) -> Moment {
        self.now = self.now + Duration::from_millis(1);
        self.now
    }

    pub fn conn(&self, key: Key) -> ConnId {
        ConnId(self.conns[key] * 1_000 + key as u64)
    }

    pub fn open(&mut self, key: Key) {
        self.conns[key] += 1;
        let (conn, at) = (self.conn(key), self.tick());
        assert_eq!(self.ledger.opened(&id(key), conn, KEEP_ALIVE, at), Some(key));
    }

    pub fn fault(&mut self, key: Key, fault: Fault) {
        let at = self.tick();
        self.ledger.faulted(&id(key), fault, at);
    }

    pub fn close(&mut self, key: Key, cause: Cause) {
        let (conn, at) = (self.conn(key), self.tick());
        self.ledger.closed(&id(key), conn, cause, at);
    }

    pub fn fail(&mut self, id: &ClientId, why: &str) {
        let at = self.tick();
        self.ledger.failed(id, why, at);
    }

    pub fn will(&mut self, key: Key) {
        let at = self.tick();
        self.ledger.will(Some(&id(key)), at);
    }

    pub fn cut(&mut self, key: Key) {
        self.fault(key, Fault::Fin);
        self.close(key, Cause::ConnectionLost);
    }

    pub fn wait(&mut self, time: Duration) {
        self.now = self.now + time;
        self.ledger.pass(self.now);
    }

    /// As if it were over: expected, received, late, lost, unseen, duplicated, unexpected, unforced.
    pub fn sums(&self) -> [u64; 8] {
        let mut ledger = self.ledger.clone();
        ledger.settle();
        let totals = ledger.totals();
        let Totals { received, late, duplicated, unexpected, unforced, .. } = *totals;
        [totals.expected(), received, late, totals.lost(), totals.unseen(), duplicated, unexpected, unforced]
    }
}

pub(super) fn id(key: Key) -> ClientId {
    ClientId::new(format!("d-{key}"))
}
