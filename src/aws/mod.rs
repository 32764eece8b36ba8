//! Floor 1: what a person needs on the side of AWS: the article's console steps as a CloudFormation template, and the policy
//! that lwtop itself connects with. Pure text.

use crate::convention::{Topics, lifecycle};
use crate::mqtt::TopicFilter;
use crate::rules::{Kind, Rule, RuleSet, Template};
use serde::Serialize;
use std::collections::BTreeSet;

const TEMPLATE: &str = include_str!("../../assets/aws/template.yaml");

/// Why there is no template for these topics.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AwsError {
    /// A rule cannot republish to a wildcard.
    #[error("the rule cannot republish to {0}, because it has a wildcard: name one topic with --executed-topic")]
    Wildcard(TopicFilter),
    /// A topic that would break out of its place in the template.
    #[error(
        "{0:?} cannot stand in a template or a policy: topics on AWS IoT Core are plain text without quotes, $, * and ?"
    )]
    Odd(String),
    /// What AWS IoT takes for no name of a thing (API reference, `CreateThing`).
    #[error("{0:?} cannot be the name of a thing: it has 1 to 128 of the characters a-z, A-Z, 0-9, ':', '_' and '-'")]
    Thing(String),
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
    let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '_' | '-');
    if !(1..=128).contains(&thing.len()) || !thing.chars().all(named) {
        return Err(AwsError::Thing(thing.to_owned()));
    }
    if let Some(mail) = mail {
        plain(mail)?;
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

/// A policy document of IAM; what AWS IoT Core takes as a policy is the same.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Policy {
    version: &'static str,
    statement: Vec<Statement>,
}

/// What is allowed. In resources, `*` stands for any text, and `+` and `#` for themselves.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Statement {
    effect: &'static str,
    action: &'static str,
    resource: Vec<String>,
}

/// The IAM policy that lwtop's own connection needs; `clients` is how its client ids begin, and `rules` are those that it runs
/// with `--rules`: without rules of a person's own, the article's, which publishes to `topics.executed` alone. REGION and ACCOUNT
/// are to be filled in (AWS IoT developer guide, "Publish/Subscribe policy examples": a subscription names filters, what is
/// received topics; "AWS IoT Core policy actions": what is retained needs iot:RetainPublish as well).
///
/// # Errors
/// When a topic cannot stand in a policy.
pub fn policy(topics: &Topics, rules: Option<&RuleSet>, clients: &str) -> Result<String, AwsError> {
    check(topics)?;
    let rules = rules.map(RuleSet::rules);
    let mut filters = vec![topics.will.clone(), topics.connected.clone(), topics.executed.clone()];
    filters.extend(lifecycle::FILTER.parse());
    for Rule { statement, .. } in rules.unwrap_or_default() {
        // Reserved topics begin with $, as that of the presence events does.
        plain(statement.from.as_str().trim_start_matches('$'))?;
        if !filters.contains(&statement.from) {
            filters.push(statement.from.clone());
        }
    }
    let (mut published, mut retained) = (BTreeSet::new(), BTreeSet::new());
    if rules.is_none() {
        published.insert(resource(&topics.executed));
    }
    for action in rules.unwrap_or_default().iter().flat_map(|rule| rule.actions.iter().chain(&rule.error_action)) {
        if let Kind::Republish(republish) = &action.kind {
            let target = target(&republish.topic)?;
            if republish.retain {
                retained.insert(target.clone());
            }
            published.insert(target);
        }
    }
    let received: BTreeSet<String> = filters.iter().map(resource).collect();
    let filters = filters.iter().map(ToString::to_string).collect();
    let allowed = [
        ("iot:Connect", "client", vec![format!("{clients}-*")]),
        ("iot:Subscribe", "topicfilter", filters),
        ("iot:Receive", "topic", received.into_iter().collect()),
        ("iot:Publish", "topic", published.into_iter().collect()),
        ("iot:RetainPublish", "topic", retained.into_iter().collect()),
    ];
    // A statement without a resource would be refused.
    let needed = allowed.into_iter().filter(|(_, _, names)| !names.is_empty());
    let statement = |(action, kind, names): (_, _, Vec<String>)| Statement {
        effect: "Allow",
        action,
        resource: names.iter().map(|name| format!("arn:aws:iot:REGION:ACCOUNT:{kind}/{name}")).collect(),
    };
    let policy = Policy { version: "2012-10-17", statement: needed.map(statement).collect() };
    // Texts alone: there is always JSON for them.
    Ok(format!("{:#}\n", serde_json::to_value(policy).unwrap_or_default()))
}

/// Where a republish goes to, in the resource of a policy: `*` stands for what is known only with a message, and `$aws` for what
/// rules write as `$$aws`.
fn target(topic: &Template) -> Result<String, AwsError> {
    topic.literals().try_for_each(|text| plain(text.trim_start_matches('$')))?;
    let text = topic.pattern("*");
    Ok(text.strip_prefix("$$").map_or_else(|| text.clone(), |rest| format!("${rest}")))
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
    use crate::mqtt::Qos;
    use crate::rules::{Action, Republish};

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
        let policy = policy(&topics("devices/+/will"), None, "lwtop").unwrap();
        let policy: serde_json::Value = serde_json::from_str(&policy).unwrap();
        let resource = |statement: usize| policy["Statement"][statement]["Resource"].to_string();
        assert!(resource(0).contains("client/lwtop-*"));
        assert!(
            resource(1).contains("topicfilter/devices/+/will")
                && resource(1).contains("topicfilter/$aws/events/presence/#")
        );
        assert!(resource(2).contains("topic/devices/*/will") && resource(2).contains("topic//lwt/executed"));
        assert_eq!(resource(3), r#"["arn:aws:iot:REGION:ACCOUNT:topic//lwt/executed"]"#);
        assert_eq!(policy["Statement"].as_array().map(Vec::len), Some(4), "{policy}");
    }

    #[test]
    fn rules_are_allowed_where_they_listen_and_where_they_publish() {
        let republish = |topic: &str, retain| {
            let topic = topic.parse().unwrap();
            Kind::Republish(Republish { topic, qos: Qos::AtMostOnce, retain, user_properties: Vec::new() })
        };
        let rule = |from: &str| Rule::new("r", format!("SELECT * FROM '{from}'").parse().unwrap());
        let rules = [
            rule("plant/+/state").doing(republish("last/${topic(2)}/state", true)),
            rule("plant/+/state").doing(republish("$$aws/things/x/shadow/update", false)),
            rule("$aws/events/job/#").doing(Action::desktop()),
        ];
        let text = policy(&topics("a"), Some(&RuleSet::new(rules.to_vec())), "lwtop").unwrap();
        let policy: serde_json::Value = serde_json::from_str(&text).unwrap();
        let names = |statement: usize| {
            policy["Statement"][statement]["Resource"].to_string().replace("arn:aws:iot:REGION:ACCOUNT:", "")
        };
        assert_eq!(names(1).matches("topicfilter/plant/+/state").count(), 1, "{text}");
        assert!(
            names(1).contains("topicfilter/$aws/events/job/#") && names(2).contains("topic/$aws/events/job/*"),
            "{text}"
        );
        assert_eq!(names(3), r#"["topic/$aws/things/x/shadow/update","topic/last/*/state"]"#);
        assert_eq!(
            (policy["Statement"][4]["Action"].as_str(), names(4).as_str()),
            (Some("iot:RetainPublish"), r#"["topic/last/*/state"]"#)
        );
        // What publishes nothing needs no leave to.
        let quiet = RuleSet::new(vec![rule("x").doing(Action::desktop())]);
        assert!(!super::policy(&topics("a"), Some(&quiet), "lwtop").unwrap().contains("Publish"));
        let odd = RuleSet::new(vec![rule("x").doing(republish("a*b", false))]);
        assert!(matches!(super::policy(&topics("a"), Some(&odd), "lwtop"), Err(AwsError::Odd(_))));
    }

    #[test]
    fn what_would_break_the_text_is_refused() {
        assert!(matches!(template(&topics("a'b"), "x", None), Err(AwsError::Odd(_))));
        assert!(matches!(template(&topics("a"), "x\ny", None), Err(AwsError::Thing(_))));
        assert!(matches!(template(&topics("a"), "a b/c", None), Err(AwsError::Thing(_))));
        assert!(matches!(template(&topics("a"), &"x".repeat(129), None), Err(AwsError::Thing(_))));
        let wild = Topics { executed: "a/+".parse().unwrap(), ..topics("a") };
        assert!(template(&wild, "x", None).unwrap_err().to_string().contains("--executed-topic"));
    }
}
