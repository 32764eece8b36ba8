//! `lwtop device`.

use super::{Failure, executor, setup, signals};
use crate::cli::DeviceArgs;
use crate::device::{Plan, SoloError, Step, Target, run_one};
use crate::mqtt::{BrokerAddress, ClientId, Fault};
use std::io::{Write, stdout};

pub(super) fn run(args: &DeviceArgs) -> Result<(), Failure> {
    let address: BrokerAddress =
        args.broker.parse().map_err(|error: crate::mqtt::address::AddressError| Failure::Usage(error.to_string()))?;
    let (mut template, prefix) = setup::device(args)?;
    template.login.clone_from(&address.login);
    let id = ClientId::new(args.id.clone().unwrap_or(prefix));
    let target = Target::from(crate::dial::Route::from(address.clone()));
    let plan = Plan { sleep: args.sleep, fault: Some(args.fault) };
    executor()?.block_on(async {
        let stop =
            signals::asked_to_end().map_err(|error| Failure::Runtime(format!("signals cannot be handled: {error}")))?;
        let life = run_one(&target, &template, &id, plan, |step| say(&id, &target, &step));
        tokio::select! {
            result = life => result.map_err(|error| match error {
                SoloError::NeedsGateway | SoloError::NeedsV5 => Failure::Usage(error.to_string()),
                _ => Failure::Runtime(error.to_string()),
            }),
            // As when the article's script is interrupted: the process ends, the socket closes, the will is due.
            () = stop => Ok(()),
        }
    })
}

fn say(id: &ClientId, target: &Target, step: &Step) {
    let text = match step {
        Step::Connected(keep_alive) => format!("{id} connected to {target}, keep alive {} s", keep_alive.0),
        Step::Announced => "announced itself".to_owned(),
        Step::Sleeping(time) => format!("sleeping for {} s", time.as_secs_f64()),
        Step::Dying(fault) => {
            let fault = fault.unwrap_or(Fault::Fin);
            let will = if fault.sends_will() { "the broker is to publish its will" } else { "its will is discarded" };
            format!("dying: {}, {}; {will}", fault.title(), fault.what_happens())
        }
        Step::ClosedByBroker => "the broker closed the connection".to_owned(),
        Step::NotClosed => "the broker should have closed the connection by now, and has not".to_owned(),
    };
    // Whoever closes standard output does not want to know.
    let _ = writeln!(stdout(), "{text}");
}
