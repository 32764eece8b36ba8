//! Messages to SNS topics: what reaches a queue behind them, and what is refused.

mod support {
    pub mod again;
    pub mod job;
    pub mod moto;
}

use lwtop::actions::sns::Publisher;
use lwtop::actions::{Deliver as _, Failed, Group};
use lwtop::rules::{Sns, SnsFormat};
use std::time::Duration;
use support::job::{WILL, single};

const DEADLINE: Duration = Duration::from_secs(60);
const TOPIC: &str = "arn:aws:sns:us-east-1:123456789012:lwt";

fn sns(target: &str, format: SnsFormat) -> Sns {
    Sns { target: target.to_owned(), region: None, subject: None, format }
}

async fn deliver(sns: &Sns, group: &Group) -> Result<(), Failed> {
    attempt(&Publisher::new(sns), group).await
}

async fn attempt(publisher: &Publisher, group: &Group) -> Result<(), Failed> {
    tokio::time::timeout(DEADLINE, publisher.deliver(group)).await.expect("an end")
}

#[cfg(not(feature = "aws"))]
#[tokio::test]
async fn without_the_feature_it_is_refused_in_one_sentence() {
    let failed = deliver(&sns(TOPIC, SnsFormat::Raw), &single(WILL)).await.unwrap_err();
    assert!(!failed.again && failed.why.ends_with("this lwtop was built without the feature aws"), "{failed:?}");
}

#[cfg(feature = "aws")]
mod with_the_sdk {
    use super::*;
    use bytes::Bytes;
    use serde_json::json;
    use support::again::{again, inside};
    use support::job::many;
    use support::moto::Moto;

    /// What could lead a test to the account of whoever runs it.
    const UNSET: [&str; 12] = [
        "AWS_ACCESS_KEY_ID",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_DEFAULT_REGION",
        "AWS_ENDPOINT_URL",
        "AWS_ENDPOINT_URL_SNS",
        "AWS_PROFILE",
        "AWS_REGION",
        "AWS_ROLE_ARN",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
    ];
    const NOWHERE: [(&str, &str); 3] = [
        ("AWS_CONFIG_FILE", "/nonexistent/config"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/credentials"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ];
    const KEYS: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "hush-hush")];

    fn run(name: &str, set: &[(&str, &str)]) {
        again(&format!("with_the_sdk::{name}"), &[&NOWHERE[..], set].concat(), &UNSET);
    }

    /// Nothing of this reaches a network: it is known beforehand that SNS refuses it.
    #[tokio::test]
    async fn what_sns_would_refuse_is_not_sent() {
        let json = |target: &str| sns(target, SnsFormat::Json);
        let subject = Sns { subject: Some("a\r\nb".to_owned()), ..json(TOPIC) };
        let mut bytes = single(WILL);
        bytes.jobs[0].output = Bytes::from_static(b"\xff");
        for (sns, group, wanted) in [
            (json(TOPIC), single(WILL), "No default entry in JSON message body; set format = \"RAW\""),
            (json(TOPIC), single(r#"{"default": {"a": 1}}"#), "No default entry"),
            (json(TOPIC), single("not JSON"), "No default entry"),
            (sns(TOPIC, SnsFormat::Raw), single(&"x".repeat(262_145)), "262\u{a0}145 bytes"),
            (sns(TOPIC, SnsFormat::Raw), single(""), "no empty message"),
            (sns(TOPIC, SnsFormat::Raw), bytes, "not UTF-8"),
            (subject, single(WILL), r"does not take the subject"),
            (sns("lwt", SnsFormat::Raw), single(WILL), "\"lwt\" is not the ARN of an SNS topic"),
        ] {
            let failed = deliver(&sns, &group).await.unwrap_err();
            assert!(!failed.again && failed.why.contains(wanted), "{failed:?}");
        }
    }

    #[tokio::test]
    async fn what_is_published_reaches_the_queue_behind_the_topic() {
        const NAME: &str = "what_is_published_reaches_the_queue_behind_the_topic";
        if inside() {
            return publish_all().await;
        }
        let Some(moto) = Moto::start() else { return };
        let (topic, queue) = moto.topic_with_queue("lwt");
        let url = moto.url();
        run(NAME, &[&KEYS[..], &[("AWS_ENDPOINT_URL_SNS", &url), ("LWTOP_TEST_TOPIC", &topic)]].concat());

        let received = moto.received(&queue);
        let message = |index: usize| received[index]["Message"].as_str().unwrap().replace('\u{a0}', " ");
        assert_eq!(received.len(), 6, "{received:#?}");
        assert_eq!((message(0).as_str(), &received[0]["Subject"]), (WILL, &json!("Gone")));
        let summary = message(1);
        assert!(summary.starts_with("41 devices lost in 2 s: lwtThing-0, lwtThing-1 and 39 more\n\n"), "{summary}");
        assert_eq!(summary.lines().filter(|line| line.ends_with(": connection lost")).count(), 41);
        // The text for this kind of subscription, or the default.
        assert_eq!(
            (message(2), message(3), message(4)),
            ("for queues".to_owned(), "n = 0".to_owned(), "n = 1".to_owned())
        );
        assert!(message(5).starts_with("and 7 more: "), "{}", message(5));
    }

    async fn publish_all() {
        let topic = std::env::var("LWTOP_TEST_TOPIC").unwrap();
        let raw = Sns { subject: Some("Gone".to_owned()), ..sns(&topic, SnsFormat::Raw) };
        deliver(&raw, &single(WILL)).await.unwrap();
        deliver(&raw, &many(41, 0)).await.unwrap();

        let json = Publisher::new(&sns(&topic, SnsFormat::Json));
        attempt(&json, &single(r#"{"default": "for all", "sqs": "for queues"}"#)).await.unwrap();
        let mut group = many(3, 7);
        for (index, job) in group.jobs.iter_mut().enumerate() {
            job.output = format!("{{\"default\": \"n = {index}\"}}").into();
        }
        // One that SNS would refuse holds up no other, and none is sent twice.
        group.jobs[2].output = Bytes::from_static(b"{}");
        for _ in 0..2 {
            let failed = attempt(&json, &group).await.unwrap_err();
            assert!(!failed.again && failed.why.contains("No default entry"), "{failed:?}");
        }

        let missing = format!("{topic}-missing");
        let failed = deliver(&sns(&missing, SnsFormat::Raw), &single(WILL)).await.unwrap_err();
        assert!(!failed.again && failed.why.contains("SNS in us-east-1 refused to publish"), "{failed:?}");
        assert!(failed.why.contains("NotFound") && !failed.why.contains("hush"), "{failed:?}");
    }

    #[tokio::test]
    async fn without_credentials_it_says_which_are_missing() {
        const NAME: &str = "without_credentials_it_says_which_are_missing";
        if !inside() {
            return run(NAME, &[("AWS_ENDPOINT_URL", "http://127.0.0.1:9")]);
        }
        let failed = deliver(&sns(TOPIC, SnsFormat::Raw), &single(WILL)).await.unwrap_err();
        assert_eq!(
            failed,
            Failed::for_good(
                "there are no AWS credentials for SNS: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
            )
        );
    }

    #[tokio::test]
    async fn an_endpoint_that_is_not_there_is_tried_again() {
        const NAME: &str = "an_endpoint_that_is_not_there_is_tried_again";
        if !inside() {
            let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let url = format!("http://127.0.0.1:{port}");
            return run(NAME, &[&KEYS[..], &[("AWS_ENDPOINT_URL", &url)]].concat());
        }
        let failed = deliver(&sns(TOPIC, SnsFormat::Raw), &single(WILL)).await.unwrap_err();
        assert!(failed.again && failed.why.contains("SNS in us-east-1 cannot be reached"), "{failed:?}");
    }

    #[tokio::test]
    async fn the_region_is_that_of_the_action_or_the_arn_or_the_environment() {
        const NAME: &str = "the_region_is_that_of_the_action_or_the_arn_or_the_environment";
        if !inside() {
            let set = [("AWS_ENDPOINT_URL", "http://127.0.0.1:9"), ("AWS_REGION", "sa-east-1")];
            return run(NAME, &[&KEYS[..], &set].concat());
        }
        let open = "arn:aws:sns::123456789012:lwt";
        for (target, region, wanted) in
            [(TOPIC, Some("eu-west-1"), "eu-west-1"), (TOPIC, None, "us-east-1"), (open, None, "sa-east-1")]
        {
            let sns = Sns { region: region.map(str::to_owned), ..sns(target, SnsFormat::Raw) };
            let failed = deliver(&sns, &single(WILL)).await.unwrap_err();
            assert!(failed.why.contains(&format!("SNS in {wanted} ")), "{failed:?}");
        }
    }
}
