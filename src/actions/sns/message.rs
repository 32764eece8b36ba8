//! What SNS is told, and what it would refuse: that is found out before anything is sent.

use crate::actions::{Failed, Group, Job, words};
use crate::rules::SnsFormat;
use serde_json::Value;

/// The most that SNS takes (Amazon SNS API reference, "Publish").
const LARGEST: usize = 256 * 1024;

/// The longest subject that SNS takes.
const SUBJECT: usize = 100;

/// How many events of a group get a line.
const LINES: usize = 200;

/// What an ARN says of the topic.
#[derive(Debug, PartialEq, Eq)]
pub struct Topic<'a> {
    /// Where it is; `None` where the ARN leaves it open.
    pub region: Option<&'a str>,
}

impl<'a> Topic<'a> {
    /// Reads `arn:aws:sns:us-east-1:123456789012:lwt`.
    pub fn parse(arn: &'a str) -> Result<Self, Failed> {
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        match parts[..] {
            ["arn", _, "sns", region, _, name] if !name.is_empty() => {
                Ok(Self { region: Some(region).filter(|region| !region.is_empty()) })
            }
            _ => Err(Failed::for_good(format!(
                "{:?} is not the ARN of an SNS topic: it looks like arn:aws:sns:us-east-1:123456789012:lwt",
                words::clean(arn, 200)
            ))),
        }
    }
}

/// The subject, if SNS takes it.
pub fn subject(subject: Option<&str>) -> Result<Option<&str>, Failed> {
    let takes = |subject: &str| {
        let printable = subject.chars().all(|letter| matches!(letter, ' '..='~'));
        printable && subject.len() <= SUBJECT && subject.starts_with(|first: char| first.is_ascii_graphic())
    };
    match subject {
        Some(subject) if !takes(subject) => Err(Failed::for_good(format!(
            "SNS does not take the subject {:?}: it has to be one line of 1 to {SUBJECT} printable ASCII characters that \
             does not begin with a blank",
            words::clean(subject, SUBJECT)
        ))),
        other => Ok(other),
    }
}

/// The messages for a group, in order; a reason in place of each that SNS would refuse.
pub fn messages(group: &Group, format: SnsFormat) -> Vec<Result<String, Failed>> {
    match (format, &group.jobs[..]) {
        (_, [job]) if group.more == 0 => vec![selected(job, format)],
        (SnsFormat::Raw, _) => vec![Ok(summary(group))],
        (SnsFormat::Json, jobs) => {
            let mut messages: Vec<_> = jobs.iter().map(|job| selected(job, format)).collect();
            if group.more > 0 {
                // Nothing is left of these but their number.
                let text = format!("and {} more: {}", words::count(group.more), words::headline(group));
                messages.push(Ok(serde_json::json!({ "default": text }).to_string()));
            }
            messages
        }
    }
}

/// One text for many events; far below what SNS takes.
fn summary(group: &Group) -> String {
    format!("{}\n\n{}", words::headline(group), words::roll(group, LINES))
}

/// What the statement selected from one message.
fn selected(job: &Job, format: SnsFormat) -> Result<String, Failed> {
    let bytes = job.output.len();
    let Ok(text) = std::str::from_utf8(&job.output) else {
        return Err(Failed::for_good(
            "SNS takes text only, and what the statement selected is not UTF-8: select encode(*, 'base64')",
        ));
    };
    if text.is_empty() {
        return Err(Failed::for_good("SNS takes no empty message, and the statement selected nothing"));
    }
    if bytes > LARGEST {
        return Err(Failed::for_good(format!(
            "the message has {} bytes, and SNS takes no more than {}: select less of it",
            words::count(bytes as u64),
            words::count(LARGEST as u64)
        )));
    }
    if format == SnsFormat::Json && !has_default(text) {
        return Err(Failed::for_good(
            "SNS refuses this message in the format JSON: Invalid parameter: Message Structure - No default entry in JSON \
             message body; set format = \"RAW\", or select an object with a string called default",
        ));
    }
    Ok(text.to_owned())
}

/// Whether it is an object with a string `default`.
fn has_default(text: &str) -> bool {
    let message = serde_json::from_str::<Value>(text);
    message.is_ok_and(|message| message.get("default").is_some_and(Value::is_string))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_tells_the_region() {
        assert_eq!(Topic::parse("arn:aws:sns:eu-west-1:1:lwt").unwrap().region, Some("eu-west-1"));
        assert_eq!(Topic::parse("arn:aws:sns::1:endpoint/GCM/a/b").unwrap().region, None);
        for wrong in ["", "lwt", "arn:aws:sqs:eu-west-1:1:lwt", "arn:aws:sns:eu-west-1:1", "arn:aws:sns:eu-west-1:1:"] {
            assert!(!Topic::parse(wrong).unwrap_err().again, "{wrong}");
        }
    }

    #[test]
    fn a_subject_is_one_line_of_ascii() {
        for right in [None, Some("AWS Notification Message"), Some(&*"x".repeat(100))] {
            assert_eq!(subject(right), Ok(right));
        }
        for wrong in ["", " x", "a\r\nb", "Gerät", &"x".repeat(101)] {
            assert!(subject(Some(wrong)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_an_object_with_a_string_default_will_do() {
        assert!(has_default(r#"{"default": "", "email": "x"}"#));
        for wrong in [r#"{"default": 1}"#, r#"{"a": {"default": "x"}}"#, r#"["default"]"#, "default", ""] {
            assert!(!has_default(wrong), "{wrong}");
        }
    }
}
