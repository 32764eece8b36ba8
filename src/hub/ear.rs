//! What lwtop listens to for a scenario, on connections of their own: the main ones stay as they are.

use crate::clock::Clock;
use crate::fleet::{Aside, Incoming, LinkEvent, Report};
use crate::link::{Link, LinkConfig};
use crate::mqtt::{TopicFilter, TopicName};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

/// Reports that wait for a task that only passes them on.
const LANE: usize = 256;

/// How long a broker may take to answer a new subscriber.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long nothing must come after the subscription stands before it counts that nothing is kept. Brokers send what they have
/// kept right behind SUBACK.
const QUIET: Duration = Duration::from_millis(300);

/// Listens to `filters`, and passes on what comes on topics that lwtop does not hear otherwise, which is `known`.
pub(super) async fn listen(
    base: LinkConfig,
    filters: Vec<TopicFilter>,
    known: Vec<TopicFilter>,
    lane: mpsc::Sender<Report>,
    clock: Clock,
) {
    let (sender, mut reports) = mpsc::channel(LANE);
    let _link = Link::start(LinkConfig { other_filters: filters, ..base }, sender, clock);
    while let Some(report) = reports.recv().await {
        let heard = match report {
            Report::Link(LinkEvent::Up { .. }) => Report::Aside(Aside::Hears),
            Report::Fatal(why) => Report::Aside(Aside::Deaf(why)),
            Report::Incoming(mut messages) => {
                messages.retain(|message| !known.iter().any(|filter| filter.matches(&message.topic)));
                Report::Incoming(messages)
            }
            _ => continue,
        };
        if lane.send(heard).await.is_err() {
            return;
        }
    }
}

/// Subscribes to `topic` like somebody who comes new, and tells what the broker has kept of it.
pub(super) async fn glance(base: LinkConfig, topic: TopicName, lane: mpsc::Sender<Report>, clock: Clock) {
    // A topic is a filter that matches itself alone.
    let Ok(filter) = topic.as_str().parse::<TopicFilter>() else { return };
    let (sender, mut reports) = mpsc::channel(LANE);
    let link = Link::start(LinkConfig { other_filters: vec![filter], ..base }, sender, clock);
    let mut kept: Vec<Incoming> = Vec::new();
    let mut until = Instant::now() + PATIENCE;
    let mut stands = false;
    while !stands || kept.is_empty() {
        match timeout_at(until, reports.recv()).await {
            Ok(Some(Report::Link(LinkEvent::Up { .. }))) => {
                stands = true;
                until = Instant::now() + QUIET;
            }
            Ok(Some(Report::Incoming(messages))) => kept.extend(messages.into_iter().filter(|message| message.retain)),
            Ok(Some(Report::Fatal(why))) => {
                let _ = lane.send(Report::Aside(Aside::Deaf(why))).await;
                return;
            }
            Ok(Some(_)) => {}
            Ok(None) | Err(_) => break,
        }
    }
    let news = if stands {
        Aside::Kept { topic, messages: kept }
    } else {
        Aside::Deaf(format!("the broker did not answer a subscription to {topic}"))
    };
    // The hub may be gone: then nobody wants to know.
    let _ = lane.send(Report::Aside(news)).await;
    link.stop().await;
}
