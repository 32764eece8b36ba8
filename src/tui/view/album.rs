//! Panes as they were drawn last: one whose device, incident and time read the same is put down again as it was. Building panes
//! is most of a frame, and in a frame of a living fleet few of them have changed.

use super::canvas::Canvas;
use crate::clock::Moment;
use crate::fleet::{Device, DeviceKey, Hop, IncidentId, LinkState};
use ratatui::buffer::Cell;
use ratatui::layout::Rect;

/// The panes by their place on the screen.
#[derive(Debug, Default)]
pub struct Album(Vec<Option<Picture>>);

/// One pane.
#[derive(Debug)]
struct Picture {
    of: Facts,
    /// When it will read differently, for the schedule of frames.
    wake: Option<Moment>,
    /// Until when it looks the same: the bar of a fuse moves between two frames that are due.
    until: Option<Moment>,
    cells: Vec<Cell>,
}

/// All that a pane is made of, but for the time, which is in `until`, and the look, which never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Facts {
    device: (DeviceKey, Option<u64>),
    incident: Option<(IncidentId, Option<u64>)>,
    link: (u8, Moment),
    size: (u16, u16),
    selected: bool,
    focus: bool,
    marked: bool,
}

impl Facts {
    fn of(canvas: &Canvas<'_>, area: Rect, key: DeviceKey, device: &Device, selected: bool, focus: bool) -> Self {
        let fleet = canvas.view.fleet;
        let link = match fleet.link() {
            LinkState::Connecting => (0, Moment::default()),
            LinkState::Up { since } => (1, *since),
            LinkState::Down { since, .. } => (2, *since),
        };
        Self {
            device: (key, fleet.changed(key)),
            incident: device.incident.map(|id| (id, fleet.incidents().changed(id))),
            link,
            size: (area.width, area.height),
            selected,
            focus,
            marked: canvas.app.marks.contains(&device.id),
        }
    }
}

impl Album {
    /// Forgets all pictures.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Puts the pane in `place` down as it was; `false` if it has to be drawn.
    fn put(&self, canvas: &mut Canvas<'_>, area: Rect, place: usize, of: Facts) -> bool {
        let Some(picture) = self.0.get(place).and_then(Option::as_ref) else { return false };
        if picture.of != of || picture.until.is_some_and(|until| until <= canvas.view.now) {
            return false;
        }
        let width = usize::from(area.width);
        for (y, row) in (area.y..area.bottom()).zip(picture.cells.chunks(width.max(1))) {
            let start = canvas.buffer.index_of(area.x, y);
            canvas.buffer.content[start..start + width].clone_from_slice(row);
        }
        if let Some(wake) = picture.wake {
            canvas.wake_at(wake);
        }
        true
    }

    /// Keeps what was drawn.
    fn keep(
        &mut self,
        canvas: &Canvas<'_>,
        area: Rect,
        place: usize,
        of: Facts,
        times: (Option<Moment>, Option<Moment>),
    ) {
        if self.0.len() <= place {
            self.0.resize_with(place + 1, || None);
        }
        let slot = &mut self.0[place];
        let mut cells = slot.take().map_or_else(Vec::new, |picture| picture.cells);
        cells.clear();
        for y in area.y..area.bottom() {
            let start = canvas.buffer.index_of(area.x, y);
            cells.extend_from_slice(&canvas.buffer.content[start..start + usize::from(area.width)]);
        }
        let (wake, until) = times;
        *slot = Some(Picture { of, wake, until, cells });
    }

    fn forget(&mut self, place: usize) {
        if let Some(slot) = self.0.get_mut(place) {
            *slot = None;
        }
    }
}

/// Draws the pane of `device` in `place` of the screen, or puts it down as it was.
pub(super) fn pane(
    canvas: &mut Canvas<'_>,
    area: Rect,
    place: usize,
    key: DeviceKey,
    device: &Device,
    (selected, focus): (bool, bool),
) {
    let Some(album) = canvas.album.take() else {
        super::pane::draw(canvas, area, device, selected, focus);
        return;
    };
    let of = Facts::of(canvas, area, key, device, selected, focus);
    if !area.is_empty() && !album.put(canvas, area, place, of) {
        let times = canvas.timed(|canvas| super::pane::draw(canvas, area, device, selected, focus));
        // Why nobody was told stands with the rules: it may change although nothing here does.
        let incident = device.incident.and_then(|id| canvas.view.fleet.incident(id));
        if incident.is_some_and(|incident| incident.missing.contains(&Hop::Notified)) {
            album.forget(place);
        } else {
            album.keep(canvas, area, place, of, times);
        }
    }
    canvas.album = Some(album);
}
