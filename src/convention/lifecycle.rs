//! Lifecycle events as AWS IoT Core publishes them: made from what the gateway saw, and read from AWS itself
//! (AWS IoT developer guide, "Lifecycle events", "Connect/Disconnect events").
//!
//! Other subscribers of the embedded broker can then be written and tested as if they were in front of AWS.

use crate::clock::Moment;
use crate::fleet::{Closed, Incoming, Lifecycle, LifecycleKind, Opened};
use crate::mqtt::{Cause, ClientId, ConnId};
use serde::{Deserialize, Serialize};

/// Where presence events are published, without the client id.
const PREFIX: &str = "$aws/events/presence/";

/// What to subscribe to for all of them.
pub const FILTER: &str = "$aws/events/presence/#";

/// Who a client is that showed no certificate: nothing was proved.
const NOBODY: &str = "anonymous";

/// The fields in the order in which AWS shows them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Presence<'a> {
    client_id: &'a str,
    /// Milliseconds since the Unix epoch.
    timestamp: u64,
    event_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_initiated_disconnect: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    disconnect_reason: Option<&'static str>,
    session_identifier: String,
    /// The name in the certificate; AWS puts the certificate's id here.
    principal_identifier: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ip_address: Option<String>,
    version_number: u64,
}

/// Topic and JSON of `$aws/events/presence/connected/<clientId>`. `None` for a client id with `#` or `+`, which cannot
/// stand in a topic name: AWS sends no events for those.
#[must_use]
pub fn connected(opened: &Opened, version: u64) -> Option<(String, String)> {
    let event = Presence {
        client_id: opened.client.as_str(),
        timestamp: opened.at.as_millis(),
        event_type: "connected",
        client_initiated_disconnect: None,
        disconnect_reason: None,
        session_identifier: session_identifier(opened.conn),
        principal_identifier: opened.via.identity.as_deref().unwrap_or(NOBODY),
        ip_address: opened.peer.map(|peer| peer.ip().to_string()),
        version_number: version,
    };
    message(&opened.client, &event)
}

/// Topic and JSON of `$aws/events/presence/disconnected/<clientId>`. `version` is that of the connect it ends.
/// `identity` is the name in the certificate that was shown then. `None` for a client id with `#` or `+`.
#[must_use]
pub fn disconnected(closed: &Closed, version: u64, identity: Option<&str>) -> Option<(String, String)> {
    let by_client = matches!(closed.cause, Cause::ClientInitiatedDisconnect | Cause::DisconnectWithWill);
    let event = Presence {
        client_id: closed.client.as_str(),
        timestamp: closed.at.as_millis(),
        event_type: "disconnected",
        client_initiated_disconnect: Some(by_client),
        disconnect_reason: Some(closed.cause.aws_reason()),
        session_identifier: session_identifier(closed.conn),
        principal_identifier: identity.unwrap_or(NOBODY),
        ip_address: None,
        version_number: version,
    };
    message(&closed.client, &event)
}

fn message(client: &ClientId, event: &Presence<'_>) -> Option<(String, String)> {
    let id = client.as_str();
    if id.is_empty() || id.contains(['#', '+', '\0']) {
        return None;
    }
    let json = serde_json::to_string(event).ok()?;
    Some((format!("{PREFIX}{}/{id}", event.event_type), json))
}

/// The fields of an event that say something to the fleet.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Heard {
    client_id: String,
    #[serde(default)]
    timestamp: u64,
    event_type: String,
    disconnect_reason: Option<String>,
    connect_failure_reason: Option<String>,
    ip_address: Option<String>,
    #[serde(default)]
    version_number: u64,
}

/// The client that a presence event on `topic` is about.
#[must_use]
pub fn subject(topic: &str) -> Option<ClientId> {
    let (_, client) = topic.strip_prefix(PREFIX)?.split_once('/')?;
    (!client.is_empty()).then(|| ClientId::new(client))
}

/// What a message on one of the presence topics says; `None` for other topics, and for what is no presence event.
#[must_use]
pub fn read(message: &Incoming) -> Option<Lifecycle> {
    /// A timestamp beyond it would overflow when it is counted in microseconds: the year 10000.
    const LATEST: u64 = 253_402_300_800_000;
    let (kind, _) = message.topic.strip_prefix(PREFIX)?.split_once('/')?;
    let heard: Heard = serde_json::from_slice(&message.payload).ok()?;
    if heard.client_id.is_empty() || heard.event_type != kind {
        return None;
    }
    let reason = |reason: Option<String>| reason.unwrap_or_else(|| "no reason given".to_owned());
    let what = match kind {
        "connected" => LifecycleKind::Connected { from: heard.ip_address },
        "disconnected" => {
            let reason = reason(heard.disconnect_reason);
            LifecycleKind::Disconnected { cause: Cause::from_aws_reason(&reason), reason }
        }
        "connect_failed" => LifecycleKind::Failed { reason: reason(heard.connect_failure_reason) },
        _ => return None,
    };
    Some(Lifecycle {
        at: message.at,
        made: Moment::from_millis(heard.timestamp.min(LATEST)),
        client: ClientId::new(heard.client_id),
        version: heard.version_number,
        what,
    })
}

/// The same for a connection's connect and disconnect, and in AWS's shape.
fn session_identifier(conn: ConnId) -> String {
    format!("00000000-0000-4000-8000-{:012x}", conn.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Moment;
    use crate::mqtt::{KeepAlive, Protocol};
    use crate::wiring::Activity;

    fn opened(client: &str) -> Opened {
        Opened {
            at: Moment::from_millis(1_573_002_230_757),
            conn: ConnId(0x2a),
            client: client.into(),
            peer: Some("192.0.2.7:50123".parse().unwrap()),
            protocol: Protocol::V311,
            keep_alive: KeepAlive(30),
            clean: true,
            will: None,
            nameless: false,
            via: crate::fleet::Via::default(),
        }
    }

    fn closed(client: &str, cause: Cause) -> Closed {
        Closed {
            at: Moment::from_millis(1_573_002_340_451),
            cut: None,
            conn: ConnId(0x2a),
            client: client.into(),
            cause,
            how: "FIN",
            rest: Activity::default(),
        }
    }

    #[test]
    fn a_connect_reads_as_on_aws() {
        let (topic, json) = connected(&opened("lwtThing"), 3).unwrap();
        assert_eq!(topic, "$aws/events/presence/connected/lwtThing");
        assert_eq!(
            json,
            concat!(
                r#"{"clientId":"lwtThing","timestamp":1573002230757,"eventType":"connected","#,
                r#""sessionIdentifier":"00000000-0000-4000-8000-00000000002a","principalIdentifier":"anonymous","#,
                r#""ipAddress":"192.0.2.7","versionNumber":3}"#
            )
        );
    }

    #[test]
    fn a_disconnect_tells_how_and_shares_the_session() {
        let (topic, json) = disconnected(&closed("lwtThing", Cause::KeepAliveTimeout), 3, None).unwrap();
        assert_eq!(topic, "$aws/events/presence/disconnected/lwtThing");
        assert_eq!(
            json,
            concat!(
                r#"{"clientId":"lwtThing","timestamp":1573002340451,"eventType":"disconnected","#,
                r#""clientInitiatedDisconnect":false,"disconnectReason":"MQTT_KEEP_ALIVE_TIMEOUT","#,
                r#""sessionIdentifier":"00000000-0000-4000-8000-00000000002a","principalIdentifier":"anonymous","#,
                r#""versionNumber":3}"#
            )
        );
        for cause in Cause::ALL {
            let json = disconnected(&closed("a", cause), 0, Some("press-7")).unwrap().1;
            let initiated = cause.aws_reason() == "CLIENT_INITIATED_DISCONNECT";
            assert!(json.contains(&format!(r#""clientInitiatedDisconnect":{initiated}"#)), "{json}");
            assert!(json.contains(r#""principalIdentifier":"press-7""#), "{json}");
        }
    }

    #[test]
    fn ids_that_cannot_stand_in_a_topic_get_no_event() {
        for id in ["a#", "a+b", "", "a\0"] {
            assert_eq!(connected(&opened(id), 0), None, "{id:?}");
            assert_eq!(disconnected(&closed(id, Cause::Unknown), 0, None), None, "{id:?}");
        }
        let (topic, json) = connected(&opened("a\"b/c"), 0).unwrap();
        assert_eq!(topic, "$aws/events/presence/connected/a\"b/c");
        assert!(json.contains(r#""clientId":"a\"b/c""#), "{json}");
    }
}
