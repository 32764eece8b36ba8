//! What devices may not publish, told to a person: MQTT 3.1.1 has no way to tell the device.

use crate::clock::Clock;
use crate::fleet::Report;
use crate::mqtt::topic;
use crate::wiring::Teller;
use crate::wiring::quiet::USUAL;
use tokio::sync::mpsc;

/// Tells once in a while of each client id, and counts what comes in between.
pub(super) struct Told(Teller<String, Report>);

impl Told {
    pub(super) fn new(reports: mpsc::Sender<Report>, clock: Clock) -> Self {
        Self(Teller::new(USUAL, reports, clock, more))
    }

    /// `client` published to a topic that begins with `$`, and nobody gets the message. Waits for nothing.
    pub(super) fn refused(&self, client: &str, name: &str) {
        self.0.tell(client.to_owned(), || {
            let topic = topic::shown(name);
            Report::Notice(format!(
                "{client} may not publish to {topic}: topics that begin with $ are the broker's own, and lwtop's has no shadows; \
                 nobody gets the message"
            ))
        });
    }
}

fn more(client: Option<&String>, count: u64) -> Report {
    let whose = client.map_or("different devices", String::as_str);
    Report::Notice(format!("{count} more messages of {whose} to topics that begin with $ were refused"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_person_hears_who_may_not_publish_where_and_how_often_it_tried() {
        let (reports, mut lane) = mpsc::channel(2);
        let told = Told::new(reports, Clock::start());
        (0..3).for_each(|_| told.refused("press-7", "$aws/things/x"));
        let Some(Report::Notice(text)) = lane.recv().await else { panic!("a notice") };
        assert!(text.starts_with("press-7 may not publish to $aws/things/x"), "{text}");
        assert!(lane.try_recv().is_err(), "the others are counted");
        let Report::Notice(text) = more(Some(&"press-7".to_owned()), 2) else { panic!("a notice") };
        assert_eq!(text, "2 more messages of press-7 to topics that begin with $ were refused");
    }
}
