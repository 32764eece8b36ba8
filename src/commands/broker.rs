//! `lwtop broker`.

use super::setup::Serve;
use super::{Failure, watch};
use crate::cli::{BrokerArgs, FleetArgs};
use crate::watch::{Limits, What};

pub(super) fn run(args: &BrokerArgs) -> Result<(), Failure> {
    let fleet = FleetArgs {
        config: args.config.clone(),
        profile: args.profile.clone(),
        devices: args.devices,
        doors: args.doors.clone(),
        topics: args.topics.clone(),
        ..FleetArgs::default()
    };
    watch::print(&fleet, Serve::Always, What::Events, Limits::default())
}
