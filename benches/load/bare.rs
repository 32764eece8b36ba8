//! The bare loop: rumqttc's event loop is polled, and its messages are counted. What anybody would write who wanted the
//! messages and nothing else.

use super::feed::FILTER;
use super::process::Running;
use anyhow::{Context, Result};
use rumqttc::{AsyncClient, Event, Incoming, MqttOptions, QoS};
use std::process::{Command, Stdio};

pub fn spawn(port: u16) -> Result<Running> {
    let program = std::env::current_exe()?;
    let child = Command::new(program).args(["bare", &port.to_string()]).stdin(Stdio::null()).spawn()?;
    Ok(Running::new(child))
}

/// The process: until it is ended.
pub fn run(args: &[String]) -> Result<()> {
    let port = args.first().context("no port")?.parse()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut options = MqttOptions::new("bare", "127.0.0.1", port);
        options.set_max_packet_size(1 << 20, 1 << 20);
        let (client, mut events) = AsyncClient::new(options, 16);
        client.subscribe(FILTER, QoS::AtMostOnce).await?;
        let mut count = 0_u64;
        loop {
            if let Event::Incoming(Incoming::Publish(message)) = events.poll().await? {
                count += message.payload.len().min(1) as u64;
                std::hint::black_box(count);
            }
        }
    })
}
