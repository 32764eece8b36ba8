//! `desktop`: a notice on the desktop of whoever runs lwtop.
//!
//! Without texts of its own, its title is `lwtThing: connection lost`, or `40 devices lost in 2 s` for a group, with the
//! first few names in the body. Texts of one's own are filled in from the group's first event.

use super::words::{self, clean};
use super::{Attempt, Deliver, Failed, Group, Job};
use crate::clock::Moment;
use crate::rules::{Desktop, Template};
use notify_rust::Notification;
use std::time::Duration;

/// How long the search for a notification service may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// How many letters a title and a body may have: a notice is no mail.
const TITLE: usize = 200;
const BODY: usize = 1_000;

/// Shows notices.
#[derive(Debug)]
pub(super) struct Notifier {
    title: Option<Template>,
    body: Option<Template>,
}

impl Notifier {
    pub(super) fn new(desktop: &Desktop) -> Self {
        Self { title: desktop.title.clone(), body: desktop.body.clone() }
    }

    fn compose(&self, group: &Group) -> Result<Notification, Failed> {
        let own = |template: Option<&Template>| match (template, group.jobs.first()) {
            (Some(template), Some(job)) => {
                job.render(template).map(Some).map_err(|error| Failed::for_good(error.to_string()))
            }
            _ => Ok(None),
        };
        let title = own(self.title.as_ref())?.unwrap_or_else(|| title(group));
        let body = own(self.body.as_ref())?.unwrap_or_else(|| body(group));
        let mut notice = Notification::new();
        notice.appname("lwtop").summary(&clean(&title, TITLE)).body(&marked_up(&shortened(&body)));
        #[cfg(all(unix, not(target_os = "macos")))]
        {
            // Seen, but not in the way until somebody clicks it off: that is what critical would mean.
            notice.urgency(notify_rust::Urgency::Normal);
            if group.jobs.iter().any(|job| job.facts.cause.is_some()) {
                notice.hint(notify_rust::Hint::Category("network.disconnected".to_owned()));
            }
        }
        Ok(notice)
    }
}

impl Deliver for Notifier {
    fn deliver<'a>(&'a self, group: &'a Group) -> Attempt<'a> {
        Box::pin(async move { show(self.compose(group)?).await.map_err(Failed::for_now) })
    }
}

fn title(group: &Group) -> String {
    if group.len() == 1 { words::headline(group) } else { words::title(group) }
}

/// One event: what lwtop did, when, and which rule tells. Several: who, and when it began.
fn body(group: &Group) -> String {
    let Some(first) = group.jobs.first() else { return String::new() };
    let mut lines = Vec::new();
    if group.len() > 1 {
        lines.push(words::names(group));
        lines.push(format!("since {}", hour(first.at)));
    } else {
        lines.extend(first.facts.fault.map(|fault| format!("by lwtop: {}", fault.title())));
        lines.push(at(first));
    }
    lines.push(format!("{} on {}", first.facts.rule, first.message.topic));
    lines.retain(|line| !line.is_empty());
    lines.iter().map(|line| clean(line, BODY)).collect::<Vec<_>>().join("\n")
}

/// `at 12:04:33, will after 45.0 s`.
fn at(job: &Job) -> String {
    use crate::fleet::Hop;
    let hops = &job.facts.hops;
    let began = hops.first().unwrap_or(job.at);
    match hops.get(Hop::Will).map(|will| will.since(began)) {
        Some(after) if !after.is_zero() => format!("at {}, will after {}", hour(began), words::span(after)),
        _ => format!("at {}", hour(began)),
    }
}

/// The time of day where the person is.
fn hour(moment: Moment) -> String {
    let micros = i64::try_from(moment.as_micros()).unwrap_or(i64::MAX);
    jiff::Timestamp::from_microsecond(micros).map_or_else(
        |_| moment.to_string(),
        |stamp| {
            let local = jiff::tz::TimeZone::system().to_datetime(stamp);
            format!("{:02}:{:02}:{:02}", local.hour(), local.minute(), local.second())
        },
    )
}

fn shortened(text: &str) -> String {
    let mut lines = text.lines().map(|line| clean(line, BODY)).collect::<Vec<_>>().join("\n");
    if let Some((end, _)) = lines.char_indices().nth(BODY) {
        lines.truncate(end);
        lines.push('…');
    }
    lines
}

/// A body may have markup in it (Desktop Notifications Specification 1.3, "Markup"); what comes from the network must not.
#[cfg(all(unix, not(target_os = "macos")))]
fn marked_up(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(not(all(unix, not(target_os = "macos"))))]
fn marked_up(text: &str) -> String {
    text.to_owned()
}

#[cfg(all(unix, not(target_os = "macos")))]
async fn show(notice: Notification) -> Result<(), String> {
    match notice.show_async().await {
        Ok(_) => Ok(()),
        Err(error) => Err(format!("the notification service did not take it: {error}")),
    }
}

#[cfg(not(all(unix, not(target_os = "macos"))))]
async fn show(notice: Notification) -> Result<(), String> {
    match tokio::task::spawn_blocking(move || notice.show().map(drop).map_err(|error| error.to_string())).await {
        Ok(shown) => shown.map_err(|error| format!("the notification service did not take it: {error}")),
        Err(_) => Err("lwtop ended before it was shown".to_owned()),
    }
}

/// Whether notices can be shown at all.
///
/// # Errors
/// When not: the reason, and what to do.
#[cfg(all(unix, not(target_os = "macos")))]
pub(super) async fn probe() -> Result<(), String> {
    const NONE: &str =
        "there is no notification service on this machine: a mail or a command can tell a person instead";
    match tokio::time::timeout(PATIENCE, serves()).await {
        // A bus that is slow may serve in time later, and says so with each notice if not.
        Err(_) | Ok(Ok(true)) => Ok(()),
        Ok(Ok(false)) => Err(NONE.to_owned()),
        Ok(Err(error)) => {
            tracing::info!(%error, "this session's D-Bus cannot be reached");
            Err(NONE.to_owned())
        }
    }
}

/// Whether somebody owns the name of the notification service, or would be started for it.
#[cfg(all(unix, not(target_os = "macos")))]
async fn serves() -> zbus::Result<bool> {
    const SERVICE: &str = "org.freedesktop.Notifications";
    let bus = zbus::Connection::session().await?;
    for list in ["ListNames", "ListActivatableNames"] {
        let (name, path) = ("org.freedesktop.DBus", "/org/freedesktop/DBus");
        let answer = bus.call_method(Some(name), path, Some(name), list, &()).await?;
        if answer.body().deserialize::<Vec<String>>()?.iter().any(|known| known == SERVICE) {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(not(all(unix, not(target_os = "macos"))))]
pub(super) async fn probe() -> Result<(), String> {
    // These systems have their own service, always.
    Ok(())
}
