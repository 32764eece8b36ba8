//! Floor 1: what a person needs on the side of AWS: the article's console steps as a CloudFormation template, and the policy
//! that lwtop itself connects with. Pure text.

use crate::convention::{Topics, lifecycle};
use crate::mqtt::TopicFilter;

const TEMPLATE: &str = include_str!("../../assets/aws/template.yaml");
const POLICY: &str = include_str!("../../assets/aws/policy.json");

/// Why there is no template for these topics.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AwsError {
    /// A rule cannot republish to a wildcard.
    #[error("the rule cannot republish to {0}, because it has a wildcard: name one topic with --executed-topic")]
    Wildcard(TopicFilter),
    /// A topic that would break out of its place in the template.
    #[error("{0:?} cannot stand in a template: topics on AWS IoT Core are plain text without quotes, $, * and ?")]
    Odd(String),
}

/// A CloudFormation template that replaces the article's console steps: rule, SNS topic and mail subscription, republish, role,
/// thing and policy (AWS IoT developer guide, "Rules for AWS IoT"; CloudFormation reference, `AWS::IoT::TopicRule`).
///
/// # Errors
/// When AWS IoT has no rule for these topics.
pub fn template(topics: &Topics, thing: &str, mail: Option<&str>) -> Result<String, AwsError> {
    check(topics)?;
    if topics.executed.has_wildcard() {
        return Err(AwsError::Wildcard(topics.executed.clone()));
    }
    for text in [Some(thing), mail].into_iter().flatten() {
        plain(text)?;
    }
    let mail = mail.map_or_else(String::new, |mail| format!("    Default: \"{mail}\"\n"));
    Ok(TEMPLATE
        .replace("@MAIL@", &mail)
        .replace("@THING@", thing)
        .replace("@WILL@", topics.will.as_str())
        .replace("@WILL_RESOURCE@", &resource(&topics.will))
        .replace("@CONNECTED_RESOURCE@", &resource(&topics.connected))
        .replace("@EXECUTED@", topics.executed.as_str()))
}

/// The IAM policy that lwtop's own connection needs; `clients` is how its client ids begin. REGION and ACCOUNT are to be filled
/// in (AWS IoT developer guide, "Publish/Subscribe policy examples": a subscription names filters, what is received topics).
///
/// # Errors
/// When a topic cannot stand in a policy.
pub fn policy(topics: &Topics, clients: &str) -> Result<String, AwsError> {
    check(topics)?;
    let lifecycle: Vec<TopicFilter> = lifecycle::FILTER.parse().into_iter().collect();
    let filters: Vec<&TopicFilter> =
        [&topics.will, &topics.connected, &topics.executed].into_iter().chain(&lifecycle).collect();
    let list = |kind: &str, name: &dyn Fn(&TopicFilter) -> String| {
        let lines: Vec<String> = filters
            .iter()
            .map(|filter| format!("\n        \"arn:aws:iot:REGION:ACCOUNT:{kind}/{}\"", name(filter)))
            .collect();
        lines.join(",")
    };
    Ok(POLICY
        .replace("@CLIENT@", clients)
        .replace("@FILTERS@", &list("topicfilter", &|filter| filter.to_string()))
        .replace("@TOPICS@", &list("topic", &resource))
        .replace("@EXECUTED@", &resource(&topics.executed)))
}

/// A filter in the resource of a policy, where `*` stands for what `+` and `#` stand for in MQTT.
fn resource(filter: &TopicFilter) -> String {
    filter.as_str().replace(['+', '#'], "*")
}

fn check(topics: &Topics) -> Result<(), AwsError> {
    [&topics.will, &topics.connected, &topics.executed].into_iter().try_for_each(|filter| plain(filter.as_str()))
}

fn plain(text: &str) -> Result<(), AwsError> {
    let odd = |c: char| c.is_control() || matches!(c, '"' | '\'' | '\\' | '$' | '*' | '?');
    if text.contains(odd) { Err(AwsError::Odd(text.to_owned())) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topics(will: &str) -> Topics {
        let filter = |text: &str| text.parse().unwrap();
        Topics { will: filter(will), connected: filter("/lwt/connected/topic"), executed: filter("/lwt/executed") }
    }

    #[test]
    fn the_template_holds_the_articles_rule_and_no_placeholder() {
        let text = template(&topics("/last/will/topic"), "lwtThing", Some("ops@example.com")).unwrap();
        assert!(text.contains("SELECT * FROM '/last/will/topic' WHERE state.reported.last_will = 'yes'"), "{text}");
        assert!(text.contains("topic//last/will/topic\"") && text.contains("MessageFormat: RAW"));
        assert!(!text.contains("@W") && !text.contains("@E") && !text.contains("@M") && !text.contains("@T"), "{text}");
        assert!(!template(&topics("/last/will/topic"), "lwtThing", None).unwrap().contains("example.com"));
    }

    #[test]
    fn wildcards_become_stars_in_resources_only() {
        let text = template(&topics("devices/+/will"), "x", None).unwrap();
        assert!(text.contains("FROM 'devices/+/will'") && text.contains("topic/devices/*/will\""), "{text}");
        let policy: serde_json::Value =
            serde_json::from_str(&policy(&topics("devices/+/will"), "lwtop").unwrap()).unwrap();
        let resource = |statement: usize| policy["Statement"][statement]["Resource"].to_string();
        assert!(resource(0).contains("client/lwtop-*"));
        assert!(
            resource(1).contains("topicfilter/devices/+/will")
                && resource(1).contains("topicfilter/$aws/events/presence/#")
        );
        assert!(resource(2).contains("topic/devices/*/will") && resource(2).contains("topic//lwt/executed"));
    }

    #[test]
    fn what_would_break_the_text_is_refused() {
        assert!(matches!(template(&topics("a'b"), "x", None), Err(AwsError::Odd(_))));
        assert!(matches!(template(&topics("a"), "x\ny", None), Err(AwsError::Odd(_))));
        let wild = Topics { executed: "a/+".parse().unwrap(), ..topics("a") };
        assert!(template(&wild, "x", None).unwrap_err().to_string().contains("--executed-topic"));
    }
}
