//! Where a person is on the page of wills, and what the selected one says.

use super::document::Document;
use super::layout::Grid;
use super::selection::DeviceCursor;
use crate::fleet::{DeviceKey, Fleet, wills};
use bytes::Bytes;

/// The state of the page.
#[derive(Debug, Default)]
pub struct WillsPage {
    /// The place among the devices.
    pub cursor: DeviceCursor,
    /// What the selected will says, and the payload that it was read from.
    document: Option<(Bytes, Document)>,
}

impl WillsPage {
    /// The payload of the selected will, made readable.
    #[must_use]
    pub fn document(&self) -> Option<&Document> {
        self.document.as_ref().map(|(_, document)| document)
    }

    /// Takes in what happened since the last time.
    pub fn sync(&mut self, fleet: &Fleet, rows: &[DeviceKey], grid: &Grid) {
        self.cursor.sync(fleet, rows, grid);
        let payload = self.cursor.device(fleet, rows).and_then(|device| wills::payload(fleet, device));
        let Some(payload) = payload else {
            self.document = None;
            return;
        };
        // Most wills of a fleet differ in nothing but an id: which device it is proves nothing.
        if self.document.as_ref().is_none_or(|(read, _)| read != payload) {
            self.document = Some((payload.clone(), Document::read(payload)));
        }
    }
}
