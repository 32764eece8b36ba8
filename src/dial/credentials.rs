//! The usual chain of credentials of AWS: environment, profiles, SSO, a process, a container's or a machine's role.

/// What signs.
pub struct Found {
    /// The access key id.
    pub key_id: String,
    /// The secret access key.
    pub secret: String,
    /// The session token of temporary credentials.
    pub token: Option<String>,
}

/// Asks the chain; anew each time, because they may have been renewed.
#[cfg(feature = "aws")]
pub async fn find() -> Result<Found, String> {
    use aws_config::BehaviorVersion;
    use aws_credential_types::provider::{ProvideCredentials as _, error::CredentialsError};
    use aws_smithy_http_client::Builder;
    use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

    let http = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    let config = aws_config::defaults(BehaviorVersion::latest()).http_client(http).load().await;
    let result = match config.credentials_provider() {
        Some(provider) => provider.provide_credentials().await,
        None => Err(CredentialsError::not_loaded_no_source()),
    };
    // The text of the error may quote what a program printed.
    let found = result.map_err(|error| {
        let what = match error {
            CredentialsError::CredentialsNotLoaded(_) => "there are no credentials of AWS to sign with",
            CredentialsError::ProviderTimedOut(_) => "what gives out credentials of AWS did not answer in time",
            CredentialsError::InvalidConfiguration(_) => "the configuration of AWS credentials is not valid",
            _ => "the credentials of AWS to sign with cannot be had",
        };
        format!("{what}: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, until `aws sts get-caller-identity` works")
    })?;
    Ok(Found {
        key_id: found.access_key_id().to_owned(),
        secret: found.secret_access_key().to_owned(),
        token: found.session_token().map(str::to_owned),
    })
}

/// There is no chain to ask.
#[cfg(not(feature = "aws"))]
#[expect(clippy::unused_async, reason = "with the feature it asks files and the network")]
pub async fn find() -> Result<Found, String> {
    Err("this lwtop was built without AWS (cargo feature `aws`), so it cannot sign a WebSocket to AWS IoT Core: connect with \
         mqtts:// and a client certificate"
        .to_owned())
}
