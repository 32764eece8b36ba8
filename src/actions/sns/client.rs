//! SNS through the AWS SDK.

use super::fault;
use crate::actions::Failed;
use crate::rules::SnsFormat;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_sns::config::retry::RetryConfig;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

/// A client for one region.
#[derive(Debug)]
pub struct Client {
    sns: aws_sdk_sns::Client,
    region: String,
}

impl Client {
    /// Finds out region, endpoint and credentials' source. Without a `region`, the usual places are asked for one.
    pub async fn connect(region: Option<&str>) -> Result<Self, Failed> {
        let http = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
        // The desk repeats what fails: twice would be too often.
        let mut loader =
            aws_config::defaults(BehaviorVersion::latest()).http_client(http).retry_config(RetryConfig::disabled());
        if let Some(region) = region {
            loader = loader.region(Region::new(region.to_owned()));
        }
        let config = loader.load().await;
        let Some(region) = config.region().map(ToString::to_string) else {
            return Err(Failed::for_good(
                "it is not known in which region the SNS topic is: set region in the action, or AWS_REGION",
            ));
        };
        Ok(Self { sns: aws_sdk_sns::Client::new(&config), region })
    }

    /// Publishes one message.
    pub async fn publish(
        &self,
        target: &str,
        subject: Option<&str>,
        message: String,
        format: SnsFormat,
    ) -> Result<(), Failed> {
        let structure = match format {
            SnsFormat::Raw => None,
            SnsFormat::Json => Some("json".to_owned()),
        };
        let publish = self
            .sns
            .publish()
            .target_arn(target)
            .set_subject(subject.map(str::to_owned))
            .set_message_structure(structure)
            .message(message);
        publish.send().await.map(|_| ()).map_err(|error| fault::explain(&error, target, &self.region))
    }
}
