//! The fleet.

/// All devices and incidents.
#[derive(Debug, Default)]
pub struct Fleet {}
