//! Messages to a topic of Amazon SNS.
//!
//! Region, endpoint and credentials come from where every program of AWS has them. A group of one is published as AWS IoT
//! publishes it: what the statement selected. A group of several is one text with a line for each event in the format RAW;
//! in the format JSON each event is published on its own, because each brings texts of its own.

#[cfg(feature = "aws")]
mod client;
#[cfg(feature = "aws")]
mod fault;
#[cfg_attr(not(feature = "aws"), expect(dead_code, reason = "without the SDK nothing is published"))]
mod message;

#[cfg(feature = "aws")]
use super::progress;
use super::{Attempt, Deliver, Failed, Group};
use crate::rules::Sns;

/// Publishes groups of events to a topic.
#[derive(Debug)]
pub struct Publisher {
    sns: Sns,
    #[cfg(feature = "aws")]
    client: tokio::sync::OnceCell<client::Client>,
    #[cfg(feature = "aws")]
    progress: progress::Progress,
}

impl Publisher {
    /// A publisher that has not looked for credentials yet.
    #[must_use]
    pub fn new(sns: &Sns) -> Self {
        Self {
            sns: sns.clone(),
            #[cfg(feature = "aws")]
            client: tokio::sync::OnceCell::new(),
            #[cfg(feature = "aws")]
            progress: progress::Progress::default(),
        }
    }

    #[cfg(feature = "aws")]
    async fn publish(&self, group: &Group) -> Result<(), Failed> {
        let topic = message::Topic::parse(&self.sns.target)?;
        let subject = message::subject(self.sns.subject.as_deref())?;
        // One that SNS would refuse must not hold up the others.
        let mut refused = Vec::new();
        let key = progress::key(group);
        let region = self.sns.region.as_deref().or(topic.region);
        for (index, message) in message::messages(group, self.sns.format).into_iter().enumerate() {
            match message {
                Ok(_) if self.progress.is_done(key, index) => {}
                Ok(message) => {
                    let client = self.client.get_or_try_init(|| client::Client::connect(region)).await?;
                    client.publish(&self.sns.target, subject, message, self.sns.format).await?;
                    self.progress.done(key, index);
                }
                Err(failed) => refused.push(failed),
            }
        }
        if let Some(failed) = progress::outcome(refused) {
            return Err(failed);
        }
        self.progress.finished();
        Ok(())
    }

    #[cfg(not(feature = "aws"))]
    #[expect(clippy::unused_async, reason = "with the feature it waits")]
    async fn publish(&self, _: &Group) -> Result<(), Failed> {
        let target = &self.sns.target;
        Err(Failed::for_good(format!(
            "nothing was published to {target}: this lwtop was built without the feature aws"
        )))
    }
}

impl Deliver for Publisher {
    fn deliver<'a>(&'a self, group: &'a Group) -> Attempt<'a> {
        Box::pin(self.publish(group))
    }
}
