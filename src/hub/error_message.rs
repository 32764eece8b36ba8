//! What an error action is told (AWS IoT developer guide, "Error handling (error action)").

use crate::fleet::ActionReport;
use crate::mqtt::ClientId;
use crate::rules::Rule;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::json;

/// The message about an action that failed: the fields of AWS IoT's, in its words. A failed group is told of once, with the
/// message of its first event.
pub(super) fn build(rule: &Rule, report: &ActionReport, why: &str) -> Bytes {
    let kind = report.kind;
    let name: String = kind.chars().take(1).flat_map(char::to_uppercase).chain(kind.chars().skip(1)).collect();
    let message = json!({
        "ruleName": &*rule.name,
        "topic": &*report.first.topic,
        "clientId": report.first.publisher.as_ref().map_or("N/A", ClientId::as_str),
        "base64OriginalPayload": STANDARD.encode(&report.first.payload),
        "failures": [{
            "failedAction": format!("{name}Action"),
            "failedResource": report.target,
            "errorMessage": why,
        }],
    });
    message.to_string().into()
}
