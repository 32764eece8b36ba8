//! `webhook`: an HTTP POST with JSON; [`json`] says what is in it.
//!
//! A single event is sent as one object, a group of several as `{"events": […]}`. A body of one's own is filled in from
//! the group's first event.

use super::words::count;
use super::{Attempt, Deliver, Failed, Group, json};
use crate::rules::{Template, Webhook};
use crate::tls;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode, Url, redirect};
use serde::de::IgnoredAny;
use std::error::Error as _;
use std::time::Duration;
use tokio::time::timeout;

/// The longest wait that a server may ask for.
const LONGEST_WAIT: Duration = Duration::from_secs(120);

/// How much of an answer's body is read, and for how long, so that the connection can be used again: nothing in it matters.
const ANSWER: usize = 64 * 1024;
const ANSWER_TIME: Duration = Duration::from_millis(500);

/// Posts to one address.
#[derive(Debug)]
pub(super) struct Poster {
    client: Client,
    url: Url,
    host: String,
    headers: HeaderMap,
    body: Option<Template>,
}

impl Poster {
    /// # Errors
    /// When address or headers are none, or when nobody's certificate would be trusted.
    pub(super) fn new(webhook: &Webhook) -> Result<Self, String> {
        let url = Url::parse(&webhook.url).map_err(|error| format!("the webhook's url is none: {error}"))?;
        let host = url.host_str().unwrap_or_default().to_owned();
        if !matches!(url.scheme(), "http" | "https") || host.is_empty() {
            return Err("the webhook's url has to begin with https:// or http:// and name a host".to_owned());
        }
        let mut headers = HeaderMap::new();
        for (name, value) in &webhook.headers {
            // The value may be a secret: it is not repeated.
            let fault = || format!("the webhook's header {name:?} is not one that HTTP allows");
            let name = HeaderName::try_from(name).map_err(|_| fault())?;
            let mut value = HeaderValue::try_from(value).map_err(|_| fault())?;
            value.set_sensitive(true);
            headers.append(name, value);
        }
        let client =
            client(&url).map_err(|error| format!("no TLS connection to {host} can be made: {}", root(&error)))?;
        Ok(Self { client, url, host, headers, body: webhook.body.clone() })
    }

    async fn post(&self, group: &Group) -> Result<(), Failed> {
        let (body, kind) = self.body(group)?;
        let mut headers = self.headers.clone();
        headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static(kind));
        let sent = self.client.post(self.url.clone()).headers(headers).body(body).send().await;
        let answer = sent.map_err(|error| self.unsent(&error))?;
        let verdict = self.judge(&answer);
        let _ = timeout(ANSWER_TIME, drain(answer)).await;
        verdict
    }

    /// What is sent, and what kind of content it is.
    fn body(&self, group: &Group) -> Result<(String, &'static str), Failed> {
        const JSON: &str = "application/json";
        let (Some(template), Some(first)) = (&self.body, group.jobs.first()) else {
            return Ok((json::group(group).to_string(), JSON));
        };
        let text = first.render(template).map_err(|error| Failed::for_good(error.to_string()))?;
        let is_json = serde_json::from_str::<IgnoredAny>(&text).is_ok();
        Ok((text, if is_json { JSON } else { "text/plain; charset=utf-8" }))
    }

    /// Why there was no answer. The address is left out: many carry a secret.
    fn unsent(&self, error: &reqwest::Error) -> Failed {
        let (host, why) = (&self.host, root(error));
        Failed::for_now(if error.is_connect() {
            format!("{host} cannot be reached: {why}")
        } else {
            format!("{host} gave no answer: {why}")
        })
    }

    fn judge(&self, answer: &Response) -> Result<(), Failed> {
        let (status, host) = (answer.status(), &self.host);
        if status.is_success() {
            return Ok(());
        }
        let why = format!("{host} answered {status}");
        if status.is_redirection() {
            return Err(Failed::for_good(format!("{why}, which is not followed; name the address that it leads to")));
        }
        if status != StatusCode::TOO_MANY_REQUESTS && !status.is_server_error() {
            return Err(Failed::for_good(why));
        }
        // A date is allowed too, but nobody's clock is trusted here: the usual wait has to do.
        let asked = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
        match asked.map(Duration::from_secs) {
            None => Err(Failed::for_now(why)),
            Some(wait) if wait <= LONGEST_WAIT => Err(Failed::for_now(why).after(wait)),
            Some(wait) => Err(Failed::for_good(format!(
                "{why} and asks to wait for {} s, which is longer than lwtop waits ({} s)",
                count(wait.as_secs()),
                LONGEST_WAIT.as_secs()
            ))),
        }
    }
}

impl Deliver for Poster {
    fn deliver<'a>(&'a self, group: &'a Group) -> Attempt<'a> {
        Box::pin(self.post(group))
    }
}

fn client(url: &Url) -> reqwest::Result<Client> {
    tls::install_provider();
    let mut builder = Client::builder()
        .user_agent(concat!("lwtop/", env!("CARGO_PKG_VERSION")))
        // A redirect would hand the event, and with some kinds the headers too, to another address.
        .redirect(redirect::Policy::none())
        // How often it is tried is the desk's affair.
        .retry(reqwest::retry::never());
    if url.scheme() == "http" {
        // A machine without any certificates can still post in the clear.
        builder = builder.tls_certs_only([]);
    }
    let loopback = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    if loopback {
        // No proxy knows this machine's own services.
        builder = builder.no_proxy();
    }
    builder.build()
}

async fn drain(mut answer: Response) {
    let mut read = 0;
    while read < ANSWER
        && let Ok(Some(chunk)) = answer.chunk().await
    {
        read += chunk.len();
    }
}

/// The innermost reason: the outer ones repeat the address, and with it what may be a secret.
fn root(error: &reqwest::Error) -> String {
    let mut reason = error.source();
    while let Some(inner) = reason.and_then(std::error::Error::source) {
        reason = Some(inner);
    }
    reason.map_or_else(|| "the request could not be made".to_owned(), ToString::to_string)
}
