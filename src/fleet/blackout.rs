//! lwtop's own link comes and goes: without it nothing is known of any device, and what was known before may be true again.

use super::change::Change;
use super::device::DeviceKey;
use super::news::NewsKind;
use super::presence::{Evidence, Presence, WillSent};
use super::state::Fleet;
use crate::clock::Moment;

/// The state of lwtop's own link.
#[derive(Clone, Debug, Default)]
pub enum LinkState {
    /// Not yet connected.
    #[default]
    Connecting,
    /// Connected and subscribed.
    Up {
        /// Since when.
        since: Moment,
    },
    /// Lost: nothing is known of any device.
    Down {
        /// Since when.
        since: Moment,
        /// Why, in words.
        why: String,
    },
}

impl Fleet {
    pub(super) fn link_up(&mut self, at: Moment, out: &mut Vec<Change>) {
        self.link = LinkState::Up { since: at };
        self.tell(at, NewsKind::Link { up: true, why: None });
        out.push(Change::Link { at, up: true, why: None });
        for index in 0..self.order.len() {
            let key = self.order[index];
            let device = &self.devices[key.0];
            // What only messages tell may have changed unseen: it stays unknown until it says something. The wire was
            // watched all the time.
            let Some((before, evidence, since)) = device.waiting.before_blackout.filter(|_| device.session.is_some())
            else {
                self.doubt(key, at);
                continue;
            };
            match before {
                Presence::Online | Presence::Overdue => {
                    self.change_presence(key, Presence::Online, Some(Evidence::Wire), since);
                    let client = self.devices[key.0].id.clone();
                    out.push(Change::Online { at, client, evidence: Evidence::Wire });
                    self.look_later(key);
                }
                _ => self.change_presence(key, before, evidence, since),
            }
        }
    }

    /// What a device said while the link stood only in part may be out of date: its next words may have gone the other way.
    pub(super) fn doubt(&mut self, key: DeviceKey, at: Moment) {
        let device = &self.devices[key.0];
        let said = matches!(device.evidence, Some(Evidence::Will | Evidence::Inferred));
        if device.session.is_some() || !said {
            return;
        }
        let before = (device.presence, device.evidence, device.since);
        self.set_presence(key, Presence::Unknown, None, at);
        let device = &mut self.devices[key.0];
        device.waiting.before_blackout = Some(before);
        device.note(at, "lwtop's link stands only in part: this may be out of date");
    }

    pub(super) fn link_down(&mut self, at: Moment, why: String, out: &mut Vec<Change>) {
        out.push(Change::Link { at, up: false, why: Some(why.clone()) });
        if matches!(self.link, LinkState::Down { .. }) {
            // The attempts in between change the reason, not the time since when nothing is known.
            if let LinkState::Down { why: old, .. } = &mut self.link {
                *old = why;
            }
            return;
        }
        self.tell(at, NewsKind::Link { up: false, why: Some(why.clone()) });
        self.link = LinkState::Down { since: at, why };
        for index in 0..self.order.len() {
            let key = self.order[index];
            self.release_offline(key, WillSent::Unknown, out);
            self.give_up_waiting(key, at, out);
            let device = &self.devices[key.0];
            // Unknown since an earlier blackout: what was known before that is still the last that was.
            let before = match device.waiting.before_blackout {
                Some(before) if device.presence == Presence::Unknown => before,
                _ => (device.presence, device.evidence, device.since),
            };
            self.change_presence(key, Presence::Unknown, None, at);
            self.devices[key.0].waiting.before_blackout = Some(before);
        }
    }
}
