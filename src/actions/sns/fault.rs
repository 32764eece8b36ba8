//! Why SNS has not published a message, in one sentence.

use crate::actions::causes::causes;
use crate::actions::{Failed, words};
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_sns::config::http::HttpResponse;
use aws_sdk_sns::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sns::operation::publish::PublishError;
use std::error::Error;

/// How many letters of what SNS says are passed on.
const SHOWN: usize = 200;

/// The reason, and whether another attempt may help.
pub fn explain(error: &SdkError<PublishError, HttpResponse>, target: &str, region: &str) -> Failed {
    if let Some(why) = causes(error).find_map(|cause| cause.downcast_ref::<CredentialsError>()) {
        return credentials(why);
    }
    match error {
        SdkError::ServiceError(service) => refused(service.err(), service.raw().status().as_u16(), target, region),
        SdkError::ResponseError(response) => {
            let status = response.raw().status().as_u16();
            Failed::for_now(format!("SNS in {region} gave an answer that is none of SNS's (HTTP {status})"))
        }
        SdkError::TimeoutError(_) => Failed::for_now(format!("SNS in {region} did not answer in time")),
        SdkError::DispatchFailure(_) => {
            Failed::for_now(format!("SNS in {region} cannot be reached: {}", deepest(error)))
        }
        _ => Failed::for_good(format!("the request to SNS in {region} cannot be made: {}", deepest(error))),
    }
}

/// What SNS itself says.
fn refused(error: &PublishError, status: u16, target: &str, region: &str) -> Failed {
    let code = error.code().unwrap_or("an unknown error");
    // What follows the first line of a wrong signature is the request, with its token.
    let said = error.message().and_then(|message| message.lines().next()).unwrap_or("it does not say why");
    let why = format!("SNS in {region} refused to publish to {target}: {code}: {}", words::clean(said, SHOWN));
    let busy = status == 429 || status >= 500 || code.contains("Throttl") || code == "RequestLimitExceeded";
    if busy { Failed::for_now(why) } else { Failed::for_good(why) }
}

fn credentials(error: &CredentialsError) -> Failed {
    match error {
        CredentialsError::CredentialsNotLoaded(_) => Failed::for_good(
            "there are no AWS credentials for SNS: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE",
        ),
        CredentialsError::ProviderTimedOut(_) => Failed::for_now("the AWS credentials for SNS did not come in time"),
        CredentialsError::InvalidConfiguration(_) => {
            Failed::for_good(format!("the AWS credentials for SNS are not set up correctly: {}", deepest(error)))
        }
        _ => Failed::for_now(format!("the AWS credentials for SNS could not be had: {}", deepest(error))),
    }
}

/// The cause of all causes: the ones above it say little more than that it failed.
fn deepest(error: &(dyn Error + 'static)) -> String {
    causes(error).last().map_or_else(|| error.to_string(), |cause| words::clean(&cause.to_string(), SHOWN))
}
